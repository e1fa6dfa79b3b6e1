//! Carrying out a plan that changes the stack: under the lock, told, recorded, interruptible. `up`, `down` and every
//! later change go this way.

use super::conduct::{self, Conduct, Manner};
use super::run_record::{RunRecord, events, keep_config};
use super::session::{Session, Stage};
use crate::config::Config;
use crate::diagnosis;
use crate::event::{Fact, Teller};
use crate::failure::Failure;
use crate::host::Hosts;
use crate::host::kept::RunFolder;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::report::{self, ProgressChoice, Reporter};
use crate::runner;
use crate::state::{Lock, State};
use crate::step::Again;

/// The right to change a stack, and where that is written down.
pub struct Held {
    /// Its folder.
    pub state: State,
    /// What was done so far.
    pub journal: Journal,
    /// Nobody else changes it meanwhile.
    lock: Lock,
}

impl Held {
    /// Takes the lock of the VM's stack for this command.
    ///
    /// # Errors
    /// Another kafstack has it, or the folder cannot be used.
    pub fn take(session: &Session, vm: &str, command: &str) -> Result<Self, Failure> {
        let state = State::open(&session.environment.state_base(session.global.rehearse)?, vm)?;
        let lock = state.lock(command, session.now())?;
        let journal = Journal::open(state.folder())?;
        for damage in journal.damage() {
            session.terminal.warning(&damage);
        }
        Ok(Held { state, journal, lock })
    }
}

/// What comes before a plan, or follows one that succeeded.
pub type Aside = Box<dyn FnOnce(&mut RunRecord<'_>) -> Result<(), Failure> + Send>;

/// A plan and what belongs to it.
pub struct Errand {
    /// The command's name.
    pub command: &'static str,
    /// What is to be done.
    pub plan: Plan,
    /// The configuration that is in force once the VM is there.
    pub config: Config,
    /// The last step to do, if not all.
    pub until: Option<String>,
    /// The word for a good end.
    pub outcome: &'static str,
    /// How progress is shown.
    pub progress: ProgressChoice,
    /// Who else is told.
    pub reporters: Vec<Box<dyn Reporter>>,
    /// What comes before.
    pub beforehand: Aside,
    /// What follows.
    pub afterwards: Aside,
}

impl Errand {
    /// An errand with nothing particular about it.
    pub fn new(command: &'static str, plan: Plan, config: Config) -> Self {
        Errand {
            command,
            plan,
            config,
            until: None,
            outcome: "done",
            progress: ProgressChoice::Auto,
            reporters: Vec::new(),
            beforehand: Box::new(|_| Ok(())),
            afterwards: Box::new(|_| Ok(())),
        }
    }
}

/// Carries a plan out. Returns whether anything had to be done.
///
/// # Errors
/// The failure of the step that ended it, with where the tools' whole output lies.
pub fn carry_out(session: &Session, stage: &Stage, held: Held, errand: Errand) -> Result<bool, Failure> {
    let Held { state, journal, lock } = held;
    let run = state.new_run()?;
    keep_config(&run, &errand.config)?;
    let folder = run.folder.clone();
    let titles = errand.plan.steps().map(|step| (step.name(), step.title())).collect();
    let verbose = session.global.verbose > 0;
    let mut reporters = vec![report::reporter(errand.progress, &session.terminal, titles, verbose)];
    reporters.push(events(session, &run)?);
    reporters.extend(errand.reporters);
    let conduct = Conduct {
        stop: session.stop.clone(),
        manner: Manner::FinishFirst,
        clock: stage.clock.clone(),
        rehearsal: stage.rehearsal,
        ticks: stage.paced,
        reporters,
    };
    let (stop, scale, stage) = (session.stop.clone(), session.scale(), stage.clone());
    let (Errand { command, plan, config, until, outcome, beforehand, afterwards, .. }, name) = (
        Errand { reporters: Vec::new(), ..errand },
        state.folder().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    );
    let work = move |tell: &Teller| {
        tell.tell(Fact::PlanStarted { plan: command, vm: name, steps: plan.names() });
        let recorded = stage.recorded(tell, Some(RunFolder::new(&run.folder)));
        let mut record = RunRecord::new(journal, &state, &config, stage.clock.clone());
        let until = until.as_deref();
        let again = if command == "up" { Again::Up } else { Again::Same };
        let diagnose = |hosts: &Hosts<'_>, step: &str, seen: &str| diagnosis::why(&config, hosts, step, seen);
        let hosts = recorded.hosts();
        let runner = runner::Run { hosts, tell, stop: &stop, scale, until, again, diagnose: &diagnose };
        let result = record.run_began(command).and_then(|()| beforehand(&mut record));
        let result = result.and_then(|()| runner.all(&plan, &mut record));
        let result = result.and_then(|acted| afterwards(&mut record).map(|()| acted));
        let (outcome, exit_code) = match &result {
            Ok(_) if until.is_some() => ("stopped", 0),
            Ok(_) => (outcome, 0),
            Err(failure) => (if stop.requested() { "interrupted" } else { "failed" }, failure.id.exit_code()),
        };
        record.run_ended(outcome);
        tell.tell(Fact::PlanFinished { outcome, exit_code });
        drop(lock);
        (result, record.failed)
    };
    let ((result, step), ended) = conduct.run(work)?;
    result.map_err(|failure| {
        let step = step.map_or_else(String::new, |step| format!(" --step {step}"));
        conduct::by_signal(failure, ended)
            .hint(format!("`kafstack logs{step}` shows all that the tools said"))
            .hint(format!("the same as files: {}", folder.display()))
    })
}
