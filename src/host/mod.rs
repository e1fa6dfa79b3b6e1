//! The seam to the outside: everything kafstack learns or changes goes through [`Host::run`].
//!
//! A command is plain data ([`CommandLine`]) and so is what came of it. No process, no shell and no file is
//! handed across; text that a tool needs travels as its standard input.

pub mod clock;
#[cfg(test)]
pub mod fake;
pub mod kept;
pub mod laptop;
pub mod lines;
pub mod questions;
pub mod recorded;
pub mod scrub;
pub mod secret;
pub mod vm;

use std::fmt;
use std::time::Duration;

pub use clock::Clock;

/// Somewhere commands run: this laptop, the VM on it, the simulated laptop of the rehearsal, a fake in tests.
pub trait Host: Send + Sync {
    /// Runs one command to its end and returns what it said and how it ended.
    ///
    /// A non-zero exit code is not an error here: many tools say "no" with one. Callers that expect success use
    /// [`Output::success`].
    ///
    /// # Errors
    /// The command could not be started, did not end in time, was left on request, or the way to the place where
    /// it runs was broken. None of these says whether the command had its effect.
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError>;

    /// [`Host::run`] for callers with nothing to do meanwhile.
    ///
    /// # Errors
    /// As [`Host::run`].
    fn ask(&self, line: &CommandLine) -> Result<Output, CommandError> {
        self.run(line, &mut Unwatched)
    }
}

/// The two places that steps know, and the clock they share.
#[derive(Clone, Copy)]
pub struct Hosts<'a> {
    /// The machine on which kafstack itself runs.
    pub laptop: &'a dyn Host,
    /// The machine that carries the stack. Nothing above this line may assume that it is a Multipass VM.
    pub vm: &'a dyn Host,
    /// Real time, or the rehearsal's.
    pub clock: &'a dyn Clock,
}

impl<'a> Hosts<'a> {
    /// The host of that name.
    pub fn on(&self, place: Place) -> &'a dyn Host {
        match place {
            Place::Laptop => self.laptop,
            Place::Vm => self.vm,
        }
    }
}

/// Where a command runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// On the user's own machine.
    #[default]
    Laptop,
    /// Inside the VM, as its user `ubuntu`.
    Vm,
}

/// What a command does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Only looks.
    Reads,
    /// May change something.
    Changes,
}

/// What a command gets as its standard input. There is no way to leave it open by accident: `sunbeam cluster
/// bootstrap` hangs for ever on an open, silent pipe (juju/juju:cmd/juju/caas/add.go reads it to its end).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Stdin {
    /// `/dev/null`.
    #[default]
    Null,
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// What a reader gives while the command runs, to its end.
    Stream(Feed),
    /// kafstack's own, for commands that ask the user something.
    Inherited,
}

/// A reader that feeds a command. Clones share it; two are equal if they are the same.
#[derive(Clone)]
pub struct Feed(std::sync::Arc<std::sync::Mutex<Box<dyn std::io::Read + Send>>>);

impl Feed {
    /// Feeds from this reader.
    pub fn new(reader: impl std::io::Read + Send + 'static) -> Self {
        Feed(std::sync::Arc::new(std::sync::Mutex::new(Box::new(reader))))
    }
}

impl std::io::Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).read(buffer)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Feed")
    }
}

impl PartialEq for Feed {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Feed {}

/// What becomes of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// Kept for the caller up to this many bytes a stream; more is an error, since half a document parses to
    /// nothing.
    Captured {
        /// Bytes a stream.
        limit: usize,
    },
    /// Shown line by line as it comes; the caller keeps the last [`TAIL`] bytes of each stream.
    Streamed,
    /// Handed on line by line as it comes, byte for byte, and neither told nor kept anywhere: the user's own messages.
    /// A line of standard output ends with `\n` alone, and what never ended is no line; the caller keeps the last
    /// [`TAIL`] bytes of each stream.
    Lines,
    /// The child has the terminal to itself (an interactive shell, `sudo` asking its question).
    Terminal,
}

/// How many bytes of a stream remain for the caller of a streamed command, and for an error's text.
pub const TAIL: usize = 64 * 1024;

/// The usual limit of a captured stream: `juju status` of a large model stays far below it.
pub const CAPTURE: usize = 16 * 1024 * 1024;

/// A command as plain data. `Display` is a line that can be pasted into a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Name or path of the program; names are looked up on `PATH`.
    pub program: String,
    /// The arguments, each reaching the tool as it stands here.
    pub args: Vec<String>,
    /// Standard input.
    pub stdin: Stdin,
    /// How long it may take before it is ended.
    pub timeout: Duration,
    /// Whether it may change something.
    pub effect: Effect,
    /// What becomes of its output.
    pub io: Io,
    /// Its output is a secret as a whole: neither stored nor sent as events.
    pub confidential: bool,
    /// It takes away what must not be left behind: it runs even when the user wants to stop, and to its end.
    pub tidies: bool,
    /// A file in the VM with `export NAME=value` lines that the wrapper reads before it starts the program, so
    /// that a password is never an argument (see `host::vm`).
    pub openrc: Option<String>,
    /// A long act runs in the VM in a session of its own, outlives this process and this connection, and is
    /// followed through files there (see `host::vm`).
    pub long: Option<Long>,
}

/// What tells one long act from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Long {
    /// The step on whose behalf it runs; also the name of its files in the VM.
    pub name: &'static str,
    /// Never used twice in the life of a VM, so that the end of an earlier try is not taken for this one's.
    pub id: String,
}

impl CommandLine {
    /// A command that only looks: captured, no input, 30 s.
    pub fn reads<I>(program: &str, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        CommandLine {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            stdin: Stdin::Null,
            timeout: Duration::from_secs(30),
            effect: Effect::Reads,
            io: Io::Captured { limit: CAPTURE },
            confidential: false,
            tidies: false,
            openrc: None,
            long: None,
        }
    }

    /// A command that changes something: its output is shown as it comes, no input, 5 min.
    pub fn changes<I>(program: &str, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        CommandLine {
            effect: Effect::Changes,
            io: Io::Streamed,
            timeout: Duration::from_secs(300),
            ..CommandLine::reads(program, args)
        }
    }

    /// With another time limit.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With this text as its input.
    #[must_use]
    pub fn fed(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Stdin::Bytes(text.into());
        self
    }

    /// With output that nobody but the caller may see.
    #[must_use]
    pub fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    /// As a command that takes away what must not be left behind.
    #[must_use]
    pub fn tidying(mut self) -> Self {
        self.tidies = true;
        self
    }

    /// With the variables of this file in the VM.
    #[must_use]
    pub fn with_openrc(mut self, path: &str) -> Self {
        self.openrc = Some(path.to_owned());
        self
    }

    /// As a long act.
    #[must_use]
    pub fn long(mut self, name: &'static str, id: impl Into<String>) -> Self {
        self.long = Some(Long { name, id: id.into() });
        self
    }

    /// Program and arguments in one list, as `plan`, events and tests compare them.
    pub fn argv(&self) -> Vec<String> {
        std::iter::once(self.program.clone()).chain(self.args.iter().cloned()).collect()
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&paste(&self.argv()))
    }
}

/// An argument list as one line for a POSIX shell.
pub fn paste(argv: &[String]) -> String {
    argv.iter().map(|a| quote(a)).collect::<Vec<_>>().join(" ")
}

/// One word for a POSIX shell, quoted only where it must be.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_{}".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a caller wants to happen to the command it watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Let it run.
    GoOn,
    /// End what runs on this laptop. A long act in the VM goes on there.
    Leave,
    /// The same, because its time is over.
    GiveUp,
}

/// What a caller sees while a command runs, on the caller's own thread.
pub trait Watch {
    /// A whole line, without its end; or a piece of one, of 8 KiB or up to a carriage return or backspace (see
    /// [`lines::Lines`]).
    fn line(&mut self, stream: Stream, text: &[u8]);
    /// Called every now and then (about ten times a second on the laptop, every simulated second in rehearsal).
    fn tick(&mut self, elapsed: Duration) -> Flow;
    /// Called between two looks at a long act, when the host is free: here the caller may ask it something.
    fn between(&mut self, _elapsed: Duration) {}
}

/// A caller that does not look.
pub struct Unwatched;

impl Watch for Unwatched {
    fn line(&mut self, _: Stream, _: &[u8]) {}
    fn tick(&mut self, _: Duration) -> Flow {
        Flow::GoOn
    }
}

/// What a command said and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit code; a child ended by signal N has 128 + N, as in a shell.
    pub code: i32,
    /// Standard output: all of it if captured, else its tail.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Standard output as text; bytes that are not UTF-8 are replaced.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, likewise.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Both streams, for tests that look for a tool's phrase on either.
    #[cfg(test)]
    pub fn said(&self) -> String {
        format!("{}\n{}", self.out(), self.err())
    }

    /// Itself if the exit code is 0.
    ///
    /// # Errors
    /// [`CommandError::Failed`] with the line and the output's tail.
    pub fn success(self, line: &CommandLine) -> Result<Output, CommandError> {
        if self.code == 0 {
            Ok(self)
        } else {
            Err(CommandError::Failed { line: line.to_string(), code: self.code, said: self.last_words(line) })
        }
    }

    /// The last few lines it said, for an error's text, without secrets; nothing of a confidential command.
    pub fn last_words(&self, line: &CommandLine) -> String {
        if line.confidential {
            return "(its output is confidential)".to_owned();
        }
        let text = if self.stderr.iter().all(u8::is_ascii_whitespace) { self.out() } else { self.err() };
        // A tail may begin within a secret.
        let whole = text.len() < TAIL;
        let text =
            if whole { &*text } else { text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest) };
        let text = lines::clean(&scrub::text(text));
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// Why there is no [`Output`], or why the one there is will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No such program on `PATH`.
    NotInstalled {
        /// The program.
        program: String,
    },
    /// The program is there but the system would not start it.
    NotStarted {
        /// The line.
        line: String,
        /// The system's reason.
        why: String,
    },
    /// It ran and said no.
    Failed {
        /// The line.
        line: String,
        /// Its exit code.
        code: i32,
        /// Its last words.
        said: String,
    },
    /// It did not end in time. It may have had its effect.
    TimedOut {
        /// The line.
        line: String,
        /// The limit.
        after: Duration,
        /// Its last words.
        said: String,
    },
    /// A long act did not end in time and goes on in the VM.
    StillRunning {
        /// The line.
        line: String,
        /// The limit.
        after: Duration,
    },
    /// The user interrupted us and what ran here was ended.
    Left {
        /// The line.
        line: String,
    },
    /// The way to the VM broke: the command may or may not have run.
    Unreachable {
        /// The line.
        line: String,
        /// What the way said.
        why: String,
    },
    /// The VM is not running, so nothing was asked of it: `multipass exec` would start it
    /// (canonical/multipass:src/client/cli/cmd/exec.cpp).
    VmNotRunning {
        /// Its state in Multipass' words, or `absent`.
        state: String,
    },
    /// It said more than it was allowed to.
    TooMuch {
        /// The line.
        line: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// It ended well but what it said is not what such a command says.
    Garbled {
        /// The line.
        line: String,
        /// What is wrong with it.
        why: String,
    },
}

impl CommandError {
    /// For a document that does not parse.
    pub fn garbled(line: &CommandLine, why: impl fmt::Display) -> Self {
        CommandError::Garbled { line: line.to_string(), why: why.to_string() }
    }

    /// Which of them it is, in one word, for events and for who reads them.
    pub fn cause(&self) -> &'static str {
        match self {
            CommandError::NotInstalled { .. } => "not-installed",
            CommandError::NotStarted { .. } => "not-started",
            CommandError::Failed { .. } => "failed",
            CommandError::TimedOut { .. } => "timed-out",
            CommandError::StillRunning { .. } => "still-running",
            CommandError::Left { .. } => "left",
            CommandError::Unreachable { .. } => "unreachable",
            CommandError::VmNotRunning { .. } => "vm-not-running",
            CommandError::TooMuch { .. } => "too-much",
            CommandError::Garbled { .. } => "garbled",
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |f: &mut fmt::Formatter<'_>, said: &str| {
            if said.is_empty() { Ok(()) } else { write!(f, "; it said: {said}") }
        };
        match self {
            CommandError::NotInstalled { program } => {
                write!(f, "`{program}` is not installed (not found on PATH)")
            }
            CommandError::NotStarted { line, why } => write!(f, "`{line}` could not be started: {why}"),
            CommandError::Failed { line, code, said: words } => {
                write!(f, "`{line}` failed with exit code {code}")?;
                said(f, words)
            }
            CommandError::TimedOut { line, after, said: words } => {
                write!(f, "`{line}` did not end within {after:?}")?;
                said(f, words)
            }
            CommandError::StillRunning { line, after } => {
                write!(f, "`{line}` has not ended within {after:?}; it goes on in the VM")
            }
            CommandError::Left { line } => write!(f, "`{line}` was left on request"),
            CommandError::Unreachable { line, why } => write!(f, "no answer to `{line}`: {why}"),
            CommandError::VmNotRunning { state } => write!(f, "the VM is not running ({state})"),
            CommandError::TooMuch { line, limit } => write!(f, "`{line}` said more than {limit} bytes"),
            CommandError::Garbled { line, why } => write!(f, "`{line}` answered something unexpected: {why}"),
        }
    }
}

impl std::error::Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let line = CommandLine::reads("juju", ["exec", "--", "a 'b' $c", ""]);
        assert_eq!(line.to_string(), r"juju exec -- 'a '\''b'\'' $c' ''");
    }

    #[test]
    fn a_confidential_command_keeps_its_words_out_of_the_error() {
        let line = CommandLine::reads("cat", ["secret"]).confidential();
        let output = Output { code: 1, stderr: b"canary".to_vec(), ..Output::default() };
        assert!(!output.success(&line).unwrap_err().to_string().contains("canary"));
    }
}
