//! What kafstack did, on disk: one record a line, only ever appended, each on the disk before the deed it announces.
//!
//! A crash, a full disk or a flipped bit costs the records it touches and nothing else: every line carries its number
//! and a checksum, and a line that does not hold up is as if it were not there. The journal remembers what was done;
//! only probes say what is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::format_time;
use crate::failure::{Failure, Id};
use crate::host::scrub;
use crate::state::unusable;

/// Its name in the state folder.
pub const NAME: &str = "journal.ndjson";
/// What stands before a line's checksum.
const SUM: &str = ",\"sum\":\"";

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// A run began.
    RunBegan {
        /// `up` or `down`.
        command: String,
    },
    /// A run ended in an orderly way.
    RunEnded {
        /// `ready`, `stopped`, `failed`, `interrupted`, …
        outcome: String,
    },
    /// A step is about to act.
    StepBegun {
        /// Its name.
        step: String,
        /// The number of its act.
        act_id: u64,
    },
    /// A step's checkpoint held after its act.
    StepDone {
        /// Its name.
        step: String,
    },
    /// A step ended its run.
    StepFailed {
        /// Its name.
        step: String,
        /// The id of the failure.
        id: String,
    },
    /// `connect` is about to add a route on the laptop.
    RouteAdded {
        /// The network.
        network: String,
        /// Through whom.
        via: String,
    },
    /// That route was taken back.
    RouteRemoved,
    /// `demo` is about to add something that is not there.
    DemoAdds {
        /// What.
        what: Addition,
    },
    /// What `demo` had added was removed.
    DemoCleaned,
    /// The VM was destroyed.
    DownFinished,
    /// Written by another kafstack.
    #[serde(other)]
    Unknown,
}

/// Something that `demo` adds to a stack, and that its cleaning removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addition {
    /// An application of that name.
    Application(String),
    /// A topic of that name.
    Topic(String),
    /// The encryption of connections.
    Encryption,
}

/// A record with its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Grows from line to line.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub record: Record,
}

/// An entry as it stands in its line, without the checksum.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The number.
    n: u64,
    /// The time, RFC 3339.
    at: String,
    /// The record.
    #[serde(flatten)]
    record: Record,
}

/// What was done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Oldest first.
    pub entries: Vec<Entry>,
}

impl History {
    /// Reads the journal in that folder; damaged lines are left out. No journal is an empty one.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: there is one that cannot be read.
    pub fn read(folder: &Path) -> Result<History, Failure> {
        Ok(parse(&read_bytes(&folder.join(NAME))?).0)
    }

    /// A number that no act had before.
    pub fn next_act_id(&self) -> u64 {
        let ids = self.entries.iter().filter_map(|entry| match entry.record {
            Record::StepBegun { act_id, .. } => Some(act_id),
            _ => None,
        });
        ids.max().unwrap_or(0) + 1
    }

    /// The route that was added and not taken back: network and way.
    pub fn route(&self) -> Option<(&str, &str)> {
        let route = self.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::RouteRemoved => Some(None),
            Record::RouteAdded { network, via } => Some(Some((network.as_str(), via.as_str()))),
            _ => None,
        });
        route.flatten()
    }

    /// What `demo` has added to this VM, as far as it was not removed again by it.
    pub fn demo_additions(&self) -> Vec<Addition> {
        let after = |entry: &Entry| matches!(entry.record, Record::DemoCleaned | Record::DownFinished);
        let from = self.entries.iter().rposition(after).map_or(0, |at| at + 1);
        let mut additions = Vec::new();
        for entry in &self.entries[from..] {
            if let Record::DemoAdds { what } = &entry.record
                && !additions.contains(what)
            {
                additions.push(what.clone());
            }
        }
        additions
    }

    /// Whether a launch of the VM was begun after it was last destroyed.
    pub fn launched_since_last_down(&self) -> bool {
        let launched = self.entries.iter().rev().map_while(|entry| match &entry.record {
            Record::DownFinished => None,
            Record::StepBegun { step, .. } => Some(step == "launch-vm"),
            _ => Some(false),
        });
        launched.into_iter().any(|launched| launched)
    }
}

/// The journal, for writing. The lock of the stack must be held.
#[derive(Debug)]
pub struct Journal {
    /// Where it is.
    path: PathBuf,
    /// Opened for appending.
    file: File,
    /// What is in it.
    history: History,
}

impl Journal {
    /// Opens the journal in that folder, or begins one. What is damaged at its end is cut off.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be read or written.
    pub fn open(folder: &Path) -> Result<Journal, Failure> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        let file = file.map_err(|e| unusable(&path, "opened", &e))?;
        let bytes = read_bytes(&path)?;
        let (history, good) = parse(&bytes);
        if good < bytes.len() {
            cut(&file, good as u64).map_err(|e| unusable(&path, "repaired", &e))?;
        }
        // A new file is there after a crash only if its folder says so.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| unusable(folder, "written", &e))?;
        Ok(Journal { path, file, history })
    }

    /// What was done so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Appends a record; when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be written, and the journal is as before.
    pub fn append(&mut self, at: Timestamp, record: Record) -> Result<(), Failure> {
        let number = self.history.entries.last().map_or(1, |entry| entry.number + 1);
        let line = Line { n: number, at: format_time(at), record: record.clone() };
        let body = serde_json::to_string(&line)
            .map_err(|e| Failure::new(Id::Unexpected, format!("a record cannot be written as JSON: {e}")))?;
        let body = scrub::text(&body);
        let before = self.file.metadata().map_err(|e| unusable(&self.path, "read", &e))?.len();
        let written = self.file.write_all(sealed(&body).as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(e) = written {
            // If even this fails, the next one to open the journal cuts it.
            let _ = cut(&self.file, before);
            return Err(unusable(&self.path, "written", &e));
        }
        // As it will be read: with milliseconds.
        let at = line.at.parse().unwrap_or(at);
        self.history.entries.push(Entry { number, at, record });
        Ok(())
    }
}

/// Cuts a file to so many bytes.
fn cut(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.sync_data()
}

/// A file's bytes; none if it is not there.
fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    match std::fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|e| unusable(path, "read", &e)),
    }
}

/// A JSON object as a line with its checksum.
fn sealed(body: &str) -> String {
    let sum = crc32fast::hash(body.as_bytes());
    format!("{}{SUM}{sum:08x}\"}}\n", body.strip_suffix('}').unwrap_or(body))
}

/// The entry of a line without its end; `None` if the line does not hold up.
fn unsealed(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line).ok()?;
    let body = format!("{}}}", line.rsplit_once(SUM)?.0);
    if sealed(&body).strip_suffix('\n') != Some(line) {
        return None;
    }
    let line: Line = serde_json::from_str(&body).ok()?;
    Some(Entry { number: line.n, at: line.at.parse().ok()?, record: line.record })
}

/// The entries that hold up, and where the last of them ends.
pub fn parse(bytes: &[u8]) -> (History, usize) {
    let mut history = History::default();
    let (mut offset, mut good) = (0, 0);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        offset += line.len();
        let last = history.entries.last().map_or(0, |entry| entry.number);
        // A number that does not grow is a line that stands there twice.
        let entry = line.strip_suffix(b"\n").and_then(unsealed).filter(|entry| entry.number > last);
        if let Some(entry) = entry {
            history.entries.push(entry);
            good = offset;
        }
    }
    (history, good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_773_480_000 + second).unwrap()
    }

    fn begun(step: &str, act_id: u64) -> Record {
        Record::StepBegun { step: step.into(), act_id }
    }

    fn story() -> Vec<Record> {
        vec![
            Record::RunBegan { command: "up".into() },
            begun("launch-vm", 1),
            Record::StepDone { step: "launch-vm".into() },
            begun("prepare-node", 2),
            Record::StepFailed { step: "prepare-node".into(), id: "node-not-prepared".into() },
            Record::RunEnded { outcome: "failed".into() },
        ]
    }

    fn written(folder: &Path, records: &[Record]) -> Journal {
        let mut journal = Journal::open(folder).unwrap();
        for (second, record) in (0..).zip(records) {
            journal.append(at(second), record.clone()).unwrap();
        }
        journal
    }

    fn records(history: &History) -> Vec<Record> {
        history.entries.iter().map(|entry| entry.record.clone()).collect()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(History::read(folder.path()).unwrap(), History::default());
        let journal = written(folder.path(), &story());
        assert_eq!(records(journal.history()), story());
        assert_eq!(&History::read(folder.path()).unwrap(), journal.history());
        assert_eq!(Journal::open(folder.path()).unwrap().history(), journal.history());
        let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((first["n"].as_u64(), first["record"].as_str()), (Some(1), Some("run-began")));
    }

    #[test]
    fn it_answers_what_it_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.history().next_act_id(), 1);
        assert!(!journal.history().launched_since_last_down());

        for record in story() {
            journal.append(at(5), record).unwrap();
        }
        assert_eq!(journal.history().next_act_id(), 3);
        assert!(journal.history().launched_since_last_down());

        journal.append(at(9), Record::RunBegan { command: "down".into() }).unwrap();
        assert!(journal.history().launched_since_last_down(), "a down that only began destroyed nothing");
        journal.append(at(10), Record::DownFinished).unwrap();
        assert!(!journal.history().launched_since_last_down());
        assert_eq!(journal.history().next_act_id(), 3, "numbers of acts outlive the VM");
    }

    #[test]
    fn what_the_demo_added_is_known_until_it_was_removed() {
        let folder = tempfile::tempdir().unwrap();
        let topic = Addition::Topic("test-topic".into());
        let adds = |what: &Addition| Record::DemoAdds { what: what.clone() };
        let mut journal = written(folder.path(), &[adds(&topic), adds(&Addition::Encryption), adds(&topic)]);
        let there = [topic.clone(), Addition::Encryption];
        assert_eq!(journal.history().demo_additions(), there);
        assert_eq!(History::read(folder.path()).unwrap().demo_additions(), there);
        journal.append(at(9), Record::DemoCleaned).unwrap();
        assert_eq!(journal.history().demo_additions(), []);
        journal.append(at(10), adds(&topic)).unwrap();
        journal.append(at(11), Record::DownFinished).unwrap();
        assert_eq!(journal.history().demo_additions(), []);
    }

    #[test]
    fn a_line_that_stands_there_twice_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        written(folder.path(), &story());
        let text = std::fs::read_to_string(&path).unwrap();
        let doubled = format!("{text}{}\n", text.lines().last().unwrap());
        std::fs::write(&path, &doubled).unwrap();
        assert_eq!(records(&History::read(folder.path()).unwrap()), story());
        Journal::open(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn records_of_another_kafstack_are_kept_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let line = sealed(r#"{"n":7,"at":"2026-03-14T09:24:10.000Z","record":"tea-made","cups":2}"#);
        std::fs::write(folder.path().join(NAME), line).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!(records(journal.history()), [Record::Unknown]);
        journal.append(at(1), Record::DownFinished).unwrap();
        assert_eq!(journal.history().entries[1].number, 8);
    }

    #[test]
    fn looking_repairs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), "half a li").unwrap();
        assert_eq!(History::read(folder.path()).unwrap(), History::default());
        assert_eq!(std::fs::read(folder.path().join(NAME)).unwrap(), b"half a li");
    }

    /// Reads damaged bytes, then goes on writing to them.
    fn after(bytes: &[u8]) -> (Vec<Record>, Vec<Record>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), bytes).unwrap();
        let read = records(&History::read(folder.path()).unwrap());
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append(at(99), Record::DownFinished).unwrap();
        (read, records(&History::read(folder.path()).unwrap()))
    }

    fn sound() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &story());
        std::fs::read(folder.path().join(NAME)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_cut_costs_only_the_record_it_went_through(at_ in 0.0f64..1.0) {
            let bytes = sound();
            let length = (bytes.len() as f64 * at_) as usize;
            let whole = bytes[..length].iter().filter(|b| **b == b'\n').count();
            let (read, then) = after(&bytes[..length]);
            prop_assert_eq!(&read[..], &story()[..whole]);
            prop_assert_eq!(then.len(), whole + 1);
        }

        #[test]
        fn a_flipped_byte_costs_only_the_records_it_touched(at_ in 0.0f64..1.0, flip in 1u8..=255) {
            let mut bytes = sound();
            let place = (bytes.len() as f64 * at_) as usize;
            let line = bytes[..place].iter().filter(|b| **b == b'\n').count();
            // Without the end of its line, a record hangs together with the next one.
            let touched = if bytes[place] == b'\n' { line..(line + 2).min(story().len()) } else { line..line + 1 };
            bytes[place] ^= flip;
            let mut left = story();
            left.drain(touched);
            let (read, then) = after(&bytes);
            prop_assert_eq!(&read, &left);
            left.push(Record::DownFinished);
            prop_assert_eq!(then, left);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (_, then) = after(&bytes);
            prop_assert_eq!(then.last(), Some(&Record::DownFinished));
        }
    }
}
