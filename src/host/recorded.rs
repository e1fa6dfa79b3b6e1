//! A [`Host`] whose commands are told as events and whose output is kept in the run's folder, both without secrets. It
//! changes nothing about a command but one thing: it starts none, or leaves it, when the user asked for that.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::Stop;
use super::kept::{End, Kept, RunFolder};
use super::lines::{self, Shown};
use super::scrub::{self, Scrubber};
use super::{CommandError, CommandLine, Flow, Host, Io, Output, Place, Stream, Watch};
use crate::event::{Fact, Teller};

/// How many lines of one command are told. The kept file has them all.
const TOLD: usize = 2000;

/// A host, recorded.
pub struct Recorded {
    /// Where commands really run.
    inner: Arc<dyn Host>,
    /// What that place is called in events.
    place: Place,
    /// Where events go.
    tell: Teller,
    /// What the user's signals asked for.
    stop: Stop,
    /// Where output is kept.
    folder: Option<RunFolder>,
    /// It was said already that output cannot be kept.
    warned: AtomicBool,
}

impl Recorded {
    /// Records `inner`. Hosts of one run share one folder by its clones.
    pub fn new(
        inner: Arc<dyn Host>,
        place: Place,
        tell: Teller,
        stop: Stop,
        folder: Option<RunFolder>,
    ) -> Self {
        Recorded { inner, place, tell, stop, folder, warned: AtomicBool::new(false) }
    }

    /// The command's file; none for what is a secret as a whole, or leaves nothing to keep.
    fn kept(&self, line: &CommandLine) -> Option<Kept> {
        if line.confidential || matches!(line.io, Io::Terminal | Io::Lines) {
            return None;
        }
        let step = self.tell.step();
        self.folder.as_ref().and_then(|folder| self.or_warn(folder.keep(line, self.place, step)))
    }

    /// Output that cannot be kept is no reason to stop; it is said once.
    fn or_warn<T>(&self, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if !self.warned.swap(true, Ordering::SeqCst) {
                    let message = format!("The tools' output cannot be kept in the run's folder: {error}");
                    self.tell.tell(Fact::Warning { step: self.tell.step(), message });
                }
                None
            }
        }
    }
}

impl Host for Recorded {
    fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
        if self.stop.requested() && !line.tidies {
            return Err(CommandError::Left { line: line.to_string() });
        }
        let step = self.tell.step();
        let began = self.tell.now();
        let kept = self.kept(line);
        self.tell.tell(Fact::CommandStarted {
            step,
            on: self.place,
            argv: line.argv(),
            effect: line.effect,
            kept: kept.as_ref().map(|kept| kept.name().to_owned()),
        });
        let record = Record {
            host: self,
            step,
            shown: Shown::default(),
            left: if line.io == Io::Streamed && !line.confidential { Some(TOLD) } else { None },
            kept,
        };
        let mut recording = Recording { record, watch, scrubbers: Default::default(), tidies: line.tidies };
        let result = self.inner.run(line, &mut recording);
        let kept = recording.finish();
        let took = Duration::try_from(self.tell.now().duration_since(began)).unwrap_or_default();
        let exit_code = result.as_ref().ok().map(|output| output.code);
        let error = result.as_ref().err().map(|error| lines::clean(&scrub::text(&error.to_string())));
        let cause = result.as_ref().err().map(CommandError::cause);
        if let Some(kept) = kept {
            self.or_warn(kept.finish(&End { exit_code, error: error.as_deref(), took }));
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.tell.tell(Fact::CommandFinished { step, exit_code, took_ms, error, cause });
        result
    }
}

/// One command's recording.
struct Recording<'a> {
    /// What is told and kept.
    record: Record<'a>,
    /// The caller, who is handed what the command said as it said it.
    watch: &'a mut dyn Watch,
    /// One for each stream.
    scrubbers: [Scrubber; 2],
    /// It is not left when the user leaves.
    tidies: bool,
}

impl Recording<'_> {
    /// The command has ended: its file, to be finished.
    fn finish(mut self) -> Option<Kept> {
        for (scrubber, stream) in self.scrubbers.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
            scrubber.finish(&mut |text| self.record.line(stream, text));
        }
        self.record.kept
    }
}

/// What of a command is told and kept.
struct Record<'a> {
    /// By whom.
    host: &'a Recorded,
    /// The step on whose behalf it runs.
    step: Option<&'static str>,
    /// Makes text of raw lines.
    shown: Shown,
    /// How many lines may still be told; none of a command whose output nobody but the caller sees.
    left: Option<usize>,
    /// The command's file.
    kept: Option<Kept>,
}

impl Record<'_> {
    /// Keeps and tells a line without secrets, or a piece of one.
    fn line(&mut self, stream: Stream, text: &[u8]) {
        if let Some(kept) = &mut self.kept {
            let written = kept.line(stream, text);
            if self.host.or_warn(written).is_none() {
                self.kept = None;
            }
        }
        if self.left.is_some() {
            for text in self.shown.texts(stream, text) {
                self.tell(stream, text);
            }
        }
    }

    /// Tells a text, or once that there are too many.
    fn tell(&mut self, stream: Stream, text: String) {
        let tell = &self.host.tell;
        match self.left {
            Some(0) => {
                self.left = None;
                let rest = match &self.kept {
                    Some(kept) => format!("the rest is only in `{}` in the run's folder", kept.name()),
                    None => "the rest is not shown".to_owned(),
                };
                let message = format!("A command said more than {TOLD} lines; {rest}");
                tell.tell(Fact::Warning { step: self.step, message });
            }
            Some(left) => {
                self.left = Some(left - 1);
                tell.tell(Fact::Output { step: self.step, stream, line: text });
            }
            None => {}
        }
    }
}

impl Watch for Recording<'_> {
    fn line(&mut self, stream: Stream, text: &[u8]) {
        if self.record.kept.is_some() || self.record.left.is_some() {
            let scrubber = &mut self.scrubbers[usize::from(stream == Stream::Stderr)];
            scrubber.line(text, &mut |text| self.record.line(stream, text));
        }
        self.watch.line(stream, text);
    }

    fn tick(&mut self, elapsed: Duration) -> Flow {
        let caller = self.watch.tick(elapsed);
        if self.record.host.stop.leave_now() && !self.tidies { Flow::Leave } else { caller }
    }

    fn between(&mut self, elapsed: Duration) {
        // Nothing new is begun once the user wants to stop, not even a question.
        if !self.record.host.stop.requested() {
            self.watch.between(elapsed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::event::Event;
    use crate::host::clock::FakeClock;
    use crate::host::{Clock, Unwatched};

    /// Says these lines, lets two seconds pass, ticks once and answers this.
    struct Script {
        clock: Arc<FakeClock>,
        lines: Vec<(Stream, Vec<u8>)>,
        answer: Result<Output, CommandError>,
    }

    impl Host for Script {
        fn run(&self, line: &CommandLine, watch: &mut dyn Watch) -> Result<Output, CommandError> {
            for (stream, text) in &self.lines {
                watch.line(*stream, text);
            }
            self.clock.pause(Duration::from_secs(2));
            match watch.tick(Duration::from_secs(2)) {
                Flow::GoOn | Flow::GiveUp => self.answer.clone(),
                Flow::Leave => Err(CommandError::Left { line: line.to_string() }),
            }
        }
    }

    /// Runs `line` on a recorded script and returns what came of it and the facts told.
    fn record(
        line: &CommandLine,
        lines: &[(Stream, &str)],
        answer: Result<Output, CommandError>,
        stop: Stop,
        folder: Option<RunFolder>,
    ) -> (Result<Output, CommandError>, Vec<Fact>) {
        let clock = Arc::new(FakeClock::default());
        let lines = lines.iter().map(|(stream, text)| (*stream, text.as_bytes().to_vec())).collect();
        let script = Script { clock: clock.clone(), lines, answer };
        let told: Arc<Mutex<Vec<Fact>>> = Arc::default();
        let sink = told.clone();
        let tell =
            Teller::new(clock, true, Arc::new(move |event: Event| sink.lock().unwrap().push(event.fact)));
        tell.step_is(Some("add-model"));
        let result = Recorded::new(Arc::new(script), Place::Vm, tell, stop, folder).run(line, &mut Unwatched);
        let facts = told.lock().unwrap().clone();
        (result, facts)
    }

    fn outputs(facts: &[Fact]) -> Vec<&str> {
        facts
            .iter()
            .filter_map(|f| if let Fact::Output { line, .. } = f { Some(&**line) } else { None })
            .collect()
    }

    fn kept_files(folder: &tempfile::TempDir) -> Vec<String> {
        let mut files: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect()
    }

    #[test]
    fn a_command_is_told_from_its_start_to_its_end_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let line = CommandLine::changes("juju", ["add-model", "demo"]).fed("canary");
        let said = [(Stream::Stderr, "\x1b[1mAdded\x1b[0m 'demo'"), (Stream::Stdout, "")];
        let answer = Ok(Output { code: 3, ..Output::default() });
        let (result, facts) =
            record(&line, &said, answer, Stop::default(), Some(RunFolder::new(folder.path())));
        assert_eq!(result.unwrap().code, 3);
        let step = Some("add-model");
        let argv = vec!["juju".to_owned(), "add-model".to_owned(), "demo".to_owned()];
        assert_eq!(
            facts,
            [
                Fact::CommandStarted {
                    step,
                    on: Place::Vm,
                    argv,
                    effect: crate::host::Effect::Changes,
                    kept: Some("0001-juju.log".to_owned()),
                },
                Fact::Output { step, stream: Stream::Stderr, line: "Added 'demo'".to_owned() },
                Fact::CommandFinished { step, exit_code: Some(3), took_ms: 2000, error: None, cause: None },
            ]
        );
        assert_eq!(
            kept_files(&folder),
            ["$ juju add-model demo\n! \x1b[1mAdded\x1b[0m 'demo'\n\n# exit code 3 after 2s\n"]
        );
    }

    #[test]
    fn captured_output_is_kept_but_not_told_and_confidential_output_is_neither() {
        let folder = tempfile::tempdir().unwrap();
        let run = Some(RunFolder::new(folder.path()));
        let said = [(Stream::Stdout, "an answer")];
        let lines = [
            (CommandLine::reads("juju", ["models"]), 1),
            (CommandLine::reads("juju", ["show-user"]).confidential(), 1),
            (CommandLine::changes("juju", ["change-user-password"]).confidential(), 1),
        ];
        for (line, files) in lines {
            let (_, facts) = record(&line, &said, Ok(Output::default()), Stop::default(), run.clone());
            assert_eq!((outputs(&facts).len(), facts.len()), (0, 2));
            let kept = kept_files(&folder);
            assert_eq!(kept.len(), files);
            assert!(kept[0].contains(r#""argv":["juju","models"],"#) && kept[0].contains("an answer"));
        }
    }

    #[test]
    fn no_secret_is_told_or_kept_wherever_it_is_said() {
        let secret = crate::host::secret::Secret::new("ZqR-recorded-by-nobody");
        let folder = tempfile::tempdir().unwrap();
        let line = CommandLine::changes("juju", ["config", "x", secret.reveal()]);
        // Any test teaches secrets to all, so this is nothing that chance makes.
        let moons = |length: usize| "moon".repeat(length / 4 + 1)[..length].to_owned();
        let cut = format!("{}{}", moons(lines::PIECE - 9), secret.reveal());
        let (first, rest) = cut.split_at(lines::PIECE);
        let said = [
            (Stream::Stdout, secret.reveal()),
            (Stream::Stderr, "OS_PASSWORD=ZqR-of-unknown-making"),
            (Stream::Stdout, first),
            (Stream::Stdout, rest),
        ];
        let error = CommandError::Unreachable { line: "x".to_owned(), why: secret.reveal().to_owned() };
        let run = Some(RunFolder::new(folder.path()));
        let (result, facts) = record(&line, &said, Err(error.clone()), Stop::default(), run);
        assert_eq!(result, Err(error), "the caller is answered as it was said");
        let shown = moons(lines::SHOWN);
        assert_eq!(outputs(&facts), ["(secret)", "OS_PASSWORD=(secret)", &shown]);
        let kept = kept_files(&folder);
        assert!(kept[0].starts_with("$ juju config x (secret)\n(secret)\n! OS_PASSWORD=(secret)\nmoonmoon"));
        assert!(kept[0].ends_with("moonmoo(secret)\n# no answer to `x`: (secret)\n"));
        assert!(
            !kept[0].contains("ZqR") && !format!("{facts:?}").replacen("ZqR-recorded", "", 1).contains("ZqR")
        );
    }

    #[test]
    fn after_two_thousand_lines_one_warning_names_the_file_with_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let said: Vec<_> = (0..TOLD + 5).map(|_| (Stream::Stdout, "the same")).collect();
        let line = CommandLine::changes("snap", ["refresh"]);
        let run = Some(RunFolder::new(folder.path()));
        let (_, facts) = record(&line, &said, Ok(Output::default()), Stop::default(), run);
        assert_eq!(outputs(&facts).len(), TOLD);
        let warnings: Vec<_> = facts.iter().filter(|f| matches!(f, Fact::Warning { .. })).collect();
        assert!(
            matches!(warnings[..], [Fact::Warning { message, .. }] if message.contains("`0001-snap.log`"))
        );
        assert_eq!(kept_files(&folder)[0].matches("the same").count(), TOLD + 5);
    }

    #[test]
    fn nothing_starts_after_the_first_request_to_stop_and_what_runs_is_left_after_the_second() {
        struct Asks(Stop);
        impl Watch for Asks {
            fn line(&mut self, _: Stream, _: &[u8]) {}
            fn tick(&mut self, _: Duration) -> Flow {
                self.0.request();
                self.0.request();
                Flow::GoOn
            }
        }
        let stop = Stop::default();
        let clock = Arc::new(FakeClock::default());
        let script = Script { clock: clock.clone(), lines: Vec::new(), answer: Ok(Output::default()) };
        let recorded =
            Recorded::new(Arc::new(script), Place::Laptop, Teller::silent(clock, true), stop.clone(), None);
        let line = CommandLine::reads("snap", ["list"]);
        let left = Err(CommandError::Left { line: "snap list".to_owned() });
        assert_eq!(recorded.run(&line, &mut Asks(stop.clone())), left);
        let (result, facts) = record(&line, &[], Ok(Output::default()), stop, None);
        assert_eq!((result, facts), (left, Vec::new()));
    }

    #[test]
    fn an_error_is_told_without_control_sequences() {
        let error = CommandError::Unreachable { line: "true".to_owned(), why: "\x1b[31mgone".to_owned() };
        let line = CommandLine::reads("true", [""; 0]);
        let (_, facts) = record(&line, &[], Err(error), Stop::default(), None);
        let told = "no answer to `true`: gone".to_owned();
        let step = Some("add-model");
        assert_eq!(
            facts[1],
            Fact::CommandFinished {
                step,
                exit_code: None,
                took_ms: 2000,
                error: Some(told),
                cause: Some("unreachable")
            }
        );
    }
}
