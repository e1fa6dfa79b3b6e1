//! A command's own file in a run's folder, read as text that may be shown, also while it is written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use crate::host::Stream;
use crate::host::kept::KEPT;
use crate::host::lines::Shown;
use crate::text;

/// A file, as far as it was read.
pub struct KeptFile {
    /// Where it is.
    path: PathBuf,
    /// So many bytes of it were read.
    read: u64,
    /// What overwrites itself, as a person would have read it.
    shown: Shown,
}

impl KeptFile {
    /// The file of that name in a run's folder. `None`: that is no name of a file there.
    pub fn of(folder: &Path, name: &str) -> Option<Self> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(only)), None) => {
                Some(KeptFile { path: folder.join(only), read: 0, shown: Shown::default() })
            }
            _ => None,
        }
    }

    /// Hands on the lines that came since, without the first, which is the command itself. While the command runs
    /// only whole lines of the first half: what comes after it is in order only at the end. `line` says whether
    /// somebody still reads.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn more(&mut self, ended: bool, mut line: impl FnMut(&str) -> bool) -> io::Result<()> {
        let mut file = BufReader::new(File::open(&self.path)?);
        file.seek(SeekFrom::Start(self.read))?;
        let mut raw = Vec::new();
        loop {
            raw.clear();
            let length = file.read_until(b'\n', &mut raw)? as u64;
            let whole = raw.last() == Some(&b'\n');
            if length == 0 || (!ended && (!whole || self.read + length > KEPT / 2)) {
                return Ok(());
            }
            let first = self.read == 0;
            self.read += length;
            let raw = raw.strip_suffix(b"\n").unwrap_or(&raw);
            if !first && !texts(&mut self.shown, raw).iter().all(|text| line(text)) {
                return Ok(());
            }
        }
    }
}

/// What a person would have read of a raw line: of one that overwrites itself what stood there, of any other all.
pub fn texts(shown: &mut Shown, raw: &[u8]) -> Vec<String> {
    if raw.iter().any(|byte| matches!(byte, b'\r' | 0x08)) {
        shown.texts(Stream::Stdout, raw)
    } else {
        vec![text::lines(&String::from_utf8_lossy(raw)).concat()]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_as_it_grows_and_cleaned() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = KeptFile::of(folder.path(), "0001-juju.log").unwrap();
        let mut file = File::create(folder.path().join("0001-juju.log")).unwrap();
        let mut reads = |text: &[u8], ended| {
            file.write_all(text).unwrap();
            let mut lines = Vec::new();
            let keeps = |line: &str| {
                lines.push(line.to_owned());
                true
            };
            kept.more(ended, keeps).unwrap();
            lines
        };
        assert_eq!(reads(b"$ juju deploy", false), [""; 0]);
        assert_eq!(reads(b" kafka\n  one\x1b[2J\n! tw", false), ["  one"]);
        assert_eq!(reads(b"o\n10%\r20%\n\n", false), ["! two", "10%", "20%", ""]);
        assert_eq!(reads(b"# exit co", true), ["# exit co"]);
    }

    #[test]
    fn only_files_of_the_folder_are_read() {
        for name in ["../journal.ndjson", "/etc/passwd", "", ".", "a/b"] {
            assert!(KeptFile::of(Path::new("/tmp"), name).is_none(), "{name}");
        }
    }
}
