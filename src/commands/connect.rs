//! `kafstack connect` and `disconnect`: a route from the laptop to the brokers' network, through the VM.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::elevation;
use super::errand::{Errand, Held, carry_out};
use super::session::Session;
use super::stack::{Ready, Stack};
use crate::cli::{Connect, Disconnect};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts};
use crate::journal::{History, Record};
use crate::plan::Plan;
use crate::step::Step;
use crate::steps::route::{AddRoute, RemoveRoute, Way};
use crate::tools::route::System;
use crate::tools::{linux, lxd, multipass};

/// `kafstack connect`.
///
/// # Errors
/// The stack is not ready, the network is in use, the route may not be added, or the brokers do not answer.
pub fn connect(session: &Session, args: &Connect) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let (config, sudo_may_ask) = (stack.config.clone(), session.terminal.can_ask());
    if args.print {
        let way = stack.look(session, move |hosts, _| find(hosts, &config, sudo_may_ask))?;
        session.terminal.data(&format!("{}\n", way.add().to_string().replace("sudo -n ", "sudo ")));
        return Ok(0);
    }
    let held = Held::take(session, &config.vm.name, "connect")?;
    let (way, ports, there) = stack.look(session, move |hosts, ready| {
        let way = find(hosts, &config, sudo_may_ask)?;
        let routes = way.routes(hosts).map_err(|error| could_not_ask(&error))?;
        let there = routes.iter().any(|route| route.network == way.network && route.via == Some(way.via));
        Ok((way, ports(&ready), there))
    })?;
    if !there {
        let why = format!("The brokers are in {}, inside the VM", way.network);
        stack.stage.ask(|hosts| elevation::allow(session, hosts, args.consent.yes, &why, &[way.add()]))?;
    }
    let mut errand =
        Errand::new("connect", Plan::of([Box::new(AddRoute { way, ports }) as Box<dyn Step>]), stack.config);
    if !there {
        // Written down before the deed: what is undone later is exactly this.
        let record = Record::RouteAdded { network: way.network.to_string(), via: way.via.to_string() };
        errand.beforehand = Box::new(|run| run.write(record));
    }
    carry_out(session, &stack.stage, held, errand)?;
    session.advise("the laptop reaches the brokers; `kafstack client-config` writes what a client needs");
    Ok(0)
}

/// `kafstack disconnect`. The same again is done already.
///
/// # Errors
/// The route may not be removed, or is still there.
pub fn disconnect(session: &Session, args: &Disconnect) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let held = Held::take(session, &stack.config.vm.name, "disconnect")?;
    let Some(step) = undo(session, &stack.stage, held.journal.history(), args.consent.yes)? else {
        session.terminal.note("kafstack has made no route: nothing to undo");
        return Ok(0);
    };
    let mut errand = Errand::new("disconnect", Plan::of([step]), stack.config);
    errand.afterwards = Box::new(|run| run.write(Record::RouteRemoved));
    carry_out(session, &stack.stage, held, errand)?;
    Ok(0)
}

/// The step that undoes the route which the journal knows, if there is one; it is confirmed already.
///
/// # Errors
/// It may not be removed.
pub fn undo(
    session: &Session,
    stage: &super::session::Stage,
    history: &History,
    yes: bool,
) -> Result<Option<Box<dyn Step>>, Failure> {
    let Some((network, via)) = history.route() else { return Ok(None) };
    let (Ok(network), Ok(via)) = (network.parse::<Ipv4Net>(), via.parse::<Ipv4Addr>()) else {
        return Ok(None);
    };
    let sudo_may_ask = session.terminal.can_ask();
    stage.ask(|hosts| {
        let way = Way { system: system(hosts)?, network, via, sudo_may_ask };
        let routes = way.routes(hosts).map_err(|error| could_not_ask(&error))?;
        if routes.iter().any(|route| route.network == network && route.via == Some(via)) {
            let why = format!("The laptop has a route to {network} that `kafstack connect` made");
            elevation::allow(session, hosts, yes, &why, &[way.remove()])?;
        }
        Ok(Some(Box::new(RemoveRoute { way }) as Box<dyn Step>))
    })
}

/// The laptop could not be asked.
fn could_not_ask(error: &CommandError) -> Failure {
    Failure::of_command("Ask for the laptop's routes", error)
}

/// Whose commands the laptop has.
fn system(hosts: &Hosts<'_>) -> Result<System, Failure> {
    let line = linux::uname();
    let answer = hosts.laptop.ask(&line).and_then(|output| output.success(&line));
    Ok(System::of(&answer.map_err(|error| could_not_ask(&error))?.out()))
}

/// The way to the brokers: their network, from LXD's bridge, and the VM's address.
fn find(hosts: &Hosts<'_>, config: &Config, sudo_may_ask: bool) -> Result<Way, Failure> {
    let unknown = |what: &str, seen: String| {
        Failure::new(Id::CommandFailed, format!("{what} could not be found out"))
            .seen(seen)
            .hint("`kafstack status` shows the stack")
    };
    let line = multipass::list_with_addresses();
    let fleet = hosts.laptop.ask(&line).and_then(|output| multipass::parse_list(&line, &output));
    let fleet = fleet.map_err(|error| unknown("the VM's address", error.to_string()))?;
    let address = fleet.iter().find(|vm| vm.name == config.vm.name).and_then(|vm| vm.ipv4.first().cloned());
    let via = address.and_then(|address| address.parse().ok());
    let via: Ipv4Addr = via.ok_or_else(|| unknown("the VM's address", "Multipass shows none".to_owned()))?;
    let ask = |line: crate::host::CommandLine| {
        let answer = hosts.vm.ask(&line).and_then(|output| output.success(&line));
        answer
            .map(|output| output.out().trim().to_owned())
            .map_err(|error| unknown("the brokers' network", error.to_string()))
    };
    let bridge = ask(lxd::bridge())?;
    let network = ask(lxd::ipv4(&bridge))?;
    let parsed: Result<Ipv4Net, _> = network.parse();
    let network =
        parsed.map_err(|_| unknown("the brokers' network", format!("LXD says {network:?}")))?.trunc();
    let way = Way { system: system(hosts)?, network, via, sudo_may_ask };
    if let Some(other) = way.clash(hosts).map_err(|error| could_not_ask(&error))? {
        let through = other.via.map_or("the laptop is part of it".to_owned(), |via| format!("through {via}"));
        return Err(Failure::new(
            Id::RouteClashes,
            format!("the laptop already uses {network}, where the brokers are"),
        )
        .expected(format!("no other way to anything in {network}"))
        .seen(format!("{} ({through})", other.network))
        .hint("disconnect the VPN or network that uses it")
        .hint("work inside the VM: `kafstack shell`"));
    }
    Ok(way)
}

/// What must answer: every broker's internal port, and its client port while a client is related.
fn ports(ready: &Ready) -> Vec<(String, u16)> {
    let cluster = &ready.cluster;
    let has_client = ready
        .status
        .application("kafka")
        .is_some_and(|kafka| kafka.relations.get("kafka-client").is_some_and(|clients| !clients.is_empty()));
    let wanted = [Some(cluster.internal_port()), has_client.then(|| cluster.client_port())];
    let each = |broker: &crate::tools::kafka::Broker| {
        wanted.into_iter().flatten().map(|port| (broker.address.clone(), port)).collect::<Vec<_>>()
    };
    cluster.brokers.iter().flat_map(each).collect()
}
