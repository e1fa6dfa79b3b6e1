//! The presets: named starting points. Sizes are estimates, judged by `check-laptop`, never hard limits.
//!
//! What the sizes rest on: Sunbeam's guide asks for 4 cores, 16 GiB and 100 GiB for one node, since below 75 GiB it does
//! not work properly (canonical/openstack-docs:docs/tutorial/get-started-with-openstack.rst); a Kafka unit with the
//! `testing` profile has a heap of 1 GiB and with any other one of 6 GiB (canonical/kafka-operator:src/managers/config.py),
//! so about 1.5 GiB a unit here; a ZooKeeper unit takes 0.4 to 1 GiB; a Juju controller 1 to 2 GiB.

use std::collections::BTreeMap;

use super::{
    Channel, Config, Image, JujuConfig, KafkaConfig, OpenstackConfig, Preset, ProxyConfig, Size, VmConfig,
    ZookeeperConfig,
};

impl Preset {
    /// All of them, the default first.
    pub const ALL: [Preset; 5] =
        [Preset::Microstack, Preset::Single, Preset::Kafka, Preset::Kraft, Preset::Jammy];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Microstack => "microstack",
            Preset::Single => "single",
            Preset::Kafka => "kafka",
            Preset::Kraft => "kraft",
            Preset::Jammy => "jammy",
        }
    }

    /// What it is, in one sentence without a full stop.
    pub fn about(self) -> &'static str {
        match self {
            Preset::Microstack => "the whole journey: OpenStack, five ZooKeeper and three Kafka units",
            Preset::Single => "the same with one unit each, in a smaller VM",
            Preset::Kafka => "no OpenStack; one ZooKeeper and three Kafka units",
            Preset::Kraft => "no OpenStack, no ZooKeeper: one unit of Kafka 4 that is broker and controller",
            Preset::Jammy => {
                "the whole journey on Ubuntu 22.04 with the last OpenStack that accepts it; unsupported upstream"
            }
        }
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The configuration it stands for.
    pub fn config(self) -> Config {
        let microstack = microstack();
        let vm = |cpus, memory, disk| VmConfig {
            cpus,
            memory: Size::gib(memory),
            disk: Size::gib(disk),
            ..microstack.vm.clone()
        };
        let zookeeper = |enabled, units| ZookeeperConfig { enabled, units, ..microstack.zookeeper.clone() };
        let without_openstack = OpenstackConfig { enabled: false, ..microstack.openstack.clone() };
        match self {
            Preset::Microstack => microstack,
            // The least that Sunbeam's guide allows, with 8 GiB on top for two containers and two controllers.
            Preset::Single => Config {
                preset: self,
                vm: vm(4, 24, 100),
                zookeeper: zookeeper(true, 1),
                kafka: KafkaConfig { units: 1, ..microstack.kafka.clone() },
                ..microstack
            },
            // Three brokers, one ZooKeeper and the controller come to about 7 GiB; Ubuntu, LXD and its page cache
            // take the rest. Five containers on one disk: the charms' own test VM has 50 GiB
            // (canonical/kafka-operator:spread.yaml).
            Preset::Kafka => Config {
                preset: self,
                vm: vm(4, 12, 50),
                openstack: without_openstack,
                zookeeper: zookeeper(true, 1),
                ..microstack
            },
            // One unit and the controller come to about 3 GiB; the charm's tutorial asks for 2 CPUs and 8 GiB
            // (canonical/kafka-operator:docs/tutorial/environment.md).
            Preset::Kraft => Config {
                preset: self,
                vm: vm(2, 8, 30),
                openstack: without_openstack,
                zookeeper: zookeeper(false, 1),
                kafka: KafkaConfig { channel: channel("4", "stable"), units: 1, ..microstack.kafka.clone() },
                ..microstack
            },
            // 2023.2 is the last track whose prepare script accepts 22.04, and brings Juju 3.4
            // (canonical/snap-openstack, branch 2023.2: sunbeam-python/sunbeam/versions.py).
            Preset::Jammy => Config {
                preset: self,
                vm: VmConfig { image: Image::Jammy, ..microstack.vm.clone() },
                openstack: OpenstackConfig {
                    channel: channel("2023.2", "stable"),
                    ..microstack.openstack.clone()
                },
                juju: JujuConfig { channel: channel("3.4", "stable"), ..microstack.juju.clone() },
                ..microstack
            },
        }
    }
}

impl std::fmt::Display for Preset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The default. 32 GiB: OpenStack takes 15 (its guide's own sum), Juju's controllers 3, five ZooKeeper units 4 and three
/// Kafka units 5; the rest is air, since a VM that swaps makes every time limit a lie. 120 GiB: Sunbeam's 100 and the
/// nine containers.
fn microstack() -> Config {
    Config {
        preset: Preset::Microstack,
        vm: VmConfig {
            name: "microstack".to_owned(),
            image: Image::Noble,
            cpus: 8,
            memory: Size::gib(32),
            disk: Size::gib(120),
        },
        openstack: OpenstackConfig {
            enabled: true,
            channel: channel("2024.1", "stable"),
            instance: "demo_instance".to_owned(),
            openrc: "demo-openrc".to_owned(),
        },
        juju: JujuConfig {
            channel: channel("3.6", "stable"),
            controller: "overlord".to_owned(),
            model: "demo".to_owned(),
        },
        zookeeper: ZookeeperConfig { enabled: true, channel: channel("3", "stable"), units: 5 },
        kafka: KafkaConfig {
            channel: channel("3", "stable"),
            units: 3,
            profile: "testing".to_owned(),
            options: BTreeMap::new(),
        },
        proxy: ProxyConfig::default(),
        timeouts: BTreeMap::new(),
    }
}

/// A channel.
fn channel(track: &str, risk: &str) -> Channel {
    Channel { track: track.to_owned(), risk: risk.to_owned() }
}
