//! Time: the only file that sleeps, and the only one that asks what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Time as the engine sees it: the laptop's, or the rehearsal's virtual one.
pub trait Clock: Send + Sync {
    /// Now. Only differences and display depend on it.
    fn now(&self) -> Timestamp;
    /// Waits for this long, or less when the user interrupts.
    fn pause(&self, time: Duration);
}

/// What the user's signals asked for so far. Shared by who receives signals, the hosts, the clock and the terminal.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<Asked>);

/// The state of a [`Stop`].
#[derive(Default, Debug)]
struct Asked {
    /// How often.
    times: AtomicU8,
    /// A run is going on that heeds signals in its own way.
    conducted: AtomicBool,
}

impl Stop {
    /// Counts one more request. The first means "start nothing new", the second "leave now".
    pub fn request(&self) {
        let _ = self.0.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| Some(n.saturating_add(1)));
    }

    /// Nothing new may be started.
    pub fn requested(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) >= 1
    }

    /// What runs here is to be ended.
    pub fn leave_now(&self) -> bool {
        self.0.times.load(Ordering::SeqCst) >= 2
    }

    /// A run begins, or ends, that heeds signals in its own way.
    pub fn conduct(&self, going_on: bool) {
        self.0.conducted.store(going_on, Ordering::SeqCst);
    }

    /// Whether such a run is going on.
    pub fn conducted(&self) -> bool {
        self.0.conducted.load(Ordering::SeqCst)
    }
}

/// The laptop's clock.
#[derive(Clone, Debug)]
pub struct RealClock {
    /// Ends a pause early.
    stop: Stop,
    /// Divides every pause (contract: `KAFSTACK_TIME_SCALE`), for tests with stand-ins for the tools.
    scale: TimeScale,
}

impl RealClock {
    /// A clock whose pauses `stop` ends.
    pub fn new(stop: Stop, scale: TimeScale) -> Self {
        RealClock { stop, scale }
    }
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn pause(&self, time: Duration) {
        let end = Instant::now() + self.scale.wait(time);
        while !self.stop.requested() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(Duration::from_millis(50)));
        }
    }
}

/// Sleeps in real time, for the two that must: the real clock and a rehearsal played for people.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}

/// By how much kafstack's own waits are shortened: 1 but in tests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale(pub f64);

impl Default for TimeScale {
    fn default() -> Self {
        TimeScale(1.0)
    }
}

impl TimeScale {
    /// A wait, an interval or a step's limit, divided.
    pub fn wait(self, time: Duration) -> Duration {
        if self.0 > 1.0 { time.div_f64(self.0) } else { time }
    }

    /// The limit of one single command, divided, but never below 10 s unless it was.
    pub fn command_limit(self, time: Duration) -> Duration {
        self.wait(time).max(time.min(Duration::from_secs(10)))
    }
}

/// Virtual time for tests: a pause only moves the hand.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct FakeClock(std::sync::Mutex<Duration>);

#[cfg(test)]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + *self.0.lock().unwrap()
    }

    fn pause(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_ten_seconds_however_fast_tests_run() {
        let scale = TimeScale(1000.0);
        assert_eq!(scale.command_limit(Duration::from_secs(300)), Duration::from_secs(10));
        assert_eq!(scale.command_limit(Duration::from_secs(5)), Duration::from_secs(5));
        assert_eq!(scale.wait(Duration::from_secs(10)), Duration::from_millis(10));
    }
}
