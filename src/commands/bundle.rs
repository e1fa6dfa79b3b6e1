//! `kafstack bundle`: what a bug report needs, in one file. It reads, asks a few versions, and sends nothing. A source
//! that is missing is said to be missing.

mod archive;
mod readme;
mod redaction;
mod replay;
mod sources;
mod tape;
mod versions;

use std::path::PathBuf;

use serde_json::json;

use super::session::Session;
use super::{conduct, past_runs, print_json};
use crate::cli::{self, TableFormat};
use crate::config::Config;
use crate::event::{Fact, format_time};
use crate::failure::{Failure, Id};
use crate::report::table::Table;
use crate::state::{Run, State};
use readme::About;
use redaction::Redaction;
use replay::replay;
use sources::Sources;

/// `kafstack bundle`.
///
/// # Errors
/// There is no such run, or the file cannot be written.
pub fn bundle(session: &Session, args: &cli::Bundle) -> Result<u8, Failure> {
    let config = session.resolve_for_use()?.config;
    let state = session.state(&config)?;
    let run = past_runs::find(&state, args.run.as_deref())?;
    let folder = format!("kafstack-{}-{:06}", config.vm.name, run.number);
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{folder}.tar.gz")));
    archive::check(&path)?;
    let stage = session.stage(&config, None)?;
    let clock = stage.clock.clone();
    let asked = move || stage.ask(versions::versions);
    let (versions, ended) = conduct::look(&session.stop, clock, asked)?;
    if let Some(signal) = ended {
        return Err(Failure::new(signal.id(), "you left before the file was written"));
    }
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut redaction = Redaction::new(&session.environment, &host)?;
    let contents = Contents::of(&state, &run, config, versions, &mut redaction)?;
    let bytes = archive::pack(&folder, contents.time, &contents.files)
        .map_err(|error| Failure::new(Id::Unexpected, format!("the archive: {error}")))?;
    archive::write(&path, &bytes)?;
    match args.shown.format {
        TableFormat::Table => {
            let mut table = Table::new(["File", "Bytes"]);
            for (name, text) in &contents.files {
                table.row([name.as_str().into(), text.len().to_string().into()]);
            }
            session.terminal.data(&table.to_string());
        }
        TableFormat::Json => print_json(
            session,
            &json!({
                "schema": "kafstack/bundle/v1",
                "rehearsal": session.global.rehearse,
                "file": path,
                "run": run.number,
                "contents": contents.files.iter().map(|(name, text)| json!({ "name": name, "bytes": text.len() })).collect::<Vec<_>>(),
                "missing": contents.missing,
                "redacted": redaction.found().iter().map(|(what, count)| json!({ "what": what, "count": count })).collect::<Vec<_>>(),
            }),
        ),
    }
    session.terminal.note(&format!("about run {}", past_runs::summary(&state, &run)));
    for missing in &contents.missing {
        session.terminal.warning(&format!("missing: {missing}"));
    }
    let (path, size) = (path.display(), bytes.len().div_ceil(1024));
    session.terminal.note(&format!(
        "wrote {path} ({size} KiB), for your eyes only; nothing was sent. Its README.txt says what was taken out: look into it before you hand it on"
    ));
    Ok(0)
}

/// What is in a bundle, redacted.
struct Contents {
    /// Names and texts, in the order of names.
    files: Vec<(String, String)>,
    /// What is not in it, and why.
    missing: Vec<String>,
    /// When the run began, in seconds since 1970: the time of all its files.
    time: u64,
}

impl Contents {
    /// Of this run. The configuration is the one that is used when the run kept none.
    ///
    /// # Errors
    /// What the run told cannot be read.
    fn of(
        state: &State,
        run: &Run,
        config: Config,
        versions: String,
        redaction: &mut Redaction,
    ) -> Result<Self, Failure> {
        let told = past_runs::told(run)?;
        let mut sources = Sources::default();
        sources.add("versions.txt", versions);
        let config = sources.config(run, config);
        sources.journal(state);
        sources.run(run);
        sources.answers(run);
        let (mut plan, mut began, mut exit_code) = ("…", None, None);
        for told in &told {
            match &told.event.fact {
                Fact::PlanStarted { plan: name, .. } => (plan, began) = (name, Some(told.event.at)),
                Fact::PlanFinished { exit_code: code, .. } => exit_code = Some(*code),
                _ => {}
            }
        }
        let failed = tape::failed(&told);
        let tape = failed
            .as_ref()
            .filter(|failed| !failed.by_signal())
            .map(|failed| tape::of_step(run, &told, &failed.step));
        let replay = match (&failed, tape) {
            (Some(failed), Some(Ok(tape))) => {
                Some(replay(&config, plan, failed, &tape, tape::change_before(&told, &failed.step)))
            }
            (_, Some(Err(error))) => {
                sources.missing.push(format!("scenario.yaml: the questions cannot be read: {error}"));
                None
            }
            _ => None,
        };
        if let Some(replay) = &replay {
            sources.add("scenario.yaml", replay.scenario.clone());
        }
        let Sources { mut files, missing } = sources;
        files.iter_mut().for_each(|(_, text)| *text = redaction.text(text));
        files.sort();
        let sizes: Vec<(String, usize)> =
            files.iter().map(|(name, text)| (name.clone(), text.len())).collect();
        let about = About {
            plan,
            began: began.map(format_time),
            failed: failed.as_ref(),
            exit_code,
            rehearsal: told.first().is_some_and(|told| told.event.rehearsal),
            replay: replay.as_ref(),
            files: &sizes,
            missing: &missing,
            redacted: &redaction.found().clone(),
        };
        files.insert(0, ("README.txt".to_owned(), redaction.text(&about.text())));
        let time = began.map_or(0, |began| u64::try_from(began.as_second()).unwrap_or(0));
        Ok(Contents { files, missing, time })
    }
}
