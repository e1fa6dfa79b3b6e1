//! `lxd` and `lxc`. On 24.04 without the snap both are stubs that install it on first use, so a mere question
//! changes the VM (canonical/lxd:doc/lxd-test.yaml).

use serde_json::{Value, json};

use super::change::Change;
use super::containers;
use super::events::{Is, LxdEvent, Spot, VmEvent};
use super::guest::Seat;
use super::multipass::{held, sizes};
use super::script::Script;
use super::snap::of_store;
use super::timeline::{Millis, SECOND};

/// `lxd …` and `lxc …`.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let mut delay = 0;
    if !seat.guest().snaps.contains_key("lxd") {
        if seat.guest().codename == "jammy" || seat.world.network(Spot::Vm).is_some() {
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
    if seat.world.lxd_is(LxdEvent::Down) || seat.world.snap_is("lxd", Is::Inactive) {
        return match argv {
            ["lxd", "waitready", "--timeout", seconds] => {
                let limit = seconds.parse().unwrap_or(60) * SECOND;
                Script::fails(1, format!("Error: LXD still not running after {seconds}s timeout (Get \"http://unix.socket/1.0\": dial unix /var/snap/lxd/common/lxd/unix.socket: connect: connection refused)")).taking(limit)
            }
            _ => Script::fails(
                1,
                "Error: Get \"http://unix.socket/1.0\": dial unix /var/snap/lxd/common/lxd/unix.socket: connect: connection refused",
            ),
        };
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
    let mut lxd = seat.guest().lxd.clone();
    let pool = lxd.bridge.is_some() && !seat.world.lxd_is(LxdEvent::PoolGone);
    if seat.world.lxd_is(LxdEvent::BridgeGone) {
        lxd.bridge = None;
    }
    if seat.world.lxd_is(LxdEvent::Ipv6On) {
        lxd.ipv6 = "fd42:1e5d::1/64".to_owned();
    }
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
        ["lxc", "storage", "list", "--format", "csv"] if !pool => Script::silent(),
        ["lxc", "storage", "list", "--format", "csv"] => {
            Script::says("default,dir,/var/snap/lxd/common/lxd/storage-pools/default,,1,CREATED\n")
        }
        ["lxc", "storage", "list", "--format", "json"] => {
            let default = json!({ "name": "default", "driver": "dir", "status": "Created", "config": {
                "source": "/var/snap/lxd/common/lxd/storage-pools/default" } });
            Script::json(&Value::Array(pool.then_some(default).into_iter().collect()))
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
        ["lxc", "storage", "info", "default", "--bytes"] if pool => Script::says(room(seat)),
        ["lxc", "storage", "info", _] => Script::fails(1, "Error: Storage pool not found"),
        ["lxc", "network", "show", name] if lxd.bridge.as_deref() == Some(name) => Script::says(format!(
            "name: {name}\ndescription: \"\"\ntype: bridge\nmanaged: true\nstatus: Created\nconfig:\n  ipv4.address: {v4}\n  ipv4.nat: \"true\"\n  ipv6.address: {}\nused_by:\n- /1.0/profiles/default\nlocations:\n- none\n",
            lxd.ipv6
        )),
        ["lxc", "network", "show", _] => Script::fails(1, "Error: Network not found"),
        ["lxc", "list", "--format", "json"] => containers::list(seat),
        ["lxc", "info", name] => containers::info(seat, name),
        ["lxc", "exec", name, "--", rest @ ..] => {
            containers::exec(seat, name, rest).unwrap_or_else(|| seat.unknown(argv))
        }
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

/// `lxc storage info --bytes`: the pool lies on the VM's own disk.
fn room(seat: &Seat<'_>) -> String {
    let (total, used) = {
        let vm = &seat.world.vms[&seat.vm];
        (sizes(seat.world, &seat.vm).2 / 1000 * 967, held(vm, seat.world.now))
    };
    let full = seat.world.lxd_is(LxdEvent::PoolFull) || seat.world.vm_is(VmEvent::DiskFull);
    let used = if full { total } else { used };
    format!(
        "info:\n  description: \"\"\n  driver: dir\n  name: default\n  space used: \"{used}\"\n  total space: \"{total}\"\nused by:\n  profiles:\n  - default\n"
    )
}
