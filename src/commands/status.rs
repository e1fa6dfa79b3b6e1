//! `kafstack status`: the checkpoints up to the first that does not hold, then the Juju model. It takes no lock and
//! changes nothing.

mod look;
mod show;

use std::time::Duration;

use super::conduct;
use super::session::Session;
use crate::cli::{self, TableFormat};
use crate::failure::{Failure, Id};
use crate::report::status_table::CheckState;
use look::{Looker, Snapshot};

/// How old what is known of the layers below the model may be while watching.
const BELOW: Duration = Duration::from_secs(300);

/// `kafstack status`. Exit code 0 if ready, else 7; with `--until-ready` 6 if broken and 5 after its time.
///
/// # Errors
/// The configuration is invalid.
pub fn status(session: &Session, args: &cli::Status) -> Result<u8, Failure> {
    let config = session.resolve_for_use()?.config;
    let endless = (args.watch || args.until_ready).then_some(1.0);
    let stage = session.stage(&config, endless)?;
    let state = session.state(&config)?;
    let looker = Looker { config, stage: stage.clone(), state };
    if !(args.watch || args.until_ready) {
        let clock = stage.clock.clone();
        let (snapshot, ended) = conduct::look(&session.stop, clock, move || looker.look(None))?;
        if ended.is_some() {
            return Err(conduct::by_signal(Failure::new(Id::Interrupted, "the question was left"), ended));
        }
        let snapshot = snapshot?;
        match args.shown.format {
            TableFormat::Table => session.terminal.data(&show::table(&snapshot)),
            TableFormat::Json => super::print_json(session, &show::json(&snapshot)),
        }
        return Ok(if snapshot.ready() { 0 } else { Id::NotReady.exit_code() });
    }
    watch(session, args, looker)
}

/// Asks again and again, until the end that was asked for.
fn watch(session: &Session, args: &cli::Status, looker: Looker) -> Result<u8, Failure> {
    let clock = looker.stage.clock.clone();
    let (terminal, stop) = (session.terminal.clone(), session.stop.clone());
    let (interval, limit) =
        (Duration::from_secs(args.interval), args.timeout.map(|limit| session.scale().wait(limit)));
    let (until_ready, format, draws) =
        (args.until_ready, args.shown.format, args.watch && session.terminal.draws_screens());
    let inner = clock.clone();
    let work = move || -> Result<u8, Failure> {
        let began = inner.now();
        let mut last: Option<Snapshot> = None;
        let mut told = String::new();
        loop {
            let snapshot = looker.look(last.as_ref())?;
            if stop.requested() {
                return Ok(0);
            }
            let text = match format {
                TableFormat::Json => show::json_line(&snapshot),
                TableFormat::Table if draws => show::table(&snapshot),
                TableFormat::Table => show::line(&snapshot),
            };
            let essence = show::essence(&snapshot);
            if draws && format == TableFormat::Table {
                terminal.screen(&text);
            } else if essence != told {
                terminal.data(&text);
                told = essence;
            }
            let broken = snapshot.rows.iter().any(|row| row.state == CheckState::Broken);
            match (until_ready, snapshot.ready(), broken) {
                (true, true, _) => return Ok(0),
                (true, false, true) => return Ok(snapshot.broken_exit_code()),
                _ => {}
            }
            let elapsed = Duration::try_from(inner.now().duration_since(began)).unwrap_or_default();
            if until_ready && limit.is_some_and(|limit| elapsed >= limit) {
                let failure = Failure::new(Id::KafkaNotReady, "the stack did not become ready in time");
                return Err(match &snapshot.blocked_on {
                    Some(blocked) => failure.seen(blocked.why.clone()).hint(blocked.next.clone()),
                    None => failure,
                });
            }
            if terminal.closed().is_some() {
                return Ok(0);
            }
            last = Some(snapshot);
            inner.pause(interval);
            if stop.requested() {
                return Ok(0);
            }
        }
    };
    let (result, ended) = conduct::look(&session.stop, clock, work)?;
    match (result?, ended) {
        // Ctrl-C is the normal end of watching; of waiting for readiness it is an interruption.
        (_, Some(conduct::Ended::Interrupted)) if args.watch && !args.until_ready => Ok(0),
        (_, Some(signal)) => Err(Failure::new(signal.id(), "the stack was not ready yet when you left")),
        (code, None) => Ok(code),
    }
}
