//! What is wrong with the world at a moment: the events of a scenario that last. What happens at once is a
//! [`super::change::Change`]. Each simulated tool asks here for what concerns it.

use serde::{Deserialize, Serialize};

use super::events::{Daemon, Happening, Is, Lack, LxdEvent, Network, ServerEvent, Spot, VmEvent};
use super::faults::Planted;
use super::timeline::Millis;
use super::world::World;

/// An event in force, from then and until then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when.
    pub from: Millis,
    /// Until when.
    pub until: Millis,
    /// What.
    pub what: Happening,
}

/// What ails a unit.
pub enum Ailment {
    /// It says this since then: workload status and message.
    Says(String, String, Millis),
    /// Its agent never came.
    Allocating,
    /// Its agent is lost since then.
    Lost(Millis),
}

impl Planted {
    /// What lasts at that time, each with its beginning.
    pub fn at(&self, now: Millis) -> impl Iterator<Item = (&Happening, Millis)> {
        let now_in = move |trouble: &&Trouble| (trouble.from..trouble.until).contains(&now);
        self.troubles.iter().filter(now_in).map(|trouble| (&trouble.what, trouble.from))
    }

    /// What ails a unit.
    pub fn ailment(&self, unit: &str, now: Millis) -> Option<Ailment> {
        self.at(now).find_map(|(what, from)| match what {
            Happening::Unit(of, status, text) if of == unit => {
                Some(Ailment::Says(status.clone(), text.clone(), from))
            }
            Happening::Allocating(of) if of == unit => Some(Ailment::Allocating),
            Happening::AgentLost(of) if of == unit => Some(Ailment::Lost(from)),
            _ => None,
        })
    }

    /// What is wrong with a machine, the provider's message, and since when.
    pub fn machine(&self, id: u32, now: Millis) -> Option<(Is, &str, Millis)> {
        self.at(now).find_map(|(what, from)| match what {
            Happening::Machine(of, is, message) if *of == id => Some((*is, message.as_str(), from)),
            _ => None,
        })
    }

    /// Whether a unit's storage is not attached.
    pub fn storage_pends(&self, unit: &str, now: Millis) -> bool {
        self.at(now).any(|(what, _)| matches!(what, Happening::StoragePending(of) if of == unit))
    }

    /// The channel or charm that an application has instead of its own.
    pub fn other_charm(&self, name: &str, now: Millis) -> (Option<&str>, Option<&str>) {
        let (mut channel, mut charm) = (None, None);
        for (what, _) in self.at(now) {
            match what {
                Happening::Channel(of, other) if of == name => channel = Some(other.as_str()),
                Happening::Charm(of, other) if of == name => charm = Some(other.as_str()),
                _ => {}
            }
        }
        (channel, charm)
    }

    /// What an application of the control plane says instead of its own: status, message, since when.
    pub fn cloud(&self, name: &str, now: Millis) -> Option<(&str, &str, Millis)> {
        self.at(now).find_map(|(what, from)| match what {
            Happening::Cloud(of, status, text) if of == name => Some((status.as_str(), text.as_str(), from)),
            _ => None,
        })
    }

    /// Whether something is wrong with a model, and since when.
    pub fn model(&self, name: &str, now: Millis) -> Option<(Is, Millis)> {
        self.at(now).find_map(|(what, from)| match what {
            Happening::Model(of, is) if of == name => Some((*is, from)),
            _ => None,
        })
    }
}

impl World {
    /// What lasts now.
    fn troubles(&self) -> impl Iterator<Item = &Happening> {
        self.planted.iter().flat_map(|planted| planted.at(self.now)).map(|(what, _)| what)
    }

    /// Whether the Multipass daemon answers.
    pub fn daemon_up(&self) -> bool {
        self.now >= self.laptop.daemon_down_until
            && !self.troubles().any(|what| *what == Happening::Daemon(Daemon::Down))
    }

    /// What is wrong with the network, seen from there.
    pub fn network(&self, from: Spot) -> Option<Network> {
        if !self.laptop.network {
            return Some(Network::Dns);
        }
        self.troubles().find_map(|what| match what {
            Happening::Network(how, on) if on.is_none_or(|on| on == from) => Some(*how),
            _ => None,
        })
    }

    /// Whether the VM is in that condition.
    pub fn vm_is(&self, what: VmEvent) -> bool {
        self.troubles().any(|other| *other == Happening::Vm(what))
    }

    /// Whether LXD is in that condition.
    pub fn lxd_is(&self, what: LxdEvent) -> bool {
        self.troubles().any(|other| *other == Happening::Lxd(what))
    }

    /// Whether the cloud has not got that.
    pub fn cloud_lacks(&self, what: Lack) -> bool {
        self.troubles().any(|other| *other == Happening::Lacks(what))
    }

    /// What is wrong with the demo server.
    pub fn server_is(&self, what: ServerEvent) -> bool {
        self.troubles().any(|other| *other == Happening::Server(what))
    }

    /// Whether that snap is in that state.
    pub fn snap_is(&self, name: &str, is: Is) -> bool {
        self.troubles().any(|what| matches!(what, Happening::Snap(of, state) if of == name && *state == is))
    }

    /// The channel that a snap tracks instead of its own.
    pub fn tracks(&self, name: &str) -> Option<&str> {
        self.troubles().find_map(|what| match what {
            Happening::Tracks(of, channel) if of == name => Some(channel.as_str()),
            _ => None,
        })
    }

    /// Whether the container of a controller is stopped.
    pub fn controller_stopped(&self, name: &str) -> bool {
        self.troubles().any(|what| matches!(what, Happening::Controller(of, Is::Stopped) if of == name))
    }
}

impl Happening {
    /// Whether it happens at once and for good, and does not last until it heals.
    pub fn is_at_once(&self) -> bool {
        matches!(
            self,
            Happening::Vm(
                VmEvent::Stopped | VmEvent::Suspended | VmEvent::Deleted | VmEvent::Gone | VmEvent::Moved
            ) | Happening::Daemon(Daemon::Refreshed | Daemon::RefreshedBadly)
                | Happening::Clock(_)
                | Happening::Slept(_)
                | Happening::RelationGone(..)
                | Happening::Model(_, Is::Gone)
                | Happening::Controller(_, Is::Unregistered)
                | Happening::SessionExpired
                | Happening::PlanLocked(_)
                | Happening::Server(ServerEvent::Off | ServerEvent::NoAddress | ServerEvent::Twice)
        )
    }
}
