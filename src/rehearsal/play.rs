//! Plays a script before a caller: lines and ticks at their time, time limits, output limits.

use std::time::Duration;

use super::Rehearsal;
use super::kafka::console::{Live, Step};
use super::script::{Said, Script};
use super::timeline::{Millis, SECOND};
use crate::host::clock::sleep;
use crate::host::vm::EXIT_MARK;
use crate::host::{CommandError, CommandLine, Flow, Io, Output, Stream, TAIL, Watch};

/// How long a simulated second lasts at least while a console consumer has nothing to do.
const IDLE: Duration = Duration::from_millis(10);

/// The longest piece of a line that a caller is told at once.
const PIECE: usize = 8 * 1024;

impl Rehearsal {
    /// Plays the script of a command that began now. The world is locked only between the caller's turns, since
    /// a caller may ask further questions from its tick.
    pub(super) fn play(
        &self,
        line: &CommandLine,
        script: &Script,
        watch: &mut dyn Watch,
    ) -> Result<Output, CommandError> {
        let began = self.lock().world.now;
        let mut live = script.live.clone().filter(|_| !script.hangs && !script.lost);
        let mut next_step = if live.is_some() { began + script.took } else { Millis::MAX };
        let end = if script.hangs || live.is_some() { Millis::MAX } else { began + script.took };
        let limit = began.saturating_add(i64::try_from(line.timeout.as_millis()).unwrap_or(i64::MAX));
        let mut next_tick = began + SECOND;
        let mut said = script.said.iter().peekable();
        let mut heard = Heard::new(line);
        loop {
            let next_said = said.peek().map_or(Millis::MAX, |said| began + said.at);
            self.advance(end.min(limit).min(next_tick).min(next_said).min(next_step), &|| {
                self.stop.leave_now()
            });
            let (now, cut) = {
                let world = &self.lock().world;
                (
                    world.now,
                    script
                        .inside
                        .as_ref()
                        .is_some_and(|(name, boot)| world.vms.get(name).is_none_or(|vm| vm.boot != *boot)),
                )
            };
            let took = Duration::from_millis((now - began).unsigned_abs());
            if cut {
                // The ssh connection is gone: 1.16 says nothing (canonical/multipass:src/ssh/ssh_client.cpp).
                return Ok(heard.end(255, took, watch));
            }
            while let Some(next) = said.next_if(|said| began + said.at <= now) {
                heard.hear(next, watch)?;
            }
            if now >= next_step
                && let Some(live) = &mut live
            {
                next_step = now + SECOND;
                let step = self.step(live);
                for (stream, text) in step.said {
                    heard.hear(&Said { at: 0, stream, text, times: 1 }, watch)?;
                }
                if let Some(code) = step.ends {
                    if script.marked {
                        let text = format!("\n{EXIT_MARK}{code}\n").into_bytes();
                        heard.hear(&Said { at: 0, stream: Stream::Stderr, text, times: 1 }, watch)?;
                    }
                    return Ok(heard.end(if script.marked { 0 } else { code }, took, watch));
                }
            }
            if now >= end {
                return Ok(heard.end(script.code, took, watch));
            }
            let leaving = self.stop.leave_now();
            let mut flow = Flow::GoOn;
            if now >= next_tick || leaving {
                next_tick = now + SECOND;
                flow = watch.tick(took);
            }
            if flow == Flow::Leave {
                self.client_is_gone(script, live.as_deref(), began);
                return Err(CommandError::Left { line: line.to_string() });
            }
            if flow == Flow::GiveUp || now >= limit {
                self.client_is_gone(script, live.as_deref(), began);
                let said = heard.end(0, took, watch).last_words(line);
                return Err(CommandError::TimedOut { line: line.to_string(), after: line.timeout, said });
            }
            if leaving {
                // Nobody said "leave" though the user did: let time pass, or this would spin.
                self.lock().world.advance(now + SECOND);
            }
        }
    }

    /// Lets a console tool go on. The world may have been changed by another kafstack meanwhile.
    fn step(&self, live: &mut Live) -> Step {
        live.hear();
        let mut inner = self.lock();
        let turn = self.turn();
        self.refresh(&mut inner);
        let step = live.step(&mut inner.world);
        self.keep(&mut inner);
        drop((turn, inner));
        if self.speed.is_none() && live.is_endless() && step.said.is_empty() {
            // Nothing to do, perhaps for ever: simulated years must not pass while somebody types.
            sleep(IDLE);
        }
        step
    }

    /// The process on the laptop was ended. What it asked for goes on, unless it still needed its client.
    fn client_is_gone(&self, script: &Script, live: Option<&Live>, began: Millis) {
        let mut inner = self.lock();
        let _turn = self.turn();
        if let Some(live) = live {
            self.refresh(&mut inner);
            live.orphaned(&mut inner.world);
        }
        if inner.world.now < began + script.needs_client_until {
            inner.world.break_off(script.job);
            inner.world.vms.retain(|_, vm| vm.state != "Preparing");
        }
        self.keep(&mut inner);
    }
}

/// What a caller has heard so far.
struct Heard<'a> {
    /// The command.
    line: &'a CommandLine,
    /// The streams, as far as they are kept.
    kept: [Vec<u8>; 2],
    /// The beginnings of lines that have not ended.
    open: [Vec<u8>; 2],
}

impl<'a> Heard<'a> {
    fn new(line: &'a CommandLine) -> Self {
        Heard { line, kept: Default::default(), open: Default::default() }
    }

    /// Takes some output in and tells the caller what became whole.
    fn hear(&mut self, said: &Said, watch: &mut dyn Watch) -> Result<(), CommandError> {
        if self.line.io == Io::Terminal {
            return Ok(());
        }
        let which = usize::from(said.stream == Stream::Stderr);
        for _ in 0..said.times {
            let kept = &mut self.kept[which];
            kept.extend_from_slice(&said.text);
            match self.line.io {
                Io::Captured { limit } if kept.len() > limit => {
                    return Err(CommandError::TooMuch { line: self.line.to_string(), limit });
                }
                Io::Streamed | Io::Lines if kept.len() > 2 * TAIL => {
                    kept.drain(..kept.len() - TAIL);
                }
                _ => {}
            }
            let open = &mut self.open[which];
            open.extend_from_slice(&said.text);
            let mut told = 0;
            while let Some(length) = whole(&open[told..]) {
                let piece = &open[told..told + length];
                watch.line(said.stream, piece.strip_suffix(b"\n").unwrap_or(piece));
                told += length;
            }
            open.drain(..told);
        }
        Ok(())
    }

    /// The end: what is left of lines, and the output.
    fn end(&mut self, code: i32, took: Duration, watch: &mut dyn Watch) -> Output {
        for (stream, open) in [Stream::Stdout, Stream::Stderr].into_iter().zip(&mut self.open) {
            // What never ended is no line of the user's own messages.
            let unended = self.line.io == Io::Lines && stream == Stream::Stdout;
            if !open.is_empty() && !unended {
                watch.line(stream, &std::mem::take(open));
            }
        }
        if matches!(self.line.io, Io::Streamed | Io::Lines) {
            for kept in &mut self.kept {
                kept.drain(..kept.len().saturating_sub(TAIL));
            }
        }
        let [stdout, stderr] = std::mem::take(&mut self.kept);
        Output { code, stdout, stderr, took }
    }
}

/// The length of the first whole line with its end, or of a piece of a long one.
fn whole(open: &[u8]) -> Option<usize> {
    match open.iter().take(PIECE).position(|byte| *byte == b'\n') {
        Some(end) => Some(end + 1),
        None if open.len() >= PIECE => Some(PIECE),
        None => None,
    }
}
