//! Rotating the admin's password: exact command lines, and where the password never is.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::*;
use crate::event::{Event, Teller};
use crate::host::clock::{FakeClock, Stop, TimeScale};
use crate::host::fake::FakeHost;
use crate::host::kept::RunFolder;
use crate::host::recorded::Recorded;
use crate::host::{CommandLine, Host, Output, Stdin, Watch};
use crate::step::{Again, Pace};
use crate::tools::kafka::Broker;

/// A password that must be seen nowhere.
const CANARY: &str = "canary0new";
/// The one before.
const OLD: &str = "canary1old";

const SHOW: &str = "juju show-secret --reveal cluster.kafka.app --format json -m overlord:demo";
const SECRETS: &str = "juju secrets --format json -m overlord:demo";
const FILE: &str = "snap/juju/common/kafstack-secret.yaml";
const CREDENTIALS: &str =
    "juju run kafka/leader get-admin-credentials --format json --wait 2m -m overlord:demo";
const RENEW: &str = "juju run kafka/leader set-password --string-args username=admin --format json --wait 5m -m overlord:demo";

fn step(kraft: bool) -> RotateAdmin {
    let broker = Broker { unit: "kafka/0".into(), address: "10.1.2.3".into() };
    let cluster = Cluster { target: "overlord:demo".into(), kraft, tls: true, brokers: vec![broker] };
    let new = kraft.then(|| Secret::new(CANARY));
    RotateAdmin::new(cluster, "microstack".into(), Secret::new(OLD), new, Box::new(Calm))
}

/// A cluster that is ready.
struct Calm;

impl Step for Calm {
    fn name(&self) -> &'static str {
        "calm"
    }

    fn title(&self) -> &'static str {
        "Calm"
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: "calm".into(),
            probes: Vec::new(),
            timeout: Duration::ZERO,
            interval: Duration::ZERO,
            successes: 1,
            look_here: String::new(),
            not_met: Id::NotReady,
        }
    }

    fn probe(&self, _: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(Verdict::met("calm"))
    }

    fn act(&self, _: &Work<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

fn holds(password: &str) -> String {
    format!(r#"{{"d0abc":{{"content":{{"Data":{{"operator-password":"{password}"}}}}}}}}"#)
}

fn ran(results: &str) -> String {
    format!(r#"{{"kafka/0":{{"id":"8","status":"completed","results":{{"return-code":0{results}}}}}}}"#)
}

/// A VM that can be shared with a recording.
struct Shared(Arc<FakeHost>);

impl Host for Shared {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        let output = self.0.run(line, watch)?;
        // As the laptop does: line by line, whatever the caller does with it.
        let tell = |stream, bytes: &[u8], watch: &mut dyn Watch| {
            bytes.split(|b| *b == b'\n').for_each(|text| watch.line(stream, text));
        };
        tell(crate::host::Stream::Stdout, &output.stdout, watch);
        tell(crate::host::Stream::Stderr, &output.stderr, watch);
        Ok(output)
    }
}

/// Lets the step act and asks its checkpoint, recorded as in a real run. Returns what came of both, and everything
/// that was told, kept, or given as an argument.
fn rotate(step: &RotateAdmin, vm: FakeHost, stop: Stop) -> (Result<(), Failure>, Option<Verdict>, String) {
    let clock = Arc::new(FakeClock::default());
    let folder = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let sink = told.clone();
    let tell = Teller::new(clock.clone(), false, Arc::new(move |event| sink.lock().unwrap().push(event)));
    let vm = Arc::new(vm);
    let kept = Some(RunFolder::new(folder.path()));
    let recorded = Recorded::new(Arc::new(Shared(vm.clone())), Place::Vm, tell.clone(), stop.clone(), kept);
    let hosts = Hosts { laptop: &recorded, vm: &recorded, clock: &*clock };
    let pace = Pace::new(Timestamp::UNIX_EPOCH, Duration::from_secs(600));
    let work = Work {
        hosts,
        tell: &tell,
        stop: &stop,
        step: step.name(),
        pace: &pace,
        act_id: 7,
        attempt: 1,
        diagnose: &|_, _, _| None,
        scale: TimeScale::default(),
        again: Again::Same,
    };
    let acted = step.act(&work);
    let verdict = acted.is_ok().then(|| step.probe(&hosts).unwrap());
    let mut all: String = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    all.push_str(&serde_json::to_string(&*told.lock().unwrap()).unwrap());
    vm.seen().iter().for_each(|line| all.push_str(&line.to_string()));
    all.push_str(&format!("{acted:?} {verdict:?} {:?}", step.wanted()));
    // Whatever carries a password says so.
    for line in vm.seen() {
        let fed =
            matches!(&line.stdin, Stdin::Bytes(bytes) if String::from_utf8_lossy(bytes).contains("canary"));
        assert!(!fed || line.confidential, "{line}");
    }
    (acted, verdict, all)
}

#[track_caller]
fn is_clean(all: &str) {
    assert!(!all.contains("canary"), "{all}");
    assert!(all.contains("command-started"));
}

#[test]
fn on_track_4_the_password_travels_in_a_file_that_is_removed() {
    let step = step(true);
    let one = r#"{"d0xyz":{"name":"kafstack-admin"}}"#;
    let vm = FakeHost::new()
        .says(SECRETS, "{}")
        .says("mkdir -p snap/juju/common", "")
        .says(&format!("install -m 600 /dev/null {FILE}"), "")
        .says(&format!("tee {FILE}"), &format!("operator: \"{CANARY}\"\n"))
        .says(
            &format!("juju add-secret kafstack-admin --file /home/ubuntu/{FILE} -m overlord:demo"),
            "secret:d0xyz\n",
        )
        .says(&format!("rm -f {FILE}"), "")
        .says(SECRETS, one)
        .says("juju grant-secret kafstack-admin kafka -m overlord:demo", "")
        .says("juju config kafka system-users=secret:d0xyz -m overlord:demo", "")
        .says(SHOW, &holds(CANARY));
    let (acted, verdict, all) = rotate(&step, vm, Stop::default());
    acted.unwrap();
    assert!(matches!(verdict, Some(Verdict::Met { .. })));
    is_clean(&all);
}

#[test]
fn a_second_time_the_secret_is_updated_and_a_charm_that_ignores_it_is_not_believed() {
    let step = step(true);
    let vm = FakeHost::new()
        .says(SECRETS, r#"{"d0xyz":{"name":"kafstack-admin"}}"#)
        .says("mkdir -p snap/juju/common", "")
        .says(&format!("install -m 600 /dev/null {FILE}"), "")
        .says(&format!("tee {FILE}"), &format!("operator: \"{CANARY}\"\n"))
        .says(&format!("juju update-secret kafstack-admin --file /home/ubuntu/{FILE} -m overlord:demo"), "")
        .says(&format!("rm -f {FILE}"), "")
        .says("juju grant-secret kafstack-admin kafka -m overlord:demo", "")
        .says("juju config kafka system-users=secret:d0xyz -m overlord:demo", "")
        .says(SHOW, &holds(OLD));
    let (_, verdict, all) = rotate(&step, vm, Stop::default());
    assert!(matches!(verdict, Some(Verdict::NotYet { .. })));
    is_clean(&all);
    let vm = FakeHost::new().says(SHOW, &holds("another"));
    let hosts = Hosts { laptop: &vm, vm: &vm, clock: &FakeClock::default() };
    assert!(matches!(step.probe(&hosts).unwrap(), Verdict::NotYet { .. }));
}

#[test]
fn the_file_is_removed_when_juju_refuses_it() {
    let vm = FakeHost::new()
        .says(SECRETS, "{}")
        .says("mkdir -p snap/juju/common", "")
        .says(&format!("install -m 600 /dev/null {FILE}"), "")
        .says(&format!("tee {FILE}"), CANARY)
        .refuses(
            &format!("juju add-secret kafstack-admin --file /home/ubuntu/{FILE} -m overlord:demo"),
            1,
            &format!("ERROR cannot parse {CANARY}"),
        )
        .says(&format!("rm -f {FILE}"), "");
    let (acted, _, all) = rotate(&step(true), vm, Stop::default());
    assert_eq!(acted.unwrap_err().id, Id::CommandFailed);
    is_clean(&all);
}

/// Asks to stop when the password has been written.
struct Interrupts(FakeHost, Stop);

impl Host for Interrupts {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        if line.program == "tee" {
            self.1.request();
        }
        self.0.run(line, watch)
    }
}

#[test]
fn the_file_is_removed_when_the_user_stops_at_the_worst_moment() {
    let vm = FakeHost::new()
        .says(SECRETS, "{}")
        .says("mkdir -p snap/juju/common", "")
        .says(&format!("install -m 600 /dev/null {FILE}"), "")
        .says(&format!("tee {FILE}"), "")
        .says(&format!("rm -f {FILE}"), "");
    let (stop, clock) = (Stop::default(), Arc::new(FakeClock::default()));
    let tell = Teller::silent(clock.clone(), false);
    let inner = Arc::new(Interrupts(vm, stop.clone()));
    let recorded = Recorded::new(inner, Place::Vm, tell.clone(), stop.clone(), None);
    let hosts = Hosts { laptop: &recorded, vm: &recorded, clock: &*clock };
    let pace = Pace::new(Timestamp::UNIX_EPOCH, Duration::from_secs(600));
    let work = Work {
        hosts,
        tell: &tell,
        stop: &stop,
        step: "rotate-admin",
        pace: &pace,
        act_id: 7,
        attempt: 1,
        diagnose: &|_, _, _| None,
        scale: TimeScale::default(),
        again: Again::Same,
    };
    assert_eq!(step(true).act(&work).unwrap_err().id, Id::Interrupted);
}

#[test]
fn on_track_3_the_charm_makes_the_password_and_it_is_read_back() {
    let step = step(false);
    let vm = FakeHost::new()
        .says(RENEW, &ran(&format!(r#","admin-password":"{CANARY}""#)))
        .says(CREDENTIALS, &ran(&format!(r#","username":"admin","password":"{CANARY}""#)));
    let (acted, verdict, all) = rotate(&step, vm, Stop::default());
    acted.unwrap();
    assert!(matches!(verdict, Some(Verdict::Met { .. })));
    is_clean(&all);
}

#[test]
fn a_charm_that_says_no_is_quoted() {
    let no = r#"{"kafka/0":{"status":"failed","message":"Unit is not healthy","results":{"return-code":0}}}"#;
    let vm = FakeHost::new().says(RENEW, no);
    let (acted, _, all) = rotate(&step(false), vm, Stop::default());
    let failure = acted.unwrap_err();
    assert_eq!((failure.id, failure.seen.as_deref()), (Id::ActionFailed, Some("Unit is not healthy")));
    is_clean(&all);
}
