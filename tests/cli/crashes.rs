//! kill -9 at many places, of the real program: the next `up` ends as if nothing had been.
//!
//! The places are numbers of calls and of events, chosen as if by chance and the same each time; what kafstack is doing
//! when the signal comes differs all the same from run to run.

#![expect(clippy::print_stdout, reason = "figures that documentation quotes")]

use crate::fake_laptop::FakeLaptop;
use crate::kills::effects;

/// A number below `limit` that looks random and is the same each time.
fn chance(seed: u64, limit: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)) % limit
}

#[test]
fn fifty_kills_at_any_call_and_nothing_is_done_twice() {
    let mut kills = 0;
    for laptop_number in 0..10 {
        let laptop = FakeLaptop::new();
        for kill in 0..5 {
            let before = laptop.calls().len();
            let running = laptop.start("up --yes --preset kraft");
            let after = before + usize::try_from(chance(laptop_number * 5 + kill + 1, 45)).unwrap();
            laptop.sees(&format!("call {after}"), || laptop.calls().len() > after || running.has_ended());
            running.killed();
            kills += 1;
        }
        laptop.kafstack("up --yes --preset kraft").exits_with(0).says("Kafka is ready");
        // What was left behind comes to its end with what the last one waited for.
        assert_eq!(laptop.effects(), effects("kraft"), "{}", laptop.story(0));
    }
    println!("{kills} kills of the real program, 0 doubled");
}

#[test]
fn a_hundred_kills_of_rehearsals_at_any_event() {
    let undisturbed = FakeLaptop::new();
    undisturbed.kafstack("up --rehearse --preset kraft").exits_with(0);
    let model = |laptop: &FakeLaptop| {
        let mut document = laptop.kafstack("status --rehearse --format json").exits_with(0).document();
        document["checked_at"].take();
        document["model"]["applications"].take().to_string() + &document["steps"].to_string()
    };
    // Addresses belong to the seed, which is the same; times are not shown.
    let expected = model(&undisturbed);
    let mut kills = 0;
    for laptop_number in 0..20 {
        let laptop = FakeLaptop::new();
        for kill in 0..5 {
            let mut running = laptop.start("up --rehearse --preset kraft --events -");
            let events = std::cell::Cell::new(chance(laptop_number * 5 + kill + 1, 220));
            running.tells(|event| {
                let left = events.replace(events.get().saturating_sub(1));
                left == 0 || event["event"] == "plan-finished"
            });
            running.killed();
            kills += 1;
        }
        laptop.kafstack("up --rehearse --preset kraft").exits_with(0);
        assert_eq!(model(&laptop), expected);
    }
    println!("{kills} kills of rehearsals, one end");
}

#[test]
fn a_state_folder_that_vanishes_meanwhile_stops_up_and_loses_nothing() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("multipass launch");
    let running = laptop.start("up --yes --preset kraft");
    held.is_reached();
    std::fs::remove_dir_all(laptop.state("")).unwrap();
    held.release();
    running
        .ends()
        .exits_with(3)
        .says("[state-unusable]")
        .says("journal.ndjson could not be written")
        .ended_after("multipass launch");
    laptop
        .kafstack("up --yes --preset kraft")
        .exits_with(0)
        .never_ran("multipass launch")
        .says("Kafka is ready");
}

#[test]
fn a_multipass_daemon_that_restarts_under_a_long_act_is_waited_for() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("juju bootstrap localhost overlord");
    let running = laptop.start("up --yes --preset kraft");
    held.is_reached();
    laptop.sees("a follower", || !laptop.processes("kafstack --follow").is_empty());
    laptop.stop_daemon();
    for pid in laptop.processes("kafstack --follow") {
        // The tools below it may be gone before it.
        let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    let refused =
        || laptop.calls().iter().filter(|call| call.line().starts_with("multipass refused")).count();
    laptop.sees("three tries", || refused() >= 3);
    assert!(held.is_alive(), "the act goes on");
    laptop.start_daemon();
    held.release();
    running.ends().exits_with(0).says("Kafka is ready");
    assert_eq!(laptop.effects(), effects("kraft"), "{}", laptop.story(0));
}
