//! A thousand interrupts: whatever a command is doing, and however it takes it, nothing of it is left on the laptop.

#![expect(clippy::print_stdout, reason = "figures that documentation quotes")]

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// What commands do that are hard to end. Each would stay for a quarter of an hour.
const STUBBORN: [&str; 7] = [
    "sleep 900",
    // Deaf to the request to end, and so is what it starts.
    "trap '' TERM; sleep 900; sleep 900",
    "sleep 900 & sleep 900 & wait",
    // Forked twice, so that its parent is gone.
    "(sleep 900 &); (trap '' TERM; sleep 900 >&- 2>&- &); sleep 900",
    // Talks without end.
    "while :; do echo 'another line'; sleep 0.01; done",
    // Begins something new when it is told to end.
    "trap 'sleep 900 & exit 0' TERM; while :; do sleep 900 & wait; done",
    "trap '(sleep 900 &); sleep 900' TERM INT HUP; sleep 900 & wait; sleep 900",
];

/// Leaves when so much time has passed.
struct LeavesAfter(Duration);

impl Watch for LeavesAfter {
    fn line(&mut self, _: Stream, _: &[u8]) {}

    fn tick(&mut self, elapsed: Duration) -> Flow {
        if elapsed >= self.0 { Flow::Leave } else { Flow::GoOn }
    }
}

/// The processes that carry this mark in their environment or command line, but for those that only wait for somebody
/// to take note of their end.
fn marked(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        path.file_name()?.to_str()?.parse::<u32>().ok().map(|_| path)
    });
    let carries = |path: &PathBuf| {
        let texts = ["environ", "cmdline"].map(|file| std::fs::read(path.join(file)).unwrap_or_default());
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        let ended = stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']));
        !ended && texts.iter().any(|text| String::from_utf8_lossy(text).contains(mark))
    };
    entries.filter(carries).map(|path| path.display().to_string()).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_interrupts_leave_no_orphan() {
    let mark = format!("KAFSTACK_TEST_MARK={}", std::process::id());
    let next = AtomicU64::new(0);
    // A command that is told to end has 25 ms for it before it is killed.
    let laptop = Laptop::new(TimeScale(200.0));
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            if n >= 1000 {
                return;
            }
            // Looks random and is the same each time.
            let chance = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            let script = STUBBORN[usize::try_from(n).unwrap() % STUBBORN.len()];
            let line = CommandLine::changes("sh", ["-c", &format!("export {mark}; {script}")]);
            let answer = laptop.run(&line, &mut LeavesAfter(Duration::from_millis(chance % 150)));
            assert!(matches!(answer, Err(CommandError::Left { .. })), "{script}: {answer:?}");
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(work);
        }
    });
    assert_eq!(marked(&mark), [""; 0]);
    println!("1000 interrupts, 0 orphans");
}

#[test]
fn what_a_child_started_in_a_session_of_its_own_and_holds_its_pipes_open_does_not_hang_kafstack() {
    let laptop = Laptop::new(TimeScale(200.0));
    let line = |script: &str| CommandLine::changes("sh", ["-c", script]);
    let left = laptop.run(&line("setsid sleep 20 & sleep 900"), &mut LeavesAfter(Duration::ZERO));
    assert!(matches!(left, Err(CommandError::Left { .. })), "{left:?}");
    assert_eq!(laptop.ask(&line("setsid sleep 20 & exit 3")).unwrap().code, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn time_in_which_kafstack_itself_stood_still_is_not_the_commands() {
    let mut limit = Limit::new(Duration::from_secs(30));
    let began = Instant::now();
    let at = |seconds: u64| began + Duration::from_secs(seconds);
    assert!(!limit.is_over(began));
    // Looked at as usual.
    for second in 1..=20 {
        assert!(!limit.is_over(at(second)), "{second}");
    }
    // Stopped for an hour.
    assert!(!limit.is_over(at(3620)));
    for second in 3621..3630 {
        assert!(!limit.is_over(at(second)), "{second}");
    }
    assert!(limit.is_over(at(3631)));
}
