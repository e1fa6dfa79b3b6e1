//! What becomes of units that use a Kafka cluster, and which users the cluster has because of them.

use super::super::juju::store::{Model, PARTING, Relation};
use super::super::timeline::{Draw, Millis, SECOND};
use super::{Phase, Text, Way, installed, phase, rounds};

/// A user of a cluster that exists because somebody is related to it.
#[derive(Clone, Debug)]
pub struct User {
    /// `relation-<id>`.
    pub name: String,
    /// The password.
    pub password: String,
    /// The topic that was asked for.
    pub topic: String,
    /// The roles.
    pub roles: String,
    /// The prefix of the consumer groups it may use; empty if it is no consumer.
    pub prefix: String,
}

/// A password as the charms make them: 32 letters and digits.
pub fn password(draw: Draw, key: &str) -> String {
    const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..32)
        .map(|n| {
            let at = draw.between(&format!("{key}/{n}"), 0, 61);
            char::from(DIGITS[usize::try_from(at).unwrap_or(0)])
        })
        .collect()
}

/// When a client's credentials are there: the brokers listen for clients first, and the charm comes back to it.
pub fn granted(model: &Model, relation: &Relation, draw: Draw) -> Option<Millis> {
    let request = relation.request.as_ref()?;
    let installed = installed(model, &relation.requirer.0, draw);
    let settled = rounds::settled(model, &relation.provider.0, request.at.max(installed), draw)?;
    let key = format!("credentials of relation {} in {}", relation.id, model.uuid);
    let at = settled + draw.between(&key, 25 * SECOND, 45 * SECOND);
    relation.broken.is_none_or(|broken| at < broken).then_some(at)
}

/// The users of a cluster now, besides its own.
pub fn users(model: &Model, application: &str, draw: Draw, now: Millis) -> Vec<User> {
    let related = model.ever_related(application, "kafka-client").filter(|relation| {
        relation.broken.is_none_or(|broken| broken + 4 * SECOND > now)
            && granted(model, relation, draw).is_some_and(|at| at <= now)
    });
    related.filter_map(|relation| user(model, relation, draw)).collect()
}

/// The user that belongs to a relation.
pub fn user(model: &Model, relation: &Relation, draw: Draw) -> Option<User> {
    let request = relation.request.as_ref()?;
    let name = format!("relation-{}", relation.id);
    let consumes = request.roles.split(',').any(|role| role.trim() == "consumer");
    let prefix = match (consumes, request.prefix.as_str()) {
        (false, _) => String::new(),
        (true, "") => format!("{name}-"),
        (true, chosen) => chosen.to_owned(),
    };
    let password = password(draw, &format!("password of {name} in {}", model.uuid));
    let (topic, roles) = (request.topic.clone(), request.roles.clone());
    Some(User { name, password, topic, roles, prefix })
}

impl Way<'_> {
    /// The last relation of this application at that endpoint, unless it is gone or its traces are.
    fn at_endpoint(&self, endpoint: &str) -> Option<&Relation> {
        self.model.relations.iter().rev().find(|relation| relation.is_at(self.name, endpoint))
    }

    /// data-integrator (canonical/data-integrator:src/charm.py).
    pub(super) fn data_integrator(&self, installed: Millis, phases: &mut Vec<Phase>) {
        let config = &self.application.config;
        let get = |key: &str| config.get(key).map_or("", String::as_str);
        let told = |keys: &[&str]| {
            keys.iter().filter_map(|key| self.application.configured.get(*key)).max().copied().unwrap_or(0)
        };
        let topic = get("topic-name");
        let blocked = |at: Millis, text: Text| phase(at, "blocked", text, "idle", "");
        if topic.is_empty() {
            let text = "Please specify either topic, index, database name, or prefix";
            phases.push(blocked(installed.max(told(&["topic-name"])), text.into()));
            return;
        }
        if topic.chars().take(3).any(|c| c == '*') {
            let at = installed.max(told(&["topic-name"]));
            phases.push(blocked(at, "Please pass an acceptable topic value".into()));
            return;
        }
        let relate = "Please relate the data-integrator with the desired product";
        phases.push(blocked(installed, relate.into()));
        let Some(relation) = self.at_endpoint("kafka") else { return };
        let changed = "running kafka-relation-changed hook";
        if let Some(at) = granted(self.model, relation, self.draw) {
            let at = at.max(installed);
            phases.push(phase(at, "active", "", "executing", changed));
            phases.push(phase(at + 3 * SECOND, "active", "", "idle", ""));
        }
        if let Some(request) = relation.request.as_ref().filter(|_| relation.broken.is_none()) {
            if request.roles != get("extra-user-roles") {
                let text = "To change role info, please remove relation and add it again";
                phases.push(blocked(told(&["extra-user-roles"]) + 3 * SECOND, text.into()));
            } else if request.topic != topic {
                let text =
                    format!("To change topic: {}, please remove relation and add it again", request.topic);
                phases.push(blocked(told(&["topic-name"]) + 3 * SECOND, text.into()));
            }
        }
        if let Some(broken) = relation.broken {
            // What it says lingers for some seconds.
            phases.push(blocked(broken.max(installed) + PARTING, relate.into()));
        }
    }

    /// A neighbour that needs a relation to Kafka, with its charm's own words.
    pub(super) fn neighbour(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let (endpoint, needs, waits, then): (_, _, _, &[(&str, &str, Millis)]) = match self
            .application
            .charm
            .as_str()
        {
            "kafka-connect" => (
                "kafka-client",
                "Application needs Kafka client relation",
                "Waiting for Kafka cluster credentials",
                &[
                    ("blocked", "Worker service is not running", 6),
                    ("waiting", "Worker is still starting up", 25),
                ],
            ),
            "kafka-ui" => (
                "kafka-client",
                "application needs Kafka client relation",
                "waiting for Kafka cluster credentials",
                &[("blocked", "service is not running", 5), ("waiting", "service is still starting up", 15)],
            ),
            _ => (
                "kafka",
                "missing required kafka relation",
                "kafka credentials not created yet",
                &[
                    ("waiting", "internal credentials not yet added", 6),
                    ("blocked", "karapace service not running", 8),
                ],
            ),
        };
        phases.push(phase(installed, "blocked", needs, "idle", ""));
        let Some(relation) = self.at_endpoint(endpoint) else { return };
        let seen = relation.created.max(installed) + 3 * SECOND;
        phases.push(phase(seen, "waiting", waits, "idle", ""));
        if let Some(at) = granted(self.model, relation, self.draw) {
            let hook = "running relation-changed hook";
            let mut at = at.max(seen) + SECOND;
            for (workload, text, seconds) in then {
                phases.push(phase(at, workload, *text, "executing", hook));
                at += self.about(text, number, seconds * SECOND);
            }
            phases.push(phase(at, "active", "", "executing", hook));
            phases.push(phase(at + 3 * SECOND, "active", "", "idle", ""));
            for restart in self.application.restarts.iter().filter(|restart| **restart > at) {
                let (workload, text, _) = then[0];
                phases.push(phase(
                    restart + 3 * SECOND,
                    workload,
                    text,
                    "executing",
                    "running config-changed hook",
                ));
                let up = restart + 3 * SECOND + self.about("restart", number, 20 * SECOND);
                phases.push(phase(up, "active", "", "idle", ""));
            }
        }
        if let Some(broken) = relation.broken {
            phases.retain(|phase| phase.at <= broken);
            phases.push(phase(broken.max(installed) + 4 * SECOND, "blocked", needs, "idle", ""));
        }
    }
}
