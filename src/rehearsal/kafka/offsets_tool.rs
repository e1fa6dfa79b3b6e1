//! `charmed-kafka.get-offsets` (apache/kafka:tools/src/main/java/org/apache/kafka/tools/GetOffsetShell.java).

use super::super::grammar::Words;
use super::tool::{Bench, Said};

/// Its flags, and its options with a value.
pub const GRAMMAR: (&[&str], &[&str]) =
    (&["--exclude-internal-topics"], &["--topic", "--time", "--bootstrap-server", "--command-config"]);

/// Runs it; `None`: not known.
pub fn run(bench: &Bench<'_>, words: &Words<'_>) -> Option<Said> {
    let earliest = match words.value("--time") {
        None | Some("latest" | "-1") => false,
        Some("earliest" | "-2") => true,
        Some(_) => return None,
    };
    // The topic is a pattern there; a plain name is one as well.
    let matches = |name: &str| words.value("--topic").is_none_or(|topic| topic == name);
    let up = bench.brokers.up();
    let (mut stdout, mut stderr, mut any) = (String::new(), String::new(), false);
    let mut lines = Vec::new();
    for (name, topic) in bench.cluster.topics.iter().filter(|(name, _)| matches(name)) {
        for (number, partition) in topic.partitions.iter().enumerate() {
            any = true;
            if partition.in_sync(&up).is_empty() {
                stderr += &format!(
                    "Skip getting offsets for topic-partition {name}-{number} due to error: org.apache.kafka.common.errors.LeaderNotAvailableException: There is no leader for this topic-partition as we are in the middle of a leadership election.\n"
                );
                continue;
            }
            let offset = if earliest { 0 } else { partition.records.len() };
            lines.push((format!("{name}-{number}"), format!("{name}:{number}:{offset}\n")));
        }
    }
    if !any {
        let text = "Error occurred: Could not match any topic-partitions with the specified filters\n";
        return Some(Said::bad(1, "", text));
    }
    // In the order of their names as text: 10 comes before 2.
    lines.sort();
    stdout.extend(lines.into_iter().map(|(_, line)| line));
    Some(Said { stderr, ..Said::good(stdout) })
}
