//! Ctrl-C and SIGTERM: what runs is finished or left, nothing is lost, nobody is left behind on the laptop.

use std::fs::File;
use std::io::Write;

use rustix::process::Signal;

use crate::calls::Place;
use crate::fake_laptop::FakeLaptop;
use crate::run::Running;

#[test]
fn the_first_ctrl_c_waits_for_the_running_command_and_starts_nothing_new() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("multipass launch");
    let mut running = laptop.start("up --yes --preset kraft --events -");
    held.is_reached();
    running.signal(Signal::INT);
    let warning = running.tells(|event| event["event"] == "warning");
    let message = warning["message"].as_str().unwrap();
    assert!(message.starts_with("stopping as soon as `multipass launch 24.04"), "{message}");
    assert!(held.is_alive());
    held.release();
    let ran = running
        .ends()
        .exits_with(130)
        .says("interrupted")
        .says("`kafstack up` resumes")
        .ended_after("multipass launch");
    assert_eq!(laptop.effects(), ["snap install multipass", "launch microstack"]);
    let last = ran.events().pop().unwrap();
    assert_eq!(
        (&last["event"], &last["outcome"], &last["exit_code"]),
        (&"plan-finished".into(), &"interrupted".into(), &130.into())
    );
    let kept = std::fs::read_to_string(laptop.state("runs/000001/events.ndjson")).unwrap();
    assert_eq!(kept, ran.stdout);
    let journal = std::fs::read_to_string(laptop.state("journal.ndjson")).unwrap();
    assert!(journal.contains(r#""record":"run-ended","outcome":"interrupted""#), "{journal}");

    laptop.kafstack("up").exits_with(0).never_ran("multipass launch").says("Kafka is ready");
}

#[test]
fn the_second_ctrl_c_leaves_and_the_long_act_in_the_vm_goes_on() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("juju bootstrap localhost overlord");
    let mut running = laptop.start("up --yes --preset kraft --events -");
    held.is_reached();
    laptop.sees_call(Place::Vm, 0, "--follow bootstrap-controller");
    running.signal(Signal::INT);
    running.tells(|event| event["event"] == "warning");
    running.signal(Signal::INT);
    running.ends().exits_with(130).says("leaving; what runs in the VM goes on there");
    assert_eq!(laptop.processes("kafstack --follow"), [0; 0], "followers were left behind");
    assert!(held.is_alive(), "the long act must go on");

    let before = laptop.calls().len();
    let running = laptop.start("up --preset kraft");
    laptop.sees_call(Place::Vm, before, "--follow bootstrap-controller");
    held.release();
    running.ends().exits_with(0).says("Kafka is ready");
    assert_eq!(laptop.effects().iter().filter(|effect| *effect == "bootstrap overlord").count(), 1);
}

#[test]
fn other_signals_end_the_running_command_and_the_next_up_resumes() {
    for (signal, code, id) in [(Signal::TERM, 143, "terminated"), (Signal::HUP, 129, "hung-up")] {
        let laptop = FakeLaptop::new();
        let held = laptop.hold_before("juju deploy kafka");
        let running = laptop.start("up --yes --preset kraft --events -");
        held.is_reached();
        running.signal(signal);
        let ran = running.ends().exits_with(code).says(&format!("[{id}]"));
        let events = ran.events();
        let [.., failed, finished] = &events[..] else { panic!("{}", ran.account()) };
        assert_eq!(
            (&failed["step"], &failed["id"]),
            (&"deploy-kafka".into(), &id.into()),
            "{}",
            ran.account()
        );
        assert_eq!(finished["outcome"], "interrupted");
        assert_eq!(finished["exit_code"], code);
        assert!(!held.is_alive(), "the command was left behind");
        laptop.kafstack("up").exits_with(0).ran_once("juju deploy kafka");
    }
}

#[test]
fn ctrl_c_ends_a_pause_at_once() {
    // In real time the pause before the next try is ten seconds.
    let laptop = FakeLaptop::new().with_variable("KAFSTACK_TIME_SCALE", "1");
    laptop.refuse("juju exec", "ERROR the moon is full");
    let mut running = laptop.start("up --yes --preset kraft --events -");
    running.tells(|event| event["event"] == "retrying" && event["step"] == "integrate-kafka");
    running.signal(Signal::INT);
    running.ends().exits_with(130);
}

#[test]
fn ctrl_c_while_kafstack_only_looks_leaves_no_tool_behind() {
    for command in ["up --yes", "down --yes", "status", "status --watch --until-ready", "doctor"] {
        let laptop = FakeLaptop::new().with_multipass();
        let held = laptop.hold_before("multipass list");
        let running = laptop.start(command);
        held.is_reached();
        running.signal(Signal::INT);
        running.ends().exits_with(130);
        assert!(!held.is_alive(), "`{command}` left `multipass list` behind");
    }
}

#[test]
fn a_question_is_answered_by_yes_or_no_or_left_by_ctrl_c() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    let asked = |answer: &dyn Fn(&Running<'_>, &mut File)| {
        let looked = laptop.calls().len();
        let (running, mut person) = laptop.start_on_terminal("down");
        laptop.sees_call(Place::Vm, looked, "cat /etc/kafstack/vm");
        answer(&running, &mut person);
        running.ends()
    };
    asked(&|running, _| running.signal(Signal::INT)).exits_with(130).changed_nothing();
    asked(&|_, person| person.write_all(b"no\n").unwrap())
        .exits_with(2)
        .changed_nothing()
        .says("[not-confirmed]");
    asked(&|_, person| person.write_all(b"yes\n").unwrap())
        .exits_with(0)
        .ran_once("multipass delete --purge microstack");
}
