//! What becomes of units of kafka 3 and 4 until they are active for the first time.

use super::super::timeline::{Millis, SECOND};
use super::{NOT_OPTIMAL, Phase, Way, leader, phase};

impl Way<'_> {
    /// When every unit of the application that a broker waits for is active.
    fn quorum_since(&self, provider: &str, related: Millis) -> Option<Millis> {
        let application = self.model.applications.get(provider)?;
        let way = Way { name: provider, application, ..*self };
        let units = application.units.iter().filter(|(_, unit)| unit.created <= related);
        units
            .map(|(number, _)| {
                let phases = way.beginnings(*number);
                phases.iter().find(|phase| phase.workload == "active").map_or(Millis::MAX, |phase| phase.at)
            })
            .max()
    }

    /// kafka 3: blocked until it is related, then one wait after the other.
    pub(super) fn kafka_3(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let sysctl = installed - self.about("sysctl", number, 15 * SECOND);
        let text = "sysctl params cannot be set. Is the machine running on a container?";
        phases.push(phase(sysctl, "blocked", text, "executing", "running install hook"));
        let needs = "Application needs ZooKeeper or KRaft mode";
        let relation = self.model.ever_related(self.name, "zookeeper").last();
        if relation.is_none_or(|relation| relation.created > installed) {
            phases.push(phase(installed, "blocked", needs, "idle", ""));
        }
        let Some(relation) = relation else { return };
        let seen = relation.created.max(installed) + self.about("relation", number, 6 * SECOND);
        let changed = "running zookeeper-relation-changed hook";
        phases.push(phase(seen, "waiting", "zookeeper credentials not created yet", "executing", changed));
        phases.push(phase(seen + 2 * SECOND, "waiting", "zookeeper credentials not created yet", "idle", ""));
        let Some(quorum) = self.quorum_since(&relation.provider.0, relation.created) else { return };
        if quorum == Millis::MAX {
            return;
        }
        let credentials =
            quorum.max(relation.created) + self.draw.about("zookeeper credentials", 25 * SECOND);
        let mut start = seen.max(credentials) + 3 * SECOND;
        if let Some((leader, _)) = leader(self.model, self.name, self.draw)
            && leader != number
        {
            let led = self.install(leader).1.max(credentials) + self.about("users", leader, 25 * SECOND);
            phases.push(phase(start, "waiting", "internal broker credentials not yet added", "idle", ""));
            start = start.max(led) + 2 * SECOND;
        }
        phases.push(phase(start, "blocked", "Broker not running", "executing", changed));
        let up = start + self.about("broker", number, 18 * SECOND);
        // Active for a moment between two hooks, before the broker is registered.
        phases.push(phase(up, "active", "", "executing", changed));
        phases.push(phase(
            up + 3 * SECOND,
            "blocked",
            "unit not connected to zookeeper",
            "executing",
            changed,
        ));
        let ready = up + 3 * SECOND + self.about("registering", number, 9 * SECOND);
        phases.push(phase(ready, "active", NOT_OPTIMAL, "executing", changed));
        phases.push(phase(ready + 4 * SECOND, "active", NOT_OPTIMAL, "idle", ""));
    }

    /// kafka 4 with combined roles; a broker alone stays blocked.
    pub(super) fn kafka_4(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let text = "sysctl params cannot be set. Is the machine running on a container?";
        let sysctl = installed - self.about("sysctl", number, 15 * SECOND);
        phases.push(phase(sysctl, "blocked", text, "executing", "running install hook"));
        phases.push(phase(
            installed,
            "maintenance",
            "no peer relation yet",
            "executing",
            "running config-changed hook",
        ));
        let mut at = installed + self.about("peers", number, 4 * SECOND);
        let roles = self.application.config.get("roles").map_or("broker", String::as_str);
        if !roles.split(',').any(|role| role.trim() == "controller") {
            let text = "application needs to be related with a KRaft controller";
            phases.push(phase(at, "blocked", text, "idle", ""));
            return;
        }
        let start = "running start hook";
        let waits: [(&str, &str, Millis); 7] = [
            ("waiting", "waiting for internal TLS setup", 20),
            ("waiting", "waiting for bootstrap controller", 12),
            ("waiting", "waiting for cluster uuid", 5),
            ("waiting", "waiting for controller user credentials", 9),
            ("waiting", "internal broker credentials not yet added", 14),
            ("blocked", "service not running", 15),
            ("blocked", "unit not connected to the controller", 12),
        ];
        for (workload, message, seconds) in waits {
            phases.push(phase(at, workload, message, "executing", start));
            at += self.about(message, number, seconds * SECOND);
        }
        phases.push(phase(at, "active", NOT_OPTIMAL, "executing", start));
        phases.push(phase(at + 4 * SECOND, "active", NOT_OPTIMAL, "idle", ""));
    }
}
