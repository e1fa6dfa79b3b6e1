//! What stands between the engine and the simulated laptop: every command and every pause is a place to die at.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::disk::Disk;
use crate::host::{Clock, CommandError, CommandLine, Effect, Flow, Host, Output, Stream, Watch};
use crate::rehearsal::Rehearsal;

/// Something that changes the world, and what became of it.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The command as it reached the laptop, or the VM.
    pub argv: Vec<String>,
    /// Whether the tool did it.
    pub done: bool,
}

/// Where deaths are noted.
#[derive(Clone, Debug)]
pub enum Deaths {
    /// Nowhere.
    None,
    /// Everywhere.
    All,
    /// At the one of this number.
    Nth(usize),
    /// At these simulated times, in milliseconds, latest first.
    At(Vec<i64>),
}

/// A fault of the way to the tools.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// None.
    None,
    /// The answer to the changing command of this number is lost; its effect is there.
    Answer(usize),
    /// At this simulated time kafstack and the tool that it runs are killed together.
    Together(i64),
}

/// What stands between the engine and the simulated laptop.
pub struct Laptop {
    pub rehearsal: Arc<Rehearsal>,
    pub folder: PathBuf,
    pub noted: Mutex<Noted>,
}

/// What was noted so far.
pub struct Noted {
    pub deaths: Deaths,
    pub loss: Loss,
    /// How many places to die at there were.
    pub places: usize,
    /// What the disk was like at those that were noted, and how many deeds had begun.
    pub disks: Vec<(Disk, usize)>,
    /// What tells those disks apart beside the time.
    pub keys: BTreeSet<Vec<u8>>,
    pub deeds: Vec<Deed>,
}

impl Laptop {
    /// The disk as it is now, at the simulated time.
    pub fn disk(&self) -> Disk {
        Disk::of(&self.folder).at(self.now().as_millisecond())
    }

    /// A place to die at.
    pub fn may_die(&self, place: impl Fn() -> String) {
        self.may_die_as(place, |disk| disk);
    }

    /// A place to die at, leaving the disk as `left` makes it.
    pub fn may_die_as(&self, place: impl Fn() -> String, left: impl Fn(Disk) -> Disk) {
        let mut noted = self.noted.lock().unwrap();
        noted.places += 1;
        let now = self.now().as_millisecond();
        let places = noted.places;
        let here = match &mut noted.deaths {
            Deaths::None => false,
            Deaths::All => true,
            Deaths::Nth(number) => *number == places,
            Deaths::At(times) => {
                let due = times.last().is_some_and(|time| *time <= now);
                if due {
                    times.pop();
                }
                due
            }
        };
        if here {
            let disk = left(Disk { died: place(), ..self.disk() });
            let timed = matches!(noted.deaths, Deaths::At(_));
            if timed || noted.keys.insert(disk.key(&self.rehearsal.gist())) {
                let begun = noted.deeds.len();
                noted.disks.push((disk, begun));
            }
        }
    }
}

impl Host for Laptop {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        let argv = inner(line);
        let shown = || argv.join(" ");
        self.may_die(|| format!("before `{}`", shown()));
        let deed = (line.effect == Effect::Changes || argv.first().is_some_and(|word| word == "--start"))
            .then(|| {
                let mut noted = self.noted.lock().unwrap();
                noted.deeds.push(Deed { argv: argv.clone(), done: false });
                noted.deeds.len() - 1
            });
        let mut mortal = MortalWatch { laptop: self, watch, argv: &argv, heard: false, left: false };
        let mut result = self.rehearsal.run(line, &mut mortal);
        let left = mortal.left;
        if let (Some(deed), Ok(output)) = (deed, &result) {
            let inside = argv.len() < line.argv().len();
            let refused = output.code != 0 || inside && !output.err().contains("kafstack-exit 0");
            let joined = argv[0] == "--start" && !output.out().starts_with("started");
            let was_there = output.said().contains("is already installed");
            self.noted.lock().unwrap().deeds[deed].done = !refused && !joined && !was_there;
            let number = deed;
            if matches!(self.noted.lock().unwrap().loss, Loss::Answer(lost) if lost == number) {
                let why = "the connection was lost".to_owned();
                result = Err(CommandError::Unreachable { line: line.to_string(), why });
            }
        }
        if left {
            self.noted.lock().unwrap().deaths = Deaths::All;
            self.may_die(|| format!("together with `{}`", shown()));
            self.noted.lock().unwrap().deaths = Deaths::None;
        } else {
            self.may_die(|| format!("before the answer of `{}`", shown()));
        }
        result
    }
}

/// The command that a line on the laptop is about: behind the way into the VM and its wrapper, if it goes there.
fn inner(line: &CommandLine) -> Vec<String> {
    let argv = line.argv();
    match argv.iter().position(|word| word == "kafstack") {
        Some(at) if argv[1] == "exec" => argv[at + 1..].to_vec(),
        _ => argv,
    }
}

impl Clock for Laptop {
    fn now(&self) -> Timestamp {
        self.rehearsal.now()
    }

    fn pause(&self, time: Duration) {
        let end = self.now().as_millisecond() + i64::try_from(time.as_millis()).unwrap();
        // Up to the next noted time, if that comes first.
        let next = || self.noted.lock().unwrap().next_time().filter(|time| *time < end);
        while let Some(time) = next() {
            let left = time - self.now().as_millisecond();
            self.rehearsal.pause(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
            self.may_die(|| "in a pause".to_owned());
        }
        let left = end - self.now().as_millisecond();
        self.rehearsal.pause(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
        self.may_die(|| "in a pause".to_owned());
    }
}

impl Noted {
    /// The next time at which a death is to be noted.
    fn next_time(&self) -> Option<i64> {
        match &self.deaths {
            Deaths::At(times) => times.last().copied(),
            _ => None,
        }
    }
}

/// Dies while a command runs.
struct MortalWatch<'a> {
    laptop: &'a Laptop,
    watch: &'a mut dyn Watch,
    argv: &'a [String],
    /// Something was heard of it.
    heard: bool,
    /// It was left, as kafstack died.
    left: bool,
}

impl MortalWatch<'_> {
    fn may_die(&mut self) {
        // Of the many places in a long command its first is one of the places; times find all of them.
        let timed = matches!(self.laptop.noted.lock().unwrap().deaths, Deaths::At(_));
        if timed || !std::mem::replace(&mut self.heard, true) {
            self.laptop.may_die(|| format!("in the middle of `{}`", self.argv.join(" ")));
        }
    }
}

impl Watch for MortalWatch<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.may_die();
        self.watch.line(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        self.may_die();
        let now = self.laptop.now().as_millisecond();
        let mut noted = self.laptop.noted.lock().unwrap();
        if matches!(noted.loss, Loss::Together(time) if time <= now) {
            noted.loss = Loss::None;
            self.left = true;
            return Flow::Leave;
        }
        drop(noted);
        self.watch.tick(elapsed)
    }

    fn between(&mut self, elapsed: Duration) {
        self.watch.between(elapsed);
    }
}
