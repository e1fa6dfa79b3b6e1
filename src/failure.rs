//! Everything that can go wrong and is expected to. `main` prints a failure once; nothing else does. The ids and what is
//! to be said of each are in `id`.

mod cause;
mod id;

use std::fmt;

pub use cause::Cause;
pub use id::Id;

use crate::host::CommandError;
use crate::host::vm::long_acts;
use crate::known::{self, Class};
use crate::text;

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
    /// Why, if that was found out.
    pub cause: Option<Box<Cause>>,
    /// What to do, the first being the command that shows the same truth by hand.
    pub hints: Vec<String>,
    /// Whether the same may end well when it is tried again.
    pub class: Class,
}

impl Failure {
    /// A failure of that id.
    pub fn new(id: Id, message: impl Into<String>) -> Self {
        Failure {
            id,
            message: message.into(),
            expected: None,
            seen: None,
            cause: None,
            hints: Vec::new(),
            class: Class::Unknown,
        }
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

    /// As one that may end well when it is tried again.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.class = Class::Transient;
        self
    }

    /// A tool ended badly while something was being done. Its own words say whether to try again; so does a way that
    /// broke. What ended because its time was over stays unknown: it may have hung for a reason.
    pub fn of_command(doing: &str, error: &CommandError) -> Self {
        match error {
            CommandError::Left { .. } => Failure::new(Id::Interrupted, format!("{doing}: interrupted")),
            CommandError::StillRunning { .. } => Failure::new(
                Id::StillRunning,
                format!("{doing}: not finished yet"),
            )
            .seen(error.to_string())
            .hint("`kafstack up` goes on waiting for it")
            .hint(format!(
                "if it hangs: `kafstack shell -- sh -c '{}'` ends it, and `kafstack up` begins it again",
                long_acts::END
            )),
            CommandError::VmNotRunning { .. } => {
                Failure::new(Id::VmNotReady, format!("{doing}: the VM stopped meanwhile"))
                    .seen(error.to_string())
                    .hint("`kafstack up` starts it and resumes")
            }
            _ => {
                let class = match error {
                    CommandError::Unreachable { .. } | CommandError::Garbled { .. } => Class::Transient,
                    CommandError::NotInstalled { .. } | CommandError::NotStarted { .. } => Class::Permanent,
                    CommandError::Failed { said, .. } => {
                        known::recognise(said).map_or(Class::Unknown, |issue| issue.class)
                    }
                    _ => Class::Unknown,
                };
                let failure = Failure::new(Id::CommandFailed, format!("{doing}: the command failed"));
                Failure { class, ..failure.seen(error.to_string()) }
            }
        }
    }

    /// The same where the world is simulated: what can be typed next gets `--rehearse`.
    pub fn for_rehearsal(mut self) -> Self {
        let cure = self.cause.iter_mut().map(|cause| &mut cause.cure);
        self.hints.iter_mut().chain(cure).for_each(|hint| *hint = text::for_rehearsal(hint));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.id)
    }
}

impl std::error::Error for Failure {}
