//! `juju bootstrap`.

use super::super::change::Change;
use super::super::events::{Is, LxdEvent, Spot, VmEvent};
use super::super::grammar::Words;
use super::super::guest::Seat;
use super::super::script::Script;
use super::super::timeline::{Draw, MINUTE, Millis, SECOND};
use super::agent_version;
use super::store::Controller;
use crate::host::Stream;

/// A controller that begins at that time.
pub fn controller(draw: Draw, name: &str, cloud: &str, address: &str, at: Millis) -> Controller {
    Controller {
        cloud: cloud.to_owned(),
        address: address.to_owned(),
        uuid: draw.uuid(name),
        hex: draw.hex(&format!("{name}/controller"), 6),
        created: at,
        ready: false,
        user: "admin".to_owned(),
        models: std::collections::BTreeMap::new(),
    }
}

/// `bootstrap localhost NAME`.
pub fn bootstrap(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    let ["localhost", name] = words.operands[..] else {
        return if words.operands.len() == 2 {
            Script::fails(
                1,
                format!(
                    "ERROR unknown cloud \"{}\", please try \"juju update-public-clouds\"",
                    words.operands[0]
                ),
            )
        } else {
            seat.unknown(&["juju", "bootstrap"])
        };
    };
    let name = name.to_lowercase();
    if let Some(wanted) = words.value("--agent-version") {
        let own = agent_version(seat);
        let line = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
        if line(wanted) != line(&own) {
            return Script::fails(1, format!("ERROR this client can only bootstrap {} agents", line(&own)));
        }
    }
    let lxd_ready = seat.guest().lxd.bridge.is_some() && !seat.world.lxd_is(LxdEvent::BridgeGone);
    if !seat.guest().snaps.contains_key("lxd") {
        return Script::fails(
            1,
            "ERROR LXD socket not found; is LXD installed & running?\n\nPlease install LXD by running:\n\t$ sudo snap install lxd\nand then configure it with:\n\t$ newgrp lxd\n\t$ lxd init",
        );
    }
    if seat.world.lxd_is(LxdEvent::Down) || seat.world.snap_is("lxd", Is::Inactive) {
        return Script::fails(1, "ERROR LXD refused connections; is LXD running?");
    }
    if !seat.in_group("lxd") {
        return Script::fails(1, "ERROR Permission denied, are you in the lxd group?");
    }
    if seat.guest().juju.controllers.contains_key(&name) {
        return Script::fails(1, format!("ERROR controller \"{name}\" already exists"));
    }
    if !lxd_ready {
        return Script::fails(1, "ERROR profile \"default\": juju requires a network device; run `lxd init`")
            .taking(3 * SECOND);
    }
    let own = &seat.guest().lxd.ipv6;
    if (!own.is_empty() && own != "none") || seat.world.lxd_is(LxdEvent::Ipv6On) {
        return Script::fails(1, format!("ERROR juju does not support IPv6. Disable IPv6 in LXD via:\n\tlxc network set {} ipv6.address none", seat.guest().lxd.bridge.clone().unwrap_or_default())).taking(3 * SECOND);
    }
    bootstrap_stages(seat, 0, &name, !words.has("--no-switch"))
}

/// The stages of a bootstrap that begins after so long. Juju writes its store before the container is up
/// (juju/juju:environs/bootstrap/prepare.go).
pub fn bootstrap_stages(seat: &mut Seat<'_>, after: Millis, name: &str, switch: bool) -> Script {
    let draw = seat.draw();
    let mut script = Script::default();
    let mut say = |at, text: String| script.say(at, Stream::Stderr, format!("{text}\n"));
    let full = seat.world.vm_is(VmEvent::DiskFull) || seat.world.lxd_is(LxdEvent::PoolFull);
    if seat.world.network(Spot::Vm).is_some() || full {
        say(0, format!("Creating Juju controller \"{name}\" on localhost/localhost"));
        let why = if full {
            "cannot start bootstrap instance: write /var/snap/lxd/common/lxd/images/lxd_build_1: no space left on device"
        } else {
            "cannot get available image metadata"
        };
        say(MINUTE, format!("ERROR failed to bootstrap model: {why}"));
        return script.ends(MINUTE, 1);
    }
    if seat.world.network(Spot::Container).is_some() {
        // juju/juju#21227: it waits for packages that never come.
        say(0, format!("Creating Juju controller \"{name}\" on localhost/localhost"));
        say(80 * SECOND, "Running machine configuration script...".to_owned());
        say(21 * MINUTE, "ERROR failed to bootstrap model: waited for 20m0s without being able to connect: Failed to run machine configuration script".to_owned());
        return script.ends(21 * MINUTE, 1);
    }
    let took = draw.about(&format!("juju bootstrap {name}"), 4 * MINUTE);
    let address =
        format!("{}.{}", seat.guest().lxd.subnet, draw.between(&format!("address of {name}"), 2, 19));
    let mut made = controller(draw, name, "localhost", &address, seat.now() + after);
    made.user = "admin".to_owned();
    let hex = made.hex.clone();
    let part = |percent: i64| took * percent / 100;
    say(0, format!("Creating Juju controller \"{name}\" on localhost/localhost"));
    say(part(1), format!("Looking for packaged Juju agent version {} for amd64", agent_version(seat)));
    say(part(3), "To configure your system to better support LXD containers, please see: https://documentation.ubuntu.com/lxd/en/latest/explanation/performance_tuning/".to_owned());
    say(part(4), "Launching controller instance(s) on localhost/localhost...".to_owned());
    say(part(38), format!(" - juju-{hex}-0 (arch=amd64)"));
    say(part(39), "Installing Juju agent on bootstrap instance".to_owned());
    say(part(42), "Waiting for address".to_owned());
    say(part(44), format!("Attempting to connect to {address}:22"));
    say(part(50), format!("Connected to {address}"));
    say(part(51), "Running machine configuration script...".to_owned());
    say(part(88), "Bootstrap agent now started".to_owned());
    say(part(90), format!("Contacting Juju controller at {address} to verify accessibility..."));
    say(
        took,
        format!(
            "\nBootstrap complete, controller \"{name}\" is now available\nController machines are in the \"controller\" model\n\nNow you can run\n\tjuju add-model <model-name>\nto create a new model to deploy workloads."
        ),
    );
    let known = Change::ControllerKnown { name: name.to_owned(), controller: Box::new(made), switch };
    if after == 0 {
        let vm = seat.vm.clone();
        known.apply(seat.world, &vm);
        seat.world.touched = true;
    } else {
        seat.later(after, known);
    }
    seat.later(after + took - SECOND, Change::ControllerReady(name.to_owned()));
    script.ends(took, 0)
}
