//! The laptop: the only file that starts processes.
//!
//! It decides nothing about a command but how it is started, watched and ended. What a line means is for the
//! caller; bytes are handed on as the tool wrote them.

use std::io::{IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::clock::TimeScale;
use super::lines::Lines;
use super::{CommandError, CommandLine, Feed, Flow, Host, Io, Output, Stdin, Stream, TAIL, Watch};

/// The time between two ticks.
const TICK: Duration = Duration::from_millis(100);
/// How often it is asked whether a command that was told to end has ended.
const ENDING_TICK: Duration = Duration::from_millis(20);
/// How long a command may take to end when it is told to.
const GRACE: Duration = Duration::from_secs(5);
/// How long output is read on after a command's end when something it left behind holds its pipes.
const LINGER: Duration = Duration::from_secs(1);
/// When two looks at a command are so far apart, kafstack itself stood still between them.
const STOOD_STILL: Duration = Duration::from_secs(5);
/// The size of a chunk of output; with [`CHUNKS`] it bounds what waits for the caller.
const CHUNK: usize = 16 * 1024;
/// How many chunks may wait for the caller before the command has to.
const CHUNKS: usize = 8;
/// How much every pipe takes while nobody reads it (pipe(7): PIPE_BUF).
const AT_ONCE: usize = 4096;

/// This machine, as the user who runs kafstack.
pub struct Laptop {
    /// Divides time limits.
    scale: TimeScale,
}

impl Laptop {
    /// This machine; time limits are divided as `scale` says.
    pub fn new(scale: TimeScale) -> Self {
        Laptop { scale }
    }
}

impl Host for Laptop {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        let mut run = Run::start(line)?;
        let limit = self.scale.command_limit(line.timeout);
        let why = run.watch(watch, limit, self.scale.wait(GRACE));
        let output = run.output();
        let text = line.to_string();
        match why {
            None => Ok(output),
            Some(Why::Left) => Err(CommandError::Left { line: text }),
            Some(Why::TooMuch { limit }) => Err(CommandError::TooMuch { line: text, limit }),
            Some(Why::TimedOut) => {
                Err(CommandError::TimedOut { line: text, after: limit, said: output.last_words(line) })
            }
        }
    }
}

/// How much of its time a command has used. While kafstack itself stands still (Ctrl-Z), the command goes on until
/// its pipes are full, and is not judged by what it could not say.
struct Limit {
    /// The whole of it.
    limit: Duration,
    /// What was used.
    used: Duration,
    /// Until when that was counted.
    until: Option<Instant>,
}

impl Limit {
    /// None of it is used.
    fn new(limit: Duration) -> Self {
        Limit { limit, used: Duration::ZERO, until: None }
    }

    /// Whether it is over now. Looks come every tenth of a second, so of a gap between two of them that is longer than
    /// [`STOOD_STILL`] nothing counts.
    fn is_over(&mut self, now: Instant) -> bool {
        let passed = self.until.map_or(Duration::ZERO, |until| now.saturating_duration_since(until));
        self.until = Some(now);
        if passed < STOOD_STILL {
            self.used += passed;
        }
        self.used >= self.limit
    }
}

/// Why a command was told to end.
#[derive(Clone, Copy)]
enum Why {
    /// The caller wanted it.
    Left,
    /// Its time was over.
    TimedOut,
    /// It said more than this.
    TooMuch {
        /// Bytes a stream.
        limit: usize,
    },
}

/// What a reader thread sends.
enum Piece {
    /// Some output.
    Chunk(Stream, Vec<u8>),
    /// The end of one stream.
    End,
}

/// One running command.
struct Run {
    /// The child.
    handle: duct::Handle,
    /// Whom signals go to.
    target: Target,
    /// Since when it runs.
    began: Instant,
    /// Output as it comes.
    pieces: Receiver<Piece>,
    /// Held so that waiting for a piece is a wait even after the last stream's end.
    _sender: SyncSender<Piece>,
    /// How many streams have not ended.
    open: usize,
    /// What each stream said.
    stdout: Said,
    /// Likewise.
    stderr: Said,
    /// How the child ended, once it has.
    exit: Option<ExitStatus>,
}

impl Run {
    /// Starts it with its streams connected, in the user's home folder: tools confined by snapd fail in folders
    /// that they may not see.
    fn start(line: &CommandLine) -> Result<Self, CommandError> {
        let not_started = |why: &dyn std::fmt::Display| CommandError::NotStarted {
            line: line.to_string(),
            why: why.to_string(),
        };
        let program = which::which(&line.program)
            .and_then(|path| std::path::absolute(path).map_err(|_| which::Error::CannotFindBinaryPath))
            .map_err(|_| CommandError::NotInstalled { program: line.program.clone() })?;
        let (sender, pieces) = sync_channel(CHUNKS);
        let expression = expression(line, program, &sender).map_err(|e| not_started(&e))?;
        let own_group = has_own_group(line);
        let expression = expression.before_spawn(move |command| {
            if own_group {
                command.process_group(0);
            }
            Ok(())
        });
        let began = Instant::now();
        let handle = expression.start().map_err(|e| not_started(&e))?;
        let pid = handle.pids().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
        let pid = pid.ok_or_else(|| not_started(&"it has no process id"))?;
        Ok(Run {
            handle,
            target: if own_group { Target::Group(pid) } else { Target::Child(pid) },
            began,
            pieces,
            _sender: sender,
            open: if line.io == Io::Terminal { 0 } else { 2 },
            stdout: Said::new(Stream::Stdout, line.io),
            stderr: Said::new(Stream::Stderr, line.io),
            exit: None,
        })
    }

    /// Watches it to its end. The answer is why it was told to end, if it was.
    fn watch(&mut self, watch: &mut dyn Watch, limit: Duration, grace: Duration) -> Option<Why> {
        let mut why = None;
        let mut limit = Limit::new(limit);
        let mut killed = false;
        // When patience ends: with a command told to end, or with pipes that stay open after the child's end.
        let mut patience: Option<Instant> = None;
        let mut look = self.began + TICK;
        loop {
            self.next(look, watch);
            let now = Instant::now();
            let over = self.open == 0 && self.exit.is_some();
            let too_much = self.stdout.too_much.or(self.stderr.too_much).is_some();
            let urgent = why.is_none() && (too_much || over);
            if now < look && !urgent {
                continue;
            }
            look = now + if why.is_some() { ENDING_TICK } else { TICK };
            if self.exit.is_none() {
                self.exit = self.handle.try_wait().ok().flatten().map(|output| output.status);
            }
            if why.is_none() {
                let over = limit.is_over(now);
                why = self.reason_to_end(watch, over, now - self.began);
                if why.is_some() {
                    self.target.send(Signal::TERM);
                    patience = Some(now + grace);
                    look = now + ENDING_TICK;
                }
            }
            let out_of_patience = patience.is_some_and(|until| now >= until);
            if why.is_some() && !killed {
                if self.exit.is_some() || out_of_patience {
                    // What the child left behind in its group goes too. While anything is left, the system gives the
                    // group's number to nobody else (setpgid(2)).
                    self.target.send(Signal::KILL);
                    killed = true;
                    patience = Some(now + LINGER);
                }
                continue;
            }
            if self.exit.is_some() {
                let alone = why.is_none() || self.target.is_gone();
                if (self.open == 0 && alone) || out_of_patience {
                    break;
                }
                patience = patience.or(Some(now + LINGER));
            } else if killed && out_of_patience {
                // Not ours to end (a child of sudo): it is left behind rather than waited for.
                break;
            }
        }
        self.stdout.finish(Stream::Stdout, watch);
        self.stderr.finish(Stream::Stderr, watch);
        why
    }

    /// Whether it is to be told to end. What it said is judged after its own end too, the rest only before.
    fn reason_to_end(&self, watch: &mut dyn Watch, over: bool, elapsed: Duration) -> Option<Why> {
        if let Some(limit) = self.stdout.too_much.or(self.stderr.too_much) {
            return Some(Why::TooMuch { limit });
        }
        if self.exit.is_some() {
            return None;
        }
        match watch.tick(elapsed) {
            Flow::Leave => Some(Why::Left),
            Flow::GiveUp => Some(Why::TimedOut),
            Flow::GoOn => over.then_some(Why::TimedOut),
        }
    }

    /// Takes in what comes before `until`, at most one chunk; returns early when the child ends.
    fn next(&mut self, until: Instant, watch: &mut dyn Watch) {
        if self.open == 0 && self.exit.is_none() {
            self.exit = self.handle.wait_deadline(until).ok().flatten().map(|output| output.status);
            return;
        }
        match self.pieces.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Piece::Chunk(Stream::Stdout, bytes)) => self.stdout.take(Stream::Stdout, &bytes, watch),
            Ok(Piece::Chunk(Stream::Stderr, bytes)) => self.stderr.take(Stream::Stderr, &bytes, watch),
            Ok(Piece::End) => self.open -= 1,
            Err(_) => {}
        }
    }

    /// What it said and how it ended.
    fn output(self) -> Output {
        let code = self.exit.map_or(1, |exit| exit.code().or(exit.signal().map(|n| 128 + n)).unwrap_or(1));
        Output { code, stdout: self.stdout.kept, stderr: self.stderr.kept, took: self.began.elapsed() }
    }
}

/// Whom signals go to.
enum Target {
    /// The child and all it started that stayed in its group.
    Group(Pid),
    /// The child alone, which shares kafstack's own group.
    Child(Pid),
}

impl Target {
    /// Sends it. That it may be gone already, or belong to root, is no news.
    fn send(&self, signal: Signal) {
        let _ = match self {
            Target::Group(pid) => rustix::process::kill_process_group(*pid, signal),
            Target::Child(pid) => rustix::process::kill_process(*pid, signal),
        };
    }

    /// Nothing is left to send to. Only asked when the child itself has ended.
    fn is_gone(&self) -> bool {
        match self {
            Target::Group(pid) => rustix::process::test_kill_process_group(*pid).is_err(),
            Target::Child(_) => true,
        }
    }
}

/// A child that reads the terminal must share kafstack's group, or the system would stop it (SIGTTIN, termios(3)).
fn has_own_group(line: &CommandLine) -> bool {
    let reads_terminal = line.stdin == Stdin::Inherited && std::io::stdin().is_terminal();
    line.io != Io::Terminal && !reads_terminal
}

/// The child before its start. Threads that serve its pipes run already; should it never start, the pipes' ends
/// here close and so end them.
#[expect(clippy::disallowed_methods, reason = "this is the file that starts processes")]
fn expression(
    line: &CommandLine,
    program: PathBuf,
    sender: &SyncSender<Piece>,
) -> std::io::Result<duct::Expression> {
    let folder = std::env::home_dir().filter(|home| home.is_dir()).unwrap_or_else(|| PathBuf::from("/"));
    let mut expression = duct::cmd(program, &line.args)
        .unchecked()
        .dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "256")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("JUJU_MODEL")
        .env_remove("JUJU_CONTROLLER")
        .env_remove("JUJU_DATA");
    match &line.stdin {
        Stdin::Bytes(bytes) => {
            expression = expression.stdin_file(filled(bytes)?);
        }
        Stdin::Stream(feed) => {
            let (reader, writer) = std::io::pipe()?;
            let feed = feed.clone();
            thread::spawn(move || copy(feed, writer));
            expression = expression.stdin_file(reader);
        }
        Stdin::Null if line.io != Io::Terminal => expression = expression.stdin_null(),
        Stdin::Null | Stdin::Inherited => {}
    }
    if line.io == Io::Terminal {
        return Ok(expression);
    }
    let (stdout, out) = std::io::pipe()?;
    let (stderr, err) = std::io::pipe()?;
    for (stream, reader) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
        let sender = sender.clone();
        thread::spawn(move || read(reader, stream, &sender));
    }
    Ok(expression.env("TERM", "dumb").stdout_file(out).stderr_file(err))
}

/// A pipe with this text in it. What every pipe takes is in it before there is a child, or a kafstack that is killed between
/// the two would leave one at work that takes nothing for the whole: Multipass makes a VM without user-data of an empty
/// input (canonical/multipass:src/client/cli/cmd/launch.cpp), which then carries no mark of ours.
fn filled(bytes: &[u8]) -> std::io::Result<PipeReader> {
    let (reader, mut writer) = std::io::pipe()?;
    let (now, later) = bytes.split_at(bytes.len().min(AT_ONCE));
    writer.write_all(now)?;
    if !later.is_empty() {
        let later = later.to_vec();
        // A child that does not read its input to the end is no error.
        thread::spawn(move || writer.write_all(&later));
    }
    Ok(reader)
}

/// Feeds a child as the reader gives it, until either has enough.
fn copy(mut feed: Feed, mut writer: PipeWriter) {
    let _ = std::io::copy(&mut feed, &mut writer);
}

/// Reads one stream to its end, or until nobody listens any more.
fn read(mut reader: PipeReader, stream: Stream, sender: &SyncSender<Piece>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                if sender.send(Piece::Chunk(stream, buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // Fails only when nobody listens any more.
    let _ = sender.send(Piece::End);
}

/// What one stream said.
struct Said {
    /// Its lines.
    lines: Lines,
    /// What the caller gets.
    kept: Vec<u8>,
    /// All of it up to here; else only its tail.
    limit: Option<usize>,
    /// It said more than this limit.
    too_much: Option<usize>,
}

impl Said {
    fn new(stream: Stream, io: Io) -> Self {
        let limit = match io {
            Io::Captured { limit } => Some(limit),
            Io::Streamed | Io::Lines | Io::Terminal => None,
        };
        let lines = match (stream, io) {
            (Stream::Stdout, Io::Lines) => Lines::verbatim(),
            _ => Lines::default(),
        };
        Said { lines, kept: Vec::new(), limit, too_much: None }
    }

    fn take(&mut self, stream: Stream, bytes: &[u8], watch: &mut dyn Watch) {
        if self.too_much.is_some() || self.limit.is_some_and(|limit| self.kept.len() + bytes.len() > limit) {
            self.too_much = self.limit;
            return;
        }
        self.kept.extend_from_slice(bytes);
        if self.limit.is_none() && self.kept.len() > 4 * TAIL {
            self.kept.drain(..self.kept.len() - TAIL);
        }
        self.lines.push(bytes, |line| watch.line(stream, line));
    }

    fn finish(&mut self, stream: Stream, watch: &mut dyn Watch) {
        if self.limit.is_none() {
            self.kept.drain(..self.kept.len().saturating_sub(TAIL));
        }
        self.lines.finish(|line| watch.line(stream, line));
    }
}

#[cfg(test)]
mod interrupt_tests;
#[cfg(test)]
mod tests;
