//! How a step gets on: its limit, and when it last showed something new. A slow step that moves is not given up; one
//! that stands still is looked into, long before its limit.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// So many times its limit a step gets at most, however much it moves.
const LONGEST: u32 = 3;
/// What passes between two signs that kafstack itself runs, at most: no question takes longer. More, and the laptop slept
/// or its clock was set.
const AWAKE: Duration = Duration::from_secs(600);
/// So many times as long as it takes until it is looked into, a standstill is told though nothing is found.
const WORRYING: u32 = 3;
/// How many different texts are remembered. What comes round again within them is nothing new.
const REMEMBERED: usize = 1024;

/// The pace of one step.
#[derive(Debug)]
pub struct Pace {
    /// Its limit.
    limit: Duration,
    /// What it showed.
    shown: Mutex<Shown>,
}

/// What a step showed.
#[derive(Debug)]
struct Shown {
    /// When it began. Time that does not count moves it.
    began: Timestamp,
    /// When it last showed something new; moved likewise.
    at: Timestamp,
    /// When kafstack last ran for certain.
    awake: Timestamp,
    /// What it showed lately, hashed.
    lately: VecDeque<u64>,
    /// When it was last looked into, or showed something new.
    looked: Timestamp,
    /// The cause that was named since then.
    named: Option<&'static str>,
}

impl Pace {
    /// The pace of a step that begins now and has this limit.
    pub fn new(began: Timestamp, limit: Duration) -> Self {
        let shown =
            Shown { began, at: began, awake: began, lately: VecDeque::new(), looked: began, named: None };
        Pace { limit, shown: Mutex::new(shown) }
    }

    /// For how long the step has run.
    pub fn elapsed(&self, now: Timestamp) -> Duration {
        between(self.shown().began, now)
    }

    /// What is left until the step is given up even if it moves.
    fn left(&self, now: Timestamp) -> Duration {
        (self.limit * LONGEST).saturating_sub(self.elapsed(now))
    }

    /// kafstack runs now. Returns the time that passed without it, if that was long: the laptop slept, or its clock was
    /// set ahead. Such time counts for nothing, nor does a clock that was set back.
    pub fn pulse(&self, now: Timestamp) -> Option<Duration> {
        let mut shown = self.shown();
        let passed = now.duration_since(shown.awake);
        shown.awake = now;
        let strange = passed.is_negative() || passed > AWAKE.try_into().unwrap_or_default();
        if strange {
            shown.began += passed;
            shown.at += passed;
            shown.looked += passed;
        }
        Duration::try_from(passed).ok().filter(|_| strange)
    }

    /// The step showed this.
    pub fn show(&self, now: Timestamp, text: &[u8]) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        let mut shown = self.shown();
        if shown.lately.contains(&hash) {
            return;
        }
        if shown.lately.len() == REMEMBERED {
            shown.lately.pop_front();
        }
        shown.lately.push_back(hash);
        (shown.at, shown.looked, shown.named) = (now, now, None);
    }

    /// For how long it has shown nothing new.
    pub fn quiet(&self, now: Timestamp) -> Duration {
        between(self.shown().at, now)
    }

    /// Whether it may go on: within its limit always, beyond it while it moves.
    pub fn may_go_on(&self, now: Timestamp) -> bool {
        let moves = self.quiet(now) < self.limit / 10 && !self.left(now).is_zero();
        self.elapsed(now) < self.limit || moves
    }

    /// Whether it has stood still for so long that it is time to look into that, for the first time or again.
    pub fn stands_still(&self, now: Timestamp) -> bool {
        let mut shown = self.shown();
        let due = between(shown.looked, now) >= self.patience();
        if due {
            shown.looked = now;
        }
        due
    }

    /// For how long it has shown nothing new, if that is so long that the user should know, whatever the cause.
    pub fn worries(&self, now: Timestamp) -> Option<Duration> {
        Some(self.quiet(now)).filter(|quiet| *quiet >= self.patience() * WORRYING)
    }

    /// After how long a standstill is looked into.
    fn patience(&self) -> Duration {
        (self.limit / 10).min(Duration::from_secs(600))
    }

    /// A cause was found. Returns whether it was not named before in this standstill.
    pub fn is_news(&self, cause: &'static str) -> bool {
        self.shown().named.replace(cause) != Some(cause)
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From then until now, never negative: a clock may be set back.
fn between(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(60 * minutes)
    }

    fn hour() -> Pace {
        Pace::new(at(0), Duration::from_secs(3600))
    }

    #[test]
    fn beyond_its_limit_a_step_goes_on_only_while_it_moves() {
        let pace = hour();
        assert!(pace.may_go_on(at(59)) && !pace.may_go_on(at(60)));
        pace.show(at(58), b"7 of 8 units");
        assert!(pace.may_go_on(at(63)) && !pace.may_go_on(at(64)));
        for minute in 60..400 {
            pace.show(at(minute), format!("line {minute}").as_bytes());
        }
        assert!(!pace.may_go_on(at(180)), "not for ever");
    }

    #[test]
    fn what_comes_round_again_is_no_progress() {
        let pace = hour();
        for minute in 0..90 {
            pace.show(at(minute), [b"one".as_slice(), b"other"][usize::try_from(minute % 2).unwrap()]);
        }
        assert_eq!(pace.quiet(at(90)), Duration::from_secs(89 * 60));
        assert!(!pace.may_go_on(at(90)));
    }

    #[test]
    fn a_standstill_is_looked_into_now_and_again_and_its_cause_is_news_once() {
        let pace = hour();
        assert!(!pace.stands_still(at(5)));
        assert!(pace.stands_still(at(6)) && !pace.stands_still(at(11)) && pace.stands_still(at(12)));
        assert!(pace.is_news("disk-full") && !pace.is_news("disk-full") && pace.is_news("vm-asleep"));
        pace.show(at(13), b"new");
        assert!(!pace.stands_still(at(18)) && pace.stands_still(at(19)));
        assert!(pace.is_news("vm-asleep"));
    }

    #[test]
    fn time_in_which_the_laptop_slept_does_not_count() {
        let pace = hour();
        assert_eq!((pace.pulse(at(9)), pace.pulse(at(19))), (None, None));
        assert_eq!(pace.pulse(at(19 + 480)), Some(Duration::from_secs(480 * 60)));
        assert_eq!(pace.elapsed(at(500)), Duration::from_secs(20 * 60));
        assert!(pace.may_go_on(at(500)));
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_time_and_takes_none() {
        let pace = Pace::new(at(1000), Duration::from_secs(3600));
        assert_eq!((pace.pulse(at(1005)), pace.pulse(at(5))), (None, None));
        assert_eq!(pace.elapsed(at(6)), Duration::from_secs(6 * 60));
        assert_eq!(pace.elapsed(at(0)), Duration::ZERO);
    }
}
