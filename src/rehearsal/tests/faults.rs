//! Scenarios: what they refuse, and what they bring about.

use std::time::Duration;

use super::{Stage, split};
use crate::host::{CommandError, CommandLine, Host};
use crate::rehearsal::Scenario;

#[test]
fn a_scenario_is_refused_with_the_place_where_it_is_wrong() {
    let error = |text: &str| format!("{:#}", Scenario::parse(text).unwrap_err());
    assert!(error("laptop:\n  cpu: 3\n").contains("cpu"), "{}", error("laptop:\n  cpu: 3\n"));
    assert!(error("faults: [ { command: juju status } ]").contains("exactly one"));
    assert!(error("events: [ { after: soon, vm: stopped } ]").contains("soon"));
    assert!(error("events: [ { after: 5m, unit: kafka/1 } ]").contains("needs one of"));
    assert!(error("vms: [ { name: a, state: Asleep } ]").contains("Asleep"));
    assert_eq!(Scenario::parse("").unwrap(), Scenario::default());
}

#[test]
fn the_example_in_the_documentation_parses() {
    let source = include_str!("../scenario.rs");
    let block = source.split("//! ```").nth(1).unwrap();
    let text: String =
        block.lines().skip(1).map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect();
    // Its one fault shows every kind; a real one has a single kind.
    let error = format!("{:#}", Scenario::parse(&text).unwrap_err());
    assert!(error.contains("exactly one"), "{error}");
}

#[test]
fn the_laptop_can_be_another_one() {
    let stage = Stage::with(
        "laptop: { arch: arm64, cpus: 4, memory: 8G, virtualisation: false, network: false, sudo: refused }",
    );
    assert_eq!(stage.laptop("uname -sm").out(), "Linux aarch64\n");
    assert!(!stage.laptop("cat /proc/cpuinfo").out().contains("vmx"));
    assert_eq!(stage.laptop("curl -sS -m 10 -o /dev/null https://api.charmhub.io").code, 6);
    assert!(stage.laptop("sudo -n snap install multipass").err().contains("a password is required"));
}

#[test]
fn a_fault_strikes_so_often_and_no_more() {
    let stage = Stage::with(
        "faults: [ { command: hostname, on: vm, skip: 1, times: 1, fails: { code: 3, stderr: no } } ]",
    );
    let stage = stage.with_vm("24.04");
    stage.good("hostname");
    stage.bad("hostname", 3, "no");
    stage.good("hostname");
}

#[test]
fn a_fault_can_wait_for_the_end_of_another_command() {
    let stage = Stage::with(
        "faults: [ { command: hostname, once: \"stat -c %U 'a b'\", fails: { code: 3, stderr: no } } ]",
    );
    let stage = stage.with_vm("24.04");
    let stat = |words: [&str; 3]| {
        stage.vm.ask(&CommandLine::reads("stat", words)).unwrap();
    };
    stage.good("hostname");
    stat(["-c", "%U", "a"]);
    stage.good("hostname");
    stat(["-c", "%U", "a b"]);
    stage.bad("hostname", 3, "no");
    stage.bad("hostname", 3, "no");
}

#[test]
fn an_act_can_work_and_fail_to_say_so() {
    let stage = Stage::with(
        "laptop: { multipass: 1.16.3 }\nfaults: [ { command: multipass launch, fails_but_works: { code: 5, stderr: Timed out waiting for instance launch. } } ]",
    );
    let launch = stage.laptop("multipass launch 24.04 --name microstack");
    assert!(launch.code == 5 && launch.err().contains("Timed out"));
    assert!(stage.laptop("multipass list --format json").out().contains("Running"));
}

#[test]
fn answers_can_hang_break_off_or_be_no_text() {
    let stage = Stage::with(
        "faults:\n  - { command: id, hangs: true }\n  - { command: hostname, lost: true, times: 1 }\n  - { command: lsb_release, garbage: true }\n  - { command: nproc, prints_before: noise }\n",
    )
    .with_vm("24.04");
    let line = split("id -nG").within(Duration::from_secs(30));
    assert!(matches!(stage.vm.ask(&line), Err(CommandError::TimedOut { .. })));
    assert!(matches!(stage.vm.ask(&split("hostname")), Err(CommandError::Unreachable { .. })));
    stage.good("hostname");
    assert!(String::from_utf8(stage.inside("lsb_release -sc").stdout).is_err());
    assert_eq!(stage.good("nproc"), "noise\n8\n");
}

#[test]
fn events_come_by_themselves_and_heal() {
    let stage = Stage::with(
        "events:\n  - { after: 2h, unit: zookeeper/0, error: 'hook failed: \"start\"', heals_after: 6m }\n  - { after: 3h, agent_lost: zookeeper/0, heals_after: 3m }\n  - { after: 4h, daemon: down, for: 2m }\n  - { after: 5h, vm: stopped }\n",
    )
    .with_vm("24.04")
    .with_controller();
    stage.good("juju deploy zookeeper --channel 3/stable -m overlord:demo");
    let until = |hours: i64, minutes: i64| {
        let passed = stage.now().as_second() - 1_767_603_600;
        stage.wait(u64::try_from(hours * 3600 + minutes * 60 - passed).unwrap());
    };
    let unit = || stage.status()["applications"]["zookeeper"]["units"]["zookeeper/0"].clone();
    until(2, 1);
    assert_eq!(unit()["workload-status"]["message"], "hook failed: \"start\"");
    until(2, 7);
    assert_eq!(unit()["workload-status"]["current"], "active");
    until(3, 1);
    assert_eq!(unit()["juju-status"]["current"], "lost");
    until(4, 1);
    let down = stage.laptop("multipass list --format json");
    assert!(down.code == 2 && down.err().contains("cannot connect to the multipass socket"));
    assert_eq!(stage.laptop("multipass version --format json").code, 0);
    until(4, 3);
    assert_eq!(stage.laptop("multipass list --format json").code, 0);
    until(5, 1);
    assert!(stage.laptop("multipass list --format json").out().contains("Stopped"));
}

#[test]
fn a_vm_that_stops_cuts_the_command_in_it() {
    let stage = Stage::with("events: [ { after: 10m, vm: stopped } ]").with_vm("24.04");
    let passed = stage.now().as_second() - 1_767_603_600;
    stage.wait(u64::try_from(600 - 10 - passed).unwrap());
    let line = split("sudo snap install openstack --channel 2024.1/stable");
    assert!(matches!(stage.vm.ask(&line), Err(CommandError::Unreachable { .. })));
    stage.laptop("multipass start microstack");
    stage.bad("snap list openstack", 1, "no matching snaps");
}
