//! The seam to the outside: everything kafstack learns or changes goes through [`Host::run`].
//!
//! A command is plain data ([`CommandLine`]) and so is what came of it. No process, no shell and no file is
//! handed across; text that a tool needs travels as its standard input.

pub mod clock;
mod command;
mod error;
#[cfg(test)]
pub mod fake;
pub mod kept;
pub mod laptop;
pub mod lines;
pub mod questions;
pub mod recorded;
pub mod scrub;
pub mod secret;
pub mod vm;

use std::fmt;
use std::time::Duration;

pub use clock::Clock;
pub use command::{CAPTURE, CommandLine, Effect, Feed, Io, Long, Stdin, TAIL, paste, typed};
pub use error::CommandError;

/// Somewhere commands run: this laptop, the VM on it, the simulated laptop of the rehearsal, a fake in tests.
pub trait Host: Send + Sync {
    /// Runs one command to its end and returns what it said and how it ended.
    ///
    /// A non-zero exit code is not an error here: many tools say "no" with one. Callers that expect success use
    /// [`Output::success`].
    ///
    /// # Errors
    /// The command could not be started, did not end in time, was left on request, or the way to the place where
    /// it runs was broken. None of these says whether the command had its effect.
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError>;

    /// [`Host::run`] for callers with nothing to do meanwhile.
    ///
    /// # Errors
    /// As [`Host::run`].
    fn ask(&self, line: &CommandLine) -> Result<Output, CommandError> {
        self.run(line, &mut Unwatched)
    }
}

/// The two places that steps know, and the clock they share.
#[derive(Clone, Copy)]
pub struct Hosts<'a> {
    /// The machine on which kafstack itself runs.
    pub laptop: &'a dyn Host,
    /// The machine that carries the stack. Nothing above this line may assume that it is a Multipass VM.
    pub vm: &'a dyn Host,
    /// Real time, or the rehearsal's.
    pub clock: &'a dyn Clock,
}

impl<'a> Hosts<'a> {
    /// The host of that name.
    pub fn on(&self, place: Place) -> &'a dyn Host {
        match place {
            Place::Laptop => self.laptop,
            Place::Vm => self.vm,
        }
    }
}

/// Where a command runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// On the user's own machine.
    #[default]
    Laptop,
    /// Inside the VM, as its user `ubuntu`.
    Vm,
}

impl fmt::Display for Place {
    /// `laptop` or `vm`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Place::Laptop => "laptop",
            Place::Vm => "vm",
        })
    }
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a caller wants to happen to the command it watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Let it run.
    GoOn,
    /// End what runs on this laptop. A long act in the VM goes on there.
    Leave,
    /// The same, because its time is over.
    GiveUp,
}

/// What a caller sees while a command runs, on the caller's own thread.
pub trait Watch {
    /// A whole line, without its end; or a piece of one, of 8 KiB or up to a carriage return or backspace (see
    /// [`lines::Lines`]).
    fn line(&mut self, stream: Stream, text: &[u8]);
    /// Called every now and then (about ten times a second on the laptop, every simulated second in rehearsal).
    fn tick(&mut self, elapsed: Duration) -> Flow;
    /// Called between two looks at a long act, when the host is free: here the caller may ask it something.
    fn between(&mut self, _elapsed: Duration) {}
}

/// A caller that does not look.
pub struct Unwatched;

impl Watch for Unwatched {
    fn line(&mut self, _: Stream, _: &[u8]) {}
    fn tick(&mut self, _: Duration) -> Flow {
        Flow::GoOn
    }
}

/// What a command said and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit code; a child ended by signal N has 128 + N, as in a shell.
    pub code: i32,
    /// Standard output: all of it if captured, else its tail.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, likewise.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Both streams, for tests that look for a tool's phrase on either.
    #[cfg(test)]
    pub fn said(&self) -> String {
        format!("{}\n{}", self.out(), self.err())
    }

    /// Itself if the exit code is 0.
    ///
    /// # Errors
    /// [`CommandError::Failed`] with the line and the output's tail.
    pub fn success(self, line: &CommandLine) -> Result<Output, CommandError> {
        if self.code == 0 {
            Ok(self)
        } else {
            Err(CommandError::Failed { line: line.to_string(), code: self.code, said: self.last_words(line) })
        }
    }

    /// The last few lines it said, for an error's text, without secrets; nothing of a confidential command.
    pub fn last_words(&self, line: &CommandLine) -> String {
        if line.confidential {
            return "(its output is confidential)".to_owned();
        }
        let text = if self.stderr.iter().all(u8::is_ascii_whitespace) { self.out() } else { self.err() };
        // A tail may begin within a secret.
        let whole = text.len() < TAIL;
        let text =
            if whole { &*text } else { text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest) };
        let text = lines::clean(&scrub::text(text));
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidential_command_keeps_its_words_out_of_the_error() {
        let line = CommandLine::reads("cat", ["secret"]).confidential();
        let output = Output { code: 1, stderr: b"canary".to_vec(), ..Output::default() };
        assert!(!output.success(&line).unwrap_err().to_string().contains("canary"));
    }
}
