//! One file for each step. Steps know tools, never each other.

mod add_model;
mod beside;
mod bootstrap_cloud;
mod bootstrap_controller;
pub mod certificates;
pub mod check_laptop;
mod configure_cloud;
pub mod demo;
mod deploy_application;
mod destroy_vm;
mod initialise_lxd;
pub mod install_multipass;
mod install_openstack;
pub mod integrate_kafka;
mod launch_instance;
pub mod launch_vm;
pub mod move_record;
pub mod neighbour;
mod prepare_node;
pub mod rotate_admin;
pub mod route;
pub mod scale;
#[cfg(test)]
mod story_tests;
pub mod topic;
pub mod user;

pub use add_model::AddModel;
pub use bootstrap_cloud::BootstrapCloud;
pub use bootstrap_controller::BootstrapController;
pub use check_laptop::CheckLaptop;
pub use configure_cloud::ConfigureCloud;
pub use deploy_application::DeployApplication;
pub use destroy_vm::DestroyVm;
pub use initialise_lxd::InitialiseLxd;
pub use install_multipass::InstallMultipass;
pub use install_openstack::InstallOpenstack;
pub use integrate_kafka::IntegrateKafka;
pub use launch_instance::LaunchInstance;
pub use launch_vm::LaunchVm;
pub use prepare_node::PrepareNode;

use std::time::Duration;

use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::vm::long_acts;
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Planned, Verdict, Work};
use crate::tools::juju_status::{self, Status};
use crate::tools::kafka::Cluster;
use crate::tools::{juju, snap, sunbeam};

/// So many minutes.
const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// The command a person would type on the laptop to see something in the VM.
fn in_vm(vm: &str, command: &str) -> String {
    format!("multipass exec {vm} -- {command}")
}

/// The proof that Kafka serves: a broker lists its topics, through the listener that is to be in force.
fn lists_topics(
    hosts: &Hosts<'_>,
    config: &Config,
    status: &Status,
    seen: String,
) -> Result<Verdict, CommandError> {
    let Some(cluster) = Cluster::of(status, config) else {
        return Ok(Verdict::not_yet(format!("{seen}; no broker has an address")));
    };
    let name = &cluster.brokers[0].unit;
    let line = cluster.list_topics();
    let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
    Ok(if ran.code == 0 {
        Verdict::met(format!("{seen}; {name} lists its topics"))
    } else {
        let words = ran.stderr.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no word").to_owned();
        Verdict::not_yet(format!("{seen}; {name} does not list its topics yet: {words}"))
    })
}

/// Relates two endpoints. A relation of theirs that was just removed may be in the way until its last hook has run.
fn integrate(work: &Work<'_>, target: &str, one: &str, other: &str, doing: &str) -> Result<(), Failure> {
    let in_the_way = |failure: &Failure| {
        let said = failure.seen.as_deref().unwrap_or_default();
        ["already exists", "dying", "not alive"].iter().any(|words| said.contains(words))
    };
    let related = work.run(Place::Vm, &juju::integrate(target, one, other), doing);
    related.map(drop).map_err(|failure| if in_the_way(&failure) { failure.transient() } else { failure })
}

/// Installs a snap. An installation that a killed kafstack began goes on without it, and is waited for.
fn install_snap(work: &Work<'_>, on: Place, line: &CommandLine, doing: &str) -> Result<(), Failure> {
    loop {
        match work.run(on, line, doing) {
            Err(failure)
                if failure.seen.as_deref().is_some_and(snap::is_busy)
                    && work.may_go_on()
                    && !work.stop.requested() =>
            {
                work.waiting("snapd is still at an earlier change of this snap");
                work.hosts.clock.pause(Duration::from_secs(10));
            }
            end => return end.map(drop),
        }
    }
}

/// The model.
fn model(hosts: &Hosts<'_>, config: &Config) -> Result<Status, CommandError> {
    let line = juju::status(&config.juju.target());
    juju_status::parse(&line, &hosts.vm.ask(&line)?)
}

/// The model, for something that is about to be changed.
fn asked(work: &Work<'_>, config: &Config, doing: &str) -> Result<Status, Failure> {
    model(&work.hosts, config).map_err(|error| Failure::of_command(doing, &error))
}

/// Before `sunbeam` acts its controller must be the current one: its login asks about the current one
/// (canonical/snap-openstack:sunbeam-python/sunbeam/steps/juju.py). Probes never do this.
fn make_sunbeam_current(work: &Work<'_>) -> Result<(), Failure> {
    let line = juju::controllers();
    let known = work.hosts.vm.ask(&line).and_then(|output| juju::parse_controllers(&line, output));
    let known = known.map_err(|error| Failure::of_command("Ask which Juju controllers there are", &error))?;
    if known.knows(sunbeam::CONTROLLER) && known.current.as_deref() != Some(sunbeam::CONTROLLER) {
        work.run(Place::Vm, &juju::switch(sunbeam::CONTROLLER), "Make Sunbeam's controller the current one")?;
    }
    Ok(())
}

/// Whether a controller that the client knows is half made by the long act `by`, so that its bootstrap is to be run: one
/// that is still at work is joined by that. One that was cut off, by the VM going down or by a person, left the
/// controller behind (juju/juju:environs/bootstrap/prepare.go); it never comes up, in its place no other can be made,
/// and it is removed here. A bootstrap that fails cleans up after itself. A controller that this act did not say that it makes is somebody else's:
/// Sunbeam's preparation makes none beside one that answers.
fn is_half_made(work: &Work<'_>, by: &str, controller: &str) -> Result<bool, Failure> {
    let ask = |line: CommandLine| {
        let answer = work.hosts.vm.ask(&line);
        answer.map_err(|error| Failure::of_command("Ask how the last bootstrap ended", &error))
    };
    let at_rest = ask(long_acts::at_rest())?;
    if long_acts::one_is_at_work(&at_rest) && long_acts::was_last(&ask(long_acts::last())?, by) {
        return Ok(true);
    }
    if !long_acts::was_cut_off(&at_rest, by)
        || ask(long_acts::said(by, &juju::creating(controller)))?.code != 0
    {
        return Ok(false);
    }
    work.warn(format!(
        "the bootstrap of `{controller}` was cut off in the middle: it is removed and made anew"
    ));
    work.run(Place::Vm, &juju::kill_controller(controller), "Remove the controller that is half made")?;
    Ok(true)
}

/// What [`is_half_made`] may do, for the plan.
fn clears_cut_off(controller: &str) -> Planned {
    Planned::vm(juju::kill_controller(controller)).when("an earlier bootstrap was cut off")
}

/// Adds where Sunbeam says more than on its last lines.
fn with_sunbeam_hint(failure: Failure) -> Failure {
    if failure.id == Id::CommandFailed {
        failure.hint("its own log: `kafstack shell -- sh -c 'tail -n 50 $(ls -t snap/openstack/common/logs/* | head -n 1)'`")
    } else {
        failure
    }
}

/// A command that failed, or whose answer was lost, may have had its effect all the same: where the world says so, the
/// step goes on.
///
/// # Errors
/// The failure, if it is not done.
fn unless_done(
    work: &Work<'_>,
    result: Result<(), Failure>,
    done: impl FnOnce() -> Result<bool, CommandError>,
) -> Result<(), Failure> {
    match result {
        Err(failure) if failure.id == Id::CommandFailed && done().unwrap_or(false) => {
            work.warn(format!("{failure}; yet it is done, so kafstack goes on"));
            Ok(())
        }
        result => result,
    }
}

/// Asks a question whose exit code is the answer.
fn yes(hosts: &Hosts<'_>, line: &CommandLine) -> Result<bool, CommandError> {
    Ok(hosts.vm.ask(line)?.code == 0)
}
