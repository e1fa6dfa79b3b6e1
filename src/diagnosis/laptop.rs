//! The laptop: Multipass' service, the disk, the way to the internet.

use super::clues::{Clue, Depth};
use super::{Diagnosis, PATIENCE};
use crate::host::CommandLine;
use crate::tools::linux::{self, STORE};

/// Less than this many KiB free is a full disk: a VM's image grows into it.
const FULL_KIB: u64 = 1024 * 1024;

impl Diagnosis<'_> {
    /// What is not well with the laptop; its way to the internet only when something seems cut off.
    pub(super) fn laptop(&self, cut_off: bool) -> Vec<Clue> {
        let ask = |line: CommandLine| self.hosts.laptop.ask(&line.within(PATIENCE));
        let mut clues = Vec::new();
        if let Err(words) = &self.vm {
            let silent = Clue::new(Depth::Laptop, "Multipass' service does not answer");
            clues.push(silent.shown_by(words));
        }
        if let Some(free) = ask(linux::df()).ok().and_then(|output| linux::parse_df(&output.out()))
            && free < FULL_KIB
        {
            clues.push(Clue::new(
                Depth::Laptop,
                format!("the laptop's disk is full: {} MiB are free", free / 1024),
            ));
        }
        let line = linux::reach_store();
        if cut_off
            && let Ok(output) = ask(line.clone())
            && output.code != 0
        {
            let text = format!("the laptop does not reach https://{STORE}");
            clues.push(Clue::new(Depth::Laptop, text).shown_by(&output.last_words(&line)));
        }
        clues
    }
}
