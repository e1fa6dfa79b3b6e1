//! The state of the simulated world. It is plain data, saved as JSON after every command that changes it; what
//! follows from it and the time (every Juju status, for one) is worked out when asked and not kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::faults::Planted;
use super::juju::store::Store;
use super::openstack::Cloud;
use super::timeline::{BEGINNING, Draw, Due, Millis};

/// Everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Decides durations, addresses and names.
    pub seed: u64,
    /// Virtual time.
    pub now: Millis,
    /// The laptop itself.
    pub laptop: Laptop,
    /// Its VMs by name, deleted ones included.
    pub vms: BTreeMap<String, Vm>,
    /// What is still to come, in the order of time.
    pub due: Vec<Due>,
    /// The act whose effects are being recorded.
    pub job: u64,
    /// The number of the next act.
    pub next_job: u64,
    /// The faults in force.
    pub planted: Option<Planted>,
    /// Commands that the simulation did not know, as they were given.
    pub unknown: Vec<String>,
    /// Whether something changed since the world was last saved.
    #[serde(skip)]
    pub touched: bool,
}

/// The laptop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Laptop {
    /// As `uname -m` says it.
    pub arch: String,
    /// Logical CPUs.
    pub cpus: u32,
    /// Installed memory in bytes.
    pub memory: u64,
    /// Free disk in bytes, without what VMs hold.
    pub disk: u64,
    /// Whether the CPU can carry VMs.
    pub virtualisation: bool,
    /// Whether snapd is there.
    pub snapd: bool,
    /// Whether the internet answers.
    pub network: bool,
    /// Whether sudo lets the user.
    pub sudo: bool,
    /// Multipass, if installed.
    pub multipass: Option<Multipass>,
    /// Images that were downloaded before.
    pub images: BTreeSet<String>,
    /// Routes that were added: the network, and through whom.
    #[serde(default)]
    pub routes: BTreeMap<String, String>,
    /// Until when the Multipass daemon is away for a refresh.
    pub daemon_down_until: Millis,
    /// How far its clock is ahead of the time.
    #[serde(default)]
    pub clock_ahead: Millis,
}

/// Multipass on the laptop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Multipass {
    /// Its version; 1.17 speaks another dialect than 1.16.
    pub version: String,
    /// When it was installed.
    pub since: Millis,
}

/// A VM of the fleet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Vm {
    /// Its state in Multipass' words, or `Preparing` before it is listed.
    pub state: String,
    /// What it is when it does not run, and to which `recover` returns: `Stopped` or `Suspended`.
    pub rests_as: String,
    /// `24.04` and the like.
    pub image: String,
    /// Virtual CPUs.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory: u64,
    /// Disk in bytes.
    pub disk: u64,
    /// Its address.
    pub ip: String,
    /// Counts its starts; connections into an earlier one are dead.
    pub boot: u64,
    /// When it last stopped or was suspended.
    pub down_since: Millis,
    /// What is inside.
    pub guest: Guest,
    /// Its snapshots.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// What was still to come inside when it was suspended.
    pub frozen: Vec<Due>,
}

/// A kept state of a VM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// What the user wrote.
    pub comment: String,
    /// The snapshot before it.
    pub parent: String,
    /// When.
    pub taken: Millis,
    /// What was inside.
    pub guest: Guest,
}

/// The inside of a VM.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Guest {
    /// `noble`, `jammy`, …
    pub codename: String,
    /// The short host name.
    pub hostname: String,
    /// The name that `hostname -f` gives.
    pub fqdn: String,
    /// When it was last started.
    pub booted: Millis,
    /// Whether the first boot's set-up is done.
    pub cloud_init_done: bool,
    /// Files by absolute path.
    pub files: BTreeMap<String, String>,
    /// Folders by absolute path.
    pub folders: BTreeSet<String>,
    /// Groups of the user `ubuntu` that are not the image's own.
    pub groups: BTreeSet<String>,
    /// Snaps by name.
    pub snaps: BTreeMap<String, Snap>,
    /// LXD's own state.
    pub lxd: Lxd,
    /// The Juju client's store and what stands behind it.
    pub juju: Store,
    /// OpenStack.
    pub cloud: Cloud,
    /// The long act that runs, or ran last.
    pub long: Option<LongAct>,
}

/// An installed snap.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snap {
    /// The channel it tracks.
    pub channel: String,
    /// Its version.
    pub version: String,
    /// Its revision.
    pub revision: u32,
    /// Whether refreshes are held.
    pub held: bool,
    /// When it was installed.
    pub since: Millis,
}

/// LXD.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lxd {
    /// The managed bridge, once there is one.
    pub bridge: Option<String>,
    /// The bridge's IPv6 setting.
    pub ipv6: String,
    /// The first three numbers of the bridge's network.
    pub subnet: String,
    /// Server settings.
    pub config: BTreeMap<String, String>,
}

/// A long act in the VM (see `host::vm`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LongAct {
    /// The step's name.
    pub name: String,
    /// The caller's id of this try.
    pub id: String,
    /// Its output, with when each piece appears.
    pub log: Vec<(Millis, String)>,
    /// Whether it runs.
    pub runs: bool,
    /// When it ends by itself.
    pub ends: Option<Millis>,
    /// Its effects.
    pub job: u64,
}

impl World {
    /// A fresh laptop: Linux on amd64 with room for the default preset, snapd, and no Multipass yet.
    pub fn fresh(seed: u64) -> Self {
        let laptop = Laptop {
            arch: "x86_64".to_owned(),
            cpus: 16,
            memory: 64 << 30,
            disk: 400 << 30,
            virtualisation: true,
            snapd: true,
            network: true,
            sudo: true,
            multipass: None,
            images: BTreeSet::new(),
            routes: BTreeMap::new(),
            daemon_down_until: 0,
            clock_ahead: 0,
        };
        World {
            seed,
            now: BEGINNING,
            laptop,
            vms: BTreeMap::new(),
            due: Vec::new(),
            job: 0,
            next_job: 1,
            planted: None,
            unknown: Vec::new(),
            touched: true,
        }
    }

    /// Everything but the time and the numbering of acts, to see whether a command changed anything.
    #[cfg(test)]
    pub fn gist(&self) -> String {
        let still = World { now: 0, job: 0, next_job: 0, ..self.clone() };
        serde_json::to_string(&still).unwrap()
    }

    /// Chance.
    pub fn draw(&self) -> Draw {
        Draw(self.seed)
    }

    /// Begins an act: effects recorded from now on belong to it.
    pub fn begin_job(&mut self) -> u64 {
        self.job = self.next_job;
        self.next_job += 1;
        self.job
    }

    /// Records an effect of the act at hand that comes about after so long.
    pub fn later(&mut self, vm: &str, after: Millis, change: Change) {
        let due = Due { at: self.now + after, job: self.job, vm: vm.to_owned(), change };
        let place = self.due.partition_point(|other| other.at <= due.at);
        self.due.insert(place, due);
        self.touched = true;
    }

    /// What has not come about of this act never does.
    pub fn break_off(&mut self, job: u64) {
        self.due.retain(|due| due.job != job);
        self.touched = true;
    }

    /// The effects to come of the act at hand come so many times later.
    pub fn slow_down(&mut self, times: u32) {
        let (now, job) = (self.now, self.job);
        for due in self.due.iter_mut().filter(|due| due.job == job) {
            due.at = now + (due.at - now) * Millis::from(times);
        }
        self.due.sort_by_key(|due| due.at);
    }

    /// The effects of the act at hand that are due after so long never come about.
    pub fn freeze(&mut self, after: Millis) {
        let (now, job) = (self.now, self.job);
        self.due.retain(|due| due.job != job || due.at <= now + after);
    }

    /// What the laptop's clock shows.
    pub fn laptop_time(&self) -> jiff::Timestamp {
        let shown = self.now + self.laptop.clock_ahead;
        jiff::Timestamp::from_millisecond(shown).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Lets time pass up to then, and lets come about what is due. Time never goes back. Nothing of this needs to
    /// be saved: it follows from what was saved, and the time.
    pub fn advance(&mut self, to: Millis) {
        let touched = self.touched;
        while self.due.first().is_some_and(|due| due.at <= to) {
            let due = self.due.remove(0);
            self.now = self.now.max(due.at);
            due.change.apply(self, &due.vm);
        }
        self.touched = touched;
        self.now = self.now.max(to);
    }

    /// The VM of that name; for an event that names none, the one that the scenario did not bring.
    pub fn the_one(&self, name: &str) -> String {
        if !name.is_empty() {
            return name.to_owned();
        }
        let brought = |vm: &str| self.planted.as_ref().is_some_and(|planted| planted.brought(vm));
        self.vms.keys().find(|vm| !brought(vm)).cloned().unwrap_or_default()
    }

    /// Takes the VM down. What was in progress there is not finished, unless it is only suspended.
    pub fn halt(&mut self, name: &str, state: &str) {
        let now = self.now;
        self.touched = true;
        let Some(vm) = self.vms.get_mut(name) else { return };
        let kept = state == "Deleted" && vm.state == "Suspended";
        vm.state = state.to_owned();
        if kept {
            return;
        }
        vm.boot += 1;
        vm.down_since = now;
        if state != "Deleted" {
            vm.rests_as = if state == "Suspended" { state } else { "Stopped" }.to_owned();
        }
        let (inside, rest): (Vec<Due>, Vec<Due>) =
            self.due.drain(..).partition(|due| due.vm == name && due.change.is_inside());
        self.due = rest;
        if state == "Suspended" {
            vm.frozen = inside;
            return;
        }
        vm.frozen.clear();
        if let Some(long) = vm.guest.long.as_mut().filter(|long| long.runs) {
            long.runs = false;
            long.log.retain(|(at, _)| *at <= now);
        }
    }

    /// The VM runs from now on: started, or woken from suspension.
    pub fn boot(&mut self, name: &str) {
        let now = self.now;
        let Some(vm) = self.vms.get_mut(name) else { return };
        let gap = now - vm.down_since;
        let frozen = std::mem::take(&mut vm.frozen);
        let guest = &mut vm.guest;
        let (first, woken) = (guest.booted == 0, vm.rests_as == "Suspended");
        vm.state = "Running".to_owned();
        vm.rests_as = "Stopped".to_owned();
        if !first {
            guest.juju.was_down_for(gap);
        }
        if woken {
            guest.booted += gap;
            if let Some(long) = guest.long.as_mut().filter(|long| long.runs) {
                long.ends = long.ends.map(|ends| ends + gap);
                long.log.iter_mut().filter(|(at, _)| *at > vm.down_since).for_each(|(at, _)| *at += gap);
            }
        } else {
            guest.booted = now;
            guest.cloud.restarted();
            guest.juju.restarted();
        }
        for due in frozen {
            self.due.push(Due { at: due.at + gap, ..due });
        }
        self.due.sort_by_key(|due| due.at);
        self.touched = true;
    }
}

impl Guest {
    /// A VM as its image leaves it. 24.04 carries no LXD snap, only installer stubs; 22.04 carries LXD 5.0.
    pub fn of_image(image: &str, name: &str) -> Self {
        let codename = match image {
            "24.04" => "noble",
            "22.04" => "jammy",
            _ => "resolute",
        };
        let mut guest = Guest {
            codename: codename.to_owned(),
            hostname: name.to_owned(),
            fqdn: name.to_owned(),
            ..Guest::default()
        };
        let mut carry = |name: &str, channel: &str, version: &str, revision| {
            let snap =
                Snap { channel: channel.into(), version: version.into(), revision, held: false, since: 0 };
            guest.snaps.insert(name.to_owned(), snap);
        };
        carry("snapd", "latest/stable", "2.72", 25577);
        if codename == "jammy" {
            carry("core20", "latest/stable", "20250822", 2669);
            carry("lxd", "5.0/stable/ubuntu-22.04", "5.0.5-0a1b2c3", 33110);
        }
        guest
    }

    /// A path as the file map knows it: relative ones begin in the home folder.
    pub fn path(path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("/home/ubuntu/{path}") }
    }

    /// The text of a file.
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(&Guest::path(path)).map(String::as_str)
    }
}
