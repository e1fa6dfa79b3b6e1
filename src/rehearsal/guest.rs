//! The inside of a VM: its small commands, and the way to the simulated tools there.

use super::change::Change;
use super::events::{Spot, VmEvent};
use super::laptop::{curl, unknown};
use super::script::Script;
use super::timeline::{Draw, Millis};
use super::world::{Guest, World};
use super::{juju, lxd, multipass, openstack, prepare, snap, sunbeam, system, wrapper};
use crate::host::Stdin;
use crate::host::vm::long_acts;

/// Where a command in a VM runs, and as whom.
pub struct Seat<'a> {
    /// The world.
    pub world: &'a mut World,
    /// The VM.
    pub vm: String,
    /// As root, through sudo.
    pub root: bool,
    /// With the variables of an openrc file.
    pub openrc: bool,
    /// Its standard input.
    pub stdin: Stdin,
}

impl Seat<'_> {
    /// The inside of the VM.
    pub fn guest(&self) -> &Guest {
        &self.world.vms[&self.vm].guest
    }

    /// The inside of the VM, to change it. A seat is only ever taken in a VM that exists.
    pub fn guest_mut(&mut self) -> &mut Guest {
        self.world.touched = true;
        &mut self.world.vms.entry(self.vm.clone()).or_default().guest
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.world.now
    }

    /// Chance.
    pub fn draw(&self) -> Draw {
        self.world.draw()
    }

    /// Records an effect that comes about after so long.
    pub fn later(&mut self, after: Millis, change: Change) {
        let vm = self.vm.clone();
        self.world.later(&vm, after, change);
    }

    /// Refuses a command that the simulation does not know.
    pub fn unknown(&mut self, argv: &[&str]) -> Script {
        unknown(self.world, argv)
    }

    /// Whether the user is in this group: from the group file, since every session is a new one.
    pub fn in_group(&self, group: &str) -> bool {
        self.root || IMAGE_GROUPS.contains(&group) || self.guest().groups.contains(group)
    }
}

/// The groups that Ubuntu's cloud images give the user `ubuntu`.
const IMAGE_GROUPS: [&str; 6] = ["ubuntu", "adm", "cdrom", "sudo", "dip", "lxd"];

/// Runs a command in the VM.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let Some(program) = argv.first() else { return Script::silent() };
    let has = |snap: &str| seat.guest().snaps.contains_key(snap);
    match (*program, &argv[1..]) {
        ("sudo", ["-n", rest @ ..] | rest) => {
            let root = std::mem::replace(&mut seat.root, true);
            let script = run(seat, rest);
            seat.root = root;
            script
        }
        ("snap", _) => snap::in_vm(seat, argv),
        ("lxd" | "lxc", _) => lxd::run(seat, argv),
        ("juju", _) if has("juju") => juju::run(seat, argv),
        ("sunbeam", _) if has("openstack") => sunbeam::run(seat, argv),
        ("openstack", _) if has("openstack") => openstack::run(seat, argv),
        ("juju" | "sunbeam" | "openstack", _) => Script::not_found(program),
        ("bash", ["-x", script]) => prepare::run(seat, script),
        ("sh", ["-c", long_acts::END]) => wrapper::end(seat),
        _ => small(seat, argv),
    }
}

/// The commands that every Ubuntu has.
fn small(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    match argv {
        ["true"] => Script::silent(),
        ["cat", path] => cat(seat, path),
        ["id", "-nG"] if seat.root => Script::says("root\n"),
        ["id", "-nG"] => {
            let mut groups: Vec<&str> = IMAGE_GROUPS.to_vec();
            groups
                .extend(seat.guest().groups.iter().map(String::as_str).filter(|g| !IMAGE_GROUPS.contains(g)));
            Script::says(format!("{}\n", groups.join(" ")))
        }
        ["id", "-un"] => Script::says("ubuntu\n"),
        ["hostname"] => Script::says(format!("{}\n", seat.guest().hostname)),
        ["hostname", "-f"] => Script::says(format!("{}\n", system::full_name(seat))),
        ["lsb_release", "-sc"] => Script::says(format!("{}\n", seat.guest().codename)),
        ["cloud-init", "status", rest @ ..] => cloud_init(seat, rest),
        ["tee", path] => tee(seat, path),
        ["mkdir", "-p", path] => {
            let path = Guest::path(path);
            if seat.world.vm_is(VmEvent::DiskFull) && !has_folder(seat.guest(), &path) {
                return Script::fails(
                    1,
                    format!("mkdir: cannot create directory '{path}': No space left on device"),
                );
            }
            if !seat.root && !path.starts_with("/home/ubuntu") {
                return Script::fails(
                    1,
                    format!("mkdir: cannot create directory '{path}': Permission denied"),
                );
            }
            seat.guest_mut().folders.insert(path);
            Script::silent()
        }
        ["test", "-s", path] => verdict(seat.guest().file(path).is_some_and(|text| !text.is_empty())),
        ["test", "-e" | "-f" | "-r", path] => verdict(seat.guest().file(path).is_some()),
        ["test", "-c", "/dev/kvm"] => verdict(seat.world.laptop.virtualisation),
        ["test", "-w", "/var/snap/openstack/common/state/control.socket"] => {
            let there = seat.guest().snaps.contains_key("openstack");
            verdict(there && (seat.root || seat.guest().groups.contains("snap_daemon")))
        }
        ["nproc"] => Script::says(format!("{}\n", multipass::sizes(seat.world, &seat.vm).0)),
        ["curl", "-sS", "-m", limit, "-o", "/dev/null", url] => {
            curl(seat.world.network(Spot::Vm), limit, url)
        }
        ["usermod", "-aG", group, "ubuntu"] => usermod(seat, group),
        ["install", "-m", "600", "/dev/null", path] => {
            let full = Guest::path(path);
            let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            if folder != "/home/ubuntu" && !has_folder(seat.guest(), &folder) {
                let text = format!("install: cannot create regular file '{path}': No such file or directory");
                return Script::fails(1, text);
            }
            seat.guest_mut().files.insert(full, String::new());
            Script::silent()
        }
        ["rm", "-f", path] => {
            let path = Guest::path(path);
            seat.guest_mut().files.remove(&path);
            Script::silent()
        }
        _ => match system::ask(seat, argv) {
            Some(script) => script,
            None => seat.unknown(argv),
        },
    }
}

/// Whether a folder is there: made as such, or on the way to one that was, or the snap's own in the home.
fn has_folder(guest: &Guest, folder: &str) -> bool {
    let below = format!("{folder}/");
    guest.folders.iter().any(|made| made == folder || made.starts_with(&below))
}

/// An answer by exit code alone.
fn verdict(yes: bool) -> Script {
    Script::silent().ends(20, i32::from(!yes))
}

/// `cat` of one file.
fn cat(seat: &Seat<'_>, path: &str) -> Script {
    if path == "/proc/meminfo" {
        return Script::says(system::meminfo(seat.world, &seat.vm));
    }
    if let (Some(long), "kafstack/running") = (&seat.guest().long, path) {
        return Script::says(format!("{} {} {}\n", long.name, long.id, 2000 + long.job));
    }
    match seat.guest().file(path) {
        Some(text) => Script::says(text),
        None => Script::fails(1, format!("cat: {path}: No such file or directory")),
    }
}

/// `cloud-init status`; 2 is its code for "done, with recoverable trouble".
fn cloud_init(seat: &Seat<'_>, rest: &[&str]) -> Script {
    let world = &seat.world;
    let (status, errors) = match () {
        () if world.vm_is(VmEvent::CloudInitFailed) => (
            "error",
            "\"('scripts_user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))\"",
        ),
        () if world.vm_is(VmEvent::CloudInitRunning) || !seat.guest().cloud_init_done => ("running", ""),
        () => ("done", ""),
    };
    let shown = if status == "error" { "error - done" } else { status };
    let code = i32::from(status == "error");
    match rest {
        ["--format", "json"] | ["--format=json"] => Script::says(format!(
            "{{\n  \"boot_status_code\": \"enabled-by-generator\",\n  \"detail\": \"DataSourceNoCloud [seed=/dev/vda]\",\n  \"errors\": [{errors}],\n  \"extended_status\": \"{shown}\",\n  \"recoverable_errors\": {{}},\n  \"status\": \"{status}\"\n}}\n"
        ))
        .ends(40, code),
        [] => Script::says(format!("status: {status}\n")).ends(40, code),
        _ => Script::fails(2, "usage: cloud-init status [-h] [--format {json,tabular,yaml}] [-l] [-w]"),
    }
}

/// `tee FILE`: what came in, to the file and to stdout.
fn tee(seat: &mut Seat<'_>, path: &str) -> Script {
    let text = match &seat.stdin {
        Stdin::Inherited | Stdin::Stream(_) => return Script::hang(),
        Stdin::Null => String::new(),
        Stdin::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let full = Guest::path(path);
    if seat.world.vm_is(VmEvent::DiskFull) {
        seat.guest_mut().files.insert(full, String::new());
        return Script::fails(1, format!("tee: {path}: No space left on device")).out(text);
    }
    let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let standard = ["", "/etc", "/home/ubuntu", "/tmp"].contains(&folder.as_str());
    if !standard && !has_folder(seat.guest(), &folder) {
        return Script::fails(1, format!("tee: {path}: No such file or directory")).out(text);
    }
    if !seat.root && !full.starts_with("/home/ubuntu") && !full.starts_with("/tmp") {
        return Script::fails(1, format!("tee: {path}: Permission denied")).out(text);
    }
    seat.guest_mut().files.insert(full, text.clone());
    Script::says(text)
}

/// `usermod -aG`.
fn usermod(seat: &mut Seat<'_>, group: &str) -> Script {
    if !seat.root {
        return Script::fails(
            1,
            "usermod: Permission denied.\nusermod: cannot lock /etc/passwd; try again later.",
        );
    }
    let there = match group {
        "lxd" => true,
        "snap_daemon" => seat.guest().snaps.contains_key("openstack"),
        _ => false,
    };
    if !there {
        return Script::fails(6, format!("usermod: group '{group}' does not exist"));
    }
    seat.guest_mut().groups.insert(group.to_owned());
    Script::silent()
}
