//! What the tools are known to say when something is wrong: their own words, the cause behind them and the cure. One
//! table, in rooms by who speaks. `kafstack explain` and `documentation/known-issues.md` are made from it.
//!
//! A row is never about words that a healthy stack says on its way: charms are `blocked` for a while, for instance.

mod applications;
mod charm;
mod cloud_init;
mod juju;
mod kafka;
mod laptop;
mod launch;
mod lxd;
mod machines;
mod multipass;
mod network;
mod openstack;
mod snap;
mod standstill;
mod sunbeam;
mod symptoms;
mod system;
#[cfg(test)]
mod tests;

use crate::text;

/// One thing that a tool says when something is wrong.
#[derive(Debug)]
pub struct Issue {
    /// Its stable id: of its own among these and among the ids of failures.
    pub id: &'static str,
    /// Who says it.
    pub scope: Scope,
    /// The words: all of these fragments in this order, none further than [`REACH`] behind the one before. What stands
    /// between them does not matter, nor does the case of letters, which differs between versions.
    pub says: &'static [&'static str],
    /// Whether waiting or trying again may help.
    pub class: Class,
    /// The cause behind the words, one sentence without a full stop.
    pub cause: &'static str,
    /// What to do. The first command in backquotes is the one to type. Names stand in braces, see [`Names`].
    pub cure: &'static str,
    /// Where the words were read: `owner/repository:path`, `owner/repository#issue`, or what was run.
    pub source: &'static str,
    /// Words that it recognises, as the tool prints them.
    pub example: &'static str,
    /// Words that look alike and that it must not recognise: another cause, or a healthy state.
    pub near_miss: &'static str,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The laptop's own tools.
    Laptop,
    /// Multipass.
    Multipass,
    /// cloud-init, at the VM's first boot.
    CloudInit,
    /// The VM's operating system, or whatever runs on it and meets its limits: disk, memory, clock, packages.
    System,
    /// snapd and its store.
    Snap,
    /// Any tool, of the way to the network.
    Network,
    /// Sunbeam.
    Sunbeam,
    /// OpenStack.
    Openstack,
    /// LXD, by itself or through Juju.
    Lxd,
    /// Juju.
    Juju,
    /// The charms.
    Charm,
    /// Kafka and its tools.
    Kafka,
    /// kafstack itself, when it looks into a standstill.
    Kafstack,
}

/// Whether trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Waiting or trying again may heal it.
    Transient,
    /// It stays until somebody changes something.
    Permanent,
    /// The words do not say.
    Unknown,
}

/// The names that a cure has places for: `{vm}`, `{controller}`, `{model}` and `{unit}`.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The VM.
    pub vm: &'a str,
    /// The Juju controller.
    pub controller: &'a str,
    /// The Juju model.
    pub model: &'a str,
    /// The unit that says it, such as `kafka/0`.
    pub unit: &'a str,
    /// The Juju machine that says it, such as `3`.
    pub machine: &'a str,
    /// Its container.
    pub container: &'a str,
}

impl Names<'static> {
    /// For the manual: the usual names, and a word in capitals where there is none.
    pub const SPOKEN: Names<'static> = Names {
        vm: "NAME",
        controller: "overlord",
        model: "demo",
        unit: "UNIT",
        machine: "MACHINE",
        container: "CONTAINER",
    };
}

/// How far a fragment may lie behind the one before, in bytes of text whose white space is folded. Two fragments that
/// are further apart belong to two messages.
const REACH: usize = 200;

impl Scope {
    /// All of them, in the order of the manual: from the laptop inwards.
    pub const ALL: &[Scope] = &[
        Scope::Laptop,
        Scope::Multipass,
        Scope::CloudInit,
        Scope::System,
        Scope::Snap,
        Scope::Network,
        Scope::Sunbeam,
        Scope::Openstack,
        Scope::Lxd,
        Scope::Juju,
        Scope::Charm,
        Scope::Kafka,
        Scope::Kafstack,
    ];

    /// Its name, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Laptop => "laptop",
            Scope::Multipass => "multipass",
            Scope::CloudInit => "cloud-init",
            Scope::System => "system",
            Scope::Snap => "snap",
            Scope::Network => "network",
            Scope::Sunbeam => "sunbeam",
            Scope::Openstack => "openstack",
            Scope::Lxd => "lxd",
            Scope::Juju => "juju",
            Scope::Charm => "charm",
            Scope::Kafka => "kafka",
            Scope::Kafstack => "kafstack",
        }
    }

    /// Its name, for people.
    pub const fn who(self) -> &'static str {
        match self {
            Scope::Laptop => "The laptop's tools",
            Scope::Multipass => "Multipass",
            Scope::CloudInit => "cloud-init",
            Scope::System => "The VM's operating system",
            Scope::Snap => "snapd and the snap store",
            Scope::Network => "The network, by any tool",
            Scope::Sunbeam => "Sunbeam",
            Scope::Openstack => "OpenStack",
            Scope::Lxd => "LXD",
            Scope::Juju => "Juju",
            Scope::Charm => "The charms",
            Scope::Kafka => "Kafka",
            Scope::Kafstack => "kafstack, when it looks into a standstill",
        }
    }
}

impl Class {
    /// Its name, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Transient => "transient",
            Class::Permanent => "permanent",
            Class::Unknown => "unknown",
        }
    }

    /// What it means, for people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Class::Transient => "waiting or trying again may heal it",
            Class::Permanent => "it stays until something is changed",
            Class::Unknown => "whether it heals cannot be said",
        }
    }
}

impl Issue {
    /// The cure with these names in their places.
    pub fn cure(&self, names: &Names<'_>) -> String {
        self.cure
            .replace("{vm}", names.vm)
            .replace("{controller}", names.controller)
            .replace("{model}", names.model)
            .replace("{unit}", names.unit)
            .replace("{machine}", names.machine)
            .replace("{container}", names.container)
    }

    /// Whether a text, already on one line and in small letters, says it.
    fn is_said_in(&self, line: &str) -> bool {
        let fragments: Vec<String> = self.says.iter().map(|fragment| fragment.to_ascii_lowercase()).collect();
        let Some((first, rest)) = fragments.split_first() else { return false };
        line.match_indices(first.as_str()).any(|(at, _)| {
            let end = rest.iter().try_fold(at + first.len(), |end, fragment| {
                let gap = line[end..].find(fragment.as_str()).filter(|gap| *gap <= REACH)?;
                Some(end + gap + fragment.len())
            });
            end.is_some()
        })
    }
}

/// The rooms. Of two rows that fit a text the earlier one counts, so causes come first: the limits that every tool meets,
/// what each says of itself, then the network that all of them use, then words that only say that something failed,
/// at last what kafstack itself says when it looks into a standstill, which may hold any of these.
const ROOMS: &[&[Issue]] = &[
    launch::ROWS,
    system::ROWS,
    multipass::ROWS,
    cloud_init::ROWS,
    snap::ROWS,
    sunbeam::ROWS,
    openstack::ROWS,
    lxd::ROWS,
    juju::ROWS,
    applications::ROWS,
    machines::ROWS,
    charm::ROWS,
    kafka::ROWS,
    laptop::ROWS,
    network::ROWS,
    symptoms::ROWS,
    standstill::stack::ROWS,
    standstill::ground::ROWS,
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Issue> {
    ROOMS.iter().copied().flatten()
}

/// Whether a row's words only say that something failed, not why.
pub fn is_symptom(issue: &Issue) -> bool {
    symptoms::ROWS.iter().any(|row| row.id == issue.id)
}

/// What one of them is known to say.
pub fn all_in(scope: Scope) -> impl Iterator<Item = &'static Issue> {
    all().filter(move |issue| issue.scope == scope)
}

/// The row of that id.
pub fn by_id(id: &str) -> Option<&'static Issue> {
    all().find(|issue| issue.id == id)
}

/// What a tool's words are known to mean. Lines may be broken anywhere between words and coloured.
pub fn recognise(text: &str) -> Option<&'static Issue> {
    recognise_in(Scope::ALL, text)
}

/// The same, among what these are known to say.
pub fn recognise_in(scopes: &[Scope], text: &str) -> Option<&'static Issue> {
    let line = text::one_line(text).to_ascii_lowercase();
    all().find(|issue| scopes.contains(&issue.scope) && issue.is_said_in(&line))
}
