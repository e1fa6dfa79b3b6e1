//! What programs read: events and documents are JSON of the promised shape, and nothing else is on standard output.

use serde_json::Value;

use crate::fake_laptop::FakeLaptop;

/// Asserts that these are the events of one whole run.
fn check(events: &[Value]) {
    let has = |event: &Value, fields: &[&str]| {
        for field in fields {
            assert!(event.get(field).is_some(), "no {field} in {event}");
        }
    };
    let mut elapsed = 0;
    for event in events {
        assert_eq!((&event["v"], &event["rehearsal"]), (&1.into(), &false.into()), "{event}");
        let at = event["at"].as_str().unwrap();
        assert!(at.len() == 24 && at.ends_with('Z') && &at[10..11] == "T" && &at[19..20] == ".", "{at}");
        assert!(event["elapsed_ms"].as_u64().unwrap() >= elapsed, "{event}");
        elapsed = event["elapsed_ms"].as_u64().unwrap();
        match event["event"].as_str().unwrap() {
            "plan-started" => has(event, &["steps"]),
            "step-started" => has(event, &["step", "title"]),
            "step-skipped" | "waiting" => has(event, &["step", "seen"]),
            "retrying" => has(event, &["step", "why"]),
            "command-started" => {
                has(event, &["step", "argv"]);
                assert!(["laptop", "vm"].contains(&event["on"].as_str().unwrap()), "{event}");
                assert!(["reads", "changes"].contains(&event["effect"].as_str().unwrap()), "{event}");
            }
            "output" => has(event, &["step", "stream", "line"]),
            "command-finished" => has(event, &["exit_code", "took_ms"]),
            "step-finished" => has(event, &["step", "seen", "took_ms"]),
            "step-failed" => has(event, &["step", "id", "message"]),
            "warning" => has(event, &["message"]),
            "plan-finished" => has(event, &["outcome", "exit_code"]),
            other => panic!("an event that nobody promised: {other}"),
        }
    }
    assert_eq!(events.first().unwrap()["event"], "plan-started");
    assert_eq!(events.last().unwrap()["event"], "plan-finished");
}

/// The names of the steps in events of this kind.
fn steps<'a>(events: &'a [Value], kind: &str) -> Vec<&'a str> {
    events
        .iter()
        .filter(|event| event["event"] == kind)
        .map(|event| event["step"].as_str().unwrap())
        .collect()
}

#[test]
fn events_on_standard_output_and_in_a_file_are_the_promised_ones() {
    let laptop = FakeLaptop::new();
    let up = laptop.kafstack("up --yes --events -").exits_with(0);
    let events = up.events();
    check(&events);
    let ran: Vec<Vec<&str>> = events
        .iter()
        .filter(|event| event["event"] == "command-started" && event["effect"] == "changes")
        .map(|event| event["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect())
        .collect();
    let called: Vec<Vec<String>> =
        up.calls().into_iter().filter(|call| call.changes()).map(|call| call.argv).collect();
    assert_eq!(ran, called);
    assert_eq!(steps(&events, "step-skipped"), ["check-laptop", "initialise-lxd"]);
    assert_eq!(steps(&events, "step-finished"), steps(&events, "step-started"));
    assert_eq!(steps(&events, "step-finished").len(), 12);

    let again = laptop.kafstack("up --events events.ndjson").exits_with(0).prints("");
    let text = std::fs::read_to_string(laptop.path("work/events.ndjson")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    check(&events);
    assert_eq!(steps(&events, "step-skipped").len(), 14, "{}", again.account());
}

#[test]
fn a_failed_run_says_so_in_its_last_events() {
    let laptop = FakeLaptop::new().with_multipass();
    laptop.refuse("juju deploy kafka", "ERROR the moon is full");
    let up = laptop.kafstack("up --yes --preset kraft --events -").exits_with(4).says("the moon is full");
    let events = up.events();
    check(&events);
    let [.., failed, finished] = &events[..] else { panic!("{}", up.account()) };
    assert_eq!(
        (&failed["event"], &failed["step"], &failed["id"]),
        (&"step-failed".into(), &"deploy-kafka".into(), &"command-failed".into())
    );
    assert_eq!((&finished["outcome"], &finished["exit_code"]), (&"failed".into(), &4.into()));
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_run() {
    let laptop = FakeLaptop::new();
    let path = format!("{}:/usr/bin:/bin", laptop.path("bin").display());
    let laptop = laptop.with_variable("PATH", &path);
    let script =
        format!("{} up --yes --preset kraft --events - | head -n 1\n", env!("CARGO_BIN_EXE_kafstack"));
    laptop.shell(&script).exits_with(0).says("Kafka is ready");
    laptop.kafstack("status").exits_with(0);
}

#[test]
fn documents_say_what_they_are() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    for (command, schema) in [
        ("plan --format json", "kafstack/plan/v1"),
        ("status --format json", "kafstack/status/v1"),
        ("doctor --format json", "kafstack/doctor/v1"),
        ("config show --format json", "kafstack/config/v1"),
        ("explain kafka-not-ready --format json", "kafstack/explain/v1"),
    ] {
        let ran = laptop.kafstack(command).exits_with(0).changed_nothing();
        let document = ran.document();
        assert_eq!(document["schema"], schema, "{}", ran.account());
        assert_eq!(document["rehearsal"], false, "{}", ran.account());
        assert!(!ran.stdout.contains('\u{1b}'), "{}", ran.account());
    }
}
