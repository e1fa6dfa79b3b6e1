//! Multipass on the laptop, and its daemon answering.

use std::time::Duration;

use super::{install_snap, minutes};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::{multipass, snap};

/// Its name.
pub const NAME: &str = "install-multipass";

/// Installs Multipass the host's own way, if that can be done from here.
pub struct InstallMultipass {
    /// The step's limit.
    pub timeout: Duration,
    /// sudo may ask for a password: there is a terminal. Otherwise it must not (`sudo -n`).
    pub sudo_may_ask: bool,
}

impl InstallMultipass {
    /// The usual limit.
    pub const TIMEOUT: Duration = minutes(20);

    /// The two commands that need administrator rights, in order: the installation, and the hold that keeps snapd
    /// from restarting the daemon, and with it every VM, in the middle of the work (canonical/multipass#2682).
    pub fn elevated(&self) -> [CommandLine; 2] {
        let install = CommandLine::changes("sudo", ["snap", "install", "multipass"]).within(minutes(15));
        [install, snap::hold(["multipass"])].map(|mut line| {
            if !self.sudo_may_ask {
                line.args.insert(0, "-n".to_owned());
            }
            line
        })
    }
}

impl Step for InstallMultipass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Install Multipass"
    }

    fn commands(&self) -> Vec<Planned> {
        self.elevated().into_iter().map(Planned::laptop).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: "Multipass' client and daemon answer".to_owned(),
            probes: vec![(Place::Laptop, multipass::version())],
            timeout: self.timeout,
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: "multipass version".to_owned(),
            not_met: Id::MultipassNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let line = multipass::version();
        let output = match hosts.laptop.ask(&line) {
            Ok(output) => output,
            Err(CommandError::NotInstalled { .. }) => {
                return Ok(Verdict::not_yet("multipass is not installed"));
            }
            Err(error) => return Err(error),
        };
        // Right after the installation every call fails for a while (canonical/multipass#5015).
        if output.code != 0 {
            return Ok(Verdict::not_yet(format!(
                "multipass does not answer yet: {}",
                output.last_words(&line)
            )));
        }
        let versions = multipass::parse_version(&line, output)?;
        Ok(match versions.daemon {
            Some(daemon) => Verdict::met(format!("client {}, daemon {daemon}", versions.client)),
            None => Verdict::not_yet(format!(
                "client {} is there, but its daemon does not answer",
                versions.client
            )),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        match work.hosts.laptop.ask(&multipass::version()) {
            // Installed: the daemon may still be coming up, and restarting it is not ours to do.
            Err(CommandError::NotInstalled { .. }) => {}
            _ => return Ok(()),
        }
        let [install, hold] = self.elevated();
        if let Err(error) = work.hosts.laptop.ask(&CommandLine::reads("snap", ["version"])) {
            return Err(missing(&error));
        }
        install_snap(work, Place::Laptop, &install, "Install Multipass").map_err(|failure| {
            if failure.id == Id::Interrupted {
                return failure;
            }
            // sudo's own words, or snapd's.
            let refused = failure.seen.as_deref().is_some_and(|seen| seen.contains("sudo: "));
            let id = if refused { Id::ElevationRefused } else { failure.id };
            Failure { id, message: "Multipass could not be installed".to_owned(), ..failure }
                .hint("type it yourself: `sudo snap install multipass`")
                .hint("`kafstack up` resumes at this step")
        })?;
        if let Err(failure) = work.run(Place::Laptop, &hold, "Hold Multipass from refreshing") {
            work.warn(format!("Multipass may refresh itself, and restart every VM, meanwhile: {failure}"));
        }
        Ok(())
    }
}

/// Neither Multipass nor a way to install it.
pub fn missing(error: &CommandError) -> Failure {
    Failure::new(Id::MultipassMissing, "Multipass is not installed, and there is no snapd to install it with")
        .expected("`multipass` on PATH")
        .seen(error.to_string())
        .hint("on Ubuntu and Debian: `sudo apt install snapd`, then `sudo snap install multipass`")
        .hint("on macOS: `brew install --cask multipass`")
        .hint("see the whole journey without it: `kafstack up --rehearse`")
}
