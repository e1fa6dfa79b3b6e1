//! `kafstack up`: the mission, conducted.

use std::fs::File;

use super::conduct::{self, Conduct, Manner};
use super::preflight::{Decision, Preflight};
use super::session::{Session, Stage};
use super::{refuse_sudo, run_record::RunRecord};
use crate::cli;
use crate::config::{Config, DifferenceKind, Image, Purpose, Resolved};
use crate::event::Fact;
use crate::failure::{Failure, Id};
use crate::journal::{self, Journal};
use crate::plan::{self, Circumstances};
use crate::report::ndjson::Ndjson;
use crate::report::{self, ProgressChoice, Reporter};
use crate::runner;
use crate::state::{Run, State};
use crate::text;
use crate::tools::{juju, juju_status, multipass};

/// What is said of the older base.
const UNSUPPORTED: &str = "this OpenStack channel and its base, Ubuntu 22.04, are no longer supported upstream; the store may not serve them any more";

/// `kafstack up`.
///
/// # Errors
/// The step that did not succeed, or why there was no beginning.
pub fn up(session: &Session, args: &cli::Up) -> Result<u8, Failure> {
    refuse_sudo(session)?;
    let name = session.resolve(Purpose::Build)?.config.vm.name;
    let state = State::open(&session.environment.state_base(session.global.rehearse)?, &name)?;
    let _lock = state.lock("up", session.now())?;
    // Only now can nobody else change what is in force.
    let resolved = session.resolve(Purpose::Build)?;
    if let Some(failure) = resolved.refused() {
        return Err(failure);
    }
    let planned = plan::up(&resolved.config, Circumstances::default()).names();
    if let Some(step) = args.until.as_deref().filter(|step| !planned.contains(step)) {
        let preset = resolved.config.preset.name();
        return Err(Failure::new(
            Id::Usage,
            format!("this configuration (preset `{preset}`) has no step `{step}`"),
        )
        .expected(planned.join(", "))
        .hint("`kafstack plan` shows its steps"));
    }
    if resolved.config.openstack.enabled && resolved.config.vm.image == Image::Jammy {
        session.terminal.warning(UNSUPPORTED);
    }
    let mut journal = Journal::open(state.folder())?;
    let stage = session.stage(&resolved.config, None)?;
    let with = Circumstances {
        launched: journal.history().launched_since_last_down(),
        adopt: args.adopt,
        ignore_laptop: args.ignore_laptop,
        sudo_may_ask: session.terminal.can_ask(),
    };
    let preflight = Preflight { session, args, config: &resolved.config, with };
    match preflight.ask(&stage)? {
        Decision::Begin => begin(session, args, resolved, with, state, journal, stage),
        Decision::Smaller(preset) => {
            let config = preset.config();
            let resolved = Resolved { config, differences: Vec::new(), ..resolved };
            begin(session, args, resolved, with, state, journal, stage)
        }
        Decision::Anew => {
            let line = multipass::delete(&name);
            let destroyed =
                stage.ask(|hosts| hosts.laptop.ask(&line).and_then(|output| output.success(&line)));
            destroyed
                .map_err(|error| Failure::of_command("The deleted VM could not be destroyed", &error))?;
            journal.append(stage.clock.now(), journal::Record::DownFinished)?;
            let with = Circumstances { launched: false, ..with };
            begin(session, args, resolved, with, state, journal, stage)
        }
    }
}

/// The run itself.
fn begin(
    session: &Session,
    args: &cli::Up,
    resolved: Resolved,
    with: Circumstances,
    state: State,
    journal: Journal,
    stage: Stage,
) -> Result<u8, Failure> {
    for difference in &resolved.differences {
        if difference.kind == DifferenceKind::Adds {
            session.terminal.note(&format!("added to what is in force: {difference}"));
        }
    }
    let config = resolved.config;
    let run = state.new_run()?;
    let folder = run.folder.clone();
    let reporters = reporters(session, args, &run, &config, with)?;
    let conduct = Conduct {
        stop: session.stop.clone(),
        manner: Manner::FinishFirst,
        clock: stage.clock.clone(),
        rehearsal: stage.rehearsal,
        ticks: !stage.rehearsal || session.global.speed.is_some(),
        reporters,
    };
    let (stop, scale, until) = (session.stop.clone(), session.scale(), args.until.clone());
    let (inner_config, inner_stage) = (config.clone(), stage.clone());
    let work = move |tell: &crate::event::Teller| {
        let plan = plan::up(&inner_config, with);
        let steps = plan.names();
        tell.tell(Fact::PlanStarted { plan: "up", vm: inner_config.vm.name.clone(), steps });
        let recorded = inner_stage.recorded(tell, Some(crate::host::kept::RunFolder::new(&run.folder)));
        let mut record = RunRecord::new(journal, &state, &inner_config, inner_stage.clock.clone());
        let runner =
            runner::Run { hosts: recorded.hosts(), tell, stop: &stop, scale, until: until.as_deref() };
        let result = record.run_began("up").and_then(|()| runner.all(&plan, &mut record));
        let (outcome, exit_code) = match &result {
            Ok(_) if until.is_some() => ("stopped", 0),
            Ok(_) => ("ready", 0),
            Err(failure) => (if stop.requested() { "interrupted" } else { "failed" }, failure.id.exit_code()),
        };
        record.run_ended(outcome);
        tell.tell(Fact::PlanFinished { outcome, exit_code });
        result
    };
    let (result, ended) = conduct.run(work)?;
    match result {
        Ok(acted) if args.until.is_none() => {
            farewell(session, &stage, &config, acted);
            Ok(0)
        }
        Ok(_) => Ok(0),
        Err(failure) => Err(conduct::by_signal(failure, ended)
            .hint(format!("what the tools said, whole: {}", folder.display()))),
    }
}

/// Who is told: the terminal, the run's folder, and the file that was asked for.
fn reporters(
    session: &Session,
    args: &cli::Up,
    run: &Run,
    config: &Config,
    with: Circumstances,
) -> Result<Vec<Box<dyn Reporter>>, Failure> {
    let titles = plan::up(config, with).steps().map(|step| (step.name(), step.title())).collect();
    let choice = if args.events.as_deref().is_some_and(|path| path.as_os_str() == "-")
        && args.progress == ProgressChoice::Auto
    {
        ProgressChoice::Plain
    } else {
        args.progress
    };
    let mut reporters = vec![report::reporter(choice, &session.terminal, titles, session.global.verbose > 0)];
    reporters.push(super::run_record::events(session, run)?);
    match args.events.as_deref() {
        None => {}
        Some(path) if path.as_os_str() == "-" => {
            reporters.push(Box::new(Ndjson::to_output(&session.terminal)))
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                let message = format!("the events cannot be written to {}", path.display());
                Failure::new(Id::Usage, message).seen(error.to_string())
            })?;
            let name = path.display().to_string();
            reporters.push(Box::new(Ndjson::new(&name, Box::new(file), session.terminal.clone())));
        }
    }
    Ok(reporters)
}

/// The last words of an `up` that ended well: where the brokers are, what is true of their listeners, what to type
/// next.
fn farewell(session: &Session, stage: &Stage, config: &Config, acted: bool) {
    let line = juju::status(&config.juju.target());
    let status = stage.ask(|hosts| hosts.vm.ask(&line).and_then(|output| juju_status::parse(&line, &output)));
    let port = crate::tools::kafka::internal_port(config.kafka.kraft());
    let brokers: Vec<String> = status
        .ok()
        .and_then(|status| {
            let kafka = status.application("kafka")?;
            let addresses = kafka.units.iter().map(|(_, unit)| unit.public_address.clone());
            Some(
                addresses
                    .filter(|address| !address.is_empty())
                    .map(|address| format!("{address}:{port}"))
                    .collect(),
            )
        })
        .unwrap_or_default();
    let rehearsal = if stage.rehearsal { " (rehearsal: nothing of this exists)" } else { "" };
    let done = if acted { "Kafka is ready" } else { "Kafka is ready; there was nothing to do" };
    let next = "`kafstack status`".to_owned();
    let next = if stage.rehearsal { text::for_rehearsal(&next) } else { next };
    session.terminal.note(&format!(
        "\n{done}{rehearsal}.\n  brokers:  {} (inside the VM, among themselves)\n  clients:  their port 9092 opens with the first client that is related\n  next:     {next}",
        brokers.join(", "),
    ));
}
