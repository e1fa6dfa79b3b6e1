//! What a run asked and what it was answered, one JSON object a line in one file of the run's folder: a run asks
//! hundreds of questions, and each says little. `host::kept` writes them; here is what a line is, and how it is read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Place;
use super::kept::KEPT;

/// The file's name in the run's folder.
pub const FILE: &str = "questions.ndjson";

/// A question and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its number in the run, from 1. In [`crate::event::Fact::CommandStarted`] it stands behind the file's name.
    pub n: u64,
    /// The step on whose behalf it was asked; none before the first.
    pub step: Option<String>,
    /// Where.
    pub on: Place,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its exit code; none if there is none.
    pub exit_code: Option<i32>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it said on standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// The same of standard error.
    pub stderr: String,
}

/// The questions of a run, in the order of their answers. Lines that are none are left out: the middle of a file that
/// became too large, the torn last line of a killed run, what somebody else wrote. After the last one it can be asked
/// again: the run may go on.
pub struct Questions {
    /// The file, if there is one.
    file: Option<BufReader<Take<File>>>,
    /// The question after the one that [`Questions::find`] was asked for.
    ahead: Option<Question>,
}

impl Questions {
    /// Those in this folder. No file is no question.
    ///
    /// # Errors
    /// There is one that cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let file = match File::open(folder.join(FILE)) {
            Ok(file) => Some(BufReader::new(file.take(2 * KEPT))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Questions { file, ahead: None })
    }

    /// The question of that number, to be asked with growing numbers; `None` if it was not kept.
    pub fn find(&mut self, n: u64) -> Option<Question> {
        let next = match self.ahead.take() {
            Some(ahead) if ahead.n >= n => Some(ahead),
            _ => self.find_map(|question| (question.n >= n).then_some(question)),
        };
        self.ahead = next.clone().filter(|question| question.n > n);
        next.filter(|question| question.n == n)
    }
}

impl Iterator for Questions {
    type Item = Question;

    fn next(&mut self) -> Option<Question> {
        let file = self.file.as_mut()?;
        let mut line = Vec::new();
        loop {
            line.clear();
            // What cannot be read any more ends the file as well.
            if file.read_until(b'\n', &mut line).is_ok_and(|length| length == 0) || line.is_empty() {
                return None;
            }
            if let Ok(question) = serde_json::from_slice(&line) {
                return Some(question);
            }
        }
    }
}

/// Where in [`FILE`] the answer to a question stands, as events name it.
pub fn place(n: u64) -> String {
    format!("{FILE}:{n}")
}

/// The number in what [`place`] made; none if it is another file.
pub fn number(kept: &str) -> Option<u64> {
    kept.strip_prefix(FILE)?.strip_prefix(':')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_no_question_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Questions::of(folder.path()).unwrap().count(), 0);
        let question = Question { n: 7, argv: vec!["juju".into(), "models".into()], ..Question::default() };
        let line = serde_json::to_string(&question).unwrap();
        let text = format!("\u{0}\u{1}\n{line}\n{{\"n\":8}}\n# 35 bytes were left out here\n{}", &line[..20]);
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(Questions::of(folder.path()).unwrap().collect::<Vec<_>>(), [question]);
    }

    #[test]
    fn one_is_found_by_its_number_even_while_the_file_grows() {
        let folder = tempfile::tempdir().unwrap();
        let line =
            |n| format!("{}\n", serde_json::to_string(&Question { n, ..Question::default() }).unwrap());
        let path = folder.path().join(FILE);
        std::fs::write(&path, [line(1), line(2), line(5)].concat()).unwrap();
        let mut questions = Questions::of(folder.path()).unwrap();
        let mut found = |n| questions.find(n).map(|question| question.n);
        assert_eq!([found(2), found(3), found(5), found(6)], [Some(2), None, Some(5), None]);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(line(6).as_bytes()).unwrap();
        assert_eq!(found(6), Some(6));
    }

    #[test]
    fn the_place_of_an_answer_is_found_again() {
        assert_eq!(number(&place(12)), Some(12));
        assert_eq!(number("0001-juju.log"), None);
    }
}
