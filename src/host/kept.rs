//! The whole output of commands, in the run's folder, for the person who asks what a tool really said: a file for
//! each command that changes something, and one file for all questions. What is confidential never comes here:
//! `host::recorded` sees to that.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{CommandLine, Effect, Io, Stream, lines, scrub};

/// How much of a command's output is kept: its first and its last half.
pub const KEPT: u64 = 64 * 1024 * 1024;

/// The file of the questions: a run asks hundreds, and each says little.
const QUESTIONS: &str = "questions.log";

/// The folder of one run. Cheap to clone; the clones number their files together.
#[derive(Clone)]
pub struct RunFolder {
    /// Where. It exists already.
    path: Arc<Path>,
    /// The number of the last file.
    last: Arc<AtomicU64>,
    /// The file of the questions, once there was one.
    questions: Arc<Mutex<Option<Ring>>>,
}

impl RunFolder {
    /// A folder that exists and has no files of commands yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        RunFolder { path: path.into().into(), last: Arc::default(), questions: Arc::default() }
    }

    /// Begins to keep the next command: its own file `0001-juju.log`, or a place in the file of the questions; with
    /// the line as a person would type it.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn keep(&self, line: &CommandLine) -> io::Result<Kept> {
        let first = format!("$ {}\n", scrub::text(&line.to_string())).into_bytes();
        if line.effect == Effect::Reads && matches!(line.io, Io::Captured { .. }) {
            let to = To::Questions { folder: self.clone(), text: first };
            return Ok(Kept { to, name: QUESTIONS.to_owned(), open: None });
        }
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let name = format!("{number:04}-{}.log", file_name(&line.program));
        let mut ring = Ring::new(&self.path.join(&name), KEPT / 2)?;
        ring.write(&first)?;
        Ok(Kept { to: To::File(ring), name, open: None })
    }

    /// Appends a question with its answer.
    fn append(&self, text: &[u8]) -> io::Result<()> {
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ring = match questions.take() {
            Some(ring) => ring,
            None => Ring::new(&self.path.join(QUESTIONS), KEPT / 2)?,
        };
        ring.write(text)?;
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

/// One command: a line `$ COMMAND`, then what it said as it came, lines of standard error after `! `, then `# ` and
/// how it ended.
pub struct Kept {
    /// Where it goes.
    to: To,
    /// The file's name in the run's folder.
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
        /// What it said so far.
        text: Vec<u8>,
    },
}

impl Kept {
    /// The file's name in the run's folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps what `Watch::line` was told.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn line(&mut self, stream: Stream, text: &[u8]) -> io::Result<()> {
        let mut whole = Vec::with_capacity(text.len() + 4);
        if self.open.is_some_and(|open| open != stream) {
            whole.push(b'\n');
            self.open = None;
        }
        if self.open.is_none() && stream == Stream::Stderr {
            whole.extend_from_slice(b"! ");
        }
        whole.extend_from_slice(text);
        self.open = lines::continues(text).then_some(stream);
        if self.open.is_none() {
            whole.push(b'\n');
        }
        match &mut self.to {
            To::File(ring) => ring.write(&whole),
            To::Questions { text, .. } => {
                text.extend_from_slice(&whole);
                Ok(())
            }
        }
    }

    /// Ends with how the command ended. What was left out is said where it was left out.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn finish(self, end: &str) -> io::Result<()> {
        let gap = if self.open.is_some() { "\n" } else { "" };
        let last = format!("{gap}# {end}\n");
        match self.to {
            To::File(mut ring) => {
                ring.write(last.as_bytes())?;
                ring.unroll()
            }
            To::Questions { folder, mut text } => {
                text.extend_from_slice(last.as_bytes());
                folder.append(&text)
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

    #[test]
    fn a_file_tells_the_command_both_streams_and_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        let mut kept = run.keep(&CommandLine::changes("/usr/bin/juju", ["add-model", "a b"])).unwrap();
        kept.line(Stream::Stdout, b"one").unwrap();
        kept.line(Stream::Stderr, b"10%\r").unwrap();
        kept.line(Stream::Stderr, b"20%").unwrap();
        kept.line(Stream::Stdout, b"open\x08").unwrap();
        kept.line(Stream::Stderr, b"two").unwrap();
        kept.finish("exit code 1").unwrap();
        let file = folder.path().join("0001-juju.log");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "$ /usr/bin/juju add-model 'a b'\none\n! 10%\r20%\nopen\x08\n! two\n# exit code 1\n"
        );
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(run.clone().keep(&CommandLine::changes("a b", [""; 0])).unwrap().name(), "0002-a_b.log");
    }

    #[test]
    fn all_questions_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        for (word, answer) in [("one", "1"), ("two", "2")] {
            let mut kept = run.keep(&CommandLine::reads("echo", [word])).unwrap();
            kept.line(Stream::Stdout, answer.as_bytes()).unwrap();
            kept.finish("exit code 0").unwrap();
        }
        let text = std::fs::read_to_string(folder.path().join(QUESTIONS)).unwrap();
        assert_eq!(text, "$ echo one\n1\n# exit code 0\n$ echo two\n2\n# exit code 0\n");
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
            kept.finish(".").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
