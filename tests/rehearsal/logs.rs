//! What happened, told afterwards and meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Said, Stage};

/// A stack whose Kafka could not be deployed.
fn failed() -> Stage {
    let stage = Stage::empty();
    let fault = "faults: [ { command: juju deploy kafka, fails: { code: 1, stderr: \"ERROR \\e[2Jnothing today\" } } ]";
    std::fs::write(stage.path("bad-day.yaml"), fault).unwrap();
    let said = stage.fails("up --preset kraft --scenario bad-day.yaml", 4, "command-failed");
    assert!(
        said.err.contains("hint: `kafstack logs --step deploy-kafka --rehearse` shows all"),
        "{}",
        said.err
    );
    stage
}

/// A program that runs, and what it prints.
struct Runs {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Runs {
    fn begin(stage: &Stage, words: &[&str]) -> Self {
        let mut command = stage.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Runs { child, out }
    }

    /// Reads on to a line with this in it.
    #[track_caller]
    fn says(&mut self, text: &str) {
        let found = self.out.by_ref().lines().map(Result::unwrap).any(|line| line.contains(text));
        assert!(found, "it ended without a line with {text:?}");
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it said to its end on stderr.
    #[track_caller]
    fn ends(mut self, code: i32) -> String {
        let mut err = String::new();
        self.out.read_to_end(&mut Vec::new()).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{err}");
        err
    }
}

#[test]
fn a_run_is_told_with_all_that_its_commands_said() {
    let stage = failed();
    let Said { out, err } = stage.exits("logs", 0);
    assert_eq!(err, "");
    let last: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("[7/8]")).collect();
    let [begins, command, said, end, question, _status, .., failed, finished] = last[..] else {
        panic!("{out}")
    };
    assert_eq!(begins, "[7/8] Deploy Kafka              begins (at most 10m 00s)");
    assert!(command.starts_with("    vm$ juju deploy kafka --channel 4/stable -n 1 "), "{command}");
    assert_eq!(said, "    ! ERROR nothing today");
    assert!(end.starts_with("    # exit code 1 after "), "{end}");
    assert_eq!(question, "    vm? juju status -m overlord:demo --format json --utc");
    assert!(failed.contains("failed after") && failed.ends_with("[command-failed]"), "{failed}");
    assert!(
        finished.starts_with("kafstack up: failed after ") && finished.contains("rehearsal"),
        "{finished}"
    );
    assert!(out.contains("\n    Launched: microstack\n"), "whole output of what went well");
    assert!(!out.contains(" --no-ipv4"), "questions only where they explain a failure");
    assert!(stage.exits("logs -v", 0).out.contains("    laptop? multipass list --format json --no-ipv4\n"));
}

#[test]
fn steps_are_called_as_they_were_in_the_run() {
    let stage = Stage::empty();
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect()
    };
    for _made_then_found in 0..2 {
        let run = lines(&stage.exits("up --preset kraft", 0).err);
        assert!(run.last().unwrap().starts_with("[8/8] Wait for Kafka "), "{run:#?}");
        assert_eq!(lines(&stage.exits("logs", 0).out), run);
    }
}

#[test]
fn one_step_is_told_alone_and_the_events_as_they_are() {
    let stage = failed();
    let out = stage.exits("logs --step add-model", 0).out;
    let steps: Vec<&str> = out.lines().filter(|line| !line.starts_with("    ")).collect();
    assert!(steps.len() > 2 && steps[0].starts_with("kafstack up: 8 steps"), "{out}");
    assert!(steps[1..].iter().all(|line| line.starts_with("[6/8] Add the model")), "{out}");
    let events = stage.exits("logs --format json", 0).out;
    let file = std::fs::read_to_string(stage.state("runs/000001/events.ndjson")).unwrap();
    assert_eq!(events, file);
    let of_step = stage.exits("logs --step add-model --format json", 0).out;
    let expected: String = file
        .lines()
        .filter(|line| line.contains(r#""step":"add-model""#))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(of_step, expected);
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let stage = Stage::empty();
    for words in ["logs", "logs --run 1", "logs --follow"] {
        let said = stage.fails(words, 2, "run-unknown");
        assert!(said.err.contains("`kafstack up --rehearse` begins one"), "{}", said.err);
    }
    let stage = failed();
    stage.exits("down --yes", 0);
    let said = stage.fails("logs --run seven", 2, "run-unknown").err;
    assert!(
        said.contains("1: up, 2026-01-05T09:") && said.contains("failed at deploy-kafka [command-failed]")
    );
    assert!(said.contains("2: down, 2026-01-05T09:") && said.contains("Z: destroyed"), "{said}");
    for run in ["1", "000001"] {
        assert!(stage.exits(&format!("logs --run {run}"), 0).out.starts_with("kafstack up: 8 steps"));
    }
    let said = stage.fails("logs --run 1 --step deploy-kafak", 2, "usage").err;
    assert!(said.contains("did you mean `--step deploy-kafka`?"), "{said}");
    let said = stage.fails("logs --run 1 --step integrate-kafka", 2, "usage").err;
    assert!(said.contains("has not reached the step"), "{said}");
}

#[test]
fn torn_and_foreign_files_cost_only_what_they_touch() {
    let stage = failed();
    let run = |name: &str| stage.state("runs/000001").join(name);
    let append = |name: &str, text: &[u8]| {
        std::fs::OpenOptions::new().append(true).open(run(name)).unwrap().write_all(text).unwrap();
    };
    let events = std::fs::read(run("events.ndjson")).unwrap();
    std::fs::write(run("events.ndjson"), &events[..events.len() - 40]).unwrap();
    append("questions.ndjson", b"\xff\x00{\"n\":\n");
    append("0003-multipass.log", b"\x1b]0;title\x07\xff\x1b[2J\n");
    std::fs::remove_file(run("0004-sudo.log")).unwrap();
    let Said { out, err } = stage.exits("logs", 0);
    assert!(err.starts_with("it has no end: kafstack was killed"), "{err}");
    assert!(out.contains("# what it said cannot be read") && out.contains("[command-failed]"), "{out}");
    assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
    std::fs::write(run("events.ndjson"), b"\x00\xff\n[]\n{}\n").unwrap();
    assert_eq!(stage.exits("logs", 0).out, "");
    std::fs::remove_dir_all(stage.state("runs/000001")).unwrap();
    std::fs::create_dir(stage.state("runs/000001")).unwrap();
    assert_eq!(stage.exits("logs", 0).out, "");
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let stage = failed();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = stage.command(&["logs", "-v"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let stage = Stage::empty();
    let mut up = Runs::begin(&stage, &["up", "--preset", "kraft", "--speed", "1", "--events", "-"]);
    up.says("plan-started");
    let said = stage.exits("logs", 0).err;
    assert!(said.starts_with("it goes on: `kafstack up`, process "), "{said}");
    let mut left = Runs::begin(&stage, &["logs", "--follow"]);
    let mut followed = Runs::begin(&stage, &["logs", "--follow", "--step", "install-multipass"]);
    left.says("laptop$ sudo -n snap install multipass");
    followed.says("laptop$ sudo -n snap install multipass");
    left.signal(Signal::INT);
    assert_eq!(left.ends(0), "");
    up.signal(Signal::KILL);
    assert!(followed.ends(0).starts_with("it has no end"), "a killed run ends what follows it");
}
