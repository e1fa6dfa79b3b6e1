//! A snapshot as people and programs read it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::look::{Snapshot, age};
use crate::event::format_time;
use crate::report::model_json;
use crate::report::status_table::{self, CheckState};
use crate::text::duration;

/// For people.
pub fn table(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    let name = &snapshot.vm_name;
    if snapshot.rehearsal {
        let _ = writeln!(out, "Rehearsal: everything below is simulated.\n");
    }
    if let Some(holder) = &snapshot.holder {
        let _ = writeln!(out, "Another kafstack is at work on `{name}`: {holder}\n");
    }
    out.push_str(&status_table::checkpoints(&snapshot.rows));
    let old = age(snapshot.at, snapshot.below_at);
    if old.as_secs() > 0 {
        let _ = writeln!(out, "(all but the last as of {} ago)", duration::words(old));
    }
    if let Some(model) = &snapshot.model {
        let _ = write!(out, "\n{}", status_table::model(model));
    }
    if let Some(vm) = snapshot.vm.as_ref().filter(|vm| !vm.ipv4.is_empty()) {
        let _ = writeln!(out, "\nVM         {} at {}", vm.name, vm.ipv4.join(", "));
    }
    for (what, text) in &snapshot.openstack {
        let _ = writeln!(out, "{what:<10} {text}");
    }
    let _ = match &snapshot.blocked_on {
        None => writeln!(out, "\nReady."),
        Some(blocked) => writeln!(out, "\nNot ready: {}. Next: {}", blocked.why, blocked.next),
    };
    out
}

/// In one line, for a pipe that watches.
pub fn line(snapshot: &Snapshot) -> String {
    let met = snapshot.rows.iter().filter(|row| row.state == CheckState::Met).count();
    let rehearsal = if snapshot.rehearsal { "rehearsal: " } else { "" };
    let state = match &snapshot.blocked_on {
        None => "ready".to_owned(),
        Some(blocked) => format!("{}: {}", blocked.step, blocked.why),
    };
    format!(
        "{} {rehearsal}{met} of {} checkpoints hold; {state}\n",
        format_time(snapshot.at),
        snapshot.rows.len()
    )
}

/// What must change before a watcher is told again: everything but times.
pub fn essence(snapshot: &Snapshot) -> String {
    let mut document = json(snapshot);
    if let Some(object) = document.as_object_mut() {
        object.remove("checked_at");
        object.remove("age_below_s");
    }
    document.to_string()
}

/// For programs, on one line.
pub fn json_line(snapshot: &Snapshot) -> String {
    format!("{}\n", json(snapshot))
}

/// For programs (contract: `kafstack/status/v1`).
pub fn json(snapshot: &Snapshot) -> Value {
    json!({
        "schema": "kafstack/status/v1",
        "ready": snapshot.ready(),
        "kafka_ready": snapshot.kafka_ready(),
        "rehearsal": snapshot.rehearsal,
        "checked_at": format_time(snapshot.at),
        "age_below_s": age(snapshot.at, snapshot.below_at).as_secs(),
        "steps": snapshot.rows,
        "blocked_on": snapshot.blocked_on.as_ref().map(|b| json!({ "step": b.step, "why": b.why, "next": b.next })),
        "vm": snapshot.vm.as_ref().map(|vm| json!({ "name": vm.name, "state": vm.state, "ipv4": vm.ipv4 })),
        "model": snapshot.model.as_ref().map(model_json::model),
    })
}
