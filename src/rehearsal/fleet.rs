//! `multipass start`, `stop`, `suspend`, `restart`, `recover`, `delete`, `purge`, `snapshot`, `restore`: the states
//! of VMs.

use super::change::Change;
use super::grammar::Words;
use super::multipass::{Answer, missing, spinner};
use super::script::Script;
use super::timeline::{Millis, SECOND};
use super::world::{Snapshot, World};
use crate::host::Stream;

/// The one VM of a command that names its VMs.
fn one<'a>(world: &World, command: &str, words: &Words<'a>) -> Result<(&'a str, String), Script> {
    let [name] = words.operands[..] else {
        return Err(Script::unknown(&[&["multipass", command], &words.operands[..]].concat()));
    };
    match world.vms.get(name).filter(|vm| vm.state != "Preparing") {
        Some(vm) => Ok((name, vm.state.clone())),
        None => Err(missing(command, name)),
    }
}

/// `start`.
pub fn start<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &[], &["--timeout"])?;
    let (name, state) = match one(world, "start", &words) {
        Ok(found) => found,
        Err(_) if words.operands.len() == 1 => {
            let name = words.operands[0];
            return Ok(Script::fails(
                2,
                format!("start failed: instance(s) missing\nInstance '{name}' does not exist."),
            ));
        }
        Err(script) => return Ok(script),
    };
    if state == "Deleted" {
        return Ok(Script::fails(
            2,
            format!(
                "start failed: instance(s) missing\nInstance '{name}' is deleted. Use 'recover' to recover it or 'purge' to permanently delete it."
            ),
        ));
    }
    if state == "Running" {
        return Ok(Script::silent());
    }
    if let Some(vm) = world.vms.get_mut(name) {
        vm.state = "Starting".to_owned();
    }
    let took = world.draw().about(&format!("start {name}"), 25 * SECOND);
    world.later(name, took - SECOND, Change::VmRunning);
    if !world.vms[name].guest.cloud_init_done {
        world.later(name, took + 60 * SECOND, Change::CloudInitDone);
    }
    let mut script = Script::default();
    spinner(&mut script, 0, took, &format!("Starting {name}"));
    let limit = words.value("--timeout").and_then(|t| t.parse::<Millis>().ok()).map(|t| t * SECOND);
    match limit {
        Some(limit) if limit < took => {
            script.say(limit, Stream::Stderr, "Timed out waiting for instance to start.\n");
            Ok(script.ends(limit, 5))
        }
        _ => Ok(script.ends(took, 0)),
    }
}

/// `stop`.
pub fn stop<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &["--force"], &[])?;
    let (name, state) = match one(world, "stop", &words) {
        Ok(found) => found,
        Err(script) => return Ok(script),
    };
    let force = words.has("--force");
    match state.as_str() {
        "Stopped" | "Deleted" => Ok(Script::silent()),
        "Suspended" if !force => {
            let text = format!(
                "stop failed: The following errors occurred:\nCannot shut down suspended instance {name}.\nUse --force to power it off."
            );
            Ok(Script::fails(2, text))
        }
        _ if force => {
            world.halt(name, "Stopped");
            Ok(Script::silent().taking(2 * SECOND))
        }
        _ => {
            let took = world.draw().about(&format!("stop {name}"), 14 * SECOND);
            world.later(name, took - SECOND, Change::VmHalted("Stopped".to_owned()));
            let mut script = Script::default();
            spinner(&mut script, 0, took, &format!("Stopping {name}"));
            Ok(script.ends(took, 0))
        }
    }
}

/// `suspend`.
pub fn suspend<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &[], &[])?;
    let (name, state) = match one(world, "suspend", &words) {
        Ok(found) => found,
        Err(script) => return Ok(script),
    };
    if state == "Running" {
        world.halt(name, "Suspended");
    }
    Ok(Script::silent().taking(9 * SECOND))
}

/// `restart`.
pub fn restart<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &[], &["--timeout"])?;
    let (name, state) = match one(world, "restart", &words) {
        Ok(found) => found,
        Err(script) => return Ok(script),
    };
    if state != "Running" {
        // The misleading text of 1.16 (canonical/multipass#4314).
        let text = format!(
            "restart failed: The following errors occurred:\nInstance '{name}' is already running, but in an unknown state."
        );
        return Ok(Script::fails(2, text));
    }
    world.halt(name, "Restarting");
    let took = world.draw().about(&format!("restart {name}"), 35 * SECOND);
    world.later(name, took - SECOND, Change::VmRunning);
    Ok(Script::silent().ends(took, 0))
}

/// `recover`.
pub fn recover<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &[], &[])?;
    let (name, state) = match one(world, "recover", &words) {
        Ok(found) => found,
        Err(script) => return Ok(script),
    };
    if let (Some(vm), "Deleted") = (world.vms.get_mut(name), state.as_str()) {
        vm.state = vm.rests_as.clone();
        world.touched = true;
    }
    Ok(Script::silent().taking(300))
}

/// `delete`: without `--purge` the name stays taken.
pub fn delete<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &["--purge|-p"], &[])?;
    let mut took = 200;
    for target in &words.operands {
        let (name, snapshot) = target.split_once('.').map_or((*target, None), |(vm, kept)| (vm, Some(kept)));
        let there = world.vms.get(name).filter(|vm| vm.state != "Preparing");
        if !there.is_some_and(|vm| snapshot.is_none_or(|kept| vm.snapshots.contains_key(kept))) {
            return Ok(missing("delete", target));
        }
    }
    if words.operands.is_empty() {
        return Ok(Script::fails(1, "Name argument or --all is required"));
    }
    for target in &words.operands {
        if let Some((name, kept)) = target.split_once('.') {
            if !words.has("--purge") {
                return Ok(Script::fails(
                    1,
                    "[error] [client] Caught an unhandled exception: Unable to query client for confirmation",
                ));
            }
            if let Some(vm) = world.vms.get_mut(name) {
                vm.snapshots.remove(kept);
            }
            continue;
        }
        let state = world.vms[*target].state.clone();
        if words.has("--purge") {
            world.halt(target, "Deleted");
            world.vms.remove(*target);
            took = world.draw().about("delete --purge", 3 * SECOND);
        } else if state == "Starting" {
            return Ok(Script::fails(
                2,
                format!(
                    "delete failed: The following errors occurred:\nCannot shut down instance {target} while starting.\nUse --purge to forcefully delete it."
                ),
            ));
        } else if state != "Deleted" {
            world.halt(target, "Deleted");
            took = world.draw().about("delete", 12 * SECOND);
        }
    }
    world.touched = true;
    Ok(Script::silent().taking(took))
}

/// `purge`: every deleted VM of the daemon, whoever made it.
pub fn purge<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    if !rest.is_empty() {
        return Ok(Script::fails(1, "This command takes no arguments"));
    }
    world.vms.retain(|_, vm| vm.state != "Deleted");
    world.touched = true;
    Ok(Script::silent().taking(2 * SECOND))
}

/// `snapshot`.
pub fn snapshot<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &[], &["--name|-n", "--comment|-c|-m"])?;
    let (name, state) = match one(world, "snapshot", &words) {
        Ok(found) => found,
        Err(script) => return Ok(script),
    };
    if state != "Stopped" {
        return Ok(Script::fails(
            2,
            "snapshot failed: Multipass can only take snapshots of stopped instances.",
        ));
    }
    let now = world.now;
    let took = world.draw().about("snapshot", 5 * SECOND);
    let Some(vm) = world.vms.get_mut(name) else { return Ok(missing("snapshot", name)) };
    let kept =
        words.value("--name").map_or_else(|| format!("snapshot{}", vm.snapshots.len() + 1), str::to_owned);
    if vm.snapshots.contains_key(&kept) {
        return Ok(Script::fails(2, format!("snapshot failed: Snapshot already exists: {name}.{kept}")));
    }
    let parent = vm.snapshots.iter().max_by_key(|(_, of)| of.taken).map(|(parent, _)| parent.clone());
    let snapshot = Snapshot {
        comment: words.value("--comment").unwrap_or_default().to_owned(),
        parent: parent.unwrap_or_default(),
        taken: now,
        guest: vm.guest.clone(),
    };
    vm.snapshots.insert(kept.clone(), snapshot);
    world.touched = true;
    Ok(Script::says(format!("Snapshot taken: {name}.{kept}\n")).taking(took))
}

/// `restore`.
pub fn restore<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    let words = Words::read(rest, &["--destructive|-d"], &[])?;
    let Some((name, kept)) = words.operands.first().and_then(|word| word.split_once('.')) else {
        return Ok(Script::fails(
            1,
            "Invalid format. Please ensure the instance and snapshot names are separated by a '.'",
        ));
    };
    let Some(vm) = world.vms.get_mut(name) else { return Ok(missing("restore", name)) };
    if vm.state != "Stopped" {
        return Ok(Script::fails(
            2,
            format!("restore failed: Instance '{name}' must be stopped before restoring snapshots."),
        ));
    }
    let Some(snapshot) = vm.snapshots.get(kept) else {
        return Ok(Script::fails(2, format!("restore failed: No such snapshot: {name}.{kept}")));
    };
    if !words.has("--destructive") {
        return Ok(Script::fails(
            1,
            "[error] [client] Caught an unhandled exception: Unable to query client for confirmation",
        ));
    }
    vm.guest = snapshot.guest.clone();
    vm.down_since = snapshot.taken;
    vm.boot += 1;
    world.touched = true;
    Ok(Script::says(format!("Snapshot restored: {name}.{kept}\n")).taking(4 * SECOND))
}
