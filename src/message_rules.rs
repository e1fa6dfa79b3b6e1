//! What a message, a key separator and a group's name may be, and the reader that holds a user's lines to it. Nothing
//! here knows how a message travels.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::{Failure, Id};
use crate::text::count;

/// The longest message, its key included: what a producer sends at once is 1 MiB
/// (apache/kafka:clients/src/main/java/org/apache/kafka/clients/producer/ProducerConfig.java, `max.request.size`), of
/// which it reckons up to 89 bytes for what goes around a message (`DefaultRecordBatch`, `DefaultRecord`).
pub const LONGEST: usize = 1024 * 1024 - 96;

/// How many bytes of lines that have come already are handed on at once.
const AT_ONCE: usize = 64 * 1024;

/// The name of a group, which no tool can take for an option.
///
/// # Errors
/// It is none.
pub fn group(name: &str) -> Result<String, Failure> {
    let good =
        (1..=249).contains(&name.len()) && !name.starts_with('-') && !name.chars().any(char::is_control);
    if good {
        return Ok(name.to_owned());
    }
    Err(Failure::new(Id::Usage, format!("a group cannot be called `{}`", name.escape_debug()))
        .expected("at most 249 bytes, no control characters, not beginning with `-`"))
}

/// What stands between key and message; `\t` is a tab.
///
/// # Errors
/// Nothing can stand there.
pub fn key_separator(text: &str) -> Result<String, Failure> {
    let text = text.replace("\\t", "\t");
    if !text.is_empty() && !text.chars().any(|c| c.is_control() && c != '\t') {
        return Ok(text);
    }
    Err(Failure::new(Id::Usage, format!("`{}` cannot be a key separator", text.escape_debug()))
        .expected("one or more characters, such as `:`; `\\t` is a tab"))
}

/// How far [`Messages`] have come.
#[derive(Debug, Default)]
pub struct Progress {
    /// So many were handed on.
    pub handed_on: u64,
    /// Why no more are.
    pub refused: Option<Failure>,
}

/// A user's lines on their way to Kafka's console producer, which reads them as UTF-8, ends a line at a carriage
/// return as well, and only logs what the brokers refuse
/// (apache/kafka:tools/src/main/java/org/apache/kafka/tools/LineMessageReader.java). So a line that it would not
/// send as it is ends the input before it: nothing is sent that the user did not write.
pub struct Messages<R> {
    /// Where they come from.
    input: BufReader<R>,
    /// Every line needs it.
    separator: Option<String>,
    /// Lines that are being handed on.
    ready: Vec<u8>,
    /// How much of them was.
    taken: usize,
    /// Nothing more comes.
    over: bool,
    /// Told to whoever feeds.
    progress: Arc<Mutex<Progress>>,
}

impl<R: Read> Messages<R> {
    /// The lines of this input, and how far they have come.
    pub fn new(input: R, separator: Option<String>) -> (Self, Arc<Mutex<Progress>>) {
        let progress = Arc::<Mutex<Progress>>::default();
        let input = BufReader::with_capacity(AT_ONCE, input);
        let messages = Messages {
            input,
            separator,
            ready: Vec::new(),
            taken: 0,
            over: false,
            progress: progress.clone(),
        };
        (messages, progress)
    }

    /// Waits for the next line, and takes the lines behind it that have come already.
    fn fill(&mut self) {
        self.ready.clear();
        self.taken = 0;
        while !self.over {
            let mut line = Vec::new();
            let limit = u64::try_from(LONGEST + 3).unwrap_or(u64::MAX);
            let read = self.input.by_ref().take(limit).read_until(b'\n', &mut line);
            let mut progress = locked(&self.progress);
            let verdict = match read {
                Ok(0) => {
                    self.over = true;
                    return;
                }
                Ok(_) => check(&line, self.separator.as_deref()),
                Err(error) => Err(format!("it could not be read: {error}")),
            };
            if let Err(why) = verdict {
                self.over = true;
                progress.refused = Some(refused(progress.handed_on, &why));
                return;
            }
            progress.handed_on += 1;
            self.ready.append(&mut line);
            if self.ready.len() >= AT_ONCE || !self.input.buffer().contains(&b'\n') {
                return;
            }
        }
    }
}

impl<R: Read> Read for Messages<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.ready.len() {
            self.fill();
        }
        let mut rest = &self.ready[self.taken..];
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

/// The progress, for a moment.
pub fn locked(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a line, with its end if it has one, can be a message. The answer never quotes it.
fn check(line: &[u8], separator: Option<&str>) -> Result<(), String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes, the most that Kafka takes at once (1 MiB)"));
    }
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("it is not UTF-8 (byte {})", error.valid_up_to() + 1))?;
    if text.contains('\r') {
        return Err("there is a carriage return in it, at which Kafka's tool would cut it in two".to_owned());
    }
    match separator {
        Some(separator) if !text.contains(separator) => {
            Err(format!("there is no `{}` in it", separator.escape_debug()))
        }
        _ => Ok(()),
    }
}

/// The line after so many is none.
fn refused(before: u64, why: &str) -> Failure {
    let sent = count(usize::try_from(before).unwrap_or(usize::MAX), "message");
    Failure::new(Id::MessageRefused, format!("line {} cannot be a message", before + 1))
        .seen(why)
        .hint(format!("what came before it was sent ({sent}), it and what comes after it was not"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of these bytes, how many messages that is, and why no more.
    fn read(input: &[u8], separator: Option<&str>) -> (Vec<u8>, u64, Option<String>) {
        let (mut messages, progress) = Messages::new(input, separator.map(str::to_owned));
        let mut out = Vec::new();
        messages.read_to_end(&mut out).unwrap();
        let progress = locked(&progress);
        let why = progress
            .refused
            .as_ref()
            .map(|failure| format!("{}: {}", failure.message, failure.seen.clone().unwrap()));
        (out, progress.handed_on, why)
    }

    #[test]
    fn lines_are_handed_on_untouched_and_counted() {
        for (input, lines) in [("", 0), ("\n", 1), ("a\n\nb\n", 3), ("a\r\nb", 2)] {
            assert_eq!(read(input.as_bytes(), None), (input.as_bytes().to_vec(), lines, None));
        }
    }

    #[test]
    fn a_line_that_would_not_be_sent_as_it_is_ends_the_input_before_it() {
        let long = [b"a\n".as_slice(), &[b'x'; LONGEST + 1], b"\nb\n"].concat();
        let cases: [(&[u8], Option<&str>, &str); 4] = [
            (&long, None, "longer than"),
            (b"a\ncaf\xe9\nb\n", None, "not UTF-8 (byte 4)"),
            (b"a\nb\rc\n", None, "carriage return"),
            (b"a:\nb\n", Some(":"), "no `:`"),
        ];
        for (input, separator, why) in cases {
            let (out, lines, refusal) = read(input, separator);
            let refusal = refusal.unwrap();
            assert!(
                refusal.starts_with("line 2 cannot be a message: ") && refusal.contains(why),
                "{refusal}"
            );
            assert_eq!(
                (out.as_slice(), lines),
                (&input[..=input.iter().position(|b| *b == b'\n').unwrap()], 1)
            );
        }
        let longest = [vec![b'x'; LONGEST], b"\r\n".to_vec()].concat();
        assert_eq!(read(&longest, None), (longest.clone(), 1, None));
    }

    /// Gives one byte at a time, as a pipe may.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(1);
            self.0.read(&mut buffer[..n])
        }
    }

    proptest! {
        #[test]
        fn however_it_comes_the_same_goes_out(lines in proptest::collection::vec("[a-zö :]{0,20}", 0..20)) {
            let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let (mut messages, progress) = Messages::new(Dribble(input.as_bytes()), None);
            let mut out = String::new();
            messages.read_to_string(&mut out).unwrap();
            prop_assert_eq!(out, input);
            prop_assert_eq!(locked(&progress).handed_on, lines.len() as u64);
        }

        #[test]
        fn no_input_breaks_the_reader(input in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (out, lines, _) = read(&input, None);
            prop_assert!(input.starts_with(&out));
            prop_assert!(lines as usize <= input.len());
        }
    }

    #[test]
    fn separators_and_groups_that_cannot_be_are_refused() {
        assert_eq!(key_separator("\\t").unwrap(), "\t");
        assert_eq!(key_separator(" - ").unwrap(), " - ");
        for bad in ["", "a\nb", "\u{1b}"] {
            assert_eq!(key_separator(bad).unwrap_err().id, Id::Usage, "{bad:?}");
        }
        assert_eq!(group("my group").unwrap(), "my group");
        for bad in ["", "-x", "a\nb", &"x".repeat(250)] {
            assert_eq!(group(bad).unwrap_err().id, Id::Usage, "{bad:?}");
        }
    }
}
