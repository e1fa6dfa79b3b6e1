//! Steps that switch encryption on and off: an authority beside Kafka, and its relations with Kafka and, on track 3,
//! with ZooKeeper, which must have them both or neither.

use std::time::Duration;

use super::{asked, beside, in_vm, integrate, lists_topics, minutes, model};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::certificates::{self, CHARM, authority_of};
use crate::tools::juju_status::Status;
use crate::tools::kafka_readiness::{self, Judgement, Wanted, WantedApplication};
use crate::tools::{juju, juju_changes};

/// Deploys the authority.
pub struct DeployAuthority {
    /// The configuration in force.
    pub config: Config,
    /// What it is called in its certificate.
    pub ca_name: String,
}

/// Relates Kafka, and ZooKeeper, with an authority, or takes those relations away.
pub struct SwitchTls {
    /// The configuration in force.
    pub config: Config,
    /// The authority's application.
    pub authority: String,
    /// Encrypted afterwards, or not.
    pub on: bool,
}

/// Removes the authority.
pub struct RemoveAuthority {
    /// The configuration in force.
    pub config: Config,
    /// The authority's application.
    pub authority: String,
}

/// The applications that need certificates, in the order in which they get them. On track 4 the brokers encrypt
/// what they say among themselves by certificates of their own.
pub fn encrypted(config: &Config) -> &'static [&'static str] {
    if config.kafka.kraft() { &["kafka"] } else { &["zookeeper", "kafka"] }
}

/// The command that shows the relations.
fn look_here(config: &Config) -> String {
    in_vm(&config.vm.name, &format!("juju status -m {} --relations", config.juju.target()))
}

impl Step for DeployAuthority {
    fn name(&self) -> &'static str {
        "deploy-certificates"
    }

    fn title(&self) -> &'static str {
        "Deploy the certificate authority"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(certificates::deploy(&self.config.juju.target(), &self.ca_name))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("the application `{CHARM}` is active"),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(30),
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: look_here(&self.config),
            not_met: Id::TlsNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.config)?;
        let wanted = Wanted {
            model: self.config.juju.target(),
            applications: vec![WantedApplication::new(CHARM, certificates::TRACK, 1)],
            related: Vec::new(),
        };
        Ok(match kafka_readiness::judge(&status, &wanted) {
            Judgement::Ready { seen } => Verdict::met(format!("{CHARM}: {seen}")),
            Judgement::Waiting { why } => Verdict::not_yet(why),
            Judgement::Broken(trouble) => Verdict::broken(trouble.failure(&self.checkpoint().expect)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = certificates::deploy(&self.config.juju.target(), &self.ca_name);
        beside::deploy(work, &self.config, CHARM, &line, self.title())
    }
}

impl SwitchTls {
    /// The applications whose relation is not as it is to be.
    fn missing(&self, status: &Status) -> Vec<&'static str> {
        let lags = |application: &&&str| authority_of(status, application).is_some() != self.on;
        encrypted(&self.config).iter().filter(lags).copied().collect()
    }

    /// A broker that still serves the listener of before. Which ports are open depends on the clients there are,
    /// but never both kinds (canonical/kafka-operator:src/core/cluster.py). On track 4 only the clients' port
    /// changes.
    fn old_listener(&self, status: &Status) -> Option<String> {
        let old: &[&str] = match (self.on, self.config.kafka.kraft()) {
            (true, false) => &["19092/tcp", "9092/tcp"],
            (true, true) => &["9092/tcp"],
            (false, false) => &["19093/tcp", "9093/tcp"],
            (false, true) => &["9093/tcp"],
        };
        let units = status.application("kafka")?.living_units();
        units.into_iter().find_map(|(name, unit)| {
            let port = unit.open_ports.iter().find(|port| old.contains(&port.as_str()))?;
            Some(format!("{name} still listens on {port}"))
        })
    }
}

impl Step for SwitchTls {
    fn name(&self) -> &'static str {
        if self.on { "enable-tls" } else { "disable-tls" }
    }

    fn title(&self) -> &'static str {
        if self.on { "Encrypt connections" } else { "Stop encrypting connections" }
    }

    fn commands(&self) -> Vec<Planned> {
        let target = self.config.juju.target();
        let line = |application: &&str| {
            let (one, other) = certificates::endpoints(application, &self.authority);
            match self.on {
                true => Planned::vm(juju::integrate(&target, &one, &other)),
                false => Planned::vm(juju_changes::remove_relation(&target, &one, &other)),
            }
        };
        encrypted(&self.config).iter().map(line).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        let (with, through) = if self.on { ("with", "TLS") } else { ("without", "the listeners of before") };
        Checkpoint {
            expect: format!(
                "{} {with} certificates and at rest, and a broker lists its topics through {through}",
                encrypted(&self.config).join(" and ")
            ),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(60),
            interval: Duration::from_secs(10),
            successes: 3,
            look_here: look_here(&self.config),
            not_met: Id::TlsNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.config)?;
        let missing = self.missing(&status);
        if !missing.is_empty() {
            let state = if self.on { "without" } else { "still with" };
            return Ok(Verdict::not_yet(format!("{state} certificates: {}", missing.join(", "))));
        }
        let seen = match kafka_readiness::judge(&status, &Wanted::kafka(&self.config)) {
            Judgement::Ready { seen } => seen,
            Judgement::Waiting { why } => return Ok(Verdict::not_yet(why)),
            Judgement::Broken(trouble) => {
                return Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect)));
            }
        };
        match self.old_listener(&status) {
            Some(why) => Ok(Verdict::not_yet(format!("{seen}; {why}"))),
            // The listing goes through the port that follows the relation.
            None => lists_topics(hosts, &self.config, &status, seen),
        }
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let target = self.config.juju.target();
        let doing = self.title();
        let status = asked(work, &self.config, doing)?;
        let mut missing = self.missing(&status);
        if !self.on {
            missing.reverse();
        }
        for application in missing {
            let (one, other) = certificates::endpoints(application, &self.authority);
            if self.on {
                integrate(work, &target, &one, &other, doing)?;
            } else {
                work.run(Place::Vm, &juju_changes::remove_relation(&target, &one, &other), doing)?;
            }
        }
        Ok(())
    }
}

impl Step for RemoveAuthority {
    fn name(&self) -> &'static str {
        "remove-certificates"
    }

    fn title(&self) -> &'static str {
        "Remove the certificate authority"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(juju_changes::remove_application(&self.config.juju.target(), &self.authority))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("there is no application `{}`", self.authority),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(20),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.config),
            not_met: Id::TlsNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::removed(hosts, &self.config, &self.authority)
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        beside::remove(work, &self.config, &self.authority, self.title())
    }
}
