//! The laptop: Multipass' service, the disk, the way to the internet.

use super::clues::{Clue, Depth};
use super::{Diagnosis, PATIENCE};
use crate::host::{CommandError, CommandLine};
use crate::tools::{linux, multipass};

/// Less than this many KiB free is a full disk: a VM's image grows into it.
const FULL_KIB: u64 = 1024 * 1024;
/// Where the charms come from.
const STORE: &str = "https://api.charmhub.io";

impl Diagnosis<'_> {
    /// What is not well with the laptop; its way to the internet only when something seems cut off.
    pub(super) fn laptop(&self, cut_off: bool) -> Vec<Clue> {
        let ask = |line: &CommandLine| {
            self.hosts.laptop.ask(&CommandLine { timeout: line.timeout.min(PATIENCE), ..line.clone() })
        };
        let mut clues = Vec::new();
        let line = multipass::list();
        let silent =
            |words: &str| Clue::new(Depth::Laptop, "Multipass' service does not answer").shown_by(words);
        match ask(&line) {
            Ok(output) if output.code != 0 => clues.push(silent(&output.last_words(&line))),
            Err(error @ CommandError::TimedOut { .. }) => clues.push(silent(&error.to_string())),
            _ => {}
        }
        if let Some(free) = ask(&linux::df()).ok().and_then(|output| linux::parse_df(&output.out()))
            && free < FULL_KIB
        {
            clues.push(Clue::new(
                Depth::Laptop,
                format!("the laptop's disk is full: {} MiB are free", free / 1024),
            ));
        }
        let line = linux::reach(STORE);
        if cut_off
            && let Ok(output) = ask(&line)
            && output.code != 0
        {
            let text = format!("the laptop does not reach {STORE}");
            clues.push(Clue::new(Depth::Laptop, text).shown_by(&output.last_words(&line)));
        }
        clues
    }
}
