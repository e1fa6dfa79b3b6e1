//! What becomes of units: the order of statuses of kafka 3 and 4 and zookeeper, from "waiting for machine" to
//! active. Worked out from what was asked for and when, never stored.

use super::juju_store::{Application, Model};
use super::timeline::{Draw, Millis, SECOND};

/// What a unit says from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Since when.
    pub at: Millis,
    /// Its workload status.
    pub workload: &'static str,
    /// The message with it.
    pub message: &'static str,
    /// Its agent's status.
    pub agent: &'static str,
    /// The message with that.
    pub hook: &'static str,
}

/// A healthy broker's message on LXD: no reason to worry (canonical/kafka-operator:src/literals.py).
pub const NOT_OPTIMAL: &str = "machine system settings are not optimal - see logs for info";

/// A charm that the simulated store has: name, tracks, base and revision of each.
const STORE: [(&str, &str, &str, u32, &str); 3] = [
    ("kafka", "3", "22.04", 240, "3.9.0"),
    ("kafka", "4", "24.04", 248, "4.1.1"),
    ("zookeeper", "3", "22.04", 163, "3.9.2"),
];

/// What the store knows of a charm at that channel: its base, revision and workload version.
pub fn of_store(charm: &str, channel: &str) -> Option<(&'static str, u32, &'static str)> {
    let track = channel.split('/').next().unwrap_or_default();
    STORE.iter().find(|row| row.0 == charm && row.1 == track).map(|row| (row.2, row.3, row.4))
}

/// Whether the store knows the charm at all.
pub fn exists(charm: &str) -> bool {
    STORE.iter().any(|row| row.0 == charm)
}

/// The times of a machine: when its container runs, and when its agent answers.
pub fn machine_times(model: &Model, id: u32, draw: Draw) -> (Millis, Millis) {
    let machine = &model.machines[&id];
    // The first container of a release waits for the image; containers are made one after the other.
    let first = model.machines.values().filter(|m| m.base == machine.base).map(|m| m.created).min();
    let image =
        first.unwrap_or(machine.created) + draw.about(&format!("lxd image {}", machine.base), 80 * SECOND);
    let before =
        model.machines.iter().filter(|(other, m)| **other < id && m.created == machine.created).count();
    let begun = machine.created.max(image);
    let key = |what| format!("{what} of machine {id} in {}", model.uuid);
    let runs = begun + draw.about(&key("container"), 15 * SECOND) + before as Millis * 8 * SECOND;
    (runs, runs + draw.about(&key("agent"), 80 * SECOND))
}

/// A unit on its way.
struct Way<'a> {
    model: &'a Model,
    name: &'a str,
    application: &'a Application,
    draw: Draw,
}

/// The phases of a unit, in the order of time.
pub fn phases(model: &Model, name: &str, number: u32, draw: Draw) -> Vec<Phase> {
    let application = &model.applications[name];
    Way { model, name, application, draw }.phases(number)
}

/// When a broker's port is open; `None` while nothing says when.
pub fn port_open(phases: &[Phase], now: Millis) -> bool {
    let configured = ["Broker not running", "service not running"];
    phases.iter().any(|phase| configured.contains(&phase.message) && phase.at + 8 * SECOND <= now)
}

/// The unit that leads: the one whose agent was there first, half a minute later.
pub fn leader(model: &Model, name: &str, draw: Draw) -> Option<(u32, Millis)> {
    let units = &model.applications.get(name)?.units;
    let first =
        units.iter().map(|(number, unit)| (machine_times(model, unit.machine, draw).1, *number)).min();
    first.map(|(at, number)| (number, at + 30 * SECOND))
}

impl Way<'_> {
    fn about(&self, what: &str, number: u32, typical: Millis) -> Millis {
        self.draw.about(&format!("{what} of {}/{number} in {}", self.name, self.model.uuid), typical)
    }

    /// When the install hook begins, and when it is over.
    fn install(&self, number: u32) -> (Millis, Millis) {
        let (_, agent) = machine_times(self.model, self.application.units[&number].machine, self.draw);
        let begins = agent + self.about("initialising", number, 8 * SECOND);
        (begins, begins + self.about("install", number, 200 * SECOND))
    }

    fn phases(&self, number: u32) -> Vec<Phase> {
        let unit = &self.application.units[&number];
        let (runs, agent) = machine_times(self.model, unit.machine, self.draw);
        let (begins, installed) = self.install(number);
        let mut phases = vec![
            phase(unit.created, "waiting", "waiting for machine", "allocating", ""),
            phase(runs, "waiting", "installing agent", "allocating", ""),
            phase(agent, "waiting", "agent initialising", "allocating", ""),
            phase(begins, "maintenance", "installing charm software", "executing", "running install hook"),
        ];
        match (self.application.charm.as_str(), self.application.channel.starts_with('4')) {
            ("zookeeper", _) => self.zookeeper(number, installed, &mut phases),
            ("kafka", false) => self.kafka_3(number, installed, &mut phases),
            ("kafka", true) => self.kafka_4(number, installed, &mut phases),
            _ => phases.push(phase(installed, "active", "", "idle", "")),
        }
        phases.sort_by_key(|phase| phase.at);
        phases
    }

    /// zookeeper: all must be there, then one after the other joins the quorum.
    fn zookeeper(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let created = self.application.units[&number].created;
        let cohort: Vec<u32> = self
            .application
            .units
            .iter()
            .filter(|(_, unit)| unit.created == created)
            .map(|(n, _)| *n)
            .collect();
        let all = cohort.iter().map(|n| self.install(*n).1).max().unwrap_or(installed) + 15 * SECOND;
        let turn: Millis =
            cohort.iter().filter(|n| **n < number).map(|n| self.about("turn", *n, 50 * SECOND)).sum();
        let turn = all + turn;
        phases.push(phase(
            installed,
            "maintenance",
            "cluster not stable - not all units related",
            "idle",
            "",
        ));
        if turn > all {
            let waits = if number % 2 == 1 {
                phase(all, "waiting", "other units starting first", "idle", "")
            } else {
                phase(all, "blocked", "zookeeper service not running", "idle", "")
            };
            phases.push(waits);
        }
        let joins = "running cluster-relation-changed hook";
        phases.push(phase(
            turn,
            "maintenance",
            "cluster not stable - not all units added to quorum",
            "executing",
            joins,
        ));
        let active = turn + self.about("joining", number, 25 * SECOND);
        phases.push(phase(active, "active", "", "executing", joins));
        phases.push(phase(active + 3 * SECOND, "active", "", "idle", ""));
    }

    /// When every unit of the application that a broker waits for is active.
    fn quorum_since(&self, provider: &str, related: Millis) -> Option<Millis> {
        let application = self.model.applications.get(provider)?;
        let way = Way { name: provider, application, ..*self };
        let units = application.units.iter().filter(|(_, unit)| unit.created <= related);
        units
            .map(|(number, _)| {
                let phases = way.phases(*number);
                phases.iter().find(|phase| phase.workload == "active").map_or(Millis::MAX, |phase| phase.at)
            })
            .max()
    }

    /// kafka 3: blocked until it is related, then one wait after the other.
    fn kafka_3(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let sysctl = installed - self.about("sysctl", number, 15 * SECOND);
        let text = "sysctl params cannot be set. Is the machine running on a container?";
        phases.push(phase(sysctl, "blocked", text, "executing", "running install hook"));
        let needs = "Application needs ZooKeeper or KRaft mode";
        let relation = self.model.related(self.name, "zookeeper");
        if relation.is_none_or(|relation| relation.created > installed) {
            phases.push(phase(installed, "blocked", needs, "idle", ""));
        }
        let Some(relation) = relation else { return };
        let seen = relation.created.max(installed) + self.about("relation", number, 6 * SECOND);
        let changed = "running zookeeper-relation-changed hook";
        phases.push(phase(seen, "waiting", "zookeeper credentials not created yet", "executing", changed));
        phases.push(phase(seen + 2 * SECOND, "waiting", "zookeeper credentials not created yet", "idle", ""));
        let Some(quorum) = self.quorum_since(&relation.provider.0, relation.created) else { return };
        if quorum == Millis::MAX {
            return;
        }
        let credentials =
            quorum.max(relation.created) + self.draw.about("zookeeper credentials", 25 * SECOND);
        let mut start = seen.max(credentials) + 3 * SECOND;
        if let Some((leader, _)) = leader(self.model, self.name, self.draw)
            && leader != number
        {
            let led = self.install(leader).1.max(credentials) + self.about("users", leader, 25 * SECOND);
            phases.push(phase(start, "waiting", "internal broker credentials not yet added", "idle", ""));
            start = start.max(led) + 2 * SECOND;
        }
        phases.push(phase(start, "blocked", "Broker not running", "executing", changed));
        let up = start + self.about("broker", number, 18 * SECOND);
        // Active for a moment between two hooks, before the broker is registered.
        phases.push(phase(up, "active", "", "executing", changed));
        phases.push(phase(
            up + 3 * SECOND,
            "blocked",
            "unit not connected to zookeeper",
            "executing",
            changed,
        ));
        let ready = up + 3 * SECOND + self.about("registering", number, 9 * SECOND);
        phases.push(phase(ready, "active", NOT_OPTIMAL, "executing", changed));
        phases.push(phase(ready + 4 * SECOND, "active", NOT_OPTIMAL, "idle", ""));
    }

    /// kafka 4 with combined roles; a broker alone stays blocked.
    fn kafka_4(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let text = "sysctl params cannot be set. Is the machine running on a container?";
        let sysctl = installed - self.about("sysctl", number, 15 * SECOND);
        phases.push(phase(sysctl, "blocked", text, "executing", "running install hook"));
        phases.push(phase(
            installed,
            "maintenance",
            "no peer relation yet",
            "executing",
            "running config-changed hook",
        ));
        let mut at = installed + self.about("peers", number, 4 * SECOND);
        let roles = self.application.config.get("roles").map_or("broker", String::as_str);
        if !roles.split(',').any(|role| role.trim() == "controller") {
            let text = "application needs to be related with a KRaft controller";
            phases.push(phase(at, "blocked", text, "idle", ""));
            return;
        }
        let start = "running start hook";
        let waits: [(&str, &str, Millis); 7] = [
            ("waiting", "waiting for internal TLS setup", 20),
            ("waiting", "waiting for bootstrap controller", 12),
            ("waiting", "waiting for cluster uuid", 5),
            ("waiting", "waiting for controller user credentials", 9),
            ("waiting", "internal broker credentials not yet added", 14),
            ("blocked", "service not running", 15),
            ("blocked", "unit not connected to the controller", 12),
        ];
        for (workload, message, seconds) in waits {
            phases.push(phase(at, workload, message, "executing", start));
            at += self.about(message, number, seconds * SECOND);
        }
        phases.push(phase(at, "active", NOT_OPTIMAL, "executing", start));
        phases.push(phase(at + 4 * SECOND, "active", NOT_OPTIMAL, "idle", ""));
    }
}

/// A phase.
fn phase(
    at: Millis,
    workload: &'static str,
    message: &'static str,
    agent: &'static str,
    hook: &'static str,
) -> Phase {
    Phase { at, workload, message, agent, hook }
}
