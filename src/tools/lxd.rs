//! `lxd` and `lxc` in the VM. Ask `snap list lxd` before any of these: on Ubuntu 24.04 both names are stubs that
//! install LXD when first called, so a mere question would change the VM.

use std::time::Duration;

use serde_json::Value;

use super::json;
use crate::config::Channel;
use crate::host::{CommandError, CommandLine, Output};

/// LXD's long-term channel: the one Sunbeam and the kafka charm's own tests use
/// (canonical/snap-openstack:sunbeam-python/sunbeam/versions.py, canonical/kafka-operator:spread.yaml).
pub fn channel() -> Channel {
    Channel { track: "5.21".into(), risk: "stable".into() }
}

/// The storage pools.
pub fn storage_pools() -> CommandLine {
    CommandLine::reads("lxc", ["storage", "list", "--format", "json"])
}

/// How many pools there are.
///
/// # Errors
/// The command failed or printed no list.
pub fn count_pools(line: &CommandLine, output: Output) -> Result<usize, CommandError> {
    json::<Vec<Value>>(line, output).map(|pools| pools.len())
}

/// The network that the default profile's card hangs on: `lxd init --auto` takes the first free `lxdbrN`, Sunbeam
/// makes `sunbeambr0`, so the name is asked, not assumed (canonical/lxd:lxd/main_init_auto.go).
pub fn bridge() -> CommandLine {
    CommandLine::reads("lxc", ["profile", "device", "get", "default", "eth0", "network"])
}

/// A bridge's own IPv4 address with the length of its network.
pub fn ipv4(bridge: &str) -> CommandLine {
    CommandLine::reads("lxc", ["network", "get", bridge, "ipv4.address"])
}

/// A bridge's IPv6 setting.
pub fn ipv6(bridge: &str) -> CommandLine {
    CommandLine::reads("lxc", ["network", "get", bridge, "ipv6.address"])
}

/// Turns IPv6 off on a bridge: Juju refused bridges with it for long (juju/juju:container/lxd/network.go).
pub fn ipv6_off(bridge: &str) -> CommandLine {
    CommandLine::changes("lxc", ["network", "set", bridge, "ipv6.address", "none"])
}

/// Sets LXD up with its defaults. A no-op when a pool and a network are there.
pub fn init() -> CommandLine {
    CommandLine::changes("lxd", ["init", "--auto"])
}

/// Waits until the daemon answers, at most 270 s.
pub fn wait_until_ready() -> CommandLine {
    CommandLine::reads("sudo", ["lxd", "waitready", "--timeout", "270"]).within(Duration::from_secs(300))
}

/// Lets the VM's user talk to LXD; counts from the next session on, and each command is one.
pub fn let_user_in() -> CommandLine {
    CommandLine::changes("sudo", ["usermod", "-aG", "lxd", "ubuntu"])
}

/// Tells LXD about a proxy.
pub fn set(key: &str, value: &str) -> CommandLine {
    CommandLine::changes("lxc", ["config", "set", key, value])
}

/// The names of the networks, one a line with its other columns behind commas.
pub fn networks() -> CommandLine {
    CommandLine::reads("lxc", ["network", "list", "--format", "csv"])
}
