//! What becomes of units of zookeeper 3.

use super::super::timeline::{Millis, SECOND};
use super::{Phase, Way, phase};

impl Way<'_> {
    /// zookeeper: all must be there, then one after the other joins the quorum.
    pub(super) fn zookeeper(&self, number: u32, installed: Millis, phases: &mut Vec<Phase>) {
        let created = self.application.units[&number].created;
        let cohort: Vec<u32> = self
            .application
            .units
            .iter()
            .filter(|(_, unit)| unit.created == created)
            .map(|(n, _)| *n)
            .collect();
        let all = cohort.iter().map(|n| self.install(*n).1).max().unwrap_or(installed) + 15 * SECOND;
        let turn: Millis =
            cohort.iter().filter(|n| **n < number).map(|n| self.about("turn", *n, 50 * SECOND)).sum();
        let turn = all + turn;
        phases.push(phase(
            installed,
            "maintenance",
            "cluster not stable - not all units related",
            "idle",
            "",
        ));
        if turn > all {
            let waits = if number % 2 == 1 {
                phase(all, "waiting", "other units starting first", "idle", "")
            } else {
                phase(all, "blocked", "zookeeper service not running", "idle", "")
            };
            phases.push(waits);
        }
        let joins = "running cluster-relation-changed hook";
        phases.push(phase(
            turn,
            "maintenance",
            "cluster not stable - not all units added to quorum",
            "executing",
            joins,
        ));
        let active = turn + self.about("joining", number, 25 * SECOND);
        phases.push(phase(active, "active", "", "executing", joins));
        phases.push(phase(active + 3 * SECOND, "active", "", "idle", ""));
    }

    /// What it says while its encryption comes or goes (canonical/zookeeper-operator:src/literals.py).
    pub(super) fn encryption(&self, phases: &mut Vec<Phase>) {
        let Some(ready) = phases.last().filter(|last| last.workload == "active").map(|last| last.at) else {
            return;
        };
        let whole = self.draw.about("zookeeper changes its encryption", 50 * SECOND);
        let mut turns = Vec::new();
        for relation in self.model.ever_related(self.name, "certificates") {
            turns.push((relation.created, true));
            turns.extend(relation.broken.map(|broken| (broken, false)));
        }
        for (at, comes) in turns {
            let (at, part) = (at.max(ready), |of: Millis| whole * of / 10);
            let hook = "running certificates-relation-changed hook";
            if comes {
                phases.push(phase(
                    at + 2 * SECOND,
                    "waiting",
                    "unit waiting for signed certificates",
                    "executing",
                    hook,
                ));
            }
            for (text, begin) in [
                ("provider not ready - not all units using same encryption", 2),
                ("provider not ready - switching quorum encryption", 5),
                ("provider not ready - portUnification not yet disabled", 8),
            ] {
                phases.push(phase(at + part(begin), "maintenance", text, "idle", ""));
            }
            phases.push(phase(at + whole, "active", "", "idle", ""));
        }
    }
}
