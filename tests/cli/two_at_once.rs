//! Two kafstacks on one stack: one changes it, the other is told, and looking is always possible.

use crate::fake_laptop::FakeLaptop;

#[test]
fn the_second_one_that_would_change_the_stack_is_told_who_is_at_work() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("multipass launch");
    let running = laptop.start("up --yes --preset kraft");
    held.is_reached();
    for command in ["up --yes", "down --yes"] {
        laptop
            .kafstack(command)
            .exits_with(8)
            .called_nothing()
            .says("[stack-locked]")
            .says(&format!("`kafstack up`, process {}, since 20", running.pid()));
    }
    // Another VM is another stack.
    laptop.kafstack("down --yes --set vm.name=lab").exits_with(0).says("nothing to destroy");
    held.release();
    running.ends().exits_with(0);
}

#[test]
fn of_fifty_starters_one_wins_and_the_others_name_it() {
    let laptop = FakeLaptop::new();
    // What a killed holder left behind names nobody who is there.
    let held = laptop.hold_before("multipass launch");
    let killed = laptop.start("up --yes --preset kraft");
    held.is_reached();
    let killed_pid = killed.pid();
    killed.killed();

    let again = laptop.hold_before("multipass launch");
    let starters: Vec<_> = (0..50).map(|_| laptop.start("up --yes --preset kraft")).collect();
    again.is_reached();
    let pids: Vec<u32> = starters.iter().map(|starter| starter.pid()).collect();
    let holder = std::fs::read_to_string(laptop.state("lock.holder")).unwrap();
    let winner = pids.iter().position(|pid| holder.contains(&format!("\"pid\":{pid},"))).unwrap();
    let mut won = None;
    for (number, starter) in starters.into_iter().enumerate() {
        if number == winner {
            won = Some(starter);
        } else {
            let name = format!("`kafstack up`, process {}, since 20", pids[winner]);
            starter.ends().exits_with(8).says("[stack-locked]").says(&name);
        }
    }
    assert_ne!(pids[winner], killed_pid);
    won.unwrap().killed();
    held.kill();
    again.kill();

    laptop.kafstack("up --yes --preset kraft").exits_with(0).says("Kafka is ready");
    assert_eq!(laptop.effects().iter().filter(|effect| *effect == "launch microstack").count(), 1);
}

#[test]
fn status_works_meanwhile_without_sunbeam_and_shows_the_running_step() {
    let laptop = FakeLaptop::new();
    let held = laptop.hold_before("sunbeam cluster bootstrap");
    let running = laptop.start("up --yes");
    held.is_reached();
    let status = laptop.kafstack("status --format json").exits_with(7).changed_nothing();
    assert!(!status.calls().iter().any(|call| call.argv[0] == "sunbeam"), "{}", status.account());
    let document = status.document();
    let step = |name: &str| {
        document["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap().clone()
    };
    assert_eq!(document["blocked_on"]["step"], "bootstrap-cloud", "{document:#}");
    assert_eq!(step("launch-vm")["state"], "met");
    assert_eq!(step("prepare-node")["state"], "met");
    assert_eq!(step("bootstrap-cloud")["state"], "not-yet");
    assert_eq!(step("configure-cloud")["state"], "not-asked");
    laptop.kafstack("status").exits_with(7).changed_nothing();
    running.killed();
    held.kill();
}
