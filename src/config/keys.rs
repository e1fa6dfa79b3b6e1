//! Every key of the configuration: its name, what it is, how it is set and shown.

use super::values::{self, listed, nearest};
use super::{Config, Size};
use crate::plan;

/// A key with a place of its own in [`Config`].
pub struct Key {
    /// Its name, with dots.
    pub name: &'static str,
    /// What it is, for the commented file and the reference.
    pub about: &'static str,
    /// What YAML must take its value for.
    pub shape: Shape,
    /// Sets it; the error says what would be right.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
    /// Its value as `set` takes it.
    pub show: fn(&Config) -> String,
}

/// What a value must look like in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text, which need not be quoted even where it looks like a number.
    Word,
    /// A number.
    Whole,
    /// `true` or `false`.
    Truth,
}

/// A key and its fields, in one line each.
macro_rules! key {
    ($name:literal, $shape:ident, $about:literal, $field:ident $(. $inner:ident)*, $read:expr) => {
        Key {
            name: $name,
            about: $about,
            shape: Shape::$shape,
            set: |config, text| {
                config.$field$(.$inner)* = $read(text)?;
                Ok(())
            },
            show: |config| config.$field$(.$inner)*.to_string(),
        }
    };
}

/// The controllers that Sunbeam makes (canonical/snap-openstack:sunbeam-python/sunbeam/commands/prepare_node.py,
/// sunbeam-python/sunbeam/steps/juju.py).
const SUNBEAMS_CONTROLLERS: &[&str] = &["sunbeam-controller", "localhost-localhost"];
/// The model that every controller has.
const CONTROLLERS_MODEL: &[&str] = &["controller"];
/// The tracks that are known to work, oldest first, the usual one last.
const KAFKA_TRACKS: &[&str] = &["4", "3"];
/// As [`KAFKA_TRACKS`]; `latest` is a build of 2021.
const ZOOKEEPER_TRACKS: &[&str] = &["3"];
/// As [`KAFKA_TRACKS`] (canonical/snap-openstack, its branches).
const OPENSTACK_TRACKS: &[&str] = &["2023.1", "2023.2", "2025.1", "2026.1", "2024.1"];
/// As [`KAFKA_TRACKS`]; 3.2 and 3.4 are what the old OpenStack tracks bring. Not 4: Juju 4 no longer tells the charm of
/// track 3 its own address.
const JUJU_TRACKS: &[&str] = &["3.2", "3.4", "3.6"];
/// Fewer bytes than this hold no Juju controller beside a broker.
const LEAST_MEMORY: Size = Size::gib(2);
/// Ubuntu, LXD and two container images do not fit in less.
const LEAST_DISK: Size = Size::gib(10);

/// All of them, in the order in which they are shown.
pub static KEYS: &[Key] = &[
    key!("preset", Word, "Where everything below begins", preset, values::preset),
    key!("vm.name", Word, "The VM's name in Multipass", vm.name, values::vm_name),
    key!(
        "vm.image",
        Word,
        "Its Ubuntu release: 24.04, or 22.04 for the old OpenStack",
        vm.image,
        values::image
    ),
    key!("vm.cpus", Whole, "Virtual CPUs", vm.cpus, |text| values::whole(text, 1..=512)),
    key!("vm.memory", Word, "Memory", vm.memory, |text| values::size(text, LEAST_MEMORY)),
    key!("vm.disk", Word, "Disk; it grows as it is used", vm.disk, |text| values::size(text, LEAST_DISK)),
    key!("openstack.enabled", Truth, "Whether OpenStack is built", openstack.enabled, values::truth),
    key!("openstack.channel", Word, "Channel of the openstack snap", openstack.channel, |text| {
        let channel = values::channel(text, OPENSTACK_TRACKS)?;
        if channel.track == "2026.1" && !["edge", "candidate"].contains(&channel.risk.as_str()) {
            return Err("`2026.1/edge` or `2026.1/candidate`: nothing calmer of it is known".to_owned());
        }
        Ok(channel)
    }),
    key!("openstack.instance", Word, "Name of the demo instance", openstack.instance, values::instance),
    key!("openstack.openrc", Word, "Name of the openrc file, in the VM", openstack.openrc, values::file_name),
    key!(
        "juju.channel",
        Word,
        "Channel of the juju snap; with OpenStack, the one that Sunbeam brings",
        juju.channel,
        |text| values::channel(text, JUJU_TRACKS)
    ),
    key!("juju.controller", Word, "Name of the controller on LXD", juju.controller, |text| {
        values::juju_name(text, SUNBEAMS_CONTROLLERS)
    }),
    key!("juju.model", Word, "Name of the model with Kafka", juju.model, |text| {
        values::juju_name(text, CONTROLLERS_MODEL)
    }),
    key!(
        "zookeeper.enabled",
        Truth,
        "Whether ZooKeeper is deployed: with kafka 3, never with kafka 4",
        zookeeper.enabled,
        values::truth
    ),
    key!("zookeeper.channel", Word, "Channel of the zookeeper charm", zookeeper.channel, |text| {
        values::channel(text, ZOOKEEPER_TRACKS)
    }),
    key!("zookeeper.units", Whole, "How many units; an odd number", zookeeper.units, |text| {
        let right =
            "an odd number from 1 to 99: an even one survives no more failures than one less".to_owned();
        match values::whole(text, 1..=99) {
            Ok(units) if units % 2 == 1 => Ok(units),
            _ => Err(right),
        }
    }),
    key!("kafka.channel", Word, "Channel of the kafka charm; 3 or 4", kafka.channel, |text| {
        values::channel(text, KAFKA_TRACKS)
    }),
    key!("kafka.units", Whole, "How many units", kafka.units, |text| values::whole(text, 1..=99)),
    key!(
        "kafka.profile",
        Word,
        "testing (1 GiB of heap a unit), staging or production (6 GiB)",
        kafka.profile,
        |text: &str| {
            let known = ["testing", "staging", "production"];
            known.contains(&text).then(|| text.to_owned()).ok_or_else(|| format!("one of {}", listed(&known)))
        }
    ),
    key!("proxy.http", Word, "Proxy for http, for snapd, LXD and Juju", proxy.http, values::proxy),
    key!("proxy.https", Word, "Proxy for https", proxy.https, values::proxy),
    key!("proxy.no_proxy", Word, "Hosts that are reached without it", proxy.no_proxy, values::no_proxy),
];

/// The key under which the charm's options stand.
pub const OPTIONS: &str = "kafka.options";
/// The key under which the steps' limits stand.
pub const TIMEOUTS: &str = "timeouts";

/// What a key's name stands for.
pub enum Slot<'a> {
    /// A key with a place of its own.
    Key(&'static Key),
    /// An option of the kafka charm. Which there are depends on the track, so they are checked when that is known.
    Option(&'a str),
    /// The limit of a step.
    Limit(&'a str),
}

impl<'a> Slot<'a> {
    /// What that name stands for; the error says what may have been meant.
    pub fn named(name: &'a str) -> Result<Slot<'a>, String> {
        let below = |section: &str| name.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
        if let Some(key) = KEYS.iter().find(|key| key.name == name) {
            return Ok(Slot::Key(key));
        }
        if let Some(option) = below(OPTIONS).filter(|option| !option.is_empty()) {
            return Ok(Slot::Option(option));
        }
        if let Some(step) = below(TIMEOUTS) {
            if plan::NAMES.contains(&step) {
                return Ok(Slot::Limit(step));
            }
            return Err(match nearest(step, plan::NAMES.iter().copied()) {
                Some(near) => format!("there is no step `{}`; did you mean `{near}`?", step.escape_debug()),
                None => format!("there is no such step; there are {}", listed(plan::NAMES)),
            });
        }
        let known = KEYS.iter().map(|key| key.name).chain([OPTIONS, TIMEOUTS]);
        Err(match nearest(name, known).or_else(|| nearest_last(name)) {
            Some(near) => format!("there is no such key; did you mean `{near}`?"),
            None => "there is no such key; `kafstack config init` writes a file with all of them".to_owned(),
        })
    }

    /// Sets it in a configuration; the error says what would be right.
    pub fn set(&self, config: &mut Config, text: &str) -> Result<(), String> {
        match self {
            Slot::Key(key) => (key.set)(config, text),
            Slot::Option(option) => {
                config.kafka.options.insert((*option).to_owned(), text.to_owned());
                Ok(())
            }
            Slot::Limit(step) => {
                config.timeouts.insert((*step).to_owned(), values::limit(text)?);
                Ok(())
            }
        }
    }

    /// What YAML must take its value for; `None` if that does not matter.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Slot::Key(key) => Some(key.shape),
            Slot::Option(_) => None,
            Slot::Limit(_) => Some(Shape::Word),
        }
    }
}

/// A key whose last part is the one that was given: `memory` for `vm.memory`.
fn nearest_last(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    KEYS.iter().map(|key| key.name).find(|key| key.rsplit('.').next() == Some(last))
}

/// Whether keys stand below this name.
pub fn is_section(name: &str) -> bool {
    let below = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    name == OPTIONS || name == TIMEOUTS || KEYS.iter().any(|key| below(key.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;

    #[test]
    fn every_preset_is_made_of_values_that_the_keys_accept() {
        for preset in Preset::ALL {
            let config = preset.config();
            let mut copy = Preset::Microstack.config();
            for key in KEYS {
                (key.set)(&mut copy, &(key.show)(&config)).unwrap_or_else(|e| panic!("{}: {e}", key.name));
            }
            assert_eq!(copy, config);
        }
    }

    #[test]
    fn unknown_keys_are_answered_with_the_nearest() {
        let why = |name| Slot::named(name).err().unwrap();
        assert!(why("kafka.unit").contains("`kafka.units`"));
        assert!(why("memory").contains("`vm.memory`"));
        assert!(why("timeouts.bootstrap-clouds").contains("`bootstrap-cloud`"));
        assert!(why("xyz").contains("config init"));
    }
}
