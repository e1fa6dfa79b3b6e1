//! `juju status --format json --utc` as typed data (juju/juju:cmd/juju/status/formatted.go).
//!
//! Lenient on purpose: only `model`, `machines` and `applications` must be there, unknown keys are ignored, and any
//! part may be replaced by a `status-error`. Whether a model is good enough for anything is judged elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::by_name::ByName;
use crate::host::{CommandError, CommandLine, Output};

/// One snapshot of a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Status {
    /// The model itself.
    pub model: Model,
    /// Its machines by id. (Without the attribute serde would take a missing map for an empty one.)
    #[serde(deserialize_with = "Deserialize::deserialize")]
    pub machines: ByName<Machine>,
    /// Its applications by name.
    #[serde(deserialize_with = "Deserialize::deserialize")]
    pub applications: ByName<Application>,
    /// What the controller says of itself.
    #[serde(default)]
    pub controller: Controller,
}

/// The controller's part of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Controller {
    /// The time of day on the controller, without a date: `09:31:07Z`.
    pub timestamp: String,
}

/// The model's own part.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Model {
    /// Its short name.
    pub name: String,
    /// The controller's name on this client.
    pub controller: String,
    /// The cloud's name.
    pub cloud: String,
    /// The region's name.
    pub region: String,
    /// The agents' version.
    pub version: String,
    /// Available, suspended, …
    pub model_status: StatusInfo,
}

/// One `*-status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct StatusInfo {
    /// The state, in Juju's words (juju/juju:core/status/status.go); empty if it is not told.
    pub current: String,
    /// Free text, maybe of several lines.
    pub message: String,
    /// Why a model is suspended.
    pub reason: String,
    /// Since when, `2026-03-14 09:24:10Z` with `--utc` (juju/juju:cmd/juju/common/format.go).
    pub since: String,
    /// `dying` or `dead`; empty while alive.
    pub life: String,
    /// Why the controller could not tell.
    pub status_error: Option<String>,
}

/// One machine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Machine {
    /// The machine's agent.
    pub juju_status: StatusInfo,
    /// The instance as LXD sees it.
    pub machine_status: StatusInfo,
    /// LXD's profile of it.
    pub modification_status: StatusInfo,
    /// `pending` until it is there.
    pub instance_id: String,
    /// The preferred address.
    pub dns_name: String,
    /// What it runs.
    pub base: Base,
    /// The same in Juju 2.9.
    pub series: String,
    /// Machines inside this one.
    pub containers: ByName<Machine>,
    /// Why the controller could not tell.
    pub status_error: Option<String>,
}

/// The system of a machine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Base {
    /// `ubuntu`.
    pub name: String,
    /// `22.04`, with or without a risk.
    pub channel: String,
}

/// One application.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Application {
    /// The charm as it was asked for.
    pub charm: String,
    /// The charm's name.
    pub charm_name: String,
    /// Its channel, such as `3/stable`.
    pub charm_channel: String,
    /// Its revision.
    pub charm_rev: i64,
    /// `dying` or `dead`; empty while alive.
    pub life: String,
    /// Set by the leader or derived from the units; may lag behind them (juju/juju#19825).
    pub application_status: StatusInfo,
    /// Other applications by endpoint.
    pub relations: BTreeMap<String, Vec<Relation>>,
    /// Its units by name; none for subordinates.
    pub units: ByName<Unit>,
    /// The workload's version.
    pub version: String,
    /// Why the controller could not tell.
    pub status_error: Option<String>,
}

/// The other end of a relation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "AnyRelation")]
pub struct Relation {
    /// The application there.
    pub related_application: String,
    /// The interface; empty in Juju 2.9, which does not tell.
    pub interface: String,
}

/// A relation in the dialects of Juju 3 and Juju 2.9.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyRelation {
    /// Juju 2.9 names the other application only.
    Name(String),
    /// Juju 3.
    #[serde(rename_all = "kebab-case")]
    Whole {
        /// The application there.
        #[serde(default)]
        related_application: String,
        /// The interface.
        #[serde(default)]
        interface: String,
    },
}

impl From<AnyRelation> for Relation {
    fn from(any: AnyRelation) -> Self {
        match any {
            AnyRelation::Name(related_application) => {
                Relation { related_application, interface: String::new() }
            }
            AnyRelation::Whole { related_application, interface } => {
                Relation { related_application, interface }
            }
        }
    }
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Unit {
    /// What its charm says.
    pub workload_status: StatusInfo,
    /// What its agent does.
    pub juju_status: StatusInfo,
    /// Whether it leads its application.
    pub leader: bool,
    /// Its machine's id.
    pub machine: String,
    /// Its address.
    pub public_address: String,
    /// Such as `19092/tcp`.
    pub open_ports: Vec<String>,
    /// Units that ride on it.
    pub subordinates: ByName<Unit>,
    /// Why the controller could not tell.
    pub status_error: Option<String>,
}

impl Application {
    /// Its units that are not on their way out, by name.
    pub fn living_units(&self) -> Vec<(&str, &Unit)> {
        self.units.iter().filter(|(_, unit)| !unit.leaving()).collect()
    }
}

impl Unit {
    /// Whether it is on its way out.
    pub fn leaving(&self) -> bool {
        !self.juju_status.life.is_empty() || !self.workload_status.life.is_empty()
    }
}

impl Machine {
    /// Its state as Juju's own table shows it: the agent's, unless LXD's profile of it is in error
    /// (juju/juju:cmd/juju/status/output_tabular.go).
    pub fn state(&self) -> &str {
        if self.status_error.is_some() {
            "unknown"
        } else if self.modification_status.current == "error" {
            "error"
        } else {
            &self.juju_status.current
        }
    }

    /// What it runs, as Juju's own table shows it: `ubuntu@22.04`, or the series of Juju 2.9.
    pub fn base(&self) -> String {
        match self.base.channel.split('/').next() {
            Some(channel) if !channel.is_empty() => format!("{}@{channel}", self.base.name),
            _ => self.series.clone(),
        }
    }
}

impl Status {
    /// The application of that name.
    pub fn application(&self, name: &str) -> Option<&Application> {
        self.applications.named(name)
    }

    /// The machine of that id, wherever it is nested.
    pub fn machine(&self, id: &str) -> Option<&Machine> {
        fn within<'a>(machines: &'a ByName<Machine>, id: &str) -> Option<&'a Machine> {
            machines.named(id).or_else(|| machines.iter().find_map(|(_, m)| within(&m.containers, id)))
        }
        within(&self.machines, id)
    }

    /// Whether the two applications are related. Both must say so, under whatever endpoint; that their units have
    /// joined is not said anywhere in the JSON (juju/juju:cmd/juju/status/formatted.go).
    pub fn related(&self, one: &str, other: &str) -> bool {
        let says = |from: &str, to: &str| {
            self.application(from)
                .is_some_and(|a| a.relations.values().flatten().any(|r| r.related_application == to))
        };
        says(one, other) && says(other, one)
    }

    /// The parts the controller could not tell about, and why.
    pub fn errors(&self) -> Vec<(String, String)> {
        let mut errors = Vec::new();
        let mut note = |what: String, parts: &[&Option<String>]| {
            if let Some(error) = parts.iter().find_map(|p| p.as_ref()) {
                errors.push((what, error.clone()));
            }
        };
        note(format!("model {}", self.model.name), &[&self.model.model_status.status_error]);
        for (id, m) in self.machines.iter() {
            let parts = [
                &m.status_error,
                &m.juju_status.status_error,
                &m.machine_status.status_error,
                &m.modification_status.status_error,
            ];
            note(format!("machine {id}"), &parts);
        }
        for (name, application) in self.applications.iter() {
            note(name.to_owned(), &[&application.status_error, &application.application_status.status_error]);
            for (unit, u) in application.units.iter() {
                let parts = [&u.status_error, &u.workload_status.status_error, &u.juju_status.status_error];
                note(unit.to_owned(), &parts);
            }
        }
        errors
    }

    /// For how long a state has lasted, by Juju's own clock; `None` if Juju does not say.
    pub fn age(&self, info: &StatusInfo) -> Option<Duration> {
        let since = instant(&info.since)?;
        let latest = self.latest_since()?;
        Some(age(since, clock(&self.controller.timestamp, latest)?))
    }

    /// The major version of the model's agents.
    pub fn juju_major(&self) -> Option<u32> {
        self.model.version.split('.').next()?.parse().ok()
    }

    /// The latest of all times in the snapshot.
    fn latest_since(&self) -> Option<Timestamp> {
        let machines = self.machines.iter().flat_map(|(_, m)| [&m.juju_status, &m.machine_status]);
        let units = self.applications.iter().flat_map(|(_, a)| a.units.iter());
        let units = units.flat_map(|(_, u)| [&u.workload_status, &u.juju_status]);
        let applications = self.applications.iter().map(|(_, a)| &a.application_status);
        let all = machines.chain(units).chain(applications).chain([&self.model.model_status]);
        all.filter_map(|info| instant(&info.since)).max()
    }
}

/// A `since` in the layout of `--utc`.
fn instant(since: &str) -> Option<Timestamp> {
    since.parse().ok()
}

/// The controller's clock as an instant. It is told without a date: the first instant of that time of day which is
/// not before `latest`, the youngest state of the snapshot. A state may be a little younger than the clock, since
/// controllers from 3.6.8 on answer from a cache.
fn clock(timestamp: &str, latest: Timestamp) -> Option<Timestamp> {
    let time: Time = timestamp.strip_suffix('Z')?.parse().ok()?;
    let floor = latest.checked_sub(Duration::from_secs(60)).ok()?;
    let day = floor.to_zoned(TimeZone::UTC).date();
    let on = |date: jiff::civil::Date| date.to_datetime(time).to_zoned(TimeZone::UTC).ok();
    let today = on(day)?.timestamp();
    if today >= floor { Some(today) } else { Some(on(day.tomorrow().ok()?)?.timestamp()) }
}

/// From then until now, never negative.
fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// A snapshot from the answer to `juju status --format json --utc`.
///
/// # Errors
/// The command failed, or its answer is empty or not such a document. An empty answer with exit code 0 is one that
/// Juju does give now and then; it says nothing about the model.
pub fn parse(line: &CommandLine, output: &Output) -> Result<Status, CommandError> {
    let output = output.clone().success(line)?;
    let text = anstream::adapter::strip_str(&output.out()).to_string();
    let mut offset = 0;
    let start = text.split_inclusive('\n').find_map(|l| {
        let at = offset;
        offset += l.len();
        l.trim_start().starts_with('{').then_some(at)
    });
    let Some(start) = start else {
        let why = if text.trim().is_empty() { "nothing at all" } else { "no JSON document in it" };
        return Err(CommandError::garbled(line, why));
    };
    match serde_json::Deserializer::from_str(&text[start..]).into_iter::<Status>().next() {
        Some(Ok(status)) => Ok(status),
        Some(Err(error)) => Err(CommandError::garbled(line, error)),
        None => Err(CommandError::garbled(line, "no JSON document in it")),
    }
}

/// The fixtures under `tests/fixtures/juju`, for the tests of everything that reads a snapshot.
#[cfg(test)]
pub mod fixture {
    use super::*;

    /// The fixture of that name as text.
    pub fn text(name: &str) -> String {
        let path = format!("{}/tests/fixtures/juju/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The fixture of that name, parsed.
    pub fn status(name: &str) -> Status {
        parsed(text(name)).unwrap()
    }

    /// The fixture of that name with a change made to its JSON first.
    pub fn changed(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> Status {
        let mut value = serde_json::from_str(&text(name)).unwrap();
        change(&mut value);
        parsed(value.to_string()).unwrap()
    }

    /// The parser's answer to this standard output.
    pub fn parsed(stdout: impl AsRef<[u8]>) -> Result<Status, CommandError> {
        let line = CommandLine::reads("juju", ["status"]);
        parse(&line, &Output { stdout: stdout.as_ref().to_vec(), ..Output::default() })
    }

    /// The names of all fixtures.
    pub fn names() -> Vec<String> {
        let folder = format!("{}/tests/fixtures/juju", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
        files.filter_map(|f| f.strip_suffix(".json").map(str::to_owned)).collect()
    }
}

#[cfg(test)]
#[path = "juju_status_tests.rs"]
mod tests;
