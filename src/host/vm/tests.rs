//! The wrapper in a real shell: a stand-in for `multipass` runs what it is handed right here, in a folder of its
//! own and without kafstack's environment, as the real one would in the VM.

use std::path::{Path, PathBuf};

use super::*;
use crate::host::Unwatched;
use crate::host::clock::{RealClock, Stop, TimeScale};
use crate::host::laptop::Laptop;

/// Answers `list` from a file and runs what `exec` is given. Every argument list is written down; `cut` breaks the
/// connection at the end of the next look at a long act; `refusal` is what a broken way says.
const MULTIPASS: &str = r#"home=${0%/*}
printf '%s\n' "$@" >>"$home/argv"
case "$*" in
"list --format json --no-ipv4") cat "$home/fleet.json" ;;
"exec -n microstack -- sh -c "*)
  shift 4
  set -- env -i HOME="$home" PATH="$PATH" "$@"
  if [ -e "$home/refusal" ]; then cat "$home/refusal" >&2; exit 2; fi
  case "$*" in *"kafstack --follow "*)
    if [ -e "$home/cut" ]; then rm "$home/cut"; "$@" 2>/dev/null; kill -9 $$; fi ;;
  esac
  exec "$@" ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac
"#;

/// The laptop, but `multipass` is the stand-in, and looks at a long act last a third of a second.
struct StandIn {
    laptop: Laptop,
    script: String,
}

impl Host for StandIn {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        assert_eq!(line.program, "multipass");
        let mut args = vec![self.script.clone()];
        args.extend(line.args.iter().cloned());
        if args.contains(&"--follow".to_owned()) {
            *args.last_mut().unwrap() = "0.3".to_owned();
        }
        // Run by `sh` rather than as a program: a file just written may still be open in another test's fork.
        self.laptop.run(&CommandLine { program: "sh".to_owned(), args, ..line.clone() }, watch)
    }
}

/// A VM in a folder.
struct Fixture {
    folder: tempfile::TempDir,
    vm: Vm,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("multipass");
        std::fs::write(&script, MULTIPASS).unwrap();
        let scale = TimeScale(50.0);
        let laptop = StandIn { laptop: Laptop::new(scale), script: script.to_str().unwrap().to_owned() };
        let clock = RealClock::new(Stop::default(), scale);
        let fixture = Fixture { folder, vm: Vm::new(Arc::new(laptop), Arc::new(clock), "microstack") };
        fixture.state_is("Running");
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn state_is(&self, state: &str) {
        let vm = r#"{"ipv4": [], "name": "microstack", "release": "Ubuntu 24.04 LTS", "state": "STATE"}"#;
        self.write("fleet.json", &format!(r#"{{"list": [{}]}}"#, vm.replace("STATE", state)));
    }

    /// Waits until a file is there.
    fn until_there(&self, name: &str) {
        while !self.path(name).exists() {
            std::thread::yield_now();
        }
    }
}

/// Writes down lines; on one of them it makes a file or leaves.
#[derive(Default)]
struct Seen {
    lines: Vec<(Stream, String)>,
    on: Option<(&'static str, Reaction)>,
    leaving: bool,
}

enum Reaction {
    Make(PathBuf),
    Leave,
}

impl Seen {
    fn making(on: &'static str, path: &Path) -> Self {
        Seen { on: Some((on, Reaction::Make(path.to_owned()))), ..Seen::default() }
    }

    fn leaving(on: &'static str) -> Self {
        Seen { on: Some((on, Reaction::Leave)), ..Seen::default() }
    }

    fn of(&self, stream: Stream) -> Vec<&str> {
        self.lines.iter().filter(|l| l.0 == stream).map(|l| &*l.1).collect()
    }
}

impl Watch for Seen {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        match &self.on {
            Some((on, Reaction::Make(path))) if text == *on => std::fs::write(path, "").unwrap(),
            Some((on, Reaction::Leave)) if text == *on => self.leaving = true,
            _ => {}
        }
        self.lines.push((stream, text));
    }

    fn tick(&mut self, _: Duration) -> Flow {
        if self.leaving { Flow::Leave } else { Flow::GoOn }
    }
}

fn sh(script: &str) -> CommandLine {
    CommandLine::reads("sh", ["-c", script])
}

/// A long act whose script can wait for a file, but not beyond the end of a test that failed.
fn act(name: &'static str, id: &str, script: &str) -> CommandLine {
    let script =
        format!("wait_for() {{ until [ -e $1 ] || [ ! -d kafstack ]; do sleep 0.02; done; }}; {script}");
    CommandLine::changes("sh", ["-c", &script]).long(name, id)
}

#[test]
fn every_exit_status_comes_through() {
    let fixture = Fixture::new();
    for code in [0, 1, 2, 4, 127, 255] {
        let mut seen = Seen::default();
        let output = fixture.vm.run(&sh(&format!("echo out; echo err >&2; exit {code}")), &mut seen).unwrap();
        assert_eq!((output.code, output.out().as_str(), output.err().as_str()), (code, "out\n", "err\n"));
        assert_eq!((seen.of(Stream::Stdout), seen.of(Stream::Stderr)), (vec!["out"], vec!["err"]));
    }
    assert_eq!(fixture.vm.ask(&CommandLine::reads("no-such-program", [""; 0])).unwrap().code, 127);
}

#[test]
fn stderr_arrives_as_it_was_with_and_without_a_last_newline() {
    let fixture = Fixture::new();
    for said in ["", "no end", "one\n", "one\n\n", "\n", "one\n\ntwo"] {
        let line = CommandLine::reads("sh", ["-c", r#"printf %s "$1" >&2"#, "sh", said]);
        for io in [Io::Captured { limit: CAPTURE }, Io::Streamed] {
            let mut seen = Seen::default();
            let output = fixture.vm.run(&CommandLine { io, ..line.clone() }, &mut seen).unwrap();
            assert_eq!((output.code, output.err().as_str()), (0, said));
            assert_eq!(seen.of(Stream::Stderr).join("\n").trim_end(), said.trim_end());
        }
    }
}

#[test]
fn arguments_arrive_untouched_and_input_ends_at_once() {
    let fixture = Fixture::new();
    let words = ["a b", "$HOME", "'\"", "--openrc", "", "new\nline"];
    let line = CommandLine::reads(
        "sh",
        ["-c", r#"cat; for w; do echo "[$w]"; done"#, "sh"].iter().chain(&words).copied(),
    );
    assert_eq!(fixture.vm.ask(&line).unwrap().out(), words.map(|w| format!("[{w}]\n")).concat());
    assert_eq!(fixture.vm.ask(&sh("cat").fed("from the laptop")).unwrap().out(), "from the laptop");
}

#[test]
fn commands_get_the_environment_that_multipass_does_not_forward() {
    let fixture = Fixture::new();
    let output = fixture.vm.ask(&sh("echo $NO_COLOR $COLUMNS $LC_ALL ${PATH##*:} $USER; pwd")).unwrap();
    let user = fixture.vm.ask(&CommandLine::reads("id", ["-un"])).unwrap().out();
    let home = fixture.folder.path().canonicalize().unwrap();
    assert_eq!(output.out(), format!("1 256 C.UTF-8 /snap/bin {user}{}\n", home.display()));
}

#[test]
fn a_command_with_the_terminal_to_itself_shows_no_mark() {
    let fixture = Fixture::new();
    let script = "echo ${NO_COLOR-coloured} >said; exit";
    for (code, seen) in [(0, 0), (3, 3), (4, 1)] {
        let line = CommandLine { io: Io::Terminal, ..sh(&format!("{script} {code}")) };
        assert_eq!(fixture.vm.ask(&line).unwrap().code, seen);
        assert_eq!(fixture.read("said"), "coloured\n");
    }
}

#[test]
fn a_connection_lost_in_the_middle_is_neither_yes_nor_no() {
    let fixture = Fixture::new();
    let line = sh("echo half >&2; kill -9 $PPID");
    let lost = CommandError::Unreachable { line: line.to_string(), why: "half".to_owned() };
    assert_eq!(fixture.vm.ask(&line), Err(lost));
    fixture.write("refusal", "exec failed: ssh connection failed: 'Connection refused'\n");
    let error = fixture.vm.ask(&line).unwrap_err();
    assert!(matches!(&error, CommandError::Unreachable { why, .. } if why.contains("refused")), "{error}");
    let error = fixture.vm.ask(&line.confidential()).unwrap_err();
    assert!(matches!(&error, CommandError::Unreachable { why, .. } if !why.contains("refused")), "{error}");
}

#[test]
fn a_vm_that_does_not_run_is_not_entered() {
    let fixture = Fixture::new();
    fixture.state_is("Stopped");
    let stopped = CommandError::VmNotRunning { state: "Stopped".to_owned() };
    assert_eq!(fixture.vm.ask(&sh("echo >ran")), Err(stopped.clone()));
    assert_eq!(fixture.vm.ask(&act("act", "1", "echo >ran")), Err(stopped));
    fixture.write("fleet.json", r#"{"list": []}"#);
    assert_eq!(
        fixture.vm.ask(&sh("echo >ran")),
        Err(CommandError::VmNotRunning { state: "absent".to_owned() })
    );
    assert!(!fixture.path("ran").exists() && !fixture.read("argv").contains("exec"));
}

#[test]
fn an_openrc_reaches_the_command_and_no_argument_list() {
    let fixture = Fixture::new();
    fixture.write("openrc", "# comment\nexport OS_PASSWORD='canary $x'\n");
    let openrc = fixture.path("openrc");
    let line = sh(r#"echo "$OS_PASSWORD"; exit 4"#).confidential().with_openrc(openrc.to_str().unwrap());
    let output = fixture.vm.ask(&line).unwrap();
    assert_eq!((output.code, output.out().as_str()), (4, "canary $x\n"));
    assert!(!fixture.read("argv").contains("canary"));
    std::fs::remove_file(openrc).unwrap();
    let output = fixture.vm.ask(&line).unwrap();
    assert!(output.code == 1 && output.err().contains("cannot read"));
}

#[test]
fn a_long_act_is_followed_as_it_happens_to_its_exit_status() {
    let fixture = Fixture::new();
    let mut seen = Seen::making("one", &fixture.path("go"));
    let line = act("act", "7", "echo one; wait_for go; echo two >&2; exit 4");
    let output = fixture.vm.run(&line, &mut seen).unwrap();
    assert_eq!((output.code, output.out().as_str()), (4, "one\ntwo\n"));
    assert_eq!((seen.of(Stream::Stdout), seen.of(Stream::Stderr)), (vec!["one", "two"], vec![]));
    assert_eq!(fixture.read("kafstack/act.end"), "7 4\n");
}

#[test]
fn a_long_act_outlives_its_client_and_is_joined_not_repeated() {
    let fixture = Fixture::new();
    let script = "echo started >>did; echo one; wait_for go; echo two; exit 3";
    let line = act("act", "1", script);
    let left = fixture.vm.run(&line, &mut Seen::leaving("one"));
    assert_eq!(left, Err(CommandError::Left { line: line.to_string() }));
    let mut seen = Seen::making("one", &fixture.path("go"));
    let output = fixture.vm.run(&act("act", "2", script), &mut seen).unwrap();
    assert_eq!((output.code, seen.of(Stream::Stdout)), (3, vec!["one", "two"]));
    assert_eq!(
        (fixture.read("did").as_str(), fixture.read("kafstack/act.end").as_str()),
        ("started\n", "1 3\n")
    );
    let output = fixture.vm.ask(&act("act", "3", "exit 0")).unwrap();
    assert_eq!((output.code, fixture.read("kafstack/act.end").as_str()), (0, "3 0\n"));
}

#[test]
fn a_long_act_waits_for_the_one_before_it() {
    let fixture = Fixture::new();
    fixture
        .vm
        .run(&act("first", "1", "echo one; wait_for go; echo two"), &mut Seen::leaving("one"))
        .unwrap_err();
    let mut seen = Seen::making("one", &fixture.path("go"));
    let output = fixture.vm.run(&act("second", "2", "echo mine"), &mut seen).unwrap();
    assert_eq!((output.out().as_str(), seen.of(Stream::Stdout)), ("mine\n", vec!["one", "two", "mine"]));
}

#[test]
fn a_long_act_goes_on_when_its_time_is_over() {
    let fixture = Fixture::new();
    let line = act("act", "1", "wait_for go; echo finished >did").within(Duration::from_millis(100));
    let error = fixture.vm.ask(&line).unwrap_err();
    let CommandError::StillRunning { line: of, after, quiet } = &error else { panic!("{error}") };
    assert!(*of == line.to_string() && quiet <= after, "{error}");
    fixture.write("go", "");
    fixture.until_there("kafstack/act.end");
    assert_eq!(fixture.read("did"), "finished\n");
}

#[test]
fn a_long_act_that_vanishes_without_a_status_is_neither_yes_nor_no() {
    let fixture = Fixture::new();
    let error = fixture.vm.ask(&act("act", "1", "echo one; kill -9 $PPID")).unwrap_err();
    assert!(matches!(&error, CommandError::Unreachable { why, .. } if why.contains("status")), "{error}");
    let cut_off = |name: &str| long_acts::was_cut_off(&fixture.vm.ask(&long_acts::at_rest()).unwrap(), name);
    assert!(cut_off("act") && !cut_off("other"));
    let mut seen = Seen::leaving("one");
    fixture.vm.run(&act("act", "2", "echo one; wait_for go; exit 1"), &mut seen).unwrap_err();
    assert!(!cut_off("act"), "it runs");
    fixture.write("go", "");
    fixture.until_there("kafstack/act.end");
    while fixture.vm.ask(&long_acts::at_rest()).unwrap().code != 0 {}
    assert!(!cut_off("act"), "it ended, however");
}

#[test]
fn a_long_act_that_hangs_can_be_ended_with_all_that_it_began() {
    let fixture = Fixture::new();
    let end = CommandLine::changes("sh", ["-c", long_acts::END]);
    let status = |line: &CommandLine| fixture.vm.ask(line).unwrap().code;
    let hangs = act("act", "1", "exec 8>>held; flock 8; wait_for never & echo one; wait");
    fixture.vm.run(&hangs, &mut Seen::leaving("one")).unwrap_err();
    let held = CommandLine::reads("flock", ["-n", "held", "true"]);
    assert_eq!(status(&held), 1, "it and its child hold it");
    assert_eq!(status(&end), 0);
    while status(&held) != 0 {}
    while status(&long_acts::at_rest()) != 0 {}
    // Now the number of its group may be another's.
    let there = fixture.read("kafstack/running");
    fixture.write("kafstack/running", &format!("act 1 {}", std::process::id()));
    assert_eq!(status(&end), 0);
    fixture.write("kafstack/running", &there);
    let output = fixture.vm.ask(&act("act", "2", "echo anew")).unwrap();
    assert_eq!((output.code, output.out().as_str()), (0, "anew\n"));
}

#[test]
fn after_a_broken_connection_a_long_act_is_followed_on_without_telling_twice() {
    let fixture = Fixture::new();
    fixture.write("cut", "");
    let mut seen = Seen::making("two", &fixture.path("go"));
    let line = act("act", "1", "echo one; echo two; wait_for go; printf three; exit 5");
    let output = fixture.vm.run(&line, &mut seen).unwrap();
    assert_eq!((output.code, output.out().as_str()), (5, "one\ntwo\nthree"));
    assert_eq!(seen.of(Stream::Stdout), ["one", "two", "three"]);
    assert!(seen.of(Stream::Stderr)[0].starts_with("(connection lost"), "{:?}", seen.lines);
}

#[test]
fn a_line_of_a_long_act_that_two_looks_share_is_told_whole() {
    let fixture = Fixture::new();
    let mut seen = Seen::making("half", &fixture.path("go"));
    let output =
        fixture.vm.run(&act("act", "1", "printf half; wait_for go; echo ' and half'"), &mut seen).unwrap();
    assert_eq!(output.out(), "half and half\n");
    assert_eq!(seen.of(Stream::Stdout), ["half", "half and half"]);
}

#[test]
fn a_long_act_that_floods_is_followed_past_the_flood() {
    let fixture = Fixture::new();
    let script = format!("head -c {} /dev/zero; echo; exit 6", CAPTURE + 1);
    let mut seen = Seen::default();
    assert_eq!(fixture.vm.run(&act("act", "1", &script), &mut seen).unwrap().code, 6);
    assert!(seen.of(Stream::Stderr)[0].starts_with("(too much output"));
    assert!(matches!(fixture.vm.run(&sh("exit 2"), &mut Unwatched), Ok(Output { code: 2, .. })));
}
