//! Everything that reads what others wrote, each as a function of bytes: for the fuzz targets (`fuzz/`), and for the tests
//! below, which are their short form. None may panic, or hold more than a small multiple of what it was given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{self, Channel, Purpose, Request};
use crate::host::lines::{self, Lines, Shown};
use crate::host::scrub::{self, Scrubber};
use crate::host::vm::Vm;
use crate::host::{Clock, CommandError, CommandLine, Effect, Host, Output, Stream, Watch};
use crate::tools;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_readiness::{self, Wanted};
use crate::tools::route::System;
use crate::tools::sunbeam::Track;
use crate::{journal, known, rehearsal, text};

/// What a tool answered: every reader of an answer is given these bytes, as both streams, with an exit code of either
/// kind.
pub fn answers(bytes: &[u8]) {
    for code in [0, 1] {
        let (stdout, stderr) = (bytes.to_vec(), bytes.to_vec());
        each(&CommandLine::reads("tool", ["answer"]), &Output { code, stdout, stderr, ..Output::default() });
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = tools::kafka_groups::parse_describe(&text, &text);
    let _ = tools::kafka_groups::is_unknown(&text);
    let _ = tools::kafka_topics::parse_describe(&text);
    let _ = tools::kafka_topics::parse_list(&text);
    let _ = tools::kafka_offsets::parse_ends(&text, "orders");
    let _ = tools::connect_rest::parse_state(&text);
    let _ = tools::test_app::parse_received(&text);
    let _ = tools::juju::parse_version(&text);
    let _ = tools::snap::parse_service(&text);
    let _ = tools::linux::parse_df(&text);
    let _ = tools::linux::parse_meminfo(&text);
    let _ = tools::linux::parse_cpuinfo(&text);
    let _ = known::recognise(&text);
    for charm in ["kafka", "zookeeper", "data-integrator"] {
        for track in ["3", "4"] {
            let _ = tools::charms::judge(charm, track, "blocked", &text);
        }
    }
}

/// Hands an answer to each reader of one.
fn each(line: &CommandLine, output: &Output) {
    let said = || output.clone();
    let _ = output.last_words(line);
    let _ = tools::actions::parse(line, said()).is_ok();
    let _ = tools::certificates::parse_ca(line, said());
    let _ = tools::data_integrator::parse_credentials(line, said()).is_ok();
    let _ = tools::juju::parse_controllers(line, said());
    let _ = tools::juju::parse_exec(line, said());
    let _ = tools::juju::parse_models(line, said(), "demo");
    let _ = tools::juju::parse_show_controller(line, said());
    let _ = tools::juju_changes::parse_config(line, said());
    let _ = tools::juju_secrets::parse_list(line, said(), "kafstack-admin");
    let _ = tools::juju_secrets::parse_show(line, said(), "operator-password");
    let _ = tools::linux::parse_cloud_init(line, said());
    let _ = tools::linux::in_group(output, "lxd");
    let _ = tools::lxd::count_pools(line, said());
    let _ = tools::multipass::parse_list(line, output);
    let _ = tools::multipass::parse_version(line, said());
    let _ = tools::openstack::parse_address(line, said());
    let _ = tools::openstack::parse_servers(line, said());
    let _ = tools::openstack::parse_status(line, said());
    let _ = tools::openstack::parse_token(line, said());
    let _ = tools::route::parse(System::Linux, line, said());
    let _ = tools::route::parse(System::MacOs, line, said());
    let _ = tools::snap::parse_list(line, said());
    let _ = tools::sunbeam::parse_dashboard(output);
    for track in ["2024.1", "2023.2"] {
        let track = Track::of(&Channel { track: track.to_owned(), risk: "stable".to_owned() });
        let _ = tools::sunbeam::parse_cluster(line, said(), &track);
    }
    if let Ok(status) = tools::juju_status::parse(line, output) {
        for preset in config::Preset::ALL {
            let config = preset.config();
            let cluster = Cluster::of(&status, &config);
            let _ = cluster.map(|cluster| tools::kafka_admin::parse(&cluster, line, said()));
            let _ = kafka_readiness::judge(&status, &Wanted::kafka(&config));
        }
        let _ = crate::report::status_table::model(&status);
        let _ = crate::report::model_json::model(&status);
    }
}

/// What a user wrote into `kafstack.yaml`, and what stands in the state folder as the configuration in force.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let texts = serde_json::from_str(&text);
    let _ = texts.map(|texts| config::from_texts(&texts));
    let request = Request {
        flags: Vec::new(),
        environment: Vec::new(),
        file: None,
        places: Vec::new(),
        purpose: Purpose::Fresh,
        in_force: &|_| Ok(None),
    };
    let _ = config::resolve_with(&request, Some((PathBuf::from("kafstack.yaml"), text)));
}

/// A scenario for a rehearsal.
pub fn scenario(bytes: &[u8]) {
    let _ = rehearsal::Scenario::parse(&String::from_utf8_lossy(bytes));
}

/// The journal in a state folder. What is read of damaged bytes is read again of the part that held up.
///
/// # Panics
/// It is not.
pub fn journal(bytes: &[u8]) {
    let (history, good) = journal::parse(bytes);
    assert!(good <= bytes.len());
    assert_eq!(journal::parse(&bytes[..good]), (history, good));
}

/// Output as it comes, cut into chunks of this many bytes: into lines, without secrets, as text.
///
/// # Panics
/// Bytes are lost, a control character passes, or a line's pieces cannot be told from lines.
pub fn output(bytes: &[u8], chunk: usize) {
    let (mut pieces, mut cutter) = (Vec::new(), Lines::default());
    for chunk in bytes.chunks(chunk.max(1)) {
        cutter.push(chunk, |piece| pieces.push(piece.to_vec()));
    }
    cutter.finish(|piece| pieces.push(piece.to_vec()));
    assert!(pieces.iter().all(|piece| piece.len() <= lines::PIECE));
    let kept: usize = pieces.iter().map(Vec::len).sum();
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    assert!(kept <= bytes.len() && kept + ends >= bytes.len());

    let (mut scrubber, mut shown) = (Scrubber::default(), Shown::default());
    let mut show = |piece: &[u8]| {
        for shown in shown.texts(Stream::Stdout, piece) {
            assert!(shown.len() <= lines::SHOWN && !shown.chars().any(text::rewrites), "{shown:?}");
        }
    };
    pieces.iter().for_each(|piece| scrubber.line(piece, &mut show));
    scrubber.finish(&mut show);
    let said = String::from_utf8_lossy(bytes);
    assert!(!text::one_line(&said).chars().any(text::rewrites));
    let clean = scrub::text(&lines::clean(&said)).into_owned();
    assert!(!clean.chars().any(|c| text::rewrites(c) && c != '\n'));
}

/// What comes out of the way into a VM: the marks of the wrapper, or what somebody wants to be taken for them.
pub fn wrapper(bytes: &[u8]) {
    let vm = Vm::new(Arc::new(Says(bytes.to_vec())), Arc::new(Ticking(AtomicI64::new(0))), "microstack");
    let _ = vm.ask(&CommandLine::reads("true", [""; 0]));
    let long = CommandLine { effect: Effect::Changes, ..CommandLine::reads("sunbeam", ["configure"]) };
    let _ = vm.ask(&long.within(Duration::from_secs(300)).long("configure-cloud", "1"));
}

/// A laptop on which the VM runs, and `multipass exec` says these bytes on both streams.
struct Says(Vec<u8>);

impl Host for Says {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        if line.args.first().is_some_and(|word| word == "list") {
            let stdout = br#"{"list":[{"name":"microstack","state":"Running"}]}"#.to_vec();
            return Ok(Output { stdout, ..Output::default() });
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            let mut lines = Lines::default();
            lines.push(&self.0, |piece| watch.line(stream, piece));
            lines.finish(|piece| watch.line(stream, piece));
        }
        Ok(Output { stdout: self.0.clone(), stderr: self.0.clone(), ..Output::default() })
    }
}

/// A clock that goes on by ten seconds whenever it is looked at.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let seconds = self.0.fetch_add(10, Ordering::SeqCst);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    fn pause(&self, _: Duration) {}
}

/// Where the answers lie with which tests and fuzzing begin: one that a tool may give in each file.
pub fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

#[cfg(test)]
mod tests;
