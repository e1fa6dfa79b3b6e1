//! More units and fewer.

use super::Stage;

#[test]
fn a_unit_that_goes_takes_its_replicas_along() {
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic one --partitions 3 --replication-factor 1");
    stage.told(19092, "topics --create --topic all --partitions 3 --replication-factor 3");
    let said = stage.good("juju remove-unit kafka/2 --no-prompt --destroy-storage -m overlord:demo");
    assert!(said.starts_with("will remove unit kafka/2\n- will remove storage data/"), "{said}");
    assert_eq!(stage.unit("kafka/2")["juju-status"]["life"], "dying");
    stage.bad("juju remove-unit kafka/9 --no-prompt -m overlord:demo", 1, "unit \"kafka/9\" does not exist");
    stage.wait(60);
    assert!(stage.unit("kafka/2").is_null());
    assert_eq!(stage.status()["machines"].as_object().unwrap().len(), 3);
    let all = stage.told(19092, "topics --describe --topic all");
    for line in all.lines().skip(1) {
        let isr = line.split('\t').find_map(|field| field.strip_prefix("Isr: ")).unwrap();
        assert!(line.contains('2') && !isr.contains('2'), "still assigned, and not in sync: {all}");
    }
    let one = stage.told(19092, "topics --describe --topic one");
    assert_eq!(one.matches("Leader: none").count(), 1, "{one}");
    let (_, out, err) = stage.tool(19092, "get-offsets --topic one");
    assert!(out.lines().count() == 2 && err.starts_with("Skip getting offsets for topic-partition one-"));
    let (_, out, _) = stage.tool(19092, "topics --create --topic three --replication-factor 3");
    assert!(out.contains("Replication factor: 3 larger than available brokers: 2."), "{out}");
}

#[test]
fn units_that_are_added_become_brokers() {
    let stage = Stage::with_kafka_3();
    stage.good("juju add-unit kafka -n 1 -m overlord:demo");
    stage.until("kafka/3", "waiting", 10);
    stage.until("kafka/3", "active", 1200);
    stage.until_quiet();
    assert_eq!(stage.ports("kafka/3"), "19092/tcp");
    let made = stage.told(19092, "topics --create --topic wide --partitions 4 --replication-factor 4");
    assert_eq!(made, "Created topic wide.\n");
    stage.good("juju add-unit zookeeper -n 2 -m overlord:demo");
    stage.until("zookeeper/2", "active", 1200);
    stage.told(19092, "topics --list");
}

#[test]
fn too_few_replicas_in_sync_take_no_message() {
    let stage = Stage::with_kafka_3();
    stage.told(
        19092,
        "topics --create --topic safe --partitions 1 --replication-factor 3 --config min.insync.replicas=3",
    );
    stage.good("juju remove-unit kafka/2 --no-prompt --destroy-storage -m overlord:demo");
    stage.wait(60);
    let produced = stage.produce(19092, "--topic safe", "x\n");
    assert!(produced.err().contains("NotEnoughReplicasException"), "{}", produced.said());
}

#[test]
fn kafka_3_without_its_zookeeper_says_so_and_serves_nobody() {
    let stage = Stage::with_kafka_3();
    stage.good("juju remove-relation kafka zookeeper -m overlord:demo");
    stage.until("kafka/0", "blocked missing required zookeeper relation", 30);
    assert_eq!(stage.tool(19092, "topics --list").0, 1);
    stage.until("kafka/0", "blocked Application needs ZooKeeper or KRaft mode", 400);
}

#[test]
fn what_the_brokers_hold_outlives_a_stop_of_the_vm() {
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders --partitions 2");
    stage.produce(19092, "--topic orders", "one\n");
    stage.listen(19092, "--topic orders --group g", 8);
    let address = stage.address("kafka/0");
    stage.laptop("multipass stop microstack");
    stage.wait(3600);
    stage.laptop("multipass start microstack");
    stage.wait(600);
    stage.until_quiet();
    assert_eq!(stage.address("kafka/0"), address);
    let groups = stage.told(19092, "consumer-groups --describe --all-groups");
    assert!(!groups.contains("kafstack-"), "nobody reads any more: {groups}");
    let read = stage.consume(19092, "--topic orders --from-beginning --max-messages 1");
    assert_eq!(read.out(), "one\n");
}
