//! Why a command gave no answer, or one that will not do.

use std::fmt;
use std::time::Duration;

use super::CommandLine;
use crate::text::duration::words;

/// Why there is no [`super::Output`], or why the one there is will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No such program on `PATH`.
    NotInstalled {
        /// The program.
        program: String,
    },
    /// The program is there but the system would not start it.
    NotStarted {
        /// The line.
        line: String,
        /// The system's reason.
        why: String,
    },
    /// It ran and said no.
    Failed {
        /// The line.
        line: String,
        /// Its exit code.
        code: i32,
        /// Its last words.
        said: String,
    },
    /// It did not end in time. It may have had its effect.
    TimedOut {
        /// The line.
        line: String,
        /// The limit.
        after: Duration,
        /// Its last words.
        said: String,
    },
    /// A long act did not end in time and goes on in the VM.
    StillRunning {
        /// The line.
        line: String,
        /// For how long it was waited for.
        after: Duration,
        /// For how long it has said nothing.
        quiet: Duration,
    },
    /// The user interrupted us and what ran here was ended.
    Left {
        /// The line.
        line: String,
    },
    /// The way to the VM broke: the command may or may not have run.
    Unreachable {
        /// The line.
        line: String,
        /// What the way said.
        why: String,
    },
    /// The VM is not running, so nothing was asked of it: `multipass exec` would start it
    /// (canonical/multipass:src/client/cli/cmd/exec.cpp).
    VmNotRunning {
        /// Its state in Multipass' words, or `absent`.
        state: String,
    },
    /// It said more than it was allowed to.
    TooMuch {
        /// The line.
        line: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// It ended well but what it said is not what such a command says.
    Garbled {
        /// The line.
        line: String,
        /// What is wrong with it.
        why: String,
    },
}

impl CommandError {
    /// For a document that does not parse.
    pub fn garbled(line: &CommandLine, why: impl fmt::Display) -> Self {
        CommandError::Garbled { line: line.to_string(), why: why.to_string() }
    }

    /// Which of them it is, in one word, for events and for who reads them.
    pub fn cause(&self) -> &'static str {
        match self {
            CommandError::NotInstalled { .. } => "not-installed",
            CommandError::NotStarted { .. } => "not-started",
            CommandError::Failed { .. } => "failed",
            CommandError::TimedOut { .. } => "timed-out",
            CommandError::StillRunning { .. } => "still-running",
            CommandError::Left { .. } => "left",
            CommandError::Unreachable { .. } => "unreachable",
            CommandError::VmNotRunning { .. } => "vm-not-running",
            CommandError::TooMuch { .. } => "too-much",
            CommandError::Garbled { .. } => "garbled",
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |f: &mut fmt::Formatter<'_>, said: &str| {
            if said.is_empty() { Ok(()) } else { write!(f, "; it said: {said}") }
        };
        match self {
            CommandError::NotInstalled { program } => {
                write!(f, "`{program}` is not installed (not found on PATH)")
            }
            CommandError::NotStarted { line, why } => write!(f, "`{line}` could not be started: {why}"),
            CommandError::Failed { line, code, said: words } => {
                write!(f, "`{line}` failed with exit code {code}")?;
                said(f, words)
            }
            CommandError::TimedOut { line, after, said: last } => {
                write!(f, "`{line}` did not end within {}", words(*after))?;
                said(f, last)
            }
            CommandError::StillRunning { line, after, quiet } => {
                let (after, quiet) = (words(*after), words(*quiet));
                write!(
                    f,
                    "`{line}` has not ended within {after}, and has said nothing for {quiet}; it goes on in the VM"
                )
            }
            CommandError::Left { line } => write!(f, "`{line}` was left on request"),
            CommandError::Unreachable { line, why } => write!(f, "no answer to `{line}`: {why}"),
            CommandError::VmNotRunning { state } => write!(f, "the VM is not running ({state})"),
            CommandError::TooMuch { line, limit } => write!(f, "`{line}` said more than {limit} bytes"),
            CommandError::Garbled { line, why } => write!(f, "`{line}` answered something unexpected: {why}"),
        }
    }
}

impl std::error::Error for CommandError {}
