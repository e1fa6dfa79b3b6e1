//! What carries the machines: LXD's containers, its storage and its bridge; and the controller in one of them.

use super::Diagnosis;
use super::clues::{Clue, Depth};
use crate::known::Names;
use crate::tools::juju_status::Machine;
use crate::tools::{juju, lxd, snap};

/// A pool with less than this left, in percent, is full: LXD cannot unpack an image into it.
const NEARLY: u64 = 97;

/// The name of a machine's container; while there is none, a placeholder for people.
pub fn container_of(machine: &Machine) -> &str {
    match machine.instance_id.as_str() {
        "" | "pending" => "NAME",
        name => name,
    }
}

impl Diagnosis<'_> {
    /// What is not well with LXD and what it carries.
    pub(super) fn lxd(&self) -> Vec<Clue> {
        // On Ubuntu 24.04 `lxc` without the snap would install it.
        let line = snap::list("lxd");
        match self.read(&line, snap::parse_list) {
            Some(Some(_)) => {}
            Some(None) => return vec![Clue::new(Depth::Network, "LXD is not installed in the VM")],
            None => return Vec::new(),
        }
        let line = lxd::containers();
        let Some(output) = self.ask(&line) else { return Vec::new() };
        if output.code != 0 {
            let words = output.last_words(&line);
            return vec![Clue::new(Depth::Network, "LXD does not answer").shown_by(&words)];
        }
        let containers = lxd::parse_containers(&line, output).unwrap_or_default();
        let stopped = containers.into_iter().filter(|c| c.status != "Running");
        let mut clues: Vec<Clue> = stopped
            .map(|c| {
                let text = format!("container {} is {}", c.name, c.status);
                Clue::new(Depth::Container, text).of_container(Names::SPOKEN.machine, &c.name)
            })
            .collect();
        clues.extend(self.pools());
        clues.extend(self.bridge());
        clues
    }

    /// What is not well with LXD's storage.
    fn pools(&self) -> Vec<Clue> {
        let Some(names) = self.read(&lxd::storage_pools(), lxd::pool_names) else { return Vec::new() };
        if names.is_empty() {
            return vec![Clue::new(Depth::Network, "LXD has no storage pool")];
        }
        let full = names.into_iter().filter_map(|name| {
            let space = self.read(&lxd::pool_space(&name), lxd::parse_pool_space)?;
            (space.percent() >= NEARLY).then(|| {
                Clue::new(Depth::Network, format!("storage pool {name} is {}% full", space.percent()))
            })
        });
        full.collect()
    }

    /// What is not well with LXD's bridge.
    fn bridge(&self) -> Option<Clue> {
        let line = lxd::bridge();
        let output = self.ask(&line)?;
        let name = output.out().trim().to_owned();
        if output.code != 0 || name.is_empty() {
            return Some(Clue::new(Depth::Network, "LXD's default profile has no bridge"));
        }
        let line = lxd::ipv6(&name);
        let output = self.ask(&line)?;
        if output.code != 0 {
            return Some(Clue::new(
                Depth::Network,
                format!("the bridge {name} is gone: {}", output.last_words(&line)),
            ));
        }
        let address = output.out().trim().to_owned();
        (!address.is_empty() && address != "none")
            .then(|| Clue::new(Depth::Network, format!("the bridge {name} has the IPv6 address {address}")))
    }

    /// What is not well with the controller.
    pub(super) fn controller(&self) -> Option<Clue> {
        let name = &self.config.juju.controller;
        let known = self.read(&juju::controllers(), juju::parse_controllers)?;
        if !known.knows(name) {
            return Some(Clue::new(Depth::Controller, format!("there is no controller {name}")));
        }
        let line = juju::show_controller(name);
        let output = self.ask(&line)?;
        let words = output.last_words(&line);
        match juju::parse_show_controller(&line, output) {
            Ok(Ok(())) => None,
            Ok(Err(errors)) => {
                Some(Clue::new(Depth::Words, format!("controller {name} does not answer: {errors}")))
            }
            Err(_) => Some(Clue::new(Depth::Words, format!("controller {name} does not answer: {words}"))),
        }
    }
}
