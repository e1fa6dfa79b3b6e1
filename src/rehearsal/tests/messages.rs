//! Messages, groups and what they have read.

use super::{Notes, Stage};
use crate::host::{CommandError, CommandLine, Feed, Flow, Host, Stdin, Stream, Watch};

/// The values that a consumer printed, in order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_was_written_is_read() {
    for (stage, port) in Stage::both() {
        stage.told(port, "topics --create --topic orders --partitions 3");
        let produced = stage.produce(port, "--topic orders", "one\ntwo\n\nthree");
        assert_eq!((produced.code, produced.out().as_str(), produced.err().as_str()), (0, "", ""));
        let offsets = stage.told(port, "get-offsets --topic orders");
        let total: usize =
            offsets.lines().map(|line| line.rsplit(':').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(total, 4, "{offsets}");
        let read = stage.consume(port, "--topic orders --from-beginning --max-messages 4");
        assert_eq!(sorted(&read.out()), ["", "one", "three", "two"]);
        assert_eq!((read.code, read.err().as_str()), (0, "Processed a total of 4 messages\n"));
        let late = stage.consume(port, "--topic orders --timeout-ms 15000");
        assert!(late.code == 0 && late.out().is_empty());
        assert!(late.err().contains("ERROR Error processing message, terminating consumer process:"));
        assert!(
            late.err().ends_with(
                "org.apache.kafka.common.errors.TimeoutException\nProcessed a total of 0 messages\n"
            )
        );
    }
}

#[test]
fn a_key_decides_the_partition() {
    let stage = Stage::with_kafka_3();
    let port = 19092;
    stage.told(port, "topics --create --topic orders --partitions 5");
    let rest = "--topic orders --property parse.key=true --property key.separator=:";
    assert_eq!(stage.produce(port, rest, "a:1\nb:2\na:3\na:4:5\n").code, 0);
    let rest = "--topic orders --from-beginning --max-messages 4 --property print.key=true --property key.separator=: --property print.partition=true";
    let read = stage.consume(port, rest).out();
    let of_a: Vec<&str> = read.lines().filter(|line| line.contains(":a:")).collect();
    assert_eq!(of_a.len(), 3, "{read}");
    let partition = |line: &str| line.split(':').nth(1).unwrap().to_owned();
    assert!(of_a.iter().all(|line| partition(line) == partition(of_a[0])), "{read}");
    let keyless =
        stage.produce(port, "--topic orders --property parse.key=true --property key.separator=:", "none\n");
    assert!(keyless.code == 1 && keyless.err().contains("No key separator found on line number 1: 'none'"));
}

#[test]
fn a_group_goes_on_where_it_stood() {
    for (stage, port) in Stage::both() {
        stage.told(port, "topics --create --topic orders --partitions 2");
        stage.produce(port, "--topic orders", "1\n2\n3\n");
        let first = stage.consume(port, "--topic orders --group g --from-beginning --max-messages 2");
        assert_eq!(first.out().lines().count(), 2);
        let (code, out, err) = stage.tool(port, "consumer-groups --describe --group g");
        assert_eq!((code, err.as_str()), (0, "\nConsumer group 'g' has no active members.\n"));
        assert!(out.starts_with("\nGROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID\n"), "{out}");
        let lag: usize = out
            .lines()
            .skip(2)
            .map(|line| line.split_whitespace().nth(5).unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(lag, 1, "{out}");
        // What was committed counts for more than `--from-beginning`.
        let rest = stage.consume(port, "--topic orders --group g --from-beginning --timeout-ms 9000");
        assert_eq!(rest.out().lines().count(), 1);
        assert_eq!(stage.told(port, "consumer-groups --list"), "g\n");
        assert_eq!(
            stage.told(port, "consumer-groups --describe --group h"),
            "\nError: Consumer group 'h' does not exist.\n"
        );
        assert!(
            stage
                .told(port, "consumer-groups --describe --all-groups")
                .contains("\ng               orders          0 ")
        );
    }
}

#[test]
fn a_timeout_that_passes_before_the_group_has_joined_reads_nothing() {
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders");
    stage.produce(19092, "--topic orders", "1\n");
    let read = stage.consume(19092, "--topic orders --from-beginning --timeout-ms 1000");
    assert_eq!((read.out().as_str(), read.code), ("", 0));
}

#[test]
fn nothing_is_written_to_a_topic_that_is_not_there() {
    let stage = Stage::with_kafka_3();
    let produced = stage.produce(19092, "--topic nope", "abc\n");
    assert!(produced.code == 0, "it ends well all the same");
    assert!(
        produced.err().contains("Error when sending message to topic nope with key: null, value: 3 bytes")
    );
    assert!(produced.err().contains("Topic nope not present in metadata after 60000 ms."));
    let read = stage.consume(19092, "--topic nope --from-beginning --timeout-ms 5000");
    assert!(read.err().contains("{nope=UNKNOWN_TOPIC_OR_PARTITION}"));
    assert_eq!(stage.told(19092, "topics --list"), "");
}

#[test]
fn a_listener_hears_what_another_kafstack_writes_and_can_be_ended() {
    /// Writes, looks and ends from another process, at its ticks.
    struct Other<'a>(&'a Stage, u32, Vec<String>);
    impl Watch for Other<'_> {
        fn line(&mut self, stream: Stream, text: &[u8]) {
            self.2.push(format!("{stream:?} {}", String::from_utf8_lossy(text)));
        }
        fn tick(&mut self, _: std::time::Duration) -> Flow {
            self.1 += 1;
            match self.1 {
                10 => {
                    let written = self.0.produce(19092, "--topic orders", "now\n");
                    assert_eq!(written.code, 0);
                }
                20 => {
                    let groups = self.0.told(19092, "consumer-groups --describe --group g");
                    let row = groups.lines().nth(2).unwrap();
                    assert!(row.contains(" kafstack-24-") && row.ends_with(" kafstack-24"), "{groups}");
                }
                30 => {
                    let kill = "pkill -f client.id=kafstack-24";
                    assert_eq!(self.0.on_unit("kafka/0", kill).0, 0);
                    assert_eq!(self.0.on_unit("kafka/0", kill).0, 1, "nobody is left");
                }
                _ => {}
            }
            Flow::GoOn
        }
    }
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders --partitions 2");
    stage.produce(19092, "--topic orders", "before\n");
    let other = stage.reopened();
    let mut watch = Other(&other, 0, Vec::new());
    let ended =
        stage.vm.run(&stage.console(19092, "consumer", "--topic orders --group g"), &mut watch).unwrap();
    assert_eq!(ended.code, 143);
    assert_eq!(watch.2[..2], ["Stdout now", "Stderr Processed a total of 1 messages"]);
    // It began at the end and committed where it stood.
    let groups = stage.told(19092, "consumer-groups --describe --group g");
    assert!(groups.lines().skip(2).all(|line| line.split_whitespace().nth(5) == Some("0")), "{groups}");
}

#[test]
fn the_same_seed_puts_the_same_messages_into_the_same_places() {
    let written = || {
        let stage = Stage::with_kafka_3();
        stage.told(19092, "topics --create --topic orders --partitions 5");
        stage.produce(19092, "--topic orders", "1\n2\n");
        stage.produce(19092, "--topic orders", "3\n");
        let read = stage.consume(
            19092,
            "--topic orders --from-beginning --max-messages 3 --property print.partition=true",
        );
        (read, stage.told(19092, "topics --describe"), stage.now())
    };
    assert_eq!(written(), written());
}

#[test]
fn whoever_leaves_a_listener_leaves_its_process_behind() {
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders");
    assert!(stage.listen(19092, "--topic orders --group g", 9).is_empty());
    assert!(stage.told(19092, "consumer-groups --describe --group g").contains("kafstack-"));
    assert_eq!(stage.on_unit("kafka/0", "pkill -f client.id=kafstack-24").0, 0);
    assert!(!stage.told(19092, "consumer-groups --describe --all-groups").contains("kafstack-24"));
}

#[test]
fn two_readers_of_a_group_share_its_partitions() {
    /// Starts a second reader from its tick, and counts.
    struct Second<'a>(&'a Stage, u32, usize);
    impl Watch for Second<'_> {
        fn line(&mut self, stream: Stream, _: &[u8]) {
            self.2 += usize::from(stream == Stream::Stdout);
        }
        fn tick(&mut self, _: std::time::Duration) -> Flow {
            self.1 += 1;
            if self.1 == 8 {
                // The second one is there for a while, and then gone.
                self.0.listen(19092, "--topic orders --group g --from-beginning", 8);
                let groups = self.0.told(19092, "consumer-groups --describe --group g");
                let members: std::collections::BTreeSet<&str> =
                    groups.lines().skip(2).filter_map(|line| line.split_whitespace().nth(6)).collect();
                assert_eq!(members.len(), 2, "{groups}");
            }
            if self.1 >= 20 { Flow::Leave } else { Flow::GoOn }
        }
    }
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders --partitions 4");
    let mut watch = Second(&stage, 0, 0);
    let line = stage.console(19092, "consumer", "--topic orders --group g");
    assert!(matches!(stage.vm.run(&line, &mut watch), Err(CommandError::Left { .. })));
}

#[test]
fn a_producer_takes_its_lines_as_they_come() {
    let stage = Stage::with_kafka_3();
    stage.told(19092, "topics --create --topic orders");
    let feed = Feed::new(std::io::Cursor::new("first\nsecond\n".repeat(2000).into_bytes()));
    let line = stage.console(19092, "producer", "--topic orders");
    let line = CommandLine { stdin: Stdin::Stream(feed), ..line };
    let mut notes = Notes::default();
    assert_eq!(stage.vm.run(&line, &mut notes).unwrap().code, 0);
    let offsets = stage.told(19092, "get-offsets --topic orders");
    let counts: Vec<usize> =
        offsets.lines().map(|line| line.rsplit(':').next().unwrap().parse::<usize>().unwrap()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 4000);
    assert!(counts.iter().filter(|count| **count > 0).count() > 1, "more than one batch: {offsets}");
}

#[test]
fn juju_ssh_reads_its_flags_before_the_target_only() {
    let stage = Stage::with_kafka_3();
    let late = stage.inside("juju ssh kafka/0 -m overlord:demo true");
    assert!(late.code == 1 && late.err().contains("No model in focus"), "{}", late.said());
    stage.bad("juju ssh -m overlord:demo kafka/0 --pty=false true", 255, "unknown option");
    stage.bad("juju ssh -m overlord:demo --ptty kafka/0 true", 2, "option provided but not defined: --ptty");
    stage.bad("juju ssh -m overlord:demo kafka/9 true", 1, "unit \"kafka/9\" not found");
    assert_eq!(stage.inside("juju ssh -m overlord:demo --pty=false kafka/0 true").code, 0);
    // Without sudo the file with the password cannot be read.
    let mut line = stage.console(19092, "producer", "--topic orders").fed("x\n");
    line.args.retain(|word| word != "sudo");
    assert!(stage.vm.ask(&line).unwrap().err().contains("AccessDenied"));
}
