//! Sunbeam's demo project: a user, a network, an image, flavors, and the openrc file.

use std::time::Duration;

use super::{in_vm, make_sunbeam_current, minutes, with_sunbeam_hint, yes};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::{juju, linux, openstack, sunbeam};

/// Its name.
pub const NAME: &str = "configure-cloud";

/// What the configuration must have made, in the order in which it is asked: kind, name, state (empty: none).
const MADE: [(&str, &str, &str); 3] =
    [("network", "demo-network", "ACTIVE"), ("image", "ubuntu", "active"), ("flavor", "m1.tiny", "")];

/// Configures the cloud for use.
pub struct ConfigureCloud {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// Where the openrc lies in the VM.
    pub openrc: String,
    /// The step's limit.
    pub timeout: Duration,
}

impl ConfigureCloud {
    /// The usual limit: three minutes are seen, an image is downloaded on the way.
    pub const TIMEOUT: Duration = minutes(45);

    /// The end of our own run of it, as its wrapper left it in the VM.
    fn end() -> CommandLine {
        linux::cat("kafstack/configure-cloud.end")
    }
}

impl Step for ConfigureCloud {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Configure the cloud"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![
            Planned::vm(juju::switch(sunbeam::CONTROLLER))
                .when("Sunbeam's controller is not the current one"),
            Planned::vm(sunbeam::configure(&self.openrc, "{act}")),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        let shows = MADE.iter().map(|(kind, name, _)| openstack::show(&self.openrc, kind, name));
        let lines = [Self::end(), linux::not_empty(&self.openrc), openstack::token(&self.openrc)];
        Checkpoint {
            expect: "`sunbeam configure` ended well, the openrc gives a token, and network, image and flavor are there".to_owned(),
            probes: lines.into_iter().chain(shows).map(|line| (Place::Vm, line)).collect(),
            timeout: self.timeout,
            interval: Duration::from_secs(15),
            successes: 1,
            look_here: in_vm(&self.vm, &format!("bash -c '. {} && openstack network list'", self.openrc)),
            not_met: Id::CloudNotConfigured,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        // The file and Sunbeam's sentences come before its last steps; only its exit code proves them
        // (canonical/snap-openstack:sunbeam-python/sunbeam/provider/local/commands.py). Without that in the VM it is
        // simply configured again.
        let end = hosts.vm.ask(&Self::end())?;
        if end.code != 0 || end.out().split_whitespace().nth(1) != Some("0") {
            return Ok(Verdict::not_yet("`sunbeam configure` has not ended well here yet"));
        }
        if !yes(hosts, &linux::not_empty(&self.openrc))? {
            return Ok(Verdict::not_yet(format!("{} is not there", self.openrc)));
        }
        let line = openstack::token(&self.openrc);
        let answer = hosts.vm.ask(&line)?;
        if answer.code != 0 {
            return Ok(Verdict::not_yet("the identity service gives no token for the demo user"));
        }
        openstack::parse_token(&line, answer)?;
        for (kind, name, wanted) in MADE {
            let line = openstack::show(&self.openrc, kind, name);
            let answer = hosts.vm.ask(&line)?;
            if answer.code != 0 {
                return Ok(Verdict::not_yet(format!(
                    "the {kind} {name} is not there: {}",
                    answer.last_words(&line)
                )));
            }
            let status = openstack::parse_status(&line, answer)?;
            if !wanted.is_empty() && status != wanted {
                return Ok(Verdict::not_yet(format!("the {kind} {name} is {status}")));
            }
        }
        Ok(Verdict::met("openrc, token, network, image and flavor are there"))
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        make_sunbeam_current(work)?;
        let line = sunbeam::configure(&self.openrc, &work.long_id());
        work.run(Place::Vm, &line, "Configure the cloud").map_err(with_sunbeam_hint)?;
        Ok(())
    }
}
