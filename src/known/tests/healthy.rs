//! No row fits what the tools say while all is well: in whole rehearsals without a fault, and in what real tools printed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::super::recognise;
use crate::config::Preset;
use crate::event::Teller;
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::vm::Vm;
use crate::host::{Clock, CommandError, CommandLine, Host, Hosts, Output, Watch};
use crate::plan::{self, Circumstances};
use crate::rehearsal::{Options, Rehearsal};
use crate::runner::{Record, Run};
use crate::step::Again;

/// What was said, and by which command.
type Said = BTreeMap<String, String>;

/// A host, and all that its commands say when they end well. Those that end badly were asked whether something is
/// there, and say no.
struct Overheard<'a> {
    host: &'a dyn Host,
    said: &'a Mutex<Said>,
}

impl Host for Overheard<'_> {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        let output = self.host.run(line, watch)?;
        // Sunbeam prints a script, which holds all that it may come to say.
        if output.code == 0 && !output.stdout.starts_with(b"#!") {
            let mut said = self.said.lock().unwrap();
            for text in texts(&output.out()).into_iter().chain([output.err()]) {
                said.entry(text).or_insert_with(|| line.to_string());
            }
        }
        Ok(output)
    }
}

/// A text and each of its lines; of a JSON document, what stands in it.
fn texts(said: &str) -> Vec<String> {
    match serde_json::from_str::<Value>(said) {
        Ok(document) => leaves(&document),
        Err(_) => said.lines().chain([said]).map(str::to_owned).collect(),
    }
}

/// The texts in a document.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(map) => map.values().flat_map(leaves).collect(),
        _ => Vec::new(),
    }
}

/// Counts acts, and keeps nothing.
struct Unwritten(u64);

impl Record for Unwritten {
    fn begun(&mut self, _: &'static str) -> Result<u64, Failure> {
        self.0 += 1;
        Ok(self.0)
    }

    fn holds(&mut self, _: &'static str) -> Result<(), Failure> {
        Ok(())
    }

    fn done(&mut self, _: &'static str) -> Result<(), Failure> {
        Ok(())
    }

    fn failed(&mut self, step: &'static str, id: Id) {
        panic!("{step}: {id}");
    }
}

/// All that the tools say in a rehearsal of this preset.
fn overheard(preset: Preset, seed: u64) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let rehearsal = Rehearsal::open(folder.path(), Options { seed, ..Options::default() }).unwrap();
    let clock: Arc<dyn Clock> = rehearsal.clone();
    let config = preset.config();
    let vm = Vm::new(rehearsal.clone(), clock.clone(), &config.vm.name);
    let said = Mutex::default();
    let (laptop, vm) = (Overheard { host: &*rehearsal, said: &said }, Overheard { host: &vm, said: &said });
    let hosts = Hosts { laptop: &laptop, vm: &vm, clock: &*clock };
    let (stop, tell) = (Stop::default(), Teller::silent(clock.clone(), true));
    let (scale, again, mut record) = (TimeScale::default(), Again::Up, Unwritten(0));
    let plan = plan::up(&config, Circumstances { sudo_may_ask: true, ..Circumstances::default() });
    let diagnose = &|_: &Hosts<'_>, _: &str, _: &str| None;
    Run { hosts, tell: &tell, stop: &stop, scale, until: None, again, diagnose }
        .all(&plan, &mut record)
        .unwrap();
    said.into_inner().unwrap()
}

/// What is taken for a known issue in these texts.
fn alarms(said: &Said) -> Vec<String> {
    let known = said.iter().filter_map(|(text, line)| Some((recognise(text)?.id, text, line)));
    known.map(|(id, text, line)| format!("{id}: `{line}` says {text}")).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "a figure of the test's own")]
fn no_row_fits_what_the_tools_say_in_a_healthy_rehearsal() {
    let mut texts = 0;
    for preset in Preset::ALL {
        for seed in [7, 8] {
            let said = overheard(preset, seed);
            let alarms = alarms(&said);
            assert!(alarms.is_empty(), "{}: {alarms:#?}", preset.name());
            texts += said.len();
        }
    }
    println!("{texts} texts of healthy tools, none taken for a known issue");
    assert!(texts > 1000);
}

/// What charms and Juju say for a while on a healthy way, or for ever while all is well
/// (canonical/kafka-operator:src/literals.py and common/single_kernel_kafka/core/literals.py,
/// canonical/zookeeper-operator:src/literals.py, canonical/data-integrator:src/charm.py and so on).
const NORMAL: &[&str] = &[
    "machine system settings are not optimal - see logs for info",
    "manual partition reassignment may be needed to utilize new storage volumes",
    "sysctl params cannot be set. Is the machine running on a container?",
    "Application needs ZooKeeper or KRaft mode",
    "unit not connected to zookeeper",
    "tls must be enabled on both kafka and zookeeper",
    "zookeeper credentials not created yet",
    "internal broker credentials not yet added",
    "unit waiting for signed certificates",
    "Broker not running",
    "no peer relation yet",
    "not all units related",
    "waiting for 3 online brokers",
    "awaiting completion of rebalance task",
    "service not running",
    "unit not connected to the controller",
    "Waiting for bootstrap controller",
    "waiting for internal TLS setup",
    "waiting for peer-cluster TLS setup",
    "zookeeper service not running",
    "other units starting first",
    "waiting for leader to create internal user credentials",
    "not all units registered IP",
    "cluster not stable - quorum is stale",
    "unit not in the zookeeper quorum",
    "provider not ready - switching quorum encryption",
    "Please relate the data-integrator with the desired product",
    "Please relate with Kafka or use the action to run the application without the relation.",
    "Topic orders enabled with process producer",
    "Application needs Kafka client relation",
    "Waiting for Kafka cluster credentials",
    "Worker service is not running",
    "Worker is still starting up",
    "Worker is unable to handle requests",
    "missing required kafka relation",
    "karapace service not running",
    "kafka credentials not created yet",
    "Setting up the integrator...",
    "Task Status: RUNNING",
    "Awaiting restart operation",
    "Executing restart operation",
    "other units upgrading first...",
    "waiting for machine",
    "installing agent",
    "agent initialising",
    "installing charm software",
    "acquiring LXD image - Retrieving image: rootfs: 37% (4.1MB/s)",
    "Creating container",
    "migrating: validating, waiting for agents to report back",
];

#[test]
fn no_row_fits_what_is_normal_for_a_while() {
    for text in NORMAL {
        assert!(recognise(text).is_none(), "{text}: {:?}", recognise(text));
    }
}

#[test]
fn what_real_tools_printed_is_recognised_only_when_something_is_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/juju");
    let ill = [
        ("agent-lost.json", "unit-agent-lost"),
        ("hook-failed.json", "hook-zookeeper-failed"),
        ("machine-down.json", "agent-silent"),
        ("model-suspended.json", "model-suspended"),
        ("provisioning-failed.json", "machine-image-missing"),
        ("status-error.json", "controller-connection-lost"),
    ];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let said = texts(&std::fs::read_to_string(&path).unwrap());
        let found: Vec<&str> = said.iter().filter_map(|text| Some(recognise(text)?.id)).collect();
        match ill.iter().find(|(ill, _)| *ill == name) {
            Some((_, id)) => assert!(found.contains(id), "{name}: {found:?}"),
            None => assert!(found.is_empty(), "{name}: {found:?}"),
        }
    }
}
