//! A stack that is ready: what every command needs that uses Kafka rather than builds it.

use super::conduct;
use super::errand::{Errand, Held, carry_out};
use super::session::{Session, Stage};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts};
use crate::plan::{self, Plan};
use crate::step::{Step, Verdict};
use crate::steps::IntegrateKafka;
use crate::tools::juju_status::{self, Status};
use crate::tools::kafka::Cluster;
use crate::tools::{juju, multipass};

/// A stack, opened by a command that uses it.
pub struct Stack {
    /// The configuration in force.
    pub config: Config,
    /// Where it plays.
    pub stage: Stage,
}

/// What a ready stack looks like.
#[derive(Clone)]
pub struct Ready {
    /// The model.
    pub status: Status,
    /// The Kafka cluster in it.
    pub cluster: Cluster,
}

impl Stack {
    /// The stack of the configuration in force.
    ///
    /// # Errors
    /// The configuration is invalid, or the simulated laptop cannot be opened.
    pub fn open(session: &Session) -> Result<Self, Failure> {
        let config = session.resolve_for_use()?.config;
        let stage = session.stage(&config, None)?;
        Ok(Stack { config, stage })
    }

    /// Looks at it and asks something of it; Ctrl-C leaves at once. Nothing is changed, and no lock is taken.
    ///
    /// # Errors
    /// It is not ready (exit code 7), or the question's own failure.
    pub fn look<T: Send + 'static>(
        &self,
        session: &Session,
        question: impl FnOnce(&Hosts<'_>, Ready) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let config = self.config.clone();
        self.ask(session, move |hosts| ready(hosts, &config).and_then(|ready| question(hosts, ready)))
    }

    /// The same where the model must be there but Kafka need not be ready: a change that was interrupted half-way
    /// may be the very reason why it is not.
    ///
    /// # Errors
    /// The model cannot be asked (exit code 7), or the question's own failure.
    pub fn look_at_model<T: Send + 'static>(
        &self,
        session: &Session,
        question: impl FnOnce(&Hosts<'_>, Status) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let config = self.config.clone();
        self.ask(session, move |hosts| model(hosts, &config).and_then(|status| question(hosts, status)))
    }

    /// Asks something; Ctrl-C leaves at once.
    fn ask<T: Send + 'static>(
        &self,
        session: &Session,
        question: impl FnOnce(&Hosts<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let stage = self.stage.clone();
        let work = move || stage.ask(question);
        let (result, ended) = conduct::look(&session.stop, self.stage.clock.clone(), work)?;
        match (result, ended) {
            (_, Some(signal)) => Err(Failure::new(signal.id(), "you left before the answer came")),
            (result, None) => result,
        }
    }

    /// Changes it: takes the lock, looks, makes the plan from what was seen, and carries it out. Returns whether
    /// anything had to be done.
    ///
    /// # Errors
    /// Another kafstack is at work (exit code 8), the stack is not ready (7), the plan cannot be made, or one of its
    /// steps failed.
    pub fn change(
        &self,
        session: &Session,
        command: &'static str,
        plan: impl FnOnce(&Hosts<'_>, Ready) -> Result<Plan, Failure> + Send + 'static,
    ) -> Result<bool, Failure> {
        let held = Held::take(session, &self.config.vm.name, command)?;
        let plan = self.look(session, plan)?;
        carry_out(session, &self.stage, held, Errand::new(command, plan, self.config.clone()))
    }

    /// The same where the model must be there but Kafka need not be ready, see [`Stack::look_at_model`].
    ///
    /// # Errors
    /// As [`Stack::change`], but for readiness.
    pub fn change_model(
        &self,
        session: &Session,
        command: &'static str,
        plan: impl FnOnce(&Hosts<'_>, Status) -> Result<Plan, Failure> + Send + 'static,
    ) -> Result<bool, Failure> {
        self.change_to(session, command, None, plan)
    }

    /// The same, with another configuration in force from now on: before the first act, so that `up` finishes what
    /// may be interrupted.
    ///
    /// # Errors
    /// As [`Stack::change_model`].
    pub fn change_to(
        &self,
        session: &Session,
        command: &'static str,
        config: Option<Config>,
        plan: impl FnOnce(&Hosts<'_>, Status) -> Result<Plan, Failure> + Send + 'static,
    ) -> Result<bool, Failure> {
        let held = Held::take(session, &self.config.vm.name, command)?;
        let plan = self.look_at_model(session, plan)?;
        if let Some(config) = &config {
            held.state.save_in_force(config)?;
        }
        let config = config.unwrap_or_else(|| self.config.clone());
        carry_out(session, &self.stage, held, Errand::new(command, plan, config))
    }
}

/// Asks whether the stack is ready, without entering a VM that does not run.
///
/// # Errors
/// It is not (exit code 7), with what was seen and what to type.
pub fn ready(hosts: &Hosts<'_>, config: &Config) -> Result<Ready, Failure> {
    running(hosts, config)?;
    let not_ready = |seen: String| not_ready(config, seen);
    let step = IntegrateKafka::new(config, plan::limit(config, "integrate-kafka", IntegrateKafka::TIMEOUT));
    match step.probe(hosts).map_err(|error| not_ready(could_not_ask(&error)))? {
        Verdict::Met { .. } => {}
        Verdict::NotYet { seen } => return Err(not_ready(seen)),
        Verdict::Broken(failure) => {
            let seen = failure.seen.clone().unwrap_or_else(|| failure.message.clone());
            return Err(failure.hints.into_iter().fold(not_ready(seen), Failure::hint));
        }
    }
    let status = status(hosts, config)?;
    let cluster =
        Cluster::of(&status, config).ok_or_else(|| not_ready("no broker has an address".to_owned()))?;
    Ok(Ready { status, cluster })
}

/// Asks for the model, without entering a VM that does not run.
///
/// # Errors
/// It cannot be asked, or Kafka was never deployed (exit code 7).
fn model(hosts: &Hosts<'_>, config: &Config) -> Result<Status, Failure> {
    running(hosts, config)?;
    let status = status(hosts, config)?;
    match status.application("kafka") {
        Some(_) => Ok(status),
        None => Err(not_ready(config, "kafka is not deployed".to_owned())),
    }
}

/// The model's status.
fn status(hosts: &Hosts<'_>, config: &Config) -> Result<Status, Failure> {
    let line = juju::status(&config.juju.target());
    let status = hosts.vm.ask(&line).and_then(|output| juju_status::parse(&line, &output));
    status.map_err(|error| not_ready(config, could_not_ask(&error)))
}

/// The VM must be there and running.
fn running(hosts: &Hosts<'_>, config: &Config) -> Result<(), Failure> {
    let line = multipass::list();
    let fleet = match hosts.laptop.ask(&line) {
        Err(CommandError::NotInstalled { .. }) => Vec::new(),
        answer => answer
            .and_then(|output| multipass::parse_list(&line, &output))
            .map_err(|error| not_ready(config, could_not_ask(&error)))?,
    };
    let name = &config.vm.name;
    match fleet.iter().find(|vm| vm.name == *name).map(|vm| vm.state.as_str()) {
        Some("Running") => Ok(()),
        None => Err(not_ready(config, format!("there is no VM `{name}`"))),
        Some(state) => Err(Failure::new(Id::VmStopped, format!("the VM `{name}` is not running"))
            .seen(state.to_lowercase())
            .hint("`kafstack up` starts it and finishes whatever is missing")),
    }
}

/// The stack is not ready.
fn not_ready(config: &Config, seen: String) -> Failure {
    Failure::new(Id::NotReady, "Kafka is not ready")
        .expected(IntegrateKafka::new(config, IntegrateKafka::TIMEOUT).checkpoint().expect)
        .seen(seen)
        .hint("`kafstack status` shows what is missing")
        .hint("`kafstack up` finishes it")
}

/// In words.
fn could_not_ask(error: &CommandError) -> String {
    format!("could not ask: {error}")
}
