//! The wrapper's protocol, time limits, determinism, and what outlives a process.

use std::time::Duration;

use super::{Notes, Stage, split};
use crate::host::vm::{EXIT_MARK, LONG_MARK, WRAPPER};
use crate::host::{Clock, CommandError, CommandLine, Flow, Host, Io, Output, Stream, Watch};
use crate::rehearsal::script::UNKNOWN_MARK;
use crate::rehearsal::{Options, Rehearsal};

/// The wrapper with these words, run by hand.
fn wrapped(stage: &Stage, words: &[&str]) -> Output {
    let args =
        ["exec", "-n", "microstack", "--", "sh", "-c", WRAPPER, "kafstack"].iter().chain(words).copied();
    stage.rehearsal.ask(&CommandLine::reads("multipass", args)).unwrap()
}

#[test]
fn the_wrapper_reports_the_status_on_stderr_and_ends_with_0() {
    let stage = Stage::fresh().with_vm("24.04");
    let output = wrapped(&stage, &["test", "-s", "nothing"]);
    assert_eq!((output.code, output.err()), (0, format!("\n{EXIT_MARK}1\n")));
    let output = wrapped(&stage, &["--openrc", "/home/ubuntu/none", "hostname"]);
    assert_eq!(output.err(), format!("kafstack: cannot read /home/ubuntu/none\n\n{EXIT_MARK}1\n"));
    let args = ["exec", "-n", "microstack", "--", "sh", "-c", "cd; \"$@\"", "kafstack", "hostname"];
    let other = stage.rehearsal.ask(&CommandLine::reads("multipass", args)).unwrap();
    assert!(other.code == 1 && other.err().contains(UNKNOWN_MARK));
}

#[test]
fn a_long_act_holds_the_lock_and_leaves_its_end_in_a_file() {
    let stage = Stage::fresh().with_vm("24.04");
    let start = |name: &str, id: &str| {
        wrapped(&stage, &["--start", name, id, "sudo", "snap", "install", "juju", "--channel", "3.6/stable"])
            .out()
    };
    assert_eq!(start("prepare-node", "1"), "started\n");
    let busy = start("configure-cloud", "2");
    assert_eq!(busy, "running\nprepare-node 1\n");
    let slice = wrapped(&stage, &["--follow", "prepare-node", "1", "2"]);
    assert!(slice.err().contains(&format!("\n{LONG_MARK}running\n\n{EXIT_MARK}0\n")), "{}", slice.err());
    let rest = wrapped(&stage, &["--follow", "prepare-node", "1", "60"]);
    assert!(rest.out().contains("juju (3.6/stable)"), "{}", rest.out());
    assert!(rest.err().contains(&format!("{LONG_MARK}ended 1 0\n")));
    assert_eq!(stage.good("cat kafstack/prepare-node.end"), "1 0\n");
    let past = wrapped(&stage, &["--follow", "prepare-node", &format!("{}", rest.stdout.len() + 1), "60"]);
    assert_eq!(past.out(), "");
    assert_eq!(start("configure-cloud", "2"), "started\n");
}

#[test]
fn a_long_act_is_lost_when_the_vm_restarts() {
    let stage = Stage::fresh().with_vm("24.04");
    wrapped(
        &stage,
        &["--start", "prepare-node", "1", "sudo", "snap", "install", "juju", "--channel", "3.6/stable"],
    );
    stage.laptop("multipass stop --force microstack");
    stage.laptop("multipass start microstack");
    let follow = wrapped(&stage, &["--follow", "prepare-node", "1", "20"]);
    assert!(follow.err().contains(&format!("{LONG_MARK}lost\n")), "{}", follow.err());
    stage.bad("snap list juju", 1, "no matching snaps");
}

#[test]
fn a_long_act_goes_on_while_no_kafstack_runs() {
    let stage = Stage::fresh().with_vm("24.04");
    let line = split("sudo snap install openstack --channel 2024.1/stable").long("install", "1");
    let mut notes = Notes { leave_after: Some(8), ..Notes::default() };
    assert!(matches!(stage.vm.run(&line, &mut notes), Err(CommandError::Left { .. })));
    let other = stage.reopened();
    assert!(other.now() >= stage.now());
    let joined = other.vm.ask(&split("true").long("install", "2").within(Duration::from_secs(600)));
    assert!(joined.unwrap().out().contains("openstack (2024.1/stable)"));
}

#[test]
fn a_limit_that_passes_leaves_the_effect_to_come() {
    let stage = Stage::fresh().with_vm("24.04");
    let line = split("sudo snap install juju --channel 3.6/stable").within(Duration::from_secs(5));
    assert!(matches!(stage.vm.ask(&line), Err(CommandError::TimedOut { .. })));
    stage.wait(60);
    stage.good("snap list juju");
}

#[test]
fn a_caller_may_ask_further_questions_from_its_tick() {
    struct Curious<'a>(&'a Stage, u32);
    impl Watch for Curious<'_> {
        fn line(&mut self, _: Stream, _: &[u8]) {}
        fn tick(&mut self, _: Duration) -> Flow {
            self.1 += 1;
            assert_eq!(self.0.laptop("uname -sm").code, 0);
            Flow::GoOn
        }
    }
    let stage = Stage::fresh();
    let mut watch = Curious(&stage, 0);
    stage.rehearsal.run(&split("sudo -n snap install multipass"), &mut watch).unwrap();
    assert!(watch.1 > 20);
}

#[test]
fn lines_come_whole_and_a_captured_stream_has_its_limit() {
    let stage = Stage::with(
        "laptop: { multipass: 1.16.3 }\nvms: [ { name: microstack } ]\nfaults: [ { command: hostname, floods: 1M } ]",
    );
    let mut notes = Notes::default();
    let line = split("multipass exec -n microstack -- hostname");
    let output = stage.rehearsal.run(&line, &mut notes).unwrap();
    assert!(output.stdout.len() <= crate::host::TAIL && notes.lines.len() > 10_000);
    assert!(notes.lines.iter().all(|(_, text)| !text.contains('\n')));
    let captured = CommandLine { io: Io::Captured { limit: 4096 }, ..line };
    assert_eq!(
        stage.rehearsal.ask(&captured).unwrap_err(),
        CommandError::TooMuch { line: captured.to_string(), limit: 4096 }
    );
}

/// A scripted sequence: all that was said, and when.
fn transcript(stage: &Stage) -> String {
    let mut text = String::new();
    for line in [
        "multipass version --format json",
        "multipass launch 24.04 --name microstack --cpus 2 --memory 8G --disk 30G --timeout 1800",
        "multipass list --format json",
        "multipass info microstack --format json",
        "multipass exec -n microstack -- sudo snap install juju --channel 3.6/stable",
        "multipass stop microstack",
        "multipass snapshot microstack --name clean",
        "multipass list --snapshots --format json",
    ] {
        let mut notes = Notes::default();
        let output = stage.rehearsal.run(&split(line), &mut notes);
        text += &format!("{} {line} {output:?} {:?} {}\n", stage.now(), notes.lines, notes.ticks);
    }
    text
}

#[test]
fn the_same_seed_says_the_same_bytes() {
    let scenario = "laptop: { multipass: 1.16.3 }";
    let (first, second) = (Stage::with(scenario), Stage::with(scenario));
    let said = transcript(&first);
    assert_eq!(said, transcript(&second));
    let folder = tempfile::tempdir().unwrap();
    let scenario = Some(crate::rehearsal::Scenario::parse(scenario).unwrap());
    let options = Options { seed: 8, scenario, ..Options::default() };
    let rehearsal = Rehearsal::open(folder.path(), options).unwrap();
    assert_eq!(rehearsal.now().to_string(), "2026-01-05T09:00:00Z");
    rehearsal.ask(&split("multipass launch 24.04 --name microstack")).unwrap();
    assert!(!said.contains(&rehearsal.now().to_string()), "another seed, other durations");
}

#[test]
fn the_speed_changes_nothing_but_the_time_it_takes() {
    let scenario = || Some(crate::rehearsal::Scenario::parse("laptop: { multipass: 1.16.3 }").unwrap());
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let options = Options { seed: 7, speed: Some(100_000.0), scenario: scenario(), ..Options::default() };
    let rehearsal = Rehearsal::open(folder.path(), options).unwrap();
    let vm = crate::host::vm::Vm::new(rehearsal.clone(), rehearsal.clone(), "microstack");
    let played = Stage { folder, rehearsal, vm };
    assert_eq!(transcript(&played), transcript(&Stage::with("laptop: { multipass: 1.16.3 }")));
}

#[test]
fn a_pause_ends_when_the_user_interrupts() {
    let stop = crate::host::clock::Stop::default();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { speed: Some(1.0), stop: stop.clone(), ..Options::default() };
    let rehearsal = Rehearsal::open(folder.path(), options).unwrap();
    stop.request();
    rehearsal.pause(Duration::from_secs(3600));
    assert_eq!(rehearsal.now().to_string(), "2026-01-05T09:00:00Z");
}

#[test]
fn the_world_is_private_and_survives_the_process() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::fresh().with_vm("24.04");
    for file in ["world.json", "clock"] {
        let mode = std::fs::metadata(stage.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let other = stage.reopened();
    assert_eq!(other.now(), stage.now());
    assert_eq!(other.good("cat /etc/kafstack/vm"), "microstack");
    // What one process changes, another that is already open sees.
    other.good("sudo snap install juju --channel 3.6/stable");
    stage.good("snap list juju");
}
