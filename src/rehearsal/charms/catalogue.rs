//! What the simulated store knows of charms: tracks, revisions, endpoints, options. Nothing here knows of units.

/// A charm on one track.
pub struct Charm {
    /// Its name.
    pub name: &'static str,
    /// The track.
    pub track: &'static str,
    /// The risks at which something is published.
    pub risks: &'static [&'static str],
    /// The Ubuntu release below it.
    pub base: &'static str,
    /// Its revision.
    pub revision: u32,
    /// The version of what it carries; empty if it says none.
    pub version: &'static str,
    /// Where it can be related.
    pub endpoints: &'static [Endpoint],
    /// The endpoints between its own units, with their interfaces.
    pub peers: &'static [(&'static str, &'static str)],
    /// Its options.
    pub options: &'static [Setting],
    /// How long its install hook runs, in seconds.
    pub installs: i64,
    /// The name of its storage, if it has any.
    pub storage: Option<&'static str>,
}

/// Where a charm can be related.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// Its name.
    pub name: &'static str,
    /// Its interface.
    pub interface: &'static str,
    /// Whether the charm provides there.
    pub provides: bool,
    /// Whether one relation is the most.
    pub single: bool,
}

/// An option: its name, and its default; `None` for one that is unset.
pub type Setting = (&'static str, Kind, Option<&'static str>);

/// The type of an option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Yes or no.
    Bool,
    /// The URI of a secret.
    Secret,
}

/// An endpoint that provides.
const fn provides(name: &'static str, interface: &'static str) -> Endpoint {
    Endpoint { name, interface, provides: true, single: false }
}

/// An endpoint that requires.
const fn requires(name: &'static str, interface: &'static str) -> Endpoint {
    Endpoint { name, interface, provides: false, single: false }
}

/// An endpoint that requires and takes one relation only.
const fn one(name: &'static str, interface: &'static str) -> Endpoint {
    Endpoint { name, interface, provides: false, single: true }
}

/// The charm at that channel, `None` when nothing is published there.
pub fn at(name: &str, channel: &str) -> Option<&'static Charm> {
    let (track, risk) = match channel.split_once('/') {
        Some(both) => both,
        None if ["stable", "candidate", "beta", "edge"].contains(&channel) => (default_track(name), channel),
        None => (channel, "stable"),
    };
    STORE.iter().find(|charm| charm.name == name && charm.track == track && charm.risks.contains(&risk))
}

/// Whether the store knows the charm at all.
pub fn exists(name: &str) -> bool {
    STORE.iter().any(|charm| charm.name == name)
}

/// The channel that a bare `deploy` follows. Nobody knows kafka's default track on a given day; here it is the newest.
pub fn default_channel(name: &str) -> String {
    format!("{}/stable", default_track(name))
}

/// The default track.
fn default_track(name: &str) -> &'static str {
    match name {
        "kafka" | "kafka-connect" => "4",
        "zookeeper" => "3",
        "self-signed-certificates" => "1",
        _ => "latest",
    }
}

const KAFKA_CLIENT: Endpoint = provides("kafka-client", "kafka_client");
const AGENT: Endpoint = provides("cos-agent", "cos_agent");
const CERTIFICATES: Endpoint = one("certificates", "tls-certificates");
const BOTH: &[&str] = &["stable", "candidate", "beta", "edge"];

/// The endpoints of kafka 3 (canonical/kafka-operator@rev240:metadata.yaml).
const KAFKA_3: &[Endpoint] = &[
    KAFKA_CLIENT,
    AGENT,
    provides("peer-cluster-orchestrator", "peer_cluster"),
    one("zookeeper", "zookeeper"),
    CERTIFICATES,
    requires("trusted-ca", "tls-certificates"),
    requires("trusted-certificate", "tls-certificates"),
    requires("peer-cluster", "peer_cluster"),
    one("oauth", "oauth"),
];

/// The endpoints of kafka 4 (canonical/kafka-operator:machine/metadata.yaml).
const KAFKA_4: &[Endpoint] = &[
    KAFKA_CLIENT,
    AGENT,
    provides("peer-cluster-orchestrator", "peer_cluster"),
    CERTIFICATES,
    one("peer-certificates", "tls-certificates"),
    requires("client-cas", "certificate_transfer"),
    requires("peer-cluster", "peer_cluster"),
    one("oauth", "oauth"),
];

/// The options of kafka 3; those of kafka 4 have hyphens instead.
const KAFKA_3_OPTIONS: &[Setting] = &[
    ("roles", Kind::Text, Some("broker")),
    ("profile", Kind::Text, Some("production")),
    ("log_level", Kind::Text, Some("INFO")),
    ("log_retention_ms", Kind::Text, Some("-1")),
    ("log_retention_bytes", Kind::Text, Some("-1")),
    ("log_segment_bytes", Kind::Int, Some("1073741824")),
    ("message_max_bytes", Kind::Int, Some("1048588")),
    ("compression_type", Kind::Text, Some("producer")),
    ("log_cleanup_policy", Kind::Text, Some("delete")),
    ("log_flush_interval_messages", Kind::Text, Some("9223372036854775807")),
    ("log_message_timestamp_type", Kind::Text, Some("CreateTime")),
    ("log_cleaner_delete_retention_ms", Kind::Text, Some("86400000")),
    ("log_cleaner_min_compaction_lag_ms", Kind::Text, Some("0")),
    ("offsets_topic_num_partitions", Kind::Int, Some("50")),
    ("transaction_state_log_num_partitions", Kind::Int, Some("50")),
    ("replication_quota_window_num", Kind::Int, Some("11")),
    ("ssl_cipher_suites", Kind::Text, Some("")),
    ("ssl_principal_mapping_rules", Kind::Text, Some("DEFAULT")),
    ("extra_listeners", Kind::Text, Some("")),
    ("certificate_extra_sans", Kind::Text, Some("")),
    ("certificate_include_ip_sans", Kind::Bool, Some("true")),
    ("expose_external", Kind::Text, Some("nodeport")),
    ("network_bandwidth", Kind::Int, Some("50000")),
    ("cruisecontrol_balance_threshold", Kind::Float, Some("1.1")),
    ("cruisecontrol_capacity_threshold", Kind::Float, Some("0.8")),
];

/// The options of kafka 4.
const KAFKA_4_OPTIONS: &[Setting] = &[
    ("roles", Kind::Text, Some("broker")),
    ("profile", Kind::Text, Some("production")),
    ("log-level", Kind::Text, Some("INFO")),
    ("log-retention-ms", Kind::Text, Some("-1")),
    ("log-retention-bytes", Kind::Text, Some("-1")),
    ("log-segment-bytes", Kind::Int, Some("1073741824")),
    ("message-max-bytes", Kind::Int, Some("1048588")),
    ("compression-type", Kind::Text, Some("producer")),
    ("log-cleanup-policy", Kind::Text, Some("delete")),
    ("log-flush-interval-messages", Kind::Text, Some("9223372036854775807")),
    ("log-message-timestamp-type", Kind::Text, Some("CreateTime")),
    ("log-cleaner-delete-retention-ms", Kind::Text, Some("86400000")),
    ("log-cleaner-min-compaction-lag-ms", Kind::Text, Some("0")),
    ("offsets-topic-num-partitions", Kind::Int, Some("50")),
    ("transaction-state-log-num-partitions", Kind::Int, Some("50")),
    ("replication-quota-window-num", Kind::Int, Some("11")),
    ("ssl-cipher-suites", Kind::Text, Some("")),
    ("ssl-principal-mapping-rules", Kind::Text, Some("DEFAULT")),
    ("extra-listeners", Kind::Text, Some("")),
    ("certificate-extra-sans", Kind::Text, Some("")),
    ("expose-external", Kind::Text, Some("nodeport")),
    ("network-bandwidth", Kind::Int, Some("50000")),
    ("cruisecontrol-balance-threshold", Kind::Float, Some("1.1")),
    ("cruisecontrol-capacity-threshold", Kind::Float, Some("0.8")),
    ("system-users", Kind::Secret, None),
    ("tls-private-key", Kind::Secret, None),
    ("pause-after-unit-refresh", Kind::Text, Some("first")),
];

/// A charm without storage, options or peers.
const BARE: Charm = Charm {
    name: "",
    track: "latest",
    risks: BOTH,
    base: "22.04",
    revision: 1,
    version: "",
    endpoints: &[],
    peers: &[],
    options: &[],
    installs: 40,
    storage: None,
};

/// The charms.
static STORE: [Charm; 9] = [
    Charm {
        name: "kafka",
        track: "3",
        revision: 240,
        version: "3.9.0",
        endpoints: KAFKA_3,
        peers: &[("cluster", "cluster"), ("restart", "rolling_op"), ("upgrade", "upgrade")],
        options: KAFKA_3_OPTIONS,
        installs: 200,
        storage: Some("data"),
        ..BARE
    },
    Charm {
        name: "kafka",
        track: "4",
        base: "24.04",
        revision: 248,
        version: "4.1.1",
        endpoints: KAFKA_4,
        peers: &[("cluster", "cluster"), ("restart", "rolling_op"), ("refresh-v-three", "upgrade")],
        options: KAFKA_4_OPTIONS,
        installs: 200,
        storage: Some("data"),
        ..BARE
    },
    Charm {
        name: "zookeeper",
        track: "3",
        revision: 163,
        version: "3.9.2",
        endpoints: &[provides("zookeeper", "zookeeper"), AGENT, CERTIFICATES, one("s3-credentials", "s3")],
        peers: &[("cluster", "cluster"), ("restart", "rolling_op"), ("upgrade", "upgrade")],
        options: &[
            ("init-limit", Kind::Int, Some("5")),
            ("sync-limit", Kind::Int, Some("2")),
            ("tick-time", Kind::Int, Some("2000")),
            ("log-level", Kind::Text, Some("INFO")),
            ("certificate-include-ip-sans", Kind::Bool, Some("true")),
            ("expose-external", Kind::Text, Some("false")),
        ],
        installs: 200,
        storage: Some("data"),
        ..BARE
    },
    Charm {
        name: "data-integrator",
        base: "24.04",
        revision: 362,
        endpoints: &[
            provides("mongos", "mongos_client"),
            one("kafka", "kafka_client"),
            one("zookeeper", "zookeeper"),
            one("mysql", "mysql_client"),
            one("postgresql", "postgresql_client"),
            one("mongodb", "mongodb_client"),
            one("opensearch", "opensearch_client"),
        ],
        peers: &[("data-integrator-peers", "data-integrator-peers")],
        options: &[
            ("topic-name", Kind::Text, None),
            ("extra-user-roles", Kind::Text, None),
            ("consumer-group-prefix", Kind::Text, None),
            ("extra-group-roles", Kind::Text, None),
            ("entity-type", Kind::Text, None),
            ("entity-permissions", Kind::Text, None),
            ("mtls-cert", Kind::Text, None),
            ("requested-entities-secret", Kind::Secret, None),
            ("database-name", Kind::Text, None),
            ("index-name", Kind::Text, None),
            ("prefix-name", Kind::Text, None),
        ],
        ..BARE
    },
    Charm {
        name: "kafka-test-app",
        risks: &["edge"],
        revision: 16,
        endpoints: &[
            requires("kafka-cluster", "kafka_client"),
            requires("database", "mongodb_client"),
            CERTIFICATES,
        ],
        peers: &[("app-peers", "app-peers")],
        options: &[
            ("role", Kind::Text, Some("consumer")),
            ("topic_name", Kind::Text, Some("test-topic")),
            ("replication_factor", Kind::Int, Some("1")),
            ("partitions", Kind::Int, Some("5")),
            ("num_messages", Kind::Int, Some("1000")),
            ("consumer_group_prefix", Kind::Text, None),
        ],
        ..BARE
    },
    Charm {
        name: "self-signed-certificates",
        track: "1",
        base: "24.04",
        revision: 317,
        endpoints: &[
            provides("certificates", "tls-certificates"),
            provides("send-ca-cert", "certificate_transfer"),
            requires("tracing", "tracing"),
        ],
        options: &[
            ("ca-common-name", Kind::Text, Some("self-signed-certificates-operator")),
            ("root-ca-validity", Kind::Text, Some("365d")),
            ("certificate-validity", Kind::Text, Some("90d")),
            ("certificate-limit", Kind::Int, Some("99")),
            ("ca-organization", Kind::Text, None),
        ],
        installs: 50,
        ..BARE
    },
    Charm {
        name: "kafka-connect",
        track: "4",
        risks: &["edge"],
        base: "24.04",
        revision: 38,
        version: "4.1.1",
        endpoints: &[
            provides("connect-client", "connect_client"),
            AGENT,
            one("kafka-client", "kafka_client"),
            requires("certificates", "tls-certificates"),
        ],
        peers: &[("worker", "worker"), ("restart", "rolling_op"), ("upgrade", "upgrade")],
        options: &[
            ("system-users", Kind::Secret, None),
            ("profile", Kind::Text, Some("production")),
            ("rest_port", Kind::Int, Some("8083")),
            ("log_level", Kind::Text, Some("INFO")),
            ("key_converter", Kind::Text, Some("org.apache.kafka.connect.json.JsonConverter")),
            ("value_converter", Kind::Text, Some("org.apache.kafka.connect.json.JsonConverter")),
            ("exactly_once_source_support", Kind::Bool, Some("false")),
        ],
        installs: 90,
        storage: Some("plugins"),
    },
    Charm {
        name: "kafka-ui",
        base: "24.04",
        revision: 6,
        endpoints: &[
            requires("kafka-client", "kafka_client"),
            requires("karapace-client", "karapace_client"),
            requires("connect-client", "connect_client"),
            requires("certificates", "tls-certificates"),
        ],
        peers: &[("peers", "peers")],
        options: &[("system-users", Kind::Secret, None)],
        installs: 90,
        ..BARE
    },
    Charm {
        name: "karapace",
        base: "24.04",
        revision: 21,
        endpoints: &[
            provides("karapace", "karapace_client"),
            AGENT,
            requires("kafka", "kafka_client"),
            requires("certificates", "tls-certificates"),
        ],
        peers: &[("cluster", "cluster"), ("restart", "rolling_op")],
        installs: 90,
        ..BARE
    },
];
