//! What `host::vm` runs in the VM: its constant wrapper with `--openrc`, `--start` and `--follow`. Any other
//! shell text is refused, since nothing else may ever reach a shell.

use super::events::VmEvent;
use super::faults;
use super::guest::{self, Seat};
use super::laptop::unknown;
use super::script::Script;
use super::timeline::{Millis, SECOND};
use super::world::{LongAct, World};
use crate::host::vm::{EXIT_MARK, LONG_MARK, WRAPPER};
use crate::host::{Place, Stdin, Stream};

/// The most that a long act's log may take in the saved world.
const LOG_LIMIT: u64 = 4 << 20;

/// `sh -c TEXT ARGV0 ARGV…`.
pub fn run(mut seat: Seat<'_>, text: &str, rest: &[&str]) -> Script {
    let ["kafstack", argv @ ..] = rest else {
        return unknown(seat.world, &["sh", "-c", "…"]);
    };
    if text != WRAPPER {
        return unknown(seat.world, &["sh", "-c", text]);
    }
    let script = match argv {
        ["--openrc", file, argv @ ..] => {
            let readable = seat.guest().file(file).is_some();
            if readable {
                seat.openrc = true;
                command(&mut seat, argv)
            } else {
                Script::fails(1, format!("kafstack: cannot read {file}"))
            }
        }
        ["--start", name, id, argv @ ..] => start(&mut seat, name, id, argv),
        ["--follow", name, offset, seconds] => {
            let number = |text: &str| text.parse::<i64>().unwrap_or(1);
            return finished(follow(&mut seat, name, number(offset), number(seconds) * SECOND));
        }
        argv => command(&mut seat, argv),
    };
    finished(script)
}

/// Ends as the wrapper does: the status as the last line on stderr, and 0.
pub fn finished(mut script: Script) -> Script {
    if script.hangs {
        return script;
    }
    script.said.sort_by_key(|said| said.at);
    if script.live.is_some() {
        script.marked = true;
        return script;
    }
    let code = std::mem::replace(&mut script.code, 0);
    script.err(format!("\n{EXIT_MARK}{code}\n"))
}

/// One command, as the seat's user.
fn command(seat: &mut Seat<'_>, argv: &[&str]) -> Script {
    let (vm, openrc, stdin) = (seat.vm.clone(), seat.openrc, seat.stdin.clone());
    faults::run(seat.world, Place::Vm, argv, |world| {
        guest::run(&mut Seat { world, vm, root: false, openrc, stdin }, argv)
    })
}

/// Begins a long act, or says which one is running.
fn start(seat: &mut Seat<'_>, name: &str, id: &str, argv: &[&str]) -> Script {
    if let Some(long) = seat.guest().long.as_ref().filter(|long| long.runs) {
        return Script::says(format!("running\n{} {}\n", long.name, long.id));
    }
    if seat.world.vm_is(VmEvent::DiskFull) {
        return Script::fails(
            2,
            format!("kafstack: 1: cannot create kafstack/{name}.log: No space left on device"),
        );
    }
    let outer = seat.world.job;
    let job = seat.world.begin_job();
    seat.stdin = Stdin::Null;
    let act = command(seat, argv);
    if act.lost && act.code == faults::NEVER_BEGAN {
        return Script { lost: true, ..Script::silent() };
    }
    let now = seat.world.now;
    let ends = (!act.hangs).then_some(now + act.took);
    let mut log = Vec::new();
    for said in &act.said {
        let text = String::from_utf8_lossy(&said.text).into_owned();
        let most = LOG_LIMIT / (said.text.len().max(1) as u64);
        for _ in 0..said.times.min(most.max(1)) {
            log.push((now + said.at, text.clone()));
        }
    }
    if let Some(ends) = ends {
        seat.later(ends - now, super::change::Change::LongEnded(act.code));
    }
    seat.world.job = outer;
    let guest = seat.guest_mut();
    if let Some(earlier) = guest.long.take().filter(|earlier| earlier.name != name) {
        let said = earlier.log.into_iter().map(|(_, text)| text).collect();
        guest.files.insert(format!("/home/ubuntu/kafstack/{}.log", earlier.name), said);
    }
    guest.files.remove(&format!("/home/ubuntu/kafstack/{name}.end"));
    guest.folders.insert("/home/ubuntu/kafstack".to_owned());
    guest.long = Some(LongAct { name: name.to_owned(), id: id.to_owned(), log, runs: true, ends, job });
    if act.lost {
        return Script { lost: true, ..Script::silent() };
    }
    Script::says("started\n")
}

/// Ends the long act that runs, if one does. It leaves no status behind.
pub fn end(seat: &mut Seat<'_>) -> Script {
    let running = seat.guest_mut().long.as_mut().filter(|long| long.runs);
    if let Some(long) = running {
        (long.runs, long.ends) = (false, None);
        let job = long.job;
        seat.world.break_off(job);
    }
    Script::silent()
}

/// Shows a long act's output from that byte on, for so long at most.
fn follow(seat: &mut Seat<'_>, name: &str, offset: i64, at_most: Millis) -> Script {
    let world: &World = seat.world;
    let now = world.now;
    let guest = seat.guest();
    let mut script = Script::default();
    let Some(long) = guest.long.as_ref().filter(|long| long.name == name) else {
        let text =
            format!("tail: cannot open 'kafstack/{name}.log' for reading: No such file or directory\n");
        script.say(20, Stream::Stderr, text);
        let state = match guest.file(&format!("kafstack/{name}.end")) {
            Some(end) => format!("ended {}", end.trim_end()),
            None => "lost".to_owned(),
        };
        script.say(20, Stream::Stderr, format!("\n{LONG_MARK}{state}\n"));
        return script.ends(20, 0);
    };
    let until = match long.ends.filter(|_| long.runs) {
        Some(ends) => ends.min(now + at_most),
        None if long.runs => now + at_most,
        None => now,
    };
    let skip = usize::try_from(offset - 1).unwrap_or(0);
    let mut passed = 0;
    for (at, text) in long.log.iter().filter(|(at, _)| *at <= until) {
        let from = skip.saturating_sub(passed).min(text.len());
        passed += text.len();
        if from < text.len() {
            script.say((at - now).max(10), Stream::Stdout, &text.as_bytes()[from..]);
        }
    }
    let took = (until - now).max(0) + 30;
    let state = if !long.runs {
        match guest.file(&format!("kafstack/{name}.end")) {
            Some(end) => format!("ended {}", end.trim_end()),
            None => "lost".to_owned(),
        }
    } else if long.ends == Some(until) {
        let status = world.due.iter().find_map(|due| match due.change {
            super::change::Change::LongEnded(status) if due.vm == seat.vm => Some(status),
            _ => None,
        });
        format!("ended {} {}", long.id, status.unwrap_or(0))
    } else {
        "running".to_owned()
    };
    script.say(took, Stream::Stderr, format!("\n{LONG_MARK}{state}\n"));
    script.ends(took, 0)
}
