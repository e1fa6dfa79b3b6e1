//! Sunbeam's terraform: what stops it, and its plans with their locks
//! (canonical/snap-openstack:sunbeam-python/sunbeam/core/terraform.py, commands/plans.py).

use super::events::{Spot, VmEvent};
use super::guest::Seat;
use super::laptop::unreachable;
use super::script::Script;
use super::sunbeam::failed;
use super::timeline::SECOND;

/// The plans of a single node.
const PLANS: [&str; 4] = ["sunbeam-machine-plan", "openstack-plan", "hypervisor-plan", "demo-setup"];

/// What stops terraform: no room, a lock that a killed run left, or a network without that host.
pub fn obstructed(seat: &Seat<'_>, host: &str) -> Option<Script> {
    if seat.world.vm_is(VmEvent::DiskFull) {
        return Some(failed("[Errno 28] No space left on device"));
    }
    if let Some(plan) = &seat.guest().cloud.locked_plan {
        let id = seat.draw().uuid(&format!("lock of {plan}"));
        return Some(failed(&format!(
            "terraform command failed (state locked)\nTerraform state is locked (ID: {id})"
        )));
    }
    let why = unreachable(seat.world.network(Spot::Vm), host)?;
    Some(failed(&format!(
        "terraform command failed: Error downloading image: Get \"https://{host}/\": {why}"
    )))
}

/// `plans list` and `plans unlock`; `None`: the simulation does not know it.
pub fn plans(seat: &mut Seat<'_>, rest: &[&str]) -> Option<Script> {
    let locked = seat.guest().cloud.locked_plan.clone();
    Some(match rest {
        ["list", "--format", "yaml"] => {
            let state = |plan: &str| if locked.as_deref() == Some(plan) { "locked" } else { "unlocked" };
            let lines: String = PLANS.iter().map(|plan| format!("{plan}: {}\n", state(plan))).collect();
            Script::says(lines).taking(2 * SECOND)
        }
        ["unlock", plan, "--force"] | ["unlock", "--force", plan] => {
            if locked.as_deref() != Some(*plan) {
                return Some(failed(&format!("Lock for '{plan}' not found")));
            }
            seat.guest_mut().cloud.locked_plan = None;
            Script::says(format!("Unlocked plan '{plan}'\n")).taking(2 * SECOND)
        }
        _ => return None,
    })
}
