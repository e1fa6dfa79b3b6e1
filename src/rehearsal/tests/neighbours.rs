//! Kafka Connect, Kafka UI, Karapace; and the way to all of them from the laptop.

use super::{Stage, split};
use crate::host::{CommandLine, Host, Output};

/// bash's handshake with a port.
fn handshake(stage: &Stage, address: &str, port: &str) -> Output {
    let args = ["-c", r#"exec 3<>"/dev/tcp/$1/$2""#, "kafstack", address, port];
    let line = CommandLine::reads("bash", args).within(std::time::Duration::from_secs(300));
    stage.rehearsal.ask(&line).unwrap()
}

#[test]
fn each_neighbour_waits_for_its_relation_and_serves() {
    let stage = Stage::with_kafka_4();
    stage.bad("juju deploy kafka-connect --channel 4/stable -m overlord:demo", 1, "not found for channel");
    stage.good("juju deploy kafka-connect --channel 4/edge --config profile=testing -m overlord:demo");
    stage.good("juju deploy kafka-ui --channel latest/stable -m overlord:demo");
    stage.good("juju deploy karapace --channel latest/stable -m overlord:demo");
    stage.until("kafka-connect/0", "blocked Application needs Kafka client relation", 900);
    stage.until("kafka-ui/0", "blocked application needs Kafka client relation", 900);
    stage.until("karapace/0", "blocked missing required kafka relation", 900);
    stage.good("juju integrate kafka-connect:kafka-client kafka:kafka-client -m overlord:demo");
    stage.good("juju integrate kafka-ui:kafka-client kafka:kafka-client -m overlord:demo");
    stage.good("juju integrate karapace:kafka kafka:kafka-client -m overlord:demo");
    stage.until("kafka-connect/0", "waiting Waiting for Kafka cluster credentials", 60);
    stage.until("kafka-connect/0", "waiting Worker is still starting up", 300);
    for unit in ["kafka-connect/0", "kafka-ui/0", "karapace/0"] {
        stage.until(unit, "active", 600);
    }
    let password = stage.action("karapace/leader", "get-password");
    assert_eq!(password["results"]["username"], "operator");
    stage.good("juju remove-relation kafka-ui:kafka-client kafka:kafka-client -m overlord:demo");
    stage.until("kafka-ui/0", "blocked application needs Kafka client relation", 60);
    // An empty value breaks the hook of Connect.
    stage.good("juju config kafka-connect system-users= -m overlord:demo");
    stage.wait(10);
    assert_eq!(stage.says("kafka-connect/0"), "error hook failed: \"config-changed\"");
}

#[test]
fn connect_answers_to_its_own_admin_only() {
    let stage = Stage::with_kafka_4();
    stage.good("juju deploy kafka-connect --channel 4/edge --config profile=testing -m overlord:demo");
    stage.good("juju integrate kafka-connect:kafka-client kafka:kafka-client -m overlord:demo");
    let ask = |path: &str| {
        let line =
            format!("curl -sS -K /root/kafstack-curl http://{}:8083{path}", stage.address("kafka-connect/0"));
        stage.on_unit("kafka-connect/0", &line)
    };
    let config = |text: &str| {
        assert_eq!(stage.on_unit("kafka-connect/0", "install -m 600 /dev/null /root/kafstack-curl").0, 0);
        let line =
            split("juju ssh -m overlord:demo --pty=false kafka-connect/0 sudo tee /root/kafstack-curl")
                .fed(text);
        assert_eq!(stage.vm.ask(&line).unwrap().code, 0);
    };
    stage.until("kafka-connect/0", "waiting Worker is still starting up", 900);
    config("user = \"admin:N3wPass\"\n");
    assert!(ask("/connectors").2.contains("Couldn't connect to server"));
    stage.until("kafka-connect/0", "active", 300);
    assert_eq!(ask("/connectors").1, "User cannot access the resource.");
    stage.vm.ask(&split("tee secret.yaml").fed("admin: N3wPass\n")).unwrap();
    let id = stage.good("juju add-secret connect-users --file /home/ubuntu/secret.yaml -m overlord:demo");
    stage.good("juju grant-secret connect-users kafka-connect -m overlord:demo");
    stage.good(&format!("juju config kafka-connect system-users={} -m overlord:demo", id.trim_end()));
    stage.until_quiet();
    assert_eq!(ask("/connectors").1, "[]");
    assert!(ask("/").1.contains("kafka_cluster_id"));
    assert_eq!(stage.on_unit("kafka-connect/0", "rm -f /root/kafstack-curl").0, 0);
    assert_eq!(ask("/").0, 26);
}

#[test]
fn the_laptop_reaches_the_brokers_through_a_route_only() {
    let stage = Stage::with_kafka_3();
    let address = stage.address("kafka/0");
    let before = stage.laptop("ip -j -4 route show").out();
    assert!(
        before.contains("\"dst\":\"default\"") && stage.laptop("ip -j -4 addr show").out().contains("\"lo\"")
    );
    assert!(handshake(&stage, &address, "19092").err().contains("Connection timed out"));
    let network = stage.good("lxc network get lxdbr0 ipv4.address").trim_end().replace(".1/24", ".0/24");
    let list: serde_json::Value =
        serde_json::from_str(&stage.laptop("multipass list --format json").out()).unwrap();
    let vm = list["list"][0]["ipv4"][0].as_str().unwrap().to_owned();
    let add = format!("ip route add {network} via {vm}");
    assert_eq!(stage.laptop(&add).code, 2, "not without rights");
    assert_eq!(stage.laptop(&format!("sudo {add}")).code, 0);
    assert!(stage.laptop(&format!("sudo {add}")).err().contains("File exists"));
    assert!(stage.laptop("ip -j -4 route show").out().contains(&network));
    assert_eq!(handshake(&stage, &address, "19092").code, 0);
    let closed = handshake(&stage, &address, "9092");
    assert!(closed.code == 1 && closed.err().contains("Connection refused"));
    stage.laptop("multipass stop microstack");
    assert!(handshake(&stage, &address, "19092").err().contains("timed out"));
    assert_eq!(stage.laptop(&format!("sudo ip route del {network} via {vm}")).code, 0);
    assert_eq!(stage.laptop(&format!("sudo ip route del {network} via {vm}")).code, 2);
}
