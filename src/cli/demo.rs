//! The command that tells the whole story on a stack that is ready.

use clap::Args;

use super::Consent;

#[derive(Args, Debug)]
#[command(after_help = "\
It makes the user `demo` for the topic `test-topic`, lets the application `kafka-test-app` send
numbered messages to a topic of its own and read them again, encrypts connections, and does the
same over TLS. Messages are counted at both ends. It can be stopped and repeated, and goes on where
it is; a demo that has run to its end only asks whether all is still so.

--clean removes what `demo` added since the VM was made, and nothing that was there before: this is
written down before it is added. Encryption stays on if it was on.

Examples:
  kafstack demo --messages 10
  kafstack demo --clean --yes")]
pub struct Demo {
    /// How many messages in each exchange [default: 50, or as many as its test application was deployed for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    #[arg(conflicts_with = "clean")]
    pub messages: Option<u32>,
    /// Remove what `demo` added; asks first
    #[arg(long)]
    pub clean: bool,
    /// Whether it still asks.
    #[command(flatten)]
    pub consent: Consent,
}
