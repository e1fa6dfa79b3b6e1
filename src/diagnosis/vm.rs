//! The VM: whether it runs, its disk, memory and clock, and its way to the stores.

use super::clues::{Clue, Depth};
use super::{Diagnosis, PATIENCE};
use crate::config::Config;
use crate::host::{CommandError, Hosts};
use crate::steps;
use crate::tools::linux::{self, STORE};
use crate::tools::{multipass, snap};

/// Less than this many KiB free is a full disk: neither an image nor a snap fits.
const FULL_KIB: u64 = 512 * 1024;
/// Less memory than this share available is exhausted.
const EXHAUSTED: u64 = 50;
/// So many seconds a clock may be off before certificates are refused.
const CLOCK_S: i64 = 300;
/// The VM's state in Multipass' words; `absent` if there is none.
///
/// # Errors
/// Multipass does not say, and why. Where it is not installed it has nothing to say.
pub(super) fn state(config: &Config, hosts: &Hosts<'_>) -> Result<String, String> {
    let line = multipass::list().within(PATIENCE);
    let fleet = hosts.laptop.ask(&line).and_then(|output| multipass::parse_list(&line, &output));
    match fleet {
        Ok(fleet) => {
            let ours = fleet.into_iter().find(|vm| vm.name == config.vm.name);
            Ok(ours.map_or_else(|| "absent".to_owned(), |vm| vm.state))
        }
        Err(CommandError::NotInstalled { .. }) => Ok("absent".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Diagnosis<'_> {
    /// What is not well with the VM's way to the stores, and with its snapd.
    pub(super) fn network(&self) -> Vec<Clue> {
        let mut clues = Vec::new();
        let line = linux::resolve(STORE);
        if let Some(output) = self.ask(&line)
            && output.code == linux::UNRESOLVED
        {
            clues.push(Clue::new(Depth::Network, format!("the VM cannot resolve {STORE}")));
            return clues;
        }
        let line = linux::reach_store();
        if let Some(output) = self.ask(&line)
            && output.code != 0
        {
            let text = format!("the VM does not reach https://{STORE}");
            clues.push(Clue::new(Depth::Network, text).shown_by(&output.last_words(&line)));
        }
        let line = snap::changes();
        if let Some(output) = self.ask(&line) {
            let refreshing = snap::running_refresh(&output);
            clues.extend(
                refreshing.map(|what| Clue::new(Depth::Network, format!("snapd is at work: {what}"))),
            );
            if output.code != 0 {
                let text = format!("snapd does not answer: {}", output.last_words(&line));
                clues.push(Clue::new(Depth::Network, text));
            }
        }
        clues
    }

    /// What is not well with the VM itself.
    pub(super) fn vm(&self, step: &str) -> Vec<Clue> {
        let name = &self.config.vm.name;
        match self.vm.as_deref() {
            Ok("Running") => {}
            // What Multipass does not say is the laptop's trouble.
            Err(_) => return Vec::new(),
            Ok(_) if step == steps::install_multipass::NAME => return Vec::new(),
            // Before it is launched, and while it starts, that is as it should be.
            Ok("absent" | "Starting") if step == steps::launch_vm::NAME => return Vec::new(),
            Ok(state) => return vec![Clue::new(Depth::Vm, format!("the VM {name} is {state}"))],
        }
        let mut clues = Vec::new();
        if let Some(linux::CloudInit::Failed { why }) =
            self.read(&linux::cloud_init(), linux::parse_cloud_init)
        {
            clues.push(Clue::new(Depth::Vm, format!("cloud-init failed: {why}")));
        }
        if let Some(free) = self.ask(&linux::df()).and_then(|output| linux::parse_df(&output.out()))
            && free < FULL_KIB
        {
            clues.push(Clue::new(
                Depth::Vm,
                format!("the disk of the VM is full: {} MiB are free", free / 1024),
            ));
        }
        let memory = self.ask(&linux::cat("/proc/meminfo")).map(|output| output.out()).unwrap_or_default();
        let (total, available) = (linux::parse_meminfo(&memory), linux::parse_available(&memory));
        if let (Some(total), Some(available)) = (total, available)
            && available < total / EXHAUSTED
        {
            let text = format!("the memory of the VM is exhausted: {} MiB are available", available >> 20);
            clues.push(Clue::new(Depth::Vm, text));
        }
        let wanted = self.config.vm.memory;
        // The kernel keeps some for itself and leaves it out of the total (proc_meminfo(5)).
        if let Some(total) = total.filter(|total| *total < wanted.0 / 10 * 9) {
            let text = format!("the VM has {} MiB of memory, its configuration says {wanted}", total >> 20);
            clues.push(Clue::new(Depth::Burden, text));
        }
        let kernel = self.ask(&linux::kernel_log()).map(|output| output.out()).unwrap_or_default();
        if let Some(line) = linux::killed_for_memory(&kernel) {
            clues.push(Clue::new(Depth::Vm, format!("the VM's kernel ran out of memory: {line}")));
        }
        if let Some(there) = self.ask(&linux::epoch()).and_then(|output| linux::parse_epoch(&output.out())) {
            let off = there - self.hosts.clock.now().as_second();
            if off.abs() > CLOCK_S {
                clues.push(Clue::new(Depth::Vm, format!("the clock of the VM is off by {off} s")));
            }
        }
        if self.silent.get() {
            clues.push(Clue::new(
                Depth::Vm,
                format!("the VM {name} does not answer, though Multipass says it is Running"),
            ));
        }
        clues
    }
}
