//! A Kafka cluster that is ready, for the stories about what is done with it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;

use super::{Notes, Stage, split};
use crate::host::{CommandError, CommandLine, Host, Output};

/// The settings of the admin account.
pub const FILE: &str = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";

/// The files of a stage.
type Kept = [Vec<u8>; 2];

impl Stage {
    /// Three brokers of kafka 3 with one ZooKeeper, ready.
    pub fn with_kafka_3() -> Self {
        static KEPT: OnceLock<Kept> = OnceLock::new();
        Stage::kept(&KEPT, Stage::new_kafka_3)
    }

    /// One broker of kafka 4 that is its own controller, ready.
    pub fn with_kafka_4() -> Self {
        static KEPT: OnceLock<Kept> = OnceLock::new();
        Stage::kept(&KEPT, Stage::new_kafka_4)
    }

    /// A copy of a stage that is made once for all tests.
    fn kept(kept: &OnceLock<Kept>, make: fn() -> Self) -> Self {
        let kept = kept.get_or_init(|| {
            let stage = make();
            ["world.json", "clock"].map(|name| std::fs::read(stage.folder.path().join(name)).unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in ["world.json", "clock"].into_iter().zip(kept) {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        Stage::open(Arc::new(folder), None)
    }

    /// [`Stage::with_kafka_3`], from the beginning.
    fn new_kafka_3() -> Self {
        let stage = Stage::fresh().with_vm("24.04").with_controller();
        stage.good("juju deploy zookeeper --channel 3/stable -n 1 -m overlord:demo");
        stage.good("juju deploy kafka --channel 3/stable -n 3 --config profile=testing -m overlord:demo");
        stage.good("juju integrate kafka:zookeeper zookeeper:zookeeper -m overlord:demo");
        stage.until_quiet();
        stage
    }

    /// [`Stage::with_kafka_4`], from the beginning.
    fn new_kafka_4() -> Self {
        let stage = Stage::fresh().with_vm("24.04").with_controller();
        stage.good("juju deploy kafka --channel 4/stable -n 1 --config profile=testing --config roles=broker,controller -m overlord:demo");
        stage.until_quiet();
        stage
    }

    /// Both kinds, with the port on which brokers talk to each other.
    pub fn both() -> [(Self, u16); 2] {
        [(Stage::with_kafka_3(), 19092), (Stage::with_kafka_4(), 19093)]
    }

    /// Waits until nothing changes any more.
    pub fn until_quiet(&self) {
        let mut quiet = 0;
        for _ in 0..500 {
            let status = self.status();
            let applications = status["applications"].as_object().unwrap();
            let units =
                applications.values().filter_map(|app| app["units"].as_object()).flat_map(|of| of.values());
            let idle = |unit: &Value| {
                unit["juju-status"]["current"] == "idle" && unit["workload-status"]["current"] != "waiting"
            };
            quiet = if units.into_iter().all(idle) { quiet + 1 } else { 0 };
            if quiet == 8 {
                return;
            }
            self.wait(10);
        }
        panic!("never quiet: {}", self.status());
    }

    /// A unit in the status document.
    pub fn unit(&self, unit: &str) -> Value {
        let name = unit.split('/').next().unwrap();
        self.status()["applications"][name]["units"][unit].clone()
    }

    /// What a unit says.
    pub fn says(&self, unit: &str) -> String {
        let status = &self.unit(unit)["workload-status"];
        let message = status["message"].as_str().unwrap_or_default();
        format!("{} {message}", status["current"].as_str().unwrap_or_default()).trim_end().to_owned()
    }

    /// Waits until a unit says this; it must not take longer than so many seconds.
    pub fn until(&self, unit: &str, says: &str, seconds: u32) {
        for _ in 0..seconds / 2 {
            if self.says(unit).starts_with(says) {
                return;
            }
            self.wait(2);
        }
        panic!("{unit} says {} and not {says}", self.says(unit));
    }

    /// The ports that a unit has opened.
    pub fn ports(&self, unit: &str) -> String {
        let unit = self.unit(unit);
        let ports = unit["open-ports"].as_array().cloned().unwrap_or_default();
        ports.iter().map(|port| port.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    /// The address of a unit.
    pub fn address(&self, unit: &str) -> String {
        self.unit(unit)["public-address"].as_str().unwrap().to_owned()
    }

    /// Runs one of Kafka's tools on the first broker: its exit code and both its streams.
    pub fn tool(&self, port: u16, words: &str) -> (i64, String, String) {
        let line = format!(
            "charmed-kafka.{words} --bootstrap-server {}:{port} --command-config {FILE}",
            self.address("kafka/0")
        );
        self.on_unit("kafka/0", &line)
    }

    /// What a tool says on stdout that must end well.
    pub fn told(&self, port: u16, words: &str) -> String {
        let (code, out, err) = self.tool(port, words);
        assert_eq!(code, 0, "{words}: {out} {err}");
        out
    }

    /// A line on a unit: its exit code and both its streams.
    pub fn on_unit(&self, unit: &str, line: &str) -> (i64, String, String) {
        let args =
            ["exec", "-m", "overlord:demo", "--unit", unit, "--format", "json", "--wait", "90s", "--", line];
        let output = self.vm.ask(&CommandLine::reads("juju", args).within(Duration::from_secs(120))).unwrap();
        let document: Value =
            serde_json::from_str(&output.out()).unwrap_or_else(|_| panic!("{}", output.said()));
        let results = &document[unit]["results"];
        let text = |key: &str| results[key].as_str().unwrap_or_default().to_owned();
        (results["return-code"].as_i64().unwrap(), text("stdout"), text("stderr"))
    }

    /// The line of a console tool.
    pub fn console(&self, port: u16, tool: &str, rest: &str) -> CommandLine {
        let config = if tool == "producer" { "--producer" } else { "--consumer" };
        split(&format!(
            "juju ssh -m overlord:demo --pty=false kafka/0 sudo charmed-kafka.console-{tool} {rest} --bootstrap-server {}:{port} {config}.config {FILE} {config}-property client.id=kafstack-{}",
            self.address("kafka/0"),
            rest.len()
        ))
    }

    /// Writes these lines to a topic.
    pub fn produce(&self, port: u16, rest: &str, lines: &str) -> Output {
        self.vm.ask(&self.console(port, "producer", rest).fed(lines)).unwrap()
    }

    /// Reads from a topic.
    pub fn consume(&self, port: u16, rest: &str) -> Output {
        self.vm.ask(&self.console(port, "consumer", rest)).unwrap()
    }

    /// Reads from a topic until so many seconds have passed, and goes away.
    pub fn listen(&self, port: u16, rest: &str, seconds: u32) -> Vec<String> {
        let mut notes = Notes { leave_after: Some(seconds), ..Notes::default() };
        let left = self.vm.run(&self.console(port, "consumer", rest), &mut notes);
        assert!(matches!(left, Err(CommandError::Left { .. })));
        notes.lines.into_iter().map(|(_, line)| line).collect()
    }

    /// Runs an action and returns its entry.
    pub fn action(&self, unit: &str, words: &str) -> Value {
        let line = format!("juju run {unit} {words} --format json --wait 2m -m overlord:demo");
        let document: Value = serde_json::from_str(&self.good(&line)).unwrap();
        document.as_object().unwrap().values().next().unwrap().clone()
    }

    /// A user through a data-integrator, related and with credentials.
    pub fn with_user(&self, name: &str, topic: &str, roles: &str) -> Value {
        self.good(&format!("juju deploy data-integrator {name} --channel latest/stable --config topic-name={topic} --config extra-user-roles={roles} -m overlord:demo"));
        self.good(&format!("juju integrate {name}:kafka kafka:kafka-client -m overlord:demo"));
        let unit =
            self.status()["applications"][name]["units"].as_object().unwrap().keys().next().unwrap().clone();
        self.until(&unit, "active", 900);
        self.action(&format!("{name}/leader"), "get-credentials")["results"]["kafka"].clone()
    }
}
