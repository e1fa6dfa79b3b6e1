//! Kafka Connect's REST interface as `curl` on its unit sees it: who may ask, and what there is without connectors of
//! one's own (apache/kafka:connect/runtime/…/rest/resources).

use serde_json::json;

use super::super::grammar::Words;
use super::super::juju::secrets;
use super::super::juju::store::Model;
use super::super::kafka::Said;
use super::super::timeline::{Draw, Millis};
use super::{clients, serves};

/// `curl -sS -K FILE [URL]` on a unit; the file holds the user, and the URL perhaps. `None`: not known.
pub fn curl(
    model: &Model,
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
            let value = value.trim_start_matches(['=', ' ']).trim().trim_matches('"');
            settings.push((key.trim().trim_start_matches('-').to_owned(), value.to_owned()));
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
    let plugin = |class: &str| json!({ "class": format!("org.apache.kafka.connect.mirror.{class}"), "type": "source", "version": "4.1.1" });
    let answer = match path.trim_end_matches('/') {
        "" => {
            let related =
                model.related(application, "kafka-client").map(|relation| relation.provider.0.clone());
            let cluster = clients::password(draw, &format!("cluster id of {}", related.unwrap_or_default()));
            json!({ "version": "4.1.1", "commit": "be816b82d25370ce", "kafka_cluster_id": &cluster[..22] })
        }
        "connectors" => json!([]),
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
