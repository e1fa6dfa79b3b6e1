//! The simulated laptop as the engine uses it: through `Host`, `Clock` and the same `Vm` as a real one.

mod cluster;
mod encryption;
mod faults;
mod journey;
mod messages;
mod neighbours;
mod protocol;
mod scale;
mod test_app;
mod topics;
mod traps;
mod users;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Options, Rehearsal, Scenario};
use crate::host::vm::Vm;
use crate::host::{Clock, CommandError, CommandLine, Flow, Host, Output, Stream, Watch};

/// A simulated laptop in a folder of its own, and the VM `microstack` on it.
pub struct Stage {
    folder: Arc<tempfile::TempDir>,
    pub rehearsal: Arc<Rehearsal>,
    pub vm: Vm,
}

impl Stage {
    /// A fresh laptop.
    pub fn fresh() -> Self {
        Stage::open(Arc::new(tempfile::tempdir().unwrap()), None)
    }

    /// A fresh laptop on which this scenario is planted.
    pub fn with(scenario: &str) -> Self {
        Stage::open(Arc::new(tempfile::tempdir().unwrap()), Some(scenario))
    }

    /// What another process finds.
    pub fn reopened(&self) -> Self {
        Stage::open(Arc::clone(&self.folder), None)
    }

    /// The same laptop with another scenario.
    pub fn planting(&self, scenario: &str) -> Self {
        // What was only waited for is not on disk before the next command.
        self.laptop("uname -s");
        Stage::open(Arc::clone(&self.folder), Some(scenario))
    }

    fn open(folder: Arc<tempfile::TempDir>, scenario: Option<&str>) -> Self {
        let scenario = scenario.map(|text| Scenario::parse(text).unwrap());
        let options = Options { seed: 7, scenario, ..Options::default() };
        let rehearsal = Rehearsal::open(folder.path(), options).unwrap();
        let vm = Vm::new(rehearsal.clone(), rehearsal.clone(), "microstack");
        Stage { folder, rehearsal, vm }
    }

    /// Runs a line on the laptop.
    pub fn laptop(&self, line: &str) -> Output {
        self.rehearsal.ask(&split(line)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a line in the VM.
    pub fn inside(&self, line: &str) -> Output {
        self.vm.ask(&split(line)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a line in the VM that must end well, and returns what it said on stdout.
    pub fn good(&self, line: &str) -> String {
        let output = self.inside(line);
        assert_eq!(output.code, 0, "{line}: {}", output.said());
        output.out()
    }

    /// Runs a line in the VM that must end with this code and say this.
    pub fn bad(&self, line: &str, code: i32, says: &str) {
        let output = self.inside(line);
        assert_eq!(output.code, code, "{line}: {}", output.said());
        assert!(output.said().contains(says), "{line}: {}", output.said());
    }

    /// Runs a line with the demo user's variables.
    pub fn cloud(&self, line: &str) -> String {
        let line = split(line).with_openrc("/home/ubuntu/demo-openrc");
        self.vm.ask(&line).unwrap().success(&line).unwrap().out()
    }

    /// Runs a long act.
    pub fn long(&self, line: &str) -> Result<Output, CommandError> {
        let id = self.rehearsal.now().to_string();
        self.vm.ask(&split(line).within(Duration::from_secs(9000)).long("act", id))
    }

    /// The VM must be listed in this state.
    pub fn listed_as(&self, state: &str) {
        let list = self.laptop("multipass list --format json").out();
        assert!(list.contains(&format!("\"state\": \"{state}\"")), "{list}");
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: u64) {
        self.rehearsal.pause(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> Timestamp {
        self.rehearsal.now()
    }

    /// Brings a VM up, with Multipass on a fresh laptop.
    pub fn with_vm(self, image: &str) -> Self {
        self.laptop("sudo -n snap install multipass");
        self.wait(30);
        let user_data =
            "fqdn: microstack.multipass\nwrite_files:\n  - path: /etc/kafstack/vm\n    content: microstack\n";
        let line = format!(
            "multipass launch {image} --name microstack --cpus 8 --memory 32G --disk 120G --timeout 1800 --cloud-init -"
        );
        let line = split(&line).fed(user_data);
        let output = self.rehearsal.ask(&line).unwrap();
        assert_eq!(output.code, 0, "{}", output.said());
        self
    }

    /// Goes through Sunbeam up to a demo project.
    pub fn with_cloud(self) -> Self {
        let stage = self.with_vm("24.04");
        stage.good("sudo snap install openstack --channel 2024.1/stable");
        stage.prepare("--bootstrap");
        stage.long("sunbeam cluster bootstrap --accept-defaults").unwrap();
        stage
    }

    /// Prints the preparation script, keeps it and runs it.
    pub fn prepare(&self, flags: &str) -> Output {
        let script = self.good(&format!("sunbeam prepare-node-script {flags}"));
        assert!(script.starts_with("#!/bin/bash\n"));
        self.good("mkdir -p kafstack");
        self.vm.ask(&split("tee kafstack/prepare.sh").fed(script)).unwrap();
        self.long("bash -x kafstack/prepare.sh").unwrap()
    }

    /// The status of the model `overlord:demo`.
    pub fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.good("juju status -m overlord:demo --format json --utc")).unwrap()
    }
}

/// A line as words; `"` keeps blanks together.
pub fn split(line: &str) -> CommandLine {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    CommandLine::changes(&words[0].clone(), words.into_iter().skip(1)).within(Duration::from_secs(7200))
}

/// Keeps what it is told, and leaves when asked to.
#[derive(Default)]
pub struct Notes {
    pub lines: Vec<(Stream, String)>,
    pub ticks: u32,
    pub leave_after: Option<u32>,
}

impl Watch for Notes {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.lines.push((stream, String::from_utf8_lossy(text).into_owned()));
    }

    fn tick(&mut self, _: Duration) -> Flow {
        self.ticks += 1;
        if self.leave_after.is_some_and(|after| self.ticks >= after) { Flow::Leave } else { Flow::GoOn }
    }
}

impl Stage {
    /// Installs LXD and Juju as the presets without OpenStack do, with a controller and a model.
    pub fn with_controller(self) -> Self {
        self.good("sudo snap install lxd --channel 5.21/stable");
        self.good("mkdir -p .local/share");
        self.good("sudo snap install juju --channel 3.6/stable");
        self.good("sudo usermod -aG lxd ubuntu");
        self.good("sudo lxd waitready --timeout 270");
        self.good("lxd init --auto");
        self.good("lxc network set lxdbr0 ipv6.address none");
        self.long("juju bootstrap localhost overlord --no-switch").unwrap();
        self.good("juju add-model demo -c overlord --no-switch");
        self
    }
}
