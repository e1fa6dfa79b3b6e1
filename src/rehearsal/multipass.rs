//! `multipass` in its two dialects, 1.16 (the default) and 1.17: fleet, states, deletion, and the way into a VM.
//! What `launch` does is in `launch.rs`, what happens inside in `guest.rs`.

use serde_json::{Map, Value, json};

use super::change::Change;
use super::grammar::{Misfit, Words};
use super::guest::{self, Seat};
use super::laptop::unknown;
use super::script::Script;
use super::timeline::{MINUTE, Millis, SECOND};
use super::world::{Guest, Snapshot, Vm, World};
use super::{launch, wrapper};
use crate::host::{Place, Stdin, Stream};

/// How long after its installation every call dies for want of the root certificate (canonical/multipass#5015).
const NO_CERTIFICATE: Millis = 3 * SECOND;
/// How long after its installation the daemon does not answer.
const NO_DAEMON: Millis = 9 * SECOND;

/// `multipass …`.
pub fn run(world: &mut World, argv: &[&str], stdin: &Stdin) -> Script {
    let Some(multipass) = world.laptop.multipass.clone() else { return Script::not_found("multipass") };
    let age = world.now - multipass.since;
    if age < NO_CERTIFICATE {
        let path = "/var/snap/multipass/common/data/multipassd/certificates/multipass_root_cert.pem";
        return Script::fails(
            1,
            format!(
                "[error] [client] Caught an unhandled exception: failed to open file '{path}': No such file or directory(2)"
            ),
        );
    }
    let answers = age >= NO_DAEMON && world.daemon_up();
    let Some(command) = argv.get(1) else {
        return Script::says("Usage: multipass [options] <command>\n").ends(40, 2);
    };
    let rest = &argv[2..];
    if *command == "version" {
        return version(rest, &multipass.version, answers);
    }
    let known = [
        "list",
        "ls",
        "info",
        "launch",
        "exec",
        "start",
        "stop",
        "suspend",
        "restart",
        "recover",
        "delete",
        "purge",
        "snapshot",
        "restore",
        "wait-ready",
    ];
    let modern = multipass.version.starts_with("1.17");
    if !known.contains(command) || (*command == "wait-ready" && !modern) {
        let real = [
            "find",
            "shell",
            "transfer",
            "clone",
            "get",
            "set",
            "networks",
            "mount",
            "umount",
            "authenticate",
            "alias",
            "aliases",
            "help",
        ];
        if real.contains(command) {
            return unknown(world, argv);
        }
        // On stdout (canonical/multipass:src/client/cli/argparser.cpp).
        return Script::says(format!(
            "Error: Unknown command or alias '{command}' (try \"multipass help\")\n"
        ))
        .ends(40, 1);
    }
    if !answers {
        return Script::fails(2, format!("{command} failed: cannot connect to the multipass socket"))
            .taking(300);
    }
    let script = match *command {
        "list" | "ls" => list(world, rest, modern),
        "info" => info(world, rest, modern),
        "launch" => launch::run(world, rest, stdin, modern),
        "exec" => exec(world, rest, stdin, modern),
        "start" => start(world, rest),
        "stop" => stop(world, rest),
        "suspend" => suspend(world, rest),
        "restart" => restart(world, rest),
        "recover" => recover(world, rest),
        "delete" => delete(world, rest),
        "purge" => purge(world, rest),
        "snapshot" => snapshot(world, rest),
        "restore" => restore(world, rest),
        _ => Ok(Script::silent()),
    };
    script.unwrap_or_else(|misfit| match misfit {
        Misfit::Unknown(option) => {
            Script::fails(1, format!("Unknown option '{}'.", option.trim_start_matches('-')))
        }
        Misfit::NoValue(option) => Script::fails(1, format!("Missing value after '{option}'.")),
    })
}

/// What a subcommand answers, or the word that does not fit.
pub type Answer<'a> = Result<Script, Misfit<'a>>;

/// `version`: exit 0 also while the daemon does not answer.
fn version(rest: &[&str], version: &str, answers: bool) -> Script {
    match rest {
        ["--format", "json"] | ["--format=json"] => {
            let mut document = json!({ "multipass": version });
            if answers {
                document["multipassd"] = json!(version);
            }
            pretty(&document)
        }
        [] if answers => Script::says(format!("multipass   {version}\nmultipassd  {version}\n")),
        [] => Script::says(format!("multipass   {version}\n")),
        _ => Script::fails(1, "Unknown option."),
    }
    .taking(60)
}

/// JSON as Multipass prints it.
fn pretty(document: &Value) -> Script {
    let mut text = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, indent);
    if serde::Serialize::serialize(document, &mut serializer).is_ok() {
        text.push(b'\n');
    }
    Script::says(text).taking(90)
}

/// `list`.
fn list<'a>(world: &World, rest: &[&'a str], modern: bool) -> Answer<'a> {
    let words = Words::read(rest, &["--no-ipv4", "--snapshots"], &["--format"])?;
    let listed = || world.vms.iter().filter(|(_, vm)| vm.state != "Preparing");
    if words.has("--snapshots") {
        if words.has("--no-ipv4") {
            return Ok(Script::fails(
                1,
                "IP addresses are not applicable in conjunction with listing snapshots",
            ));
        }
        let mut info = Map::new();
        for (name, vm) in listed().filter(|(_, vm)| !vm.snapshots.is_empty()) {
            let of = vm.snapshots.iter().map(|(snapshot, kept)| {
                (snapshot.clone(), json!({ "comment": kept.comment, "parent": kept.parent }))
            });
            info.insert(name.clone(), Value::Object(of.collect()));
        }
        return Ok(pretty(&json!({ "errors": [], "info": info })));
    }
    let addresses = !words.has("--no-ipv4");
    let rows: Vec<Value> = listed()
        .map(|(name, vm)| {
            let ipv4 = if addresses { ipv4(vm, world.now) } else { Vec::new() };
            let release = format!("Ubuntu {} LTS", vm.image);
            let mut row = json!({ "ipv4": ipv4, "name": name, "release": release, "state": vm.state });
            if modern {
                row["zone"] = json!({ "name": "zone1", "available": true });
            }
            row
        })
        .collect();
    match words.value("--format") {
        Some("json") => Ok(pretty(&json!({ "list": rows })).taking(if addresses { 600 } else { 90 })),
        None | Some("table") if rows.is_empty() => Ok(Script::says("No instances found.\n")),
        None | Some("table") => {
            let mut text = "Name                    State             IPv4             Image\n".to_owned();
            for (name, vm) in listed() {
                let first = ipv4(vm, world.now).first().cloned().unwrap_or_else(|| "--".to_owned());
                text += &format!("{name:<24}{:<18}{first:<17}Ubuntu {} LTS\n", vm.state, vm.image);
            }
            Ok(Script::says(text).taking(600))
        }
        Some(other) => Ok(Script::fails(1, format!("Invalid format type given: {other}"))),
    }
}

/// The addresses of a VM: its own first, then those of bridges inside.
fn ipv4(vm: &Vm, now: Millis) -> Vec<String> {
    if vm.state != "Running" || now < vm.guest.booted + SECOND {
        return Vec::new();
    }
    let bridge = vm.guest.lxd.bridge.as_ref().map(|_| format!("{}.1", vm.guest.lxd.subnet));
    let pods = vm.guest.cloud.control_plane.map(|_| "10.1.0.77".to_owned());
    std::iter::once(vm.ip.clone()).chain(bridge).chain(pods).collect()
}

/// `info`.
fn info<'a>(world: &World, rest: &[&'a str], modern: bool) -> Answer<'a> {
    let words = Words::read(rest, &["--no-runtime-information", "--snapshots"], &["--format"])?;
    if words.value("--format") != Some("json") || words.has("--snapshots") {
        return Ok(Script::unknown(&[&["multipass", "info"], rest].concat()));
    }
    let all: Vec<&str> = world.vms.keys().map(String::as_str).collect();
    let names = if words.operands.is_empty() { &all } else { &words.operands };
    let mut info = Map::new();
    for name in names {
        let Some(vm) = world.vms.get(*name).filter(|vm| vm.state != "Preparing") else {
            return Ok(missing("info", name));
        };
        let inside = vm.state == "Running" && !words.has("--no-runtime-information");
        let memory = if inside {
            json!({ "total": vm.memory / 1000 * 979, "used": vm.memory / 3 })
        } else {
            json!({})
        };
        let disk = if inside {
            json!({ "total": (vm.disk / 1000 * 967).to_string(), "used": held(vm, world.now).to_string() })
        } else {
            json!({})
        };
        let mut row = json!({
            "cpu_count": if inside { vm.cpus.to_string() } else { String::new() },
            "disks": { "sda1": disk },
            "image_hash": world.draw().hex(&format!("image {}", vm.image), 64),
            "image_release": format!("{} LTS", vm.image),
            "ipv4": if inside { ipv4(vm, world.now) } else { Vec::new() },
            "load": if inside { json!([1.25, 0.9, 0.4]) } else { json!([]) },
            "memory": memory,
            "mounts": {},
            "release": if inside { format!("Ubuntu {}.3 LTS", vm.image) } else { String::new() },
            "snapshot_count": vm.snapshots.len().to_string(),
            "state": vm.state,
        });
        if modern {
            row["zone"] = json!({ "name": "zone1", "available": true });
        }
        info.insert((*name).to_owned(), row);
    }
    Ok(pretty(&json!({ "errors": [], "info": info })).taking(1100))
}

/// The disk that a VM really uses.
pub fn held(vm: &Vm, now: Millis) -> u64 {
    let guest = &vm.guest;
    let units: usize = guest
        .juju
        .controllers
        .values()
        .map(|c| 1 + c.models.values().map(|m| m.machines.len()).sum::<usize>())
        .sum();
    let age = ((now - guest.booted) / MINUTE).clamp(0, 60).unsigned_abs();
    let cloud = if guest.cloud.control_plane.is_some() { 34 } else { 0 };
    (3 << 30) + (cloud << 30) + ((units as u64 * 3) << 29) + (age << 22)
}

/// The answer about a name that no VM has.
fn missing(command: &str, name: &str) -> Script {
    Script::fails(
        2,
        format!("{command} failed: The following errors occurred:\ninstance \"{name}\" does not exist"),
    )
}

/// `exec`: it starts a VM that does not run, without being asked (canonical/multipass:src/client/cli/cmd/exec.cpp).
fn exec<'a>(world: &mut World, rest: &[&'a str], stdin: &Stdin, modern: bool) -> Answer<'a> {
    // Options stand before the name; after it, only behind `--`.
    let flags = rest.iter().take_while(|word| word.starts_with('-') && **word != "--").count();
    let words = Words::read(&rest[..flags], &["--no-map-working-directory|-n"], &["--working-directory|-d"])?;
    let (name, mut argv) = match &rest[flags..] {
        [name, "--", argv @ ..] => (*name, argv),
        [name, argv @ ..] => (*name, argv),
        [] => return Ok(Script::fails(1, "Wrong number of arguments")),
    };
    if rest[flags..].get(1) != Some(&"--")
        && let Some(option) = argv.iter().find(|word| word.starts_with('-'))
    {
        return Ok(Script::fails(
            1,
            format!(
                "Unknown option '{}'.\nOptions to the inner command should come after \"--\", like this:\nmultipass exec <instance> -- <command> <arguments>",
                option.trim_start_matches('-')
            ),
        ));
    }
    if argv.first() == Some(&"--") {
        argv = &argv[1..];
    }
    if argv.is_empty() {
        return Ok(Script::fails(1, "Wrong number of arguments"));
    }
    let Some(vm) = world.vms.get(name).filter(|vm| vm.state != "Preparing") else {
        let text = format!("exec failed: The following errors occurred:\ninstance \"{name}\" does not exist");
        let twice = !words.has("--no-map-working-directory");
        return Ok(Script::fails(2, if twice { format!("{text}\n{text}") } else { text }));
    };
    let mut delay = 0;
    match vm.state.as_str() {
        "Running" => {}
        "Deleted" => {
            let text = format!("exec failed: The following errors occurred:\ninstance \"{name}\" is deleted");
            return Ok(Script::fails(2, text));
        }
        "Starting" => {
            let text = "exec failed: ssh connection failed: 'Connection refused'";
            return Ok(Script::fails(if modern { 255 } else { 2 }, text).taking(5 * SECOND));
        }
        _ => {
            delay = world.draw().about(&format!("start {name}"), 25 * SECOND);
            start_now(world, name);
        }
    }
    let boot = world.vms[name].boot;
    // A session of its own each time: connection, authentication, a shell.
    delay += world.draw().between(&format!("session {}", argv.last().unwrap_or(&"")), 250, 450);
    let (vm, stdin) = (name.to_owned(), stdin.clone());
    let mut script = match argv {
        ["sh", "-c", text, rest @ ..] => {
            wrapper::run(Seat { world, vm, root: false, openrc: false, stdin }, text, rest)
        }
        _ => super::scenario::run(world, Place::Vm, argv, |world| {
            guest::run(&mut Seat { world, vm, root: false, openrc: false, stdin }, argv)
        }),
    };
    for said in &mut script.said {
        said.at += delay;
    }
    script.took += delay;
    if script.lost {
        let text = "exec failed: [ssh client] could not obtain exit state from the remote process\n";
        let mut lost = Script { took: script.took, code: 255, ..Script::default() };
        if modern {
            lost = lost.err(text);
        }
        script = lost;
    } else if script.code == 4 && !modern {
        // 1.16 takes the remote status 4 for its own mark and runs the command again, for ever
        // (canonical/multipass#3771).
        script.hangs = true;
    }
    script.inside = Some((name.to_owned(), boot));
    Ok(script)
}

/// Starts a VM at once; a first boot that was broken off goes on.
fn start_now(world: &mut World, name: &str) {
    world.boot(name);
    if world.vms.get(name).is_some_and(|vm| !vm.guest.cloud_init_done) {
        let after = world.draw().about(&format!("cloud-init of {name}"), 70 * SECOND);
        world.later(name, after, Change::CloudInitDone);
    }
}

/// What the spinner writes on stdout, terminal or not (canonical/multipass:src/client/cli/cmd/animated_spinner.cpp).
pub fn spinner(script: &mut Script, from: Millis, to: Millis, text: &str) {
    script.say(from, Stream::Stdout, format!("\u{1b}[2K\u{1b}[0A\u{1b}[0E{text}  "));
    let turns = usize::try_from((to - from) / (2 * SECOND)).unwrap_or(0).clamp(1, 60);
    script.say(from, Stream::Stdout, "\u{8}|\u{8}/\u{8}-\u{8}\\".repeat(turns));
}

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
fn start<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn stop<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn suspend<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn restart<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn recover<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn delete<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
            if state == "Suspended"
                && let Some(vm) = world.vms.get_mut(*target)
            {
                vm.rests_as = "Suspended".to_owned();
            }
            world.halt(target, "Deleted");
            took = world.draw().about("delete", 12 * SECOND);
        }
    }
    world.touched = true;
    Ok(Script::silent().taking(took))
}

/// `purge`: every deleted VM of the daemon, whoever made it.
fn purge<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
    if !rest.is_empty() {
        return Ok(Script::fails(1, "This command takes no arguments"));
    }
    world.vms.retain(|_, vm| vm.state != "Deleted");
    world.touched = true;
    Ok(Script::silent().taking(2 * SECOND))
}

/// `snapshot`.
fn snapshot<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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
fn restore<'a>(world: &mut World, rest: &[&'a str]) -> Answer<'a> {
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

/// A VM that somebody else made before.
pub fn found(world: &mut World, name: &str, state: &str) {
    let mut guest = Guest::of_image("24.04", name);
    guest.cloud_init_done = true;
    guest.booted = world.now - 60 * MINUTE;
    let vm = Vm {
        state: state.to_owned(),
        rests_as: "Stopped".to_owned(),
        image: "24.04".to_owned(),
        cpus: 1,
        memory: 1 << 30,
        disk: 5 << 30,
        ip: launch::address(world, name),
        boot: 1,
        down_since: world.now,
        guest,
        snapshots: std::collections::BTreeMap::new(),
    };
    world.vms.insert(name.to_owned(), vm);
}

/// A size as Multipass reads it: bytes, or a number with K, M or G; `T` is refused
/// (canonical/multipass:src/utils/memory_size.cpp).
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_suffix("IB").or_else(|| text.strip_suffix('B')).unwrap_or(&text);
    let (number, shift) = match text.char_indices().last()? {
        (at, 'K') => (&text[..at], 10),
        (at, 'M') => (&text[..at], 20),
        (at, 'G') => (&text[..at], 30),
        _ => (text, 0),
    };
    if number.is_empty() || number.ends_with(char::is_whitespace) {
        return None;
    }
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift);
    }
    let (whole, part) = number.split_once('.').filter(|_| shift > 0)?;
    let (whole, digits): (u64, u64) = (whole.parse().ok()?, part.parse().ok()?);
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some((whole << shift) + (digits << shift) / scale)
}
