//! Users, the admin account, options and secrets.

use serde_json::Value;

use super::{Stage, split};
use crate::host::Host;

#[test]
fn a_related_client_opens_a_port_and_gets_a_user() {
    for (stage, port) in Stage::both() {
        assert_eq!(stage.ports("kafka/0"), format!("{port}/tcp"));
        stage.good("juju deploy data-integrator user-anna --channel latest/stable --config topic-name=orders --config extra-user-roles=producer,consumer -m overlord:demo");
        let ask = || stage.action("user-anna/0", "get-credentials");
        stage.until("user-anna/0", "blocked Please relate the data-integrator with the desired product", 400);
        let refused = ask();
        assert_eq!((&refused["status"], &refused["results"]["return-code"]), (&"failed".into(), &0.into()));
        assert_eq!(refused["message"], "The action can be run only after relation is created.");
        assert_eq!(refused["results"]["ok"], "False");
        stage.good("juju integrate user-anna:kafka kafka:kafka-client -m overlord:demo");
        let began = stage.now();
        stage.until("kafka/0", "maintenance Executing restart operation", 60);
        assert_eq!(stage.tool(port, "topics --list").0, 1, "a broker that restarts does not answer");
        stage.until("user-anna/0", "active", 600);
        assert!((25..300).contains(&stage.now().duration_since(began).as_secs()));
        assert_eq!(stage.ports("kafka/0"), format!("9092/tcp {port}/tcp"));
        let kafka = ask()["results"]["kafka"].clone();
        let user = kafka["username"].as_str().unwrap().to_owned();
        assert!(user.starts_with("relation-"), "{kafka}");
        assert_eq!(kafka["password"].as_str().unwrap().len(), 32);
        assert_eq!(kafka["consumer-group-prefix"], format!("{user}-"));
        assert_eq!((&kafka["topic"], &kafka["tls"]), (&"orders".into(), &"disabled".into()));
        assert!(kafka["endpoints"].as_str().unwrap().contains(&format!("{}:9092", stage.address("kafka/0"))));
        assert_eq!(
            kafka["tls-ca"] == "disabled",
            port == 19092,
            "kafka 3 puts a word where a certificate belongs"
        );
        assert_eq!(stage.told(port, "topics --list"), "", "nobody made the topic");
        assert!(stage.told(port, "configs --describe --entity-type users").contains(&format!("'{user}'")));
        let acls = stage.told(port, "acls --list");
        assert!(acls.contains(&format!("name={user}-, patternType=PREFIXED")), "{acls}");
        assert!(
            acls.contains(&format!("(principal=User:{user}, host=*, operation=WRITE, permissionType=ALLOW)"))
        );

        stage.good("juju remove-relation user-anna:kafka kafka:kafka-client -m overlord:demo");
        stage.bad("juju remove-relation user-anna:kafka kafka:kafka-client -m overlord:demo", 0, "");
        stage.wait(20);
        stage.bad(
            "juju remove-relation user-anna:kafka kafka:kafka-client -m overlord:demo",
            1,
            "relation \"user-anna:kafka kafka:kafka-client\" not found",
        );
        stage.until_quiet();
        assert_eq!(stage.ports("kafka/0"), format!("{port}/tcp"), "closed again");
        assert!(!stage.told(port, "configs --describe --entity-type users").contains("relation-"));
        // The same again: another name and another password.
        stage.good("juju integrate user-anna:kafka kafka:kafka-client -m overlord:demo");
        stage.until("user-anna/0", "active", 600);
        let again = ask()["results"]["kafka"].clone();
        assert!(again["username"] != kafka["username"] && again["password"] != kafka["password"]);
        stage.good("juju remove-application user-anna --no-prompt -m overlord:demo");
        assert_eq!(stage.status()["applications"]["user-anna"]["life"], "dying");
        stage.wait(60);
        assert!(stage.status()["applications"].get("user-anna").is_none());
        let machines = stage.status()["machines"].as_object().unwrap().len();
        assert_eq!(machines, if port == 19092 { 4 } else { 1 });
        stage.bad(
            "juju remove-application user-anna --no-prompt -m overlord:demo",
            1,
            "application \"user-anna\" not found",
        );
    }
}

#[test]
fn a_client_that_is_changed_while_it_is_related_only_blocks() {
    let stage = Stage::with_kafka_4();
    stage.with_user("user-anna", "orders", "producer");
    stage.good("juju config user-anna topic-name=payments -m overlord:demo");
    stage.wait(5);
    assert_eq!(
        stage.says("user-anna/0"),
        "blocked To change topic: orders, please remove relation and add it again"
    );
    stage.good("juju config user-anna topic-name=orders extra-user-roles=consumer -m overlord:demo");
    stage.wait(5);
    assert_eq!(
        stage.says("user-anna/0"),
        "blocked To change role info, please remove relation and add it again"
    );
    // canonical/kafka-operator#435
    stage.good("juju config user-anna topic-name=payments -m overlord:demo");
    stage.good("juju remove-relation user-anna kafka -m overlord:demo");
    stage.wait(10);
    assert_eq!(stage.says("kafka/0"), "error hook failed: \"kafka-client-relation-broken\"");
    stage.good("juju resolved --no-retry kafka/0 -m overlord:demo");
    stage.until("kafka/0", "active", 120);
    stage.bad("juju resolved kafka/0 -m overlord:demo", 1, "unit \"kafka/0\" is not in an error state");
}

#[test]
fn a_client_without_a_topic_says_so() {
    let stage = Stage::with_kafka_4();
    stage.good("juju deploy data-integrator user-anna -m overlord:demo");
    stage.until("user-anna/0", "blocked Please specify either topic", 600);
    stage.good("juju integrate user-anna kafka -m overlord:demo");
    stage.wait(200);
    assert!(stage.says("user-anna/0").starts_with("blocked Please specify either topic"));
    stage.good("juju config user-anna topic-name=orders -m overlord:demo");
    stage.until("user-anna/0", "active", 300);
}

#[test]
fn options_are_read_set_and_reset() {
    let stage = Stage::with_kafka_3();
    let settings = |key: &str| {
        let text = stage.good("juju config kafka --format json -m overlord:demo");
        let document: Value = serde_json::from_str(&text).unwrap();
        document["settings"][key].clone()
    };
    assert_eq!(settings("profile")["value"], "testing");
    assert_eq!(settings("profile")["source"], "user");
    assert_eq!(settings("log_segment_bytes")["value"], 1_073_741_824);
    stage.bad("juju config kafka log-level=INFO -m overlord:demo", 1, "unknown option \"log-level\"");
    stage.bad("juju config kafka nothing -m overlord:demo", 1, "key \"nothing\" not found in \"kafka\"");
    stage.bad("juju config kafka profile log_level=INFO -m overlord:demo", 2, "cannot set and retrieve");
    stage.bad("juju config kafka log_segment_bytes=many -m overlord:demo", 1, "expected int");
    // An equal value runs no hook.
    stage.good("juju config kafka profile=testing -m overlord:demo");
    stage.wait(30);
    assert!(stage.says("kafka/0").starts_with("active"));
    stage.good("juju config kafka log_retention_ms=3600000 -m overlord:demo");
    stage.until("kafka/0", "maintenance Executing restart operation", 60);
    stage.until_quiet();
    stage.told(19092, "topics --create --topic orders");
    assert!(stage.told(19092, "topics --describe").contains("retention.ms=3600000"));
    stage.good("juju config kafka --reset log_retention_ms -m overlord:demo");
    stage.until_quiet();
    assert!(stage.told(19092, "topics --describe").contains("retention.ms=-1"));
    // A value that Juju takes and the charm does not.
    stage.good("juju config kafka log_level=LOUD -m overlord:demo");
    stage.wait(10);
    assert_eq!(stage.says("kafka/0"), "error hook failed: \"config-changed\"");
    stage.good("juju resolved kafka/0 -m overlord:demo");
    stage.wait(300);
    assert_eq!(stage.says("kafka/0"), "error hook failed: \"config-changed\"");
    stage.good("juju config kafka log_level=INFO -m overlord:demo");
    stage.good("juju resolved kafka/0 -m overlord:demo");
    stage.until("kafka/0", "active", 300);
}

#[test]
fn the_admin_of_kafka_3_is_read_and_changed_by_actions() {
    let stage = Stage::with_kafka_3();
    let entry = stage.action("kafka/leader", "get-admin-credentials");
    assert!(entry["unit"].as_str().unwrap().starts_with("kafka/") && entry["status"] == "completed");
    let password = entry["results"]["password"].as_str().unwrap().to_owned();
    let properties = entry["results"]["client-properties"].as_str().unwrap();
    assert!(properties.contains(&format!("username=\"admin\" password=\"{password}\";")));
    assert!(properties.contains(":9092"), "the port for clients, though it is closed");
    let leader = entry["unit"].as_str().unwrap().to_owned();
    let other = if leader == "kafka/0" { "kafka/1" } else { "kafka/0" };
    let refused = stage.action(other, "set-password --string-args username=admin");
    assert_eq!(refused["message"], "Password rotation must be called on leader unit");
    let refused = stage.action(&leader, "set-password --string-args username=root");
    assert!(refused["message"].as_str().unwrap().starts_with("Can only update internal charm users"));
    let changed = stage.action("kafka/leader", "set-password --string-args username=admin");
    let new = changed["results"]["admin-password"].as_str().unwrap();
    assert_ne!(new, password);
    assert_eq!(stage.action("kafka/leader", "get-admin-credentials")["results"]["password"], new);
    stage.wait(30);
    assert!(stage.says("kafka/0").starts_with("active"), "no restart for the admin");
    stage.action("kafka/leader", "set-password --string-args username=sync password=other");
    stage.until("kafka/0", "maintenance Executing restart operation", 60);
    let nothing = stage.inside("juju run kafka/leader frobnicate --format json --wait 2m -m overlord:demo");
    assert!(
        nothing.code == 0
            && nothing.stdout.is_empty()
            && nothing.err().contains("failed to schedule any tasks")
    );
    stage.bad(
        "juju run kafka/leader set-password username=admin password=12345 --format json -m overlord:demo",
        1,
        "must be of type string",
    );
    let listeners = stage.action("kafka/0", "get-listeners");
    let own = &listeners["results"]["internal-sasl-plaintext-scram-sha-512"];
    assert_eq!((&own["scope"], &own["port"]), (&"INTERNAL".into(), &"19092".into()), "{listeners}");
}

#[test]
fn the_operator_of_kafka_4_is_read_and_changed_by_secrets() {
    let stage = Stage::with_kafka_4();
    let nothing =
        stage.inside("juju run kafka/leader get-admin-credentials --format json --wait 2m -m overlord:demo");
    assert!(nothing.code == 0 && nothing.stdout.is_empty());
    let shown = || -> Value {
        let text = stage.good("juju show-secret --reveal cluster.kafka.app --format json -m overlord:demo");
        let document: Value = serde_json::from_str(&text).unwrap();
        document.as_object().unwrap().values().next().unwrap().clone()
    };
    let password = |of: &Value| of["content"]["Data"]["operator-password"].as_str().unwrap().to_owned();
    let before = shown();
    assert_eq!(before["label"], "cluster.kafka.app");
    let hidden = stage.good("juju show-secret cluster.kafka.app --format json -m overlord:demo");
    assert!(!hidden.contains("content") && !hidden.contains(&password(&before)));
    let file = "snap/juju/common/kafstack-secret.yaml";
    stage.good("mkdir -p snap/juju/common");
    stage.good(&format!("install -m 600 /dev/null {file}"));
    stage.vm.ask(&split(&format!("tee {file}")).fed("admin: not-a-user\noperator: N3wPass\n")).unwrap();
    let id =
        stage.good(&format!("juju add-secret kafstack-admin --file /home/ubuntu/{file} -m overlord:demo"));
    let id = id.trim_end();
    assert!(id.starts_with("secret:") && id.len() == 27, "{id}");
    stage.bad(
        &format!("juju add-secret kafstack-admin --file /home/ubuntu/{file} -m overlord:demo"),
        1,
        "already exists",
    );
    stage.bad("juju add-secret other --file /home/ubuntu/.hidden -m overlord:demo", 1, "no such file");
    // Without the grant the charm cannot read it, and nobody says so.
    stage.good(&format!("juju config kafka system-users={id} -m overlord:demo"));
    stage.wait(60);
    assert_eq!(password(&shown()), password(&before));
    stage.good("juju config kafka --reset system-users -m overlord:demo");
    stage.good("juju grant-secret kafstack-admin kafka -m overlord:demo");
    stage.good(&format!("juju config kafka system-users={id} -m overlord:demo"));
    stage.until("kafka/0", "maintenance Executing restart operation", 60);
    stage.until_quiet();
    assert_eq!(password(&shown()), "N3wPass");
    stage.vm.ask(&split(&format!("tee {file}")).fed("operator: Other1\n")).unwrap();
    stage.good(&format!("juju update-secret kafstack-admin --file /home/ubuntu/{file} -m overlord:demo"));
    assert_eq!(password(&shown()), "Other1");
    stage.good(&format!("rm -f {file}"));
    let all = stage.good("juju secrets --format json -m overlord:demo");
    assert!(
        all.contains("\"kafstack-admin\"")
            && all.contains("\"cluster.kafka.app\"")
            && !all.contains("Other1")
    );
    assert_eq!(stage.rehearsal.unknown(), Vec::<String>::new());
}
