//! The options of the kafka charm, as far as they may be set through `kafka.options`.
//!
//! They are checked here because the charm does not refuse them politely: an unknown one fails the whole deployment,
//! and an impossible value ends a hook with an error that stays until somebody corrects it. Names, types and ranges
//! are those of canonical/kafka-operator: `config.yaml` and `src/core/structured_config.py` on branch 3/edge,
//! `machine/config.yaml` and `common/single_kernel_kafka/core/structured_config.py` for track 4.

use super::values::{listed, nearest};

/// One option.
struct Row {
    /// Its name with underscores; track 4 has hyphens instead.
    name: &'static str,
    /// What its value looks like.
    form: Form,
    /// The tracks that have it.
    tracks: &'static [&'static str],
}

/// What a value looks like.
enum Form {
    /// A whole number from, to.
    Whole(i64, i64),
    /// A number from, to.
    Number(f64, f64),
    /// `true` or `false`.
    Truth,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Listeners with ports (`extra_listeners`).
    Listeners,
    /// Free text, which may be empty.
    Text,
}

/// Both tracks.
const BOTH: &[&str] = &["3", "4"];
/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The largest 32-bit number, which the charm's `int` options end at.
const INT: i64 = i32::MAX as i64;

/// All of them.
const TABLE: &[Row] = &[
    row(
        "compression_type",
        Form::OneOf(&["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
        BOTH,
    ),
    row("log_flush_interval_messages", Form::Whole(1, i64::MAX), BOTH),
    row("log_flush_interval_ms", Form::Whole(1, i64::MAX), BOTH),
    row("log_flush_offset_checkpoint_interval_ms", Form::Whole(0, INT), BOTH),
    row("log_retention_bytes", Form::Whole(-1, i64::MAX), BOTH),
    row("log_retention_ms", Form::Whole(-1, i64::MAX), BOTH),
    row("log_segment_bytes", Form::Whole(1024 * 1024, INT), BOTH),
    row("message_max_bytes", Form::Whole(0, INT), BOTH),
    row("offsets_topic_num_partitions", Form::Whole(1, 10_000), BOTH),
    row("transaction_state_log_num_partitions", Form::Whole(1, 10_000), BOTH),
    row("unclean_leader_election_enable", Form::Truth, BOTH),
    row("log_cleaner_delete_retention_ms", Form::Whole(1, 90 * DAY_MS), BOTH),
    row("log_cleaner_min_compaction_lag_ms", Form::Whole(0, 7 * DAY_MS), BOTH),
    row("log_cleanup_policy", Form::OneOf(&["delete", "compact"]), BOTH),
    row("log_message_timestamp_type", Form::OneOf(&["CreateTime", "LogAppendTime"]), BOTH),
    row("log_level", Form::OneOf(&["ERROR", "WARNING", "INFO", "DEBUG"]), BOTH),
    row("ssl_cipher_suites", Form::Text, BOTH),
    row("ssl_principal_mapping_rules", Form::Text, BOTH),
    row("zookeeper_ssl_cipher_suites", Form::Text, &["3"]),
    row("replication_quota_window_num", Form::Whole(1, INT), BOTH),
    row("certificate_extra_sans", Form::Text, BOTH),
    row("certificate_include_ip_sans", Form::Truth, &["3"]),
    row("extra_listeners", Form::Listeners, BOTH),
    row("network_bandwidth", Form::Whole(1, INT), BOTH),
    row("cruisecontrol_balance_threshold", Form::Number(1.0, 1e6), BOTH),
    row("cruisecontrol_capacity_threshold", Form::Number(0.0, 1.0), BOTH),
    row("pause_after_unit_refresh", Form::OneOf(&["all", "first", "none"]), &["4"]),
];

/// Options that are not set this way: the name with underscores, and why not.
const ELSEWHERE: &[(&str, &str)] = &[
    ("roles", "kafstack sets it: track 3 is a broker, track 4 broker and controller in one"),
    ("role", "kafstack sets it: track 3 is a broker, track 4 broker and controller in one"),
    ("profile", "it has a key of its own, `kafka.profile`"),
    ("system_users", "it names a secret, and secrets are not kept in a configuration"),
    ("tls_private_key", "it names a secret, and secrets are not kept in a configuration"),
    ("expose_external", "it has no effect on machines, only on Kubernetes"),
];

/// Shortens the table.
const fn row(name: &'static str, form: Form, tracks: &'static [&'static str]) -> Row {
    Row { name, form, tracks }
}

/// What is wrong with an option.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The charm has no such option, or it is not set this way; and what to do instead.
    Name(String),
    /// Its value cannot be; and what would be right.
    Value(String),
}

/// Checks an option for a track of the charm.
///
/// # Errors
/// What is wrong with it.
pub fn check(track: &str, name: &str, value: &str) -> Result<(), Wrong> {
    let plain = name.replace('-', "_");
    if let Some((_, why)) = ELSEWHERE.iter().find(|(known, _)| *known == plain) {
        return Err(Wrong::Name(format!("it is not set this way: {why}")));
    }
    let here = || TABLE.iter().filter(|row| row.tracks.contains(&track));
    let Some(row) = here().find(|row| row.name == plain) else {
        if TABLE.iter().any(|row| row.name == plain) {
            return Err(Wrong::Name(format!("the kafka charm of track {track} has no such option")));
        }
        return Err(Wrong::Name(match nearest(&plain, here().map(|row| row.name)) {
            Some(near) => {
                format!("the kafka charm has no such option; did you mean `{}`?", spelled(near, track))
            }
            None => {
                let known: Vec<String> = here().map(|row| spelled(row.name, track)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                format!("the kafka charm has no such option; it has {}", listed(&known))
            }
        }));
    };
    let right = spelled(row.name, track);
    if name != right {
        return Err(Wrong::Name(format!("track {track} of the kafka charm spells it `{right}`")));
    }
    row.form.check(value).map_err(Wrong::Value)
}

/// An option's name as a track spells it.
fn spelled(name: &str, track: &str) -> String {
    if track == "4" { name.replace('_', "-") } else { name.to_owned() }
}

impl Form {
    /// Checks a value; the error says what would be right.
    fn check(&self, value: &str) -> Result<(), String> {
        // Juju reads a file when the value of `--config KEY=VALUE` begins with `@`
        // (juju/juju:cmd/juju/application/config.go).
        let one_line = !value.starts_with('@') && !value.chars().any(char::is_control) && value.len() <= 4096;
        let (right, sentence) = match self {
            Form::Whole(least, most) => (
                value.parse::<i64>().is_ok_and(|n| n.to_string() == value && (*least..=*most).contains(&n)),
                match most {
                    &i64::MAX => format!("a whole number not below {least}"),
                    most => format!("a whole number from {least} to {most}"),
                },
            ),
            Form::Number(least, most) => (
                value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && value.parse::<f64>().is_ok_and(|n| (*least..=*most).contains(&n)),
                format!("a number from {least} to {most}"),
            ),
            Form::Truth => (["true", "false"].contains(&value), "`true` or `false`".to_owned()),
            Form::OneOf(words) => (words.contains(&value), format!("one of {}", listed(words))),
            Form::Listeners => (
                one_line && listeners(value),
                "names with commas between them, each with or without a port from 20001 to 49999, the ports ascending by \
                 more than 100, such as `broker-{unit}.lan:30000`"
                    .to_owned(),
            ),
            Form::Text => {
                (one_line, "one line of at most 4096 characters that does not begin with `@`".to_owned())
            }
        };
        right.then_some(()).ok_or(sentence)
    }
}

/// The charm's own rule for `extra_listeners`.
fn listeners(value: &str) -> bool {
    let mut last = 0;
    value.is_empty()
        || value.split(',').all(|listener| match listener.split_once(':') {
            None => !listener.is_empty(),
            Some((name, port)) => {
                let port: u32 = port.parse().unwrap_or(0);
                let right = !name.is_empty() && (20_001..50_000).contains(&port) && port > last + 100;
                last = port;
                right
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_problem(track: &str, name: &str) -> String {
        match check(track, name, "1") {
            Err(Wrong::Name(why)) => why,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn each_track_has_its_own_spelling() {
        assert_eq!(check("3", "log_retention_ms", "3600000"), Ok(()));
        assert_eq!(check("4", "log-retention-ms", "3600000"), Ok(()));
        assert!(name_problem("3", "log-retention-ms").contains("`log_retention_ms`"));
        assert!(name_problem("4", "log_retention_ms").contains("`log-retention-ms`"));
    }

    #[test]
    fn unknown_options_are_refused_with_the_nearest() {
        assert!(name_problem("3", "log_retention_mss").contains("did you mean `log_retention_ms`?"));
        assert!(name_problem("4", "log-retentoin-ms").contains("did you mean `log-retention-ms`?"));
        assert!(name_problem("3", "coffee").contains("`compression_type`"));
        assert!(name_problem("4", "zookeeper-ssl-cipher-suites").contains("track 4"));
    }

    #[test]
    fn what_is_set_elsewhere_says_where() {
        assert!(name_problem("3", "profile").contains("kafka.profile"));
        assert!(name_problem("4", "roles").contains("kafstack sets it"));
        for secret in ["system-users", "tls-private-key", "system_users"] {
            assert!(name_problem("4", secret).contains("secret"));
        }
    }

    #[test]
    fn values_that_would_crash_a_hook_are_refused() {
        for (name, value) in [
            ("log_retention_ms", "-2"),
            ("log_retention_ms", "1h"),
            ("log_retention_ms", ""),
            ("log_retention_ms", "+5"),
            ("log_retention_ms", "9223372036854775808"),
            ("log_segment_bytes", "2147483648"),
            ("log_cleanup_policy", "compact,delete"),
            ("compression_type", "brotli"),
            ("unclean_leader_election_enable", "yes"),
            ("cruisecontrol_capacity_threshold", "1.1"),
            ("cruisecontrol_balance_threshold", "NaN"),
            ("extra_listeners", "a:30000,b:30050"),
            ("extra_listeners", "a:9092"),
            ("ssl_principal_mapping_rules", "@/etc/passwd"),
            ("certificate_extra_sans", "a\nb"),
        ] {
            assert!(matches!(check("3", name, value), Err(Wrong::Value(_))), "{name}={value}");
        }
        for (name, value) in [
            ("log_retention_ms", "-1"),
            ("compression_type", "zstd"),
            ("cruisecontrol_capacity_threshold", "0.8"),
            ("extra_listeners", "broker-{unit}.lan:30000,other"),
            ("ssl_cipher_suites", ""),
        ] {
            assert_eq!(check("3", name, value), Ok(()), "{name}={value}");
        }
    }
}
