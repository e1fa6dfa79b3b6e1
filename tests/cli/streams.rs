//! What the tools say: shown as it comes, kept whole, never too much for memory or disk.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::fake_laptop::FakeLaptop;

#[test]
fn a_line_is_told_while_its_command_still_runs() {
    // One on the laptop, one in the VM, one long act; each says its line before it is held.
    for (command, said) in [
        ("sudo -n snap install multipass", "multipass 1.16.3 from Canonical** installed"),
        ("snap install juju", "juju (3.6/stable) from Canonical** installed"),
        ("juju bootstrap localhost overlord", "Creating Juju controller \"overlord\" on localhost/localhost"),
    ] {
        let laptop = FakeLaptop::new();
        let held = laptop.hold_after(command);
        let mut running = laptop.start("up --yes --preset kraft --events -");
        running.tells(|event| event["event"] == "output" && event["line"] == said);
        // Only now may the command end.
        held.is_reached().release();
        let events = running.ends().exits_with(0).events();
        assert_eq!(events.last().unwrap()["outcome"], "ready");
    }
}

#[test]
fn the_curious_see_commands_and_lines_and_others_do_not() {
    let laptop = FakeLaptop::new().with_multipass();
    let ran = laptop.kafstack("up --yes --preset kraft --progress plain -v").exits_with(0).prints("");
    ran.says("    vm$ juju bootstrap localhost overlord --no-switch\n")
        .says("    Creating Juju controller \"overlord\"");
    let laptop = FakeLaptop::new().with_multipass();
    let ran = laptop.kafstack("up --yes --preset kraft --progress plain").exits_with(0).prints("");
    assert!(!ran.stderr.contains("Creating Juju controller"), "{}", ran.account());
}

#[test]
fn both_streams_of_a_command_are_kept_apart_in_a_file_of_its_own() {
    let laptop = FakeLaptop::new().with_stack("kraft");
    let kept = laptop.content("state/kafstack/microstack/runs/000001");
    let of = |command: &str| {
        let begins = |text: &&Vec<u8>| text.starts_with(format!("$ {command}").as_bytes());
        String::from_utf8(kept.values().find(begins).unwrap().clone()).unwrap()
    };
    let deploy = of("juju deploy kafka");
    assert!(deploy.contains("\n! Deployed \"kafka\" from charm-hub charm"), "{deploy}");
    assert!(!deploy.contains("kafstack-exit"), "{deploy}");
    let bootstrap = of("juju bootstrap localhost overlord");
    assert!(
        bootstrap
            .contains("\nCreating Juju controller \"overlord\" on localhost/localhost\nBootstrap complete"),
        "{bootstrap}"
    );
}

#[test]
fn everything_kept_is_closed_to_other_users() {
    fn check(path: &Path) {
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        for below in path.is_dir().then(|| path.read_dir().unwrap()).into_iter().flatten() {
            check(&below.unwrap().path());
        }
    }
    let laptop = FakeLaptop::new().with_stack("kraft");
    check(&laptop.path("state/kafstack"));
    assert!(laptop.state("runs/000001/events.ndjson").is_file());
}

#[test]
fn a_flood_of_output_fills_neither_memory_nor_disk() {
    const FLOOD: u64 = 300 * 1024 * 1024;
    // In real time, so that a slow machine may take its time; up to there nothing is waited for.
    let laptop = FakeLaptop::new().with_variable("KAFSTACK_TIME_SCALE", "1");
    laptop.flood("juju deploy kafka", FLOOD);
    let held = laptop.hold_after("juju deploy kafka");
    let running = laptop.start("up --yes --preset kraft --until deploy-kafka");
    held.is_reached();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    held.release();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let peak_kib: u64 = peak.strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(peak_kib < 64 * 1024, "kafstack took {peak_kib} KiB");
    running.ends().exits_with(0).says("said more than 2000 lines");

    let kept = laptop.content("state/kafstack/microstack/runs/000001");
    let deploy = kept.values().find(|text| text.starts_with(b"$ juju deploy kafka")).unwrap();
    assert!(deploy.len() as u64 <= 64 * 1024 * 1024 + 200, "{} bytes are kept", deploy.len());
    let text = String::from_utf8_lossy(deploy);
    assert!(text.contains(" bytes were left out here\n"), "it is not said what is missing");
    assert!(text.contains("Deployed \"kafka\""), "the end is what matters most");
}

#[test]
fn a_flood_from_a_long_act_is_survived_as_well() {
    let laptop = FakeLaptop::new();
    laptop.flood("juju bootstrap localhost overlord", 100 * 1024 * 1024);
    laptop.kafstack("up --yes --preset kraft").exits_with(0).says("Kafka is ready");
}
