//! The kafka-test-app charm: one process that writes numbered messages to a topic, or one that reads them for ever.
//! Which of the two it is, its relation with Kafka decides when it is made; later options change nothing
//! (canonical/kafka-test-app:src/charm.py).
//!
//! Its unit's Juju log holds the process's whole command line, password included, so nothing here reads that log.

use std::collections::{BTreeMap, BTreeSet};

use super::juju_changes;
use super::juju_relations::others;
use super::juju_status::{Status, Unit};
use super::{juju, kafka_readiness::WantedApplication};
use crate::host::{CommandLine, Effect, paste};

/// The charm, and the application's name.
pub const CHARM: &str = "kafka-test-app";
/// Its channel: nothing is known of a stable release.
const CHANNEL: &str = "latest/edge";
/// Its end of the relation with Kafka, and Kafka's.
pub const ENDPOINTS: (&str, &str) = ("kafka-test-app:kafka-cluster", "kafka:kafka-client");
/// What its consumer groups begin with.
pub const GROUP_PREFIX: &str = "cg";
/// The option with the number of messages.
pub const MESSAGES_OPTION: &str = "num_messages";
/// How many partitions it gives its topic.
const PARTITIONS: u32 = 5;

/// What its process is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It makes the topic and writes to it.
    Producer,
    /// It reads from it.
    Consumer,
}

impl Role {
    /// In the charm's words.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Producer => "producer",
            Role::Consumer => "consumer",
        }
    }
}

/// What it is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// With which topic.
    pub topic: String,
    /// How.
    pub role: Role,
    /// How many messages a producer sends, two a second.
    pub messages: u32,
    /// On how many brokers each partition lies.
    pub replication: u32,
}

impl Work {
    /// Deploys the application so.
    pub fn deploy(&self, target: &str) -> CommandLine {
        let (messages, partitions) = (self.messages.to_string(), PARTITIONS.to_string());
        let replication = self.replication.to_string();
        let options = [
            ("topic_name", self.topic.as_str()),
            ("role", self.role.as_str()),
            (MESSAGES_OPTION, &messages),
            ("partitions", &partitions),
            ("replication_factor", &replication),
        ];
        juju_changes::deploy_as(target, CHARM, CHARM, CHANNEL, &options)
    }

    /// Sets the application so. It must not be related with Kafka meanwhile: another topic would block it, and
    /// another role would only be said.
    pub fn configure(&self, target: &str) -> CommandLine {
        let mut options = vec![("topic_name", self.topic.as_str()), ("role", self.role.as_str())];
        if self.role == Role::Consumer {
            options.push(("consumer_group_prefix", GROUP_PREFIX));
        }
        juju_changes::set_config(target, CHARM, &options)
    }

    /// What the unit says once the process runs.
    pub fn enabled(&self) -> String {
        format!("Topic {} enabled with process {}", self.topic, self.role.as_str())
    }

    /// Whether these options of the application are for this.
    pub fn is_set(&self, options: &BTreeMap<String, String>) -> bool {
        let is = |key: &str, value: &str| options.get(key).is_some_and(|set| set == value);
        is("topic_name", &self.topic) && is("role", self.role.as_str())
    }
}

/// The application as something to wait for.
pub fn wanted() -> WantedApplication {
    WantedApplication::new(CHARM, "latest", 1)
}

/// How the application stands in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its unit.
    pub unit: String,
    /// What the unit says.
    pub message: String,
    /// Related with Kafka, if only one side still says so.
    pub related: bool,
}

/// How the application stands; `None` if it is not there, or has no unit.
pub fn standing(status: &Status) -> Option<Standing> {
    let application = status.application(CHARM).filter(|application| application.life.is_empty())?;
    let (unit, Unit { workload_status, .. }) = application.living_units().first().copied()?;
    Some(Standing {
        unit: unit.to_owned(),
        message: workload_status.message.trim().to_owned(),
        related: is_related(status),
    })
}

/// Whether it is related with Kafka, if only one side still says so.
pub fn is_related(status: &Status) -> bool {
    !others(status, CHARM, "kafka-cluster").is_empty()
        || others(status, "kafka", "kafka-client").contains(&CHARM)
}

impl Standing {
    /// A process was started, whatever it does: before this, taking the relation away would crash the charm, since
    /// it knows no process to end.
    pub fn started(&self) -> bool {
        self.message.starts_with("Topic ")
    }
}

/// Asks whether the unit's process lives; exit code 1 if not. The brackets keep the pattern from matching itself.
pub fn process(target: &str, unit: &str) -> CommandLine {
    juju::exec(target, unit, "pgrep -f 'charms[.]kafka[.]v0[.]client'", Effect::Reads)
}

/// Asks whether the unit has the certificates that its process reads; exit code 1 if not. A process that is started
/// before they are there ends at once.
pub fn certificates(target: &str, unit: &str) -> CommandLine {
    juju::exec(target, unit, "test -s /tmp/ca.pem", Effect::Reads)
}

/// Asks for what the unit's consumers read from a topic: a line each. The shell there expands the name of the logs,
/// of which each process has one of its own. Exit code 1 if nothing was read, 2 if there is no log.
pub fn received(target: &str, unit: &str, topic: &str) -> CommandLine {
    let pattern = format!("ConsumerRecord(topic=.{topic}.,");
    let line = format!("{} /tmp/*_consumer.log", paste(&["grep".into(), "-h".into(), pattern]));
    juju::exec(target, unit, &line, Effect::Reads)
}

/// A message as a consumer read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The id that its producer gave it; no two messages share one.
    pub id: String,
    /// Its number, as its producer counts.
    pub number: u32,
}

/// The messages in the answer to [`received`]. A line holds a Python `ConsumerRecord` whose value is a JSON object
/// with the fields `_id` and `content` (canonical/kafka-test-app:lib/charms/kafka/v0/client.py).
pub fn parse_received(text: &str) -> Vec<Received> {
    let one = |line: &str| {
        let id = line.split_once("\"_id\":")?.1.trim_start().strip_prefix('"')?.split('"').next()?;
        let number = line.split_once("Message #")?.1;
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        Some(Received { id: id.to_owned(), number: number[..digits].parse().ok()? })
    };
    text.lines().filter_map(one).collect()
}

/// What is wrong with what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Numbers that were never read.
    pub missing: Vec<u32>,
    /// Numbers of messages that were read more than once.
    pub doubled: Vec<u32>,
}

/// Compares what was read with so many messages sent.
pub fn tally(received: &[Received], messages: u32) -> Tally {
    let numbers: BTreeSet<u32> = received.iter().map(|message| message.number).collect();
    let mut ids = BTreeSet::new();
    let mut doubled: Vec<u32> =
        received.iter().filter(|message| !ids.insert(&message.id)).map(|message| message.number).collect();
    doubled.sort_unstable();
    doubled.dedup();
    Tally { missing: (0..messages).filter(|number| !numbers.contains(number)).collect(), doubled }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"2024-04-17 10:01:02,003 INFO [__main__] (MainThread) (<module>) ConsumerRecord(topic='test-topic_kafka-app', partition=3, offset=0, timestamp=1713348062003, timestamp_type=0, key=None, value=b'{"timestamp": 1713348062.0, "_id": "0a1b", "origin": "juju-1-9 (10.0.0.9)", "content": "Message #2"}', headers=[], checksum=None)
2024-04-17 10:01:02,503 INFO [__main__] (MainThread) (<module>) ConsumerRecord(topic='test-topic_kafka-app', partition=3, offset=1, timestamp=1713348062503, timestamp_type=0, key=None, value=b'{"timestamp":1713348062.5,"_id":"0a1c","origin":"x","content":"Message #0"}', headers=[], checksum=None)
"#;

    #[test]
    fn messages_are_told_by_their_ids_and_numbers() {
        let read = parse_received(LOG);
        assert_eq!(
            read.iter().map(|m| (m.id.as_str(), m.number)).collect::<Vec<_>>(),
            [("0a1b", 2), ("0a1c", 0)]
        );
        assert!(parse_received("ConsumerRecord(topic='x', value=b'hello')\n\n").is_empty());
    }

    #[test]
    fn a_message_that_is_missing_or_doubled_is_named() {
        let mut read = parse_received(LOG);
        assert_eq!(tally(&read, 3), Tally { missing: vec![1], doubled: vec![] });
        read.push(read[0].clone());
        read.push(Received { id: "0a1d".into(), number: 1 });
        assert_eq!(tally(&read, 3), Tally { missing: vec![], doubled: vec![2] });
        // The same number of two messages is no doubled message: an earlier topic of that name was read as well.
        read.truncate(2);
        read.push(Received { id: "0a1e".into(), number: 0 });
        assert_eq!(tally(&read, 1), Tally::default());
    }

    #[test]
    fn the_glob_reaches_the_shell_of_the_unit_and_all_is_one_argument() {
        let line = received("overlord:demo", "kafka-test-app/0", "test-topic_kafka-app");
        assert_eq!(
            line.args.last().unwrap(),
            "grep -h 'ConsumerRecord(topic=.test-topic_kafka-app.,' /tmp/*_consumer.log"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_log_breaks_the_reader(text in ".*\"_id\": ?\"?.*Message #.*") {
            parse_received(&text);
        }
    }
}
