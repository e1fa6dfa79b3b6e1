//! `sunbeam` in the VM: it turns the machine into a small OpenStack.
//!
//! What differs between its tracks is data here ([`Track`]), not copies of steps.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::config::{Channel, OpenstackConfig};
use crate::host::{CommandError, CommandLine, Output};
use crate::yaml;

/// What differs between the tracks of the `openstack` snap
/// (canonical/snap-openstack:sunbeam-python/sunbeam/commands/prepare_node.py on each branch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// `prepare-node-script` takes `--bootstrap`, which brings LXD and a controller on it: since 2024.1 bootstrap
    /// refuses without.
    pub brings_lxd: bool,
    /// The least Juju that Sunbeam accepts.
    pub juju_floor: (u32, u32),
    /// The roles that `cluster list` must show as active.
    pub roles: &'static [&'static str],
    /// The script contains a `newgrp` that would swallow the rest of it.
    pub strip_newgrp: bool,
}

impl Track {
    /// The track of a channel.
    pub fn of(channel: &Channel) -> Track {
        let older = channel.track.starts_with("2023.");
        Track {
            brings_lxd: !older,
            juju_floor: match channel.track.as_str() {
                "2023.1" => (3, 2),
                "2023.2" => (3, 4),
                _ => (3, 6),
            },
            roles: if channel.track == "2026.1" {
                &["control", "compute", "network"]
            } else {
                &["control", "compute"]
            },
            strip_newgrp: channel.track == "2023.1",
        }
    }
}

/// The controller that Sunbeam ends up with.
pub const CONTROLLER: &str = "sunbeam-controller";
/// The model on it in which OpenStack's own applications come up.
pub const MODEL: &str = "sunbeam-controller:openstack";
/// The controller on LXD that node preparation makes, from 2024.1 on.
pub const LXD_CONTROLLER: &str = "localhost-localhost";
/// The bridge that node preparation makes, from 2024.1 on.
pub const BRIDGE: &str = "sunbeambr0";
/// The service behind the snap.
pub const CLUSTERD: &str = "openstack.clusterd";
/// The socket every `sunbeam` command needs; Sunbeam itself makes this very test
/// (canonical/snap-openstack:sunbeam-python/sunbeam/core/checks.py).
pub const SOCKET: &str = "/var/snap/openstack/common/state/control.socket";
/// Where node preparation's script is saved, below the VM user's home.
pub const SCRIPT: &str = "kafstack/prepare.sh";

/// Where the openrc lies in the VM. Absolute, because `sh` looks for a plain name elsewhere; not hidden and not
/// under `/tmp`, because the snap sees neither.
pub fn openrc_path(config: &OpenstackConfig) -> String {
    format!("/home/ubuntu/{}", config.openrc)
}

/// Prints the node preparation script; changes nothing.
pub fn prepare_script(track: &Track) -> CommandLine {
    let args: &[&str] =
        if track.brings_lxd { &["prepare-node-script", "--bootstrap"] } else { &["prepare-node-script"] };
    CommandLine::reads("sunbeam", args.iter().copied()).within(Duration::from_secs(60))
}

/// Runs the saved script, as a long act.
pub fn prepare(id: &str) -> CommandLine {
    CommandLine::changes("bash", ["-x", SCRIPT]).long("prepare-node", id)
}

/// Brings OpenStack up, as a long act. No `--role`: each track's default is the right one.
pub fn bootstrap(id: &str) -> CommandLine {
    CommandLine::changes("sunbeam", ["cluster", "bootstrap", "--accept-defaults"]).long("bootstrap-cloud", id)
}

/// Makes the demo project, as a long act.
pub fn configure(openrc: &str, id: &str) -> CommandLine {
    CommandLine::changes("sunbeam", ["configure", "--accept-defaults", "--openrc", openrc])
        .long("configure-cloud", id)
}

/// Launches the demo instance, as a long act. It is not idempotent: each run makes one more server
/// (canonical/snap-openstack:sunbeam-python/sunbeam/commands/launch.py).
pub fn launch(name: &str, id: &str) -> CommandLine {
    CommandLine::changes("sunbeam", ["launch", "ubuntu", "--name", name]).long("launch-instance", id)
}

/// Waits for a launch that an earlier run began, since a long act joins the one of its name that is running. By itself
/// it does nothing.
pub fn join_launch(id: &str) -> CommandLine {
    CommandLine::changes("true", [""; 0]).long("launch-instance", id)
}

/// Asks whether bootstrap once came to its end: exit code 0 proves it, 1 does not disprove it. It logs in again
/// only where the day-long session has ended (canonical/snap-openstack:sunbeam-python/sunbeam/commands/utils.py).
pub fn bootstrap_mark() -> CommandLine {
    CommandLine::reads("sunbeam", ["utils", "juju-login"]).within(Duration::from_secs(120))
}

/// The state of the machine's roles. There is no JSON.
pub fn cluster_list() -> CommandLine {
    CommandLine::reads("sunbeam", ["cluster", "list", "--format", "yaml"]).within(Duration::from_secs(120))
}

/// What the cluster list says against what it must say: the missing roles with their states, or nothing.
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_cluster(line: &CommandLine, output: Output, track: &Track) -> Result<Vec<String>, CommandError> {
    // What is said before the document's first key, such as a warning, is not part of it.
    let text = output.success(line)?.out();
    let text: String = text.lines().skip_while(|l| !l.ends_with(':')).flat_map(|l| [l, "\n"]).collect();
    let garbled = |why: String| CommandError::garbled(line, why);
    if track.brings_lxd {
        #[derive(Deserialize)]
        struct Machine {
            #[serde(default)]
            status: BTreeMap<String, String>,
        }
        let models: BTreeMap<String, BTreeMap<String, Machine>> =
            yaml::read(&text).map_err(|error| garbled(error.to_string()))?;
        let machines = models.into_values().flat_map(BTreeMap::into_values);
        // One machine that has everything will do: the list may name others.
        let best = machines.map(|machine| missing(&machine.status, track)).min_by_key(Vec::len);
        return best.ok_or_else(|| garbled("it names no machine".to_owned()));
    }
    #[derive(Deserialize)]
    struct Node {
        #[serde(default)]
        roles: Vec<String>,
        #[serde(default)]
        status: String,
    }
    let nodes: BTreeMap<String, Node> = yaml::read(&text).map_err(|error| garbled(error.to_string()))?;
    let node = nodes.into_values().next().ok_or_else(|| garbled("it names no node".to_owned()))?;
    let mut wanting: Vec<String> = track
        .roles
        .iter()
        .filter(|r| !node.roles.iter().any(|has| has == *r))
        .map(|r| format!("{r}: absent"))
        .collect();
    if node.status != "ONLINE" {
        wanting.push(format!("node: {}", node.status));
    }
    Ok(wanting)
}

/// What one machine lacks. `cluster:` is not asked for: with a short host name the list may leave it out.
fn missing(status: &BTreeMap<String, String>, track: &Track) -> Vec<String> {
    let wanted = [("machine", "running")].into_iter().chain(track.roles.iter().map(|role| (*role, "active")));
    wanted
        .filter(|(key, state)| status.get(*key).is_none_or(|is| is != state))
        .map(|(key, _)| format!("{key}: {}", status.get(key).map_or("absent", String::as_str)))
        .collect()
}

/// The dashboard's address: the newer form of the command, then the older.
pub fn dashboard() -> [CommandLine; 2] {
    [CommandLine::reads("sunbeam", ["dashboard", "url"]), CommandLine::reads("sunbeam", ["dashboard-url"])]
        .map(|line| line.within(Duration::from_secs(60)))
}

/// The last URL in an answer to [`dashboard`]; a warning may stand before it.
pub fn parse_dashboard(output: &Output) -> Option<String> {
    let text = output.out();
    text.lines().rev().map(str::trim).find(|l| output.code == 0 && l.starts_with("http")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(name: &str) -> Track {
        Track::of(&Channel { track: name.into(), risk: "stable".into() })
    }

    fn answer(text: &str) -> Output {
        Output { stdout: text.into(), ..Output::default() }
    }

    #[test]
    fn a_cluster_without_the_cluster_key_is_well_when_its_roles_are() {
        let text = "openstack-machines:\n  '0':\n    hostname: microstack\n    status:\n      compute: active\n      control: active\n      machine: running\n";
        let missing = parse_cluster(&cluster_list(), answer(text), &track("2024.1")).unwrap();
        assert!(missing.is_empty(), "{missing:?}");
        let missing = parse_cluster(&cluster_list(), answer(text), &track("2026.1")).unwrap();
        assert_eq!(missing, ["network: absent"]);
        let warned = format!("WARNING: cgroup v2 is not fully supported yet\n{text}");
        assert!(parse_cluster(&cluster_list(), answer(&warned), &track("2024.1")).unwrap().is_empty());
        let waiting = text.replace("compute: active", "compute: waiting");
        let missing = parse_cluster(&cluster_list(), answer(&waiting), &track("2024.1")).unwrap();
        assert_eq!(missing, ["compute: waiting"]);
    }

    #[test]
    fn the_older_shape_is_keyed_by_full_name() {
        let text = "microstack.multipass:\n  roles: [control, compute]\n  status: ONLINE\n";
        assert!(parse_cluster(&cluster_list(), answer(text), &track("2023.2")).unwrap().is_empty());
        let down = text.replace("ONLINE", "OFFLINE");
        assert_eq!(
            parse_cluster(&cluster_list(), answer(&down), &track("2023.2")).unwrap(),
            ["node: OFFLINE"]
        );
    }

    #[test]
    fn the_dashboard_is_the_last_url() {
        let said = answer("WARNING: deprecated\nhttp://172.16.1.204:80/openstack-horizon\n");
        assert_eq!(parse_dashboard(&said).unwrap(), "http://172.16.1.204:80/openstack-horizon");
    }
}
