//! Two parts of the status document that stand for themselves: storage, and Sunbeam's control plane.

use serde_json::{Map, Value, json};

use super::super::charms;
use super::super::timeline::{MINUTE, Millis};
use super::status::{View, status};

impl View<'_> {
    /// The storage of units whose machines run; `{}` when there is none.
    pub(super) fn storage(&self) -> Value {
        let (mut storage, mut filesystems) = (Map::new(), Map::new());
        for (name, application) in &self.model.applications {
            for (number, unit) in &application.units {
                let (_, agent) = charms::machine_times(self.model, unit.machine, self.draw);
                let Some(id) = unit.storage.filter(|_| self.now >= agent) else { continue };
                let location = if application.charm == "kafka" {
                    format!("/var/snap/charmed-kafka/common/var/lib/kafka/data/{id}")
                } else {
                    "/var/snap/charmed-zookeeper/common/var/lib/zookeeper".to_owned()
                };
                let (machine, unit) = (unit.machine.to_string(), format!("{name}/{number}"));
                let pends = self.planted.is_some_and(|planted| planted.storage_pends(&unit, self.now));
                let attached = status(if pends { "pending" } else { "attached" }, "", agent);
                let at_unit = json!({ &unit: { "machine": machine, "location": location, "life": "alive" } });
                storage.insert(
                    format!("data/{id}"),
                    json!({ "kind": "filesystem", "life": "alive", "status": attached,
                    "persistent": false, "attachments": { "units": at_unit } }),
                );
                let own = format!("{machine}/{id}");
                filesystems.insert(own.clone(), json!({ "provider-id": own, "storage": format!("data/{id}"),
                    "attachments": { "machines": { &machine: { "mount-point": location, "read-only": false, "life": "alive" } }, "units": at_unit },
                    "pool": "rootfs", "size": 49581, "life": "alive", "status": attached }));
            }
        }
        if storage.is_empty() { json!({}) } else { json!({ "storage": storage, "filesystems": filesystems }) }
    }

    /// The applications of Sunbeam's control plane as they come up one after the other.
    pub(super) fn control_plane(&self, since: Millis, done: bool) -> Map<String, Value> {
        let names = [
            "certificate-authority",
            "cinder",
            "glance",
            "horizon",
            "keystone",
            "mysql",
            "neutron",
            "nova",
            "ovn-central",
            "ovn-relay",
            "placement",
            "rabbitmq",
            "traefik",
            "traefik-public",
        ];
        let mut all = Map::new();
        for name in names {
            let up = since + self.draw.between(&format!("{name} comes up"), 3 * MINUTE, 11 * MINUTE);
            let (current, message, at) = if done || self.now >= up {
                ("active", "", up)
            } else if self.now >= since + (up - since) / 2 {
                ("waiting", "(workload) Not all relations are ready", since + (up - since) / 2)
            } else {
                ("waiting", "installing agent", since)
            };
            let planted = self.planted.and_then(|planted| planted.cloud(name, self.now));
            let (current, message, at) = planted.unwrap_or((current, message, at));
            let settled = current == "active" || planted.is_some();
            let agent = if settled { "idle" } else { "executing" };
            let unit = json!({ "workload-status": status(current, message, at), "juju-status": status(agent, "", at),
                "leader": true, "address": "10.1.0.50", "provider-id": format!("{name}-0") });
            all.insert(name.to_owned(), json!({ "charm": format!("{name}-k8s"), "charm-origin": "charmhub",
                "charm-name": format!("{name}-k8s"), "charm-rev": 100, "charm-channel": "2024.1/stable", "scale": 1,
                "exposed": false, "application-status": status(current, message, at), "units": { format!("{name}/0"): unit } }));
        }
        all
    }
}
