//! The commands about the stack as a whole.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{FalseyValueParser, PossibleValuesParser};

use super::{Consent, Shown, duration};
use crate::plan;
use crate::report::ProgressChoice;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack up                         the whole journey of the preset `microstack`
  kafstack up --until launch-vm       stop when that step's checkpoint holds
  kafstack up --yes --progress plain  in a pipeline
  kafstack up --events - > run.ndjson every event as one JSON object a line")]
pub struct Up {
    /// Stop after this step
    #[arg(long, value_name = "STEP", env = "KAFSTACK_UNTIL", hide_env_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(plan::NAMES))]
    pub until: Option<String>,

    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,

    /// Take over a VM of this name that kafstack did not make
    #[arg(long, env = "KAFSTACK_ADOPT", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub adopt: bool,

    /// Write every event as one JSON object a line; `-` is stdout
    #[arg(long, value_name = "FILE|-", env = "KAFSTACK_EVENTS", hide_env_values = true)]
    pub events: Option<PathBuf>,

    /// How progress is shown
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        env = "KAFSTACK_PROGRESS",
        hide_env_values = true
    )]
    pub progress: ProgressChoice,

    /// Turn the verdicts on this laptop into warnings
    #[arg(long, env = "KAFSTACK_IGNORE_LAPTOP", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub ignore_laptop: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  kafstack down --yes                 without a question, for scripts")]
pub struct Down {
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,

    /// Destroy a VM of this name even if kafstack did not make it
    #[arg(long, env = "KAFSTACK_ADOPT", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub adopt: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kafstack status                             once; exit code 0 if ready, 7 if not
  kafstack status --watch                     again and again, until Ctrl-C
  kafstack status --until-ready --timeout 2h  wait, in a script")]
pub struct Status {
    /// How it is printed.
    #[command(flatten)]
    pub shown: Shown,

    /// Ask again and again
    #[arg(short, long)]
    pub watch: bool,

    /// Seconds between two questions of --watch and --until-ready
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5,
        env = "KAFSTACK_INTERVAL",
        hide_env_values = true
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub interval: u64,

    /// Ask until the stack is ready or broken
    #[arg(long)]
    pub until_ready: bool,

    /// For at most so long, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "until_ready")]
    pub timeout: Option<Duration>,
}
