//! What kafstack did, on disk: one record a line, only ever appended, each on the disk before the deed it announces.
//!
//! A crash, a full disk or a flipped bit costs the records it touches and nothing else: every line carries its number
//! and a checksum, and a line that does not hold up is as if it were not there. The journal remembers what was done;
//! only probes say what is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::format_time;
use crate::failure::{Failure, Id};
use crate::host::scrub;
use crate::state::unusable;
use crate::text::count;

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

    /// The numbers of the records that must have been there, and are not.
    fn missing(&self) -> Vec<RangeInclusive<u64>> {
        let numbers = || self.entries.iter().map(|entry| entry.number);
        let expected = std::iter::once(1).chain(numbers().map(|number| number.saturating_add(1)));
        let gaps = expected.zip(numbers()).filter(|(expected, found)| expected < found);
        gaps.map(|(expected, found)| expected..=found - 1).collect()
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
    /// How many bytes at its end were damaged when it was opened.
    damaged: usize,
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
        Ok(Journal { path, file, history, damaged: bytes.len() - good })
    }

    /// What the user should know of what was found when it was opened: each a sentence.
    pub fn damage(&self) -> Vec<String> {
        let path = self.path.display();
        let end = (self.damaged > 0).then(|| {
            format!(
                "the last {} of {path} were damaged and have been cut off, as after a power failure; nothing of the stack is lost: kafstack asks it, not the journal",
                count(self.damaged, "byte")
            )
        });
        // A record's number, not its line, says that it is missing: a line may hold anything.
        let missing = self.history.missing();
        let middle = (!missing.is_empty()).then(|| {
            format!(
                "{} of {path} cannot be read ({}), and there are later ones; what kafstack did then is not known here. The file is left as it is; after `kafstack down` it can be removed",
                count(missing.iter().map(|range| (range.end() - range.start() + 1) as usize).sum(), "record"),
                missing.iter().map(numbers).collect::<Vec<_>>().join(", "),
            )
        });
        end.into_iter().chain(middle).collect()
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
        let open = self.file.metadata().map_err(|e| unusable(&self.path, "read", &e))?;
        let there = std::fs::metadata(&self.path).map_err(|e| unusable(&self.path, "written", &e))?;
        if (there.dev(), there.ino()) != (open.dev(), open.ino()) {
            let replaced = io::Error::other("another file stands in its place");
            return Err(unusable(&self.path, "written", &replaced));
        }
        let before = open.len();
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

/// Numbers of records in words.
fn numbers(range: &RangeInclusive<u64>) -> String {
    let (first, last) = (range.start(), range.end());
    if first == last { format!("number {first}") } else { format!("numbers {first} to {last}") }
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
mod tests;
