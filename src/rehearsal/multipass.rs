//! `multipass` in its two dialects, 1.16 (the default) and 1.17: what it refuses, its version, its lists. `launch`,
//! `exec` and the commands that change states have files of their own.

use serde_json::{Map, Value, json};

use super::events::VmEvent;
use super::grammar::{Misfit, Words};
use super::laptop::unknown;
use super::script::Script;
use super::timeline::{MINUTE, Millis, SECOND};
use super::world::{Guest, Vm, World};
use super::{exec, fleet, launch};
use crate::host::{Stdin, Stream};

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
        "exec" => exec::run(world, rest, stdin, modern),
        "start" => fleet::start(world, rest),
        "stop" => fleet::stop(world, rest),
        "suspend" => fleet::suspend(world, rest),
        "restart" => fleet::restart(world, rest),
        "recover" => fleet::recover(world, rest),
        "delete" => fleet::delete(world, rest),
        "purge" => fleet::purge(world, rest),
        "snapshot" => fleet::snapshot(world, rest),
        "restore" => fleet::restore(world, rest),
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
        let (cpus, size, room) = sizes(world, name);
        let memory = if inside {
            let used = if world.vm_is(VmEvent::OutOfMemory) { size / 1000 * 965 } else { size / 3 };
            json!({ "total": size / 1000 * 979, "used": used })
        } else {
            json!({})
        };
        let disk = if inside {
            let total = room / 1000 * 967;
            let used = if world.vm_is(VmEvent::DiskFull) { total } else { held(vm, world.now) };
            json!({ "total": total.to_string(), "used": used.to_string() })
        } else {
            json!({})
        };
        let mut row = json!({
            "cpu_count": if inside { cpus.to_string() } else { String::new() },
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

/// The processors, memory and disk of a VM: what it was launched with, unless a scenario made it smaller.
pub fn sizes(world: &World, vm: &str) -> (u32, u64, u64) {
    let own = world.vms.get(vm).map_or((1, 1 << 30, 5 << 30), |vm| (vm.cpus, vm.memory, vm.disk));
    if world.vm_is(VmEvent::Smaller) { (own.0.div_ceil(2), own.1 / 2, own.2 / 2) } else { own }
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
pub fn missing(command: &str, name: &str) -> Script {
    Script::fails(
        2,
        format!("{command} failed: The following errors occurred:\ninstance \"{name}\" does not exist"),
    )
}

/// What the spinner writes on stdout, terminal or not (canonical/multipass:src/client/cli/cmd/animated_spinner.cpp).
pub fn spinner(script: &mut Script, from: Millis, to: Millis, text: &str) {
    script.say(from, Stream::Stdout, format!("\u{1b}[2K\u{1b}[0A\u{1b}[0E{text}  "));
    let turns = usize::try_from((to - from) / (2 * SECOND)).unwrap_or(0).clamp(1, 60);
    script.say(from, Stream::Stdout, "\u{8}|\u{8}/\u{8}-\u{8}\\".repeat(turns));
}

/// A VM that was made before, with kafstack's mark if it is `ours`.
pub fn found(world: &mut World, name: &str, state: &str, ours: bool) {
    let mut guest = Guest::of_image("24.04", name);
    guest.cloud_init_done = true;
    guest.booted = world.now - 60 * MINUTE;
    if ours {
        guest.fqdn = format!("{name}.multipass");
        guest.files.insert("/etc/kafstack/vm".to_owned(), name.to_owned());
    }
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
        ..Vm::default()
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
