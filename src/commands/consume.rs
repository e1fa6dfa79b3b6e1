//! `kafstack consume`: prints the messages of a topic to standard output, untouched, as they come. It takes no lock.

use std::io::ErrorKind;
use std::time::Duration;

use super::conduct::Ended;
use super::session::Session;
use super::stack::Stack;
use super::stream::{self, End, Part};
use crate::cli::Consume;
use crate::failure::{Failure, Id};
use crate::host::lines::PIECE;
use crate::host::{CommandError, CommandLine, Stream};
use crate::message_rules;
use crate::report::terminal::Terminal;
use crate::text::count;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_messages::{self, Reading};
use crate::topic_rules;

/// How much longer than `--timeout` the consumer is waited for: it counts only once it runs and has its partitions.
const BEGINNING: Duration = Duration::from_secs(90);
/// How long a consumer that has printed its last message may take to end by itself, and tell its group how far it
/// read.
const ENDING: Duration = Duration::from_secs(15);

/// `kafstack consume`.
///
/// # Errors
/// The stack is not ready, there is no such topic, or the consumer ended before it was to.
pub fn consume(session: &Session, args: &Consume) -> Result<u8, Failure> {
    let topic = topic_rules::existing_name(&args.topic)?;
    let reading = Reading {
        group: args.group.as_deref().map(message_rules::group).transpose()?,
        from_beginning: args.from_beginning,
        max: args.max,
        timeout: args.timeout,
        keys: args.print_keys,
        separator: args.key_separator.as_deref().map(message_rules::key_separator).transpose()?,
    };
    let config = session.resolve_for_use()?.config;
    // Without an end of its own it is played for people.
    let stage = session.stage(&config, reading.is_endless().then_some(1.0))?;
    let stack = Stack { config, stage };
    let consumer = Consumer {
        topic: topic.clone(),
        reading,
        terminal: session.terminal.clone(),
        verbose: session.global.verbose > 0,
        printed: 0,
        said: 0,
        last: (0, Duration::ZERO),
        idle: Duration::ZERO,
        whole: true,
    };
    let (end, ended) = stream::run(session, &stack, topic.clone(), consumer)?;
    let messages = count(usize::try_from(end.part.printed).unwrap_or(usize::MAX), "message");
    if !matches!(ended, None | Some(Ended::Interrupted)) {
        let id = ended.map_or(Id::Interrupted, Ended::id);
        return Err(Failure::new(id, format!("you left after {messages}")));
    }
    if ended.is_none() {
        judge(end)?;
    }
    session.terminal.note(&format!("{messages} from {topic}"));
    Ok(0)
}

/// Whether a consumer that no signal ended was to end.
fn judge(end: End<Consumer>) -> Result<(), Failure> {
    let (part, doing) = (end.part, format!("Read the messages through {}", end.unit));
    match part.terminal.closed() {
        None => {}
        Some(ErrorKind::BrokenPipe) => return Ok(()),
        Some(kind) => {
            return Err(
                Failure::new(Id::FileNotWritten, "standard output takes no more").seen(kind.to_string())
            );
        }
    }
    if part.has_all() || part.has_waited() {
        return Ok(());
    }
    let output = match end.result {
        Ok(output) => output,
        Err(CommandError::Left { .. }) => return Ok(()),
        Err(error) => return Err(Failure::of_command(&doing, &error)),
    };
    // That no message came in time is logged like an error that ends it, and the exit code is 0 either way
    // (apache/kafka:tools/src/main/java/org/apache/kafka/tools/consumer/ConsoleConsumer.java).
    let said = output.err();
    let in_vain =
        part.reading.timeout.is_some() && (said.contains("TimeoutException") || !said.contains("ERROR"));
    if output.code == 0 && in_vain {
        return Ok(());
    }
    Err(Failure::new(Id::ActionFailed, format!("{doing}: the consumer ended by itself"))
        .seen(stream::complaint(&said)))
}

/// Prints what Kafka's consumer prints.
struct Consumer {
    /// Wherefrom.
    topic: String,
    /// How.
    reading: Reading,
    /// Whereto.
    terminal: Terminal,
    /// What the consumer says beside messages is said, too.
    verbose: bool,
    /// So many messages were printed, as far as a line is one.
    printed: u64,
    /// So many lines and pieces came.
    said: u64,
    /// So many had come when the last new one was seen, and when that was.
    last: (u64, Duration),
    /// For how long none has come.
    idle: Duration,
    /// No message is half printed.
    whole: bool,
}

impl Consumer {
    /// Whether all that were asked for were printed.
    fn has_all(&self) -> bool {
        self.whole && self.reading.max.is_some_and(|max| self.printed >= u64::from(max))
    }

    /// Whether it was told to end since nothing came any more, and the consumer did not notice.
    fn has_waited(&self) -> bool {
        self.reading.timeout.is_some_and(|timeout| self.idle >= timeout + BEGINNING)
    }
}

impl Part for Consumer {
    fn invitation(&self, terminal: &Terminal) -> Option<&'static str> {
        let watched = self.reading.is_endless() && terminal.draws_screens();
        watched.then_some("messages are printed as they come; Ctrl-C ends")
    }

    fn line(&self, cluster: &Cluster, id: &str) -> CommandLine {
        kafka_messages::consume(cluster, &self.topic, id, &self.reading)
    }

    fn hear(&mut self, stream: Stream, text: &[u8]) {
        if stream == Stream::Stderr {
            if self.verbose {
                self.terminal.note(&String::from_utf8_lossy(text));
            }
            return;
        }
        self.said += 1;
        // A longer message comes in pieces of exactly this size.
        self.whole = text.len() < PIECE;
        if !self.whole {
            return self.terminal.bytes(text);
        }
        self.terminal.bytes(&[text, b"\n"].concat());
        if self.terminal.closed().is_none() {
            self.printed += 1;
        }
    }

    fn is_over(&mut self, elapsed: Duration) -> bool {
        if self.said != self.last.0 {
            self.last = (self.said, elapsed);
        }
        self.idle = elapsed.saturating_sub(self.last.1);
        self.terminal.closed().is_some() || self.has_waited() || (self.has_all() && self.idle >= ENDING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Output;
    use crate::report::terminal::fake::{self, Screen};

    fn consumer(reading: Reading) -> (Consumer, Screen) {
        let (terminal, screen) = fake::terminal(|_| {});
        let last = (0, Duration::ZERO);
        let (topic, idle) = ("orders".to_owned(), Duration::ZERO);
        (
            Consumer {
                topic,
                reading,
                terminal,
                verbose: false,
                printed: 0,
                said: 0,
                last,
                idle,
                whole: true,
            },
            screen,
        )
    }

    fn ended(part: Consumer, code: i32, stderr: &str) -> Result<(), Failure> {
        let output = Output { code, stderr: stderr.into(), ..Output::default() };
        judge(End { part, result: Ok(output), unit: "kafka/0".into() })
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn messages_come_out_as_they_came_in_and_are_counted_once_each() {
        let (mut part, screen) = consumer(Reading::default());
        let long = "x".repeat(PIECE);
        for text in ["one", "", "\r", &long, "end", &long, ""] {
            part.hear(Stream::Stdout, text.as_bytes());
        }
        part.hear(Stream::Stderr, b"Processed a total of 5 messages");
        assert_eq!(screen.out(), format!("one\n\n\r\n{long}end\n{long}\n"));
        assert_eq!((part.printed, screen.err().as_str()), (5, ""));
    }

    #[test]
    fn the_consumer_may_end_by_itself_before_it_is_told_to() {
        let (mut part, _) = consumer(Reading { max: Some(1), ..Reading::default() });
        assert!(!part.is_over(SECOND * 3600));
        part.hear(Stream::Stdout, b"one");
        assert!(!part.is_over(SECOND * 3601) && !part.is_over(SECOND * 3602));
        assert!(part.is_over(SECOND * 3700));
        ended(part, 143, "").unwrap();
    }

    #[test]
    fn only_an_end_that_was_asked_for_is_a_good_one() {
        let reading = |timeout| Reading { timeout, ..Reading::default() };
        let in_vain = "ERROR Error processing message, terminating consumer process:  (x)\norg.apache.kafka.common.errors.TimeoutException\nProcessed a total of 0 messages\n";
        ended(consumer(reading(Some(SECOND))).0, 0, in_vain).unwrap();
        let refused = in_vain.replace("TimeoutException", "GroupAuthorizationException: no");
        for (timeout, code, said) in [
            (Some(SECOND), 0, refused.as_str()),
            (None, 0, in_vain),
            (Some(SECOND), 1, in_vain),
            (None, 255, ""),
        ] {
            let failure = ended(consumer(reading(timeout)).0, code, said).unwrap_err();
            assert_eq!(failure.id, Id::ActionFailed, "{said}");
        }
    }
}
