//! The step runner: ask, act, wait, record, tell. It knows the trait, never a step.

use std::time::Duration;

use crate::checkpoint;
use crate::event::{Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::{CommandError, Hosts};
use crate::known::Class;
use crate::plan::Plan;
use crate::step::{Again, Diagnose, Pace, Step, Verdict, Work};

/// How often what may heal is tried: an act, or a checkpoint that could not be asked before it.
const TRIES: u32 = 6;
/// The first pause between two tries. Each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(10);

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
    /// Finds out why a step does not get on.
    pub diagnose: &'a Diagnose<'a>,
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
                    let failure = self.with_cause(step.name(), failure);
                    record.failed(step.name(), failure.id);
                    let (id, message) = (failure.id.as_str(), failure.message.clone());
                    let cause = failure.cause.as_ref().map(|cause| cause.id);
                    self.tell.tell(Fact::StepFailed { step: step.name(), id, message, cause });
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

    /// A failure with its cause, if that can be found out. Whoever stopped kafstack knows why.
    fn with_cause(&self, step: &'static str, failure: Failure) -> Failure {
        if self.stop.requested() || failure.cause.is_some() {
            return failure;
        }
        let seen = failure.seen.as_deref().unwrap_or_default();
        let cause = self.tell.aside(|| (self.diagnose)(&self.hosts, step, seen));
        Failure { cause: cause.map(Box::new), ..failure }
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
        let point = step.checkpoint();
        let pace = Pace::new(self.hosts.clock.now(), self.scale.wait(point.timeout));
        let limit_s = point.timeout.as_secs();
        self.tell.tell(Fact::StepStarted { step: step.name(), title: step.title(), limit_s });
        let act_id = record.begun(step.name())?;
        let mut work = Work {
            hosts: self.hosts,
            tell: self.tell,
            stop: self.stop,
            step: step.name(),
            pace: &pace,
            scale: self.scale,
            again: self.again,
            act_id,
            attempt: 1,
            diagnose: self.diagnose,
        };
        while let Err(failure) = step.act(&work) {
            if self.forgiven(step, &failure) {
                break;
            }
            self.may_try_again(&work, failure)?;
            work.attempt += 1;
        }
        let seen = checkpoint::wait(step, &point, &work)?;
        record.done(step.name())?;
        let took_ms = u64::try_from(work.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tell.tell(Fact::StepFinished { step: step.name(), seen, took_ms });
        Ok(true)
    }

    /// A command that failed or whose answer was lost may have had its effect all the same: the world is asked once
    /// more, and only if it says no does the failure stand.
    fn forgiven(&self, step: &dyn Step, failure: &Failure) -> bool {
        if matches!(failure.id, Id::Interrupted | Id::StillRunning) || self.stop.requested() {
            return false;
        }
        let holds = matches!(step.probe(&self.hosts), Ok(Verdict::Met { .. }));
        if holds {
            let message = format!("{}; yet its checkpoint holds, so kafstack goes on", failure.message);
            self.tell.tell(Fact::Warning { step: Some(step.name()), message });
        }
        holds
    }

    /// Lets an act that failed be tried again after a pause, if that may help. An act looks before it acts, so what it
    /// did before it failed is not done twice.
    ///
    /// # Errors
    /// It will not: the failure is permanent or unknown, or it was tried often enough, or the user wants to stop.
    fn may_try_again(&self, work: &Work<'_>, failure: Failure) -> Result<(), Failure> {
        if failure.class != Class::Transient || self.stop.requested() {
            return Err(failure);
        }
        if work.attempt >= TRIES || !work.may_go_on() {
            let message = format!("{} (tried {})", failure.message, times(work.attempt));
            return Err(Failure { message, ..failure });
        }
        let why = failure.seen.as_deref().unwrap_or(&failure.message);
        self.pause_before(work.step, work.attempt + 1, why);
        if self.stop.requested() { Err(failure) } else { Ok(()) }
    }

    /// Says that something is tried again, and waits until then: twice as long before each try, and a little more or
    /// less, so that many who failed together do not come back together.
    fn pause_before(&self, step: &'static str, attempt: u32, why: &str) {
        let full = PAUSE * 2_u32.saturating_pow(attempt.saturating_sub(2));
        let now = self.hosts.clock.now().as_second().to_le_bytes();
        let percent = 80 + crc32fast::hash(&[step.as_bytes(), &now].concat()) % 41;
        let pause = Duration::from_secs((full * percent / 100).as_secs());
        let (why, of, pause_s) = (why.to_owned(), TRIES, pause.as_secs());
        self.tell.tell(Fact::Retrying { step, why, attempt, of, pause_s });
        self.hosts.clock.pause(pause);
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
            if attempt >= TRIES {
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
            self.pause_before(step.name(), attempt + 1, &error.to_string());
        }
        Ok(None)
    }
}

/// `once`, `3 times`.
fn times(n: u32) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

#[cfg(test)]
mod tests;
