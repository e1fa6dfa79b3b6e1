//! The way from the laptop to the brokers: a route to their network through the VM, added and taken back exactly.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;

use super::minutes;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::route::{self, Route, System};

/// The step that adds the route; the journal keeps what it needs to be undone.
pub const ADD: &str = "add-route";
/// The step that takes it back.
pub const REMOVE: &str = "remove-route";

/// A route, as it is added and taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Whose commands the laptop has.
    pub system: System,
    /// The brokers' network.
    pub network: Ipv4Net,
    /// The VM.
    pub via: Ipv4Addr,
    /// sudo may ask for a password.
    pub sudo_may_ask: bool,
}

impl Way {
    /// The routes of the laptop.
    ///
    /// # Errors
    /// They could not be asked for.
    pub fn routes(&self, hosts: &Hosts<'_>) -> Result<Vec<Route>, CommandError> {
        let line = route::list(self.system);
        route::parse(self.system, &line, hosts.laptop.ask(&line)?)
    }

    /// Whether this very route is there.
    fn is_there(&self, hosts: &Hosts<'_>) -> Result<bool, CommandError> {
        Ok(self.routes(hosts)?.contains(&Route { network: self.network, via: Some(self.via) }))
    }

    /// A route of the laptop that uses the brokers' network for something else.
    ///
    /// # Errors
    /// The routes could not be asked for.
    pub fn clash(&self, hosts: &Hosts<'_>) -> Result<Option<Route>, CommandError> {
        let ours = Route { network: self.network, via: Some(self.via) };
        let overlaps = |route: &Route| {
            *route != ours && (self.network.contains(&route.network) || route.network.contains(&self.network))
        };
        Ok(self.routes(hosts)?.into_iter().find(overlaps))
    }

    /// The command that adds it.
    pub fn add(&self) -> CommandLine {
        self.elevated(route::add(self.system, self.network, self.via))
    }

    /// The command that takes it back.
    pub fn remove(&self) -> CommandLine {
        self.elevated(route::remove(self.system, self.network, self.via))
    }

    /// Without a terminal sudo must not ask.
    fn elevated(&self, mut line: CommandLine) -> CommandLine {
        if !self.sudo_may_ask {
            line.args.insert(0, "-n".to_owned());
        }
        line
    }
}

/// Adds the route and proves it.
pub struct AddRoute {
    /// The route.
    pub way: Way,
    /// What must answer behind it: address and port.
    pub ports: Vec<(String, u16)>,
}

/// Takes the route back.
pub struct RemoveRoute {
    /// The route.
    pub way: Way,
}

impl Step for AddRoute {
    fn name(&self) -> &'static str {
        ADD
    }

    fn title(&self) -> &'static str {
        "Connect the laptop"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::laptop(self.way.add())]
    }

    fn checkpoint(&self) -> Checkpoint {
        let shakes = self.ports.iter().map(|(address, port)| route::handshake(address, *port));
        Checkpoint {
            expect: format!(
                "the laptop reaches {} through {}, and every broker answers",
                self.way.network, self.way.via
            ),
            probes: std::iter::once(route::list(self.way.system))
                .chain(shakes)
                .map(|line| (Place::Laptop, line))
                .collect(),
            timeout: minutes(1),
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: route::list(self.way.system).to_string(),
            not_met: Id::RouteNotWorking,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        if !self.way.is_there(hosts)? {
            return Ok(Verdict::not_yet(format!(
                "there is no route to {} through {}",
                self.way.network, self.way.via
            )));
        }
        for (address, port) in &self.ports {
            let shake = hosts.laptop.ask(&route::handshake(address, *port));
            if !shake.is_ok_and(|output| output.code == 0) {
                return Ok(Verdict::not_yet(format!("{address}:{port} does not answer")));
            }
        }
        let answering = crate::text::count(self.ports.len(), "port");
        Ok(Verdict::met(format!(
            "{} through {}; {answering} of the brokers answer",
            self.way.network, self.way.via
        )))
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let there = self.way.is_there(&work.hosts);
        if !there.map_err(|error| Failure::of_command("Ask for the laptop's routes", &error))? {
            work.run(Place::Laptop, &self.way.add(), "Add the route")
                .map_err(|failure| refused(failure, &self.way.add()))?;
        }
        Ok(())
    }
}

impl Step for RemoveRoute {
    fn name(&self) -> &'static str {
        REMOVE
    }

    fn title(&self) -> &'static str {
        "Disconnect the laptop"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::laptop(self.way.remove())]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("no route to {} through {}", self.way.network, self.way.via),
            probes: vec![(Place::Laptop, route::list(self.way.system))],
            timeout: minutes(1),
            interval: Duration::from_secs(2),
            successes: 1,
            look_here: route::list(self.way.system).to_string(),
            not_met: Id::RouteNotWorking,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(if self.way.is_there(hosts)? {
            Verdict::not_yet(format!("the route to {} is there", self.way.network))
        } else {
            Verdict::met(format!("no route to {} through {}", self.way.network, self.way.via))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let line = self.way.remove();
        work.run(Place::Laptop, &line, "Remove the route").map_err(|failure| refused(failure, &line))?;
        Ok(())
    }
}

/// The elevated command failed: it can always be typed by hand.
fn refused(failure: Failure, line: &CommandLine) -> Failure {
    failure.hint(format!("type it yourself: `{}`", line.to_string().replace("sudo -n ", "sudo ")))
}
