//! One file for each step. Steps know tools, never each other.

mod add_model;
mod bootstrap_cloud;
mod bootstrap_controller;
pub mod check_laptop;
mod configure_cloud;
mod deploy_application;
mod destroy_vm;
mod initialise_lxd;
pub mod install_multipass;
mod install_openstack;
pub mod integrate_kafka;
mod launch_instance;
pub mod launch_vm;
mod prepare_node;
pub mod rotate_admin;
pub mod route;
#[cfg(test)]
mod story_tests;
pub mod topic;

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

use crate::failure::Failure;
use crate::host::{CommandError, Hosts, Place};
use crate::step::Work;
use crate::tools::{juju, sunbeam};

/// So many minutes.
const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// The command a person would type on the laptop to see something in the VM.
fn in_vm(vm: &str, command: &str) -> String {
    format!("multipass exec {vm} -- {command}")
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

/// Whether a `sunbeam` that ended like this may simply be run again.
fn sunbeam_may_heal(failure: &Failure) -> bool {
    failure.seen.as_deref().is_some_and(|seen| sunbeam::cure(seen) == sunbeam::Cure::Again)
}

/// Adds what Sunbeam's own words ask for.
fn with_sunbeam_hint(failure: Failure) -> Failure {
    match failure.seen.as_deref().map(sunbeam::cure) {
        Some(sunbeam::Cure::Stop(hint)) if failure.id == crate::failure::Id::CommandFailed => {
            failure.hint(hint)
        }
        _ => failure,
    }
}

/// Asks a question whose exit code is the answer.
fn yes(hosts: &Hosts<'_>, line: &crate::host::CommandLine) -> Result<bool, CommandError> {
    Ok(hosts.vm.ask(line)?.code == 0)
}
