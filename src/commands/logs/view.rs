//! A run as text: the lines that it told, and between them what its commands said.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::kept::{KeptFile, texts};
use crate::commands::run_record::kept_config;
use crate::config::Preset;
use crate::event::Fact;
use crate::host::kept::End;
use crate::host::lines::Shown;
use crate::host::questions::{self, Question, Questions};
use crate::host::{Effect, Place, typed};
use crate::plan::{self, Circumstances};
use crate::report::plain::Lines;
use crate::report::terminal::Terminal;
use crate::state::{Run, Told};
use crate::text;

/// How much is written at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// What is shown of a run.
pub struct View {
    /// Where to.
    terminal: Terminal,
    /// What was not written yet.
    text: String,
    /// The run's folder.
    folder: PathBuf,
    /// Only this step.
    step: Option<String>,
    /// All questions, where they were asked.
    verbose: bool,
    /// What the run told.
    lines: Lines,
    /// The commands that run now, the innermost last.
    open: Vec<Open>,
    /// All questions, in order.
    questions: Questions,
    /// The step at work, and the last question of each kind that it asked.
    asked: (String, Vec<(Place, Vec<String>, u64)>),
}

/// A command that runs.
struct Open {
    /// Whether it is shown.
    shown: bool,
    /// Its file, if it has one of its own.
    file: Option<KeptFile>,
    /// Its number, if it is a question.
    question: Option<u64>,
}

impl View {
    /// Of this run.
    ///
    /// # Errors
    /// Its questions cannot be read.
    pub fn new(terminal: &Terminal, run: &Run, step: Option<&str>, verbose: bool) -> io::Result<Self> {
        // What steps are called depends on it; of a run without one, most names are still right.
        let config = kept_config(run).unwrap_or_else(|_| Preset::Microstack.config());
        let whole = plan::up(&config, Circumstances::default());
        Ok(View {
            terminal: terminal.clone(),
            text: String::new(),
            folder: run.folder.clone(),
            step: step.map(str::to_owned),
            verbose,
            lines: Lines::new(whole.steps().map(|step| (step.name(), step.title())).collect()),
            open: Vec::new(),
            questions: Questions::of(&run.folder)?,
            asked: Default::default(),
        })
    }

    /// Shows an event.
    pub fn on(&mut self, told: &Told) {
        let lines = self.lines.of(&told.event);
        let ours = match (&self.step, told.step()) {
            (Some(wanted), step) => Some(wanted.as_str()) == step,
            (None, _) => true,
        };
        if let Some(step) = told.step().filter(|step| *step != self.asked.0) {
            self.asked = (step.to_owned(), Vec::new());
        }
        if ours && !self.verbose && matches!(told.event.fact, Fact::StepFailed { .. }) {
            self.last_answers();
        }
        if ours || matches!(told.event.fact, Fact::PlanStarted { .. }) {
            for line in &lines {
                self.line(line);
            }
        }
        match &told.event.fact {
            Fact::CommandStarted { on, argv, effect, kept, .. } => {
                let of_step = told.step().is_some();
                self.begins((ours, of_step), *on, argv, *effect, kept.as_deref());
            }
            Fact::CommandFinished { exit_code, took_ms, error, .. } => {
                let took = Duration::from_millis(*took_ms);
                self.ends(&End { exit_code: *exit_code, error: error.as_deref(), took });
            }
            _ => {}
        }
    }

    /// Shows what the command at work has said since.
    pub fn live(&mut self) {
        if let Some(mut open) = self.open.pop() {
            if open.shown {
                self.rest(&mut open, false);
            }
            self.open.push(open);
        }
    }

    /// One line, in whatever colours it has. Whether somebody still reads.
    pub fn line(&mut self, line: &str) -> bool {
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() > CHUNK {
            self.flush();
        }
        self.terminal.closed().is_none()
    }

    /// Writes what was not written yet.
    pub fn flush(&mut self) {
        self.terminal.data(&std::mem::take(&mut self.text));
    }

    /// A command begins: whether it is to be shown, and whether a step asked for it.
    fn begins(
        &mut self,
        (ours, of_step): (bool, bool),
        on: Place,
        argv: &[String],
        effect: Effect,
        kept: Option<&str>,
    ) {
        let question = kept.and_then(questions::number);
        let changes = effect == Effect::Changes;
        let open = Open {
            shown: ours && (changes || self.verbose),
            file: kept.filter(|_| question.is_none()).and_then(|name| KeptFile::of(&self.folder, name)),
            question,
        };
        // What was asked about a standstill is no answer that the step went by.
        if let Some(n) = question.filter(|_| of_step) {
            self.asked.1.retain(|(place, asked, _)| (*place, asked.as_slice()) != (on, argv));
            self.asked.1.push((on, argv.to_vec(), n));
        }
        if open.shown {
            self.command(on, effect, argv);
        }
        self.open.push(open);
    }

    /// The line of a command.
    fn command(&mut self, on: Place, effect: Effect, argv: &[String]) {
        self.line(&format!("    {}", typed(on, effect, argv)));
    }

    /// The innermost command ends.
    fn ends(&mut self, end: &End<'_>) {
        let Some(mut open) = self.open.pop().filter(|open| open.shown) else { return };
        let question = open.question.and_then(|n| self.questions.find(n));
        match (question, &open.file) {
            (Some(question), _) => self.answer(&question),
            (None, Some(_)) => self.rest(&mut open, true),
            (None, None) => {
                let end = text::one_line(&end.to_string());
                self.line(&format!("    # {end} (what it said is kept nowhere)"));
            }
        }
    }

    /// What is new in the file of a command.
    fn rest(&mut self, open: &mut Open, ended: bool) {
        let Some(file) = &mut open.file else { return };
        // A file that somebody removed is no reason to say less of the rest.
        let read = file.more(ended, |line| self.line(&format!("    {line}")));
        if let (Err(error), true) = (read, ended) {
            self.line(&format!("    # what it said cannot be read: {error}"));
        }
    }

    /// What was answered to a question.
    fn answer(&mut self, question: &Question) {
        for (text, mark) in [(&question.stdout, ""), (&question.stderr, "! ")] {
            let mut shown = Shown::default();
            for raw in text.lines() {
                for line in texts(&mut shown, raw.as_bytes()) {
                    self.line(&format!("    {mark}{line}"));
                }
            }
        }
        let took = Duration::from_millis(question.took_ms);
        let end = End { exit_code: question.exit_code, error: question.error.as_deref(), took };
        for line in text::lines(&format!("# {end}")) {
            self.line(&format!("    {line}"));
        }
    }

    /// The last answers to the questions of the step that failed.
    fn last_answers(&mut self) {
        let asked = std::mem::take(&mut self.asked.1);
        let wanted: BTreeSet<u64> = asked.iter().map(|(_, _, n)| *n).collect();
        let Ok(questions) = Questions::of(&self.folder) else { return };
        for question in questions.filter(|question| wanted.contains(&question.n)) {
            self.command(question.on, Effect::Reads, &question.argv);
            self.answer(&question);
        }
    }
}
