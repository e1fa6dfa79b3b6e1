//! The parser over the fixtures, over noise, and over rubbish.

use proptest::prelude::*;

use super::fixture::{changed, names, parsed, status, text};
use super::*;

#[test]
fn a_whole_model_is_read() {
    let status = status("healthy");
    assert_eq!((status.model.controller.as_str(), status.model.name.as_str()), ("overlord", "demo"));
    assert_eq!(status.juju_major(), Some(3));
    assert_eq!(status.machines.len(), 8);
    let kafka = status.application("kafka").unwrap();
    assert_eq!((kafka.charm_name.as_str(), kafka.charm_channel.as_str()), ("kafka", "3/stable"));
    let leaders: Vec<_> = kafka.units.iter().filter(|(_, u)| u.leader).map(|(n, _)| n).collect();
    assert_eq!(leaders, ["kafka/1"]);
    assert_eq!(kafka.units.named("kafka/1").unwrap().open_ports, ["19092/tcp"]);
    assert_eq!(status.machine("6").unwrap().base(), "ubuntu@22.04");
    assert!(status.related("kafka", "zookeeper"));
    assert!(status.errors().is_empty());
}

#[test]
fn every_fixture_is_read() {
    let names = names();
    assert!(names.len() >= 16);
    for name in names {
        parsed(text(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn a_part_that_could_not_be_told_does_not_spoil_the_rest() {
    let status = status("status-error");
    let error = "cannot get relations: connection is shut down".to_owned();
    assert_eq!(status.errors(), [("kafka".to_owned(), error)]);
    assert_eq!(status.application("zookeeper").unwrap().units.len(), 5);

    let nested = changed("healthy", |v| {
        v["applications"]["kafka"]["units"]["kafka/0"]["juju-status"] =
            serde_json::json!({"status-error": "x"});
    });
    assert_eq!(nested.errors(), [("kafka/0".to_owned(), "x".to_owned())]);
}

#[test]
fn relations_are_read_in_both_dialects() {
    assert!(status("juju-2.9").related("kafka", "zookeeper"));
    assert!(!status("before-integrate").related("kafka", "zookeeper"));
    let one_sided = changed("healthy", |v| {
        v["applications"]["zookeeper"]["relations"].as_object_mut().unwrap().remove("zookeeper");
    });
    assert!(!one_sided.related("kafka", "zookeeper"));
}

#[test]
fn noise_before_and_after_the_document_is_passed_over() {
    let plain = status("empty-model");
    let noisy = format!("warning: {{x}} locale\r\n\u{1b}[1m{}\u{1b}[0m\ntrailing", text("empty-model"));
    assert_eq!(parsed(noisy).unwrap(), plain);
}

#[test]
fn no_document_is_an_answer_that_says_nothing() {
    for nothing in ["", "\n", "no such thing", "{", "[]", "{}", "{\"model\":{}}"] {
        let error = parsed(nothing).unwrap_err();
        assert!(matches!(error, CommandError::Garbled { .. }), "{nothing:?}: {error}");
    }
    let line = CommandLine::reads("juju", ["status"]);
    let output = Output { code: 1, stderr: b"ERROR model not found".to_vec(), ..Output::default() };
    assert!(matches!(parse(&line, &output), Err(CommandError::Failed { code: 1, .. })));
}

#[test]
fn the_age_of_a_state_follows_jujus_own_clock() {
    let healthy = status("healthy");
    let kafka = healthy.application("kafka").unwrap();
    let age = healthy.age(&kafka.units.named("kafka/0").unwrap().workload_status);
    assert_eq!(age, Some(Duration::from_secs(6 * 60 + 57)));
    assert_eq!(healthy.age(&StatusInfo::default()), None);
}

#[test]
fn the_clock_passes_midnight_and_tolerates_a_cached_answer() {
    let latest = instant("2026-03-14 23:59:50Z").unwrap();
    assert_eq!(clock("00:00:20Z", latest), instant("2026-03-15 00:00:20Z"));
    assert_eq!(clock("23:59:45Z", latest), instant("2026-03-14 23:59:45Z"));
    let early = instant("2026-03-15 00:00:05Z").unwrap();
    assert_eq!(clock("23:59:59Z", early), instant("2026-03-14 23:59:59Z"));
    assert_eq!(clock("00:01:00Z", early), instant("2026-03-15 00:01:00Z"));
    assert_eq!(age(latest, instant("2026-03-14 23:59:45Z").unwrap()), Duration::ZERO);
    assert_eq!(clock("22:31:07+13:00", latest), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parsed(bytes);
    }

    #[test]
    fn no_damage_to_a_document_makes_the_parser_panic(at in 0usize..8000, byte in any::<u8>()) {
        let mut bytes = text("hook-failed").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(status) = parsed(&bytes) {
            let _ = (status.errors(), status.latest_since());
        }
    }
}
