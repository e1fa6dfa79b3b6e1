//! The simulated laptop: a third body of [`Host`], and a virtual [`Clock`]. The same engine runs against it.
//!
//! One file for each simulated tool, written from what the real tools' sources say. It is strict: a command, an
//! option or an order that the real tool refuses is refused here with the tool's own exit code and stream, and
//! what the simulation does not know fails with [`script::UNKNOWN_MARK`] in its text. No file here runs anything.

mod change;
mod charms;
mod containers;
mod events;
mod exec;
mod faults;
mod fleet;
mod grammar;
mod guest;
mod happenings;
mod juju;
mod kafka;
mod laptop;
mod launch;
mod lxd;
mod multipass;
mod openstack;
mod play;
mod prepare;
mod routes;
pub mod scenario;
mod script;
mod snap;
mod sunbeam;
mod system;
mod terraform;
#[cfg(test)]
mod tests;
mod timeline;
mod troubles;
mod world;
mod wrapper;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

pub use self::scenario::Scenario;
use self::timeline::Millis;
use self::world::World;
use crate::host::clock::{Stop, sleep};
use crate::host::{Clock, CommandError, CommandLine, Host, Output, Watch};

/// How a rehearsal is played.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Decides durations, addresses and names of a world that begins; a saved one keeps its own.
    pub seed: u64,
    /// So many simulated seconds in a real one; `None`: as fast as it goes.
    pub speed: Option<f64>,
    /// Faults to plant. A saved world keeps those it has until others are given.
    pub scenario: Option<Scenario>,
    /// Ends pauses early.
    pub stop: Stop,
}

/// The simulated laptop and its clock.
pub struct Rehearsal {
    /// Where the world is kept.
    folder: PathBuf,
    /// The file whose lock is a kafstack's turn.
    gate: Option<fs::File>,
    /// How it is played.
    speed: Option<f64>,
    /// Ends pauses early.
    stop: Stop,
    /// The world, and what of it is on disk.
    inner: Mutex<Inner>,
    /// It is not looked after every command whether it changed the world untold.
    #[cfg(test)]
    unwatched: std::sync::atomic::AtomicBool,
}

/// The world, and what of it is on disk.
struct Inner {
    /// The world.
    world: World,
    /// Which file was last read or written, so that a change by another kafstack is seen.
    file: Option<Stamp>,
    /// The file with the time, once it was opened.
    clock: Option<fs::File>,
}

impl Rehearsal {
    /// Opens the simulated laptop that is kept in this folder, or begins one there.
    ///
    /// # Errors
    /// The folder cannot be used, or what is in it is no saved world.
    pub fn open(folder: &Path, options: Options) -> anyhow::Result<Arc<Self>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("{} cannot be created", folder.display()))?;
        let saved = load(folder)?;
        let fresh = saved.is_none();
        let (mut world, file) = match saved {
            Some((world, file)) => (world, Some(file)),
            None => (World::fresh(options.seed), None),
        };
        if let Some(scenario) = options.scenario {
            faults::plant(&mut world, scenario, fresh);
        }
        let mut gate = OpenOptions::new();
        gate.write(true).create(true).truncate(false).mode(0o600);
        let rehearsal = Rehearsal {
            folder: folder.to_owned(),
            gate: gate.open(folder.join("turn")).ok(),
            speed: options.speed.filter(|speed| *speed > 0.0),
            stop: options.stop,
            inner: Mutex::new(Inner { world, file, clock: None }),
            #[cfg(test)]
            unwatched: false.into(),
        };
        rehearsal.save(&mut rehearsal.lock()).context("the simulated laptop cannot be saved")?;
        Ok(Arc::new(rehearsal))
    }

    /// The commands so far that the simulation did not know.
    #[cfg(test)]
    pub fn unknown(&self) -> Vec<String> {
        self.lock().world.unknown.clone()
    }

    /// From now on it is not looked after every command whether it changed the world untold: for tests with very
    /// many commands.
    #[cfg(test)]
    pub fn leave_unwatched(&self) {
        self.unwatched.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// The world but for the time and the numbering of acts.
    #[cfg(test)]
    pub fn gist(&self) -> String {
        self.lock().world.gist()
    }

    /// The seed with which this world began.
    pub fn seed(&self) -> u64 {
        self.lock().world.seed
    }

    /// Held while the world is read, changed and written: another kafstack may use it at the same time. Without it
    /// the rehearsal goes on, as it would on a file system that knows no locks.
    fn turn(&self) -> Option<Turn<'_>> {
        self.gate.as_ref().filter(|gate| gate.lock().is_ok()).map(Turn)
    }

    /// The world, for as long as nobody is called back.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reads the world again if another kafstack (`status` beside an `up`) has written it since.
    fn refresh(&self, inner: &mut Inner) {
        let file = fs::metadata(self.folder.join(WORLD)).ok().map(|m| stamp(&m));
        if file.is_some()
            && file != inner.file
            && let Ok(Some((mut world, file))) = load(&self.folder)
        {
            world.now = world.now.max(inner.world.now);
            inner.world = world;
            inner.file = Some(file);
        }
    }

    /// Saves the world if it changed, and its clock in any case.
    fn save(&self, inner: &mut Inner) -> std::io::Result<()> {
        let now = inner.world.now;
        if inner.world.touched || inner.file.is_none() {
            let text = serde_json::to_vec(&inner.world)?;
            let (draft, path) = (self.folder.join("world.json.new"), self.folder.join(WORLD));
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(&text)?;
            fs::rename(&draft, &path)?;
            inner.file = Some(stamp(&fs::metadata(&path)?));
            inner.world.touched = false;
        }
        // Written over in place: always as long as before, and file systems that flush what was truncated or
        // renamed have nothing to flush.
        let clock = match inner.clock.take() {
            Some(clock) => clock,
            None => {
                let path = self.folder.join(CLOCK);
                OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?
            }
        };
        clock.write_all_at(format!("{now:>16}").as_bytes(), 0)?;
        inner.clock = Some(clock);
        Ok(())
    }

    /// Lets virtual time pass up to then, in real time divided by the speed if there is one.
    fn advance(&self, to: Millis, ended: &dyn Fn() -> bool) {
        if let Some(speed) = self.speed {
            let step = Duration::from_millis(50);
            loop {
                let left = to - self.lock().world.now;
                if left <= 0 || ended() {
                    break;
                }
                let real = Duration::from_millis(left.unsigned_abs()).div_f64(speed);
                sleep(real.min(step));
                if real <= step {
                    break;
                }
                let passed = i64::try_from(step.mul_f64(speed).as_millis()).unwrap_or(left);
                let mut inner = self.lock();
                let now = inner.world.now;
                inner.world.advance((now + passed).min(to));
            }
            if ended() {
                return;
            }
        }
        self.lock().world.advance(to);
    }
}

/// A turn; it ends when this is dropped.
struct Turn<'a>(&'a fs::File);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::error!(%error, "the simulated laptop stays locked until this kafstack ends");
        }
    }
}

/// The file with the world.
pub const WORLD: &str = "world.json";
/// The file with the time, written after commands that changed nothing else.
const CLOCK: &str = "clock";

/// What tells one version of a file from another.
type Stamp = (u64, i64, i64);

/// The stamp of a file.
fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

/// The saved world, if there is one.
fn load(folder: &Path) -> anyhow::Result<Option<(World, Stamp)>> {
    let path = folder.join(WORLD);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let mut world: World = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no simulated laptop of this kafstack", path.display()))?;
    let clock = fs::read_to_string(folder.join(CLOCK)).ok().and_then(|text| text.trim().parse().ok());
    world.advance(clock.unwrap_or(0));
    let file = stamp(&fs::metadata(&path)?);
    Ok(Some((world, file)))
}

impl Host for Rehearsal {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        let script = {
            let mut inner = self.lock();
            let _turn = self.turn();
            self.refresh(&mut inner);
            #[cfg(test)]
            let before =
                (!self.unwatched.load(std::sync::atomic::Ordering::SeqCst)).then(|| inner.world.gist());
            let script = laptop::run(&mut inner.world, line);
            #[cfg(test)]
            assert!(
                inner.world.touched || before.is_none_or(|before| inner.world.gist() == before),
                "{line} changed the world untold"
            );
            // An effect is on disk before its answer is on its way: a killed run loses answers only.
            if inner.world.touched {
                self.keep(&mut inner);
            }
            script?
        };
        let played = self.play(line, &script, watch);
        let mut inner = self.lock();
        let _turn = self.turn();
        self.keep(&mut inner);
        drop(inner);
        played
    }
}

impl Rehearsal {
    /// [`Rehearsal::save`]; a disk that is full must not look like an answer of a simulated tool.
    fn keep(&self, inner: &mut Inner) {
        if let Err(error) = self.save(inner) {
            tracing::error!(%error, folder = %self.folder.display(), "the simulated laptop was not saved");
        }
    }
}

impl Clock for Rehearsal {
    fn now(&self) -> Timestamp {
        self.lock().world.laptop_time()
    }

    fn pause(&self, time: Duration) {
        if self.stop.requested() {
            return;
        }
        let to = self.lock().world.now + i64::try_from(time.as_millis()).unwrap_or(0);
        self.advance(to, &|| self.stop.requested());
    }
}
