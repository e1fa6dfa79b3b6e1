//! A user's settings in the languages of Kafka's clients: pure text, each value escaped as its reader reads it.
//!
//! Sources: apache/kafka:clients/src/main/java/org/apache/kafka/common/config/SslConfigs.java (PEM trust stores),
//! confluentinc/librdkafka:CONFIGURATION.md (`ssl.ca.pem`, `ssl.ca.location`), confluentinc/librdkafka:src/rdkafka_sasl.c
//! (SCRAM only where it was built with OpenSSL), edenhill/kcat:kcat.c (its files).

mod escape;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::ClientFormat;
use crate::host::secret::Secret;
use escape::{jaas, java_property, python, shell, spring};

/// What the first line of everything says that kafstack writes for clients, so that it may be replaced later.
pub const MARK: &str = "made by kafstack client-config";
/// The schema of the JSON form, which is its mark.
pub const SCHEMA: &str = "kafstack/client-config/v1";

/// The mechanism of every user.
const MECHANISM: &str = "SCRAM-SHA-512";

/// The authority's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// As PEM text within the settings.
    Inline(String),
    /// In a file of its own, with an absolute path.
    File(PathBuf),
}

/// What a client must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// They are of a simulated cluster.
    pub rehearsal: bool,
    /// The user, as kafstack calls it.
    pub user: String,
    /// The brokers, comma-separated.
    pub endpoints: String,
    /// The user's name in Kafka.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The topic.
    pub topic: String,
    /// What the names of consumer groups must begin with; empty: any, or none.
    pub group_prefix: String,
    /// The certificate, if connections are encrypted.
    pub authority: Option<Authority>,
}

/// Whether a client of that kind reads the certificate only from a file: its settings are lines `key=value`, in
/// which no line break can stand.
pub fn needs_authority_file(format: ClientFormat) -> bool {
    matches!(format, ClientFormat::Librdkafka | ClientFormat::Kcat)
}

/// A certificate as a file: text before the first line of the certificate is passed over by all readers.
pub fn authority_file(pem: &str) -> String {
    format!("# {MARK}: the certificate of the authority that signs for the brokers\n{pem}\n")
}

impl Settings {
    /// As a client of that kind reads them.
    ///
    /// # Errors
    /// A value holds what such a file cannot hold: the name of the value.
    pub fn render(&self, format: ClientFormat) -> Result<String, &'static str> {
        Ok(match format {
            ClientFormat::Properties => self.properties(),
            ClientFormat::Env => self.environment(),
            ClientFormat::Json => self.json(),
            ClientFormat::Librdkafka | ClientFormat::Kcat => self.lines(format)?,
            ClientFormat::Spring => self.spring(),
            ClientFormat::Python => self.python(),
            ClientFormat::Rust => self.rust(),
        })
    }

    /// `SASL_SSL` or `SASL_PLAINTEXT`.
    fn protocol(&self) -> &'static str {
        if self.authority.is_some() { "SASL_SSL" } else { "SASL_PLAINTEXT" }
    }

    /// A consumer group that this user may use; `None` if it is not bound to any.
    fn group(&self) -> Option<String> {
        (!self.group_prefix.is_empty()).then(|| format!("{}{}", self.group_prefix, self.user))
    }

    /// The first lines, after this comment sign.
    fn head(&self, sign: &str) -> String {
        let rehearsal = if self.rehearsal { " (rehearsal: there is no such cluster)" } else { "" };
        let mut head = format!("{sign} {MARK}: user {}, topic {}{rehearsal}\n", self.user, self.topic);
        if !self.group_prefix.is_empty() {
            let _ =
                writeln!(head, "{sign} the names of its consumer groups begin with {}", self.group_prefix);
        }
        head
    }

    /// The line for Java's login module. Java reads it with a `StreamTokenizer`
    /// (apache/kafka:clients/src/main/java/org/apache/kafka/common/security/JaasConfig.java).
    fn login(&self) -> String {
        format!(
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"{}\" password=\"{}\";",
            jaas(&self.username),
            jaas(self.password.reveal())
        )
    }

    /// What Java's clients know, in the order of a reader; bootstrap servers and group apart.
    fn java(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("security.protocol", self.protocol().to_owned()),
            ("sasl.mechanism", MECHANISM.to_owned()),
            ("sasl.jaas.config", self.login()),
        ];
        if self.authority.is_some() {
            all.push(("ssl.truststore.type", "PEM".to_owned()));
        }
        match &self.authority {
            Some(Authority::Inline(pem)) => all.push(("ssl.truststore.certificates", pem.clone())),
            Some(Authority::File(path)) => all.push(("ssl.truststore.location", path.display().to_string())),
            None => {}
        }
        all
    }

    /// What clients on librdkafka know; the group apart.
    fn librdkafka(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("bootstrap.servers", self.endpoints.clone()),
            ("security.protocol", self.protocol().to_owned()),
            ("sasl.mechanism", MECHANISM.to_owned()),
            ("sasl.username", self.username.clone()),
            ("sasl.password", self.password.reveal().to_owned()),
        ];
        match &self.authority {
            Some(Authority::Inline(pem)) => all.push(("ssl.ca.pem", pem.clone())),
            Some(Authority::File(path)) => all.push(("ssl.ca.location", path.display().to_string())),
            None => {}
        }
        all
    }

    /// For Kafka's own tools and every Java client.
    fn properties(&self) -> String {
        let mut out = self.head("#");
        let group = self.group().map(|group| ("group.id", group));
        let servers = ("bootstrap.servers", self.endpoints.clone());
        for (key, value) in std::iter::once(servers).chain(self.java()).chain(group) {
            let _ = writeln!(out, "{key}={}", java_property(&value));
        }
        out
    }

    /// For a shell.
    fn environment(&self) -> String {
        let mut all = vec![
            ("KAFKA_BOOTSTRAP_SERVERS", self.endpoints.clone()),
            ("KAFKA_SECURITY_PROTOCOL", self.protocol().to_owned()),
            ("KAFKA_SASL_MECHANISM", MECHANISM.to_owned()),
            ("KAFKA_SASL_USERNAME", self.username.clone()),
            ("KAFKA_SASL_PASSWORD", self.password.reveal().to_owned()),
            ("KAFKA_TOPIC", self.topic.clone()),
            ("KAFKA_GROUP_PREFIX", self.group_prefix.clone()),
            ("KAFKA_GROUP_ID", self.group().unwrap_or_default()),
        ];
        match &self.authority {
            Some(Authority::Inline(pem)) => all.push(("KAFKA_SSL_CA_PEM", pem.clone())),
            Some(Authority::File(path)) => all.push(("KAFKA_SSL_CA_LOCATION", path.display().to_string())),
            None => {}
        }
        let mut out = self.head("#");
        for (name, value) in all {
            let _ = writeln!(out, "export {name}={}", shell(&value));
        }
        out
    }

    /// For programs.
    fn json(&self) -> String {
        let (pem, file) = match &self.authority {
            Some(Authority::Inline(pem)) => (Some(pem), None),
            Some(Authority::File(path)) => (None, Some(path.display().to_string())),
            None => (None, None),
        };
        let document = json!({
            "schema": SCHEMA,
            "rehearsal": self.rehearsal,
            "user": self.user,
            "topic": self.topic,
            "bootstrap_servers": self.endpoints.split(',').collect::<Vec<_>>(),
            "security_protocol": self.protocol(),
            "sasl_mechanism": MECHANISM,
            "username": self.username,
            "password": self.password.reveal(),
            "group_prefix": self.group_prefix,
            "group_id": self.group(),
            "ca": pem,
            "ca_file": file,
        });
        format!("{document:#}\n")
    }

    /// Lines `key=value` without any escaping: white space around a value is taken away, and a line break ends it.
    fn lines(&self, format: ClientFormat) -> Result<String, &'static str> {
        let mut out = self.head("#");
        if format == ClientFormat::Kcat {
            let _ = writeln!(out, "# kcat -F THIS-FILE -t {} …", self.topic);
        }
        for (key, value) in self.librdkafka().into_iter().chain(self.group().map(|g| ("group.id", g))) {
            if value.trim() != value || value.chars().any(char::is_control) {
                return Err(key);
            }
            let _ = writeln!(out, "{key}={value}");
        }
        Ok(out)
    }

    /// For Spring Boot.
    fn spring(&self) -> String {
        let mut out = self.head("#");
        let _ = writeln!(out, "spring:\n  kafka:\n    bootstrap-servers: {}", spring(&self.endpoints));
        let _ = writeln!(out, "    properties:");
        for (key, value) in self.java() {
            let _ = writeln!(out, "      {key}: {}", spring(&value));
        }
        if let Some(group) = self.group() {
            let _ = writeln!(out, "    consumer:\n      group-id: {}", spring(&group));
        }
        let _ = writeln!(out, "    template:\n      default-topic: {}", spring(&self.topic));
        out
    }

    /// For confluent-kafka.
    fn python(&self) -> String {
        let mut out = self.head("#");
        out.push_str(
            "# confluent_kafka.Producer(config), confluent_kafka.Consumer(consumer_config)\n\nconfig = {\n",
        );
        for (key, value) in self.librdkafka() {
            let _ = writeln!(out, "    \"{key}\": {},", python(&value));
        }
        let _ = writeln!(out, "}}\ntopic = {}", python(&self.topic));
        let _ = match self.group() {
            Some(group) => writeln!(out, "consumer_config = {{**config, \"group.id\": {}}}", python(&group)),
            None => writeln!(out, "consumer_config = dict(config)"),
        };
        out
    }

    /// For the crate rdkafka.
    fn rust(&self) -> String {
        let mut out = self.head("//");
        let _ = writeln!(out, "\n/// The topic.\npub const TOPIC: &str = {:?};", self.topic);
        if let Some(group) = self.group() {
            let _ = writeln!(out, "/// A `group.id` for consumers.\npub const GROUP_ID: &str = {group:?};");
        }
        out.push_str("\n/// The settings of every client; SCRAM needs the feature `ssl` of rdkafka, encrypted or not.\n");
        out.push_str("pub fn client_config() -> rdkafka::ClientConfig {\n");
        out.push_str("    let mut config = rdkafka::ClientConfig::new();\n");
        for (key, value) in self.librdkafka() {
            let _ = writeln!(out, "    config.set({key:?}, {value:?});");
        }
        out.push_str("    config\n}\n");
        out
    }
}
