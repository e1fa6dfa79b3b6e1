//! Why a step does not get on: a walk from unit over machine, container, network and controller down to the VM and the
//! laptop, by cheap questions that only read. Each layer says what is not as it should be as clues; the table of known
//! issues knows what they mean; and since what lies deeper explains what lies above it, the deepest known clue is the
//! cause.

mod cloud;
mod clues;
mod laptop;
mod lxd;
mod model;
#[cfg(test)]
mod tests;
mod vm;

use std::cell::Cell;
use std::time::Duration;

use clues::{Clue, Depth};

use crate::config::Config;
use crate::failure::Cause;
use crate::host::{CommandError, CommandLine, Hosts, Output};
use crate::known::{self, Scope};
use crate::steps;

/// How long one question may take: what is stuck must not hold up who asks why.
const PATIENCE: Duration = Duration::from_secs(30);

/// Finds out why the stack of this configuration does not get on.
struct Diagnosis<'a> {
    /// What there should be.
    config: &'a Config,
    /// Who is asked.
    hosts: &'a Hosts<'a>,
    /// The VM's state in Multipass' words, `absent` without one; or why Multipass does not say.
    vm: Result<String, String>,
    /// The VM did not answer a question, so it is asked no more.
    silent: Cell<bool>,
}

/// The cause of a step's trouble, from its name and what was last seen of it; `None` if nothing that is known to be a
/// cause was found.
pub fn why(config: &Config, hosts: &Hosts<'_>, step: &str, seen: &str) -> Option<Cause> {
    let diagnosis = Diagnosis { config, hosts, vm: vm::state(config, hosts), silent: Cell::new(false) };
    let clues = diagnosis.clues(step, seen);
    // Of clues of one depth the last is the nearest to the point.
    let deepest = clues.iter().filter_map(|clue| Some((clue, clue.issue()?)));
    let (clue, issue) =
        deepest.reduce(|one, other| if other.0.depth >= one.0.depth { other } else { one })?;
    Some(Cause::new(issue, clue.evidence(), clue.cure(issue, config)))
}

impl Diagnosis<'_> {
    /// What is not as it should be, from the top down.
    fn clues(&self, step: &str, seen: &str) -> Vec<Clue> {
        let said = words(seen);
        // A tool that knows its own cause need not be asked for it again.
        if let Some(said) = said.clone().filter(Clue::is_cause) {
            return vec![said];
        }
        let mut clues = Vec::from_iter(said);
        if step == steps::check_laptop::NAME {
            return clues;
        }
        if self.vm.as_deref() == Ok("Running") {
            match step {
                steps::launch_vm::NAME | "install-openstack" => {}
                "prepare-node" => clues.extend(self.long_act(step)),
                "bootstrap-cloud" | "configure-cloud" => {
                    clues.extend(self.long_act(step));
                    clues.extend(self.services());
                }
                "launch-instance" => {
                    clues.extend(self.long_act(step));
                    clues.extend(self.instance());
                    clues.extend(self.services());
                }
                "initialise-lxd" => clues.extend(self.lxd()),
                "bootstrap-controller" => {
                    clues.extend(self.long_act(step));
                    clues.extend(self.lxd());
                }
                _ => {
                    clues.extend(self.model(step));
                    clues.extend(self.lxd());
                    clues.extend(self.controller());
                }
            }
            clues.extend(self.network());
        }
        clues.extend(self.vm(step));
        // Whether the laptop is offline matters only to what needs the network.
        let unlaunched = step == steps::install_multipass::NAME || step == steps::launch_vm::NAME;
        let cut_off = unlaunched || clues.iter().any(|clue| clue.depth == Depth::Network);
        clues.extend(self.laptop(cut_off));
        clues
    }

    /// Asks the VM something. `None`: it did not answer, now or before.
    fn ask(&self, line: &CommandLine) -> Option<Output> {
        if self.silent.get() {
            return None;
        }
        let line = CommandLine { timeout: line.timeout.min(PATIENCE), ..line.clone() };
        match self.hosts.vm.ask(&line) {
            Ok(output) => Some(output),
            Err(CommandError::TooMuch { .. } | CommandError::Garbled { .. }) => None,
            Err(_) => {
                self.silent.set(true);
                None
            }
        }
    }

    /// Asks the VM something that must succeed, and reads the answer.
    fn read<T>(
        &self,
        line: &CommandLine,
        parse: impl FnOnce(&CommandLine, Output) -> Result<T, CommandError>,
    ) -> Option<T> {
        let output = self.ask(line)?;
        parse(line, output).ok()
    }
}

/// What the step itself said last, as a clue of the depth to which the table says it belongs.
fn words(seen: &str) -> Option<Clue> {
    let issue = known::recognise(seen)?;
    let depth = match issue.scope {
        Scope::Network => Depth::Network,
        _ => Depth::Words,
    };
    Some(Clue::said(depth, seen))
}
