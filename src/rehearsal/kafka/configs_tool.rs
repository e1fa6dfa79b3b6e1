//! `charmed-kafka.configs`, and which settings a topic can have
//! (apache/kafka:core/src/main/scala/kafka/admin/ConfigCommand.scala).

use super::super::grammar::Words;
use super::super::juju::store::Application;
use super::tool::{Bench, Said};

/// Its flags, and its options with a value.
pub const GRAMMAR: (&[&str], &[&str]) = (
    &["--describe", "--alter", "--all"],
    &[
        "--entity-type",
        "--entity-name",
        "--add-config",
        "--delete-config",
        "--bootstrap-server",
        "--command-config",
    ],
);

/// What a value may be.
enum Takes {
    /// A whole number from there on.
    From(i64),
    /// A number between 0 and 1.
    Ratio,
    /// `true` or `false`.
    Bool,
    /// One or more of these.
    Words(&'static [&'static str]),
    /// Anything.
    Text,
}

/// Every setting of a topic (apache/kafka:storage/…/LogConfig.java), with Kafka's default.
const SETTINGS: &[(&str, Takes, &str)] = &[
    ("cleanup.policy", Takes::Words(&["delete", "compact"]), "delete"),
    (
        "compression.type",
        Takes::Words(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "producer",
    ),
    ("compression.gzip.level", Takes::From(-1), "-1"),
    ("compression.lz4.level", Takes::From(1), "9"),
    ("compression.zstd.level", Takes::From(-131_072), "3"),
    ("delete.retention.ms", Takes::From(0), "86400000"),
    ("file.delete.delay.ms", Takes::From(0), "60000"),
    ("flush.messages", Takes::From(1), "9223372036854775807"),
    ("flush.ms", Takes::From(0), "9223372036854775807"),
    ("follower.replication.throttled.replicas", Takes::Text, ""),
    ("index.interval.bytes", Takes::From(0), "4096"),
    ("leader.replication.throttled.replicas", Takes::Text, ""),
    ("local.retention.bytes", Takes::From(-2), "-2"),
    ("local.retention.ms", Takes::From(-2), "-2"),
    ("max.compaction.lag.ms", Takes::From(1), "9223372036854775807"),
    ("max.message.bytes", Takes::From(0), "1048588"),
    ("message.timestamp.after.max.ms", Takes::From(0), "3600000"),
    ("message.timestamp.before.max.ms", Takes::From(0), "9223372036854775807"),
    ("message.timestamp.type", Takes::Words(&["CreateTime", "LogAppendTime"]), "CreateTime"),
    ("min.cleanable.dirty.ratio", Takes::Ratio, "0.5"),
    ("min.compaction.lag.ms", Takes::From(0), "0"),
    ("min.insync.replicas", Takes::From(1), "1"),
    ("preallocate", Takes::Bool, "false"),
    ("remote.storage.enable", Takes::Bool, "false"),
    ("retention.bytes", Takes::From(i64::MIN), "-1"),
    ("retention.ms", Takes::From(-1), "604800000"),
    ("segment.bytes", Takes::From(14), "1073741824"),
    ("segment.index.bytes", Takes::From(4), "10485760"),
    ("segment.jitter.ms", Takes::From(0), "0"),
    ("segment.ms", Takes::From(1), "604800000"),
    ("unclean.leader.election.enable", Takes::Bool, "false"),
];

/// Why a setting is refused, in Kafka's own words.
pub fn objection(key: &str, value: &str) -> Option<String> {
    let Some((_, takes, _)) = SETTINGS.iter().find(|(name, ..)| *name == key) else {
        return Some(format!("Unknown topic config name: {key}"));
    };
    let invalid = |why: &str| Some(format!("Invalid value {value} for configuration {key}: {why}"));
    match takes {
        Takes::From(least) => match value.trim().parse::<i64>() {
            Err(_) => invalid("Not a number of type LONG"),
            Ok(number) if number < *least => invalid(&format!("Value must be at least {least}")),
            Ok(_) => None,
        },
        Takes::Ratio => match value.trim().parse::<f64>() {
            Err(_) => invalid("Not a number of type DOUBLE"),
            Ok(number) if number < 0.0 => invalid("Value must be at least 0"),
            Ok(number) if number > 1.0 => invalid("Value must be no more than 1"),
            Ok(_) => None,
        },
        Takes::Bool if !["true", "false"].contains(&value.trim().to_lowercase().as_str()) => {
            invalid("Expected value to be either true or false")
        }
        Takes::Words(known) if !value.split(',').all(|word| known.contains(&word.trim())) => {
            invalid(&format!("String must be one of: {}", known.join(", ")))
        }
        Takes::Bool | Takes::Words(_) | Takes::Text => None,
    }
}

/// What the charm writes into the brokers' own file for topics (canonical/kafka-operator:src/managers/config.py).
pub fn defaults(application: &Application) -> Vec<(&'static str, String)> {
    let replicas = application.units.values().filter(|unit| unit.dying.is_none()).count().clamp(1, 3);
    let option = |name: &str, otherwise: &str| {
        let hyphens = name.replace('_', "-");
        let set = application.config.get(name).or_else(|| application.config.get(&hyphens));
        set.cloned().unwrap_or_else(|| otherwise.to_owned())
    };
    vec![
        ("compression.type", option("compression_type", "producer")),
        ("min.insync.replicas", (replicas - 1).max(1).to_string()),
        ("cleanup.policy", option("log_cleanup_policy", "delete")),
        ("segment.bytes", option("log_segment_bytes", "1073741824")),
        ("retention.ms", option("log_retention_ms", "-1")),
        ("max.message.bytes", option("message_max_bytes", "1048588")),
        ("retention.bytes", option("log_retention_bytes", "-1")),
    ]
}

/// Runs it; `None`: not known.
pub fn run(bench: &mut Bench<'_>, words: &Words<'_>) -> Option<Said> {
    match words.value("--entity-type") {
        Some("topics") => {}
        Some("users") if words.has("--describe") => return Some(users(bench, words.value("--entity-name"))),
        Some("users") => return None,
        Some(other) if ["brokers", "clients", "groups", "broker-loggers", "ips"].contains(&other) => {
            return None;
        }
        Some(other) => return Some(Said::bad(1, "", format!("Invalid entity type {other}\n"))),
        None => return Some(Said::bad(1, "", "At least one entity type must be specified\n")),
    }
    let Some(name) = words.value("--entity-name").map(str::to_owned) else {
        if words.has("--alter") {
            return Some(Said::bad(1, "", "an entity-name must be specified with --alter of topics\n"));
        }
        let all: Vec<String> = bench.cluster.topics.keys().cloned().collect();
        return Some(Said::good(
            all.iter().map(|name| describe(bench, name, words.has("--all"))).collect::<String>(),
        ));
    };
    match (words.has("--describe"), words.has("--alter")) {
        (true, false) if bench.cluster.topics.contains_key(&name) => {
            Some(Said::good(describe(bench, &name, words.has("--all"))))
        }
        (true, false) => {
            Some(Said::good(format!("The topic '{name}' doesn't exist and doesn't have dynamic config.\n")))
        }
        (false, true) => Some(alter(bench, words, &name)),
        _ => Some(Said::bad(1, "", "Command must include exactly one action: --describe, --alter\n")),
    }
}

/// `--describe` of one topic.
fn describe(bench: &Bench<'_>, name: &str, all: bool) -> String {
    let topic = &bench.cluster.topics[name];
    let mut text = format!("{} configs for topic {name} are:\n", if all { "All" } else { "Dynamic" });
    for (key, _, standard) in SETTINGS {
        let set = topic.configs.get(*key);
        let file = bench.defaults.iter().find(|(of, _)| of == key).map(|(_, value)| value);
        if set.is_none() && !all {
            continue;
        }
        let server = format!("log.{key}");
        let mut synonyms = Vec::new();
        synonyms.extend(set.map(|value| format!("DYNAMIC_TOPIC_CONFIG:{key}={value}")));
        synonyms
            .extend(file.map(|value| format!("STATIC_BROKER_CONFIG:{}={value}", broker_name(key, &server))));
        synonyms.push(format!("DEFAULT_CONFIG:{}={standard}", broker_name(key, &server)));
        let value = set.or(file).map_or(*standard, String::as_str);
        text += &format!("  {key}={value} sensitive=false synonyms={{{}}}\n", synonyms.join(", "));
    }
    text
}

/// What a broker calls a setting of a topic.
fn broker_name<'a>(key: &'a str, server: &'a str) -> &'a str {
    match key {
        "min.insync.replicas" | "compression.type" => key,
        "max.message.bytes" => "message.max.bytes",
        _ => server,
    }
}

/// `--alter`.
fn alter(bench: &mut Bench<'_>, words: &Words<'_>, name: &str) -> Said {
    let (added, deleted) = (words.value("--add-config"), words.values("--delete-config"));
    if added.is_none() && deleted.is_empty() {
        return Said::bad(
            1,
            "",
            "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter\n",
        );
    }
    let failed = |class: &str, text: &str| {
        let class =
            format!("java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.{class}");
        Said::bad(
            1,
            "",
            format!(
                "Error while executing config command with args '--alter --entity-type topics --entity-name {name}'\n{class}: {text}\n"
            ),
        )
    };
    if !bench.cluster.topics.contains_key(name) {
        let text = "This server does not host this topic-partition.";
        return failed("UnknownTopicOrPartitionException", text);
    }
    let mut settings = Vec::new();
    for setting in split(added.unwrap_or_default()) {
        let Some((key, value)) = setting.split_once('=') else {
            let text = "requirement failed: Invalid entity config: all configs to be added must be in the format \"key=val\".\n";
            return Said::bad(1, "", text);
        };
        let value = value.trim().trim_start_matches('[').trim_end_matches(']');
        if let Some(text) = objection(key.trim(), value) {
            return failed("InvalidConfigurationException", &text);
        }
        settings.push((key.trim().to_owned(), value.to_owned()));
    }
    let deleted: Vec<&str> = deleted.iter().flat_map(|keys| keys.split(',')).map(str::trim).collect();
    let topic = bench.cluster.topics.entry(name.to_owned()).or_default();
    let absent: Vec<&str> = deleted.iter().copied().filter(|key| !topic.configs.contains_key(*key)).collect();
    if !absent.is_empty() {
        return Said::bad(1, "", format!("Invalid config(s): {}\n", absent.join(",")));
    }
    topic.configs.extend(settings);
    topic.configs.retain(|key, _| !deleted.contains(&key.as_str()));
    Said::good(format!("Completed updating config for topic {name}.\n"))
}

/// The settings of a list; commas inside brackets belong to a value.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if begin < list.len() {
        parts.push(&list[begin..]);
    }
    parts
}

/// `--describe --entity-type users`: never a password.
fn users(bench: &Bench<'_>, name: Option<&str>) -> Said {
    let own = if bench.brokers.kraft { ["operator", "replication"] } else { ["admin", "sync"] };
    let all = own.into_iter().chain(bench.users.iter().map(|user| user.name.as_str()));
    let text: String = all
        .filter(|user| name.is_none_or(|name| name == *user))
        .map(|user| {
            format!(
                "SCRAM credential configs for user-principal '{user}' are SCRAM-SHA-512=iterations=4096\n"
            )
        })
        .collect();
    Said::good(text)
}
