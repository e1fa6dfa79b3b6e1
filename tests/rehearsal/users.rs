//! Users, their clients' settings, encryption and the number of units.

use serde_json::Value;

use crate::stage::{Stage, files};

#[test]
fn a_user_lives_from_create_to_delete_on_either_track() {
    for preset in ["single", "kraft"] {
        let stage = Stage::ready(preset);
        stage.fails("user create orders --topic orders", 2, "topic-unknown");
        stage.exits("user create orders --topic orders --create-topic", 0);
        assert_eq!(
            stage.changes()[1..],
            [
                "juju deploy data-integrator user-orders --channel latest/stable --config topic-name=orders --config extra-user-roles=producer,consumer -m overlord:demo",
                "juju integrate user-orders:kafka kafka:kafka-client -m overlord:demo",
            ]
        );
        let again = stage.exits("user create orders --topic orders --role consumer,producer", 0);
        assert!(again.err.contains("nothing to do"), "{}", again.err);
        assert_eq!(stage.changes(), [""; 0]);
        stage.fails("user create orders --topic orders --role consumer", 2, "user-exists");
        stage.exits("topic create t", 0);
        stage.fails("user create orders --topic t", 2, "user-exists");

        let list = stage.exits("user list --format json", 0).json();
        assert_eq!(list["schema"], "kafstack/user-list/v1");
        assert_eq!(
            (&list["users"][0]["name"], &list["users"][0]["state"]),
            (&"orders".into(), &"ready".into())
        );
        let hidden = stage.exits("user show orders --format json", 0).json();
        assert_eq!(hidden["user"]["credentials"]["password"], Value::Null);
        let old =
            stage.exits("user show orders --reveal --format json", 0).json()["user"]["credentials"].clone();
        assert!(old["password"].as_str().unwrap().len() > 8);

        let rotated = stage.exits("user rotate orders", 0);
        assert!(rotated.err.contains("the old ones stop working at once"), "{}", rotated.err);
        let new =
            stage.exits("user show orders --reveal --format json", 0).json()["user"]["credentials"].clone();
        for key in ["username", "password", "group_prefix"] {
            assert_ne!(old[key], new[key], "{key} on {preset}");
        }

        stage.fails("user delete orders", 2, "not-confirmed");
        stage.exits("user delete orders --yes", 0);
        assert_eq!(stage.exits("user list --format json", 0).json()["users"], serde_json::json!([]));
        stage.fails("user delete orders --yes", 2, "user-unknown");
        stage.exits("user delete orders --if-exists", 0);
        stage.fails("user show orders", 2, "user-unknown");
        stage.fails("user rotate orders", 2, "user-unknown");
        // The topic stays, and Kafka is ready for the next command at once.
        assert!(stage.exits("topic list", 0).out.contains("orders"));
        stage.knew_everything();
    }
}

#[test]
fn a_user_who_reads_nothing_is_shown_without_groups() {
    let stage = Stage::ready("single");
    stage.exits("user create writer --topic orders --create-topic --role producer", 0);
    let shown = stage.exits("user show writer", 0).out;
    assert!(shown.contains("producer") && !shown.contains("groups"), "{shown}");
}

#[test]
fn what_no_user_can_be_is_refused_before_anything_is_asked() {
    let stage = Stage::empty();
    for words in [
        "user create Orders --topic t",
        "user create orders-2 --topic t",
        "user create x --topic t --role admin,producer",
        "user create x --topic t --role producer --group-prefix p",
        "user create x --topic t --group-prefix @file",
        "user create x --topic t --role reader",
        "user create x --topic a/b",
        "scale",
        "scale --kafka 0",
        "tls enable --ca-name @file",
    ] {
        stage.exits(words, 2);
    }
    for words in
        ["user list", "user create x --topic t", "client-config", "tls enable", "tls ca", "scale --kafka 4"]
    {
        stage.fails(words, 7, "not-ready");
    }
}

#[test]
fn a_change_of_a_user_that_broke_off_is_finished_by_the_same_command() {
    let stage = Stage::ready("single");
    stage.interrupted("user create orders --topic orders --create-topic", "juju integrate user-orders:kafka");
    assert!(stage.exits("user list", 0).out.contains("not integrated"));
    stage.exits("user create orders --topic orders", 0);
    assert_eq!(stage.changes(), ["juju integrate user-orders:kafka kafka:kafka-client -m overlord:demo"]);
    stage.interrupted("user rotate orders", "juju integrate user-orders:kafka");
    stage.exits("user rotate orders", 0);
    assert_eq!(stage.changes(), ["juju integrate user-orders:kafka kafka:kafka-client -m overlord:demo"]);
    stage.interrupted("user delete orders --yes", "juju remove-application user-orders");
    stage.exits("user delete orders --yes", 0);
    assert_eq!(stage.changes(), ["juju remove-application user-orders --no-prompt -m overlord:demo"]);
}

#[test]
fn settings_are_those_of_the_only_user_and_follow_encryption() {
    let stage = Stage::ready("single");
    stage.fails("client-config", 2, "user-ambiguous");
    stage.exits("user create orders --topic orders --create-topic", 0);
    let plain = stage.exits("client-config --format json", 0).json();
    assert_eq!((&plain["security_protocol"], &plain["ca"]), (&"SASL_PLAINTEXT".into(), &Value::Null));
    stage.exits("user create reader --topic orders --role consumer --group-prefix team-", 0);
    let names = stage.fails("client-config", 2, "user-ambiguous").err;
    assert!(names.contains("orders, reader"), "{names}");
    stage.fails("client-config --user nobody", 2, "user-unknown");

    stage.exits("tls enable", 0);
    let encrypted = stage.exits("client-config --user reader --format json", 0).json();
    assert_eq!(encrypted["security_protocol"], "SASL_SSL");
    assert_eq!(encrypted["group_id"], "team-reader");
    let pem = encrypted["ca"].as_str().unwrap();
    // On track 3 the charm hands the word `enabled` out in place of a certificate.
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    assert_eq!(stage.exits("tls ca", 0).out.trim(), pem);
    assert!(encrypted["bootstrap_servers"][0].as_str().unwrap().ends_with(":9093"));

    stage.fails("client-config --user reader --format kcat", 2, "usage");
    stage.exits("client-config --user reader --format kcat --output kcat.conf", 0);
    let text = std::fs::read_to_string(stage.path("kcat.conf")).unwrap();
    let ca = std::fs::canonicalize(stage.path("kcat.conf.ca.pem")).unwrap();
    assert!(text.contains(&format!("ssl.ca.location={}\n", ca.display())), "{text}");
    assert!(std::fs::read_to_string(ca).unwrap().contains(pem));
    for format in ["properties", "env", "json", "librdkafka", "kcat", "spring", "python", "rust"] {
        let said =
            stage.exits(&format!("client-config --user reader --format {format} --output c --ca-file ca"), 0);
        assert_eq!(said.out, "", "{format}");
    }
    stage.knew_everything();
}

#[test]
fn a_file_of_settings_is_private_and_nothing_else_is_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::ready("kraft");
    stage.exits("user create orders --topic orders --create-topic", 0);
    let file = stage.path("client.properties");
    for _ in 0..2 {
        stage.exits("client-config --output client.properties", 0);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(stage.path("mine"), "keep me").unwrap();
    std::os::unix::fs::symlink(&file, stage.path("link")).unwrap();
    for path in ["mine", "link", "home/no/such/folder", "."] {
        stage.fails(&format!("client-config --output {path}"), 2, "file-not-written");
    }
    assert_eq!(std::fs::read_to_string(stage.path("mine")).unwrap(), "keep me");
}

#[test]
fn encryption_goes_on_and_off_and_status_stays_right() {
    for (preset, applications) in [("kafka", &["zookeeper", "kafka"][..]), ("kraft", &["kafka"])] {
        let stage = Stage::ready(preset);
        stage.fails("tls ca", 2, "usage");
        stage.exits("tls enable", 0);
        let mut wanted = vec![
            "juju deploy self-signed-certificates --channel 1/stable --config ca-common-name=kafstack -m overlord:demo".to_owned(),
        ];
        wanted.extend(applications.iter().map(|name| {
            format!(
                "juju integrate {name}:certificates self-signed-certificates:certificates -m overlord:demo"
            )
        }));
        assert_eq!(stage.changes(), wanted);
        stage.exits("status", 0);
        for words in ["tls enable", "tls enable --ca-name kafstack"] {
            assert!(stage.exits(words, 0).err.contains("nothing to do"));
        }
        stage.fails("tls enable --ca-name another", 2, "tls-differs");
        assert_eq!(stage.exits("tls ca --format json", 0).json()["schema"], "kafstack/tls-ca/v1");

        stage.fails("tls disable", 2, "not-confirmed");
        stage.exits("tls disable --yes", 0);
        stage.exits("status", 0);
        assert!(stage.exits("tls disable", 0).err.contains("nothing to do"));
        stage.exits("tls enable --ca-name another", 0);
        stage.knew_everything();
    }
}

#[test]
fn half_of_an_encryption_is_finished() {
    let stage = Stage::ready("single");
    stage.interrupted("tls enable", "juju integrate kafka:certificates");
    stage.exits("tls enable", 0);
    assert_eq!(
        stage.changes(),
        ["juju integrate kafka:certificates self-signed-certificates:certificates -m overlord:demo"]
    );
    stage.interrupted("tls disable --yes", "juju remove-relation zookeeper:certificates");
    stage.exits("tls disable --yes", 0);
    assert_eq!(
        stage.changes(),
        [
            "juju remove-relation zookeeper:certificates self-signed-certificates:certificates -m overlord:demo",
            "juju remove-application self-signed-certificates --no-prompt -m overlord:demo",
        ]
    );
    stage.exits("status", 0);
}

#[test]
fn units_come_and_go_and_what_is_in_force_follows() {
    let stage = Stage::ready("kafka");
    stage.exits("scale --kafka 4 --zookeeper 3", 0);
    assert_eq!(
        stage.changes(),
        ["juju add-unit zookeeper -n 2 -m overlord:demo", "juju add-unit kafka -n 1 -m overlord:demo"]
    );
    assert_eq!((stage.in_force("kafka.units"), stage.in_force("zookeeper.units")), ("4".into(), "3".into()));
    assert!(stage.exits("scale --kafka 4", 0).err.contains("nothing to do"));
    stage.fails("scale --zookeeper 2", 2, "scale-refused");
    let asked = stage.fails("scale --kafka 2", 2, "not-confirmed").err;
    assert!(asked.contains("kafka/3, kafka/2"), "{asked}");
    assert_eq!(stage.in_force("kafka.units"), "4");

    stage.exits("topic create lone --replication 1 --partitions 4", 0);
    let refused = stage.fails("scale --kafka 2 --yes", 2, "scale-refused").err;
    assert!(refused.contains("lone (partition"), "{refused}");
    stage.exits("topic delete lone --yes", 0);
    stage.exits("scale --kafka 2 --zookeeper 1 --yes", 0);
    let removed: Vec<String> = ["zookeeper/2", "zookeeper/1", "kafka/3", "kafka/2"]
        .map(|unit| format!("juju remove-unit {unit} --no-prompt --destroy-storage -m overlord:demo"))
        .into();
    assert_eq!(stage.changes(), removed);
    stage.exits("status", 0);
    stage.exits("up", 0);
    assert_eq!(stage.changes(), [""; 0]);
    stage.knew_everything();
}

#[test]
fn a_broker_that_joins_later_finds_encryption_as_it_was_switched() {
    let stage = Stage::ready("kafka");
    stage.exits("tls enable", 0);
    stage.exits("scale --kafka 4", 0);
    stage.exits("tls disable --yes", 0);
    stage.exits("scale --kafka 5", 0);
    stage.exits("status", 0);
    stage.knew_everything();
}

#[test]
fn a_scale_that_broke_off_is_finished_by_itself_and_by_up() {
    let stage = Stage::ready("single");
    stage.interrupted("scale --kafka 2", "juju add-unit kafka");
    stage.exits("up", 0);
    assert_eq!(stage.changes(), ["juju add-unit kafka -n 1 -m overlord:demo"]);
    stage.interrupted("scale --kafka 1 --yes", "juju remove-unit");
    stage.exits("scale --kafka 1 --yes", 0);
    stage.exits("status", 0);
    std::fs::write(stage.path("kafstack.yaml"), "preset: single\nkafka: { units: 1 }\n").unwrap();
    let said = stage.exits("scale --kafka 2", 0);
    assert!(said.err.contains("kafka.units: 2 in force, 1 wanted"), "{}", said.err);
}

#[test]
fn track_4_stays_at_one_unit() {
    let stage = Stage::ready("kraft");
    stage.fails("scale --kafka 3", 2, "scale-refused");
    stage.fails("scale --zookeeper 3", 2, "scale-refused");
    stage.exits("scale --kafka 1", 0);
}

#[test]
fn no_password_is_in_any_file_argument_or_event() {
    let stage = Stage::ready("single");
    stage.exits("user create orders --topic orders --create-topic -vv", 0);
    let mut passwords = Vec::new();
    let mut said = String::new();
    for _ in 0..2 {
        let shown = stage.exits("user show orders --reveal --format json", 0).json();
        passwords.push(shown["user"]["credentials"]["password"].as_str().unwrap().to_owned());
        let rotated = stage.exits("user rotate orders -vv", 0);
        said.push_str(&rotated.out);
        said.push_str(&rotated.err);
    }
    said.push_str(&stage.exits("user show orders", 0).out);
    said.push_str(&stage.exits("client-config --output c.properties -vv", 0).err);
    stage.exits("user delete orders --yes -vv", 0);
    passwords.push(stage.secret_of("c.properties"));
    // The simulated laptop itself must know the passwords of its simulated users.
    let world = stage.path("state/kafstack-rehearsal/microstack/world.json");
    for file in files(&stage.path("state")).into_iter().filter(|file| *file != world) {
        said.push_str(&String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
    }
    for password in passwords {
        assert!(password.len() > 8 && !said.contains(&password));
    }
}

impl Stage {
    /// The password in a file of properties.
    fn secret_of(&self, file: &str) -> String {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        let after = text.split_once("password=\"").unwrap().1;
        after.split_once('"').unwrap().0.to_owned()
    }
}
