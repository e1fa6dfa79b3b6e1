//! Where the texts of a bundle come from. What cannot be read is said, and no reason to stop.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::commands::run_record::{CONFIG, kept_config};
use crate::config::{Config, as_yaml};
use crate::host::paste;
use crate::host::questions::{self, Question, Questions};
use crate::journal;
use crate::state::{EVENTS, Run, State};
use crate::text;

/// So much of a file goes into a bundle, in bytes: its first and its last half.
const MOST: u64 = 4 * 1024 * 1024;

/// So much of an answer stands in the list of the last ones, in characters; all of it is among the questions.
const ANSWER: usize = 64 * 1024;

/// The texts, and what is missing.
#[derive(Default)]
pub struct Sources {
    /// Names and texts.
    pub files: Vec<(String, String)>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

impl Sources {
    /// Adds a text.
    pub fn add(&mut self, name: &str, text: String) {
        self.files.push((name.to_owned(), text));
    }

    /// Adds a file.
    fn add_file(&mut self, name: &str, path: &Path) {
        match read(path) {
            Ok(text) => self.add(name, text),
            Err(error) => self.missing.push(format!("{name}: {error}")),
        }
    }

    /// The configuration of the run, else the one that would be used now.
    pub fn config(&mut self, run: &Run, now: Config) -> Config {
        let config = match kept_config(run) {
            Ok(config) => config,
            Err(failure) => {
                self.missing
                    .push(format!("the run's own configuration ({failure}); kafstack.yaml is today's"));
                now
            }
        };
        match as_yaml(&config) {
            Ok(text) => self.add(CONFIG, text),
            Err(error) => self.missing.push(format!("{CONFIG}: {error}")),
        }
        config
    }

    /// The journal.
    pub fn journal(&mut self, state: &State) {
        self.add_file(journal::NAME, &state.folder().join(journal::NAME));
    }

    /// Everything in the folder of the run.
    pub fn run(&mut self, run: &Run) {
        let entries = match std::fs::read_dir(&run.folder) {
            Ok(entries) => entries,
            Err(error) => return self.missing.push(format!("run/: {error}")),
        };
        for entry in entries.filter_map(io::Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.ends_with(".log") || name.ends_with(".ndjson");
            // No link is followed.
            if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                self.add_file(&format!("run/{name}"), &entry.path());
            }
        }
        for name in [EVENTS, questions::FILE].map(|name| format!("run/{name}")) {
            if !self.files.iter().any(|(there, _)| *there == name) {
                self.missing.push(format!("{name}: it is not there"));
            }
        }
    }

    /// The last answer to each question of each step.
    pub fn answers(&mut self, run: &Run) {
        let questions = match Questions::of(&run.folder) {
            Ok(questions) => questions,
            Err(error) => return self.missing.push(format!("answers.txt: {error}")),
        };
        let mut last: BTreeMap<String, Question> = BTreeMap::new();
        for question in questions {
            let step = question.step.as_deref().unwrap_or("before the first step");
            last.insert(format!("{step}: {}$ {}", question.on, paste(&question.argv)), question);
        }
        let mut last: Vec<(String, Question)> = last.into_iter().collect();
        last.sort_by_key(|(_, question)| question.n);
        let mut answers = String::new();
        for (asked, Question { stdout, stderr, exit_code, error, .. }) in last {
            let end = exit_code.map_or(error.unwrap_or_default(), |code| format!("exit code {code}"));
            answers += &format!("{asked}\n{}({end})\n\n", text::cut(&(stdout + &stderr), ANSWER));
        }
        self.add("answers.txt", answers);
    }
}

/// A file as text, its middle left out if it is large.
fn read(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    if length <= MOST {
        file.take(MOST).read_to_end(&mut bytes)?;
    } else {
        file.by_ref().take(MOST / 2).read_to_end(&mut bytes)?;
        bytes.extend(format!("\n# {} bytes were left out here\n", length - MOST).bytes());
        file.seek(SeekFrom::Start(length - MOST / 2))?;
        file.take(MOST / 2).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_large_file_the_ends_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        std::fs::write(&path, format!("first{}last", "x".repeat(MOST as usize))).unwrap();
        let text = read(&path).unwrap();
        assert!(text.starts_with("first") && text.ends_with("last"));
        assert!(text.contains("\n# 9 bytes were left out here\n"), "{}", text.len());
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::default();
        sources.journal(&State::at(folder.path(), "lab"));
        sources.run(&Run { number: 1, folder: folder.path().join("runs/000001") });
        assert!(sources.files.is_empty());
        assert_eq!(sources.missing.len(), 2, "{:?}", sources.missing);
    }
}
