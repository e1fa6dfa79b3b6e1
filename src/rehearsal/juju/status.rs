//! `juju status --format json`: the document, as juju/juju:cmd/juju/status/formatted.go shapes it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::charms::{self, Phase, catalogue, rounds};
use super::super::events::{Is, Spot};
use super::super::faults::Planted;
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{Draw, Millis, SECOND};
use super::store::{Application, Controller, Model};
use super::unit_status::Now;
use super::{agent_version, target};

/// `juju status`.
pub fn run(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.value("--format") != Some("json") || !words.operands.is_empty() || words.has("--watch") {
        return seat.unknown(&["juju", "status"]);
    }
    let guest = seat.guest();
    let controller = &guest.juju.controllers[&at.0];
    let empty = Model { created: controller.created, ..Model::default() };
    let model = controller.models.get(&at.1).unwrap_or(&empty);
    let view = View::of(seat, model);
    let mut document = view.document(&at, controller);
    if let (true, Some(since)) = (at.1 == "openstack", guest.cloud.control_plane) {
        document["applications"] = Value::Object(view.control_plane(since, guest.cloud.bootstrapped));
    }
    let bare = document["applications"].as_object().is_none_or(Map::is_empty);
    let script = Script::json(&document);
    if bare { script.err(format!("\nModel \"admin/{}\" is empty.\n", at.1)) } else { script }
}

/// A time as `--utc` shows it: a blank where RFC 3339 has a `T`.
pub fn go_time(at: Millis) -> String {
    format!("{}Z", clock_time(at))
}

/// A time to the second, without its zone.
pub fn clock_time(at: Millis) -> String {
    let at = Timestamp::from_millisecond(at - at.rem_euclid(SECOND)).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_string().trim_end_matches('Z').replace('T', " ")
}

/// A model at a moment.
pub(super) struct View<'a> {
    pub(super) now: Millis,
    pub(super) draw: Draw,
    pub(super) version: String,
    pub(super) model: &'a Model,
    /// When the VM was last started.
    pub(super) boot: Millis,
    /// The LXD host, which appears as availability zone.
    pub(super) zone: &'a str,
    /// The scenario in force.
    pub(super) planted: Option<&'a Planted>,
    /// Whether containers have no way to the stores.
    pub(super) offline: bool,
}

impl<'a> View<'a> {
    /// The model as it is now.
    pub(super) fn of(seat: &'a Seat<'_>, model: &'a Model) -> Self {
        let guest = seat.guest();
        View {
            now: seat.now(),
            draw: seat.draw(),
            version: agent_version(seat),
            model,
            boot: guest.booted,
            zone: &guest.hostname,
            planted: seat.world.planted.as_ref(),
            offline: seat.world.network(Spot::Container).is_some(),
        }
    }

    /// The whole document.
    fn document(&self, at: &(String, String), controller: &Controller) -> Value {
        let (kind, region) =
            if controller.cloud.ends_with("-k8s") { ("caas", "default") } else { ("iaas", "localhost") };
        let applications: Map<String, Value> = self
            .model
            .applications
            .iter()
            .map(|(name, app)| (name.clone(), self.application(name, app)))
            .collect();
        let machines: Map<String, Value> =
            self.model.machines.keys().map(|id| (id.to_string(), self.machine(*id))).collect();
        let clock = clock_time(self.now);
        json!({
            "model": { "name": at.1, "type": kind, "controller": at.0, "cloud": controller.cloud, "region": region,
                "version": self.version,
                "model-status": self.model_status(&at.1), "sla": "unsupported" },
            "machines": machines,
            "applications": applications,
            "storage": self.storage(),
            "controller": { "timestamp": format!("{}Z", clock.split(' ').nth(1).unwrap_or_default()) },
        })
    }

    /// The status of the model itself.
    fn model_status(&self, name: &str) -> Value {
        let good = status("available", "", self.model.created);
        match self.planted.and_then(|planted| planted.model(name, self.now)) {
            Some((Is::Suspended, since)) => {
                let text = "suspended since cloud credential is not valid";
                json!({ "current": "suspended", "message": text, "reason": "certificate revoked", "since": go_time(since) })
            }
            Some((Is::Destroying, since)) => status("destroying", "attempt 1 to destroy model", since),
            _ => good,
        }
    }

    /// Whether the containers' agents have not come back yet after a start of the VM.
    pub(super) fn settling(&self, unit: &str) -> bool {
        self.model.created < self.boot
            && self.now < self.boot + self.draw().about(&format!("{unit} after a start"), 150 * SECOND)
    }

    fn draw(&self) -> Draw {
        self.draw
    }

    fn application(&self, name: &str, application: &Application) -> Value {
        let Some(charm) = catalogue::at(&application.charm, &application.channel) else { return json!({}) };
        let (base, revision, version) = (charm.base, charm.revision, charm.version);
        let (channel, kind) =
            self.planted.map_or((None, None), |planted| planted.other_charm(name, self.now));
        let (channel, kind) = (channel.unwrap_or(&application.channel), kind.unwrap_or(&application.charm));
        let leader = charms::leader(self.model, name, self.draw).filter(|(_, since)| *since <= self.now);
        let mut units = Map::new();
        let mut worst: Option<Now> = None;
        for (number, unit) in &application.units {
            let phases = charms::phases(self.model, name, *number, self.draw);
            let now = self.unit(name, *number, &phases);
            let (runs, agent) = charms::machine_times(self.model, unit.machine, self.draw);
            let mut agent_status = status(now.agent, &now.hook, now.agent_since);
            if self.now >= agent && now.agent != "lost" {
                agent_status["version"] = json!(self.version);
            }
            let mut row = json!({ "workload-status": status(now.workload, &now.message, now.since), "juju-status": agent_status });
            if leader.is_some_and(|(leader, _)| leader == *number) {
                row["leader"] = json!(true);
            }
            row["machine"] = json!(unit.machine.to_string());
            let ports = self.open_ports(name, application, *number, &phases);
            if !ports.is_empty() {
                row["open-ports"] = json!(ports);
            }
            if unit.dying.is_some() {
                row["juju-status"]["life"] = json!("dying");
            }
            if self.now >= runs {
                row["public-address"] = json!(self.model.machines[&unit.machine].address);
            }
            units.insert(format!("{name}/{number}"), row);
            if worst.as_ref().is_none_or(|worst| severity(now.workload) > severity(worst.workload)) {
                worst = Some(now);
            }
        }
        let own = match &worst {
            Some(now) if now.workload == "active" => status("active", "", now.since),
            Some(now) => status(now.workload, &now.message, now.since),
            None => status("unknown", "", application.created),
        };
        let mut row = json!({
            "charm": kind, "base": { "name": "ubuntu", "channel": base }, "charm-origin": "charmhub",
            "charm-name": kind, "charm-rev": revision, "charm-channel": channel,
            "exposed": false, "application-status": own, "relations": self.relations(name, application),
        });
        if application.dying.is_some() {
            row["life"] = json!("dying");
        }
        if !version.is_empty() && worst.is_some_and(|now| now.workload == "active") {
            row["version"] = json!(version);
        }
        row["endpoint-bindings"] = bindings(charm);
        if !units.is_empty() {
            row["units"] = Value::Object(units);
        }
        row
    }

    /// The ports that a charm has opened on a unit.
    fn open_ports(
        &self,
        name: &str,
        application: &Application,
        number: u32,
        phases: &[Phase],
    ) -> Vec<&'static str> {
        if application.charm != "kafka" || !charms::port_open(phases, self.now) {
            return Vec::new();
        }
        let kraft = application.channel.starts_with('4');
        let listens =
            rounds::broker(self.model, name, number, self.draw, self.now).map(|state| state.listens);
        let (tls, client) = listens.map_or((false, false), |listens| (listens.tls, listens.client));
        let mut ports = vec![if kraft || tls { "19093/tcp" } else { "19092/tcp" }];
        if client {
            ports.insert(0, if tls { "9093/tcp" } else { "9092/tcp" });
        }
        ports
    }

    /// The relations of an application: its peers, and those to others.
    fn relations(&self, name: &str, application: &Application) -> Value {
        let peers =
            catalogue::at(&application.charm, &application.channel).map_or(&[][..], |charm| charm.peers);
        let mut all = Map::new();
        for (endpoint, interface) in peers {
            all.insert(
                (*endpoint).to_owned(),
                json!([{ "related-application": name, "interface": interface, "scope": "global" }]),
            );
        }
        for relation in self.model.relations.iter().filter(|relation| !relation.is_gone(self.now)) {
            for (this, other) in
                [(&relation.provider, &relation.requirer), (&relation.requirer, &relation.provider)]
            {
                if this.0 == name {
                    let entry = json!({ "related-application": other.0, "interface": relation.interface, "scope": "global" });
                    if let Some(list) = all.entry(this.1.clone()).or_insert_with(|| json!([])).as_array_mut()
                    {
                        list.push(entry);
                    }
                }
            }
        }
        Value::Object(all)
    }
}

/// How bad a workload status is, when Juju picks one for the application.
fn severity(workload: &str) -> u8 {
    ["unknown", "active", "terminated", "maintenance", "waiting", "blocked", "error"]
        .iter()
        .position(|known| *known == workload)
        .and_then(|at| u8::try_from(at).ok())
        .unwrap_or(0)
}

/// The shape of every status: without an empty message.
pub(super) fn status(current: &str, message: &str, since: Millis) -> Value {
    if message.is_empty() {
        json!({ "current": current, "since": go_time(since) })
    } else {
        json!({ "current": current, "message": message, "since": go_time(since) })
    }
}

/// The endpoints of a charm, all in the default space.
fn bindings(charm: &catalogue::Charm) -> Value {
    let own = charm.endpoints.iter().map(|endpoint| endpoint.name);
    let mut all: Vec<&str> = own.chain(charm.peers.iter().map(|peer| peer.0)).chain([""]).collect();
    all.sort_unstable();
    Value::Object(all.into_iter().map(|endpoint| (endpoint.to_owned(), json!("alpha"))).collect())
}
