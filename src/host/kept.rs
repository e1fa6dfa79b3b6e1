//! The whole output of commands, in the run's folder, for the person who asks what a tool really said: a file for
//! each command that changes something, and one file for all questions (see [`questions`]). What is confidential never
//! comes here: `host::recorded` sees to that.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::questions::{self, Question};
use super::{CommandLine, Effect, Io, Place, Stream, lines, scrub};

/// How much of a command's output is kept: its first and its last half.
pub const KEPT: u64 = 64 * 1024 * 1024;

/// The folder of one run. Cheap to clone; the clones number their files together.
#[derive(Clone)]
pub struct RunFolder {
    /// Where. It exists already.
    path: Arc<Path>,
    /// The number of the last file.
    last: Arc<AtomicU64>,
    /// The number of the last question.
    asked: Arc<AtomicU64>,
    /// The file of the questions, once there was one.
    questions: Arc<Mutex<Option<Ring>>>,
}

impl RunFolder {
    /// A folder that exists and has no files of commands yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into().into();
        RunFolder { path, last: Arc::default(), asked: Arc::default(), questions: Arc::default() }
    }

    /// Begins to keep the next command, which runs there on behalf of that step: in its own file `0001-juju.log`,
    /// with the line as a person would type it, or in the file of the questions.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn keep(&self, line: &CommandLine, on: Place, step: Option<&str>) -> io::Result<Kept> {
        if line.effect == Effect::Reads && matches!(line.io, Io::Captured { .. }) {
            let n = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let argv = line.argv().iter().map(|word| scrub::text(word).into_owned()).collect();
            let asked = Question { n, step: step.map(str::to_owned), on, argv, ..Question::default() };
            let to = To::Questions { folder: self.clone(), asked, said: Default::default() };
            return Ok(Kept { to, name: questions::place(n), open: None });
        }
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let name = format!("{number:04}-{}.log", file_name(&line.program));
        let mut ring = Ring::new(&self.path.join(&name), KEPT / 2)?;
        ring.write(format!("$ {}\n", scrub::text(&line.to_string())).as_bytes())?;
        Ok(Kept { to: To::File(ring), name, open: None })
    }

    /// Appends a question with its answer.
    fn append(&self, question: &Question) -> io::Result<()> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = match questions.take() {
            Some(ring) => ring,
            None => Ring::new(&self.path.join(questions::FILE), KEPT / 2)?,
        };
        ring.write(&line)?;
        *questions = Some(ring);
        Ok(())
    }
}

/// What a program is called in a file's name.
fn file_name(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    name.chars().map(plain).take(40).collect()
}

/// How a command ended.
pub struct End<'a> {
    /// Its exit code; none if there is none.
    pub exit_code: Option<i32>,
    /// Why there is none.
    pub error: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exit_code {
            Some(code) => write!(f, "exit code {code} after {:?}", self.took),
            None => f.write_str(&self.error.unwrap_or_default().replace('\n', "\n# ")),
        }
    }
}

/// One command. In a file of its own: a line `$ COMMAND`, then what it said as it came, lines of standard error after
/// `! `, then `# ` and how it ended.
pub struct Kept {
    /// Where it goes.
    to: To,
    /// The file's name in the run's folder, and the place in it.
    name: String,
    /// The stream whose line has not ended yet.
    open: Option<Stream>,
}

/// Where a command's output goes.
enum To {
    /// A file of its own, as it comes.
    File(Ring),
    /// The file of the questions, when it has ended; its output is held anyway.
    Questions {
        /// Whose file.
        folder: RunFolder,
        /// The question.
        asked: Question,
        /// What it said so far on each stream.
        said: [Vec<u8>; 2],
    },
}

impl Kept {
    /// The file's name in the run's folder; of a question with its number after a colon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps what `Watch::line` was told.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn line(&mut self, stream: Stream, text: &[u8]) -> io::Result<()> {
        let continues = lines::continues(text);
        let ring = match &mut self.to {
            To::File(ring) => ring,
            To::Questions { said, .. } => {
                let said = &mut said[usize::from(stream == Stream::Stderr)];
                said.extend_from_slice(text);
                if !continues {
                    said.push(b'\n');
                }
                return Ok(());
            }
        };
        let mut whole = Vec::with_capacity(text.len() + 4);
        if self.open.is_some_and(|open| open != stream) {
            whole.push(b'\n');
            self.open = None;
        }
        if self.open.is_none() && stream == Stream::Stderr {
            whole.extend_from_slice(b"! ");
        }
        whole.extend_from_slice(text);
        self.open = continues.then_some(stream);
        if self.open.is_none() {
            whole.push(b'\n');
        }
        ring.write(&whole)
    }

    /// Ends with how the command ended. What was left out is said where it was left out.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn finish(self, end: &End<'_>) -> io::Result<()> {
        match self.to {
            To::File(mut ring) => {
                let gap = if self.open.is_some() { "\n" } else { "" };
                ring.write(format!("{gap}# {end}\n").as_bytes())?;
                ring.unroll()
            }
            To::Questions { folder, asked, said } => {
                let [stdout, stderr] = said.map(|said| String::from_utf8_lossy(&said).into_owned());
                let took_ms = u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX);
                let (exit_code, error) = (end.exit_code, end.error.map(str::to_owned));
                folder.append(&Question { exit_code, error, took_ms, stdout, stderr, ..asked })
            }
        }
    }
}

/// A file of bounded size: the last half is a ring behind the first half. So memory stays flat, nothing is lost when
/// kafstack is killed, and only a file that became too large costs a second writing at its end.
struct Ring {
    /// The file.
    file: File,
    /// Where it is.
    path: PathBuf,
    /// The size of each half.
    half: u64,
    /// Bytes written so far, those overwritten since included.
    written: u64,
}

impl Ring {
    /// A new file.
    fn new(path: &Path, half: u64) -> io::Result<Self> {
        Ok(Ring { file: new_file(path)?, path: path.to_owned(), half, written: 0 })
    }

    /// Writes to the first half, and round and round in the last half when the first is full.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (at, room) = if self.written < self.half {
                (self.written, self.half - self.written)
            } else {
                let turned = self.written % self.half;
                (self.half + turned, self.half - turned)
            };
            let now = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.file.write_all_at(&bytes[..now], at)?;
            self.written += now as u64;
            bytes = &bytes[now..];
        }
        Ok(())
    }

    /// Puts the ring in order, if it was needed.
    fn unroll(&mut self) -> io::Result<()> {
        let kept = self.half * 2;
        if self.written <= kept {
            return Ok(());
        }
        let unrolled = self.path.with_extension("unrolled");
        let mut whole = new_file(&unrolled)?;
        let oldest = self.half + self.written % self.half;
        self.copy(0, self.half, &mut whole)?;
        writeln!(whole, "\n# {} bytes were left out here", self.written - kept)?;
        self.copy(oldest, kept, &mut whole)?;
        self.copy(self.half, oldest, &mut whole)?;
        std::fs::rename(&unrolled, &self.path)
    }

    /// Copies a piece.
    fn copy(&mut self, from: u64, to: u64, whole: &mut File) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(from))?;
        io::copy(&mut (&self.file).take(to - from), whole).map(|_| ())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // The last clone goes with the run. A file that stays as it is is still whole, only rotated.
        if Arc::strong_count(&self.questions) == 1
            && let Some(ring) = self.questions.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            let _ = ring.unroll();
        }
    }
}

/// A file that was not there before and that only its owner may read.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::questions::Questions;

    /// An exit code after no time.
    fn exit_code(code: i32) -> End<'static> {
        End { exit_code: Some(code), error: None, took: Duration::ZERO }
    }

    #[test]
    fn a_file_tells_the_command_both_streams_and_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        let line = CommandLine::changes("/usr/bin/juju", ["add-model", "a b"]);
        let mut kept = run.keep(&line, Place::Vm, None).unwrap();
        kept.line(Stream::Stdout, b"one").unwrap();
        kept.line(Stream::Stderr, b"10%\r").unwrap();
        kept.line(Stream::Stderr, b"20%").unwrap();
        kept.line(Stream::Stdout, b"open\x08").unwrap();
        kept.line(Stream::Stderr, b"two").unwrap();
        kept.finish(&exit_code(1)).unwrap();
        let file = folder.path().join("0001-juju.log");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "$ /usr/bin/juju add-model 'a b'\none\n! 10%\r20%\nopen\x08\n! two\n# exit code 1 after 0ns\n"
        );
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let line = CommandLine::changes("a b", [""; 0]);
        assert_eq!(run.clone().keep(&line, Place::Vm, None).unwrap().name(), "0002-a_b.log");
    }

    #[test]
    fn all_questions_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        for (n, word) in (1..).zip(["one", "two"]) {
            let line = CommandLine::reads("echo", [word]);
            let mut kept = run.keep(&line, Place::Laptop, Some("add-model")).unwrap();
            assert_eq!(kept.name(), questions::place(n));
            kept.line(Stream::Stdout, word.as_bytes()).unwrap();
            kept.line(Stream::Stderr, b"10%\r").unwrap();
            kept.line(Stream::Stderr, b"20%").unwrap();
            kept.finish(&exit_code(0)).unwrap();
        }
        let read: Vec<Question> = Questions::of(folder.path()).unwrap().collect();
        let expected = [(1, "one"), (2, "two")].map(|(n, word)| Question {
            n,
            step: Some("add-model".into()),
            on: Place::Laptop,
            argv: vec!["echo".into(), word.into()],
            exit_code: Some(0),
            error: None,
            took_ms: 0,
            stdout: format!("{word}\n"),
            stderr: "10%\r20%\n".into(),
        });
        assert_eq!(read, expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_too_much_output_the_first_and_the_last_half_remain() {
        let folder = tempfile::tempdir().unwrap();
        for (name, lines, expected) in [
            ("fits", 4, "line 0\nline 1\nline 2\nline 3\n# .\n"),
            ("left-out", 9, "line 0\nline 1\nli\n# 35 bytes were left out here\nne 7\nline 8\n# .\n"),
        ] {
            let path = folder.path().join(name);
            let ring = Ring::new(&path, 16).unwrap();
            let mut kept = Kept { to: To::File(ring), name: name.to_owned(), open: None };
            for n in 0..lines {
                kept.line(Stream::Stdout, format!("line {n}").as_bytes()).unwrap();
            }
            kept.finish(&End { exit_code: None, error: Some("."), took: Duration::ZERO }).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
