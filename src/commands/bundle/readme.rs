//! What a bundle says of itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::replay::Replay;
use super::tape::Failed;

/// What there is to say.
pub struct About<'a> {
    /// The command of the run.
    pub plan: &'a str,
    /// When it began, if it told.
    pub began: Option<String>,
    /// The failure that ended it.
    pub failed: Option<&'a Failed>,
    /// kafstack's exit code, if it told its end.
    pub exit_code: Option<u8>,
    /// It was a rehearsal.
    pub rehearsal: bool,
    /// How it can be replayed.
    pub replay: Option<&'a Replay>,
    /// What is in the bundle: names and sizes in bytes.
    pub files: &'a [(String, usize)],
    /// What is missing, and why.
    pub missing: &'a [String],
    /// What was taken out, and how often.
    pub redacted: &'a BTreeMap<&'static str, usize>,
}

impl About<'_> {
    /// All of it.
    pub fn text(&self) -> String {
        let mut text = format!("A bug report of kafstack {}\n\n", env!("CARGO_PKG_VERSION"));
        let began = self.began.as_ref().map_or_else(String::new, |began| format!(", begun {began}"));
        let rehearsal = if self.rehearsal { " in a rehearsal" } else { "" };
        let _ = writeln!(text, "It is about `kafstack {}`{rehearsal}{began}.", self.plan);
        match (self.failed, self.exit_code) {
            (Some(failed), code) => {
                let code = code.map_or_else(String::new, |code| format!(", exit code {code}"));
                let _ = writeln!(text, "It failed at the step {} with [{}]{code}:", failed.step, failed.id);
                let _ = writeln!(text, "  {}", failed.message);
            }
            (None, Some(code)) => {
                let _ = writeln!(text, "No step failed; it ended with exit code {code}.");
            }
            (None, None) => text += "It told no end: it goes on, or kafstack was killed.\n",
        }
        text += "\nWhat is in it\n\n";
        for (name, size) in self.files {
            let _ = writeln!(text, "  {name:<28} {size:>9} bytes  {}", about(name));
        }
        for missing in self.missing {
            let _ = writeln!(text, "  missing: {missing}");
        }
        text += "\nWhat was taken out\n\n";
        text +=
            "  Output that is secret as a whole was never written down. Of the rest, these were replaced:\n";
        for (what, count) in self.redacted {
            let _ = writeln!(text, "  {what}: {count}");
        }
        if self.redacted.is_empty() {
            text += "  nothing was found\n";
        }
        text += "  Addresses, the VM's name and names of users and topics are still there. Nothing was sent anywhere:\n";
        text += "  look through the files before you hand them on. The checksums of the journal are those from before.\n";
        text += "\nHow to replay it\n\n";
        text + &self.replay()
    }

    /// How it can be replayed, or why not.
    fn replay(&self) -> String {
        let Some(failed) = self.failed else {
            return "  No step failed, so there is nothing to replay.\n".to_owned();
        };
        let Some(replay) = self.replay else {
            return "  It cannot be replayed: a signal ended the run, or its record cannot be read.\n"
                .to_owned();
        };
        let mut text =
            "  On a simulated laptop, in this folder; nothing is installed or started:\n\n".to_owned();
        let common = "--rehearse --config kafstack.yaml";
        text += "  export XDG_STATE_HOME=$PWD/replay\n";
        if self.plan == "up" {
            let adopt = if replay.adopt { " --adopt" } else { "" };
            let _ = writeln!(text, "  kafstack up {common} --scenario scenario.yaml{adopt}");
        } else {
            let _ = writeln!(text, "  kafstack up {common}");
            let _ = writeln!(text, "  kafstack {} … {common} --scenario scenario.yaml", self.plan);
            text += "\n  with the words that were given then in the place of the dots.\n";
        }
        let _ = writeln!(text, "\n  It ends at the step {} with [{}].", failed.step, failed.id);
        if !replay.gaps.is_empty() {
            text += "  It may end otherwise, as some of what happened cannot be brought back:\n";
            for gap in &replay.gaps {
                let _ = writeln!(text, "  - {gap}");
            }
        }
        text
    }
}

/// What a file is.
fn about(name: &str) -> &'static str {
    match name {
        "answers.txt" => "the last answer to each question of each step",
        "journal.ndjson" => "what kafstack did to this stack so far",
        "kafstack.yaml" => "the configuration of the run",
        "scenario.yaml" => "the failure, for a rehearsal",
        "versions.txt" => "what is installed",
        "run/events.ndjson" => "what the run told",
        "run/questions.ndjson" => "what it asked, with the answers",
        "run/kafstack.log" => "the developers' log",
        _ => "what a command said",
    }
}
