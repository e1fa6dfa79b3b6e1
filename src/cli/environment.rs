//! The environment, read once. Variables that are twins of an option are read with that option, except those two of
//! which the configuration must know where they stood.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ColorChoice;

use super::{Setting, setting};
use crate::failure::{Failure, Id};

/// What the rest of kafstack needs of the environment. Nobody else reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// `$USER`, else `$LOGNAME`.
    pub user: Option<String>,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub config_home: Option<PathBuf>,
    /// `$XDG_STATE_HOME`, else `~/.local/state`.
    pub state_home: Option<PathBuf>,
    /// `$SUDO_USER`: who called sudo, if somebody did.
    pub sudo_user: Option<String>,
    /// `$KAFSTACK_TIME_SCALE`: every wait of kafstack's own is divided by it; for tests with stand-ins for the tools.
    pub time_scale: u32,
    /// `$KAFSTACK_PRESET`.
    pub preset: Option<String>,
    /// `$KAFSTACK_SET`.
    pub settings: Vec<Setting>,
    /// `$NO_COLOR` is set.
    pub no_color: bool,
    /// `$CLICOLOR_FORCE` is set and not 0.
    pub color_forced: bool,
    /// `$TERM` is `dumb`.
    pub dumb_terminal: bool,
}

impl Environment {
    /// The folder above the VMs' state folders; the rehearsal has one of its own.
    ///
    /// # Errors
    /// Neither `$XDG_STATE_HOME` nor `$HOME` says where.
    pub fn state_base(&self, rehearse: bool) -> Result<PathBuf, Failure> {
        let name = if rehearse { "kafstack-rehearsal" } else { "kafstack" };
        self.state_home.as_deref().map(|home| home.join(name)).ok_or_else(|| {
            Failure::new(Id::StateUnusable, "there is no place for kafstack's own folder")
                .expected("$HOME or $XDG_STATE_HOME names a folder with an absolute path")
                .hint("set HOME, or XDG_STATE_HOME")
        })
    }

    /// Where a configuration file is looked for when none is named, in order.
    pub fn config_places(&self) -> Vec<PathBuf> {
        let user = self.config_home.as_deref().map(|home| home.join("kafstack").join("config.yaml"));
        std::iter::once(Path::new("./kafstack.yaml").to_owned()).chain(user).collect()
    }
}

/// Reads the environment.
///
/// # Errors
/// [`Id::Usage`]: a variable of kafstack's own cannot be understood.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn environment() -> Result<Environment, Failure> {
    environment_from(&|name| std::env::var_os(name))
}

/// [`environment`], from any source.
fn environment_from(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Environment, Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let text = |name: &str| {
        set(name)
            .map(|value| {
                value
                    .into_string()
                    .map_err(|_| Failure::new(Id::Usage, format!("{name} holds bytes that are not UTF-8")))
            })
            .transpose()
    };
    // The XDG specification says that relative paths are to be ignored.
    let folder = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = folder("HOME");
    let time_scale = match text("KAFSTACK_TIME_SCALE")? {
        None => 1,
        Some(scale) => {
            scale.parse().ok().filter(|scale| (1..=1_000_000).contains(scale)).ok_or_else(|| {
                Failure::new(Id::Usage, format!("KAFSTACK_TIME_SCALE cannot be `{}`", scale.escape_debug()))
                    .expected("a whole number from 1 to 1000000")
            })?
        }
    };
    let settings = text("KAFSTACK_SET")?
        .unwrap_or_default()
        .split(';')
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            setting(part).map_err(|expected| {
                Failure::new(Id::Usage, format!("KAFSTACK_SET has a part `{}`", part.trim().escape_debug()))
                    .expected(expected.trim_start_matches("expected ").to_owned())
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Environment {
        config_home: folder("XDG_CONFIG_HOME").or_else(|| home.as_deref().map(|home| home.join(".config"))),
        state_home: folder("XDG_STATE_HOME")
            .or_else(|| home.as_deref().map(|home| home.join(".local").join("state"))),
        home,
        user: text("USER")?.or(text("LOGNAME")?),
        sudo_user: text("SUDO_USER")?,
        time_scale,
        preset: text("KAFSTACK_PRESET")?,
        settings,
        no_color: set("NO_COLOR").is_some(),
        color_forced: set("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        dumb_terminal: set("TERM").is_some_and(|value| value == "dumb"),
    })
}

/// The choice of colour. An option or its twin beats NO_COLOR (no-color.org), which beats CLICOLOR_FORCE
/// (bixense.com/clicolors), which beats what the streams are.
pub fn color_choice(when: ColorChoice, environment: &Environment) -> ColorChoice {
    match when {
        ColorChoice::Auto if environment.no_color => ColorChoice::Never,
        ColorChoice::Auto if environment.color_forced => ColorChoice::Always,
        ColorChoice::Auto if environment.dumb_terminal => ColorChoice::Never,
        choice => choice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment_of(variables: &[(&str, &str)]) -> Result<Environment, Failure> {
        environment_from(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_environment_is_read_once_and_checked() {
        let read = environment_of(&[
            ("HOME", "/home/ada"),
            ("XDG_STATE_HOME", "relative/is/ignored"),
            ("XDG_CONFIG_HOME", "/etc/ada"),
            ("KAFSTACK_SET", "kafka.units=1; vm.cpus=2;"),
            ("KAFSTACK_PRESET", ""),
            ("KAFSTACK_TIME_SCALE", "1000"),
        ])
        .unwrap();
        assert_eq!(read.state_base(false).unwrap(), Path::new("/home/ada/.local/state/kafstack"));
        assert_eq!(read.state_base(true).unwrap(), Path::new("/home/ada/.local/state/kafstack-rehearsal"));
        assert_eq!(
            read.config_places(),
            [Path::new("./kafstack.yaml"), Path::new("/etc/ada/kafstack/config.yaml")]
        );
        assert_eq!((read.time_scale, read.preset, read.settings.len()), (1000, None, 2));
        assert_eq!(read.settings[1], Setting { key: "vm.cpus".into(), value: "2".into() });
        assert_eq!(environment_of(&[("KAFSTACK_SET", "kafka.units")]).unwrap_err().id, Id::Usage);
        assert_eq!(environment_of(&[("KAFSTACK_TIME_SCALE", "0")]).unwrap_err().id, Id::Usage);
        let nowhere = environment_of(&[]).unwrap().state_base(false).unwrap_err();
        assert_eq!(nowhere.id, Id::StateUnusable);
    }

    #[test]
    fn colours_follow_the_conventions() {
        let plain = environment_of(&[("TERM", "xterm")]).unwrap();
        let none = environment_of(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]).unwrap();
        let forced = environment_of(&[("CLICOLOR_FORCE", "1")]).unwrap();
        let dumb = environment_of(&[("TERM", "dumb")]).unwrap();
        assert_eq!(color_choice(ColorChoice::Auto, &plain), ColorChoice::Auto);
        assert_eq!(color_choice(ColorChoice::Auto, &none), ColorChoice::Never);
        assert_eq!(color_choice(ColorChoice::Auto, &forced), ColorChoice::Always);
        assert_eq!(color_choice(ColorChoice::Auto, &dumb), ColorChoice::Never);
        assert_eq!(color_choice(ColorChoice::Always, &none), ColorChoice::Always);
        assert_eq!(color_choice(ColorChoice::Never, &forced), ColorChoice::Never);
    }
}
