//! The commands that use a ready stack.

use clap::{Args, Subcommand};

use super::{Consent, Shown};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Topic {
    /// Make a topic
    #[command(after_help = "\
Examples:
  kafstack topic create orders
  kafstack topic create orders --partitions 6 --replication 3 --option retention.ms=3600000")]
    Create(TopicCreate),
    /// List the topics
    List(TopicList),
    /// Show a topic: partitions, leaders, replicas, options
    Describe(TopicDescribe),
    /// Give a topic more partitions or other options
    Alter(TopicAlter),
    /// Delete a topic with all its messages; asks first
    Delete(TopicDelete),
}

#[derive(Args, Debug)]
pub struct TopicCreate {
    /// Its name
    pub name: String,
    /// How many partitions
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub partitions: u32,
    /// On how many brokers each partition lies [default: 3, or as many brokers as there are]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub replication: Option<u32>,
    /// An option of the topic; may be given several times. Kafka's own word, `--config KEY=VALUE`, is
    /// understood as well when it comes after `topic create`
    #[arg(long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// Accept a topic of that name that is there already
    #[arg(long)]
    pub if_not_exists: bool,
}

#[derive(Args, Debug)]
pub struct TopicList {
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
pub struct TopicDescribe {
    /// Its name
    pub name: String,
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Args, Debug)]
pub struct TopicAlter {
    /// Its name
    pub name: String,
    /// How many partitions; never fewer than there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub partitions: Option<u32>,
    /// An option of the topic; may be given several times. Kafka's own word, `--config KEY=VALUE`, is
    /// understood as well when it comes after `topic alter`
    #[arg(long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
}

#[derive(Args, Debug)]
pub struct TopicDelete {
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
The route is gone after a restart of the laptop; `kafstack connect` makes it again.

Example:
  kafstack connect --print            only print the command that would be run")]
pub struct Connect {
    /// Only print the command that needs administrator rights
    #[arg(long)]
    pub print: bool,
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Args, Debug)]
pub struct Disconnect {
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Args, Debug)]
#[command(after_help = "\
It ends with what the shell ends with; only a 4 becomes a 1, since Multipass 1.16 would open the
shell again and again. In a rehearsal there is no shell; the simulated VM answers to commands
that kafstack itself uses or advises.

Examples:
  kafstack shell                      in the VM
  kafstack shell kafka/0              in a unit
  kafstack shell -- df -h /           one command in the VM")]
pub struct Shell {
    /// The unit, such as kafka/0; without it the VM itself
    pub unit: Option<String>,
    /// A command instead of an interactive shell
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}
