//! The commands about the applications beside Kafka.

use clap::{Args, ValueEnum};

use super::{Consent, Shown};

/// What can stand beside Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NeighbourName {
    /// Moves records between Kafka and other systems
    KafkaConnect,
    /// Shows topics, messages and groups in a browser
    KafkaUi,
    /// Keeps schemas
    Karapace,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack add kafka-connect               ends with a connector that writes records
  kafstack add kafka-ui --reveal           prints the password as well
  kafstack add karapace --format json")]
pub struct Add {
    /// Which
    pub name: NeighbourName,
    /// Show the password as well
    #[arg(long)]
    pub reveal: bool,
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  kafstack remove kafka-ui --yes       without a question, for scripts")]
pub struct Remove {
    /// Which
    pub name: NeighbourName,
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
    /// Accept that it is not there
    #[arg(long)]
    pub if_exists: bool,
}
