//! `charmed-kafka.consumer-groups`
//! (apache/kafka:tools/src/main/java/org/apache/kafka/tools/consumer/group/ConsumerGroupCommand.java).

use std::collections::BTreeSet;

use super::super::grammar::Words;
use super::Cluster;
use super::tool::{Bench, Said};

/// Its flags, and its options with a value.
pub const GRAMMAR: (&[&str], &[&str]) =
    (&["--list", "--describe", "--all-groups"], &["--group", "--bootstrap-server", "--command-config"]);

/// A row: topic, partition, committed offset, end, member, host, client.
type Row = [String; 8];

/// Runs it; `None`: not known.
pub fn run(bench: &mut Bench<'_>, words: &Words<'_>) -> Option<Said> {
    match (words.has("--list"), words.has("--describe")) {
        (true, false) => {
            let names = names(bench.cluster);
            Some(Said::good(names.iter().map(|name| format!("{name}\n")).collect::<String>()))
        }
        (false, true) if words.has("--all-groups") => {
            let mut said = Said::good("");
            for name in names(bench.cluster) {
                describe(bench, &name, &mut said);
            }
            Some(said)
        }
        (false, true) => {
            let Some(name) = words.value("--group") else {
                let text = "Option [describe] takes one of these options: [all-groups], [group]\n";
                return Some(Said::bad(1, "", text));
            };
            let mut said = Said::good("");
            describe(bench, name, &mut said);
            Some(said)
        }
        _ => Some(Said::bad(
            1,
            "",
            "Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets, --validate-regex\n",
        )),
    }
}

/// Every group that has committed something or has members.
fn names(cluster: &Cluster) -> BTreeSet<String> {
    let members = cluster.clients.iter().filter_map(|client| client.reads.as_ref()).map(|(group, _)| group);
    cluster.groups.keys().chain(members).cloned().collect()
}

/// `--describe` of one group. It ends well even for one that is not there.
fn describe(bench: &Bench<'_>, name: &str, said: &mut Said) {
    if !names(bench.cluster).contains(name) {
        said.stdout += &format!("\nError: Consumer group '{name}' does not exist.\n");
        return;
    }
    let members = bench.cluster.members(name);
    if members.is_empty() {
        said.stderr += &format!("\nConsumer group '{name}' has no active members.\n");
    }
    let rows = rows(bench, name);
    if rows.is_empty() {
        return;
    }
    let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0).max(15);
    let (topic, member, host) = (width(0), width(5), width(6));
    let group = name.len().max(15);
    let mut line = |row: [&str; 9]| {
        said.stdout += &format!(
            "\n{:<group$} {:<topic$} {:<10} {:<15} {:<15} {:<15} {:<member$} {:<host$} {}",
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8]
        );
    };
    line([
        "GROUP",
        "TOPIC",
        "PARTITION",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ]);
    for row in &rows {
        let [topic, partition, offset, end, lag, member, host, client] = row.each_ref().map(String::as_str);
        line([name, topic, partition, offset, end, lag, member, host, client]);
    }
    said.stdout.push('\n');
}

/// The rows of a group: partitions that somebody reads, then those that were only committed.
fn rows(bench: &Bench<'_>, name: &str) -> Vec<Row> {
    let cluster = &bench.cluster;
    let mut rows = Vec::new();
    let mut done = BTreeSet::new();
    let row = |topic: &str, partition: usize, member: [String; 3]| -> Row {
        let end = cluster
            .topics
            .get(topic)
            .and_then(|topic| topic.partitions.get(partition))
            .map(|p| p.records.len());
        let offset = cluster.committed(name, topic, partition);
        let or_dash = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
        let lag = offset.zip(end).map(|(offset, end)| end.saturating_sub(offset).to_string());
        let [id, host, client] = member;
        [
            topic.to_owned(),
            partition.to_string(),
            or_dash(offset.map(|n| n.to_string())),
            or_dash(end.map(|n| n.to_string())),
            or_dash(lag),
            id,
            host,
            client,
        ]
    };
    for member in cluster.members(name) {
        let Some((_, topic)) = &member.reads else { continue };
        let id = format!("{}-{}", member.id, bench.draw.uuid(&format!("member {}", member.pid)));
        let unit = member.unit.rsplit('/').next().and_then(|n| n.parse::<u32>().ok());
        let address =
            bench.brokers.all.iter().find(|broker| Some(broker.unit) == unit).map(|b| b.address.as_str());
        let host = format!("/{}", address.unwrap_or("127.0.0.1"));
        for partition in cluster.assigned(name, member.pid) {
            done.insert((topic.clone(), partition));
            rows.push(row(topic, partition, [id.clone(), host.clone(), member.id.clone()]));
        }
    }
    let committed = cluster.groups.get(name).map(|group| &group.committed);
    for (topic, offsets) in committed.into_iter().flatten() {
        for partition in offsets.keys().filter(|partition| !done.contains(&(topic.clone(), **partition))) {
            let nobody = || "-".to_owned();
            rows.push(row(topic, *partition, [nobody(), nobody(), nobody()]));
        }
    }
    rows
}
