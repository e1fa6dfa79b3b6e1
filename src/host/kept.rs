//! The whole output of commands, one file each in the run's folder, for the person who asks what a tool really
//! said. What is confidential never comes here: `host::recorded` sees to that.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{CommandLine, Stream, lines};

/// How much of a command's output is kept: its first and its last half.
pub const KEPT: u64 = 64 * 1024 * 1024;

/// The folder of one run. Cheap to clone; the clones number their files together.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// Where. It exists already.
    path: Arc<Path>,
    /// The number of the last file.
    last: Arc<AtomicU64>,
}

impl RunFolder {
    /// A folder that exists and has no files of commands yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        RunFolder { path: path.into().into(), last: Arc::default() }
    }

    /// Begins the file of the next command, `0001-juju.log`, with the line as a person would type it.
    ///
    /// # Errors
    /// The file could not be made.
    pub fn keep(&self, line: &CommandLine) -> io::Result<Kept> {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let name = format!("{number:04}-{}.log", file_name(&line.program));
        let mut kept = Kept::new(&self.path.join(&name), name, KEPT / 2)?;
        kept.write(format!("$ {line}\n").as_bytes())?;
        Ok(kept)
    }
}

/// What a program is called in a file's name.
fn file_name(program: &str) -> String {
    let name = program.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    name.chars().map(plain).take(40).collect()
}

/// One command's file: a line `$ COMMAND`, then what it said as it came, lines of standard error after `! `.
///
/// The last half is a ring in the file itself, behind the first half. So memory stays flat, nothing is lost when
/// kafstack is killed, and only a command that said too much costs a second writing when it ends.
pub struct Kept {
    /// The file.
    file: File,
    /// Where it is.
    path: PathBuf,
    /// Its name in the run's folder.
    name: String,
    /// The size of each half.
    half: u64,
    /// Bytes written so far, those overwritten since included.
    written: u64,
    /// The stream whose line has not ended yet.
    open: Option<Stream>,
}

impl Kept {
    fn new(path: &Path, name: String, half: u64) -> io::Result<Self> {
        Ok(Kept { file: new_file(path)?, path: path.to_owned(), name, half, written: 0, open: None })
    }

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
        self.write(&whole)
    }

    /// Ends the file with how the command ended. What was left out is said where it was left out.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn finish(mut self, end: &str) -> io::Result<()> {
        let gap = if self.open.is_some() { "\n" } else { "" };
        self.write(format!("{gap}# {end}\n").as_bytes())?;
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

    fn copy(&mut self, from: u64, to: u64, whole: &mut File) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(from))?;
        io::copy(&mut (&self.file).take(to - from), whole).map(|_| ())
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
        let mut kept = run.keep(&CommandLine::reads("/usr/bin/juju", ["add-model", "a b"])).unwrap();
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
        assert_eq!(run.clone().keep(&CommandLine::reads("a b", [""; 0])).unwrap().name(), "0002-a_b.log");
    }

    #[test]
    fn of_too_much_output_the_first_and_the_last_half_remain() {
        let folder = tempfile::tempdir().unwrap();
        for (name, lines, expected) in [
            ("fits", 4, "line 0\nline 1\nline 2\nline 3\n# .\n"),
            ("left-out", 9, "line 0\nline 1\nli\n# 35 bytes were left out here\nne 7\nline 8\n# .\n"),
        ] {
            let path = folder.path().join(name);
            let mut kept = Kept::new(&path, name.to_owned(), 16).unwrap();
            for n in 0..lines {
                kept.line(Stream::Stdout, format!("line {n}").as_bytes()).unwrap();
            }
            kept.finish(".").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
