//! Values that must fit each other. Each problem names both and where each came from.

use super::draft::Draft;
use super::kafka_options::{self, Wrong};
use super::keys::{KEYS, OPTIONS};
use super::layers::{Problem, Source};

use super::{Config, Image};

/// Everything that does not fit.
pub fn check(draft: &Draft) -> Vec<Problem> {
    let config = &draft.config;
    let mut problems = Vec::new();
    let mut pair = |one: &str, other: &str, why: &str| {
        let side = |key: &str| {
            let shown = KEYS.iter().find(|known| known.name == key).map(|known| (known.show)(config));
            format!("`{key}: {}` ({})", shown.unwrap_or_default(), draft.source(key))
        };
        problems.push(Problem(format!("{} does not go with {}: {why}", side(one), side(other))));
    };

    if config.kafka.kraft() && config.zookeeper.enabled {
        pair(
            "kafka.channel",
            "zookeeper.enabled",
            "track 4 has no ZooKeeper, so right would be `zookeeper.enabled: false`; the preset `kraft` fits it",
        );
    }
    if !config.kafka.kraft() && !config.zookeeper.enabled {
        pair(
            "kafka.channel",
            "zookeeper.enabled",
            "track 3 needs ZooKeeper, so right would be `zookeeper.enabled: true`, or a channel of track 4",
        );
    }
    if config.kafka.kraft() && config.kafka.units != 1 {
        pair(
            "kafka.channel",
            "kafka.units",
            "with broker and controller in one unit, track 4 is one unit, so right would be `kafka.units: 1`",
        );
    }
    if config.openstack.enabled {
        let old = config.openstack.channel.track.starts_with("2023.");
        match config.vm.image {
            Image::Noble if old => pair(
                "openstack.channel",
                "vm.image",
                "the tracks of 2023 accept Ubuntu 22.04 only; the preset `jammy` fits them",
            ),
            Image::Jammy if !old => pair(
                "openstack.channel",
                "vm.image",
                "the tracks from 2024.1 on accept Ubuntu 24.04 only, so right would be `vm.image: \"24.04\"`",
            ),
            _ => {}
        }
    }
    let juju = juju_track(config);
    if config.juju.channel.track != juju {
        let why = format!("right would be `juju.channel: {juju}/stable`, which is what fits there");
        let with = if config.openstack.enabled { "openstack.channel" } else { "openstack.enabled" };
        pair("juju.channel", with, &why);
    } else if config.kafka.kraft() && juju != "3.6" {
        pair("juju.channel", "kafka.channel", "track 4 of the kafka charm needs Juju 3.5 or later");
    }
    for (name, value) in &config.kafka.options {
        let key = format!("{OPTIONS}.{name}");
        let source: Source = draft.source(&key);
        match kafka_options::check(&config.kafka.channel.track, name, value) {
            Ok(()) => {}
            Err(Wrong::Name(why)) => problems.push(Problem::unknown(&source, &key, &why)),
            Err(Wrong::Value(right)) => problems.push(Problem::value(&source, &key, value, &right)),
        }
    }
    problems
}

/// The track of Juju that fits: the one that Sunbeam brings (canonical/snap-openstack, `JUJU_CHANNEL` of each branch),
/// else the present long-term one.
fn juju_track(config: &Config) -> &'static str {
    match config.openstack.channel.track.as_str() {
        "2023.1" if config.openstack.enabled => "3.2",
        "2023.2" if config.openstack.enabled => "3.4",
        _ => "3.6",
    }
}
