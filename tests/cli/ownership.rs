//! Whose VM it is: kafstack changes and destroys its own, and leaves everybody else's alone.

use crate::fake_laptop::FakeLaptop;

#[test]
fn down_destroys_its_own_vm_and_leaves_the_others_as_they_are() {
    let laptop = FakeLaptop::new()
        .with_foreign_vm("primary", "Running")
        .with_foreign_vm("micro", "Stopped")
        .with_foreign_vm("old", "Deleted")
        .with_stack("kraft");
    let others =
        |laptop: &FakeLaptop| ["primary", "micro", "old"].map(|name| laptop.content(&format!("vms/{name}")));
    let before = others(&laptop);
    let down = laptop.kafstack("down --yes").exits_with(0).prints("").says("`microstack` is gone");
    assert_eq!(down.changes(), ["multipass delete --purge microstack"]);
    assert_eq!(others(&laptop), before);
    for call in laptop.calls() {
        assert!(
            !["primary", "micro", "old"].iter().any(|name| call.argv.iter().any(|word| word == name)),
            "{call:?}"
        );
    }

    laptop.kafstack("down --yes").exits_with(0).changed_nothing().says("nothing to destroy");
    laptop.kafstack("status").exits_with(7);
}

#[test]
fn a_foreign_vm_of_that_name_is_neither_changed_nor_destroyed() {
    for state in ["Running", "Stopped", "Suspended", "Deleted"] {
        let laptop = FakeLaptop::new().with_multipass().with_foreign_vm("microstack", state);
        let before = laptop.content("vms");
        for command in ["up --yes", "down --yes"] {
            laptop.kafstack(command).exits_with(6).changed_nothing().says("[vm-not-ours]").says("`--adopt`");
            assert_eq!(laptop.content("vms"), before, "{state}, {command}");
        }
    }
}

#[test]
fn a_vm_that_was_destroyed_and_made_anew_by_somebody_else_is_foreign() {
    // The journal knows a launch; only the mark inside says whose this one is.
    let laptop = FakeLaptop::new().with_stack("kraft");
    std::fs::remove_dir_all(laptop.in_vm("")).unwrap();
    let laptop = laptop.with_foreign_vm("microstack", "Running");
    laptop.kafstack("down --yes").exits_with(6).changed_nothing().says("[vm-not-ours]");
    laptop.kafstack("up --yes").exits_with(6).changed_nothing().says("[vm-not-ours]");
}

#[test]
fn a_vm_that_came_without_its_user_data_is_left_alone_and_replaced_as_advised() {
    let laptop = FakeLaptop::new().with_multipass();
    laptop.loses_user_data(true);
    let up = laptop.kafstack("up --yes --preset kraft").exits_with(6).says("[vm-not-ours]");
    up.says("`kafstack down --adopt`, then `kafstack up`");
    laptop.kafstack("up --yes").exits_with(6).changed_nothing().says("`kafstack down --adopt`");
    laptop.kafstack("down --adopt --yes").exits_with(0);
    laptop.loses_user_data(false);
    laptop.kafstack("up --yes --preset kraft").exits_with(0).says("Kafka is ready");
}

#[test]
fn a_vm_that_is_handed_over_is_kafstacks_from_then_on() {
    let laptop = FakeLaptop::new().with_multipass().with_foreign_vm("microstack", "Running");
    let up = laptop.kafstack("up --yes --adopt --preset kraft").exits_with(0).never_ran("multipass launch");
    assert_eq!(up.changes()[..2], ["sudo mkdir -p /etc/kafstack", "sudo tee /etc/kafstack/vm"]);
    let mark = std::fs::read_to_string(laptop.in_vm("root/etc/kafstack/vm")).unwrap();
    assert_eq!(mark, "microstack\n");
    laptop.kafstack("up --yes").exits_with(0).changed_nothing();
    laptop.kafstack("down --yes").exits_with(0);
    assert!(!laptop.in_vm("").exists());
}

#[test]
fn a_foreign_vm_can_be_handed_over_for_destruction() {
    let laptop = FakeLaptop::new().with_multipass().with_foreign_vm("microstack", "Stopped");
    laptop.kafstack("down --yes --adopt").exits_with(0).ran_once("multipass delete --purge microstack");
}

#[test]
fn a_stopped_vm_of_ours_is_started_by_up_and_by_nothing_else() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    std::fs::write(laptop.in_vm("state"), "Stopped\n").unwrap();
    laptop.kafstack("status").exits_with(7).changed_nothing();
    let up = laptop.kafstack("up").exits_with(0);
    assert_eq!(up.changes(), ["multipass start microstack"]);
}

#[test]
fn a_deleted_vm_of_ours_is_taken_back() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    std::fs::write(laptop.in_vm("state"), "Deleted\n").unwrap();
    let up = laptop.kafstack("up --yes").exits_with(0);
    assert_eq!(up.changes(), ["multipass recover microstack", "multipass start microstack"]);
}

#[test]
fn what_a_vm_was_built_with_stays_in_force() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    let status = laptop.kafstack("status --format json").exits_with(0).changed_nothing().document();
    let steps: Vec<_> =
        status["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert!(!steps.contains(&"bootstrap-cloud") && !steps.contains(&"deploy-zookeeper"), "{steps:?}");
    assert_eq!(
        (&status["ready"], &status["kafka_ready"], &status["blocked_on"]),
        (&true.into(), &true.into(), &().into())
    );
    assert_eq!(status["model"]["applications"][0]["channel"], "4/stable");

    laptop
        .kafstack("up --yes --preset microstack")
        .exits_with(2)
        .called_nothing()
        .says("[configuration-differs]")
        .says("kafka.channel")
        .says("openstack.enabled")
        .says("vm.memory")
        .says("`kafstack down`");
    laptop.kafstack("up").exits_with(0).changed_nothing();
}

#[test]
fn more_units_than_before_are_added_and_only_those() {
    let laptop = FakeLaptop::new().with_stack("kafka");
    let up = laptop.kafstack("up --set kafka.units=5").exits_with(0).says("kafka.units");
    assert_eq!(up.changes(), ["juju add-unit kafka -n 2 -m overlord:demo"]);
    laptop.kafstack("up").exits_with(0).changed_nothing();
    laptop.kafstack("up --set kafka.units=3").exits_with(2).changed_nothing().says("[configuration-differs]");
}

#[test]
fn a_rehearsal_leaves_nothing_that_a_real_command_would_believe() {
    let laptop = FakeLaptop::new().with_multipass();
    laptop.kafstack("up --rehearse --preset kraft").exits_with(0).called_nothing().says("rehearsal");
    laptop.kafstack("down --yes").exits_with(0).changed_nothing().says("nothing to destroy");
    let status = laptop.kafstack("status --format json").exits_with(7).document();
    assert_eq!((&status["rehearsal"], &status["kafka_ready"]), (&false.into(), &false.into()));

    let laptop = laptop.with_foreign_vm("microstack", "Stopped");
    laptop.kafstack("down --yes").exits_with(6).changed_nothing().says("[vm-not-ours]");
    laptop.kafstack("down --yes --rehearse").exits_with(0).called_nothing();
    assert!(laptop.in_vm("state").exists());
}

#[test]
fn no_link_in_the_state_is_followed() {
    use std::os::unix::fs::symlink;

    let laptop = FakeLaptop::new();
    let base = laptop.path("state/kafstack");
    symlink(laptop.path("home"), &base).unwrap();
    for command in ["up --yes --preset kraft", "status", "down --yes"] {
        laptop
            .kafstack(command)
            .exits_with(3)
            .called_nothing()
            .says("[state-unusable]")
            .says("symbolic link");
    }
    assert_eq!(laptop.content("home").len(), 0);

    std::fs::remove_file(base).unwrap();
    laptop.kafstack("up --yes --preset kraft --until launch-vm").exits_with(0);
    let journal = laptop.state("journal.ndjson");
    std::fs::rename(&journal, laptop.path("home/journal")).unwrap();
    symlink(laptop.path("home/journal"), &journal).unwrap();
    let before = laptop.content("home");
    laptop
        .kafstack("up --yes")
        .exits_with(3)
        .called_nothing()
        .says("`journal.ndjson` in it is a symbolic link");
    assert_eq!(laptop.content("home"), before);
}
