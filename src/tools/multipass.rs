//! `multipass`: the VM tool on the laptop, in its two dialects 1.16 and 1.17.

use std::time::Duration;

use serde::Deserialize;

use super::json;
use crate::config::VmConfig;
use crate::host::{CommandError, CommandLine, Output};
use crate::text;

/// How long `launch` itself may wait for the image, ssh and cloud-init, in seconds. Its default of 300 s for each
/// wait is too short for a slow mirror (canonical/multipass:src/daemon/daemon.cpp, #4827).
const LAUNCH_TIMEOUT_S: u64 = 1800;

/// A VM of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// `Running`, `Stopped`, `Deleted`, … (canonical/multipass:src/client/cli/formatter/format_utils.cpp).
    #[serde(default)]
    pub state: String,
    /// Its addresses, management address first; empty unless asked with addresses.
    #[serde(default)]
    pub ipv4: Vec<String>,
}

/// Client and daemon versions. The daemon's is missing when the daemon does not answer or refuses this user; the
/// exit code is 0 all the same (canonical/multipass:src/client/cli/cmd/version.cpp), so it is no signal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Versions {
    /// The client's.
    #[serde(rename = "multipass")]
    pub client: String,
    /// The daemon's.
    #[serde(rename = "multipassd")]
    pub daemon: Option<String>,
}

/// Asks for the versions.
pub fn version() -> CommandLine {
    CommandLine::reads("multipass", ["version", "--format", "json"])
}

/// The answer to [`version`].
///
/// # Errors
/// The client failed: right after its installation every call ends with 1, as the daemon's certificate is not there
/// yet (canonical/multipass#5015); or the answer is no such document.
pub fn parse_version(line: &CommandLine, output: Output) -> Result<Versions, CommandError> {
    json(line, output)
}

/// All VMs and their states, without entering any: `--no-ipv4` is hidden but there since 1.7
/// (canonical/multipass:src/client/cli/cmd/list.cpp).
pub fn list() -> CommandLine {
    CommandLine::reads("multipass", ["list", "--format", "json", "--no-ipv4"])
}

/// All VMs, states and addresses; enters every running VM.
pub fn list_with_addresses() -> CommandLine {
    CommandLine::reads("multipass", ["list", "--format", "json"])
}

/// The fleet, from the answer to either list. An address that is not known is `N/A` in 1.16 and missing in 1.17.
///
/// # Errors
/// The command failed or its answer is not the documented JSON.
pub fn parse_list(line: &CommandLine, output: &Output) -> Result<Vec<Instance>, CommandError> {
    #[derive(Deserialize)]
    struct List {
        list: Vec<Instance>,
    }
    let mut fleet = json::<List>(line, output.clone())?.list;
    for vm in &mut fleet {
        vm.ipv4.retain(|address| address != "N/A");
        vm.state = text::one_line(&vm.state);
    }
    Ok(fleet)
}

/// Creates the VM. The image is always named: without one Multipass takes the newest LTS. cloud-init comes through
/// stdin, because the snap cannot read most files (canonical/multipass#3693).
pub fn launch(vm: &VmConfig, cloud_init: &str) -> CommandLine {
    CommandLine::changes(
        "multipass",
        [
            "launch",
            vm.image.number(),
            "--name",
            &vm.name,
            "--cpus",
            &vm.cpus.to_string(),
            "--memory",
            &vm.memory.to_string(),
            "--disk",
            &vm.disk.to_string(),
            "--timeout",
            &LAUNCH_TIMEOUT_S.to_string(),
            "--cloud-init",
            "-",
        ],
    )
    .fed(cloud_init)
    .within(Duration::from_secs(LAUNCH_TIMEOUT_S + 300))
}

/// Starts a stopped or suspended VM.
pub fn start(name: &str) -> CommandLine {
    CommandLine::changes("multipass", ["start", name]).within(Duration::from_secs(900))
}

/// Takes a deleted VM back; it is stopped afterwards.
pub fn recover(name: &str) -> CommandLine {
    CommandLine::changes("multipass", ["recover", name])
}

/// Destroys this one VM at once, in whatever state it is. `multipass purge` takes no name and destroys every
/// deleted VM of every user (canonical/multipass:src/client/cli/cmd/purge.cpp): kafstack never calls it.
pub fn delete(name: &str) -> CommandLine {
    CommandLine::changes("multipass", ["delete", "--purge", name])
}
