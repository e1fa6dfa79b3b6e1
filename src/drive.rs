//! What benchmarks and fuzz targets drive, and nothing else.

pub mod foreign;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::clock::{RealClock, Stop, TimeScale};
use crate::host::kept::RunFolder;
use crate::host::laptop::Laptop;
use crate::host::recorded::Recorded;
use crate::host::{Clock, CommandError, CommandLine, Host, Hosts, Place};
use crate::journal::{Journal, Record as Entry};
use crate::plan::Plan;
use crate::report::Reporter;
use crate::report::ndjson::Ndjson;
use crate::runner::{Record, Run};
use crate::step::{Again, Checkpoint, Planned, Step, Verdict, Work};

/// Does so many steps as `up` would: the checkpoint is asked before and after, each act is a shell line that makes
/// a file, the journal is synced to the disk, events and output are kept in `folder`.
///
/// # Errors
/// In words: a step failed, or the folder cannot be written.
pub fn steps(folder: &Path, lines: Vec<(PathBuf, String)>) -> Result<(), String> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new(Stop::default(), TimeScale::default()));
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let events = std::fs::File::create(folder.join("events.ndjson")).map_err(|error| words(&error))?;
    let stop = Stop::default();
    let settings = crate::report::terminal::Settings {
        color: clap::ColorChoice::Never,
        quiet: true,
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
    };
    let terminal = crate::report::terminal::Terminal::new(settings, stop.clone());
    let reporter = std::sync::Mutex::new(Ndjson::new("events.ndjson", Box::new(events), terminal));
    let sink = move |event: Event| {
        if let Ok(mut reporter) = reporter.lock() {
            reporter.on(&event);
        }
    };
    let tell = Teller::new(clock.clone(), false, Arc::new(sink));
    let laptop: Arc<dyn Host> = Arc::new(Laptop::new(TimeScale::default()));
    let recorded =
        Recorded::new(laptop, Place::Laptop, tell.clone(), stop.clone(), Some(RunFolder::new(folder)));
    let hosts = Hosts { laptop: &recorded, vm: &recorded, clock: &*clock };
    let journal = Journal::open(folder).map_err(|error| words(&error))?;
    let plan = Plan::of(lines.into_iter().map(|(file, line)| Box::new(Line { file, line }) as Box<dyn Step>));
    tell.tell(Fact::PlanStarted { plan: "steps", vm: String::new(), steps: plan.names() });
    let run = Run {
        hosts,
        tell: &tell,
        stop: &stop,
        scale: TimeScale::default(),
        until: None,
        again: Again::Same,
        diagnose: &|_, _, _| None,
    };
    run.all(&plan, &mut Kept { journal, clock: clock.clone() }).map_err(|error| words(&error))?;
    Ok(())
}

/// A step whose act is a shell line, and whose checkpoint is a file.
struct Line {
    /// The file.
    file: PathBuf,
    /// The line.
    line: String,
}

impl Line {
    /// Is the file there?
    fn question(&self) -> CommandLine {
        CommandLine::reads("test", ["-e".to_owned(), self.file.display().to_string()])
    }
}

impl Step for Line {
    fn name(&self) -> &'static str {
        "line"
    }

    fn title(&self) -> &'static str {
        "Run a line"
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: "the file is there".to_owned(),
            probes: vec![(Place::Laptop, self.question())],
            timeout: Duration::from_secs(10),
            interval: Duration::from_millis(100),
            successes: 1,
            look_here: self.question().to_string(),
            not_met: Id::Unexpected,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let there = hosts.laptop.ask(&self.question())?.code == 0;
        Ok(if there { Verdict::met("there") } else { Verdict::not_yet("not there") })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = CommandLine::changes("sh", ["-c", &self.line]);
        work.run(Place::Laptop, &line, "Run the line").map(|_| ())
    }
}

/// A journal and nothing else.
struct Kept {
    /// The journal.
    journal: Journal,
    /// Its time.
    clock: Arc<dyn Clock>,
}

impl Record for Kept {
    fn begun(&mut self, step: &'static str) -> Result<u64, Failure> {
        let act_id = self.journal.history().next_act_id();
        self.journal.append(self.clock.now(), Entry::StepBegun { step: step.to_owned(), act_id })?;
        Ok(act_id)
    }

    fn holds(&mut self, _: &'static str) -> Result<(), Failure> {
        Ok(())
    }

    fn done(&mut self, step: &'static str) -> Result<(), Failure> {
        self.journal.append(self.clock.now(), Entry::StepDone { step: step.to_owned() })
    }

    fn failed(&mut self, _: &'static str, _: Id) {}
}
