//! The applications beside Kafka.

use serde_json::Value;

use crate::stage::{Stage, files};

const NAMES: [&str; 3] = ["kafka-connect", "kafka-ui", "karapace"];

#[test]
fn each_neighbour_comes_answers_and_goes_on_either_track() {
    for preset in ["single", "kraft"] {
        let stage = Stage::ready(preset);
        for name in NAMES {
            let missing = stage.fails(&format!("remove {name} --yes"), 2, "usage");
            assert!(missing.err.contains(&format!("there is no `{name}`")), "{}", missing.err);
            stage.exits(&format!("remove {name} --if-exists"), 0);

            let added = stage.exits(&format!("add {name} --format json"), 0);
            assert!(added.err.contains("an estimate"), "{}", added.err);
            let shown = added.json();
            assert_eq!(
                (&shown["schema"], &shown["password"]),
                (&"kafstack/add/v1".into(), &Value::Null),
                "{name}"
            );
            assert!(shown["url"].as_str().unwrap().starts_with("http"));
            let changes = stage.changes();
            assert!(changes[0].starts_with(&format!("juju deploy {name} --channel ")), "{changes:?}");
            assert!(changes[1].starts_with(&format!("juju integrate {name}:kafka")), "{changes:?}");

            let again = stage.exits(&format!("add {name}"), 0);
            assert!(
                again.err.contains("nothing to do") && !again.err.contains("an estimate"),
                "{}",
                again.err
            );
            assert!(again.out.contains("(hidden; --reveal shows it)"), "{}", again.out);
            assert_eq!(stage.changes(), [""; 0], "{name}");
            let revealed = stage.exits(&format!("add {name} --reveal --format json"), 0).json();
            assert!(revealed["password"].as_str().unwrap().len() > 8);
        }
        stage.exits("status", 0);
        for name in NAMES {
            let asked = stage.fails(&format!("remove {name}"), 2, "not-confirmed");
            assert!(asked.err.contains(&format!("this removes the application `{name}`")), "{}", asked.err);
            stage.exits(&format!("remove {name} --yes"), 0);
            let removed = format!("juju remove-application {name} --no-prompt -m overlord:demo");
            assert_eq!(stage.changes()[1], removed);
            stage.fails(&format!("remove {name} --yes"), 2, "usage");
        }
        stage.exits("status", 0);
        // Anew: the heartbeats of before do not count.
        stage.exits("add kafka-connect", 0);
        assert!(stage.changes().iter().any(|line| line.contains("curl -sS -m 30 -K /root/kafstack-request")));
        stage.knew_everything();
    }
}

#[test]
fn connect_ends_with_a_record_that_its_connector_wrote() {
    let stage = Stage::ready("single");
    let said = stage.exits("add kafka-connect", 0);
    assert!(said.err.contains("not verified on a real stack"), "{}", said.err);
    let described = stage.exits("topic describe heartbeats --format json", 0).json();
    assert_eq!(described["topic"]["name"], "heartbeats", "{described}");
    let changes = stage.changes();
    assert_eq!(
        changes.last().unwrap().split(" -- ").last().unwrap(),
        "rm -f /root/kafstack-request",
        "{changes:?}"
    );
}

#[test]
fn what_broke_off_is_finished_by_the_same_command() {
    let stage = Stage::ready("single");
    stage.interrupted("add kafka-connect", "juju integrate kafka-connect:kafka-client");
    stage.interrupted("add kafka-connect", "juju grant-secret");
    stage.interrupted("add kafka-connect", "juju ssh");
    stage.exits("add kafka-connect", 0);
    assert!(!stage.changes().iter().any(|line| line.contains("add-secret") || line.contains("deploy")));
    stage.interrupted("remove kafka-connect --yes", "juju remove-application");
    stage.interrupted("remove kafka-connect --yes", "juju remove-secret");
    stage.exits("remove kafka-connect --yes", 0);
    assert_eq!(stage.changes(), ["juju remove-secret kafstack-kafka-connect -m overlord:demo"]);
    stage.exits("remove kafka-connect --if-exists", 0);
    stage.knew_everything();
}

#[test]
fn what_cannot_be_is_refused() {
    let stage = Stage::empty();
    stage.exits("add kafka", 2);
    stage.exits("add", 2);
    stage.fails("add karapace", 7, "not-ready");
    stage.fails("remove karapace", 7, "not-ready");
    let stage = Stage::ready("kraft");
    stage.exits("tls enable", 0);
    stage.fails("add karapace", 2, "usage");
    assert_eq!(stage.exits("remove karapace --if-exists", 0).out, "");
}

#[test]
fn no_password_is_in_any_file_argument_or_event() {
    let stage = Stage::ready("single");
    let mut said = String::new();
    let mut passwords = Vec::new();
    for name in NAMES {
        let added = stage.exits(&format!("add {name} -vv"), 0);
        said.push_str(&added.out);
        said.push_str(&added.err);
        let shown = stage.exits(&format!("add {name} --reveal --format json"), 0);
        passwords.push(shown.json()["password"].as_str().unwrap().to_owned());
        said.push_str(&shown.err);
    }
    // The worker's own password in Kafka, as the simulated unit was handed it.
    let world = stage.path("state/kafstack-rehearsal/microstack/world.json");
    for file in files(&stage.path("state")).into_iter().filter(|file| *file != world) {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
    }
    for password in passwords {
        assert!(password.len() > 8 && !said.contains(&password));
    }
    assert!(said.contains("kafstack-request") && !said.contains("ScramLoginModule"));
}
