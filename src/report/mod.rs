//! Everything a person sees: the only place that writes to the terminal and asks questions. It draws facts and
//! decides nothing; whoever runs something tells it through [`crate::event`].

pub mod asking;
pub mod group_table;
mod live;
pub mod model_json;
pub mod ndjson;
pub mod plain;
pub mod progress;
pub mod status_table;
mod story;
pub mod style;
pub mod table;
pub mod terminal;
pub mod topic_table;

use std::time::Duration;

use crate::event::{Event, Fact};
use terminal::Terminal;

/// Answers that come sooner than this are worth no line of their own.
const MOMENT: Duration = Duration::from_secs(1);

/// What follows the time in a live line about a simulated world.
fn mark(rehearsal: bool) -> String {
    if rehearsal { format!("  {}", style::paint(style::FAIR, "rehearsal")) } else { String::new() }
}

/// Someone who is told what happens in a run.
pub trait Reporter: Send {
    /// Something happened.
    fn on(&mut self, event: &Event);

    /// Nothing happened, but time has passed since the run began. Only called in real time.
    fn tick(&mut self, elapsed: Duration) {
        let _ = elapsed;
    }
}

impl Reporter for Vec<Box<dyn Reporter>> {
    fn on(&mut self, event: &Event) {
        self.iter_mut().for_each(|r| r.on(event));
    }

    fn tick(&mut self, elapsed: Duration) {
        self.iter_mut().for_each(|r| r.tick(elapsed));
    }
}

/// `--progress`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressChoice {
    /// A bar on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// A bar; plain lines where there is no terminal.
    Bar,
    /// Plain lines.
    Plain,
    /// Nothing but warnings.
    None,
}

/// The names and titles of a plan's steps, in order.
pub type Titles = Vec<(&'static str, &'static str)>;

/// The reporter for this terminal: `verbose` shows the commands and what they say.
pub fn reporter(
    choice: ProgressChoice,
    terminal: &Terminal,
    titles: Titles,
    verbose: bool,
) -> Box<dyn Reporter> {
    let terminal = terminal.clone();
    match drawn(choice, terminal.is_quiet(), terminal.draws()) {
        ProgressChoice::Bar => Box::new(progress::Progress::new(terminal, titles, verbose)),
        ProgressChoice::Plain => Box::new(plain::Plain::new(terminal, titles, verbose)),
        ProgressChoice::Auto | ProgressChoice::None => Box::new(WarningsOnly(terminal)),
    }
}

/// What a choice comes to: a bar, plain lines or none.
fn drawn(choice: ProgressChoice, quiet: bool, terminal: bool) -> ProgressChoice {
    match choice {
        _ if quiet => ProgressChoice::None,
        ProgressChoice::Auto | ProgressChoice::Bar if terminal => ProgressChoice::Bar,
        ProgressChoice::Auto | ProgressChoice::Bar => ProgressChoice::Plain,
        ProgressChoice::Plain | ProgressChoice::None => choice,
    }
}

/// Draws nothing; a quiet terminal swallows the warnings as well.
struct WarningsOnly(Terminal);

impl Reporter for WarningsOnly {
    fn on(&mut self, event: &Event) {
        if let Fact::Warning { message, .. } = &event.fact {
            self.0.warning(message);
        }
    }
}

/// A made-up run, for the tests of all reporters.
#[cfg(test)]
mod sample {
    use super::*;
    use crate::host::{Effect, Place, Stream};

    /// The titles of its steps.
    pub fn titles() -> Titles {
        vec![
            ("check-laptop", "Check the laptop"),
            ("launch-vm", "Launch the VM"),
            ("integrate-kafka", "Integrate Kafka"),
        ]
    }

    /// A fact so many seconds after the run began.
    pub fn at(seconds: u64, fact: Fact) -> Event {
        let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        Event { v: 1, at, elapsed_ms: seconds * 1000, fact, rehearsal: false }
    }

    /// The beginning of the run.
    pub fn begun() -> Event {
        let steps = titles().iter().map(|t| t.0).collect();
        at(0, Fact::PlanStarted { plan: "up", vm: "microstack".into(), steps })
    }

    /// The beginning of a step.
    pub fn started(seconds: u64, step: &'static str) -> Event {
        let title = titles().iter().find(|t| t.0 == step).unwrap().1;
        at(seconds, Fact::StepStarted { step, title, limit_s: 3600 })
    }

    /// A command of that effect in the VM.
    pub fn command(seconds: u64, step: &'static str, argv: &[&str], effect: Effect) -> Event {
        let argv = argv.iter().map(|&a| a.to_owned()).collect();
        at(seconds, Fact::CommandStarted { step: Some(step), on: Place::Vm, argv, effect, kept: None })
    }

    /// The end of a command.
    pub fn ended(seconds: u64, step: &'static str) -> Event {
        let step = Some(step);
        at(seconds, Fact::CommandFinished { step, exit_code: Some(0), took_ms: 5, error: None, cause: None })
    }

    /// A line that a tool said.
    pub fn said(seconds: u64, step: &'static str, line: &str) -> Event {
        at(seconds, Fact::Output { step: Some(step), stream: Stream::Stderr, line: line.into() })
    }

    /// What a step waits for.
    pub fn waiting(seconds: u64, step: &'static str, seen: &str) -> Event {
        at(seconds, Fact::Waiting { step, seen: seen.into() })
    }

    /// A whole run.
    pub fn run() -> Vec<Event> {
        let launch = "launch-vm";
        let integrate = "integrate-kafka";
        vec![
            begun(),
            at(1, Fact::StepSkipped { step: "check-laptop", seen: "16 CPUs, 64 GiB".into() }),
            started(1, launch),
            command(1, launch, &["juju", "deploy", "a b"], Effect::Changes),
            said(2, launch, "Retrieving image"),
            ended(3, launch),
            at(
                4,
                Fact::Retrying {
                    step: launch,
                    why: "connection refused".into(),
                    attempt: 2,
                    of: 8,
                    pause_s: 5,
                },
            ),
            at(5, Fact::Warning { step: Some(launch), message: "the disk is slow".into() }),
            at(1863, Fact::StepFinished { step: launch, seen: "it runs".into(), took_ms: 1_862_000 }),
            started(1863, integrate),
            waiting(1870, integrate, "kafka/1 waiting: installing agent"),
            waiting(1880, integrate, "kafka/1 waiting: installing agent"),
            waiting(1890, integrate, "kafka/1 active for less than 30 s"),
            at(
                5463,
                Fact::StepFailed {
                    step: integrate,
                    id: "kafka-not-ready",
                    message: "no".into(),
                    cause: None,
                },
            ),
            at(5463, Fact::PlanFinished { outcome: "failed", exit_code: 5 }),
        ]
    }

    /// The same in a rehearsal.
    pub fn rehearsed(mut event: Event) -> Event {
        event.rehearsal = true;
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProgressChoice::{Auto, Bar, None, Plain};

    #[test]
    fn a_bar_is_only_drawn_on_a_terminal() {
        assert_eq!(drawn(Auto, false, true), Bar);
        assert_eq!(drawn(Auto, false, false), Plain);
        assert_eq!(drawn(Bar, false, false), Plain);
        assert_eq!(drawn(Plain, false, true), Plain);
        assert_eq!(drawn(None, false, true), None);
        assert_eq!(drawn(Bar, true, true), None);
    }

    #[test]
    fn without_progress_warnings_remain_unless_quiet() {
        for (quiet, expected) in [(false, "warning: the disk is slow\n"), (true, "")] {
            let (terminal, screen) = terminal::fake::terminal(|s| s.quiet = quiet);
            let mut reporter = reporter(None, &terminal, sample::titles(), false);
            sample::run().iter().for_each(|e| reporter.on(e));
            assert_eq!(screen.err(), expected);
        }
    }
}
