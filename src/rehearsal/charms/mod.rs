//! What becomes of units: the order of statuses of kafka 3 and 4 and zookeeper, from "waiting for machine" to
//! active. Worked out from what was asked for and when, never stored.

pub mod catalogue;
pub mod certificate;
pub mod clients;
pub mod connect_rest;
mod kafka;
pub mod rounds;
pub mod test_app;
pub mod test_app_unit;
mod zookeeper;

use std::borrow::Cow;

use super::juju::store::{Application, Model};
use super::timeline::{Draw, Millis, SECOND};

/// A fixed text, or one with a name in it.
pub type Text = Cow<'static, str>;

/// What a unit says from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Since when.
    pub at: Millis,
    /// Its workload status.
    pub workload: &'static str,
    /// The message with it.
    pub message: Text,
    /// Its agent's status.
    pub agent: &'static str,
    /// The message with that.
    pub hook: Text,
}

/// A healthy broker's message on LXD: no reason to worry (canonical/kafka-operator:src/literals.py).
pub const NOT_OPTIMAL: &str = "machine system settings are not optimal - see logs for info";

/// The times of a machine: when its container runs, and when its agent answers.
pub fn machine_times(model: &Model, id: u32, draw: Draw) -> (Millis, Millis) {
    let machine = &model.machines[&id];
    // The first container of a release waits for the image; containers are made one after the other.
    let first = model.images.get(&machine.base).copied().unwrap_or(machine.created);
    let image = first + draw.about(&format!("lxd image {}", machine.base), 80 * SECOND);
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

/// When the first unit of an application can ask for anything.
fn installed(model: &Model, name: &str, draw: Draw) -> Millis {
    let Some(application) = model.applications.get(name) else { return 0 };
    let way = Way { model, name, application, draw };
    application.units.keys().map(|number| way.install(*number).1).min().unwrap_or(0)
}

/// The phases of a unit, in the order of time.
pub fn phases(model: &Model, name: &str, number: u32, draw: Draw) -> Vec<Phase> {
    let application = &model.applications[name];
    Way { model, name, application, draw }.phases(number)
}

/// Whether a neighbour of Kafka listens at that address and port.
pub fn serves(
    model: &Model,
    name: &str,
    charm: &str,
    address: &str,
    port: u16,
    draw: Draw,
    now: Millis,
) -> bool {
    let own = match charm {
        "kafka-connect" => 8083,
        "karapace" => 8081,
        "kafka-ui" => 8080,
        _ => return false,
    };
    let units = &model.applications[name].units;
    own == port
        && units.iter().any(|(number, unit)| {
            let phases = phases(model, name, *number, draw);
            model.machines.get(&unit.machine).is_some_and(|machine| machine.address == address)
                && phases
                    .iter()
                    .rfind(|phase| phase.at <= now)
                    .is_some_and(|phase| phase.workload == "active")
        })
}

/// When a broker's port is open; `None` while nothing says when.
pub fn port_open(phases: &[Phase], now: Millis) -> bool {
    let configured = ["Broker not running", "service not running"];
    phases.iter().any(|phase| configured.contains(&phase.message.as_ref()) && phase.at + 8 * SECOND <= now)
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
        let typical = catalogue::at(&self.application.charm, &self.application.channel)
            .map_or(60, |charm| charm.installs);
        (begins, begins + self.about("install", number, typical * SECOND))
    }

    /// The phases up to the first time that it is ready.
    fn beginnings(&self, number: u32) -> Vec<Phase> {
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
            ("data-integrator", _) => self.data_integrator(installed, &mut phases),
            ("kafka-test-app", _) => self.test_app(number, installed, &mut phases),
            ("kafka-connect" | "kafka-ui" | "karapace", _) => self.neighbour(number, installed, &mut phases),
            ("self-signed-certificates", _) if self.application.units.keys().next() != Some(&number) => {
                phases.push(phase(
                    installed,
                    "blocked",
                    "Scaling is not implemented for this charm",
                    "idle",
                    "",
                ));
            }
            _ => phases.push(phase(installed, "active", "", "idle", "")),
        }
        phases.sort_by_key(|phase| phase.at);
        phases
    }

    /// All its phases.
    fn phases(&self, number: u32) -> Vec<Phase> {
        let mut phases = self.beginnings(number);
        match self.application.charm.as_str() {
            "kafka" => {
                self.restarts(number, &mut phases);
                if let Some(at) = self.abandoned() {
                    // One hook says the one, every later one the other (canonical/kafka-operator:src/events/zookeeper.py).
                    phases.push(phase(at, "blocked", "missing required zookeeper relation", "idle", ""));
                    let later = at + 5 * 60 * SECOND;
                    phases.push(phase(
                        later,
                        "blocked",
                        "Application needs ZooKeeper or KRaft mode",
                        "idle",
                        "",
                    ));
                }
            }
            "zookeeper" => self.encryption(&mut phases),
            _ => {}
        }
        if let Some(dying) = self.application.units[&number].dying {
            phases.retain(|phase| phase.at <= dying);
            let last = phases
                .last()
                .map_or(("unknown", Text::default()), |last| (last.workload, last.message.clone()));
            phases.push(phase(dying + SECOND, last.0, last.1, "executing", "running stop hook"));
            phases.push(phase(dying + 12 * SECOND, "terminated", "", "executing", "running remove hook"));
        }
        phases.sort_by_key(|phase| phase.at);
        phases
    }
}

/// A phase.
fn phase(
    at: Millis,
    workload: &'static str,
    message: impl Into<Text>,
    agent: &'static str,
    hook: impl Into<Text>,
) -> Phase {
    Phase { at, workload, message: message.into(), agent, hook: hook.into() }
}
