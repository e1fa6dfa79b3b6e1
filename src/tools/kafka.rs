//! Kafka's own tools in a unit, as the charm's snap brings them.

use crate::host::CommandLine;

/// The client settings of the cluster's admin account on every broker (canonical/kafka-operator:src/literals.py).
const CLIENT_PROPERTIES: &str = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";

/// The port on which brokers talk to each other, open without any client: on track 3 plaintext, on track 4 always
/// TLS. The client port opens with the first user only (canonical/kafka-operator:src/core/cluster.py).
pub fn internal_port(kraft: bool) -> u16 {
    if kraft { 19093 } else { 19092 }
}

/// Lists topics on a broker: the proof that it serves. `client.properties` names the client port, which may be
/// closed, so the bootstrap server is given explicitly.
pub fn list_topics(target: &str, unit: &str, address: &str, kraft: bool) -> CommandLine {
    let command = format!(
        "charmed-kafka.topics --list --bootstrap-server {address}:{} --command-config {CLIENT_PROPERTIES}",
        internal_port(kraft)
    );
    super::juju::exec(target, unit, &command)
}
