//! What came about in a model since somebody last asked: what was removed is gone, processes went on.

use super::super::charms::test_app;
use super::super::kafka::Topic;
use super::super::timeline::{Draw, Millis, SECOND};
use super::store::Model;

/// How long a unit takes to go.
fn leaving(draw: Draw, unit: &str) -> Millis {
    draw.about(&format!("{unit} goes"), 22 * SECOND)
}

/// Brings the model up to now; `true` if something changed.
pub fn settle(model: &mut Model, draw: Draw, now: Millis, booted: Millis) -> bool {
    let mut changed = false;
    // Twice, so that one may read what another wrote, whatever their names.
    for _ in 0..2 {
        let apps: Vec<String> = model
            .applications
            .iter()
            .filter(|(_, app)| app.charm == "kafka-test-app")
            .map(|(name, _)| name.clone())
            .collect();
        for name in apps {
            changed |= test_app::go_on(model, &name, draw, now, booted);
        }
    }
    changed |= orphans(model);
    changed | removals(model, draw, now)
}

/// A consumer that nobody listens to ends with the next record that it tries to print.
fn orphans(model: &mut Model) -> bool {
    let mut changed = false;
    for cluster in model.clusters.values_mut() {
        let before = cluster.clients.len();
        let topics = &cluster.topics;
        cluster.clients.retain(|client| {
            let topic = client.reads.as_ref().and_then(|(_, topic)| topics.get(topic));
            client.orphan.is_none_or(|then| topic.map_or(0, Topic::records) <= then)
        });
        changed |= cluster.clients.len() != before;
    }
    changed
}

/// Takes away what has left.
fn removals(model: &mut Model, draw: Draw, now: Millis) -> bool {
    let failing: Vec<String> = model
        .failures
        .iter()
        .filter(|failure| failure.from <= now && failure.until.is_none_or(|until| until > now))
        .map(|failure| failure.unit.clone())
        .collect();
    let mut changed = false;
    let mut vacated = Vec::new();
    for (name, application) in &mut model.applications {
        application.units.retain(|number, unit| {
            let id = format!("{name}/{number}");
            // A unit whose hook failed does not go by itself.
            let left = unit.dying.map(|dying| dying + leaving(draw, &id));
            let Some(left) = left.filter(|left| *left <= now && !failing.contains(&id)) else { return true };
            vacated.push((id, unit.machine, left));
            false
        });
    }
    for (unit, machine, left) in vacated {
        for cluster in model.clusters.values_mut() {
            cluster.clients.retain(|client| client.unit != unit);
        }
        if let Some(machine) = model.machines.get_mut(&machine) {
            machine.dying = Some(left);
        }
        changed = true;
    }
    let gone: Vec<String> = model
        .applications
        .iter()
        .filter(|(_, application)| application.dying.is_some() && application.units.is_empty())
        .map(|(name, _)| name.clone())
        .collect();
    for name in gone {
        if let Some(application) = model.applications.remove(&name) {
            model.numbers.insert(name.clone(), application.next_unit);
        }
        model.clusters.remove(&name);
        model.secrets.retain(|secret| secret.owner != name);
        model.failures.retain(|failure| failure.unit.split('/').next() != Some(name.as_str()));
        changed = true;
    }
    let before = model.machines.len();
    model.machines.retain(|_, machine| machine.dying.is_none_or(|dying| dying + 12 * SECOND > now));
    changed | (before != model.machines.len())
}
