//! The bundle: what is in it, what is not, and that it brings the failure back.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::stage::Stage;

/// The files in a bundle, each with its text.
fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.components().skip(1).collect::<std::path::PathBuf>().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    entries.collect()
}

/// How the latest run failed: step and id.
#[track_caller]
fn failure(stage: &Stage) -> (String, String) {
    let events = stage.events();
    let failed = events.iter().rev().find(|event| event["event"] == "step-failed").expect("a step failed");
    let field = |name: &str| failed[name].as_str().unwrap().to_owned();
    (field("step"), field("id"))
}

/// Bundles the latest run and unpacks it on a fresh laptop. Returns that laptop and the README.txt.
#[track_caller]
fn unpacked_elsewhere(stage: &Stage) -> (Stage, String) {
    stage.exits("bundle --output report.tar.gz", 0);
    let mut contents = unpacked(&stage.path("report.tar.gz"));
    let again = Stage::empty();
    for name in ["kafstack.yaml", "scenario.yaml"] {
        std::fs::write(again.path(name), &contents[name]).unwrap();
    }
    (again, contents.remove("README.txt").unwrap())
}

/// Bundles the latest run and follows its README.txt on a fresh laptop.
#[track_caller]
fn replayed(stage: &Stage) -> (String, String) {
    let (again, readme) = unpacked_elsewhere(stage);
    let line = readme
        .lines()
        .find_map(|line| line.strip_prefix("  kafstack up --rehearse "))
        .expect("a line to type");
    assert!(line.starts_with("--config kafstack.yaml --scenario scenario.yaml"), "{readme}");
    again.kafstack(&format!("up {line}"));
    failure(&again)
}

/// What goes wrong, and the step and the id with which it ends.
type Story = (&'static str, &'static str, &'static str);

/// Runs an `up` for each story, and each of their bundles.
#[track_caller]
fn all_come_back(words: &str, stories: &[Story]) {
    for (scenario, step, id) in stories {
        let stage = Stage::empty();
        std::fs::write(stage.path("bad-day.yaml"), scenario).unwrap();
        stage.kafstack(&format!("{words} --scenario bad-day.yaml"));
        let expected = ((*step).to_owned(), (*id).to_owned());
        assert_eq!(failure(&stage), expected, "{scenario}");
        assert_eq!(replayed(&stage), expected, "replayed: {scenario}");
    }
}

#[test]
fn failures_of_the_laptop_and_the_vm_come_back() {
    all_come_back(
        "up --preset kraft",
        &[
            (
                "faults: [ { command: snap install multipass, fails: { code: 1, stderr: 'error: unable to contact snap store' } } ]",
                "install-multipass",
                "command-failed",
            ),
            (
                "faults: [ { command: snap install multipass, fails: { code: 0 } } ]",
                "install-multipass",
                "multipass-not-ready",
            ),
            (
                "faults: [ { command: multipass launch, fails: { code: 2, stderr: 'launch failed: Remote is unknown' } } ]",
                "launch-vm",
                "launch-failed",
            ),
            ("faults: [ { command: cloud-init status, fails: { code: 1 } } ]", "launch-vm", "vm-not-ready"),
            ("{ laptop: { multipass: 1.16.3 }, vms: [ { name: microstack } ] }", "launch-vm", "vm-not-ours"),
            ("events: [ { after: 6m, vm: stopped } ]", "bootstrap-controller", "vm-not-ready"),
            (
                "faults: [ { command: lxd init, fails: { code: 1, stderr: 'Error: Failed to create storage pool' } } ]",
                "initialise-lxd",
                "command-failed",
            ),
        ],
    );
}

#[test]
fn failures_of_openstack_come_back() {
    all_come_back(
        "up",
        &[
            (
                "faults: [ { command: snap install openstack, fails: { code: 1, stderr: 'error: cannot install' } } ]",
                "install-openstack",
                "command-failed",
            ),
            (
                "faults: [ { command: sunbeam prepare-node-script, garbage: true } ]",
                "prepare-node",
                "script-unexpected",
            ),
            (
                "faults: [ { command: sunbeam cluster bootstrap, hangs: true } ]",
                "bootstrap-cloud",
                "still-running",
            ),
            (
                "faults: [ { command: sunbeam configure, fails: { code: 1, stderr: 'Error: no such flavor' } } ]",
                "configure-cloud",
                "command-failed",
            ),
            (
                "faults: [ { command: sunbeam launch, fails: { code: 1, stderr: 'Error: Unable to launch' } } ]",
                "launch-instance",
                "command-failed",
            ),
        ],
    );
}

#[test]
fn failures_of_juju_and_kafka_come_back() {
    all_come_back(
        "up --preset kraft",
        &[
            ("faults: [ { command: juju bootstrap, hangs: true } ]", "bootstrap-controller", "still-running"),
            ("faults: [ { command: juju add-model, lost: true } ]", "add-model", "command-failed"),
            ("faults: [ { command: juju models, truncated: true } ]", "add-model", "model-not-ready"),
            (
                "faults: [ { command: juju deploy kafka, fails: { code: 1, stderr: ERROR nothing today } } ]",
                "deploy-kafka",
                "command-failed",
            ),
            ("faults: [ { command: juju status, garbage: true } ]", "deploy-kafka", "kafka-not-deployed"),
            ("faults: [ { command: juju exec, hangs: true } ]", "integrate-kafka", "kafka-not-ready"),
            (
                "events: [ { after: 9m, unit: kafka/0, error: 'hook failed: \"start\"' } ]",
                "integrate-kafka",
                "unit-error",
            ),
        ],
    );
    all_come_back(
        "up --preset kafka",
        &[
            (
                "faults: [ { command: juju integrate, fails: { code: 1, stderr: ERROR nothing today } } ]",
                "integrate-kafka",
                "command-failed",
            ),
            ("events: [ { after: 12m, agent_lost: zookeeper/0 } ]", "integrate-kafka", "agent-lost"),
        ],
    );
}

#[test]
fn failures_of_a_stack_that_stood_before_come_back() {
    for (words, scenario, step, id) in [
        (
            "up --set kafka.units=4",
            "faults: [ { command: juju add-unit, fails: { code: 1, stderr: ERROR nothing today } } ]",
            "deploy-kafka",
            "command-failed",
        ),
        (
            "up",
            "{ events: [ { after: 1s, vm: stopped } ], faults: [ { command: multipass start, fails: { code: 2, stderr: start failed } } ] }",
            "launch-vm",
            "command-failed",
        ),
    ] {
        let stage = Stage::ready("kafka");
        std::fs::write(stage.path("bad-day.yaml"), scenario).unwrap();
        stage.kafstack(&format!("{words} --scenario bad-day.yaml"));
        let expected = (step.to_owned(), id.to_owned());
        assert_eq!(failure(&stage), expected, "{scenario}");
        assert_eq!(replayed(&stage), expected, "replayed: {scenario}");
    }
}

#[test]
fn a_failure_of_another_command_comes_back_with_the_words_it_was_given() {
    for (words, plan, command, step) in [
        (
            "user create orders --topic orders --create-topic",
            "user create",
            "juju integrate",
            "integrate-user",
        ),
        ("tls enable", "tls enable", "juju deploy self-signed-certificates", "deploy-certificates"),
        ("down --yes", "down", "multipass delete", "destroy-vm"),
    ] {
        let stage = Stage::ready("kraft");
        let fault = format!(
            "faults: [ {{ command: {command}, fails: {{ code: 1, stderr: ERROR nothing today }} }} ]"
        );
        std::fs::write(stage.path("bad-day.yaml"), fault).unwrap();
        stage.exits(&format!("{words} --scenario bad-day.yaml"), 4);
        let expected = (step.to_owned(), "command-failed".to_owned());
        assert_eq!(failure(&stage), expected);
        let (again, readme) = unpacked_elsewhere(&stage);
        let file = "--config kafstack.yaml";
        let line = format!("\n  kafstack {plan} … --rehearse {file} --scenario scenario.yaml\n");
        assert!(readme.contains(&line), "{readme}");
        again.exits(&format!("up {file}"), 0);
        again.exits(&format!("{words} {file} --scenario scenario.yaml"), 4);
        assert_eq!(failure(&again), expected);
    }
}

#[test]
fn what_is_confidential_cannot_be_replayed_and_the_readme_says_so() {
    let stage = Stage::empty();
    let fault = "faults: [ { command: openstack token issue, fails: { code: 0, stdout: c4nary } } ]";
    std::fs::write(stage.path("bad-day.yaml"), fault).unwrap();
    stage.fails("up --scenario bad-day.yaml", 5, "cloud-not-configured");
    let (_, readme) = unpacked_elsewhere(&stage);
    assert!(readme.contains("It may end otherwise"), "{readme}");
    assert!(readme.contains("- what `openstack token issue -f json` said is confidential"), "{readme}");
    for (name, text) in unpacked(&stage.path("report.tar.gz")) {
        assert!(!text.contains("c4nary"), "{name}: {text}");
    }
}

/// A stack whose Kafka could not be deployed, for reasons with names and secrets in them.
fn failed() -> Stage {
    let stage = Stage::empty();
    let home = stage.path("home/x").display().to_string();
    let said = format!("ERROR {home} token=c4nary of ada on {} through http://ada:c4nary@proxy:3128", host());
    let fault =
        format!("faults: [ {{ command: juju deploy kafka, fails: {{ code: 1, stderr: {said:?} }} }} ]");
    std::fs::write(stage.path("bad-day.yaml"), fault).unwrap();
    stage.fails("up --preset kraft --scenario bad-day.yaml", 4, "command-failed");
    stage
}

/// The name of the host that runs the tests.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[test]
fn it_says_what_is_in_it_and_is_for_its_owner_only() {
    let stage = failed();
    let said = stage.exits("bundle", 0);
    let path = stage.path("kafstack-microstack-000001.tar.gz");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let contents = unpacked(&path);
    let rows: Vec<(&str, usize)> = said
        .out
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once(' ').map(|(name, size)| (name.trim(), size.parse().unwrap())).unwrap())
        .collect();
    let sizes: Vec<(&str, usize)> = contents.iter().map(|(name, text)| (name.as_str(), text.len())).collect();
    assert_eq!(rows, sizes);
    let names: Vec<&str> =
        contents.keys().map(String::as_str).filter(|name| !name.starts_with("run/0")).collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "answers.txt",
            "journal.ndjson",
            "kafstack.yaml",
            "run/events.ndjson",
            "run/kafstack.log",
            "run/questions.ndjson",
            "scenario.yaml",
            "versions.txt"
        ]
    );
    let readme = &contents["README.txt"];
    for name in contents.keys().filter(|name| *name != "README.txt") {
        assert!(readme.contains(&format!("\n  {name} ")), "{name}\n{readme}");
    }
    assert!(
        readme.contains("failed at the step deploy-kafka with [command-failed], exit code 4:"),
        "{readme}"
    );
    assert!(contents["versions.txt"].contains("\nvm$ juju version\n3.6.11"), "{}", contents["versions.txt"]);
    assert!(contents["answers.txt"].contains("deploy-kafka: vm$ juju status "));
    assert!(said.err.starts_with("about run 1: up, 2026-01-05T09:00:"), "{}", said.err);
    assert!(said.err.contains("nothing was sent"), "{}", said.err);
    stage.exits("bundle --run 000001 --output again.tar.gz", 0);
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(stage.path("again.tar.gz")).unwrap());
    let again = stage.fails("bundle", 2, "file-not-written");
    assert!(again.err.contains("there is one already"), "{}", again.err);
}

#[test]
fn secrets_and_names_of_people_are_not_in_it() {
    let stage = failed();
    let output = stage.command(&["bundle"]).env("USER", "ada").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let contents = unpacked(&stage.path("kafstack-microstack-000001.tar.gz"));
    let home = stage.path("home").display().to_string();
    for (name, text) in &contents {
        let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        assert!(!text.contains("c4nary") && !text.contains(&home), "{name}: {text}");
        assert!(!words.contains(&"ada"), "{name}: {text}");
    }
    for (name, left) in [
        ("run/events.ndjson", "ERROR ~/x token=(secret) of USER on "),
        ("scenario.yaml", "http://(secret)@proxy:3128"),
        ("README.txt", "secrets: "),
        ("README.txt", "your home folder: "),
    ] {
        assert!(contents[name].contains(left), "{left}\n{}", contents[name]);
    }
}

#[test]
fn what_is_missing_is_said_and_no_reason_to_stop() {
    let stage = failed();
    for name in ["journal.ndjson", "runs/000001/questions.ndjson", "runs/000001/kafstack.yaml"] {
        std::fs::remove_file(stage.state(name)).unwrap();
    }
    std::fs::write(stage.state("runs/000001/0099-x.log"), b"\xff\x00").unwrap();
    let said = stage.exits("bundle --format json", 0);
    let document = said.json();
    let missing = document["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert_eq!(said.err.matches("warning: missing: ").count(), 3, "{}", said.err);
    let contents = unpacked(&stage.path("kafstack-microstack-000001.tar.gz"));
    assert_eq!(contents["README.txt"].matches("\n  missing: ").count(), 3, "{}", contents["README.txt"]);
    Stage::empty().fails("bundle", 2, "run-unknown");
}

#[test]
fn a_run_without_a_failure_has_nothing_to_replay() {
    let stage = Stage::ready("kraft");
    stage.exits("bundle --run 1 --output ready.tar.gz", 0);
    let contents = unpacked(&stage.path("ready.tar.gz"));
    assert!(!contents.contains_key("scenario.yaml"));
    assert!(contents["README.txt"].contains("there is nothing to replay"), "{}", contents["README.txt"]);
}
