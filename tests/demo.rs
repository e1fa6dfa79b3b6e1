//! The demo in rehearsal, through the real binary: from nothing to its end, again, taken back, anew.

#![expect(clippy::disallowed_methods, reason = "stories start the real binary")]
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A stack that is ready, on a simulated laptop of its own.
struct Stack {
    /// Holds the state; gone with the test.
    folder: tempfile::TempDir,
}

impl Stack {
    /// Brought up with this preset.
    #[track_caller]
    fn of(preset: &str) -> Self {
        let stack = Stack { folder: tempfile::tempdir().unwrap() };
        stack.exits(&format!("up --preset {preset}"), 0);
        stack
    }

    /// Runs `kafstack` with these words, always in rehearsal.
    fn kafstack(&self, words: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kafstack"))
            .args(words.split_whitespace())
            .arg("--rehearse")
            .env_clear()
            .env("PATH", self.path("no programs"))
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// A path in its place.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs and expects this exit code. Returns standard output and standard error.
    #[track_caller]
    fn exits(&self, words: &str, code: i32) -> (String, String) {
        let output = self.kafstack(words);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let ended = output.status.code();
        assert_eq!(ended, Some(code), "`kafstack {words}`\n--- stdout\n{out}\n--- stderr\n{err}");
        (out, err)
    }

    /// A file of a rehearsal's state.
    fn state(&self, name: &str) -> PathBuf {
        self.path("state/kafstack-rehearsal/microstack").join(name)
    }

    /// The events of the last run.
    fn events(&self) -> Vec<Value> {
        let runs = std::fs::read_dir(self.state("runs")).unwrap();
        let last = runs.map(|run| run.unwrap().path()).max().unwrap();
        let text = std::fs::read_to_string(last.join("events.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The commands of the last run that change something.
    fn changes(&self) -> Vec<String> {
        let changing = |event: &&Value| event["event"] == "command-started" && event["effect"] == "changes";
        let line = |event: &Value| -> String {
            let words = event["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            words.collect::<Vec<_>>().join(" ")
        };
        self.events().iter().filter(changing).map(line).collect()
    }

    /// The model as `status` tells it.
    fn model(&self) -> Value {
        let (out, _) = self.exits("status --format json", 0);
        serde_json::from_str::<Value>(&out).unwrap()["model"].clone()
    }

    /// Applications and relations of the model.
    fn applications_and_relations(&self) -> (Vec<String>, Vec<String>) {
        let model = self.model();
        let name = |a: &Value| a["name"].as_str().unwrap().to_owned();
        let applications = model["applications"].as_array().unwrap().iter().map(name).collect();
        let relation =
            |r: &Value| format!("{} {}", r["provider"].as_str().unwrap(), r["requirer"].as_str().unwrap());
        let relations = model["relations"].as_array().unwrap().iter().map(relation).collect();
        (applications, relations)
    }

    /// The names of the topics.
    fn topics(&self) -> Vec<String> {
        let (out, _) = self.exits("topic list --format json", 0);
        let document: Value = serde_json::from_str(&out).unwrap();
        let name = |t: &Value| t["name"].as_str().unwrap().to_owned();
        document["topics"].as_array().unwrap().iter().map(name).collect()
    }

    /// What the group has read of each topic, and how far it lags.
    fn read(&self) -> Vec<(String, u64, u64)> {
        let (out, _) = self.exits("group describe cg1 --format json", 0);
        let document: Value = serde_json::from_str(&out).unwrap();
        let shares = document["group"]["partitions"].as_array().unwrap();
        let mut sums: Vec<(String, u64, u64)> = Vec::new();
        for share in shares {
            let topic = share["topic"].as_str().unwrap();
            let (read, lag) = (share["offset"].as_u64().unwrap_or(0), share["lag"].as_u64().unwrap_or(0));
            match sums.iter_mut().find(|sum| sum.0 == topic) {
                Some(sum) => (sum.1, sum.2) = (sum.1 + read, sum.2 + lag),
                None => sums.push((topic.to_owned(), read, lag)),
            }
        }
        sums
    }

    /// The simulated laptop knew every command.
    fn nothing_was_unknown(&self) {
        let text = std::fs::read_to_string(self.state("world.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["unknown"], serde_json::json!([]));
    }
}

const ADDED: [&str; 3] = ["kafka-test-app", "self-signed-certificates", "user-demo"];
const TOPICS: [&str; 3] = ["test-topic", "test-topic_kafka-app", "test-topic_kafka-app_encrypted"];
/// What both exchanges come to.
fn all_read(messages: u64) -> [(String, u64, u64); 2] {
    [(TOPICS[1].to_owned(), messages, 0), (TOPICS[2].to_owned(), messages, 0)]
}

#[test]
fn the_demo_is_told_to_its_end_then_only_asks_and_is_taken_back_on_every_kind_of_stack() {
    for preset in ["microstack", "single", "kraft"] {
        let stack = Stack::of(preset);
        let before = stack.applications_and_relations();

        let (picture, said) = stack.exits("demo", 0);
        assert!(picture.starts_with("Rehearsal: everything below is simulated.\n"), "{picture}");
        assert!(said.contains("50 messages sent and read, and as many over TLS; none lost, none doubled"));
        for enabled in [
            "Topic test-topic_kafka-app enabled with process producer",
            "Topic test-topic_kafka-app enabled with process consumer",
            "Topic test-topic_kafka-app_encrypted enabled with process producer",
            "Topic test-topic_kafka-app_encrypted enabled with process consumer",
        ] {
            let seen = |event: &Value| {
                event["event"] == "step-finished" && event["seen"].as_str().unwrap().ends_with(enabled)
            };
            assert!(stack.events().iter().any(seen), "{preset}: {enabled}");
        }
        let (applications, relations) = stack.applications_and_relations();
        for name in ADDED {
            assert!(applications.contains(&name.to_owned()), "{preset}: {applications:?}");
        }
        let mut wanted: Vec<&str> = vec![
            "kafka:kafka-client user-demo:kafka",
            "self-signed-certificates:certificates kafka:certificates",
            "self-signed-certificates:certificates kafka-test-app:certificates",
        ];
        if preset != "kraft" {
            wanted.push("self-signed-certificates:certificates zookeeper:certificates");
            wanted.push("zookeeper:zookeeper kafka:zookeeper");
        }
        let mut found: Vec<&str> = relations.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{preset}");
        assert!(relations.iter().all(|relation| picture.contains(relation.split(' ').next().unwrap())));
        assert_eq!(stack.topics(), TOPICS, "{preset}");
        assert_eq!(stack.read(), all_read(50), "{preset}");

        let (again, said) = stack.exits("demo", 0);
        assert_eq!(stack.changes(), [""; 0], "{preset}");
        assert!(said.contains("nothing to do") && again.contains("kafka-test-app/0*"), "{said}");

        stack.exits("demo --clean", 2);
        assert_eq!(stack.topics(), TOPICS);
        let (_, said) = stack.exits("demo --clean --yes", 0);
        assert!(said.contains("the topic `test-topic_kafka-app` with all its messages"), "{said}");
        assert_eq!(stack.applications_and_relations(), before, "{preset}");
        assert_eq!(stack.topics(), [""; 0], "{preset}");
        stack.exits("tls ca", 2);
        let (_, said) = stack.exits("demo --clean", 0);
        assert!(said.contains("nothing of the demo is there: nothing to do"), "{said}");

        stack.nothing_was_unknown();
    }
}

#[test]
fn after_it_was_taken_back_the_demo_can_be_told_with_other_numbers() {
    let stack = Stack::of("single");
    let before = stack.applications_and_relations();
    stack.exits("demo --messages 9", 0);
    stack.exits("demo --clean --yes", 0);
    stack.exits("demo --messages 7", 0);
    assert_eq!(stack.read(), all_read(7));
    stack.exits("demo", 0);
    let (_, said) = stack.exits("demo --messages 8", 2);
    assert!(said.contains("--messages 7, or none named"), "{said}");
    stack.exits("demo --clean --yes", 0);
    assert_eq!(stack.applications_and_relations(), before);
}

/// A scenario in which each of these commands goes wrong once, every other one after it has had its effect.
fn bad_day(changes: &[String]) -> String {
    let mut beginnings: Vec<&str> = Vec::new();
    for line in changes.iter().filter(|line| !line.starts_with("juju exec")) {
        let beginning = line.split_once(" -").map_or(line.as_str(), |(beginning, _)| beginning);
        if !beginnings.contains(&beginning) {
            beginnings.push(beginning);
        }
    }
    let mut scenario = "faults:\n".to_owned();
    for (nth, beginning) in beginnings.iter().enumerate() {
        let what = ["fails: { code: 1, stderr: \"ERROR not today\" }", "works_but_lost: true"][nth % 2];
        scenario += &format!("  - {{ command: \"{beginning}\", times: 1, {what} }}\n");
    }
    scenario
}

#[test]
fn whatever_fails_on_the_way_the_same_command_again_goes_on_where_the_world_is() {
    let stack = Stack::of("single");
    for words in ["demo --messages 3", "demo --clean --yes"] {
        // What it runs when all is well is learnt from another stack.
        let well = Stack::of("single");
        well.exits("demo --messages 3", 0);
        if words.contains("--clean") {
            well.exits(words, 0);
        }
        let scenario = bad_day(&well.changes());
        let faults = scenario.lines().count() - 1;
        assert!(faults >= 5, "{scenario}");
        std::fs::write(stack.path("bad-day.yaml"), &scenario).unwrap();
        let mut runs = 1;
        while stack.kafstack(&format!("{words} --scenario bad-day.yaml")).status.code() != Some(0) {
            runs += 1;
            assert!(runs <= faults + 1, "{words}\n{scenario}");
        }
        assert!(runs > faults / 2, "{runs} runs of {words}\n{scenario}");
        if words.contains("--clean") {
            assert_eq!(stack.topics(), [""; 0]);
            assert_eq!(stack.applications_and_relations().0, ["kafka", "zookeeper"]);
        } else {
            assert_eq!(stack.read(), all_read(3));
            assert_eq!(stack.topics(), TOPICS);
        }
    }
    stack.nothing_was_unknown();
}

#[test]
fn what_was_there_before_the_demo_stays_after_it() {
    let stack = Stack::of("single");
    stack.exits("topic create test-topic --partitions 3", 0);
    stack.exits("topic create orders", 0);
    stack.exits("tls enable --ca-name Mine", 0);
    stack.exits("user create reader --topic orders", 0);
    let before = stack.applications_and_relations();
    stack.exits("demo --messages 5", 0);
    assert_eq!(stack.read(), all_read(5));
    let (_, said) = stack.exits("demo --clean --yes", 0);
    assert!(!said.contains("encryption of connections"), "{said}");
    assert_eq!(stack.applications_and_relations(), before);
    assert_eq!(stack.topics(), ["orders", "test-topic"]);
    stack.exits("tls ca", 0);
    stack.nothing_was_unknown();
}

#[test]
fn things_of_its_names_that_are_not_its_own_stop_the_demo_before_anything_is_changed() {
    let stack = Stack::of("kraft");
    stack.exits("topic create test-topic_kafka-app", 0);
    let (_, said) = stack.exits("demo", 2);
    assert!(said.contains("[topic-exists]"), "{said}");
    stack.exits("topic delete test-topic_kafka-app --yes", 0);
    stack.exits("topic create orders", 0);
    stack.exits("user create demo --topic orders", 0);
    let (_, said) = stack.exits("demo", 2);
    assert!(said.contains("[user-exists]"), "{said}");
    assert_eq!(stack.topics(), ["orders"]);
}

#[test]
fn without_a_stack_there_is_no_demo() {
    let stack = Stack { folder: tempfile::tempdir().unwrap() };
    let (_, said) = stack.exits("demo", 7);
    assert!(said.contains("[not-ready]"), "{said}");
    stack.exits("demo --clean --yes", 7);
}

#[test]
fn no_password_is_in_anything_that_the_demo_keeps() {
    let stack = Stack::of("single");
    stack.exits("demo --messages 2", 0);
    let (out, _) = stack.exits("user show demo --reveal --format json", 0);
    let document: Value = serde_json::from_str(&out).unwrap();
    let password = document["user"]["credentials"]["password"].as_str().unwrap().to_owned();
    let mut folders = vec![stack.state("runs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read(&path).unwrap();
                assert!(!String::from_utf8_lossy(&text).contains(&password), "{}", path.display());
            }
        }
    }
}
