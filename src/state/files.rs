//! Writing files so that a crash or a full disk leaves the old one or the new one, never half of one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::{Failure, Id};

/// Puts these bytes in a file's place, for its owner only. Afterwards they are on the disk.
///
/// # Errors
/// The file system's own; the old file is then still there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = folder.join(name);
    // What a killed run left is in the way of `create_new`, which follows no link.
    match std::fs::remove_file(&new) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let written = create_private(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&new, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // It is the first error that counts; what remains is removed by the next try.
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Makes a new file for its owner only.
///
/// # Errors
/// The file system's own; also when there is one already.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The failure of a file of kafstack's own that could not be read, written, …
pub fn unusable(path: &Path, done: &str, error: &io::Error) -> Failure {
    let failure = Failure::new(Id::StateUnusable, format!("{} could not be {done}", path.display()));
    let folder = path.parent().unwrap_or(path).display();
    let (seen, hint) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            "the disk, or your share of it, is full".to_owned(),
            format!("`df -h {folder}` shows it; make room"),
        ),
        io::ErrorKind::ReadOnlyFilesystem => (
            "the file system cannot be written to".to_owned(),
            "XDG_STATE_HOME names another place for kafstack's folder".to_owned(),
        ),
        io::ErrorKind::PermissionDenied => {
            ("you may not".to_owned(), format!("`ls -ld {folder} {}` shows who may", path.display()))
        }
        _ => (error.to_string(), format!("`ls -ld {folder} {}` shows them", path.display())),
    };
    failure.seen(seen).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_even_after_a_killed_try() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(folder.path().join("file.new"), "half of").unwrap();
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_try_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir_all(path.join("by a folder")).unwrap();
        assert!(write_atomically(&path, b"one").is_err());
        assert!(!folder.path().join("taken.new").exists());
    }

    #[test]
    fn a_full_and_a_read_only_disk_are_said_in_plain_words() {
        let said = |kind: io::ErrorKind| {
            let failure = unusable(Path::new("/state/kafstack/vm/journal.ndjson"), "written", &kind.into());
            assert_eq!(failure.id, Id::StateUnusable);
            (failure.seen.unwrap(), failure.hints[0].clone())
        };
        assert!(said(io::ErrorKind::StorageFull).0.contains("full"));
        assert!(said(io::ErrorKind::StorageFull).1.contains("df -h /state/kafstack/vm"));
        assert!(said(io::ErrorKind::ReadOnlyFilesystem).0.contains("cannot be written"));
        assert!(said(io::ErrorKind::PermissionDenied).1.contains("ls -ld"));
    }
}
