//! kafstack's own cost beside what a user would pick instead: `cargo bench`.
//!
//! It prints one Markdown table, all rows measured in one run, what is compared in turn (A B A B …), so that a change
//! of the machine's speed meets both. `just` is compared where it is installed (`cargo install just`).

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark starts programs and prints a table"
)]

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary as cargo links it. What is measured is a copy, as `cargo install` makes one: a file that a linker has just
/// written lies in the system's cache in smaller pieces than one that was copied or read from the disk.
const LINKED: &str = env!("CARGO_BIN_EXE_kafstack");
/// Names folders that every program searches for its libraries as it starts. cargo sets it, a shell does not.
const LIBRARIES: &str = "LD_LIBRARY_PATH";
/// Steps of a run.
const STEPS: usize = 12;

fn main() {
    // `cargo test --benches` asks for nothing but that it starts.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    if std::env::var_os(LIBRARIES).is_some() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        panic!("{}", again.args(std::env::args_os().skip(1)).env_remove(LIBRARIES).exec());
    }
    println!("| what | kafstack | beside it | ratio |");
    println!("|---|---|---|---|");
    let installed = tempfile::tempdir().unwrap();
    let kafstack = installed.path().join("kafstack");
    std::fs::copy(LINKED, &kafstack).unwrap();
    cold_start(&kafstack);
    overhead();
    flood();
    rehearsal(&kafstack);
    refusals(&kafstack);
}

/// The median of so many measurements of each, taken in turn.
fn in_turn<const N: usize>(
    times: usize,
    mut measure: [Box<dyn FnMut() -> Duration + '_>; N],
) -> [Duration; N] {
    let mut all = [(); N].map(|()| Vec::with_capacity(times));
    for measure in &mut measure {
        measure();
    }
    for _ in 0..times {
        for (measure, all) in measure.iter_mut().zip(&mut all) {
            all.push(measure());
        }
    }
    all.map(|mut all| {
        all.sort();
        all[all.len() / 2]
    })
}

/// How long a command takes from start to end.
fn timed(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let took = began.elapsed();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
    took
}

/// Whether `just` is there.
fn has_just() -> bool {
    Command::new("just").arg("--version").stdout(Stdio::null()).status().is_ok()
}

/// One row.
fn row(what: &str, ours: Duration, beside: &str, theirs: Duration) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("| {what} | {} | {} {beside} | {ratio:.2} |", shown(ours), shown(theirs));
}

/// A duration in milliseconds.
fn shown(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

/// From nothing to an answer.
fn cold_start(kafstack: &Path) {
    let run = |program: &Path, arg: &'static str| {
        let program = program.to_owned();
        move || timed(Command::new(&program).arg(arg))
    };
    let (just, nothing) = (Path::new("just"), Path::new("true"));
    if has_just() {
        let [version, help, just] = in_turn(
            200,
            [
                Box::new(run(kafstack, "--version")),
                Box::new(run(kafstack, "--help")),
                Box::new(run(just, "--version")),
            ],
        );
        row("cold start, `--version`", version, "`just --version`", just);
        row("cold start, `--help`", help, "`just --version`", just);
    } else {
        let [version, help, nothing] = in_turn(
            200,
            [
                Box::new(run(kafstack, "--version")),
                Box::new(run(kafstack, "--help")),
                Box::new(run(nothing, "")),
            ],
        );
        row("cold start, `--version`", version, "`true` (just is not installed)", nothing);
        row("cold start, `--help`", help, "`true` (just is not installed)", nothing);
    }
}

/// What it costs to read what a tool says in masses: cut into lines, searched for secrets, told up to a point, kept.
fn flood() {
    const MIB: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let say =
        format!("yes 'the quick brown fox jumps over the lazy dog, and does so again' | head -c {MIB}M");
    let mut run = 0;
    let mut ours = || {
        run += 1;
        let (folder, file) = (path.join(format!("run-{run}")), path.join(format!("done-{run}")));
        std::fs::create_dir(&folder).unwrap();
        let line = format!("{say}; : >'{}'", file.display());
        let began = Instant::now();
        kafstack::drive::steps(&folder, vec![(file, line)]).unwrap();
        began.elapsed()
    };
    let kept = format!("{say} >'{}'", path.join("kept").display());
    let mut sh = || timed(Command::new("sh").args(["-c", &kept]));
    let [ours, sh] = in_turn(5, [Box::new(&mut ours), Box::new(&mut sh)]);
    row(
        &format!("{MIB} MiB that a tool says, without secrets, told and kept"),
        ours,
        "`sh`, into a file",
        sh,
    );
}

/// What a step costs beside the tenth of a second that its command sleeps.
fn overhead() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let asleep = Duration::from_millis(100) * u32::try_from(STEPS).unwrap();
    let line = |n: usize, run: usize| {
        let file = path.join(format!("done-{run}-{n}"));
        (file.clone(), format!("sleep 0.1; : >'{}'", file.display()))
    };
    let mut run = 0;
    let mut ours = || {
        run += 1;
        let folder = path.join(format!("run-{run}"));
        std::fs::create_dir(&folder).unwrap();
        let began = Instant::now();
        kafstack::drive::steps(&folder, (0..STEPS).map(|n| line(n, run)).collect()).unwrap();
        began.elapsed()
    };
    let script: String = (0..STEPS).map(|n| format!("sh -c \"{}\"\n", line(n, 0).1)).collect();
    let mut sh = || timed(Command::new("sh").args(["-c", &script]));
    // The same three processes that kafstack starts for a step: the checkpoint, the act, the checkpoint.
    let asking: String = (0..STEPS)
        .map(|n| {
            let (file, act) = line(n, 0);
            let ask = format!("/usr/bin/test -e '{}'", file.display());
            format!("{ask}\nsh -c \"{act}\"\n{ask}\n")
        })
        .collect();
    let mut sh_asking = || timed(Command::new("sh").args(["-c", &asking]));
    let justfile: String = (0..STEPS)
        .map(|n| {
            let after = if n > 0 { format!(" s{}", n - 1) } else { String::new() };
            format!("s{n}:{after}\n    @{}\n", line(n, 0).1)
        })
        .collect();
    std::fs::write(path.join("justfile"), format!("default: s{}\n{justfile}", STEPS - 1)).unwrap();
    let with_just = has_just();
    let mut just = || match with_just {
        true => timed(Command::new("just").arg("--justfile").arg(path.join("justfile"))),
        false => asleep,
    };
    let mut sync = || synced(path);
    let a_step = |whole: Duration| whole.saturating_sub(asleep) / u32::try_from(STEPS).unwrap();
    let [ours, sh, sh_asking, just, sync] = in_turn(
        7,
        [
            Box::new(&mut ours),
            Box::new(&mut sh),
            Box::new(&mut sh_asking),
            Box::new(&mut just),
            Box::new(&mut sync),
        ],
    );
    let (ours, sh_asking) = (a_step(ours), a_step(sh_asking));
    row(
        "a step: checkpoint, act, checkpoint, journal synced twice",
        ours,
        "`sh`, the same three commands",
        sh_asking,
    );
    row("the same", ours, "`sh`, the act alone", a_step(sh));
    if with_just {
        row("the same", ours, "`just`, the act alone", a_step(just));
    }
    let own = ours.saturating_sub(sh_asking);
    row(
        "own overhead of a step: the first less what `sh` needs for the same",
        own,
        "two bare appends with fsync",
        sync * 2,
    );
}

/// A line appended to a file and on the disk.
fn synced(folder: &Path) -> Duration {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(folder.join("synced")).unwrap();
    let began = Instant::now();
    for _ in 0..20 {
        file.write_all(b"a line of a journal, about as long as one of kafstack's own\n").unwrap();
        file.sync_data().unwrap();
    }
    began.elapsed() / 20
}

/// The whole journey in rehearsal.
fn rehearsal(kafstack: &Path) {
    let journey = || {
        let folder = tempfile::tempdir().unwrap();
        let up = ["up", "--rehearse", "--progress", "none"];
        timed(Command::new(kafstack).args(up).env("XDG_STATE_HOME", folder.path()).env("HOME", folder.path()))
    };
    let [whole, nothing] = in_turn(10, [Box::new(journey), Box::new(|| timed(&mut Command::new("true")))]);
    row("whole `up --rehearse`", whole, "`true`", nothing);
}

/// Starters beside one that is at work.
const LATE: usize = 49;

/// One kafstack is at work; forty-nine more are started at once, and each is told who that is.
fn refusals(kafstack: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let kafstack = || {
        let mut command = Command::new(kafstack);
        command.env("XDG_STATE_HOME", folder.path()).env("HOME", folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // Played at the speed of real time, so that it is at work for as long as this lasts.
    let at_work = ["up", "--rehearse", "--speed", "1", "--events", "-"];
    let mut holder = kafstack().args(at_work).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    holder.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let refused = || slowest(|| kafstack().args(["up", "--rehearse"]).spawn().unwrap(), 8);
    let nothing = || slowest(|| Command::new("true").spawn().unwrap(), 0);
    let [refused, nothing] = in_turn(10, [Box::new(refused), Box::new(nothing)]);
    holder.kill().unwrap();
    holder.wait().unwrap();
    row("the slowest of 49 refused at once by one at work", refused, "`true`, 49 at once", nothing);
}

/// How long the slowest of [`LATE`] processes takes from its start to its end, with which all have this code.
fn slowest(start: impl Fn() -> Child, code: i32) -> Duration {
    let mut late: Vec<(Instant, Child)> = (0..LATE).map(|_| (Instant::now(), start())).collect();
    let took = |(began, child): &mut (Instant, Child)| {
        assert_eq!(child.wait().unwrap().code(), Some(code));
        began.elapsed()
    };
    late.iter_mut().map(took).max().unwrap()
}
