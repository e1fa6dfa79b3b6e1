//! A simulated laptop for a story, and the real binary on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A place for a rehearsal's state, and the binary in it.
pub struct Stage {
    /// Holds the state; gone with the test.
    folder: tempfile::TempDir,
}

/// What a command said.
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// What was said by a command that must have ended with this exit code.
    #[track_caller]
    pub fn of(output: Output, words: &str, code: i32) -> Said {
        let out = String::from_utf8(output.stdout).unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let ended = output.status.code();
        assert_eq!(ended, Some(code), "`kafstack {words}`\n--- stdout\n{out}\n--- stderr\n{err}");
        Said { out, err }
    }

    /// Standard output as a document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl Stage {
    /// With nothing on it.
    pub fn empty() -> Self {
        Stage { folder: tempfile::tempdir().unwrap() }
    }

    /// A stack that is ready.
    #[track_caller]
    pub fn ready(preset: &str) -> Self {
        let stage = Stage::empty();
        stage.exits(&format!("up --preset {preset}"), 0);
        stage
    }

    /// Another laptop that is as this one is now.
    pub fn copy(&self) -> Self {
        let copy = Stage::empty();
        let (from, to) = (self.state(""), copy.state(""));
        std::fs::create_dir_all(&to).unwrap();
        // The folders in it hold earlier runs' output, which nothing reads again. An empty stage has none of it.
        for entry in std::fs::read_dir(from).into_iter().flatten().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
        copy
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the rehearsal's state.
    pub fn state(&self, name: &str) -> PathBuf {
        self.path("state/kafstack-rehearsal/microstack").join(name)
    }

    /// `kafstack` with these words, always in rehearsal.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kafstack"));
        command
            .args(words)
            .args((!words.contains(&"--rehearse")).then_some("--rehearse"))
            .env_clear()
            .env("PATH", self.path("no programs"))
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(self.folder.path());
        command
    }

    /// Runs it.
    pub fn kafstack(&self, words: &str) -> Output {
        self.command(&words.split_whitespace().collect::<Vec<_>>()).output().unwrap()
    }

    /// Runs it and expects this exit code.
    #[track_caller]
    pub fn exits(&self, words: &str, code: i32) -> Said {
        Said::of(self.kafstack(words), words, code)
    }

    /// The same with a fault planted: the command that begins so fails once, for a reason that nobody knows. A
    /// fault that reads the same was spent by the command before.
    #[track_caller]
    pub fn interrupted(&self, words: &str, command: &str) {
        let fault = format!(
            "faults:\n  - {{ command: \"{command}\", times: 1, fails: {{ code: 1, stderr: \"ERROR the moon is full during {words}\" }} }}\n"
        );
        std::fs::write(self.path("bad-day.yaml"), fault).unwrap();
        self.exits(&format!("{words} --scenario bad-day.yaml"), 4);
    }

    /// The failure's id of a command that ends with this exit code.
    #[track_caller]
    pub fn fails(&self, words: &str, code: i32, id: &str) -> Said {
        let said = self.exits(words, code);
        assert!(said.err.contains(&format!("[{id}]")), "`kafstack {words}`: {}", said.err);
        said
    }

    /// The changing commands of the latest run.
    pub fn changes(&self) -> Vec<String> {
        let events = self.events();
        let changing = events.iter().filter(|e| e["event"] == "command-started" && e["effect"] == "changes");
        changing
            .map(|event| {
                let argv = event["argv"].as_array().unwrap();
                argv.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// The events of the latest run.
    pub fn events(&self) -> Vec<Value> {
        let runs = self.state("runs");
        let latest = std::fs::read_dir(runs).unwrap().map(|run| run.unwrap().path()).max().unwrap();
        let text = std::fs::read_to_string(latest.join("events.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The value in force of a key.
    pub fn in_force(&self, key: &str) -> Value {
        self.exits("config show --format json", 0).json()["values"][key]["value"].clone()
    }

    /// The simulated world as it is kept.
    pub fn world(&self) -> String {
        std::fs::read_to_string(self.state("world.json")).unwrap()
    }

    /// The simulated laptop knew every command.
    #[track_caller]
    pub fn knew_everything(&self) {
        let world: Value = serde_json::from_str(&self.world()).unwrap();
        assert_eq!(world["unknown"], serde_json::json!([]));
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
