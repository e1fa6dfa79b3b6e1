//! kafstack, or a tool, dies in the middle of a step; the next `up` heals it and does nothing twice.

use crate::calls::Place;
use crate::fake_laptop::{FakeLaptop, runs};

/// The commands of the whole journey that change something and are not long acts, as the tools see them.
const MICROSTACK: &[&str] = &[
    "sudo -n snap install multipass",
    "sudo -n snap refresh --hold=24h multipass",
    "multipass launch 24.04 --name microstack",
    "sudo snap install openstack",
    "mkdir -p kafstack",
    "tee kafstack/prepare.sh",
    "sudo snap refresh --hold=24h openstack juju lxd",
    "juju add-model demo",
    "juju deploy zookeeper",
    "juju deploy kafka",
    "juju integrate kafka:zookeeper zookeeper:zookeeper",
];

/// The same of the smallest stack.
const KRAFT: &[&str] = &[
    "sudo -n snap install multipass",
    "multipass launch 24.04 --name microstack",
    "sudo snap install lxd",
    "mkdir -p .local/share/juju",
    "sudo snap install juju",
    "lxd init --auto",
    "lxc network set lxdbr0 ipv6.address none",
    "sudo snap refresh --hold=24h lxd juju",
    "juju add-model demo",
    "juju deploy kafka",
];

/// Of these, those that their step's checkpoint does not ask about: when everything before them is done, so is the step.
const LAST: &[&str] = &["sudo -n snap refresh --hold=24h multipass"];

/// A point in the middle of each long act, and the act's name.
const LONG: &[(&str, &str)] = &[
    ("usermod --append --groups snap_daemon", "prepare-node"),
    ("sunbeam cluster bootstrap", "bootstrap-cloud"),
    ("sunbeam configure", "configure-cloud"),
    ("sunbeam launch", "launch-instance"),
    ("juju bootstrap localhost overlord", "bootstrap-controller"),
];

/// What an `up` does, each once and in this order, however often it was killed.
pub fn effects(preset: &str) -> &'static [&'static str] {
    match preset {
        "microstack" => &[
            "snap install multipass",
            "launch microstack",
            "snap install openstack",
            "snap install juju",
            "snap install lxd",
            "bootstrap localhost-localhost",
            "bootstrap cloud",
            "configure cloud",
            "launch demo_instance",
            "bootstrap overlord",
            "add-model demo",
            "deploy zookeeper",
            "deploy kafka",
            "integrate kafka",
        ],
        _ => &[
            "snap install multipass",
            "launch microstack",
            "snap install lxd",
            "snap install juju",
            "initialise lxd",
            "bootstrap overlord",
            "add-model demo",
            "deploy kafka",
        ],
    }
}

#[test]
fn killed_when_a_command_has_done_its_work_up_does_not_do_it_again() {
    for (preset, points) in [("microstack", MICROSTACK), ("kraft", KRAFT)] {
        let laptop = FakeLaptop::new();
        let up = format!("up --yes --preset {preset}");
        let mut left_behind = Vec::new();
        for point in points.iter().filter(|point| !LAST.contains(point)) {
            let held = laptop.hold_after(point);
            let running = laptop.start(&up);
            held.is_reached();
            running.killed();
            // What was left behind still runs while the next one is at work.
            left_behind.push(held);
        }
        laptop.kafstack(&up).exits_with(0).says("Kafka is ready");
        left_behind.iter().for_each(|held| held.release());
        assert_eq!(laptop.effects(), effects(preset), "{preset}\n{}", laptop.story(0));
    }
}

#[test]
fn killed_before_a_command_has_done_anything_up_does_it() {
    for (preset, points) in [("microstack", MICROSTACK), ("kraft", KRAFT)] {
        let laptop = FakeLaptop::new();
        let up = format!("up --yes --preset {preset}");
        for point in points {
            let held = laptop.hold_before(point);
            let running = laptop.start(&up);
            held.is_reached();
            running.killed();
            held.kill();
        }
        laptop.kafstack(&up).exits_with(0).says("Kafka is ready");
        assert_eq!(laptop.effects(), effects(preset), "{preset}\n{}", laptop.story(0));
    }
}

#[test]
fn killed_in_the_middle_of_a_long_act_up_joins_it_and_starts_no_second_one() {
    let laptop = FakeLaptop::new();
    let mut held = laptop.hold_before(LONG[0].0);
    let mut running = laptop.start("up --yes");
    for (number, (point, name)) in LONG.iter().enumerate() {
        held.is_reached();
        running.killed();
        assert!(held.is_alive(), "{point} must go on in the VM");
        let before = laptop.calls().len();
        let next = LONG.get(number + 1).map(|(point, _)| laptop.hold_before(point));
        running = laptop.start("up --yes");
        laptop.sees_call(Place::Vm, before, &format!("--follow {name}"));
        held.release();
        match next {
            Some(next) => held = next,
            None => break,
        }
    }
    running.ends().exits_with(0).says("Kafka is ready");
    assert_eq!(laptop.effects(), effects("microstack"), "{}", laptop.story(0));
    for (point, _) in LONG {
        let times =
            laptop.calls().iter().filter(|c| c.place == Place::Inside && c.line().starts_with(point)).count();
        assert_eq!(times, 1, "{point}\n{}", laptop.story(0));
    }
}

#[test]
fn up_resumes_at_the_command_that_failed() {
    let laptop = FakeLaptop::new();
    laptop.refuse("juju bootstrap localhost overlord", "ERROR the moon is full");
    let failed = laptop
        .kafstack("up --yes --preset kafka")
        .exits_with(4)
        .says("Bootstrap the controller: the command failed [command-failed]")
        .says("juju bootstrap localhost overlord --no-switch")
        .says("ERROR the moon is full")
        .says("hint: ")
        .says(&laptop.state("runs/000001").display().to_string())
        .ended_after("juju bootstrap localhost overlord");
    let kept = laptop.content("state/kafstack/microstack/runs/000001");
    let whole = kept.values().any(|text| {
        let text = String::from_utf8_lossy(text);
        text.starts_with("$ juju bootstrap localhost overlord") && text.contains("ERROR the moon is full")
    });
    assert!(whole, "{}", failed.account());

    laptop.heal();
    let mended = laptop.kafstack("up").exits_with(0).says("Kafka is ready");
    let ran = [
        "sudo snap refresh --hold=24h lxd juju",
        "juju bootstrap localhost overlord --no-switch",
        "juju add-model demo -c overlord --no-switch",
        "juju deploy zookeeper --channel 3/stable -n 1 -m overlord:demo",
        "juju deploy kafka --channel 3/stable -n 3 --config profile=testing -m overlord:demo",
        "juju integrate kafka:zookeeper zookeeper:zookeeper -m overlord:demo",
    ];
    assert_eq!(mended.changes(), ran, "{}", mended.account());
}

#[test]
fn a_command_that_never_ends_is_ended_after_its_limit() {
    // A command keeps ten seconds however fast tests run: this is the one test that really waits for them.
    let laptop = FakeLaptop::new();
    laptop.hang("juju add-model demo");
    laptop
        .kafstack("up --yes --preset kraft")
        .exits_with(4)
        .says("Add the model: the command failed [command-failed]")
        .says("juju add-model demo")
        .ended_after("juju add-model demo");
    let hanging = std::fs::read_to_string(laptop.path("held/hanging")).unwrap();
    assert!(!runs(&hanging), "process {hanging} was left behind");

    laptop.heal();
    laptop.kafstack("up").exits_with(0).never_ran("juju bootstrap").ran_once("juju add-model demo");
}
