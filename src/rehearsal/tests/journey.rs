//! The whole way of the presets, on a healthy laptop.

use super::Stage;

/// Whether every unit of the model is active and idle.
fn all_active(status: &serde_json::Value) -> bool {
    let applications = status["applications"].as_object().unwrap();
    applications.values().flat_map(|app| app["units"].as_object().unwrap().values()).all(|unit| {
        unit["workload-status"]["current"] == "active" && unit["juju-status"]["current"] == "idle"
    })
}

/// Waits until the model is healthy three times in a row, and returns the minutes it took.
fn settle(stage: &Stage) -> i64 {
    let began = stage.now();
    let mut in_a_row = 0;
    for _ in 0..1000 {
        in_a_row = if all_active(&stage.status()) { in_a_row + 1 } else { 0 };
        if in_a_row == 3 {
            return stage.now().duration_since(began).as_secs() / 60;
        }
        stage.wait(10);
    }
    panic!("never healthy: {}", stage.status());
}

#[test]
fn the_default_preset_ends_with_five_zookeeper_and_three_kafka_units() {
    let stage = Stage::fresh().with_vm("24.04");
    assert_eq!(stage.good("cat /etc/kafstack/vm"), "microstack");
    assert_eq!(stage.good("hostname -f"), "microstack.multipass\n");
    assert_eq!(stage.good("lsb_release -sc"), "noble\n");
    stage.good("sudo snap wait system seed.loaded");
    stage.good("sudo snap install openstack --channel 2024.1/stable");
    assert!(stage.good("snap list openstack --unicode=never --color=never").contains("  2024.1/stable  "));
    stage.wait(10);
    assert!(stage.good("snap services openstack.clusterd").contains(" active "));
    let prepared = stage.prepare("--bootstrap");
    assert_eq!(prepared.code, 0, "{}", prepared.said());
    assert!(stage.good("id -nG").contains("snap_daemon"));
    assert!(stage.good("lxc network list --format csv").contains("sunbeambr0,"));
    stage.good("juju show-controller localhost-localhost --format json");
    stage.good("sudo snap refresh --hold=24h openstack juju lxd");
    assert!(stage.good("snap list lxd").contains("held"));

    let bootstrapped = stage.long("sunbeam cluster bootstrap --accept-defaults").unwrap();
    assert_eq!(bootstrapped.code, 0, "{}", bootstrapped.said());
    assert!(bootstrapped.out().contains("Node has been bootstrapped with roles: control, compute"));
    assert!((1200..2000).contains(&bootstrapped.took.as_secs()));
    stage.good("sunbeam utils juju-login");
    assert!(stage.good("sunbeam cluster list --format yaml").contains("control: active"));
    assert_eq!(stage.good("juju switch"), "sunbeam-controller\n");
    stage.good("juju status -m sunbeam-controller:openstack --format json");
    stage.long("sunbeam configure --accept-defaults --openrc /home/ubuntu/demo-openrc").unwrap();
    assert!(stage.good("cat kafstack/act.end").ends_with(" 0\n"));
    stage.good("test -s /home/ubuntu/demo-openrc");
    assert!(stage.cloud("openstack token issue -f json").contains("\"id\""));
    for what in ["network show demo-network", "image show ubuntu", "flavor show m1.tiny"] {
        stage.cloud(&format!("openstack {what} -f json"));
    }
    assert_eq!(stage.cloud("openstack server list --name ^demo_instance$ -f json"), "[]\n");
    stage.long("sunbeam launch ubuntu --name demo_instance").unwrap();
    let servers = stage.cloud("openstack server list --name ^demo_instance$ -f json");
    assert!(servers.contains("\"ACTIVE\"") && servers.contains("172.16.2."), "{servers}");

    assert_eq!(stage.good("lxc profile device get default eth0 network"), "sunbeambr0\n");
    assert_eq!(stage.good("lxc network get sunbeambr0 ipv6.address"), "none\n");
    stage.long("juju bootstrap localhost overlord --no-switch").unwrap();
    stage.good("juju show-controller overlord --format json");
    stage.good("juju add-model demo -c overlord --no-switch");
    assert_eq!(stage.good("juju switch"), "sunbeam-controller\n");
    stage.good("juju deploy zookeeper --channel 3/stable -n 5 -m overlord:demo");
    stage.good("juju deploy kafka --channel 3/stable -n 3 --config profile=testing -m overlord:demo");
    stage.good("juju integrate kafka:zookeeper zookeeper:zookeeper -m overlord:demo");
    let minutes = settle(&stage);
    assert!((12..30).contains(&minutes), "{minutes} minutes");

    let status = stage.status();
    let kafka = &status["applications"]["kafka"];
    assert_eq!(kafka["units"].as_object().unwrap().len(), 3);
    assert_eq!(status["applications"]["zookeeper"]["units"].as_object().unwrap().len(), 5);
    assert_eq!(status["machines"].as_object().unwrap().len(), 8);
    assert_eq!(status["storage"]["storage"].as_object().unwrap().len(), 8);
    assert_eq!(kafka["relations"]["zookeeper"][0]["related-application"], "zookeeper");
    let unit = &kafka["units"]["kafka/0"];
    assert_eq!(
        unit["workload-status"]["message"],
        "machine system settings are not optimal - see logs for info"
    );
    assert_eq!(unit["open-ports"][0], "19092/tcp");
    let leaders = kafka["units"].as_object().unwrap().values().filter(|unit| unit["leader"] == true).count();
    assert_eq!(leaders, 1);
    let address = unit["public-address"].as_str().unwrap();
    let topics = stage.good(&format!("juju exec -m overlord:demo --unit kafka/0 --format json --wait 1m -- \"charmed-kafka.topics --list --bootstrap-server {address}:19092 --command-config /var/snap/charmed-kafka/current/etc/kafka/client.properties\""));
    assert!(topics.contains("\"return-code\":0"), "{topics}");
    assert_eq!(stage.rehearsal.unknown(), Vec::<String>::new());
}

#[test]
fn the_preset_without_openstack_installs_lxd_and_juju_itself() {
    let stage = Stage::fresh().with_vm("24.04").with_controller();
    stage.good("juju deploy zookeeper --channel 3/stable -n 1 -m overlord:demo");
    stage.good("juju deploy kafka --channel 3/stable -n 3 --config profile=testing -m overlord:demo");
    // Before it is related, Kafka is blocked for good.
    stage.wait(1800);
    let status = stage.status();
    for unit in status["applications"]["kafka"]["units"].as_object().unwrap().values() {
        assert_eq!(unit["workload-status"]["current"], "blocked");
        assert_eq!(unit["workload-status"]["message"], "Application needs ZooKeeper or KRaft mode");
    }
    stage.good("juju integrate kafka:zookeeper zookeeper:zookeeper -m overlord:demo");
    assert!(settle(&stage) < 5);
}

#[test]
fn kafka_4_with_combined_roles_needs_no_zookeeper() {
    let stage = Stage::fresh().with_vm("24.04").with_controller();
    stage.good("juju deploy kafka --channel 4/stable -n 1 --config profile=testing --config roles=broker,controller -m overlord:demo");
    assert!((4..15).contains(&settle(&stage)));
    let status = stage.status();
    let unit = &status["applications"]["kafka"]["units"]["kafka/0"];
    assert_eq!(unit["open-ports"][0], "19093/tcp");
    assert_eq!(status["applications"]["kafka"]["base"]["channel"], "24.04");
    let address = unit["public-address"].as_str().unwrap();
    let list = |port| {
        format!(
            "juju exec -m overlord:demo --unit kafka/0 --format json --wait 1m -- \"charmed-kafka.topics --list --bootstrap-server {address}:{port} --command-config /var/snap/charmed-kafka/current/etc/kafka/client.properties\""
        )
    };
    stage.good(&list(19093));
    stage.bad(&list(19092), 1, "timed out waiting for results");
}

#[test]
fn the_old_preset_has_its_own_shapes() {
    let stage = Stage::fresh().with_vm("22.04");
    assert!(stage.good("snap list lxd").contains("5.0/stable"));
    stage.good("sudo snap install openstack --channel 2023.2/stable");
    stage.bad("sunbeam prepare-node-script --bootstrap", 2, "No such option");
    assert_eq!(stage.prepare("").code, 0);
    assert_eq!(stage.long("sunbeam cluster bootstrap --accept-defaults").unwrap().code, 0);
    let list = stage.good("sunbeam cluster list --format yaml");
    assert!(list.starts_with("microstack.multipass:\n  roles:"), "{list}");
    assert!(stage.good("juju controllers --format json").contains("\"cloud\":\"sunbeam\""));
    assert!(stage.good("juju version").starts_with("3.4."));
    stage.bad("sunbeam dashboard url", 2, "No such command");
    assert!(stage.good("sunbeam dashboard-url").starts_with("http://"));
    stage.long("sunbeam configure --accept-defaults --openrc /home/ubuntu/demo-openrc").unwrap();
    stage.good("lxd init --auto");
    stage.good("lxc network set lxdbr0 ipv6.address none");
    stage.long("juju bootstrap localhost overlord --no-switch").unwrap();
    stage.good("juju add-model demo -c overlord --no-switch");
    stage.good("juju deploy zookeeper --channel 3/stable -n 1 -m overlord:demo");
    stage.good("juju deploy kafka --channel 3/stable -n 1 --config profile=testing -m overlord:demo");
    stage.good("juju integrate kafka:zookeeper zookeeper:zookeeper -m overlord:demo");
    settle(&stage);
}
