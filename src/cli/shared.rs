//! Options that many commands share.

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

// How what prints tables prints them.
#[derive(Args, Debug)]
pub struct Shown {
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

// The answer to what is asked before something is changed.
#[derive(Args, Debug)]
pub struct Consent {
    /// Answer every question with yes
    #[arg(short, long, env = "KAFSTACK_YES", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub yes: bool,
}

/// Formats of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    Table,
    /// For programs
    Json,
}
