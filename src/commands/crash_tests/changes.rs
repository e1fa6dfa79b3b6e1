//! Deaths of the commands that change a stack: at every boundary, and with every answer lost.

use super::disk::Disk;
use super::errand::Errand;
use super::laptop::{Deaths, Loss};
use super::process::Process;
use super::{Tally, each};
use crate::config::{Config, Preset};

/// Kills an errand at every boundary and loses each of its answers, on a stack of this configuration.
fn kill(errand: Errand, built: &Config, wanted: &Config) {
    let stack = Process::on(&Disk::default());
    stack.carry_out(Errand::Up, built).unwrap();
    let ready = Disk { deeds: Vec::new(), ..stack.disk("") };

    let process = Process::on(&ready).noting(Deaths::All);
    process.carry_out(errand, wanted).unwrap();
    let expected = process.essence();
    let tally = Tally::default();
    each(&process.deaths(), |disk| tally.go_on(disk, errand, wanted, &expected));
    let disks = tally.sound();

    let answers: Vec<usize> = (0..process.changes()).collect();
    assert_ne!(answers, [0; 0]);
    each(&answers, |number| {
        let process = Process::on(&ready).losing(Loss::Answer(*number));
        let _ = process.carry_out(errand, wanted);
        let died = format!("after the answer to change {number} was lost");
        tally.go_on(&process.disk(&died), errand, wanted, &expected);
    });
    tally.sound();
    println!(
        "{errand:?}: {} boundaries, {disks} different disks, {} lost answers, 0 doubled",
        process.places(),
        answers.len()
    );
}

#[test]
fn changes_survive_a_death_at_every_boundary() {
    let config = Preset::Kraft.config();
    for errand in [Errand::TopicCreate, Errand::UserCreate, Errand::TlsEnable, Errand::Down] {
        kill(errand, &config, &config);
    }
}

#[test]
fn scale_survives_a_death_at_every_boundary() {
    let built = Preset::Kafka.config();
    let mut wanted = built.clone();
    wanted.kafka.units += 2;
    wanted.zookeeper.units += 2;
    kill(Errand::Scale, &built, &wanted);
}
