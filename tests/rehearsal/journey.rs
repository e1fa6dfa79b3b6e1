//! The whole journey.

use std::path::Path;

use serde_json::Value;

use crate::stage::Stage;

impl Stage {
    /// The events of an `up` that ends with this exit code.
    #[track_caller]
    fn told(&self, words: &str, code: i32) -> Vec<Value> {
        let out = self.exits(&format!("{words} --events -"), code).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The changing commands among events: place and words.
fn changes(events: &[Value]) -> Vec<String> {
    let changing = events.iter().filter(|e| e["event"] == "command-started" && e["effect"] == "changes");
    changing.map(|e| line(&e["on"], &e["argv"])).collect()
}

/// Place and words in one line.
fn line(on: &Value, argv: &Value) -> String {
    let words: Vec<&str> = argv.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    format!("{}: {}", on.as_str().unwrap(), words.join(" "))
}

const PRESETS: [(&str, usize, usize); 5] =
    [("microstack", 5, 3), ("single", 1, 1), ("kafka", 1, 3), ("kraft", 0, 1), ("jammy", 5, 3)];

#[test]
fn every_preset_comes_to_ready_by_the_commands_of_its_plan_and_a_second_up_only_asks() {
    for (preset, zookeeper, kafka) in PRESETS {
        let stage = Stage::empty();
        let plan: Value = stage.exits(&format!("plan --format json --preset {preset}"), 0).json();
        let planned: Vec<String> = plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|step| step["commands"].as_array().unwrap())
            .filter(|command| command["effect"] == "changes" && command["when"].is_null())
            .map(|command| line(&command["on"], &command["argv"]))
            .map(|line| line.replace("{bridge}", "lxdbr0"))
            .collect();
        let events = stage.told(&format!("up --preset {preset}"), 0);
        // Without a terminal sudo must not ask.
        let ran: Vec<String> =
            changes(&events).iter().map(|l| l.replace("laptop: sudo -n ", "laptop: sudo ")).collect();
        assert_eq!(ran, planned, "preset {preset}");
        assert_eq!(events.last().unwrap()["outcome"], "ready");
        assert!(events.iter().all(|event| event["rehearsal"] == true && event["v"] == 1));

        let again = stage.told("up", 0);
        assert_eq!(changes(&again), [""; 0], "preset {preset}");

        let status: Value = stage.exits("status --format json", 0).json();
        assert_eq!((&status["ready"], &status["kafka_ready"]), (&Value::Bool(true), &Value::Bool(true)));
        assert_eq!(status["schema"], "kafstack/status/v1");
        let applications = status["model"]["applications"].as_array().unwrap();
        for (name, units) in [("zookeeper", zookeeper), ("kafka", kafka)] {
            let there = applications.iter().find(|a| a["name"] == name).map_or(0, |a| {
                let units = a["units"].as_array().unwrap();
                // Every five minutes an agent at rest runs `update-status` for a moment.
                let at_rest = |unit: &Value| ["idle", "executing"].contains(&unit["agent"].as_str().unwrap());
                assert!(units.iter().all(|u| u["workload"] == "active" && at_rest(u)), "{units:#?}");
                units.len()
            });
            assert_eq!(there, units, "{name} in {preset}");
        }

        stage.exits("down --yes", 0);
        stage.exits("status", 7);
        stage.exits("down --yes", 0);
        stage.exits(&format!("up --preset {preset} --yes"), 0);
        stage.knew_everything();
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let run = |words: &str| Stage::empty().exits(words, 0).out;
    let first = run("up --preset kraft --events - --seed 7");
    assert_eq!(first, run("up --preset kraft --events - --seed 7"));
    assert_eq!(first, run("up --preset kraft --events - --seed 7 --speed 1000000"));
    assert_ne!(first, run("up --preset kraft --events - --seed 8"));
}

#[test]
fn an_up_says_nothing_on_stdout_unless_events_are_asked_for() {
    assert_eq!(Stage::empty().exits("up --preset kraft", 0).out, "");
}

#[test]
fn a_real_down_believes_nothing_of_a_rehearsal() {
    let stage = Stage::empty();
    stage.exits("up --preset kraft", 0);
    assert!(stage.path("state/kafstack-rehearsal").is_dir());
    assert!(!Path::new(&stage.path("state/kafstack")).exists());
}

#[test]
fn units_are_added_by_an_up_that_asks_for_more_and_other_differences_are_refused() {
    let stage = Stage::empty();
    stage.exits("up --preset kafka", 0);
    let events = stage.told("up --set kafka.units=4", 0);
    assert_eq!(changes(&events), ["vm: juju add-unit kafka -n 1 -m overlord:demo"]);
    // What is in force now is four.
    assert_eq!(changes(&stage.told("up", 0)), [""; 0]);
    for words in [
        "up --set kafka.units=2",
        "up --set vm.memory=16G",
        "up --preset kraft",
        "up --set kafka.channel=3/edge",
    ] {
        stage.exits(words, 2);
    }
    stage.exits("status", 0);
}

#[test]
fn a_scenario_plants_what_it_says() {
    let stage = Stage::empty();
    let scenario = "faults:\n  - { command: \"juju deploy kafka\", times: 1, fails: { code: 1, stderr: \"ERROR nothing today\" } }\n";
    std::fs::write(stage.path("bad-day.yaml"), scenario).unwrap();
    stage.exits("up --preset kraft --scenario bad-day.yaml", 4);
    stage.exits("up", 0);
    std::fs::write(stage.path("wrong.yaml"), "faultss: []\n").unwrap();
    stage.exits("up --scenario wrong.yaml", 2);
}

#[test]
fn what_is_advised_to_be_typed_in_the_vm_can_be_typed_in_a_rehearsal_and_a_shell_cannot() {
    let stage = Stage::empty();
    stage.fails("shell --rehearse -- true", 7, "not-ready");
    stage.exits("up --preset kraft", 0);
    let said = stage.exits("shell --rehearse -- make tea", 1);
    assert!(said.err.contains("this command: make tea"), "{}", said.err);
    let said = stage.exits("shell --rehearse -- lxc list --format json", 0);
    assert!(said.out.contains("juju-"), "{}", said.out);
    stage.fails("shell", 2, "usage");
    stage.fails("shell kafka/0 --rehearse -- ls", 2, "usage");
}

#[test]
fn a_launch_that_hangs_in_multipass_is_waited_for_and_it_is_said_how_to_end_it() {
    let stage = Stage::empty();
    let frozen = "faults: [ { command: multipass launch, times: 1, freezes_after: 3s } ]";
    std::fs::write(stage.path("frozen.yaml"), frozen).unwrap();
    stage.fails("up --preset kraft --scenario frozen.yaml", 4, "launch-failed");
    let said = stage.fails("up --preset kraft", 5, "vm-not-ready").err;
    assert!(said.contains("\"microstack\" is being prepared\"; kafstack waits for that launch"), "{said}");
    assert!(said.contains("`sudo snap restart multipass` ends it"), "{said}");
}
