//! Plain lines, for pipes, files and CI: nothing is ever drawn twice.

use super::story::Story;
use super::terminal::Terminal;
use super::{Reporter, Titles};
use crate::event::{Event, Fact};
use crate::text::{self, duration};

/// A line whenever something is worth one.
pub struct Plain {
    /// Where they go.
    terminal: Terminal,
    /// What makes them.
    lines: Lines,
    /// Show commands and what they say.
    verbose: bool,
}

impl Plain {
    /// Lines on this terminal.
    pub fn new(terminal: Terminal, titles: Titles, verbose: bool) -> Self {
        Plain { terminal, lines: Lines::new(titles), verbose }
    }
}

impl Reporter for Plain {
    fn on(&mut self, event: &Event) {
        let lines = self.lines.of(event);
        let detail = self.lines.story.detail(event).filter(|_| self.verbose);
        lines.iter().for_each(|line| self.terminal.line(line));
        if let Some(line) = detail {
            self.terminal.line(&format!("    {line}"));
        }
    }
}

/// The lines of a run, one event after the other.
pub struct Lines {
    /// What is known of the run.
    story: Story,
}

impl Lines {
    /// Nothing is known but the titles of steps; a step that begins brings its own.
    pub fn new(titles: Titles) -> Self {
        Lines { story: Story::new(titles) }
    }

    /// The lines that an event is worth.
    pub fn of(&mut self, event: &Event) -> Vec<String> {
        let before = self.story.current().map(|c| c.seen.clone());
        let mut lines = Vec::from_iter(self.story.learn(event));
        match &event.fact {
            Fact::StepStarted { step, .. } => {
                let limit = self.story.current().map_or_else(String::new, |c| duration::words(c.limit));
                lines.push(self.story.step_line(step, &format!("begins (at most {limit})")));
            }
            Fact::Waiting { step, seen } if before.as_deref() != Some(&text::one_line(seen)) => {
                let began = self.story.current().map_or(event.elapsed(), |c| c.began);
                let passed = duration::clock(event.elapsed().saturating_sub(began));
                let text = format!("{passed}  {}", text::one_line(seen));
                lines.push(self.story.step_line(step, &text));
            }
            _ => {}
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::fake;
    use super::*;
    use crate::host::Effect;
    use crate::report::sample;

    /// What a run looks like.
    fn shown(verbose: bool, events: &[Event]) -> String {
        let (terminal, screen) = fake::terminal(|_| ());
        let mut plain = Plain::new(terminal, sample::titles(), verbose);
        events.iter().for_each(|e| plain.on(e));
        screen.err()
    }

    #[test]
    fn a_run_is_told_in_lines() {
        assert_eq!(
            shown(false, &sample::run()),
            "\
kafstack up: 3 steps, VM microstack
[1/3] Check the laptop  already done (16 CPUs, 64 GiB)
[2/3] Launch the VM     begins (at most 1h 00m)
[2/3] Launch the VM     trying again in 5s (2 of 8): connection refused
warning: the disk is slow
[2/3] Launch the VM     done in 31m 02s
[3/3] Integrate Kafka   begins (at most 1h 00m)
[3/3] Integrate Kafka   00:07  kafka/1 waiting: installing agent
[3/3] Integrate Kafka   00:27  kafka/1 active for less than 30 s
[3/3] Integrate Kafka   failed after 1h 00m [kafka-not-ready]
kafstack up: failed after 1h 31m
"
        );
    }

    #[test]
    fn a_rehearsal_says_so_first_and_last() {
        let events = [sample::begun(), sample::at(60, Fact::PlanFinished { outcome: "ready", exit_code: 0 })];
        let events = events.map(sample::rehearsed);
        assert_eq!(
            shown(false, &events),
            "\
kafstack up: 3 steps, VM microstack (rehearsal: nothing real is touched)
kafstack up: ready after 1m 00s (rehearsal: nothing real was touched)
"
        );
    }

    #[test]
    fn the_curious_see_what_changes_something_and_not_the_questions_in_between() {
        let step = "launch-vm";
        let events = [
            sample::begun(),
            sample::started(0, step),
            sample::command(1, step, &["sunbeam", "cluster", "bootstrap"], Effect::Changes),
            sample::said(2, step, "\u{1b}[1mDeploying\u{1b}[0m MySQL\r"),
            sample::command(3, step, &["juju", "status"], Effect::Reads),
            sample::said(3, step, "{\"model\":{}}"),
            sample::ended(3, step),
            sample::said(4, step, "  indented"),
            sample::said(4, step, "   "),
            sample::ended(5, step),
        ];
        assert_eq!(
            shown(true, &events),
            "\
kafstack up: 3 steps, VM microstack
[2/3] Launch the VM     begins (at most 1h 00m)
    vm$ sunbeam cluster bootstrap
    Deploying MySQL
      indented
"
        );
        assert!(!shown(false, &events).contains("MySQL"));
    }
}
