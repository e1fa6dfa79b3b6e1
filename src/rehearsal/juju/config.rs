//! `juju config`, and what the charms make of options.

use serde_json::{Map, Value, json};

use super::super::charms::catalogue::{self, Charm, Kind};
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{Millis, SECOND};
use super::store::{Application, HookFailure, Model};
use super::{model_mut, relations, secrets, target};

/// Why Juju itself refuses an option.
pub fn objection(charm: &Charm, key: &str, value: &str) -> Option<String> {
    let Some((_, kind, _)) = charm.options.iter().find(|option| option.0 == key) else {
        return Some(format!("unknown option \"{key}\""));
    };
    let fits = match kind {
        Kind::Text => true,
        Kind::Int => value.parse::<i64>().is_ok(),
        Kind::Float => value.parse::<f64>().is_ok(),
        Kind::Bool => ["true", "false", "True", "False", "yes", "no"].contains(&value),
        Kind::Secret => value.is_empty() || value.starts_with("secret:"),
    };
    let name = match kind {
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::Bool => "boolean",
        _ => "secret",
    };
    (!fits).then(|| format!("option \"{key}\" expected {name}, got \"{value}\""))
}

/// Whether an option has a value over which the charm's hook stumbles
/// (canonical/kafka-operator:src/core/structured_config.py).
pub fn breaks_the_hook(application: &Application) -> bool {
    let get = |name: &str| {
        let value = application.config.get(name).or_else(|| application.config.get(&name.replace('_', "-")));
        value.map(String::as_str)
    };
    let one_of = |name: &str, known: &[&str]| get(name).is_none_or(|value| known.contains(&value));
    let number = |name: &str, least: i64| {
        get(name).is_none_or(|value| value.parse::<i64>().is_ok_and(|number| number >= least))
    };
    let valid = match application.charm.as_str() {
        "kafka" => {
            get("roles").is_none_or(|roles| {
                roles.split(',').all(|role| ["broker", "controller", "balancer"].contains(&role.trim()))
            }) && one_of("profile", &["production", "staging", "testing"])
                && one_of("log_level", &["ERROR", "WARNING", "INFO", "DEBUG"])
                && one_of("compression_type", &["gzip", "snappy", "lz4", "zstd", "uncompressed", "producer"])
                && one_of("log_cleanup_policy", &["compact", "delete"])
                && one_of("log_message_timestamp_type", &["CreateTime", "LogAppendTime"])
                && number("log_retention_ms", -1)
                && number("log_retention_bytes", -1)
                && number("log_flush_interval_messages", 1)
                && number("log_segment_bytes", 14)
                && number("message_max_bytes", 0)
        }
        "zookeeper" => one_of("log-level", &["ERROR", "WARNING", "INFO", "DEBUG"]),
        "kafka-connect" => {
            application.config.get("system-users").is_none_or(|value| !value.is_empty())
                && one_of("profile", &["production", "staging", "testing"])
        }
        "data-integrator" => one_of("entity-type", &["USER", "GROUP", ""]),
        _ => true,
    };
    !valid
}

/// `config APP [KEY | k=v…] [--reset k,k]`.
pub fn run(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let Some((name, rest)) = words.operands.split_first() else {
        return Script::fails(2, "ERROR no application specified");
    };
    let model = model_mut(seat, &at);
    let Some(application) = model.applications.get(*name) else {
        return Script::fails(1, format!("ERROR application \"{name}\" not found"));
    };
    let Some(charm) = catalogue::at(&application.charm, &application.channel) else {
        return Script::silent();
    };
    let reset: Vec<&str> = words.values("--reset").iter().flat_map(|keys| keys.split(',')).collect();
    let settings: Vec<(&str, &str)> = rest.iter().filter_map(|word| word.split_once('=')).collect();
    if settings.is_empty() && reset.is_empty() {
        return match rest {
            [] if words.value("--format") == Some("json") => {
                Script::json(&document(name, application, charm))
            }
            [] => seat.unknown(&["juju", "config", name]),
            [key] => match charm.options.iter().find(|option| option.0 == *key) {
                Some((_, _, default)) => {
                    let value =
                        application.config.get(*key).map(String::as_str).or(*default).unwrap_or_default();
                    Script::says(format!("{value}\n"))
                }
                None => {
                    let text = format!(
                        "ERROR key \"{key}\" not found in \"{name}\" application config or charm settings."
                    );
                    Script::fails(1, text)
                }
            },
            _ => Script::fails(2, "ERROR can only retrieve a single value, or all values"),
        };
    }
    if settings.len() != rest.len() {
        return Script::fails(2, "ERROR cannot set and retrieve values simultaneously");
    }
    for (key, value) in &settings {
        if let Some(why) = objection(charm, key, value) {
            return Script::fails(1, format!("ERROR {why}"));
        }
    }
    if let Some(key) = reset.iter().find(|key| !charm.options.iter().any(|option| option.0 == **key)) {
        return Script::fails(1, format!("ERROR unknown option \"{key}\""));
    }
    let (now, name) = (seat.now(), (*name).to_owned());
    let model = model_mut(seat, &at);
    let Some(application) = model.applications.get_mut(&name) else { return Script::silent() };
    let mut changed = Vec::new();
    for (key, value) in settings {
        let default = charm.options.iter().find(|option| option.0 == key).and_then(|option| option.2);
        let old = application.config.get(key).map(String::as_str).or(default);
        let differs = old != Some(value);
        application.config.insert(key.to_owned(), value.to_owned());
        if differs {
            changed.push(key.to_owned());
        }
    }
    for key in reset {
        let default = charm.options.iter().find(|option| option.0 == key).and_then(|option| option.2);
        if application.config.remove(key).is_some_and(|old| Some(old.as_str()) != default) {
            changed.push(key.to_owned());
        }
    }
    if !changed.is_empty() {
        took_effect(model, &name, &changed, now);
    }
    Script::silent()
}

/// What the hook `config-changed` does.
fn took_effect(model: &mut Model, name: &str, changed: &[String], now: Millis) {
    let Some(application) = model.applications.get_mut(name) else { return };
    for key in changed {
        application.configured.insert(key.clone(), now);
    }
    let broken = breaks_the_hook(application);
    let units: Vec<u32> = application.units.keys().copied().collect();
    let of = application.clone();
    let hook = "config-changed";
    for (nth, number) in units.into_iter().enumerate() {
        let unit = format!("{name}/{number}");
        let open = model.failures.iter_mut().find(|failure| {
            failure.unit == unit && failure.hook == hook && failure.until.is_none_or(|until| until > now)
        });
        match (open, broken) {
            (None, true) => {
                let from = now + (3 + nth as Millis) * SECOND;
                model.failures.push(HookFailure {
                    unit,
                    hook: hook.to_owned(),
                    from,
                    until: None,
                    curable: false,
                });
            }
            (Some(failure), false) => {
                // Juju tries again by itself, after longer and longer pauses.
                failure.curable = true;
                failure.until = Some(now + 40 * SECOND + nth as Millis * 3 * SECOND);
            }
            _ => {}
        }
    }
    if broken {
        return;
    }
    let secret = changed.iter().any(|key| key == "system-users");
    let others = changed.iter().any(|key| key != "system-users");
    if ["kafka", "kafka-connect", "kafka-ui"].contains(&of.charm.as_str())
        && others
        && let Some(application) = model.applications.get_mut(name)
    {
        application.restarts.push(now + 4 * SECOND);
    }
    if secret {
        secrets::take_passwords(model, name, now);
    }
    if of.charm == "data-integrator" {
        // What was asked for when it was related stays, unless nothing was.
        let wants = relations::request(&of, now);
        let open = |r: &&mut super::store::Relation| {
            r.requirer.0 == name && r.broken.is_none() && r.interface == "kafka_client"
        };
        if let Some(relation) = model.relations.iter_mut().find(open)
            && relation.request.is_none()
        {
            relation.request = wants;
        }
    }
}

/// The whole document.
fn document(name: &str, application: &Application, charm: &Charm) -> Value {
    let mut settings = Map::new();
    for (key, kind, default) in charm.options {
        let typed = |value: &str| match kind {
            Kind::Int => value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number)),
            Kind::Float => value.parse::<f64>().map_or_else(|_| json!(value), |number| json!(number)),
            Kind::Bool => json!(["true", "True", "yes"].contains(&value)),
            Kind::Text | Kind::Secret => json!(value),
        };
        let own = match kind {
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "boolean",
            Kind::Text => "string",
            Kind::Secret => "secret",
        };
        let mut setting = json!({ "description": "(the rehearsal knows no descriptions)", "type": own });
        if let Some(default) = default {
            setting["default"] = typed(default);
        }
        let set = application.config.get(*key).map(String::as_str);
        setting["source"] = json!(match (set, default) {
            (Some(set), Some(default)) if set == *default => "default",
            (Some(_), _) => "user",
            (None, Some(_)) => "default",
            (None, None) => "unset",
        });
        if let Some(value) = set.or(*default) {
            setting["value"] = typed(value);
        }
        settings.insert((*key).to_owned(), setting);
    }
    let trust = json!({ "trust": { "description": "Does this application have access to trusted credentials",
        "type": "bool", "default": false, "source": "default", "value": false } });
    json!({ "application": name, "charm": application.charm, "settings": settings, "application-config": trust })
}
