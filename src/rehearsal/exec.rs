//! `multipass exec`: the way into a VM, which starts one that does not run.

use super::change::Change;
use super::events::VmEvent;
use super::grammar::Words;
use super::guest::{self, Seat};
use super::multipass::Answer;
use super::script::Script;
use super::timeline::SECOND;
use super::world::World;
use super::{faults, wrapper};
use crate::host::{Place, Stdin};

/// `exec`: it starts a VM that does not run, without being asked (canonical/multipass:src/client/cli/cmd/exec.cpp).
pub fn run<'a>(world: &mut World, rest: &[&'a str], stdin: &Stdin, modern: bool) -> Answer<'a> {
    // Options stand before the name; after it, only behind `--`.
    let flags = rest.iter().take_while(|word| word.starts_with('-') && **word != "--").count();
    let words = Words::read(&rest[..flags], &["--no-map-working-directory|-n"], &["--working-directory|-d"])?;
    let (name, mut argv) = match &rest[flags..] {
        [name, "--", argv @ ..] => (*name, argv),
        [name, argv @ ..] => (*name, argv),
        [] => return Ok(Script::fails(1, "Wrong number of arguments")),
    };
    if rest[flags..].get(1) != Some(&"--")
        && let Some(option) = argv.iter().find(|word| word.starts_with('-'))
    {
        return Ok(Script::fails(
            1,
            format!(
                "Unknown option '{}'.\nOptions to the inner command should come after \"--\", like this:\nmultipass exec <instance> -- <command> <arguments>",
                option.trim_start_matches('-')
            ),
        ));
    }
    if argv.first() == Some(&"--") {
        argv = &argv[1..];
    }
    if argv.is_empty() {
        return Ok(Script::fails(1, "Wrong number of arguments"));
    }
    let Some(vm) = world.vms.get(name).filter(|vm| vm.state != "Preparing") else {
        let text = format!("exec failed: The following errors occurred:\ninstance \"{name}\" does not exist");
        let twice = !words.has("--no-map-working-directory");
        return Ok(Script::fails(2, if twice { format!("{text}\n{text}") } else { text }));
    };
    let mut delay = 0;
    match vm.state.as_str() {
        "Running" => {}
        "Deleted" => {
            let text = format!("exec failed: The following errors occurred:\ninstance \"{name}\" is deleted");
            return Ok(Script::fails(2, text));
        }
        "Starting" => {
            let text = "exec failed: ssh connection failed: 'Connection refused'";
            return Ok(Script::fails(if modern { 255 } else { 2 }, text).taking(5 * SECOND));
        }
        _ => {
            delay = world.draw().about(&format!("start {name}"), 25 * SECOND);
            start_now(world, name);
        }
    }
    let boot = world.vms[name].boot;
    if world.vm_is(VmEvent::Frozen) {
        return Ok(Script { inside: Some((name.to_owned(), boot)), ..Script::hang() });
    }
    // A session of its own each time: connection, authentication, a shell.
    delay += world.draw().between(&format!("session {}", argv.last().unwrap_or(&"")), 250, 450);
    let (vm, stdin) = (name.to_owned(), stdin.clone());
    let mut script = match argv {
        ["sh", "-c", text, rest @ ..] => {
            wrapper::run(Seat { world, vm, root: false, openrc: false, stdin }, text, rest)
        }
        _ => faults::run(world, Place::Vm, argv, |world| {
            guest::run(&mut Seat { world, vm, root: false, openrc: false, stdin }, argv)
        }),
    };
    for said in &mut script.said {
        said.at += delay;
    }
    script.took += delay;
    if script.lost {
        let text = "exec failed: [ssh client] could not obtain exit state from the remote process\n";
        let mut lost = Script { took: script.took, code: 255, ..Script::default() };
        if modern {
            lost = lost.err(text);
        }
        script = lost;
    } else if script.code == 4 && !modern {
        // 1.16 takes the remote status 4 for its own mark and runs the command again, for ever
        // (canonical/multipass#3771).
        script.hangs = true;
    }
    script.inside = Some((name.to_owned(), boot));
    Ok(script)
}

/// Starts a VM at once; a first boot that was broken off goes on.
fn start_now(world: &mut World, name: &str) {
    world.boot(name);
    if world.vms.get(name).is_some_and(|vm| !vm.guest.cloud_init_done) {
        let after = world.draw().about(&format!("cloud-init of {name}"), 70 * SECOND);
        world.later(name, after, Change::CloudInitDone);
    }
}
