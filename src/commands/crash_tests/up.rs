//! Deaths of `up`: at every boundary, at a thousand instants, several in a row, with the tool and with the answer.

use super::disk::Disk;
use super::errand::Errand;
use super::laptop::{Deaths, Loss};
use super::process::Process;
use super::{Chance, Tally, each};
use crate::config::{Config, Preset};
use crate::failure::Id;

/// The longest that a user takes to call kafstack again, in simulated milliseconds.
const LATER: u64 = 20 * 60_000;

/// An `up` that nobody disturbs: the process, and the simulated times of its beginning and its end.
fn undisturbed(config: &Config, seed: u64, deaths: Deaths) -> (Process, i64, i64) {
    let process = Process::seeded(&Disk::default(), seed).noting(deaths);
    let began = process.now();
    process.carry_out(Errand::Up, config).unwrap();
    assert_eq!(process.doubled(), [""; 0]);
    let end = process.now();
    (process, began, end)
}

#[test]
fn up_survives_a_death_at_every_boundary() {
    for preset in [Preset::Microstack, Preset::Kraft] {
        let config = preset.config();
        let (process, ..) = undisturbed(&config, 7, Deaths::All);
        let (expected, places) = (process.essence(), process.places());
        let tally = Tally::default();
        each(&process.deaths(), |disk| tally.go_on(disk, Errand::Up, &config, &expected));
        println!("{}: {places} boundaries, {} different disks, 0 doubled", preset.name(), tally.sound());
    }
}

#[test]
fn up_survives_a_death_at_a_thousand_instants() {
    let tally = Tally::default();
    // Each world has its own durations.
    let worlds: Vec<(Preset, u64, usize)> = (0..10)
        .map(|seed| (Preset::Kraft, seed, 98))
        .chain((10..12).map(|seed| (Preset::Microstack, seed, 10)))
        .collect();
    each(&worlds, |(preset, seed, times)| {
        let mut chance = Chance(*seed);
        let config = preset.config();
        let (process, began, end) = undisturbed(&config, *seed, Deaths::None);
        let expected = process.essence();
        let mut instants: Vec<i64> = (0..*times)
            .map(|_| began + i64::try_from(chance.below((end - began).unsigned_abs())).unwrap())
            .collect();
        instants.sort_unstable_by(|a, b| b.cmp(a));
        let (process, ..) = undisturbed(&config, *seed, Deaths::At(instants));
        for disk in process.deaths() {
            let wait = if chance.below(2) == 0 { 0 } else { i64::try_from(chance.below(LATER)).unwrap() };
            tally.go_on(&disk.later(wait), Errand::Up, &config, &expected);
        }
    });
    assert_eq!(tally.sound(), 1000);
    println!("1000 instants, 0 doubled");
}

#[test]
fn up_survives_several_deaths_in_a_row() {
    let config = Preset::Kraft.config();
    let (process, ..) = undisturbed(&config, 7, Deaths::None);
    let (expected, places) = (process.essence(), process.places());
    let tally = Tally::default();
    let chains: Vec<u64> = (0..20).collect();
    each(&chains, |seed| {
        let mut chance = Chance(*seed);
        let mut disk = Disk::default();
        for _ in 0..2 + chance.below(4) {
            let place = 1 + usize::try_from(chance.below(places as u64 / 2)).unwrap();
            let process = Process::on(&disk).noting(Deaths::Nth(place));
            // Whatever this one's end would have been, its death comes first.
            let _ = process.carry_out(Errand::Up, &config);
            match process.deaths().pop() {
                Some(next) => disk = next,
                None => break,
            }
        }
        tally.go_on(&disk, Errand::Up, &config, &expected);
    });
    println!("{} chains of two to five deaths, 0 doubled", tally.sound());
}

#[test]
fn up_survives_when_the_tool_dies_with_it() {
    let config = Preset::Kraft.config();
    let (process, began, end) = undisturbed(&config, 7, Deaths::None);
    let expected = process.essence();
    let tally = Tally::default();
    let instants: Vec<u64> = (0..100).collect();
    each(&instants, |seed| {
        let time = began + i64::try_from(Chance(*seed).below((end - began).unsigned_abs())).unwrap();
        let process = Process::on(&Disk::default()).losing(Loss::Together(time));
        let _ = process.carry_out(Errand::Up, &config);
        for disk in process.deaths() {
            tally.go_on(&disk, Errand::Up, &config, &expected);
        }
    });
    println!("{} tools killed with kafstack, 0 doubled", tally.sound());
}

#[test]
fn up_survives_the_loss_of_every_answer() {
    for preset in [Preset::Microstack, Preset::Kraft] {
        let config = preset.config();
        let (process, ..) = undisturbed(&config, 7, Deaths::None);
        let (expected, changes) = (process.essence(), process.changes());
        let tally = Tally::default();
        let answers: Vec<usize> = (0..changes).collect();
        each(&answers, |number| {
            let process = Process::on(&Disk::default()).losing(Loss::Answer(*number));
            // It may have helped itself already; then the next one has nothing to do.
            let _ = process.carry_out(Errand::Up, &config);
            let died = format!("after the answer to change {number} was lost");
            tally.go_on(&process.disk(&died), Errand::Up, &config, &expected);
        });
        println!("{}: {} lost answers, 0 doubled", preset.name(), tally.sound());
    }
}

#[test]
fn a_long_act_outlives_multipass_daemon() {
    let config = Preset::Microstack.config();
    let (undisturbed, ..) = undisturbed(&config, 7, Deaths::None);
    // Sunbeam's bootstrap takes from the eleventh minute to the forty-first.
    let process = Process::meeting("events: [ { after: 20m, daemon: down, for: 3m } ]");
    process.carry_out(Errand::Up, &config).unwrap();
    assert_eq!((process.begun("bootstrap-cloud"), process.doubled()), (1, Vec::new()));
    assert_eq!(facts(&process), facts(&undisturbed));
}

#[test]
fn a_long_act_that_the_vm_took_with_it_is_begun_anew_when_the_checkpoint_says_so() {
    let config = Preset::Microstack.config();
    let (undisturbed, ..) = undisturbed(&config, 7, Deaths::None);
    let process = Process::meeting("events: [ { after: 20m, vm: stopped } ]");
    let failure = process.carry_out(Errand::Up, &config).unwrap_err();
    assert_eq!(failure.id, Id::VmNotReady, "{failure}");
    let next = Process::on(&process.disk("when its VM stopped"));
    next.carry_out(Errand::Up, &config).unwrap();
    assert_eq!((next.begun("bootstrap-cloud"), next.begun("bootstrap-controller")), (2, 1));
    assert_eq!(facts(&next), facts(&undisturbed));
}

/// What is essential about the world, but for the scenario.
fn facts(process: &Process) -> Vec<String> {
    let essence = process.essence();
    let beside = |line: &&str| !line.starts_with("/planted") && !line.starts_with("/laptop");
    essence.lines().filter(beside).map(str::to_owned).collect()
}
