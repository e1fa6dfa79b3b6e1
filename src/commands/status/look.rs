//! Looks at everything once: the checkpoints in order, the VM, the model.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::BELOW;
use crate::commands::session::Stage;
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts};
use crate::journal::History;
use crate::plan::{self, Circumstances};
use crate::report::status_table::{CheckRow, CheckState};
use crate::state::{EVENTS, Holder, State};
use crate::step::{Step, Verdict};
use crate::steps::{integrate_kafka, launch_vm};
use crate::text;
use crate::tools::juju_status::{self, Status};
use crate::tools::kafka_readiness::{self, Judgement, Wanted};
use crate::tools::multipass::{self, Instance};
use crate::tools::{juju, sunbeam};

/// How long a listing of topics is believed while watching.
const LISTED_FOR: Duration = Duration::from_secs(60);

/// What can be looked at.
pub struct Looker {
    /// The configuration in force.
    pub config: Config,
    /// Where to ask.
    pub stage: Stage,
    /// Who else is at work, and what it told.
    pub state: State,
}

/// Everything, at one time.
#[derive(Clone)]
pub struct Snapshot {
    /// When it was begun.
    pub at: Timestamp,
    /// It is simulated.
    pub rehearsal: bool,
    /// The VM's name.
    pub vm_name: String,
    /// The checkpoints.
    pub rows: Vec<CheckRow>,
    /// When the layers below the model were asked.
    pub below_at: Timestamp,
    /// When a broker last listed its topics.
    pub listed_at: Option<Timestamp>,
    /// The first checkpoint that does not hold.
    pub blocked_on: Option<BlockedOn>,
    /// The VM, if there.
    pub vm: Option<Instance>,
    /// The model, if Juju answers.
    pub model: Option<Status>,
    /// Who else is changing the stack.
    pub holder: Option<Holder>,
    /// What is good to know of OpenStack: the demo instance's ssh line and the dashboard.
    pub openstack: Vec<(&'static str, String)>,
}

/// Why it is not ready.
#[derive(Clone)]
pub struct BlockedOn {
    /// The step.
    pub step: &'static str,
    /// What was seen.
    pub why: String,
    /// What to type.
    pub next: String,
    /// The failure, if it is broken.
    pub broken: Option<Id>,
}

impl Snapshot {
    /// All checkpoints hold.
    pub fn ready(&self) -> bool {
        self.rows.iter().all(|row| row.state == CheckState::Met)
    }

    /// The last one holds.
    pub fn kafka_ready(&self) -> bool {
        self.rows.last().is_some_and(|row| row.state == CheckState::Met)
    }

    /// The exit code of what is broken.
    pub fn broken_exit_code(&self) -> u8 {
        let id = self.blocked_on.as_ref().and_then(|blocked| blocked.broken).unwrap_or(Id::NotReady);
        id.exit_code()
    }
}

/// What another kafstack's events say of its run.
#[derive(Default)]
struct Elsewhere {
    /// Steps that it found or made to hold, with what it saw.
    held: BTreeMap<String, String>,
    /// The step at work.
    running: Option<String>,
    /// What that step waits for.
    waiting: String,
}

impl Looker {
    /// Looks. What is known of the layers below the model from `last` is used again while it is young and good.
    ///
    /// # Errors
    /// kafstack's own folder cannot be read.
    pub fn look(&self, last: Option<&Snapshot>) -> Result<Snapshot, Failure> {
        let launched = History::read(self.state.folder())?.launched_since_last_down();
        let holder = self.state.holder();
        let elsewhere = holder.as_ref().map(|_| self.elsewhere());
        let plan = plan::up(&self.config, Circumstances { launched, ..Circumstances::default() });
        self.stage.ask(|hosts| {
            let at = hosts.clock.now();
            let young = last.filter(|last| last.ready_below() && age(at, last.below_at) < BELOW);
            let mut snapshot = Snapshot {
                at,
                rehearsal: self.stage.rehearsal,
                vm_name: self.config.vm.name.clone(),
                rows: Vec::new(),
                below_at: young.map_or(at, |last| last.below_at),
                listed_at: None,
                blocked_on: None,
                vm: None,
                model: young.and_then(|_| self.model(hosts)),
                holder,
                openstack: young.map(|last| last.openstack.clone()).unwrap_or_default(),
            };
            for step in plan.steps() {
                let known = young.and_then(|last| last.row_below(step.name()));
                let row = match (&elsewhere, known) {
                    _ if snapshot.blocked_on.is_some() => {
                        row(step, CheckState::NotAsked, "an earlier one does not hold")
                    }
                    (Some(elsewhere), _) if elsewhere.speaks_of(step) => elsewhere.row(step, &mut snapshot),
                    (_, Some(known)) => known.clone(),
                    _ if step.name() == integrate_kafka::NAME => {
                        let still = self.still_ready(&snapshot, young);
                        snapshot.listed_at = still.as_ref().map(|(listed_at, _)| *listed_at);
                        let row = still.map_or_else(|| asked(step, hosts, &mut snapshot), |(_, row)| row);
                        if row.state == CheckState::Met {
                            snapshot.listed_at.get_or_insert(at);
                        }
                        row
                    }
                    _ => asked(step, hosts, &mut snapshot),
                };
                snapshot.rows.push(row);
            }
            snapshot.vm = self.vm(hosts, young);
            let running = snapshot.vm.as_ref().is_some_and(|vm| vm.state == "Running");
            if snapshot.model.is_none() && running {
                snapshot.model = self.model(hosts);
            }
            if let (true, Some(blocked)) = (snapshot.rehearsal, &mut snapshot.blocked_on) {
                blocked.next = text::for_rehearsal(&blocked.next);
            }
            if young.is_none() && snapshot.holder.is_none() {
                snapshot.openstack = self.openstack(hosts, &snapshot);
            }
            Ok(snapshot)
        })
    }

    /// Listing topics starts a Java machine on a broker, so while watching it is asked once a minute; in between the
    /// model alone decides. `None`: it has to be asked.
    fn still_ready(&self, snapshot: &Snapshot, young: Option<&Snapshot>) -> Option<(Timestamp, CheckRow)> {
        let last = young?;
        let listed_at = last.listed_at.filter(|listed| age(snapshot.at, *listed) < LISTED_FOR)?;
        match kafka_readiness::judge(snapshot.model.as_ref()?, &Wanted::kafka(&self.config)) {
            Judgement::Ready { .. } => Some((listed_at, last.rows.last()?.clone())),
            Judgement::Waiting { .. } | Judgement::Broken(_) => None,
        }
    }

    /// The VM, with its addresses when it runs.
    fn vm(&self, hosts: &Hosts<'_>, young: Option<&Snapshot>) -> Option<Instance> {
        if let Some(vm) = young.and_then(|last| last.vm.clone()) {
            return Some(vm);
        }
        let line = multipass::list_with_addresses();
        let fleet = hosts.laptop.ask(&line).and_then(|output| multipass::parse_list(&line, &output)).ok()?;
        fleet.into_iter().find(|vm| vm.name == self.config.vm.name)
    }

    /// The model, if Juju answers. Only the VM's own user is asked where ours is proven to be ours by the steps; the
    /// question itself changes nothing.
    fn model(&self, hosts: &Hosts<'_>) -> Option<Status> {
        let line = juju::status(&self.config.juju.target());
        hosts.vm.ask(&line).and_then(|output| juju_status::parse(&line, &output)).ok()
    }

    /// The demo instance's ssh line and the dashboard, once OpenStack stands.
    fn openstack(&self, hosts: &Hosts<'_>, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
        let met =
            |name: &str| snapshot.rows.iter().any(|row| row.name == name && row.state == CheckState::Met);
        let mut known = Vec::new();
        if !met("launch-instance") {
            return known;
        }
        let openrc = sunbeam::openrc_path(&self.config.openstack);
        let line = crate::tools::openstack::servers(&openrc, &self.config.openstack.instance);
        let servers =
            hosts.vm.ask(&line).and_then(|output| crate::tools::openstack::parse_servers(&line, output));
        if let Some(address) = servers.ok().and_then(|s| Some(s.first()?.floating()?.to_owned())) {
            // Inside the VM only: that network goes no further.
            let key = "/home/ubuntu/snap/openstack/current/sunbeam";
            known.push((
                "instance",
                format!("multipass exec {} -- ssh -i {key} ubuntu@{address}", self.config.vm.name),
            ));
        }
        let url =
            sunbeam::dashboard().iter().find_map(|line| sunbeam::parse_dashboard(&hosts.vm.ask(line).ok()?));
        known.extend(url.map(|url| ("dashboard", format!("{url} (from inside the VM)"))));
        known
    }

    /// What the kafstack at work has told so far.
    fn elsewhere(&self) -> Elsewhere {
        let mut known = Elsewhere::default();
        let events = self.state.latest_run().map(|run| run.folder.join(EVENTS));
        let text = events.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        for event in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            match field("event").as_str() {
                "step-skipped" | "step-finished" => {
                    known.held.insert(field("step"), field("seen"));
                    known.running = None;
                }
                "step-started" => {
                    known.running = Some(field("step"));
                    known.waiting = "at work".to_owned();
                }
                "waiting" => known.waiting = field("seen"),
                _ => {}
            }
        }
        known
    }
}

impl Snapshot {
    /// All layers below the model's own checkpoint hold.
    fn ready_below(&self) -> bool {
        self.rows.split_last().is_some_and(|(_, below)| below.iter().all(|row| row.state == CheckState::Met))
    }

    /// What is known of a step below the model.
    fn row_below(&self, name: &str) -> Option<&CheckRow> {
        self.rows.iter().find(|row| row.name == name && name != integrate_kafka::NAME)
    }
}

impl Elsewhere {
    /// The step at work is told of, not asked; and nothing that would run `sunbeam` is asked meanwhile.
    fn speaks_of(&self, step: &dyn Step) -> bool {
        self.running.as_deref() == Some(step.name())
            || step.checkpoint().probes.iter().any(|(_, line)| line.program == "sunbeam")
    }

    /// What the run's events say of it.
    fn row(&self, step: &dyn Step, snapshot: &mut Snapshot) -> CheckRow {
        if let Some(seen) = self.held.get(step.name()) {
            return row(step, CheckState::Met, &format!("{seen} (as the running kafstack saw it)"));
        }
        let seen = if self.running.as_deref() == Some(step.name()) {
            &self.waiting
        } else {
            "not asked while another kafstack works"
        };
        snapshot.blocked_on = Some(BlockedOn {
            step: step.name(),
            why: seen.to_owned(),
            next: "wait for the running kafstack: `kafstack status --watch`".to_owned(),
            broken: None,
        });
        row(step, CheckState::NotYet, seen)
    }
}

/// Asks one step's checkpoint.
fn asked(step: &dyn Step, hosts: &Hosts<'_>, snapshot: &mut Snapshot) -> CheckRow {
    let (state, seen, broken, next) = match step.probe(hosts) {
        Ok(Verdict::Met { seen }) => return row(step, CheckState::Met, &seen),
        Ok(Verdict::NotYet { seen }) => {
            let next = match (step.name(), seen.as_str()) {
                (launch_vm::NAME, state) if state.starts_with("the VM is") => {
                    "`kafstack up` starts it and goes on"
                }
                _ => "`kafstack up` finishes it",
            };
            (CheckState::NotYet, seen, None, next.to_owned())
        }
        Ok(Verdict::Broken(failure)) => {
            let seen = failure
                .seen
                .clone()
                .map_or(failure.message.clone(), |seen| format!("{}: {seen}", failure.message));
            let next = failure
                .hints
                .first()
                .cloned()
                .unwrap_or_else(|| format!("`kafstack explain {}`", failure.id));
            (CheckState::Broken, seen, Some(failure.id), next)
        }
        Err(error) => (
            CheckState::Unknown,
            could_not_ask(&error),
            None,
            format!("look yourself: `{}`", step.checkpoint().look_here),
        ),
    };
    snapshot.blocked_on = Some(BlockedOn { step: step.name(), why: seen.clone(), next, broken });
    row(step, state, &seen)
}

/// "Could not ask" is not "no".
fn could_not_ask(error: &CommandError) -> String {
    format!("could not ask: {error}")
}

/// One row.
fn row(step: &dyn Step, state: CheckState, seen: &str) -> CheckRow {
    CheckRow { name: step.name().to_owned(), title: step.title().to_owned(), state, seen: seen.to_owned() }
}

/// How old something is.
pub fn age(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
