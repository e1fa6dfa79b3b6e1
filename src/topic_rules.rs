//! What a topic may be called and which options it may have: checked before anything is sent.

use crate::failure::{Failure, Id};

/// The options of a topic that Kafka knows, on either track
/// (apache/kafka:clients/src/main/java/org/apache/kafka/common/config/TopicConfig.java).
const OPTIONS: &[&str] = &[
    "cleanup.policy",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "preallocate",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
];

/// A name that Kafka takes (apache/kafka:clients/src/main/java/org/apache/kafka/common/internals/Topic.java), that
/// no tool can take for an option.
///
/// # Errors
/// It is none.
pub fn existing_name(name: &str) -> Result<String, Failure> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let good = (1..=249).contains(&name.len())
        && name.chars().all(legal)
        && !name.starts_with('-')
        && name != "."
        && name != "..";
    if good {
        return Ok(name.to_owned());
    }
    Err(Failure::new(Id::TopicInvalid, format!("a topic cannot be called `{}`", name.escape_debug()))
        .expected("letters, digits, `.`, `_` and `-`, at most 249, not beginning with `-`"))
}

/// The same, and not one of Kafka's own.
///
/// # Errors
/// It is none, or Kafka's own.
pub fn name(name: &str) -> Result<String, Failure> {
    let name = existing_name(name)?;
    if name.starts_with("__") {
        return Err(Failure::new(Id::TopicInvalid, format!("`{name}` is kept for Kafka's own topics"))
            .expected("a name that does not begin with `__`"));
    }
    Ok(name)
}

/// Options as `KEY=VALUE`.
///
/// # Errors
/// An option that no topic has, or a value that cannot be one.
pub fn options(pairs: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let invalid = |message: String| Failure::new(Id::TopicInvalid, message);
    pairs
        .iter()
        .map(|pair| {
            let (key, value) =
                pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())).ok_or_else(|| {
                    invalid(format!("`{}` is no option", pair.escape_debug()))
                        .expected("KEY=VALUE, such as `retention.ms=3600000`")
                })?;
            if !OPTIONS.contains(&key) {
                let near = OPTIONS.iter().min_by_key(|known| strsim::osa_distance(known, key));
                return Err(invalid(format!("no topic has an option `{}`", key.escape_debug()))
                    .expected(format!("one of {}", OPTIONS.join(", ")))
                    .hint(format!("did you mean `{}`?", near.copied().unwrap_or_default())));
            }
            let legal = |c: char| c.is_ascii_alphanumeric() || "._-,:".contains(c);
            if value.is_empty() || !value.chars().all(legal) {
                return Err(invalid(format!("`{key}` cannot be `{}`", value.escape_debug()))
                    .expected("a number, a word, or words with commas"));
            }
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_shell_or_a_tool_could_misread_are_refused() {
        for bad in ["", ".", "..", "-x", "a b", "a;b", "$(reboot)", "a/b", "ö", &"x".repeat(250)] {
            assert_eq!(name(bad).unwrap_err().id, Id::TopicInvalid, "{bad:?}");
        }
        for good in ["orders", "a.b_c-d", "0"] {
            assert_eq!(name(good).unwrap(), good);
        }
        assert!(name("__consumer_offsets").is_err());
        assert!(existing_name("__consumer_offsets").is_ok());
    }

    #[test]
    fn options_are_checked_by_name_and_value() {
        let check = |pair: &str| options(&[pair.to_owned()]);
        assert_eq!(check("retention.ms=60000").unwrap(), [("retention.ms".into(), "60000".into())]);
        assert_eq!(check("cleanup.policy=compact,delete").unwrap()[0].1, "compact,delete");
        assert!(check("retention.mss=1").unwrap_err().hints[0].contains("retention.ms"));
        for bad in ["retention.ms", "retention.ms=", "retention.ms=1;2", "retention.ms=$(x)"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
