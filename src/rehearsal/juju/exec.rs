//! `juju exec` and `juju ssh`: commands on units.

use serde_json::json;

use super::super::charms::{self, connect_rest, test_app_unit};
use super::super::containers;
use super::super::grammar::{self, Misfit, Words};
use super::super::guest::Seat;
use super::super::kafka::{self, Said, console};
use super::super::scenario::Span;
use super::super::script::Script;
use super::super::timeline::{MINUTE, Millis, SECOND};
use super::status::clock_time;
use super::store::Model;
use super::units::{self, Nobody};
use super::{model, model_mut, target};
use crate::host::{Stdin, Stream};

/// How long `--wait` lets it wait.
pub fn wait(words: &Words<'_>, otherwise: Millis) -> Result<Millis, Script> {
    match words.value("--wait") {
        None => Ok(otherwise),
        Some(text) => match Span::try_from(text.to_owned()) {
            Ok(span) => Ok(span.0),
            Err(_) => Err(Script::fails(2, format!("ERROR invalid value \"{text}\" for option --wait"))),
        },
    }
}

/// `juju exec … -- LINE`.
pub fn exec(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
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
    let wait = match wait(words, 5 * MINUTE) {
        Ok(wait) => wait,
        Err(script) => return script,
    };
    let (draw, now, booted) = (seat.draw(), seat.now(), seat.guest().booted);
    let model = model_mut(seat, &at);
    let task = model.next_task + 2;
    model.next_task += 2;
    let (application, number) = match units::find(model, unit, draw, now) {
        Ok(found) => found,
        Err(Nobody::Application) => {
            let application = unit.split('/').next().unwrap_or(unit);
            return Script::fails(1, format!("ERROR application \"{application}\" not found"));
        }
        Err(Nobody::Leader) => {
            let application = unit.split('/').next().unwrap_or(unit);
            return Script::fails(1, format!("ERROR could not determine leader for \"{application}\""));
        }
        // 3.x: no error, and nothing on stdout (juju/juju:apiserver/facades/client/action/operation.go).
        Err(Nobody::Unit) => {
            let text =
                format!("Operation {} failed to schedule any tasks:\nunit \"{unit}\" not found\n", task - 1);
            return Script::silent().err(text);
        }
    };
    let real = format!("{application}/{number}");
    if !units::answers(seat, &at, &application, number) {
        return timed_out(&real, wait);
    }
    let said = on_unit(seat, &at, &application, number, line, booted);
    let Some(said) = said else { return seat.unknown(&["juju", "exec", "--unit", unit, "--", line]) };
    if said.took > wait {
        return timed_out(&real, wait);
    }
    let mut results = json!({ "return-code": said.code });
    if !said.stdout.is_empty() {
        results["stdout"] = json!(said.stdout);
    }
    if !said.stderr.is_empty() {
        results["stderr"] = json!(said.stderr);
    }
    let document = json!({ &real: { "id": task.to_string(), "status": "completed", "results": results,
        "timing": timing(now, said.took), "unit": real } });
    let script = Script::json(&document).ends(said.took, i32::from(said.code != 0));
    if said.code == 0 {
        return script.taking(said.took);
    }
    script.taking(said.took).err(format!("ERROR the following task failed:\n - id \"{task}\" with return code {}\n\nuse 'juju show-task' to inspect the failure\n", said.code))
}

/// The times of a task.
pub fn timing(now: Millis, took: Millis) -> serde_json::Value {
    let zone = |at| format!("{} +0000 UTC", clock_time(at));
    json!({ "enqueued": zone(now), "started": zone(now + SECOND), "completed": zone(now + took) })
}

/// What the client says whose task did not end in time.
pub fn timed_out(unit: &str, wait: Millis) -> Script {
    Script::fails(1, format!("ERROR timed out waiting for results from: unit {unit}")).taking(wait)
}

/// A line in the shell of a unit, as root; `None`: the simulation does not know it.
fn on_unit(
    seat: &mut Seat<'_>,
    at: &(String, String),
    application: &str,
    number: u32,
    line: &str,
    booted: Millis,
) -> Option<Said> {
    let (draw, now) = (seat.draw(), seat.now());
    let model = model_mut(seat, at);
    let unit = format!("{application}/{number}");
    let quick = |code, stdout: String, stderr: String| Some(Said { code, stdout, stderr, took: SECOND });
    if model.applications[application].charm == "kafka-test-app"
        && let Some(said) = test_app_unit::run(model, application, number, line, draw, now)
    {
        return Some(said);
    }
    let words = grammar::shell(line)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let own = host(model, application, number);
    if let Some(script) = containers::ask(seat, &own, &words) {
        let said = |stream| {
            let of = script.said.iter().filter(|said| said.stream == stream);
            of.map(|said| String::from_utf8_lossy(&said.text)).collect::<String>()
        };
        let took = script.took.max(SECOND);
        return Some(Said {
            code: script.code,
            stdout: said(Stream::Stdout),
            stderr: said(Stream::Stderr),
            took,
        });
    }
    let model = model_mut(seat, at);
    match words[..] {
        ["install", "-m", "600", "/dev/null", path] | ["rm", "-f", path] => {
            let unit = model.applications.get_mut(application).and_then(|of| of.units.get_mut(&number))?;
            if words[0] == "rm" {
                unit.files.remove(path);
            } else {
                unit.files.insert(path.to_owned(), String::new());
            }
            return quick(0, String::new(), String::new());
        }
        ["cat", path] => {
            return match connect_rest::file(model, application, number, path, draw) {
                Some(text) => quick(0, text, String::new()),
                None => quick(1, String::new(), format!("cat: {path}: No such file or directory\n")),
            };
        }
        ["curl", ref rest @ ..] => return connect_rest::curl(model, application, number, rest, draw, now),
        ["pkill", "-f", pattern] => {
            let killed = model
                .clusters
                .get_mut(application)
                .map_or(0, |cluster| console::kill(cluster, &unit, pattern));
            return quick(i32::from(killed == 0), String::new(), String::new());
        }
        [program, ..] if program.starts_with("charmed-kafka.") => {
            if !installed(model, application, number, draw, now) {
                return quick(127, String::new(), format!("/bin/sh: 1: {program}: not found\n"));
            }
        }
        _ => return None,
    }
    kafka::run(model, application, &words, draw, now, booted)
}

/// The name of the container of a unit.
fn host(model: &Model, application: &str, number: u32) -> String {
    format!("juju-{}-{}", &model.uuid[..6], model.applications[application].units[&number].machine)
}

/// Whether the unit has the snap with Kafka's tools.
fn installed(
    model: &Model,
    application: &str,
    number: u32,
    draw: super::super::timeline::Draw,
    now: Millis,
) -> bool {
    let phases = charms::phases(model, application, number, draw);
    model.applications[application].charm == "kafka"
        && phases.iter().any(|phase| phase.at <= now && phase.message.starts_with("sysctl"))
}

/// `juju ssh [flags] TARGET [options of ssh] [COMMAND…]`: what follows the target is not Juju's any more.
pub fn ssh(seat: &mut Seat<'_>, rest: &[&str]) -> Script {
    let mut flags = Vec::new();
    let mut left = rest.iter().copied();
    let target_name = loop {
        match left.next() {
            None => return Script::fails(2, "ERROR no target name specified"),
            Some(word @ ("-m" | "--model")) => {
                flags.push(word);
                flags.extend(left.next());
            }
            Some(word) if word.starts_with('-') => flags.push(word),
            Some(word) => break word,
        }
    };
    let known = ["--no-host-key-checks", "--proxy", "--pty=true", "--pty=false"];
    let declared: Vec<&str> = flags.iter().copied().filter(|flag| !known.contains(flag)).collect();
    let words = match Words::read(&declared, &[], &["--model|-m"]) {
        Ok(words) => words,
        Err(Misfit::Unknown(option) | Misfit::NoValue(option)) => {
            return Script::fails(2, format!("ERROR option provided but not defined: {option}"));
        }
    };
    let at = match target(seat, &words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let (draw, now) = (seat.draw(), seat.now());
    let of = model(seat, &at);
    let Ok((application, number)) = units::find(of, target_name, draw, now) else {
        return Script::fails(1, format!("ERROR unit \"{target_name}\" not found")).taking(SECOND);
    };
    let host = host(of, &application, number);
    let has_tools = installed(of, &application, number, draw, now);
    if !units::answers(seat, &at, &application, number) {
        let text = "ERROR retrieving SSH host keys for machine: keys not found";
        return Script::fails(1, text).taking(20 * SECOND);
    }
    let remote: Vec<&str> = left.collect();
    if let Some(option) = remote.first().filter(|word| word.starts_with('-')) {
        // ssh reads these, and knows none of Juju's own.
        return Script::fails(255, format!("unknown option -- {}", option.trim_start_matches('-')));
    }
    if remote.is_empty() {
        return Script::silent().taking(2 * SECOND);
    }
    // ssh sends one line, which the unit's shell takes apart again.
    let line = remote.join(" ");
    let Some(parts) = grammar::shell(&line) else {
        return seat.unknown(&["juju", "ssh", target_name, &line]);
    };
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (root, parts) = match parts[..] {
        ["sudo", ref rest @ ..] => (true, rest),
        ref all => (false, all),
    };
    match parts {
        ["true"] => Script::silent().taking(2 * SECOND),
        ["hostname"] => Script::says(format!("{host}\n")).taking(2 * SECOND),
        ["tee", path] if root => {
            let Stdin::Bytes(bytes) = &seat.stdin else {
                return seat.unknown(&["juju", "ssh", target_name, &line]);
            };
            let text = String::from_utf8_lossy(bytes).into_owned();
            let (path, of) = ((*path).to_owned(), model_mut(seat, &at).applications.get_mut(&application));
            if let Some(unit) = of.and_then(|of| of.units.get_mut(&number)) {
                unit.files.insert(path, text.clone());
            }
            Script::says(text).taking(2 * SECOND)
        }
        [tool @ ("charmed-kafka.console-producer" | "charmed-kafka.console-consumer"), options @ ..] => {
            if !has_tools {
                return Script::fails(1, format!("sudo: {tool}: command not found")).taking(2 * SECOND);
            }
            if !root {
                let file = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";
                return Script::fails(1, format!("java.nio.file.AccessDeniedException: {file}"))
                    .taking(4 * SECOND);
            }
            kafka::console_tool(seat, &at, &application, number, tool.ends_with("producer"), options)
                .unwrap_or_else(|| seat.unknown(&["juju", "ssh", target_name, &line]))
        }
        _ => seat.unknown(&["juju", "ssh", target_name, &line]),
    }
}
