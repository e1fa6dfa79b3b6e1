//! The demo: from nothing to its end, again, taken back, anew.

use serde_json::Value;

use crate::stage::{Said, Stage, files};

impl Stage {
    /// The model as `status` tells it.
    fn model(&self) -> Value {
        let Said { out, .. } = self.exits("status --format json", 0);
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
        let Said { out, .. } = self.exits("topic list --format json", 0);
        let document: Value = serde_json::from_str(&out).unwrap();
        let name = |t: &Value| t["name"].as_str().unwrap().to_owned();
        document["topics"].as_array().unwrap().iter().map(name).collect()
    }

    /// What the group has read of each topic, and how far it lags.
    fn read(&self) -> Vec<(String, u64, u64)> {
        let Said { out, .. } = self.exits("group describe cg1 --format json", 0);
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
        let stage = Stage::ready(preset);
        let before = stage.applications_and_relations();

        let Said { out: picture, err: said } = stage.exits("demo", 0);
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
            assert!(stage.events().iter().any(seen), "{preset}: {enabled}");
        }
        let (applications, relations) = stage.applications_and_relations();
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
        assert_eq!(stage.topics(), TOPICS, "{preset}");
        assert_eq!(stage.read(), all_read(50), "{preset}");

        let Said { out: again, err: said } = stage.exits("demo", 0);
        assert_eq!(stage.changes(), [""; 0], "{preset}");
        assert!(said.contains("nothing to do") && again.contains("kafka-test-app/0*"), "{said}");

        stage.exits("demo --clean", 2);
        assert_eq!(stage.topics(), TOPICS);
        let Said { err: said, .. } = stage.exits("demo --clean --yes", 0);
        assert!(said.contains("the topic `test-topic_kafka-app` with all its messages"), "{said}");
        assert_eq!(stage.applications_and_relations(), before, "{preset}");
        assert_eq!(stage.topics(), [""; 0], "{preset}");
        stage.exits("tls ca", 2);
        let Said { err: said, .. } = stage.exits("demo --clean", 0);
        assert!(said.contains("nothing of the demo is there: nothing to do"), "{said}");

        stage.knew_everything();
    }
}

#[test]
fn after_it_was_taken_back_the_demo_can_be_told_with_other_numbers() {
    let stage = Stage::ready("single");
    let before = stage.applications_and_relations();
    stage.exits("demo --messages 9", 0);
    stage.exits("demo --clean --yes", 0);
    stage.exits("demo --messages 7", 0);
    assert_eq!(stage.read(), all_read(7));
    stage.exits("demo", 0);
    let Said { err: said, .. } = stage.exits("demo --messages 8", 2);
    assert!(said.contains("--messages 7, or none named"), "{said}");
    stage.exits("demo --clean --yes", 0);
    assert_eq!(stage.applications_and_relations(), before);
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
    let stage = Stage::ready("single");
    for words in ["demo --messages 3", "demo --clean --yes"] {
        // What it runs when all is well is learnt from another stage.
        let well = Stage::ready("single");
        well.exits("demo --messages 3", 0);
        if words.contains("--clean") {
            well.exits(words, 0);
        }
        let scenario = bad_day(&well.changes());
        let faults = scenario.lines().count() - 1;
        assert!(faults >= 5, "{scenario}");
        std::fs::write(stage.path("bad-day.yaml"), &scenario).unwrap();
        let mut runs = 1;
        while stage.kafstack(&format!("{words} --scenario bad-day.yaml")).status.code() != Some(0) {
            runs += 1;
            assert!(runs <= faults + 1, "{words}\n{scenario}");
        }
        assert!(runs > faults / 2, "{runs} runs of {words}\n{scenario}");
        if words.contains("--clean") {
            assert_eq!(stage.topics(), [""; 0]);
            assert_eq!(stage.applications_and_relations().0, ["kafka", "zookeeper"]);
        } else {
            assert_eq!(stage.read(), all_read(3));
            assert_eq!(stage.topics(), TOPICS);
        }
    }
    stage.knew_everything();
}

#[test]
fn what_was_there_before_the_demo_stays_after_it() {
    let stage = Stage::ready("single");
    stage.exits("topic create test-topic --partitions 3", 0);
    stage.exits("topic create orders", 0);
    stage.exits("tls enable --ca-name Mine", 0);
    stage.exits("user create reader --topic orders", 0);
    let before = stage.applications_and_relations();
    stage.exits("demo --messages 5", 0);
    assert_eq!(stage.read(), all_read(5));
    let Said { err: said, .. } = stage.exits("demo --clean --yes", 0);
    assert!(!said.contains("encryption of connections"), "{said}");
    assert_eq!(stage.applications_and_relations(), before);
    assert_eq!(stage.topics(), ["orders", "test-topic"]);
    stage.exits("tls ca", 0);
    stage.knew_everything();
}

#[test]
fn things_of_its_names_that_are_not_its_own_stop_the_demo_before_anything_is_changed() {
    let stage = Stage::ready("kraft");
    stage.exits("topic create test-topic_kafka-app", 0);
    let Said { err: said, .. } = stage.exits("demo", 2);
    assert!(said.contains("[topic-exists]"), "{said}");
    stage.exits("topic delete test-topic_kafka-app --yes", 0);
    stage.exits("topic create orders", 0);
    stage.exits("user create demo --topic orders", 0);
    let Said { err: said, .. } = stage.exits("demo", 2);
    assert!(said.contains("[user-exists]"), "{said}");
    assert_eq!(stage.topics(), ["orders"]);
}

#[test]
fn without_a_stack_there_is_no_demo() {
    let stage = Stage::empty();
    let Said { err: said, .. } = stage.exits("demo", 7);
    assert!(said.contains("[not-ready]"), "{said}");
    stage.exits("demo --clean --yes", 7);
}

#[test]
fn no_password_is_in_anything_that_the_demo_keeps() {
    let stage = Stage::ready("single");
    stage.exits("demo --messages 2", 0);
    let Said { out, .. } = stage.exits("user show demo --reveal --format json", 0);
    let document: Value = serde_json::from_str(&out).unwrap();
    let password = document["user"]["credentials"]["password"].as_str().unwrap().to_owned();
    for file in files(&stage.state("runs")) {
        let text = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(&password), "{}", file.display());
    }
}
