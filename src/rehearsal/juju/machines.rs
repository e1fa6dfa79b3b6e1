//! Machines as `juju status`, `juju machines` and `juju show-machine` show them.

use serde_json::{Map, Value, json};

use super::super::charms;
use super::super::events::Is;
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::SECOND;
use super::status::{View, go_time, status};
use super::{model, target};

/// `juju machines` and, for those that are named, `juju show-machine`.
fn some_machines(seat: &mut Seat<'_>, words: &Words<'_>, named: &[&str]) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.value("--format") != Some("json") || at.1 == "controller" {
        return seat.unknown(&["juju", "machines"]);
    }
    let view = View::of(seat, model(seat, &at));
    let of = |id: &u32| named.is_empty() || named.contains(&id.to_string().as_str());
    let ids = view.model.machines.keys().filter(|id| of(id));
    let machines: Map<String, Value> = ids.map(|id| (id.to_string(), view.machine(*id))).collect();
    Script::json(&json!({ "model": at.1, "machines": machines }))
}

/// `juju machines`.
pub fn all(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    if !words.operands.is_empty() {
        return Script::fails(2, format!("ERROR unrecognized args: {:?}", words.operands));
    }
    some_machines(seat, words, &[])
}

/// `juju show-machine N…`: a machine that is not there is left out.
pub fn show(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    some_machines(seat, words, &words.operands)
}

impl View<'_> {
    /// A machine at that moment.
    pub(super) fn machine(&self, id: u32) -> Value {
        let machine = &self.model.machines[&id];
        let (runs, agent) = charms::machine_times(self.model, id, self.draw);
        let base = json!({ "name": "ubuntu", "channel": machine.base });
        let created = go_time(machine.created);
        let wrong = self.planted.and_then(|planted| planted.machine(id, self.now));
        if let Some((is @ (Is::Pending | Is::ProvisioningError), text, since)) = wrong {
            // juju/juju#21169: after a failure to provision, the agent reads down, and nobody tries again.
            let (agent, current, text) = match is {
                Is::Pending if text.is_empty() => {
                    ("pending", "allocating", "Retrieving image: rootfs: 37% (4.1MB/s)")
                }
                Is::Pending => ("pending", "allocating", text),
                _ if text.is_empty() => ("down", "provisioning error", "no matching image found"),
                _ => ("down", "provisioning error", text),
            };
            let gone = if agent == "down" { "agent is not communicating with the server" } else { "" };
            return json!({ "juju-status": status(agent, gone, since), "instance-id": "pending",
                "machine-status": status(current, text, since),
                "modification-status": { "current": "idle", "since": created }, "base": base, "constraints": "arch=amd64" });
        }
        if self.now < runs {
            let (current, message, since) = if self.now < machine.created + 4 * SECOND {
                ("pending", "", machine.created)
            } else if self.now < runs - 15 * SECOND {
                ("allocating", "Retrieving image: rootfs: 37% (4.1MB/s)", machine.created + 4 * SECOND)
            } else {
                ("allocating", "Creating container", runs - 15 * SECOND)
            };
            return json!({ "juju-status": { "current": "pending", "since": created }, "instance-id": "pending",
                "machine-status": status(current, message, since),
                "modification-status": { "current": "idle", "since": created }, "base": base, "constraints": "arch=amd64" });
        }
        let name = format!("juju-{}-{id}", &self.model.uuid[..6]);
        let juju_status = if let Some((_, _, since)) = wrong {
            json!({ "current": "down", "message": "agent is not communicating with the server", "since": go_time(since), "version": self.version })
        } else if self.now < agent {
            json!({ "current": "pending", "since": created })
        } else if self.settling(&format!("machine {id}")) {
            json!({ "current": "down", "message": "agent is not communicating with the server", "since": go_time(self.boot), "version": self.version })
        } else {
            json!({ "current": "started", "since": go_time(agent), "version": self.version })
        };
        let gateway = machine.address.rsplit_once('.').map(|(net, _)| format!("{net}.1"));
        let mac = self.draw.hex(&name, 6);
        let interface = json!({ "ip-addresses": [machine.address],
            "mac-address": format!("00:16:3e:{}:{}:{}", &mac[..2], &mac[2..4], &mac[4..6]),
            "gateway": gateway, "space": "alpha", "is-up": true });
        json!({ "juju-status": juju_status, "hostname": name, "dns-name": machine.address,
            "ip-addresses": [machine.address], "instance-id": name,
            "machine-status": match wrong {
                Some((Is::Stopped, _, since)) => status("stopped", "Stopped", since),
                Some((Is::Frozen, _, since)) => status("frozen", "Frozen", since),
                _ => status("running", "Running", runs),
            },
            "modification-status": { "current": "applied", "since": go_time(runs - SECOND) }, "base": base,
            "network-interfaces": { "eth0": interface }, "constraints": "arch=amd64",
            "hardware": format!("arch=amd64 cores=0 mem=0M availability-zone={} virt-type=container", self.zone) })
    }
}
