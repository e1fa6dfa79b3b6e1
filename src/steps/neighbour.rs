//! Steps that put an application beside Kafka and take it away again: deployed, related, given a password. What moves
//! a record through Kafka Connect is in `move_record`.

use std::time::Duration;

use super::rotate_admin::keep;
use super::{beside, in_vm, minutes, model};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::secret::Secret;
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::kafka_readiness::{self, Judgement, Wanted, WantedApplication};
use crate::tools::neighbours::{self, Neighbour};
use crate::tools::{juju, juju_changes, juju_secrets as secrets};

/// Deploys it.
pub struct DeployNeighbour {
    /// The configuration in force.
    pub config: Config,
    /// Which.
    pub neighbour: Neighbour,
}

/// Relates it with Kafka and waits until it serves.
pub struct IntegrateNeighbour {
    /// The configuration in force.
    pub config: Config,
    /// Which.
    pub neighbour: Neighbour,
}

/// Gives it a password of kafstack's making.
pub struct HandPassword {
    /// The configuration in force.
    pub config: Config,
    /// Which.
    pub neighbour: Neighbour,
    /// The secret that carries it.
    pub secret: &'static str,
    /// The password, unless it has one already.
    pub password: Secret,
}

/// Takes its relation with Kafka away.
pub struct DetachNeighbour {
    /// The configuration in force.
    pub config: Config,
    /// Which.
    pub neighbour: Neighbour,
}

/// Removes it.
pub struct RemoveNeighbour {
    /// The configuration in force.
    pub config: Config,
    /// Which.
    pub neighbour: Neighbour,
}

/// Removes its password.
pub struct ForgetPassword {
    /// The configuration in force.
    pub config: Config,
    /// The secret that carries it.
    pub secret: &'static str,
}

/// The id of the secret of that name, if there is one.
///
/// # Errors
/// Juju could not be asked.
pub fn secret_id(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<Option<String>, CommandError> {
    let line = secrets::list(&config.juju.target());
    secrets::parse_list(&line, hosts.vm.ask(&line)?, name)
}

/// A checkpoint that looks at the model.
fn checkpoint(config: &Config, name: &str, expect: String, minutes_at_most: u64) -> Checkpoint {
    Checkpoint {
        expect,
        probes: vec![(Place::Vm, juju::status(&config.juju.target()))],
        timeout: minutes(minutes_at_most),
        interval: Duration::from_secs(10),
        successes: 1,
        look_here: beside::look_here(config, name),
        not_met: Id::NeighbourNotReady,
    }
}

/// Kafka and it, at rest and related.
pub fn at_rest(
    hosts: &Hosts<'_>,
    config: &Config,
    neighbour: Neighbour,
    expect: &str,
) -> Result<Verdict, CommandError> {
    let mut wanted = Wanted::kafka(config);
    wanted.related.push((neighbour.name().to_owned(), "kafka".to_owned()));
    wanted.applications.push(WantedApplication::new(neighbour.name(), neighbour.channel().0, 1));
    Ok(match kafka_readiness::judge(&model(hosts, config)?, &wanted) {
        Judgement::Ready { seen } => Verdict::met(seen),
        Judgement::Waiting { why } => Verdict::not_yet(why),
        Judgement::Broken(trouble) => Verdict::broken(trouble.failure(expect)),
    })
}

impl Step for DeployNeighbour {
    fn name(&self) -> &'static str {
        "deploy-neighbour"
    }

    fn title(&self) -> &'static str {
        "Deploy the application"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(self.neighbour.deploy(&self.config.juju.target()))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = self.neighbour.name();
        checkpoint(&self.config, name, format!("the application `{name}` with 1 unit"), 15)
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::deployed(hosts, &self.config, self.neighbour.name(), "")
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = self.neighbour.deploy(&self.config.juju.target());
        beside::deploy(work, &self.config, self.neighbour.name(), &line, self.title())
    }
}

impl Step for IntegrateNeighbour {
    fn name(&self) -> &'static str {
        "integrate-neighbour"
    }

    fn title(&self) -> &'static str {
        "Integrate the application with Kafka"
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = self.neighbour.endpoints();
        vec![Planned::vm(juju::integrate(&self.config.juju.target(), &one, other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = self.neighbour.name();
        checkpoint(&self.config, name, format!("`{name}` is active beside Kafka, and both are at rest"), 40)
    }

    /// The first client opens the clients' port with a restart of the brokers in turn
    /// (canonical/kafka-operator:src/core/cluster.py), so Kafka must be at rest as well.
    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        at_rest(hosts, &self.config, self.neighbour, &self.checkpoint().expect)
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (one, other) = self.neighbour.endpoints();
        beside::relate(work, &self.config, self.neighbour.name(), (&one, other), self.title())
    }
}

impl Step for HandPassword {
    fn name(&self) -> &'static str {
        "hand-password"
    }

    fn title(&self) -> &'static str {
        "Give the application a password"
    }

    fn commands(&self) -> Vec<Planned> {
        let (target, name) = (self.config.juju.target(), self.neighbour.name());
        [
            secrets::make_folder(),
            secrets::make_file(),
            secrets::write_file(&[]),
            secrets::add(&target, self.secret),
            secrets::remove_file(),
            secrets::grant(&target, self.secret, name),
            neighbours::point_at_secret(&target, name, "{secret}"),
        ]
        .map(Planned::vm)
        .to_vec()
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = self.neighbour.name();
        let expect = format!("`{name}` is pointed at the secret `{}` and at rest", self.secret);
        let mut checkpoint = checkpoint(&self.config, name, expect, 20);
        checkpoint.probes.push((Place::Vm, secrets::list(&self.config.juju.target())));
        // The charm takes it in by a hook that restarts what it runs.
        checkpoint.successes = 3;
        checkpoint
    }

    /// The option is set last, so an application that is pointed at the secret may read it.
    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let Some(id) = secret_id(hosts, &self.config, self.secret)? else {
            return Ok(Verdict::not_yet(format!("there is no secret `{}`", self.secret)));
        };
        let line = juju_changes::config(&self.config.juju.target(), self.neighbour.name());
        let options = juju_changes::parse_config(&line, hosts.vm.ask(&line)?)?;
        let points = options.get("system-users").map(|value| value.trim_start_matches("secret:"));
        if points != Some(id.as_str()) {
            let name = self.neighbour.name();
            return Ok(Verdict::not_yet(format!("`{name}` is not pointed at the secret `{}`", self.secret)));
        }
        at_rest(hosts, &self.config, self.neighbour, &self.checkpoint().expect)
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (target, name) = (self.config.juju.target(), self.neighbour.name());
        let id = keep(work, &target, self.secret, &[(self.neighbour.username(), &self.password)])?;
        let grant = secrets::grant(&target, self.secret, name);
        work.run(Place::Vm, &grant, "Let the application read its password")?;
        let point = neighbours::point_at_secret(&target, name, &id);
        work.run(Place::Vm, &point, "Point the application at its password")?;
        Ok(())
    }
}

impl Step for DetachNeighbour {
    fn name(&self) -> &'static str {
        "detach-neighbour"
    }

    fn title(&self) -> &'static str {
        "Take the application's relation with Kafka away"
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = self.neighbour.endpoints();
        vec![Planned::vm(juju_changes::remove_relation(&self.config.juju.target(), &one, other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = self.neighbour.name();
        checkpoint(&self.config, name, format!("`{name}` is not related with Kafka"), 20)
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::detached(hosts, &self.config, self.neighbour.name())
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (one, other) = self.neighbour.endpoints();
        let line = juju_changes::remove_relation(&self.config.juju.target(), &one, other);
        work.run(Place::Vm, &line, self.title())?;
        Ok(())
    }
}

impl Step for RemoveNeighbour {
    fn name(&self) -> &'static str {
        "remove-neighbour"
    }

    fn title(&self) -> &'static str {
        "Remove the application"
    }

    fn commands(&self) -> Vec<Planned> {
        let target = self.config.juju.target();
        vec![Planned::vm(juju_changes::remove_application(&target, self.neighbour.name()))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = self.neighbour.name();
        checkpoint(&self.config, name, format!("there is no application `{name}`, and Kafka is at rest"), 30)
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        beside::gone(hosts, &self.config, self.neighbour.name())
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        beside::remove(work, &self.config, self.neighbour.name(), self.title())
    }
}

impl Step for ForgetPassword {
    fn name(&self) -> &'static str {
        "forget-password"
    }

    fn title(&self) -> &'static str {
        "Remove the application's password"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(secrets::remove(&self.config.juju.target(), self.secret))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let target = self.config.juju.target();
        Checkpoint {
            expect: format!("there is no secret `{}`", self.secret),
            probes: vec![(Place::Vm, secrets::list(&target))],
            timeout: minutes(5),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(&self.config.vm.name, &format!("juju secrets -m {target}")),
            not_met: Id::NeighbourNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(match secret_id(hosts, &self.config, self.secret)? {
            None => Verdict::met(format!("there is no secret `{}`", self.secret)),
            Some(_) => Verdict::not_yet(format!("the secret `{}` is still there", self.secret)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        work.run(Place::Vm, &secrets::remove(&self.config.juju.target(), self.secret), self.title())?;
        Ok(())
    }
}
