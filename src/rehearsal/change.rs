//! The effects that come about some time after the command that caused them: one list, so that the saved world
//! tells what is still to come.

use serde::{Deserialize, Serialize};

use super::events::Happening;
use super::happenings;
use super::juju::store::Controller;
use super::openstack::Server;
use super::timeline::Millis;
use super::world::{Multipass, Snap, World};

/// An effect on the VM it is recorded for, or on the laptop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Multipass is installed on the laptop.
    MultipassInstalled {
        /// Its version.
        version: String,
    },
    /// This image is on the laptop.
    ImageCached(String),
    /// A launching VM appears in the list.
    VmListed,
    /// The VM's ssh answers.
    VmRunning,
    /// The first boot is over.
    CloudInitDone,
    /// The VM is not running any more.
    VmHalted(String),
    /// An event of the scenario. Where it takes a while, it is over then.
    Happens {
        /// What happens.
        what: Happening,
        /// Until when.
        until: Millis,
    },
    /// The daemon is there again after a refresh, and wakes the VMs that it suspended.
    DaemonBack,
    /// A snap is there.
    SnapInstalled {
        /// Its name.
        name: String,
        /// Its particulars.
        snap: Snap,
    },
    /// The user `ubuntu` is in this group.
    InGroup(String),
    /// A folder is there.
    Folder(String),
    /// A file is there.
    File(String, String),
    /// LXD has its bridge of this name and its pool.
    LxdInitialised {
        /// The bridge.
        bridge: String,
        /// Its IPv6 setting.
        ipv6: String,
    },
    /// The client's store knows this controller.
    ControllerKnown {
        /// Its name.
        name: String,
        /// Its particulars.
        controller: Box<Controller>,
        /// Whether it becomes the current one.
        switch: bool,
    },
    /// The controller answers.
    ControllerReady(String),
    /// This controller is gone, with all that it had.
    ControllerKilled(String),
    /// This controller is the current one.
    Switched(String),
    /// `sunbeam cluster bootstrap` began.
    CloudBegun(String),
    /// The control plane is being brought up.
    ControlPlane,
    /// The hypervisor is up.
    Hypervisor,
    /// Bootstrap's own last mark.
    Bootstrapped,
    /// The demo project, network, image and flavors are there.
    DemoMade,
    /// `sunbeam configure` came to its end.
    Configured,
    /// A server is asked for.
    ServerAdded(Server),
    /// A server runs.
    ServerActive(String),
    /// A server has this floating address.
    ServerAddress(String, String),
    /// A server is gone.
    ServerGone(String),
    /// The long act ended with this status.
    LongEnded(i32),
}

impl Change {
    /// Whether it happens inside the VM, by work that stops with it. Events of a scenario do not.
    pub fn is_inside(&self) -> bool {
        !matches!(
            self,
            Change::MultipassInstalled { .. }
                | Change::ImageCached(_)
                | Change::VmHalted(_)
                | Change::Happens { .. }
                | Change::DaemonBack
        )
    }

    /// Lets it come about.
    pub fn apply(self, world: &mut World, name: &str) {
        let now = world.now;
        let ours = world.the_one(name);
        let name = ours.as_str();
        match self {
            Change::MultipassInstalled { version } => {
                world.laptop.multipass = Some(Multipass { version, since: now });
            }
            Change::ImageCached(image) => {
                world.laptop.images.insert(image);
            }
            Change::VmRunning => world.boot(name),
            Change::VmHalted(state) => {
                if world.vms.get(name).is_some_and(|vm| vm.state == "Running" || vm.state == "Starting") {
                    world.halt(name, &state);
                }
            }
            Change::Happens { what, until } => happenings::come(world, name, what, until),
            Change::DaemonBack => happenings::daemon_is_back(world),
            Change::VmListed => {
                if let Some(vm) = world.vms.get_mut(name) {
                    vm.state = "Starting".to_owned();
                }
            }
            inside => inside.apply_inside(world, name),
        }
    }

    /// [`Change::apply`] for what happens inside.
    fn apply_inside(self, world: &mut World, name: &str) {
        let now = world.now;
        let Some(vm) = world.vms.get_mut(name) else { return };
        let guest = &mut vm.guest;
        let cloud = &mut guest.cloud;
        match self {
            Change::CloudInitDone => guest.cloud_init_done = true,
            Change::SnapInstalled { name, mut snap } => {
                snap.since = now;
                guest.snaps.insert(name, snap);
            }
            Change::InGroup(group) => {
                guest.groups.insert(group);
            }
            Change::Folder(path) => {
                guest.folders.insert(path);
            }
            Change::File(path, text) => {
                guest.files.insert(path, text);
            }
            Change::LxdInitialised { bridge, ipv6 } => {
                guest.lxd.bridge = Some(bridge);
                guest.lxd.ipv6 = ipv6;
            }
            Change::ControllerKnown { name, controller, switch } => {
                guest.juju.controllers.insert(name.clone(), *controller);
                if switch {
                    guest.juju.current = name;
                }
            }
            Change::ControllerReady(name) => {
                if let Some(controller) = guest.juju.controllers.get_mut(&name) {
                    controller.ready = true;
                }
            }
            Change::ControllerKilled(name) => {
                guest.juju.controllers.remove(&name);
                if guest.juju.current == name {
                    guest.juju.current.clear();
                }
            }
            Change::Switched(name) => guest.juju.current = name,
            Change::CloudBegun(deployment) => cloud.deployment = deployment,
            Change::ControlPlane => cloud.control_plane = Some(now),
            Change::Hypervisor => cloud.hypervisor = true,
            Change::Bootstrapped => cloud.bootstrapped = true,
            Change::DemoMade => cloud.demo = true,
            Change::Configured => cloud.configured = true,
            Change::ServerAdded(server) => cloud.servers.push(server),
            Change::ServerActive(id) => {
                if let Some(server) = cloud.servers.iter_mut().find(|server| server.id == id) {
                    server.status = "ACTIVE".to_owned();
                }
            }
            Change::ServerAddress(id, address) => {
                if let Some(server) = cloud.servers.iter_mut().find(|server| server.id == id) {
                    server.floating = Some(address);
                }
            }
            Change::ServerGone(id) => cloud.servers.retain(|server| server.id != id),
            Change::LongEnded(status) => {
                if let Some(long) = guest.long.as_mut().filter(|long| long.runs) {
                    long.runs = false;
                    let end = format!("{} {status}\n", long.id);
                    let path = format!("/home/ubuntu/kafstack/{}.end", long.name);
                    guest.files.insert(path, end);
                }
            }
            _ => {}
        }
    }
}
