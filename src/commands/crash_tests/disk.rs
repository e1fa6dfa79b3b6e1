//! The disk of a laptop as a kafstack that died left it, and what is essential about the world on it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::laptop::Deed;

/// Everything that outlives a kafstack.
#[derive(Clone, Default)]
pub struct Disk {
    /// The files in the state folder by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What was done before, by this one and those before it.
    pub deeds: Vec<Deed>,
    /// Where it died, for a person who reads a failed test.
    pub died: String,
}

/// The name of the journal.
const JOURNAL: &str = "journal.ndjson";
/// The name of the simulated time.
const CLOCK: &str = "clock";

impl Disk {
    /// What is in a folder.
    pub fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && !name.starts_with("lock") && name != "turn" {
                files.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
        Disk { files, ..Disk::default() }
    }

    /// Writes it into an empty folder.
    pub fn restore(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    /// At this simulated time, in milliseconds: the world's time does not stop with kafstack.
    pub fn at(mut self, now: i64) -> Self {
        self.files.insert(CLOCK.to_owned(), format!("{now:>16}").into_bytes());
        self
    }

    /// So many milliseconds later.
    pub fn later(self, wait: i64) -> Self {
        let now: i64 = String::from_utf8(self.files[CLOCK].clone()).unwrap().trim().parse().unwrap();
        self.at(now + wait)
    }

    /// With so many bytes of the journal's last record: the rest never reached the disk.
    pub fn torn(mut self, of_the_last: impl Fn(usize) -> usize) -> Self {
        let journal = self.files.entry(JOURNAL.to_owned()).or_default();
        let body = journal.strip_suffix(b"\n").unwrap_or(journal);
        let before = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        journal.truncate(before + of_the_last(journal.len() - before));
        self.died.push_str(", its record torn");
        self
    }

    /// What tells it from others beside the time.
    pub fn key(&self, gist: &str) -> Vec<u8> {
        let mut key = gist.as_bytes().to_vec();
        for (name, bytes) in &self.files {
            if name != CLOCK && name != "world.json" {
                key.extend_from_slice(bytes);
            }
        }
        key
    }
}

/// The world without times, addresses and identifiers, one fact a line.
pub fn essence(gist: &str) -> String {
    let mut lines = Vec::new();
    facts("", &serde_json::from_str(gist).unwrap(), &mut lines);
    lines.join("\n")
}

/// Names of what differs from run to run, and what is only a trace of how the end was reached.
const BESIDE: &[&str] = &[
    "uuid",
    "hex",
    "address",
    "ip",
    "id",
    "long",
    "due",
    "next_task",
    "boot",
    "down_since",
    "images",
    "seed",
];

/// Lists the facts below a value.
fn facts(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !BESIDE.contains(&key.as_str())) {
                facts(&format!("{path}/{key}"), value, lines);
            }
        }
        Value::Array(values) => {
            for (n, value) in values.iter().enumerate() {
                facts(&format!("{path}/{n}"), value, lines);
            }
            lines.push(format!("{path}: {} of them", values.len()));
        }
        // A time.
        Value::Number(number) if number.as_i64().is_some_and(|n| n > 1_700_000_000_000) => {
            lines.push(format!("{path}: some time"));
        }
        // The status of a long act, after its number.
        Value::String(text) if path.ends_with(".end") => {
            lines.push(format!("{path}: {:?}", text.split_whitespace().nth(1)));
        }
        other => lines.push(format!("{path}: {other}")),
    }
}
