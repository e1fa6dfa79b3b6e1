//! One kafstack at work on a simulated laptop: everything that comes between it and the world is a place to die at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::disk::{Disk, essence};
use crate::commands::run_record::RunRecord;
use crate::commands::stack;
use crate::config::Config;
use crate::event::Teller;
use crate::failure::{Failure, Id};
use crate::host::clock::{Stop, TimeScale};
use crate::host::vm::Vm;
use crate::host::{Clock, CommandError, CommandLine, Effect, Flow, Host, Hosts, Output, Stream, Watch};
use crate::journal::Journal;
use crate::plan::{self, Circumstances, Plan};
use crate::rehearsal::{Options, Rehearsal, Scenario};
use crate::runner::{self, Record};
use crate::state::State;
use crate::step::{Again, Step};
use crate::steps::certificates::{DeployAuthority, SwitchTls};
use crate::steps::scale::ScaleApplication;
use crate::steps::topic::{ShapeTopic, Wish};
use crate::steps::user::{DeployUser, IntegrateUser};
use crate::tools::data_integrator::User;

/// What a kafstack is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Up,
    Down,
    TopicCreate,
    UserCreate,
    TlsEnable,
    /// Two units more of Kafka and of ZooKeeper.
    Scale,
}

impl Errand {
    /// Its plan, made from what is seen, as the command makes it.
    fn plan(self, hosts: &Hosts<'_>, config: &Config, launched: bool) -> Result<Plan, Failure> {
        let with = Circumstances { launched, ..Circumstances::default() };
        let config = config.clone();
        let steps: Vec<Box<dyn Step>> = match self {
            Errand::Up => return Ok(plan::up(&config, with)),
            Errand::Down => vec![Box::new(plan::destroy_vm(&config, with))],
            Errand::TopicCreate => {
                let cluster = stack::ready(hosts, &config)?.cluster;
                let wish = Wish {
                    name: "orders".to_owned(),
                    partitions: Some(3),
                    replication: 1,
                    configs: vec![("retention.ms".to_owned(), "60000".to_owned())],
                };
                vec![Box::new(ShapeTopic { cluster, vm: config.vm.name, wish, create: true })]
            }
            Errand::UserCreate => {
                let user = User {
                    name: "shop".to_owned(),
                    topic: "orders".to_owned(),
                    roles: ["producer".to_owned()].into_iter().collect(),
                    group_prefix: None,
                };
                let integrate =
                    IntegrateUser { config: config.clone(), user: user.name.clone(), other_than: None };
                vec![Box::new(DeployUser { config, user }), Box::new(integrate)]
            }
            Errand::TlsEnable => vec![
                Box::new(DeployAuthority { config: config.clone(), ca_name: "kafstack".to_owned() }),
                Box::new(SwitchTls { config, authority: "self-signed-certificates".to_owned(), on: true }),
            ],
            Errand::Scale => {
                let mut first = config.clone();
                first.kafka.units -= 2;
                let step = |config: &Config, application, units| {
                    let config = config.clone();
                    Box::new(ScaleApplication { config, application, units, victims: Vec::new() })
                        as Box<dyn Step>
                };
                vec![
                    step(&first, "zookeeper", config.zookeeper.units),
                    step(&config, "kafka", config.kafka.units),
                ]
            }
        };
        Ok(Plan::of(steps))
    }
}

/// Something that changes the world, and what became of it.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The command as it reached the laptop, or the VM.
    argv: Vec<String>,
    /// Whether the tool did it.
    done: bool,
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

/// One kafstack at work.
pub struct Process {
    laptop: Arc<Laptop>,
    base: tempfile::TempDir,
}

/// What stands between the engine and the simulated laptop.
struct Laptop {
    rehearsal: Arc<Rehearsal>,
    folder: PathBuf,
    noted: Mutex<Noted>,
}

/// What was noted so far.
struct Noted {
    deaths: Deaths,
    loss: Loss,
    /// How many places to die at there were.
    places: usize,
    /// What the disk was like at those that were noted, and how many deeds had begun.
    disks: Vec<(Disk, usize)>,
    /// What tells those disks apart beside the time.
    keys: BTreeSet<Vec<u8>>,
    deeds: Vec<Deed>,
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
        let run =
            runner::Run { hosts, tell: &tell, stop: &stop, scale: TimeScale::default(), until: None, again };
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

impl Laptop {
    /// The disk as it is now, at the simulated time.
    fn disk(&self) -> Disk {
        Disk::of(&self.folder).at(self.now().as_millisecond())
    }

    /// A place to die at.
    fn may_die(&self, place: impl Fn() -> String) {
        self.may_die_as(place, |disk| disk);
    }

    /// A place to die at, leaving the disk as `left` makes it.
    fn may_die_as(&self, place: impl Fn() -> String, left: impl Fn(Disk) -> Disk) {
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
