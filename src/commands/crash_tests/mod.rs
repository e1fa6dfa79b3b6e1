//! kafstack dies anywhere, and the next one finishes what it began: the engine over the simulated laptop.
//!
//! A death is what is on disk at that moment: kill -9 leaves nothing else. So one undisturbed run gives every death
//! at once, each a copy of the disk, and from each copy another kafstack goes on.

#![expect(clippy::print_stdout, reason = "figures that documentation quotes")]

mod changes;
mod disk;
mod errand;
mod laptop;
mod process;
mod up;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use disk::Disk;
use errand::Errand;
use process::Process;

use crate::config::Config;

/// How often a kafstack that says "not yet" or "failed" may be called again before a test gives up.
const RERUNS: usize = 4;

/// What came of all the reruns of one test.
#[derive(Default)]
struct Tally {
    /// Deaths that were gone on from.
    deaths: AtomicUsize,
    /// Expensive effects that were there twice.
    doubled: Mutex<Vec<String>>,
    /// Ends that are not the undisturbed run's.
    different: Mutex<Vec<String>>,
}

impl Tally {
    /// Goes on from a death to the end, and judges that end by what an undisturbed run leaves.
    fn go_on(&self, disk: &Disk, errand: Errand, config: &Config, expected: &str) {
        self.deaths.fetch_add(1, Ordering::SeqCst);
        let (mut disk, mut failures) = (disk.clone(), Vec::new());
        for _ in 0..RERUNS {
            let process = Process::on(&disk);
            match process.carry_out(errand, config) {
                Ok(()) => return self.judge(&process, &disk, expected),
                Err(failure) => failures.push(failure.to_string()),
            }
            disk = process.disk(&format!("{}, then {failures:?}", disk.died));
        }
        self.different.lock().unwrap().push(format!("{}: never done: {failures:#?}", disk.died));
    }

    /// Judges an end.
    fn judge(&self, process: &Process, from: &Disk, expected: &str) {
        for deed in process.doubled() {
            self.doubled.lock().unwrap().push(format!("{}: {deed}", from.died));
        }
        assert_eq!(process.unknown(), [""; 0], "{}", from.died);
        let end = process.essence();
        if end != expected {
            let lines = expected.lines().zip(end.lines()).find(|(wanted, seen)| wanted != seen);
            self.different.lock().unwrap().push(format!("{}: {lines:#?}", from.died));
        }
    }

    /// Nothing was different, nothing doubled. Returns how many deaths there were.
    #[track_caller]
    fn sound(&self) -> usize {
        let (different, doubled) = (self.different.lock().unwrap(), self.doubled.lock().unwrap());
        assert!(different.is_empty(), "{} ends differ, for one {}", different.len(), different[0]);
        assert!(doubled.is_empty(), "{} effects doubled, for one {}", doubled.len(), doubled[0]);
        self.deaths.load(Ordering::SeqCst)
    }
}

/// Does something with each, on two threads.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let one = || {
        while let Some(item) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(one);
        one();
    });
}

/// Numbers that look random and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    /// One below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}
