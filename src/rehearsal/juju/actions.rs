//! `juju run`: the actions of charms. The envelope is Juju's, what is in it the charm's.

use serde_json::{Map, Value, json};

use super::super::charms::{self, certificate, clients, rounds};
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::kafka::brokers::Brokers;
use super::super::script::Script;
use super::super::timeline::{MINUTE, SECOND};
use super::exec::{timed_out, timing, wait};
use super::units::{self, Nobody};
use super::{model_mut, secrets, target};

/// What an action came to.
enum Outcome {
    /// Its results.
    Done(Value),
    /// The charm said no, with results of its own perhaps.
    Failed(String, Value),
    /// Its handler stumbled.
    Crashed,
}

/// Where an action runs.
struct Task<'a> {
    at: &'a (String, String),
    application: &'a str,
    number: u32,
    leads: bool,
    parameters: Vec<(&'a str, &'a str)>,
}

/// `run UNIT ACTION [k=v…]`.
pub fn run(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [unit, action, ref rest @ ..] = words.operands[..] else {
        return Script::fails(2, "ERROR no action specified");
    };
    if words.value("--format") != Some("json") {
        return seat.unknown(&["juju", "run", unit, action]);
    }
    let wait = match wait(words, MINUTE) {
        Ok(wait) => wait,
        Err(script) => return script,
    };
    let mut parameters = Vec::new();
    for word in rest {
        let Some((key, value)) = word.split_once('=') else {
            return Script::fails(
                2,
                format!("ERROR argument \"{word}\" must be of the form key.key.key...=value"),
            );
        };
        let number = value.parse::<f64>().is_ok() || ["true", "false", "null", ""].contains(&value);
        if number && !words.has("--string-args") {
            // Values are read as YAML, and the action's schema wants text (juju/juju:cmd/juju/action/run.go).
            return Script::fails(
                1,
                format!("ERROR validation failed: (root).{key} : must be of type string"),
            );
        }
        parameters.push((key, value));
    }
    let (draw, now) = (seat.draw(), seat.now());
    let model = model_mut(seat, &at);
    let (operation, id) = (model.next_task + 1, model.next_task + 2);
    model.next_task += 2;
    let nothing = |why: String| {
        // Juju 3 ends well with nothing on stdout (juju/juju:cmd/juju/action/common.go).
        Script::silent()
            .taking(SECOND)
            .err(format!("Operation {operation} failed to schedule any tasks:\n{why}\n"))
    };
    let (application, number) = match units::find(model, unit, draw, now) {
        Ok(found) => found,
        Err(Nobody::Leader) => {
            let application = unit.split('/').next().unwrap_or(unit);
            return nothing(format!("could not determine leader for \"{application}\""));
        }
        Err(Nobody::Application | Nobody::Unit) => return nothing(format!("unit \"{unit}\" not found")),
    };
    let of = model.applications[&application].clone();
    let real = format!("{application}/{number}");
    if !actions(&of.charm, &of.channel).contains(&action) {
        return nothing(format!("action \"{action}\" not defined for unit \"{real}\""));
    }
    let leads = charms::leader(model, &application, draw).is_some_and(|(leader, _)| leader == number);
    let progress = format!(
        "Running operation {operation} with 1 task\n  - task {id} on unit-{application}-{number}\n\nWaiting for task {id}...\n"
    );
    if !units::answers(seat, &at, &application, number) {
        return timed_out(&real, wait);
    }
    let task = Task { at: &at, application: &application, number, leads, parameters };
    let outcome = act(seat, &task, &of.charm, action);
    let took = draw.about(&format!("action {action} {id}"), 3 * SECOND);
    let (status, message, mut results, code) = match outcome {
        Outcome::Done(results) => ("completed", None, results, 0),
        Outcome::Failed(message, results) => ("failed", Some(message), results, 0),
        Outcome::Crashed => (
            "failed",
            None,
            json!({ "stderr": "Uncaught exception while in charm code:\nTraceback (most recent call last):\nKeyError\n" }),
            1,
        ),
    };
    results["return-code"] = json!(code);
    let mut entry = json!({ "id": id.to_string(), "status": status, "results": results,
        "timing": timing(now, took), "unit": real });
    if let Some(message) = message {
        entry["message"] = json!(message);
    }
    let script =
        Script::json(&json!({ &real: entry })).err(progress).ends(took, i32::from(code != 0)).taking(took);
    if code == 0 {
        return script;
    }
    script.err(format!("ERROR the following task failed:\n - id \"{id}\" with return code {code}\n\nuse 'juju show-task' to inspect the failure\n"))
}

/// The actions of a charm that the simulation plays.
fn actions(charm: &str, channel: &str) -> &'static [&'static str] {
    match (charm, channel.starts_with('4')) {
        ("kafka", false) => &["get-admin-credentials", "set-password", "get-listeners"],
        ("kafka", true) => &["get-listeners"],
        ("zookeeper", _) => &["get-super-password", "get-sync-password"],
        ("data-integrator", _) => &["get-credentials"],
        ("self-signed-certificates", _) => &["get-ca-certificate"],
        ("karapace", _) => &["get-password"],
        _ => &[],
    }
}

/// Runs it.
fn act(seat: &mut Seat<'_>, task: &Task<'_>, charm: &str, action: &str) -> Outcome {
    match (charm, action) {
        ("kafka", "get-admin-credentials") => admin_credentials(seat, task),
        ("kafka", "set-password") => set_password(seat, task),
        ("kafka", _) => listeners(seat, task),
        ("data-integrator", _) => credentials(seat, task),
        ("self-signed-certificates", _) => {
            let now = seat.now();
            let (draw, model) = (seat.draw(), model_mut(seat, task.at));
            let phases = charms::phases(model, task.application, task.number, draw);
            if phases.iter().any(|phase| phase.at <= now && phase.workload == "active") {
                Outcome::Done(json!({ "ca-certificate": certificate::CA }))
            } else {
                Outcome::Failed("Root Certificate is not yet generated".to_owned(), json!({}))
            }
        }
        ("karapace", _) => {
            let draw = seat.draw();
            let password = secrets::password(model_mut(seat, task.at), task.application, "operator", draw);
            Outcome::Done(json!({ "username": "operator", "password": password }))
        }
        _ => {
            let user = if action == "get-super-password" { "super" } else { "sync" };
            let draw = seat.draw();
            let password = secrets::password(model_mut(seat, task.at), task.application, user, draw);
            Outcome::Done(json!({ format!("{user}-password"): password }))
        }
    }
}

/// Whether the unit is active now.
fn healthy(seat: &mut Seat<'_>, task: &Task<'_>) -> bool {
    let (draw, now) = (seat.draw(), seat.now());
    let phases = charms::phases(model_mut(seat, task.at), task.application, task.number, draw);
    phases.iter().rfind(|phase| phase.at <= now).is_some_and(|phase| phase.workload == "active")
}

/// kafka 3: `get-admin-credentials`. The lines of the properties come in any order
/// (canonical/kafka-operator:src/events/actions.py).
fn admin_credentials(seat: &mut Seat<'_>, task: &Task<'_>) -> Outcome {
    let (draw, now, booted) = (seat.draw(), seat.now(), seat.guest().booted);
    let model = model_mut(seat, task.at);
    let brokers = Brokers::of(model, task.application, draw, now, booted);
    if brokers.all.is_empty() {
        return Outcome::Crashed;
    }
    let password = secrets::password(model, task.application, "admin", draw);
    let tls = rounds::listens(model, task.application, draw, now).is_some_and(|listens| listens.tls);
    let (port, protocol) = if tls { (9093, "SASL_SSL") } else { (9092, "SASL_PLAINTEXT") };
    let servers: Vec<String> =
        brokers.all.iter().map(|broker| format!("{}:{port}", broker.address)).collect();
    let mut lines = [
        format!(
            "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"admin\" password=\"{password}\";"
        ),
        "sasl.mechanism=SCRAM-SHA-512".to_owned(),
        format!("security.protocol={protocol}"),
        format!("bootstrap.servers={}", servers.join(",")),
    ];
    lines.sort_by_key(|line| draw.hex(&format!("{} {}", line.len(), model.next_task), 8));
    Outcome::Done(json!({ "username": "admin", "password": password, "client-properties": lines.join("\n") }))
}

/// kafka 3: `set-password`.
fn set_password(seat: &mut Seat<'_>, task: &Task<'_>) -> Outcome {
    let get = |key: &str| task.parameters.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
    let failed = |text: &str| Outcome::Failed(text.to_owned(), json!({}));
    if !task.leads {
        return failed("Password rotation must be called on leader unit");
    }
    if !healthy(seat, task) {
        return failed("Unit is not healthy");
    }
    let user = get("username").unwrap_or_default().to_owned();
    if !["admin", "sync"].contains(&user.as_str()) {
        return failed("Can only update internal charm users: sync, admin");
    }
    let (draw, now) = (seat.draw(), seat.now());
    let model = model_mut(seat, task.at);
    let new = get("password").map_or_else(
        || clients::password(draw, &format!("new password {} of {user}", model.next_task)),
        str::to_owned,
    );
    let old = ["admin", "sync"].map(|user| secrets::password(model, task.application, user, draw));
    if old.contains(&new) {
        return failed("Password already exists, please choose a different password.");
    }
    if let Some(application) = model.applications.get_mut(task.application) {
        application.passwords.insert(user.clone(), new.clone());
        if user == "sync" {
            application.restarts.push(now + 4 * SECOND);
        }
    }
    Outcome::Done(json!({ format!("{user}-password"): new }))
}

/// `get-listeners`.
fn listeners(seat: &mut Seat<'_>, task: &Task<'_>) -> Outcome {
    let (draw, now, booted) = (seat.draw(), seat.now(), seat.guest().booted);
    let brokers = Brokers::of(model_mut(seat, task.at), task.application, draw, now, booted);
    let Some(broker) = brokers.all.iter().find(|broker| broker.unit == task.number) else {
        return Outcome::Done(json!({}));
    };
    let mut all = Map::new();
    for (port, plain) in &broker.ports {
        let scope = if *port > 19000 { "INTERNAL" } else { "CLIENT" };
        let protocol = if *plain { "SASL_PLAINTEXT" } else { "SASL_SSL" };
        let name = format!("{scope}_{protocol}_SCRAM_SHA_512");
        all.insert(
            name.to_lowercase().replace('_', "-"),
            json!({ "name": name, "scope": scope, "port": port.to_string(), "protocol": protocol,
                "auth-mechanism": "SCRAM-SHA-512",
                "advertised-listener": format!("{name}://{}:{port}", broker.address) }),
        );
    }
    Outcome::Done(Value::Object(all))
}

/// data-integrator: `get-credentials` (canonical/data-integrator:src/charm.py).
fn credentials(seat: &mut Seat<'_>, task: &Task<'_>) -> Outcome {
    let (draw, now, booted) = (seat.draw(), seat.now(), seat.guest().booted);
    let model = model_mut(seat, task.at);
    let no = |text: &str| Outcome::Failed(text.to_owned(), json!({ "ok": "False" }));
    if model.applications[task.application].config.get("topic-name").is_none_or(String::is_empty) {
        return no("The database name, topic name, index name or prefix is not specified in the config.");
    }
    let related =
        model.ever_related(task.application, "kafka").filter(|relation| !relation.is_gone(now)).last();
    let granted =
        related.filter(|relation| clients::granted(model, relation, draw).is_some_and(|at| at <= now));
    let (Some(relation), Some(user)) =
        (granted, granted.and_then(|relation| clients::user(model, relation, draw)))
    else {
        return no("The action can be run only after relation is created.");
    };
    let kafka = relation.provider.0.as_str();
    let brokers = Brokers::of(model, kafka, draw, now, booted);
    let tls = rounds::listens(model, kafka, draw, now).is_some_and(|listens| listens.tls);
    let word = if tls { "enabled" } else { "disabled" };
    let port = if tls { 9093 } else { 9092 };
    let endpoints: Vec<String> =
        brokers.all.iter().map(|broker| format!("{}:{port}", broker.address)).collect();
    let asked = json!({ "topic": user.topic, "extra-user-roles": user.roles,
        "requested-secrets": "[\"username\", \"password\", \"tls\", \"tls-ca\", \"uris\"]" });
    let mut results = json!({ "endpoints": endpoints.join(","), "username": user.name, "password": user.password,
        "topic": user.topic, "tls": word, "data": asked.to_string() });
    if !user.prefix.is_empty() {
        results["consumer-group-prefix"] = json!(user.prefix);
    }
    if brokers.kraft {
        if tls {
            results["tls-ca"] = json!(certificate::CA);
        }
        results["resource"] = json!(user.topic);
        results["salt"] = json!(draw.hex(&format!("salt of {}", user.name), 16));
        results["version"] = json!("v0");
    } else {
        // The charm of track 3 puts the word there instead of the certificate (canonical/kafka-operator:src/events/broker.py).
        results["tls-ca"] = json!(word);
        let related = model.related(kafka, "zookeeper").map(|relation| relation.provider.0.clone());
        let zookeeper = related.and_then(|name| model.applications.get(&name));
        let hosts: Vec<String> = zookeeper
            .into_iter()
            .flat_map(|of| of.units.values())
            .filter_map(|unit| model.machines.get(&unit.machine))
            .map(|machine| format!("{}:{}", machine.address, if tls { 2182 } else { 2181 }))
            .collect();
        results["zookeeper-uris"] = json!(format!("{}/kafka", hosts.join(",")));
    }
    Outcome::Done(json!({ "ok": "True", "kafka": results }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_charm_of_the_store_has_the_actions_of_its_track() {
        assert!(actions("kafka", "3/stable").contains(&"set-password"));
        assert!(!actions("kafka", "4/stable").contains(&"set-password"));
    }
}
