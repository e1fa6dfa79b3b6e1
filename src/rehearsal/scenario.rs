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
//! faults:                       # what becomes of commands
//!   - command: sunbeam cluster bootstrap       # the first words, `sudo` and `sudo -n` aside
//!     on: vm                    # or laptop; both if absent
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
//!     takes: 5m                                      #   longer than usual
//! events:                       # what happens by itself, counted from the scenario's first use
//!   - { after: 30m, unit: kafka/1, error: "hook failed: \"start\"", heals_after: 6m }
//!   - { after: 40m, agent_lost: zookeeper/2, heals_after: 3m }     # never heals without heals_after
//!   - { after: 10m, vm: stopped }              # or suspended, deleted, gone
//!   - { after: 12m, daemon: down, for: 2m }    # the Multipass daemon
//! ```

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::multipass;
use super::script::{Said, Script};
use super::timeline::{MINUTE, Millis, SECOND};
use super::world::World;
use crate::host::{Place, Stream};

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
    arch: Option<String>,
    cpus: Option<u32>,
    memory: Option<Bytes>,
    disk: Option<Bytes>,
    virtualisation: Option<bool>,
    snapd: Option<bool>,
    multipass: Option<String>,
    network: Option<bool>,
    sudo: Option<Sudo>,
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
    name: String,
    #[serde(default = "running")]
    state: String,
}

fn running() -> String {
    "Running".to_owned()
}

/// An entry of `faults:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    command: String,
    on: Option<Place>,
    skip: u32,
    times: Option<u32>,
    fails: Option<Answer>,
    fails_but_works: Option<Answer>,
    hangs: bool,
    works_but_hangs: bool,
    lost: bool,
    works_but_lost: bool,
    prints_before: Option<String>,
    warns_before: Option<String>,
    floods: Option<Bytes>,
    garbage: bool,
    truncated: bool,
    takes: Option<Span>,
}

/// How a failing command ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    code: i32,
    stderr: String,
    stdout: String,
}

/// An entry of `events:`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Event {
    after: Span,
    unit: Option<String>,
    error: Option<String>,
    agent_lost: Option<String>,
    heals_after: Option<Span>,
    vm: Option<VmEvent>,
    daemon: Option<Daemon>,
    r#for: Option<Span>,
}

/// What happens to the VM.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VmEvent {
    /// It stops.
    Stopped,
    /// It is suspended.
    Suspended,
    /// It is deleted, not purged.
    Deleted,
    /// It is purged.
    Gone,
}

/// What happens to the Multipass daemon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Daemon {
    /// It does not answer.
    Down,
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

/// A scenario in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Planted {
    /// What was written.
    scenario: Scenario,
    /// When it was planted.
    began: Millis,
    /// How often each fault met its command.
    met: Vec<u32>,
}

/// What ails a unit.
pub enum Ailment {
    /// Its hook failed with this message, since then.
    Error(String, Millis),
    /// Its agent is lost since then.
    Lost(Millis),
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
            serde_yaml::from_str(text).context("the scenario is not as documented")?
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
            let kinds = [
                event.unit.is_some(),
                event.agent_lost.is_some(),
                event.vm.is_some(),
                event.daemon.is_some(),
            ];
            ensure!(
                kinds.iter().filter(|there| **there).count() == 1
                    && event.unit.is_some() == event.error.is_some(),
                "events: each needs one of `unit` with `error`, `agent_lost`, `vm`, `daemon`"
            );
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
        ];
        options.iter().filter(|there| **there).count()
    }

    /// Whether it is about this command.
    fn is_about(&self, place: Place, argv: &[&str]) -> bool {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        let bare = match argv {
            ["sudo", "-n", rest @ ..] | ["sudo", rest @ ..] => rest,
            all => all,
        };
        self.on.is_none_or(|on| on == place) && (argv.starts_with(&words) || bare.starts_with(&words))
    }

    /// What it makes of a command.
    fn strike(&self, world: &mut World, run: impl FnOnce(&mut World) -> Script) -> Script {
        let answered = |answer: &Answer| {
            let mut script = Script::silent().ends(400, answer.code);
            if !answer.stdout.is_empty() {
                script = script.out(format!("{}\n", answer.stdout));
            }
            if answer.stderr.is_empty() { script } else { script.err(format!("{}\n", answer.stderr)) }
        };
        if let Some(answer) = &self.fails {
            return answered(answer);
        }
        if self.hangs {
            return Script::hang();
        }
        if self.lost {
            return Script { lost: true, ..Script::silent() };
        }
        let mut script = run(world);
        let before = |stream, text: Vec<u8>, times| Said { at: 0, stream, text, times };
        if let Some(answer) = &self.fails_but_works {
            let took = script.took;
            script = Script { job: script.job, ..answered(answer).taking(took) };
        }
        script.hangs |= self.works_but_hangs;
        script.lost |= self.works_but_lost;
        if let Some(text) = &self.prints_before {
            script.said.insert(0, before(Stream::Stdout, format!("{text}\n").into(), 1));
        }
        if let Some(text) = &self.warns_before {
            script.said.insert(0, before(Stream::Stderr, format!("{text}\n").into(), 1));
        }
        if let Some(Bytes(size)) = self.floods {
            let chunk = "the same line over and over again, sixty-four bytes with its end\n".repeat(1024);
            let times = size.div_ceil(chunk.len() as u64);
            script.said.insert(0, before(Stream::Stdout, chunk.into_bytes(), times));
        }
        if self.garbage || self.truncated {
            for said in script.said.iter_mut().filter(|said| said.stream == Stream::Stdout) {
                let half = said.text.len() / 2;
                said.text.truncate(half);
                if self.garbage {
                    said.text = b"\x00\xff\xfe{]%\x1b[31m\n".to_vec();
                }
            }
        }
        if let Some(Span(took)) = self.takes {
            script = script.taking(took);
        }
        script
    }
}

/// Puts a scenario in force. The same one again changes nothing: its times go on.
pub fn plant(world: &mut World, scenario: Scenario, fresh: bool) {
    if world.planted.as_ref().is_some_and(|planted| planted.scenario == scenario) {
        return;
    }
    let keys = &scenario.laptop;
    let laptop = &mut world.laptop;
    if let Some(arch) = &keys.arch {
        laptop.arch = if arch == "arm64" { "aarch64".to_owned() } else { arch.clone() };
    }
    laptop.cpus = keys.cpus.unwrap_or(laptop.cpus);
    laptop.memory = keys.memory.map_or(laptop.memory, |bytes| bytes.0);
    laptop.disk = keys.disk.map_or(laptop.disk, |bytes| bytes.0);
    laptop.virtualisation = keys.virtualisation.unwrap_or(laptop.virtualisation);
    laptop.snapd = keys.snapd.unwrap_or(laptop.snapd);
    laptop.network = keys.network.unwrap_or(laptop.network);
    laptop.sudo = keys.sudo.map_or(laptop.sudo, |sudo| sudo == Sudo::Allowed);
    let began = world.now;
    if let (Some(version), true) = (&keys.multipass, fresh) {
        let there = super::world::Multipass { version: version.clone(), since: began - 60 * MINUTE };
        world.laptop.multipass = (version != "absent").then_some(there);
    }
    for vm in &scenario.vms {
        if !world.vms.contains_key(&vm.name) {
            multipass::found(world, &vm.name, &vm.state);
        }
    }
    world.job = 0;
    world.due.retain(|due| due.job != 0);
    for event in &scenario.events {
        let change = match (event.vm, event.daemon) {
            (Some(VmEvent::Stopped), _) => Change::VmHalted("Stopped".to_owned()),
            (Some(VmEvent::Suspended), _) => Change::VmHalted("Suspended".to_owned()),
            (Some(VmEvent::Deleted), _) => Change::VmHalted("Deleted".to_owned()),
            (Some(VmEvent::Gone), _) => Change::VmGone,
            (None, Some(Daemon::Down)) => {
                Change::DaemonDown(began + event.after.0 + event.r#for.map_or(Millis::MAX / 4, |span| span.0))
            }
            (None, None) => continue,
        };
        world.later("", event.after.0, change);
    }
    let met = vec![0; scenario.faults.len()];
    world.planted = Some(Planted { scenario, began, met });
    world.touched = true;
}

/// Runs a command, or lets a fault have its way with it.
pub fn run(world: &mut World, place: Place, argv: &[&str], run: impl FnOnce(&mut World) -> Script) -> Script {
    let mut struck = None;
    if let Some(planted) = &mut world.planted {
        for (fault, met) in planted.scenario.faults.iter().zip(&mut planted.met) {
            if fault.is_about(place, argv) {
                *met += 1;
                world.touched = true;
                let turn = met.saturating_sub(fault.skip);
                if turn > 0 && fault.times.is_none_or(|times| turn <= times) {
                    struck = Some(fault.clone());
                    break;
                }
            }
        }
    }
    match struck {
        Some(fault) => fault.strike(world, run),
        None => run(world),
    }
}

impl Planted {
    /// Whether the scenario brought this VM.
    pub fn brought(&self, vm: &str) -> bool {
        self.scenario.vms.iter().any(|keys| keys.name == vm)
    }

    /// What ails a unit now.
    pub fn ailment(&self, unit: &str, now: Millis) -> Option<Ailment> {
        self.scenario.events.iter().find_map(|event| {
            let from = self.began + event.after.0;
            let until = event.heals_after.map_or(Millis::MAX, |span| from + span.0);
            if !(from..until).contains(&now) {
                return None;
            }
            match &event.error {
                Some(text) if event.unit.as_deref() == Some(unit) => Some(Ailment::Error(text.clone(), from)),
                None if event.agent_lost.as_deref() == Some(unit) => Some(Ailment::Lost(from)),
                _ => None,
            }
        })
    }
}
