//! `juju integrate` and `remove-relation`.

use super::super::charms::{self, catalogue};
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{Millis, SECOND};
use super::store::{Application, HookFailure, Model, Relation, Request};
use super::{model_mut, target};

/// One way to relate two applications: requirer and provider, each with its endpoint, and whether a relation is the
/// most that the requirer takes there.
struct Pair {
    requirer: (String, String),
    provider: (String, String),
    interface: &'static str,
    single: bool,
}

impl Pair {
    /// As Juju writes it.
    fn name(&self) -> String {
        let (requirer, provider) = (&self.requirer, &self.provider);
        format!("{}:{} {}:{}", requirer.0, requirer.1, provider.0, provider.1)
    }
}

/// A word of the command: an application, perhaps with an endpoint.
fn split(word: &str) -> (&str, Option<&str>) {
    word.split_once(':').map_or((word, None), |(name, endpoint)| (name, Some(endpoint)))
}

/// Every way to relate these two.
fn pairs(model: &Model, first: &str, second: &str) -> Result<Vec<Pair>, Script> {
    let mut ends = Vec::new();
    for word in [first, second] {
        let (name, wanted) = split(word);
        let Some(application) = model.applications.get(name) else {
            return Err(Script::fails(1, format!("ERROR application \"{name}\" not found")));
        };
        let all =
            catalogue::at(&application.charm, &application.channel).map_or(&[][..], |charm| charm.endpoints);
        let some: Vec<catalogue::Endpoint> = all
            .iter()
            .copied()
            .filter(|endpoint| wanted.is_none_or(|wanted| wanted == endpoint.name))
            .collect();
        if wanted.is_some() && some.is_empty() {
            // Nothing of that name: kafka 4 has no endpoint for ZooKeeper, for one.
            return Err(Script::fails(1, "ERROR no relations found"));
        }
        ends.push((name.to_owned(), some));
    }
    let mut pairs = Vec::new();
    for one in &ends[0].1 {
        for other in ends[1].1.iter().filter(|o| o.interface == one.interface && o.provides != one.provides) {
            let this = (ends[0].0.clone(), one.name.to_owned());
            let that = (ends[1].0.clone(), other.name.to_owned());
            let (requirer, provider, single) =
                if one.provides { (that, this, other.single) } else { (this, that, one.single) };
            pairs.push(Pair { requirer, provider, interface: one.interface, single });
        }
    }
    Ok(pairs)
}

/// `integrate A[:EP] B[:EP]`.
pub fn integrate(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [first, second] = words.operands[..] else {
        return Script::fails(2, "ERROR an integration must involve two applications");
    };
    let now = seat.now();
    let model = model_mut(seat, &at);
    let mut pairs = match pairs(model, first, second) {
        Ok(pairs) => pairs,
        Err(script) => return script,
    };
    if pairs.len() > 1 {
        let all: Vec<String> = pairs.iter().map(|pair| format!("\"{}\"", pair.name())).collect();
        return Script::fails(
            1,
            format!("ERROR ambiguous relation: \"{first} {second}\" could refer to {}", all.join("; ")),
        );
    }
    let Some(pair) = pairs.pop() else { return Script::fails(1, "ERROR no relations found") };
    let name = pair.name();
    let refused = |why: String| Script::fails(1, format!("ERROR cannot add relation \"{name}\": {why}"));
    for application in [&pair.requirer.0, &pair.provider.0] {
        if model.applications[application].dying.is_some() {
            return refused(format!("application \"{application}\" is not alive"));
        }
    }
    let same = |r: &&Relation| r.requirer == pair.requirer && r.provider == pair.provider && !r.is_gone(now);
    if let Some(there) = model.relations.iter().find(same) {
        if there.broken.is_some() {
            return refused(format!("relation {name} is dying, but not yet removed (already exists)"));
        }
        return refused(format!(
            "relation {name} already exists (already exists)\n\nUse 'juju status --relations' to view the current relations."
        ));
    }
    if pair.single && model.related(&pair.requirer.0, &pair.requirer.1).is_some() {
        let end = format!("{}:{}", pair.requirer.0, pair.requirer.1);
        return refused(format!(
            "establishing a new relation for {end} would exceed its maximum relation limit of 1 (quota limit exceeded)"
        ));
    }
    let request =
        (pair.interface == "kafka_client").then(|| request(&model.applications[&pair.requirer.0], now));
    let id = model.next_relation;
    model.next_relation += 1;
    model.relations.push(Relation {
        id,
        interface: pair.interface.to_owned(),
        provider: pair.provider,
        requirer: pair.requirer,
        created: now,
        broken: None,
        request: request.flatten(),
    });
    Script::silent()
}

/// What a client asks of Kafka, by its options; `None` while they say nothing.
pub fn request(client: &Application, at: Millis) -> Option<Request> {
    let get = |key: &str| client.config.get(key).cloned().unwrap_or_default();
    match client.charm.as_str() {
        "data-integrator" => {
            let (topic, roles, prefix) =
                (get("topic-name"), get("extra-user-roles"), get("consumer-group-prefix"));
            (!topic.is_empty()).then_some(Request { at, topic, roles, prefix })
        }
        "kafka-test-app" => {
            let or = |key: &str, otherwise: &str| {
                Some(get(key)).filter(|v| !v.is_empty()).unwrap_or(otherwise.to_owned())
            };
            let (topic, roles) = (or("topic_name", "test-topic"), or("role", "consumer"));
            Some(Request { at, topic, roles, prefix: get("consumer_group_prefix") })
        }
        _ => Some(Request { at, topic: String::new(), roles: "admin".to_owned(), prefix: String::new() }),
    }
}

/// `remove-relation A[:EP] B[:EP]`.
pub fn remove(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let now = seat.now();
    let [first, second] = words.operands[..] else {
        return Script::fails(2, "ERROR a relation must involve two applications");
    };
    let model = model_mut(seat, &at);
    for word in [first, second] {
        let name = split(word).0;
        if !model.applications.contains_key(name) {
            return Script::fails(1, format!("ERROR application \"{name}\" not found"));
        }
    }
    let fits = |word: &str, end: &(String, String)| {
        let (name, endpoint) = split(word);
        end.0 == name && endpoint.is_none_or(|endpoint| endpoint == end.1)
    };
    let found: Vec<u32> = model
        .relations
        .iter()
        .filter(|relation| !relation.is_gone(now))
        .filter(|relation| {
            let (one, other) = (&relation.requirer, &relation.provider);
            (fits(first, one) && fits(second, other)) || (fits(second, one) && fits(first, other))
        })
        .map(|relation| relation.id)
        .collect();
    match found[..] {
        [] => Script::fails(1, format!("ERROR relation \"{first} {second}\" not found")),
        [id] => {
            part(seat, &at, id);
            Script::silent()
        }
        _ => Script::fails(
            1,
            format!("ERROR ambiguous relation: \"{first} {second}\" could refer to several relations"),
        ),
    }
}

/// Begins to take a relation apart, with what goes wrong then.
pub fn part(seat: &mut Seat<'_>, at: &(String, String), id: u32) {
    let (now, draw) = (seat.now(), seat.draw());
    let model = model_mut(seat, at);
    let Some(relation) = model.relations.iter_mut().find(|r| r.id == id && r.broken.is_none()) else {
        return;
    };
    relation.broken = Some(now);
    let relation = relation.clone();
    let Some(requirer) = model.applications.get(&relation.requirer.0) else { return };
    let mut fails = |unit: String, hook: &str| {
        let failure =
            HookFailure { unit, hook: hook.to_owned(), from: now + 3 * SECOND, until: None, curable: false };
        model.failures.push(failure);
    };
    if requirer.charm == "kafka-test-app" && relation.requirer.1 == "kafka-cluster" {
        // It asserts that it knows the number of its process (canonical/kafka-test-app:src/charm.py).
        for (number, _) in
            requirer.units.iter().filter(|(_, unit)| !unit.sessions.iter().any(|s| s.relation == id))
        {
            fails(format!("{}/{number}", relation.requirer.0), "kafka-cluster-relation-broken");
        }
    }
    let changed = relation.request.as_ref().is_some_and(|request| {
        requirer.charm == "data-integrator" && requirer.config.get("topic-name") != Some(&request.topic)
    });
    let provider = model.applications.get(&relation.provider.0);
    if changed && provider.is_some_and(|kafka| kafka.charm == "kafka" && kafka.channel.starts_with('4')) {
        // canonical/kafka-operator#435: the user that it looks for is not the one that it made.
        if let Some((leader, _)) = charms::leader(model, &relation.provider.0, draw) {
            let unit = format!("{}/{leader}", relation.provider.0);
            let hook = "kafka-client-relation-broken".to_owned();
            model.failures.push(HookFailure {
                unit,
                hook,
                from: now + 4 * SECOND,
                until: None,
                curable: false,
            });
        }
    }
}
