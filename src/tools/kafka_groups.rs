//! `charmed-kafka.consumer-groups`: groups of consumers, and what the tool prints of them.

use serde::Serialize;

use super::by_name::natural;
use super::kafka::Cluster;
use crate::host::{CommandLine, Effect};

/// A group of consumers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Whether it consumes.
    pub state: State,
    /// What it has read, by topic and partition.
    pub partitions: Vec<Share>,
}

/// Whether a group consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has consumers.
    Active,
    /// It has none.
    Empty,
    /// It is sharing its partitions out anew.
    Rebalancing,
}

/// A partition in the eyes of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: u32,
    /// The offset up to which the group has read, if it ever did.
    pub offset: Option<u64>,
    /// The partition's end.
    pub end: Option<u64>,
    /// How many messages the group has still to read.
    pub lag: Option<u64>,
    /// The consumer that reads it, if one does.
    pub consumer: Option<Consumer>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// The id that the brokers gave it.
    pub id: String,
    /// Its address.
    pub host: String,
    /// What it calls itself.
    pub client: String,
}

impl Group {
    /// How many messages it has still to read, over all partitions; `None` if that is not known of every one.
    pub fn lag(&self) -> Option<u64> {
        self.partitions.iter().try_fold(0_u64, |sum, share| Some(sum.saturating_add(share.lag?)))
    }

    /// Its topics, each once.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = self.partitions.iter().map(|share| share.topic.as_str()).collect();
        topics.dedup();
        topics
    }

    /// How many consumers read.
    pub fn consumers(&self) -> usize {
        let ids = self.partitions.iter().filter_map(|share| Some(share.consumer.as_ref()?.id.as_str()));
        ids.collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// Groups that Kafka or Cruise Control keep for themselves.
pub fn is_internal(name: &str) -> bool {
    name.starts_with("__")
}

/// Describes a group, or all of them.
pub fn describe(cluster: &Cluster, name: Option<&str>) -> CommandLine {
    let which = match name {
        Some(name) => vec!["--describe", "--group", name],
        None => vec!["--describe", "--all-groups"],
    };
    cluster.tool("consumer-groups", &which, Effect::Reads)
}

/// Whether the tool says that there is no such group; Kafka 3 says so on stdout and ends with 0, Kafka 4 throws
/// (apache/kafka:tools/src/main/java/org/apache/kafka/tools/consumer/group/ConsumerGroupCommand.java).
pub fn is_unknown(said: &str) -> bool {
    said.contains("' does not exist") || said.contains("GroupIdNotFoundException")
}

/// The columns of a table.
const COLUMNS: [&str; 9] = [
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
];

/// The groups in the answer to [`describe`], by name: a table for each group, its columns as wide as their longest
/// value, `-` for what is not known; and on stderr a sentence about a group that is not simply consuming (the same
/// source as [`is_unknown`]). Names may have spaces in them, so columns are told by where their headings stand.
pub fn parse_describe(stdout: &str, stderr: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut columns: Option<Vec<usize>> = None;
    for line in stdout.lines() {
        if let Some(found) = heading(line) {
            columns = Some(found);
        } else if let Some((name, share)) = columns.as_ref().and_then(|columns| row(line, columns)) {
            let group = named(&mut groups, name);
            group.partitions.extend(share);
        }
    }
    for line in stderr.lines() {
        let Some((_, rest)) = line.split_once("onsumer group '") else { continue };
        let states = [("' has no active members", State::Empty), ("' is rebalancing", State::Rebalancing)];
        for (words, state) in states {
            if let Some((name, _)) = rest.rsplit_once(words).filter(|(name, _)| !name.is_empty()) {
                named(&mut groups, name.to_owned()).state = state;
            }
        }
    }
    for group in &mut groups {
        group.partitions.sort_by(|a, b| natural(&a.topic, &b.topic).then(a.partition.cmp(&b.partition)));
    }
    groups.sort_by(|a, b| natural(&a.name, &b.name));
    groups
}

/// The group of that name, which is now there.
fn named(groups: &mut Vec<Group>, name: String) -> &mut Group {
    let at = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
        groups.push(Group { name, state: State::Active, partitions: Vec::new() });
        groups.len() - 1
    });
    &mut groups[at]
}

/// Where each column begins, in characters, if the line is a table's heading.
fn heading(line: &str) -> Option<Vec<usize>> {
    if !line.split_whitespace().eq(COLUMNS) {
        return None;
    }
    // Each heading is looked for after the one before it; they are ASCII, so bytes are characters.
    let mut from = 0;
    let starts = COLUMNS.iter().map(|column| {
        let at = from + line[from..].find(column)?;
        from = at + column.len();
        Some(at)
    });
    starts.collect()
}

/// A row of a table: the group, and what it has of a partition. A consumer without a partition has a row as well.
fn row(line: &str, columns: &[usize]) -> Option<(String, Option<Share>)> {
    let characters: Vec<char> = line.chars().collect();
    let cell = |n: usize| -> Option<String> {
        let end = columns.get(n + 1).copied().unwrap_or(characters.len()).min(characters.len());
        let text: String = characters.get(columns[n]..end)?.iter().collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty() && text != "-")
    };
    let number = |n: usize| cell(n).and_then(|text| text.parse::<u64>().ok());
    let name = cell(0)?;
    let share = cell(1).zip(cell(2).and_then(|text| text.parse().ok()));
    let share = share.map(|(topic, partition)| Share {
        topic,
        partition,
        offset: number(3),
        end: number(4),
        lag: number(5),
        consumer: cell(6).map(|id| Consumer {
            id,
            host: cell(7).unwrap_or_default().trim_start_matches('/').to_owned(),
            client: cell(8).unwrap_or_default(),
        }),
    });
    Some((name, share))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The table as the tool prints it.
    fn printed(group: &Group) -> String {
        let text = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
        let cells = |share: &Share| -> [String; 9] {
            let consumer = share.consumer.as_ref();
            let of = |value: Option<String>| value.unwrap_or("-".to_owned());
            [
                group.name.clone(),
                share.topic.clone(),
                share.partition.to_string(),
                text(share.offset),
                text(share.end),
                text(share.lag),
                of(consumer.map(|c| c.id.clone())),
                of(consumer.map(|c| format!("/{}", c.host))),
                of(consumer.map(|c| c.client.clone())),
            ]
        };
        let rows: Vec<[String; 9]> =
            std::iter::once(COLUMNS.map(str::to_owned)).chain(group.partitions.iter().map(cells)).collect();
        let least = [15, 15, 10, 15, 15, 15, 15, 15, 0];
        let width =
            |n: usize| rows[1..].iter().map(|row| row[n].chars().count()).max().unwrap_or(0).max(least[n]);
        let line = |row: &[String; 9]| -> String {
            let cells = row.iter().enumerate().map(|(n, cell)| match n {
                8 => cell.clone(),
                n => format!("{cell:width$}", width = width(n)),
            });
            format!("\n{}", cells.collect::<Vec<_>>().join(" "))
        };
        format!("{}\n", rows.iter().map(line).collect::<String>())
    }

    fn share(topic: &str, partition: u32, lag: Option<u64>, consumer: Option<&str>) -> Share {
        let consumer = consumer.map(|id| Consumer {
            id: id.into(),
            host: "10.1.2.3".into(),
            client: "console consumer".into(),
        });
        Share { topic: topic.into(), partition, offset: Some(12), end: Some(14), lag, consumer }
    }

    #[test]
    fn a_description_is_read_as_the_tool_prints_it() {
        let text = "\n\
GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID                                           HOST            CLIENT-ID\n\
cg-1            orders          1          -               9               -               -                                                     -               -\n\
cg-1            orders          0          12              14              2               console-consumer-6d1c7f6e-0a58-4f05-9a5e-1f1f0e2ac5f1 /10.1.2.3       console-consumer\n\n";
        let groups = parse_describe(text, "");
        assert_eq!(groups.len(), 1);
        let group = &groups[0];
        assert_eq!((group.name.as_str(), group.state, group.lag()), ("cg-1", State::Active, None));
        assert_eq!((group.topics(), group.consumers()), (vec!["orders"], 1));
        let first = &group.partitions[0];
        assert_eq!((first.offset, first.end, first.lag), (Some(12), Some(14), Some(2)));
        assert_eq!(first.consumer.as_ref().unwrap().host, "10.1.2.3");
        assert_eq!(group.partitions[1].consumer, None);
    }

    #[test]
    fn a_group_without_consumers_is_named_on_stderr() {
        let stderr = "\nConsumer group 'it's b' has no active members.\n\nWarning: Consumer group 'a' is rebalancing.\n";
        let groups = parse_describe("", stderr);
        let states: Vec<_> = groups.iter().map(|group| (group.name.as_str(), group.state)).collect();
        assert_eq!(states, [("a", State::Rebalancing), ("it's b", State::Empty)]);
    }

    #[test]
    fn both_tracks_ways_to_say_unknown_are_known() {
        assert!(is_unknown("\nError: Consumer group 'x' does not exist.\n"));
        assert!(is_unknown("org.apache.kafka.common.errors.GroupIdNotFoundException: Group x not found."));
        assert!(!is_unknown("Consumer group 'x' has no active members."));
    }

    prop_compose! {
        fn some_share()(topic in "[a-z][a-z0-9._-]{0,30}", partition in 0..200_u32, lag in proptest::option::of(0..1_000_000_u64), consumer in proptest::option::of("[a-z0-9][a-z0-9-]{0,59}")) -> Share {
            share(&topic, partition, lag, consumer.as_deref())
        }
    }

    proptest! {
        #[test]
        fn what_the_tool_prints_is_what_is_read(name in "[a-zö][a-z ö._'-]{0,30}[a-z]", shares in proptest::collection::vec(some_share(), 1..8)) {
            let mut group = Group { name, state: State::Active, partitions: shares };
            let text = printed(&group);
            group.partitions.sort_by(|a, b| natural(&a.topic, &b.topic).then(a.partition.cmp(&b.partition)));
            prop_assert_eq!(parse_describe(&text, ""), [group]);
        }

        #[test]
        fn no_text_breaks_the_reader(out in ".*", err in ".*") {
            parse_describe(&format!("{}\n{out}", COLUMNS.join(" ")), &err);
            parse_describe(&out, &err);
        }
    }
}
