//! The one loop that waits: asks a step's checkpoint again and again, says what it sees, and gives up in time.

use std::time::Duration;

use crate::failure::{Failure, Id};
use crate::host::CommandError;
use crate::step::{Again, Checkpoint, Step, Verdict, Work};
use crate::text::duration;

/// How long a VM may be down in the middle of a step before the step gives up.
const STOPPED_FOR: Duration = Duration::from_secs(180);

/// Waits until the step's checkpoint holds often enough in a row. Returns what it saw.
///
/// # Errors
/// The checkpoint is broken, did not hold before the step's limit (counted from its start), or the user interrupted.
pub fn wait(step: &dyn Step, checkpoint: &Checkpoint, work: &Work<'_>) -> Result<String, Failure> {
    let mut in_a_row = 0;
    let mut stopped_at = None;
    let mut told = String::new();
    loop {
        let verdict = step.probe(&work.hosts);
        if !matches!(verdict, Err(CommandError::VmNotRunning { .. })) {
            stopped_at = None;
        }
        let seen = match verdict {
            Ok(Verdict::Met { seen }) => {
                in_a_row += 1;
                if in_a_row >= checkpoint.successes {
                    return Ok(seen);
                }
                told.clone()
            }
            Ok(Verdict::NotYet { seen }) => {
                in_a_row = 0;
                seen
            }
            Ok(Verdict::Broken(failure)) => return Err(*failure),
            Err(CommandError::Left { .. }) => return Err(interrupted(step, work.again)),
            // A VM that was stopped from outside does not come back by waiting, unless it is being restarted.
            Err(error @ CommandError::VmNotRunning { .. })
                if work.elapsed().saturating_sub(*stopped_at.get_or_insert(work.elapsed()))
                    >= work.scale.wait(STOPPED_FOR) =>
            {
                return Err(Failure::of_command(step.title(), &error));
            }
            Err(error @ CommandError::VmNotRunning { .. }) => {
                in_a_row = 0;
                error.to_string()
            }
            Err(error) => {
                in_a_row = 0;
                format!("could not ask: {error}")
            }
        };
        if seen != told {
            work.waiting(seen.clone());
            told = seen;
        }
        if work.stop.requested() {
            return Err(interrupted(step, work.again));
        }
        if !work.may_go_on() {
            return Err(not_met(step, checkpoint, work, &told));
        }
        work.look_into_standstill(&told);
        work.hosts.clock.pause(checkpoint.interval);
    }
}

/// The checkpoint did not hold in time.
fn not_met(step: &dyn Step, checkpoint: &Checkpoint, work: &Work<'_>, seen: &str) -> Failure {
    let message = format!("{}: not done within {}", step.title(), duration::words(work.elapsed()));
    let failure = Failure::new(checkpoint.not_met, message)
        .expected(checkpoint.expect.clone())
        .seen(seen)
        .hint(format!("look yourself: `{}`", checkpoint.look_here))
        .hint(work.again.hint());
    match work.again == Again::Up {
        true => {
            failure.hint(format!("`timeouts: {{ {}: … }}` in the configuration gives it longer", step.name()))
        }
        false => failure,
    }
}

/// The user wants to stop.
pub fn interrupted(step: &dyn Step, again: Again) -> Failure {
    Failure::new(Id::Interrupted, format!("{}: interrupted", step.title())).hint(again.hint())
}
