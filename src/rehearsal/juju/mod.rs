//! `juju`: its grammar, and how a command finds its controller and model. Each group of subcommands has a file
//! beside this one; what becomes of units is in `charms`.

mod actions;
mod bootstrap;
mod config;
mod controllers;
mod debug_log;
mod deploy;
mod exec;
mod machines;
mod relations;
mod removal;
pub mod secrets;
pub mod settle;
pub mod status;
mod status_parts;
pub mod store;
mod unit_status;
mod units;

use serde_json::json;

pub use self::bootstrap::{bootstrap_stages, controller};
use self::store::{Controller, Model};
use super::grammar::{Misfit, Words};
use super::guest::Seat;
use super::script::Script;
use super::timeline::SECOND;

/// The flags and valued options of a subcommand; `None` for one that the simulation does not know.
fn grammar(command: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match command {
        "version" => (&["--all"], &["--format"]),
        "controllers" => (&["--refresh"], &["--format"]),
        "show-controller" => (&[], &["--format"]),
        "switch" => (&[], &[]),
        "kill-controller" => (&["--no-prompt"], &["--timeout|-t"]),
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
        "machines" | "show-machine" => (&["--utc", "--no-color"], &["--format", "--model|-m"]),
        "debug-log" => (
            &["--replay", "--no-tail", "--utc"],
            &["--limit|-n", "--include|-i", "--level|-l", "--model|-m", "--color"],
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
        "remove-unit" | "remove-application" => {
            (&["--no-prompt", "--destroy-storage", "--force", "--no-wait"], &["--model|-m"])
        }
        "remove-relation" => (&["--force"], &["--model|-m"]),
        "resolved" => (&["--no-retry"], &["--model|-m"]),
        "config" => (&[], &["--model|-m", "--format", "--reset"]),
        "run" => (&["--string-args", "--utc"], &["--model|-m", "--format", "--wait"]),
        "add-secret" | "update-secret" => (&[], &["--model|-m", "--file", "--info"]),
        "grant-secret" | "remove-secret" => (&[], &["--model|-m"]),
        "secrets" => (&[], &["--model|-m", "--format"]),
        "show-secret" => (&["--reveal"], &["--model|-m", "--format"]),
        "integrate" | "relate" => (&[], &["--model|-m"]),
        "exec" => (&[], &["--unit|-u", "--application|-a", "--machine", "--model|-m", "--format", "--wait"]),
        _ => return None,
    })
}

/// Real subcommands that the simulation does not know.
const REAL: [&str; 17] = [
    "remove-machine",
    "destroy-model",
    "destroy-controller",
    "unregister",
    "show-model",
    "show-unit",
    "revoke-secret",
    "model-config",
    "retry-provisioning",
    "show-task",
    "show-operation",
    "operations",
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
    up_to_date(seat);
    if command == "ssh" {
        return exec::ssh(seat, &argv[2..]);
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
    let own =
        words.value("--model").is_some_and(|model| model == "controller" || model.ends_with(":controller"));
    if own && command != "status" {
        return seat.unknown(argv);
    }
    let took = seat.draw().about(&format!("juju {command}"), 900);
    match command {
        "version" => version(seat, &words),
        "controllers" => controllers::controllers(seat, &words),
        "show-controller" => controllers::show_controller(seat, &words).taking(took),
        "switch" => controllers::switch(seat, &words),
        "kill-controller" => controllers::kill(seat, &words),
        "bootstrap" => bootstrap::bootstrap(seat, &words),
        "models" => controllers::models(seat, &words).taking(took),
        "add-model" => controllers::add_model(seat, &words),
        "status" => status::run(seat, &words).taking(took),
        "machines" => machines::all(seat, &words).taking(took),
        "show-machine" => machines::show(seat, &words).taking(took),
        "debug-log" => debug_log::run(seat, &words).taking(took),
        "deploy" => deploy::deploy(seat, &words),
        "add-unit" => deploy::add_unit(seat, &words).taking(took),
        "integrate" | "relate" => relations::integrate(seat, &words).taking(took),
        "remove-relation" => relations::remove(seat, &words).taking(took),
        "remove-unit" => removal::unit(seat, &words).taking(took),
        "remove-application" => removal::application(seat, &words).taking(took),
        "resolved" => removal::resolved(seat, &words).taking(took),
        "config" => config::run(seat, &words).taking(took),
        "run" => actions::run(seat, &words),
        "add-secret" => secrets::write(seat, &words, true).taking(took),
        "update-secret" => secrets::write(seat, &words, false).taking(took),
        "grant-secret" => secrets::grant(seat, &words).taking(took),
        "remove-secret" => secrets::remove(seat, &words).taking(took),
        "secrets" => secrets::list(seat, &words).taking(took),
        "show-secret" => secrets::show(seat, &words).taking(took),
        _ => exec::exec(seat, &words),
    }
}

/// Brings every model up to now.
fn up_to_date(seat: &mut Seat<'_>) {
    let (draw, now, booted) = (seat.draw(), seat.now(), seat.guest().booted);
    let vm = seat.vm.clone();
    let Some(guest) = seat.world.vms.get_mut(&vm).map(|vm| &mut vm.guest) else { return };
    let models = guest.juju.controllers.values_mut().flat_map(|controller| controller.models.values_mut());
    let mut changed = false;
    for model in models {
        changed |= settle::settle(model, draw, now, booted);
    }
    seat.world.touched |= changed;
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
    if seat.world.controller_stopped(name) {
        let address = &controller.address;
        let text = format!(
            "ERROR opening API connection: unable to connect to API: dial tcp {address}:17070: connect: no route to host"
        );
        return Err(Script::fails(1, text).taking(9 * SECOND));
    }
    if name == "sunbeam-controller" && seat.guest().cloud.session_expired {
        return Err(Script::fails(1, "ERROR invalid entity name or password (unauthorized access)"));
    }
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

/// The model that the command is about. The target was found before.
pub fn model<'s>(seat: &'s Seat<'_>, at: &(String, String)) -> &'s Model {
    &seat.guest().juju.controllers[&at.0].models[&at.1]
}

/// The model that the command is about, to change it. The target was found before, so nothing is made here.
pub fn model_mut<'s>(seat: &'s mut Seat<'_>, at: &(String, String)) -> &'s mut Model {
    let controller = seat.guest_mut().juju.controllers.entry(at.0.clone()).or_default();
    controller.models.entry(at.1.clone()).or_default()
}
