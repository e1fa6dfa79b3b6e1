//! Sunbeam's own preparation of the machine: groups, Juju, and from 2024.1 on LXD with a controller on it.

use std::time::Duration;

use super::{clears_cut_off, in_vm, is_half_made, minutes, with_sunbeam_hint, yes};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::sunbeam::{self, Track};
use crate::tools::{juju, linux, lxd, snap};

/// Its name.
pub const NAME: &str = "prepare-node";

/// Saves the script that Sunbeam prints, looks at it, runs it.
pub struct PrepareNode {
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// What the track of the snap asks for.
    pub track: Track,
    /// The step's limit.
    pub timeout: Duration,
}

impl PrepareNode {
    /// The usual limit: seven minutes are seen.
    pub const TIMEOUT: Duration = minutes(30);

    /// The script as it may be run.
    ///
    /// # Errors
    /// It does not begin as such a script does: then nothing of it is run.
    fn checked(&self, script: &str) -> Result<String, Failure> {
        if script.lines().next() != Some("#!/bin/bash") {
            return Err(Failure::new(
                Id::ScriptUnexpected,
                "Sunbeam's preparation script looks wrong, so it was not run",
            )
            .expected("a first line `#!/bin/bash`")
            .seen(script.lines().next().unwrap_or("nothing").to_owned())
            .hint(format!(
                "look yourself: `{}`",
                in_vm(&self.vm, &sunbeam::prepare_script(&self.track).to_string())
            )));
        }
        // In 2023.1 the script starts a new shell in the middle, which would swallow or wait for the rest.
        let keep = |line: &&str| !(self.track.strip_newgrp && line.trim_start().starts_with("newgrp "));
        Ok(script.lines().filter(keep).flat_map(|line| [line, "\n"]).collect())
    }

    /// What is missing of what the script makes, but for whether its controller answers.
    fn missing(&self, hosts: &Hosts<'_>) -> Result<Option<String>, CommandError> {
        let line = linux::groups();
        let groups = hosts.vm.ask(&line)?.success(&line)?;
        let wanted: &[&str] = if self.track.brings_lxd { &["snap_daemon", "lxd"] } else { &["snap_daemon"] };
        if let Some(group) = wanted.iter().find(|group| !linux::in_group(&groups, group)) {
            return Ok(Some(format!("the user is not in the group {group}")));
        }
        if !yes(hosts, &linux::writable(sunbeam::SOCKET))? {
            return Ok(Some("Sunbeam's socket is not writable".to_owned()));
        }
        let line = snap::list("juju");
        let juju = snap::parse_list(&line, hosts.vm.ask(&line)?)?.and_then(|snap| snap.major_minor());
        if juju.is_none_or(|version| version < self.track.juju_floor) {
            return Ok(Some("Juju is not installed, or too old".to_owned()));
        }
        if !self.track.brings_lxd {
            return Ok(None);
        }
        // `lxc` itself would install LXD on a fresh 24.04, so snap is asked first.
        let line = snap::list("lxd");
        if snap::parse_list(&line, hosts.vm.ask(&line)?)?.is_none() {
            return Ok(Some("the snap `lxd` is not installed".to_owned()));
        }
        let line = lxd::networks();
        let networks = hosts.vm.ask(&line)?.success(&line)?.out();
        if !networks.lines().any(|l| l.split(',').next() == Some(sunbeam::BRIDGE)) {
            return Ok(Some(format!("the bridge {} is not there", sunbeam::BRIDGE)));
        }
        let line = lxd::storage_pools();
        if lxd::count_pools(&line, hosts.vm.ask(&line)?)? == 0 {
            return Ok(Some("LXD has no storage pool".to_owned()));
        }
        Ok(None)
    }

    /// From 2024.1 on the preparation brings a controller on LXD.
    fn probe_controller(hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = juju::controllers();
        let known = juju::parse_controllers(&line, hosts.vm.ask(&line)?)?;
        // Once the cloud is up, this first controller has served its purpose.
        if known.knows(sunbeam::CONTROLLER) {
            return Ok(Verdict::met("prepared; the cloud's own controller is there"));
        }
        if !known.knows(sunbeam::LXD_CONTROLLER) {
            return Ok(Verdict::not_yet(format!("the controller {} is not there", sunbeam::LXD_CONTROLLER)));
        }
        // The store knows a controller before its container is up, and keeps it after a killed run.
        let line = juju::show_controller(sunbeam::LXD_CONTROLLER);
        let answer = hosts.vm.ask(&line)?;
        if answer.code != 0 {
            let words = answer.last_words(&line);
            return Ok(Verdict::not_yet(format!(
                "the controller {} does not answer: {words}",
                sunbeam::LXD_CONTROLLER
            )));
        }
        Ok(match juju::parse_show_controller(&line, answer)? {
            Ok(()) => Verdict::met(format!(
                "groups, socket, Juju, {} and {} are there",
                sunbeam::BRIDGE,
                sunbeam::LXD_CONTROLLER
            )),
            Err(errors) => {
                Verdict::not_yet(format!("the controller {} answers with: {errors}", sunbeam::LXD_CONTROLLER))
            }
        })
    }
}

impl Step for PrepareNode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Prepare the node"
    }

    fn commands(&self) -> Vec<Planned> {
        let act = [
            Planned::vm(sunbeam::prepare_script(&self.track))
                .yielding("script", "the preparation script that Sunbeam printed"),
            Planned::vm(linux::make_folder("kafstack")),
            Planned::vm(linux::write_file(sunbeam::SCRIPT, "{script}")),
            Planned::vm(sunbeam::prepare("{act}")),
        ];
        let clears = self.track.brings_lxd.then(|| clears_cut_off(sunbeam::LXD_CONTROLLER));
        clears.into_iter().chain(act).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        let mut probes = vec![linux::groups(), linux::writable(sunbeam::SOCKET), snap::list("juju")];
        if self.track.brings_lxd {
            probes.extend([snap::list("lxd"), lxd::networks(), lxd::storage_pools(), juju::controllers()]);
            probes.push(juju::show_controller(sunbeam::LXD_CONTROLLER));
        }
        let lxd = if self.track.brings_lxd {
            ", LXD has its bridge and pool, and a Juju controller on it answers"
        } else {
            ""
        };
        Checkpoint {
            expect: format!(
                "the user is in snap_daemon, Sunbeam's socket is writable, Juju is at least {}.{}{lxd}",
                self.track.juju_floor.0, self.track.juju_floor.1
            ),
            probes: probes.into_iter().map(|line| (Place::Vm, line)).collect(),
            timeout: self.timeout,
            interval: Duration::from_secs(10),
            successes: 1,
            look_here: in_vm(&self.vm, "juju controllers"),
            not_met: Id::NodeNotPrepared,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(match self.missing(hosts)? {
            Some(missing) => Verdict::not_yet(missing),
            None if self.track.brings_lxd => Self::probe_controller(hosts)?,
            None => Verdict::met("group, socket and Juju are there"),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = juju::controllers();
        let known = work.hosts.vm.ask(&line).and_then(|output| juju::parse_controllers(&line, output));
        if known.is_ok_and(|known| known.knows(sunbeam::LXD_CONTROLLER))
            && !is_half_made(work, NAME, sunbeam::LXD_CONTROLLER)?
            && self.missing(&work.hosts).is_ok_and(|missing| missing.is_none())
        {
            // After a restart of the VM that takes minutes. The script would bootstrap it once more, and fail.
            work.waiting(format!("{} is there and does not answer yet", sunbeam::LXD_CONTROLLER));
            return Ok(());
        }
        let print = sunbeam::prepare_script(&self.track);
        let script = work.run(Place::Vm, &print, "Ask Sunbeam for its preparation script")?.out();
        let script = self.checked(&script)?;
        // A preparation that an earlier run began may still be reading its script: the same text is not written again.
        let kept = work.hosts.vm.ask(&linux::cat(sunbeam::SCRIPT));
        if !kept.is_ok_and(|kept| kept.code == 0 && kept.out() == script) {
            work.run(Place::Vm, &linux::make_folder("kafstack"), "Make kafstack's folder in the VM")?;
            work.run(Place::Vm, &linux::write_file(sunbeam::SCRIPT, &script), "Save the preparation script")?;
        }
        let line = sunbeam::prepare(&work.long_id());
        work.run(Place::Vm, &line, "Prepare the node").map_err(with_sunbeam_hint)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Channel;

    fn step(track: &str) -> PrepareNode {
        let track = Track::of(&Channel { track: track.into(), risk: "stable".into() });
        PrepareNode { vm: "microstack".into(), track, timeout: PrepareNode::TIMEOUT }
    }

    #[test]
    fn a_script_that_does_not_begin_as_one_is_not_run() {
        for text in ["", "Error: something\n", "#!/bin/sh\n"] {
            assert_eq!(step("2024.1").checked(text).unwrap_err().id, Id::ScriptUnexpected, "{text:?}");
        }
        assert_eq!(step("2024.1").checked("#!/bin/bash\nnewgrp x\n").unwrap(), "#!/bin/bash\nnewgrp x\n");
    }

    #[test]
    fn the_oldest_script_loses_its_new_shell() {
        assert_eq!(
            step("2023.1").checked("#!/bin/bash\n  newgrp snap_daemon\necho\n").unwrap(),
            "#!/bin/bash\necho\n"
        );
    }
}
