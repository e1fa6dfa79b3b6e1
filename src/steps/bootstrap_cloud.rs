//! Sunbeam's bootstrap: the longest step, silent for twenty minutes and more.

use std::time::Duration;

use super::{in_vm, make_sunbeam_current, minutes, with_sunbeam_hint};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Flow, Hosts, Place, Stream, Watch};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::sunbeam::{self, Track};
use crate::tools::{juju, juju_status, snap};

/// Its name.
pub const NAME: &str = "bootstrap-cloud";

/// Brings OpenStack's services up.
pub struct BootstrapCloud {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// What the track of the snap asks for.
    pub track: Track,
    /// The step's limit.
    pub timeout: Duration,
}

impl BootstrapCloud {
    /// The usual limit. Sunbeam's own waits add up to more than two hours, and a killed terraform leaves a lock
    /// (canonical/snap-openstack:sunbeam-python/sunbeam/steps/openstack.py).
    pub const TIMEOUT: Duration = minutes(150);

    /// The snaps that the stack stands on from here.
    fn snaps(&self) -> &'static [&'static str] {
        if self.track.brings_lxd { &["openstack", "juju", "lxd"] } else { &["openstack", "juju"] }
    }
}

impl Step for BootstrapCloud {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Bootstrap the cloud"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![
            Planned::vm(snap::hold(self.snaps().iter().copied())),
            Planned::vm(juju::switch(sunbeam::CONTROLLER))
                .when("Sunbeam's controller is there and not the current one"),
            Planned::vm(sunbeam::bootstrap("{act}")),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!(
                "Sunbeam has marked its bootstrap as done, the machine runs, {} active",
                roles(&self.track)
            ),
            probes: vec![(Place::Vm, sunbeam::bootstrap_mark()), (Place::Vm, sunbeam::cluster_list())],
            timeout: self.timeout,
            interval: Duration::from_secs(20),
            successes: 1,
            look_here: in_vm(&self.vm, "sunbeam cluster list"),
            not_met: Id::CloudNotBootstrapped,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = sunbeam::bootstrap_mark();
        let mark = hosts.vm.ask(&line)?;
        if mark.code != 0 {
            // Also said while the service restarts: no proof that bootstrap never ended, but then running it again
            // is slow and harmless.
            return Ok(Verdict::not_yet(format!(
                "Sunbeam does not say that bootstrap is done: {}",
                mark.last_words(&line)
            )));
        }
        let line = sunbeam::cluster_list();
        let missing = sunbeam::parse_cluster(&line, hosts.vm.ask(&line)?, &self.track)?;
        Ok(if missing.is_empty() {
            Verdict::met(format!("bootstrapped; the machine runs, {} active", roles(&self.track)))
        } else {
            Verdict::not_yet(format!("bootstrapped; {}", missing.join(", ")))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        // At the beginning: what comes last in an act is lost to a kafstack that dies when the checkpoint holds.
        work.run(Place::Vm, &snap::hold(self.snaps().iter().copied()), "Hold the snaps from refreshing")?;
        make_sunbeam_current(work)?;
        let line = sunbeam::bootstrap(&work.long_id());
        let mut heartbeat = Heartbeat { work, at: Duration::ZERO };
        work.run_watched(Place::Vm, &line, "Bootstrap the cloud", &mut heartbeat)
            .map_err(with_sunbeam_hint)?;
        Ok(())
    }
}

/// The roles of a track as words.
fn roles(track: &Track) -> String {
    format!("{} {}", track.roles.join(", "), if track.roles.len() == 1 { "is" } else { "are" })
}

/// Sunbeam shows no progress without a terminal (LP 2097451), so Juju is asked what is there already.
struct Heartbeat<'a> {
    /// For asking and telling.
    work: &'a Work<'a>,
    /// When something was last said, in time since the start.
    at: Duration,
}

impl Watch for Heartbeat<'_> {
    fn line(&mut self, _: Stream, _: &[u8]) {}

    fn tick(&mut self, _: Duration) -> Flow {
        Flow::GoOn
    }

    fn between(&mut self, elapsed: Duration) {
        if elapsed < self.at + minutes(1) {
            return;
        }
        self.at = elapsed;
        let line = juju::status(sunbeam::MODEL);
        let status = self.work.hosts.vm.ask(&line).and_then(|output| juju_status::parse(&line, &output));
        self.work.waiting(match status {
            Ok(status) => {
                let all = status.applications.len();
                let active = status
                    .applications
                    .iter()
                    .filter(|(_, a)| a.application_status.current == "active")
                    .count();
                format!("OpenStack's services are coming up: {active} of {all} active")
            }
            Err(_) => "Sunbeam is at work; its services are not there yet".to_owned(),
        });
    }
}
