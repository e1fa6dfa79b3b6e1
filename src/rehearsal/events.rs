//! The events of a scenario as they are written, and what each of them means. What the simulated tools make of them
//! is not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scenario::Span;
use super::timeline::Millis;

/// Makes an enum of words that a scenario may hold; what is none of them is refused with the list.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant,)* }
    };
}

words! {
    /// What happens to the VM.
    VmEvent {
        /// It stops.
        Stopped = "stopped",
        /// It is suspended.
        Suspended = "suspended",
        /// It is deleted, not purged.
        Deleted = "deleted",
        /// It is purged.
        Gone = "gone",
        /// Its address changes.
        Moved = "moved",
        /// It answers to nothing.
        Frozen = "frozen",
        /// Its disk is full.
        DiskFull = "disk full",
        /// The kernel kills processes for want of memory.
        OutOfMemory = "out of memory",
        /// Its clock is two hours behind, as after the laptop slept.
        ClockBehind = "clock behind",
        /// cloud-init ended with an error.
        CloudInitFailed = "cloud-init failed",
        /// cloud-init does not end.
        CloudInitRunning = "cloud-init running",
        /// It does not know its own full name.
        Nameless = "nameless",
        /// It has half the processors, memory and disk that it was launched with.
        Smaller = "smaller",
        /// Another process holds dpkg's lock.
        AptLocked = "apt locked",
    }
}

words! {
    /// What happens to the Multipass daemon.
    Daemon {
        /// It does not answer.
        Down = "down",
        /// snapd refreshes it: it suspends the VMs that run, is away for a while, and wakes them again.
        Refreshed = "refreshed",
        /// The same, and it fails to wake them: they are stopped.
        RefreshedBadly = "refreshed badly",
    }
}

words! {
    /// What is wrong with the network.
    Network {
        /// Nothing is reached.
        Down = "down",
        /// Names do not resolve.
        Dns = "dns",
        /// Only a proxy would be let through.
        Proxy = "proxy",
        /// The stores answer 429.
        Throttled = "throttled",
    }
}

words! {
    /// From where the network is used.
    Spot {
        /// The laptop.
        Laptop = "laptop",
        /// The VM.
        Vm = "vm",
        /// The containers in it.
        Container = "container",
    }
}

words! {
    /// What is wrong with LXD.
    LxdEvent {
        /// Its pool has no room left.
        PoolFull = "pool full",
        /// Its pool is gone.
        PoolGone = "pool gone",
        /// Its bridge is gone.
        BridgeGone = "bridge gone",
        /// IPv6 is on on its bridge.
        Ipv6On = "ipv6 on",
        /// Its daemon does not answer.
        Down = "down",
    }
}

words! {
    /// What is wrong with the demo server.
    ServerEvent {
        /// It is in the state ERROR.
        Error = "error",
        /// It stays in the state BUILD.
        Building = "building",
        /// It was shut off.
        Off = "off",
        /// Its floating address is taken away.
        NoAddress = "no address",
        /// There is a second one of its name.
        Twice = "twice",
    }
}

words! {
    /// What the cloud lacks.
    Lack {
        /// The image.
        Image = "image",
        /// The flavor.
        Flavor = "flavor",
        /// The demo network.
        Network = "network",
    }
}

words! {
    /// The state of something, where no key of its own says it.
    Is {
        /// A unit's agent: it never comes.
        Allocating = "allocating",
        /// A machine's agent: gone.
        Down = "down",
        /// A machine: never made.
        Pending = "pending",
        /// A machine: the provider could not make it.
        ProvisioningError = "provisioning error",
        /// A machine's container, or a controller: stopped.
        Stopped = "stopped",
        /// A machine's container: frozen.
        Frozen = "frozen",
        /// A controller: the client's store has lost it.
        Unregistered = "unregistered",
        /// A model: removed.
        Gone = "gone",
        /// A model: being destroyed.
        Destroying = "destroying",
        /// A model: its credential is not valid any more.
        Suspended = "suspended",
        /// A snap: snapd is refreshing it.
        Refreshing = "refreshing",
        /// A snap: its service is not active.
        Inactive = "inactive",
    }
}

/// An entry of `events:`, as it is written: when, and the keys that say what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it begins, counted from the scenario's first use; at once if absent.
    #[serde(default)]
    pub after: Span,
    /// How long it lasts; for ever if absent.
    #[serde(alias = "for", skip_serializing_if = "Option::is_none")]
    pub heals_after: Option<Span>,
    #[serde(flatten)]
    keys: BTreeMap<String, Scalar>,
}

/// A word or a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Number(u32),
    Text(String),
}

/// What an event means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Happening {
    /// Something about the VM.
    Vm(VmEvent),
    /// Something about the Multipass daemon.
    Daemon(Daemon),
    /// The network, from everywhere or from one place.
    Network(Network, Option<Spot>),
    /// The laptop's clock jumps by so much, ahead or back.
    Clock(Millis),
    /// The laptop sleeps for so long.
    Slept(Millis),
    /// A snap is being refreshed, or its service is not active.
    Snap(String, Is),
    /// A snap tracks this channel.
    Tracks(String, String),
    /// Something about LXD.
    Lxd(LxdEvent),
    /// A unit of Juju's says this: workload status and message.
    Unit(String, String, String),
    /// A unit's agent never comes.
    Allocating(String),
    /// A unit's agent is lost.
    AgentLost(String),
    /// A unit's storage is not attached.
    StoragePending(String),
    /// A machine of the model, with the provider's message.
    Machine(u32, Is, String),
    /// An application follows this channel.
    Channel(String, String),
    /// An application is of this charm.
    Charm(String, String),
    /// The relation of these two is removed.
    RelationGone(String, String),
    /// A model.
    Model(String, Is),
    /// A controller.
    Controller(String, Is),
    /// The day-long session with Sunbeam's controller is over.
    SessionExpired,
    /// A terraform plan of Sunbeam's is locked.
    PlanLocked(String),
    /// An application of the control plane, or `compute`, says this: status and message.
    Cloud(String, String, String),
    /// The cloud has not got that.
    Lacks(Lack),
    /// The demo server.
    Server(ServerEvent),
}

/// A word of a closed list.
///
/// # Errors
/// It is none of them; which there are.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

impl Event {
    /// What it means.
    ///
    /// # Errors
    /// Keys that do not go together, one that is missing, or a word that is none of those that may stand there.
    pub fn what(&self) -> Result<Happening, String> {
        let texts: Vec<(&str, String)> = self
            .keys
            .iter()
            .map(|(key, value)| match value {
                Scalar::Number(number) => (key.as_str(), number.to_string()),
                Scalar::Text(text) => (key.as_str(), text.clone()),
            })
            .collect();
        // In the order of the alphabet.
        let keys: Vec<(&str, &str)> = texts.iter().map(|(key, text)| (*key, text.as_str())).collect();
        let own = |text: &str| text.to_owned();
        let state = |text: &str, may: &[Is]| {
            let is: Is = word(text)?;
            if may.contains(&is) { Ok(is) } else { Err(format!("`is: {text}` is not for that")) }
        };
        let machines = [Is::Down, Is::Pending, Is::ProvisioningError, Is::Stopped, Is::Frozen];
        Ok(match keys[..] {
            [("vm", what)] => Happening::Vm(word(what)?),
            [("daemon", what)] => Happening::Daemon(word(what)?),
            [("network", how)] => Happening::Network(word(how)?, None),
            [("network", how), ("on", spot)] => Happening::Network(word(how)?, Some(word(spot)?)),
            [("by", by), ("clock", "ahead")] => Happening::Clock(Span::try_from(own(by))?.0),
            [("by", by), ("clock", "back")] => Happening::Clock(-Span::try_from(own(by))?.0),
            [("laptop", "slept")] => {
                Happening::Slept(self.heals_after.ok_or("`laptop: slept` needs `for: 2h` or the like")?.0)
            }
            [("channel", channel), ("snap", name)] => Happening::Tracks(own(name), own(channel)),
            [("is", is), ("snap", name)] => {
                Happening::Snap(own(name), state(is, &[Is::Refreshing, Is::Inactive])?)
            }
            [("lxd", what)] => Happening::Lxd(word(what)?),
            [(status @ ("error" | "blocked"), text), ("unit", unit)]
            | [("unit", unit), (status @ "waiting", text)] => {
                Happening::Unit(own(unit), own(status), own(text))
            }
            [("is", is), ("unit", unit)] => {
                state(is, &[Is::Allocating])?;
                Happening::Allocating(own(unit))
            }
            [("agent_lost", unit)] => Happening::AgentLost(own(unit)),
            [("storage_pending", unit)] => Happening::StoragePending(own(unit)),
            [("is", is), ("machine", id)] | [("is", is), ("machine", id), ("message", _)] => {
                let id = id.parse().map_err(|_| format!("`machine: {id}` is no number"))?;
                let message = keys.get(2).map(|(_, text)| own(text)).unwrap_or_default();
                Happening::Machine(id, state(is, &machines)?, message)
            }
            [("application", name), ("channel", channel)] => Happening::Channel(own(name), own(channel)),
            [("application", name), ("charm", charm)] => Happening::Charm(own(name), own(charm)),
            [("relation_gone", pair)] => {
                let (one, other) = pair.split_once(' ').ok_or("`relation_gone` needs two applications")?;
                Happening::RelationGone(own(one), own(other))
            }
            [("is", is), ("model", name)] => {
                Happening::Model(own(name), state(is, &[Is::Gone, Is::Destroying, Is::Suspended])?)
            }
            [("controller", name), ("is", is)] => {
                Happening::Controller(own(name), state(is, &[Is::Stopped, Is::Unregistered])?)
            }
            [("session", "expired")] => Happening::SessionExpired,
            [("plan_locked", plan)] => Happening::PlanLocked(own(plan)),
            [("cloud", name), (status @ ("error" | "waiting"), text)]
            | [(status @ "blocked", text), ("cloud", name)] => {
                Happening::Cloud(own(name), own(status), own(text))
            }
            [("cloud_lacks", what)] => Happening::Lacks(word(what)?),
            [("server", what)] => Happening::Server(word(what)?),
            _ => {
                let keys: Vec<String> = keys.iter().map(|(key, _)| format!("`{key}`")).collect();
                let keys = if keys.is_empty() { "only a time".to_owned() } else { keys.join(" and ") };
                return Err(format!("no event has {keys} and nothing else"));
            }
        })
    }
}
