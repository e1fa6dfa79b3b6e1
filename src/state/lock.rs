//! The lock on a stack. The kernel holds it, so a killed run never leaves one behind. Who holds it is written beside it,
//! in a file that its writer keeps locked too: so a name is known to be that of one who lives.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde_json::json;

use super::{State, unusable};
use crate::event::format_time;
use crate::failure::{Failure, Id};
use crate::host::clock::sleep;

/// How often a lock is tried that nobody who lives is known to have, a millisecond apart.
const TRIES: u32 = 40;

/// The right to change a stack, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Whose lock it is.
    file: File,
    /// The file with who holds it, locked as well.
    name: File,
    /// Where that is.
    holder: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What remains means nothing without the lock. Closing would do, but for a child that is just being started: until
        // it has begun it has copies of the descriptors, and with them the lock (flock(2)).
        let _ = std::fs::remove_file(&self.holder);
        let _ = self.name.unlock();
        let _ = self.file.unlock();
    }
}

/// Who is changing a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process, if it is known.
    pub pid: Option<u32>,
    /// The command.
    pub command: String,
    /// Since when, if it is known.
    pub since: Option<Timestamp>,
}

impl Holder {
    /// Whether its process is there. Of one that is not known nothing else can be said.
    fn lives(&self) -> bool {
        let pid = self.pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.is_none_or(|pid| test_kill_process(pid) != Err(Errno::SRCH))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`kafstack {}`", self.command)?;
        if let Some(pid) = self.pid {
            write!(f, ", process {pid}")?;
        }
        if let Some(since) = self.since {
            write!(f, ", since {}", format_time(since))?;
        }
        Ok(())
    }
}

impl State {
    /// Takes the lock for a command, or says who has it.
    ///
    /// # Errors
    /// [`Id::StackLocked`] with the holder; [`Id::StateUnusable`] if there can be no lock here.
    pub fn lock(&self, command: &str, now: Timestamp) -> Result<Lock, Failure> {
        let path = self.folder.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| unusable(&path, "opened", &e))?;
        self.win(&file, || sleep(Duration::from_millis(1)))?;
        let holder = self.holder_file();
        let text = json!({ "pid": std::process::id(), "command": command, "since": format_time(now) });
        let name = self.name(&text.to_string()).map_err(|e| unusable(&holder, "written", &e))?;
        Ok(Lock { file, name, holder })
    }

    /// Locks the file, or says who has it. One who is not named has only just taken it; of one who was killed a child may be
    /// left that had not begun. Both are over in a moment.
    fn win(&self, file: &File, mut pause: impl FnMut()) -> Result<(), Failure> {
        let mut holder = None;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(unusable(&self.folder.join("lock"), "locked", &e)),
            }
            holder = self.holder();
            if holder.as_ref().is_some_and(Holder::lives) {
                break;
            }
            pause();
        }
        Err(locked(holder))
    }

    /// Writes the name of who has the lock, in a file that is locked before anybody sees it.
    fn name(&self, text: &str) -> io::Result<File> {
        let draft = self.folder.join("lock.holder.new");
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.lock()?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&draft, self.holder_file())?;
        Ok(file)
    }

    /// Who is changing the stack now; `None` if nobody is. Creates nothing.
    pub fn holder(&self) -> Option<Holder> {
        let mut file = File::open(self.holder_file()).ok()?;
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        Some(Holder {
            pid: value["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()),
            command: value["command"].as_str().unwrap_or("(unknown)").to_owned(),
            since: value["since"].as_str().and_then(|since| since.parse().ok()),
        })
    }

    /// The name beside the lock.
    fn holder_file(&self) -> PathBuf {
        self.folder.join("lock.holder")
    }
}

/// The failure of the one who came second.
fn locked(holder: Option<Holder>) -> Failure {
    let who = holder.as_ref().map_or_else(|| "another kafstack".to_owned(), Holder::to_string);
    let failure = Failure::new(Id::StackLocked, format!("this stack is being changed by {who}"))
        .hint("`kafstack status` shows how far it is; wait for it");
    match holder.and_then(|holder| holder.pid) {
        Some(pid) => {
            failure.hint(format!("`ps -p {pid}` shows the process; `kill -INT {pid}` ends it gently"))
        }
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-03-14T09:24:10Z".parse().unwrap()
    }

    #[test]
    fn the_second_one_learns_who_the_first_one_is() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        let lock = state.lock("up", at()).unwrap();
        let failure = state.lock("down", at()).unwrap_err();
        assert_eq!((failure.id, failure.id.exit_code()), (Id::StackLocked, 8));
        let pid = std::process::id();
        assert_eq!(
            failure.message,
            format!(
                "this stack is being changed by `kafstack up`, process {pid}, since 2026-03-14T09:24:10.000Z"
            )
        );
        assert!(failure.hints[0].contains("kafstack status"));
        let holder = state.holder().unwrap();
        assert_eq!((holder.pid, holder.command.as_str(), holder.since), (Some(pid), "up", Some(at())));
        drop(lock);
        assert_eq!(state.holder(), None);
        state.lock("down", at()).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_no_lock() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        drop(state.lock("up", at()).unwrap());
        std::fs::write(state.holder_file(), r#"{"pid":1,"command":"up"}"#).unwrap();
        assert_eq!(state.holder(), None);
        let lock = state.lock("down", at()).unwrap();
        assert_eq!(state.holder().unwrap().command, "down");
        drop(lock);
    }

    #[test]
    fn a_child_that_has_not_begun_keeps_no_lock_of_one_who_has_ended() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        let lock = state.lock("up", at()).unwrap();
        // What a fork copies.
        let _copies = [lock.file.try_clone().unwrap(), lock.name.try_clone().unwrap()];
        drop(lock);
        assert_eq!(state.holder(), None);
        state.lock("down", at()).unwrap();
    }

    #[test]
    fn a_lock_of_one_who_was_killed_is_waited_for_a_moment_and_that_of_one_who_lives_is_not() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        let lock = state.lock("up", at()).unwrap();
        let file = File::open(state.folder.join("lock")).unwrap();
        let failure = state.win(&file, || panic!("it lives")).unwrap_err();
        assert!(failure.message.contains("process"), "{failure}");
        std::fs::write(state.holder_file(), r#"{"pid":2147483647,"command":"up"}"#).unwrap();
        let mut tries = 0;
        assert_eq!(state.win(&file, || tries += 1).unwrap_err().id, Id::StackLocked);
        assert_eq!(tries, TRIES);
        let mut lock = Some(lock);
        state.win(&file, || drop(lock.take())).unwrap();
    }

    #[test]
    fn a_name_that_cannot_be_read_still_means_somebody() {
        let base = tempfile::tempdir().unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        let lock = state.lock("up", at()).unwrap();
        std::fs::write(state.holder_file(), "{\"pi").unwrap();
        assert_eq!(state.holder().unwrap().to_string(), "`kafstack (unknown)`");
        assert_eq!(state.lock("up", at()).unwrap_err().id, Id::StackLocked);
        drop(lock);
    }

    #[test]
    fn two_vms_do_not_share_a_lock() {
        let base = tempfile::tempdir().unwrap();
        let lock = State::open(base.path(), "one").unwrap().lock("up", at()).unwrap();
        State::open(base.path(), "two").unwrap().lock("up", at()).unwrap();
        drop(lock);
    }
}
