//! The Juju model: applications, units, machines.

use std::time::Duration;

use super::clues::{Clue, Depth};
use super::{Diagnosis, lxd};
use crate::tools::juju_status::{Machine, Status, StatusInfo, Unit};
use crate::tools::kafka_readiness::Wanted;
use crate::tools::{juju, juju_status};

/// How long a machine, or an agent on it, may be on its way before that is a clue: an image is downloaded in this time
/// by a slow line, and Juju's own agents are there two minutes after it.
const ON_ITS_WAY: Duration = Duration::from_secs(20 * 60);
/// How long a state that may pass by itself may last before it is a clue.
const PASSING: Duration = Duration::from_secs(10 * 60);
/// The states of a unit's workload that are no clue however long they last.
const WELL: [&str; 3] = ["active", "unknown", "terminated"];

impl Diagnosis<'_> {
    /// What is not well in the model. While applications are still deployed they are not integrated yet.
    pub(super) fn model(&self, step: &str) -> Vec<Clue> {
        let target = self.config.juju.target();
        let line = juju::status(&target);
        let Some(output) = self.ask(&line) else { return Vec::new() };
        let status = match juju_status::parse(&line, &output) {
            Ok(status) => status,
            Err(_) if output.code != 0 => return vec![Clue::said(Depth::Words, &output.last_words(&line))],
            Err(_) => return Vec::new(),
        };
        let mut wanted = Wanted::kafka(self.config);
        if step.starts_with("deploy-") {
            wanted.related.clear();
        }
        let mut clues = of_model(&status, &wanted);
        for (name, unit) in status.applications.iter().flat_map(|(_, a)| a.units.iter()) {
            clues.extend(of_unit(&status, name, unit).into_iter().map(|clue| clue.of_unit(name)));
            // What the log says of a hook is more to the point than that it failed.
            if unit.workload_status.current == "error" {
                clues.extend(self.last_error(&target, name).map(|clue| clue.of_unit(name)));
            }
        }
        for (id, machine) in status.machines.iter() {
            let container = lxd::container_of(machine);
            let found = of_machine(&status, id, machine);
            clues.extend(found.into_iter().map(|clue| clue.of_container(id, container)));
        }
        clues
    }

    /// What a unit's log says last about a hook that failed.
    fn last_error(&self, target: &str, unit: &str) -> Option<Clue> {
        let line = juju::errors_of(target, unit);
        let output = self.ask(&line).filter(|output| output.code == 0)?;
        Some(Clue::said(Depth::Unit, &output.out()))
    }
}

/// What is not well with the model as a whole.
fn of_model(status: &Status, wanted: &Wanted) -> Vec<Clue> {
    let mut clues = Vec::new();
    let info = &status.model.model_status;
    if !["", "available"].contains(&info.current.as_str()) {
        let text = format!("model {} is {} {}", status.model.name, info.current, info.reason);
        clues.push(Clue::new(Depth::Words, text));
    }
    for (what, why) in status.errors() {
        clues.push(Clue::new(Depth::Words, format!("Juju could not tell about {what}: {why}")));
    }
    for want in &wanted.applications {
        match status.application(&want.name) {
            Some(application) if !application.life.is_empty() => {
                clues.push(Clue::new(Depth::Words, format!("application {} is dying", want.name)));
            }
            Some(application) if !application.charm_channel.starts_with(&format!("{}/", want.track)) => {
                let text = format!("application {} is from channel {}", want.name, application.charm_channel);
                clues.push(Clue::new(Depth::Words, text));
            }
            _ => {}
        }
    }
    for (one, other) in &wanted.related {
        let both = status.application(one).is_some() && status.application(other).is_some();
        if both && !status.related(one, other) {
            clues.push(Clue::new(Depth::Words, format!("{one} and {other} are not integrated")));
        }
    }
    clues
}

/// What is not well with a unit.
fn of_unit(status: &Status, name: &str, unit: &Unit) -> Vec<Clue> {
    let mut clues = Vec::new();
    let (workload, agent) = (&unit.workload_status, &unit.juju_status);
    let long = |info: &StatusInfo, limit| status.age(info).is_some_and(|age| age >= limit);
    if workload.current == "error" {
        clues.push(Clue::new(Depth::Unit, format!("{name} error: {}", workload.message)));
    } else if !WELL.contains(&workload.current.as_str()) && long(workload, PASSING) {
        let text = format!("{name} has long been {}: {}", workload.current, workload.message);
        clues.push(Clue::new(Depth::Unit, text));
    }
    match agent.current.as_str() {
        "lost" | "failed" | "error" => {
            clues.push(Clue::new(
                Depth::Unit,
                format!("{name} agent is {}: {}", agent.current, agent.message),
            ));
        }
        "allocating" if long(agent, ON_ITS_WAY) => {
            clues.push(Clue::new(Depth::Unit, format!("{name} agent has long been allocating")));
        }
        _ => {}
    }
    clues
}

/// What is not well with a machine.
fn of_machine(status: &Status, id: &str, machine: &Machine) -> Vec<Clue> {
    let mut clues = Vec::new();
    let (instance, agent) = (&machine.machine_status, &machine.juju_status);
    if ["down", "stopped", "error"].contains(&agent.current.as_str()) {
        clues
            .push(Clue::new(Depth::Machine, format!("machine {id} is {}: {}", agent.current, agent.message)));
    }
    for info in [instance, &machine.modification_status] {
        if ["provisioning error", "error"].contains(&info.current.as_str()) {
            clues.push(Clue::new(Depth::Machine, format!("machine {id} {}: {}", info.current, info.message)));
        }
    }
    if ["pending", "allocating"].contains(&instance.current.as_str())
        && status.age(instance).is_some_and(|age| age >= ON_ITS_WAY)
    {
        let text = format!("machine {id} has long been {}: {}", instance.current, instance.message);
        clues.push(Clue::new(Depth::Machine, text));
    }
    clues
}
