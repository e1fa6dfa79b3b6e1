//! A run as lines that stay on the screen; shared by the bar and by plain lines. What each adds of its own is in
//! their files.

use std::time::Duration;

use super::Titles;
use super::style::{self, paint};
use crate::event::{Event, Fact};
use crate::host::{Effect, typed};
use crate::text::{self, duration};

/// What is known of a run so far.
pub struct Story {
    /// The titles of the steps.
    titles: Titles,
    /// `up`, `down`, …
    plan: &'static str,
    /// The steps of this plan.
    steps: Vec<&'static str>,
    /// The step at work.
    current: Option<Current>,
    /// What the commands that run now may do, the innermost last: a question may be asked while a long act goes
    /// on.
    effects: Vec<Effect>,
}

/// The step at work.
pub struct Current {
    /// Its name.
    pub step: &'static str,
    /// When it began, from the beginning of the run.
    pub began: Duration,
    /// Its limit.
    pub limit: Duration,
    /// What it waits for.
    pub seen: String,
}

impl Story {
    /// Nothing is known but the titles.
    pub fn new(titles: Titles) -> Self {
        Story { titles, plan: "", steps: Vec::new(), current: None, effects: Vec::new() }
    }

    /// The step at work.
    pub fn current(&self) -> Option<&Current> {
        self.current.as_ref()
    }

    /// Learns what happened, and says it if it is worth a line that stays.
    pub fn learn(&mut self, event: &Event) -> Option<String> {
        match &event.fact {
            Fact::PlanStarted { plan, vm, steps } => {
                self.plan = plan;
                self.steps.clone_from(steps);
                let steps = if steps.len() == 1 { "1 step".into() } else { format!("{} steps", steps.len()) };
                let line = format!("kafstack {plan}: {steps}, VM {}", text::one_line(vm));
                let rehearsal = "rehearsal: nothing real is touched";
                Some(marked(&line, event.rehearsal, rehearsal))
            }
            Fact::StepStarted { step, title, limit_s } => {
                if !self.titles.iter().any(|known| known.0 == *step) {
                    self.titles.push((step, title));
                }
                let limit = Duration::from_secs(*limit_s);
                self.current = Some(Current { step, began: event.elapsed(), limit, seen: String::new() });
                self.effects.clear();
                None
            }
            Fact::StepSkipped { step, seen } => {
                let done = paint(style::GOOD, "already done");
                let seen = match text::one_line(seen) {
                    seen if seen.is_empty() => seen,
                    seen => paint(style::DIM, &format!(" ({seen})")),
                };
                Some(self.step_line(step, &format!("{done}{seen}")))
            }
            Fact::CommandStarted { effect, .. } => {
                self.effects.push(*effect);
                None
            }
            Fact::CommandFinished { .. } => {
                self.effects.pop();
                None
            }
            Fact::Output { .. } => None,
            Fact::Waiting { seen, .. } => {
                if let Some(current) = &mut self.current {
                    current.seen = text::one_line(seen);
                }
                None
            }
            Fact::Retrying { step, why, attempt, of, pause_s } => {
                let pause = duration::words(Duration::from_secs(*pause_s));
                let what = format!("trying again in {pause} ({attempt} of {of})");
                Some(self.step_line(step, &format!("{}: {}", paint(style::FAIR, &what), text::one_line(why))))
            }
            Fact::Diagnosed { step, id, cause, evidence, cure } => {
                let what = paint(style::FAIR, &format!("stands still: {cause} [{id}]"));
                let [evidence, cure] = [evidence, cure].map(|text| text::one_line(text));
                let cure = if event.rehearsal { text::for_rehearsal(&cure) } else { cure };
                Some(self.step_line(step, &format!("{what}: {evidence}; {cure}")))
            }
            Fact::Warning { message, .. } => {
                Some(format!("{} {}", paint(style::WARNING, "warning:"), text::one_line(message)))
            }
            Fact::StepFinished { step, took_ms, .. } => {
                self.current = None;
                let took = duration::words(Duration::from_millis(*took_ms));
                Some(self.step_line(step, &paint(style::GOOD, &format!("done in {took}"))))
            }
            Fact::StepFailed { step, id, .. } => {
                let began = self.current.take().map_or(event.elapsed(), |c| c.began);
                let took = duration::words(event.elapsed().saturating_sub(began));
                Some(self.step_line(
                    step,
                    &format!("{} [{id}]", paint(style::BAD, &format!("failed after {took}"))),
                ))
            }
            Fact::PlanFinished { outcome, .. } => {
                self.current = None;
                let took = duration::words(event.elapsed());
                let line = format!("kafstack {}: {outcome} after {took}", self.plan);
                let rehearsal = "rehearsal: nothing real was touched";
                Some(marked(&line, event.rehearsal, rehearsal))
            }
        }
    }

    /// What is worth a line when the user wants to see everything: commands that change something and what they
    /// say. To be asked after [`Story::learn`].
    pub fn detail(&self, event: &Event) -> Option<String> {
        match &event.fact {
            Fact::CommandStarted { on, argv, effect: Effect::Changes, .. } => {
                Some(typed(*on, Effect::Changes, argv))
            }
            Fact::Output { line, .. } if self.effects.last() != Some(&Effect::Reads) => {
                let line = text::lines(line).join(" ");
                (!line.trim().is_empty()).then_some(line)
            }
            _ => None,
        }
    }

    /// `[ 6/14] Bootstrap the cloud     …`.
    pub fn step_line(&self, step: &str, text: &str) -> String {
        let count = self.steps.len();
        let digits = count.to_string().len();
        let number = self.steps.iter().position(|s| *s == step).map_or(0, |i| i + 1);
        let title = |step: &str| self.titles.iter().find(|t| t.0 == step).map(|t| t.1);
        let widths = self.steps.iter().filter_map(|s| title(s)).map(|t| t.chars().count());
        let width = widths.max().unwrap_or(0);
        let title = title(step).unwrap_or(step);
        format!("[{number:>digits$}/{count}] {title:width$}  {text}")
    }
}

/// A line that says so if it is about a rehearsal.
fn marked(line: &str, rehearsal: bool, mark: &str) -> String {
    if rehearsal { format!("{line} {}", paint(style::FAIR, &format!("({mark})"))) } else { line.to_owned() }
}
