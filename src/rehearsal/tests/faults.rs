//! Scenarios: what they refuse, and what they bring about.

use std::time::Duration;

use super::{Notes, Stage, split};
use crate::host::{CommandError, CommandLine, Host};
use crate::rehearsal::Scenario;

#[test]
fn a_scenario_is_refused_with_the_place_where_it_is_wrong() {
    let error = |text: &str| format!("{:#}", Scenario::parse(text).unwrap_err());
    assert!(error("laptop:\n  cpu: 3\n").contains("cpu"), "{}", error("laptop:\n  cpu: 3\n"));
    assert!(error("faults: [ { command: juju status } ]").contains("exactly one"));
    assert!(error("events: [ { after: soon, vm: stopped } ]").contains("soon"));
    assert!(
        error("events: [ { after: 5m, unit: kafka/1 } ]").contains("no event has `unit` and nothing else")
    );
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

/// A cloud, a controller, a model and three brokers, then a scenario on it.
fn planted(scenario: &str) -> Stage {
    let stage = Stage::fresh().with_vm("24.04").with_controller();
    stage.good("juju deploy kafka --channel 3/stable -n 1 -m overlord:demo");
    stage.wait(3600);
    stage.planting(scenario)
}

#[test]
fn a_network_is_bad_in_its_own_way_and_from_one_place() {
    let curl = "curl -sS -m 10 -o /dev/null https://api.charmhub.io";
    for (how, code, says) in
        [("dns", 6, "Could not resolve"), ("down", 7, "Failed to connect"), ("proxy", 28, "Timeout")]
    {
        let stage = planted(&format!("events: [ {{ network: {how}, on: vm, for: 5m }} ]"));
        stage.bad(curl, code, says);
        assert_eq!(stage.laptop(curl).code, 0);
        stage.bad("juju deploy zookeeper --channel 3/stable -m overlord:demo", 1, "querying charmhub");
        stage.wait(300);
        stage.good(curl);
    }
    let stage = planted("events: [ { network: throttled } ]");
    stage.good(curl);
    stage.bad(
        "sudo snap install openstack --channel 2024.1/stable",
        1,
        "got unexpected HTTP status code 429",
    );
    let stage = planted("events: [ { network: dns, on: container } ]");
    stage.good(curl);
    let inside = format!("juju exec --unit kafka/0 -m overlord:demo --format json -- \"{curl}\"");
    assert!(stage.inside(&inside).out().contains("Could not resolve host"));
}

#[test]
fn a_vm_can_be_ill_in_many_ways() {
    let stage = planted("events: [ { vm: disk full } ]");
    assert!(stage.good("df -Pk /").contains(" 0 100% /"));
    stage.bad("tee notes", 1, "No space left on device");
    let stage = planted("events: [ { vm: out of memory } ]");
    assert!(stage.good("journalctl -k --no-pager -n 50").contains("Out of memory: Killed process"));
    stage.bad("dmesg", 1, "Operation not permitted");
    let stage = planted(
        "events: [ { vm: nameless }, { vm: smaller }, { vm: cloud-init failed }, { vm: clock behind } ]",
    );
    assert_eq!(stage.good("hostname -f"), "microstack\n");
    assert_eq!(stage.good("nproc"), "4\n");
    stage.bad("cloud-init status --format json", 1, "\"status\": \"error\"");
    assert!(stage.good("timedatectl show").contains("NTPSynchronized=no"));
    let behind = stage.now().as_second() - stage.good("date +%s").trim().parse::<i64>().unwrap();
    assert!((7190..7210).contains(&behind), "{behind}");
}

#[test]
fn what_juju_runs_can_be_ill_too() {
    let stage = planted(
        "events:\n  - { machine: 0, is: provisioning error, message: no matching image found }\n  - { after: 1m, model: demo, is: suspended }\n",
    );
    let machine = || stage.status()["machines"]["0"].clone();
    assert_eq!(machine()["machine-status"]["current"], "provisioning error");
    assert_eq!(machine()["instance-id"], "pending");
    assert!(
        stage.good("juju show-machine 0 -m overlord:demo --format json").contains("no matching image found")
    );
    assert_eq!(
        stage.status()["applications"]["kafka"]["units"]["kafka/0"]["juju-status"]["current"],
        "allocating"
    );
    stage.wait(60);
    assert_eq!(stage.status()["model"]["model-status"]["current"], "suspended");

    let stage = planted("events: [ { machine: 0, is: stopped, for: 5m } ]");
    assert_eq!(stage.status()["machines"]["0"]["juju-status"]["current"], "down");
    assert_eq!(stage.status()["applications"]["kafka"]["units"]["kafka/0"]["juju-status"]["current"], "lost");
    assert!(stage.good("lxc list --format json").contains("\"status\":\"Stopped\""));
    stage.wait(300);
    assert_eq!(stage.status()["machines"]["0"]["juju-status"]["current"], "started");

    let stage = planted(
        "events: [ { unit: kafka/0, error: 'hook failed: \"start\"' }, { application: kafka, channel: 4/stable } ]",
    );
    let log =
        "juju debug-log --replay --no-tail --limit 20 --include unit-kafka-0 --level ERROR -m overlord:demo";
    assert!(stage.good(log).contains("hook \"start\""));
    assert_eq!(stage.status()["applications"]["kafka"]["charm-channel"], "4/stable");

    let stage = planted("events: [ { controller: overlord, is: stopped } ]");
    stage.bad("juju status -m overlord:demo --format json", 1, "no route to host");
    let stage = planted("events: [ { controller: overlord, is: unregistered } ]");
    stage.bad("juju show-controller overlord --format json", 1, "No controllers registered");
}

#[test]
fn a_refreshed_daemon_takes_its_vms_along_and_a_laptop_can_sleep() {
    let stage = planted(
        "events: [ { after: 1m, daemon: refreshed, for: 2m }, { after: 10m, laptop: slept, for: 2h } ]",
    );
    stage.wait(61);
    assert!(stage.laptop("multipass list --format json").err().contains("cannot connect"));
    stage.wait(120);
    stage.listed_as("Running");
    stage.good("juju status -m overlord:demo --format json");
    let before = stage.now();
    stage.wait(600);
    assert!(stage.now().duration_since(before).as_hours() >= 2);
    let stage =
        planted("events: [ { after: 1m, daemon: refreshed badly, for: 2m }, { clock: ahead, by: 3h } ]");
    stage.wait(200);
    stage.listed_as("Stopped");
    assert!(stage.laptop("date +%s").out().trim().parse::<i64>().unwrap() > 1_767_603_600 + 3 * 3600);
}

#[test]
fn a_snap_that_refreshes_and_a_pool_without_room_are_said_in_the_tools_words() {
    let stage = planted(
        "events: [ { snap: lxd, is: refreshing }, { lxd: pool full }, { snap: juju, channel: 2.9/stable } ]",
    );
    stage.bad("sudo snap refresh --hold=24h lxd", 1, "has \"auto-refresh\" change in progress");
    assert!(stage.good("snap changes").contains("Auto-refresh snap \"lxd\""));
    assert!(stage.good("snap list juju --unicode=never --color=never").contains("2.9/stable"));
    stage.bad("juju bootstrap localhost other --no-switch", 1, "no space left on device");
    let stage = planted("events: [ { lxd: bridge gone } ]");
    stage.bad("lxc network show lxdbr0", 1, "Network not found");
}

#[test]
fn output_can_drip_and_acts_can_be_slow_or_freeze() {
    let stage = Stage::with(
        "faults:\n  - { command: hostname, drips: 30s }\n  - { command: sudo snap install openstack, slow: 4 }\n",
    )
    .with_vm("24.04");
    let (before, mut notes) = (stage.now(), Notes::default());
    let said = stage.vm.run(&split("hostname"), &mut notes).unwrap();
    assert_eq!(said.out(), "microstack\n");
    assert!(stage.now().duration_since(before).as_secs() >= 30);
    let before = stage.now();
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    assert!(stage.now().duration_since(before).as_secs() > 200);
    stage.good("snap list openstack");
    let stage = Stage::with("faults: [ { command: bash -x, freezes_after: 20s } ]").with_vm("24.04");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    stage.good("mkdir -p kafstack");
    let script = stage.good("sunbeam prepare-node-script --bootstrap");
    stage.vm.ask(&split("tee kafstack/prepare.sh").fed(script)).unwrap();
    let line = split("bash -x kafstack/prepare.sh").within(Duration::from_secs(3600)).long("act", "1");
    assert!(matches!(stage.vm.ask(&line), Err(CommandError::StillRunning { .. })));
    assert_eq!(stage.inside("snap list juju").code, 1);
}
