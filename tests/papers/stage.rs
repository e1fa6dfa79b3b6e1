//! What all of them need: the binary on a laptop that has nothing, and a paper's parts.

use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

/// kafstack on a laptop that has nothing: an empty home, no tools, no variables.
pub struct Kafstack {
    pub home: TempDir,
}

/// What a command printed, both streams as a terminal shows them, and how it ended.
pub struct Screen {
    pub text: String,
    pub code: i32,
}

impl Kafstack {
    pub fn new() -> Self {
        Kafstack { home: tempfile::tempdir().unwrap() }
    }

    /// A command that starts the binary under test, and nothing else.
    #[expect(clippy::disallowed_methods, reason = "the program under test is a process")]
    pub fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafstack"));
        command.args(words).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home.path()).env("PATH", self.home.path().join("no-tools"));
        command
    }

    /// Runs it as on a terminal that mixes both streams.
    pub fn screen(&self, words: &[&str]) -> Screen {
        self.fed(words, "")
    }

    /// The same with this text on standard input.
    pub fn fed(&self, words: &[&str], input: &str) -> Screen {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().expect("kafstack starts");
        drop(command);
        // It may have ended before it read anything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        let code = child.wait().unwrap().code().unwrap_or(-1);
        let home = self.home.path().to_str().unwrap();
        Screen { text: String::from_utf8(bytes).unwrap().replace(home, "~"), code }
    }

    /// The JSON document that it prints, whatever its exit code.
    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.command(words).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}\n{output:?}"))
    }

    /// The events of an `up --rehearse`, whatever its exit code.
    pub fn events(&self, words: &[&str]) -> Vec<Value> {
        let all = [&["up", "--rehearse", "--events", "-"], words].concat();
        let output = self.command(&all).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

pub fn path_of(paper: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(paper)
}

pub fn read(paper: &str) -> String {
    std::fs::read_to_string(path_of(paper)).unwrap_or_else(|error| panic!("{paper}: {error}"))
}

/// The text below a heading, up to the next one of the same depth or above.
pub fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let at =
        text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no heading {heading:?}"));
    let depth = heading.chars().take_while(|c| *c == '#').count();
    let body = &text[at + heading.len() + 2..];
    let ends = (1..=depth).filter_map(|depth| body.find(&format!("\n{} ", "#".repeat(depth))));
    &body[..ends.min().unwrap_or(body.len())]
}

/// The rows of the tables in a text, each as its cells.
pub fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The row whose first cell is this word in backquotes.
pub fn row<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let cell = format!("`{word}`");
    rows(text).into_iter().find(|row| row[0] == cell).unwrap_or_else(|| panic!("there is no row for {cell}"))
}

/// The first cells in backquotes of the tables in a text.
pub fn listed(text: &str) -> BTreeSet<String> {
    rows(text)
        .iter()
        .filter_map(|row| Some(row[0].strip_prefix('`')?.strip_suffix('`')?.to_owned()))
        .collect()
}
