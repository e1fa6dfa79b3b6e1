//! Scenarios: what is different about the simulated laptop, and what goes wrong on it. A YAML file; unknown keys
//! are refused. Every key is optional.
//!
//! ```yaml
//! laptop:                       # a fresh world's laptop; what is there already is changed when planted anew
//!   arch: x86_64                # or arm64
//!   cpus: 16
//!   memory: 64G                 # installed
//!   disk: 400G                  # free
//!   virtualisation: true
//!   snapd: true
//!   multipass: absent           # or a version: 1.16.3, 1.17.0
//!   network: true
//!   sudo: allowed               # or refused
//! vms:                          # VMs that are there already
//!   - { name: other, state: Running }          # Running, Stopped, Suspended, Deleted
//!   - { name: microstack, ours: true }         # with kafstack's mark inside
//! faults:                       # what becomes of commands
//!   - command: sunbeam cluster bootstrap       # the first words, `sudo` and `sudo -n` aside
//!     on: vm                    # or laptop; both if absent
//!     once: juju add-model      # only after a command that begins so has ended; from the beginning if absent
//!     skip: 0                   # leave the first so many alone
//!     times: 1                  # so often; every time if absent
//!     fails: { code: 1, stderr: "…", stdout: "…" }   # exactly one of these
//!     fails_but_works: { code: 5, stderr: "…" }      #   its effect comes about all the same
//!     hangs: true                                    #   never ends, no effect
//!     works_but_hangs: true                          #   its effect comes about, its answer never
//!     lost: true                                     #   the way into the VM breaks, no effect
//!     works_but_lost: true                           #   the same after the effect
//!     prints_before: "WARNING noise"                 #   a line on stdout before its own
//!     warns_before: "WARNING noise"                  #   a line on stderr before its own
//!     floods: 300M                                   #   so much on stdout before its own (4M in a long act)
//!     garbage: true                                  #   stdout is no text at all
//!     truncated: true                                #   stdout ends half-way
//!     takes: 5m                                      #   its end comes so late
//!     slow: 4                                        #   so many times slower, and moving all the time
//!     freezes_after: 2m                              #   from then on no word, no effect, no end
//!     drips: 10m                                     #   its output comes byte by byte over so long
//! events:                       # what happens by itself, counted from the scenario's first use; for as long as
//!                               # `heals_after` or `for` says, else for ever
//!   - { after: 30m, unit: kafka/1, error: "hook failed: \"start\"", heals_after: 6m }   # or blocked, waiting
//!   - { unit: kafka/1, is: allocating }
//!   - { after: 40m, agent_lost: zookeeper/2, heals_after: 3m }
//!   - { storage_pending: kafka/0 }
//!   - { machine: 3, is: down }                 # or pending, provisioning error, stopped, frozen
//!   - { machine: 3, is: provisioning error, message: no matching image found }
//!   - { application: kafka, channel: 4/stable }
//!   - { application: kafka, charm: kafka-k8s }
//!   - { relation_gone: kafka zookeeper }       # at once
//!   - { model: demo, is: suspended }           # or destroying; gone: at once
//!   - { controller: overlord, is: stopped }    # or unregistered: at once
//!   - { lxd: pool full }                       # or pool gone, bridge gone, ipv6 on, down
//!   - { after: 10m, vm: stopped }              # or suspended, deleted, gone, moved: at once
//!   - { vm: disk full }                        # or frozen, out of memory, clock behind, cloud-init failed,
//!                                              # cloud-init running, nameless, smaller, apt locked
//!   - { after: 12m, daemon: down, for: 2m }    # the Multipass daemon; or refreshed, refreshed badly
//!   - { network: dns, on: vm, for: 2m }        # or down, proxy, throttled; on laptop, vm, container or all
//!   - { clock: ahead, by: 2h }                 # the laptop's; or back
//!   - { laptop: slept, for: 8h }
//!   - { snap: openstack, is: refreshing }      # or inactive; in the VM, or `multipass` on the laptop
//!   - { snap: openstack, channel: 2023.1/stable }
//!   - { session: expired }                     # until the next juju-login
//!   - { plan_locked: openstack-plan }          # until it is unlocked
//!   - { cloud: nova, error: "hook failed" }    # or blocked, waiting; or compute, control
//!   - { cloud_lacks: image }                   # or flavor, network
//!   - { server: error }                        # or building, off, no address, twice
//! ```

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::events::Event;
use super::multipass;
use super::timeline::{MINUTE, Millis, SECOND};
use crate::host::Place;

/// A scenario as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What is different about the laptop.
    pub laptop: LaptopKeys,
    /// VMs that are there already.
    pub vms: Vec<VmKeys>,
    /// What becomes of commands.
    pub faults: Vec<Fault>,
    /// What happens by itself.
    pub events: Vec<Event>,
}

/// `laptop:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LaptopKeys {
    pub(super) arch: Option<String>,
    pub(super) cpus: Option<u32>,
    pub(super) memory: Option<Bytes>,
    pub(super) disk: Option<Bytes>,
    pub(super) virtualisation: Option<bool>,
    pub(super) snapd: Option<bool>,
    pub(super) multipass: Option<String>,
    pub(super) network: Option<bool>,
    pub(super) sudo: Option<Sudo>,
}

/// `sudo:`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sudo {
    /// It lets the user.
    Allowed,
    /// It does not.
    Refused,
}

/// An entry of `vms:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmKeys {
    pub(super) name: String,
    #[serde(default = "running")]
    pub(super) state: String,
    #[serde(default)]
    pub(super) ours: bool,
}

fn running() -> String {
    "Running".to_owned()
}

/// An entry of `faults:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    pub(super) command: String,
    pub(super) on: Option<Place>,
    pub(super) once: Option<String>,
    pub(super) skip: u32,
    pub(super) times: Option<u32>,
    pub(super) fails: Option<Answer>,
    pub(super) fails_but_works: Option<Answer>,
    pub(super) hangs: bool,
    pub(super) works_but_hangs: bool,
    pub(super) lost: bool,
    pub(super) works_but_lost: bool,
    pub(super) prints_before: Option<String>,
    pub(super) warns_before: Option<String>,
    pub(super) floods: Option<Bytes>,
    pub(super) garbage: bool,
    pub(super) truncated: bool,
    pub(super) takes: Option<Span>,
    pub(super) slow: Option<u32>,
    pub(super) freezes_after: Option<Span>,
    pub(super) drips: Option<Span>,
}

/// How a failing command ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    pub(super) code: i32,
    pub(super) stderr: String,
    pub(super) stdout: String,
}

/// A span of time such as `90s`, `30m`, `1h30m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Millis);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no span of time such as 90s, 30m or 1h30m");
        let (mut total, mut digits) = (0, String::new());
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let unit = match c {
                'h' => 60 * MINUTE,
                'm' => MINUTE,
                's' => SECOND,
                _ => return Err(wrong()),
            };
            let number: Millis = std::mem::take(&mut digits).parse().map_err(|_| wrong())?;
            total += number.checked_mul(unit).ok_or_else(wrong)?;
        }
        if digits.is_empty() && !text.is_empty() { Ok(Span(total)) } else { Err(wrong()) }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        format!("{}s", span.0 / SECOND)
    }
}

/// A size such as `64G`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(pub u64);

impl TryFrom<String> for Bytes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        multipass::size(&text).map(Bytes).ok_or_else(|| format!("`{text}` is no size such as 64G or 300M"))
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> String {
        bytes.0.to_string()
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// It is not the YAML that this file's head describes.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let scenario: Scenario = if text.trim().is_empty() {
            Scenario::default()
        } else {
            crate::yaml::read(text).context("the scenario is not as documented")?
        };
        if let Some(arch) = &scenario.laptop.arch {
            ensure!(
                ["x86_64", "arm64"].contains(&arch.as_str()),
                "laptop.arch: `{arch}` is neither x86_64 nor arm64"
            );
        }
        for vm in &scenario.vms {
            let states = ["Running", "Stopped", "Suspended", "Deleted"];
            ensure!(
                states.contains(&vm.state.as_str()),
                "vms: `{}` is none of {}",
                vm.state,
                states.join(", ")
            );
        }
        for fault in &scenario.faults {
            ensure!(!fault.command.trim().is_empty(), "faults: an entry without `command`");
            ensure!(
                fault.kinds() == 1,
                "faults: `{}` needs exactly one thing that goes wrong",
                fault.command
            );
        }
        for event in &scenario.events {
            event.what().map_err(|why| anyhow::anyhow!("events: {why}"))?;
        }
        Ok(scenario)
    }
}

impl Fault {
    /// How many things go wrong by it.
    fn kinds(&self) -> usize {
        let options = [
            self.fails.is_some(),
            self.fails_but_works.is_some(),
            self.hangs,
            self.works_but_hangs,
            self.lost,
            self.works_but_lost,
            self.prints_before.is_some(),
            self.warns_before.is_some(),
            self.floods.is_some(),
            self.garbage,
            self.truncated,
            self.takes.is_some(),
            self.slow.is_some(),
            self.freezes_after.is_some(),
            self.drips.is_some(),
        ];
        options.iter().filter(|there| **there).count()
    }
}
