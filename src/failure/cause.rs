//! Why something is stuck or failed, as far as kafstack found out.

use crate::event::Fact;
use crate::known::Issue;

/// One cause, what shows it, and the one command to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The id of the known issue.
    pub id: &'static str,
    /// What it is, one sentence without a full stop.
    pub what: &'static str,
    /// What shows it, in one line.
    pub evidence: String,
    /// What to do about it.
    pub cure: String,
}

impl Cause {
    /// A known issue, shown by this.
    pub fn new(issue: &'static Issue, evidence: impl Into<String>, cure: String) -> Self {
        Cause { id: issue.id, what: issue.cause, evidence: evidence.into(), cure }
    }

    /// As a fact about a step.
    pub fn fact(&self, step: &'static str) -> Fact {
        let Cause { id, what, evidence, cure } = self.clone();
        Fact::Diagnosed { step, id, cause: what.to_owned(), evidence, cure }
    }
}
