//! What a Kafka cluster holds: topics with their partitions and records, offsets of groups, and who reads. The
//! tools that show or change it are beside this file; which brokers stand behind it is in `brokers.rs`.

pub mod brokers;
mod configs_tool;
pub mod console;
mod console_options;
pub mod consumer;
mod groups_tool;
mod offsets_tool;
pub mod partitioner;
pub mod producer;
mod tool;
mod topics_tool;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::console::{JVM, Live, Place};
pub use self::tool::{Said, run};
use super::guest::Seat;
use super::juju::model_mut;
use super::script::Script;
use super::timeline::{Draw, Millis, SECOND};
use crate::host::Stdin;

/// What one cluster holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cluster {
    /// Topics by name.
    pub topics: BTreeMap<String, Topic>,
    /// Consumer groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Clients on the units that run: console consumers and producers.
    pub clients: Vec<Client>,
}

/// A topic.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Topic {
    /// Its id, 22 characters.
    pub id: String,
    /// Options set on the topic itself.
    pub configs: BTreeMap<String, String>,
    /// Its partitions by number.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Partition {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<u32>,
    /// Its records; the place in this list is the offset.
    pub records: Vec<Record>,
}

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its key, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// Its value.
    pub value: String,
    /// When it was written.
    pub at: Millis,
}

/// A consumer group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Group {
    /// What it has committed: the offset of the next record, by topic and partition.
    pub committed: BTreeMap<String, BTreeMap<usize, usize>>,
}

/// A client that runs on a unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    /// What it calls itself.
    pub id: String,
    /// The unit on which it runs.
    pub unit: String,
    /// The number of its process.
    pub pid: u64,
    /// The group of a consumer, and the topic that it reads.
    pub reads: Option<(String, String)>,
    /// How many records its topic held when its ssh connection was gone: with the next one it ends.
    pub orphan: Option<usize>,
}

impl Topic {
    /// How many records it holds.
    pub fn records(&self) -> usize {
        self.partitions.iter().map(|partition| partition.records.len()).sum()
    }
}

impl Partition {
    /// The replicas on brokers that are up, in order; the first leads.
    pub fn in_sync(&self, up: &BTreeSet<u32>) -> Vec<u32> {
        self.replicas.iter().copied().filter(|id| up.contains(id)).collect()
    }
}

impl Cluster {
    /// A new topic over these brokers, begun at one that the seed decides
    /// (apache/kafka:server-common/src/main/java/org/apache/kafka/admin/AdminUtils.java).
    pub fn create(
        &mut self,
        draw: Draw,
        name: &str,
        partitions: usize,
        replication: usize,
        up: &BTreeSet<u32>,
    ) {
        let mut topic = Topic { id: topic_id(draw, name), ..Topic::default() };
        grow(draw, name, &mut topic, partitions, replication, up);
        self.topics.insert(name.to_owned(), topic);
    }

    /// The members of a group, in the order of their process numbers.
    pub fn members<'c>(&'c self, group: &str) -> Vec<&'c Client> {
        let mut members: Vec<&Client> =
            self.clients.iter().filter(|c| c.reads.as_ref().is_some_and(|(of, _)| of == group)).collect();
        members.sort_by_key(|client| client.pid);
        members
    }

    /// The partitions that this member reads: ranges, as the default assignor deals them.
    pub fn assigned(&self, group: &str, pid: u64) -> Vec<usize> {
        let Some(of) = self.clients.iter().find(|c| c.pid == pid).and_then(|c| c.reads.clone()) else {
            return Vec::new();
        };
        let count = self.topics.get(&of.1).map_or(0, |topic| topic.partitions.len());
        let peers: Vec<u64> = self
            .members(group)
            .into_iter()
            .filter(|c| c.reads.as_ref().is_some_and(|(_, topic)| *topic == of.1))
            .map(|c| c.pid)
            .collect();
        let Some(at) = peers.iter().position(|peer| *peer == pid) else { return Vec::new() };
        let (each, more) = (count / peers.len(), count % peers.len());
        let begin = at * each + at.min(more);
        (begin..begin + each + usize::from(at < more)).collect()
    }

    /// Commits an offset.
    pub fn commit(&mut self, group: &str, topic: &str, partition: usize, offset: usize) {
        let of = self.groups.entry(group.to_owned()).or_default();
        of.committed.entry(topic.to_owned()).or_default().insert(partition, offset);
    }

    /// The committed offset of a group.
    pub fn committed(&self, group: &str, topic: &str, partition: usize) -> Option<usize> {
        self.groups.get(group)?.committed.get(topic)?.get(&partition).copied()
    }

    /// Forgets a topic, and what groups had committed on it.
    pub fn delete(&mut self, name: &str) {
        self.topics.remove(name);
        for group in self.groups.values_mut() {
            group.committed.remove(name);
        }
        let read = |group: &String, clients: &[Client]| {
            clients.iter().any(|c| c.reads.as_ref().is_some_and(|(of, _)| of == group))
        };
        let clients = std::mem::take(&mut self.clients);
        self.groups.retain(|name, group| !group.committed.is_empty() || read(name, &clients));
        self.clients = clients;
    }
}

/// Gives a topic partitions up to that number.
pub fn grow(
    draw: Draw,
    name: &str,
    topic: &mut Topic,
    partitions: usize,
    replication: usize,
    up: &BTreeSet<u32>,
) {
    let brokers: Vec<u32> = up.iter().copied().collect();
    let begin = usize::try_from(draw.between(&format!("first broker of {name}"), 0, 999)).unwrap_or(0);
    for number in topic.partitions.len()..partitions {
        let replicas =
            (0..replication.min(brokers.len())).map(|n| brokers[(begin + number + n) % brokers.len()]);
        topic.partitions.push(Partition { replicas: replicas.collect(), records: Vec::new() });
    }
}

/// A topic id as Kafka writes it: 16 bytes in base 64 for URLs.
fn topic_id(draw: Draw, name: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |n: usize, most: i64| {
        let at = draw.between(&format!("topic id of {name}/{n}"), 0, most);
        char::from(DIGITS[usize::try_from(at).unwrap_or(0)])
    };
    // The last digit carries two bits only.
    let last = ["A", "Q", "g", "w"]
        [usize::try_from(draw.between(&format!("topic id of {name}"), 0, 3)).unwrap_or(0)];
    (0..21).map(|n| digit(n, 63)).collect::<String>() + last
}

/// A console tool through ssh; `None`: the simulation does not know its options.
pub fn console_tool(
    seat: &mut Seat<'_>,
    at: &(String, String),
    application: &str,
    unit: u32,
    produces: bool,
    words: &[&str],
) -> Option<Script> {
    let options = match console_options::read(produces, words) {
        Ok(options) => options,
        Err(Some(said)) => return Some(Script::fails(said.code, said.stderr.trim_end()).taking(said.took)),
        Err(None) => return None,
    };
    let (draw, stdin) = (seat.draw(), seat.stdin.clone());
    let model = model_mut(seat, at);
    model.next_task += 1;
    let pid = 4000 + u64::from(model.next_task) * 3;
    let vm = seat.vm.clone();
    let place = Place { vm, at: at.clone(), application: application.to_owned(), unit, pid };
    let cluster = model_mut(seat, at).clusters.entry(application.to_owned()).or_default();
    let name = format!("{application}/{unit}");
    let live = if produces {
        let id = options.client.clone();
        let producer = match stdin {
            Stdin::Bytes(bytes) => producer::Producer::new(place, options, &bytes),
            Stdin::Null => producer::Producer::new(place, options, b""),
            Stdin::Stream(feed) => producer::Producer::fed(place, options, feed),
            Stdin::Inherited => return None,
        };
        console::begin(cluster, &id, &name, pid, None);
        Live::Producer(producer)
    } else {
        let own = || {
            format!("console-consumer-{}", draw.between(&format!("group of process {pid}"), 10_000, 99_999))
        };
        let group = options.group.clone().unwrap_or_else(own);
        console::begin(cluster, &options.client, &name, pid, Some((group.clone(), options.topic.clone())));
        Live::Consumer(consumer::Consumer::new(place, options, group))
    };
    Some(Script { live: Some(Box::new(live)), took: JVM + SECOND, ..Script::default() })
}
