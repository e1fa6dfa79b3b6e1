//! The data of the fault matrix, as `cells.yaml` holds it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// A step: the preset in which it has something to do, the step before it, its act, and what its checkpoint asks
/// most.
pub struct Step {
    pub name: &'static str,
    pub preset: &'static str,
    pub after: Option<&'static str>,
    pub act: &'static str,
    pub question: &'static str,
}

/// A step of the preset `single`.
const fn step(name: &'static str, after: &'static str, act: &'static str, question: &'static str) -> Step {
    Step { name, preset: "single", after: Some(after), act, question }
}

/// Every step. LXD is initialised by kafstack only where Sunbeam did not do it.
pub const STEPS: [Step; 14] = [
    Step { after: None, ..step("check-laptop", "", "uname", "uname") },
    step("install-multipass", "check-laptop", "snap install multipass", "multipass version"),
    step("launch-vm", "install-multipass", "multipass launch", "multipass list"),
    step("install-openstack", "launch-vm", "snap install openstack", "snap list openstack"),
    step("prepare-node", "install-openstack", "bash -x", "juju controllers"),
    step("bootstrap-cloud", "prepare-node", "sunbeam cluster bootstrap", "sunbeam cluster list"),
    step("configure-cloud", "bootstrap-cloud", "sunbeam configure", "openstack network show"),
    step("launch-instance", "configure-cloud", "sunbeam launch", "openstack server list"),
    Step { preset: "kafka", ..step("initialise-lxd", "launch-vm", "lxd init", "lxc storage list") },
    step("bootstrap-controller", "initialise-lxd", "juju bootstrap", "juju show-controller overlord"),
    step("add-model", "bootstrap-controller", "juju add-model", "juju models"),
    step("deploy-zookeeper", "add-model", "juju deploy", "juju status -m overlord:demo"),
    step("deploy-kafka", "deploy-zookeeper", "juju deploy", "juju status -m overlord:demo"),
    step("integrate-kafka", "deploy-kafka", "juju integrate", "juju status -m overlord:demo"),
];

/// The scenario when the fault is over.
pub const HEALED: &str =
    "laptop: { cpus: 16, memory: 64G, sudo: allowed }\nvms: [ { name: other-lab, state: Running } ]\n";

/// A kind of fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name.
    pub kind: String,
    /// The scenario; `{act}`, `{question}` and `{middle}` stand for what the step has there.
    pub plant: String,
    /// The ends, each with the steps that have it; `rest` for all others.
    pub ends: BTreeMap<String, String>,
}

/// How a cell ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// `up` ends ready.
    Recovered,
    /// `up` stops with this failure, and the next one ends ready.
    Again(String),
    /// `up` stops with this failure, and so does the next one until the fault is over.
    Stopped(String),
    /// `up` stops with this failure, and what it left a person must put right.
    Stuck(String),
    /// There is no such cell, for this reason.
    Cannot(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Recovered => f.write_str("recovered"),
            End::Again(id) => write!(f, "recovered by the next up after {id}"),
            End::Stopped(id) => write!(f, "stopped {id}"),
            End::Stuck(id) => write!(f, "stopped for good {id}"),
            End::Cannot(why) => write!(f, "cannot happen: {why}"),
        }
    }
}

impl End {
    /// An end as it is written.
    fn read(text: &str) -> End {
        if let Some(id) = text.strip_prefix("recovered by the next up after ") {
            End::Again(id.to_owned())
        } else if let Some(id) = text.strip_prefix("stopped for good ") {
            End::Stuck(id.to_owned())
        } else if let Some(id) = text.strip_prefix("stopped ") {
            End::Stopped(id.to_owned())
        } else if let Some(why) = text.strip_prefix("cannot happen: ") {
            End::Cannot(why.to_owned())
        } else {
            assert_eq!(text, "recovered", "no end of a cell");
            End::Recovered
        }
    }
}

/// A cell.
pub struct Cell {
    pub kind: &'static Kind,
    pub step: &'static Step,
    pub end: End,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} / {}]", self.kind.kind, self.step.name)
    }
}

impl Cell {
    /// The scenario of this cell, given when the step is in the middle of its act.
    pub fn scenario(&self, middle: u64) -> String {
        let plant = self
            .kind
            .plant
            .replace("{act}", self.step.act)
            .replace("{question}", self.step.question)
            .replace("{middle}", &format!("{middle}s"));
        format!("vms: [ {{ name: other-lab, state: Running }} ]\n{plant}\n")
    }
}

/// Every cell, kind by kind.
pub fn cells() -> Vec<Cell> {
    let kinds: Vec<Kind> = serde_yaml::from_str(include_str!("cells.yaml")).unwrap();
    let kinds: &'static [Kind] = kinds.leak();
    let cell = |kind: &'static Kind, step: &'static Step| {
        let named =
            kind.ends.iter().find(|(_, steps)| steps.split_whitespace().any(|name| name == step.name));
        let rest = || kind.ends.iter().find(|(_, steps)| *steps == "rest");
        let (end, _) =
            named.or_else(rest).unwrap_or_else(|| panic!("{}: no end for {}", kind.kind, step.name));
        Cell { kind, step, end: End::read(end) }
    };
    kinds.iter().flat_map(|kind| STEPS.iter().map(move |step| cell(kind, step))).collect()
}

/// How many cells there are of each end.
pub fn summary(cells: &[Cell]) -> String {
    let count = |is: fn(&End) -> bool| cells.iter().filter(|cell| is(&cell.end)).count();
    format!(
        "{} cells: {} recovered, {} recovered by the next `up`, {} stopped, {} stopped until a person acts, {} cannot happen",
        cells.len(),
        count(|end| *end == End::Recovered),
        count(|end| matches!(end, End::Again(_))),
        count(|end| matches!(end, End::Stopped(_))),
        count(|end| matches!(end, End::Stuck(_))),
        count(|end| matches!(end, End::Cannot(_))),
    )
}
