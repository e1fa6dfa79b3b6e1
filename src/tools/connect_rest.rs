//! Kafka Connect's REST interface, asked by `curl` on the worker's own unit, and the connector that proves it.
//!
//! Passwords reach `curl` in files on the unit that only root reads. The one with the admin's stays, for the questions
//! of later: it goes away with the unit, whose charm keeps the same password in a file beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::juju;
use crate::host::secret::Secret;
use crate::host::{CommandLine, Effect};

/// The file with the admin's name and password.
pub const LOGIN: &str = "/root/kafstack-curl";
/// The file with a whole request; it is there for moments only.
pub const REQUEST: &str = "/root/kafstack-request";
/// The connector.
pub const CONNECTOR: &str = "kafstack-heartbeat";
/// The topic it writes to; its name is fixed (apache/kafka:connect/mirror-client/…/mirror/DefaultReplicationPolicy.java).
pub const TOPIC: &str = "heartbeats";
/// The worker's own settings (canonical/kafka-connect-operator:src/literals.py).
const WORKER: &str = "/var/snap/charmed-kafka/current/etc/connect/connect-distributed.properties";

/// A worker's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Controller and model, as `-m` takes them.
    pub target: String,
    /// Such as `kafka-connect/0`.
    pub unit: String,
    /// Where its interface answers.
    pub url: String,
}

impl Worker {
    /// Runs something on the unit, as root.
    fn exec(&self, command: &str, effect: Effect) -> CommandLine {
        juju::exec(&self.target, &self.unit, command, effect)
    }

    /// Makes a file on the unit, empty and for root alone.
    pub fn make_file(&self, path: &str) -> CommandLine {
        self.exec(&format!("install -m 600 /dev/null {path}"), Effect::Changes)
    }

    /// Writes it. What writes it says it on its own output as well.
    pub fn write_file(&self, path: &str, text: String) -> CommandLine {
        let args = ["ssh", "-m", &self.target, "--pty=false", &self.unit, "sudo", "tee", path];
        CommandLine::changes("juju", args).within(Duration::from_secs(90)).fed(text).confidential()
    }

    /// Removes it.
    pub fn remove_file(&self, path: &str) -> CommandLine {
        self.exec(&format!("rm -f {path}"), Effect::Changes).tidying()
    }

    /// Asks for the worker's own settings, its password in Kafka among them.
    pub fn settings(&self) -> CommandLine {
        self.exec(&format!("cat {WORKER}"), Effect::Reads).confidential()
    }

    /// Sends the request of the file [`REQUEST`]. The answer repeats the connector's settings, so only its number is
    /// printed.
    pub fn send(&self) -> CommandLine {
        self.exec(&format!("curl -sS -m 30 -K {REQUEST}"), Effect::Changes).confidential()
    }

    /// Asks how the connector is.
    pub fn state(&self) -> CommandLine {
        let command = format!("curl -sS -m 30 -K {LOGIN} {}/connectors/{CONNECTOR}/status", self.url);
        self.exec(&command, Effect::Reads)
    }

    /// The request that makes the connector, or gives it these settings anew.
    pub fn request(&self, password: &Secret, connector: &Value) -> String {
        format!(
            "{}request = \"PUT\"\nurl = \"{}/connectors/{CONNECTOR}/config\"\nheader = \"Content-Type: application/json\"\noutput = \"/dev/null\"\nwrite-out = \"%{{http_code}}\"\ndata = {}\n",
            login(password),
            self.url,
            quoted(&connector.to_string())
        )
    }
}

/// What the file [`LOGIN`] holds.
pub fn login(password: &Secret) -> String {
    format!("user = {}\n", quoted(&format!("admin:{}", password.reveal())))
}

/// A text as curl's configuration files read it back (curl(1), `--config`).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The settings of a connector that writes a record each second. It makes its topic through a client of its own, which
/// gets the worker's way into Kafka: nothing that the worker does not hold already. The records are bytes
/// (apache/kafka:connect/mirror/…/MirrorHeartbeatConnector.java, MirrorHeartbeatTask.java). `None`: the worker has no
/// way into Kafka yet.
pub fn heartbeat(worker: &str, replication: usize) -> Option<Value> {
    let own = worker.lines().filter_map(|line| line.trim().split_once('='));
    let own: BTreeMap<&str, &str> = own
        .filter(|(key, _)| {
            ["bootstrap.servers", "security.protocol"].contains(key)
                || key.starts_with("sasl.")
                || key.starts_with("ssl.")
        })
        .collect();
    if !own.contains_key("bootstrap.servers") || !own.contains_key("sasl.jaas.config") {
        return None;
    }
    const BYTES: &str = "org.apache.kafka.connect.converters.ByteArrayConverter";
    let mut settings: BTreeMap<String, String> =
        own.into_iter().map(|(key, value)| (format!("target.cluster.{key}"), value.to_owned())).collect();
    let replication = replication.min(3).to_string();
    for (key, value) in [
        ("name", CONNECTOR),
        ("connector.class", "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector"),
        ("tasks.max", "1"),
        ("source.cluster.alias", "kafstack"),
        ("target.cluster.alias", "kafka"),
        ("heartbeats.topic.replication.factor", &replication),
        ("key.converter", BYTES),
        ("value.converter", BYTES),
    ] {
        settings.insert(key.to_owned(), value.to_owned());
    }
    Some(serde_json::json!(settings))
}

/// Whether the connector and its task run, in the answer to [`Worker::state`]; else how they are.
pub fn parse_state(text: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Document {
        connector: One,
        #[serde(default)]
        tasks: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        state: String,
    }
    let Ok(document) = serde_json::from_str::<Document>(text) else {
        return Err("Kafka Connect knows no connector of kafstack's yet".to_owned());
    };
    let states: Vec<&str> =
        std::iter::once(&document.connector).chain(&document.tasks).map(|one| one.state.as_str()).collect();
    match (document.tasks.is_empty(), states.iter().find(|state| **state != "RUNNING")) {
        (_, Some(state)) => Err(format!("the connector is {}", crate::text::one_line(&state.to_lowercase()))),
        (true, None) => Err("the connector has no task yet".to_owned()),
        (false, None) => Ok(()),
    }
}

/// How many records the topic has had, in the answer of Kafka's `get-offsets`; 0 while it is not there.
pub fn parse_offsets(text: &str) -> u64 {
    let offset = |line: &str| -> Option<u64> {
        let rest = line.trim().strip_prefix(TOPIC)?.strip_prefix(':')?;
        rest.split_once(':')?.1.parse().ok()
    };
    text.lines().filter_map(offset).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKER: &str = "bootstrap.servers=10.0.0.9:9092\ngroup.id=connect-cluster\nsasl.mechanism=SCRAM-SHA-512\nsecurity.protocol=SASL_PLAINTEXT\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"relation-9\" password=\"canary\";\nproducer.sasl.mechanism=SCRAM-SHA-512\n";

    #[test]
    fn the_connector_gets_the_way_into_kafka_that_the_worker_has() {
        let settings = heartbeat(WORKER, 1).unwrap();
        assert_eq!(settings["target.cluster.bootstrap.servers"], "10.0.0.9:9092");
        assert!(settings["target.cluster.sasl.jaas.config"].as_str().unwrap().ends_with("\"canary\";"));
        assert_eq!(settings["heartbeats.topic.replication.factor"], "1");
        assert_eq!(settings.as_object().unwrap().len(), 12);
        assert_eq!(heartbeat("group.id=connect-cluster\n", 1), None);
    }

    #[test]
    fn no_password_is_an_argument() {
        let (target, unit, url) = ("overlord:demo", "kafka-connect/0", "http://10.0.0.7:8083");
        let worker = Worker { target: target.into(), unit: unit.into(), url: url.into() };
        let request = worker.request(&Secret::new("canary"), &heartbeat(WORKER, 1).unwrap());
        assert!(request.starts_with("user = \"admin:canary\"\nrequest = \"PUT\"\n"), "{request}");
        assert!(request.contains("username=\\\\\\\"relation-9\\\\\\\""), "{request}");
        let line = worker.write_file(REQUEST, request);
        assert!(line.confidential && !line.to_string().contains("canary"), "{line}");
        assert!(worker.settings().confidential && worker.send().confidential);
    }

    #[test]
    fn a_connector_runs_when_its_task_does() {
        let answer = |connector: &str, tasks: &str| {
            parse_state(&format!(r#"{{"name":"x","connector":{{"state":"{connector}"}},"tasks":[{tasks}]}}"#))
        };
        assert_eq!(answer("RUNNING", r#"{"id":0,"state":"RUNNING"}"#), Ok(()));
        assert!(answer("RUNNING", "").is_err());
        assert!(
            answer("RUNNING", r#"{"id":0,"state":"FAILED","trace":"x"}"#).unwrap_err().ends_with("failed")
        );
        assert!(parse_state(r#"{"error_code":404,"message":"x"}"#).is_err());
        assert!(parse_state("User cannot access the resource.").is_err());
    }

    #[test]
    fn offsets_are_counted_over_the_topic_alone() {
        assert_eq!(parse_offsets("WARN x\nheartbeats:0:41\nheartbeats:1:1\nheartbeats2:0:9\n"), 42);
        assert_eq!(parse_offsets(""), 0);
    }
}
