//! Kafka Connect's REST interface as `curl` on its unit sees it: who may ask, what there is without connectors of one's
//! own, and MirrorMaker's heartbeats (apache/kafka:connect/runtime/…/rest/resources, connect/mirror).

use serde_json::{Value, json};

use super::super::grammar::Words;
use super::super::juju::secrets;
use super::super::juju::store::Model;
use super::super::kafka::{Partition, Record, Said};
use super::super::timeline::{Draw, Millis, SECOND};
use super::{clients, serves};

/// Where a worker keeps its settings (canonical/kafka-connect-operator:src/literals.py).
const WORKER: &str = "/var/snap/charmed-kafka/current/etc/connect/connect-distributed.properties";

/// A file on a unit: put there by hand, or a worker's settings.
pub fn file(model: &Model, application: &str, number: u32, path: &str, draw: Draw) -> Option<String> {
    if let Some(text) = model.applications[application].units[&number].files.get(path) {
        return Some(text.clone());
    }
    let relation = model.related(application, "kafka-client").filter(|_| path == WORKER)?;
    let user = format!("relation-{}", relation.id);
    let password = clients::password(draw, &format!("{user} in {}", model.uuid));
    let units = model.applications.get(&relation.provider.0)?.units.values();
    let addresses = units.filter_map(|unit| model.machines.get(&unit.machine));
    let brokers: Vec<String> = addresses.map(|machine| format!("{}:9092", machine.address)).collect();
    Some(format!(
        "bootstrap.servers={}\ngroup.id=connect-cluster\nsasl.mechanism=SCRAM-SHA-512\nsecurity.protocol=SASL_PLAINTEXT\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"{user}\" password=\"{password}\";\n",
        brokers.join(",")
    ))
}

/// A value of curl's configuration files.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut chars) = (String::new(), inner.chars());
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// Makes a connector of these settings; `None`: it lacks what it needs, or is of a kind that the simulation does not
/// play. A heartbeat is written at once.
fn put(model: &mut Model, application: &str, name: &str, settings: &Value, now: Millis) -> Option<u32> {
    let provider = model.related(application, "kafka-client")?.provider.0.clone();
    let text = |key: &str| settings.get(key).and_then(Value::as_str);
    let brokers = model.applications.get(&provider)?.units.len();
    let replication: usize = text("heartbeats.topic.replication.factor").unwrap_or("3").parse().ok()?;
    let known = text("connector.class")? == "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector";
    let complete = ["source.cluster.alias", "target.cluster.alias", "target.cluster.bootstrap.servers"]
        .iter()
        .chain(&["target.cluster.sasl.jaas.config"])
        .all(|key| text(key).is_some());
    if !known || !complete || replication > brokers {
        return None;
    }
    let replicas = model.applications[&provider].units.keys().copied().take(replication);
    let base = if model.applications[&provider].channel.starts_with('4') { 100 } else { 0 };
    let replicas: Vec<u32> = replicas.map(|number| number + base).collect();
    let topic =
        model.clusters.entry(provider).or_default().topics.entry("heartbeats".to_owned()).or_default();
    if topic.partitions.is_empty() {
        topic.id = "aGVhcnRiZWF0cyBoZWFydA".to_owned();
        topic.configs.insert("cleanup.policy".to_owned(), "compact".to_owned());
        topic.partitions.push(Partition { replicas, ..Partition::default() });
    }
    let value = "AAAAAAGO".to_owned();
    topic.partitions[0].records.push(Record { key: None, value, at: now });
    let connectors = &mut model.applications.get_mut(application)?.connectors;
    Some(if connectors.insert(name.to_owned(), now).is_none() { 201 } else { 200 })
}

/// `curl -sS -K FILE [URL]` on a unit; the file holds the user, and the URL perhaps. `None`: not known.
pub fn curl(
    model: &mut Model,
    application: &str,
    number: u32,
    words: &[&str],
    draw: Draw,
    now: Millis,
) -> Option<Said> {
    let words = Words::read(words, &["-s", "-S", "-sS", "-f", "-fsS"], &["-K", "-m"]).ok()?;
    let quick = |code, stdout: String, stderr: String| Some(Said { code, stdout, stderr, took: 900 });
    let mut settings = Vec::new();
    if let Some(file) = words.value("-K") {
        let Some(text) = model.applications[application].units[&number].files.get(file) else {
            return quick(
                26,
                String::new(),
                format!("curl: (26) Failed to open/read local data from file/application\n{file}\n"),
            );
        };
        for line in text.lines() {
            let (key, value) = line.split_once(['=', ' ', ':'])?;
            let value = unquoted(value.trim_start_matches(['=', ' ']).trim());
            settings.push((key.trim().trim_start_matches('-').to_owned(), value));
        }
    }
    let get = |key: &str| settings.iter().find(|(of, _)| of == key).map(|(_, value)| value.as_str());
    let url = words.operands.first().copied().or_else(|| get("url"))?;
    let (server, path) =
        url.strip_prefix("http://")?.split_once('/').unwrap_or((url.strip_prefix("http://")?, ""));
    let (address, port) = server.split_once(':')?;
    let own = &model.machines.get(&model.applications[application].units[&number].machine)?.address;
    let address = if address == "localhost" || address == "127.0.0.1" { own.as_str() } else { address };
    let charm = model.applications[application].charm.as_str();
    if !serves(model, application, charm, address, port.parse().ok()?, draw, now) {
        let text = format!(
            "curl: (7) Failed to connect to {address} port {port} after 0 ms: Couldn't connect to server\n"
        );
        return quick(7, String::new(), text);
    }
    if charm != "kafka-connect" {
        return None;
    }
    let password = secrets::password(model, application, "admin", draw);
    if get("user") != Some(format!("admin:{password}").as_str()) {
        return quick(0, "User cannot access the resource.".to_owned(), String::new());
    }
    if get("request") == Some("PUT") {
        let name = path.strip_prefix("connectors/")?.strip_suffix("/config")?;
        let wish = serde_json::from_str(get("data")?).ok()?;
        let code = put(model, application, name, &wish, now).unwrap_or(400);
        return quick(0, get("write-out")?.replace("%{http_code}", &code.to_string()), String::new());
    }
    let own = &model.applications[application].connectors;
    let status = path.strip_prefix("connectors/").and_then(|rest| rest.strip_suffix("/status"));
    if let Some((name, made)) = status.and_then(|name| own.get_key_value(name)) {
        let state = if now < made + 4 * SECOND { "UNASSIGNED" } else { "RUNNING" };
        let one = json!({ "state": state, "worker_id": server });
        let mut task = one.clone();
        task["id"] = json!(0);
        let answer = json!({ "name": name, "connector": one, "tasks": [task], "type": "source" });
        return quick(0, answer.to_string(), String::new());
    }
    let plugin = |class: &str| json!({ "class": format!("org.apache.kafka.connect.mirror.{class}"), "type": "source", "version": "4.1.1" });
    let answer = match path.trim_end_matches('/') {
        "" => {
            let related =
                model.related(application, "kafka-client").map(|relation| relation.provider.0.clone());
            let cluster = clients::password(draw, &format!("cluster id of {}", related.unwrap_or_default()));
            json!({ "version": "4.1.1", "commit": "be816b82d25370ce", "kafka_cluster_id": &cluster[..22] })
        }
        "connectors" => json!(own.keys().collect::<Vec<_>>()),
        "connector-plugins" => json!([
            plugin("MirrorCheckpointConnector"),
            plugin("MirrorHeartbeatConnector"),
            plugin("MirrorSourceConnector")
        ]),
        other => {
            json!({ "error_code": 404, "message": format!("Connector {} not found", other.trim_start_matches("connectors/")) })
        }
    };
    quick(0, answer.to_string(), String::new())
}
