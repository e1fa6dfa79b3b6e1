//! What every application that comes and goes beside Kafka has in common: it is deployed once, related once, and
//! gone in the end, whatever state an earlier attempt left it in.

use std::time::Duration;

use super::{asked, in_vm, integrate, model};
use crate::config::Config;
use crate::failure::Failure;
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Verdict, Work};
use crate::tools::juju_relations::others;
use crate::tools::juju_status::Status;
use crate::tools::kafka_readiness::{self, Judgement, Wanted};
use crate::tools::{juju, juju_changes};

/// How often the model is asked whether an application of the same name has gone.
const GOING: Duration = Duration::from_secs(5);

/// The command that shows an application and its relations.
pub fn look_here(config: &Config, name: &str) -> String {
    in_vm(&config.vm.name, &format!("juju status -m {} --relations {name}", config.juju.target()))
}

/// Whether it is related with Kafka, if only one side still says so.
pub fn is_related(status: &Status, name: &str) -> bool {
    !others(status, name, "kafka").is_empty()
        || others(status, name, "kafka-client").contains(&"kafka")
        || others(status, "kafka", "kafka-client").contains(&name)
}

/// Whether it is deployed with a unit; `what` is added to what was seen.
///
/// # Errors
/// Juju could not be asked.
pub fn deployed(hosts: &Hosts<'_>, config: &Config, name: &str, what: &str) -> Result<Verdict, CommandError> {
    Ok(match model(hosts, config)?.application(name) {
        None => Verdict::not_yet(format!("there is no application `{name}`")),
        Some(a) if !a.life.is_empty() => Verdict::not_yet(format!("`{name}` is being removed")),
        Some(a) if a.living_units().is_empty() => Verdict::not_yet(format!("`{name}` has no unit")),
        Some(_) => Verdict::met(format!("`{name}` is deployed{what}")),
    })
}

/// Deploys it with this command, unless it is there; one that has lost its unit gets one.
///
/// # Errors
/// The model could not be asked, or a command failed.
pub fn deploy(
    work: &Work<'_>,
    config: &Config,
    name: &str,
    line: &CommandLine,
    doing: &str,
) -> Result<(), Failure> {
    loop {
        match asked(work, config, doing)?.application(name) {
            None => {
                work.run(Place::Vm, line, doing)?;
                return Ok(());
            }
            // One of that name that is on its way out must be gone first.
            Some(a) if !a.life.is_empty() && work.may_go_on() && !work.stop.requested() => {
                work.waiting(format!("`{name}` is being removed"));
                work.hosts.clock.pause(GOING);
            }
            Some(a) => {
                if a.life.is_empty() && a.living_units().is_empty() {
                    work.run(Place::Vm, &juju::add_unit(&config.juju.target(), name, 1), doing)?;
                }
                return Ok(());
            }
        }
    }
}

/// Relates it with Kafka by these endpoints, unless it is.
///
/// # Errors
/// The model could not be asked, or the command failed.
pub fn relate(
    work: &Work<'_>,
    config: &Config,
    name: &str,
    (one, other): (&str, &str),
    doing: &str,
) -> Result<(), Failure> {
    if is_related(&asked(work, config, doing)?, name) {
        return Ok(());
    }
    integrate(work, &config.juju.target(), one, other, doing)
}

/// Whether its relation with Kafka is gone.
///
/// # Errors
/// Juju could not be asked.
pub fn detached(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<Verdict, CommandError> {
    Ok(if is_related(&model(hosts, config)?, name) {
        Verdict::not_yet(format!("`{name}` is still related with Kafka"))
    } else {
        Verdict::met(format!("`{name}` is not related with Kafka"))
    })
}

/// What is still seen of it, or `None` when it is gone.
fn remains(status: &Status, name: &str) -> Option<String> {
    status.application(name).map(|application| {
        let life = if application.life.is_empty() { "there" } else { &application.life };
        format!("`{name}` is still {life}")
    })
}

/// Whether it is gone, whatever Kafka makes of that.
///
/// # Errors
/// Juju could not be asked.
pub fn removed(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<Verdict, CommandError> {
    let remains = remains(&model(hosts, config)?, name);
    Ok(remains.map_or_else(|| Verdict::met(format!("there is no `{name}`")), Verdict::not_yet))
}

/// Whether it is gone, and Kafka has come to rest without it.
///
/// # Errors
/// Juju could not be asked.
pub fn gone(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<Verdict, CommandError> {
    let status = model(hosts, config)?;
    if let Some(remains) = remains(&status, name) {
        return Ok(Verdict::not_yet(remains));
    }
    Ok(match kafka_readiness::judge(&status, &Wanted::kafka(config)) {
        Judgement::Ready { seen } => Verdict::met(format!("there is no `{name}`; {seen}")),
        Judgement::Waiting { why } => Verdict::not_yet(format!("`{name}` is gone; {why}")),
        // It is gone all the same; what is wrong with Kafka is for `status` to say.
        Judgement::Broken(trouble) => {
            Verdict::met(format!("there is no `{name}`; but {} {}", trouble.entity, trouble.why))
        }
    })
}

/// Removes it, unless it is gone or going.
///
/// # Errors
/// The model could not be asked, or the command failed.
pub fn remove(work: &Work<'_>, config: &Config, name: &str, doing: &str) -> Result<(), Failure> {
    if asked(work, config, doing)?.application(name).is_some_and(|a| a.life.is_empty()) {
        work.run(Place::Vm, &juju_changes::remove_application(&config.juju.target(), name), doing)?;
    }
    Ok(())
}
