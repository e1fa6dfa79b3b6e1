//! Sunbeam's OpenStack: its long acts, its services, the demo instance.

use super::Diagnosis;
use super::clues::{Clue, Depth};
use crate::known;
use crate::tools::{juju, juju_status, linux, openstack, sunbeam};

impl Diagnosis<'_> {
    /// What the running long act of a step said last, if that is known trouble.
    pub(super) fn long_act(&self, step: &str) -> Option<Clue> {
        let output = self.ask(&linux::tail(&format!("kafstack/{step}.log")))?;
        let said = output.out();
        known::recognise(&said).map(|_| Clue::said(Depth::Words, &said))
    }

    /// What is not well with OpenStack's services.
    pub(super) fn services(&self) -> Vec<Clue> {
        let line = juju::status(sunbeam::MODEL);
        let Some(output) = self.ask(&line).filter(|output| output.code == 0) else { return Vec::new() };
        let Ok(status) = juju_status::parse(&line, &output) else { return Vec::new() };
        let troubled = status.applications.iter().filter_map(|(name, application)| {
            let info = &application.application_status;
            let told = ["error", "blocked"].contains(&info.current.as_str());
            told.then(|| {
                let text = format!("OpenStack's {name} is {}", info.current);
                Clue::new(Depth::Container, text).shown_by(&info.message).of_unit(name)
            })
        });
        troubled.collect()
    }

    /// What is not well with the demo instance.
    pub(super) fn instance(&self) -> Vec<Clue> {
        let (openrc, name) = (sunbeam::openrc_path(&self.config.openstack), &self.config.openstack.instance);
        let line = openstack::servers(&openrc, name);
        let Some(output) = self.ask(&line) else { return Vec::new() };
        if output.code != 0 {
            return vec![Clue::said(Depth::Words, &output.last_words(&line))];
        }
        let servers = openstack::parse_servers(&line, output).unwrap_or_default();
        if servers.len() > 1 {
            return vec![Clue::new(
                Depth::Machine,
                format!("there are {} servers named {name}", servers.len()),
            )];
        }
        let unwell = servers.iter().filter(|server| server.status != "ACTIVE").map(|server| {
            let fault = self.read(&openstack::fault(&openrc, &server.id), openstack::parse_fault);
            let text = format!("server {name} is {}: {}", server.status, fault.unwrap_or_default());
            Clue::new(Depth::Machine, text)
        });
        let mut clues: Vec<Clue> = unwell.collect();
        if servers.iter().any(|server| server.status == "ACTIVE" && server.floating().is_none()) {
            clues.push(Clue::new(Depth::Machine, format!("server {name} has no floating IP")));
        }
        clues
    }
}
