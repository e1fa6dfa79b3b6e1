//! What is not as it should be, in one line, and how deep it lies.

use crate::config::Config;
use crate::known::{self, Issue, Names, Scope};
use crate::text;

/// How deep a clue lies. What lies deeper explains what lies above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// What makes everything harder, and stops nothing by itself: a cause for want of another.
    Burden,
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
    text: String,
    /// The tool's own words, which say no more than that, but show it.
    words: String,
    /// The unit it is about.
    unit: String,
    /// The machine.
    machine: String,
    /// Its container.
    container: String,
}

impl Clue {
    /// A clue.
    pub fn new(depth: Depth, text: impl AsRef<str>) -> Self {
        let text = one_line(text.as_ref());
        let Names { unit, machine, container, .. } = Names::SPOKEN;
        Clue {
            depth,
            text,
            words: String::new(),
            unit: unit.into(),
            machine: machine.into(),
            container: container.into(),
        }
    }

    /// What a tool said: of many lines the one that the table recognises.
    pub fn said(depth: Depth, said: &str) -> Self {
        let line = said.lines().find(|line| known::recognise(line).is_some());
        Clue::new(depth, line.unwrap_or(said))
    }

    /// With the tool's own words.
    pub fn shown_by(self, words: &str) -> Self {
        Clue { words: one_line(words), ..self }
    }

    /// As one about a unit.
    pub fn of_unit(self, unit: &str) -> Self {
        Clue { unit: unit.to_owned(), ..self }
    }

    /// As one about a container, and the machine that it is.
    pub fn of_container(self, machine: &str, container: &str) -> Self {
        Clue { machine: machine.to_owned(), container: container.to_owned(), ..self }
    }

    /// Whether it is a cause and not only a symptom of one: what a tool says of itself. A limit of some system, the network,
    /// Juju and what Juju carries are judged by what lies below them.
    pub fn is_cause(&self) -> bool {
        self.issue().is_some_and(|issue| {
            let judged_below = matches!(
                issue.scope,
                Scope::System | Scope::Network | Scope::Juju | Scope::Charm | Scope::Kafka | Scope::Kafstack
            );
            !judged_below && !known::is_symptom(issue)
        })
    }

    /// What it means, if that is known.
    pub fn issue(&self) -> Option<&'static Issue> {
        known::recognise(&self.text)
    }

    /// What shows it.
    pub fn evidence(&self) -> String {
        if self.words.is_empty() { self.text.clone() } else { format!("{}: {}", self.text, self.words) }
    }

    /// An issue's cure, about this.
    pub fn cure(&self, issue: &Issue, config: &Config) -> String {
        issue.cure(&Names {
            vm: &config.vm.name,
            controller: &config.juju.controller,
            model: &config.juju.model,
            unit: &self.unit,
            machine: &self.machine,
            container: &self.container,
        })
    }
}

/// Free text in one line of reasonable length.
fn one_line(text: &str) -> String {
    text::cut(&text::one_line(text), 300)
}
