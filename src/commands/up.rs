//! `kafstack up`: the mission, conducted.

use std::fs::File;

use super::errand::{Errand, Held, carry_out};
use super::preflight::{Decision, Preflight};
use super::refuse_sudo;
use super::session::{Session, Stage};
use crate::cli;
use crate::config::{Config, DifferenceKind, Image, Purpose, Resolved};
use crate::failure::{Failure, Id};
use crate::journal;
use crate::plan::{self, Circumstances};
use crate::report::ndjson::Ndjson;
use crate::report::{ProgressChoice, Reporter};
use crate::text;
use crate::tools::kafka::Cluster;
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
    let mut held = Held::take(session, &name, "up")?;
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
    let stage = session.stage(&resolved.config, None)?;
    let with = Circumstances {
        launched: held.journal.history().launched_since_last_down(),
        adopt: args.adopt,
        ignore_laptop: args.ignore_laptop,
        sudo_may_ask: session.terminal.can_ask(),
    };
    let preflight = Preflight { session, args, config: &resolved.config, with };
    match preflight.ask(&stage)? {
        Decision::Begin => begin(session, args, resolved, with, held, stage),
        Decision::Smaller(preset) => {
            let config = preset.config();
            let resolved = Resolved { config, differences: Vec::new(), ..resolved };
            begin(session, args, resolved, with, held, stage)
        }
        Decision::Anew => {
            let line = multipass::delete(&name);
            let destroyed =
                stage.ask(|hosts| hosts.laptop.ask(&line).and_then(|output| output.success(&line)));
            destroyed.map_err(|error| Failure::of_command("Destroy the deleted VM", &error))?;
            held.journal.append(stage.clock.now(), journal::Record::DownFinished)?;
            let with = Circumstances { launched: false, ..with };
            begin(session, args, resolved, with, held, stage)
        }
    }
}

/// The run itself.
fn begin(
    session: &Session,
    args: &cli::Up,
    resolved: Resolved,
    with: Circumstances,
    held: Held,
    stage: Stage,
) -> Result<u8, Failure> {
    for difference in &resolved.differences {
        if difference.kind == DifferenceKind::Adds {
            session.terminal.note(&format!("added to what is in force: {difference}"));
        }
    }
    let config = resolved.config;
    let errand = Errand {
        until: args.until.clone(),
        outcome: "ready",
        progress: progress(args),
        reporters: events(session, args)?,
        ..Errand::new("up", plan::up(&config, with), config.clone())
    };
    let acted = carry_out(session, &stage, held, errand)?;
    if args.until.is_none() {
        farewell(session, &stage, &config, acted);
    }
    Ok(0)
}

/// How progress is shown: a bar would mix with events on the same terminal.
fn progress(args: &cli::Up) -> ProgressChoice {
    let events_on_stdout = args.events.as_deref().is_some_and(|path| path.as_os_str() == "-");
    match args.progress {
        ProgressChoice::Auto if events_on_stdout => ProgressChoice::Plain,
        choice => choice,
    }
}

/// The events that were asked for.
fn events(session: &Session, args: &cli::Up) -> Result<Vec<Box<dyn Reporter>>, Failure> {
    let Some(path) = args.events.as_deref() else { return Ok(Vec::new()) };
    if path.as_os_str() == "-" {
        return Ok(vec![Box::new(Ndjson::to_output(&session.terminal))]);
    }
    let file = File::create(path).map_err(|error| {
        let message = format!("the events cannot be written to {}", path.display());
        Failure::new(Id::Usage, message).seen(error.to_string())
    })?;
    let name = path.display().to_string();
    Ok(vec![Box::new(Ndjson::new(&name, Box::new(file), session.terminal.clone()))])
}

/// The last words of an `up` that ended well: where the brokers are, what is true of their listeners, what to type
/// next.
fn farewell(session: &Session, stage: &Stage, config: &Config, acted: bool) {
    let line = juju::status(&config.juju.target());
    let status = stage.ask(|hosts| hosts.vm.ask(&line).and_then(|output| juju_status::parse(&line, &output)));
    let cluster = status.ok().and_then(|status| Cluster::of(&status, config));
    let (brokers, port) = match &cluster {
        Some(cluster) => (cluster.bootstrap_servers().replace(',', ", "), cluster.client_port()),
        None => ("see `kafstack status`".to_owned(), 9092),
    };
    let rehearsal = if stage.rehearsal { " (rehearsal: nothing of this exists)" } else { "" };
    let done = if acted { "Kafka is ready" } else { "Kafka is ready; there was nothing to do" };
    let next = "`kafstack demo` sends messages through it; `kafstack user create NAME --topic TOPIC --create-topic` makes a client's account".to_owned();
    let next = if stage.rehearsal { text::for_rehearsal(&next) } else { next };
    session.terminal.note(&format!(
        "\n{done}{rehearsal}.\n  brokers:  {brokers} (inside the VM, among themselves)\n  clients:  their port {port} opens with the first client that is related\n  next:     {next}",
    ));
}
