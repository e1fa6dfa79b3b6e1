//! The commands about who may use Kafka and how: users, their clients' settings, encryption, the number of units.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Consent, Shown, TextFormat};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum User {
    /// Make a user for a topic, with a password of its own
    #[command(after_help = "\
Examples:
  kafstack user create orders --topic orders
  kafstack user create reader --topic orders --role consumer --group-prefix team-
  kafstack user create app --topic events --create-topic")]
    Create(UserCreate),
    /// List the users
    List(UserList),
    /// Show a user; its password only when asked for
    Show(UserShow),
    /// Give a user another name in Kafka and another password
    #[command(after_help = "\
The old name and password stop working at once, and consumer groups that began with the old prefix
are out of reach unless the user has a prefix of its own. `kafstack client-config` then has the new
ones.")]
    Rotate(UserRotate),
    /// Delete a user; the topic and its messages stay; asks first
    Delete(UserDelete),
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// Write to the topic
    Producer,
    /// Read from the topic
    Consumer,
    /// Everything, on all topics
    Admin,
}

#[derive(Args, Debug)]
pub struct UserCreate {
    /// Its name: lower-case letters, digits and hyphens
    pub name: String,
    /// The topic that it may use
    #[arg(long, value_name = "TOPIC")]
    pub topic: String,
    /// What it may do: `producer`, `consumer`, both, or `admin`
    #[arg(long, value_name = "ROLES", value_delimiter = ',', default_value = "producer,consumer")]
    pub role: Vec<Role>,
    /// What the names of its consumer groups begin with [default: a prefix that the charm chooses]
    #[arg(long, value_name = "PREFIX")]
    pub group_prefix: Option<String>,
    /// Make the topic if there is none
    #[arg(long)]
    pub create_topic: bool,
}

#[derive(Args, Debug)]
pub struct UserList {
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
pub struct UserShow {
    /// Its name
    pub name: String,
    /// Show the password as well
    #[arg(long)]
    pub reveal: bool,
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
pub struct UserRotate {
    /// Its name
    pub name: String,
}

#[derive(Args, Debug)]
pub struct UserDelete {
    /// Its name
    pub name: String,
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
    /// Accept that there is none
    #[arg(long)]
    pub if_exists: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack client-config --output client.properties
  eval \"$(kafstack client-config --user orders --format env)\"
  kafstack client-config --format kcat --output kcat.conf --ca-file ca.pem

The settings hold the password. A file gets them readable by you alone, whole or not at all; an
existing file is replaced only if kafstack wrote it, and a symbolic link is never followed.
With TLS on, the authority's certificate is part of the settings, except for librdkafka and kcat,
whose files cannot hold it: --ca-file says where it goes, and without that it goes beside --output.")]
pub struct ClientConfig {
    /// Whose [default: the only user there is]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// For which client
    #[arg(long, value_name = "FORMAT", default_value = "properties")]
    pub format: ClientFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// With TLS on, write the authority's certificate to this file and refer to it
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// Formats of `client-config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClientFormat {
    /// Kafka's own tools and every Java client
    Properties,
    /// Variables for a shell
    Env,
    /// For programs
    Json,
    /// Clients on librdkafka that read `key=value` lines
    Librdkafka,
    /// `kcat -F FILE`
    Kcat,
    /// Spring Boot's application.yaml
    Spring,
    /// A module for confluent-kafka
    Python,
    /// A function for the crate rdkafka
    Rust,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Tls {
    /// Encrypt connections, with an authority of the stack's own
    #[command(after_help = "Example:\n  kafstack tls enable --ca-name \"Demo CA\"")]
    Enable(TlsEnable),
    /// Go back to plain connections; asks first
    Disable(TlsDisable),
    /// Print the authority's certificate, which clients need
    #[command(after_help = "Example:\n  kafstack tls ca > ca.pem")]
    Ca(TlsCa),
}

#[derive(Args, Debug)]
pub struct TlsEnable {
    /// What the authority is called [default: kafstack, or as it is called already]
    #[arg(long, value_name = "NAME")]
    pub ca_name: Option<String>,
}

#[derive(Args, Debug)]
pub struct TlsDisable {
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Args, Debug)]
pub struct TlsCa {
    /// As PEM text or as JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: TextFormat,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack scale --kafka 4                 one broker more
  kafstack scale --zookeeper 3 --yes       from five to three, without a question")]
pub struct Scale {
    /// How many units of Kafka
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub kafka: Option<u32>,
    /// How many units of ZooKeeper; an odd number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub zookeeper: Option<u32>,
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
}
