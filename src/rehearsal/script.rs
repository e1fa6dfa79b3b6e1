//! What a simulated command does, before it does it: what it says when, how long it takes, how it ends.

use super::kafka::console::Live;
use super::timeline::Millis;
use crate::host::Stream;

/// Begins the text of every refusal that says "the rehearsal does not know this", and of nothing else.
pub const UNKNOWN_MARK: &str = "kafstack-rehearsal does not know";

/// The most pieces into which dripping output is cut.
const DROPS: usize = 4096;

/// What a command will do.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// What it says, in the order of time.
    pub said: Vec<Said>,
    /// How long it runs.
    pub took: Millis,
    /// Its exit code.
    pub code: i32,
    /// It never ends by itself.
    pub hangs: bool,
    /// It runs in this VM, in this boot of it: when that is over, so is the command.
    pub inside: Option<(String, u64)>,
    /// The act it stands for.
    pub job: u64,
    /// When its client is gone before this time, its remaining effects never come about.
    pub needs_client_until: Millis,
    /// It goes on by steps from the time that `took` says, and ends when one of them says so.
    pub live: Option<Box<Live>>,
    /// Its exit code is told as the wrapper does it.
    pub marked: bool,
    /// The way to it breaks before it answers (a fault).
    pub lost: bool,
}

/// Some output.
#[derive(Clone, Debug)]
pub struct Said {
    /// When, counted from the start.
    pub at: Millis,
    /// Where.
    pub stream: Stream,
    /// What, with its line ends.
    pub text: Vec<u8>,
    /// How many times in a row.
    pub times: u64,
}

impl Script {
    /// Succeeds at once without a word.
    pub fn silent() -> Self {
        Script { took: 40, ..Script::default() }
    }

    /// Succeeds at once and says this on stdout.
    pub fn says(text: impl Into<Vec<u8>>) -> Self {
        Script::silent().out(text)
    }

    /// Succeeds at once and prints this document in one line.
    pub fn json(document: &serde_json::Value) -> Self {
        Script::says(format!("{document}\n"))
    }

    /// Fails at once with this on stderr, a line end added.
    pub fn fails(code: i32, text: impl std::fmt::Display) -> Self {
        Script { code, ..Script::silent() }.err(format!("{text}\n"))
    }

    /// A command that the simulation does not know. It never succeeds by accident.
    pub fn unknown(argv: &[&str]) -> Self {
        Script::fails(1, format!("{UNKNOWN_MARK} this command: {}", argv.join(" ")))
    }

    /// The shell's answer to a program that is not there.
    pub fn not_found(program: &str) -> Self {
        Script::fails(127, format!("kafstack: 1: {program}: not found"))
    }

    /// Never ends.
    pub fn hang() -> Self {
        Script { hangs: true, ..Script::default() }
    }

    /// Takes this long; what it says without a time is said at its end.
    #[must_use]
    pub fn taking(mut self, took: Millis) -> Self {
        let end = self.took;
        for said in self.said.iter_mut().filter(|said| said.at == end) {
            said.at = took;
        }
        self.took = took;
        self
    }

    /// Says this on stdout at its end.
    #[must_use]
    pub fn out(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.said.push(Said { at: self.took, stream: Stream::Stdout, text: text.into(), times: 1 });
        self
    }

    /// Says this on stderr at its end.
    #[must_use]
    pub fn err(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.said.push(Said { at: self.took, stream: Stream::Stderr, text: text.into(), times: 1 });
        self
    }

    /// Says this after so long; calls come in the order of time and before [`Script::ends`].
    pub fn say(&mut self, at: Millis, stream: Stream, text: impl Into<Vec<u8>>) {
        self.said.push(Said { at, stream, text: text.into(), times: 1 });
    }

    /// Ends after so long with this code.
    #[must_use]
    pub fn ends(mut self, took: Millis, code: i32) -> Self {
        self.took = took;
        self.code = code;
        self
    }

    /// Everything comes so many times later.
    pub fn slow_down(&mut self, times: u32) {
        self.said.iter_mut().for_each(|said| said.at *= Millis::from(times));
        self.took *= Millis::from(times);
    }

    /// What it says comes in small pieces, spread evenly over this long.
    #[must_use]
    pub fn dripping(mut self, over: Millis) -> Self {
        let whole = std::mem::take(&mut self.said);
        let bytes: usize = whole.iter().map(|said| said.text.len()).sum();
        // Byte by byte, as long as that is not too many for a played script.
        let piece = bytes.div_ceil(DROPS).max(1);
        let drops = Millis::try_from(bytes.div_ceil(piece)).unwrap_or(1).max(1);
        for said in whole {
            for text in said.text.chunks(piece) {
                let at = over * Millis::try_from(self.said.len()).unwrap_or(0) / (drops + 1);
                self.said.push(Said { at, stream: said.stream, text: text.to_vec(), times: said.times });
            }
        }
        self.took = over.max(self.took);
        self
    }
}
