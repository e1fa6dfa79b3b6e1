//! The bar for people who watch: finished steps stay, the running one is a live line with up to three dim lines
//! of what its command said last.
//!
//! Time comes from events and ticks only, so that a rehearsal shows its own time.

use std::collections::VecDeque;
use std::time::Duration;

use super::live::Live;
use super::story::Story;
use super::style::{self, paint};
use super::terminal::Terminal;
use super::{MOMENT, Reporter, Titles, mark};
use crate::event::{Event, Fact};
use crate::host::{Effect, typed};
use crate::text::duration;

/// How many lines of output are shown.
const TAIL: usize = 3;

/// The bar.
pub struct Progress {
    /// Where lines that stay go.
    terminal: Terminal,
    /// What is on the screen for now.
    live: Live,
    /// The live lines' content.
    picture: Picture,
    /// Show commands and what they say, as lines that stay.
    verbose: bool,
}

impl Progress {
    /// A bar on this terminal.
    pub fn new(terminal: Terminal, titles: Titles, verbose: bool) -> Self {
        let live = Live::new(terminal.clone());
        Progress { terminal, live, picture: Picture::new(titles), verbose }
    }

    /// Draws the live lines as they are now.
    fn draw(&mut self) {
        self.live.show(&self.picture.lines());
    }
}

impl Reporter for Progress {
    fn on(&mut self, event: &Event) {
        let stays = self.picture.learn(event, self.verbose);
        // The step's own last line takes the place of its live line.
        if matches!(
            event.fact,
            Fact::StepFinished { .. } | Fact::StepFailed { .. } | Fact::PlanFinished { .. }
        ) {
            self.live.show(&[]);
        }
        for line in stays {
            self.terminal.line(&line);
        }
        self.draw();
    }

    fn tick(&mut self, elapsed: Duration) {
        self.picture.now = self.picture.now.max(elapsed);
        self.draw();
    }
}

/// A question before a step.
struct Asked {
    /// The step.
    step: &'static str,
    /// When, from the beginning of the run.
    at: Duration,
    /// The command.
    line: String,
}

/// What the live lines show, apart from any terminal.
struct Picture {
    /// What is known of the run.
    story: Story,
    /// The time since the run began.
    now: Duration,
    /// What the command at work said last.
    tail: VecDeque<String>,
    /// What a checkpoint asks before its step begins.
    asked: Option<Asked>,
    /// Whether the world is simulated.
    rehearsal: bool,
}

impl Picture {
    /// An empty one.
    fn new(titles: Titles) -> Self {
        let story = Story::new(titles);
        Picture { story, now: Duration::ZERO, tail: VecDeque::new(), asked: None, rehearsal: false }
    }

    /// Learns what happened, and says what is worth lines that stay.
    fn learn(&mut self, event: &Event, verbose: bool) -> Vec<String> {
        self.now = self.now.max(event.elapsed());
        self.rehearsal = event.rehearsal;
        let mut stays = Vec::from_iter(self.story.learn(event));
        if matches!(
            event.fact,
            Fact::StepStarted { .. } | Fact::CommandStarted { effect: Effect::Changes, .. }
        ) {
            self.tail.clear();
        }
        match &event.fact {
            Fact::CommandStarted { step: Some(step), on, argv, effect, .. } => {
                let line = typed(*on, *effect, argv);
                self.asked = Some(Asked { step, at: event.elapsed(), line });
            }
            Fact::CommandFinished { .. } => self.asked = None,
            _ => {}
        }
        if let Some(line) = self.story.detail(event) {
            if verbose {
                stays.push(format!("    {line}"));
            } else {
                self.tail.push_back(line);
                if self.tail.len() > TAIL {
                    self.tail.pop_front();
                }
            }
        }
        stays
    }

    /// The live lines: between steps only what is asked, if that takes longer than a moment.
    fn lines(&self) -> Vec<String> {
        let Some(current) = self.story.current() else {
            let asked = self.asked.iter().map(|asked| (asked, self.now.saturating_sub(asked.at)));
            let asked = asked.filter(|(_, passed)| *passed >= MOMENT);
            return Vec::from_iter(asked.map(|(asked, passed)| {
                let (passed, mark) = (duration::clock(passed), mark(self.rehearsal));
                let line = paint(style::DIM, &asked.line);
                self.story.step_line(asked.step, &format!("{passed}{mark}  {line}"))
            }));
        };
        let passed = duration::clock(self.now.saturating_sub(current.began));
        let limit = duration::clock(current.limit);
        let mut text = format!("{passed} of {limit}{}", mark(self.rehearsal));
        if !current.seen.is_empty() {
            text = format!("{text}  {}", current.seen);
        }
        let head = self.story.step_line(current.step, &text);
        let tail = self.tail.iter().map(|l| paint(style::DIM, &format!("        {l}")));
        std::iter::once(head).chain(tail).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::fake;
    use super::*;
    use crate::report::sample;

    /// Without colours.
    fn bare(lines: &[String]) -> String {
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    /// The picture after these events.
    fn picture(events: &[Event]) -> Picture {
        let mut picture = Picture::new(sample::titles());
        for event in events {
            picture.learn(event, false);
        }
        picture
    }

    #[test]
    fn the_running_step_shows_time_what_it_waits_for_and_the_last_output() {
        let step = "launch-vm";
        let mut events = vec![
            sample::begun(),
            sample::started(10, step),
            sample::command(11, step, &["juju", "deploy"], Effect::Changes),
        ];
        events.extend(["one", "two", "three", "four"].map(|l| sample::said(12, step, l)));
        events.push(sample::waiting(20, step, "kafka/1 waiting:\ninstalling agent"));
        let mut picture = picture(&events);
        assert_eq!(
            bare(&picture.lines()),
            "\
[2/3] Launch the VM     00:10 of 60:00  kafka/1 waiting: installing agent
        two
        three
        four"
        );
        picture.now = Duration::from_secs(260);
        assert!(bare(&picture.lines()).contains("04:10 of 60:00"));
    }

    #[test]
    fn between_steps_a_question_that_takes_more_than_a_moment_is_shown() {
        let step = "launch-vm";
        let question = sample::command(1, step, &["multipass", "list"], Effect::Reads);
        let mut picture = picture(&[sample::begun(), question]);
        assert_eq!(bare(&picture.lines()), "");
        picture.now = Duration::from_secs(13);
        assert_eq!(bare(&picture.lines()), "[2/3] Launch the VM     00:12  vm? multipass list");
        picture.learn(&sample::ended(14, step), false);
        assert_eq!(bare(&picture.lines()), "");
    }

    #[test]
    fn a_rehearsal_says_so_in_the_bar() {
        let events = [sample::begun(), sample::started(1, "launch-vm")].map(sample::rehearsed);
        assert_eq!(bare(&picture(&events).lines()), "[2/3] Launch the VM     00:00 of 60:00  rehearsal");
    }

    #[test]
    fn a_new_command_and_a_new_step_begin_with_a_clean_tail() {
        let step = "launch-vm";
        let mut events = vec![sample::begun(), sample::started(1, step), sample::said(2, step, "old")];
        events.push(sample::command(3, step, &["multipass", "launch"], Effect::Changes));
        assert_eq!(
            bare(&picture(&events).lines()),
            "[2/3] Launch the VM     00:02 of 60:00\n        vm$ multipass launch"
        );
        events.push(sample::started(4, "integrate-kafka"));
        assert_eq!(bare(&picture(&events).lines()), "[3/3] Integrate Kafka   00:00 of 60:00");
    }

    #[test]
    fn lines_that_stay_are_written_while_the_bar_is_away() {
        let (terminal, screen) = fake::terminal(|_| ());
        let mut progress = Progress::new(terminal.clone(), sample::titles(), false);
        sample::run().iter().for_each(|e| progress.on(e));
        progress.tick(Duration::from_secs(9000));
        drop(progress);
        terminal.note("that was it");
        assert_eq!(
            screen.err(),
            "\
kafstack up: 3 steps, VM microstack
[1/3] Check the laptop  already done (16 CPUs, 64 GiB)
[2/3] Launch the VM     trying again in 5s (2 of 8): connection refused
warning: the disk is slow
[2/3] Launch the VM     done in 31m 02s
[3/3] Integrate Kafka   failed after 1h 00m [kafka-not-ready]
kafstack up: failed after 1h 31m
that was it
"
        );
    }

    #[test]
    fn the_curious_get_the_output_as_lines_that_stay() {
        let mut picture = Picture::new(sample::titles());
        picture.learn(&sample::begun(), true);
        picture.learn(&sample::started(0, "launch-vm"), true);
        let stays = picture.learn(&sample::said(1, "launch-vm", "hello"), true);
        assert_eq!((stays, picture.lines().len()), (vec!["    hello".to_owned()], 1));
    }
}
