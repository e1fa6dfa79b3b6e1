//! What a step is: an act, and the checkpoint that says whether the world is as the act would leave it.

use std::time::Duration;

use jiff::Timestamp;

use crate::event::{Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::{CommandError, CommandLine, Hosts, Output, Place, Unwatched, Watch};

/// One entry of a plan.
pub trait Step: Send + Sync {
    /// Its stable name, the same in plan, journal, events, `--until` and documentation.
    fn name(&self) -> &'static str;

    /// The same in plain words.
    fn title(&self) -> &'static str;

    /// The commands of its act, as far as they are known beforehand.
    fn commands(&self) -> Vec<Planned>;

    /// How its end is recognised.
    fn checkpoint(&self) -> Checkpoint;

    /// Asks the world, once. Only reads, never waits, never changes anything, not even which controller is the
    /// current one.
    ///
    /// # Errors
    /// The world could not be asked; that is neither yes nor no.
    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError>;

    /// Does what is missing. It looks before it acts, so that a half-done step is finished and not repeated.
    ///
    /// # Errors
    /// What did not happen, and what to do about it.
    fn act(&self, work: &Work<'_>) -> Result<(), Failure>;
}

/// What a step's act gets.
pub struct Work<'a> {
    /// Where commands run.
    pub hosts: Hosts<'a>,
    /// To say that something is being waited for or tried again.
    pub tell: &'a Teller,
    /// Whether the user wants to stop.
    pub stop: &'a Stop,
    /// The step's name.
    pub step: &'static str,
    /// When the step began.
    pub began: Timestamp,
    /// The step's limit, counted from its start; divided already.
    pub limit: Duration,
    /// What divides other waits.
    pub scale: TimeScale,
    /// How a user goes on after a failure.
    pub again: Again,
    /// Numbers this act among all that were ever begun for this stack: two acts never share one.
    pub act_id: u64,
}

/// How a user goes on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// By `up`, whose steps have limits in the configuration.
    Up,
    /// By the same command.
    Same,
}

impl Again {
    /// As a hint.
    pub fn hint(self) -> &'static str {
        match self {
            Again::Up => "`kafstack up` resumes at this step",
            Again::Same => "the same command again goes on where it stopped",
        }
    }
}

impl Work<'_> {
    /// Time since the step began.
    pub fn elapsed(&self) -> Duration {
        Duration::try_from(self.hosts.clock.now().duration_since(self.began)).unwrap_or_default()
    }

    /// What is left of the step's limit.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.elapsed())
    }

    /// The id of this act's n-th long act, which no other ever had: the number alone could be given out twice if
    /// the journal's last record were lost.
    pub fn long_id(&self, n: u32) -> String {
        format!("{}.{n}.{}", self.act_id, self.hosts.clock.now().as_second())
    }

    /// Says what is being waited for.
    pub fn waiting(&self, seen: impl Into<String>) {
        self.tell.tell(Fact::Waiting { step: self.step, seen: seen.into() });
    }

    /// Runs a command that must succeed.
    ///
    /// # Errors
    /// It did not; `doing` says in the user's words what was being done.
    pub fn run(&self, on: Place, line: &CommandLine, doing: &str) -> Result<Output, Failure> {
        self.run_watched(on, line, doing, &mut Unwatched)
    }

    /// The same with somebody who looks on.
    ///
    /// # Errors
    /// As [`Work::run`].
    pub fn run_watched(
        &self,
        on: Place,
        line: &CommandLine,
        doing: &str,
        watch: &mut dyn Watch,
    ) -> Result<Output, Failure> {
        let result = self.hosts.on(on).run(line, watch).and_then(|output| output.success(line));
        result.map_err(|error| Failure::of_command(doing, &error))
    }

    /// Tries something up to `of` times, with a pause between the tries, as long as `curable` says that it may heal.
    ///
    /// # Errors
    /// The last try's failure, or the first that will not heal.
    pub fn repeat<T>(
        &self,
        of: u32,
        pause: Duration,
        curable: impl Fn(&Failure) -> bool,
        mut attempt: impl FnMut(u32) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut n = 1;
        loop {
            match attempt(n) {
                Err(failure) if n < of && !self.stop.requested() && curable(&failure) => {
                    n += 1;
                    let why = failure.seen.as_deref().unwrap_or(&failure.message).to_owned();
                    self.tell.tell(Fact::Retrying {
                        step: self.step,
                        why,
                        attempt: n,
                        of,
                        pause_s: pause.as_secs(),
                    });
                    self.hosts.clock.pause(pause);
                }
                end => return end,
            }
        }
    }

    /// Says something the user should know.
    pub fn warn(&self, message: impl Into<String>) {
        self.tell.tell(Fact::Warning { step: Some(self.step), message: message.into() });
    }
}

/// A command of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Where it runs.
    pub on: Place,
    /// The command. What only the running stack knows stands as a named placeholder such as `{bridge}`.
    pub line: CommandLine,
    /// The condition under which it runs; `None` on a fresh laptop: always.
    pub when: Option<String>,
    /// The placeholder in later commands for which its output stands, and what that is.
    pub yields: Option<Placeholder>,
}

/// A value that only the running stack knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name, without the braces.
    pub name: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
}

impl Planned {
    /// Always runs on a fresh laptop, in the VM.
    pub fn vm(line: CommandLine) -> Self {
        Planned { on: Place::Vm, line, when: None, yields: None }
    }

    /// Always runs on a fresh laptop, on the laptop.
    pub fn laptop(line: CommandLine) -> Self {
        Planned { on: Place::Laptop, line, when: None, yields: None }
    }

    /// Runs only when.
    #[must_use]
    pub fn when(mut self, condition: &str) -> Self {
        self.when = Some(condition.to_owned());
        self
    }

    /// Its output is what later commands name by this placeholder.
    #[must_use]
    pub fn yielding(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.yields = Some(Placeholder { name, meaning });
        self
    }
}

/// How a step's end is recognised.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What must hold, as a sentence without a full stop.
    pub expect: String,
    /// The questions, for `plan`: the same that [`Step::probe`] asks when nothing stops it early.
    pub probes: Vec<(Place, CommandLine)>,
    /// The step's limit, counted from its start.
    pub timeout: Duration,
    /// The pause between two questions.
    pub interval: Duration,
    /// So many times in a row it must hold right after an act: Juju flickers.
    pub successes: u32,
    /// The command a person would type to see the same.
    pub look_here: String,
    /// The failure when it does not hold in time.
    pub not_met: Id,
}

/// What a checkpoint says.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It holds.
    Met {
        /// What was seen, in one line.
        seen: String,
    },
    /// It does not hold now; waiting or acting may help.
    NotYet {
        /// What was seen, in one line.
        seen: String,
    },
    /// It will not hold by waiting.
    Broken(Box<Failure>),
}

impl Verdict {
    /// It holds.
    pub fn met(seen: impl Into<String>) -> Self {
        Verdict::Met { seen: seen.into() }
    }

    /// Not yet.
    pub fn not_yet(seen: impl Into<String>) -> Self {
        Verdict::NotYet { seen: seen.into() }
    }

    /// Broken.
    pub fn broken(failure: Failure) -> Self {
        Verdict::Broken(Box::new(failure))
    }
}
