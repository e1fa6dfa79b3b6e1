//! The commands about what happened.

use std::path::PathBuf;

use clap::Args;

use super::{Shown, TextFormat};

#[derive(Args, Debug)]
#[command(after_help = "\
It tells what the run told, and with each command that changed something all that the tool said. Of
a step that failed, the last answers to its questions follow; with -v all questions are shown.

Examples:
  kafstack logs                          the latest run
  kafstack logs --step bootstrap-cloud   one step of it, whole
  kafstack logs --follow                 beside a kafstack that is at work
  kafstack logs --run 3 --format json    the events of run 3, one JSON object a line")]
pub struct Logs {
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,

    /// Go on as long as the run does; Ctrl-C ends it
    #[arg(short, long)]
    pub follow: bool,

    /// Another run than the latest, such as 3
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,

    /// As text for people, or as the events in JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: TextFormat,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Nothing is sent anywhere: look into the file before you hand it on. Its README.txt says what is in
it, what was taken out, and how to replay the failure in a rehearsal.

Examples:
  kafstack bundle                        about the latest run, into the current folder
  kafstack bundle --run 3 --output report.tar.gz")]
pub struct Bundle {
    /// Another run than the latest, such as 3
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,

    /// The file to write; one that is there already stays [default: kafstack-VM-RUN.tar.gz]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// How the list of its contents is printed.
    #[command(flatten)]
    pub shown: Shown,
}
