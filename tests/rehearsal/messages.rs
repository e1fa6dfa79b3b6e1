//! A ready cluster in use: groups, messages, and the cluster's own admin.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::stage::{Stage, files};

impl Stage {
    /// Starts `kafstack` with these words.
    fn start(&self, words: &[&str]) -> Child {
        let pipes = |command: &mut Command| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
        };
        pipes(&mut self.command(words)).unwrap()
    }

    /// Runs it with this input.
    #[track_caller]
    fn fed(&self, words: &[&str], input: &[u8], code: i32) -> Output {
        let mut child = self.start(words);
        // It may have refused before it read anything.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{words:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        output
    }

    /// The JSON document that it prints.
    #[track_caller]
    fn document(&self, words: &str) -> Value {
        let document = self.exits(&format!("{words} --format json"), 0).json();
        assert_eq!(document["rehearsal"], true);
        document
    }

    /// Runs it and expects this exit code. Returns standard error.
    #[track_caller]
    fn says(&self, words: &str, input: &str, code: i32) -> String {
        let output = self.fed(&words.split_whitespace().collect::<Vec<_>>(), input.as_bytes(), code);
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn messages_go_in_and_come_out_as_they_were() {
    let stage = Stage::ready("kraft");
    stage.exits("topic create orders", 0);
    let lines = format!("one\n\n  spaces\tand a tab \nümläut\n{}\n", "x".repeat(20_000));
    let said = stage.fed(&["produce", "orders"], lines.as_bytes(), 0);
    assert_eq!(said.stdout, b"");
    assert!(String::from_utf8(said.stderr).unwrap().contains("5 messages sent to orders"));
    let out = stage.fed(&["consume", "orders", "--from-beginning", "--timeout", "10s"], b"", 0);
    assert!(out.stdout == lines.as_bytes(), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(String::from_utf8(out.stderr).unwrap().contains("5 messages from orders"));
    assert_eq!(stage.exits("consume orders --from-beginning --max 1 --speed 10000", 0).out, "one\n");
    // From now on means none of these.
    assert_eq!(stage.exits("consume orders --timeout 5s", 0).out, "");
    stage.knew_everything();
}

#[test]
fn keys_are_taken_apart_and_printed() {
    let stage = Stage::ready("kraft");
    stage.exits("topic create orders", 0);
    stage.fed(&["produce", "orders", "--key-separator", " | "], b"a | 1\nb | 2 | 3\n", 0);
    let consume = ["consume", "orders", "--from-beginning", "--timeout", "5s", "--print-keys"];
    assert_eq!(stage.fed(&consume, b"", 0).stdout, b"a\t1\nb\t2 | 3\n");
    let separated = [&consume[..], &["--key-separator", "; "]].concat();
    assert_eq!(stage.fed(&separated, b"", 0).stdout, b"a; 1\nb; 2 | 3\n");
    // A line without a key ends the input before it.
    let refused = stage.fed(&["produce", "orders", "--key-separator", ":"], b"c:3\nd\ne:5\n", 2);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("line 2 cannot be a message [message-refused]"), "{said}");
    assert_eq!(stage.fed(&consume, b"", 0).stdout, b"a\t1\nb\t2 | 3\nc\t3\n");
    stage.knew_everything();
}

#[test]
fn a_group_remembers_and_shows_how_far_it_has_read() {
    let stage = Stage::ready("kraft");
    assert!(stage.says("group list", "", 0).contains("there are no groups yet"));
    stage.exits("topic create orders --partitions 2", 0);
    stage.says("produce orders", "one\ntwo\nthree\n", 0);
    stage.exits("consume orders --group billing --from-beginning --max 2 --timeout 30s", 0);
    let described = stage.document("group describe billing");
    assert_eq!(described["schema"], "kafstack/group-describe/v1");
    let group = &described["group"];
    assert_eq!(
        (&group["name"], &group["lag"], &group["consumers"]),
        (&json!("billing"), &json!(1), &json!(0))
    );
    assert_eq!(group["state"], "empty");
    let ends: u64 = group["partitions"].as_array().unwrap().iter().filter_map(|p| p["end"].as_u64()).sum();
    assert_eq!(ends, 3);
    let listed = stage.document("group list");
    assert_eq!(listed["schema"], "kafstack/group-list/v1");
    assert_eq!(
        listed["groups"],
        json!([{ "name": "billing", "state": "empty", "consumers": 0, "lag": 1, "topics": ["orders"] }])
    );
    // The rest, and then nothing.
    assert_eq!(stage.exits("consume orders --group billing --timeout 10s", 0).out.lines().count(), 1);
    assert_eq!(stage.exits("consume orders --group billing --from-beginning --timeout 10s", 0).out, "");
    assert!(
        stage
            .exits("group describe billing", 0)
            .out
            .starts_with("Group billing: empty, 0 consumers, all read\n")
    );
    assert!(stage.says("group describe shipping", "", 2).contains("[group-unknown]"));
    stage.knew_everything();
}

#[test]
fn a_topic_that_is_not_there_is_said_before_anything_is_sent() {
    let stage = Stage::ready("kraft");
    for words in ["produce orders", "consume orders --speed 10000"] {
        let said = stage.says(words, "one\n", 2);
        assert!(said.contains("there is no topic `orders` [topic-unknown]"), "{said}");
    }
    assert!(!stage.world().contains("client.id"));
    for words in
        ["produce -x", "produce a/b", "consume __x/y", "consume orders --group -x", "consume orders --max 0"]
    {
        stage.says(words, "", 2);
    }
    stage.knew_everything();
}

#[test]
fn without_a_ready_stack_every_one_of_them_says_so() {
    let stage = Stage::empty();
    for words in ["group list", "group describe x", "produce x", "consume x", "admin show", "admin rotate"] {
        let said = stage.says(words, "", 7);
        assert!(said.contains("[not-ready]"), "{words}: {said}");
    }
}

#[test]
fn consuming_without_an_end_ends_well_by_ctrl_c_and_when_nobody_reads() {
    let stage = Stage::ready("kraft");
    stage.exits("topic create orders", 0);
    stage.says("produce orders", "one\ntwo\n", 0);
    let words = ["consume", "orders", "--from-beginning", "--group", "billing", "--speed", "200"];
    let mut child = stage.start(&words);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    out.read_line(&mut lines).unwrap();
    out.read_line(&mut lines).unwrap();
    assert_eq!(lines, "one\ntwo\n");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.contains("2 messages from orders"), "{said}");
    assert!(stage.exits("group describe billing", 0).out.starts_with("Group billing: empty, 0 consumers"));

    let mut child = stage.start(&["consume", "orders", "--from-beginning", "--speed", "200"]);
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    stage.knew_everything();
}

#[test]
fn the_admins_password_is_shown_when_asked_for_and_is_nowhere_else() {
    for (preset, username) in [("kraft", "operator"), ("kafka", "admin")] {
        let stage = Stage::ready(preset);
        let hidden = stage.exits("admin show", 0).out;
        assert!(hidden.contains(username) && hidden.contains("(hidden; `--reveal` shows it)"), "{hidden}");
        assert_eq!(stage.document("admin show")["password"], Value::Null);
        let shown = || -> String {
            let document = stage.document("admin show --reveal");
            assert_eq!(
                (&document["schema"], &document["username"]),
                (&json!("kafstack/admin-show/v1"), &json!(username))
            );
            assert!(!document["bootstrap_servers"].as_array().unwrap().is_empty());
            document["password"].as_str().unwrap().to_owned()
        };
        let first = shown();
        let said = stage.says("admin rotate -v", "", 0);
        let second = shown();
        stage.says("admin rotate", "", 0);
        let third = shown();
        assert!(first != second && second != third && first != third);
        stage.exits("status", 0);
        // The simulated world holds what the real one would; kafstack's own files do not.
        let world = stage.state("world.json");
        for file in files(&stage.path("state")).into_iter().filter(|file| *file != world) {
            let text = std::fs::read_to_string(&file).unwrap();
            for password in [&first, &second, &third] {
                assert!(!text.contains(password.as_str()), "{preset}: {}", file.display());
            }
        }
        assert!(!said.contains(&first) && !said.contains(&second), "{said}");
        assert!(!stage.world().contains("kafstack-secret.yaml"), "{preset}: the file is still there");
        stage.knew_everything();
    }
}

#[test]
fn the_same_messages_give_the_same_run() {
    let run = || {
        let stage = Stage::ready("kraft");
        stage.exits("topic create orders --partitions 3", 0);
        stage.says("produce orders", "one\ntwo\nthree\n", 0);
        stage.exits("consume orders --from-beginning --timeout 5s", 0);
        stage.world()
    };
    assert_eq!(run(), run());
}
