//! kafka-test-app and its traps.

use super::Stage;

const DEPLOY: &str = "juju deploy kafka-test-app --channel latest/edge -n 1 --config topic_name=orders --config role=producer --config num_messages=20 --config partitions=2 --config replication_factor=1 -m overlord:demo";
const RELATE: &str = "juju integrate kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo";
const PART: &str = "juju remove-relation kafka-test-app:kafka-cluster kafka:kafka-client -m overlord:demo";

#[test]
fn it_writes_numbered_messages_and_reads_them_again() {
    for (stage, port) in Stage::both() {
        stage.bad(&DEPLOY.replace("latest/edge", "latest/stable"), 1, "not found for channel");
        stage.good(DEPLOY);
        stage.until("kafka-test-app/0", "active Please relate with Kafka", 600);
        let log = |role: &str| stage.on_unit("kafka-test-app/0", &format!("cat /tmp/*_{role}.log"));
        assert_eq!(log("producer").0, 1, "no such file yet");
        stage.good(RELATE);
        stage.until("kafka-test-app/0", "active Topic orders enabled with process producer", 600);
        stage.wait(6);
        let early = log("producer").1.lines().count();
        assert!((1..20).contains(&early), "{early} messages so far");
        stage.wait(30);
        let (_, text, _) = log("producer");
        assert_eq!(text.lines().count(), 20);
        assert!(text.contains("Message published to topic=orders, message content: {"), "{text}");
        assert!(text.contains("\"content\":\"Message #19\""), "{text}");
        assert!(stage.told(port, "topics --describe --topic orders").contains("PartitionCount: 2\t"));
        // Another role changes nothing while it is related.
        stage.good("juju config kafka-test-app role=consumer consumer_group_prefix=cg -m overlord:demo");
        stage.wait(60);
        assert_eq!(stage.says("kafka-test-app/0"), "active Topic orders enabled with process producer");
        stage.good(PART);
        stage.until("kafka-test-app/0", "active Please relate with Kafka", 60);
        stage.bad(RELATE, 1, "is dying, but not yet removed");
        stage.wait(10);
        stage.good(RELATE);
        stage.until("kafka-test-app/0", "active Topic orders enabled with process consumer", 600);
        stage.wait(20);
        let (_, text, _) = log("consumer");
        assert_eq!(text.matches("ConsumerRecord(topic='orders'").count(), 20, "{text}");
        let groups = stage.told(port, "consumer-groups --describe --group cg1");
        let lag: usize = groups
            .lines()
            .skip(2)
            .map(|line| line.split_whitespace().nth(5).unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(lag, 0, "{groups}");
        stage.produce(port, "--topic orders", "by hand\n");
        assert!(log("consumer").1.contains("value=b'by hand'"), "it reads for ever");
        let read = stage.consume(port, "--topic orders --from-beginning --max-messages 21");
        assert!(read.out().contains("Message #0") && read.out().contains("by hand"));
    }
}

#[test]
fn parting_from_it_before_its_process_runs_breaks_it() {
    let stage = Stage::with_kafka_4();
    stage.good(DEPLOY);
    stage.until("kafka-test-app/0", "active", 600);
    stage.good(RELATE);
    stage.good(PART);
    stage.wait(10);
    assert_eq!(stage.says("kafka-test-app/0"), "error hook failed: \"kafka-cluster-relation-broken\"");
    stage.good("juju resolved kafka-test-app/0 -m overlord:demo");
    stage.wait(30);
    assert!(stage.says("kafka-test-app/0").starts_with("error"), "it fails again");
    stage.good("juju resolved --no-retry kafka-test-app/0 -m overlord:demo");
    stage.until("kafka-test-app/0", "active", 60);
}

#[test]
fn another_topic_while_it_is_related_blocks_it() {
    let stage = Stage::with_kafka_4();
    stage.good(DEPLOY);
    stage.good(RELATE);
    stage.until("kafka-test-app/0", "active Topic orders enabled", 900);
    stage.good("juju config kafka-test-app topic_name=payments -m overlord:demo");
    stage.wait(10);
    assert_eq!(
        stage.says("kafka-test-app/0"),
        "blocked Please remove relation and recreate a new one to track topic payments"
    );
}

#[test]
fn it_needs_certificates_before_the_relation_where_clients_are_encrypted() {
    let stage = Stage::with_kafka_4();
    stage.good("juju deploy self-signed-certificates --channel 1/stable -m overlord:demo");
    stage.until("self-signed-certificates/0", "active", 600);
    stage.good("juju integrate kafka:certificates self-signed-certificates:certificates -m overlord:demo");
    stage.until_quiet();
    stage.good(DEPLOY);
    stage.good(RELATE);
    stage.until("kafka-test-app/0", "active Topic orders enabled", 900);
    stage.wait(60);
    assert_eq!(stage.on_unit("kafka-test-app/0", "cat /tmp/*_producer.log").1, "");
    assert!(stage.on_unit("kafka-test-app/0", "cat /tmp/*_producer.err").1.contains("NoBrokersAvailable"));
    stage.good(PART);
    stage.wait(20);
    stage.good(
        "juju integrate kafka-test-app:certificates self-signed-certificates:certificates -m overlord:demo",
    );
    stage.good(RELATE);
    stage.wait(300);
    assert!(stage.on_unit("kafka-test-app/0", "cat /tmp/*_producer.log").1.contains("Message #19"));
}
