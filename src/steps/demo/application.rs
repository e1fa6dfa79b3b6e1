//! The test application comes, gets certificates, and goes.

use std::time::Duration;

use super::{Exchange, beside, detach, integrate, look_here, minutes, model, trouble, until};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::kafka_readiness::{self, Judgement, Wanted};
use crate::tools::test_app::{self, CHARM, Role};
use crate::tools::{certificates, juju, juju_changes};

/// Deploys the test application, set for the first exchange.
pub struct DeployTestApp {
    /// The first exchange.
    pub exchange: Exchange,
}

/// Gives the test application certificates, which its process needs for encrypted connections. This must come before
/// its relation with Kafka.
pub struct CertifyTestApp {
    /// The exchange for which it needs them.
    pub exchange: Exchange,
    /// The authority's application.
    pub authority: String,
}

/// Removes the test application.
pub struct RemoveTestApp {
    /// The configuration in force.
    pub config: Config,
}

impl Step for DeployTestApp {
    fn name(&self) -> &'static str {
        "deploy-test-app"
    }

    fn title(&self) -> &'static str {
        "Deploy the test application"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(self.exchange.work(Role::Producer).deploy(&self.exchange.target()))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("the application `{CHARM}` is active"),
            probes: vec![(Place::Vm, juju::status(&self.exchange.target()))],
            timeout: minutes(30),
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: look_here(&self.exchange.config),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        let wanted = Wanted {
            model: self.exchange.target(),
            applications: vec![test_app::wanted()],
            related: Vec::new(),
        };
        Ok(match kafka_readiness::judge(&status, &wanted) {
            Judgement::Ready { seen } => Verdict::met(format!("{CHARM}: {seen}")),
            Judgement::Waiting { why } => Verdict::not_yet(why),
            Judgement::Broken(trouble) => Verdict::broken(trouble.failure(&self.checkpoint().expect)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        // One that is on its way out must be gone first.
        let there = until(self, work, &self.exchange.config, |_, status| {
            Ok(match status.application(CHARM) {
                Some(application) if !application.life.is_empty() => {
                    Err(format!("`{CHARM}` is being removed"))
                }
                application => Ok(application.map(|application| application.living_units().len())),
            })
        })?;
        let target = self.exchange.target();
        let line = match there {
            None => self.exchange.work(Role::Producer).deploy(&target),
            Some(0) => juju::add_unit(&target, CHARM, 1),
            Some(_) => return Ok(()),
        };
        work.run(Place::Vm, &line, self.title())?;
        Ok(())
    }
}

impl CertifyTestApp {
    /// Whether the unit has its files.
    fn has_files(&self, hosts: &Hosts<'_>, unit: &str) -> Result<bool, CommandError> {
        let line = test_app::certificates(&self.exchange.target(), unit);
        Ok(juju::parse_exec(&line, hosts.vm.ask(&line)?)?.code == 0)
    }
}

impl Step for CertifyTestApp {
    fn name(&self) -> &'static str {
        "certify-test-app"
    }

    fn title(&self) -> &'static str {
        "Give the test application certificates"
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = certificates::endpoints(CHARM, &self.authority);
        vec![Planned::vm(juju::integrate(&self.exchange.target(), &one, &other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let target = self.exchange.target();
        Checkpoint {
            expect: format!("`{CHARM}` is related with `{}` and has its certificates", self.authority),
            probes: vec![
                (Place::Vm, juju::status(&target)),
                (Place::Vm, test_app::certificates(&target, &format!("{CHARM}/0"))),
            ],
            timeout: minutes(20),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.exchange.config),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        let Some(standing) = test_app::standing(&status) else {
            return Ok(Verdict::not_yet(format!("there is no `{CHARM}`")));
        };
        if certificates::authority_of(&status, CHARM) != Some(self.authority.as_str()) {
            return Ok(Verdict::not_yet(format!("`{CHARM}` has no certificates")));
        }
        if self.has_files(hosts, &standing.unit)? {
            return Ok(Verdict::met(format!("{} has its certificates", standing.unit)));
        }
        if let Some(trouble) = trouble(&status, &self.exchange.config) {
            return Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect)));
        }
        // The files lie in a folder that a restart of the machine empties. When all is done nobody needs them.
        Ok(match self.exchange.consumed(hosts, &status)? {
            super::Progress::Done(seen) => Verdict::met(format!("no longer needed: {seen}")),
            _ => Verdict::not_yet(format!("{} waits for its certificates", standing.unit)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (config, doing) = (&self.exchange.config, self.title());
        detach(self, work, config, doing)?;
        let (one, other) = certificates::endpoints(CHARM, &self.authority);
        let related = until(self, work, config, |_, status| {
            Ok(Ok(certificates::authority_of(status, CHARM).is_some()))
        })?;
        if related {
            // Certificates are written once, when they come.
            work.run(
                Place::Vm,
                &juju_changes::remove_relation(&self.exchange.target(), &one, &other),
                doing,
            )?;
            until(self, work, config, |_, status| {
                Ok(match certificates::authority_of(status, CHARM) {
                    None => Ok(()),
                    Some(_) => Err(format!("`{CHARM}` still has its old certificates")),
                })
            })?;
        }
        integrate(work, &self.exchange.target(), &one, &other, doing)
    }
}

impl Step for RemoveTestApp {
    fn name(&self) -> &'static str {
        "remove-test-app"
    }

    fn title(&self) -> &'static str {
        "Remove the test application"
    }

    fn commands(&self) -> Vec<Planned> {
        let target = self.config.juju.target();
        let (one, other) = test_app::ENDPOINTS;
        vec![
            Planned::vm(juju_changes::remove_relation(&target, one, other)).when("it is related with Kafka"),
            Planned::vm(juju_changes::remove_application(&target, CHARM)),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("there is no application `{CHARM}`"),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(20),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.config),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::removed(hosts, &self.config, CHARM)
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let doing = self.title();
        detach(self, work, &self.config, doing)?;
        let there = until(self, work, &self.config, |_, status| {
            Ok(Ok(status.application(CHARM).is_some_and(|application| application.life.is_empty())))
        })?;
        if there {
            let line = juju_changes::remove_application(&self.config.juju.target(), CHARM);
            work.run(Place::Vm, &line, doing)?;
        }
        Ok(())
    }
}
