//! What counts as sent and read, and in which order things are asked and done: exact command lines.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::config::Preset;
use crate::event::Teller;
use crate::host::clock::{FakeClock, Stop, TimeScale};
use crate::host::fake::FakeHost;
use crate::step::{Again, Pace};

const STATUS: &str = "juju status -m overlord:demo --format json --utc";
const CONFIG: &str = "juju config kafka-test-app --format json -m overlord:demo";

/// The first exchange, of three messages.
fn exchange() -> Exchange {
    Exchange {
        config: Preset::Single.config(),
        topic: "tt".to_owned(),
        messages: 3,
        replication: 1,
        encrypted: false,
    }
}

/// A model with the test application, which says this.
fn model(related: bool, message: &str) -> String {
    let relation = |name: &str| json!([{ "related-application": name, "interface": "kafka_client" }]);
    let status = |message: &str| json!({ "current": "active", "message": message });
    let with = |charm: &str, endpoint: &str, other: &str, message: &str| {
        let mut application = json!({ "charm": charm, "charm-name": charm, "units": { format!("{charm}/0"): {
            "workload-status": status(message), "juju-status": { "current": "idle" }, "leader": true,
            "public-address": "10.0.0.7", "machine": "0" } } });
        if related {
            application["relations"] = json!({ endpoint: relation(other) });
        }
        application
    };
    json!({ "model": { "name": "demo" }, "machines": {}, "applications": {
        "kafka": with("kafka", "kafka-client", "kafka-test-app", ""),
        "kafka-test-app": with("kafka-test-app", "kafka-cluster", "kafka", message) } })
    .to_string()
}

/// A line in the shell of a unit.
fn exec(unit: &str, command: &str) -> String {
    juju::exec("overlord:demo", unit, command, crate::host::Effect::Reads).to_string()
}

/// One of Kafka's tools.
fn tool(words: &str) -> String {
    let ends = "--bootstrap-server 10.0.0.7:19092 --command-config /var/snap/charmed-kafka/current/etc/kafka/client.properties";
    exec("kafka/0", &format!("charmed-kafka.{words} {ends}"))
}

/// What a line in the shell of a unit answers.
fn ran(code: i32, stdout: &str, stderr: &str) -> String {
    json!({ "u/0": { "status": "completed", "results": { "return-code": code, "stdout": stdout, "stderr": stderr } } })
        .to_string()
}

/// A group that has read so much of the topic's two partitions.
fn group(read: [u64; 2], ends: [u64; 2]) -> String {
    let mut text = "\nGROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID\n".to_owned();
    for (partition, (read, end)) in read.into_iter().zip(ends).enumerate() {
        text += &format!(
            "{:<15} {:<15} {partition:<10} {read:<15} {end:<15} {:<15} -               -               -\n",
            "cg1",
            "tt",
            end - read
        );
    }
    ran(0, &text, "")
}

/// A consumer's log with these messages: ids and numbers.
fn log(messages: &[(&str, u32)]) -> String {
    let line = |(id, number): &(&str, u32)| {
        format!(
            "INFO ConsumerRecord(topic='tt', partition=0, value=b'{{\"_id\": \"{id}\", \"content\": \"Message #{number}\"}}')\n"
        )
    };
    ran(i32::from(messages.is_empty()), &messages.iter().map(line).collect::<String>(), "")
}

const GROUPS: &str = "consumer-groups --describe --all-groups";
const LOG: &str = "grep -h 'ConsumerRecord(topic=.tt.,' /tmp/*_consumer.log";
const ENDS: &str = "get-offsets --topic tt";
const ALIVE: &str = "pgrep -f 'charms[.]kafka[.]v0[.]client'";
const ALL: &[(&str, u32)] = &[("a", 1), ("b", 0), ("c", 2)];

/// Asks a step in a VM that expects these commands.
fn probe(step: &dyn Step, vm: &FakeHost) -> Verdict {
    let laptop = FakeHost::new();
    step.probe(&Hosts { laptop: &laptop, vm, clock: &FakeClock::default() }).unwrap()
}

/// What the count of the consumed messages says of a model, a group and a log.
#[track_caller]
fn consumed(model: &str, group: &str, log: &str) -> Verdict {
    let vm = FakeHost::new()
        .says(STATUS, model)
        .says(&tool(GROUPS), group)
        .says(&exec("kafka-test-app/0", LOG), log);
    probe(&CountConsumed { exchange: exchange() }, &vm)
}

#[test]
fn all_messages_must_have_been_read_once_and_the_group_must_lag_by_nothing() {
    let running = model(true, "Topic tt enabled with process consumer");
    let Verdict::Met { seen } = consumed(&running, &group([2, 1], [2, 1]), &log(ALL)) else { panic!() };
    assert_eq!(seen, "the group `cg1` has read 3 messages and lags by 0; none is lost, none doubled");

    let vm = FakeHost::new().says(STATUS, &running).says(&tool(GROUPS), &group([1, 1], [2, 1]));
    let Verdict::NotYet { seen } = probe(&CountConsumed { exchange: exchange() }, &vm) else { panic!() };
    assert_eq!(seen, "the group `cg1` has read 2 of 3 messages");

    let Verdict::NotYet { seen } = consumed(&running, &group([2, 1], [2, 1]), &log(&ALL[..2])) else {
        panic!()
    };
    assert_eq!(seen, "the group `cg1` lags by 0; not in its consumer's log: #2");

    let twice = [ALL, &[("b", 0)]].concat();
    let Verdict::Broken(failure) = consumed(&running, &group([2, 1], [2, 1]), &log(&twice)) else { panic!() };
    assert_eq!(failure.seen.as_deref(), Some("read more than once: #0"));
}

#[test]
fn after_a_restart_of_the_machine_the_group_speaks_alone_and_after_a_week_the_log() {
    let idle = model(false, "Please relate with Kafka");
    assert!(matches!(consumed(&idle, &group([2, 1], [2, 1]), &log(&[])), Verdict::Met { .. }));
    assert!(matches!(consumed(&idle, &ran(0, "", ""), &log(ALL)), Verdict::Met { .. }));
    assert!(matches!(consumed(&idle, &ran(0, "", ""), &log(&[])), Verdict::NotYet { .. }));
    let running = model(true, "Topic tt enabled with process consumer");
    assert!(matches!(consumed(&running, &group([2, 1], [2, 1]), &log(&[])), Verdict::NotYet { .. }));
}

#[test]
fn a_topic_with_more_than_was_sent_is_broken() {
    let status = model(false, "");
    for (ends, met) in [("tt:0:2\ntt:1:1\n", true), ("tt:0:1\n", false)] {
        let vm = FakeHost::new().says(STATUS, &status).says(&tool(ENDS), &ran(0, ends, ""));
        let verdict = probe(&CountProduced { exchange: exchange() }, &vm);
        assert_eq!(matches!(verdict, Verdict::Met { .. }), met, "{verdict:?}");
    }
    let vm = FakeHost::new().says(STATUS, &status).says(&tool(ENDS), &ran(0, "tt:0:4\n", ""));
    let verdict = probe(&CountProduced { exchange: exchange() }, &vm);
    let Verdict::Broken(failure) = verdict else { panic!("{verdict:?}") };
    assert_eq!(failure.id, Id::DemoNotReady);
}

/// Lets a step act in a VM that expects these commands.
fn act(step: &dyn Step, vm: &FakeHost) -> Result<(), Failure> {
    let clock = FakeClock::default();
    let laptop = FakeHost::new();
    let tell = Teller::silent(Arc::new(FakeClock::default()), false);
    step.act(&Work {
        hosts: Hosts { laptop: &laptop, vm, clock: &clock },
        tell: &tell,
        stop: &Stop::default(),
        step: step.name(),
        pace: &Pace::new(Timestamp::UNIX_EPOCH, Duration::from_secs(600)),
        scale: TimeScale::default(),
        again: Again::Same,
        act_id: 1,
        attempt: 1,
        diagnose: &|_, _, _| None,
    })
}

#[test]
fn the_producer_is_unrelated_before_the_application_becomes_a_consumer() {
    let producing = model(true, "Topic tt enabled with process producer");
    let idle = model(false, "Please relate with Kafka");
    let starting = model(true, "Please relate with Kafka");
    let consuming = model(true, "Topic tt enabled with process consumer");
    let vm = FakeHost::new()
        .says(STATUS, &producing)
        .says(STATUS, &producing)
        .says("juju remove-relation kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo", "")
        .says(STATUS, &producing)
        .says(STATUS, &idle)
        .says(STATUS, &idle)
        .says(
            "juju config kafka-test-app topic_name=tt role=consumer consumer_group_prefix=cg -m overlord:demo",
            "",
        )
        .says("juju integrate kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo", "")
        .says(STATUS, &starting)
        .says(STATUS, &consuming)
        .says(&exec("kafka-test-app/0", ALIVE), &ran(0, "2007\n", ""));
    act(&RunTestApp { exchange: exchange(), role: Role::Consumer }, &vm).unwrap();
}

#[test]
fn a_process_that_is_about_to_start_is_waited_for_and_not_unrelated() {
    let starting = model(true, "Please relate with Kafka");
    let producing = model(true, "Topic tt enabled with process producer");
    let set = r#"{"settings":{"topic_name":{"value":"tt"},"role":{"value":"producer"}}}"#;
    let vm = FakeHost::new()
        .says(STATUS, &starting)
        .says(CONFIG, set)
        .says(STATUS, &starting)
        .says(STATUS, &starting)
        .says(STATUS, &producing)
        .says(&exec("kafka-test-app/0", ALIVE), &ran(0, "2007\n", ""));
    act(&RunTestApp { exchange: exchange(), role: Role::Producer }, &vm).unwrap();
}

#[test]
fn what_a_producer_left_unfinished_is_removed_before_the_next_one() {
    let dead = model(true, "Topic tt enabled with process producer");
    let idle = model(false, "Please relate with Kafka");
    let none = ran(1, "", "Error occurred: Could not match any topic-partitions with the specified filters");
    let vm = FakeHost::new()
        .says(STATUS, &dead)
        .says(&exec("kafka-test-app/0", ALIVE), &ran(1, "", ""))
        .says(STATUS, &dead)
        .says("juju remove-relation kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo", "")
        .says(STATUS, &idle)
        .says(STATUS, &idle)
        .says(STATUS, &idle)
        .says(&tool(ENDS), &ran(0, "tt:0:2\n", ""))
        .says(&tool("topics --delete --topic tt"), &ran(0, "", ""))
        .says(STATUS, &idle)
        .says(&tool(ENDS), &none)
        .says("juju config kafka-test-app topic_name=tt role=producer -m overlord:demo", "")
        .says("juju integrate kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo", "")
        .says(STATUS, &dead)
        .says(&exec("kafka-test-app/0", ALIVE), &ran(0, "2014\n", ""));
    act(&RunTestApp { exchange: exchange(), role: Role::Producer }, &vm).unwrap();
}

#[test]
fn the_application_that_works_for_the_next_exchange_is_not_stopped() {
    let producing = model(true, "Topic next enabled with process producer");
    let vm = FakeHost::new()
        .says(STATUS, &producing)
        .says(CONFIG, r#"{"settings":{"topic_name":{"value":"next"},"role":{"value":"producer"}}}"#);
    assert!(matches!(probe(&StopTestApp { exchange: exchange() }, &vm), Verdict::Met { .. }));
}
