//! What a step is: an act, and the checkpoint that says whether the world is as the act would leave it.

mod pace;

use std::time::Duration;

pub use pace::Pace;

use crate::event::{Fact, Teller};
use crate::failure::{Cause, Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::{CommandError, CommandLine, Flow, Hosts, Output, Place, Stream, Unwatched, Watch};
use crate::text::duration;

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
    /// How it gets on.
    pub pace: &'a Pace,
    /// What divides other waits.
    pub scale: TimeScale,
    /// How a user goes on after a failure.
    pub again: Again,
    /// Numbers this act among all that were ever begun for this stack: two acts never share one.
    pub act_id: u64,
    /// The number of this try of it, from 1.
    pub attempt: u32,
    /// Finds out why it does not get on.
    pub diagnose: &'a Diagnose<'a>,
}

/// Finds out, by questions that only read, why a step does not get on: from its name and what was last seen of it.
/// `None`: nothing that is known to be a cause was found.
pub type Diagnose<'a> = dyn Fn(&Hosts<'_>, &str, &str) -> Option<Cause> + 'a;

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
        self.pace.elapsed(self.hosts.clock.now())
    }

    /// Whether the step may go on: within its limit always, beyond it while it moves. To be asked often: a long time
    /// without it is taken for sleep.
    pub fn may_go_on(&self) -> bool {
        let now = self.hosts.clock.now();
        if let Some(slept) = self.pace.pulse(now) {
            let slept = duration::words(slept);
            self.warn(format!("the laptop slept, or its clock was set, for {slept}; this does not count"));
        }
        self.pace.may_go_on(now)
    }

    /// The id of this act's long act, which no other ever had: the numbers alone could be given out twice if the
    /// journal's last record were lost.
    pub fn long_id(&self) -> String {
        format!("{}.{}.{}", self.act_id, self.attempt, self.hosts.clock.now().as_second())
    }

    /// Says that the step stands still, when it does, and why, as far as a cause is found.
    pub fn look_into_standstill(&self, seen: &str) {
        if self.stop.requested() || !self.pace.stands_still(self.hosts.clock.now()) {
            return;
        }
        match self.tell.aside(|| (self.diagnose)(&self.hosts, self.step, seen)) {
            Some(cause) if self.pace.is_news(cause.id) => self.tell.tell(cause.fact(self.step)),
            Some(_) => {}
            None => {
                if let Some(quiet) = self.pace.worries(self.hosts.clock.now()) {
                    let quiet = duration::words(quiet);
                    self.warn(format!("{}: nothing new for {quiet}, and no cause found", self.step));
                }
            }
        }
    }

    /// Says what is being waited for.
    pub fn waiting(&self, seen: impl Into<String>) {
        let seen = seen.into();
        self.pace.show(self.hosts.clock.now(), seen.as_bytes());
        self.tell.tell(Fact::Waiting { step: self.step, seen });
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
        let mut watch = Attentive { work: self, watch, long: line.long.is_some() };
        // A long act's time is the step's, which does not count sleep.
        let line = if watch.long { &line.clone().within(Duration::MAX) } else { line };
        let result = self.hosts.on(on).run(line, &mut watch).and_then(|output| output.success(line));
        result.map_err(|error| Failure::of_command(doing, &error))
    }

    /// Says something the user should know.
    pub fn warn(&self, message: impl Into<String>) {
        self.tell.tell(Fact::Warning { step: Some(self.step), message: message.into() });
    }
}

/// Takes what a command says as a sign of life, and gives a long act up when its step has no time left.
struct Attentive<'a> {
    /// On whose behalf it runs.
    work: &'a Work<'a>,
    /// The caller.
    watch: &'a mut dyn Watch,
    /// It is a long act. Any other has a limit of its own.
    long: bool,
}

impl Watch for Attentive<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.work.pace.show(self.work.hosts.clock.now(), text);
        self.watch.line(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        let may_go_on = self.work.may_go_on();
        match self.watch.tick(elapsed) {
            Flow::GoOn if self.long && !may_go_on => Flow::GiveUp,
            flow => flow,
        }
    }

    fn between(&mut self, elapsed: Duration) {
        self.watch.between(elapsed);
        self.work.look_into_standstill("");
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
