//! The events of a scenario that happen at once: what each makes of the world. An event whose object is not there
//! changes nothing.

use super::change::Change;
use super::events::{Daemon, Happening, Is, ServerEvent, VmEvent};
use super::juju::store::{Model, Store};
use super::timeline::Millis;
use super::world::World;

/// Lets it happen. Where it takes a while, it is over then.
pub fn come(world: &mut World, vm: &str, what: Happening, until: Millis) {
    match what {
        Happening::Vm(VmEvent::Gone) => {
            world.halt(vm, "Deleted");
            world.vms.remove(vm);
        }
        Happening::Vm(VmEvent::Stopped) => halt(world, vm, "Stopped"),
        Happening::Vm(VmEvent::Suspended) => halt(world, vm, "Suspended"),
        Happening::Vm(VmEvent::Deleted) => halt(world, vm, "Deleted"),
        Happening::Vm(VmEvent::Moved) => {
            if let Some(vm) = world.vms.get_mut(vm) {
                let net = vm.ip.rsplit_once('.').map_or("10.99.44", |(net, _)| net);
                vm.ip = format!("{net}.251");
            }
        }
        Happening::Daemon(how) => daemon_goes(world, how, until),
        Happening::Clock(by) => world.laptop.clock_ahead += by,
        Happening::Slept(time) => sleep(world, time),
        other => inside(world, vm, other),
    }
}

/// What happens inside the VM.
fn inside(world: &mut World, vm: &str, what: Happening) {
    let (now, draw) = (world.now, world.draw());
    let Some(guest) = world.vms.get_mut(vm).map(|vm| &mut vm.guest) else { return };
    match what {
        Happening::RelationGone(one, other) => {
            for relation in models(&mut guest.juju).flat_map(|model| model.relations.iter_mut()) {
                let ends = [&relation.provider.0, &relation.requirer.0];
                if ends.contains(&&one) && ends.contains(&&other) && relation.broken.is_none() {
                    relation.broken = Some(now);
                }
            }
        }
        Happening::Model(name, Is::Gone) => {
            guest.juju.controllers.values_mut().for_each(|controller| {
                controller.models.remove(&name);
            });
        }
        Happening::Controller(name, Is::Unregistered) => {
            guest.juju.controllers.remove(&name);
            if guest.juju.current == name {
                guest.juju.current.clear();
            }
        }
        Happening::SessionExpired => guest.cloud.session_expired = guest.cloud.bootstrapped,
        Happening::PlanLocked(plan) => guest.cloud.locked_plan = Some(plan),
        Happening::Server(ServerEvent::Twice) => {
            if let Some(mut second) = guest.cloud.servers.first().cloned() {
                second.id = draw.uuid("the second server");
                second.floating = None;
                guest.cloud.servers.push(second);
            }
        }
        Happening::Server(ServerEvent::Off) => {
            guest.cloud.servers.iter_mut().for_each(|server| server.status = "SHUTOFF".to_owned());
        }
        Happening::Server(ServerEvent::NoAddress) => {
            guest.cloud.servers.iter_mut().for_each(|server| server.floating = None);
        }
        // The others last.
        _ => {}
    }
}

/// Every model.
fn models(store: &mut Store) -> impl Iterator<Item = &mut Model> {
    store.controllers.values_mut().flat_map(|controller| controller.models.values_mut())
}

/// A VM that runs or starts does not any more.
fn halt(world: &mut World, vm: &str, state: &str) {
    if world.vms.get(vm).is_some_and(|vm| vm.state == "Running" || vm.state == "Starting") {
        world.halt(vm, state);
    }
}

/// The daemon goes. When snapd refreshes it, it suspends what runs and wakes it when it is back
/// (canonical/multipass#2682, #2316).
fn daemon_goes(world: &mut World, how: Daemon, until: Millis) {
    world.laptop.daemon_down_until = until.min(Millis::MAX / 2);
    let state = if how == Daemon::Refreshed { "Suspended" } else { "Stopped" };
    let running: Vec<String> = world.vms.keys().cloned().collect();
    running.iter().for_each(|vm| halt(world, vm, state));
    if how == Daemon::Refreshed {
        let now = world.now;
        world.later("", until.min(Millis::MAX / 2) - now, Change::DaemonBack);
    }
}

/// The daemon is back and wakes what it suspended.
pub fn daemon_is_back(world: &mut World) {
    let asleep = world.vms.iter().filter(|(_, vm)| vm.state == "Suspended");
    let asleep: Vec<String> = asleep.map(|(name, _)| name.clone()).collect();
    asleep.iter().for_each(|vm| world.boot(vm));
}

/// The laptop sleeps: time passes, connections break, and nothing goes on in the VMs meanwhile.
fn sleep(world: &mut World, time: Millis) {
    let running = world.vms.iter().filter(|(_, vm)| vm.state == "Running");
    let running: Vec<String> = running.map(|(name, _)| name.clone()).collect();
    running.iter().for_each(|vm| world.halt(vm, "Suspended"));
    world.now += time;
    running.iter().for_each(|vm| world.boot(vm));
}
