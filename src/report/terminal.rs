//! The terminal: owns standard output and standard error, and asks questions. Data goes to standard output;
//! everything else goes to standard error. No secret passes but through [`Terminal::disclose`] and [`Terminal::bytes`].

use std::fmt;
use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::ColorChoice;
use indicatif::{MultiProgress, ProgressDrawTarget};
use rustix::event::{PollFd, PollFlags, poll};

use super::style::{self, paint};
use crate::failure::Failure;
use crate::host::clock::Stop;
use crate::host::scrub;
use crate::text;

/// What is known about the terminal from outside.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `--color`, with the environment's wishes in it (see `cli::color_choice`).
    pub color: ColorChoice,
    /// `-q`: only failures, questions and what was asked for.
    pub quiet: bool,
    /// Whether someone can type.
    pub stdin_is_terminal: bool,
    /// Whether data is read by a person.
    pub stdout_is_terminal: bool,
    /// Whether messages are read by a person.
    pub stderr_is_terminal: bool,
}

/// The terminal. Cheap to clone; all clones write to the same place, one at a time.
#[derive(Clone)]
pub struct Terminal {
    /// What is known about it.
    settings: Settings,
    /// Where live lines are drawn.
    live_target: fn() -> ProgressDrawTarget,
    /// Where things go.
    ends: Arc<Mutex<Ends>>,
}

/// Standard input, as long as nobody wants to stop: then it is at its end.
struct Answers {
    /// What the user's signals asked for.
    stop: Stop,
}

impl io::Read for Answers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        while !self.stop.requested() {
            let pause = rustix::time::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            let mut waits = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut waits, Some(&pause)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return stdin.lock().read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}

/// Where things go and come from.
struct Ends {
    /// Standard output.
    out: Box<dyn Write + Send>,
    /// Standard error.
    err: Box<dyn Write + Send>,
    /// Standard input.
    input: Box<dyn BufRead + Send>,
    /// Why standard output takes no more.
    closed: Option<io::ErrorKind>,
    /// Live lines that have to be put away while something else is written.
    live: Option<MultiProgress>,
}

impl Ends {
    /// Does it while no live line is on the screen.
    fn aside<T>(&mut self, work: impl FnOnce(&mut Ends) -> T) -> T {
        match self.live.clone() {
            Some(live) => live.suspend(|| work(self)),
            None => work(self),
        }
    }

    /// Writes data, unless an earlier write failed.
    fn put(&mut self, bytes: &[u8]) {
        if self.closed.is_none()
            && let Err(error) = self.out.write_all(bytes).and_then(|()| self.out.flush())
        {
            self.closed = Some(error.kind());
        }
    }

    /// Writes a message. There is nobody to tell if that fails.
    fn say(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
}

impl Terminal {
    /// The process's own. A question is left when `stop` asks for it.
    pub fn new(settings: Settings, stop: Stop) -> Self {
        let input = io::BufReader::new(Answers { stop });
        let terminal =
            Terminal::on(settings, Box::new(io::stdout()), Box::new(io::stderr()), Box::new(input));
        Terminal { live_target: ProgressDrawTarget::stderr, ..terminal }
    }

    /// On these ends; live lines are drawn nowhere.
    fn on(
        settings: Settings,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
    ) -> Self {
        let ends = Ends { out, err, input, closed: None, live: None };
        Terminal { settings, live_target: ProgressDrawTarget::hidden, ends: Arc::new(Mutex::new(ends)) }
    }

    /// Writes what was asked for to standard output, as it is but for the colours, which go where they are not
    /// wanted, and for what would rewrite a terminal, which is escaped (see [`text::harmless`]).
    pub fn data(&self, text: &str) {
        self.disclose(&scrub::text(text));
    }

    /// As [`Terminal::data`], with the secrets in it: the user asked for them.
    pub fn disclose(&self, text: &str) {
        let text = fit(text, self.colors(self.settings.stdout_is_terminal));
        self.ends().aside(|ends| ends.put(text.as_bytes()));
    }

    /// Writes bytes that belong to the user (messages from a topic, say) to standard output: untouched where a program
    /// reads them; on a terminal what would rewrite it is escaped, as others may have written those messages.
    pub fn bytes(&self, bytes: &[u8]) {
        if self.settings.stdout_is_terminal {
            let text = String::from_utf8_lossy(bytes);
            return self.ends().aside(|ends| ends.put(text::harmless(&text).as_bytes()));
        }
        self.ends().aside(|ends| ends.put(bytes));
    }

    /// Shows a whole screen in place of the one before, for `--watch`: what does not fit below or to the right is
    /// cut off. Where standard output is no terminal, it is data like any other.
    pub fn screen(&self, text: &str) {
        if !self.settings.stdout_is_terminal {
            return self.data(text);
        }
        let text = fit(&scrub::text(text), self.colors(true));
        let height = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_row));
        let fits = if height > 1 { height - 1 } else { usize::MAX };
        let lines: String = text.lines().take(fits).map(|line| format!("{line}{TO_LINE_END}\n")).collect();
        let screen = format!("{NO_WRAP}{HOME}{lines}{TO_SCREEN_END}{WRAP}");
        self.ends().aside(|ends| ends.put(screen.as_bytes()));
    }

    /// Why standard output takes no more, so that a command without an end may end. A reader that went away
    /// (`| head`) is `BrokenPipe` and no failure; anything else is one.
    pub fn closed(&self) -> Option<io::ErrorKind> {
        self.ends().closed
    }

    /// Says a line that is good to know.
    pub fn note(&self, text: &str) {
        if !self.settings.quiet {
            self.line(&text::lines(text).join("\n"));
        }
    }

    /// Warns.
    pub fn warning(&self, text: &str) {
        if !self.settings.quiet {
            self.line(&labelled("warning:", style::WARNING, text));
        }
    }

    /// Says what did not happen, what was expected and seen, and what to do: each hint once.
    pub fn failure(&self, failure: &Failure) {
        self.line(&Told(failure).to_string());
    }

    /// Asks a question that yes or no answers; anything but yes is no, and so is nobody being there.
    pub fn ask(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let question = scrub::text(question);
        let question = format!("{} [y/N] ", text::lines(&question).join("\n"));
        let mut ends = self.ends();
        // What was waited for has come, or there would be nothing to ask.
        let _ = ends.live.as_ref().map(MultiProgress::clear);
        ends.say(&question);
        let mut answer = String::new();
        let read = ends.input.read_line(&mut answer);
        if !answer.ends_with('\n') {
            ends.say("\n");
        }
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }

    /// Whether there is someone to ask.
    pub fn can_ask(&self) -> bool {
        self.settings.stdin_is_terminal && self.settings.stderr_is_terminal
    }

    /// Whether only failures are to be told.
    pub fn is_quiet(&self) -> bool {
        self.settings.quiet
    }

    /// Whether [`Terminal::screen`] replaces what it showed before.
    pub fn draws_screens(&self) -> bool {
        self.settings.stdout_is_terminal
    }

    /// Whether live lines can be drawn.
    pub fn draws(&self) -> bool {
        self.settings.stderr_is_terminal
    }

    /// Standard output for someone who writes bytes (`--events -`).
    pub fn output(&self) -> impl Write + Send + 'static {
        End { terminal: self.clone(), errors: false }
    }

    /// Standard error for someone who writes bytes (the developers' log with `-v`); live lines step aside.
    pub fn errors(&self) -> impl Write + Send + 'static {
        End { terminal: self.clone(), errors: true }
    }

    /// Writes a line that this module composed, with its colours.
    pub(super) fn line(&self, text: &str) {
        let text = self.dressed(text);
        self.ends().aside(|ends| ends.say(&format!("{text}\n")));
    }

    /// The text as standard error shows it: with its colours or without, and without secrets.
    pub(super) fn dressed(&self, text: &str) -> String {
        fit(&scrub::text(text), self.colors(self.settings.stderr_is_terminal))
    }

    /// Live lines, which from now on step aside while something else is written.
    pub(super) fn begin_live_lines(&self) -> MultiProgress {
        let lines = MultiProgress::with_draw_target((self.live_target)());
        self.ends().live = Some(lines.clone());
        lines
    }

    /// There are none any more.
    pub(super) fn end_live_lines(&self) {
        self.ends().live = None;
    }

    /// Whether there are such lines.
    #[cfg(test)]
    pub(super) fn has_live_lines(&self) -> bool {
        self.ends().live.is_some()
    }

    /// Whether a stream gets colours.
    fn colors(&self, is_terminal: bool) -> bool {
        match self.settings.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal,
        }
    }

    /// The ends, for one thing at a time.
    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cursor to the top left corner (ECMA-48 CUP).
const HOME: &str = "\u{1b}[H";
/// Erases what is right of the cursor (ECMA-48 EL).
const TO_LINE_END: &str = "\u{1b}[K";
/// Erases what is below the cursor (ECMA-48 ED).
const TO_SCREEN_END: &str = "\u{1b}[J";
/// Cuts long lines off (DEC private mode 7).
const NO_WRAP: &str = "\u{1b}[?7l";
/// Wraps long lines again.
const WRAP: &str = "\u{1b}[?7h";

/// The text with or without its colours, and without anything else that a terminal would heed.
fn fit(text: &str, colors: bool) -> String {
    if colors {
        text::harmless(text).into_owned()
    } else {
        text::harmless(&anstream::adapter::strip_str(text).to_string()).into_owned()
    }
}

/// A label and a text; the text's further lines are indented below its first.
fn labelled(label: &str, style: anstyle::Style, text: &str) -> String {
    let indent = format!("\n{}", " ".repeat(label.chars().count() + 1));
    format!("{} {}", paint(style, label), text::lines(text).join(&indent))
}

/// A failure as it is told.
struct Told<'a>(&'a Failure);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&labelled("error:", style::ERROR, &self.0.to_string()))?;
        if let Some(expected) = &self.0.expected {
            write!(f, "\n{}", labelled("  expected: ", style::NONE, expected))?;
        }
        if let Some(seen) = &self.0.seen {
            write!(f, "\n{}", labelled("  last seen:", style::NONE, seen))?;
        }
        if let Some(cause) = &self.0.cause {
            write!(
                f,
                "\n{}",
                labelled("  cause:    ", style::NONE, &format!("{} [{}]", cause.what, cause.id))
            )?;
            write!(f, "\n{}", labelled("  shown by: ", style::NONE, &cause.evidence))?;
            write!(f, "\n\n{}", labelled("cure:", style::HINT, &cause.cure))?;
        }
        for (i, hint) in self.0.hints.iter().enumerate() {
            if i == 0 && self.0.cause.is_none() {
                f.write_str("\n")?;
            }
            if !self.0.hints[..i].contains(hint) {
                write!(f, "\n{}", labelled("hint:", style::HINT, hint))?;
            }
        }
        Ok(())
    }
}

/// One of the two streams, for someone who writes bytes.
struct End {
    /// Whose.
    terminal: Terminal,
    /// Standard error, not standard output.
    errors: bool,
}

impl Write for End {
    /// Takes everything. A reader that went away is told as such.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut ends = self.terminal.ends();
        if self.errors {
            ends.aside(|ends| ends.err.write_all(bytes))?;
        } else {
            ends.aside(|ends| ends.put(bytes));
            if let Some(kind) = ends.closed {
                return Err(kind.into());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal of memory.
#[cfg(test)]
pub mod fake {
    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    pub struct Screen {
        /// Standard output.
        out: Shared,
        /// Standard error.
        err: Shared,
    }

    /// Bytes that the test reads while the terminal writes.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        /// Standard output so far.
        pub fn out(&self) -> String {
            String::from_utf8(self.out.0.lock().unwrap().clone()).unwrap()
        }

        /// Standard error so far.
        pub fn err(&self) -> String {
            String::from_utf8(self.err.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// A terminal without a person, changed at will.
    pub fn terminal(change: impl FnOnce(&mut Settings)) -> (Terminal, Screen) {
        typed("", change)
    }

    /// A terminal on which this is typed.
    pub fn typed(input: &'static str, change: impl FnOnce(&mut Settings)) -> (Terminal, Screen) {
        let mut settings = Settings {
            color: ColorChoice::Auto,
            quiet: false,
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        };
        change(&mut settings);
        let screen = Screen::default();
        let (out, err) = (Box::new(screen.out.clone()), Box::new(screen.err.clone()));
        (Terminal::on(settings, out, err, Box::new(input.as_bytes())), screen)
    }
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
