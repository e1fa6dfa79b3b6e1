//! Our own Juju controller on LXD, strictly after Sunbeam: before it, Sunbeam would take ours for its own.

use std::time::Duration;

use super::{clears_cut_off, in_vm, is_half_made, minutes};
use crate::config::ProxyConfig;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::{juju, snap};

/// Its name.
pub const NAME: &str = "bootstrap-controller";

/// What the controller stands on.
const SNAPS: [&str; 2] = ["lxd", "juju"];

/// Bootstraps the controller on the VM's LXD.
pub struct BootstrapController {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// The controller's name.
    pub controller: String,
    /// What its models are told about the way to the internet.
    pub proxy: ProxyConfig,
    /// The step's limit.
    pub timeout: Duration,
}

impl BootstrapController {
    /// The usual limit: three to six minutes are seen, a failing try takes longer than ten.
    pub const TIMEOUT: Duration = minutes(45);
}

impl Step for BootstrapController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Bootstrap the controller"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![
            Planned::vm(snap::hold(SNAPS)),
            clears_cut_off(&self.controller),
            Planned::vm(juju::bootstrap(&self.controller, &self.proxy, "{act}")),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("the controller `{}` answers, and Juju is of major version 3", self.controller),
            probes: [juju::version(), juju::controllers(), juju::show_controller(&self.controller)]
                .map(|line| (Place::Vm, line))
                .into(),
            timeout: self.timeout,
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: in_vm(&self.vm, &format!("juju show-controller {}", self.controller)),
            not_met: Id::ControllerNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = juju::version();
        let version = hosts.vm.ask(&line)?.success(&line)?.out().trim().to_owned();
        // Juju 4 no longer writes the address that kafka's track 3 reads of itself
        // (canonical/kafka-operator:src/core/models.py).
        if juju::parse_version(&version).is_some_and(|(major, _)| major != 3) {
            let failure = Failure::new(Id::WrongJuju, "the Juju in the VM does not fit the charms")
                .expected("Juju 3")
                .seen(version)
                .hint("`kafstack down`, then `kafstack up` with `juju.channel: 3.6/stable`");
            return Ok(Verdict::broken(failure));
        }
        // The store is asked first: for a name it does not know, the API is not opened.
        let line = juju::controllers();
        if !juju::parse_controllers(&line, hosts.vm.ask(&line)?)?.knows(&self.controller) {
            return Ok(Verdict::not_yet(format!("there is no controller `{}`", self.controller)));
        }
        let line = juju::show_controller(&self.controller);
        let answer = hosts.vm.ask(&line)?;
        if answer.code != 0 {
            return Ok(Verdict::not_yet(format!(
                "`{}` does not answer: {}",
                self.controller,
                answer.last_words(&line)
            )));
        }
        Ok(match juju::parse_show_controller(&line, answer)? {
            Ok(()) => Verdict::met(format!("the controller `{}` answers", self.controller)),
            Err(errors) => Verdict::not_yet(format!("`{}` answers with: {errors}", self.controller)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        // From here on a refresh would restart containers. After a long day with OpenStack this renews the hold.
        work.run(Place::Vm, &snap::hold(SNAPS), "Hold LXD and Juju from refreshing")?;
        let line = juju::controllers();
        let known = work.hosts.vm.ask(&line).and_then(|output| juju::parse_controllers(&line, output));
        let known =
            known.map_err(|error| Failure::of_command("Ask which Juju controllers there are", &error))?;
        if known.knows(&self.controller) && !is_half_made(work, NAME, &self.controller)? {
            // It was bootstrapped and does not answer now; after a restart of the VM that takes minutes.
            work.waiting(format!("`{}` is there and does not answer yet", self.controller));
            return Ok(());
        }
        // A bootstrap that failed has cleaned up after itself (juju/juju:cmd/juju/commands/bootstrap.go).
        let line = juju::bootstrap(&self.controller, &self.proxy, &work.long_id());
        work.run(Place::Vm, &line, "Bootstrap the controller")?;
        Ok(())
    }
}
