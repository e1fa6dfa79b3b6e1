//! The file itself: a `.tar.gz` that is the same, byte for byte, whenever its contents are.

use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

use crate::failure::{Failure, Id};
use crate::state::create_private;

/// What is in it: names and texts, in the order of names, below one folder. Everything has that one time, in seconds
/// since 1970.
///
/// # Errors
/// A name is too long for the format.
pub fn pack(folder: &str, time: u64, contents: &[(String, String)]) -> io::Result<Vec<u8>> {
    let gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut tar = Builder::new(gz);
    let mut sorted: Vec<&(String, String)> = contents.iter().collect();
    sorted.sort();
    for (name, text) in sorted {
        let mut header = Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        tar.append_data(&mut header, format!("{folder}/{name}"), text.as_bytes())?;
    }
    tar.into_inner()?.finish()
}

/// Makes sure that nothing is in the way, before anything is asked.
///
/// # Errors
/// [`Id::FileNotWritten`]: something is.
pub fn check(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(not_written(path, &io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Writes it, for its owner only. What is there already stays.
///
/// # Errors
/// [`Id::FileNotWritten`]; then there is no half of it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // This follows no link.
    let mut file = create_private(path).map_err(|error| not_written(path, &error))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // It is the first error that counts.
        let _ = std::fs::remove_file(path);
        not_written(path, &error)
    })
}

/// The failure of a file that was not written.
fn not_written(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Id::FileNotWritten, format!("{} was not written", path.display()));
    match error.kind() {
        io::ErrorKind::AlreadyExists => failure
            .expected("no file of that name")
            .seen("there is one already")
            .hint("move it away, or name another with `--output FILE`"),
        _ => failure.seen(error.to_string()).hint("name another place with `--output FILE`"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_same_contents_are_the_same_bytes_in_whatever_order_they_came() {
        let contents = [("b".to_owned(), "two".to_owned()), ("a".to_owned(), "one".to_owned())];
        let mut turned = contents.clone();
        turned.reverse();
        let bytes = pack("kafstack-lab", 1_767_600_000, &contents).unwrap();
        assert_eq!(bytes, pack("kafstack-lab", 1_767_600_000, &turned).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let (mode, uid) = (header.mode().unwrap(), header.uid().unwrap());
                (entry.path().unwrap().display().to_string(), header.size().unwrap(), mode, uid)
            })
            .collect();
        let expected = ["kafstack-lab/a", "kafstack-lab/b"].map(|name| (name.to_owned(), 3, 0o600, 0));
        assert_eq!(entries, expected);
    }

    #[test]
    fn a_file_is_for_its_owner_only_and_never_in_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.tar.gz");
        write(&path, b"one").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        for there in [&path, &link, &folder.path().join("no/such/folder")] {
            assert_eq!(write(there, b"two").unwrap_err().id, Id::FileNotWritten);
            assert_eq!(check(there).is_ok(), there.ends_with("no/such/folder"));
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert!(!folder.path().join("nowhere").exists());
    }
}
