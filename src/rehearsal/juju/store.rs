//! What Juju knows: controllers, models, applications, units. Only inputs are kept (what was asked for, and
//! when); `charms` works out what has become of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::kafka::Cluster;
use super::super::timeline::{Millis, SECOND};

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
    /// When the image of a release was first asked for.
    #[serde(default)]
    pub images: BTreeMap<String, Millis>,
    /// Relations in the order they were made; those that are gone stay, for what they caused.
    pub relations: Vec<Relation>,
    /// The number of the next machine.
    pub next_machine: u32,
    /// The number of the next storage.
    pub next_storage: u32,
    /// The number of the next relation.
    pub next_relation: u32,
    /// The number of the next task.
    pub next_task: u32,
    /// The number of the next unit of applications that were removed: Juju gives no number twice.
    #[serde(default)]
    pub numbers: BTreeMap<String, u32>,
    /// What Kafka clusters hold, by application.
    #[serde(default)]
    pub clusters: BTreeMap<String, Cluster>,
    /// Hooks that failed.
    #[serde(default)]
    pub failures: Vec<HookFailure>,
    /// Secrets that users or charms keep here.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}

/// An application.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// When its removal was asked for.
    #[serde(default)]
    pub dying: Option<Millis>,
    /// When each option was changed last after the deployment.
    #[serde(default)]
    pub configured: BTreeMap<String, Millis>,
    /// When something was changed that makes its units restart one after the other.
    #[serde(default)]
    pub restarts: Vec<Millis>,
    /// Passwords that were set by hand, by user.
    #[serde(default)]
    pub passwords: BTreeMap<String, String>,
    /// Connectors that were made through Kafka Connect, and when.
    #[serde(default)]
    pub connectors: BTreeMap<String, Millis>,
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
    /// When its removal was asked for.
    #[serde(default)]
    pub dying: Option<Millis>,
    /// Files that were put on it by hand.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What a test application has done on it.
    #[serde(default)]
    pub sessions: Vec<super::super::charms::test_app::Session>,
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
    /// When its last unit was gone.
    #[serde(default)]
    pub dying: Option<Millis>,
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
    /// When its removal was asked for.
    #[serde(default)]
    pub broken: Option<Millis>,
    /// What the requirer wants of the provider, and since when.
    #[serde(default)]
    pub request: Option<Request>,
}

/// What a client of Kafka asks for when it is related.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Since when.
    pub at: Millis,
    /// The topic.
    pub topic: String,
    /// The roles, separated by commas.
    pub roles: String,
    /// The prefix of consumer groups, if one was chosen.
    pub prefix: String,
}

/// A hook that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HookFailure {
    /// The unit.
    pub unit: String,
    /// The hook.
    pub hook: String,
    /// When.
    pub from: Millis,
    /// Until when, if it is over or will be.
    pub until: Option<Millis>,
    /// Whether the hook succeeds when it is tried again.
    pub curable: bool,
}

/// A secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Secret {
    /// Its id, 20 characters.
    pub id: String,
    /// The name that a user gave it, or the label of a charm's.
    pub name: String,
    /// The application that owns it; empty for a user's.
    pub owner: String,
    /// How often it was written.
    pub revision: u32,
    /// When it was made.
    pub created: Millis,
    /// When it was written last.
    pub updated: Millis,
    /// What it holds.
    pub content: BTreeMap<String, String>,
    /// Who may read it.
    pub granted: BTreeMap<String, Millis>,
}

/// How long the hooks run that take a relation apart.
pub const PARTING: Millis = 7 * SECOND;

impl Relation {
    /// Whether this application is one of the two, at that endpoint.
    pub fn is_at(&self, application: &str, endpoint: &str) -> bool {
        [&self.provider, &self.requirer].iter().any(|(a, e)| a == application && e == endpoint)
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self, now: Millis) -> bool {
        self.broken.is_some_and(|broken| broken + PARTING <= now)
    }
}

impl Store {
    /// The VM starts anew: what ran on units by hand does not run any more.
    pub fn restarted(&mut self) {
        for model in self.controllers.values_mut().flat_map(|controller| controller.models.values_mut()) {
            model.clusters.values_mut().for_each(|cluster| cluster.clients.clear());
        }
    }

    /// A model of a controller.
    pub fn model(&mut self, at: &(String, String)) -> Option<&mut Model> {
        self.controllers.get_mut(&at.0)?.models.get_mut(&at.1)
    }

    /// The VM was down for so long: nothing went on in the containers meanwhile.
    pub fn was_down_for(&mut self, gap: Millis) {
        for model in self.controllers.values_mut().flat_map(|controller| controller.models.values_mut()) {
            for at in model.times() {
                *at += gap;
            }
        }
    }
}

impl Model {
    /// The times from which something still follows.
    fn times(&mut self) -> Vec<&mut Millis> {
        let mut times: Vec<&mut Millis> = self.images.values_mut().collect();
        for machine in self.machines.values_mut() {
            times.push(&mut machine.created);
            times.extend(&mut machine.dying);
        }
        for application in self.applications.values_mut() {
            times.extend(&mut application.dying);
            times.extend(&mut application.restarts);
            times.extend(application.configured.values_mut());
            for unit in application.units.values_mut() {
                times.push(&mut unit.created);
                times.extend(&mut unit.dying);
                times.extend(
                    unit.sessions.iter_mut().flat_map(super::super::charms::test_app::Session::times),
                );
            }
        }
        for relation in &mut self.relations {
            times.push(&mut relation.created);
            times.extend(&mut relation.broken);
            times.extend(relation.request.as_mut().map(|request| &mut request.at));
        }
        for failure in &mut self.failures {
            times.push(&mut failure.from);
            times.extend(&mut failure.until);
        }
        times
    }

    /// The relation at this endpoint of this application, unless it is being taken apart.
    pub fn related(&self, application: &str, endpoint: &str) -> Option<&Relation> {
        self.relations.iter().find(|r| r.broken.is_none() && r.is_at(application, endpoint))
    }

    /// Every relation there ever was at this endpoint.
    pub fn ever_related<'m>(
        &'m self,
        application: &'m str,
        endpoint: &'m str,
    ) -> impl Iterator<Item = &'m Relation> {
        self.relations.iter().filter(move |relation| relation.is_at(application, endpoint))
    }
}
