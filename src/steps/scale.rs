//! More units of an application, or fewer: one at a time, each waited for.

use std::time::Duration;

use super::{asked, in_vm, lists_topics, minutes, model};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::text::count;
use crate::tools::juju_status::Status;
use crate::tools::kafka_readiness::{self, Judgement, Wanted};
use crate::tools::{juju, juju_changes};

/// Gives an application so many units.
pub struct ScaleApplication {
    /// With the counts that must hold when this step ends.
    pub config: Config,
    /// `kafka` or `zookeeper`.
    pub application: &'static str,
    /// How many units.
    pub units: u32,
    /// Which units go, in this order.
    pub victims: Vec<String>,
}

impl ScaleApplication {
    /// What is not as wanted about the number of units.
    fn lacks(&self, status: &Status) -> Option<String> {
        let name = self.application;
        let Some(application) = status.application(name) else {
            return Some(format!("there is no application `{name}`"));
        };
        let (all, living) = (application.units.iter().count(), application.living_units().len());
        let wanted = self.units as usize;
        if living != wanted {
            return Some(format!("`{name}` has {living} of {}", count(wanted, "unit")));
        }
        let going = all - living;
        (going > 0).then(|| format!("{} of `{name}` still going away", count(going, "unit")))
    }

    /// The user wants to stop before this unit is gone.
    fn interrupted(&self, victim: &str) -> Failure {
        Failure::new(Id::Interrupted, format!("{}: interrupted while {victim} went away", self.title()))
            .hint("the same command again goes on")
    }

    /// Waits until this unit is gone and the others are at rest again, so that never two are missing at once.
    fn see_off(&self, work: &Work<'_>, victim: &str) -> Result<(), Failure> {
        let mut told = String::new();
        loop {
            let seen = match model(&work.hosts, &self.config) {
                Err(CommandError::Left { .. }) => return Err(self.interrupted(victim)),
                Err(error) => format!("could not ask: {error}"),
                Ok(status) => {
                    let application = status.application(self.application);
                    let there = application.is_some_and(|a| a.units.named(victim).is_some());
                    match kafka_readiness::judge(&status, &Wanted::kafka(&self.config)) {
                        Judgement::Broken(trouble) => {
                            return Err(trouble.failure(&self.checkpoint().expect));
                        }
                        _ if there => format!("{victim} is still going away"),
                        Judgement::Waiting { why } => format!("{victim} is gone; {why}"),
                        Judgement::Ready { .. } => return Ok(()),
                    }
                }
            };
            if seen != told {
                work.waiting(seen.clone());
                told = seen;
            }
            if work.stop.requested() {
                return Err(self.interrupted(victim));
            }
            if !work.may_go_on() {
                return Err(Failure::new(Id::ScaleNotReady, format!("{victim} did not go away in time"))
                    .seen(told)
                    .hint(format!("look yourself: `{}`", self.checkpoint().look_here)));
            }
            work.look_into_standstill(&told);
            work.hosts.clock.pause(Duration::from_secs(10));
        }
    }
}

impl Step for ScaleApplication {
    fn name(&self) -> &'static str {
        if self.application == "kafka" { "scale-kafka" } else { "scale-zookeeper" }
    }

    fn title(&self) -> &'static str {
        if self.application == "kafka" { "Scale Kafka" } else { "Scale ZooKeeper" }
    }

    fn commands(&self) -> Vec<Planned> {
        let target = self.config.juju.target();
        if self.victims.is_empty() {
            return vec![Planned::vm(juju::add_unit(&target, self.application, 1)).when("units are missing")];
        }
        self.victims.iter().map(|unit| Planned::vm(juju_changes::remove_unit(&target, unit))).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!(
                "`{}` has {}, all units are active and idle, and a broker lists its topics",
                self.application,
                count(self.units as usize, "unit")
            ),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(90),
            interval: Duration::from_secs(10),
            successes: 3,
            look_here: in_vm(&self.config.vm.name, &format!("juju status -m {}", self.config.juju.target())),
            not_met: Id::ScaleNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.config)?;
        if let Some(why) = self.lacks(&status) {
            return Ok(Verdict::not_yet(why));
        }
        match kafka_readiness::judge(&status, &Wanted::kafka(&self.config)) {
            Judgement::Ready { seen } => lists_topics(hosts, &self.config, &status, seen),
            Judgement::Waiting { why } => Ok(Verdict::not_yet(why)),
            Judgement::Broken(trouble) => Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect))),
        }
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (target, doing) = (self.config.juju.target(), self.title());
        let status = asked(work, &self.config, doing)?;
        let living = status.application(self.application).map_or(0, |a| a.living_units().len());
        let living = u32::try_from(living).unwrap_or(u32::MAX);
        if living < self.units {
            let line = juju::add_unit(&target, self.application, self.units - living);
            work.run(Place::Vm, &line, doing)?;
            return Ok(());
        }
        for victim in &self.victims {
            work.run(Place::Vm, &juju_changes::remove_unit(&target, victim), doing)?;
            self.see_off(work, victim)?;
        }
        Ok(())
    }
}
