//! Everything that can go wrong and is expected to. `main` prints a failure once; nothing else does. The ids and what is
//! to be said of each are in `id`.

mod id;

use std::fmt;

pub use id::Id;

use crate::host::CommandError;

/// What did not happen, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its stable id.
    pub id: Id,
    /// What did not happen: one sentence without a full stop.
    pub message: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What was last seen.
    pub seen: Option<String>,
    /// What to do, the first being the command that shows the same truth by hand.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure of that id.
    pub fn new(id: Id, message: impl Into<String>) -> Self {
        Failure { id, message: message.into(), expected: None, seen: None, hints: Vec::new() }
    }

    /// With what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With what was last seen.
    #[must_use]
    pub fn seen(mut self, seen: impl Into<String>) -> Self {
        self.seen = Some(seen.into());
        self
    }

    /// With one more thing to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A tool ended badly while something was being done.
    pub fn of_command(doing: &str, error: &CommandError) -> Self {
        match error {
            CommandError::Left { .. } => Failure::new(Id::Interrupted, format!("{doing}: interrupted")),
            CommandError::StillRunning { .. } => {
                Failure::new(Id::StillRunning, format!("{doing}: not finished yet"))
                    .seen(error.to_string())
                    .hint("`kafstack up` goes on waiting for it")
            }
            CommandError::VmNotRunning { .. } => {
                Failure::new(Id::VmNotReady, format!("{doing}: the VM stopped meanwhile"))
                    .seen(error.to_string())
                    .hint("`kafstack up` starts it and resumes")
            }
            _ => Failure::new(Id::CommandFailed, format!("{doing}: the command failed"))
                .seen(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.id)
    }
}

impl std::error::Error for Failure {}
