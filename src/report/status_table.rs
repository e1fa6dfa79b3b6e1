//! What `status` shows: the checkpoints, and the Juju model as people who use Juju know it
//! (juju/juju:cmd/juju/status/output_tabular.go), with the relations that Juju's default view hides.

use serde::Serialize;

use super::style;
use super::table::{Cell, Table};
use crate::text::cut;
use crate::tools::juju_relations::integrations;
use crate::tools::juju_status::{Application, Status, StatusInfo, Unit};

/// What is known of a step's checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// It holds.
    Met,
    /// It does not hold now.
    NotYet,
    /// It will not hold by waiting.
    Broken,
    /// The world could not be asked.
    Unknown,
    /// An earlier one does not hold, so nobody asked.
    NotAsked,
}

impl CheckState {
    /// As it is printed and written to JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            CheckState::Met => "met",
            CheckState::NotYet => "not-yet",
            CheckState::Broken => "broken",
            CheckState::Unknown => "unknown",
            CheckState::NotAsked => "not-asked",
        }
    }

    /// A sign that reads without colour.
    fn sign(self) -> &'static str {
        match self {
            CheckState::Met => "✓",
            CheckState::NotYet => "…",
            CheckState::Broken => "✗",
            CheckState::Unknown => "?",
            CheckState::NotAsked => "-",
        }
    }

    /// Its colour.
    fn style(self) -> anstyle::Style {
        match self {
            CheckState::Met => style::GOOD,
            CheckState::NotYet | CheckState::Unknown => style::FAIR,
            CheckState::Broken => style::BAD,
            CheckState::NotAsked => style::DIM,
        }
    }
}

/// One step's checkpoint; also an entry of `steps` in `status --format json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckRow {
    /// The step's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What is known.
    pub state: CheckState,
    /// What was seen, or why nothing could be.
    pub seen: String,
}

/// The checkpoints, a line each.
pub fn checkpoints(rows: &[CheckRow]) -> String {
    let mut table = Table::bare();
    for row in rows {
        let style = row.state.style();
        table.row([
            Cell::styled(row.state.sign(), style),
            Cell::styled(row.state.as_str(), style),
            Cell::from(row.title.as_str()),
            Cell::styled(&row.seen, if row.state == CheckState::Met { style::DIM } else { style::NONE }),
        ]);
    }
    table.to_string()
}

/// The model, section by section; empty sections are left out.
pub fn model(status: &Status) -> String {
    let sections = [head(status), applications(status), units(status), machines(status), relations(status)];
    let sections: Vec<String> = sections.iter().filter(|t| !t.is_empty()).map(Table::to_string).collect();
    sections.join("\n")
}

/// The model itself.
fn head(status: &Status) -> Table {
    let mut table = Table::new(["Model", "Controller", "Cloud/Region", "Version", "Timestamp", "Notes"]);
    let model = &status.model;
    let info = &model.model_status;
    let notes = match info.current.as_str() {
        "" | "available" => String::new(),
        current => format!("{current}: {}", info.message),
    };
    let notes = model.model_status.status_error.clone().unwrap_or(notes);
    table.row([
        model.name.as_str().into(),
        model.controller.as_str().into(),
        format!("{}/{}", model.cloud, model.region).trim_end_matches('/').into(),
        model.version.as_str().into(),
        status.controller.timestamp.as_str().into(),
        message(&notes),
    ]);
    table
}

/// The applications.
fn applications(status: &Status) -> Table {
    let mut table = Table::new(["App", "Version", "Status", "Scale", "Charm", "Channel", "Rev", "Message"]);
    for (name, application) in status.applications.iter() {
        if let Some(error) = &application.status_error {
            let blank = || Cell::from("");
            table.row([
                name.into(),
                blank(),
                Cell::styled("unknown", style::FAIR),
                blank(),
                blank(),
                blank(),
                blank(),
                message(error),
            ]);
            continue;
        }
        let info = &application.application_status;
        table.row([
            name.into(),
            cut(&application.version, 15).into(),
            state(info),
            scale(application),
            application.charm_name.as_str().into(),
            application.charm_channel.as_str().into(),
            application.charm_rev.to_string().into(),
            told(info),
        ]);
    }
    table
}

/// `3`, or `2/3` when an agent is not well.
fn scale(application: &Application) -> Cell {
    let total = application.units.len();
    let well = |u: &Unit| ["idle", "executing"].contains(&u.juju_status.current.as_str());
    match application.units.iter().filter(|(_, u)| well(u)).count() {
        present if present < total => Cell::styled(&format!("{present}/{total}"), style::FAIR),
        _ => total.to_string().into(),
    }
}

/// The units, those that ride on another one below it.
fn units(status: &Status) -> Table {
    let heading = ["Unit", "Workload", "Agent", "Machine", "Public address", "Ports", "Message"];
    let mut table = Table::new(heading);
    for (_, application) in status.applications.iter() {
        for (name, unit) in application.units.iter() {
            table.row(unit_row(name, unit, 0));
            for (name, subordinate) in unit.subordinates.iter() {
                table.row(unit_row(name, subordinate, 2));
            }
        }
    }
    table
}

/// One unit; a star marks the leader.
fn unit_row(name: &str, unit: &Unit, indent: usize) -> [Cell; 7] {
    let star = if unit.leader { "*" } else { "" };
    let workload = &unit.workload_status;
    let agent = &unit.juju_status;
    let hook = match agent.message.strip_prefix("running ").and_then(|m| m.strip_suffix(" hook")) {
        Some(hook) if agent.current == "executing" => format!("({hook}) "),
        _ => String::new(),
    };
    let error = [&unit.status_error, &workload.status_error, &agent.status_error];
    let words = error.into_iter().flatten().next().unwrap_or(&workload.message);
    [
        Cell::from(format!("{name}{star}")).indented(indent),
        state(workload),
        state(agent),
        unit.machine.as_str().into(),
        unit.public_address.as_str().into(),
        unit.open_ports.join(",").into(),
        message(&format!("{hook}{words}")),
    ]
}

/// The machines, and those inside them.
fn machines(status: &Status) -> Table {
    let mut table = Table::new(["Machine", "State", "Address", "Inst id", "Base", "Message"]);
    let outer = status.machines.iter();
    for (id, machine) in outer.flat_map(|m| std::iter::once(m).chain(m.1.containers.iter())) {
        let info = &machine.machine_status;
        table.row([
            id.into(),
            Cell::state(machine.state()),
            machine.dns_name.as_str().into(),
            machine.instance_id.as_str().into(),
            machine.base().into(),
            machine.status_error.as_ref().map_or_else(|| told(info), |e| message(e)),
        ]);
    }
    table
}

/// The relations between applications.
fn relations(status: &Status) -> Table {
    let mut table = Table::new(["Integration provider", "Requirer", "Interface"]);
    for i in integrations(status) {
        table.row([i.provider.into(), i.requirer.into(), i.interface.into()]);
    }
    table
}

/// A state in Juju's colour.
fn state(info: &StatusInfo) -> Cell {
    Cell::state(if info.status_error.is_some() { "unknown" } else { &info.current })
}

/// What comes with a state.
fn told(info: &StatusInfo) -> Cell {
    message(info.status_error.as_ref().unwrap_or(&info.message))
}

/// Free text of at most 120 characters.
fn message(text: &str) -> Cell {
    cut(&crate::text::one_line(text), 120).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::juju_status::fixture::{changed, names, status};

    /// Without colours.
    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// A checkpoint.
    fn row(name: &str, title: &str, state: CheckState, seen: &str) -> CheckRow {
        CheckRow { name: name.into(), title: title.into(), state, seen: seen.into() }
    }

    #[test]
    fn checkpoints_read_without_colour() {
        let rows = [
            row("launch-vm", "Launch the VM", CheckState::Met, "microstack is running"),
            row("add-model", "Add the model", CheckState::Unknown, "no answer"),
            row("deploy-kafka", "Deploy Kafka", CheckState::NotYet, "2 of 3 units"),
            row("integrate-kafka", "Integrate Kafka", CheckState::Broken, "kafka/1 error"),
            row("x", "Last", CheckState::NotAsked, ""),
        ];
        assert_eq!(
            bare(&checkpoints(&rows)),
            "\
✓  met        Launch the VM    microstack is running
?  unknown    Add the model    no answer
…  not-yet    Deploy Kafka     2 of 3 units
✗  broken     Integrate Kafka  kafka/1 error
-  not-asked  Last
"
        );
    }

    #[test]
    fn a_state_is_written_alike_on_the_screen_and_in_json() {
        for state in [
            CheckState::Met,
            CheckState::NotYet,
            CheckState::Broken,
            CheckState::Unknown,
            CheckState::NotAsked,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn the_model_looks_as_in_juju() {
        assert_eq!(
            bare(&model(&status("healthy"))),
            "\
Model  Controller  Cloud/Region         Version  Timestamp  Notes
demo   overlord    localhost/localhost  3.6.11   09:31:07Z

App        Version  Status  Scale  Charm      Channel   Rev  Message
kafka      3.9.0    active  3      kafka      3/stable  241
zookeeper  3.9.2    active  5      zookeeper  3/stable  160

Unit          Workload  Agent  Machine  Public address  Ports      Message
kafka/0       active    idle   5        10.151.66.39    19092/tcp  machine system settings are not optimal - see logs for info
kafka/1*      active    idle   6        10.151.66.176   19092/tcp  machine system settings are not optimal - see logs for info
kafka/2       active    idle   7        10.151.66.118   19092/tcp  machine system settings are not optimal - see logs for info
zookeeper/0   active    idle   0        10.151.66.21
zookeeper/1   active    idle   1        10.151.66.84
zookeeper/2   active    idle   2        10.151.66.130
zookeeper/3*  active    idle   3        10.151.66.57
zookeeper/4   active    idle   4        10.151.66.202

Machine  State    Address        Inst id        Base          Message
0        started  10.151.66.21   juju-5d1c9e-0  ubuntu@22.04  Running
1        started  10.151.66.84   juju-5d1c9e-1  ubuntu@22.04  Running
2        started  10.151.66.130  juju-5d1c9e-2  ubuntu@22.04  Running
3        started  10.151.66.57   juju-5d1c9e-3  ubuntu@22.04  Running
4        started  10.151.66.202  juju-5d1c9e-4  ubuntu@22.04  Running
5        started  10.151.66.39   juju-5d1c9e-5  ubuntu@22.04  Running
6        started  10.151.66.176  juju-5d1c9e-6  ubuntu@22.04  Running
7        started  10.151.66.118  juju-5d1c9e-7  ubuntu@22.04  Running

Integration provider  Requirer         Interface
zookeeper:zookeeper   kafka:zookeeper  zookeeper
"
        );
    }

    #[test]
    fn trouble_is_shown_where_it_is() {
        let status = changed("machine-down", |v| {
            v["model"]["model-status"] = json!({"current": "busy", "message": "migrating: waiting"});
            v["machines"].as_object_mut().unwrap().retain(|id, _| id == "3");
            v["applications"]["kafka"] = json!({"status-error": "connection is shut down"});
            let units = v["applications"]["zookeeper"]["units"].as_object_mut().unwrap();
            units.retain(|name, _| name == "zookeeper/3" || name == "zookeeper/4");
            units["zookeeper/4"]["juju-status"] =
                json!({"current": "executing", "message": "running start hook"});
            units["zookeeper/4"]["workload-status"] =
                json!({"current": "waiting", "message": "other \u{1b}[31munits\nstarting first"});
            units["zookeeper/4"]["subordinates"] = json!({"agent/0": {"public-address": "10.0.0.9"}});
        });
        assert_eq!(
            bare(&model(&status)),
            "\
Model  Controller  Cloud/Region         Version  Timestamp  Notes
demo   overlord    localhost/localhost  3.6.11   09:40:00Z  busy: migrating: waiting

App        Version  Status   Scale  Charm      Channel   Rev  Message
kafka               unknown                                   connection is shut down
zookeeper  3.9.2    active   1/2    zookeeper  3/stable  160

Unit          Workload  Agent      Machine  Public address  Ports  Message
zookeeper/3*  unknown   lost       3        10.151.66.57           agent lost, see 'juju show-status-log zookeeper/3'
zookeeper/4   waiting   executing  4        10.151.66.202          (start) other units starting first
  agent/0                                   10.0.0.9

Machine  State  Address       Inst id        Base          Message
3        down   10.151.66.57  juju-5d1c9e-3  ubuntu@22.04  Running
"
        );
    }

    #[test]
    fn every_fixture_is_drawn_with_short_lines() {
        for name in names() {
            let text = bare(&model(&status(&name)));
            assert!(text.lines().all(|l| l.chars().count() < 240), "{name}: {text}");
        }
    }
}
