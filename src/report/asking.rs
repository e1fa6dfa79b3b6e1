//! What is shown while the world is asked outside a run: nothing for a moment, then on a terminal which tool is
//! waited for, for how long, and when it is given up. It goes with the last answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::live::Live;
use super::style::{self, paint};
use super::terminal::Terminal;
use super::{MOMENT, mark};
use crate::host::{Clock, CommandError, CommandLine, Flow, Host, Io, Output, Place, Stream, Watch, typed};
use crate::text::duration;

/// Some questions, asked one after the other.
pub struct Asking<'a> {
    /// Where the line is.
    terminal: Terminal,
    /// Whose time.
    clock: &'a dyn Clock,
    /// When the first of them was asked.
    began: Timestamp,
    /// The world is simulated.
    rehearsal: bool,
    /// The line, while there is one.
    live: Mutex<Option<Live>>,
}

impl<'a> Asking<'a> {
    /// Nothing was asked yet.
    pub fn new(terminal: &Terminal, clock: &'a dyn Clock, rehearsal: bool) -> Self {
        let (terminal, began) = (terminal.clone(), clock.now());
        Asking { terminal, clock, began, rehearsal, live: Mutex::default() }
    }

    /// That host, waited for like this.
    pub fn over(&'a self, host: &'a dyn Host, place: Place) -> Asked<'a> {
        Asked { asking: self, host, place }
    }

    /// Whether it all began more than a moment ago.
    fn takes_long(&self) -> bool {
        Duration::try_from(self.clock.now().duration_since(self.began)).is_ok_and(|passed| passed >= MOMENT)
    }

    /// Shows this line.
    fn show(&self, line: String) {
        let live = || Live::new(self.terminal.clone());
        self.live().get_or_insert_with(live).show(&[line]);
    }

    /// Takes the line away.
    fn clear(&self) {
        *self.live() = None;
    }

    fn live(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host that is waited for.
pub struct Asked<'a> {
    /// How that is shown.
    asking: &'a Asking<'a>,
    /// Who answers.
    host: &'a dyn Host,
    /// What that place is called.
    place: Place,
}

impl Asked<'_> {
    /// Shows that this is waited for, unless it all began but a moment ago, or nobody would see it.
    fn show(&self, line: &CommandLine, elapsed: Duration) {
        let asking = self.asking;
        if asking.takes_long() && asking.terminal.draws() && !asking.terminal.is_quiet() {
            asking.show(waits(self.place, line, elapsed, asking.rehearsal));
        }
    }
}

impl Host for Asked<'_> {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        // What fills the screen itself needs no line that says it is waited for.
        if matches!(line.io, Io::Lines | Io::Terminal) {
            self.asking.clear();
            return self.host.run(line, watch);
        }
        self.show(line, Duration::ZERO);
        self.host.run(line, &mut Waiting { asked: self, line, watch })
    }
}

/// While it is.
struct Waiting<'a> {
    /// Who is waited for.
    asked: &'a Asked<'a>,
    /// What it was asked.
    line: &'a CommandLine,
    /// The caller.
    watch: &'a mut dyn Watch,
}

impl Watch for Waiting<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.watch.line(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        self.asked.show(self.line, elapsed);
        self.watch.tick(elapsed)
    }

    fn between(&mut self, elapsed: Duration) {
        self.watch.between(elapsed);
    }
}

/// `00:12 of 01:00  vm? juju status`.
fn waits(place: Place, line: &CommandLine, elapsed: Duration, rehearsal: bool) -> String {
    let (passed, limit) = (duration::clock(elapsed), duration::clock(line.timeout));
    let command = paint(style::DIM, &typed(place, line.effect, &line.argv()));
    format!("{passed} of {limit}{}  {command}", mark(rehearsal))
}

#[cfg(test)]
mod tests {
    use super::super::terminal::fake;
    use super::*;
    use crate::host::clock::FakeClock;

    /// Answers after so many seconds, and looks at the screen just before.
    struct Slow<'a> {
        clock: &'a FakeClock,
        seconds: u64,
        terminal: Terminal,
        shown: Mutex<Vec<bool>>,
    }

    impl Host for Slow<'_> {
        fn run(&self, _: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
            self.clock.pause(Duration::from_secs(self.seconds));
            let flow = watch.tick(Duration::from_secs(self.seconds));
            self.shown.lock().unwrap().push(self.terminal.has_live_lines());
            assert_eq!(flow, Flow::GoOn);
            Ok(Output::default())
        }
    }

    /// Whether a line was on the screen just before the answers of these questions, and after the last.
    fn shown(person: bool, quiet: bool, seconds: u64, io: &[Io]) -> (Vec<bool>, bool) {
        let (terminal, _) = fake::terminal(|s| (s.stderr_is_terminal, s.quiet) = (person, quiet));
        let clock = FakeClock::default();
        let host = Slow { clock: &clock, seconds, terminal: terminal.clone(), shown: Mutex::default() };
        let asking = Asking::new(&terminal, &clock, false);
        for io in io {
            let line = CommandLine { io: *io, ..CommandLine::reads("juju", ["status"]) };
            asking.over(&host, Place::Vm).ask(&line).unwrap();
        }
        drop(asking);
        (host.shown.into_inner().unwrap(), terminal.has_live_lines())
    }

    #[test]
    fn a_person_sees_what_is_waited_for_once_it_takes_more_than_a_moment() {
        let captured = CommandLine::reads("juju", ["status"]).io;
        assert_eq!(shown(true, false, 1, &[captured]), (vec![true], false));
        assert_eq!(shown(true, false, 0, &[captured]), (vec![false], false));
        assert_eq!(shown(true, true, 1, &[captured]), (vec![false], false));
        assert_eq!(shown(false, false, 1, &[captured]), (vec![false], false));
    }

    #[test]
    fn what_fills_the_screen_itself_has_no_line_below_it() {
        let captured = CommandLine::reads("juju", ["status"]).io;
        assert_eq!(shown(true, false, 2, &[captured, Io::Lines, Io::Terminal]).0, [true, false, false]);
    }

    #[test]
    fn the_line_says_how_long_and_for_what_and_that_it_is_a_rehearsal() {
        let line = CommandLine::reads("juju", ["show-model", "a\nb"]).within(Duration::from_secs(60));
        let said = |rehearsal| {
            let text = waits(Place::Vm, &line, Duration::from_secs(12), rehearsal);
            anstream::adapter::strip_str(&text).to_string()
        };
        assert!(said(false).starts_with("00:12 of 01:00  vm? juju show-model"), "{}", said(false));
        assert!(!said(false).contains('\n'));
        assert!(said(true).starts_with("00:12 of 01:00  rehearsal  vm? juju"));
    }
}
