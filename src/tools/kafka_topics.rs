//! `charmed-kafka.topics` and `charmed-kafka.configs`: topics, and what the tools print of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kafka::Cluster;
use crate::host::{CommandLine, Effect};

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its partitions in order.
    pub partitions: Vec<Partition>,
    /// How many replicas each partition is to have.
    pub replication: u32,
    /// What differs from the brokers' defaults.
    pub configs: BTreeMap<String, String>,
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Its number.
    pub id: u32,
    /// The broker that leads it, if any does.
    pub leader: Option<u32>,
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<u32>,
    /// Those of them that are in sync.
    pub in_sync: Vec<u32>,
}

/// Topics that Kafka or Cruise Control keep for themselves.
pub fn is_internal(name: &str) -> bool {
    name.starts_with("__")
}

/// The names in the answer to [`Cluster::list_topics`], a line each.
pub fn parse_list(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Describes all topics, or one.
pub fn describe(cluster: &Cluster, name: Option<&str>) -> CommandLine {
    let words: Vec<&str> =
        std::iter::once("--describe").chain(name.into_iter().flat_map(|n| ["--topic", n])).collect();
    cluster.tool("topics", &words, Effect::Reads)
}

/// The topics in the answer to [`describe`]: a line for each topic, and an indented one for each partition, of fields
/// `Name: value` between tabs (apache/kafka:tools/src/main/java/org/apache/kafka/tools/TopicCommand.java). What is
/// not such a line is passed over: the tool warns on the same stream.
pub fn parse_describe(text: &str) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    for line in text.lines() {
        let fields: BTreeMap<&str, &str> = line
            .split('\t')
            .filter_map(|field| field.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let numbers = |name: &str| -> Vec<u32> {
            fields
                .get(name)
                .into_iter()
                .flat_map(|list| list.split(','))
                .filter_map(|n| n.trim().parse().ok())
                .collect()
        };
        let Some(name) = fields.get("Topic").filter(|name| !name.is_empty()) else { continue };
        if let Some(id) = fields.get("Partition").and_then(|id| id.parse().ok()) {
            if let Some(topic) = topics.iter_mut().find(|topic| topic.name == *name) {
                let leader = fields.get("Leader").and_then(|leader| leader.parse().ok());
                let (replicas, in_sync) = (numbers("Replicas"), numbers("Isr"));
                topic.partitions.push(Partition { id, leader, replicas, in_sync });
            }
        } else if fields.contains_key("PartitionCount") {
            let replication = fields.get("ReplicationFactor").and_then(|n| n.parse().ok()).unwrap_or(0);
            let configs = fields.get("Configs").copied().unwrap_or_default();
            let configs = configs.split(',').filter_map(|pair| pair.split_once('='));
            let configs =
                configs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect();
            topics.push(Topic { name: (*name).to_owned(), partitions: Vec::new(), replication, configs });
        }
    }
    for topic in &mut topics {
        topic.partitions.sort_by_key(|partition| partition.id);
    }
    topics.sort_by(|a, b| super::by_name::natural(&a.name, &b.name));
    topics
}

/// Whether the tool says that there is no such topic.
pub fn is_unknown(stderr: &str) -> bool {
    stderr.contains("does not exist as expected") || stderr.contains("UnknownTopicOrPartitionException")
}

/// Creates a topic.
pub fn create(
    cluster: &Cluster,
    name: &str,
    partitions: u32,
    replication: u32,
    configs: &[(String, String)],
) -> CommandLine {
    let configs: Vec<String> = configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let (partitions, replication) = (partitions.to_string(), replication.to_string());
    let mut words =
        vec!["--create", "--topic", name, "--partitions", &partitions, "--replication-factor", &replication];
    words.extend(configs.iter().flat_map(|pair| ["--config", pair.as_str()]));
    cluster.tool("topics", &words, Effect::Changes)
}

/// Gives a topic more partitions; there is no way back.
pub fn grow(cluster: &Cluster, name: &str, partitions: u32) -> CommandLine {
    let words = ["--alter", "--topic", name, "--partitions", &partitions.to_string()];
    cluster.tool("topics", &words, Effect::Changes)
}

/// Sets options of a topic.
pub fn configure(cluster: &Cluster, name: &str, configs: &[(String, String)]) -> CommandLine {
    // Brackets keep a value with commas one value (apache/kafka:core/src/main/scala/kafka/admin/ConfigCommand.scala).
    let pair = |(key, value): &(String, String)| match value.contains(',') {
        true => format!("{key}=[{value}]"),
        false => format!("{key}={value}"),
    };
    let pairs = configs.iter().map(pair).collect::<Vec<_>>().join(",");
    let words = ["--alter", "--entity-type", "topics", "--entity-name", name, "--add-config", &pairs];
    cluster.tool("configs", &words, Effect::Changes)
}

/// Deletes a topic with all its messages.
pub fn delete(cluster: &Cluster, name: &str) -> CommandLine {
    cluster.tool("topics", &["--delete", "--topic", name], Effect::Changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBED: &str = "WARNING: something\n\
        Topic: orders\tTopicId: x1\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: min.insync.replicas=1,retention.ms=60000\n\
        \tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,0\tIsr: 1,0\tElr: \tLastKnownElr: \n\
        \tTopic: orders\tPartition: 1\tLeader: none\tReplicas: 0,1\tIsr: 1\n";

    #[test]
    fn a_description_is_read_with_leaders_replicas_and_options() {
        let topics = parse_describe(DESCRIBED);
        assert_eq!(topics.len(), 1);
        assert_eq!(topics[0].configs["retention.ms"], "60000");
        assert_eq!(topics[0].replication, 2);
        let second = &topics[0].partitions[1];
        assert_eq!((second.leader, &second.replicas[..], &second.in_sync[..]), (None, &[0, 1][..], &[1][..]));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".*") {
            parse_describe(&text);
        }
    }
}
