//! What `up` asks before the first step: questions come now, never in the middle of the work.

use super::elevation;
use super::session::{Session, Stage};
use crate::cli;
use crate::config::{Config, Preset};
use crate::failure::Failure;
use crate::host::{CommandError, CommandLine, Hosts};
use crate::plan::Circumstances;
use crate::steps::check_laptop::Laptop;
use crate::steps::install_multipass::missing;
use crate::steps::{CheckLaptop, InstallMultipass, launch_vm};
use crate::tools::multipass;

/// What the user decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Begin.
    Begin,
    /// Begin with this smaller preset.
    Smaller(Preset),
    /// Destroy the deleted VM first and build anew.
    Anew,
}

/// Everything that must be known before the first step.
pub struct Preflight<'a> {
    /// This call.
    pub session: &'a Session,
    /// The options of `up`.
    pub args: &'a cli::Up,
    /// What is to be built.
    pub config: &'a Config,
    /// What the journal says.
    pub with: Circumstances,
}

impl Preflight<'_> {
    /// Asks the laptop, then the user.
    ///
    /// # Errors
    /// The laptop is not able, nobody may answer, or the answer was no.
    pub fn ask(&self, stage: &Stage) -> Result<Decision, Failure> {
        stage.ask(|hosts| {
            match self.smaller_preset(hosts) {
                Ok(Some(preset)) => return Ok(Decision::Smaller(preset)),
                Ok(None) => {}
                Err(failure) => return Err(Self::with_what_is_missing(failure, hosts)),
            }
            self.elevation(hosts)?;
            self.deleted_vm(hosts)
        })
    }

    /// When only the sizes are too large: the largest preset that fits, if the user takes it. Elsewhere the failure
    /// names it.
    fn smaller_preset(&self, hosts: &Hosts<'_>) -> Result<Option<Preset>, Failure> {
        let check = CheckLaptop { vm: self.config.vm.clone(), ignore: false };
        let asked = |error: CommandError| {
            Failure::of_command("Ask the laptop", &error).hint("`kafstack doctor` asks it again")
        };
        let Some(failure) = check.failure(&check.rows(hosts).map_err(asked)?) else { return Ok(None) };
        if self.args.ignore_laptop {
            return Ok(None);
        }
        let laptop = Laptop::look(hosts).map_err(asked)?;
        let kind_is_fine = laptop.carries_some();
        let smaller = [Preset::Microstack, Preset::Single, Preset::Kafka, Preset::Kraft];
        let fitting = smaller.into_iter().find(|preset| {
            let vm = preset.config().vm;
            let less = vm.memory <= self.config.vm.memory
                && vm.cpus <= self.config.vm.cpus
                && vm.disk <= self.config.vm.disk;
            *preset != self.config.preset && less && laptop.carries(&vm)
        });
        let Some(preset) = fitting.filter(|_| kind_is_fine) else { return Err(failure) };
        if self.session.terminal.can_ask() {
            let told = failure.clone();
            let told = if self.session.global.rehearse { told.for_rehearsal() } else { told };
            self.session.terminal.failure(&told);
            let question = format!(
                "Build the preset `{}` instead, the largest that fits? {}",
                preset.name(),
                preset.about()
            );
            if self.session.terminal.ask(&question) {
                return Ok(Some(preset));
            }
        }
        let name = preset.name();
        Err(failure.hint(format!("the largest preset that fits: `kafstack up --preset {name}`")))
    }

    /// A laptop that is not able may lack Multipass as well: both are told at once.
    fn with_what_is_missing(failure: Failure, hosts: &Hosts<'_>) -> Failure {
        let Err(error) = can_have_multipass(hosts) else { return failure };
        let missing = missing(&error);
        let seen = [failure.seen.as_deref(), Some(&missing.message)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ");
        missing.hints.into_iter().fold(failure.seen(seen), Failure::hint)
    }

    /// Installing Multipass needs administrator rights: shown, and confirmed, before anything else happens.
    fn elevation(&self, hosts: &Hosts<'_>) -> Result<(), Failure> {
        if !matches!(hosts.laptop.ask(&multipass::version()), Err(CommandError::NotInstalled { .. })) {
            return Ok(());
        }
        can_have_multipass(hosts).map_err(|error| missing(&error))?;
        let step =
            InstallMultipass { timeout: InstallMultipass::TIMEOUT, sudo_may_ask: self.with.sudo_may_ask };
        elevation::allow(
            self.session,
            hosts,
            self.args.consent.yes,
            "Multipass is not installed",
            &step.elevated(),
        )
        .map_err(|failure| failure.hint("see the whole journey without it: `kafstack up --rehearse`"))
    }

    /// A VM of ours that was deleted but not purged: recovered, unless the user wants it anew.
    fn deleted_vm(&self, hosts: &Hosts<'_>) -> Result<Decision, Failure> {
        let line = multipass::list();
        let fleet = hosts.laptop.ask(&line).and_then(|output| multipass::parse_list(&line, &output));
        let name = &self.config.vm.name;
        // What cannot be asked now is asked by the steps.
        let deleted =
            fleet.is_ok_and(|fleet| fleet.iter().any(|vm| vm.name == *name && vm.state == "Deleted"));
        if !deleted {
            return Ok(Decision::Begin);
        }
        if !self.with.launched && !self.with.adopt {
            return Err(launch_vm::not_ours(name, "it is Deleted and the journal knows nothing of it"));
        }
        let question = format!(
            "The VM `{name}` was deleted but is still there. Destroy it and build anew, instead of taking it back?"
        );
        let anew =
            !self.args.consent.yes && self.session.terminal.can_ask() && self.session.terminal.ask(&question);
        Ok(if anew { Decision::Anew } else { Decision::Begin })
    }
}

/// Whether Multipass is there, or snapd to install it with.
fn can_have_multipass(hosts: &Hosts<'_>) -> Result<(), CommandError> {
    for line in [multipass::version(), CommandLine::reads("snap", ["version"])] {
        match hosts.laptop.ask(&line) {
            Err(CommandError::NotInstalled { .. }) => {}
            _ => return Ok(()),
        }
    }
    Err(CommandError::NotInstalled { program: "multipass".to_owned() })
}
