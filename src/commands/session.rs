//! What every command works with: options, environment, terminal, and the stage on which it plays.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::conduct::Heard;
use crate::cli::{Environment, Global};
use crate::config::{self, Config, Purpose, Request, Resolved};
use crate::event::Teller;
use crate::failure::{Failure, Id};
use crate::host::clock::{RealClock, Stop, TimeScale};
use crate::host::kept::RunFolder;
use crate::host::laptop::Laptop;
use crate::host::recorded::Recorded;
use crate::host::vm::Vm;
use crate::host::{Clock, Host, Hosts, Place};
use crate::rehearsal::{Options, Rehearsal, Scenario, WORLD};
use crate::report::asking::Asking;
use crate::report::terminal::Terminal;
use crate::state::{State, unusable};
use crate::text;

/// One call of kafstack.
pub struct Session {
    /// The options that every command takes.
    pub global: Global,
    /// What the environment says.
    pub environment: Environment,
    /// Where everything is shown.
    pub terminal: Terminal,
    /// What the user's signals ask for.
    pub stop: Stop,
    /// Who listens to signals between what is conducted, from the first stage on.
    heard: OnceCell<Heard>,
}

impl Session {
    /// A call of kafstack with these options.
    pub fn new(global: Global, environment: Environment, terminal: Terminal, stop: Stop) -> Self {
        Session { global, environment, terminal, stop, heard: OnceCell::new() }
    }

    /// A failure in terms of the signal that came, if one did.
    pub fn explain(&self, failure: Failure) -> Failure {
        match self.heard.get() {
            Some(heard) => heard.explain(failure),
            None => failure,
        }
    }

    /// The configuration for this purpose.
    ///
    /// # Errors
    /// It is invalid, or what is in force cannot be read.
    pub fn resolve(&self, purpose: Purpose) -> Result<Resolved, Failure> {
        let base = self.environment.state_base(self.global.rehearse)?;
        let in_force = |vm: &str| State::at(&base, vm).in_force();
        config::resolve(&Request::new(&self.global, &self.environment, purpose, &in_force))
    }

    /// The configuration in force, for commands that work with what is built; what was asked for otherwise is left
    /// aside with a warning.
    ///
    /// # Errors
    /// As [`Session::resolve`].
    pub fn resolve_for_use(&self) -> Result<Resolved, Failure> {
        let resolved = self.resolve(Purpose::Use)?;
        for difference in &resolved.differences {
            self.terminal.warning(&format!("left aside, as the VM was built otherwise: {difference}"));
        }
        Ok(resolved)
    }

    /// Says what can be typed next; in a rehearsal its commands get `--rehearse`.
    pub fn advise(&self, text: &str) {
        let text = if self.global.rehearse { text::for_rehearsal(text) } else { text.to_owned() };
        self.terminal.note(&text);
    }

    /// The state folder of a VM; it need not be there.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn state(&self, config: &Config) -> Result<State, Failure> {
        Ok(State::at(&self.environment.state_base(self.global.rehearse)?, &config.vm.name))
    }

    /// The laptop's own time: for what is about this process, not about the stack.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The laptop's own clock, likewise.
    pub fn clock(&self) -> RealClock {
        RealClock::new(self.stop.clone(), TimeScale::default())
    }

    /// What divides kafstack's own waits. Virtual time needs no dividing.
    pub fn scale(&self) -> TimeScale {
        TimeScale(if self.global.rehearse { 1.0 } else { f64::from(self.environment.time_scale) })
    }

    /// The stage: the real laptop, or the simulated one. `speed` is for commands without an end. From now on signals
    /// are listened to; before, no tool runs and nothing is asked, so there is nothing to be left behind.
    ///
    /// # Errors
    /// The scenario is invalid, the simulated laptop cannot be opened, or the system gives us no signals.
    pub fn stage(&self, config: &Config, speed: Option<f64>) -> Result<Stage, Failure> {
        if self.heard.get().is_none() {
            let _ = self.heard.set(Heard::listen(&self.stop)?);
        }
        let stage = |laptop, clock, paced| Stage {
            laptop,
            clock,
            stop: self.stop.clone(),
            vm: config.vm.name.clone(),
            rehearsal: self.global.rehearse,
            paced,
            terminal: self.terminal.clone(),
        };
        if !self.global.rehearse {
            let laptop: Arc<dyn Host> = Arc::new(Laptop::new(self.scale()));
            let clock: Arc<dyn Clock> = Arc::new(RealClock::new(self.stop.clone(), self.scale()));
            return Ok(stage(laptop, clock, true));
        }
        let scenario = self.global.scenario.as_deref().map(load_scenario).transpose()?;
        let speed = self.global.speed.or(speed);
        let options =
            Options { seed: self.global.seed.unwrap_or_default(), speed, scenario, stop: self.stop.clone() };
        let folder = self.state(config)?.folder().to_owned();
        let rehearsal = Rehearsal::open(&folder, options).map_err(|error| {
            if let Some(error) = error.root_cause().downcast_ref::<std::io::Error>() {
                return unusable(&folder.join(WORLD), "opened", error);
            }
            Failure::new(Id::StateUnusable, "the simulated laptop cannot be opened")
                .seen(format!("{error:#}"))
                .hint(format!("`rm -r {}` makes room for a new rehearsal", folder.display()))
        })?;
        if let Some(seed) = self.global.seed.filter(|seed| *seed != rehearsal.seed()) {
            let began = rehearsal.seed();
            self.terminal.warning(&format!(
                "--seed {seed} is left aside: this simulated laptop began with seed {began}; another one begins in another folder (XDG_STATE_HOME), or when {} is removed",
                folder.display()
            ));
        }
        let (laptop, clock): (Arc<dyn Host>, Arc<dyn Clock>) = (rehearsal.clone(), rehearsal);
        Ok(stage(laptop, clock, speed.is_some()))
    }
}

/// Reads a scenario file.
///
/// # Errors
/// It cannot be read, or says something that no scenario can.
fn load_scenario(path: &Path) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Id::Usage, format!("the scenario {} cannot be read", path.display()))
            .seen(error.to_string())
    })?;
    Scenario::parse(&text).map_err(|error| {
        Failure::new(
            Id::ConfigurationInvalid,
            format!("the scenario {} cannot be: {error:#}", path.display()),
        )
        .hint("the format: documentation/rehearsal.md")
    })
}

/// Where a command plays.
#[derive(Clone)]
pub struct Stage {
    /// The laptop, unrecorded.
    laptop: Arc<dyn Host>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Ends what runs when the user leaves.
    stop: Stop,
    /// The VM's name.
    vm: String,
    /// It is simulated.
    pub rehearsal: bool,
    /// Time passes for people: always on the real laptop, in a rehearsal if it is played at a speed.
    pub paced: bool,
    /// Where it is shown what is waited for.
    terminal: Terminal,
}

impl Stage {
    /// The hosts of a run: what is asked of them is told and kept.
    pub fn recorded(&self, tell: &Teller, folder: Option<RunFolder>) -> Recordings {
        let record = |host: Arc<dyn Host>, place| {
            Recorded::new(host, place, tell.clone(), self.stop.clone(), folder.clone())
        };
        // The way into the VM is not a fact of its own: what is told is what runs inside.
        let vm = Arc::new(Vm::new(self.laptop.clone(), self.clock.clone(), &self.vm));
        Recordings {
            laptop: record(self.laptop.clone(), Place::Laptop),
            vm: record(vm, Place::Vm),
            clock: self.clock.clone(),
        }
    }

    /// Asks something of both hosts. Nothing of it is kept, but a person sees what is waited for, and can leave.
    pub fn ask<T>(&self, question: impl FnOnce(&Hosts<'_>) -> T) -> T {
        let silent = Teller::silent(self.clock.clone(), self.rehearsal);
        let recordings = self.recorded(&silent, None);
        let hosts = recordings.hosts();
        if !self.paced {
            return question(&hosts);
        }
        let asking = Asking::new(&self.terminal, hosts.clock, self.rehearsal);
        let (laptop, vm) = (asking.over(hosts.laptop, Place::Laptop), asking.over(hosts.vm, Place::Vm));
        question(&Hosts { laptop: &laptop, vm: &vm, clock: hosts.clock })
    }
}

/// The hosts of a run.
pub struct Recordings {
    /// The laptop.
    laptop: Recorded,
    /// The VM.
    vm: Recorded,
    /// Their time.
    clock: Arc<dyn Clock>,
}

impl Recordings {
    /// As steps take them.
    pub fn hosts(&self) -> Hosts<'_> {
        Hosts { laptop: &self.laptop, vm: &self.vm, clock: &*self.clock }
    }
}
