//! `kafstack down`: destroys the one VM that `up` made, after saying so.

use super::conduct::{self, Conduct, Manner};
use super::refuse_sudo;
use super::run_record::RunRecord;
use super::session::Session;
use crate::cli;
use crate::event::{Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::kept::RunFolder;
use crate::journal::Journal;
use crate::plan::{self, Circumstances};
use crate::report::{self, ProgressChoice};
use crate::runner;
use crate::state::State;

/// `kafstack down`. The same again is done already.
///
/// # Errors
/// The VM is not ours, nobody confirmed, or it would not go.
pub fn down(session: &Session, args: &cli::Down) -> Result<u8, Failure> {
    refuse_sudo(session)?;
    let config = session.resolve_for_use()?.config;
    let name = config.vm.name.clone();
    let state = State::open(&session.environment.state_base(session.global.rehearse)?, &name)?;
    let _lock = state.lock("down", session.now())?;
    let journal = Journal::open(state.folder())?;
    let stage = session.stage(&config, None)?;
    let with = Circumstances {
        launched: journal.history().launched_since_last_down(),
        adopt: args.adopt,
        ..Circumstances::default()
    };
    let step = plan::destroy_vm(&config, with);
    let looked = stage.ask(|hosts| {
        let there = step.state(hosts).map_err(|error| {
            Failure::of_command("Multipass could not be asked about the VM", &error)
                .hint("ask it yourself: `multipass list`")
        })?;
        if let Some(state) = &there {
            step.must_be_ours(hosts, state)?;
        }
        Ok::<_, Failure>(there)
    })?;
    let rehearsal = if stage.rehearsal { "rehearsal: " } else { "" };
    let Some(vm_state) = looked else {
        RunRecord::new(journal, &state, &config, stage.clock.clone()).down_finished()?;
        session.terminal.note(&format!("{rehearsal}there is no VM `{name}`: nothing to destroy"));
        return Ok(0);
    };
    session.terminal.note(&format!(
        "{rehearsal}this destroys the VM `{name}` ({}) for good, with everything in it: OpenStack, the Juju controllers, Kafka and all its messages. Other VMs are left alone.",
        vm_state.to_lowercase()
    ));
    if !args.yes && !session.terminal.ask(&format!("Destroy `{name}`?")) {
        let failure = Failure::new(Id::NotConfirmed, format!("`{name}` was not destroyed"));
        return Err(match session.terminal.can_ask() {
            true => failure,
            false => failure
                .expected("an answer on a terminal, or `--yes`")
                .hint("`kafstack down --yes` asks nothing"),
        });
    }
    let run = state.new_run()?;
    let titles = plan::down(&config, with).steps().map(|step| (step.name(), step.title())).collect();
    let shown = report::reporter(ProgressChoice::Auto, &session.terminal, titles, session.global.verbose > 0);
    let conduct = Conduct {
        stop: session.stop.clone(),
        manner: Manner::FinishFirst,
        clock: stage.clock.clone(),
        rehearsal: stage.rehearsal,
        ticks: !stage.rehearsal || session.global.speed.is_some(),
        reporters: vec![shown, super::run_record::events(session, &run)?],
    };
    let (stop, scale) = (session.stop.clone(), session.scale());
    let work = move |tell: &Teller| {
        let plan = plan::down(&config, with);
        tell.tell(Fact::PlanStarted { plan: "down", vm: config.vm.name.clone(), steps: plan.names() });
        let recorded = stage.recorded(tell, Some(RunFolder::new(&run.folder)));
        let mut record = RunRecord::new(journal, &state, &config, stage.clock.clone());
        let runner = runner::Run { hosts: recorded.hosts(), tell, stop: &stop, scale, until: None };
        let result = record.run_began("down").and_then(|()| runner.all(&plan, &mut record));
        let result = result.and_then(|_| record.down_finished());
        let (outcome, exit_code) = match &result {
            Ok(()) => ("destroyed", 0),
            Err(failure) => (if stop.requested() { "interrupted" } else { "failed" }, failure.id.exit_code()),
        };
        record.run_ended(outcome);
        tell.tell(Fact::PlanFinished { outcome, exit_code });
        result
    };
    let (result, ended) = conduct.run(work)?;
    result.map_err(|failure| conduct::by_signal(failure, ended))?;
    session.terminal.note(&format!("{rehearsal}`{name}` is gone"));
    Ok(0)
}
