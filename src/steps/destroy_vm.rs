//! The one step of `down`: the VM holds everything, so destroying it undoes everything.

use std::time::Duration;

use super::launch_vm::not_ours;
use super::minutes;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::linux::{self, MARK};
use crate::tools::multipass;

/// Its name.
pub const NAME: &str = "destroy-vm";

/// Destroys this one VM and no other.
pub struct DestroyVm {
    /// The VM.
    pub vm: String,
    /// The journal records a launch since the last `down`.
    pub launched: bool,
    /// The user handed a VM of this name over.
    pub adopt: bool,
}

impl DestroyVm {
    /// The VM's state, if it is there.
    ///
    /// # Errors
    /// Multipass could not be asked.
    pub fn state(&self, hosts: &Hosts<'_>) -> Result<Option<String>, CommandError> {
        let line = multipass::list();
        let fleet = match hosts.laptop.ask(&line) {
            // Without Multipass there is no VM of Multipass.
            Err(CommandError::NotInstalled { .. }) => return Ok(None),
            answer => multipass::parse_list(&line, &answer?)?,
        };
        Ok(fleet.into_iter().find(|vm| vm.name == self.vm).map(|vm| vm.state))
    }

    /// Whether it may be destroyed: it carries our mark, or it cannot be asked and the journal knows it.
    ///
    /// # Errors
    /// It is not ours, or could not be asked.
    pub fn must_be_ours(&self, hosts: &Hosts<'_>, state: &str) -> Result<(), Failure> {
        if self.adopt {
            return Ok(());
        }
        if state == "Running" {
            let mark = hosts.vm.ask(&linux::cat(MARK));
            let mark = mark.map_err(|error| {
                Failure::of_command("Ask the VM whose it is", &error)
                    .hint("a VM that hangs can be handed over for destruction: `kafstack down --adopt`")
            })?;
            if mark.code == 0 && mark.out().trim() == self.vm {
                return Ok(());
            }
            return Err(not_ours(&self.vm, "it is running and does not carry our mark"));
        }
        if self.launched {
            Ok(())
        } else {
            Err(not_ours(&self.vm, &format!("it is {state} and the journal knows nothing of it")))
        }
    }
}

impl Step for DestroyVm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Destroy the VM"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::laptop(multipass::delete(&self.vm))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("there is no VM `{}`", self.vm),
            probes: vec![(Place::Laptop, multipass::list())],
            timeout: minutes(10),
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: "multipass list".to_owned(),
            not_met: Id::VmNotGone,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(match self.state(hosts)? {
            None => Verdict::met(format!("there is no VM `{}`", self.vm)),
            Some(state) => Verdict::not_yet(format!("the VM is {state}")),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let state =
            self.state(&work.hosts).map_err(|error| Failure::of_command("Look for the VM", &error))?;
        let Some(state) = state else { return Ok(()) };
        self.must_be_ours(&work.hosts, &state)?;
        work.run(Place::Laptop, &multipass::delete(&self.vm), "Destroy the VM").map(drop)
    }
}
