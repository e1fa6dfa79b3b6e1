//! `kafstack produce`: sends the lines of standard input to a topic. It takes no lock: messages change no stack.

use std::time::Duration;

use super::session::Session;
use super::stack::Stack;
use super::stream::{self, End, Part};
use crate::cli::Produce;
use crate::failure::{Failure, Id};
use crate::host::{CommandLine, Feed, Stream};
use crate::message_rules::{self, Messages, locked};
use crate::report::terminal::Terminal;
use crate::text::count;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_messages;
use crate::topic_rules;

/// `kafstack produce`.
///
/// # Errors
/// The stack is not ready, there is no such topic, a line cannot be a message, or the brokers refused some.
pub fn produce(session: &Session, args: &Produce) -> Result<u8, Failure> {
    let topic = topic_rules::name(&args.topic)?;
    let separator = args.key_separator.as_deref().map(message_rules::key_separator).transpose()?;
    let stack = Stack::open(session)?;
    let (messages, progress) = Messages::new(std::io::stdin(), separator.clone());
    let producer = Producer {
        topic: topic.clone(),
        separator,
        feed: Feed::new(messages),
        refusals: Refusals::default(),
    };
    let (end, ended) = stream::run(session, &stack, topic.clone(), producer)?;
    let mut progress = locked(&progress);
    let sent = |n: u64| count(usize::try_from(n).unwrap_or(usize::MAX), "message");
    if let Some(signal) = ended {
        let handed_on = sent(progress.handed_on);
        return Err(Failure::new(signal.id(), "you left before the input's end")
            .seen(format!("up to {handed_on} went to `{topic}`")));
    }
    let refusals = judge(end, progress.handed_on)?;
    let taken = progress.handed_on.saturating_sub(refusals.lines);
    if refusals.lines > 0 {
        let of = sent(progress.handed_on);
        return Err(Failure::new(
            Id::ActionFailed,
            format!("the brokers refused {} of {of}", refusals.lines),
        )
        .seen(refusals.first));
    }
    if let Some(failure) = progress.refused.take() {
        return Err(failure);
    }
    session.terminal.note(&format!("{} sent to {topic}", sent(taken)));
    Ok(0)
}

/// What the producer says of messages that the brokers did not take.
fn judge(end: End<Producer>, handed_on: u64) -> Result<Refusals, Failure> {
    let doing = format!("Send the messages through {}", end.unit);
    let some = count(usize::try_from(handed_on).unwrap_or(usize::MAX), "line");
    let output = end
        .result
        .map_err(|error| Failure::of_command(&doing, &error).hint(format!("up to {some} were sent")))?;
    if output.code == 0 {
        return Ok(end.part.refusals);
    }
    Err(Failure::new(Id::ActionFailed, doing)
        .seen(stream::complaint(&output.err()))
        .hint(format!("up to {some} were sent")))
}

/// Feeds Kafka's producer.
struct Producer {
    /// Whereto.
    topic: String,
    /// What ends a key.
    separator: Option<String>,
    /// The user's lines.
    feed: Feed,
    /// What the brokers did not take.
    refusals: Refusals,
}

/// What the brokers did not take: the producer only logs it, and ends with 0 all the same
/// (apache/kafka:clients/src/main/java/org/apache/kafka/clients/producer/internals/ErrorLoggingCallback.java).
#[derive(Debug, Default, PartialEq)]
struct Refusals {
    /// So many messages.
    lines: u64,
    /// What it said of the first.
    first: String,
    /// It is about to say why.
    begun: bool,
}

impl Refusals {
    /// Hears a line of the producer's log: first that a message was not sent, in the next one why.
    fn hear(&mut self, text: &str) {
        if text.contains("Error when sending message to topic") {
            self.lines += 1;
            self.begun = self.lines == 1;
        } else if std::mem::take(&mut self.begun) {
            self.first = crate::text::one_line(text);
        }
    }
}

impl Part for Producer {
    fn invitation(&self, terminal: &Terminal) -> Option<&'static str> {
        terminal.can_ask().then_some("each line that you type is a message; Ctrl-D ends")
    }

    fn line(&self, cluster: &Cluster, id: &str) -> CommandLine {
        kafka_messages::produce(cluster, &self.topic, id, self.separator.as_deref(), self.feed.clone())
    }

    fn hear(&mut self, stream: Stream, text: &[u8]) {
        if stream == Stream::Stderr {
            self.refusals.hear(&String::from_utf8_lossy(text));
        }
    }

    fn is_over(&mut self, _: Duration) -> bool {
        // The input's end is the client's own.
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_brokers_refused_is_counted_though_the_producer_ends_well() {
        let mut refusals = Refusals::default();
        for line in [
            "[2026-01-05 10:00:00,000] ERROR Error when sending message to topic orders with key: null, value: 5 bytes with error: (org.apache.kafka.clients.producer.internals.ErrorLoggingCallback)",
            "org.apache.kafka.common.errors.RecordTooLargeException: The request included a message larger than the max message size the server will accept.",
            "[2026-01-05 10:00:01,000] ERROR Error when sending message to topic orders with key: null, value: 6 bytes with error: (…)",
            "org.apache.kafka.common.errors.TimeoutException: another",
        ] {
            refusals.hear(line);
        }
        assert_eq!(refusals.lines, 2);
        assert!(refusals.first.contains("RecordTooLargeException"), "{}", refusals.first);
    }
}
