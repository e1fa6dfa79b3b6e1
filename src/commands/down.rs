//! `kafstack down`: destroys the one VM that `up` made, after saying so.

use super::errand::{Errand, Held, carry_out};
use super::refuse_sudo;
use super::run_record::RunRecord;
use super::session::Session;
use crate::cli;
use crate::failure::Failure;
use crate::journal;
use crate::plan::{self, Circumstances, Plan};

/// `kafstack down`. The same again is done already.
///
/// # Errors
/// The VM is not ours, nobody confirmed, or it would not go.
pub fn down(session: &Session, args: &cli::Down) -> Result<u8, Failure> {
    refuse_sudo(session)?;
    let config = session.resolve_for_use()?.config;
    let name = config.vm.name.clone();
    let held = Held::take(session, &name, "down")?;
    let stage = session.stage(&config, None)?;
    let with = Circumstances {
        launched: held.journal.history().launched_since_last_down(),
        adopt: args.adopt,
        ..Circumstances::default()
    };
    let step = plan::destroy_vm(&config, with);
    let looked = stage.ask(|hosts| {
        let there = step.state(hosts).map_err(|error| {
            Failure::of_command("Ask Multipass about the VM", &error)
                .hint("ask it yourself: `multipass list`")
        })?;
        if let Some(state) = &there {
            step.must_be_ours(hosts, state)?;
        }
        Ok::<_, Failure>(there)
    })?;
    let rehearsal = if stage.rehearsal { "rehearsal: " } else { "" };
    let Some(vm_state) = looked else {
        RunRecord::new(held.journal, &held.state, &config, stage.clock.clone()).down_finished()?;
        session.terminal.note(&format!("{rehearsal}there is no VM `{name}`: nothing to destroy"));
        return Ok(0);
    };
    session.terminal.note(&format!(
        "{rehearsal}this destroys the VM `{name}` ({}) for good, with everything in it: OpenStack, the Juju controllers, Kafka and all its messages. Other VMs are left alone.",
        vm_state.to_lowercase()
    ));
    super::confirm(
        session,
        args.consent.yes,
        &format!("Destroy `{name}`?"),
        &format!("`{name}` was not destroyed"),
    )?;
    let route = super::connect::undo(session, &stage, held.journal.history(), args.consent.yes)?;
    let had_route = route.is_some();
    let destroy = Box::new(plan::destroy_vm(&config, with)) as Box<dyn crate::step::Step>;
    let errand = Errand {
        outcome: "destroyed",
        afterwards: Box::new(move |record| {
            if had_route {
                record.write(journal::Record::RouteRemoved)?;
            }
            record.down_finished()
        }),
        ..Errand::new("down", Plan::of(route.into_iter().chain([destroy])), config)
    };
    carry_out(session, &stage, held, errand)?;
    session.terminal.note(&format!("{rehearsal}`{name}` is gone"));
    Ok(0)
}
