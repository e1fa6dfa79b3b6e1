//! Commands on the laptop that need administrator rights: shown and confirmed before anything is drawn.

use super::session::Session;
use crate::failure::{Failure, Id};
use crate::host::{CommandLine, Hosts, Io, Stdin};

/// Shows the elevated commands and has them confirmed; on a terminal sudo asks its own question now. `why` is a
/// sentence.
///
/// # Errors
/// The answer was no (exit code 2), or there is nobody to ask and no `--yes` (exit code 3), with the lines to type.
pub fn allow(
    session: &Session,
    hosts: &Hosts<'_>,
    yes: bool,
    why: &str,
    lines: &[CommandLine],
) -> Result<(), Failure> {
    let shown: Vec<String> = lines.iter().map(|line| line.to_string().replace("sudo -n ", "sudo ")).collect();
    let listed = shown.iter().map(|line| format!("\n  {line}")).collect::<String>();
    let terminal = &session.terminal;
    if session.global.rehearse {
        terminal.note(&format!("rehearsal: on a real laptop kafstack would now ask before it runs{listed}"));
        return Ok(());
    }
    let by_hand = |failure: Failure| {
        shown.iter().fold(failure, |failure, line| failure.hint(format!("type it yourself: `{line}`")))
    };
    if !terminal.can_ask() {
        if yes {
            return Ok(());
        }
        let refused =
            Failure::new(Id::ElevationRefused, format!("{why}, and kafstack may not run that by itself"))
                .expected("an answer on a terminal, or `--yes` and a sudo that asks nothing")
                .seen("there is no terminal to ask on, and no `--yes`");
        return Err(by_hand(refused));
    }
    terminal.note(&format!("{why}. kafstack runs, as administrator:{listed}"));
    if !yes && !terminal.ask("Run this?") {
        return Err(by_hand(Failure::new(Id::NotConfirmed, "nothing was run")));
    }
    // sudo asks for its password now, and remembers the answer for a while.
    let line =
        CommandLine { io: Io::Terminal, stdin: Stdin::Inherited, ..CommandLine::changes("sudo", ["-v"]) };
    let asked = hosts.laptop.ask(&line).and_then(|output| output.success(&line));
    let refused = |error: crate::host::CommandError| {
        Failure::new(Id::ElevationRefused, format!("{why}, and sudo said no")).seen(error.to_string())
    };
    asked.map(|_| ()).map_err(|error| by_hand(refused(error)))
}
