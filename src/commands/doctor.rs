//! `kafstack doctor`: what `check-laptop` asks, as a table, and whether Multipass is there.

use serde_json::json;

use super::conduct;
use super::session::Session;
use crate::cli::{self, TableFormat};
use crate::config::Purpose;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts};
use crate::report::table::{Cell, Table};
use crate::step::{Step, Verdict};
use crate::steps::check_laptop::{Fitness, Row};
use crate::steps::{CheckLaptop, InstallMultipass};

/// `kafstack doctor`. Exit code 0 if the laptop can do it, else 3.
///
/// # Errors
/// The configuration is invalid, or the laptop could not be asked at all.
pub fn doctor(session: &Session, args: &cli::Doctor) -> Result<u8, Failure> {
    let config = session.resolve(Purpose::Fresh)?.config;
    let stage = session.stage(&config, None)?;
    let check = CheckLaptop { vm: config.vm.clone(), ignore: false };
    let clock = stage.clock.clone();
    let ask =
        move || stage.ask(|hosts| Ok(check.rows(hosts)?.into_iter().chain([multipass(hosts)]).collect()));
    let (rows, ended): (Result<Vec<Row>, CommandError>, _) = conduct::look(&session.stop, clock, ask)?;
    if let Some(signal) = ended {
        return Err(Failure::new(signal.id(), "you left before the laptop was asked everything"));
    }
    let again = "`kafstack doctor` asks it again";
    let rows = rows.map_err(|error| Failure::of_command("Ask the laptop", &error).hint(again))?;
    let able = rows.iter().all(|row| row.verdict != Fitness::Fails);
    match args.shown.format {
        TableFormat::Json => {
            let document = json!({
                "schema": "kafstack/doctor/v1",
                "rehearsal": session.global.rehearse,
                "able": able,
                "checks": rows,
            });
            super::print_json(session, &document);
        }
        TableFormat::Table => {
            let mut table = Table::new(["Check", "Verdict", "Seen", "Needed"]);
            for row in &rows {
                table.row([
                    row.check.into(),
                    verdict(row.verdict),
                    row.seen.as_str().into(),
                    row.needed.as_str().into(),
                ]);
            }
            let rehearsal = if session.global.rehearse { " (rehearsal: a simulated laptop)" } else { "" };
            let end = match able {
                true => {
                    format!("\nThis laptop can carry the preset `{}`{rehearsal}.\n", config.preset.name())
                }
                false => {
                    format!("\nThis laptop cannot carry the preset `{}`{rehearsal}.\n", config.preset.name())
                }
            };
            session.terminal.data(&format!("{table}{end}"));
        }
    }
    Ok(if able { 0 } else { Id::LaptopNotAble.exit_code() })
}

/// A verdict as a cell; its word reads without colour.
fn verdict(verdict: Fitness) -> Cell {
    match verdict {
        Fitness::Fine => Cell::styled("fine", crate::report::style::of_state("active")),
        Fitness::Slow => Cell::styled("slow", crate::report::style::of_state("maintenance")),
        Fitness::Fails => Cell::styled("fails", crate::report::style::of_state("blocked")),
        Fitness::Unknown => "unknown".into(),
    }
}

/// Whether Multipass is there, or can be installed.
fn multipass(hosts: &Hosts<'_>) -> Row {
    let step = InstallMultipass { timeout: InstallMultipass::TIMEOUT, sudo_may_ask: false };
    let needed = "Multipass, or snapd to install it with".to_owned();
    let row = |verdict, seen: String| Row { check: "multipass", verdict, seen, needed: needed.clone() };
    match step.probe(hosts) {
        Ok(Verdict::Met { seen }) => row(Fitness::Fine, seen),
        Ok(Verdict::NotYet { seen }) => match hosts.laptop.ask(&CommandLine::reads("snap", ["version"])) {
            Err(CommandError::NotInstalled { .. }) if seen.contains("not installed") => {
                row(Fitness::Fails, "neither multipass nor snap is installed".to_owned())
            }
            _ => row(Fitness::Slow, format!("{seen}; `kafstack up` sees to it")),
        },
        Ok(Verdict::Broken(failure)) => row(Fitness::Fails, failure.to_string()),
        Err(error) => row(Fitness::Unknown, error.to_string()),
    }
}
