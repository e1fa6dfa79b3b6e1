//! `lxd` and `lxc` in the VM. Ask `snap list lxd` before any of these: on Ubuntu 24.04 both names are stubs that
//! install LXD when first called, so a mere question would change the VM.

use std::time::Duration;

use serde::Deserialize;
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

/// The pools' names.
///
/// # Errors
/// As [`count_pools`].
pub fn pool_names(line: &CommandLine, output: Output) -> Result<Vec<String>, CommandError> {
    json::<Vec<Named>>(line, output).map(|pools| pools.into_iter().map(|pool| pool.name).collect())
}

/// Something with a name.
#[derive(Deserialize)]
struct Named {
    /// Its name.
    name: String,
}

/// How full a pool is, in bytes (canonical/lxd:lxc/storage.go).
pub fn pool_space(pool: &str) -> CommandLine {
    CommandLine::reads("lxc", ["storage", "info", pool, "--bytes"])
}

/// How full a pool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes in use.
    pub used: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Space {
    /// What is in use, in percent.
    pub fn percent(self) -> u64 {
        self.used.saturating_mul(100).checked_div(self.total).unwrap_or_default()
    }
}

/// The answer to [`pool_space`].
///
/// # Errors
/// The command failed or printed no such rows.
pub fn parse_pool_space(line: &CommandLine, output: Output) -> Result<Space, CommandError> {
    let text = output.success(line)?.out();
    let row = |name: &str| {
        let value = text.lines().find_map(|row| row.trim().strip_prefix(name))?;
        value.trim().trim_matches('"').parse().ok()
    };
    match (row("space used:"), row("total space:")) {
        (Some(used), Some(total)) => Ok(Space { used, total }),
        _ => Err(CommandError::garbled(line, "no used and total space")),
    }
}

/// The containers and their states.
pub fn containers() -> CommandLine {
    CommandLine::reads("lxc", ["list", "--format", "json"])
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Container {
    /// Its name, which is Juju's instance id.
    pub name: String,
    /// `Running`, `Stopped`, `Frozen`, … (canonical/lxd:shared/api/status_code.go).
    pub status: String,
}

/// The answer to [`containers`].
///
/// # Errors
/// The command failed or printed no such list.
pub fn parse_containers(line: &CommandLine, output: Output) -> Result<Vec<Container>, CommandError> {
    json(line, output)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_of_a_pool_is_read() {
        let line = pool_space("default");
        let text =
            "info:\n  driver: zfs\n  name: default\n  space used: 970\n  total space: 1000\nused by: {}\n";
        let output = |text: &str| Output { stdout: text.into(), ..Output::default() };
        assert_eq!(parse_pool_space(&line, output(text)).unwrap().percent(), 97);
        assert!(parse_pool_space(&line, output("info:\n")).is_err());
        assert_eq!(Space { used: 0, total: 0 }.percent(), 0);
    }

    #[test]
    fn containers_have_a_name_and_a_state() {
        let text = r#"[{"name":"juju-5d1c9e-0","status":"Stopped","status_code":102}]"#;
        let output = Output { stdout: text.into(), ..Output::default() };
        let stopped = Container { name: "juju-5d1c9e-0".into(), status: "Stopped".into() };
        assert_eq!(parse_containers(&containers(), output).unwrap(), [stopped]);
    }
}
