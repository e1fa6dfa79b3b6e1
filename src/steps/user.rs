//! Steps that make a client user, give it other credentials and remove it: an application of the data-integrator
//! charm, and its relation with Kafka, which is what brings the credentials.

use std::time::Duration;

use super::{beside, minutes, model};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::data_integrator::{self, Credentials, User};
use crate::tools::juju_status::Status;
use crate::tools::kafka_readiness::{self, Judgement, Wanted, WantedApplication};
use crate::tools::{juju, juju_changes};

/// Deploys the application of a user.
pub struct DeployUser {
    /// The configuration in force.
    pub config: Config,
    /// The user.
    pub user: User,
}

/// Relates it with Kafka and waits for its credentials.
pub struct IntegrateUser {
    /// The configuration in force.
    pub config: Config,
    /// The user's name.
    pub user: String,
    /// The name in Kafka that it must no longer have.
    pub other_than: Option<String>,
}

/// Takes its relation with Kafka away, and with it the credentials.
pub struct DetachUser {
    /// The configuration in force.
    pub config: Config,
    /// The user's name.
    pub user: String,
}

/// Removes the application of a user that is not related.
pub struct DeleteUser {
    /// The configuration in force.
    pub config: Config,
    /// The user's name.
    pub user: String,
}

/// A user's credentials, or why there are none yet.
///
/// # Errors
/// The user's unit could not be asked.
pub fn credentials(
    hosts: &Hosts<'_>,
    target: &str,
    user: &str,
) -> Result<Result<Credentials, String>, CommandError> {
    let line = data_integrator::credentials(target, user);
    data_integrator::parse_credentials(&line, hosts.vm.ask(&line)?)
}

/// Whether the user is related with Kafka, if only one side still says so.
pub fn is_related(status: &Status, user: &str) -> bool {
    beside::is_related(status, &data_integrator::application(user))
}

/// The command that shows a user's application.
fn look_here(config: &Config, user: &str) -> String {
    beside::look_here(config, &data_integrator::application(user))
}

impl Step for DeployUser {
    fn name(&self) -> &'static str {
        "deploy-user"
    }

    fn title(&self) -> &'static str {
        "Deploy the user's application"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(self.user.deploy(&self.config.juju.target()))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!(
                "the application `{}` with 1 unit",
                data_integrator::application(&self.user.name)
            ),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(10),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.config, &self.user.name),
            not_met: Id::UserNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let name = data_integrator::application(&self.user.name);
        beside::deployed(hosts, &self.config, &name, &format!(": {}", self.user))
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let name = data_integrator::application(&self.user.name);
        let line = self.user.deploy(&self.config.juju.target());
        beside::deploy(work, &self.config, &name, &line, self.title())
    }
}

impl IntegrateUser {
    /// Kafka and the user, at rest and related.
    fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::kafka(&self.config);
        let name = data_integrator::application(&self.user);
        wanted.related.push((name.clone(), "kafka".to_owned()));
        wanted.applications.push(WantedApplication {
            name,
            charm: data_integrator::CHARM.to_owned(),
            track: "latest".to_owned(),
            units: 1,
        });
        wanted
    }
}

impl Step for IntegrateUser {
    fn name(&self) -> &'static str {
        "integrate-user"
    }

    fn title(&self) -> &'static str {
        "Integrate the user with Kafka"
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = data_integrator::endpoints(&self.user);
        vec![Planned::vm(juju::integrate(&self.config.juju.target(), &one, other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let target = self.config.juju.target();
        Checkpoint {
            expect: format!("`{}` has brokers, a name and a password, and Kafka is at rest again", self.user),
            probes: vec![
                (Place::Vm, juju::status(&target)),
                (Place::Vm, data_integrator::credentials(&target, &self.user)),
            ],
            timeout: minutes(40),
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: look_here(&self.config, &self.user),
            not_met: Id::UserNotReady,
        }
    }

    /// The first client opens the clients' port and the last one closes it, each with a restart of the brokers in
    /// turn (canonical/kafka-operator:src/core/cluster.py), so Kafka must be at rest as well.
    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.config)?;
        let seen = match kafka_readiness::judge(&status, &self.wanted()) {
            Judgement::Ready { seen } => seen,
            Judgement::Waiting { why } => return Ok(Verdict::not_yet(why)),
            Judgement::Broken(trouble) => {
                return Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect)));
            }
        };
        Ok(match credentials(hosts, &self.config.juju.target(), &self.user)? {
            Err(why) => Verdict::not_yet(format!("{seen}; {why}")),
            Ok(credentials) if Some(&credentials.username) == self.other_than.as_ref() => {
                Verdict::not_yet(format!("{seen}; the credentials are still the old ones"))
            }
            Ok(credentials) => {
                Verdict::met(format!("{seen}; `{}` is {} in Kafka", self.user, credentials.username))
            }
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (one, other) = data_integrator::endpoints(&self.user);
        let name = data_integrator::application(&self.user);
        beside::relate(work, &self.config, &name, (&one, other), self.title())
    }
}

impl Step for DetachUser {
    fn name(&self) -> &'static str {
        "detach-user"
    }

    fn title(&self) -> &'static str {
        "Take the user's credentials away"
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = data_integrator::endpoints(&self.user);
        vec![Planned::vm(juju_changes::remove_relation(&self.config.juju.target(), &one, other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("`{}` is not related with Kafka", data_integrator::application(&self.user)),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(20),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.config, &self.user),
            not_met: Id::UserNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::detached(hosts, &self.config, &data_integrator::application(&self.user))
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (one, other) = data_integrator::endpoints(&self.user);
        let line = juju_changes::remove_relation(&self.config.juju.target(), &one, other);
        work.run(Place::Vm, &line, self.title())?;
        Ok(())
    }
}

impl Step for DeleteUser {
    fn name(&self) -> &'static str {
        "delete-user"
    }

    fn title(&self) -> &'static str {
        "Remove the user's application"
    }

    fn commands(&self) -> Vec<Planned> {
        let name = data_integrator::application(&self.user);
        vec![Planned::vm(juju_changes::remove_application(&self.config.juju.target(), &name))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = data_integrator::application(&self.user);
        Checkpoint {
            expect: format!("there is no application `{name}`, and Kafka is at rest"),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target()))],
            timeout: minutes(30),
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: look_here(&self.config, &self.user),
            not_met: Id::UserNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::gone(hosts, &self.config, &data_integrator::application(&self.user))
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        beside::remove(work, &self.config, &data_integrator::application(&self.user), self.title())
    }
}
