//! `juju remove-unit`, `remove-application` and `resolved`.

use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::SECOND;
use super::{model_mut, relations, target};

/// `remove-unit APP/N…`.
pub fn unit(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.operands.is_empty() {
        return Script::fails(2, "ERROR no units specified");
    }
    let now = seat.now();
    let (mut said, mut errors) = (String::new(), String::new());
    for word in words.operands.clone() {
        let Some((name, number)) =
            word.split_once('/').and_then(|(name, n)| Some((name, n.parse::<u32>().ok()?)))
        else {
            return Script::fails(2, format!("ERROR invalid unit name \"{word}\""));
        };
        let model = model_mut(seat, &at);
        let Some(unit) = model.applications.get_mut(name).and_then(|of| of.units.get_mut(&number)) else {
            errors += &format!("ERROR removing unit {word} failed: unit \"{word}\" does not exist\n");
            continue;
        };
        unit.dying.get_or_insert(now);
        said += &format!("will remove unit {word}\n");
        if let Some(storage) = unit.storage {
            let what = if words.has("--destroy-storage") { "remove" } else { "detach" };
            said += &format!("- will {what} storage data/{storage}\n");
        }
        if words.has("--force") {
            let word = word.to_owned();
            model.failures.retain(|failure| failure.unit != word);
        }
    }
    if errors.is_empty() { Script::says(said) } else { Script::silent().ends(60, 1).out(said).err(errors) }
}

/// `remove-application APP…`: its relations and units go with it.
pub fn application(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.operands.is_empty() {
        return Script::fails(2, "ERROR no application specified");
    }
    let now = seat.now();
    let (mut said, mut errors) = (String::new(), String::new());
    for name in words.operands.clone() {
        let model = model_mut(seat, &at);
        let Some(application) = model.applications.get_mut(name) else {
            errors +=
                &format!("ERROR removing application {name} failed: application \"{name}\" not found\n");
            continue;
        };
        application.dying.get_or_insert(now);
        said += &format!("will remove application {name}\n");
        for (number, unit) in &mut application.units {
            unit.dying.get_or_insert(now);
            said += &format!("- will remove unit {name}/{number}\n");
            if let Some(storage) = unit.storage {
                let what = if words.has("--destroy-storage") { "remove" } else { "detach" };
                said += &format!("- will {what} storage data/{storage}\n");
            }
        }
        if words.has("--force") {
            model.failures.retain(|failure| failure.unit.split('/').next() != Some(name));
        }
        let theirs: Vec<u32> = model
            .relations
            .iter()
            .filter(|relation| relation.broken.is_none())
            .filter(|relation| relation.provider.0 == name || relation.requirer.0 == name)
            .map(|relation| relation.id)
            .collect();
        for id in theirs {
            relations::part(seat, &at, id);
        }
    }
    if errors.is_empty() { Script::says(said) } else { Script::silent().ends(60, 1).out(said).err(errors) }
}

/// `resolved UNIT…`.
pub fn resolved(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if words.operands.is_empty() {
        return Script::fails(2, "ERROR no unit specified");
    }
    let now = seat.now();
    let planted = seat.world.planted.clone();
    for unit in words.operands.clone() {
        let known = planted.as_ref().is_some_and(|planted| planted.ailment(unit, now).is_some());
        let model = model_mut(seat, &at);
        let there = unit.split_once('/').is_some_and(|(name, number)| {
            let number = number.parse::<u32>().ok();
            number.is_some_and(|number| {
                model.applications.get(name).is_some_and(|of| of.units.contains_key(&number))
            })
        });
        if !there {
            return Script::fails(1, format!("ERROR unit \"{unit}\" not found"));
        }
        let open = model.failures.iter_mut().find(|failure| {
            failure.unit == unit && failure.from <= now && failure.until.is_none_or(|until| until > now)
        });
        let Some(failure) = open else {
            if known {
                // A scenario's own error heals when the scenario says so.
                continue;
            }
            return Script::fails(1, format!("ERROR unit \"{unit}\" is not in an error state"));
        };
        if words.has("--no-retry") || failure.curable {
            failure.until = Some(now + 4 * SECOND);
        }
    }
    Script::silent()
}
