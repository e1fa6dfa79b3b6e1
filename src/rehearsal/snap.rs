//! `snap`, on the laptop and in the VM.

use super::change::Change;
use super::events::{Is, Network, Spot, VmEvent};
use super::grammar::Words;
use super::guest::Seat;
use super::laptop::{unknown, unreachable};
use super::script::Script;
use super::timeline::{Millis, SECOND};
use super::world::{Snap, World};

/// The snaps of the simulated store: name, default channel, version, revision, typical time to install, publisher.
const STORE: [(&str, &str, &str, u32, Millis, &str); 4] = [
    ("multipass", "latest/stable", "1.16.3", 16218, 35 * SECOND, "canonical**"),
    ("openstack", "2024.1/stable", "2024.1-0a1b2c3d", 1091, 70 * SECOND, "canonical**"),
    ("juju", "3/stable", "3.6.11", 33048, 25 * SECOND, "canonical**"),
    ("lxd", "5.21/stable", "5.21.4-1a2b3c4", 36558, 40 * SECOND, "canonical**"),
];

/// The tracks that the simulated store has.
const TRACKS: [(&str, &[&str]); 4] = [
    ("multipass", &["latest"]),
    ("openstack", &["2023.1", "2023.2", "2024.1", "2025.1", "2026.1"]),
    ("juju", &["3", "3.2", "3.4", "3.6", "4.0"]),
    ("lxd", &["5.0", "5.21", "6", "latest"]),
];

/// What the store gives for this name and channel.
///
/// # Errors
/// What snapd says instead.
pub fn of_store(name: &str, channel: Option<&str>) -> Result<(Snap, Millis), String> {
    let Some((_, default, version, revision, typical, _)) = STORE.iter().find(|snap| snap.0 == name) else {
        return Err(format!("error: snap \"{name}\" not found"));
    };
    let channel = match channel {
        None => (*default).to_owned(),
        Some(channel) if channel.contains('/') => channel.to_owned(),
        Some(risk @ ("stable" | "candidate" | "beta" | "edge")) => format!("latest/{risk}"),
        Some(track) => format!("{track}/stable"),
    };
    let track = channel.split('/').next().unwrap_or_default();
    let tracks = TRACKS.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, tracks)| tracks);
    if !tracks.contains(&track) {
        return Err(format!(
            "error: snap \"{name}\" is not available on {channel} but is available to install on the following channels: {default}"
        ));
    }
    // The version follows the track where it says something about it.
    let version = match (name, track) {
        ("juju", "3.4") => "3.4.6".to_owned(),
        ("juju", "3.2") => "3.2.4".to_owned(),
        ("juju", "4.0") => "4.0.8".to_owned(),
        ("openstack", track) => format!("{track}-0a1b2c3d"),
        ("lxd", "5.0") => "5.0.5-0a1b2c3".to_owned(),
        ("lxd", "6") => "6.5-9f8e7d6".to_owned(),
        _ => (*version).to_owned(),
    };
    Ok((Snap { channel, version, revision: *revision, held: false, since: 0 }, *typical))
}

/// `snap` on the laptop: it only knows Multipass there.
pub fn on_laptop(world: &mut World, argv: &[&str], root: bool) -> Script {
    let installed = world.laptop.multipass.clone();
    let busy = refreshing(world, "multipass");
    match argv[1..] {
        ["install", "multipass"] => match (root, installed) {
            (false, _) => denied(),
            (true, Some(_)) => busy.unwrap_or_else(|| already("multipass")),
            (true, None) if installing(world, "", "multipass") => installing_already("multipass"),
            (true, None) if world.network(Spot::Laptop).is_some() => {
                offline("multipass", world.network(Spot::Laptop))
            }
            (true, None) => {
                let took = world.draw().about("snap install multipass on the laptop", 35 * SECOND);
                let version = world.multipass_to_be();
                world.later("", took - SECOND, Change::MultipassInstalled { version: version.clone() });
                Script::says(format!("multipass {version} from Canonical** installed\n")).taking(took)
            }
        },
        ["refresh", hold, "multipass"] if hold.starts_with("--hold") => match (root, installed) {
            (false, _) => denied(),
            (true, None) => Script::fails(1, "error: snap \"multipass\" is not installed"),
            (true, Some(_)) => busy.unwrap_or_else(|| held(&["multipass"])),
        },
        ["restart", "multipass"] if root => Script::says("Restarted.\n").taking(6 * SECOND),
        ["list", "multipass", ..] | ["list", "--unicode=never", "--color=never", "multipass"] => {
            match installed {
                Some(multipass) => Script::says(table(&[[
                    "multipass",
                    &multipass.version,
                    "16218",
                    "latest/stable",
                    "canonical**",
                    "-",
                ]])),
                None => Script::fails(1, "error: no matching snaps installed"),
            }
        }
        ["changes"] => changes(world, &["multipass"]),
        ["version"] => Script::says("snap    2.72\nsnapd   2.72\nseries  16\nubuntu  24.04\n"),
        ["wait", "system", "seed.loaded"] => Script::silent(),
        _ => unknown(world, argv),
    }
}

impl World {
    /// The version of Multipass that the store gives.
    fn multipass_to_be(&self) -> String {
        STORE[0].2.to_owned()
    }
}

/// `snap` in the VM.
pub fn in_vm(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let flags = ["--classic", "--devmode", "--dangerous"];
    let valued = ["--channel", "--hold", "--unicode", "--color"];
    let words = match Words::read(&argv[1..], &flags, &valued) {
        Ok(words) => words,
        Err(misfit) => return Script::fails(1, format!("error: unknown flag in {misfit:?}")),
    };
    match words.operands[..] {
        ["list", ref names @ ..] => list(seat, names),
        ["services", name] => services(seat, name),
        ["changes"] => changes(seat.world, &["openstack", "juju", "lxd"]),
        ["wait", "system", "seed.loaded"] => Script::silent(),
        ["connections", name] => connections(seat, name),
        ["connect", "openstack:ssh-keys"] if seat.root => Script::silent().taking(SECOND),
        ["install", name] if seat.root => install(seat, name, words.value("--channel")),
        ["refresh", ref names @ ..] if seat.root && words.has("--hold") && !names.is_empty() => {
            for name in names {
                if let Some(script) = refreshing(seat.world, name) {
                    return script;
                }
                match seat.guest_mut().snaps.get_mut(*name) {
                    Some(snap) => snap.held = true,
                    None => return Script::fails(1, format!("error: snap \"{name}\" is not installed")),
                }
            }
            held(names)
        }
        ["refresh", name] if seat.root => refresh(seat, name, words.value("--channel")),
        ["install" | "refresh" | "connect", ..] if !seat.root => denied(),
        _ => seat.unknown(argv),
    }
}

/// `snap list`.
fn list(seat: &mut Seat<'_>, names: &[&str]) -> Script {
    let rows: Vec<[String; 6]> = seat
        .guest()
        .snaps
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
        .map(|(name, snap)| {
            let notes = if snap.held { "held" } else { "-" };
            let channel = seat.world.tracks(name).unwrap_or(&snap.channel);
            let row = [name, &snap.version, &snap.revision.to_string(), channel, "canonical**", notes];
            row.map(str::to_owned)
        })
        .collect();
    if rows.is_empty() {
        return Script::fails(1, "error: no matching snaps installed");
    }
    let rows: Vec<[&str; 6]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    Script::says(table(&rows))
}

/// The table of `snap list`: columns as wide as needed, two blanks between.
fn table(rows: &[[&str; 6]]) -> String {
    let head = ["Name", "Version", "Rev", "Tracking", "Publisher", "Notes"];
    let all: Vec<&[&str; 6]> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].len()).max().unwrap_or(0);
    all.iter()
        .map(|row| {
            let cells: Vec<String> = (0..6).map(|c| format!("{:1$}", row[c], width(c))).collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}

/// `snap services`.
fn services(seat: &mut Seat<'_>, name: &str) -> Script {
    let snap = name.split('.').next().unwrap_or(name);
    let Some(installed) = seat.guest().snaps.get(snap) else {
        return Script::fails(1, format!("error: snap \"{snap}\" not found"));
    };
    if name != "openstack.clusterd" && name != "openstack" {
        return seat.unknown(&["snap", "services", name]);
    }
    let settled = seat.world.now >= (installed.since + 4 * SECOND).max(seat.guest().booted + 25 * SECOND);
    let current = if settled && !seat.world.snap_is(snap, Is::Inactive) { "active" } else { "inactive" };
    Script::says(format!(
        "Service             Startup  Current   Notes\nopenstack.clusterd  enabled  {current:<8}  -\n"
    ))
}

/// `snap connections openstack`.
fn connections(seat: &mut Seat<'_>, name: &str) -> Script {
    if !seat.guest().snaps.contains_key(name) {
        return Script::fails(1, format!("error: snap \"{name}\" is not installed"));
    }
    let prepared = seat.guest().groups.contains("snap_daemon");
    let slot = if prepared { ":ssh-keys" } else { "-" };
    Script::says(format!(
        "Interface  Plug                Slot           Notes\ncontent    openstack:juju-bin  juju:juju-bin  -\nssh-keys   openstack:ssh-keys  {slot}  manual\n"
    ))
}

/// What snapd says while it refreshes that snap by itself, to whoever wants to change it
/// (snapcore/snapd:overlord/snapstate/conflict.go).
fn refreshing(world: &World, name: &str) -> Option<Script> {
    world
        .snap_is(name, Is::Refreshing)
        .then(|| Script::fails(1, format!("error: snap \"{name}\" has \"auto-refresh\" change in progress")))
}

/// `snap changes`: what goes on, and the last that is done.
fn changes(world: &World, names: &[&str]) -> Script {
    let mut text = "ID   Status  Spawn                   Ready                   Summary\n1    Done    today at 09:00 UTC      today at 09:01 UTC      Initialize system state\n".to_owned();
    for name in names.iter().filter(|name| world.snap_is(name, Is::Refreshing)) {
        text += &format!(
            "7    Doing   today at 09:30 UTC      -                       Auto-refresh snap \"{name}\"\n"
        );
    }
    Script::says(text)
}

/// `snap install`: a second time it says so, exits 0 and leaves the channel as it is.
fn install(seat: &mut Seat<'_>, name: &str, channel: Option<&str>) -> Script {
    if seat.guest().snaps.contains_key(name) {
        return already(name);
    }
    if installing(seat.world, &seat.vm, name) {
        return installing_already(name);
    }
    if let Some(how) = seat.world.network(Spot::Vm) {
        return offline(name, Some(how));
    }
    if seat.world.vm_is(VmEvent::DiskFull) {
        return Script::fails(1, format!("error: cannot perform the following tasks:\n- Download snap \"{name}\" (1091) from channel \"stable\" (write /var/lib/snapd/snaps/{name}_1091.snap.partial: no space left on device)")).taking(9 * SECOND);
    }
    let (snap, typical) = match of_store(name, channel) {
        Ok(found) => found,
        Err(text) => return Script::fails(1, text).taking(2 * SECOND),
    };
    let took = seat.world.draw().about(&format!("snap install {name} in {}", seat.vm), typical);
    let said = format!("{name} ({}) {} from Canonical** installed\n", snap.channel, snap.version);
    seat.later(took - SECOND, Change::SnapInstalled { name: name.to_owned(), snap });
    Script::says(said).taking(took)
}

/// `snap refresh` of one snap.
fn refresh(seat: &mut Seat<'_>, name: &str, channel: Option<&str>) -> Script {
    let Some(installed) = seat.guest().snaps.get(name).cloned() else {
        return Script::fails(1, format!("error: snap \"{name}\" is not installed"));
    };
    if let Some(script) = refreshing(seat.world, name) {
        return script;
    }
    let wanted = channel.map_or(installed.channel.clone(), str::to_owned);
    match of_store(name, Some(&wanted)) {
        Err(text) => Script::fails(1, text),
        Ok((snap, _)) if snap.channel == installed.channel => {
            Script::silent().err(format!("snap \"{name}\" has no updates available\n"))
        }
        Ok((snap, typical)) => {
            let said = format!("{name} ({}) {} from Canonical** refreshed\n", snap.channel, snap.version);
            let took = seat.world.draw().about(&format!("snap refresh {name} in {}", seat.vm), typical);
            seat.later(took - SECOND, Change::SnapInstalled { name: name.to_owned(), snap });
            Script::says(said).taking(took)
        }
    }
}

/// Without root.
fn denied() -> Script {
    Script::fails(1, "error: access denied (try with sudo)")
}

/// Installed already: no error.
fn already(name: &str) -> Script {
    Script::silent().err(format!("snap \"{name}\" is already installed, see 'snap help refresh'\n"))
}

/// Whether that snap is just being installed there, by a client that may be gone.
fn installing(world: &World, vm: &str, snap: &str) -> bool {
    world.due.iter().filter(|due| due.vm == vm).any(|due| match &due.change {
        Change::MultipassInstalled { .. } => snap == "multipass",
        Change::SnapInstalled { name, .. } => name == snap,
        _ => false,
    })
}

/// snapd takes no second change of a snap before the first has ended
/// (canonical/snapd:overlord/snapstate/conflict.go).
fn installing_already(name: &str) -> Script {
    Script::fails(10, format!("error: snap \"{name}\" has \"install-snap\" change in progress"))
}

/// The store does not answer, or will not (snapcore/snapd:store/store.go).
fn offline(name: &str, how: Option<Network>) -> Script {
    let url = "https://api.snapcraft.io/v2/snaps/refresh";
    let text = match how {
        Some(Network::Throttled) => format!(
            "error: cannot install \"{name}\": cannot query the store for updates: got unexpected HTTP status code 429 via POST to \"{url}\""
        ),
        how => {
            let why = unreachable(how, "api.snapcraft.io").unwrap_or_default();
            format!("error: cannot install \"{name}\": Post {url}: {why}")
        }
    };
    Script::fails(1, text).taking(20 * SECOND)
}

/// Refreshes are held.
fn held(names: &[&str]) -> Script {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    Script::says(format!("General refreshes of {} held until 24h from now\n", names.join(", ")))
}
