//! What kafstack does not do: each refusal says why and what to do, before anything was touched.

use crate::fake_laptop::FakeLaptop;

#[test]
fn without_multipass_and_snapd_up_says_what_is_missing_and_what_to_do() {
    FakeLaptop::new()
        .without_snap()
        .kafstack("up --yes")
        .exits_with(3)
        .says("[multipass-missing]")
        .says("Multipass is not installed, and there is no snapd to install it with")
        .says("`sudo apt install snapd`, then `sudo snap install multipass`")
        .says("`kafstack up --rehearse`")
        .prints("")
        .changed_nothing();
}

#[test]
fn on_arm_up_and_doctor_say_why_it_cannot_be() {
    let laptop = FakeLaptop::new().with_architecture("aarch64");
    for command in ["up --yes", "doctor"] {
        let ran = laptop.kafstack(command).exits_with(3).changed_nothing();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            said.contains("the kafka and zookeeper charms are built for amd64 only"),
            "{}",
            ran.account()
        );
        assert!(said.contains("Linux aarch64"), "{}", ran.account());
    }
    laptop.kafstack("up --yes").exits_with(3).says("[laptop-not-able]").says("`kafstack up --rehearse`");
}

#[test]
fn a_wrong_configuration_is_refused_before_a_single_tool_is_called() {
    let table = [
        ("vm:\n  nmae: lab\n", 2, "vm.nmae", "did you mean `vm.name`?"),
        ("vm: { memory: 12T }\n", 1, "vm.memory", "a size of at least 2G with K, M or G, such as `32G`"),
        ("\nkafka:\n  units: 0\n", 3, "kafka.units", "a whole number from 1 to 99"),
        ("kafka: { units: three }\n", 1, "kafka.units", "a whole number from 1 to 99"),
        ("zookeeper:\n  units: 4\n", 2, "zookeeper.units", "an odd number from 1 to 99"),
        ("vm: { name: a_b }\n", 1, "vm.name", "letters, digits and hyphens, beginning with a letter"),
        ("vm: { name: -x }\n", 1, "vm.name", "letters, digits and hyphens, beginning with a letter"),
        ("kafka: { channel: 4/stable }\n", 1, "kafka.channel", "right would be `zookeeper.enabled: false`"),
        ("kafka: { channel: 3/stabel }\n", 1, "kafka.channel", "such as `3/stable`"),
        (
            "kafka:\n  options:\n    log_retenton_ms: 3\n",
            3,
            "kafka.options.log_retenton_ms",
            "did you mean `log_retention_ms`?",
        ),
    ];
    for (text, line, key, right) in table {
        let laptop = FakeLaptop::new().with_multipass().with_configuration(text);
        for command in ["up --yes", "down --yes", "status", "plan", "config check"] {
            laptop
                .kafstack(command)
                .exits_with(2)
                .called_nothing()
                .prints("")
                .says("[configuration-invalid]")
                .says(&format!("./kafstack.yaml line {line}"))
                .says(&format!("`{key}"))
                .says(right);
        }
        assert!(laptop.content("state").is_empty(), "{text}");
    }
}

#[test]
fn wrong_usage_is_refused_before_a_single_tool_is_called() {
    let laptop = FakeLaptop::new().with_multipass();
    for (command, said) in [
        ("up --speed 60", "--speed (KAFSTACK_SPEED) means nothing without --rehearse"),
        ("up --seed 1", "--seed (KAFSTACK_SEED) means nothing without --rehearse"),
        ("up --set vm.name=-x", "flag --set: `vm.name` cannot be `-x`"),
        ("up --until tea", "tea"),
        ("up --preset kraft --until deploy-zookeeper", "has no step `deploy-zookeeper`"),
        ("status --interval 0", "interval"),
        ("up --config nowhere.yaml", "nowhere.yaml"),
    ] {
        laptop.kafstack(command).exits_with(2).called_nothing().prints("").says(said);
    }
    let laptop = laptop.with_variable("KAFSTACK_SPEED", "60");
    laptop.kafstack("up").exits_with(2).called_nothing().says("--speed (KAFSTACK_SPEED)");
}

#[test]
fn without_a_terminal_nothing_is_installed_or_destroyed_unasked() {
    let laptop = FakeLaptop::new();
    laptop
        .kafstack("up --preset kraft")
        .exits_with(3)
        .says("[elevation-refused]")
        .says("`sudo snap install multipass`")
        .changed_nothing();
    let laptop = laptop.with_stack("kraft");
    laptop
        .kafstack("down")
        .exits_with(2)
        .says("[not-confirmed]")
        .says("the same with `--yes` asks nothing")
        .changed_nothing();
    assert!(laptop.in_vm("state").exists());
}

#[test]
fn through_sudo_kafstack_does_not_run() {
    let laptop = FakeLaptop::new().with_multipass().with_variable("SUDO_USER", "ada");
    laptop.kafstack("up --yes").called_nothing().says("[run-through-sudo]").says("`ada`");
}
