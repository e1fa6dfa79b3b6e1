//! Whether the applications of a model are all there and at rest: a pure function of one `juju status`.
//!
//! It never waits and asks nothing. That a broker really answers (a topic listing) is asked elsewhere; that a state
//! holds several times in a row is the runner's business.

use std::time::Duration;

use super::charms::{self, Class};
use super::juju_status::{Application, Machine, Status, StatusInfo, Unit};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::text;

/// What should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The model as `-m` takes it, for hints.
    pub model: String,
    /// The applications, in the order in which they come up.
    pub applications: Vec<WantedApplication>,
    /// Pairs of applications that must be related.
    pub related: Vec<(String, String)>,
}

/// An application that should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedApplication {
    /// Its name.
    pub name: String,
    /// Its charm.
    pub charm: String,
    /// The charm's track.
    pub track: String,
    /// How many units at least.
    pub units: usize,
}

impl Wanted {
    /// Kafka as this configuration wants it.
    pub fn kafka(config: &Config) -> Self {
        let mut applications = Vec::new();
        let mut related = Vec::new();
        let zookeeper = &config.zookeeper;
        if zookeeper.enabled {
            applications.push(WantedApplication::new("zookeeper", &zookeeper.channel.track, zookeeper.units));
            related.push(("kafka".to_owned(), "zookeeper".to_owned()));
        }
        let kafka = &config.kafka;
        applications.push(WantedApplication::new("kafka", &kafka.channel.track, kafka.units));
        Wanted { model: config.juju.target(), applications, related }
    }
}

impl WantedApplication {
    /// An application named like its charm.
    pub fn new(charm: &str, track: &str, units: u32) -> Self {
        WantedApplication {
            name: charm.to_owned(),
            charm: charm.to_owned(),
            track: track.to_owned(),
            units: units as usize,
        }
    }
}

/// What one snapshot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Everything is there and at rest.
    Ready {
        /// In one line.
        seen: String,
    },
    /// Not yet.
    Waiting {
        /// How far it is and who is furthest behind, in one line.
        why: String,
    },
    /// Waiting does not help.
    Broken(Trouble),
}

/// Something that does not heal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which failure it is.
    pub id: Id,
    /// `kafka/1`, `machine 3`, `model demo`.
    pub entity: String,
    /// What is the matter with it, in one line.
    pub why: String,
    /// What to do inside the VM.
    pub hint: String,
}

impl Trouble {
    /// As the failure of a checkpoint that expects this.
    pub fn failure(&self, expected: &str) -> Failure {
        let message = format!("{}: {}", self.entity, self.id.about().meaning);
        Failure::new(self.id, message)
            .expected(expected)
            .seen(format!("{} {}", self.entity, self.why))
            .hint(self.hint.clone())
    }
}

/// How long a hook may fail: Juju tries it again with pauses that grow to five minutes
/// (juju/juju:apiserver/facades/agent/retrystrategy/retrystrategy.go).
const HOOK: Duration = Duration::from_secs(5 * 60);
/// How long an agent may be silent: a restarted VM's agents come back within minutes.
const SILENCE: Duration = Duration::from_secs(3 * 60);
/// How long a container may fail to come: Juju does not try again by itself (juju/juju#21169).
const PROVISIONING: Duration = Duration::from_secs(30);
/// How long a machine may report an error.
const MACHINE: Duration = Duration::from_secs(60);
/// How long a unit must have been active before it counts: units look active between two hooks.
const SETTLED: Duration = Duration::from_secs(30);

/// What this snapshot says of what is wanted. Other applications are not judged.
pub fn judge(status: &Status, wanted: &Wanted) -> Judgement {
    if let Some(judgement) = judge_model(status, wanted) {
        return judgement;
    }
    let mut units = Vec::new();
    let mut behind: Vec<Lag> = Vec::new();
    let mut total = 0;
    for want in &wanted.applications {
        let living = status.application(&want.name).map(Application::living_units).unwrap_or_default();
        total += want.units.max(living.len());
        behind.extend(lag_of_application(status.application(&want.name), want, &living));
        units.extend(living.into_iter().map(|(name, unit)| Subject { status, want, name, unit }));
    }
    if let Some(trouble) = units.iter().find_map(|s| s.trouble(&wanted.model)) {
        return Judgement::Broken(trouble);
    }
    let lags: Vec<Lag> = units.iter().filter_map(Subject::lag).collect();
    let ready = units.len() - lags.len();
    behind.extend(lags);
    for (one, other) in &wanted.related {
        let both = status.application(one).is_some() && status.application(other).is_some();
        if both && !status.related(one, other) {
            behind
                .push(Lag { stage: Stage::Unrelated, why: format!("{one} and {other} are not integrated") });
        }
    }
    // `min_by_key` takes the first of equals, which is the order of the plan.
    match behind.into_iter().min_by_key(|lag| lag.stage) {
        Some(lag) => Judgement::Waiting { why: format!("{ready} of {total} units ready; {}", lag.why) },
        None => Judgement::Ready { seen: format!("{ready} of {total} units ready") },
    }
}

/// What the model as a whole says, unless it says that all is well.
fn judge_model(status: &Status, wanted: &Wanted) -> Option<Judgement> {
    let info = &status.model.model_status;
    if let Some((what, why)) = status.errors().into_iter().next() {
        let why = format!("Juju could not tell about {what}: {}", one_line(&why));
        return Some(Judgement::Waiting { why });
    }
    match info.current.as_str() {
        "" | "available" => None,
        "suspended" | "destroying" | "error" => Some(Judgement::Broken(Trouble {
            id: Id::ModelNotAvailable,
            entity: format!("model {}", status.model.name),
            why: format!("{}{}", words(info), reason(info)),
            hint: format!("in the VM: `juju show-model {}`", wanted.model),
        })),
        _ => Some(Judgement::Waiting { why: format!("model {} {}", status.model.name, words(info)) }),
    }
}

/// Why a model is suspended, if it says.
fn reason(info: &StatusInfo) -> String {
    if info.reason.is_empty() { String::new() } else { format!(" ({})", one_line(&info.reason)) }
}

/// What an application lacks apart from its units' own states.
fn lag_of_application(
    application: Option<&Application>,
    want: &WantedApplication,
    living: &[(&str, &Unit)],
) -> Option<Lag> {
    let name = &want.name;
    let lag = |stage, why| Some(Lag { stage, why });
    let Some(application) = application else {
        return lag(Stage::Absent, format!("{name} is not deployed"));
    };
    if !application.life.is_empty() {
        return lag(Stage::Absent, format!("{name} is being removed"));
    }
    if living.len() < want.units {
        return lag(Stage::Absent, format!("{name} has {} of {} units", living.len(), want.units));
    }
    match living.iter().filter(|(_, unit)| unit.leader).count() {
        1 => None,
        0 => lag(Stage::Leaderless, format!("{name} has no leader")),
        n => lag(Stage::Leaderless, format!("{name} has {n} leaders")),
    }
}

/// Something that is not as wanted yet.
struct Lag {
    /// How far behind.
    stage: Stage,
    /// In words.
    why: String,
}

/// How far something is behind, the furthest first: what is in trouble or missing says most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// An application or a unit is missing.
    Absent,
    /// Something failed that may heal.
    Failing,
    /// Two applications are not integrated.
    Unrelated,
    /// A unit has no running machine.
    Machineless,
    /// A unit's agent has not arrived.
    Agentless,
    /// Its charm is at work.
    Working,
    /// Its charm waits for something.
    Waiting,
    /// It is active, but a hook runs.
    Busy,
    /// An application has no leader.
    Leaderless,
    /// It became active just now.
    Fresh,
}

/// A unit under judgement.
struct Subject<'a> {
    /// The snapshot.
    status: &'a Status,
    /// The application it belongs to.
    want: &'a WantedApplication,
    /// Its name.
    name: &'a str,
    /// Itself.
    unit: &'a Unit,
}

impl Subject<'_> {
    /// Its machine.
    fn machine(&self) -> Option<&Machine> {
        self.status.machine(&self.unit.machine)
    }

    /// Whether a state has lasted this long. A state of unknown age has not.
    fn lasted(&self, info: &StatusInfo, grace: Duration) -> bool {
        self.status.age(info).is_some_and(|age| age >= grace)
    }

    /// Whether its agent is at rest; `update-status`, which runs every five minutes, does not count as work.
    fn at_rest(&self) -> bool {
        let agent = &self.unit.juju_status;
        agent.current == "idle"
            || agent.current == "executing" && agent.message.trim() == "running update-status hook"
    }

    /// Whether Juju 4 takes a machine for dead whose agents are well (juju/juju#22243).
    fn machine_is_misjudged(&self) -> bool {
        self.status.juju_major().is_some_and(|major| major >= 4) && self.at_rest()
    }

    /// What does not heal about it. The machine comes first: a silent agent is often its consequence.
    fn trouble(&self, model: &str) -> Option<Trouble> {
        self.machine_trouble(model).or_else(|| self.agent_trouble()).or_else(|| self.workload_trouble(model))
    }

    /// What does not heal about its machine.
    fn machine_trouble(&self, model: &str) -> Option<Trouble> {
        let machine = self.machine()?;
        let trouble = |id, info: &StatusInfo, hint| {
            let entity = format!("machine {}", self.unit.machine);
            Some(Trouble { id, entity, why: words(info), hint })
        };
        let retry = || {
            format!(
                "in the VM: `juju retry-provisioning {} -m {model}`, then `kafstack up`",
                self.unit.machine
            )
        };
        let look = || {
            let name = if machine.instance_id == "pending" { "NAME" } else { &machine.instance_id };
            format!("in the VM: `lxc list` shows whether its container runs; `lxc start {name}` starts it")
        };
        let instance = &machine.machine_status;
        if instance.current == "provisioning error" && self.lasted(instance, PROVISIONING) {
            return trouble(Id::ProvisioningFailed, instance, retry());
        }
        for info in [instance, &machine.juju_status, &machine.modification_status] {
            if info.current == "error" && self.lasted(info, MACHINE) {
                return trouble(Id::MachineDown, info, look());
            }
        }
        let agent = &machine.juju_status;
        let down = ["down", "stopped"].contains(&agent.current.as_str());
        if down && self.lasted(agent, SILENCE) && !self.machine_is_misjudged() {
            return trouble(Id::MachineDown, agent, look());
        }
        None
    }

    /// What does not heal about its agent.
    fn agent_trouble(&self) -> Option<Trouble> {
        let agent = &self.unit.juju_status;
        let (id, grace) = match agent.current.as_str() {
            "lost" => (Id::AgentLost, SILENCE),
            "failed" | "error" => (Id::UnitError, HOOK),
            _ => return None,
        };
        self.lasted(agent, grace).then(|| Trouble {
            id,
            entity: self.name.to_owned(),
            why: words(agent),
            hint: "in the VM: `lxc list` shows whether its container runs, `free -m` whether memory is short"
                .to_owned(),
        })
    }

    /// What does not heal about what its charm says.
    fn workload_trouble(&self, model: &str) -> Option<Trouble> {
        let workload = &self.unit.workload_status;
        let unit = self.name;
        let trouble = |id, hint| Some(Trouble { id, entity: unit.to_owned(), why: words(workload), hint });
        if workload.current == "error" && self.lasted(workload, HOOK) {
            let log = format!("juju debug-log -m {model} --replay --no-tail --include {unit}");
            return trouble(
                Id::UnitError,
                format!("in the VM: `{log}` shows why; `juju resolved -m {model} {unit}` tries again"),
            );
        }
        // A charm may say blocked in the middle of a hook; only at rest does it mean it.
        if workload.current != "blocked" || !self.at_rest() {
            return None;
        }
        let row = charms::judge(&self.want.charm, &self.want.track, &workload.current, &workload.message)?;
        match row.class {
            Class::Act { grace, hint } if self.lasted(workload, grace) => {
                trouble(Id::UnitBlocked, hint.replace("UNIT", unit))
            }
            Class::Transient { grace: Some(grace) } if self.lasted(workload, grace) => {
                let log = format!("juju debug-log -m {model} --replay --no-tail --include {unit}");
                trouble(
                    Id::UnitBlocked,
                    format!("this should have passed by now; in the VM: `{log}` shows more"),
                )
            }
            _ => None,
        }
    }

    /// What is not as wanted yet about it.
    fn lag(&self) -> Option<Lag> {
        let lag = |stage, why: String| Some(Lag { stage, why: format!("{} {why}", self.name) });
        let workload = &self.unit.workload_status;
        let agent = &self.unit.juju_status;
        if workload.current == "error" {
            return lag(Stage::Failing, words(workload));
        }
        if ["lost", "failed", "error"].contains(&agent.current.as_str()) {
            return lag(Stage::Failing, format!("agent {}", words(agent)));
        }
        if let Some((stage, why)) = self.machine_lag() {
            return lag(stage, why);
        }
        match workload.current.as_str() {
            "active" if !self.at_rest() => lag(Stage::Busy, format!("busy, {}", words(agent))),
            "active" if self.status.age(workload).is_some_and(|age| age < SETTLED) => {
                lag(Stage::Fresh, format!("active for less than {} s", SETTLED.as_secs()))
            }
            "active" => None,
            _ if agent.current == "allocating" => lag(Stage::Agentless, words(workload)),
            "waiting" | "blocked" => lag(Stage::Waiting, words(workload)),
            _ => lag(Stage::Working, words(workload)),
        }
    }

    /// What is not as wanted yet about its machine.
    fn machine_lag(&self) -> Option<(Stage, String)> {
        let Some(machine) = self.machine() else {
            return Some((Stage::Machineless, "waiting: no machine yet".to_owned()));
        };
        let id = &self.unit.machine;
        let agent = &machine.juju_status;
        let instance = &machine.machine_status;
        if ["provisioning error", "error"].contains(&instance.current.as_str()) {
            return Some((Stage::Failing, format!("waiting: machine {id} {}", words(instance))));
        }
        if ["down", "stopped", "error"].contains(&agent.current.as_str()) && !self.machine_is_misjudged() {
            return Some((Stage::Failing, format!("waiting: machine {id} {}", words(agent))));
        }
        if machine.modification_status.current == "error" {
            let why = words(&machine.modification_status);
            return Some((Stage::Failing, format!("waiting: machine {id} {why}")));
        }
        let there = machine.instance_id != "pending" && ["", "running"].contains(&instance.current.as_str());
        if there && agent.current == "started" || self.machine_is_misjudged() {
            return None;
        }
        let info = if there { agent } else { instance };
        Some((Stage::Machineless, format!("waiting: machine {id} {}", words(info))))
    }
}

/// A state in one line: `blocked: Broker not running`.
fn words(info: &StatusInfo) -> String {
    let current = if info.current.is_empty() { "unknown" } else { &info.current };
    match one_line(&info.message) {
        message if message.is_empty() => current.to_owned(),
        message => format!("{current}: {message}"),
    }
}

/// Free text as one line, cut as Juju's own table cuts it (juju/juju:cmd/juju/status/output_tabular.go).
fn one_line(message: &str) -> String {
    text::cut(&text::one_line(message), 120)
}

#[cfg(test)]
#[path = "kafka_readiness_tests.rs"]
mod tests;
