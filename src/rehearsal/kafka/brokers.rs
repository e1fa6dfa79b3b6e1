//! The brokers behind a cluster at a moment: their numbers, addresses and ports.

use std::collections::BTreeSet;

use super::super::charms::rounds;
use super::super::juju::store::Model;
use super::super::timeline::{Draw, Millis, SECOND};

/// A broker.
pub struct Broker {
    /// Its number in the cluster: the unit's, on kafka 4 with 100 added.
    pub id: u32,
    /// The unit.
    pub unit: u32,
    /// Its address.
    pub address: String,
    /// Whether it answers.
    pub up: bool,
    /// The ports on which it listens, with the plain ones marked.
    pub ports: Vec<(u16, bool)>,
}

/// The brokers of an application that were ready once.
pub struct Brokers {
    /// In the order of their numbers.
    pub all: Vec<Broker>,
    /// Whether the cluster keeps its own metadata: kafka 4.
    pub kraft: bool,
}

impl Brokers {
    /// The brokers of this application now.
    pub fn of(model: &Model, application: &str, draw: Draw, now: Millis, booted: Millis) -> Self {
        let Some(of) = model.applications.get(application).filter(|of| of.charm == "kafka") else {
            return Brokers { all: Vec::new(), kraft: false };
        };
        let kraft = of.channel.starts_with('4');
        let mut all = Vec::new();
        for (number, unit) in &of.units {
            let Some(state) = rounds::broker(model, application, *number, draw, now) else { continue };
            let restarted = model.created < booted
                && now
                    < booted
                        + draw.about(&format!("broker {application}/{number} after a start"), 90 * SECOND);
            let mut ports = Vec::new();
            match (kraft, state.listens.tls) {
                (true, _) => ports.push((19093, false)),
                (false, true) => ports.push((19093, false)),
                (false, false) => ports.push((19092, true)),
            }
            if state.listens.client {
                ports.push(if state.listens.tls { (9093, false) } else { (9092, true) });
            }
            let address = model.machines.get(&unit.machine).map(|machine| machine.address.clone());
            all.push(Broker {
                id: number + if kraft { 100 } else { 0 },
                unit: *number,
                address: address.unwrap_or_default(),
                up: state.up && !restarted,
                ports,
            });
        }
        Brokers { all, kraft }
    }

    /// The numbers of those that are up.
    pub fn up(&self) -> BTreeSet<u32> {
        self.all.iter().filter(|broker| broker.up).map(|broker| broker.id).collect()
    }

    /// Whether a client that speaks as a broker's own `client.properties` say reaches one of these servers. On kafka 4
    /// it knows the cluster's internal certificates only.
    pub fn reached(&self, servers: &str) -> bool {
        servers.split(',').any(|server| {
            let Some((address, port)) = server.rsplit_once(':') else { return false };
            let Ok(port) = port.parse::<u16>() else { return false };
            self.all.iter().any(|broker| {
                let speaks =
                    |plain: bool| if self.kraft { port == 19093 } else { plain == broker.speaks_plain() };
                broker.up
                    && broker.address == address
                    && broker.ports.iter().any(|(open, plain)| *open == port && speaks(*plain))
            })
        })
    }

    /// Whether anybody listens there at all.
    pub fn open(&self, address: &str, port: u16) -> bool {
        self.all.iter().any(|broker| {
            broker.up && broker.address == address && broker.ports.iter().any(|(open, _)| *open == port)
        })
    }
}

impl Broker {
    /// Whether brokers speak plainly with each other.
    fn speaks_plain(&self) -> bool {
        self.ports.first().is_some_and(|(_, plain)| *plain)
    }
}
