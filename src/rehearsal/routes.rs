//! The laptop's network: its routes, its addresses, and whether somebody answers at a port behind a VM.

use serde_json::{Value, json};

use super::kafka::brokers::Brokers;
use super::script::Script;
use super::timeline::SECOND;
use super::world::World;

/// The interface to the outside.
const OUTSIDE: &str = "wlp2s0";
/// Multipass' bridge.
const BRIDGE: &str = "mpqemubr0";

/// The network of the VMs: the first three numbers of their addresses.
fn fleet(world: &World) -> Option<String> {
    let ip = world.vms.values().map(|vm| vm.ip.as_str()).find(|ip| !ip.is_empty())?;
    ip.rsplit_once('.').map(|(network, _)| network.to_owned())
}

/// `ip -j -4 route show`.
pub fn list(world: &World) -> Script {
    let mut rows = vec![
        json!({ "dst": "default", "gateway": "192.168.1.1", "dev": OUTSIDE, "protocol": "dhcp", "metric": 600, "flags": [] }),
    ];
    for (network, via) in &world.laptop.routes {
        rows.push(json!({ "dst": network, "gateway": via, "dev": BRIDGE, "flags": [] }));
    }
    if let Some(fleet) = fleet(world) {
        rows.push(
            json!({ "dst": format!("{fleet}.0/24"), "dev": BRIDGE, "protocol": "kernel", "scope": "link",
            "prefsrc": format!("{fleet}.1"), "flags": [] }),
        );
    }
    rows.push(json!({ "dst": "192.168.1.0/24", "dev": OUTSIDE, "protocol": "kernel", "scope": "link",
        "prefsrc": "192.168.1.23", "metric": 600, "flags": [] }));
    Script::json(&Value::Array(rows))
}

/// `ip -j -4 addr show`.
pub fn addresses(world: &World) -> Script {
    let row = |index: u32, name: &str, address: &str, length: u32| {
        json!({ "ifindex": index, "ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP",
            "addr_info": [{ "family": "inet", "local": address, "prefixlen": length, "scope": "global", "label": name }] })
    };
    let mut rows = vec![row(1, "lo", "127.0.0.1", 8), row(2, OUTSIDE, "192.168.1.23", 24)];
    rows.extend(fleet(world).map(|fleet| row(3, BRIDGE, &format!("{fleet}.1"), 24)));
    Script::json(&Value::Array(rows))
}

/// `ip route add|del NETWORK via ADDRESS`, as root.
pub fn change(world: &mut World, word: &str, network: &str, via: &str) -> Script {
    let reachable = fleet(world).is_some_and(|fleet| via.starts_with(&format!("{fleet}.")))
        || via.starts_with("192.168.1.");
    match word {
        "add" if world.laptop.routes.contains_key(network) => {
            Script::fails(2, "RTNETLINK answers: File exists")
        }
        "add" if !reachable => Script::fails(2, "Error: Nexthop has invalid gateway."),
        "add" => {
            world.laptop.routes.insert(network.to_owned(), via.to_owned());
            world.touched = true;
            Script::silent()
        }
        _ if world.laptop.routes.get(network).is_some_and(|there| there == via) => {
            world.laptop.routes.remove(network);
            world.touched = true;
            Script::silent()
        }
        _ => Script::fails(2, "RTNETLINK answers: No such process"),
    }
}

/// Whether an address lies in a network such as `10.1.2.0/24`.
fn holds(network: &str, address: &str) -> bool {
    let number = |text: &str| text.parse::<std::net::Ipv4Addr>().map(u32::from).ok();
    let Some((base, length)) =
        network.split_once('/').and_then(|(base, n)| Some((number(base)?, n.parse::<u32>().ok()?)))
    else {
        return number(network).is_some() && network == address;
    };
    let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
    number(address).is_some_and(|address| address & mask == base & mask)
}

/// bash's own handshake with a port.
pub fn handshake(world: &World, address: &str, port: &str) -> Script {
    let Ok(port) = port.parse::<u16>() else {
        return Script::fails(1, format!("bash: {port}: invalid port"));
    };
    let refused = || {
        Script::fails(
            1,
            format!(
                "kafstack: connect: Connection refused\nkafstack: line 1: /dev/tcp/{address}/{port}: Connection refused"
            ),
        )
    };
    let lost = || {
        let text = format!(
            "kafstack: connect: Connection timed out\nkafstack: line 1: /dev/tcp/{address}/{port}: Connection timed out"
        );
        Script::fails(1, text).taking(134 * SECOND)
    };
    let way = world.laptop.routes.iter().find(|(network, _)| holds(network, address));
    let Some((_, via)) = way else { return lost() };
    let Some(vm) = world.vms.values().find(|vm| vm.ip == *via && vm.state == "Running") else {
        return lost();
    };
    let guest = &vm.guest;
    if !address.starts_with(&format!("{}.", guest.lxd.subnet)) {
        return lost();
    }
    let mut there = false;
    for model in guest.juju.controllers.values().flat_map(|controller| controller.models.values()) {
        there |= model.machines.values().any(|machine| machine.address == address);
        for (name, application) in &model.applications {
            let open = match application.charm.as_str() {
                "kafka" => {
                    Brokers::of(model, name, world.draw(), world.now, guest.booted).open(address, port)
                }
                charm => super::charms::serves(model, name, charm, address, port, world.draw(), world.now),
            };
            if open {
                return Script::silent().taking(30);
            }
        }
    }
    if there { refused() } else { lost() }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_network_holds_its_addresses() {
        assert!(holds("10.1.2.0/24", "10.1.2.250") && !holds("10.1.2.0/24", "10.1.3.1"));
        assert!(holds("10.1.2.3", "10.1.2.3") && !holds("10.1.2.0/24", "broker"));
    }
}
