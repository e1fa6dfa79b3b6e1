//! What a failing step asked and did, with what came of it, put together from the events, the questions and the files
//! of its commands.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::event::Fact;
use crate::failure::Id;
use crate::host::questions::{self, Questions};
use crate::host::{Effect, Place};
use crate::state::{Run, Told};

/// So much of a command's own file is read, in bytes: more than any step looks at, which is `host::TAIL` of each
/// stream.
const READ: u64 = 256 * 1024;

/// A command and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Taped {
    /// Where it ran.
    pub on: Place,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Whether it may have changed something.
    pub effect: Effect,
    /// What came of it.
    pub end: End,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It ended with this exit code and said this.
    Code {
        /// The exit code.
        code: i32,
        /// What it said; `None`: that is confidential, or was not kept.
        said: Option<Said>,
    },
    /// There is no exit code.
    None {
        /// Why, in the word of [`crate::host::CommandError::cause`].
        cause: String,
        /// The same in words.
        error: String,
    },
}

/// What a command said on its two streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The failure that ended a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The step.
    pub step: String,
    /// The failure's id.
    pub id: String,
    /// What did not happen.
    pub message: String,
}

impl Failed {
    /// Whether it was a signal that ended the run, and not the world.
    pub fn by_signal(&self) -> bool {
        [Id::Interrupted, Id::Terminated, Id::HungUp].iter().any(|id| id.as_str() == self.id)
    }
}

/// The failure that ended a run, if a step did.
pub fn failed(told: &[Told]) -> Option<Failed> {
    told.iter().rev().find_map(|told| match &told.event.fact {
        Fact::StepFailed { step, id, message, .. } => {
            Some(Failed { step: (*step).to_owned(), id: (*id).to_owned(), message: message.clone() })
        }
        _ => None,
    })
}

/// The last command before a step that may have changed something, if the run had one.
pub fn change_before<'a>(told: &'a [Told], step: &str) -> Option<&'a [String]> {
    let before = told.iter().take_while(|told| told.step() != Some(step));
    let changes = before.filter_map(|told| match &told.event.fact {
        Fact::CommandStarted { argv, effect: Effect::Changes, .. } => Some(argv.as_slice()),
        _ => None,
    });
    changes.last()
}

/// The commands of a step in the order of their ends.
///
/// # Errors
/// The questions of the run cannot be read.
pub fn of_step(run: &Run, told: &[Told], step: &str) -> io::Result<Vec<Taped>> {
    let mut questions = Questions::of(&run.folder)?;
    let (mut open, mut tape) = (Vec::new(), Vec::new());
    for told in told.iter().filter(|told| told.step() == Some(step)) {
        match &told.event.fact {
            Fact::CommandStarted { on, argv, effect, kept, .. } => {
                open.push((*on, argv, *effect, kept.as_deref()))
            }
            Fact::CommandFinished { exit_code, error, cause, .. } => {
                let Some((on, argv, effect, kept)) = open.pop() else { continue };
                let said = match kept.map(|kept| (kept, questions::number(kept))) {
                    Some((_, Some(n))) => {
                        questions.find(n).map(|q| Said { stdout: q.stdout, stderr: q.stderr })
                    }
                    Some((name, None)) => said_in(&run.folder, name).ok(),
                    None => None,
                };
                let end = match exit_code {
                    Some(code) => End::Code { code: *code, said },
                    None => End::None {
                        cause: cause.unwrap_or_default().to_owned(),
                        error: error.clone().unwrap_or_default(),
                    },
                };
                tape.push(Taped { on, argv: argv.clone(), effect, end });
            }
            _ => {}
        }
    }
    Ok(tape)
}

/// What a command said, from the end of its own file.
fn said_in(folder: &Path, name: &str) -> io::Result<Said> {
    let mut file = std::fs::File::open(folder.join(name))?;
    let from = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line is the command, or not whole; the last is how it ended.
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let end = lines.iter().rposition(|line| line.starts_with("# ")).unwrap_or(lines.len());
    let mut said = Said::default();
    for line in &lines[..end] {
        let (stream, line) = match line.strip_prefix("! ") {
            Some(line) => (&mut said.stderr, line),
            None => (&mut said.stdout, *line),
        };
        stream.push_str(line);
        stream.push('\n');
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_said_is_told_apart_again() {
        let folder = tempfile::tempdir().unwrap();
        let text = "$ juju deploy kafka\none\n! two\n\n! \n# exit code 1 after 2s\n";
        std::fs::write(folder.path().join("0001-juju.log"), text).unwrap();
        let said = said_in(folder.path(), "0001-juju.log").unwrap();
        assert_eq!(said, Said { stdout: "one\n\n".into(), stderr: "two\n\n".into() });
    }
}
