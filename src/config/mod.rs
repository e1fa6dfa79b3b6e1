//! The configuration: everything a run needs, valid by construction.
//!
//! Here are the resolved types. How they come about: `layers` collects what was given and where, `keys` knows every
//! key, `values` reads single values, `checks` looks at values together, `resolve` puts it all in order.

mod checks;
mod draft;
mod in_force;
mod kafka_options;
mod keys;
mod layers;
mod presets;
mod resolve;
mod starter;
mod values;

pub use {
    in_force::{DifferenceKind, from_texts, to_texts},
    resolve::{Purpose, Request, Resolved, resolve, resolve_with},
    starter::{as_yaml, starter},
    values::nearest,
};

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Everything a run needs. Made only by resolving and validating; steps get just the values they use.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The preset it began with.
    pub preset: Preset,
    /// The VM.
    pub vm: VmConfig,
    /// OpenStack in the VM.
    pub openstack: OpenstackConfig,
    /// Juju in the VM.
    pub juju: JujuConfig,
    /// The zookeeper application.
    pub zookeeper: ZookeeperConfig,
    /// The kafka application.
    pub kafka: KafkaConfig,
    /// The way to the internet, if not a straight one.
    pub proxy: ProxyConfig,
    /// The limits of steps, where they differ from the built-in ones; keyed by step name.
    pub timeouts: BTreeMap<String, Duration>,
}

/// The named starting points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The seed's whole journey and topology.
    Microstack,
    /// The same with one unit each.
    Single,
    /// No OpenStack.
    Kafka,
    /// No OpenStack, no ZooKeeper: Kafka 4 with combined roles.
    Kraft,
    /// The seed's image and the last OpenStack that accepts it.
    Jammy,
}

/// `vm:` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct VmConfig {
    /// Its Multipass name: letters, digits and hyphens, beginning with a letter, ending with a letter or digit.
    pub name: String,
    /// The Ubuntu release it runs.
    pub image: Image,
    /// Virtual CPUs.
    pub cpus: u32,
    /// Memory.
    pub memory: Size,
    /// Disk.
    pub disk: Size,
}

/// The releases that kafstack knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// 24.04.
    Noble,
    /// 22.04.
    Jammy,
}

impl Image {
    /// As Multipass takes it: always the number, since an alias such as `lts` moves.
    pub fn number(self) -> &'static str {
        match self {
            Image::Noble => "24.04",
            Image::Jammy => "22.04",
        }
    }

    /// As `lsb_release -sc` says it.
    pub fn codename(self) -> &'static str {
        match self {
            Image::Noble => "noble",
            Image::Jammy => "jammy",
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// So many GiB.
    pub const fn gib(n: u64) -> Self {
        Size(n << 30)
    }
}

impl fmt::Display for Size {
    /// In the largest unit that Multipass takes (`G`, `M`, `K`; it refuses `T`:
    /// canonical/multipass:src/utils/memory_size.cpp) and that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] {
            if self.0 != 0 && self.0.is_multiple_of(1 << shift) {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

/// `openstack:` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenstackConfig {
    /// Whether the OpenStack steps run.
    pub enabled: bool,
    /// The snap's channel.
    pub channel: Channel,
    /// The demo instance's name.
    pub instance: String,
    /// The openrc file's name, in the VM user's home folder.
    pub openrc: String,
}

/// `juju:` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct JujuConfig {
    /// The snap's channel, where kafstack installs it (without OpenStack); with OpenStack, what Sunbeam brings.
    pub channel: Channel,
    /// The controller on LXD.
    pub controller: String,
    /// The model on it.
    pub model: String,
}

impl JujuConfig {
    /// As `-m` takes it.
    pub fn target(&self) -> String {
        format!("{}:{}", self.controller, self.model)
    }
}

/// `zookeeper:` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ZookeeperConfig {
    /// Whether it is deployed: on track 3 of kafka, never on track 4.
    pub enabled: bool,
    /// The charm's channel.
    pub channel: Channel,
    /// How many units; odd.
    pub units: u32,
}

/// `kafka:` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct KafkaConfig {
    /// The charm's channel; its track decides how everything else looks.
    pub channel: Channel,
    /// How many units.
    pub units: u32,
    /// The charm's `profile`: `testing`, `staging` or `production`.
    pub profile: String,
    /// Further charm options, validated against the charm's own table.
    pub options: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// Track 4: Kafka without ZooKeeper.
    pub fn kraft(&self) -> bool {
        self.channel.track == "4"
    }
}

/// `proxy:` of the configuration; empty strings mean none.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ProxyConfig {
    /// For http.
    pub http: String,
    /// For https.
    pub https: String,
    /// Not for these.
    pub no_proxy: String,
}

/// A channel of the snap or charm store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Such as `3` or `2024.1`.
    pub track: String,
    /// `stable`, `candidate`, `beta` or `edge`.
    pub risk: String,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.track, self.risk)
    }
}
