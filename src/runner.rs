//! The step runner: ask, act, wait, record, tell. It knows the trait, never a step.

use std::time::Duration;

use crate::checkpoint;
use crate::event::{Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::{CommandError, Hosts};
use crate::plan::Plan;
use crate::step::{Again, Step, Verdict, Work};

/// How often a checkpoint that could not be asked before the act is asked again.
const ASKS: u32 = 5;
/// The pause between two such questions.
const ASK_PAUSE: Duration = Duration::from_secs(10);

/// What the runner writes down: intent before an act, outcome after it.
pub trait Record {
    /// A step is about to act. Returns a number that no other act of this stack ever had.
    ///
    /// # Errors
    /// It could not be written down; then the act must not happen.
    fn begun(&mut self, step: &'static str) -> Result<u64, Failure>;
    /// The step's checkpoint held without an act.
    ///
    /// # Errors
    /// What follows from that could not be written down.
    fn holds(&mut self, step: &'static str) -> Result<(), Failure>;
    /// The step's checkpoint held after its act.
    ///
    /// # Errors
    /// It could not be written down.
    fn done(&mut self, step: &'static str) -> Result<(), Failure>;
    /// The step ended the run.
    fn failed(&mut self, step: &'static str, id: Id);
}

/// Everything a run needs beside the plan.
pub struct Run<'a> {
    /// Where commands run.
    pub hosts: Hosts<'a>,
    /// Who is told.
    pub tell: &'a Teller,
    /// Whether the user wants to stop.
    pub stop: &'a Stop,
    /// What divides the limits.
    pub scale: TimeScale,
    /// The last step to do, if not all.
    pub until: Option<&'a str>,
    /// How a user goes on after a failure.
    pub again: Again,
}

impl Run<'_> {
    /// Does the plan's steps in order, each with its checkpoint before the next one starts. Returns whether anything
    /// had to be done.
    ///
    /// # Errors
    /// The failure of the step that ended the run.
    pub fn all(&self, plan: &Plan, record: &mut dyn Record) -> Result<bool, Failure> {
        let mut acted = false;
        for step in plan.steps() {
            self.tell.step_is(Some(step.name()));
            match self.step(step, record) {
                Ok(did) => acted |= did,
                Err(failure) => {
                    record.failed(step.name(), failure.id);
                    let (id, message) = (failure.id.as_str(), failure.message.clone());
                    self.tell.tell(Fact::StepFailed { step: step.name(), id, message });
                    self.tell.step_is(None);
                    return Err(failure);
                }
            }
            if self.until == Some(step.name()) {
                break;
            }
        }
        self.tell.step_is(None);
        Ok(acted)
    }

    /// One step. Returns whether it had to act.
    fn step(&self, step: &dyn Step, record: &mut dyn Record) -> Result<bool, Failure> {
        if self.stop.requested() {
            return Err(checkpoint::interrupted(step, self.again));
        }
        if let Some(seen) = self.holds_already(step)? {
            record.holds(step.name())?;
            self.tell.tell(Fact::StepSkipped { step: step.name(), seen });
            return Ok(false);
        }
        let began = self.hosts.clock.now();
        let point = step.checkpoint();
        let limit = self.scale.wait(point.timeout);
        let limit_s = point.timeout.as_secs();
        self.tell.tell(Fact::StepStarted { step: step.name(), title: step.title(), limit_s });
        let act_id = record.begun(step.name())?;
        let work = Work {
            hosts: self.hosts,
            tell: self.tell,
            stop: self.stop,
            step: step.name(),
            began,
            limit,
            scale: self.scale,
            again: self.again,
            act_id,
        };
        if let Err(failure) = step.act(&work) {
            self.forgive(step, failure)?;
        }
        let seen = checkpoint::wait(step, &point, &work)?;
        record.done(step.name())?;
        let took_ms = u64::try_from(work.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tell.tell(Fact::StepFinished { step: step.name(), seen, took_ms });
        Ok(true)
    }

    /// A command that failed or whose answer was lost may have had its effect all the same: the world is asked once
    /// more, and only if it says no does the failure stand.
    fn forgive(&self, step: &dyn Step, failure: Failure) -> Result<(), Failure> {
        if matches!(failure.id, Id::Interrupted | Id::StillRunning) || self.stop.requested() {
            return Err(failure);
        }
        match step.probe(&self.hosts) {
            Ok(Verdict::Met { .. }) => {
                let message = format!("{}; yet its checkpoint holds, so kafstack goes on", failure.message);
                self.tell.tell(Fact::Warning { step: Some(step.name()), message });
                Ok(())
            }
            Ok(Verdict::NotYet { .. } | Verdict::Broken(_)) | Err(_) => Err(failure),
        }
    }

    /// Asks the checkpoint before the act. "Could not ask" is not "no": it is asked again, and in the end the step
    /// fails rather than act on something it does not know.
    fn holds_already(&self, step: &dyn Step) -> Result<Option<String>, Failure> {
        for attempt in 1.. {
            let error = match step.probe(&self.hosts) {
                Ok(Verdict::Met { seen }) => return Ok(Some(seen)),
                Ok(Verdict::NotYet { .. }) => return Ok(None),
                Ok(Verdict::Broken(failure)) => return Err(*failure),
                Err(CommandError::Left { .. }) => return Err(checkpoint::interrupted(step, self.again)),
                Err(error) => error,
            };
            if self.stop.requested() {
                return Err(checkpoint::interrupted(step, self.again));
            }
            if attempt >= ASKS {
                let point = step.checkpoint();
                return Err(Failure::new(
                    point.not_met,
                    format!("{}: its state could not be asked", step.title()),
                )
                .expected(point.expect)
                .seen(error.to_string())
                .hint(format!("look yourself: `{}`", point.look_here))
                .hint(self.again.hint()));
            }
            let (why, of, pause_s) = (error.to_string(), ASKS, ASK_PAUSE.as_secs());
            self.tell.tell(Fact::Retrying { step: step.name(), why, attempt: attempt + 1, of, pause_s });
            self.hosts.clock.pause(ASK_PAUSE);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
