//! kafstack's own folder for one VM: who may change the stack now, what it was built with, what the runs left behind.
//!
//! Nothing in it says what is: only probes do. Files are 0600 and folders 0700; no secret is ever written here.

mod files;
mod lock;
mod past;
mod runs;

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::failure::{Failure, Id};
use files::write_atomically;

pub use {
    files::{create_private, unusable},
    lock::{Holder, Lock},
    past::{Past, Told},
    runs::{EVENTS, Run},
};

/// The configuration in force, as a flat map of texts.
const IN_FORCE: &str = "in-force.json";

/// The folder of one VM.
#[derive(Clone, Debug)]
pub struct State {
    /// Where it is.
    folder: PathBuf,
}

impl State {
    /// The folder of that VM below `base`, for looking: nothing is created, and it need not be there.
    pub fn at(base: &Path, vm: &str) -> State {
        State { folder: base.join(vm) }
    }

    /// The folder of that VM below `base`, for changing: it is there afterwards and belongs to nobody else.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be made; or it, the one that it is in, or something in it is a symbolic link or
    /// belongs to another user.
    pub fn open(base: &Path, vm: &str) -> Result<State, Failure> {
        let state = State::at(base, vm);
        for folder in [base, &state.folder] {
            make_folder(folder)?;
        }
        check_within(&state.folder, own_user())?;
        Ok(state)
    }

    /// Whether the folder is there.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: something is there that cannot be it.
    pub fn exists(&self) -> Result<bool, Failure> {
        let user = own_user();
        let base = self.folder.parent().unwrap_or(&self.folder);
        let there = check_folder(base, user)? && check_folder(&self.folder, user)?;
        if there {
            check_within(&self.folder, user)?;
        }
        Ok(there)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the VM was built with; `None` if it was not.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be read.
    pub fn in_force(&self) -> Result<Option<Config>, Failure> {
        if !self.exists()? {
            return Ok(None);
        }
        let path = self.folder.join(IN_FORCE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unusable(&path, "read", &e)),
        };
        serde_json::from_str::<BTreeMap<String, String>>(&text)
            .map_err(|e| e.to_string())
            .and_then(|texts| config::from_texts(&texts))
            .map(Some)
            .map_err(|why| {
                Failure::new(Id::StateUnusable, format!("{} is not what kafstack writes", path.display()))
                    .seen(why)
                    .hint("a newer kafstack may have written it: use that one")
                    .hint(format!(
                        "without it kafstack no longer knows what the VM was built with: `rm {}`",
                        path.display()
                    ))
            })
    }

    /// Remembers what the VM is built with.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be written.
    pub fn save_in_force(&self, config: &Config) -> Result<(), Failure> {
        let path = self.folder.join(IN_FORCE);
        let mut text = serde_json::to_string_pretty(&config::to_texts(config)).map_err(|e| {
            Failure::new(Id::Unexpected, format!("the configuration cannot be written as JSON: {e}"))
        })?;
        text.push('\n');
        write_atomically(&path, text.as_bytes()).map_err(|e| unusable(&path, "written", &e))
    }

    /// Forgets it: the VM is gone.
    ///
    /// # Errors
    /// [`Id::StateUnusable`]: it cannot be removed.
    pub fn clear_in_force(&self) -> Result<(), Failure> {
        let path = self.folder.join(IN_FORCE);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(unusable(&path, "removed", &e)),
            _ => Ok(()),
        }
    }
}

/// The user as whom kafstack runs.
fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Makes a folder, or makes sure of the one that is there.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    if !check_folder(folder, own_user())? {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| unusable(folder, "created", &e))?;
        check_folder(folder, own_user())?;
    }
    let mode = |e| unusable(folder, "read", &e);
    if std::fs::symlink_metadata(folder).map_err(mode)?.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .map_err(|e| unusable(folder, "closed to other users", &e))?;
    }
    Ok(())
}

/// Whether the folder is there, and is one that belongs to this user: whoever owns it could decide what kafstack
/// believes and deletes.
fn check_folder(folder: &Path, user: u32) -> Result<bool, Failure> {
    let found = match std::fs::symlink_metadata(folder) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(unusable(folder, "read", &e)),
    };
    let not_ours = not_ours(&found, user).map(|why| format!("it {why}"));
    let wrong = not_ours.or_else(|| (!found.is_dir()).then(|| "it is not a folder".to_owned()));
    wrong.map_or(Ok(true), |wrong| Err(refused(folder, wrong, folder)))
}

/// Makes sure that what is in the folder is the user's own as well: a link that somebody put there while the folder was
/// open to others would still lead kafstack's writing elsewhere.
fn check_within(folder: &Path, user: u32) -> Result<(), Failure> {
    let unread = |e| unusable(folder, "read", &e);
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        // It may be gone by now: other kafstacks work here too.
        let Ok(found) = std::fs::symlink_metadata(entry.path()) else { continue };
        if let Some(why) = not_ours(&found, user) {
            let wrong = format!("`{}` in it {why}", entry.file_name().to_string_lossy());
            return Err(refused(folder, wrong, &entry.path()));
        }
    }
    Ok(())
}

/// Why something is not simply the user's own.
fn not_ours(found: &std::fs::Metadata, user: u32) -> Option<String> {
    if found.is_symlink() {
        Some("is a symbolic link".to_owned())
    } else if found.uid() != user {
        Some(format!("belongs to the user with the id {}, and kafstack runs as {user}", found.uid()))
    } else {
        None
    }
}

/// The failure of a folder that is not trusted, because of what is wrong with that path.
fn refused(folder: &Path, wrong: String, path: &Path) -> Failure {
    Failure::new(Id::StateUnusable, format!("kafstack's folder {} cannot be used", folder.display()))
        .expected("a folder of your own")
        .seen(wrong)
        .hint(format!("`ls -ld {}` shows it; move it away", path.display()))
        .hint("XDG_STATE_HOME names another place for it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn looking_creates_nothing() {
        let base = tempfile::tempdir().unwrap();
        let state = State::at(&base.path().join("kafstack"), "microstack");
        assert_eq!(state.exists(), Ok(false));
        assert_eq!(state.in_force(), Ok(None));
        assert_eq!(state.holder(), None);
        assert_eq!(state.latest_run(), None);
        assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[test]
    fn folders_and_files_are_closed_to_others() {
        let base = tempfile::tempdir().unwrap();
        let below = base.path().join("a/kafstack");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::set_permissions(&below, std::fs::Permissions::from_mode(0o755)).unwrap();
        let state = State::open(&below, "microstack").unwrap();
        state.save_in_force(&Preset::Kraft.config()).unwrap();
        assert_eq!(mode(&below), 0o700);
        assert_eq!(mode(state.folder()), 0o700);
        assert_eq!(mode(&state.folder().join(IN_FORCE)), 0o600);
    }

    #[test]
    fn links_files_and_folders_of_others_are_refused() {
        let base = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", base.path().join("linked")).unwrap();
        std::fs::write(base.path().join("file"), "").unwrap();
        for (vm, why) in [("linked", "symbolic link"), ("file", "not a folder")] {
            let failure = State::open(base.path(), vm).unwrap_err();
            assert_eq!(failure.id, Id::StateUnusable);
            assert!(failure.seen.as_ref().unwrap().contains(why), "{failure:?}");
            assert!(State::at(base.path(), vm).in_force().is_err());
        }
        let failure = check_folder(base.path(), own_user() + 1).unwrap_err();
        assert!(failure.seen.unwrap().contains("belongs to the user"));
        let failure = check_within(base.path(), own_user() + 1).unwrap_err();
        assert!(failure.seen.unwrap().contains("in it belongs to the user"));
    }

    #[test]
    fn a_link_to_the_folder_or_in_it_is_refused_and_not_followed() {
        let base = tempfile::tempdir().unwrap();
        let real = base.path().join("real");
        State::open(&real, "microstack").unwrap();
        let linked = base.path().join("linked");
        std::os::unix::fs::symlink(&real, &linked).unwrap();
        for name in ["journal.ndjson", IN_FORCE, "lock", "lock.holder", "runs"] {
            let state = State::at(&real, "microstack");
            let (link, target) = (state.folder().join(name), base.path().join("elsewhere"));
            std::os::unix::fs::symlink(&target, &link).unwrap();
            for failure in [State::open(&real, "microstack").unwrap_err(), state.in_force().unwrap_err()] {
                assert_eq!(failure.id, Id::StateUnusable);
                assert_eq!(failure.seen.unwrap(), format!("`{name}` in it is a symbolic link"));
            }
            assert!(!target.exists());
            std::fs::remove_file(link).unwrap();
        }
        for failure in [
            State::open(&linked, "microstack").unwrap_err(),
            State::at(&linked, "microstack").exists().unwrap_err(),
        ] {
            assert_eq!(failure.seen.unwrap(), "it is a symbolic link");
        }
    }

    #[test]
    fn what_is_in_force_is_remembered_and_forgotten() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        assert_eq!(state.in_force(), Ok(None));
        for preset in Preset::ALL {
            state.save_in_force(&preset.config()).unwrap();
            assert_eq!(state.in_force(), Ok(Some(preset.config())));
        }
        state.clear_in_force().unwrap();
        state.clear_in_force().unwrap();
        assert_eq!(state.in_force(), Ok(None));
    }

    #[test]
    fn what_is_in_force_is_refused_when_it_cannot_be_understood() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        for text in ["", "{", "[]", r#"{"vm.colour":"red"}"#, r#"{"kafka.units":"0"}"#] {
            std::fs::write(state.folder().join(IN_FORCE), text).unwrap();
            let failure = state.in_force().unwrap_err();
            assert_eq!(failure.id, Id::StateUnusable, "{text}");
        }
    }
}
