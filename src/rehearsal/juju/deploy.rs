//! `juju deploy` and `add-unit`: what is asked for in a model.

use std::collections::BTreeMap;

use super::super::charms::{self, catalogue};
use super::super::events::Spot;
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::laptop::unreachable;
use super::super::script::Script;
use super::super::timeline::SECOND;
use super::config;
use super::store::{Application, HookFailure, Machine, Unit};
use super::{model_mut, target};

/// `deploy CHARM [APP]`.
pub fn deploy(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let (charm, name) = match words.operands[..] {
        [charm] => (charm, charm),
        [charm, name] => (charm, name),
        _ => return Script::fails(2, "ERROR no charm or bundle specified"),
    };
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if let Some(why) = unreachable(seat.world.network(Spot::Vm), "api.charmhub.io") {
        // The controller asks; juju/juju:apiserver/facades/client/application.
        let text = format!(
            "ERROR selecting releases: resolving with preferred channel: querying charmhub: Post \"https://api.charmhub.io/v2/charms/refresh\": {why}"
        );
        return Script::fails(1, text).taking(8 * SECOND);
    }
    if !catalogue::exists(charm) {
        return seat.unknown(&["juju", "deploy", charm]);
    }
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends_in_number = name.rsplit('-').next().is_some_and(|part| part.chars().all(|c| c.is_ascii_digit()));
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(legal) || ends_in_number {
        // The end of a name must not look like a unit's number (juju/names:application.go).
        return Script::fails(2, format!("ERROR invalid application name \"{name}\""));
    }
    let channel = words.value("--channel").map_or_else(|| catalogue::default_channel(charm), str::to_owned);
    let Some(of_store) = catalogue::at(charm, &channel) else {
        return Script::fails(1, format!("ERROR selecting releases: charm or bundle not found for channel \"{channel}\", base \"amd64/ubuntu/22.04/stable\"")).taking(2 * SECOND);
    };
    let failed = |why: String| {
        let text = format!(
            "ERROR cannot add application \"{name}\": {why}\nERROR failed to deploy charm \"{charm}\""
        );
        Script::fails(1, text).taking(2 * SECOND)
    };
    let model = model_mut(seat, &at);
    if model.applications.contains_key(name) {
        return failed("application already exists".to_owned());
    }
    let next_unit = model.numbers.get(name).copied().unwrap_or(0);
    let mut settings = BTreeMap::new();
    for setting in words.values("--config") {
        let Some((key, value)) = setting.split_once('=') else {
            return seat.unknown(&["juju", "deploy", charm, "--config", setting]);
        };
        if let Some(why) = config::objection(of_store, key, value) {
            return failed(why);
        }
        settings.insert(key.to_owned(), value.to_owned());
    }
    let Some(count) = words.value("--num-units").map_or(Some(1), |n| n.parse::<u32>().ok()) else {
        return Script::fails(2, "ERROR invalid value for option -n: parse error");
    };
    let application = Application {
        charm: charm.to_owned(),
        channel,
        config: settings,
        created: seat.now(),
        next_unit,
        ..Application::default()
    };
    let breaks = config::breaks_the_hook(&application);
    let channel = application.channel.clone();
    let model = model_mut(seat, &at);
    model.applications.insert(name.to_owned(), application);
    model.next_relation += u32::try_from(of_store.peers.len()).unwrap_or(0);
    grow(seat, &at, name, of_store, count);
    if breaks {
        let draw = seat.draw();
        let model = model_mut(seat, &at);
        if let Some(number) = model.applications[name].units.keys().next().copied() {
            // The hook after the installation is the one that fails.
            let from = charms::phases(model, name, number, draw).get(4).map_or(0, |phase| phase.at);
            let (unit, hook) = (format!("{name}/{number}"), "config-changed".to_owned());
            model.failures.push(HookFailure { unit, hook, from, until: None, curable: false });
        }
    }
    let (revision, base) = (of_store.revision, of_store.base);
    let said = format!(
        "Deployed \"{name}\" from charm-hub charm \"{charm}\", revision {revision} in channel {channel} on ubuntu@{base}/stable\n"
    );
    Script::silent().err(said).taking(seat.draw().about(&format!("juju deploy {name}"), 4 * SECOND))
}

/// So many units more, each on a machine of its own.
fn grow(seat: &mut Seat<'_>, at: &(String, String), name: &str, charm: &catalogue::Charm, count: u32) {
    let (now, draw) = (seat.now(), seat.draw());
    let subnet = seat.guest().lxd.subnet.clone();
    let model = model_mut(seat, at);
    for _ in 0..count {
        let machine = model.next_machine;
        model.next_machine += 1;
        let storage = charm.storage.map(|_| model.next_storage);
        model.next_storage += u32::from(storage.is_some());
        // The first free address from where the seed points.
        let taken: Vec<&str> = model.machines.values().filter_map(|m| m.address.rsplit('.').next()).collect();
        let mut host = draw.between(&format!("address of machine {machine} in {}", model.uuid), 20, 250);
        while taken.contains(&host.to_string().as_str()) {
            host = if host == 250 { 20 } else { host + 1 };
        }
        let address = format!("{subnet}.{host}");
        let base = charm.base.to_owned();
        model.images.entry(base.clone()).or_insert(now);
        model.machines.insert(machine, Machine { created: now, base, address, dying: None });
        if let Some(application) = model.applications.get_mut(name) {
            let number = application.next_unit;
            application.next_unit += 1;
            let unit = Unit {
                machine,
                created: now,
                storage,
                dying: None,
                files: BTreeMap::new(),
                sessions: Vec::new(),
            };
            application.units.insert(number, unit);
        }
    }
}

/// `add-unit APP -n N`: so many more each time.
pub fn add_unit(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [name] = words.operands[..] else { return Script::fails(2, "ERROR no application specified") };
    let Some(application) = model_mut(seat, &at).applications.get(name) else {
        return Script::fails(1, format!("ERROR application \"{name}\" not found"));
    };
    if application.dying.is_some() {
        let text =
            format!("ERROR cannot add unit to application \"{name}\": application is not found or not alive");
        return Script::fails(1, text);
    }
    let Some(charm) = catalogue::at(&application.charm, &application.channel) else {
        return Script::silent();
    };
    let count = words.value("--num-units").and_then(|n| n.parse().ok()).unwrap_or(1);
    grow(seat, &at, name, charm, count);
    Script::silent()
}
