//! LXD's containers as `lxc` shows them: one for each controller on LXD and each machine.

use serde_json::{Value, json};

use super::charms;
use super::events::{Is, LxdEvent, Spot, VmEvent};
use super::guest::Seat;
use super::laptop::curl;
use super::script::Script;
use super::system;

/// A container.
struct Container {
    name: String,
    /// `Running`, `Stopped` or `Frozen`.
    status: &'static str,
    address: String,
}

/// Every container that is there now.
fn all(seat: &Seat<'_>) -> Vec<Container> {
    let (now, draw, planted) = (seat.now(), seat.draw(), seat.world.planted.as_ref());
    let mut all = Vec::new();
    for (name, controller) in seat.guest().juju.controllers.iter().filter(|(_, c)| c.cloud == "localhost") {
        let stopped = seat.world.controller_stopped(name);
        all.push(Container {
            name: format!("juju-{}-0", controller.hex),
            status: if stopped { "Stopped" } else { "Running" },
            address: controller.address.clone(),
        });
        for model in controller.models.values() {
            for (id, machine) in &model.machines {
                let wrong = planted.and_then(|planted| planted.machine(*id, now)).map(|(is, ..)| is);
                if matches!(wrong, Some(Is::Pending | Is::ProvisioningError))
                    || now < charms::machine_times(model, *id, draw).0
                {
                    continue;
                }
                all.push(Container {
                    name: format!("juju-{}-{id}", &model.uuid[..6]),
                    status: match wrong {
                        Some(Is::Stopped) => "Stopped",
                        Some(Is::Frozen) => "Frozen",
                        _ => "Running",
                    },
                    address: machine.address.clone(),
                });
            }
        }
    }
    all
}

/// `lxc list` (canonical/lxd:shared/api/instance.go, status_code.go).
pub fn list(seat: &Seat<'_>) -> Script {
    let bridge = seat.guest().lxd.bridge.clone().unwrap_or_default();
    let rows = all(seat).into_iter().map(|container| {
        let code = match container.status {
            "Stopped" => 102,
            "Frozen" => 110,
            _ => 103,
        };
        let addresses = match container.status {
            "Running" if !seat.world.lxd_is(LxdEvent::BridgeGone) => {
                json!([{ "family": "inet", "address": container.address, "netmask": "24", "scope": "global" }])
            }
            _ => json!([]),
        };
        let network = if container.status == "Stopped" { Value::Null } else { json!({ "eth0": { "addresses": addresses, "state": "up", "type": "broadcast" } }) };
        json!({ "name": container.name, "status": container.status, "status_code": code, "type": "container",
            "project": "default", "architecture": "x86_64", "profiles": ["default"],
            "expanded_devices": { "eth0": { "name": "eth0", "network": bridge, "type": "nic" } },
            "state": { "status": container.status, "status_code": code, "network": network,
                "memory": { "usage": 812_646_400, "usage_peak": 0 } } })
    });
    Script::json(&Value::Array(rows.collect()))
}

/// `lxc info NAME`.
pub fn info(seat: &Seat<'_>, name: &str) -> Script {
    let Some(container) = all(seat).into_iter().find(|container| container.name == name) else {
        return Script::fails(1, "Error: Instance not found");
    };
    let status = container.status.to_uppercase();
    let mut text = format!("Name: {name}\nStatus: {status}\nType: container\nArchitecture: x86_64\n");
    if container.status == "Running" {
        text += &format!(
            "PID: 20411\n\nResources:\n  Processes: 96\n  Memory usage:\n    Memory (current): 775.00MiB\n  Network usage:\n    eth0:\n      Type: broadcast\n      State: UP\n      IP addresses:\n        inet:  {}/24 (global)\n",
            container.address
        );
    }
    Script::says(text)
}

/// `lxc exec NAME -- …`: the few questions that say how a container is; `None`: the simulation does not know it.
pub fn exec(seat: &Seat<'_>, name: &str, argv: &[&str]) -> Option<Script> {
    match all(seat).iter().find(|container| container.name == name).map(|container| container.status) {
        None => return Some(Script::fails(1, "Error: Instance not found")),
        Some("Running") => {}
        Some("Frozen") => return Some(Script::hang()),
        Some(_) => return Some(Script::fails(1, "Error: Instance is not running")),
    }
    ask(seat, name, argv)
}

/// A question to the system in a container, which shares the VM's disk and memory.
pub fn ask(seat: &Seat<'_>, host: &str, argv: &[&str]) -> Option<Script> {
    Some(match argv {
        ["true"] => Script::silent(),
        ["hostname"] => Script::says(format!("{host}\n")),
        ["curl", "-sS", "-m", limit, "-o", "/dev/null", url] => {
            curl(seat.world.network(Spot::Container), limit, url)
        }
        ["getent", "hosts", name] => system::getent(seat.world, Spot::Container, host, host, name),
        ["df", "-Pk", "/"]
            if seat.world.lxd_is(LxdEvent::PoolFull) && !seat.world.vm_is(VmEvent::DiskFull) =>
        {
            let total = super::multipass::sizes(seat.world, &seat.vm).2 / 1000 * 967;
            Script::says(super::laptop::df(total, 0))
        }
        ["df", "-Pk", "/"] => Script::says(system::disk(seat.world, &seat.vm)),
        ["free", "-b"] => Script::says(system::free(seat.world, &seat.vm)),
        _ => return None,
    })
}
