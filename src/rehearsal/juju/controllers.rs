//! `juju controllers`, `show-controller`, `switch`, `models`, `add-model`, `kill-controller`.

use serde_json::{Map, Value, json};

use super::super::change::Change;
use super::super::events::Is;
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{MINUTE, SECOND};
use super::store::Model;
use super::{agent_version, no_controllers, reach};
use crate::host::Stream;

/// `controllers`: the local store alone.
pub fn controllers(seat: &Seat<'_>, words: &Words<'_>) -> Script {
    let store = &seat.guest().juju;
    if words.value("--format") != Some("json") {
        return if store.controllers.is_empty() {
            no_controllers()
        } else {
            Script::unknown(&["juju", "controllers"])
        };
    }
    if store.controllers.is_empty() {
        return Script::json(&json!({ "controllers": null, "current-controller": "" }));
    }
    let version = agent_version(seat);
    let mut all = Map::new();
    for (name, controller) in &store.controllers {
        let machines: usize = controller.models.values().map(|model| model.machines.len()).sum();
        let region = if controller.cloud == "localhost" { "localhost" } else { "default" };
        all.insert(name.clone(), json!({
            "user": controller.user, "access": "superuser", "recent-server": format!("{}:17070", controller.address),
            "controller-machines": { "Active": 1, "Total": 1 }, "uuid": controller.uuid,
            "api-endpoints": [format!("{}:17070", controller.address)], "ca-cert": "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n",
            "cloud": controller.cloud, "region": region, "agent-version": version,
            "model-count": controller.models.len() + 1, "machine-count": machines + 1 }));
    }
    Script::json(&json!({ "controllers": all, "current-controller": store.current }))
}

/// `show-controller`: asks the controller itself.
pub fn show_controller(seat: &Seat<'_>, words: &Words<'_>) -> Script {
    let store = &seat.guest().juju;
    let name = words.operands.first().copied().unwrap_or(&store.current);
    if store.controllers.is_empty() {
        return no_controllers();
    }
    if name.is_empty() {
        return Script::fails(1, "ERROR there is no active controller");
    }
    let controller = match reach(seat, name) {
        Ok(controller) => controller,
        Err(script) => return script,
    };
    let mut models = Map::new();
    models.insert(
        "controller".to_owned(),
        json!({ "model-uuid": seat.draw().uuid(&format!("{name}/controller")) }),
    );
    for (model, of) in &controller.models {
        models.insert(model.clone(), json!({ "model-uuid": of.uuid }));
    }
    let region = if controller.cloud == "localhost" { "localhost" } else { "default" };
    let details = json!({ "uuid": controller.uuid, "api-endpoints": [format!("{}:17070", controller.address)],
        "cloud": controller.cloud, "region": region, "agent-version": agent_version(seat) });
    Script::json(&json!({ name: { "details": details,
        "controller-machines": { "0": { "instance-id": format!("juju-{}-0", controller.hex) } },
        "models": models, "account": { "user": controller.user, "access": "superuser" } } }))
}

/// `kill-controller`: through the controller, or past it when that does not answer within five minutes
/// (juju/juju:cmd/juju/controller/kill.go).
pub fn kill(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let ([name], true, None) = (&words.operands[..], words.has("--no-prompt"), words.value("--timeout"))
    else {
        return seat.unknown(&["juju", "kill-controller"]);
    };
    if !seat.guest().juju.controllers.contains_key(*name) {
        return Script::fails(1, format!("ERROR controller {name} not found"));
    }
    let mut script = Script::default();
    let mut took = seat.draw().about("juju kill-controller", 40 * SECOND);
    if reach(seat, name).is_err() {
        script.say(0, Stream::Stderr, "Unable to open API: unable to connect to API\n");
        took += 5 * MINUTE;
        script.say(
            5 * MINUTE,
            Stream::Stderr,
            "Unable to connect to the API server, destroying through provider\n",
        );
    }
    seat.later(took, Change::ControllerKilled((*name).to_owned()));
    script.say(took, Stream::Stderr, "All models reclaimed, cleaning up controller machines\n");
    script.ends(took, 0)
}

/// `switch`.
pub fn switch(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let old = seat.guest().juju.current.clone();
    match words.operands[..] {
        [] if old.is_empty() => Script::fails(1, "ERROR no currently specified model"),
        [] => Script::says(format!("{old}\n")),
        [name] => {
            let controller = name.split(':').next().unwrap_or(name);
            if !seat.guest().juju.controllers.contains_key(controller) {
                return Script::fails(
                    1,
                    format!(
                        "ERROR cannot determine if \"{name}\" is a valid model: controller {name} not found"
                    ),
                );
            }
            seat.guest_mut().juju.current = controller.to_owned();
            let said = if old == controller {
                format!("{old} (no change)\n")
            } else {
                format!("{old} -> {controller}\n")
            };
            Script::silent().err(said)
        }
        _ => Script::fails(2, format!("ERROR unrecognized args: {:?}", &words.operands[1..])),
    }
}

/// `models`.
pub fn models(seat: &Seat<'_>, words: &Words<'_>) -> Script {
    let store = &seat.guest().juju;
    if store.controllers.is_empty() {
        return no_controllers();
    }
    let name = words.value("--controller").unwrap_or(&store.current);
    let controller = match reach(seat, name) {
        Ok(controller) => controller,
        Err(script) => return script,
    };
    if words.value("--format") != Some("json") {
        return Script::unknown(&["juju", "models"]);
    }
    let draw = seat.draw();
    let own = (
        format!("{name}/controller"),
        Model {
            uuid: draw.uuid(&format!("{name}/controller")),
            created: controller.created,
            ..Model::default()
        },
    );
    let all = std::iter::once(("controller", &own.1))
        .chain(controller.models.iter().map(|(name, model)| (name.as_str(), model)));
    let (kind, cloud_type) =
        if controller.cloud.ends_with("-k8s") { ("caas", "kubernetes") } else { ("iaas", "lxd") };
    let planted = |model: &str| seat.world.planted.as_ref()?.model(model, seat.now());
    let condition = |model: &str| match planted(model) {
        Some((Is::Suspended, _)) => "suspended",
        Some((Is::Destroying, _)) => "destroying",
        _ => "available",
    };
    let rows: Vec<Value> = all
        .map(|(model, of)| {
            let machines: Map<String, Value> = of.machines.keys().map(|id| (id.to_string(), json!({ "cores": 0 }))).collect();
            json!({ "name": format!("admin/{model}"), "short-name": model, "model-uuid": of.uuid, "model-type": kind,
                "controller-uuid": controller.uuid, "controller-name": name, "is-controller": model == "controller",
                "owner": "admin", "cloud": controller.cloud, "region": "localhost", "type": cloud_type,
                "life": if condition(model) == "destroying" { "dying" } else { "alive" },
                "status": { "current": condition(model), "since": format!("{} minutes ago", (seat.now() - of.created) / MINUTE) },
                "users": { "admin": { "display-name": "admin", "access": "admin", "last-connection": "just now" } },
                "machines": machines, "sla": "unsupported", "agent-version": agent_version(seat) })
        })
        .collect();
    Script::json(&json!({ "models": rows, "current-model": "" }))
}

/// `add-model NAME`.
pub fn add_model(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let [name] = words.operands[..] else {
        return Script::fails(2, "ERROR model name is required");
    };
    let store = &seat.guest().juju;
    let target = words.value("--controller").unwrap_or(&store.current).to_owned();
    if let Err(script) = reach(seat, &target) {
        return script;
    }
    if store.controllers[&target].models.contains_key(name) {
        return Script::fails(
            1,
            format!(
                "ERROR failed to create new model: model \"{name}\" for admin already exists (already exists)"
            ),
        );
    }
    let model = Model {
        uuid: seat.draw().uuid(&format!("{target}:{name}")),
        created: seat.now(),
        ..Model::default()
    };
    let switch = !words.has("--no-switch");
    let store = &mut seat.guest_mut().juju;
    if let Some(controller) = store.controllers.get_mut(&target) {
        controller.models.insert(name.to_owned(), model);
    }
    if switch {
        store.current = target;
    }
    let said =
        format!("Added '{name}' model on localhost/localhost with credential 'localhost' for user 'admin'\n");
    Script::silent().err(said).taking(4 * SECOND)
}
