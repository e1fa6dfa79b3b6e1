//! A topic as a picture: which broker leads and which follows each partition.

use super::style;
use super::table::{Cell, Table};
use crate::text::count;
use crate::tools::kafka::{Broker, broker_id};
use crate::tools::kafka_topics::{Partition, Topic};

/// Options in one line.
fn options(topic: &Topic) -> String {
    topic.configs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// A topic with a row for each broker and a column for each partition.
pub fn describe(topic: &Topic, brokers: &[Broker], kraft: bool) -> String {
    let partitions = count(topic.partitions.len(), "partition");
    let replicas = count(topic.replication as usize, "replica");
    let mut out = format!("Topic {}: {partitions}, {replicas} of each\n", topic.name);
    if !topic.configs.is_empty() {
        out.push_str(&format!("Options: {}\n", options(topic)));
    }
    let mut rows: Vec<(u32, String)> = brokers
        .iter()
        .filter_map(|broker| Some((broker_id(&broker.unit, kraft)?, broker.unit.clone())))
        .collect();
    for id in topic.partitions.iter().flat_map(|partition| &partition.replicas) {
        if rows.iter().all(|(known, _)| known != id) {
            rows.push((*id, "gone".to_owned()));
        }
    }
    rows.sort();
    let mut table = Table::bare();
    let heads =
        topic.partitions.iter().map(|partition| Cell::styled(&format!("p{}", partition.id), style::DIM));
    table.row(["Broker".into(), "".into()].into_iter().chain(heads));
    for (id, unit) in rows {
        let cells = topic.partitions.iter().map(|partition| cell(partition, id));
        table.row([Cell::from(id.to_string().as_str()), Cell::from(unit.as_str())].into_iter().chain(cells));
    }
    out.push_str(&format!("\n{table}\nL leads, F follows in sync, f follows out of sync\n"));
    let alone: Vec<String> =
        topic.partitions.iter().filter(|p| p.leader.is_none()).map(|p| p.id.to_string()).collect();
    if !alone.is_empty() {
        out.push_str(&format!("without a leader: {}\n", alone.join(", ")));
    }
    out
}

/// What a broker is to a partition.
fn cell(partition: &Partition, broker: u32) -> Cell {
    if partition.leader == Some(broker) {
        Cell::styled("L", style::GOOD)
    } else if !partition.replicas.contains(&broker) {
        Cell::styled(".", style::DIM)
    } else if partition.in_sync.contains(&broker) {
        "F".into()
    } else {
        Cell::styled("f", style::BAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_and_followers_are_seen_at_a_glance() {
        let partition = |id, leader, replicas: &[u32], in_sync: &[u32]| Partition {
            id,
            leader,
            replicas: replicas.to_vec(),
            in_sync: in_sync.to_vec(),
        };
        let topic = Topic {
            name: "orders".into(),
            partitions: vec![partition(0, Some(0), &[0, 1], &[0, 1]), partition(1, None, &[1, 7], &[1])],
            replication: 2,
            configs: [("retention.ms".to_owned(), "60000".to_owned())].into(),
        };
        let broker = |n: u32| Broker { unit: format!("kafka/{n}"), address: String::new() };
        let text =
            anstream::adapter::strip_str(&describe(&topic, &[broker(1), broker(0)], false)).to_string();
        assert_eq!(
            text,
            "\
Topic orders: 2 partitions, 2 replicas of each
Options: retention.ms=60000

Broker           p0  p1
0       kafka/0  L   .
1       kafka/1  F   F
7       gone     .   f

L leads, F follows in sync, f follows out of sync
without a leader: 1
"
        );
    }
}
