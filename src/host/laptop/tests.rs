//! The laptop with real processes; none of them outlives its test for long.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::host::{CAPTURE, Unwatched};

/// A laptop on which a command told to end has a quarter of a second for it.
fn laptop() -> Laptop {
    Laptop::new(TimeScale(20.0))
}

fn sh(script: &str) -> CommandLine {
    CommandLine::reads("sh", ["-c", script])
}

fn streamed(script: &str) -> CommandLine {
    CommandLine::changes("sh", ["-c", script])
}

/// Writes down what it is told and leaves as soon as it was told a line, if it is to.
#[derive(Default)]
struct Seen {
    lines: Vec<(Stream, String)>,
    bytes: usize,
    longest: usize,
    ticks: usize,
    leaves: bool,
}

impl Watch for Seen {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        self.bytes += text.len();
        self.longest = self.longest.max(text.len());
        if self.lines.len() < 100 {
            self.lines.push((stream, String::from_utf8_lossy(text).into_owned()));
        }
    }

    fn tick(&mut self, _: Duration) -> Flow {
        self.ticks += 1;
        if self.leaves && !self.lines.is_empty() { Flow::Leave } else { Flow::GoOn }
    }
}

#[test]
fn streams_stay_apart_and_come_line_by_line() {
    let mut seen = Seen::default();
    let output = laptop().run(&sh("echo one; echo two >&2; printf 'three\\r\\nfour'"), &mut seen).unwrap();
    assert_eq!((output.out().as_str(), output.err().as_str()), ("one\nthree\r\nfour", "two\n"));
    let of = |stream| seen.lines.iter().filter(|l| l.0 == stream).map(|l| &*l.1).collect::<Vec<_>>();
    assert_eq!(of(Stream::Stdout), ["one", "three", "four"]);
    assert_eq!(of(Stream::Stderr), ["two"]);
}

#[test]
fn what_a_child_is_fed_is_in_its_pipe_before_there_is_a_child() {
    let waiting = |bytes: &[u8]| rustix::io::ioctl_fionread(filled(bytes).unwrap()).unwrap();
    assert_eq!(waiting(b""), 0);
    let config = crate::config::Preset::Microstack.config();
    let user_data = crate::cloud_init::for_vm(&config.vm.name, &config.proxy);
    assert_eq!(waiting(user_data.as_bytes()), u64::try_from(user_data.len()).unwrap());
    assert!(waiting(&[b'x'; 3 * AT_ONCE]) >= u64::try_from(AT_ONCE).unwrap());
    let mut rest = Vec::new();
    filled(&[b'x'; 300_000]).unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 300_000);
}

#[test]
fn exit_codes_and_signals_come_through() {
    for (script, code) in [("exit 0", 0), ("exit 4", 4), ("kill -9 $$", 137), ("exec >&- 2>&-; exit 5", 5)] {
        assert_eq!(laptop().ask(&sh(script)).unwrap().code, code, "{script}");
    }
}

#[test]
fn what_was_said_just_before_the_end_is_never_lost() {
    for _ in 0..20 {
        let output = laptop().ask(&sh("head -c 100000 /dev/zero; echo end; echo fin >&2")).unwrap();
        assert_eq!((output.stdout.len(), output.err().as_str()), (100_004, "fin\n"));
        let output = laptop().ask(&streamed("head -c 100000 /dev/zero; echo end")).unwrap();
        assert_eq!((output.stdout.len(), &output.stdout[TAIL - 4..]), (TAIL, &b"end\n"[..]));
    }
}

#[test]
fn children_get_a_plain_environment_no_input_and_the_home_folder() {
    let output =
        laptop().ask(&sh("cat; echo $NO_COLOR $COLUMNS $LC_ALL $TERM ${JUJU_MODEL-none}; pwd -P")).unwrap();
    let home = std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| PathBuf::from("/"));
    assert_eq!(
        output.out(),
        format!("1 256 C.UTF-8 dumb none\n{}\n", home.canonicalize().unwrap().display())
    );
}

#[test]
fn a_child_that_ignores_the_request_to_end_is_killed_when_its_time_is_over() {
    let line = streamed("trap '' TERM; echo stuck; sleep 1000").within(Duration::from_millis(300));
    let began = Instant::now();
    let error = laptop().ask(&line).unwrap_err();
    let (text, after) = (line.to_string(), Duration::from_millis(300));
    assert_eq!(error, CommandError::TimedOut { line: text, after, said: "stuck".to_owned() });
    assert!(began.elapsed() < Duration::from_secs(20));
    let error = laptop().ask(&line.confidential()).unwrap_err();
    assert!(!error.to_string().contains("it said: stuck"), "{error}");
}

#[test]
fn a_child_that_cleans_up_when_told_to_end_has_the_time_for_it() {
    let line = streamed("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
    let mut seen = Seen { leaves: true, ..Seen::default() };
    let patient = Laptop::new(TimeScale::default());
    assert_eq!(patient.run(&line, &mut seen), Err(CommandError::Left { line: line.to_string() }));
    assert!(seen.lines.contains(&(Stream::Stdout, "bye".to_owned())));
}

#[test]
fn what_a_child_started_is_gone_when_the_child_was_ended() {
    for script in ["sleep 1000 & echo $!; wait", "(trap '' TERM; exec sleep 1000) >&- 2>&- & echo $!; wait"] {
        let mut seen = Seen { leaves: true, ..Seen::default() };
        laptop().run(&sh(script), &mut seen).unwrap_err();
        let grandchild = &seen.lines[0].1;
        let state = laptop().ask(&CommandLine::reads("ps", ["-o", "stat=", "-p", grandchild])).unwrap().out();
        assert!(state.is_empty() || state.starts_with('Z'), "{state}");
    }
}

#[test]
fn what_a_child_leaves_behind_is_not_waited_for() {
    let output = laptop().ask(&sh("sleep 20 & echo done")).unwrap();
    assert_eq!((output.code, output.out().as_str()), (0, "done\n"));
    assert!(output.took < Duration::from_secs(15));
}

#[test]
fn a_flood_is_passed_on_in_bounded_pieces_and_only_its_tail_is_kept() {
    let mut seen = Seen::default();
    let output =
        laptop().run(&CommandLine::changes("head", ["-c", "200000000", "/dev/zero"]), &mut seen).unwrap();
    assert_eq!((seen.bytes, seen.longest), (200_000_000, crate::host::lines::PIECE));
    assert_eq!((output.stdout.len(), output.stdout.capacity() < 16 * TAIL), (TAIL, true));
}

#[test]
fn a_flood_does_not_outrun_ticks_and_limits() {
    let mut seen = Seen::default();
    let line = CommandLine::changes("yes", [""; 0]).within(Duration::from_millis(500));
    assert!(matches!(laptop().run(&line, &mut seen), Err(CommandError::TimedOut { .. })));
    assert!(seen.ticks >= 2, "{}", seen.ticks);
}

#[test]
fn a_captured_stream_past_its_limit_ends_the_child() {
    let mut line = CommandLine::reads("yes", [""; 0]);
    line.io = Io::Captured { limit: 1000 };
    assert_eq!(laptop().ask(&line), Err(CommandError::TooMuch { line: "yes".to_owned(), limit: 1000 }));
    line = sh("head -c 1000 /dev/zero");
    line.io = Io::Captured { limit: 1000 };
    assert_eq!(laptop().ask(&line).unwrap().stdout.len(), 1000);
}

#[test]
fn large_input_blocks_neither_a_child_that_ignores_it_nor_one_that_echoes_it() {
    let input = vec![b'x'; 10_000_000];
    assert_eq!(laptop().ask(&sh("exit 3").fed(input.clone())).unwrap().code, 3);
    let echoed =
        laptop().run(&CommandLine::reads("cat", [""; 0]).fed(input.clone()), &mut Unwatched).unwrap();
    assert!(input.len() < CAPTURE && echoed.stdout == input);
}

#[test]
fn a_missing_program_is_told_apart_from_one_that_does_not_start() {
    let program = "kafstack-no-such-program".to_owned();
    let missing = CommandLine::reads(&program, [""; 0]);
    assert_eq!(laptop().ask(&missing), Err(CommandError::NotInstalled { program }));
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    std::fs::write(&broken, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = CommandLine::reads(broken.to_str().unwrap(), [""; 0]);
    assert!(matches!(laptop().ask(&line), Err(CommandError::NotStarted { .. })));
}
