//! A file with secrets that the user asked for: for its owner only, whole or not at all, and never in the place of
//! something that kafstack did not write.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Id};

/// How far into a file its mark is looked for.
const HEAD: u64 = 512;

/// A place that may be written to.
#[derive(Debug)]
pub struct OutputFile {
    /// The path.
    path: PathBuf,
}

impl OutputFile {
    /// Makes sure that the file may be written: there is none, or it is a regular file of this user that carries one
    /// of these marks, by which kafstack knows its own. A symbolic link is refused, wherever it leads.
    ///
    /// # Errors
    /// [`Id::FileNotWritten`]: it may not.
    pub fn at(path: &Path, marks: &[&str]) -> Result<Self, Failure> {
        let refused = |why: &str| {
            Err(Failure::new(Id::FileNotWritten, format!("{} was not written", path.display()))
                .expected("no file of that name, or one that kafstack wrote")
                .seen(why)
                .hint("move it away, or name another file"))
        };
        if path.file_name().is_none() {
            return refused("that is not the name of a file");
        }
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return refused(&error.to_string()),
            Ok(found) if found.is_symlink() => return refused("a symbolic link is there"),
            Ok(found) if !found.is_file() => return refused("something else than a file is there"),
            Ok(found) if found.uid() != rustix::process::geteuid().as_raw() => {
                return refused("a file of another user is there");
            }
            Ok(_) => match head(path) {
                Ok(text) if marks.iter().any(|mark| text.contains(mark)) => {}
                Ok(_) => return refused("a file that kafstack did not write is there"),
                Err(error) => return refused(&error.to_string()),
            },
        }
        Ok(OutputFile { path: path.to_owned() })
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`Id::FileNotWritten`]; what was there before is then still there.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let folder = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}.kafstack", std::process::id()));
        let new = folder.join(name);
        // `create_new` follows no link; a rename replaces a link rather than what it leads to.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
        let written = file.and_then(|mut file| {
            let put = file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .and_then(|()| std::fs::rename(&new, &self.path));
            if put.is_err() {
                // It is the first error that counts.
                let _ = std::fs::remove_file(&new);
            }
            put
        });
        written.map_err(|error| {
            Failure::new(Id::FileNotWritten, format!("{} was not written", self.path.display()))
                .seen(error.to_string())
                .hint(format!("`ls -ld {}` shows who may write there", folder.display()))
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The beginning of a file.
fn head(path: &Path) -> io::Result<String> {
    // Not through a link that somebody put there meanwhile.
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut bytes = Vec::new();
    file.take(HEAD).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: &[&str] = &["made by kafstack"];

    #[test]
    fn a_file_is_for_its_owner_only_and_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.properties");
        for text in ["# made by kafstack: one", "# made by kafstack: two"] {
            OutputFile::at(&path, MARKS).unwrap().write(text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_kafstack_did_not_write_stays() {
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("theirs");
        std::fs::write(&theirs, "bootstrap.servers=prod:9093").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&theirs, &link).unwrap();
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &dangling).unwrap();
        for path in [&theirs, &link, &dangling, &folder.path().to_owned(), &theirs.join("below")] {
            assert_eq!(OutputFile::at(path, MARKS).unwrap_err().id, Id::FileNotWritten, "{path:?}");
        }
        assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "bootstrap.servers=prod:9093");
        let missing = OutputFile::at(&folder.path().join("no/such/folder"), MARKS).unwrap();
        assert_eq!(missing.write("x").unwrap_err().id, Id::FileNotWritten);
    }
}
