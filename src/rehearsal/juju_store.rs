//! What Juju knows: controllers, models, applications, units. Only inputs are kept (what was asked for, and
//! when); `charms` works out what has become of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::timeline::Millis;

/// The client's store, and the controllers behind it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Store {
    /// The current controller; empty for none.
    pub current: String,
    /// The controllers by name.
    pub controllers: BTreeMap<String, Controller>,
}

/// A controller.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Controller {
    /// The cloud it lives on.
    pub cloud: String,
    /// Its address.
    pub address: String,
    /// Its UUID.
    pub uuid: String,
    /// The six digits in its container's name.
    pub hex: String,
    /// Since when the store knows it.
    pub created: Millis,
    /// Whether it has answered once.
    pub ready: bool,
    /// The client user's name on it.
    pub user: String,
    /// Models besides `controller`.
    pub models: BTreeMap<String, Model>,
}

/// A model.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Model {
    /// Its UUID; containers carry its first digits.
    pub uuid: String,
    /// When it was added.
    pub created: Millis,
    /// Applications by name.
    pub applications: BTreeMap<String, Application>,
    /// Machines by number.
    pub machines: BTreeMap<u32, Machine>,
    /// Relations in the order they were made.
    pub relations: Vec<Relation>,
    /// The number of the next machine.
    pub next_machine: u32,
    /// The number of the next storage.
    pub next_storage: u32,
    /// The number of the next relation.
    pub next_relation: u32,
    /// The number of the next task.
    pub next_task: u32,
    /// Topics of the Kafka cluster.
    pub topics: BTreeMap<String, Topic>,
}

/// An application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    /// Its charm.
    pub charm: String,
    /// The channel it follows.
    pub channel: String,
    /// Options that were set.
    pub config: BTreeMap<String, String>,
    /// When it was deployed.
    pub created: Millis,
    /// The number of the next unit.
    pub next_unit: u32,
    /// Its units by number.
    pub units: BTreeMap<u32, Unit>,
}

/// A unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unit {
    /// Its machine.
    pub machine: u32,
    /// When it was asked for.
    pub created: Millis,
    /// Its storage, if its charm has any.
    pub storage: Option<u32>,
}

/// A machine: one LXD container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// When it was asked for.
    pub created: Millis,
    /// Its Ubuntu release, such as `22.04`.
    pub base: String,
    /// The address it gets.
    pub address: String,
}

/// A relation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Relation {
    /// Its number.
    pub id: u32,
    /// The interface.
    pub interface: String,
    /// Application and endpoint that provide it.
    pub provider: (String, String),
    /// Application and endpoint that require it.
    pub requirer: (String, String),
    /// When it was made.
    pub created: Millis,
}

/// A Kafka topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// How many partitions.
    pub partitions: u32,
    /// On how many brokers each.
    pub replication: u32,
}

impl Store {
    /// The VM was down for so long: nothing went on in the containers meanwhile.
    pub fn was_down_for(&mut self, gap: Millis) {
        for model in self.controllers.values_mut().flat_map(|controller| controller.models.values_mut()) {
            for machine in model.machines.values_mut() {
                machine.created += gap;
            }
            for application in model.applications.values_mut() {
                for unit in application.units.values_mut() {
                    unit.created += gap;
                }
            }
            for relation in &mut model.relations {
                relation.created += gap;
            }
        }
    }
}

impl Model {
    /// The relation at this endpoint of this application.
    pub fn related(&self, application: &str, endpoint: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| {
            [&relation.provider, &relation.requirer].iter().any(|(a, e)| a == application && e == endpoint)
        })
    }
}
