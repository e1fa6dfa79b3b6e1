//! One kafstack at work on a simulated laptop, and what is to be said of it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::disk::{Disk, essence};
use super::errand::Errand;
use super::laptop::{Deaths, Laptop, Loss, Noted};
use crate::commands::run_record::RunRecord;
use crate::config::Config;
use crate::event::Teller;
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::vm::Vm;
use crate::host::{Clock, Hosts};
use crate::journal::Journal;
use crate::rehearsal::{Options, Rehearsal, Scenario};
use crate::runner::{self, Record};
use crate::state::State;
use crate::step::Again;

/// One kafstack at work.
pub struct Process {
    laptop: Arc<Laptop>,
    base: tempfile::TempDir,
}

impl Process {
    /// A kafstack on what another one left.
    pub fn on(disk: &Disk) -> Self {
        Process::seeded(disk, 7)
    }

    /// The same on a laptop that, if it is a fresh one, has this seed.
    pub fn seeded(disk: &Disk, seed: u64) -> Self {
        Process::open(disk, Options { seed, ..Options::default() })
    }

    /// The first kafstack on a fresh laptop on which this scenario is planted.
    pub fn meeting(scenario: &str) -> Self {
        let scenario = Some(Scenario::parse(scenario).unwrap());
        Process::open(&Disk::default(), Options { seed: 7, scenario, ..Options::default() })
    }

    fn open(disk: &Disk, options: Options) -> Self {
        // In memory, where there is such a place: what is tested is what is written, not the disk.
        let base = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let state = State::open(base.path(), "microstack").unwrap();
        disk.restore(state.folder());
        let rehearsal = Rehearsal::open(state.folder(), options).unwrap();
        rehearsal.leave_unwatched();
        let noted = Noted {
            deaths: Deaths::None,
            loss: Loss::None,
            places: 0,
            disks: Vec::new(),
            keys: BTreeSet::new(),
            deeds: disk.deeds.clone(),
        };
        let laptop = Laptop { rehearsal, folder: state.folder().to_owned(), noted: Mutex::new(noted) };
        Process { laptop: Arc::new(laptop), base }
    }

    /// Noting deaths.
    pub fn noting(self, deaths: Deaths) -> Self {
        self.laptop.noted.lock().unwrap().deaths = deaths;
        self
    }

    /// Losing something.
    pub fn losing(self, loss: Loss) -> Self {
        self.laptop.noted.lock().unwrap().loss = loss;
        self
    }

    /// Does it, as `commands::errand` does, but for what is only told.
    pub fn carry_out(&self, errand: Errand, config: &Config) -> Result<(), Failure> {
        let laptop = &self.laptop;
        let state = State::open(self.base.path(), "microstack")?;
        let _lock = state.lock("up", laptop.now())?;
        let journal = Journal::open(state.folder())?;
        let launched = journal.history().launched_since_last_down();
        let vm = Vm::new(laptop.clone(), laptop.clone(), &config.vm.name);
        let hosts = Hosts { laptop: &**laptop, vm: &vm, clock: &**laptop };
        if errand == Errand::Scale {
            state.save_in_force(config)?;
        }
        let plan = errand.plan(&hosts, config, launched)?;
        let tell = Teller::silent(laptop.clone(), true);
        let stop = Stop::default();
        let again = if errand == Errand::Up { Again::Up } else { Again::Same };
        let run = runner::Run {
            hosts,
            tell: &tell,
            stop: &stop,
            scale: TimeScale::default(),
            until: None,
            again,
            diagnose: &|_, _, _| None,
        };
        let mut record = Mortal { laptop, record: RunRecord::new(journal, &state, config, laptop.clone()) };
        record.written("run began", |record| record.run_began("up"))?;
        let result = run.all(&plan, &mut record).and_then(|_| match errand {
            Errand::Down => record.written("down finished", RunRecord::down_finished),
            _ => Ok(()),
        });
        record.record.run_ended(if result.is_ok() { "done" } else { "failed" });
        laptop.may_die(|| "after the run ended".to_owned());
        result
    }

    /// The places so far.
    pub fn places(&self) -> usize {
        self.laptop.noted.lock().unwrap().places
    }

    /// The deaths that were noted. Of those that leave the same on disk but for the time, the first.
    pub fn deaths(&self) -> Vec<Disk> {
        let noted = self.laptop.noted.lock().unwrap();
        // What had begun at a death came to the same end as without it: the tools live on.
        let with_deeds =
            |(disk, begun): &(Disk, usize)| Disk { deeds: noted.deeds[..*begun].to_vec(), ..disk.clone() };
        noted.disks.iter().map(with_deeds).collect()
    }

    /// The disk as it is now.
    pub fn disk(&self, died: &str) -> Disk {
        let deeds = self.laptop.noted.lock().unwrap().deeds.clone();
        Disk { deeds, died: died.to_owned(), ..self.laptop.disk() }
    }

    /// The simulated time in milliseconds.
    pub fn now(&self) -> i64 {
        self.laptop.now().as_millisecond()
    }

    /// What is essential about the world now.
    pub fn essence(&self) -> String {
        essence(&self.laptop.rehearsal.gist())
    }

    /// Commands that the simulation did not know.
    pub fn unknown(&self) -> Vec<String> {
        self.laptop.rehearsal.unknown()
    }

    /// How many commands changed something so far.
    pub fn changes(&self) -> usize {
        self.laptop.noted.lock().unwrap().deeds.len()
    }

    /// How often a long act of that step was begun.
    pub fn begun(&self, step: &str) -> usize {
        let noted = self.laptop.noted.lock().unwrap();
        noted
            .deeds
            .iter()
            .filter(|deed| deed.done && deed.argv[0] == "--start" && deed.argv[1] == step)
            .count()
    }

    /// The expensive effects that were there more than once.
    pub fn doubled(&self) -> Vec<String> {
        let mut times: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for deed in self.laptop.noted.lock().unwrap().deeds.iter().filter(|deed| deed.done) {
            if let Some(effect) = expensive(&deed.argv) {
                let all = times.entry(effect).or_default();
                // The same start asked for again after a lost answer is no second start.
                if deed.argv[0] != "--start" || !all.contains(&deed.argv) {
                    all.push(deed.argv.clone());
                }
            }
        }
        times.retain(|_, all| all.len() > 1);
        times.into_keys().collect()
    }
}

/// The expensive effect that a command has.
fn expensive(argv: &[String]) -> Option<String> {
    let words: Vec<&str> = argv.iter().map(String::as_str).filter(|word| *word != "-n").collect();
    let words = match words[..] {
        ["--start", _, _, ref act @ ..] => act,
        ref all => all,
    };
    let length = match words {
        ["multipass", "launch" | "delete", ..] | ["juju", "integrate", ..] => words.len(),
        ["sudo", "snap", "install", ..] | ["openstack", "server" | "floating", ..] => 4.min(words.len()),
        ["juju", "deploy" | "add-model" | "add-unit" | "bootstrap", ..] => 3,
        ["sunbeam", ..] | ["lxd", "init", ..] => words.len(),
        _ => return None,
    };
    Some(words[..length.min(words.len())].join(" "))
}

/// A record that dies before, while and after it is written.
struct Mortal<'a> {
    laptop: &'a Laptop,
    record: RunRecord<'a>,
}

impl<'a> Mortal<'a> {
    fn written<T>(
        &mut self,
        what: &str,
        write: impl FnOnce(&mut RunRecord<'a>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.laptop.may_die(|| format!("before it wrote `{what}`"));
        let length = || std::fs::metadata(self.laptop.folder.join("journal.ndjson")).map_or(0, |m| m.len());
        let before = length();
        let result = write(&mut self.record);
        if length() > before {
            // What else was written is there; the record is not, or half of it.
            for part in [0, 2] {
                let left = |disk: Disk| disk.torn(|length| length.checked_div(part).unwrap_or(0));
                self.laptop.may_die_as(|| format!("when it wrote `{what}`"), left);
            }
        }
        self.laptop.may_die(|| format!("when it had written `{what}`"));
        result
    }
}

impl Record for Mortal<'_> {
    fn begun(&mut self, step: &'static str) -> Result<u64, Failure> {
        self.written(&format!("{step} begun"), |record| record.begun(step))
    }

    fn holds(&mut self, step: &'static str) -> Result<(), Failure> {
        self.written(&format!("{step} holds"), |record| record.holds(step))
    }

    fn done(&mut self, step: &'static str) -> Result<(), Failure> {
        self.written(&format!("{step} done"), |record| record.done(step))
    }

    fn failed(&mut self, step: &'static str, id: Id) {
        self.record.failed(step, id);
    }
}
