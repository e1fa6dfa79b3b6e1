//! Consumer groups as tables: what each has still to read.

use super::style;
use super::table::{Cell, Table};
use crate::text::count;
use crate::tools::kafka_groups::{Group, Share, State};

/// A number, or a dash for one that is not known.
fn number(n: Option<u64>) -> String {
    n.map_or("-".to_owned(), |n| n.to_string())
}

/// What is still to be read, in a colour if there is something and nobody reads.
fn lag(lag: Option<u64>, read: bool) -> Cell {
    match lag {
        Some(0) => Cell::styled("0", style::GOOD),
        other if !read => Cell::styled(&number(other), style::BAD),
        other => number(other).into(),
    }
}

/// The word for a state.
fn word(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Empty => "empty",
        State::Rebalancing => "rebalancing",
    }
}

/// All groups, a row each.
pub fn list(groups: &[Group]) -> String {
    let mut table = Table::new(["Group", "State", "Consumers", "Lag", "Topics"]);
    for group in groups {
        table.row([
            group.name.as_str().into(),
            word(group.state).into(),
            group.consumers().to_string().into(),
            lag(group.lag(), group.state != State::Empty),
            group.topics().join(" ").into(),
        ]);
    }
    table.to_string()
}

/// One group, a row for each partition.
pub fn describe(group: &Group) -> String {
    let consumers = count(group.consumers(), "consumer");
    let behind = match group.lag() {
        Some(0) => "all read".to_owned(),
        Some(n) => format!("{} to read", count(usize::try_from(n).unwrap_or(usize::MAX), "message")),
        None => "not everything was read yet".to_owned(),
    };
    let mut out = format!(
        "Group {}: {}, {consumers}, {behind}\n",
        crate::text::one_line(&group.name),
        word(group.state)
    );
    if group.partitions.is_empty() {
        return out;
    }
    let mut table = Table::new(["Topic", "Partition", "Read", "End", "Lag", "Consumer"]);
    for share in &group.partitions {
        table.row([
            share.topic.as_str().into(),
            share.partition.to_string().into(),
            number(share.offset).into(),
            number(share.end).into(),
            lag(share.lag, share.consumer.is_some()),
            reader(share).into(),
        ]);
    }
    out.push_str(&format!("\n{table}"));
    out
}

/// Who reads a partition.
fn reader(share: &Share) -> String {
    match &share.consumer {
        Some(consumer) => format!("{} at {}", consumer.client, consumer.host),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::kafka_groups::Consumer;

    #[test]
    fn the_lag_of_every_partition_is_shown_and_summed() {
        let consumer = Consumer { id: "c-1".into(), host: "10.1.2.3".into(), client: "app".into() };
        let share = |partition, offset, lag, consumer| Share {
            topic: "orders".into(),
            partition,
            offset,
            end: Some(14),
            lag,
            consumer,
        };
        let group = Group {
            name: "billing".into(),
            state: State::Active,
            partitions: vec![share(0, Some(12), Some(2), Some(consumer)), share(1, Some(14), Some(0), None)],
        };
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain(describe(&group)),
            "\
Group billing: active, 1 consumer, 2 messages to read

Topic   Partition  Read  End  Lag  Consumer
orders  0          12    14   2    app at 10.1.2.3
orders  1          14    14   0    -
"
        );
        assert_eq!(
            plain(list(&[group])),
            "\
Group    State   Consumers  Lag  Topics
billing  active  1          2    orders
"
        );
    }
}
