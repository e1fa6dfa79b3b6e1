//! Sunbeam's node preparation: the script that it prints, and what running that script does. The simulated
//! script is a few lines that say what they stand for; only such a script can be run.

use super::change::Change;
use super::events::{Network, Spot, VmEvent};
use super::guest::Seat;
use super::juju;
use super::lxd;
use super::script::Script;
use super::snap::of_store;
use super::timeline::{Millis, SECOND};
use crate::host::Stream;

/// In the script's second line: what it was printed for.
const MADE_FOR: &str = "# simulated node preparation for track ";

/// The script that `sunbeam prepare-node-script` prints.
pub fn script(track: &str, bootstrap: bool, client: bool) -> String {
    let release = if track.starts_with("2023") { "jammy" } else { "noble" };
    let part = match (bootstrap, client) {
        (true, _) => "bootstrap",
        (_, true) => "client",
        _ => "node",
    };
    let newgrp = if track == "2023.1" { "newgrp snap_daemon\n" } else { "" };
    format!(
        "#!/bin/bash\n{MADE_FOR}{track}, {part}\n[ \"$(lsb_release -sc)\" = \"{release}\" ] || {{ echo 'ERROR: Sunbeam deploy only supported on {release}'; exit 1; }}\n{newgrp}: groups, ssh keys, juju, lxd, controller\n"
    )
}

/// The stages as they pass, with the shell's own trace on stderr.
struct Trace {
    script: Script,
    at: Millis,
}

impl Trace {
    fn step(&mut self, line: &str, took: Millis) {
        self.script.say(self.at, Stream::Stderr, format!("+ {line}\n"));
        self.at += took;
    }

    fn stop(mut self, text: &str) -> Script {
        self.script.say(self.at, Stream::Stdout, format!("{text}\n"));
        self.script.ends(self.at + 50, 1)
    }
}

/// `bash -x FILE`.
pub fn run(seat: &mut Seat<'_>, path: &str) -> Script {
    let Some(text) = seat.guest().file(path).map(str::to_owned) else {
        return Script::fails(127, format!("bash: {path}: No such file or directory"));
    };
    if text.trim().is_empty() {
        // A shell with nothing to do succeeds.
        return Script::silent();
    }
    let made_for =
        text.lines().nth(1).and_then(|line| line.strip_prefix(MADE_FOR)).and_then(|m| m.split_once(", "));
    let Some((track, part)) = made_for else {
        return seat.unknown(&["bash", "-x", path]);
    };
    let (track, part) = (track.to_owned(), part.to_owned());
    let old = track.starts_with("2023");
    let mut trace = Trace { script: Script::default(), at: 0 };
    let wanted = if old { "jammy" } else { "noble" };
    trace.step("lsb_release -sc", 200);
    if seat.guest().codename != wanted && part != "client" {
        return trace.stop(&format!("ERROR: Sunbeam deploy only supported on {wanted}"));
    }
    if seat.root && part != "client" {
        return trace.stop("ERROR: Node Preparation script for OpenStack Sunbeam must be executed by\nnon-root user with sudo permissions.");
    }
    if part != "client" {
        let took = seat.draw().about("prepare: packages", 25 * SECOND);
        trace.step("sudo apt install openssh-server curl sed -y", took);
        if seat.world.vm_is(VmEvent::AptLocked) {
            // The script goes on without what was not installed.
            let text = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 2211 (unattended-upgr)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n";
            trace.script.say(trace.at, Stream::Stderr, text);
        }
        trace.step("sudo usermod --append --groups snap_daemon ubuntu", 300);
        seat.later(trace.at, Change::InGroup("snap_daemon".to_owned()));
        trace.step("ssh-keygen -b 4096 -t ed25519", 2 * SECOND);
        trace.step("curl -s -m 10 -x  api.charmhub.io", SECOND);
        let cut = seat.world.network(Spot::Vm).is_some_and(|how| how != Network::Throttled);
        if cut && track != "2023.1" {
            trace.at += 10 * SECOND;
            return trace.stop("ERROR: No external connectivity. Set HTTP_PROXY, HTTPS_PROXY, NO_PROXY in /etc/environment and re-run this command.");
        }
    }
    if let Some(script) = client(seat, &mut trace, &track, old) {
        return script;
    }
    if part == "bootstrap"
        && let Err(ended) = bootstrap(seat, &mut trace)
    {
        return *ended;
    }
    let at = trace.at;
    trace.script.ends(at, 0)
}

/// The part that every kind of node needs: the Juju client and some folders.
fn client(seat: &mut Seat<'_>, trace: &mut Trace, track: &str, old: bool) -> Option<Script> {
    trace.step("sudo snap connect openstack:ssh-keys", 700);
    let juju = seat.guest().snaps.get("juju").map(|snap| snap.version.clone());
    match juju {
        Some(version) if !old && !version.starts_with("3.6") && !version.starts_with('4') => {
            let trace = Trace { script: std::mem::take(&mut trace.script), at: trace.at };
            return Some(trace.stop("Sunbeam requires Juju version 3.6 or higher."));
        }
        Some(_) => trace.script.say(trace.at, Stream::Stdout, "Using existing Juju installation.\n"),
        None => {
            let channel = match track {
                "2023.1" => "3.2/stable",
                "2023.2" => "3.4/stable",
                _ => "3.6/stable",
            };
            install(seat, trace, "juju", channel);
        }
    }
    trace.step("mkdir -p /home/ubuntu/.local/share", 100);
    seat.later(trace.at, Change::Folder("/home/ubuntu/.local/share".to_owned()));
    trace.step("snap set openstack deployment.version", 2 * SECOND);
    None
}

/// The part for the first node: LXD, its bridge and pool, and a controller on it.
fn bootstrap(seat: &mut Seat<'_>, trace: &mut Trace) -> Result<(), Box<Script>> {
    let lxd_there = seat.guest().snaps.contains_key("lxd");
    if !lxd_there {
        install(seat, trace, "lxd", "5.21/stable");
    }
    trace.step("sudo usermod --append --groups lxd ubuntu", 300);
    seat.later(trace.at, Change::InGroup("lxd".to_owned()));
    trace.step("sudo lxc network list --format csv", SECOND);
    let mut stop = |text: &str| {
        let trace = Trace { script: std::mem::take(&mut trace.script), at: trace.at };
        Err(Box::new(trace.stop(text)))
    };
    match seat.guest().lxd.bridge.as_deref() {
        Some("lxdbr0") => return stop("Sunbeam requires the LXD bridge to be called anything except lxdbr0"),
        Some(_) => {}
        None => {
            trace.step("sudo lxd init --preseed", 4 * SECOND);
            lxd::initialise(seat, trace.at, "sunbeambr0".to_owned(), "none".to_owned());
        }
    }
    // From here on the real script stops at the first error.
    trace.step("juju show-controller", SECOND);
    let store = &seat.guest().juju;
    let answers = store.controllers.get(&store.current).is_some_and(|controller| controller.ready)
        && juju::api_answers(seat);
    if answers {
        return Ok(());
    }
    if seat.guest().juju.controllers.contains_key("localhost-localhost") {
        trace.script.say(
            trace.at,
            Stream::Stderr,
            "ERROR controller \"localhost-localhost\" already exists\n",
        );
        let script = std::mem::take(&mut trace.script);
        return Err(Box::new(script.ends(trace.at + 300, 1)));
    }
    trace.step("juju bootstrap localhost", 0);
    let begun = trace.at;
    let inner = juju::bootstrap_stages(seat, begun, "localhost-localhost", true);
    for mut said in inner.said {
        said.at += begun;
        trace.script.said.push(said);
    }
    trace.at += inner.took;
    trace.script.say(trace.at, Stream::Stdout, "Juju bootstrap complete, you can now bootstrap sunbeam!\n");
    Ok(())
}

/// `sudo snap install` within the script, which goes on when it failed.
fn install(seat: &mut Seat<'_>, trace: &mut Trace, name: &str, channel: &str) {
    let why = match seat.world.network(Spot::Vm) {
        Some(_) => Some(
            "cannot query the store for updates: got unexpected HTTP status code 429 via POST to \"https://api.snapcraft.io/v2/snaps/refresh\"",
        ),
        None if seat.world.vm_is(VmEvent::DiskFull) => {
            Some("write /var/lib/snapd/snaps: no space left on device")
        }
        None => None,
    };
    if let Some(why) = why {
        trace.step(&format!("sudo snap install --channel {channel} {name}"), 9 * SECOND);
        trace.script.say(trace.at, Stream::Stderr, format!("error: cannot install \"{name}\": {why}\n"));
        return;
    }
    let Ok((snap, typical)) = of_store(name, Some(channel)) else { return };
    let took = seat.draw().about(&format!("prepare: {name}"), typical);
    trace.step(&format!("sudo snap install --channel {channel} {name}"), took);
    let said = format!("{name} ({channel}) {} from Canonical** installed\n", snap.version);
    trace.script.say(trace.at, Stream::Stdout, said);
    seat.later(trace.at, Change::SnapInstalled { name: name.to_owned(), snap });
}
