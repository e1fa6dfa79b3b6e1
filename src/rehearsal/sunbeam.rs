//! `sunbeam`: preparation, bootstrap, configuration, the demo instance, and its few questions.

use super::change::Change;
use super::events::{Is, ServerEvent};
use super::grammar::Words;
use super::guest::Seat;
use super::juju;
use super::openstack::{self, Server};
use super::prepare;
use super::script::Script;
use super::terraform;
use super::timeline::{MINUTE, SECOND};
use crate::host::Stdin;

/// `sunbeam …`.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let rest = &argv[1..];
    let read = |rest, flags: &[&'static str], valued: &[&'static str]| Words::read(rest, flags, valued).ok();
    let track = track(seat);
    let old = track.starts_with("2023");
    if let ["prepare-node-script", rest @ ..] = rest {
        let flags: &[&str] = match track.as_str() {
            "2023.1" => &[],
            "2023.2" => &["--client|-c"],
            _ => &["--client|-c", "--bootstrap"],
        };
        return match read(rest, flags, &[]) {
            Some(words) if words.has("--client") && words.has("--bootstrap") => {
                usage("Cannot prepare node as both client and bootstrap")
            }
            Some(words) if words.operands.is_empty() => {
                Script::says(prepare::script(&track, words.has("--bootstrap"), words.has("--client")))
                    .taking(1500)
            }
            _ => usage(&format!("No such option: {}", rest.join(" "))),
        };
    }
    if !seat.root && !seat.guest().groups.contains("snap_daemon") {
        return failed("Insufficient permissions to run sunbeam commands\nAdd the user 'ubuntu' to the 'snap_daemon' group").taking(2 * SECOND);
    }
    if seat.now() < seat.guest().booted + 25 * SECOND || seat.world.snap_is("openstack", Is::Inactive) {
        return failed("Clusterd service is not active").taking(2 * SECOND);
    }
    if seat.guest().cloud.session_expired && rest.first() != Some(&"utils") && rest.first() != Some(&"plans")
    {
        return failed("Failed to login to Juju Controller").taking(30 * SECOND);
    }
    match rest {
        ["cluster", "bootstrap", rest @ ..] => {
            let flags = ["--accept-defaults|-a", "--hints", "--no-hints"];
            let valued = ["--manifest|-m", "--role", "--topology", "--database", "--controller|-c"];
            match read(rest, &flags, &valued) {
                Some(words) if words.operands.is_empty() && words.has("--accept-defaults") => {
                    let role = words.value("--role").unwrap_or_default();
                    if role.contains("compute") && role.contains("network") && !track.starts_with("2026") {
                        return failed("A node cannot be both a compute and network node at the same time.");
                    }
                    bootstrap(seat, old)
                }
                Some(words) if words.operands.is_empty() => seat.unknown(argv),
                _ => usage(&format!("No such option: {}", rest.join(" "))),
            }
        }
        ["cluster", "list", rest @ ..] => match read(rest, &[], &["--format|-f"]) {
            Some(words) if words.operands.is_empty() => {
                list(seat, words.value("--format").unwrap_or("table"), old)
            }
            _ => usage(&format!("No such option: {}", rest.join(" "))),
        },
        ["cluster", other, ..] => usage(&format!("No such command '{other}'.")),
        ["configure", rest @ ..] => {
            match read(rest, &["--accept-defaults|-a"], &["--manifest|-m", "--openrc|-o"]) {
                Some(words) if words.operands.is_empty() => configure(seat, &words),
                Some(_) => seat.unknown(argv),
                None => usage(&format!("No such option: {}", rest.join(" "))),
            }
        }
        ["launch", rest @ ..] => match read(rest, &[], &["--key|-k", "--name|-n"]) {
            Some(words) if words.operands.len() <= 1 => launch(seat, &words, old),
            _ => usage(&format!("No such option: {}", rest.join(" "))),
        },
        ["utils", "juju-login"] => login(seat),
        ["plans", rest @ ..] => terraform::plans(seat, rest).unwrap_or_else(|| seat.unknown(argv)),
        ["dashboard", "url"] if !old => dashboard(seat, false),
        ["dashboard-url"] if !track.starts_with("2026") => dashboard(seat, !old),
        ["dashboard" | "dashboard-url", ..] => usage(&format!("No such command '{}'.", rest[0])),
        ["deployment", "list", "--format", "yaml"] if !seat.guest().cloud.deployment.is_empty() => {
            let name = &seat.guest().cloud.deployment;
            Script::says(format!(
                "active: {name}\ndeployments:\n- name: {name}\n  type: local\n  url: local\n"
            ))
            .taking(SECOND)
        }
        _ => seat.unknown(argv),
    }
}

/// The track of the openstack snap.
fn track(seat: &Seat<'_>) -> String {
    let snap = seat.guest().snaps.get("openstack");
    snap.and_then(|snap| snap.channel.split('/').next()).unwrap_or_default().to_owned()
}

/// Wrong usage.
fn usage(text: &str) -> Script {
    Script::fails(
        2,
        format!("Usage: sunbeam [OPTIONS] COMMAND [ARGS]...\nTry 'sunbeam -h' for help.\n\nError: {text}"),
    )
    .taking(1200)
}

/// A handled failure.
pub fn failed(text: &str) -> Script {
    Script::fails(1, format!("Error: {text}")).taking(4 * SECOND)
}

/// `cluster bootstrap --accept-defaults`.
fn bootstrap(seat: &mut Seat<'_>, old: bool) -> Script {
    match &seat.stdin {
        // `juju add-k8s` reads all that comes, before anything else (juju/juju:cmd/juju/caas/add.go).
        Stdin::Inherited | Stdin::Stream(_) => return Script::hang(),
        Stdin::Bytes(bytes) if !bytes.is_empty() => {
            return failed("Command juju add-k8s failed: no kubeconfig in what came on standard input");
        }
        _ => {}
    }
    if !seat.guest().snaps.contains_key("juju") {
        return failed("Juju not detected: please install snap");
    }
    let dotted = seat.guest().fqdn.contains('.');
    if !dotted || seat.guest().fqdn != format!("{}.multipass", seat.guest().hostname) {
        return failed("Host FQDN and Hypervisor hostname perceived by libvirt are different, check `hostname -f` and `/etc/hosts`").taking(9 * SECOND);
    }
    let store = &seat.guest().juju;
    if !old {
        if !store.controllers.values().any(|controller| controller.cloud == "localhost") {
            return failed("Missing Juju controller on LXD. Please run the prepare script with --bootstrap.")
                .taking(12 * SECOND);
        }
        if !store.controllers.contains_key("localhost-localhost") {
            // Only `overlord` is there: the first check passes, the switch to the literal name does not.
            return failed("Error in switching the controller to localhost-localhost").taking(20 * SECOND);
        }
    }
    if let Some(script) = terraform::obstructed(seat, "registry.terraform.io") {
        return script.taking(5 * MINUTE);
    }
    let draw = seat.draw();
    let cloud = &seat.guest().cloud;
    let role = if track(seat).starts_with("2026") { "control, compute, network" } else { "control, compute" };
    let said = format!("Node has been bootstrapped with roles: {role}\n");
    if cloud.bootstrapped {
        seat.later(20 * SECOND, Change::Switched("sunbeam-controller".to_owned()));
        return Script::says(said).taking(draw.about("bootstrap again", 3 * MINUTE));
    }
    // Finished steps are skipped when an earlier try was broken off.
    let resumed = cloud.control_plane.is_some();
    let began = !cloud.deployment.is_empty();
    let whole = draw.about("bootstrap", 26 * MINUTE);
    let took = if resumed { whole / 2 } else { whole };
    if !began {
        let pet = if old { "local".to_owned() } else { openstack::pet(draw, "deployment") };
        seat.later(30 * SECOND, Change::CloudBegun(pet));
    }
    let part = |percent: i64| took * percent / 100;
    if !seat.guest().juju.controllers.contains_key("sunbeam-controller") {
        let (cloud, address) = match old {
            true => ("sunbeam".to_owned(), seat.world.vms[&seat.vm].ip.clone()),
            false => (format!("{}-k8s", openstack::pet(draw, "deployment")), "172.16.1.201".to_owned()),
        };
        let at = seat.now() + part(38);
        let user = if old { "admin".to_owned() } else { seat.guest().fqdn.clone() };
        let mut controller = juju::controller(draw, "sunbeam-controller", &cloud, &address, at);
        controller.user = user;
        let machines = super::juju::store::Model {
            uuid: draw.uuid("openstack-machines"),
            created: at,
            ..super::juju::store::Model::default()
        };
        if !old {
            controller.models.insert("openstack-machines".to_owned(), machines.clone());
        }
        let model = super::juju::store::Model { uuid: draw.uuid("openstack"), ..machines };
        controller.models.insert("openstack".to_owned(), model);
        let name = "sunbeam-controller".to_owned();
        let known =
            Change::ControllerKnown { name: name.clone(), controller: Box::new(controller), switch: true };
        seat.later(part(38), known);
        seat.later(part(40), Change::ControllerReady(name));
    }
    seat.later(part(45), Change::ControlPlane);
    seat.later(part(92), Change::Hypervisor);
    seat.later(took - 2 * SECOND, Change::Bootstrapped);
    Script::says(said).taking(took)
}

/// `cluster list`.
fn list(seat: &Seat<'_>, format: &str, old: bool) -> Script {
    let guest = seat.guest();
    if guest.cloud.control_plane.is_none() {
        return failed("Sunbeam Cluster not initialized").taking(3 * SECOND);
    }
    if !juju::api_answers(seat) || seat.world.controller_stopped("sunbeam-controller") {
        return failed("Failed to login to Juju Controller").taking(20 * SECOND);
    }
    let planted = |role: &str| Some(seat.world.planted.as_ref()?.cloud(role, seat.now())?.0.to_owned());
    let compute = if guest.cloud.hypervisor { "active" } else { "waiting" };
    let compute = planted("compute").unwrap_or_else(|| compute.to_owned());
    let settled = openstack::answers(seat);
    let control =
        planted("control").unwrap_or_else(|| if settled { "active" } else { "maintenance" }.to_owned());
    let text = match (format, old) {
        ("yaml", true) => {
            format!("{}:\n  roles:\n  - control\n  - compute\n  status: ONLINE\n", guest.fqdn)
        }
        ("yaml", false) => {
            let network = if track(seat).starts_with("2026") { "      network: active\n" } else { "" };
            format!(
                "openstack-machines:\n  '0':\n    hostname: {}\n    status:\n      compute: {compute}\n      control: {control}\n      machine: running\n{network}",
                guest.hostname
            )
        }
        ("table", _) => {
            format!(
                "           openstack-machines\n  Node            Machine  Compute  Control\n  {}  running  {compute}  {control}\n",
                guest.hostname
            )
        }
        (other, _) => {
            return usage(&format!("Invalid value for '-f': '{other}' is not one of 'table', 'yaml'."));
        }
    };
    Script::says(text).taking(seat.draw().about("cluster list", 8 * SECOND))
}

/// The words before a bootstrap has finished.
const NOT_BOOTSTRAPPED: &str = "Deployment not bootstrapped or bootstrap process has not completed succesfully. Please run `sunbeam cluster bootstrap`";

/// `configure`.
fn configure(seat: &mut Seat<'_>, words: &Words<'_>) -> Script {
    if !words.has("--accept-defaults") {
        // A masked question at the end of input is the one that aborts.
        return Script::fails(1, "Aborted!").taking(4 * SECOND);
    }
    if !seat.guest().cloud.bootstrapped {
        return failed(NOT_BOOTSTRAPPED);
    }
    if !openstack::answers(seat) {
        return failed("Unable to get keystone leader").taking(20 * SECOND);
    }
    if let (false, Some(script)) =
        (seat.guest().cloud.demo, terraform::obstructed(seat, "cloud-images.ubuntu.com"))
    {
        return script.taking(40 * SECOND);
    }
    let took = seat.draw().about("configure", 3 * MINUTE);
    let made = took * 3 / 5;
    seat.later(made - SECOND, Change::DemoMade);
    let text = openstack::openrc(seat.draw());
    let mut script = Script::default();
    match words.value("--openrc") {
        // The snap sees the home folder, without its hidden files, and nothing else.
        Some(path) if path.starts_with("/home/ubuntu/") && !path.contains("/.") || !path.starts_with('/') => {
            seat.later(made, Change::File(super::world::Guest::path(path), text));
            script.say(made, crate::host::Stream::Stdout, format!("Writing openrc to {path} ... done\n"));
        }
        Some(path) => {
            return Script::fails(1, format!("Error: [Errno 13] Permission denied: '{path}'")).taking(made);
        }
        None => script.say(made, crate::host::Stream::Stdout, format!("{text}\n")),
    }
    seat.later(took - SECOND, Change::Configured);
    let said = "The cloud has been configured for sample usage.\nYou can start using the OpenStack client or access the OpenStack dashboard at http://172.16.1.204:80/openstack-horizon\n";
    script.say(took, crate::host::Stream::Stdout, said);
    script.ends(took, 0)
}

/// `launch`: one server and one floating address more, each time.
fn launch(seat: &mut Seat<'_>, words: &Words<'_>, old: bool) -> Script {
    let cloud = &seat.guest().cloud;
    if !cloud.bootstrapped {
        return failed("Please run `sunbeam cluster bootstrap` first.");
    }
    if !cloud.demo {
        return failed("Unable to request new instance. Please run `sunbeam configure` first.")
            .taking(8 * SECOND);
    }
    let image = words.operands.first().copied().unwrap_or("ubuntu");
    if image != "ubuntu" {
        return failed(&format!("Image '{image}' not found."));
    }
    if !openstack::answers(seat) {
        return failed("Unable to connect to OpenStack").taking(20 * SECOND);
    }
    let draw = seat.draw();
    let number = cloud.made;
    let name = words
        .value("--name")
        .map_or_else(|| openstack::pet(draw, &format!("server {number}")), str::to_owned);
    seat.guest_mut().cloud.made += 1;
    let server = Server {
        id: draw.uuid(&format!("server {number}")),
        name,
        status: "BUILD".to_owned(),
        fixed: format!("192.168.0.{}", 40 + number),
        floating: None,
    };
    let took = draw.about("sunbeam launch", 90 * SECOND);
    let id = server.id.clone();
    let wrong = seat.world.server_is(ServerEvent::Error);
    if wrong || seat.world.server_is(ServerEvent::Building) {
        // The words for ERROR and for a time that ran out alike.
        let status = if wrong { "ERROR" } else { "BUILD" }.to_owned();
        seat.later(10 * SECOND, Change::ServerAdded(Server { status, ..server }));
        if !wrong {
            seat.later(7 * MINUTE, Change::ServerActive(id));
        }
        return failed("Unable to request new instance. Please run `sunbeam configure` first.")
            .taking(6 * MINUTE);
    }
    let address = openstack::next_floating(seat);
    seat.later(10 * SECOND, Change::ServerAdded(server));
    seat.later(took * 2 / 3, Change::ServerActive(id.clone()));
    seat.later(took - 5 * SECOND, Change::ServerAddress(id, address.clone()));
    let key = "/home/ubuntu/snap/openstack/1091/sunbeam";
    let mut script = Script::default();
    script.say(SECOND, crate::host::Stream::Stdout, "Launching an OpenStack instance ... \n");
    let said = if old {
        format!("Access instance with `ssh -i {key} ubuntu@{address}`\n")
    } else {
        format!("Access the instance by running the following command:\n`ssh -i {key} ubuntu@{address}`\n")
    };
    script.say(took, crate::host::Stream::Stdout, said);
    script.ends(took, 0)
}

/// `utils juju-login`: the best sign that bootstrap has finished once.
fn login(seat: &mut Seat<'_>) -> Script {
    if !seat.guest().cloud.bootstrapped {
        return failed(NOT_BOOTSTRAPPED).taking(6 * SECOND);
    }
    if !juju::api_answers(seat) || seat.world.controller_stopped("sunbeam-controller") {
        return failed("Failed to login to Juju Controller").taking(30 * SECOND);
    }
    if seat.guest().cloud.session_expired {
        seat.guest_mut().cloud.session_expired = false;
    }
    Script::says("Juju re-login complete.\n").taking(seat.draw().about("juju-login", 7 * SECOND))
}

/// `dashboard url` and the older `dashboard-url`.
fn dashboard(seat: &Seat<'_>, deprecated: bool) -> Script {
    if !seat.guest().cloud.bootstrapped {
        return failed(NOT_BOOTSTRAPPED);
    }
    let warning =
        if deprecated { "WARNING: 'dashboard-url' is deprecated, use 'dashboard url'.\n" } else { "" };
    Script::says(format!("{warning}http://172.16.1.204:80/openstack-horizon\n")).taking(5 * SECOND)
}
