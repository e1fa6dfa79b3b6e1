//! kafka-test-app: a process that writes numbered messages, or reads for ever (canonical/kafka-test-app:src/charm.py).
//! What it has done by now is worked out whenever somebody asks anything of the model.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::juju::status::clock_time;
use super::super::juju::store::{HookFailure, Model};
use super::super::kafka::{Record, brokers::Brokers, partitioner};
use super::super::timeline::{Draw, Millis, SECOND};
use super::{Phase, Way, clients, phase, rounds};

/// A process of the application on one of its units.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The relation on whose behalf it runs.
    pub relation: u32,
    /// `producer` or `consumer`.
    pub role: String,
    /// The topic.
    pub topic: String,
    /// The group of a consumer.
    pub group: String,
    /// Its user.
    pub user: String,
    /// When it began.
    pub began: Millis,
    /// When it was ended.
    pub ended: Option<Millis>,
    /// How many messages a producer means to send.
    pub messages: usize,
    /// What a producer has sent, by the time of each: partition and offset.
    pub sent: Vec<(Millis, usize, usize)>,
    /// Where a consumer began and how far it has come, by partition.
    pub read: BTreeMap<usize, (usize, usize)>,
    /// Why it does nothing, if so.
    pub trouble: Option<String>,
}

impl Session {
    /// The times in it.
    pub fn times(&mut self) -> Vec<&mut Millis> {
        let mut times = vec![&mut self.began];
        times.extend(&mut self.ended);
        times
    }

    /// Whether its process lives: a producer ends when it has sent all, and any at its first trouble.
    pub fn lives(&self) -> bool {
        let done = self.role == "producer" && self.sent.len() >= self.messages;
        self.ended.is_none() && self.trouble.is_none() && !done
    }

    /// Its log.
    pub fn log(&self, unit: &str, model: &Model, provider: &str, draw: Draw) -> String {
        let prefix =
            |at: Millis| format!("{},{:03} INFO [__main__] (MainThread) ", clock_time(at), at % SECOND);
        let topic = model.clusters.get(provider).and_then(|cluster| cluster.topics.get(&self.topic));
        let mut text = String::new();
        for (number, (at, ..)) in self.sent.iter().enumerate() {
            let content = self.content(unit, number, *at, draw);
            text += &format!(
                "{}Message published to topic={}, message content: {content}\n",
                prefix(*at),
                self.topic
            );
        }
        let mut read: Vec<(Millis, usize, usize, &Record)> = Vec::new();
        for (partition, (from, to)) in &self.read {
            let records =
                topic.and_then(|topic| topic.partitions.get(*partition)).map_or(&[][..], |p| &p.records);
            for (offset, record) in records.iter().enumerate().skip(*from).take(to - from) {
                read.push((record.at.max(self.began + 4 * SECOND), *partition, offset, record));
            }
        }
        read.sort_by_key(|(at, partition, offset, _)| (*at, *partition, *offset));
        for (at, partition, offset, record) in read {
            let key = record.key.as_ref().map_or("None".to_owned(), |key| format!("b'{key}'"));
            text += &format!(
                "{}ConsumerRecord(topic='{}', partition={partition}, leader_epoch=0, offset={offset}, timestamp={}, timestamp_type=0, key={key}, value=b'{}', headers=[], checksum=None, serialized_key_size=-1, serialized_value_size={}, serialized_header_size=-1)\n",
                prefix(at),
                self.topic,
                record.at,
                record.value,
                record.value.len()
            );
        }
        text
    }

    /// What a message holds.
    fn content(&self, unit: &str, number: usize, at: Millis, draw: Draw) -> String {
        let id = draw.hex(&format!("message {number} of {unit} {}", self.began), 32);
        json!({ "timestamp": at as f64 / 1000.0, "_id": id, "origin": unit, "content": format!("Message #{number}") }).to_string()
    }
}

/// Lets the processes of an application do what they would have done by now. `true` if anything came of it.
pub fn go_on(model: &mut Model, name: &str, draw: Draw, now: Millis, booted: Millis) -> bool {
    let mut changed = begin(model, name, draw, now);
    let units: Vec<u32> = model.applications[name].units.keys().copied().collect();
    for number in units {
        let Some(unit) = model.applications.get_mut(name).and_then(|app| app.units.get_mut(&number)) else {
            continue;
        };
        let mut sessions = std::mem::take(&mut unit.sessions);
        for session in &mut sessions {
            let provider =
                model.relations.iter().find(|r| r.id == session.relation).map(|r| r.provider.0.clone());
            let Some(provider) = provider.filter(|_| session.trouble.is_none()) else { continue };
            let up = Brokers::of(model, &provider, draw, now, booted).up();
            let until = session.ended.unwrap_or(now).min(now);
            changed |= if session.role == "producer" {
                produce(model, &provider, session, &format!("{name}/{number}"), &up, draw, until)
            } else {
                consume(model, &provider, session, until)
            };
        }
        if let Some(unit) = model.applications.get_mut(name).and_then(|app| app.units.get_mut(&number)) {
            unit.sessions = sessions;
        }
    }
    changed
}

/// Begins the processes whose credentials have come, and ends those whose relation is taken apart.
fn begin(model: &mut Model, name: &str, draw: Draw, now: Millis) -> bool {
    let mut changed = false;
    let related: Vec<_> = model.ever_related(name, "kafka-cluster").cloned().collect();
    for relation in related {
        let granted = clients::granted(model, &relation, draw).map(|at| at + 4 * SECOND);
        let granted = granted.filter(|at| *at <= now && relation.broken.is_none_or(|broken| *at < broken));
        let user = clients::user(model, &relation, draw);
        let encrypted = model.related(name, "certificates").is_some();
        let tls = rounds::listens(model, &relation.provider.0, draw, now).is_some_and(|listens| listens.tls);
        let Some(application) = model.applications.get_mut(name) else { continue };
        let number = |key: &str, otherwise| {
            application.config.get(key).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
        };
        let messages = number("num_messages", 1000);
        let mut refused = Vec::new();
        for (number, unit) in &mut application.units {
            let mine = unit.sessions.iter_mut().find(|session| session.relation == relation.id);
            if let Some(session) = mine {
                if let (Some(broken), None) = (relation.broken, session.ended) {
                    session.ended = Some(broken + 2 * SECOND);
                    changed = true;
                }
            } else if let (Some(began), Some(user)) = (granted, &user) {
                if !["producer", "consumer"].contains(&user.roles.as_str()) || (encrypted && !tls) {
                    // It knows no process of another role; and it asserts that the port of encrypted clients is among the endpoints.
                    refused.push((began, unit_name(name, *number)));
                    continue;
                }
                let trouble = (tls && !encrypted)
                    .then(|| "kafka.errors.NoBrokersAvailable: NoBrokersAvailable".to_owned());
                unit.sessions.push(Session {
                    relation: relation.id,
                    role: user.roles.clone(),
                    topic: user.topic.clone(),
                    group: format!("{}1", user.prefix),
                    user: user.name.clone(),
                    began,
                    ended: relation.broken.map(|broken| broken + 2 * SECOND),
                    messages,
                    sent: Vec::new(),
                    read: BTreeMap::new(),
                    trouble,
                });
                changed = true;
            }
        }
        for (from, unit) in refused {
            let hook = "kafka-cluster-relation-changed".to_owned();
            if !model
                .failures
                .iter()
                .any(|failure| failure.unit == unit && failure.hook == hook && failure.from == from)
            {
                model.failures.push(HookFailure { unit, hook, from, until: None, curable: false });
                changed = true;
            }
        }
    }
    changed
}

/// The name of a unit.
fn unit_name(application: &str, number: u32) -> String {
    format!("{application}/{number}")
}

/// A producer: its topic, two seconds, then a message every half second.
fn produce(
    model: &mut Model,
    provider: &str,
    session: &mut Session,
    unit: &str,
    up: &BTreeSet<u32>,
    draw: Draw,
    until: Millis,
) -> bool {
    let first = session.began + 3 * SECOND;
    let done = session.sent.len();
    let by_now = usize::try_from((until - first) / 500 + 1).unwrap_or(0);
    if until < first || done >= session.messages.min(by_now) {
        return false;
    }
    let name = unit.split('/').next().unwrap_or(unit).to_owned();
    let config = model.applications.get(&name).map(|app| app.config.clone()).unwrap_or_default();
    let number = |key: &str, otherwise| config.get(key).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let cluster = model.clusters.entry(provider.to_owned()).or_default();
    if done == 0 && !cluster.topics.contains_key(&session.topic) {
        let replication: usize = number("replication_factor", 1);
        if replication > up.len() {
            let (asked, there) = (replication, up.len());
            session.trouble = Some(format!(
                "kafka.errors.InvalidReplicationFactorError: [Error 38] Replication factor: {asked} larger than available brokers: {there}."
            ));
            return true;
        }
        cluster.create(draw, &session.topic, number("partitions", 5), replication, up);
    }
    for at in done..session.messages.min(by_now) {
        let when = first + at as Millis * 500;
        let value = session.content(unit, at, when, draw);
        let Some(topic) = cluster.topics.get_mut(&session.topic) else { return false };
        let client = format!("{unit} {}", session.began);
        let partition = partitioner::of_batch(draw, &client, at, topic.partitions.len());
        let records = &mut topic.partitions[partition].records;
        records.push(Record { key: None, value, at: when });
        session.sent.push((when, partition, records.len() - 1));
    }
    true
}

/// A consumer: everything there is from where its group stands, committed as it goes.
fn consume(model: &mut Model, provider: &str, session: &mut Session, until: Millis) -> bool {
    if until < session.began + 4 * SECOND {
        return false;
    }
    let cluster = model.clusters.entry(provider.to_owned()).or_default();
    let Some(topic) = cluster.topics.get(&session.topic) else { return false };
    let ends: Vec<usize> = topic
        .partitions
        .iter()
        .map(|partition| partition.records.partition_point(|record| record.at <= until))
        .collect();
    let mut changed = false;
    for (partition, end) in ends.into_iter().enumerate() {
        let stands = cluster.committed(&session.group, &session.topic, partition).unwrap_or(0);
        let read = session.read.entry(partition).or_insert((stands, stands));
        if stands < end {
            read.1 = end;
            cluster.commit(&session.group, &session.topic, partition, end);
            changed = true;
        }
    }
    changed
}

impl Way<'_> {
    /// kafka-test-app: active whatever happens, with words about it.
    pub(super) fn test_app(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let relate =
            "Please relate with Kafka or use the action to run the application without the relation.";
        phases.push(phase(installed, "active", relate, "idle", ""));
        for session in &self.application.units[&number].sessions {
            let text = format!("Topic {} enabled with process {}", session.topic, session.role);
            let hook = "running kafka-cluster-relation-changed hook";
            phases.push(phase(session.began, "active", text.clone(), "executing", hook));
            phases.push(phase(session.began + 3 * SECOND, "active", text, "idle", ""));
            if let Some(ended) = session.ended {
                phases.push(phase(
                    ended,
                    "active",
                    relate,
                    "executing",
                    "running kafka-cluster-relation-broken hook",
                ));
                phases.push(phase(ended + 3 * SECOND, "active", relate, "idle", ""));
            }
        }
        let wanted = self.application.config.get("topic_name").map_or("test-topic", String::as_str);
        let runs = self.application.units[&number].sessions.iter().find(|session| session.ended.is_none());
        if let (Some(session), Some(at)) = (runs, self.application.configured.get("topic_name"))
            && session.topic != wanted
            && *at > session.began
        {
            let text = format!("Please remove relation and recreate a new one to track topic {wanted}");
            phases.push(phase(at + 3 * SECOND, "blocked", text, "idle", ""));
        }
    }
}
