//! One run of kafstack on a fake laptop: while it goes on, and what is to be said of it afterwards.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::calls::{Call, Place};
use crate::fake_laptop::{FakeLaptop, PATIENCE};

/// kafstack at work.
pub struct Running<'a> {
    laptop: &'a FakeLaptop,
    line: String,
    first_call: usize,
    /// Nobody takes note of its end before `ends` does, so its process id stays its own until then.
    child: Child,
    lines: Receiver<String>,
    seen: String,
    stderr: JoinHandle<String>,
    drawn: Arc<AtomicUsize>,
    end: Receiver<()>,
}

impl<'a> Running<'a> {
    /// Starts a program on this laptop, without a terminal.
    #[track_caller]
    pub fn start(laptop: &'a FakeLaptop, program: &str, arguments: Vec<String>) -> Self {
        Running::start_with(laptop, program, arguments, Stdio::null(), None)
    }

    /// Starts kafstack on a terminal: its input and its messages; standard output stays apart. Returns the person's end.
    #[track_caller]
    pub fn start_on_terminal(laptop: &'a FakeLaptop, program: &str, arguments: Vec<String>) -> (Self, File) {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        // It must not become the terminal of the tests themselves, whose end would end them.
        let flags = OpenptFlags::NOCTTY.bits().cast_signed();
        let open = || File::options().read(true).write(true).custom_flags(flags).open(&name).unwrap();
        let person = File::from(person);
        let screen = person.try_clone().unwrap();
        let running = Running::start_with(laptop, program, arguments, open().into(), Some((open(), screen)));
        (running, person)
    }

    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "these tests are about the program itself")]
    fn start_with(
        laptop: &'a FakeLaptop,
        program: &str,
        arguments: Vec<String>,
        stdin: Stdio,
        terminal: Option<(File, File)>,
    ) -> Self {
        let (terminal, screen) = terminal.unzip();
        let first_call = laptop.calls().len();
        let mut child: Child = std::process::Command::new(program)
            .args(&arguments)
            .env_clear()
            .envs(laptop.environment())
            .current_dir(laptop.path("work"))
            // As a shell starts it: the system stops no program (Ctrl-Z) of a group that nobody could wake.
            .process_group(0)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(terminal.map_or_else(Stdio::piped, Stdio::from))
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let stdout = child.stdout.take().unwrap();
        let mut stderr: Box<dyn Read + Send> = match screen {
            Some(screen) => Box::new(screen),
            None => Box::new(child.stderr.take().unwrap()),
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            while stdout.read_line(&mut line).unwrap() > 0 {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let drawn = Arc::new(AtomicUsize::new(0));
        let count = drawn.clone();
        let stderr = std::thread::spawn(move || {
            let (mut text, mut piece) = (Vec::new(), vec![0; 4096]);
            // A terminal that nobody holds any more ends with an error.
            while let Some(length) = stderr.read(&mut piece).ok().filter(|length| *length > 0) {
                text.extend_from_slice(&piece[..length]);
                count.fetch_add(length, Ordering::SeqCst);
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        let (sender, end) = channel();
        std::thread::spawn(move || {
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
            sender.send(())
        });
        let line = format!("kafstack {}", arguments.join(" "));
        Running { laptop, line, first_call, child, lines, seen: String::new(), stderr, drawn, end }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for an event on its standard output (`--events -`).
    #[track_caller]
    pub fn tells(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!(
                    "`{}` did not tell it\nstdout: {}\n{}",
                    self.line,
                    tail(&self.seen, 60),
                    self.laptop.story(self.first_call)
                );
            };
            self.seen.push_str(&line);
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no event: {line}"));
            if fits(&event) {
                return event;
            }
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        !crate::fake_laptop::runs(&self.pid().to_string())
    }

    /// Whether it stands still, as Ctrl-Z makes it.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// How many bytes it has written to its terminal, or said on standard error, so far.
    pub fn drawn(&self) -> usize {
        self.drawn.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Sends it a signal, which changes nothing when it has ended.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    #[track_caller]
    pub fn killed(self) -> Ran<'a> {
        self.signal(Signal::KILL);
        self.ends()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ends(mut self) -> Ran<'a> {
        if self.end.recv_timeout(PATIENCE).is_err() {
            self.signal(Signal::KILL);
            let said = self.stderr.join().unwrap();
            panic!("`{}` does not end\n{said}\n{}", self.line, self.laptop.story(self.first_call));
        }
        let status = self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv() {
            self.seen.push_str(&line);
        }
        let stderr = self.stderr.join().unwrap();
        Ran {
            laptop: self.laptop,
            line: self.line,
            first_call: self.first_call,
            code: status.code(),
            stdout: self.seen,
            stderr,
        }
    }
}

/// A run that ended.
pub struct Ran<'a> {
    laptop: &'a FakeLaptop,
    line: String,
    first_call: usize,
    /// None: killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran<'_> {
    /// What is printed when an assertion fails.
    pub fn account(&self) -> String {
        format!(
            "`{}` ended with {:?}\n--- stdout\n{}\n--- stderr\n{}\n---\n{}",
            self.line,
            self.code,
            tail(&self.stdout, 60),
            tail(&self.stderr, 60),
            self.laptop.story(self.first_call)
        )
    }

    /// It ended with this code, and every call was one that a tool knows.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.account());
        assert_eq!(self.laptop.unknown(), "", "{}", self.account());
        self
    }

    /// It says this to the user.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "nothing of {text:?} in\n{}", self.account());
        self
    }

    /// Standard output holds this and nothing else.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "{}", self.account());
        self
    }

    /// The JSON document on standard output.
    #[track_caller]
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.account()))
    }

    /// The events on standard output.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let event = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}"));
        self.stdout.lines().map(event).collect()
    }

    /// The calls of this run.
    pub fn calls(&self) -> Vec<Call> {
        self.laptop.calls().split_off(self.first_call)
    }

    /// The command lines that kafstack ran and that change something.
    pub fn changes(&self) -> Vec<String> {
        self.calls().iter().filter(|call| call.changes()).map(Call::line).collect()
    }

    /// How often kafstack ran a command with this beginning.
    fn times(&self, beginning: &str) -> usize {
        let asked = |call: &&Call| call.place != Place::Inside && call.line().starts_with(beginning);
        self.calls().iter().filter(asked).count()
    }

    /// The last command that changes something begins so.
    #[track_caller]
    pub fn ended_after(self, beginning: &str) -> Self {
        let last = self.changes().pop().unwrap_or_default();
        assert!(last.starts_with(beginning), "the last was {last:?}\n{}", self.account());
        self
    }

    /// No command with this beginning was run.
    #[track_caller]
    pub fn never_ran(self, beginning: &str) -> Self {
        assert_eq!(self.times(beginning), 0, "{beginning}\n{}", self.account());
        self
    }

    /// One command with this beginning was run.
    #[track_caller]
    pub fn ran_once(self, beginning: &str) -> Self {
        assert_eq!(self.times(beginning), 1, "{beginning}\n{}", self.account());
        self
    }

    /// Nothing that changes anything was run.
    #[track_caller]
    pub fn changed_nothing(self) -> Self {
        assert_eq!(self.changes(), [""; 0], "{}", self.account());
        self
    }

    /// Not a single tool was called.
    #[track_caller]
    pub fn called_nothing(self) -> Self {
        assert!(self.calls().is_empty(), "{}", self.account());
        self
    }
}

/// The last lines of a text.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
