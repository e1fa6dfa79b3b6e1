//! The `openstack` snap in the VM.

use std::time::Duration;

use super::{in_vm, install_snap, minutes, unless_done};
use crate::config::Channel;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::{snap, sunbeam};

/// Its name.
pub const NAME: &str = "install-openstack";

/// Installs the snap that Sunbeam lives in.
pub struct InstallOpenstack {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// The channel; always given, since the store's default track moves.
    pub channel: Channel,
    /// The step's limit.
    pub timeout: Duration,
}

impl InstallOpenstack {
    /// The usual limit: one to two minutes are seen.
    pub const TIMEOUT: Duration = minutes(20);
}

/// A snap that follows another channel than it should: installing it again would not change that.
pub fn wrong_channel(name: &str, tracking: &str, wanted: &Channel) -> Failure {
    Failure::new(Id::WrongChannel, format!("the snap `{name}` in the VM follows another channel"))
        .expected(wanted.to_string())
        .seen(tracking)
        .hint("set the configuration to what is installed, or `kafstack down` and `kafstack up`")
}

impl Step for InstallOpenstack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Install OpenStack"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(snap::wait_until_seeded()), Planned::vm(snap::install("openstack", &self.channel))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("the snap `openstack` follows {} and its service is active", self.channel),
            probes: vec![(Place::Vm, snap::list("openstack")), (Place::Vm, snap::service(sunbeam::CLUSTERD))],
            timeout: self.timeout,
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(&self.vm, "snap list openstack"),
            not_met: Id::OpenstackNotInstalled,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = snap::list("openstack");
        let Some(snap) = snap::parse_list(&line, hosts.vm.ask(&line)?)? else {
            return Ok(Verdict::not_yet("the snap `openstack` is not installed"));
        };
        if !snap.follows(&self.channel) {
            return Ok(Verdict::broken(wrong_channel("openstack", &snap.tracking, &self.channel)));
        }
        let line = snap::service(sunbeam::CLUSTERD);
        let service = hosts.vm.ask(&line)?.success(&line)?;
        Ok(match snap::parse_service(&service.out()).as_deref() {
            Some("active") => Verdict::met(format!("openstack {} from {}", snap.version, snap.tracking)),
            state => Verdict::not_yet(format!("{} is {}", sunbeam::CLUSTERD, state.unwrap_or("absent"))),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        work.run(Place::Vm, &snap::wait_until_seeded(), "Wait for snapd in the VM")?;
        let line = snap::list("openstack");
        let there = || Ok(snap::parse_list(&line, work.hosts.vm.ask(&line)?)?.is_some());
        if there().map_err(|error| Failure::of_command("Ask about the snap", &error))? {
            return Ok(());
        }
        let install = snap::install("openstack", &self.channel);
        let installed = install_snap(work, Place::Vm, &install, "Install the snap `openstack`");
        unless_done(work, installed, there)
    }
}
