//! The options of `console-producer` and `console-consumer`.

use super::super::grammar::Words;
use super::tool::{ADMIN_FILE, Said, misfit};

/// What a console tool was asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The topic.
    pub topic: String,
    /// The brokers to ask first.
    pub server: String,
    /// What it calls itself.
    pub client: String,
    /// The group, if one was named.
    pub group: Option<String>,
    /// Whether a group without committed offsets begins at the beginning.
    pub from_beginning: bool,
    /// How many messages are enough.
    pub most: Option<usize>,
    /// How long it waits for a message, in milliseconds.
    pub timeout: Option<i64>,
    /// Whether records have keys: a producer takes them apart, a consumer prints them.
    pub keys: bool,
    /// What stands between key and value.
    pub separator: String,
    /// What else a consumer prints of each record: `timestamp`, `partition`, `offset`.
    pub prints: Vec<String>,
}

/// Reads the words after `charmed-kafka.console-producer` or `-consumer`.
///
/// # Errors
/// What the tool says when it does not like them; `None` inside: not known here.
pub fn read(producer: bool, words: &[&str]) -> Result<Options, Option<Said>> {
    let (flags, valued): (&[&str], &[&str]) = if producer {
        (
            &["--sync"],
            &["--topic", "--bootstrap-server", "--producer.config", "--producer-property", "--property"],
        )
    } else {
        (
            &["--from-beginning"],
            &[
                "--topic",
                "--bootstrap-server",
                "--consumer.config",
                "--consumer-property",
                "--property",
                "--group",
                "--max-messages",
                "--timeout-ms",
            ],
        )
    };
    let tool = if producer { "ConsoleProducer" } else { "ConsoleConsumer" };
    let words = Words::read(words, flags, valued).map_err(|why| Some(misfit(tool, &why)))?;
    let required = |option: &str| {
        let text = format!("Missing required argument \"[{}]\"\n", option.trim_start_matches('-'));
        words.value(option).map(str::to_owned).ok_or_else(|| Some(Said::bad(1, "", text)))
    };
    let number = |option: &str| match words.value(option) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(Some).map_err(|_| {
            Some(Said::bad(
                1,
                "",
                format!("Cannot parse argument '{text}' of option {}\n", option.trim_start_matches('-')),
            ))
        }),
    };
    let server = required("--bootstrap-server")?;
    let topic = required("--topic")?;
    let (config, property) = if producer {
        ("--producer.config", "--producer-property")
    } else {
        ("--consumer.config", "--consumer-property")
    };
    match words.value(config) {
        Some(ADMIN_FILE) => {}
        Some(file) => {
            return Err(Some(Said::bad(1, "", format!("java.nio.file.NoSuchFileException: {file}\n"))));
        }
        None => return Err(None),
    }
    let default = if producer { "console-producer" } else { "console-consumer" };
    let mut options = Options {
        topic,
        server,
        client: default.to_owned(),
        group: words.value("--group").map(str::to_owned),
        from_beginning: words.has("--from-beginning"),
        most: number("--max-messages")?.and_then(|most| usize::try_from(most).ok()),
        timeout: number("--timeout-ms")?.filter(|timeout| *timeout >= 0),
        separator: "\t".to_owned(),
        ..Options::default()
    };
    for setting in words.values(property) {
        match setting.split_once('=') {
            Some(("client.id", id)) => options.client = id.to_owned(),
            _ => return Err(None),
        }
    }
    for setting in words.values("--property") {
        let yes = |value: &str| value.eq_ignore_ascii_case("true");
        match setting.split_once('=') {
            Some(("parse.key", value)) if producer => options.keys = yes(value),
            Some(("print.key", value)) if !producer => options.keys = yes(value),
            Some(("key.separator", separator)) => separator.clone_into(&mut options.separator),
            Some((name, value))
                if !producer && ["print.timestamp", "print.partition", "print.offset"].contains(&name) =>
            {
                if yes(value) {
                    options.prints.push(name["print.".len()..].to_owned());
                }
            }
            _ => return Err(None),
        }
    }
    Ok(options)
}
