//! `juju add-secret`, `update-secret`, `grant-secret`, `secrets`, `show-secret`, and the passwords that charms keep or
//! take from them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::charms::clients;
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{Draw, Millis, SECOND};
use super::store::{Application, Model, Secret};
use super::{model, model_mut, target};

/// The cluster's own users of a kafka application: who administers, and who speaks between brokers.
pub fn own_users(application: &Application) -> [&'static str; 2] {
    if application.channel.starts_with('4') { ["operator", "replication"] } else { ["admin", "sync"] }
}

/// The password of a user that an application made itself.
pub fn password(model: &Model, application: &str, user: &str, draw: Draw) -> String {
    let set = model.applications.get(application).and_then(|of| of.passwords.get(user)).cloned();
    set.unwrap_or_else(|| clients::password(draw, &format!("{user} of {application} in {}", model.uuid)))
}

/// An id as Juju makes them: 20 characters, from a clock and a counter.
fn id(draw: Draw, key: &str) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let digit = |n: usize| {
        let at = draw.between(&format!("id of secret {key}/{n}"), 0, 31);
        char::from(DIGITS[usize::try_from(at).unwrap_or(0)])
    };
    std::iter::once('d').chain((1..20).map(digit)).collect()
}

/// The secret of that id, URI, name or label.
fn find<'m>(model: &'m mut Model, name: &str) -> Option<&'m mut Secret> {
    let bare = name.strip_prefix("secret:").unwrap_or(name);
    model.secrets.iter_mut().find(|secret| secret.id == bare || secret.name == bare)
}

/// What a YAML file of plain `key: value` lines holds.
fn content(text: &str) -> Option<BTreeMap<String, String>> {
    let map: BTreeMap<String, serde_json::Value> = serde_yaml::from_str(text).ok()?;
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    map.iter().map(|(key, value)| Some((key.clone(), plain(value)?))).collect()
}

/// The content that a command names: `--file FILE`, or `key=value` words.
fn given(seat: &Seat<'_>, words: &Words<'_>) -> Result<BTreeMap<String, String>, Script> {
    let mut all = BTreeMap::new();
    if let Some(file) = words.value("--file") {
        // The strict snap sees the home, and nothing hidden in it.
        let path = super::super::world::Guest::path(file);
        let hidden = path.strip_prefix("/home/ubuntu/").is_none_or(|rest| rest.starts_with('.'));
        let Some(text) = seat.guest().file(file).filter(|_| !hidden) else {
            return Err(Script::fails(1, format!("ERROR open {file}: no such file or directory")));
        };
        let Some(read) = content(text) else {
            return Err(Script::fails(1, format!("ERROR reading secret data: cannot unmarshal {file}")));
        };
        all.extend(read);
    }
    for word in &words.operands[1..] {
        match word.split_once('=') {
            Some((key, value)) if !key.contains('#') => drop(all.insert(key.to_owned(), value.to_owned())),
            _ => return Err(Script::fails(1, format!("ERROR secret value \"{word}\" not valid"))),
        }
    }
    let legal = |key: &String| {
        key.len() >= 3 && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if let Some(key) = all.keys().find(|key| !legal(key)) {
        return Err(Script::fails(1, format!("ERROR key \"{key}\" not valid")));
    }
    if all.is_empty() {
        return Err(Script::fails(1, "ERROR missing secret value or filename"));
    }
    Ok(all)
}

/// `add-secret NAME …` and `update-secret NAME …`.
pub fn write(seat: &mut Seat<'_>, words: &Words<'_>, adds: bool) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let Some(name) = words.operands.first().map(|name| (*name).to_owned()) else {
        return Script::fails(2, "ERROR missing secret name or value");
    };
    let content = match given(seat, words) {
        Ok(content) => content,
        Err(script) => return script,
    };
    let (now, draw) = (seat.now(), seat.draw());
    let model = model_mut(seat, &at);
    match (find(model, &name), adds) {
        (Some(_), true) => Script::fails(1, format!("ERROR secret with name \"{name}\" already exists")),
        (None, false) => Script::fails(1, format!("ERROR secret \"{name}\" not found")),
        (None, true) => {
            let id = id(draw, &format!("{name} {} {now}", model.secrets.len()));
            let made = Secret {
                id: id.clone(),
                name,
                revision: 1,
                created: now,
                updated: now,
                content,
                ..Secret::default()
            };
            model.secrets.push(made);
            Script::says(format!("secret:{id}\n"))
        }
        (Some(secret), false) => {
            if secret.content != content {
                secret.content = content;
                secret.revision += 1;
                secret.updated = now;
                let uri = format!("secret:{}", secret.id);
                let users: Vec<String> = model
                    .applications
                    .iter()
                    .filter(|(_, application)| application.config.get("system-users") == Some(&uri))
                    .map(|(name, _)| name.clone())
                    .collect();
                for name in users {
                    take_passwords(model, &name, now);
                }
            }
            Script::silent()
        }
    }
}

/// Lets an application take the passwords of its option `system-users`, if it may read the secret. Keys for users that
/// it does not have are passed over in silence: only its log says so (canonical/kafka-operator:
/// common/single_kernel_kafka/core/literals.py).
pub fn take_passwords(model: &mut Model, name: &str, now: Millis) {
    let Some(application) = model.applications.get(name) else { return };
    let Some(uri) = application.config.get("system-users").cloned() else { return };
    let users: &[&str] = if application.charm == "kafka" { &["operator", "replication"] } else { &["admin"] };
    let Some(secret) = find(model, &uri).filter(|secret| secret.granted.contains_key(name)) else { return };
    let content = secret.content.clone();
    let Some(application) = model.applications.get_mut(name) else { return };
    let mut changed = false;
    for (user, password) in content.iter().filter(|(user, _)| users.contains(&user.as_str())) {
        changed |= application.passwords.insert(user.clone(), password.clone()).as_ref() != Some(password);
    }
    if changed {
        application.restarts.push(now + 5 * SECOND);
    }
}

/// `grant-secret NAME APP[,APP]`.
pub fn grant(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [name, applications] = words.operands[..] else {
        return Script::fails(2, "ERROR missing application name");
    };
    let now = seat.now();
    let model = model_mut(seat, &at);
    for application in applications.split(',') {
        if !model.applications.contains_key(application) {
            return Script::fails(1, format!("ERROR application \"{application}\" not found"));
        }
        let Some(secret) = find(model, name) else {
            return Script::fails(1, format!("ERROR secret \"{name}\" not found"));
        };
        secret.granted.entry(application.to_owned()).or_insert(now);
    }
    Script::silent()
}

/// `remove-secret NAME`.
pub fn remove(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [name] = words.operands[..] else { return Script::fails(2, "ERROR missing secret URI") };
    let model = model_mut(seat, &at);
    let Some(id) = find(model, name).map(|secret| secret.id.clone()) else {
        return Script::fails(1, format!("ERROR secret \"{name}\" not found"));
    };
    model.secrets.retain(|secret| secret.id != id);
    Script::silent()
}

/// The secrets that charms keep for themselves: kafka's with the passwords of its own users.
fn of_charms(seat: &Seat<'_>, model: &Model) -> Vec<Secret> {
    let (draw, now) = (seat.draw(), seat.now());
    let mut all = Vec::new();
    for (name, application) in model.applications.iter().filter(|(_, of)| of.charm == "kafka") {
        let ready = super::super::charms::rounds::settled(model, name, application.created, draw);
        let Some(created) = ready.filter(|ready| *ready <= now) else { continue };
        let mut content = BTreeMap::new();
        for user in own_users(application) {
            content.insert(format!("{user}-password"), password(model, name, user, draw));
        }
        if application.channel.starts_with('4') {
            content.insert("internal-ca".to_owned(), super::super::charms::certificate::CA.to_owned());
        }
        let revision = 1 + u32::try_from(application.passwords.len()).unwrap_or(0);
        let label = format!("cluster.{name}.app");
        let id = id(draw, &format!("{label} in {}", model.uuid));
        let owner = name.clone();
        let updated = created;
        all.push(Secret {
            id,
            name: label,
            owner,
            revision,
            created,
            updated,
            content,
            granted: BTreeMap::new(),
        });
    }
    all
}

/// A secret as the documents show it.
fn shape(secret: &Secret, reveal: bool) -> Value {
    let time = |at: Millis| format!("{}Z", super::status::clock_time(at).replace(' ', "T"));
    let mut shape = Map::new();
    shape.insert("revision".to_owned(), json!(secret.revision));
    if secret.owner.is_empty() {
        shape.insert("owner".to_owned(), json!("<model>"));
        shape.insert("name".to_owned(), json!(secret.name));
    } else {
        shape.insert("owner".to_owned(), json!(secret.owner));
        shape.insert("label".to_owned(), json!(secret.name));
    }
    shape.insert("created".to_owned(), json!(time(secret.created)));
    shape.insert("updated".to_owned(), json!(time(secret.updated)));
    if reveal {
        shape.insert("content".to_owned(), json!({ "Data": secret.content }));
    }
    Value::Object(shape)
}

/// `secrets`.
pub fn list(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.value("--format") != Some("json") {
        return seat.unknown(&["juju", "secrets"]);
    }
    let of = model(seat, &at);
    let mut all = of_charms(seat, of);
    all.extend(of.secrets.iter().cloned());
    let document: Map<String, Value> =
        all.iter().map(|secret| (secret.id.clone(), shape(secret, false))).collect();
    Script::json(&Value::Object(document))
}

/// `show-secret`.
pub fn show(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [name] = words.operands[..] else { return Script::fails(2, "ERROR missing secret URI") };
    if words.value("--format") != Some("json") {
        return seat.unknown(&["juju", "show-secret"]);
    }
    let of = model(seat, &at);
    let mut all = of_charms(seat, of);
    all.extend(of.secrets.iter().cloned());
    let bare = name.strip_prefix("secret:").unwrap_or(name);
    match all.iter().find(|secret| secret.id == bare || secret.name == bare) {
        Some(secret) => Script::json(&json!({ &secret.id: shape(secret, words.has("--reveal")) })),
        None => Script::fails(1, format!("ERROR secret \"{name}\" not found")),
    }
}
