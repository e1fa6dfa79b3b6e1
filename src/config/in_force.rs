//! The configuration in force: what a VM was built with, as flat text, and how a wish differs from it.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{KEYS, OPTIONS, Slot, TIMEOUTS};
use super::layers::Source;
use super::values::limit_text;
use super::{Config, Preset};
use crate::failure::{Failure, Id};

/// A configuration as text, key by key.
pub fn to_texts(config: &Config) -> BTreeMap<String, String> {
    let plain = KEYS.iter().map(|key| (key.name.to_owned(), (key.show)(config)));
    let options =
        config.kafka.options.iter().map(|(name, value)| (format!("{OPTIONS}.{name}"), value.clone()));
    let limits =
        config.timeouts.iter().map(|(step, limit)| (format!("{TIMEOUTS}.{step}"), limit_text(*limit)));
    plain.chain(options).chain(limits).collect()
}

/// The configuration of those texts. A key that is not there has its preset's value: an older kafstack wrote it.
///
/// # Errors
/// A key or value that this kafstack does not know, in words.
pub fn from_texts(texts: &BTreeMap<String, String>) -> Result<Config, String> {
    let preset = texts.get("preset").map_or(Some(Preset::Microstack), |name| Preset::named(name));
    let mut config = preset.ok_or("it names a preset that this kafstack does not know")?.config();
    for (key, text) in texts {
        Slot::named(key)
            .and_then(|slot| slot.set(&mut config, text))
            .map_err(|why| format!("`{}: {}`: {why}", key.escape_debug(), text.escape_debug()))?;
    }
    Ok(config)
}

/// One value that is wished otherwise than it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// In force; empty if it is not there.
    pub was: String,
    /// Wished; empty if it is not to be there.
    pub wanted: String,
    /// Who wishes it.
    pub from: Source,
    /// What can be done about it.
    pub kind: DifferenceKind,
}

/// What can be done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It only adds units: `up` does it.
    Adds,
    /// It changes nothing that is built.
    Free,
    /// It would need another VM.
    Refused,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_nothing = |text: &str| if text.is_empty() { "(nothing)".to_owned() } else { text.to_owned() };
        write!(
            f,
            "{}: {} in force, {} wanted ({})",
            self.key,
            or_nothing(&self.was),
            or_nothing(&self.wanted),
            self.from
        )
    }
}

/// Everything in which a wish differs from what is in force; `from` knows who wishes a key.
pub fn differences(in_force: &Config, wanted: &Config, from: &dyn Fn(&str) -> Source) -> Vec<Difference> {
    let (was, now) = (to_texts(in_force), to_texts(wanted));
    let keys = KEYS.iter().map(|key| key.name.to_owned());
    let mut further: Vec<String> = was.keys().chain(now.keys()).cloned().collect();
    further.retain(|key| KEYS.iter().all(|known| known.name != key));
    further.sort();
    further.dedup();
    keys.chain(further)
        .filter_map(|key| {
            let text = |texts: &BTreeMap<String, String>| texts.get(&key).cloned().unwrap_or_default();
            let (was, wanted_text) = (text(&was), text(&now));
            (was != wanted_text).then(|| Difference {
                kind: kind(&key, in_force, wanted),
                from: from(&key),
                was,
                wanted: wanted_text,
                key,
            })
        })
        .collect()
}

/// What can be done about a difference in that key.
fn kind(key: &str, in_force: &Config, wanted: &Config) -> DifferenceKind {
    let unused = |section: &str, used: fn(&Config) -> bool| {
        key.starts_with(section) && !used(in_force) && !used(wanted)
    };
    let adds = match key {
        "kafka.units" => wanted.kafka.units > in_force.kafka.units,
        "zookeeper.units" => wanted.zookeeper.units > in_force.zookeeper.units,
        _ => false,
    };
    if unused("zookeeper.", |c| c.zookeeper.enabled) || unused("openstack.", |c| c.openstack.enabled) {
        return DifferenceKind::Free;
    }
    // The name of the preset builds nothing; what it stands for is compared key by key.
    if key == "preset" || key.starts_with(TIMEOUTS) {
        return DifferenceKind::Free;
    }
    if adds { DifferenceKind::Adds } else { DifferenceKind::Refused }
}

/// The failure of an `up` that wishes what the VM cannot become; `None` if it can.
pub fn refusal(vm: &str, differences: &[Difference]) -> Option<Failure> {
    let refused: Vec<_> = differences.iter().filter(|d| d.kind == DifferenceKind::Refused).collect();
    if refused.is_empty() {
        return None;
    }
    let lines: Vec<String> = refused.iter().map(|difference| format!("\n  {difference}")).collect();
    let message =
        format!("the VM `{vm}` was built otherwise, and cannot be changed in this:{}", lines.concat());
    Some(
        Failure::new(Id::ConfigurationDiffers, message)
            .hint("`kafstack config show` shows what is in force; leave the difference out to go on with it")
            .hint("`kafstack down` destroys the VM; after that `kafstack up` builds it as wanted"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_config() -> impl Strategy<Value = Config> {
        let options = prop::collection::btree_map("log_[a-z_]{1,20}", "[ -~]{0,20}", 0..4);
        let limits = prop::collection::btree_map(
            prop::sample::select(crate::plan::NAMES).prop_map(str::to_owned),
            (1u64..=604_800).prop_map(std::time::Duration::from_secs),
            0..4,
        );
        let numbers = (0usize..5, 1u32..=512, 2u64 << 30..1 << 48, 1u32..=99, 0u32..=49);
        (numbers, options, limits, "[a-z][a-z0-9-]{0,20}[a-z]").prop_map(
            |((preset, cpus, memory, units, half), options, limits, name)| {
                let mut config = Preset::ALL[preset].config();
                config.vm.name.clone_from(&name);
                config.juju.model = name;
                config.vm.cpus = cpus;
                config.vm.memory = super::super::Size(memory);
                config.kafka.units = units;
                config.zookeeper.units = half * 2 + 1;
                config.kafka.options = options;
                config.timeouts = limits;
                config
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(config in any_config()) {
            let json = serde_json::to_string(&to_texts(&config)).unwrap();
            let texts: BTreeMap<String, String> = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(from_texts(&texts), Ok(config));
        }

        #[test]
        fn a_configuration_does_not_differ_from_itself(config in any_config()) {
            prop_assert!(differences(&config, &config, &|_| Source::Default).is_empty());
        }
    }

    #[test]
    fn only_what_adds_can_be_done() {
        let in_force = Preset::Kafka.config();
        let mut wanted = in_force.clone();
        wanted.kafka.units = 4;
        wanted.zookeeper.units = 3;
        wanted.vm.cpus = 8;
        wanted.kafka.options.insert("log_level".into(), "DEBUG".into());
        wanted.timeouts.insert("deploy-kafka".into(), std::time::Duration::from_secs(60));
        wanted.openstack.instance = "other".into();
        let found = differences(&in_force, &wanted, &|_| Source::Flag("--set"));
        let kinds: Vec<_> = found.iter().map(|d| (d.key.as_str(), d.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("vm.cpus", DifferenceKind::Refused),
                ("openstack.instance", DifferenceKind::Free),
                ("zookeeper.units", DifferenceKind::Adds),
                ("kafka.units", DifferenceKind::Adds),
                ("kafka.options.log_level", DifferenceKind::Refused),
                ("timeouts.deploy-kafka", DifferenceKind::Free),
            ]
        );
        let failure = refusal("microstack", &found).unwrap();
        assert_eq!(failure.id, Id::ConfigurationDiffers);
        assert!(failure.message.contains("vm.cpus: 4 in force, 8 wanted (flag --set)"), "{failure}");
        assert!(failure.hints.iter().any(|hint| hint.contains("kafstack down")));
        assert_eq!(kind("kafka.units", &wanted, &in_force), DifferenceKind::Refused);
        assert!(refusal("microstack", &found[1..4]).is_none());
    }

    #[test]
    fn texts_of_another_time_are_answered() {
        assert_eq!(from_texts(&BTreeMap::new()), Ok(Preset::Microstack.config()));
        let of = |key: &str, value: &str| from_texts(&BTreeMap::from([(key.into(), value.into())]));
        assert_eq!(of("preset", "kraft"), Ok(Preset::Kraft.config()));
        assert!(of("preset", "moon").is_err());
        assert!(of("vm.colour", "red").unwrap_err().contains("vm.colour"));
    }
}
