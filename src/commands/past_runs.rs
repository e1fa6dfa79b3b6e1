//! The runs that left their records behind: which there are, which one is meant, how each ended.

use crate::event::{Fact, format_time};
use crate::failure::{Failure, Id};
use crate::state::{Past, Run, State, Told, unusable};
use crate::text;

/// The run of that name, or the latest.
///
/// # Errors
/// [`Id::RunUnknown`] with those there are; [`Id::StateUnusable`].
pub fn find(state: &State, wanted: Option<&str>) -> Result<Run, Failure> {
    state.exists()?;
    let runs = state.runs();
    let Some(latest) = runs.last() else {
        return Err(Failure::new(Id::RunUnknown, "there was no run yet that changed this stack")
            .expected(format!("runs of the VM in {}", state.folder().display()))
            .hint("`kafstack up` begins one; another VM's: `--set vm.name=NAME`"));
    };
    let Some(wanted) = wanted else { return Ok(latest.clone()) };
    let number = wanted.parse::<u64>().ok();
    let found = runs.iter().find(|run| Some(run.number) == number).cloned();
    found.ok_or_else(|| {
        let known: Vec<String> = runs.iter().rev().map(|run| summary(state, run)).collect();
        Failure::new(Id::RunUnknown, format!("there is no run `{}`", text::one_line(wanted)))
            .expected(format!("one of the last {}\n{}", text::count(runs.len(), "run"), known.join("\n")))
    })
}

/// All that a run told.
///
/// # Errors
/// [`Id::StateUnusable`]: its file cannot be read.
pub fn told(run: &Run) -> Result<Vec<Told>, Failure> {
    Past::of(run).all().map_err(|error| unusable(&run.folder, "read", &error))
}

/// A run in one line: number, command, when, how it ended.
pub fn summary(state: &State, run: &Run) -> String {
    let told = told(run).unwrap_or_default();
    let (mut command, mut began, mut end) = ("(nothing was told)", String::new(), None);
    for told in &told {
        match &told.event.fact {
            Fact::PlanStarted { plan, .. } => {
                command = plan;
                began = format!(", {}", format_time(told.event.at));
            }
            Fact::StepFailed { step, id, .. } => end = Some(format!("failed at {step} [{id}]")),
            Fact::PlanFinished { outcome, .. } => end = end.or_else(|| Some((*outcome).to_owned())),
            _ => {}
        }
    }
    let end = end.unwrap_or_else(|| why_no_end(state, run));
    format!("{}: {command}{began}: {end}", run.number)
}

/// Why a run told no end.
pub fn why_no_end(state: &State, run: &Run) -> String {
    match state.holder() {
        Some(holder) if state.latest_run().as_ref() == Some(run) => format!("it goes on: {holder}"),
        _ => "it has no end: kafstack was killed, or the laptop stopped".to_owned(),
    }
}
