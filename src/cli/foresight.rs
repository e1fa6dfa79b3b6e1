//! The commands that say beforehand what would be, and what may be wrong.

use clap::{Args, Subcommand, ValueEnum};

use super::{Shown, TextFormat};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack plan --preset kraft               what `up` would run on a fresh laptop
  kafstack plan --format shell > by-hand.sh  the same as a script for a person")]
pub struct Plan {
    /// As text, as JSON or as a shell script
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
}

#[derive(Args, Debug)]
pub struct Doctor {
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Config {
    /// Show the configuration in force and where each value came from
    Show {
        /// As a table for people, as JSON, or as YAML that can be used as a configuration file
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: ConfigFormat,
    },
    /// Write a commented kafstack.yaml (or the file that --config names); an existing file is never overwritten
    Init,
    /// Check the configuration file, the environment and the options, without regard to any VM
    Check,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack explain                    everything that can be explained
  kafstack explain kafka-not-ready    a failure, by the id that it was printed with
  kafstack explain 'no space left on device'
                                      what a tool said")]
pub struct Explain {
    /// An id, as printed in brackets, or what a tool said; without it, the list
    #[arg(value_name = "ID|WORDS")]
    pub what: Vec<String>,
    /// As text or as JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: TextFormat,
}

/// Formats of `plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a person's shell
    Shell,
}

/// Formats of `config show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConfigFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// A configuration file
    Yaml,
}
