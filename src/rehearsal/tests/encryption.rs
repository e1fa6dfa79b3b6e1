//! Certificates: which ports move, and what is said meanwhile.

use super::Stage;

const CA: &str =
    "juju deploy self-signed-certificates --channel 1/stable --config ca-common-name=Demo -m overlord:demo";

#[test]
fn encryption_comes_and_goes_on_kafka_3() {
    let stage = Stage::with_kafka_3();
    stage.with_user("user-anna", "orders", "producer");
    stage.good(CA);
    stage.until("self-signed-certificates/0", "active", 400);
    let ca = stage.action("self-signed-certificates/leader", "get-ca-certificate");
    assert!(ca["results"]["ca-certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    stage.bad("juju integrate kafka self-signed-certificates -m overlord:demo", 1, "ambiguous relation: \"kafka self-signed-certificates\" could refer to \"kafka:certificates self-signed-certificates:certificates\"; ");
    stage
        .good("juju integrate zookeeper:certificates self-signed-certificates:certificates -m overlord:demo");
    for text in [
        "not all units using same encryption",
        "switching quorum encryption",
        "portUnification not yet disabled",
    ] {
        stage.until("zookeeper/0", &format!("maintenance provider not ready - {text}"), 60);
    }
    stage.until("kafka/0", "blocked tls must be enabled on both kafka and zookeeper", 60);
    stage.wait(300);
    stage.until("kafka/0", "blocked tls must be enabled", 10);
    assert_eq!(stage.ports("kafka/0"), "9092/tcp 19092/tcp");
    stage.good("juju integrate kafka:certificates self-signed-certificates:certificates -m overlord:demo");
    stage.until("kafka/0", "waiting unit waiting for signed certificates", 60);
    stage.until_quiet();
    assert_eq!(stage.ports("kafka/0"), "9093/tcp 19093/tcp");
    assert_eq!(stage.tool(19092, "topics --list").0, 1);
    stage.told(19093, "topics --list");
    let kafka = stage.action("user-anna/leader", "get-credentials")["results"]["kafka"].clone();
    assert_eq!((&kafka["tls"], &kafka["tls-ca"]), (&"enabled".into(), &"enabled".into()));
    assert!(kafka["endpoints"].as_str().unwrap().ends_with(":9093"));
    stage.good(
        "juju remove-relation kafka:certificates self-signed-certificates:certificates -m overlord:demo",
    );
    stage.good(
        "juju remove-relation zookeeper:certificates self-signed-certificates:certificates -m overlord:demo",
    );
    stage.until("kafka/0", "blocked tls must be enabled", 30);
    stage.until("kafka/0", "active", 300);
    stage.until_quiet();
    assert_eq!(stage.ports("kafka/0"), "9092/tcp 19092/tcp");
    stage.told(19092, "topics --list");
    stage.good("juju remove-application self-signed-certificates --no-prompt -m overlord:demo");
    stage.wait(60);
    assert!(stage.status()["applications"].get("self-signed-certificates").is_none());
}

#[test]
fn kafka_4_encrypts_what_clients_say_only() {
    let stage = Stage::with_kafka_4();
    stage.with_user("user-anna", "orders", "producer");
    assert_eq!(stage.ports("kafka/0"), "9092/tcp 19093/tcp");
    stage.good(CA);
    stage.until("self-signed-certificates/0", "active", 400);
    stage.good("juju integrate kafka:certificates self-signed-certificates:certificates -m overlord:demo");
    stage.until("kafka/0", "waiting unit waiting for signed certificates", 60);
    stage.until_quiet();
    assert_eq!(stage.ports("kafka/0"), "9093/tcp 19093/tcp");
    let kafka = stage.action("user-anna/leader", "get-credentials")["results"]["kafka"].clone();
    assert!(kafka["tls-ca"].as_str().unwrap().starts_with("-----BEGIN"));
}

#[test]
fn a_broker_that_is_added_later_encrypts_from_the_start() {
    let stage = Stage::with_kafka_3();
    stage.good(CA);
    stage.until("self-signed-certificates/0", "active", 400);
    stage
        .good("juju integrate zookeeper:certificates self-signed-certificates:certificates -m overlord:demo");
    stage.good("juju integrate kafka:certificates self-signed-certificates:certificates -m overlord:demo");
    stage.wait(600);
    stage.until_quiet();
    stage.good("juju add-unit kafka -n 1 -m overlord:demo");
    stage.until("kafka/3", "active", 1200);
    stage.wait(60);
    stage.until("kafka/3", "active", 2);
    assert_eq!(stage.ports("kafka/3"), "19093/tcp");
}
