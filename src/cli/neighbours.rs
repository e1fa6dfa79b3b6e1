//! The commands about the applications beside Kafka.

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::TableFormat;

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

/// `add`.
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
    /// As a table for people or as JSON
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        env = "KAFSTACK_FORMAT",
        hide_env_values = true
    )]
    pub format: TableFormat,
}

/// `remove`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  kafstack remove kafka-ui --yes       without a question, for scripts")]
pub struct Remove {
    /// Which
    pub name: NeighbourName,
    /// Answer every question with yes
    #[arg(short, long, env = "KAFSTACK_YES", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// Accept that it is not there
    #[arg(long)]
    pub if_exists: bool,
}
