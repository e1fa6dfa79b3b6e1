//! `charmed-kafka.get-offsets`: how far a topic has grown.

use super::kafka::Cluster;
use crate::host::{CommandLine, Effect};

/// Asks for the ends of a topic's partitions. The name is read as a pattern there; a topic's name that has no full
/// stop in it matches itself alone (apache/kafka:tools/src/main/java/org/apache/kafka/tools/GetOffsetShell.java).
pub fn ends(cluster: &Cluster, topic: &str) -> CommandLine {
    cluster.tool("get-offsets", &["--topic", topic], Effect::Reads)
}

/// Whether the tool says that there is no such topic.
pub fn is_unknown(said: &str) -> bool {
    said.contains("Could not match any topic-partitions")
}

/// The sum of the ends in the answer to [`ends`]: lines `topic:partition:offset`. Of a partition without a leader
/// nothing is said.
pub fn parse_ends(text: &str, topic: &str) -> u64 {
    let end = |line: &str| {
        let (partition, offset) = line.trim().strip_prefix(topic)?.strip_prefix(':')?.split_once(':')?;
        partition.parse::<u32>().ok().and_then(|_| offset.parse::<u64>().ok())
    };
    text.lines().filter_map(end).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_all_partitions_are_added_up() {
        let text = "WARN noise\norders:0:20\norders:1:30\norders:10:\norders_x:0:7\n";
        assert_eq!(parse_ends(text, "orders"), 50);
        assert_eq!(parse_ends("", "orders"), 0);
    }
}
