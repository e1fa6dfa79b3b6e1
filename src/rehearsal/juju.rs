//! `juju`: its grammar, controllers and models. What is asked for in a model is in `applications.rs`, its status
//! document in `juju_status.rs`, what becomes of units in `charms.rs`.

use serde_json::{Map, Value, json};

use super::applications;
use super::change::Change;
use super::grammar::{Misfit, Words};
use super::guest::Seat;
use super::juju_status;
use super::juju_store::{Controller, Model};
use super::kafka_tools;
use super::script::Script;
use super::timeline::{Draw, MINUTE, Millis, SECOND};
use crate::host::Stream;

/// The flags and valued options of a subcommand; `None` for one that the simulation does not know.
fn grammar(command: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match command {
        "version" => (&["--all"], &["--format"]),
        "controllers" => (&["--refresh"], &["--format"]),
        "show-controller" => (&[], &["--format"]),
        "switch" => (&[], &[]),
        "bootstrap" => (
            &["--no-switch", "--keep-broken"],
            &[
                "--config",
                "--model-default",
                "--constraints",
                "--bootstrap-constraints",
                "--bootstrap-base",
                "--agent-version",
            ],
        ),
        "models" => (&[], &["--controller|-c", "--format"]),
        "add-model" => (&["--no-switch"], &["--controller|-c", "--config", "--credential"]),
        "status" => (
            &["--utc", "--relations", "--integrations", "--storage", "--no-color", "--color"],
            &["--format", "--model|-m", "--retry-count", "--retry-delay", "--watch"],
        ),
        "deploy" => (
            &["--trust", "--force"],
            &[
                "--num-units|-n",
                "--channel",
                "--revision",
                "--base",
                "--config",
                "--constraints",
                "--storage",
                "--model|-m",
            ],
        ),
        "add-unit" => (&[], &["--num-units|-n", "--model|-m"]),
        "integrate" | "relate" => (&[], &["--model|-m"]),
        "exec" => (&[], &["--unit|-u", "--application|-a", "--machine", "--model|-m", "--format", "--wait"]),
        _ => return None,
    })
}

/// Real subcommands that the simulation does not know.
const REAL: [&str; 31] = [
    "run",
    "config",
    "remove-relation",
    "remove-unit",
    "remove-application",
    "remove-machine",
    "destroy-model",
    "destroy-controller",
    "kill-controller",
    "unregister",
    "show-model",
    "show-unit",
    "show-secret",
    "add-secret",
    "grant-secret",
    "update-secret",
    "revoke-secret",
    "secrets",
    "model-config",
    "resolved",
    "retry-provisioning",
    "debug-log",
    "show-task",
    "show-operation",
    "operations",
    "ssh",
    "scp",
    "refresh",
    "whoami",
    "info",
    "wait-for",
];

/// `juju …`.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let Some(command) = argv.get(1).copied() else {
        return Script::fails(2, "ERROR no command");
    };
    if !seat.guest().folders.iter().any(|folder| folder.starts_with("/home/ubuntu/.local/share")) {
        // The strict snap cannot make a hidden folder in the home (juju/juju#16266).
        return Script::fails(
            2,
            "WARNING cannot determine juju home: the snap is strictly confined\nERROR cannot create juju home directory: mkdir /home/ubuntu/.local: permission denied",
        );
    }
    let Some((flags, valued)) = grammar(command) else {
        if REAL.contains(&command) {
            return seat.unknown(argv);
        }
        return Script::fails(
            2,
            format!("ERROR juju: \"{command}\" is not a juju command. See \"juju --help\"."),
        );
    };
    let words = match Words::read(&argv[2..], flags, valued) {
        Ok(words) => words,
        Err(Misfit::Unknown(option)) => {
            return Script::fails(2, format!("ERROR option provided but not defined: {option}"));
        }
        Err(Misfit::NoValue(option)) => {
            return Script::fails(2, format!("ERROR option needs an argument: {option}"));
        }
    };
    let took = seat.draw().about(&format!("juju {command}"), 900);
    match command {
        "version" => version(seat, &words),
        "controllers" => controllers(seat, &words),
        "show-controller" => show_controller(seat, &words).taking(took),
        "switch" => switch(seat, &words),
        "bootstrap" => bootstrap(seat, &words),
        "models" => models(seat, &words).taking(took),
        "add-model" => add_model(seat, &words),
        "status" => juju_status::run(seat, &words).taking(took),
        "deploy" => applications::deploy(seat, &words),
        "add-unit" => applications::add_unit(seat, &words).taking(took),
        "integrate" | "relate" => applications::integrate(seat, &words).taking(took),
        _ => kafka_tools::exec(seat, &words),
    }
}

/// `version`.
fn version(seat: &Seat<'_>, words: &Words<'_>) -> Script {
    let version = agent_version(seat);
    if words.has("--all") {
        return Script::json(
            &json!({ "version": format!("{version}-ubuntu-amd64"), "git-commit": "0a1b2c3d", "git-tree-state": "clean" }),
        );
    }
    Script::says(format!("{version}-ubuntu-amd64\n"))
}

/// The version of the client, which its controllers run as well.
pub fn agent_version(seat: &Seat<'_>) -> String {
    seat.guest().snaps.get("juju").map_or_else(|| "3.6.11".to_owned(), |snap| snap.version.clone())
}

/// Whether the APIs of controllers answer: not in the first minute after a start of the VM.
pub fn api_answers(seat: &Seat<'_>) -> bool {
    seat.now() >= seat.guest().booted + seat.draw().about("controllers after a start", 70 * SECOND)
}

/// What a command says whose controller does not answer.
fn no_api(controller: &Controller) -> Script {
    let address = &controller.address;
    Script::fails(1, format!("ERROR opening API connection: unable to connect to API: dial tcp {address}:17070: connect: connection refused")).taking(3 * SECOND)
}

/// The controller of that name, if the store knows it and it answers.
pub fn reach<'s>(seat: &'s Seat<'_>, name: &str) -> Result<&'s Controller, Script> {
    let Some(controller) = seat.guest().juju.controllers.get(name) else {
        return Err(Script::fails(1, format!("ERROR controller {name} not found")));
    };
    if controller.ready && api_answers(seat) { Ok(controller) } else { Err(no_api(controller)) }
}

/// The controller and model that `-m` names.
pub fn target(seat: &Seat<'_>, words: &Words<'_>) -> Result<(String, String), Script> {
    let store = &seat.guest().juju;
    if store.controllers.is_empty() {
        return Err(no_controllers());
    }
    let Some(named) = words.value("--model") else {
        return Err(Script::fails(
            1,
            "ERROR No model in focus.\n\nPlease use \"juju models\" to see models available to you.",
        ));
    };
    let (controller, model) = named.split_once(':').unwrap_or((store.current.as_str(), named));
    let model = model.split_once('/').map_or(model, |(_, model)| model);
    reach(seat, controller)?;
    if model != "controller" && !store.controllers[controller].models.contains_key(model) {
        return Err(Script::fails(1, format!("ERROR model {controller}:admin/{model} not found")));
    }
    Ok((controller.to_owned(), model.to_owned()))
}

/// The words of a client without any controller.
fn no_controllers() -> Script {
    Script::fails(
        1,
        "ERROR No controllers registered.\n\nPlease either create a new controller using \"juju bootstrap\" or connect to\nanother controller that you have been given access to using \"juju register\".",
    )
}

/// `controllers`: the local store alone.
fn controllers(seat: &Seat<'_>, words: &Words<'_>) -> Script {
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
fn show_controller(seat: &Seat<'_>, words: &Words<'_>) -> Script {
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

/// `switch`.
fn switch(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
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

/// A controller that begins at that time.
pub fn controller(draw: Draw, name: &str, cloud: &str, address: &str, at: Millis) -> Controller {
    Controller {
        cloud: cloud.to_owned(),
        address: address.to_owned(),
        uuid: draw.uuid(name),
        hex: draw.hex(&format!("{name}/controller"), 6),
        created: at,
        ready: false,
        user: "admin".to_owned(),
        models: std::collections::BTreeMap::new(),
    }
}

/// `bootstrap localhost NAME`.
fn bootstrap(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let ["localhost", name] = words.operands[..] else {
        return if words.operands.len() == 2 {
            Script::fails(
                1,
                format!(
                    "ERROR unknown cloud \"{}\", please try \"juju update-public-clouds\"",
                    words.operands[0]
                ),
            )
        } else {
            seat.unknown(&["juju", "bootstrap"])
        };
    };
    let name = name.to_lowercase();
    if let Some(wanted) = words.value("--agent-version") {
        let own = agent_version(seat);
        let line = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
        if line(wanted) != line(&own) {
            return Script::fails(1, format!("ERROR this client can only bootstrap {} agents", line(&own)));
        }
    }
    let lxd_ready = seat.guest().lxd.bridge.is_some();
    if !seat.guest().snaps.contains_key("lxd") {
        return Script::fails(
            1,
            "ERROR LXD socket not found; is LXD installed & running?\n\nPlease install LXD by running:\n\t$ sudo snap install lxd\nand then configure it with:\n\t$ newgrp lxd\n\t$ lxd init",
        );
    }
    if !seat.in_group("lxd") {
        return Script::fails(1, "ERROR Permission denied, are you in the lxd group?");
    }
    if seat.guest().juju.controllers.contains_key(&name) {
        return Script::fails(1, format!("ERROR controller \"{name}\" already exists"));
    }
    if !lxd_ready {
        return Script::fails(1, "ERROR profile \"default\": juju requires a network device; run `lxd init`")
            .taking(3 * SECOND);
    }
    if !seat.guest().lxd.ipv6.is_empty() && seat.guest().lxd.ipv6 != "none" {
        return Script::fails(1, format!("ERROR juju does not support IPv6. Disable IPv6 in LXD via:\n\tlxc network set {} ipv6.address none", seat.guest().lxd.bridge.clone().unwrap_or_default())).taking(3 * SECOND);
    }
    bootstrap_stages(seat, 0, &name, !words.has("--no-switch"))
}

/// The stages of a bootstrap that begins after so long. Juju writes its store before the container is up
/// (juju/juju:environs/bootstrap/prepare.go).
pub fn bootstrap_stages(seat: &mut Seat<'_>, after: Millis, name: &str, switch: bool) -> Script {
    let draw = seat.draw();
    let mut script = Script::default();
    let mut say = |at, text: String| script.say(at, Stream::Stderr, format!("{text}\n"));
    if !seat.world.laptop.network {
        say(0, format!("Creating Juju controller \"{name}\" on localhost/localhost"));
        say(MINUTE, "ERROR failed to bootstrap model: cannot get available image metadata".to_owned());
        return script.ends(MINUTE, 1);
    }
    let took = draw.about(&format!("juju bootstrap {name}"), 4 * MINUTE);
    let address =
        format!("{}.{}", seat.guest().lxd.subnet, draw.between(&format!("address of {name}"), 2, 19));
    let mut made = controller(draw, name, "localhost", &address, seat.now() + after);
    made.user = "admin".to_owned();
    let hex = made.hex.clone();
    let part = |percent: i64| took * percent / 100;
    say(0, format!("Creating Juju controller \"{name}\" on localhost/localhost"));
    say(part(1), format!("Looking for packaged Juju agent version {} for amd64", agent_version(seat)));
    say(part(3), "To configure your system to better support LXD containers, please see: https://documentation.ubuntu.com/lxd/en/latest/explanation/performance_tuning/".to_owned());
    say(part(4), "Launching controller instance(s) on localhost/localhost...".to_owned());
    say(part(38), format!(" - juju-{hex}-0 (arch=amd64)"));
    say(part(39), "Installing Juju agent on bootstrap instance".to_owned());
    say(part(42), "Waiting for address".to_owned());
    say(part(44), format!("Attempting to connect to {address}:22"));
    say(part(50), format!("Connected to {address}"));
    say(part(51), "Running machine configuration script...".to_owned());
    say(part(88), "Bootstrap agent now started".to_owned());
    say(part(90), format!("Contacting Juju controller at {address} to verify accessibility..."));
    say(
        took,
        format!(
            "\nBootstrap complete, controller \"{name}\" is now available\nController machines are in the \"controller\" model\n\nNow you can run\n\tjuju add-model <model-name>\nto create a new model to deploy workloads."
        ),
    );
    let known = Change::ControllerKnown { name: name.to_owned(), controller: Box::new(made), switch };
    if after == 0 {
        let vm = seat.vm.clone();
        known.apply(seat.world, &vm);
        seat.world.touched = true;
    } else {
        seat.later(after, known);
    }
    seat.later(after + took - SECOND, Change::ControllerReady(name.to_owned()));
    script.ends(took, 0)
}

/// `models`.
fn models(seat: &Seat<'_>, words: &Words<'_>) -> Script {
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
    let rows: Vec<Value> = all
        .map(|(model, of)| {
            let machines: Map<String, Value> = of.machines.keys().map(|id| (id.to_string(), json!({ "cores": 0 }))).collect();
            json!({ "name": format!("admin/{model}"), "short-name": model, "model-uuid": of.uuid, "model-type": kind,
                "controller-uuid": controller.uuid, "controller-name": name, "is-controller": model == "controller",
                "owner": "admin", "cloud": controller.cloud, "region": "localhost", "type": cloud_type, "life": "alive",
                "status": { "current": "available", "since": format!("{} minutes ago", (seat.now() - of.created) / MINUTE) },
                "users": { "admin": { "display-name": "admin", "access": "admin", "last-connection": "just now" } },
                "machines": machines, "sla": "unsupported", "agent-version": agent_version(seat) })
        })
        .collect();
    Script::json(&json!({ "models": rows, "current-model": "" }))
}

/// `add-model NAME`.
fn add_model(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
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

/// The model that the command is about, to change it. The target was found before, so nothing is made here.
pub fn model_mut<'s>(seat: &'s mut Seat<'_>, at: &(String, String)) -> &'s mut Model {
    let controller = seat.guest_mut().juju.controllers.entry(at.0.clone()).or_default();
    controller.models.entry(at.1.clone()).or_default()
}
