//! One folder for each run that changes the stack; the last ones are kept.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use super::{State, unusable};
use crate::failure::Failure;

/// So many runs are kept.
const KEPT: usize = 20;
/// The name of a run's events in its folder.
pub const EVENTS: &str = "events.ndjson";

/// A run and its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Counted from 1, never used twice while a later one is there.
    pub number: u64,
    /// Where its events and the tools' output are.
    pub folder: PathBuf,
}

impl State {
    /// Makes the folder of a new run and removes those that are too old. The lock must be held.
    ///
    /// # Errors
    /// [`crate::failure::Id::StateUnusable`]: it cannot be made.
    pub fn new_run(&self) -> Result<Run, Failure> {
        let runs = self.runs();
        let number = runs.last().map_or(1, |run| run.number + 1);
        let folder = self.folder.join("runs").join(format!("{number:06}"));
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|e| unusable(&folder, "created", &e))?;
        for old in &runs[..(runs.len() + 1).saturating_sub(KEPT)] {
            // One that cannot be removed is no reason not to work; the next run tries again.
            let _ = std::fs::remove_dir_all(&old.folder);
        }
        Ok(Run { number, folder })
    }

    /// The latest run; `None` if there was none.
    pub fn latest_run(&self) -> Option<Run> {
        self.runs().pop()
    }

    /// All runs whose folders are there, oldest first.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = std::fs::read_dir(self.folder.join("runs"))
            .into_iter()
            .flatten()
            .filter_map(io::Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let digits = name.len() >= 6 && name.bytes().all(|b| b.is_ascii_digit());
                Some(Run { number: name.parse().ok().filter(|_| digits)?, folder: entry.path() })
            })
            .collect();
        runs.sort();
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_runs_are_kept() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        let foreign = state.folder().join("runs/my notes");
        std::fs::create_dir_all(&foreign).unwrap();
        for number in 1..=23 {
            let run = state.new_run().unwrap();
            assert_eq!(run.number, number);
            std::fs::write(run.folder.join("events.ndjson"), "{}").unwrap();
        }
        let numbers: Vec<u64> = state.runs().iter().map(|run| run.number).collect();
        assert_eq!(numbers, (4..=23).collect::<Vec<_>>());
        assert!(foreign.is_dir());
        let latest = state.latest_run().unwrap();
        assert_eq!(latest.folder, state.folder().join("runs/000023"));
    }
}
