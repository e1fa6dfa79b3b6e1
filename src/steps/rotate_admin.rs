//! Gives the cluster's own admin account a new password. It acts each time.
//!
//! On track 3 the charm makes the password. On track 4 kafstack does, and hands it over in a Juju secret; the charm
//! takes it without a word, or ignores it without a word, so what it holds afterwards is compared with what was sent.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{in_vm, minutes};
use crate::failure::{Failure, Id};
use crate::host::secret::Secret;
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::kafka::Cluster;
use crate::tools::{juju_secrets as secrets, kafka_admin as admin};

/// Gives the admin a new password.
pub struct RotateAdmin {
    /// Where.
    cluster: Cluster,
    /// The VM's name, for what a person would type.
    vm: String,
    /// The password before.
    old: Secret,
    /// The one after, once it is known.
    new: Mutex<Option<Secret>>,
    /// The step whose checkpoint says that Kafka is ready.
    ready: Box<dyn Step>,
}

impl RotateAdmin {
    /// From this password to another, kafstack's own on track 4; it is over when that step's checkpoint holds again.
    pub fn new(cluster: Cluster, vm: String, old: Secret, new: Option<Secret>, ready: Box<dyn Step>) -> Self {
        RotateAdmin { cluster, vm, old, new: Mutex::new(new), ready }
    }

    /// The new password, as far as it is known.
    fn wanted(&self) -> Option<Secret> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Track 3: the charm makes one.
    fn renew(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = admin::renew(&self.cluster);
        let answer = work.hosts.vm.ask(&line).and_then(|output| admin::parse_renew(&line, output));
        let password = answer.map_err(|error| of_charm("Let the charm make a new password", &error))?;
        *self.new.lock().unwrap_or_else(PoisonError::into_inner) = Some(password);
        Ok(())
    }

    /// Track 4: kafstack's goes into a secret, and the charm is pointed at it.
    fn hand_over(&self, work: &Work<'_>) -> Result<(), Failure> {
        let password =
            self.wanted().ok_or_else(|| Failure::new(Id::Unexpected, "there is no new password"))?;
        let id =
            keep(work, &self.cluster.target, admin::SECRET, &[(admin::username(&self.cluster), &password)])?;
        let grant = secrets::grant(&self.cluster.target, admin::SECRET, "kafka");
        work.run(Place::Vm, &grant, "Let kafka read the new password")?;
        let point = admin::point_at_secret(&self.cluster, &id);
        work.run(Place::Vm, &point, "Point kafka at the new password")?;
        Ok(())
    }
}

/// Puts values into the secret of that name, new or not. Returns its id. The file that carries them to Juju is removed
/// whatever happens.
///
/// # Errors
/// They could not be put there.
pub fn keep(
    work: &Work<'_>,
    target: &str,
    name: &str,
    values: &[(&str, &Secret)],
) -> Result<String, Failure> {
    let doing = "Hand the password to Juju";
    let find = || -> Result<Option<String>, Failure> {
        let line = secrets::list(target);
        let found = work.hosts.vm.ask(&line).and_then(|output| secrets::parse_list(&line, output, name));
        found.map_err(|error| Failure::of_command("Ask Juju for its secrets", &error))
    };
    let there = find()?;
    let put = || -> Result<(), Failure> {
        work.run(Place::Vm, &secrets::make_folder(), doing)?;
        work.run(Place::Vm, &secrets::make_file(), doing)?;
        work.run(Place::Vm, &secrets::write_file(values), doing)?;
        let line = if there.is_some() { secrets::update(target, name) } else { secrets::add(target, name) };
        work.run(Place::Vm, &line, doing)?;
        Ok(())
    };
    let put = put();
    let removed = work.run(Place::Vm, &secrets::remove_file(), "Remove the file with the password");
    put?;
    removed?;
    match there {
        Some(id) => Ok(id),
        None => find()?.ok_or_else(|| Failure::new(Id::CommandFailed, doing).seen("the secret is not there")),
    }
}

/// A charm's "no" is no broken command.
pub fn of_charm(doing: &str, error: &CommandError) -> Failure {
    match error {
        CommandError::Failed { code: 0, said, .. } => {
            Failure::new(Id::ActionFailed, doing).seen(said.clone())
        }
        _ => Failure::of_command(doing, error),
    }
}

impl Step for RotateAdmin {
    fn name(&self) -> &'static str {
        "rotate-admin"
    }

    fn title(&self) -> &'static str {
        "Give the admin a new password"
    }

    fn commands(&self) -> Vec<Planned> {
        let cluster = &self.cluster;
        if !cluster.kraft {
            return vec![Planned::vm(admin::renew(cluster))];
        }
        let target = &cluster.target;
        [
            secrets::make_folder(),
            secrets::make_file(),
            secrets::write_file(&[]),
            secrets::add(target, admin::SECRET),
            secrets::remove_file(),
            secrets::grant(target, admin::SECRET, "kafka"),
            admin::point_at_secret(cluster, "{secret}"),
        ]
        .map(Planned::vm)
        .to_vec()
    }

    fn checkpoint(&self) -> Checkpoint {
        let ask = admin::ask(&self.cluster);
        Checkpoint {
            expect: "the charm holds the new password, and Kafka is ready with it".to_owned(),
            look_here: in_vm(&self.vm, &ask.to_string()),
            probes: std::iter::once((Place::Vm, ask)).chain(self.ready.checkpoint().probes).collect(),
            timeout: minutes(30),
            interval: Duration::from_secs(10),
            // On track 4 the restart may begin as late as that.
            successes: if self.cluster.kraft { 7 } else { 3 },
            not_met: Id::UserNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = admin::ask(&self.cluster);
        let now = admin::parse(&self.cluster, &line, hosts.vm.ask(&line)?)?;
        if now == self.old {
            return Ok(Verdict::not_yet("the charm holds the old password"));
        }
        if self.wanted().is_some_and(|wanted| wanted != now) {
            return Ok(Verdict::not_yet(
                "the charm holds a password that is neither the old nor the new one",
            ));
        }
        // The brokers restart one by one some time after the charm took the password in (track 4).
        self.ready.probe(hosts)
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        if self.cluster.kraft { self.hand_over(work) } else { self.renew(work) }
    }
}

#[cfg(test)]
#[path = "rotate_admin_tests.rs"]
mod tests;
