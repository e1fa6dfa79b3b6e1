//! The laptop's own commands: what it says of itself, and the way to the simulated tools on it.

use super::events::{Network, Spot};
use super::script::Script;
use super::timeline::{MINUTE, SECOND};
use super::world::World;
use super::{faults, multipass, routes, snap};
use crate::host::{CommandError, CommandLine, Place, Stdin};

/// The one shell text that runs on the laptop: a TCP handshake.
const HANDSHAKE: &str = r#"exec 3<>"/dev/tcp/$1/$2""#;

/// What a command on the laptop will do.
///
/// # Errors
/// No such program there.
pub fn run(world: &mut World, line: &CommandLine) -> Result<Script, CommandError> {
    let argv = line.argv();
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let program = argv.first().copied().unwrap_or_default();
    let there = match program {
        "multipass" => world.laptop.multipass.is_some(),
        "snap" => world.laptop.snapd,
        "sysctl" | "brew" | "launchctl" => false,
        _ => true,
    };
    if !there {
        return Err(CommandError::NotInstalled { program: program.to_owned() });
    }
    let job = world.begin_job();
    let mut script = faults::run(world, Place::Laptop, &argv, |world| dispatch(world, &argv, &line.stdin));
    script.job = job;
    Ok(script)
}

/// Every program of the laptop.
fn dispatch(world: &mut World, argv: &[&str], stdin: &Stdin) -> Script {
    let laptop = &world.laptop;
    match argv {
        ["uname", "-sm"] => Script::says(format!("Linux {}\n", laptop.arch)),
        ["uname", "-s"] => Script::says("Linux\n"),
        ["uname", "-m"] => Script::says(format!("{}\n", laptop.arch)),
        ["cat", "/proc/meminfo"] => Script::says(meminfo(laptop.memory)),
        ["cat", "/proc/cpuinfo"] => Script::says(cpuinfo(world)),
        ["df", "-Pk", "/"] => {
            let held: u64 = world.vms.values().map(|vm| multipass::held(vm, world.now)).sum();
            Script::says(df(laptop.disk + (80 << 30), laptop.disk.saturating_sub(held)))
        }
        ["curl", "-sS", "-m", limit, "-o", "/dev/null", url] => curl(world.network(Spot::Laptop), limit, url),
        ["date", "+%s"] => Script::says(format!("{}\n", world.laptop_time().as_second())),
        ["sudo", "-n", rest @ ..] if laptop.sudo => sudo(world, rest),
        ["sudo", "-n", ..] => Script::fails(1, "sudo: a password is required"),
        ["sudo", "-v"] if laptop.sudo => Script::silent(),
        ["sudo", rest @ ..] if laptop.sudo => sudo(world, rest),
        ["sudo", ..] => Script::fails(1, "sudo: 3 incorrect password attempts").taking(9000),
        ["ip", "-j", "route", "show"] | ["ip", "-j", "-4", "route", "show"] => routes::list(world),
        ["ip", "-j", "-4", "addr", "show"] => routes::addresses(world),
        ["ip", "route", "add" | "del", ..] => Script::fails(2, "RTNETLINK answers: Operation not permitted"),
        ["bash", "-c", HANDSHAKE, "kafstack", address, port] => routes::handshake(world, address, port),
        ["snap", ..] => snap::on_laptop(world, argv, false),
        ["multipass", ..] => multipass::run(world, argv, stdin),
        _ => unknown(world, argv),
    }
}

/// As root.
fn sudo(world: &mut World, argv: &[&str]) -> Script {
    match argv {
        ["true"] => Script::silent(),
        ["ip", "route", word @ ("add" | "del"), network, "via", via] => {
            routes::change(world, word, network, via)
        }
        ["snap", ..] if world.laptop.snapd => snap::on_laptop(world, argv, true),
        ["snap", ..] => Script::fails(1, "sudo: snap: command not found"),
        _ => unknown(world, argv),
    }
}

/// Refuses a command that the simulation does not know, and remembers it.
pub fn unknown(world: &mut World, argv: &[&str]) -> Script {
    world.unknown.push(argv.join(" "));
    world.touched = true;
    Script::unknown(argv)
}

/// `/proc/meminfo` of a machine with so much memory; the kernel keeps a little for itself.
pub fn meminfo(bytes: u64) -> String {
    let total = bytes / 1024 / 1000 * 985;
    format!(
        "MemTotal:       {total:>8} kB\nMemFree:        {:>8} kB\nMemAvailable:   {:>8} kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
        total / 3,
        total / 2
    )
}

/// `/proc/cpuinfo` with a block for each CPU.
fn cpuinfo(world: &World) -> String {
    let vmx = if world.laptop.virtualisation { " vmx" } else { "" };
    (0..world.laptop.cpus)
        .map(|cpu| {
            format!(
                "processor\t: {cpu}\nvendor_id\t: GenuineIntel\nmodel name\t: Simulated CPU @ 3.00GHz\nflags\t\t: fpu vme de pse tsc msr pae cx8 sse sse2 ht syscall nx lm{vmx} ssse3 sse4_1 sse4_2 aes avx avx2\n\n"
            )
        })
        .collect()
}

/// `df -Pk /`.
pub fn df(total: u64, free: u64) -> String {
    let (total, free) = (total / 1024, free / 1024);
    let used = total.saturating_sub(free);
    format!(
        "Filesystem     1024-blocks      Used Available Capacity Mounted on\n/dev/sda1 {total} {used} {free} {}% /\n",
        used * 100 / total.max(1)
    )
}

/// `curl` that only wants to know whether somebody answers; a 429 is an answer.
pub fn curl(network: Option<Network>, limit: &str, url: &str) -> Script {
    let host = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or(url);
    let port = if url.starts_with("http:") { 80 } else { 443 };
    let limit = limit.parse().unwrap_or(10) * SECOND;
    match network {
        None | Some(Network::Throttled) => Script::silent().taking(350),
        Some(Network::Dns) => Script::fails(6, format!("curl: (6) Could not resolve host: {host}"))
            .taking(limit.min(MINUTE).min(5010)),
        Some(Network::Down) => Script::fails(
            7,
            format!(
                "curl: (7) Failed to connect to {host} port {port} after 3068 ms: Couldn't connect to server"
            ),
        )
        .taking(limit.min(3068)),
        Some(Network::Proxy) => Script::fails(
            28,
            format!(
                "curl: (28) Failed to connect to {host} port {port} after {limit} ms: Timeout was reached"
            ),
        )
        .taking(limit),
    }
}

/// Why something could not be fetched from there, as programs in Go say it; `None` if the network is good.
pub fn unreachable(network: Option<Network>, host: &str) -> Option<String> {
    Some(match network? {
        Network::Dns => format!("dial tcp: lookup {host}: Temporary failure in name resolution"),
        Network::Down => "dial tcp 185.125.190.26:443: connect: network is unreachable".to_owned(),
        Network::Proxy => "dial tcp 185.125.190.26:443: i/o timeout".to_owned(),
        Network::Throttled => format!("got unexpected HTTP status code 429 from {host}"),
    })
}
