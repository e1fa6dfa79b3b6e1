//! What the charms say of themselves, as a table: which words are harmless, which pass, which wait for a person.
//!
//! Sources: canonical/kafka-operator (track 3: `src/literals.py`, `src/core/cluster.py`; track 4:
//! `common/single_kernel_kafka/core/literals.py`), canonical/zookeeper-operator (`src/literals.py`),
//! canonical/data-integrator (`src/charm.py`), canonical/kafka-test-app (`src/charm.py`),
//! canonical/self-signed-certificates-operator (`src/charm.py`), the literals of kafka-connect-operator,
//! kafka-ui-operator and karapace-operator, and Juju's own words. Nothing here looks at units or time.

use std::time::Duration;

/// One thing that a charm says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The charm; `*` is Juju itself, on behalf of any charm.
    pub charm: &'static str,
    /// The tracks on which it says so; none named: all.
    pub tracks: &'static [&'static str],
    /// The workload state.
    pub status: &'static str,
    /// The message.
    pub message: Message,
    /// What it means for us.
    pub class: Class,
}

/// How a message is recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// It reads exactly so.
    Exact(&'static str),
    /// It begins so.
    Prefix(&'static str),
}

/// What a message means for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Class {
    /// Nothing to wait for.
    Benign,
    /// As it should be before the next step of the plan.
    Normal,
    /// Passes by itself.
    Transient {
        /// After this long it no longer does; `None`: only the step's limit ends the waiting.
        grace: Option<Duration>,
    },
    /// Waits for a person.
    Act {
        /// Unless it is gone after this long.
        grace: Duration,
        /// What the person can do.
        hint: &'static str,
    },
}

/// What the table knows of this charm, on this track, with this workload state and message. `None` is a text that
/// nobody has written down: it is shown and waited on.
pub fn judge(charm: &str, track: &str, status: &str, message: &str) -> Option<&'static Row> {
    let message = message.trim();
    let fits = |row: &&Row| {
        (row.charm == charm || row.charm == "*")
            && (row.tracks.is_empty() || row.tracks.contains(&track))
            && row.status == status
            && match row.message {
                Message::Exact(text) => message == text,
                Message::Prefix(text) => message.starts_with(text),
            }
    };
    TABLE.iter().find(fits)
}

use Class::{Benign, Normal};
use Message::{Exact, Prefix};

/// Passes, however long it takes.
const PASSES: Class = Class::Transient { grace: None };

/// Passes within so many minutes, or not at all.
const fn passes_within(minutes: u64) -> Class {
    Class::Transient { grace: Some(Duration::from_secs(minutes * 60)) }
}

/// Waits for a person, unless it is gone after so many minutes.
const fn act_after(minutes: u64, hint: &'static str) -> Class {
    Class::Act { grace: Duration::from_secs(minutes * 60), hint }
}

/// One row.
const fn row(
    charm: &'static str,
    tracks: &'static [&'static str],
    status: &'static str,
    message: Message,
    class: Class,
) -> Row {
    Row { charm, tracks, status, message, class }
}

const ALL: &[&str] = &[];
const V3: &[&str] = &["3"];
const V4: &[&str] = &["4"];

const NO_SNAP: &str = "the container could not install a snap: look whether it reaches the internet \
    (`juju exec --unit UNIT -- snap info charmed-kafka`, and the proxy settings), then add a unit anew";
const ONE_SIDED_TLS: &str = "integrate both kafka and zookeeper with the certificates' provider, or neither";
const RECREATE: &str = "remove the relation and add it again";

/// How long a charm on LXD may take over what its install hook left behind: the next hook overwrites it.
const INSTALL: u64 = 10;

/// Everything that was written down.
static TABLE: &[Row] = &[
    // kafka, both tracks
    row("kafka", ALL, "active", Exact(""), Benign),
    row("kafka", ALL, "active", Exact("machine system settings are not optimal - see logs for info"), Benign),
    row(
        "kafka",
        ALL,
        "active",
        Exact("manual partition reassignment may be needed to utilize new storage volumes"),
        Benign,
    ),
    row(
        "kafka",
        ALL,
        "active",
        Exact(
            "manual partition reassignment from replicated brokers recommended due to lost partitions on removed storage volumes",
        ),
        act_after(0, "reassign the partitions that were on the removed storage"),
    ),
    row(
        "kafka",
        ALL,
        "active",
        Exact("potential data loss due to storage removal without replication"),
        act_after(0, "look what was on the removed storage"),
    ),
    row(
        "kafka",
        ALL,
        "blocked",
        Exact("sysctl params cannot be set. Is the machine running on a container?"),
        passes_within(INSTALL),
    ),
    row("kafka", ALL, "blocked", Exact("unable to install charmed-kafka snap"), act_after(5, NO_SNAP)),
    row("kafka", ALL, "maintenance", Exact("no peer relation yet"), PASSES),
    row("kafka", ALL, "maintenance", Exact("not all units related"), PASSES),
    row("kafka", ALL, "waiting", Exact("internal broker credentials not yet added"), PASSES),
    row("kafka", ALL, "waiting", Exact("unit waiting for signed certificates"), PASSES),
    row("kafka", ALL, "maintenance", Exact("no balancer relation yet"), PASSES),
    row("kafka", ALL, "maintenance", Exact("missing broker data"), PASSES),
    row("kafka", ALL, "waiting", Exact("missing broker data"), PASSES),
    row("kafka", ALL, "waiting", Exact("waiting for 3 online brokers"), PASSES),
    row("kafka", ALL, "waiting", Exact("awaiting completion of rebalance task"), PASSES),
    row(
        "kafka",
        ALL,
        "blocked",
        Exact("Cruise Control not running"),
        act_after(10, "look into Cruise Control's log on that unit"),
    ),
    row(
        "kafka",
        ALL,
        "blocked",
        Exact("missing required peer-cluster relation"),
        act_after(10, "integrate the brokers with their controllers, or set `roles`"),
    ),
    row(
        "kafka",
        ALL,
        "blocked",
        Exact("feature not yet implemented"),
        act_after(5, "the charm cannot do this combination of options"),
    ),
    // kafka, track 3
    row("kafka", V3, "blocked", Exact("Application needs ZooKeeper or KRaft mode"), Normal),
    row("kafka", V3, "blocked", Exact("missing required zookeeper relation"), Normal),
    row("kafka", V3, "blocked", Exact("unit not connected to zookeeper"), passes_within(10)),
    row(
        "kafka",
        V3,
        "blocked",
        Exact("tls must be enabled on both kafka and zookeeper"),
        act_after(15, ONE_SIDED_TLS),
    ),
    row("kafka", V3, "waiting", Exact("zookeeper credentials not created yet"), PASSES),
    row("kafka", V3, "blocked", Exact("Broker not running"), passes_within(10)),
    row("kafka", V3, "waiting", Exact("Waiting for cluster uuid"), PASSES),
    row("kafka", V3, "waiting", Exact("Waiting for bootstrap controller"), PASSES),
    row("kafka", V3, "waiting", Exact("Waiting for controller user credentials"), PASSES),
    // kafka, track 4
    row("kafka", V4, "blocked", Exact("application needs to be related with a KRaft controller"), Normal),
    row("kafka", V4, "blocked", Exact("service not running"), passes_within(10)),
    row("kafka", V4, "blocked", Exact("unit not connected to the controller"), passes_within(15)),
    row("kafka", V4, "waiting", Exact("waiting for cluster uuid"), PASSES),
    row("kafka", V4, "waiting", Exact("waiting for bootstrap controller"), PASSES),
    row("kafka", V4, "waiting", Exact("waiting for controller user credentials"), PASSES),
    row("kafka", V4, "waiting", Exact("waiting for internal TLS setup"), PASSES),
    row("kafka", V4, "waiting", Exact("waiting for peer-cluster TLS setup"), PASSES),
    row(
        "kafka",
        V4,
        "blocked",
        Exact("can't setup mTLS client without a TLS relation first."),
        act_after(5, "integrate kafka with the certificates' provider first"),
    ),
    row(
        "kafka",
        V4,
        "blocked",
        Exact("mTLS client's certificate is not a valid leaf certificate."),
        act_after(5, "give the client another certificate"),
    ),
    row("kafka", V4, "maintenance", Prefix("Apache Kafka cluster is scaling"), PASSES),
    // zookeeper
    row("zookeeper", ALL, "active", Exact(""), Benign),
    row("zookeeper", ALL, "maintenance", Exact("no peer relation yet"), PASSES),
    row("zookeeper", ALL, "waiting", Exact("waiting for peer relation"), PASSES),
    row("zookeeper", ALL, "blocked", Exact("unable to install zookeeper service"), act_after(5, NO_SNAP)),
    row("zookeeper", ALL, "blocked", Exact("zookeeper service not running"), passes_within(30)),
    row("zookeeper", ALL, "waiting", Exact("other units starting first"), PASSES),
    row("zookeeper", ALL, "waiting", Exact("waiting for leader to create internal user credentials"), PASSES),
    row("zookeeper", ALL, "maintenance", Exact("not all units registered IP"), PASSES),
    row("zookeeper", ALL, "maintenance", Prefix("cluster not stable - "), PASSES),
    row("zookeeper", ALL, "blocked", Exact("unit not in the zookeeper quorum"), passes_within(10)),
    row(
        "zookeeper",
        ALL,
        "blocked",
        Exact("zookeeper service is unreachable or not serving requests"),
        act_after(
            10,
            "look at the service on that unit: `juju exec --unit UNIT -- snap logs charmed-zookeeper`",
        ),
    ),
    row("zookeeper", ALL, "waiting", Exact("unit waiting for signed certificates"), PASSES),
    row("zookeeper", ALL, "maintenance", Prefix("provider not ready - "), PASSES),
    row(
        "zookeeper",
        ALL,
        "blocked",
        Exact("invalid s3 configuration - missing mandatory parameters"),
        act_after(5, "correct the configuration of the backup's storage"),
    ),
    row(
        "zookeeper",
        ALL,
        "blocked",
        Exact("cannot create s3 bucket"),
        act_after(5, "correct the configuration of the backup's storage"),
    ),
    row("zookeeper", ALL, "maintenance", Exact("restoring backup"), PASSES),
    // data-integrator
    row("data-integrator", ALL, "active", Exact(""), Benign),
    row(
        "data-integrator",
        ALL,
        "blocked",
        Prefix("Please specify either topic"),
        act_after(0, "set `topic-name`"),
    ),
    row(
        "data-integrator",
        ALL,
        "blocked",
        Exact("Please pass an acceptable topic value"),
        act_after(0, "choose another topic name"),
    ),
    row(
        "data-integrator",
        ALL,
        "blocked",
        Exact("Please relate the data-integrator with the desired product"),
        Normal,
    ),
    row("data-integrator", ALL, "blocked", Prefix("To change role info"), act_after(0, RECREATE)),
    row("data-integrator", ALL, "blocked", Prefix("To change topic:"), act_after(0, RECREATE)),
    row(
        "data-integrator",
        ALL,
        "blocked",
        Exact("Unable to access requested-entities-secret"),
        act_after(0, "grant the secret to the application"),
    ),
    row(
        "data-integrator",
        ALL,
        "blocked",
        Exact("Cannot use requested-entities-secret without secrets"),
        act_after(0, "this needs a Juju with secrets"),
    ),
    // kafka-test-app: active even when nothing runs
    row("kafka-test-app", ALL, "active", Prefix("Please relate with Kafka"), Normal),
    row("kafka-test-app", ALL, "active", Prefix("Topic "), Benign),
    row("kafka-test-app", ALL, "blocked", Prefix("Please remove relation"), act_after(0, RECREATE)),
    // self-signed-certificates
    row("self-signed-certificates", ALL, "active", Exact(""), Benign),
    row(
        "self-signed-certificates",
        ALL,
        "blocked",
        Exact("Scaling is not implemented for this charm"),
        act_after(5, "scale the application to one unit"),
    ),
    row(
        "self-signed-certificates",
        ALL,
        "blocked",
        Prefix("The following configuration values are not valid:"),
        act_after(0, "correct the options that the message names"),
    ),
    // kafka-connect
    row("kafka-connect", ALL, "active", Exact(""), Benign),
    row("kafka-connect", ALL, "maintenance", Exact("Installing charmed-kafka"), PASSES),
    row(
        "kafka-connect",
        ALL,
        "blocked",
        Exact("unable to install charmed-kafka snap"),
        act_after(5, NO_SNAP),
    ),
    row("kafka-connect", ALL, "blocked", Exact("Application needs Kafka client relation"), Normal),
    row("kafka-connect", ALL, "waiting", Exact("Waiting for Kafka cluster credentials"), PASSES),
    row("kafka-connect", ALL, "blocked", Exact("Worker service is not running"), passes_within(10)),
    row("kafka-connect", ALL, "waiting", Exact("Worker is still starting up"), PASSES),
    row("kafka-connect", ALL, "blocked", Exact("Worker is unable to handle requests"), passes_within(10)),
    row("kafka-connect", ALL, "waiting", Exact("unit waiting for signed certificates"), PASSES),
    // kafka-ui
    row("kafka-ui", ALL, "active", Exact(""), Benign),
    row("kafka-ui", ALL, "maintenance", Exact("installing charmed-kafka-ui"), PASSES),
    row("kafka-ui", ALL, "blocked", Exact("application needs Kafka client relation"), Normal),
    row("kafka-ui", ALL, "waiting", Exact("waiting for Kafka cluster credentials"), PASSES),
    row("kafka-ui", ALL, "blocked", Exact("service is not running"), passes_within(10)),
    row("kafka-ui", ALL, "waiting", Exact("service is still starting up"), PASSES),
    row("kafka-ui", ALL, "blocked", Exact("service is unable to handle requests"), passes_within(10)),
    // karapace
    row("karapace", ALL, "active", Exact(""), Benign),
    row("karapace", ALL, "maintenance", Exact("no peer relation yet"), PASSES),
    row("karapace", ALL, "blocked", Exact("missing required kafka relation"), Normal),
    row("karapace", ALL, "blocked", Exact("unit not connected to kafka"), passes_within(10)),
    row(
        "karapace",
        ALL,
        "blocked",
        Exact("tls must be enabled on both karapace and kafka"),
        act_after(15, "integrate both karapace and kafka with the certificates' provider, or neither"),
    ),
    row("karapace", ALL, "blocked", Exact("karapace service not running"), passes_within(10)),
    row("karapace", ALL, "waiting", Exact("kafka credentials not created yet"), PASSES),
    row("karapace", ALL, "waiting", Exact("internal credentials not yet added"), PASSES),
    row("karapace", ALL, "waiting", Exact("unit waiting for signed certificates"), PASSES),
    // the libraries for restarting in turn and for upgrades
    row("*", ALL, "waiting", Exact("Awaiting restart operation"), PASSES),
    row("*", ALL, "maintenance", Exact("Executing restart operation"), PASSES),
    row("*", ALL, "maintenance", Exact("Beginning rolling restart"), PASSES),
    row("*", ALL, "waiting", Exact("other units upgrading first..."), PASSES),
    row("*", ALL, "maintenance", Prefix("upgrading"), PASSES),
    row("*", ALL, "maintenance", Exact("upgrade completed"), PASSES),
    row(
        "*",
        ALL,
        "blocked",
        Exact("ready to rollback application"),
        act_after(0, "an upgrade failed: refresh back to the former revision"),
    ),
    // Juju itself
    row("*", ALL, "waiting", Exact("waiting for machine"), PASSES),
    row("*", ALL, "waiting", Exact("installing agent"), PASSES),
    row("*", ALL, "waiting", Exact("agent initialising"), PASSES),
    row("*", ALL, "waiting", Exact("agent initializing"), PASSES),
    row("*", ALL, "maintenance", Exact("installing charm software"), PASSES),
    row("*", ALL, "maintenance", Exact("stopping charm software"), PASSES),
    row("*", ALL, "unknown", Exact(""), PASSES),
    row("*", ALL, "terminated", Exact(""), PASSES),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_on_the_tracks_where_it_is_said() {
        let row = judge("kafka", "3", "blocked", "Application needs ZooKeeper or KRaft mode").unwrap();
        assert_eq!(row.class, Class::Normal);
        assert_eq!(judge("kafka", "4", "blocked", "Application needs ZooKeeper or KRaft mode"), None);
        let row = judge("kafka", "4", "blocked", "service not running").unwrap();
        assert_eq!(row.class, passes_within(10));
    }

    #[test]
    fn a_beginning_is_enough_where_the_tail_varies() {
        let asks = "Please specify either topic, index, database name, or prefix";
        let row = judge("data-integrator", "latest", "blocked", asks).unwrap();
        assert!(matches!(row.class, Class::Act { .. }));
    }

    #[test]
    fn juju_speaks_on_behalf_of_every_charm() {
        assert!(judge("anything", "1", "waiting", "waiting for machine").is_some());
    }

    #[test]
    fn words_nobody_wrote_down_are_not_judged() {
        assert_eq!(judge("kafka", "3", "blocked", "the moon is full"), None);
        assert_eq!(judge("kafka", "3", "waiting", "Application needs ZooKeeper or KRaft mode"), None);
    }

    #[test]
    fn no_row_hides_another() {
        for (i, row) in TABLE.iter().enumerate() {
            let text = match row.message {
                Exact(text) => text.to_owned(),
                Prefix(text) => format!("{text}whatever"),
            };
            for track in if row.tracks.is_empty() { &["3", "4"] } else { row.tracks } {
                let charm = if row.charm == "*" { "anything" } else { row.charm };
                assert_eq!(judge(charm, track, row.status, &text), Some(row), "row {i}: {row:?}");
            }
        }
    }
}
