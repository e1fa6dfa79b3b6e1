//! A command as plain data: its words, what it gets to read, and what becomes of what it says.

use std::fmt;
use std::time::Duration;

use super::Place;
use crate::text;

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

/// A command as people are shown it: `vm$ juju deploy …`, and `vm? juju status` of one that only asks.
pub fn typed(on: Place, effect: Effect, argv: &[String]) -> String {
    let mark = match effect {
        Effect::Reads => '?',
        Effect::Changes => '$',
    };
    format!("{on}{mark} {}", text::one_line(&paste(argv)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let line = CommandLine::reads("juju", ["exec", "--", "a 'b' $c", ""]);
        assert_eq!(line.to_string(), r"juju exec -- 'a '\''b'\'' $c' ''");
    }
}
