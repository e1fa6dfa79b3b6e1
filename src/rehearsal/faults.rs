//! A scenario in force: planted, and what becomes of commands and units by it.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::multipass;
use super::scenario::{Answer, Bytes, Fault, Scenario, Span, Sudo};
use super::script::{Said, Script};
use super::timeline::{MINUTE, Millis};
use super::troubles::Trouble;
use super::world::World;
use crate::host::{Place, Stream, paste};

/// The exit code of a command to which the way broke before it began.
pub const NEVER_BEGAN: i32 = 255;

/// A scenario in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Planted {
    /// What was written.
    scenario: Scenario,
    /// How often each fault met its command.
    met: Vec<u32>,
    /// From when on each fault lies in wait for its command.
    from: Vec<Millis>,
    /// The events that last.
    pub troubles: Vec<Trouble>,
}

/// A command as a scenario names it: quoted as kafstack prints it, with `sudo` and without.
struct Named([String; 2]);

impl Named {
    /// The names of this command.
    fn of(argv: &[&str]) -> Self {
        let bare = match argv {
            ["sudo", "-n", rest @ ..] | ["sudo", rest @ ..] => rest,
            all => all,
        };
        Named([argv, bare].map(|argv| paste(&argv.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())))
    }

    /// Whether it begins with these words.
    fn begins(&self, words: &str) -> bool {
        let words = words.trim();
        let rest =
            |line: &String| line.strip_prefix(words).is_some_and(|r| r.is_empty() || r.starts_with(' '));
        self.0.iter().any(rest)
    }
}

impl Fault {
    /// What it makes of a command.
    fn strike(&self, world: &mut World, run: impl FnOnce(&mut World) -> Script) -> Script {
        let answered = |answer: &Answer| {
            let mut script = Script::silent().ends(400, answer.code);
            if !answer.stdout.is_empty() {
                script = script.out(format!("{}\n", answer.stdout));
            }
            if answer.stderr.is_empty() { script } else { script.err(format!("{}\n", answer.stderr)) }
        };
        if let Some(answer) = &self.fails {
            return answered(answer);
        }
        if self.hangs {
            return Script::hang();
        }
        if self.lost {
            return Script { lost: true, code: NEVER_BEGAN, ..Script::silent() };
        }
        let mut script = run(world);
        let before = |stream, text: Vec<u8>, times| Said { at: 0, stream, text, times };
        if let Some(answer) = &self.fails_but_works {
            let took = script.took;
            script = Script { job: script.job, ..answered(answer).taking(took) };
        }
        script.hangs |= self.works_but_hangs;
        script.lost |= self.works_but_lost;
        if let Some(text) = &self.prints_before {
            script.said.insert(0, before(Stream::Stdout, format!("{text}\n").into(), 1));
        }
        if let Some(text) = &self.warns_before {
            script.said.insert(0, before(Stream::Stderr, format!("{text}\n").into(), 1));
        }
        if let Some(Bytes(size)) = self.floods {
            let chunk = "the same line over and over again, sixty-four bytes with its end\n".repeat(1024);
            let times = size.div_ceil(chunk.len() as u64);
            script.said.insert(0, before(Stream::Stdout, chunk.into_bytes(), times));
        }
        if self.garbage || self.truncated {
            for said in script.said.iter_mut().filter(|said| said.stream == Stream::Stdout) {
                let half = said.text.len() / 2;
                said.text.truncate(half);
                if self.garbage {
                    said.text = b"\x00\xff\xfe{]%\x1b[31m\n".to_vec();
                }
            }
        }
        if let Some(Span(took)) = self.takes {
            script = script.taking(took);
        }
        if let Some(times) = self.slow {
            script.slow_down(times);
            world.slow_down(times);
        }
        if let Some(Span(after)) = self.freezes_after {
            script.said.retain(|said| said.at <= after);
            script.hangs = true;
            world.freeze(after);
        }
        if let Some(Span(over)) = self.drips {
            script = script.dripping(over);
        }
        script
    }
}

/// Puts a scenario in force. The same one again changes nothing: its times go on.
pub fn plant(world: &mut World, scenario: Scenario, fresh: bool) {
    if world.planted.as_ref().is_some_and(|planted| planted.scenario == scenario) {
        return;
    }
    let keys = &scenario.laptop;
    let laptop = &mut world.laptop;
    if let Some(arch) = &keys.arch {
        laptop.arch = if arch == "arm64" { "aarch64".to_owned() } else { arch.clone() };
    }
    laptop.cpus = keys.cpus.unwrap_or(laptop.cpus);
    laptop.memory = keys.memory.map_or(laptop.memory, |bytes| bytes.0);
    laptop.disk = keys.disk.map_or(laptop.disk, |bytes| bytes.0);
    laptop.virtualisation = keys.virtualisation.unwrap_or(laptop.virtualisation);
    laptop.snapd = keys.snapd.unwrap_or(laptop.snapd);
    laptop.network = keys.network.unwrap_or(laptop.network);
    laptop.sudo = keys.sudo.map_or(laptop.sudo, |sudo| sudo == Sudo::Allowed);
    let began = world.now;
    if let (Some(version), true) = (&keys.multipass, fresh) {
        let there = super::world::Multipass { version: version.clone(), since: began - 60 * MINUTE };
        world.laptop.multipass = (version != "absent").then_some(there);
    }
    for vm in &scenario.vms {
        if !world.vms.contains_key(&vm.name) {
            multipass::found(world, &vm.name, &vm.state, vm.ours);
        }
    }
    world.job = 0;
    world.due.retain(|due| due.job != 0);
    let mut troubles = Vec::new();
    for event in &scenario.events {
        let (after, lasts) = (event.after.0, event.heals_after.map(|span| span.0));
        // What cannot be was refused when the scenario was read.
        let Ok(what) = event.what() else { continue };
        let until = lasts.map_or(Millis::MAX, |lasts| began + after + lasts);
        if what.is_at_once() {
            world.later("", after, Change::Happens { what, until });
        } else {
            troubles.push(Trouble { from: began + after, until, what });
        }
    }
    let met = vec![0; scenario.faults.len()];
    let from = scenario.faults.iter().map(|f| if f.once.is_some() { Millis::MAX } else { began }).collect();
    world.planted = Some(Planted { scenario, met, from, troubles });
    world.touched = true;
}

/// Runs a command, or lets a fault have its way with it.
pub fn run(world: &mut World, place: Place, argv: &[&str], run: impl FnOnce(&mut World) -> Script) -> Script {
    let Some(planted) = &mut world.planted else { return run(world) };
    let named = Named::of(argv);
    let (now, mut struck) = (world.now, None);
    for ((fault, met), from) in planted.scenario.faults.iter().zip(&mut planted.met).zip(&planted.from) {
        if fault.on.is_none_or(|on| on == place) && *from <= now && named.begins(&fault.command) {
            *met += 1;
            world.touched = true;
            let turn = met.saturating_sub(fault.skip);
            if turn > 0 && fault.times.is_none_or(|times| turn <= times) {
                struck = Some(fault.clone());
                break;
            }
        }
    }
    let script = match struck {
        Some(fault) => fault.strike(world, run),
        None => run(world),
    };
    if let Some(planted) = &mut world.planted {
        world.touched |= planted.wake(&named, now + script.took);
    }
    script
}

impl Planted {
    /// A command ends then: whatever waits for it lies in wait from then on. Whether something did.
    fn wake(&mut self, ended: &Named, then: Millis) -> bool {
        let mut woken = false;
        for (fault, from) in self.scenario.faults.iter().zip(&mut self.from) {
            if *from == Millis::MAX && fault.once.as_deref().is_some_and(|words| ended.begins(words)) {
                *from = then;
                woken = true;
            }
        }
        woken
    }

    /// Whether the scenario brought this VM.
    pub fn brought(&self, vm: &str) -> bool {
        self.scenario.vms.iter().any(|keys| keys.name == vm)
    }
}
