//! What a run told, read back from its folder, also while it goes on.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::{EVENTS, Run};
use crate::event::{Event, Fact};

/// How much is read at once, in bytes.
const CHUNK: u64 = 1024 * 1024;
/// The longest line that is waited for, in bytes: no event comes near it.
const LONGEST: usize = 32 * 1024 * 1024;

/// An event and the line it stood in.
#[derive(Debug)]
pub struct Told {
    /// The line, without its end.
    pub line: String,
    /// What it says.
    pub event: Event,
}

/// The events of a run, as far as they were read. Lines that are no events are left out: the torn last line of a
/// killed run, what another kafstack wrote.
#[derive(Debug)]
pub struct Past {
    /// The file.
    path: PathBuf,
    /// So much of it was read.
    read: u64,
    /// The beginning of a line that had not ended then.
    open: Vec<u8>,
}

impl Past {
    /// Of this run, from its beginning.
    pub fn of(run: &Run) -> Self {
        Past { path: run.folder.join(EVENTS), read: 0, open: Vec::new() }
    }

    /// The next events; none if there are none yet. A run without a file has told nothing yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn more(&mut self) -> io::Result<Vec<Told>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut told = Vec::new();
        while told.is_empty() {
            let length = file.by_ref().take(CHUNK).read_to_end(&mut self.open)?;
            if length == 0 {
                break;
            }
            self.read += length as u64;
            let whole = self.open.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let lines: Vec<u8> = self.open.drain(..whole).collect();
            if self.open.len() > LONGEST {
                self.open.clear();
            }
            told.extend(lines.split(|byte| *byte == b'\n').filter_map(|line| {
                let event = serde_json::from_slice(line).ok()?;
                Some(Told { line: String::from_utf8_lossy(line).into_owned(), event })
            }));
        }
        Ok(told)
    }

    /// All that is there.
    ///
    /// # Errors
    /// As [`Past::more`].
    pub fn all(&mut self) -> io::Result<Vec<Told>> {
        let mut all = Vec::new();
        loop {
            match self.more()? {
                more if more.is_empty() => return Ok(all),
                more => all.extend(more),
            }
        }
    }
}

impl Told {
    /// The step it is about, if it is about one.
    pub fn step(&self) -> Option<&str> {
        match &self.event.fact {
            Fact::PlanStarted { .. } | Fact::PlanFinished { .. } => None,
            Fact::StepStarted { step, .. }
            | Fact::StepSkipped { step, .. }
            | Fact::Waiting { step, .. }
            | Fact::Diagnosed { step, .. }
            | Fact::Retrying { step, .. }
            | Fact::StepFinished { step, .. }
            | Fact::StepFailed { step, .. } => Some(step),
            Fact::CommandStarted { step, .. }
            | Fact::Output { step, .. }
            | Fact::CommandFinished { step, .. }
            | Fact::Warning { step, .. } => *step,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn events_are_read_as_they_come_and_what_is_none_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let run = Run { number: 1, folder: folder.path().to_owned() };
        let mut past = Past::of(&run);
        assert_eq!(past.more().unwrap().len(), 0);
        let waiting = |seen: &str| {
            format!(
                r#"{{"v":1,"at":"2026-03-14T09:24:10.500Z","elapsed_ms":7,"event":"waiting","step":"add-model","seen":"{seen}","rehearsal":true}}"#
            )
        };
        let (first, second, third) = (waiting("a"), waiting("b"), waiting("c"));
        let mut file = File::create(run.folder.join(EVENTS)).unwrap();
        let mut reads = |text: &[u8]| {
            file.write_all(text).unwrap();
            past.all().unwrap().into_iter().map(|told| told.line).collect::<Vec<_>>()
        };
        let (half, rest) = second.split_at(30);
        assert_eq!(reads(format!("\0\n{first}\n{{\"event\":\"tea\"}}\n{half}").as_bytes()), [first]);
        assert_eq!(reads(b""), [""; 0]);
        assert_eq!(reads(format!("{rest}\n{third}").as_bytes()), [second]);
        assert_eq!(reads(b"\n\xff\n"), [third]);
    }
}
