//! Commands on units: `juju exec`, and Kafka's own tools as far as they are simulated.

use serde_json::json;

use super::charms;
use super::faults::Ailment;
use super::grammar::Words;
use super::guest::Seat;
use super::juju;
use super::juju_status::{clock_time, go_time};
use super::juju_store::Model;
use super::script::Script;
use super::timeline::{MINUTE, Millis, SECOND};

/// What a command on a unit said.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
    took: Millis,
}

/// `juju exec … -- LINE`.
pub fn exec(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match juju::target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let (Some(unit), Some(rest)) = (words.value("--unit"), words.rest.clone()) else {
        return seat.unknown(&["juju", "exec"]);
    };
    let [line] = rest[..] else { return seat.unknown(&["juju", "exec", "--", "…"]) };
    if words.value("--format") != Some("json") {
        return seat.unknown(&["juju", "exec", "--unit", unit]);
    }
    let wait = match words.value("--wait") {
        None => 5 * MINUTE,
        Some(text) => match super::scenario::Span::try_from(text.to_owned()) {
            Ok(span) => span.0,
            Err(_) => return Script::fails(2, format!("ERROR invalid value \"{text}\" for option --wait")),
        },
    };
    let (draw, now) = (seat.draw(), seat.now());
    let (application, number) = unit.split_once('/').unwrap_or((unit, ""));
    let model = juju::model_mut(seat, &at);
    let task = model.next_task + 2;
    model.next_task += 2;
    if !model.applications.contains_key(application) {
        return Script::fails(1, format!("ERROR application \"{application}\" not found"));
    }
    let number = match number {
        "leader" => match charms::leader(model, application, draw).filter(|(_, since)| *since <= now) {
            Some((number, _)) => number,
            None => {
                return Script::fails(1, format!("ERROR could not determine leader for \"{application}\""));
            }
        },
        other => match other.parse() {
            Ok(number) if model.applications[application].units.contains_key(&number) => number,
            // 3.x: no error, and nothing on stdout (juju/juju:apiserver/facades/client/action/operation.go).
            _ => {
                let text = format!(
                    "Operation {} failed to schedule any tasks:\nunit \"{unit}\" not found\n",
                    task - 1
                );
                return Script::silent().err(text);
            }
        },
    };
    let real = format!("{application}/{number}");
    let phases = charms::phases(model, application, number, draw);
    let said = tool(model, application, &phases, now, line);
    let lost = seat.world.planted.as_ref().and_then(|planted| planted.ailment(&real, now));
    let agent = phases.iter().rfind(|phase| phase.at <= now).map_or("allocating", |phase| phase.agent);
    let timed_out =
        Script::fails(1, format!("ERROR timed out waiting for results from: unit {real}")).taking(wait);
    if agent == "allocating" || matches!(lost, Some(Ailment::Lost(_))) {
        return timed_out;
    }
    let Some(said) = said else { return seat.unknown(&["juju", "exec", "--unit", unit, "--", line]) };
    if said.took > wait {
        return timed_out;
    }
    let mut results = json!({ "return-code": said.code });
    if !said.stdout.is_empty() {
        results["stdout"] = json!(said.stdout);
    }
    if !said.stderr.is_empty() {
        results["stderr"] = json!(said.stderr);
    }
    let zone = |at| format!("{} +0000 UTC", clock_time(at));
    let document = json!({ &real: { "id": task.to_string(), "status": "completed", "results": results,
        "timing": { "enqueued": zone(now), "started": zone(now + SECOND), "completed": zone(now + said.took) },
        "unit": real } });
    debug_assert!(go_time(now).ends_with('Z'));
    let script = Script::json(&document).ends(said.took, i32::from(said.code != 0));
    if said.code == 0 {
        return script.taking(said.took);
    }
    script.taking(said.took).err(format!("ERROR the following task failed:\n - id \"{task}\" with return code {}\n\nuse 'juju show-task' to inspect the failure\n", said.code))
}

/// One of Kafka's tools; `None`: the simulation does not know it.
fn tool(model: &Model, application: &str, phases: &[charms::Phase], now: Millis, line: &str) -> Option<Said> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let words = match words[..] {
        ["charmed-kafka.topics", "--list", "--bootstrap-server", server, "--command-config", file] => {
            (server, file)
        }
        _ => return None,
    };
    let (server, file) = words;
    let installed = phases.iter().any(|phase| phase.at <= now && phase.message.starts_with("sysctl"));
    if !installed || model.applications[application].charm != "kafka" {
        let stderr = "/bin/sh: 1: charmed-kafka.topics: not found\n".to_owned();
        return Some(Said { code: 127, stdout: String::new(), stderr, took: SECOND });
    }
    if file != "/var/snap/charmed-kafka/current/etc/kafka/client.properties" {
        let stderr = format!("Error while executing topic command : {file} (No such file or directory)\n");
        return Some(Said { code: 1, stdout: String::new(), stderr, took: 3 * SECOND });
    }
    if open(model, application, phases, now, server) {
        let mut stdout = model.topics.keys().cloned().collect::<Vec<_>>().join("\n");
        stdout.push('\n');
        return Some(Said { code: 0, stdout, stderr: String::new(), took: 4 * SECOND });
    }
    let stderr =
        "Error while executing topic command : Timed out waiting for a node assignment. Call: listTopics\n"
            .to_owned();
    Some(Said { code: 1, stdout: String::new(), stderr, took: 62 * SECOND })
}

/// Whether a broker listens at that address.
fn open(model: &Model, application: &str, phases: &[charms::Phase], now: Millis, server: &str) -> bool {
    let of = &model.applications[application];
    let port = if of.channel.starts_with('4') { "19093" } else { "19092" };
    let Some((address, asked)) = server.rsplit_once(':') else { return false };
    let known = of.units.values().any(|unit| model.machines[&unit.machine].address == address);
    let up = phases.iter().rfind(|phase| phase.at <= now).is_some_and(|phase| phase.workload == "active");
    known && up && asked == port
}
