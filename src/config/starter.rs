//! Configurations as files: the commented one to begin with, and any one in full.

use super::in_force::to_texts;
use super::keys::{KEYS, Shape, TIMEOUTS};
use super::{Config, Preset};
use crate::yaml::{self, Unreadable};

/// A commented file that begins with a preset. Only the preset is said; every other key stands there as a comment with
/// its value, so that `--preset` still means something beside the file.
pub fn starter(preset: Preset) -> String {
    let config = preset.config();
    let mut text = String::from(
        "# The configuration of kafstack. `kafstack config check` checks it, `kafstack config show` shows what is in\n\
         # force and why. Take the # away in front of a key to change it.\n\n# Where everything below begins:\n",
    );
    for preset in Preset::ALL {
        text += &format!("#   {:<10}  {}\n", preset.name(), preset.about());
    }
    text += &format!("preset: {}\n", preset.name());
    let mut section = "";
    for key in KEYS.iter().filter(|key| key.name != "preset") {
        let (above, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if above != section {
            if section == "kafka" {
                text += &options_example();
            }
            text += &format!("\n{above}:\n");
            section = above;
        }
        text += &format!("  # {}\n  #{name}: {}\n", key.about, quoted(key.shape, &(key.show)(&config)));
    }
    text + &format!(
        "\n{TIMEOUTS}:\n  # The limit of a step, such as 90s, 10m or 1h30m; `kafstack plan` shows the steps and their limits\n  \
         #bootstrap-cloud: 150m\n"
    )
}

/// The options of the charm, as they stand in the starter.
fn options_example() -> String {
    "  # Further options of the charm; track 3 spells them with underscores, track 4 with hyphens\n  options:\n    \
     #log_retention_ms: 3600000\n"
        .to_owned()
}

/// A value as YAML takes it for what it is.
fn quoted(shape: Shape, text: &str) -> String {
    let plain =
        shape != Shape::Word || text.starts_with(|c: char| c.is_ascii_alphabetic()) || text.contains('/');
    let sized = text.ends_with(['K', 'M', 'G']);
    if plain || sized { text.to_owned() } else { format!("\"{text}\"") }
}

/// A whole configuration as a file, which resolves to the same again.
///
/// # Errors
/// It cannot be said in YAML.
pub fn as_yaml(config: &Config) -> Result<String, Unreadable> {
    let mut document = serde_json::Map::new();
    let mut texts = to_texts(config);
    let keys: Vec<_> =
        KEYS.iter().filter_map(|key| Some((key.name, key.shape, texts.remove(key.name)?))).collect();
    let plain = keys.into_iter().map(|(name, shape, text)| {
        let value = match shape {
            Shape::Word => text.into(),
            Shape::Whole | Shape::Truth => serde_json::from_str(&text).unwrap_or_else(|_| text.into()),
        };
        (name.to_owned(), value)
    });
    let further = texts.into_iter().map(|(name, text)| (name, text.into()));
    for (name, value) in plain.chain(further).collect::<Vec<(String, serde_json::Value)>>() {
        // Names of options and steps have no dot, so the sections are what stands before the last one.
        let (section, last) = name.rsplit_once('.').unwrap_or(("", &name));
        let mut place = &mut document;
        for part in section.split('.').filter(|part| !part.is_empty()) {
            let inner = place.entry(part).or_insert_with(|| serde_json::Map::new().into());
            match inner {
                serde_json::Value::Object(map) => place = map,
                _ => {
                    return Err(Unreadable { line: 0, column: 0, why: format!("`{name}` is below a value") });
                }
            }
        }
        place.insert(last.to_owned(), value);
    }
    yaml::write(&document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Purpose, Request, resolve};

    fn resolved(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kafstack.yaml");
        std::fs::write(&file, text).unwrap();
        let request = Request {
            flags: Vec::new(),
            environment: Vec::new(),
            file: Some(file),
            places: Vec::new(),
            purpose: Purpose::Fresh,
            in_force: &|_| Ok(None),
        };
        resolve(&request).unwrap_or_else(|e| panic!("{e}\n{text}")).config
    }

    #[test]
    fn a_starter_is_its_preset_with_and_without_its_comment_signs() {
        for preset in Preset::ALL {
            let text = starter(preset);
            assert_eq!(resolved(&text), preset.config());
            let keys: Vec<_> = text
                .lines()
                .map(|line| {
                    if line.trim_start().starts_with("# ") {
                        line.to_owned()
                    } else {
                        line.replacen('#', "", 1)
                    }
                })
                .filter(|line| !line.contains("log_retention_ms") && !line.contains("150m"))
                .collect();
            assert_eq!(resolved(&keys.join("\n")), preset.config());
        }
    }

    #[test]
    fn every_key_stands_in_the_starter() {
        let text = starter(Preset::Microstack);
        for key in KEYS {
            let name = key.name.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("{name}: ")), "{}", key.name);
        }
    }

    #[test]
    fn a_whole_configuration_as_a_file_resolves_to_itself() {
        for preset in Preset::ALL {
            let mut config = preset.config();
            config.timeouts.insert("deploy-kafka".into(), std::time::Duration::from_secs(5400));
            let spelled = if config.kafka.kraft() { "log-retention-ms" } else { "log_retention_ms" };
            config.kafka.options.insert(spelled.into(), "-1".into());
            assert_eq!(resolved(&as_yaml(&config).unwrap()), config);
        }
    }
}
