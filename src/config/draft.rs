//! A configuration on its way: its values, and who set each.

use std::collections::BTreeMap;

use super::in_force::to_texts;
use super::keys::{KEYS, Slot};
use super::layers::{Given, Problem, Source, Sourced};
use super::{Config, Preset};

/// A configuration on its way, with the source of every key that a layer set.
pub struct Draft {
    /// The values.
    pub config: Config,
    /// Where they came from, if not from the preset.
    sources: BTreeMap<String, Source>,
}

impl Draft {
    /// A preset as it is.
    pub fn of(preset: Preset) -> Self {
        Draft { config: preset.config(), sources: BTreeMap::new() }
    }

    /// What is in force.
    pub fn in_force(present: &Config) -> Self {
        let sources = to_texts(present).into_keys().map(|key| (key, Source::InForce)).collect();
        Draft { config: present.clone(), sources }
    }

    /// Where the value of a key came from.
    pub fn source(&self, key: &str) -> Source {
        if let Some(source) = self.sources.get(key) {
            return source.clone();
        }
        let usual = to_texts(&Preset::Microstack.config());
        let preset = self.config.preset;
        if to_texts(&preset.config()).get(key) == usual.get(key) {
            Source::Default
        } else {
            Source::Preset(preset.name())
        }
    }

    /// Every key as a row.
    pub fn rows(&self) -> Vec<Row> {
        let mut texts = to_texts(&self.config);
        let keys = KEYS.iter().filter_map(|key| texts.remove_entry(key.name)).collect::<Vec<_>>();
        keys.into_iter()
            .chain(texts)
            .map(|(key, value)| Row { value: Sourced { value, source: self.source(&key) }, key })
            .collect()
    }

    /// Sets what a layer gives; says what cannot be.
    pub fn set(&mut self, given: &[Given]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for Given { key, text: Sourced { value, source } } in given {
            match Slot::named(key) {
                Err(why) => problems.push(Problem::unknown(source, key, &why)),
                Ok(slot) => match slot.set(&mut self.config, value) {
                    Err(right) => problems.push(Problem::value(source, key, value, &right)),
                    Ok(()) => {
                        self.sources.insert(key.clone(), source.clone());
                    }
                },
            }
        }
        problems
    }
}

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// Its value and where it came from.
    pub value: Sourced<String>,
}
