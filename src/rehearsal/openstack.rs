//! `openstack`, the client, and the little of a cloud that stands behind it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::change::Change;
use super::events::{Lack, ServerEvent};
use super::guest::Seat;
use super::script::Script;
use super::timeline::{Draw, MINUTE, Millis, SECOND};

/// OpenStack in the VM.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cloud {
    /// The deployment's name; empty before bootstrap has begun.
    pub deployment: String,
    /// Since when the control plane is being brought up.
    pub control_plane: Option<Millis>,
    /// Whether the hypervisor is up.
    pub hypervisor: bool,
    /// Bootstrap's own last mark.
    pub bootstrapped: bool,
    /// Whether the demo project and what belongs to it are there.
    pub demo: bool,
    /// Whether `sunbeam configure` came to its end.
    pub configured: bool,
    /// The servers.
    pub servers: Vec<Server>,
    /// How many servers `sunbeam launch` has asked for.
    pub made: u32,
    /// How many floating addresses were handed out.
    pub addresses: u32,
    /// Whether the session with Sunbeam's controller is over.
    #[serde(default)]
    pub session_expired: bool,
    /// The terraform plan that is locked.
    #[serde(default)]
    pub locked_plan: Option<String>,
}

/// A server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    /// Its UUID.
    pub id: String,
    /// Its name; several may share one.
    pub name: String,
    /// `BUILD`, `ACTIVE`, `SHUTOFF`, …
    pub status: String,
    /// Its address in the demo network.
    pub fixed: String,
    /// Its floating address.
    pub floating: Option<String>,
}

impl Cloud {
    /// The VM was restarted: servers do not come back by themselves, and those that were being built are given up
    /// (openstack/nova:nova/compute/manager.py, `_init_instance`).
    pub fn restarted(&mut self) {
        for server in self.servers.iter_mut().filter(|server| server.status == "BUILD") {
            server.status = "ERROR".to_owned();
        }
        for server in self.servers.iter_mut().filter(|server| server.status == "ACTIVE") {
            server.status = "SHUTOFF".to_owned();
        }
    }
}

/// A random name of two words, as Sunbeam gives them.
pub fn pet(draw: Draw, key: &str) -> String {
    let first = draw.one_of(&format!("{key}/1"), &["well", "sound", "keen", "calm", "brave", "glad"]);
    let second = draw.one_of(&format!("{key}/2"), &["weevil", "heron", "otter", "marten", "lynx", "finch"]);
    format!("{first}-{second}")
}

/// The demo user's openrc file: no line end at its end.
pub fn openrc(draw: Draw) -> String {
    let password = draw.hex("demo password", 12);
    format!(
        "# openrc for demo\nexport OS_AUTH_URL=http://172.16.1.203:80/openstack-keystone/v3\nexport OS_USERNAME=demo\nexport OS_PASSWORD={password}\nexport OS_USER_DOMAIN_NAME=users\nexport OS_PROJECT_DOMAIN_NAME=users\nexport OS_PROJECT_NAME=demo\nexport OS_AUTH_VERSION=3\nexport OS_IDENTITY_API_VERSION=3"
    )
}

/// Whether the control plane answers: not for some minutes after a restart of the VM.
pub fn answers(seat: &Seat<'_>) -> bool {
    let guest = seat.guest();
    let settled = guest.booted + seat.draw().about("control plane after a restart", 4 * MINUTE);
    guest.cloud.control_plane.is_some_and(|since| since > guest.booted || seat.now() >= settled)
        && guest.cloud.bootstrapped
        && seat.world.planted.as_ref().is_none_or(|planted| planted.cloud("keystone", seat.now()).is_none())
}

/// The next floating address.
pub fn next_floating(seat: &mut Seat<'_>) -> String {
    let cloud = &mut seat.guest_mut().cloud;
    cloud.addresses += 1;
    format!("172.16.2.{}", 200 + cloud.addresses)
}

/// `openstack …`.
pub fn run(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    if !seat.openrc {
        return Script::fails(1, "Missing value auth-url required for auth plugin password").taking(1500);
    }
    let took = seat.draw().about(&format!("openstack {}", argv.join(" ")), 2500);
    if !answers(seat) {
        let text = "Unable to establish connection to http://172.16.1.203:80/openstack-keystone/v3/auth/tokens: HTTPConnectionPool(host='172.16.1.203', port=80): Max retries exceeded";
        return Script::fails(1, text).taking(took + 5 * SECOND);
    }
    answer(seat, argv).taking(took)
}

/// The answer of a cloud that answers.
fn answer(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let draw = seat.draw();
    let demo = seat.guest().cloud.demo;
    let has = |what| demo && !seat.world.cloud_lacks(what);
    let (network, image, flavor) = (has(Lack::Network), has(Lack::Image), has(Lack::Flavor));
    let none = |what: &str, name: &str| Script::fails(1, format!("No {what} found for {name}"));
    match argv[1..] {
        ["token", "issue", "-f", "json"] => Script::json(&json!({
            "expires": "2026-01-06T09:00:00+0000", "id": format!("gAAAAAB{}", draw.hex("token", 60)),
            "project_id": draw.hex("project demo", 32), "user_id": draw.hex("user demo", 32) })),
        ["network", "show", name @ ("demo-network" | "external-network"), "-f", "json"] if network => {
            Script::json(
                &json!({ "admin_state_up": true, "id": draw.uuid(name), "name": name, "status": "ACTIVE",
                "router:external": name == "external-network" }),
            )
        }
        ["network", "show", name, "-f", "json"] => none("Network", name),
        ["image", "show", "ubuntu", "-f", "json"] if image => Script::json(
            &json!({ "id": draw.uuid("image"), "name": "ubuntu", "status": "active", "visibility": "public" }),
        ),
        ["image", "show", name, "-f", "json"] => none("Image", name),
        ["flavor", "show", "m1.tiny", "-f", "json"] if flavor => Script::json(
            &json!({ "disk": 4, "id": draw.uuid("m1.tiny"), "name": "m1.tiny", "ram": 512, "vcpus": 1 }),
        ),
        ["flavor", "show", name, "-f", "json"] => none("Flavor", name),
        ["server", "list", "--name", pattern, "-f", "json"] => servers(seat, Some(pattern)),
        ["server", "list", "-f", "json"] => servers(seat, None),
        ["server", "show", id, "-f", "json"] => {
            match seat.guest().cloud.servers.iter().find(|s| s.id == id) {
                Some(server) => Script::json(&details(seat, server)),
                None => none("server", id),
            }
        }
        ["server", verb @ ("delete" | "start"), .., id]
            if !seat.guest().cloud.servers.iter().any(|s| s.id == id) =>
        {
            Script::fails(1, format!("No server with a name or ID of '{id}' exists. (for {verb})"))
        }
        ["server", "delete", "--wait", id] => {
            seat.guest_mut().cloud.servers.retain(|server| server.id != id);
            Script::silent()
        }
        ["server", "start", id] => {
            seat.later(20 * SECOND, Change::ServerActive(id.to_owned()));
            Script::silent()
        }
        ["floating", "ip", "create", "external-network", "-f", "json"] if demo => {
            let address = next_floating(seat);
            Script::json(
                &json!({ "floating_ip_address": address, "id": draw.uuid(&address), "status": "DOWN" }),
            )
        }
        ["server", "add", "floating", "ip", id, address] => {
            match seat.guest_mut().cloud.servers.iter_mut().find(|server| server.id == id) {
                Some(server) => {
                    server.floating = Some(address.to_owned());
                    Script::silent()
                }
                None => none("server", id),
            }
        }
        _ => seat.unknown(argv),
    }
}

/// `server list`: the name is a pattern that matches anywhere unless it is anchored.
fn servers(seat: &Seat<'_>, pattern: Option<&str>) -> Script {
    let matches = |name: &str| {
        let Some(pattern) = pattern else { return true };
        let core = pattern.trim_start_matches('^').trim_end_matches('$');
        match (pattern.starts_with('^'), pattern.ends_with('$')) {
            (true, true) => name == core,
            (true, false) => name.starts_with(core),
            (false, true) => name.ends_with(core),
            (false, false) => name.contains(core),
        }
    };
    let rows = seat
        .guest()
        .cloud
        .servers
        .iter()
        .filter(|server| matches(&server.name))
        .map(|server| row(seat, server));
    Script::json(&Value::Array(rows.collect()))
}

/// The state of a server, as a scenario may have it.
fn state<'s>(seat: &Seat<'_>, server: &'s Server) -> &'s str {
    match () {
        () if seat.world.server_is(ServerEvent::Error) => "ERROR",
        () if seat.world.server_is(ServerEvent::Building) => "BUILD",
        () => &server.status,
    }
}

/// A server in full, with why it is in the state ERROR.
fn details(seat: &Seat<'_>, server: &Server) -> Value {
    let status = state(seat, server);
    let mut document = row(seat, server);
    document["id"] = json!(server.id);
    document["name"] = json!(server.name);
    document["status"] = json!(status);
    if status == "ERROR" {
        let why = "No valid host was found. There are not enough hosts available.";
        document["fault"] = json!({ "code": 500, "created": "2026-01-05T09:50:00Z", "message": why });
    }
    document
}

/// A server as a row of the list.
fn row(seat: &Seat<'_>, server: &Server) -> Value {
    let status = state(seat, server);
    let mut addresses = vec![server.fixed.clone()];
    addresses.extend(server.floating.clone());
    let networks = if status == "BUILD" { json!({}) } else { json!({ "demo-network": addresses }) };
    json!({ "ID": server.id, "Name": server.name, "Status": status, "Networks": networks,
        "Image": "ubuntu", "Flavor": "m1.tiny" })
}
