//! `kafstack logs`: what happened in a run, as it was told and as the tools said it. It takes no lock and changes
//! nothing.

mod kept;
mod view;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::conduct::{self, Ended};
use super::past_runs;
use super::session::Session;
use crate::cli::{self, TextFormat};
use crate::config::nearest;
use crate::event::Fact;
use crate::failure::{Failure, Id};
use crate::host::Clock;
use crate::plan;
use crate::report::terminal::Terminal;
use crate::state::{Past, Run, State, Told, unusable};
use crate::text;
use view::View;

/// The pause between two looks at a run that goes on.
const PAUSE: Duration = Duration::from_millis(250);

/// `kafstack logs`.
///
/// # Errors
/// There is no such run or step, or kafstack's own folder cannot be read.
pub fn logs(session: &Session, args: &cli::Logs) -> Result<u8, Failure> {
    let state = session.state(&session.resolve_for_use()?.config)?;
    let clock: Arc<dyn Clock> = Arc::new(session.clock());
    let begins = args.follow && args.run.is_none() && state.holder().is_some();
    let run = match past_runs::find(&state, args.run.as_deref()) {
        Err(_) if begins => None,
        found => Some(found?),
    };
    let look = Look {
        step: args.step.clone(),
        follow: args.follow,
        format: args.format,
        verbose: session.global.verbose > 0,
        terminal: session.terminal.clone(),
        clock: clock.clone(),
        state,
    };
    let stop = session.stop.clone();
    let work = move || {
        let run = match run {
            Some(run) if !begins => run,
            before => match look.next_run(before, &|| stop.requested())? {
                Some(run) => run,
                None => return Ok(()),
            },
        };
        look.show(&run, &|| stop.requested())
    };
    let (result, ended) = conduct::look(&session.stop, clock, work)?;
    match (result, ended) {
        // Ctrl-C is the normal end of following.
        (_, Some(Ended::Interrupted)) if args.follow => Ok(0),
        (_, Some(signal)) => Err(Failure::new(signal.id(), "you left before all was shown")),
        (result, None) => result.map(|()| 0),
    }
}

/// What is shown, and where.
struct Look {
    /// Only this step.
    step: Option<String>,
    /// Go on while the run does.
    follow: bool,
    /// As text or as JSON.
    format: TextFormat,
    /// All questions.
    verbose: bool,
    /// Where to.
    terminal: Terminal,
    /// Between two looks.
    clock: Arc<dyn Clock>,
    /// Whose runs.
    state: State,
}

impl Look {
    /// The run of the kafstack that is at work: it asks its questions before its run begins. If it never begins one,
    /// the latest there is. `None`: there is none, or the user left.
    ///
    /// # Errors
    /// The events cannot be read.
    fn next_run(&self, before: Option<Run>, left: &dyn Fn() -> bool) -> Result<Option<Run>, Failure> {
        loop {
            let latest = self.state.latest_run();
            let begun = match &latest {
                Some(run) if latest != before => Some(run),
                Some(run) => (!over(&past_runs::told(run)?)).then_some(run),
                None => None,
            };
            if begun.is_some() || left() || self.state.holder().is_none() {
                return Ok(latest);
            }
            self.clock.pause(PAUSE);
        }
    }

    /// Shows a run.
    ///
    /// # Errors
    /// The step is none of it, or its files cannot be read.
    fn show(&self, run: &Run, left: &dyn Fn() -> bool) -> Result<(), Failure> {
        let unreadable = |error: io::Error| unusable(&run.folder, "read", &error);
        let mut past = Past::of(run);
        let first = past.all().map_err(unreadable)?;
        if let Some(step) = &self.step {
            self.check(step, run, &first)?;
        }
        let mut view =
            View::new(&self.terminal, run, self.step.as_deref(), self.verbose).map_err(unreadable)?;
        let mut over = over(&first);
        let mut more = first;
        let mut alone = false;
        loop {
            for told in more {
                if self.terminal.closed().is_some() || left() {
                    return Ok(());
                }
                match self.format {
                    TextFormat::Text => view.on(&told),
                    TextFormat::Json if self.step.as_deref().is_none_or(|step| told.step() == Some(step)) => {
                        view.line(&escaped(&told.line));
                    }
                    TextFormat::Json => {}
                }
            }
            if self.format == TextFormat::Text {
                view.live();
            }
            view.flush();
            if self.terminal.closed().is_some() || over {
                return Ok(());
            }
            // Its last words may still be on their way when the lock is free already.
            if !self.follow || alone || left() {
                break;
            }
            alone = self.state.holder().is_none() || self.state.latest_run().as_ref() != Some(run);
            self.clock.pause(PAUSE);
            more = past.all().map_err(unreadable)?;
            over = self::over(&more);
        }
        if !left() {
            self.terminal.note(&past_runs::why_no_end(&self.state, run));
        }
        Ok(())
    }

    /// Makes sure that the run has this step, and has reached it unless it is followed.
    ///
    /// # Errors
    /// It has not.
    fn check(&self, step: &str, run: &Run, told: &[Told]) -> Result<(), Failure> {
        let steps = told.iter().find_map(|told| match &told.event.fact {
            Fact::PlanStarted { steps, .. } => Some(steps.clone()),
            _ => None,
        });
        let steps = steps.unwrap_or_else(|| plan::NAMES.to_vec());
        if !steps.contains(&step) {
            let named = text::one_line(step);
            let failure = Failure::new(Id::Usage, format!("run {} has no step `{named}`", run.number))
                .expected(steps.join(", "));
            return Err(match nearest(step, steps) {
                Some(near) => failure.hint(format!("did you mean `--step {near}`?")),
                None => failure,
            });
        }
        if !self.follow && !told.iter().any(|told| told.step() == Some(step)) {
            let last = told.iter().rev().find_map(Told::step).unwrap_or("none");
            return Err(Failure::new(
                Id::Usage,
                format!("run {} has not reached the step `{step}`", run.number),
            )
            .seen(format!("the last step of this run was {last}"))
            .hint("`kafstack logs` shows the whole run; another one: `--run ID`"));
        }
        Ok(())
    }
}

/// Whether a run told its end.
fn over(told: &[Told]) -> bool {
    told.iter().any(|told| matches!(told.event.fact, Fact::PlanFinished { .. }))
}

/// A line of JSON that no terminal obeys: the control characters that JSON leaves as they are, are escaped.
fn escaped(line: &str) -> String {
    line.trim()
        .chars()
        .map(|c| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_of_a_json_line_reaches_the_terminal() {
        let text = escaped("{\"line\":\"a\u{9b}2J\u{7f}é\"}\r");
        assert_eq!(text, r#"{"line":"a\u009b2J\u007fé"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["line"], "a\u{9b}2J\u{7f}é");
    }
}
