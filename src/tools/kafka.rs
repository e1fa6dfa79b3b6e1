//! Kafka's own tools in a unit, as the charm's snap brings them, and the cluster they are pointed at.

use super::juju;
use super::juju_status::Status;
use crate::config::Config;
use crate::host::{CommandLine, Effect, paste};

/// The client settings of the cluster's admin account on every broker (canonical/kafka-operator:src/literals.py).
pub const CLIENT_PROPERTIES: &str = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";

/// A broker as the model shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its unit, such as `kafka/0`.
    pub unit: String,
    /// Its address, reachable inside the VM.
    pub address: String,
}

/// The Kafka cluster of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Controller and model, as `-m` takes them.
    pub target: String,
    /// Track 4.
    pub kraft: bool,
    /// The kafka application is related to a provider of certificates.
    pub tls: bool,
    /// The brokers, in natural order, the leading unit first.
    pub brokers: Vec<Broker>,
}

/// The number by which Kafka knows the broker of a unit: the unit's own on track 3, 100 more on track 4
/// (canonical/kafka-operator:common/single_kernel_kafka/core/models.py).
pub fn broker_id(unit: &str, kraft: bool) -> Option<u32> {
    let number: u32 = unit.rsplit('/').next()?.parse().ok()?;
    if kraft { number.checked_add(100) } else { Some(number) }
}

impl Cluster {
    /// The cluster that the model shows; `None` while no broker has an address.
    pub fn of(status: &Status, config: &Config) -> Option<Self> {
        let application = status.application("kafka")?;
        let mut units = application.living_units();
        units.retain(|(_, unit)| !unit.public_address.is_empty());
        units.sort_by_key(|(_, unit)| !unit.leader);
        let brokers: Vec<Broker> = units
            .into_iter()
            .map(|(name, unit)| Broker { unit: name.to_owned(), address: unit.public_address.clone() })
            .collect();
        let tls = application.relations.get("certificates").is_some_and(|related| !related.is_empty());
        (!brokers.is_empty()).then(|| Cluster {
            target: config.juju.target(),
            kraft: config.kafka.kraft(),
            tls,
            brokers,
        })
    }

    /// The port on which brokers talk to each other, open without any client: plaintext on track 3 without
    /// certificates, else TLS (canonical/kafka-operator:src/literals.py).
    pub fn internal_port(&self) -> u16 {
        if self.kraft || self.tls { 19093 } else { 19092 }
    }

    /// The port for clients; it is open only while a client is related
    /// (canonical/kafka-operator:src/core/cluster.py).
    pub fn client_port(&self) -> u16 {
        if self.tls { 9093 } else { 9092 }
    }

    /// All brokers with the internal port, comma-separated.
    pub fn bootstrap_servers(&self) -> String {
        let port = self.internal_port();
        self.brokers.iter().map(|broker| format!("{}:{port}", broker.address)).collect::<Vec<_>>().join(",")
    }

    /// One of Kafka's tools on the leading broker, as the cluster's admin. `client.properties` names the client port,
    /// which may be closed, so the bootstrap server is given explicitly. The words reach the tool as they are.
    pub fn tool(&self, name: &str, words: &[&str], effect: Effect) -> CommandLine {
        let broker = &self.brokers[0];
        let server = format!("{}:{}", broker.address, self.internal_port());
        let program = format!("charmed-kafka.{name}");
        let ends = ["--bootstrap-server", &server, "--command-config", CLIENT_PROPERTIES];
        let line: Vec<String> = std::iter::once(program.as_str())
            .chain(words.iter().copied())
            .chain(ends)
            .map(str::to_owned)
            .collect();
        juju::exec(&self.target, &broker.unit, &paste(&line), effect)
    }

    /// Lists topics: the proof that a broker serves.
    pub fn list_topics(&self) -> CommandLine {
        self.tool("topics", &["--list"], Effect::Reads)
    }

    /// The cluster as `plan` knows it: with placeholders for what only the running stack knows.
    pub fn planned(config: &Config) -> Self {
        let broker = Broker { unit: "{broker}".to_owned(), address: "{address}".to_owned() };
        Cluster {
            target: config.juju.target(),
            kraft: config.kafka.kraft(),
            tls: false,
            brokers: vec![broker],
        }
    }
}
