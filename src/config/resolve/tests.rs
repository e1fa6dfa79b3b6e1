//! Every refusal and every order of precedence.

use super::*;
use crate::config::DifferenceKind;
use crate::failure::Id;

/// A request in the making.
struct Asking {
    folder: tempfile::TempDir,
    file: Option<PathBuf>,
    flags: Vec<Given>,
    environment: Vec<Given>,
    purpose: Purpose,
    in_force: Option<Config>,
}

impl Asking {
    fn new() -> Self {
        Asking {
            folder: tempfile::tempdir().unwrap(),
            file: None,
            flags: Vec::new(),
            environment: Vec::new(),
            purpose: Purpose::Fresh,
            in_force: None,
        }
    }

    fn file(mut self, text: &str) -> Self {
        let path = self.folder.path().join("kafstack.yaml");
        std::fs::write(&path, text).unwrap();
        self.file = Some(path);
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        let source = Source::Flag(if key == "preset" { "--preset" } else { "--set" });
        self.flags.push(Given::new(key, value, source));
        self
    }

    fn variable(mut self, key: &str, value: &str) -> Self {
        self.environment.push(Given::new(key, value, Source::Environment("KAFSTACK_SET")));
        self
    }

    fn on(mut self, purpose: Purpose, in_force: Config) -> Self {
        self.purpose = purpose;
        self.in_force = Some(in_force);
        self
    }

    fn resolve(&self) -> Result<Resolved, Failure> {
        super::resolve(&Request {
            flags: self.flags.clone(),
            environment: self.environment.clone(),
            file: self.file.clone(),
            places: Vec::new(),
            purpose: self.purpose,
            in_force: &|name| Ok(self.in_force.clone().filter(|config| config.vm.name == name)),
        })
    }

    /// The message of the refusal, with the folder left out.
    fn refused(&self) -> String {
        let failure = self.resolve().unwrap_err();
        assert_eq!(failure.id, Id::ConfigurationInvalid);
        assert_eq!(failure.id.exit_code(), 2);
        failure.message.replace(&format!("{}/", self.folder.path().display()), "./")
    }
}

fn source_of(resolved: &Resolved, key: &str) -> String {
    resolved.rows.iter().find(|row| row.key == key).unwrap().value.source.to_string()
}

#[test]
fn what_cannot_be_is_refused_with_file_line_key_and_what_would_be_right() {
    let table = [
        ("colour: red", 1, "colour", "no such key"),
        ("vm:\n  memry: 8G", 2, "vm.memry", "did you mean `vm.memory`?"),
        ("vm:\n  memory: 12T", 2, "vm.memory", "such as `32G` (Multipass knows no T)"),
        ("kafka:\n  units: 0", 2, "kafka.units", "a whole number from 1 to 99"),
        ("kafka:\n  units: three", 2, "kafka.units", "a whole number"),
        ("kafka:\n  units: \"3\"", 2, "kafka.units", "not in quotes"),
        ("kafka:\n  units:", 2, "kafka.units", "a whole number"),
        ("kafka: { units: 2.5 }", 1, "kafka.units", "a whole number from 1 to 99"),
        ("\nzookeeper:\n  units: 4", 3, "zookeeper.units", "an odd number"),
        ("vm:\n  name: micro_stack", 2, "vm.name", "letters, digits and hyphens"),
        ("vm:\n  name: -microstack", 2, "vm.name", "beginning with a letter"),
        ("vm:\n  name: primary", 2, "vm.name", "not `primary`"),
        ("vm:\n  image: \"20.04\"", 2, "vm.image", "`24.04` (`noble`)"),
        ("vm:\n  cpus: -1", 2, "vm.cpus", "a whole number from 1"),
        ("kafka:\n  channel: 3/stabel", 2, "kafka.channel", "such as `3/stable`"),
        ("kafka:\n  channel: stable", 2, "kafka.channel", "TRACK/RISK"),
        ("openstack:\n  channel: 2024.2/stable", 2, "openstack.channel", "`2024.1`"),
        ("openstack:\n  channel: 2026.1/stable", 2, "openstack.channel", "`2026.1/edge`"),
        ("juju:\n  channel: 4.0/stable", 2, "juju.channel", "`3.6`"),
        (
            "kafka:\n  options:\n    log_retention: 1",
            3,
            "kafka.options.log_retention",
            "did you mean `log_retention_",
        ),
        ("kafka:\n  options: { log-level: INFO }", 2, "kafka.options.log-level", "`log_level`"),
        ("kafka:\n  options:\n    log_level: loud", 3, "kafka.options.log_level", "`WARNING`"),
        ("kafka:\n  options: { profile: testing }", 2, "kafka.options.profile", "`kafka.profile`"),
        ("kafka:\n  profile: small", 2, "kafka.profile", "`testing`"),
        ("openstack:\n  enabled: 1", 2, "openstack.enabled", "`true` or `false`"),
        ("openstack:\n  openrc: ../rc", 2, "openstack.openrc", "a file name"),
        ("juju:\n  model: Demo", 2, "juju.model", "lower-case"),
        (
            "juju:\n  controller: sunbeam-controller",
            2,
            "juju.controller",
            "one that is taken: `sunbeam-controller`",
        ),
        ("timeouts:\n  bootstrap-clod: 1h", 2, "timeouts.bootstrap-clod", "did you mean `bootstrap-cloud`?"),
        ("timeouts:\n  bootstrap-cloud: 5", 2, "timeouts.bootstrap-cloud", "`90s`"),
        ("proxy:\n  http: proxy.lan:3128", 2, "proxy.http", "http://HOST:PORT"),
        ("preset: big", 1, "preset", "`kraft`"),
        ("vm: big", 1, "vm", "one level deeper"),
        ("vm:\n  name: [a]", 2, "vm.name", "a single value"),
        ("vm.name: a", 1, "vm.name", "one level deeper"),
    ];
    for (text, line, key, right) in table {
        let message = Asking::new().file(text).refused();
        let start = format!("\n  ./kafstack.yaml line {line}: `{key}`");
        assert!(message.contains(&start), "{text}\n{message}");
        assert!(message.contains(right), "{text}\n{message}");
    }
}

#[test]
fn the_value_that_was_given_is_repeated_but_never_a_password() {
    let message = Asking::new().file("vm:\n  memory: 12T").refused();
    assert!(message.contains("`vm.memory` cannot be `12T`; right would be"), "{message}");
    let message = Asking::new().file("proxy:\n  http: http://ada:hunter2@proxy:1").refused();
    assert!(message.contains("without user and password") && !message.contains("hunter2"), "{message}");
    let message = Asking::new().flag("vm.name", "a\u{1b}[31m").refused();
    assert!(message.contains("flag --set: `vm.name`") && !message.contains('\u{1b}'), "{message}");
}

#[test]
fn all_problems_are_said_at_once() {
    let asking = Asking::new()
        .file("vm: { memory: 12T, cpus: 0 }\nkafka:\n  unit: 3\n")
        .variable("zookeeper.units", "4")
        .flag("nonsense", "1");
    let message = asking.refused();
    assert_eq!(message.lines().count(), 6, "{message}");
    for part in [
        "`vm.memory`",
        "`vm.cpus`",
        "line 3: `kafka.unit`",
        "environment KAFSTACK_SET: `zookeeper.units`",
        "flag --set: `nonsense`",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
}

#[test]
fn a_file_that_is_no_yaml_is_placed() {
    let message = Asking::new().file("vm:\n  cpus: 4\n  cpus: 8\n").refused();
    assert!(message.contains("./kafstack.yaml line 3, column 3: "), "{message}");
    let message = Asking::new().file("- a\n- b\n").refused();
    assert!(message.contains("./kafstack.yaml line 1: right would be"), "{message}");
    let mut missing = Asking::new();
    missing.file = Some(missing.folder.path().join("none.yaml"));
    assert!(missing.refused().contains("none.yaml"));
}

#[test]
fn values_that_do_not_fit_each_other_are_named_with_their_sources() {
    let table = [
        (
            "kafka:\n  channel: 4/stable",
            "`kafka.channel: 4/stable` (./kafstack.yaml line 2)",
            "`zookeeper.enabled: true` (default)",
        ),
        (
            "zookeeper:\n  enabled: false",
            "`kafka.channel: 3/stable` (default)",
            "`zookeeper.enabled: false` (./kafstack.yaml line 2)",
        ),
        (
            "preset: kraft\nkafka: { units: 3 }",
            "`kafka.channel: 4/stable` (preset kraft)",
            "`kafka.units: 3` (./kafstack.yaml line 2)",
        ),
        (
            "vm: { image: jammy }",
            "`openstack.channel: 2024.1/stable` (default)",
            "`vm.image: 22.04` (./kafstack.yaml line 1)",
        ),
        (
            "openstack:\n  channel: 2023.2/stable",
            "`openstack.channel: 2023.2/stable` (./kafstack.yaml line 2)",
            "`vm.image: 24.04` (default)",
        ),
        (
            "juju: { channel: 3.4/stable }",
            "`juju.channel: 3.4/stable` (./kafstack.yaml line 1)",
            "`openstack.channel: 2024.1/stable` (default)",
        ),
        (
            "preset: jammy\nkafka: { channel: 4/stable, units: 1 }\nzookeeper: { enabled: false }",
            "`juju.channel: 3.4/stable` (preset jammy)",
            "`kafka.channel: 4/stable` (./kafstack.yaml line 2)",
        ),
    ];
    for (text, one, other) in table {
        let message = Asking::new().file(text).refused();
        assert!(message.contains(&format!("{one} does not go with {other}: ")), "{text}\n{message}");
    }
}

#[test]
fn every_preset_resolves() {
    for preset in Preset::ALL {
        let resolved = Asking::new().flag("preset", preset.name()).resolve().unwrap();
        assert_eq!(resolved.config, preset.config());
    }
    let nothing = Asking::new().resolve().unwrap();
    assert_eq!(nothing.config, Preset::Microstack.config());
    assert!(nothing.rows.iter().all(|row| row.value.source == Source::Default));
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_preset() {
    let asking = Asking::new()
        .file("preset: kafka\nkafka:\n  units: 4\n  options: { log_level: DEBUG }\nvm: { cpus: 5, memory: 13G }\n")
        .variable("kafka.units", "5")
        .variable("vm.cpus", "6")
        .flag("kafka.units", "7");
    let resolved = asking.resolve().unwrap();
    assert_eq!((resolved.config.kafka.units, resolved.config.vm.cpus), (7, 6));
    let file = resolved.file.clone().unwrap();
    let of = |key| source_of(&resolved, key).replace(&file.display().to_string(), "FILE");
    assert_eq!(of("kafka.units"), "flag --set");
    assert_eq!(of("vm.cpus"), "environment KAFSTACK_SET");
    assert_eq!(of("vm.memory"), "FILE line 5");
    assert_eq!(of("kafka.options.log_level"), "FILE line 4");
    assert_eq!(of("vm.disk"), "preset kafka");
    assert_eq!(of("juju.model"), "default");
    let order: Vec<_> = resolved.rows.iter().take(3).map(|row| row.key.as_str()).collect();
    assert_eq!(order, ["preset", "vm.name", "vm.image"]);
}

#[test]
fn a_quoted_release_and_a_bare_one_are_the_same() {
    for text in ["vm: { image: 24.04 }", "vm: { image: \"24.04\" }", "vm: { image: noble }"] {
        assert_eq!(Asking::new().file(text).resolve().unwrap().config, Preset::Microstack.config());
    }
}

#[test]
fn building_again_without_a_word_builds_what_is_in_force() {
    let mut present = Preset::Kraft.config();
    present.kafka.options.insert("log-level".into(), "DEBUG".into());
    let resolved = Asking::new().on(Purpose::Build, present.clone()).resolve().unwrap();
    assert_eq!((&resolved.config, resolved.differences.len()), (&present, 0));
    assert_eq!(source_of(&resolved, "kafka.channel"), "in force");
    assert!(resolved.refused().is_none());
}

#[test]
fn building_with_more_units_adds_and_with_another_size_is_refused() {
    let present = Preset::Kafka.config();
    let more = Asking::new().flag("kafka.units", "5").on(Purpose::Build, present.clone()).resolve().unwrap();
    assert_eq!((more.config.kafka.units, more.differences.len()), (5, 1));
    assert_eq!(more.differences[0].kind, DifferenceKind::Adds);
    assert!(more.refused().is_none());

    let larger = Asking::new().flag("vm.memory", "64G").on(Purpose::Build, present).resolve().unwrap();
    let failure = larger.refused().unwrap();
    assert_eq!(failure.id, Id::ConfigurationDiffers);
    assert!(failure.message.contains("vm.memory: 12G in force, 64G wanted (flag --set)"), "{failure}");
}

#[test]
fn the_name_of_another_preset_is_the_wish_for_another_stack() {
    let mut present = Preset::Kafka.config();
    present.kafka.units = 5;
    let asking = Asking::new().flag("preset", "kraft").on(Purpose::Build, present.clone());
    let resolved = asking.resolve().unwrap();
    assert_eq!(resolved.config, Preset::Kraft.config());
    assert!(resolved.refused().is_some());
    let same = Asking::new().flag("preset", "kafka").on(Purpose::Build, present.clone()).resolve().unwrap();
    assert_eq!(same.config, present);
}

#[test]
fn using_a_stack_leaves_wishes_aside_and_says_so() {
    let present = Preset::Kafka.config();
    let asking = Asking::new().flag("kafka.units", "5").on(Purpose::Use, present.clone());
    let resolved = asking.resolve().unwrap();
    assert_eq!(resolved.config, present);
    assert_eq!(source_of(&resolved, "kafka.units"), "in force");
    assert_eq!(resolved.differences[0].key, "kafka.units");
}

#[test]
fn another_vm_has_nothing_in_force_here() {
    let present = Preset::Kraft.config();
    let other = Asking::new().flag("vm.name", "other").on(Purpose::Use, present.clone()).resolve().unwrap();
    assert_eq!((other.config.preset, other.in_force), (Preset::Microstack, None));
    let fresh = Asking::new().on(Purpose::Fresh, present).resolve().unwrap();
    assert_eq!((fresh.config, fresh.in_force), (Preset::Microstack.config(), None));
}

#[test]
fn a_file_is_looked_for_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    std::fs::write(&second, "preset: kraft\n").unwrap();
    let mut request = Request {
        flags: Vec::new(),
        environment: Vec::new(),
        file: None,
        places: vec![first.clone(), second.clone()],
        purpose: Purpose::Fresh,
        in_force: &|_| Ok(None),
    };
    assert_eq!(super::resolve(&request).unwrap().file, Some(second));
    std::fs::write(&first, "preset: single\n").unwrap();
    assert_eq!(super::resolve(&request).unwrap().config.preset, Preset::Single);
    request.places = Vec::new();
    assert_eq!(super::resolve(&request).unwrap().file, None);
}
