//! `juju debug-log`: what agents wrote, as far as a scenario or a failed hook gives them something to write.

use super::super::events::{Happening, Is};
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::Millis;
use super::status::clock_time;
use super::target;

/// A line as agents write it.
fn line(at: Millis, entity: &str, level: &str, module: &str, text: &str) -> (Millis, String, String) {
    let clock = clock_time(at);
    let clock = clock.split(' ').nth(1).unwrap_or_default();
    (at, entity.to_owned(), format!("{entity}: {clock} {level} {module} {text}\n"))
}

/// `debug-log --replay --no-tail`: without `--no-tail` it would never end.
pub fn run(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let at = match target(seat, words) {
        Ok(at) => at,
        Err(script) => return script,
    };
    if !words.has("--no-tail") || !words.has("--replay") {
        return Script::hang();
    }
    let Some(limit) = words.value("--limit").map_or(Some(usize::MAX), |n| n.parse().ok()) else {
        return Script::fails(2, "ERROR invalid value for option --limit: parse error");
    };
    let now = seat.now();
    let mut lines = Vec::new();
    for (unit, hook, since) in failed_hooks(seat, &at, now) {
        let entity = format!("unit-{}", unit.replace('/', "-"));
        for (level, module, text) in [
            ("ERROR", "unit.charm", "Uncaught exception while in charm code:\nTraceback (most recent call last):\n  File \"./src/charm.py\", line 251, in <module>\n    main(KafkaCharm)".to_owned()),
            ("WARNING", "juju.worker.uniter.operation", format!("{hook} hook: raise SnapError(snap.name)")),
            ("ERROR", "juju.worker.uniter.operation", format!("hook \"{hook}\" (via hook dispatching script: dispatch) failed: exit status 1")),
            ("INFO", "juju.worker.uniter", "awaiting error resolution for \"".to_owned() + &hook + "\" hook"),
        ] {
            lines.push(line(since, &entity, level, module, &text));
        }
    }
    for (what, since) in seat.world.planted.iter().flat_map(|planted| planted.at(now)) {
        if let Happening::Machine(id, Is::ProvisioningError, why) = what {
            let text = format!("machine {id} failed to start: {why}");
            lines.push(line(since, "machine-0", "ERROR", "juju.worker.provisioner", &text));
        }
    }
    let wanted = words.value("--include").map(|tag| tag.replace('/', "-"));
    let bad = words.value("--level") == Some("ERROR");
    lines.retain(|(_, entity, text)| {
        wanted.as_ref().is_none_or(|wanted| entity == wanted || *entity == format!("unit-{wanted}"))
            && (!bad || text.contains(" ERROR "))
    });
    lines.sort_by_key(|(at, ..)| *at);
    let skipped = lines.len().saturating_sub(limit);
    Script::says(lines.into_iter().skip(skipped).map(|(.., text)| text).collect::<String>())
}

/// The units whose hook failed, with the hook and when.
fn failed_hooks(seat: &Seat<'_>, at: &(String, String), now: Millis) -> Vec<(String, String, Millis)> {
    let store = &seat.guest().juju;
    let model = store.controllers.get(&at.0).and_then(|controller| controller.models.get(&at.1));
    let own = model.iter().flat_map(|model| &model.failures);
    let own = own
        .filter(|failure| failure.from <= now && failure.until.is_none_or(|until| until > now))
        .map(|failure| (failure.unit.clone(), failure.hook.clone(), failure.from));
    let planted = seat.world.planted.iter().flat_map(|planted| planted.at(now));
    let planted = planted.filter_map(|(what, since)| match what {
        Happening::Unit(unit, status, text) if status == "error" => {
            let hook = text.split('"').nth(1).unwrap_or("start").to_owned();
            Some((unit.clone(), hook, since))
        }
        _ => None,
    });
    own.chain(planted).collect()
}
