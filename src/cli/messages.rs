//! The commands about groups, messages and the cluster's own admin.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Shown, duration};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Group {
    /// List the consumer groups and how many messages each has still to read
    List(GroupList),
    /// Show what a group has read of each partition, and who reads it
    Describe(GroupDescribe),
}

#[derive(Args, Debug)]
pub struct GroupList {
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
pub struct GroupDescribe {
    /// Its name
    pub name: String,
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Every line is one message, an empty one too. The last line ends the command; on a terminal that is Ctrl-D.

Examples:
  echo hello | kafstack produce orders
  kafstack produce orders --key-separator : < orders.txt")]
pub struct Produce {
    /// The topic
    pub topic: String,
    /// Every line is a key, this, and the message; `\t` is a tab
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub key_separator: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --max and --timeout it goes on until Ctrl-C, which is its normal end (exit code 0).

Examples:
  kafstack consume orders --from-beginning --max 10
  kafstack consume orders --group billing --timeout 30s
  kafstack consume orders --print-keys --key-separator :")]
pub struct Consume {
    /// The topic
    pub topic: String,
    /// Read as a member of this group, which remembers how far it has read
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Begin with the oldest message instead of the next; a group that has read before goes on where it was
    #[arg(long)]
    pub from_beginning: bool,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_147_483_647))]
    pub max: Option<u32>,
    /// End when no message has come for so long, such as 30s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Print the key before each message
    #[arg(long)]
    pub print_keys: bool,
    /// What stands between key and message [default: a tab]; `\t` is a tab
    #[arg(long, value_name = "TEXT", requires = "print_keys", allow_hyphen_values = true)]
    pub key_separator: Option<String>,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Admin {
    /// Show the cluster's own admin account
    Show(AdminShow),
    /// Give the cluster's own admin account a new password
    Rotate,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack admin show
  kafstack admin show --reveal --format json")]
pub struct AdminShow {
    /// Print the password as well
    #[arg(long)]
    pub reveal: bool,
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}
