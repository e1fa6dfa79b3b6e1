//! `charmed-kafka.topics` (apache/kafka:tools/src/main/java/org/apache/kafka/tools/TopicCommand.java).

use super::super::grammar::Words;
use super::super::timeline::SECOND;
use super::configs_tool;
use super::grow;
use super::tool::{Bench, Said, log_time};

/// Its flags, and its options with a value.
pub const GRAMMAR: (&[&str], &[&str]) = (
    &[
        "--list",
        "--describe",
        "--create",
        "--alter",
        "--delete",
        "--if-not-exists",
        "--if-exists",
        "--exclude-internal",
    ],
    &[
        "--topic",
        "--partitions",
        "--replication-factor",
        "--config",
        "--bootstrap-server",
        "--command-config",
    ],
);

/// Runs it; `None`: not known.
pub fn run(bench: &mut Bench<'_>, words: &Words<'_>) -> Option<Said> {
    let actions = ["--list", "--describe", "--create", "--alter", "--delete"];
    let asked: Vec<&str> = actions.into_iter().filter(|action| words.has(action)).collect();
    let [action] = asked[..] else {
        let text =
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete\n";
        return Some(Said::bad(1, "", text));
    };
    let topic = words.value("--topic");
    if action == "--list" {
        let names = bench.cluster.topics.keys().filter(|name| topic.is_none_or(|topic| topic == *name));
        return Some(Said::good(names.map(|name| format!("{name}\n")).collect::<String>()));
    }
    if action == "--create" {
        return Some(create(bench, words));
    }
    let found = match topic {
        Some(name) if bench.cluster.topics.contains_key(name) => vec![name.to_owned()],
        Some(_) if words.has("--if-exists") => return Some(Said::good("")),
        Some(name) => {
            let text = format!("Topic '{name}' does not exist as expected");
            return Some(error(bench, "java.lang.IllegalArgumentException", &text));
        }
        None if action == "--describe" => bench.cluster.topics.keys().cloned().collect(),
        None => return Some(Said::bad(1, "", "Missing required argument \"[topic]\"\n")),
    };
    match action {
        "--describe" => Some(Said::good(found.iter().map(|name| describe(bench, name)).collect::<String>())),
        "--delete" => {
            found.iter().for_each(|name| bench.cluster.delete(name));
            Some(Said::good(""))
        }
        _ => Some(alter(bench, words, &found[0])),
    }
}

/// What it says when the brokers refuse.
fn error(bench: &Bench<'_>, class: &str, text: &str) -> Said {
    let at = log_time(bench.now + 4 * SECOND);
    let trace = format!("{at} ERROR {class}: {text}\n (org.apache.kafka.tools.TopicCommand)\n");
    Said::bad(1, format!("Error while executing topic command : {text}\n"), trace)
}

/// An error of the brokers.
fn refused(bench: &Bench<'_>, class: &str, text: &str) -> Said {
    error(bench, &format!("org.apache.kafka.common.errors.{class}"), text)
}

/// `--create`.
fn create(bench: &mut Bench<'_>, words: &Words<'_>) -> Said {
    let Some(name) = words.value("--topic") else {
        return Said::bad(1, "", "Missing required argument \"[topic]\"\n");
    };
    let mut warning = String::new();
    if name.contains(['.', '_']) {
        warning = "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.\n".to_owned();
    }
    let brokers = bench.brokers.up();
    let default = bench.brokers.all.len().clamp(1, 3);
    let number = |option: &str| words.value(option).map_or(Ok(default), str::parse::<usize>);
    let (Ok(partitions), Ok(replication)) = (number("--partitions"), number("--replication-factor")) else {
        return Said::bad(
            1,
            "",
            "joptsimple.OptionArgumentConversionException: Cannot parse argument of option\n",
        );
    };
    let with_warning = |said: Said| Said { stdout: format!("{warning}{}", said.stdout), ..said };
    if partitions == 0 {
        return Said::bad(1, "", "The partitions must be greater than 0\n");
    }
    if replication == 0 || replication > usize::from(u16::MAX / 2) {
        return Said::bad(1, "", "The replication factor must be between 1 and 32767 inclusive\n");
    }
    let configs: Result<Vec<(String, String)>, Said> =
        words.values("--config").into_iter().map(|setting| checked(bench, setting)).collect();
    let configs = match configs {
        Ok(configs) => configs,
        Err(said) => return with_warning(said),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !name.chars().all(legal) {
        let text = format!(
            "Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        );
        return with_warning(refused(bench, "InvalidTopicException", &text));
    }
    if bench.cluster.topics.contains_key(name) {
        if words.has("--if-not-exists") {
            return Said::good(warning);
        }
        let text = format!("Topic '{name}' already exists.");
        return with_warning(refused(bench, "TopicExistsException", &text));
    }
    let folded = |name: &str| name.replace('.', "_");
    if let Some(other) = bench.cluster.topics.keys().find(|other| folded(other) == folded(name)) {
        let text = format!("Topic '{name}' collides with existing topics: {other}");
        return with_warning(refused(bench, "InvalidTopicException", &text));
    }
    if replication > brokers.len() {
        let there = brokers.len();
        let text = if bench.brokers.kraft {
            format!(
                "Unable to replicate the partition {replication} time(s): The target replication factor of {replication} cannot be reached because only {there} broker(s) are registered."
            )
        } else {
            format!("Replication factor: {replication} larger than available brokers: {there}.")
        };
        return with_warning(refused(bench, "InvalidReplicationFactorException", &text));
    }
    bench.cluster.create(bench.draw, name, partitions, replication, &brokers);
    if let Some(topic) = bench.cluster.topics.get_mut(name) {
        topic.configs.extend(configs);
    }
    Said::good(format!("{warning}Created topic {name}.\n"))
}

/// A setting of `--config`, checked as the tool itself does before it asks anybody.
fn checked(bench: &Bench<'_>, setting: &str) -> Result<(String, String), Said> {
    let Some((key, value)) = setting.split_once('=') else {
        let text = "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".";
        return Err(error(bench, "java.lang.IllegalArgumentException", text));
    };
    match configs_tool::objection(key, value) {
        None => Ok((key.to_owned(), value.to_owned())),
        Some(text) => Err(refused(bench, "InvalidConfigurationException", &text)),
    }
}

/// `--alter --partitions`.
fn alter(bench: &mut Bench<'_>, words: &Words<'_>, name: &str) -> Said {
    if words.has("--config") {
        return Said::bad(
            1,
            "",
            "Option combination \"[alter],[config]\" can't be used with option \"[bootstrap-server]\" (the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)\n",
        );
    }
    let Some(wanted) = words.value("--partitions").and_then(|n| n.parse::<usize>().ok()) else {
        return Said::bad(1, "", "Missing required argument \"[partitions]\"\n");
    };
    let Some(has) = bench.cluster.topics.get(name).map(|topic| topic.partitions.len()) else {
        return Said::good("");
    };
    let text = match (bench.brokers.kraft, wanted.cmp(&has)) {
        (_, std::cmp::Ordering::Greater) => {
            let up = bench.brokers.up();
            if let Some(topic) = bench.cluster.topics.get_mut(name) {
                let replication = topic.partitions.first().map_or(1, |partition| partition.replicas.len());
                grow(bench.draw, name, topic, wanted, replication, &up);
            }
            return Said::good("");
        }
        (true, std::cmp::Ordering::Equal) => format!("Topic already has {has} partition(s)."),
        (true, _) => {
            format!("The topic {name} currently has {has} partition(s); {wanted} would not be an increase.")
        }
        (false, std::cmp::Ordering::Equal) => format!("Topic already has {has} partitions."),
        (false, _) => {
            format!("Topic currently has {has} partitions, which is higher than the requested {wanted}.")
        }
    };
    refused(bench, "InvalidPartitionsException", &text)
}

/// `--describe` of one topic. What the brokers' own file sets is listed like what was set on the topic.
fn describe(bench: &Bench<'_>, name: &str) -> String {
    let topic = &bench.cluster.topics[name];
    let mut configs: Vec<String> = bench
        .defaults
        .iter()
        .filter(|(key, _)| !topic.configs.contains_key(*key))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    configs.extend(topic.configs.iter().map(|(key, value)| format!("{key}={value}")));
    let replication = topic.partitions.first().map_or(0, |partition| partition.replicas.len());
    let mut text = format!(
        "Topic: {name}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {replication}\tConfigs: {}\n",
        topic.id,
        topic.partitions.len(),
        configs.join(",")
    );
    let up = bench.brokers.up();
    let list = |ids: &[u32]| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    for (number, partition) in topic.partitions.iter().enumerate() {
        let in_sync = partition.in_sync(&up);
        let leader = in_sync.first().map_or("none".to_owned(), u32::to_string);
        // Only brokers that keep their own metadata know of eligible replicas.
        let eligible =
            if bench.brokers.kraft { "\tElr: \tLastKnownElr: " } else { "\tElr: N/A\tLastKnownElr: N/A" };
        text += &format!(
            "\tTopic: {name}\tPartition: {number}\tLeader: {leader}\tReplicas: {}\tIsr: {}{eligible}\n",
            list(&partition.replicas),
            list(&in_sync)
        );
    }
    text
}
