//! The VM as a [`Host`]: every command becomes one `multipass exec` of one constant wrapper.
//!
//! No argument ever becomes shell text: the wrapper sees them as `"$@"` only. This is the one file above the
//! laptop that knows how to get into the VM.

pub mod long_acts;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::{
    CAPTURE, Clock, CommandError, CommandLine, Effect, Flow, Host, Io, Long, Output, Stdin, Stream, Watch,
    lines,
};
use crate::tools::multipass;

/// What runs inside for every command. It
/// - starts in the home folder and sets what `multipass exec` does not forward: it hands on no variable at all
///   (canonical/multipass:src/client/cli/cmd/exec.cpp); `COLUMNS` because Sunbeam wraps its output at 80 columns
///   without a terminal, `/snap/bin` because a non-login shell may lack it, no `JUJU_*` because they would
///   redirect every Juju command (juju/juju:cmd/juju);
/// - reports the exit status as its own last line on stderr and itself ends with 0, because Multipass' own codes 1,
///   2 and 255 look like the command's, and Multipass 1.16 repeats a command that ends with 4 for ever
///   (canonical/multipass#3771);
/// - `--terminal` is for commands that have the terminal to themselves: no mark, for the user would see it, but the
///   exit status itself (4 as 1), and a shell's own colours and width;
/// - `--openrc FILE` reads variables from a file, so that no password becomes an argument;
/// - `--start NAME ID` begins a long act in a session of its own, under a lock that the kernel frees when the act is
///   gone, with output, end status and process group in files; it says `started` (also when this very act has ended already, so
///   that it may be asked again after a lost connection), or which act is `running` already;
/// - `--follow NAME OFFSET SECONDS` prints a long act's output from that byte on until its lock is free, for at most
///   so long (a process id would do for neither: it may be another's by now, or that of a zombie), then says whether
///   it is `running`, has `ended ID STATUS`, or is `lost` (gone without a status: the VM restarted).
pub const WRAPPER: &str = r#"cd || exit
PATH=$PATH:/snap/bin NO_COLOR=1 COLUMNS=256 LC_ALL=C.UTF-8 USER=${USER:-$(id -un)}
export PATH NO_COLOR COLUMNS LC_ALL USER
unset JUJU_MODEL JUJU_CONTROLLER JUJU_DATA JUJU_LOGGING_CONFIG JUJU_STARTUP_LOGGING_CONFIG JUJU_DEV_FEATURE_FLAGS JUJU_BOOTSTRAP_MODEL
case $1 in
--terminal)
  shift; unset NO_COLOR COLUMNS; "$@"; s=$?
  if [ $s -eq 4 ]; then s=1; fi
  exit $s ;;
--openrc)
  if [ -r "$2" ]; then . "$2"; shift 2; "$@"; else echo "kafstack: cannot read $2" >&2; false; fi ;;
--start)
  n=$2 i=$3; shift 3; mkdir -p kafstack; exec 9>>kafstack/lock
  if flock -w 1 9; then case "$(cat "kafstack/$n.end" 2>&1)" in "$i "*) echo started ;; *)
    rm -f "kafstack/$n.end"; : >"kafstack/$n.log"
    setsid sh -c 'n=$1 i=$2; shift 2; "$@" 9>&-; echo "$i $?" >"kafstack/$n.tmp"; mv "kafstack/$n.tmp" "kafstack/$n.end"' kafstack "$n" "$i" "$@" </dev/null >"kafstack/$n.log" 2>&1 &
    echo "$n $i $!" >kafstack/running; echo started ;; esac
  else
    echo running; cat kafstack/running
  fi
  exec 9>&- ;;
--follow)
  n=$2 o=$3 t=$4
  if flock -n -s kafstack/lock true; then tail -c "+$o" "kafstack/$n.log"; else
    flock -s -w "$t" kafstack/lock true & w=$!
    tail -c "+$o" -f -s 0.2 "--pid=$w" "kafstack/$n.log" &
    wait $w; wait
  fi
  if flock -n -s kafstack/lock true; then
    if [ -r "kafstack/$n.end" ]; then s="ended $(cat "kafstack/$n.end")"; else s=lost; fi
  else s=running; fi
  printf '\nkafstack-long %s\n' "$s" >&2; true ;;
*) "$@" ;;
esac
printf '\nkafstack-exit %s\n' $? >&2
exit 0"#;

/// The word before the exit status in the wrapper's last line.
pub const EXIT_MARK: &str = "kafstack-exit ";
/// The word before a long act's state.
pub const LONG_MARK: &str = "kafstack-long ";
/// How long one look at a long act lasts, in seconds. Short enough that a broken connection is noticed soon.
pub const SLICE_S: u64 = 20;
/// So many acts of other steps are waited for before one begins; there is one at a time, so more is a contradiction.
const OTHERS: u32 = 10;
/// How long a "Running" from Multipass is believed before a further command is sent into the VM.
const RUNNING_FOR: Duration = Duration::from_secs(5);

/// The VM of that name on this laptop.
pub struct Vm {
    /// Runs `multipass`.
    laptop: Arc<dyn Host>,
    /// For the age of what is known.
    clock: Arc<dyn Clock>,
    /// Its Multipass name.
    name: String,
    /// Until when it is believed to run.
    running_until: Mutex<Option<Timestamp>>,
}

impl Vm {
    /// The VM of that name, reached through `laptop`.
    pub fn new(laptop: Arc<dyn Host>, clock: Arc<dyn Clock>, name: impl Into<String>) -> Self {
        Vm { laptop, clock, name: name.into(), running_until: Mutex::new(None) }
    }

    /// What every command in the VM of that name is prefixed with.
    pub fn prefix(name: &str) -> Vec<String> {
        ["multipass", "exec", "-n", name, "--", "sh", "-c", WRAPPER, "kafstack"].map(str::to_owned).to_vec()
    }

    /// `multipass exec` starts a stopped VM unasked, so its state is asked first, without entering it.
    fn must_run(&self) -> Result<(), CommandError> {
        let mut until = self.running_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = self.clock.now();
        if until.is_some_and(|until| now < until) {
            return Ok(());
        }
        let line = multipass::list();
        let fleet = multipass::parse_list(&line, &self.laptop.ask(&line)?)?;
        match fleet.iter().find(|vm| vm.name == self.name) {
            Some(vm) if vm.state == "Running" => {
                *until = Some(now + RUNNING_FOR);
                Ok(())
            }
            Some(vm) => Err(CommandError::VmNotRunning { state: vm.state.clone() }),
            None => Err(CommandError::VmNotRunning { state: "absent".to_owned() }),
        }
    }

    /// One `multipass exec`; `mode` stands before the command's own words.
    fn exec(
        &self,
        line: &CommandLine,
        mode: &[&str],
        argv: &[String],
        watch: &mut dyn Watch,
    ) -> Result<(Output, Option<String>), CommandError> {
        let mut prefix = Vm::prefix(&self.name);
        let program = prefix.remove(0);
        let mut args = prefix;
        args.extend(mode.iter().map(|m| (*m).to_owned()));
        args.extend(argv.iter().cloned());
        let outer = CommandLine { program, args, openrc: None, long: None, ..line.clone() };
        let mut marks = Marks { watch, exit: None, long: None, blank: false };
        let result = self.laptop.run(&outer, &mut marks);
        let (exit, long) = (marks.exit.take(), marks.long.take());
        let mut output = result.map_err(|error| self.seen_from_inside(line, error))?;
        let unreachable = |why: String| CommandError::Unreachable { line: line.to_string(), why };
        let mut text = output.err();
        // A captured stream may not have been told line by line, so the marks are looked for there as well.
        let mut taken = |mark: &str| {
            let at = text.rfind(mark).filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n')?;
            let word = text[at + mark.len()..].lines().next().unwrap_or_default().to_owned();
            text.truncate(at.saturating_sub(1));
            Some(word)
        };
        let exit = taken(EXIT_MARK).or(exit);
        let long = taken(LONG_MARK).or(long);
        if line.io == Io::Terminal {
            return Ok((output, None));
        }
        let Some(exit) = exit else {
            *self.running_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
            let why = match output.last_words(line) {
                words if words.is_empty() => format!("multipass ended with {} and no word", output.code),
                words => words,
            };
            return Err(unreachable(why));
        };
        output.code = exit.trim().parse().map_err(|_| unreachable(format!("exit status {exit:?}")))?;
        output.stderr = text.into_bytes();
        Ok((output, long))
    }

    /// An error of the outer command in terms of the inner one: the user thinks of that one.
    fn seen_from_inside(&self, line: &CommandLine, error: CommandError) -> CommandError {
        let line = line.to_string();
        match error {
            CommandError::TimedOut { after, said, .. } => CommandError::TimedOut { line, after, said },
            CommandError::Left { .. } => CommandError::Left { line },
            CommandError::TooMuch { limit, .. } => CommandError::TooMuch { line, limit },
            CommandError::NotStarted { why, .. } => CommandError::NotStarted { line, why },
            other => other,
        }
    }

    /// Starts a long act, or joins the one that is running, and follows it to its end.
    fn run_long(
        &self,
        line: &CommandLine,
        long: &Long,
        watch: &mut dyn Watch,
    ) -> Result<Output, CommandError> {
        let began = self.clock.now();
        let elapsed = || Duration::try_from(self.clock.now().duration_since(began)).unwrap_or_default();
        let start = CommandLine {
            stdin: Stdin::Null,
            timeout: Duration::from_secs(60),
            io: Io::Captured { limit: CAPTURE },
            ..line.clone()
        };
        for _ in 0..OTHERS {
            let reply = self.start_long(&start, long, &line.argv(), watch)?;
            let mut words = reply.split_whitespace();
            let name = match words.next() {
                Some("started") => long.name.to_owned(),
                Some("running") => words.next().unwrap_or(long.name).to_owned(),
                _ => {
                    return Err(CommandError::garbled(
                        line,
                        format!("the start of a long act said {reply:?}"),
                    ));
                }
            };
            let end = self.follow(line, &name, &elapsed, watch)?;
            if name == long.name {
                return Ok(Output { took: elapsed(), ..end });
            }
            // An act of another step was still running; ours comes after it.
            self.clock.pause(Duration::from_secs(5));
        }
        // What holds the lock in the VM says of itself, just now, that it has ended.
        Err(CommandError::StillRunning { line: line.to_string(), after: elapsed(), quiet: Duration::ZERO })
    }

    /// Starts a long act, or learns which one is running. A lost answer is asked for again: the same act is never
    /// started twice.
    fn start_long(
        &self,
        start: &CommandLine,
        long: &Long,
        argv: &[String],
        watch: &mut dyn Watch,
    ) -> Result<String, CommandError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.exec(start, &["--start", long.name, &long.id], argv, &mut Quiet(watch)) {
                Ok((reply, _)) => return Ok(reply.success(start)?.out()),
                Err(CommandError::Unreachable { .. } | CommandError::TimedOut { .. }) if tries < 4 => {
                    self.clock.pause(Duration::from_secs(5));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes a long act has said.
    fn log_size(&self, line: &CommandLine, name: &str) -> Result<usize, CommandError> {
        let stat = CommandLine::reads("stat", ["-c", "%s", &format!("kafstack/{name}.log")]);
        let (output, _) = self.exec(&stat, &[], &stat.argv(), &mut super::Unwatched)?;
        let size = output.success(&stat)?.out();
        size.trim()
            .parse()
            .map_err(|_| CommandError::garbled(line, format!("the size of its log is {size:?}")))
    }

    /// Follows a running long act, slice by slice, until it ends or the line's limit passes.
    fn follow(
        &self,
        line: &CommandLine,
        name: &str,
        elapsed: &dyn Fn() -> Duration,
        watch: &mut dyn Watch,
    ) -> Result<Output, CommandError> {
        let slice = CommandLine {
            stdin: Stdin::Null,
            timeout: Duration::from_secs(SLICE_S + 40),
            effect: Effect::Reads,
            io: Io::Captured { limit: CAPTURE },
            ..line.clone()
        };
        let mut offset: usize = 1;
        let mut tail: Vec<u8> = Vec::new();
        let mut told = Told::default();
        let mut last_said = elapsed();
        loop {
            let flow = watch.tick(elapsed());
            if flow == Flow::Leave {
                return Err(CommandError::Left { line: line.to_string() });
            }
            watch.between(elapsed());
            let mode = ["--follow", name, &offset.to_string(), &SLICE_S.to_string()];
            let state = match self.must_run().and_then(|()| {
                self.exec(&slice, &mode, &[], &mut Shifted { watch, elapsed, told: &mut told, seen: 0 })
            }) {
                Ok((output, state)) => {
                    let state = state.unwrap_or_default();
                    let open = if state == "running" { told.unfinished(&output.stdout) } else { 0 };
                    let whole = output.stdout.len() - open;
                    offset += whole;
                    if !output.stdout.is_empty() {
                        last_said = elapsed();
                    }
                    tail.extend_from_slice(&output.stdout[..whole]);
                    tail.drain(..tail.len().saturating_sub(super::TAIL));
                    if open == 0 {
                        told = Told::default();
                    } else {
                        told.lines = 1;
                    }
                    state
                }
                Err(CommandError::TooMuch { .. }) => {
                    // More than one look can hold: its log in the VM has it all, and what comes next matters more.
                    offset = self.log_size(line, name)? + 1;
                    told = Told::default();
                    watch.line(
                        Stream::Stderr,
                        format!("(too much output; see `~/kafstack/{name}.log` in the VM)").as_bytes(),
                    );
                    "running".to_owned()
                }
                Err(left @ (CommandError::Left { .. } | CommandError::VmNotRunning { .. })) => {
                    return Err(left);
                }
                Err(lost) => {
                    // The way broke, not the act: it goes on there, and so do we, when the way is back.
                    watch.line(
                        Stream::Stderr,
                        format!("(connection lost: {lost}; following again)").as_bytes(),
                    );
                    self.clock.pause(Duration::from_secs(5));
                    "running".to_owned()
                }
            };
            let mut words = state.split_whitespace();
            match words.next() {
                Some("ended") => {
                    let code = words.nth(1).and_then(|w| w.parse().ok()).unwrap_or(1);
                    return Ok(Output { code, stdout: tail, ..Output::default() });
                }
                Some("running") if flow == Flow::GiveUp || elapsed() >= line.timeout => {
                    let after = elapsed();
                    let quiet = after.saturating_sub(last_said);
                    return Err(CommandError::StillRunning { line: line.to_string(), after, quiet });
                }
                Some("running") => {}
                _ => {
                    let why = "it ended without leaving a status; did the VM restart?".to_owned();
                    return Err(CommandError::Unreachable { line: line.to_string(), why });
                }
            }
        }
    }
}

impl Host for Vm {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        self.must_run()?;
        if let Some(long) = &line.long {
            return self.run_long(line, long, watch);
        }
        if line.io == Io::Terminal {
            return self.exec(line, &["--terminal"], &line.argv(), watch).map(|(output, _)| output);
        }
        let mode: Vec<&str> = line.openrc.iter().flat_map(|file| ["--openrc", file]).collect();
        self.exec(line, &mode, &line.argv(), watch).map(|(output, _)| output)
    }
}

/// Keeps the wrapper's marks, and the empty line before each, from the caller.
struct Marks<'a> {
    /// The caller.
    watch: &'a mut dyn Watch,
    /// The exit status, once seen.
    exit: Option<String>,
    /// A long act's state, once seen.
    long: Option<String>,
    /// An empty line on stderr is held back: it may belong to a mark.
    blank: bool,
}

impl Watch for Marks<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        if stream == Stream::Stderr {
            let held = std::mem::take(&mut self.blank);
            let word =
                |mark: &str| Some(String::from_utf8_lossy(text.strip_prefix(mark.as_bytes())?).into_owned());
            if let Some(exit) = word(EXIT_MARK) {
                self.exit = Some(exit);
                return;
            }
            if let Some(long) = word(LONG_MARK) {
                self.long = Some(long);
                return;
            }
            if held {
                self.watch.line(stream, b"");
            }
            if text.is_empty() {
                self.blank = true;
                return;
            }
        }
        self.watch.line(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        self.watch.tick(elapsed)
    }
}

/// Forwards ticks, but no lines.
struct Quiet<'a>(&'a mut dyn Watch);

impl Watch for Quiet<'_> {
    fn line(&mut self, _: Stream, _: &[u8]) {}

    fn tick(&mut self, elapsed: Duration) -> Flow {
        leave_only(self.0.tick(elapsed))
    }
}

/// Which lines after the offset of the current look at a long act the caller was told already: after a broken
/// connection they come again, and so does a line that had not ended when a look did.
#[derive(Default)]
struct Told {
    /// So many.
    lines: usize,
    /// The last of them; told again only when it has become longer.
    last: Vec<u8>,
}

impl Told {
    /// How many bytes at the end of a look belong to a line that has not ended.
    fn unfinished(&self, look: &[u8]) -> usize {
        let ended = look.ends_with(b"\n") || lines::continues(&self.last) || !look.ends_with(&self.last);
        if ended { 0 } else { self.last.len() }
    }
}

/// One look at a long act: forwards its new lines, and ticks with the whole act's elapsed time.
struct Shifted<'a> {
    /// The caller.
    watch: &'a mut dyn Watch,
    /// Time since the act began.
    elapsed: &'a dyn Fn() -> Duration,
    /// What the caller was told already.
    told: &'a mut Told,
    /// Lines of this look so far.
    seen: usize,
}

impl Watch for Shifted<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        if stream == Stream::Stdout {
            self.seen += 1;
            let again = self.seen == self.told.lines && text == self.told.last;
            if self.seen < self.told.lines || again {
                return;
            }
            *self.told = Told { lines: self.seen, last: text.to_vec() };
        }
        self.watch.line(stream, text);
    }

    fn tick(&mut self, _: Duration) -> Flow {
        leave_only(self.watch.tick((self.elapsed)()))
    }
}

/// A long act is given up between two looks at it, never in the middle of one.
fn leave_only(flow: Flow) -> Flow {
    if flow == Flow::GiveUp { Flow::GoOn } else { flow }
}

// The wrapper needs what an Ubuntu VM has: `flock`, `setsid`, GNU `tail`.
#[cfg(all(test, target_os = "linux"))]
mod tests;
