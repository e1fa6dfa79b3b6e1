//! `charmed-kafka.console-producer` and `charmed-kafka.console-consumer`: Kafka's own clients on a broker, which
//! read messages from their input and write them to their output, one a line.
//!
//! They run through `juju ssh`: `juju exec` has no input, and answers only at the end. Juju hands their words to a
//! shell on the unit as they are (juju/utils:ssh/ssh_openssh.go), so each is quoted. Ending the connection does not
//! end them; what ends them is [`end`].

use std::time::Duration;

use super::juju;
use super::kafka::{CLIENT_PROPERTIES, Cluster};
use crate::host::{CommandLine, Effect, Feed, Io, Stdin, paste};

/// As good as no limit: a client runs for as long as the user wants.
const ENDLESS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How a topic is to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// As a member of this group.
    pub group: Option<String>,
    /// From the oldest message on.
    pub from_beginning: bool,
    /// Up to so many messages.
    pub max: Option<u32>,
    /// Until none has come for so long.
    pub timeout: Option<Duration>,
    /// With keys.
    pub keys: bool,
    /// With this between a key and its message, instead of a tab.
    pub separator: Option<String>,
}

impl Reading {
    /// Whether it goes on until somebody ends it.
    pub fn is_endless(&self) -> bool {
        self.max.is_none() && self.timeout.is_none()
    }
}

/// Sends what is fed to a topic.
pub fn produce(cluster: &Cluster, topic: &str, id: &str, separator: Option<&str>, feed: Feed) -> CommandLine {
    let mut words = client(cluster, "producer", topic, id);
    if let Some(separator) = separator {
        words.extend(["--property".to_owned(), "parse.key=true".to_owned()]);
        words.extend(["--property".to_owned(), format!("key.separator={separator}")]);
    }
    CommandLine { stdin: Stdin::Stream(feed), effect: Effect::Changes, ..line(cluster, words) }
}

/// Prints the messages of a topic as they come.
pub fn consume(cluster: &Cluster, topic: &str, id: &str, reading: &Reading) -> CommandLine {
    let mut words = client(cluster, "consumer", topic, id);
    if let Some(group) = &reading.group {
        words.extend(["--group".to_owned(), group.clone()]);
    }
    if reading.from_beginning {
        words.push("--from-beginning".to_owned());
    }
    if let Some(max) = reading.max {
        words.extend(["--max-messages".to_owned(), max.to_string()]);
    }
    if let Some(timeout) = reading.timeout {
        words.extend(["--timeout-ms".to_owned(), timeout.as_millis().to_string()]);
    }
    if reading.keys {
        words.extend(["--property".to_owned(), "print.key=true".to_owned()]);
        if let Some(separator) = &reading.separator {
            words.extend(["--property".to_owned(), format!("key.separator={separator}")]);
        }
    }
    line(cluster, words)
}

/// Ends the client of that id on its broker; exit code 1 if there is none (pkill(1)). Both clients take the signal as
/// a request to finish what they have in hand.
pub fn end(cluster: &Cluster, id: &str) -> CommandLine {
    let command = format!("pkill -f client.id={id}");
    juju::exec(&cluster.target, &cluster.brokers[0].unit, &command, Effect::Changes)
        .within(Duration::from_secs(30))
        .tidying()
}

/// The words of a client, up to its own options.
fn client(cluster: &Cluster, kind: &str, topic: &str, id: &str) -> Vec<String> {
    let server = format!("{}:{}", cluster.brokers[0].address, cluster.internal_port());
    vec![
        "sudo".to_owned(),
        format!("charmed-kafka.console-{kind}"),
        "--topic".to_owned(),
        topic.to_owned(),
        "--bootstrap-server".to_owned(),
        server,
        format!("--{kind}.config"),
        CLIENT_PROPERTIES.to_owned(),
        format!("--{kind}-property"),
        format!("client.id={id}"),
    ]
}

/// The way to the unit. Without `--pty=false` a terminal there would change what passes through.
fn line(cluster: &Cluster, words: Vec<String>) -> CommandLine {
    let way = ["ssh", "-m", &cluster.target, "--pty=false", &cluster.brokers[0].unit].map(str::to_owned);
    let words = words.into_iter().map(|word| paste(&[word]));
    let line = CommandLine::reads("juju", way.into_iter().chain(words));
    CommandLine { io: Io::Lines, ..line.within(ENDLESS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::kafka::Broker;

    fn cluster() -> Cluster {
        let broker = Broker { unit: "kafka/0".into(), address: "10.1.2.3".into() };
        Cluster { target: "overlord:demo".into(), kraft: false, tls: false, brokers: vec![broker] }
    }

    const FILE: &str = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";

    #[test]
    fn a_producer_is_fed_through_ssh_and_named() {
        let line = produce(&cluster(), "orders", "kafstack-7", None, Feed::new(std::io::empty()));
        let expected = format!(
            "juju ssh -m overlord:demo --pty=false kafka/0 sudo charmed-kafka.console-producer --topic orders --bootstrap-server 10.1.2.3:19092 --producer.config {FILE} --producer-property client.id=kafstack-7"
        );
        assert_eq!(line.to_string(), expected);
        assert_eq!(line.effect, Effect::Changes);
    }

    #[test]
    fn what_a_shell_on_the_unit_would_misread_is_quoted_for_it() {
        let separated =
            produce(&cluster(), "orders", "kafstack-7", Some("; reboot"), Feed::new(std::io::empty()));
        assert_eq!(separated.args.last().unwrap(), "'key.separator=; reboot'");
        let reading = Reading {
            group: Some("my $group".into()),
            from_beginning: true,
            max: Some(3),
            timeout: Some(Duration::from_secs(30)),
            keys: true,
            separator: Some(":".into()),
        };
        let line = consume(&cluster(), "orders", "kafstack-7", &reading);
        let own = line.args.iter().position(|word| word == "client.id=kafstack-7").unwrap() + 1;
        assert_eq!(
            line.args[own..].join(" "),
            "--group 'my $group' --from-beginning --max-messages 3 --timeout-ms 30000 --property print.key=true --property key.separator=:"
        );
    }

    #[test]
    fn the_end_is_for_this_client_alone_and_comes_even_when_the_user_wants_to_stop() {
        let line = end(&cluster(), "kafstack-7");
        assert_eq!(
            line.to_string(),
            "juju exec -m overlord:demo --unit kafka/0 --format json --wait 1m -- 'pkill -f client.id=kafstack-7'"
        );
        assert!(line.tidies);
    }
}
