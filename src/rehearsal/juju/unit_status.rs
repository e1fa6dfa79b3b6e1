//! A unit as `juju status` shows it: where it is on its way, and what ails it.

use super::super::charms::Phase;
use super::super::events::Is;
use super::super::timeline::{MINUTE, Millis, SECOND};
use super::super::troubles::Ailment;
use super::status::View;

/// How often the hook `update-status` runs.
const UPDATE_STATUS: Millis = 5 * MINUTE;

/// A unit at a moment.
pub(super) struct Now {
    pub(super) workload: &'static str,
    pub(super) message: String,
    pub(super) since: Millis,
    pub(super) agent: &'static str,
    pub(super) hook: String,
    pub(super) agent_since: Millis,
}

impl View<'_> {
    /// What ails a unit: of its own, or because of its machine.
    pub(super) fn ailment(&self, unit: &str, machine: u32) -> Option<Ailment> {
        let planted = self.planted?;
        planted.ailment(unit, self.now).or_else(|| {
            let (is, _, from) = planted.machine(machine, self.now)?;
            Some(match is {
                Is::Pending | Is::ProvisioningError => Ailment::Allocating,
                _ => Ailment::Lost(from),
            })
        })
    }

    /// A unit now: where it is on its way, and what ails it.
    pub(super) fn unit(&self, name: &str, number: u32, phases: &[Phase]) -> Now {
        let unit = format!("{name}/{number}");
        let phase = phases.iter().rfind(|phase| phase.at <= self.now).or(phases.first());
        let Some(phase) = phase else {
            return Now {
                workload: "unknown",
                message: String::new(),
                since: self.now,
                agent: "allocating",
                hook: String::new(),
                agent_since: self.now,
            };
        };
        // The status is as old as the first of the phases that say the same.
        let same = |other: &&Phase| other.workload == phase.workload && other.message == phase.message;
        let since = phases.iter().rev().skip_while(|other| other.at > phase.at).take_while(same).last();
        let mut now = Now {
            workload: phase.workload,
            message: phase.message.to_string(),
            since: since.map_or(phase.at, |phase| phase.at),
            agent: phase.agent,
            hook: phase.hook.to_string(),
            agent_since: phase.at,
        };
        let machine = self.model.applications.get(name).and_then(|of| of.units.get(&number));
        match self.ailment(&unit, machine.map_or(0, |unit| unit.machine)) {
            Some(Ailment::Says(status, text, since)) => {
                return Now {
                    workload: ["error", "blocked", "waiting"]
                        .into_iter()
                        .find(|w| *w == status)
                        .unwrap_or("error"),
                    message: text,
                    since,
                    agent: "idle",
                    hook: String::new(),
                    agent_since: since,
                };
            }
            Some(Ailment::Lost(since)) => return lost(&unit, since),
            Some(Ailment::Allocating) => {
                let first = phases.first().map_or(self.now, |phase| phase.at);
                return Now {
                    workload: "waiting",
                    message: "waiting for machine".to_owned(),
                    since: first,
                    agent: "allocating",
                    hook: String::new(),
                    agent_since: first,
                };
            }
            None => {}
        }
        if self.offline && now.agent == "executing" && now.hook == "running install hook" {
            // canonical/kafka-operator@3/edge:src/literals.py
            now.workload = "blocked";
            now.message = "unable to install charmed-kafka snap".to_owned();
            (now.agent, now.hook) = ("idle", String::new());
            return now;
        }
        let failure = self.model.failures.iter().find(|failure| {
            failure.unit == unit
                && failure.from <= self.now
                && failure.until.is_none_or(|until| until > self.now)
        });
        if let Some(failure) = failure {
            now.workload = "error";
            now.message = format!("hook failed: \"{}\"", failure.hook);
            (now.since, now.agent_since) = (failure.from, failure.from);
            (now.agent, now.hook) = ("idle", String::new());
            return now;
        }
        if phase.agent == "idle" {
            if self.settling(&unit) {
                return lost(&unit, self.boot);
            }
            let offset = self.draw.between(
                &format!("update-status of {unit} in {}", self.model.uuid),
                0,
                UPDATE_STATUS,
            );
            let began = self.now - (self.now - offset).rem_euclid(UPDATE_STATUS);
            let runs = self.draw.between(&format!("{unit} {began}"), SECOND, 2 * SECOND);
            if began > phase.at {
                let executing = self.now < began + runs;
                now.agent = if executing { "executing" } else { "idle" };
                now.hook = if executing { "running update-status hook".to_owned() } else { String::new() };
                now.agent_since = if executing { began } else { began + runs };
            }
        }
        now
    }
}

/// A lost agent.
fn lost(unit: &str, since: Millis) -> Now {
    Now {
        workload: "unknown",
        message: format!("agent lost, see 'juju show-status-log {unit}'"),
        since,
        agent: "lost",
        hook: "agent is not communicating with the server".to_owned(),
        agent_since: since,
    }
}
