//! Topics, their settings and their offsets, through Kafka's own tools.

use super::Stage;

#[test]
fn a_topic_is_made_shown_grown_and_deleted() {
    for (stage, port) in Stage::both() {
        let replicas = if port == 19092 { 3 } else { 1 };
        let create = format!(
            "topics --create --topic orders --partitions 3 --replication-factor {replicas} --config retention.ms=60000"
        );
        assert_eq!(stage.told(port, &create), "Created topic orders.\n");
        let (code, out, err) = stage.tool(port, &create);
        assert_eq!(
            (code, out.as_str()),
            (1, "Error while executing topic command : Topic 'orders' already exists.\n")
        );
        assert!(err.contains("org.apache.kafka.common.errors.TopicExistsException"), "{err}");
        assert_eq!(stage.told(port, "topics --list"), "orders\n");

        let described = stage.told(port, "topics --describe --topic orders");
        let lines: Vec<&str> = described.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("Topic: orders\tTopicId: "), "{described}");
        assert!(lines[0].contains(&format!("\tPartitionCount: 3\tReplicationFactor: {replicas}\tConfigs: ")));
        assert!(lines[0].contains("retention.ms=60000") && lines[0].contains("segment.bytes=1073741824"));
        for (number, line) in lines[1..].iter().enumerate() {
            assert!(line.starts_with(&format!("\tTopic: orders\tPartition: {number}\tLeader: ")), "{line}");
            let field =
                |name: &str| line.split('\t').find_map(|field| field.strip_prefix(name)).unwrap().to_owned();
            assert_eq!(field("Replicas: "), field("Isr: "));
            assert_eq!(field("Replicas: ").split(',').next(), Some(field("Leader: ").as_str()));
            assert_eq!(field("Replicas: ").split(',').count(), replicas);
            assert!(port == 19092 || field("Leader: ") == "100", "brokers of kafka 4 count from 100");
        }
        assert_eq!(stage.told(port, "topics --alter --topic orders --partitions 6"), "");
        let (code, out, _) = stage.tool(port, "topics --alter --topic orders --partitions 2");
        let says = if port == 19092 {
            "Topic currently has 6 partitions, which is higher than the requested 2."
        } else {
            "The topic orders currently has 6 partition(s); 2 would not be an increase."
        };
        assert!(code == 1 && out.contains(says), "{out}");
        assert_eq!(stage.told(port, "get-offsets --topic orders").lines().count(), 6);
        assert_eq!(stage.told(port, "topics --delete --topic orders"), "");
        assert_eq!(stage.told(port, "topics --list"), "");
        let (code, out, _) = stage.tool(port, "topics --describe --topic orders");
        assert!(code == 1 && out.contains("Topic 'orders' does not exist as expected"));
    }
}

#[test]
fn the_brokers_refuse_what_they_cannot_do() {
    let stage = Stage::with_kafka_3();
    let refused = |words: &str, says: &str| {
        let (code, out, err) = stage.tool(19092, words);
        assert!(code == 1 && format!("{out}{err}").contains(says), "{words}: {out} {err}");
    };
    refused(
        "topics --create --topic a --partitions 1 --replication-factor 4",
        "Replication factor: 4 larger than available brokers: 3.",
    );
    refused(
        "topics --create --topic a --config retention.msec=1",
        "Unknown topic config name: retention.msec",
    );
    refused(
        "topics --create --topic a --config retention.ms=x",
        "Invalid value x for configuration retention.ms: Not a number of type LONG",
    );
    refused("topics --create --topic a/b", "Topic name is invalid");
    refused("topics --alter --topic a --partitions 9", "Topic 'a' does not exist as expected");
    refused("topics --delete --topic a", "Topic 'a' does not exist as expected");
    refused(
        "get-offsets --topic a",
        "Error occurred: Could not match any topic-partitions with the specified filters",
    );
    refused("topics --describe --topc a", "topc is not a recognized option");
    assert!(
        stage
            .told(19092, "topics --create --topic a.b")
            .starts_with("WARNING: Due to limitations in metric names")
    );
    refused("topics --create --topic a_b", "Topic 'a_b' collides with existing topics: a.b");
    let described = stage.told(19092, "topics --describe --topic a.b");
    assert!(
        described.contains("PartitionCount: 3\tReplicationFactor: 3\t"),
        "as many as brokers, at most three"
    );
    let (stage, port) = (Stage::with_kafka_4(), 19093);
    let (_, out, _) = stage.tool(port, "topics --create --topic a --replication-factor 2");
    assert!(out.contains("cannot be reached because only 1 broker(s) are registered."), "{out}");
}

#[test]
fn settings_of_a_topic_are_set_and_taken_back() {
    let stage = Stage::with_kafka_3();
    let port = 19092;
    stage.told(port, "topics --create --topic orders");
    let describe = "configs --describe --entity-type topics --entity-name orders";
    assert_eq!(stage.told(port, describe), "Dynamic configs for topic orders are:\n");
    let alter = "configs --alter --entity-type topics --entity-name orders";
    let set = format!("{alter} --add-config 'retention.ms=60000,cleanup.policy=[compact,delete]'");
    assert_eq!(stage.told(port, &set), "Completed updating config for topic orders.\n");
    let told = stage.told(port, describe);
    assert!(told.contains("\n  retention.ms=60000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=60000, STATIC_BROKER_CONFIG:log.retention.ms=-1, DEFAULT_CONFIG:log.retention.ms=604800000}\n"), "{told}");
    assert!(told.contains("  cleanup.policy=compact,delete "), "{told}");
    stage.told(port, &format!("{alter} --delete-config retention.ms"));
    assert!(!stage.told(port, describe).contains("retention.ms"));
    let (code, _, err) = stage.tool(port, &format!("{alter} --delete-config retention.ms"));
    assert_eq!((code, err.as_str()), (1, "Invalid config(s): retention.ms\n"));
    let (code, _, err) = stage.tool(port, &format!("{alter} --add-config retention.ms=-5"));
    assert!(code == 1 && err.contains("Value must be at least -1"), "{err}");
    let absent = describe.replace("orders", "nope");
    assert_eq!(
        stage.told(port, &absent),
        "The topic 'nope' doesn't exist and doesn't have dynamic config.\n"
    );
    let (code, _, err) = stage.tool(port, &alter.replace("orders", "nope --add-config retention.ms=1"));
    assert!(code == 1 && err.contains("UnknownTopicOrPartitionException"), "{err}");
}

#[test]
fn nobody_answers_at_a_port_that_is_closed() {
    for (stage, port) in Stage::both() {
        let closed = if port == 19092 { 9092 } else { 19092 };
        let (code, out, err) = stage.tool(closed, "topics --list");
        assert_eq!(code, 1);
        assert_eq!(
            out,
            "Error while executing topic command : Timed out waiting for a node assignment. Call: listTopics\n"
        );
        assert!(err.contains("org.apache.kafka.common.errors.TimeoutException"));
        let (code, out, _) = stage.tool(closed, "consumer-groups --list");
        assert!(
            code == 0 && out.contains("Timed out waiting for a node assignment. Call: listNodes"),
            "{out}"
        );
    }
}
