//! What is not as it should be, in one line, and how deep it lies.

use crate::config::Config;
use crate::known::{self, Issue};
use crate::text;

/// How deep a clue lies. What lies deeper explains what lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// What the step said, or an application says.
    Words,
    /// A unit and its agent.
    Unit,
    /// A machine of the model, or a server of the cloud.
    Machine,
    /// The container or service that carries it.
    Container,
    /// LXD's storage and bridge, images, snapd, the way to the stores.
    Network,
    /// The controller.
    Controller,
    /// The VM.
    Vm,
    /// The laptop.
    Laptop,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// How deep it lies.
    pub depth: Depth,
    /// What it is, in one line, as the table of known issues recognises it.
    pub text: String,
    /// What `{unit}`, `{machine}` and `{container}` stand for in its cure.
    names: Vec<(&'static str, String)>,
}

impl Clue {
    /// A clue.
    pub fn new(depth: Depth, text: impl AsRef<str>) -> Self {
        Clue { depth, text: text::cut(&text::one_line(text.as_ref()), 300), names: Vec::new() }
    }

    /// What a tool said: of many lines the one that the table recognises.
    pub fn said(depth: Depth, said: &str) -> Self {
        let line = said.lines().find(|line| known::recognise(line).is_some());
        Clue::new(depth, line.unwrap_or(said))
    }

    /// With what a placeholder stands for.
    pub fn about(mut self, placeholder: &'static str, name: impl Into<String>) -> Self {
        self.names.push((placeholder, name.into()));
        self
    }

    /// What it means, if that is known.
    pub fn issue(&self) -> Option<&'static Issue> {
        known::recognise(&self.text)
    }

    /// A cure with its placeholders filled.
    pub fn fill(&self, cure: &str, config: &Config) -> String {
        let mut cure = cure.to_owned();
        for (placeholder, name) in &self.names {
            cure = cure.replace(&format!("{{{placeholder}}}"), name);
        }
        cure.replace("{vm}", &config.vm.name)
            .replace("{controller}", &config.juju.controller)
            .replace("{model}", &config.juju.target())
            .replace("{instance}", &config.openstack.instance)
    }
}
