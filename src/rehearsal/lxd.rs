//! `lxd` and `lxc`. On 24.04 without the snap both are stubs that install it on first use, so a mere question
//! changes the VM (canonical/lxd:doc/lxd-test.yaml).

use serde_json::{Value, json};

use super::change::Change;
use super::guest::Seat;
use super::script::Script;
use super::snap::of_store;
use super::timeline::{Millis, SECOND};

/// `lxd …` and `lxc …`.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let mut delay = 0;
    if !seat.guest().snaps.contains_key("lxd") {
        if seat.guest().codename == "jammy" || !seat.world.laptop.network {
            return Script::not_found(argv[0]);
        }
        delay = install(seat);
    }
    if !seat.in_group("lxd") {
        return Script::fails(
            1,
            "Error: LXD unix socket \"/var/snap/lxd/common/lxd/unix.socket\" not accessible: permission denied",
        );
    }
    let mut script = if argv[0] == "lxd" { daemon(seat, argv) } else { client(seat, argv) };
    if delay > 0 {
        script = script.taking(delay);
        let said = "Installing LXD snap, please be patient.\n".as_bytes().to_vec();
        script.said.insert(
            0,
            super::script::Said { at: 0, stream: crate::host::Stream::Stderr, text: said, times: 1 },
        );
    }
    script
}

/// What the stubs do before anything else.
fn install(seat: &mut Seat<'_>) -> Millis {
    let Ok((snap, typical)) = of_store("lxd", Some("5.21/stable")) else { return 0 };
    let snap =
        super::world::Snap { channel: "5.21/stable/ubuntu-24.04".to_owned(), since: seat.now(), ..snap };
    let took = seat.draw().about("the lxd stub", typical);
    seat.guest_mut().snaps.insert("lxd".to_owned(), snap);
    took
}

/// `lxd`.
fn daemon(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    match argv {
        ["lxd", "waitready", "--timeout", _] => Script::silent().taking(800),
        ["lxd", "init", "--auto"] => {
            if seat.guest().lxd.bridge.is_none() {
                let bridge = "lxdbr0".to_owned();
                let ipv6 = format!("fd42:{}::1/64", &seat.draw().hex("ipv6 of the bridge", 4));
                initialise(seat, 0, bridge, ipv6);
            }
            Script::silent().taking(4 * SECOND)
        }
        ["lxd", "init", "--auto", option, ..] if option.starts_with("--storage") => {
            if seat.guest().lxd.bridge.is_some() {
                return Script::fails(1, "Error: Storage has already been configured");
            }
            seat.unknown(argv)
        }
        _ => seat.unknown(argv),
    }
}

/// Gives LXD its pool `default`, this bridge, and a network that the seed decides.
pub fn initialise(seat: &mut Seat<'_>, after: Millis, bridge: String, ipv6: String) {
    let draw = seat.draw();
    let subnet = format!("10.{}.{}", draw.between("bridge/1", 60, 240), draw.between("bridge/2", 2, 250));
    seat.guest_mut().lxd.subnet = subnet;
    let change = Change::LxdInitialised { bridge, ipv6 };
    if after == 0 {
        let vm = seat.vm.clone();
        change.apply(seat.world, &vm);
    } else {
        seat.later(after, change);
    }
}

/// `lxc`.
fn client(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let lxd = seat.guest().lxd.clone();
    let bridge = lxd.bridge.clone().unwrap_or_default();
    let v4 = format!("{}.1/24", lxd.subnet);
    match argv {
        ["lxc", "network", "list", "--format", "csv"] => {
            let mut text = "enp5s0,physical,NO,,,,0,\n".to_owned();
            if lxd.bridge.is_some() {
                text += &format!("{bridge},bridge,YES,{v4},{},,2,CREATED\n", lxd.ipv6);
            }
            Script::says(text)
        }
        ["lxc", "network", "list", "--format", "json"] => {
            let mut networks =
                vec![json!({ "name": "enp5s0", "type": "physical", "managed": false, "status": "" })];
            if lxd.bridge.is_some() {
                networks
                    .push(json!({ "name": bridge, "type": "bridge", "managed": true, "status": "Created",
                    "config": { "ipv4.address": v4, "ipv4.nat": "true", "ipv6.address": lxd.ipv6 } }));
            }
            Script::json(&Value::Array(networks))
        }
        ["lxc", "storage", "list", "--format", "csv"] => match lxd.bridge {
            Some(_) => {
                Script::says("default,dir,/var/snap/lxd/common/lxd/storage-pools/default,,1,CREATED\n")
            }
            None => Script::silent(),
        },
        ["lxc", "storage", "list", "--format", "json"] => {
            let pool = json!({ "name": "default", "driver": "dir", "status": "Created", "config": {
                "source": "/var/snap/lxd/common/lxd/storage-pools/default" } });
            Script::json(&Value::Array(lxd.bridge.map(|_| pool).into_iter().collect()))
        }
        ["lxc", "profile", "device", "get", "default", "eth0", "network"] => match lxd.bridge {
            Some(bridge) => Script::says(format!("{bridge}\n")),
            None => Script::fails(1, "Error: Device doesn't exist"),
        },
        ["lxc", "network", "get", name, key] => match *key {
            _ if lxd.bridge.as_deref() != Some(name) => Script::fails(1, "Error: Network not found"),
            "ipv6.address" => Script::says(format!("{}\n", lxd.ipv6)),
            "ipv4.address" => Script::says(format!("{v4}\n")),
            "ipv4.nat" => Script::says("true\n"),
            _ => Script::says("\n"),
        },
        ["lxc", "network", "set", name, "ipv6.address", value] => set_ipv6(seat, name, value),
        ["lxc", "network", "set", name, setting] if setting.starts_with("ipv6.address=") => {
            set_ipv6(seat, name, &setting["ipv6.address=".len()..])
        }
        ["lxc", "config", "set", key, value] if key.starts_with("core.") => {
            seat.guest_mut().lxd.config.insert((*key).to_owned(), (*value).to_owned());
            Script::silent()
        }
        ["lxc", "config", "get", key] => {
            Script::says(format!("{}\n", lxd.config.get(*key).cloned().unwrap_or_default()))
        }
        ["lxc", "list", "--format", "json"] => containers(seat),
        _ => seat.unknown(argv),
    }
    .taking(120)
}

/// `lxc network set … ipv6.address`.
fn set_ipv6(seat: &mut Seat<'_>, name: &str, value: &str) -> Script {
    if seat.guest().lxd.bridge.as_deref() != Some(name) {
        return Script::fails(1, "Error: Network not found");
    }
    seat.guest_mut().lxd.ipv6 = value.to_owned();
    Script::silent()
}

/// `lxc list`: a container for each controller on LXD and each machine.
fn containers(seat: &Seat<'_>) -> Script {
    let mut names = Vec::new();
    for controller in seat.guest().juju.controllers.values().filter(|c| c.cloud == "localhost") {
        names.push(format!("juju-{}-0", controller.hex));
        for model in controller.models.values() {
            names.extend(model.machines.keys().map(|id| format!("juju-{}-{id}", &model.uuid[..6])));
        }
    }
    let list = names
        .into_iter()
        .map(|name| json!({ "name": name, "status": "Running", "status_code": 103, "type": "container" }));
    Script::json(&Value::Array(list.collect()))
}
