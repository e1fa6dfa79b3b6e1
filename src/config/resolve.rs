//! From layers to one configuration: flag, environment, file, in force, preset, default.

use std::path::PathBuf;

use super::draft::{Draft, Row};
use super::in_force::{self, Difference, differences};
use super::layers::{Given, Source, find_file, parse_file, refusal};
use super::{Config, Preset, checks, values};
use crate::cli::{Environment, Global};
use crate::failure::Failure;

/// What a configuration is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see what would be built on a fresh laptop: `plan`, `doctor`, `config check`.
    Fresh,
    /// To build it, or to go on building: `up`.
    Build,
    /// To work with what is built: every other command.
    Use,
}

/// What is asked for.
pub struct Request<'a> {
    /// From the command line, weakest first.
    pub flags: Vec<Given>,
    /// From the environment, weakest first.
    pub environment: Vec<Given>,
    /// The file that is named.
    pub file: Option<PathBuf>,
    /// Where a file is looked for when none is named.
    pub places: Vec<PathBuf>,
    /// What for.
    pub purpose: Purpose,
    /// Knows what the VM of that name was built with, if there is one.
    pub in_force: &'a dyn Fn(&str) -> Result<Option<Config>, Failure>,
}

impl<'a> Request<'a> {
    /// The request that command line and environment make.
    pub fn new(
        global: &Global,
        environment: &Environment,
        purpose: Purpose,
        in_force: &'a dyn Fn(&str) -> Result<Option<Config>, Failure>,
    ) -> Self {
        let layer = |settings: &[crate::cli::Setting], set: Source, preset: Option<&str>, named: Source| {
            let settings = settings.iter().map(|s| Given::new(&s.key, &s.value, set.clone()));
            settings.chain(preset.map(|name| Given::new("preset", name, named))).collect()
        };
        Request {
            flags: layer(
                &global.set,
                Source::Flag("--set"),
                global.preset.as_deref(),
                Source::Flag("--preset"),
            ),
            environment: layer(
                &environment.settings,
                Source::Environment("KAFSTACK_SET"),
                environment.preset.as_deref(),
                Source::Environment("KAFSTACK_PRESET"),
            ),
            file: global.config.clone(),
            places: environment.config_places(),
            purpose,
            in_force,
        }
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The configuration.
    pub config: Config,
    /// Every key with its value and where it came from, in the order in which they are shown.
    pub rows: Vec<Row>,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What the VM was built with, if there is one and the purpose asks.
    pub in_force: Option<Config>,
    /// In what the wish differs from it. For [`Purpose::Use`] it was left aside, which deserves a warning.
    pub differences: Vec<Difference>,
}

impl Resolved {
    /// The failure of a wish that the VM cannot become; `None` if it can, or if there is no VM.
    pub fn refused(&self) -> Option<Failure> {
        in_force::refusal(&self.config.vm.name, &self.differences)
    }
}

/// Resolves a request.
///
/// # Errors
/// Everything that cannot be, at once; or the file or the configuration in force cannot be read.
pub fn resolve(request: &Request<'_>) -> Result<Resolved, Failure> {
    resolve_with(request, find_file(request.file.as_deref(), &request.places)?)
}

/// [`resolve`] with this path and text of a file, if there is one.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(request: &Request<'_>, found: Option<(PathBuf, String)>) -> Result<Resolved, Failure> {
    let (from_file, mut problems) =
        found.as_ref().map(|(path, text)| parse_file(path, text)).unwrap_or_default();
    // Weakest first: what comes later wins.
    let explicit: Vec<Given> =
        from_file.into_iter().chain(request.environment.clone()).chain(request.flags.clone()).collect();

    let last =
        |key: &str| explicit.iter().rev().find(|given| given.key == key).map(|g| g.text.value.as_str());
    let preset = last("preset").and_then(Preset::named);
    let mut draft = Draft::of(preset.unwrap_or(Preset::Microstack));
    problems.extend(draft.set(&explicit));
    if !problems.is_empty() {
        return Err(refusal(&problems));
    }
    // Only valid names come here, so that no name can lead out of the state folder.
    let name =
        last("vm.name").and_then(|name| values::vm_name(name).ok()).unwrap_or(draft.config.vm.name.clone());
    let in_force = match request.purpose {
        Purpose::Fresh => None,
        Purpose::Build | Purpose::Use => (request.in_force)(&name)?,
    };

    // The name of another preset is the wish for another stack: nothing of the present one is a base for it.
    if let Some(present) = in_force.as_ref().filter(|present| preset.is_none_or(|p| p == present.preset)) {
        draft = Draft::in_force(present);
        draft.set(&explicit);
    }
    let problems = checks::check(&draft);
    if !problems.is_empty() {
        return Err(refusal(&problems));
    }

    let differences = in_force
        .as_ref()
        .map(|present| differences(present, &draft.config, &|key| draft.source(key)))
        .unwrap_or_default();
    if let (Purpose::Use, Some(present)) = (request.purpose, &in_force) {
        draft = Draft::in_force(present);
    }
    Ok(Resolved {
        rows: draft.rows(),
        config: draft.config,
        file: found.map(|(path, _)| path),
        in_force,
        differences,
    })
}

#[cfg(test)]
mod tests;
