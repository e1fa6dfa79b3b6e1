//! From nothing to ready: the commands are the planned ones, each with the right streams and environment.

use serde_json::Value;

use crate::calls::{Call, Place};
use crate::fake_laptop::FakeLaptop;

/// The commands that a plan says a fresh laptop needs, with the bridge's name filled in.
fn planned(plan: &Value) -> Vec<(Place, Vec<String>)> {
    let commands =
        plan["steps"].as_array().unwrap().iter().flat_map(|step| step["commands"].as_array().unwrap());
    commands
        .filter(|command| command["effect"] == "changes" && command["when"].is_null())
        .map(|command| {
            let place = if command["on"] == "vm" { Place::Vm } else { Place::Laptop };
            let argv = command["argv"].as_array().unwrap().iter();
            (place, argv.map(|word| word.as_str().unwrap().replace("{bridge}", "lxdbr0")).collect())
        })
        .collect()
}

/// The same of what was run. Without a terminal sudo must not ask, which is the one thing a plan cannot know.
fn run(calls: &[Call]) -> Vec<(Place, Vec<String>)> {
    let without_n = |call: &Call| {
        let mut argv = call.argv.clone();
        if argv[..2] == ["sudo", "-n"] {
            argv.remove(1);
        }
        argv
    };
    calls.iter().filter(|call| call.changes()).map(|call| (call.place, without_n(call))).collect()
}

#[test]
fn up_runs_on_a_fresh_laptop_exactly_what_the_plan_says_and_then_nothing_more() {
    for preset in ["kraft", "kafka", "microstack"] {
        let laptop = FakeLaptop::new();
        let plan =
            laptop.kafstack(&format!("plan --format json --preset {preset}")).exits_with(0).called_nothing();
        let up = laptop.kafstack(&format!("up --yes --preset {preset}")).exits_with(0).prints("");
        assert_eq!(run(&up.calls()), planned(&plan.document()), "{preset}\n{}", up.account());
        laptop.kafstack("up").exits_with(0).changed_nothing().says("there was nothing to do").prints("");
    }
}

#[test]
fn no_tool_sees_a_terminal_or_the_callers_own_environment() {
    let laptop = FakeLaptop::new();
    let up = laptop.kafstack("up --yes --until configure-cloud").exits_with(0);
    for call in up.calls() {
        let line = call.line();
        let fed =
            line.starts_with("multipass launch") || line.starts_with("tee ") || call.place == Place::Inside;
        assert!(fed || call.stdin == "null", "{call:?}");
        assert_eq!((call.no_color.as_str(), call.columns.as_str()), ("1", "256"), "{call:?}");
        assert_eq!((call.lc_all.as_str(), call.juju_model.as_str()), ("C.UTF-8", ""), "{call:?}");
        assert_ne!(call.stdin, "terminal", "{call:?}");
        match call.place {
            Place::Laptop | Place::Vm => {
                assert_eq!(call.out, "pipe", "{call:?}");
                assert_eq!(
                    (&*call.term, &*call.folder),
                    ("dumb", laptop.path("home").to_str().unwrap()),
                    "{call:?}"
                );
            }
            Place::Inside => {
                assert_ne!(call.out, "terminal", "{call:?}");
                assert_eq!(call.folder, laptop.in_vm("home").to_str().unwrap(), "{call:?}");
            }
        }
    }
    let user_data = std::fs::read_to_string(laptop.in_vm("user-data")).unwrap();
    assert!(user_data.contains("fqdn: microstack.multipass\n"), "{user_data}");
    let script = std::fs::read_to_string(laptop.in_vm("home/kafstack/prepare.sh")).unwrap();
    assert!(script.starts_with("#!/bin/bash\n"), "{script}");
}

#[test]
fn the_plan_as_a_script_leads_to_the_same_end() {
    for preset in ["kraft", "kafka", "microstack"] {
        let laptop = FakeLaptop::new().with_variable("KAFSTACK_PLAN_PAUSE", "0");
        let script = laptop.kafstack(&format!("plan --format shell --preset {preset}")).exits_with(0).stdout;
        let path = format!("{}:/usr/bin:/bin", laptop.path("bin").display());
        let laptop = laptop.with_variable("PATH", &path);
        laptop.shell(&script).exits_with(0);
        laptop.kafstack(&format!("status --preset {preset}")).exits_with(0);
    }
}
