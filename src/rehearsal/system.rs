//! What the VM's operating system says when somebody asks how it is: disk, memory, clock, names, services, the
//! kernel's own words. Only questions; nothing here changes anything.

use std::collections::BTreeSet;

use super::events::{Is, LxdEvent, Spot, VmEvent};
use super::guest::Seat;
use super::juju::status::clock_time;
use super::laptop::df;
use super::multipass::{held, sizes};
use super::script::Script;
use super::timeline::{MINUTE, Millis, SECOND};
use super::world::{Guest, World};
use super::{laptop, multipass};

/// How far the VM's clock is behind when a scenario says that it is.
const BEHIND: Millis = 120 * MINUTE;

/// The services that a diagnosis may ask about, and whether they are there and active.
fn services(seat: &Seat<'_>) -> [(&'static str, Option<bool>); 4] {
    let snap = |name: &str| seat.guest().snaps.contains_key(name);
    let up = |name: &str| snap(name).then(|| !seat.world.snap_is(name, Is::Inactive));
    let lxd = up("lxd").map(|active| active && !seat.world.lxd_is(LxdEvent::Down));
    [
        ("snapd", Some(true)),
        ("systemd-timesyncd", Some(!seat.world.vm_is(VmEvent::ClockBehind))),
        ("snap.lxd.daemon", lxd),
        ("snap.openstack.clusterd", up("openstack")),
    ]
}

/// Answers a question; `None`: it is none that the simulation knows.
pub fn ask(seat: &mut Seat<'_>, argv: &[&str]) -> Option<Script> {
    let world: &World = seat.world;
    let vm = seat.vm.as_str();
    Some(match argv {
        ["df", "-Pk", "/"] => Script::says(disk(world, vm)),
        ["free", "-b"] => Script::says(free(world, vm)),
        ["tail", "-n", lines, path] => tail(seat, lines.parse().unwrap_or(10), path),
        ["grep", "-qF", words, path] => match log(seat, path) {
            Some(said) => Script::silent().ends(20, i32::from(!said.contains(words))),
            None => Script::fails(2, format!("grep: {path}: No such file or directory")),
        },
        ["flock", "-n", "-s", "kafstack/lock", "ls", "kafstack"] => long_acts(seat.guest()),
        ["date", "+%s"] => Script::says(format!("{}\n", time(world) / SECOND)),
        ["timedatectl", "show"] => {
            let synchronised = if world.vm_is(VmEvent::ClockBehind) { "no" } else { "yes" };
            Script::says(format!(
                "Timezone=Etc/UTC\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized={synchronised}\nTimeUSec=Mon {} UTC\n",
                clock_time(time(world))
            ))
        }
        ["getent", "hosts", name] => getent(world, Spot::Vm, &seat.guest().hostname, &full_name(seat), name),
        ["systemctl", "is-active", unit] => {
            let unit = unit.trim_end_matches(".service");
            match services(seat).iter().find(|(name, _)| *name == unit) {
                Some((_, Some(true))) => Script::says("active\n"),
                // 3 for what is there and does not run, 4 for what is not there (systemd:man/systemctl.xml).
                Some((_, Some(false))) => Script::says("inactive\n").ends(40, 3),
                _ => Script::says("inactive\n").ends(40, 4),
            }
        }
        ["systemctl", "--failed", "--no-legend", "--plain"] => {
            let killed = world.vm_is(VmEvent::OutOfMemory).then_some("snap.juju-db.daemon.service");
            let lines =
                killed.map(|unit| format!("{unit} loaded failed failed Service for snap application\n"));
            Script::says(lines.unwrap_or_default())
        }
        ["journalctl", "-k", "--no-pager", "-n", _] | ["dmesg"] => {
            // Both need root, or the group adm for the journal (kernel.dmesg_restrict is 1 on Ubuntu).
            if argv[0] == "dmesg" && !seat.root {
                return Some(Script::fails(1, "dmesg: read kernel buffer failed: Operation not permitted"));
            }
            Script::says(kernel(world))
        }
        _ => return None,
    })
}

/// What a long act has said so far, by the path of its log.
fn log(seat: &Seat<'_>, path: &str) -> Option<String> {
    match seat.guest().long.as_ref().filter(|long| path == format!("kafstack/{}.log", long.name)) {
        Some(long) => {
            Some(long.log.iter().filter(|(at, _)| *at <= seat.now()).map(|(_, text)| text.as_str()).collect())
        }
        None => seat.guest().file(path).map(str::to_owned),
    }
}

/// The last lines of a long act's log: no other file in the VM has lines.
fn tail(seat: &Seat<'_>, lines: usize, path: &str) -> Script {
    let Some(said) = log(seat, path) else {
        return Script::fails(
            1,
            format!("tail: cannot open '{path}' for reading: No such file or directory"),
        );
    };
    let all: Vec<&str> = said.lines().collect();
    Script::says(
        all[all.len().saturating_sub(lines)..].iter().map(|line| format!("{line}\n")).collect::<String>(),
    )
}

/// What long acts have left; nobody gets the lock while one runs.
fn long_acts(guest: &Guest) -> Script {
    if guest.long.as_ref().is_some_and(|long| long.runs) {
        return Script::silent().ends(20, 1);
    }
    let own = |path: &str| path.strip_prefix("/home/ubuntu/kafstack/").map(str::to_owned);
    let mut names: BTreeSet<String> = guest.files.keys().filter_map(|path| own(path)).collect();
    names.extend(guest.long.iter().flat_map(|long| [format!("{}.log", long.name), "running".to_owned()]));
    names.insert("lock".to_owned());
    Script::says(names.iter().map(|name| format!("{name}\n")).collect::<String>())
}

/// The VM's clock.
fn time(world: &World) -> Millis {
    world.now - if world.vm_is(VmEvent::ClockBehind) { BEHIND } else { 0 }
}

/// What the VM calls itself in full.
pub fn full_name(seat: &Seat<'_>) -> String {
    let guest = seat.guest();
    if seat.world.vm_is(VmEvent::Nameless) { guest.hostname.clone() } else { guest.fqdn.clone() }
}

/// `df -Pk /`.
pub fn disk(world: &World, vm: &str) -> String {
    let total = sizes(world, vm).2 / 1000 * 967;
    let used = world.vms.get(vm).map_or(0, |vm| held(vm, world.now));
    df(total, if world.vm_is(VmEvent::DiskFull) { 0 } else { total.saturating_sub(used) })
}

/// `/proc/meminfo`.
pub fn meminfo(world: &World, vm: &str) -> String {
    let memory = multipass::sizes(world, vm).1;
    let text = laptop::meminfo(memory);
    if !world.vm_is(VmEvent::OutOfMemory) {
        return text;
    }
    let short = |line: &str| match line.split_once(':') {
        Some((name @ ("MemFree" | "MemAvailable"), _)) => format!("{name}: {:>12} kB\n", memory / 1024 / 200),
        _ => format!("{line}\n"),
    };
    text.lines().map(short).collect()
}

/// `free -b`.
pub fn free(world: &World, vm: &str) -> String {
    let total = multipass::sizes(world, vm).1 / 1000 * 985;
    let left = if world.vm_is(VmEvent::OutOfMemory) { total / 200 } else { total / 2 };
    let (used, free) = (total - left, left / 2);
    format!(
        "               total        used        free      shared  buff/cache   available\nMem:    {total:>12} {used:>11} {free:>11} {:>11} {:>11} {left:>11}\nSwap:   {:>12} {:>11} {:>11}\n",
        4_194_304, free, 0, 0, 0
    )
}

/// `getent hosts`: 2 and no word when the name is not known (glibc:nss/getent.c).
pub fn getent(world: &World, from: Spot, own: &str, full: &str, name: &str) -> Script {
    if name == own || name == full {
        let names = if full == own { own.to_owned() } else { format!("{full} {own}") };
        return Script::says(format!("127.0.1.1       {names}\n"));
    }
    match world.network(from) {
        Some(super::events::Network::Dns | super::events::Network::Down) => {
            Script::silent().ends(10 * SECOND, 2)
        }
        _ if name.contains('.') => Script::says(format!("185.125.188.59  {name}\n")).taking(60),
        _ => Script::silent().ends(60, 2),
    }
}

/// The kernel's last words.
fn kernel(world: &World) -> String {
    let mut text =
        "Jan 05 09:05:11 microstack kernel: Linux version 6.8.0-90-generic (buildd@lcy02-amd64)\n".to_owned();
    if world.vm_is(VmEvent::OutOfMemory) {
        // torvalds/linux:mm/oom_kill.c
        text += "Jan 05 09:40:02 microstack kernel: java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0\nJan 05 09:40:02 microstack kernel: Out of memory: Killed process 20411 (java) total-vm:6291456kB, anon-rss:1884160kB, file-rss:0kB, shmem-rss:0kB, UID:1000000 pgtables:4096kB oom_score_adj:0\n";
    }
    text
}
