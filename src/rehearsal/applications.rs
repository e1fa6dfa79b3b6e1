//! `juju deploy`, `add-unit`, `integrate`: what is asked for in a model.

use super::charms;
use super::grammar::Words;
use super::guest::Seat;
use super::juju::{model_mut, target};
use super::juju_store::{Application, Machine, Relation, Unit};
use super::script::Script;
use super::timeline::SECOND;

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
    if !charms::exists(charm) {
        return seat.unknown(&["juju", "deploy", charm]);
    }
    // Nobody knows what a charm's default track is on a given day; here it is the newest.
    let channel = words.value("--channel").unwrap_or(if charm == "kafka" { "4/stable" } else { "3/stable" });
    let Some((base, revision, _)) = charms::of_store(charm, channel) else {
        return Script::fails(1, format!("ERROR selecting releases: charm or bundle not found for channel \"{channel}\", base \"amd64/ubuntu/22.04/stable\"")).taking(2 * SECOND);
    };
    if model_mut(seat, &at).applications.contains_key(name) {
        return Script::fails(1, format!("ERROR cannot add application \"{name}\": application already exists\nERROR failed to deploy charm \"{charm}\"")).taking(2 * SECOND);
    }
    let mut config = std::collections::BTreeMap::new();
    for setting in words.values("--config") {
        let Some((key, value)) = setting.split_once('=') else {
            return seat.unknown(&["juju", "deploy", charm, "--config", setting]);
        };
        let wrong = if channel.starts_with('4') { '_' } else { '-' };
        if key.contains(wrong) {
            return Script::fails(
                1,
                format!(
                    "ERROR cannot add application \"{name}\": unknown option \"{key}\"\nERROR failed to deploy charm \"{charm}\""
                ),
            );
        }
        config.insert(key.to_owned(), value.to_owned());
    }
    let Some(count) = words.value("--num-units").map_or(Some(1), |n| n.parse::<u32>().ok()) else {
        return Script::fails(2, "ERROR invalid value for option -n: parse error");
    };
    let application = Application {
        charm: charm.to_owned(),
        channel: channel.to_owned(),
        config,
        created: seat.now(),
        next_unit: 0,
        units: std::collections::BTreeMap::new(),
    };
    model_mut(seat, &at).applications.insert(name.to_owned(), application);
    grow(seat, &at, name, base, count);
    let said = format!(
        "Deployed \"{name}\" from charm-hub charm \"{charm}\", revision {revision} in channel {channel} on ubuntu@{base}/stable\n"
    );
    Script::silent().err(said).taking(seat.draw().about(&format!("juju deploy {name}"), 4 * SECOND))
}

/// So many units more, each on a machine of its own.
fn grow(seat: &mut Seat<'_>, at: &(String, String), name: &str, base: &str, count: u32) {
    let (now, draw) = (seat.now(), seat.draw());
    let subnet = seat.guest().lxd.subnet.clone();
    let model = model_mut(seat, at);
    for _ in 0..count {
        let machine = model.next_machine;
        model.next_machine += 1;
        let storage = model.next_storage;
        model.next_storage += 1;
        // The first free address from where the seed points.
        let taken: Vec<&str> = model.machines.values().filter_map(|m| m.address.rsplit('.').next()).collect();
        let mut host = draw.between(&format!("address of machine {machine} in {}", model.uuid), 20, 250);
        while taken.contains(&host.to_string().as_str()) {
            host = if host == 250 { 20 } else { host + 1 };
        }
        let address = format!("{subnet}.{host}");
        model.machines.insert(machine, Machine { created: now, base: base.to_owned(), address });
        if let Some(application) = model.applications.get_mut(name) {
            let number = application.next_unit;
            application.next_unit += 1;
            application.units.insert(number, Unit { machine, created: now, storage: Some(storage) });
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
    let base = charms::of_store(&application.charm, &application.channel).map_or("22.04", |(base, ..)| base);
    let count = words.value("--num-units").and_then(|n| n.parse().ok()).unwrap_or(1);
    grow(seat, &at, name, base, count);
    Script::silent()
}

/// `integrate A[:EP] B[:EP]`.
pub fn integrate(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    let [first, second] = words.operands[..] else {
        return Script::fails(2, "ERROR an integration must involve two applications");
    };
    let now = seat.now();
    let model = model_mut(seat, &at);
    let mut ends = Vec::new();
    for word in [first, second] {
        let (name, endpoint) =
            word.split_once(':').map_or((word, None), |(name, endpoint)| (name, Some(endpoint)));
        let Some(application) = model.applications.get(name) else {
            return Script::fails(1, format!("ERROR application \"{name}\" not found"));
        };
        let has = application.charm == "zookeeper" || !application.channel.starts_with('4');
        if !has || endpoint.is_some_and(|endpoint| endpoint != "zookeeper") {
            return Script::fails(1, "ERROR no relations found");
        }
        ends.push((name.to_owned(), "zookeeper".to_owned(), application.charm.clone()));
    }
    if ends[0].2 == ends[1].2 {
        return Script::fails(1, "ERROR no relations found");
    }
    ends.sort_by_key(|end| end.2 != "zookeeper");
    let requirer = ends.remove(1);
    let provider = ends.remove(0);
    let pair = format!("{0}:{1} {2}:{3}", requirer.0, requirer.1, provider.0, provider.1);
    if model.related(&requirer.0, "zookeeper").is_some() {
        return Script::fails(
            1,
            format!(
                "ERROR cannot add relation \"{pair}\": relation {pair} already exists (already exists)\n\nUse 'juju status --relations' to view the current relations."
            ),
        );
    }
    let id = model.next_relation;
    model.next_relation += 1;
    model.relations.push(Relation {
        id,
        interface: "zookeeper".to_owned(),
        provider: (provider.0, provider.1),
        requirer: (requirer.0, requirer.1),
        created: now,
    });
    Script::silent()
}
