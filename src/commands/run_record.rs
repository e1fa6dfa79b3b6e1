//! What a run writes into the state folder: the journal, and the configuration in force.

use std::io::Write;
use std::sync::Arc;

use super::session::Session;

use crate::config::{Config, Purpose, Request, as_yaml, resolve};
use crate::failure::{Failure, Id};
use crate::host::Clock;
use crate::journal::{self, Journal};
use crate::log;
use crate::report::Reporter;
use crate::report::ndjson::Ndjson;
use crate::runner::Record;
use crate::state::{EVENTS, Run, State, create_private, unusable};
use crate::steps::launch_vm;

/// The name of a run's configuration in its folder.
pub const CONFIG: &str = "kafstack.yaml";

/// The record of one run.
pub struct RunRecord<'a> {
    /// What was done.
    journal: Journal,
    /// Where the configuration in force lies.
    state: &'a State,
    /// The configuration that becomes the one in force with the VM.
    config: &'a Config,
    /// Whose time.
    clock: Arc<dyn Clock>,
    /// The step that ended the run.
    pub failed: Option<&'static str>,
}

impl<'a> RunRecord<'a> {
    /// The record of a run with this configuration.
    pub fn new(journal: Journal, state: &'a State, config: &'a Config, clock: Arc<dyn Clock>) -> Self {
        RunRecord { journal, state, config, clock, failed: None }
    }

    /// Appends to the journal.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(&mut self, record: journal::Record) -> Result<(), Failure> {
        self.journal.append(self.clock.now(), record)
    }

    /// The run begins.
    ///
    /// # Errors
    /// It could not be written down.
    pub fn run_began(&mut self, command: &str) -> Result<(), Failure> {
        self.write(journal::Record::RunBegan { command: command.to_owned() })
    }

    /// The run ended. A failure to say so is not worth more than the run's own end.
    pub fn run_ended(&mut self, outcome: &str) {
        if let Err(failure) = self.write(journal::Record::RunEnded { outcome: outcome.to_owned() }) {
            tracing::warn!(%failure, "the end of the run was not written down");
        }
    }

    /// Nothing is left of the stack.
    ///
    /// # Errors
    /// It could not be written down.
    pub fn down_finished(&mut self) -> Result<(), Failure> {
        self.write(journal::Record::DownFinished)?;
        self.state.clear_in_force()
    }
}

impl Record for RunRecord<'_> {
    fn begun(&mut self, step: &'static str) -> Result<u64, Failure> {
        // The VM is about to be made, so what is asked for becomes what is in force.
        if step == launch_vm::NAME {
            self.state.save_in_force(self.config)?;
        }
        let act_id = self.journal.history().next_act_id();
        self.write(journal::Record::StepBegun { step: step.to_owned(), act_id })?;
        Ok(act_id)
    }

    fn holds(&mut self, step: &'static str) -> Result<(), Failure> {
        // The VM is there: units added, limits changed, or a state folder that was lost.
        if step == launch_vm::NAME { self.state.save_in_force(self.config) } else { Ok(()) }
    }

    fn done(&mut self, step: &'static str) -> Result<(), Failure> {
        self.write(journal::Record::StepDone { step: step.to_owned() })
    }

    fn failed(&mut self, step: &'static str, id: Id) {
        self.failed = Some(step);
        let record = journal::Record::StepFailed { step: step.to_owned(), id: id.as_str().to_owned() };
        if let Err(failure) = self.write(record) {
            tracing::warn!(%failure, "the failure of the step was not written down");
        }
    }
}

/// The configuration of a run in its folder, as a file that can be used again.
///
/// # Errors
/// The file cannot be made.
pub fn keep_config(run: &Run, config: &Config) -> Result<(), Failure> {
    let path = run.folder.join(CONFIG);
    let text = as_yaml(config)
        .map_err(|error| Failure::new(Id::Unexpected, format!("the configuration as YAML: {error}")))?;
    let written = create_private(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| unusable(&path, "written", &error))
}

/// The configuration that a run had.
///
/// # Errors
/// It is not there, or this kafstack cannot read it.
pub fn kept_config(run: &Run) -> Result<Config, Failure> {
    let kept = resolve(&Request {
        flags: Vec::new(),
        environment: Vec::new(),
        file: Some(run.folder.join(CONFIG)),
        places: Vec::new(),
        purpose: Purpose::Fresh,
        in_force: &|_| Ok(None),
    });
    kept.map(|resolved| resolved.config)
}

/// The events of a run in its folder, beside which the developers' log is kept from now on.
///
/// # Errors
/// The file cannot be made.
pub fn events(session: &Session, run: &Run) -> Result<Box<dyn Reporter>, Failure> {
    let path = run.folder.join(EVENTS);
    let file = create_private(&path).map_err(|error| unusable(&path, "created", &error))?;
    log::keep_in(&run.folder).map_err(|error| unusable(&run.folder, "written", &error))?;
    Ok(Box::new(Ndjson::new(EVENTS, Box::new(file), session.terminal.clone())))
}
