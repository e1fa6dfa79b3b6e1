//! The runner and the loop that waits, with a step that says what it is told to say, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::*;
use crate::event::Event;
use crate::failure::Cause;
use crate::host::Clock;
use crate::host::clock::FakeClock;
use crate::host::fake::FakeHost;
use crate::step::{Checkpoint, Planned};

/// What a question is answered with.
type Answer = Result<Verdict, CommandError>;

/// A step whose answers are a list; the last one is repeated.
struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    acts: Mutex<VecDeque<Result<(), Failure>>>,
    successes: u32,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Scripted { answers: Mutex::new(answers.into_iter().collect()), acts: Mutex::default(), successes: 1 }
    }

    fn act_fails(self, failure: Failure) -> Self {
        self.acts.lock().unwrap().push_back(Err(failure));
        self
    }
}

impl Step for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn title(&self) -> &'static str {
        "Do it"
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: "it is done".into(),
            probes: Vec::new(),
            timeout: Duration::from_secs(600),
            interval: Duration::from_secs(10),
            successes: self.successes,
            look_here: "look".into(),
            not_met: Id::KafkaNotReady,
        }
    }

    fn probe(&self, _: &Hosts<'_>) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.unwrap()
    }

    fn act(&self, _: &Work<'_>) -> Result<(), Failure> {
        self.acts.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }
}

/// A record that remembers what it was told.
#[derive(Default)]
struct Told(Vec<String>);

impl Record for Told {
    fn begun(&mut self, step: &'static str) -> Result<u64, Failure> {
        self.0.push(format!("{step} begun"));
        Ok(1)
    }

    fn holds(&mut self, step: &'static str) -> Result<(), Failure> {
        self.0.push(format!("{step} holds"));
        Ok(())
    }

    fn done(&mut self, step: &'static str) -> Result<(), Failure> {
        self.0.push(format!("{step} done"));
        Ok(())
    }

    fn failed(&mut self, step: &'static str, id: Id) {
        self.0.push(format!("{step} failed {id}"));
    }
}

/// What came of a run: its result, the record, the facts, and how long it took.
struct Came {
    result: Result<bool, Failure>,
    record: Vec<String>,
    facts: Vec<Fact>,
    took: Duration,
}

fn run(step: Scripted) -> Came {
    run_with(step, &Stop::default())
}

fn run_with(step: Scripted, stop: &Stop) -> Came {
    run_asking(step, stop, &|_, _, _| None)
}

fn run_asking(step: Scripted, stop: &Stop, diagnose: &Diagnose<'_>) -> Came {
    let clock = Arc::new(FakeClock::default());
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let heard = events.clone();
    let tell = Teller::new(clock.clone(), false, Arc::new(move |event| heard.lock().unwrap().push(event)));
    let (laptop, vm) = (FakeHost::new(), FakeHost::new());
    let hosts = Hosts { laptop: &laptop, vm: &vm, clock: &*clock };
    let mut record = Told::default();
    let began = clock.now();
    let runner = Run {
        hosts,
        tell: &tell,
        stop,
        scale: TimeScale::default(),
        until: None,
        again: Again::Same,
        diagnose,
    };
    let result = runner.all(&Plan::of([Box::new(step) as Box<dyn Step>]), &mut record);
    let took = Duration::try_from(clock.now().duration_since(began)).unwrap();
    let facts = events.lock().unwrap().iter().map(|event| event.fact.clone()).collect();
    Came { result, record: record.0, facts, took }
}

fn met() -> Answer {
    Ok(Verdict::met("there"))
}

fn not_yet(seen: &str) -> Answer {
    Ok(Verdict::not_yet(seen))
}

fn could_not_ask() -> Answer {
    Err(CommandError::Unreachable { line: "ask".into(), why: "no way".into() })
}

#[test]
fn what_holds_already_is_skipped_and_nothing_is_begun() {
    let came = run(Scripted::new([met()]));
    assert_eq!(came.result, Ok(false));
    assert_eq!(came.record, ["scripted holds"]);
    assert!(matches!(&came.facts[..], [Fact::StepSkipped { seen, .. }] if seen == "there"));
}

#[test]
fn what_does_not_hold_is_acted_on_and_waited_for() {
    let came = run(Scripted::new([not_yet("no"), not_yet("half"), not_yet("half"), met()]));
    assert_eq!(came.result, Ok(true));
    assert_eq!(came.record, ["scripted begun", "scripted done"]);
    assert_eq!(came.took, Duration::from_secs(20));
    // What is seen is told once, not at every question.
    let waiting = came.facts.iter().filter(|f| matches!(f, Fact::Waiting { .. })).count();
    assert_eq!(waiting, 1);
}

#[test]
fn a_flicker_does_not_count_when_it_must_hold_three_times() {
    let answers = [not_yet("no"), met(), met(), not_yet("flicker"), met(), met(), met()];
    let came = run(Scripted { successes: 3, ..Scripted::new(answers) });
    assert_eq!(came.result, Ok(true));
    assert_eq!(came.took, Duration::from_secs(50));
}

#[test]
fn what_is_broken_stops_at_once_before_and_after_the_act() {
    let broken = || Ok(Verdict::broken(Failure::new(Id::UnitError, "a hook failed")));
    let came = run(Scripted::new([broken()]));
    assert_eq!(came.result.unwrap_err().id, Id::UnitError);
    assert_eq!(came.record, ["scripted failed unit-error"]);
    let came = run(Scripted::new([not_yet("no"), broken()]));
    assert_eq!(came.record, ["scripted begun", "scripted failed unit-error"]);
}

#[test]
fn what_does_not_hold_in_time_fails_with_what_was_last_seen_and_where_to_look() {
    let came = run(Scripted::new([not_yet("no"), not_yet("7 of 8 units")]));
    let failure = came.result.unwrap_err();
    assert_eq!((failure.id, failure.seen.as_deref()), (Id::KafkaNotReady, Some("7 of 8 units")));
    assert!(failure.hints[0].contains("`look`"), "{:?}", failure.hints);
    assert_eq!(came.took, Duration::from_secs(600));
}

#[test]
fn could_not_ask_is_not_no() {
    // Before the act it is asked again, and in the end the step fails without acting.
    let came = run(Scripted::new([could_not_ask()]));
    assert!(came.result.unwrap_err().seen.unwrap().contains("no way"));
    assert_eq!(came.record, ["scripted failed kafka-not-ready"]);
    // After it, it only means waiting.
    let came = run(Scripted::new([not_yet("no"), could_not_ask(), met()]));
    assert_eq!(came.result, Ok(true));
}

#[test]
fn a_failed_command_whose_effect_is_there_is_forgiven() {
    let failure = || Failure::new(Id::CommandFailed, "Do it: the command failed");
    let came = run(Scripted::new([not_yet("no"), met()]).act_fails(failure()));
    assert_eq!(came.result, Ok(true));
    assert!(
        came.facts.iter().any(|f| matches!(f, Fact::Warning { message, .. } if message.contains("goes on")))
    );
    let came = run(Scripted::new([not_yet("no")]).act_fails(failure()));
    assert_eq!(came.result, Err(failure()));
}

#[test]
fn a_vm_stopped_from_outside_is_waited_for_three_minutes_and_no_longer() {
    let stopped = || Err(CommandError::VmNotRunning { state: "Stopped".into() });
    let came = run(Scripted::new([not_yet("no"), stopped()]));
    assert_eq!(came.result.unwrap_err().id, Id::VmNotReady);
    assert_eq!(came.took, Duration::from_secs(180));
    let came = run(Scripted::new([not_yet("no"), stopped(), not_yet("coming back"), met()]));
    assert_eq!(came.result, Ok(true));
}

#[test]
fn nothing_new_is_begun_once_the_user_wants_to_stop() {
    let stop = Stop::default();
    stop.request();
    let came = run_with(Scripted::new([not_yet("no")]), &stop);
    assert_eq!(came.result.unwrap_err().id, Id::Interrupted);
    assert_eq!(came.record, ["scripted failed interrupted"]);
}

fn retries(came: &Came) -> Vec<(u32, u64)> {
    let retry = |fact: &Fact| match fact {
        Fact::Retrying { attempt, pause_s, .. } => Some((*attempt, *pause_s)),
        _ => None,
    };
    came.facts.iter().filter_map(retry).collect()
}

#[test]
fn what_may_heal_is_tried_again_with_growing_pauses_that_are_told() {
    let lost = || Failure::new(Id::CommandFailed, "Do it: the command failed").transient();
    let came = run(Scripted::new([not_yet("no"), not_yet("no"), not_yet("no"), met()])
        .act_fails(lost())
        .act_fails(lost()));
    assert_eq!(came.result, Ok(true));
    // One act, however often it was tried.
    assert_eq!(came.record, ["scripted begun", "scripted done"]);
    let all = (0..9).fold(Scripted::new([not_yet("no")]), |step, _| step.act_fails(lost()));
    let came = run(all);
    let tries = retries(&came);
    assert_eq!(tries.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    for ((_, pause), full) in tries.iter().zip([10, 20, 40, 80, 160]) {
        assert!((full * 8 / 10..=full * 12 / 10).contains(pause), "{pause} s is not about {full} s");
    }
    assert_eq!(came.took.as_secs(), tries.iter().map(|(_, pause)| pause).sum::<u64>());
    let failure = came.result.unwrap_err();
    assert_eq!(failure.message, "Do it: the command failed (tried 6 times)");
}

#[test]
fn what_will_not_heal_is_not_tried_again() {
    for class in [Class::Permanent, Class::Unknown] {
        let failure = Failure { class, ..Failure::new(Id::CommandFailed, "no") };
        let came = run(Scripted::new([not_yet("no")]).act_fails(failure.clone()));
        assert_eq!((came.result, came.took), (Err(failure), Duration::ZERO));
    }
}

#[test]
fn a_step_that_moves_is_given_more_than_its_limit_and_one_that_stands_still_is_not() {
    let moving = (0..120).map(|n| not_yet(&format!("{n} of 120"))).chain([met()]);
    let came = run(Scripted::new(moving));
    assert_eq!(came.result, Ok(true));
    assert!(came.took > Duration::from_secs(600), "{:?}", came.took);
    let without_end = (0..999).map(|n| not_yet(&format!("line {n}")));
    assert_eq!(run(Scripted::new(without_end)).took, Duration::from_secs(1800));
}

fn cause() -> Cause {
    Cause { id: "moon-full", what: "the moon is full", evidence: "it shines".into(), cure: "wait".into() }
}

#[test]
fn why_a_step_stands_still_is_told_long_before_its_limit_and_once() {
    let came = run_asking(Scripted::new([not_yet("no")]), &Stop::default(), &|_, step, seen| {
        assert_eq!((step, seen), ("scripted", "no"));
        Some(cause())
    });
    let told = came.facts.iter().filter(|fact| matches!(fact, Fact::Diagnosed { id: "moon-full", .. }));
    assert_eq!(told.count(), 1);
    assert_eq!(came.result.unwrap_err().cause.as_deref(), Some(&cause()));
}

#[test]
fn a_long_standstill_is_told_though_no_cause_is_found() {
    let warnings = |facts: &[Fact]| -> Vec<String> {
        let told = facts.iter().filter_map(|fact| match fact {
            Fact::Warning { message, .. } => Some(message.clone()),
            _ => None,
        });
        told.filter(|message| message.contains("nothing new")).collect()
    };
    let came = run(Scripted::new([not_yet("no")]));
    let told = warnings(&came.facts);
    assert_eq!(told[0], "scripted: nothing new for 3m 00s, and no cause found");
    assert_eq!(told.len(), 7, "{told:?}");
    let moving = (0..120).map(|n| not_yet(&format!("{n} of 120"))).chain([met()]);
    assert_eq!(warnings(&run(Scripted::new(moving)).facts), [""; 0]);
}

#[test]
fn a_failure_is_looked_into_unless_the_user_stopped_it() {
    let fails = || Scripted::new([not_yet("no")]).act_fails(Failure::new(Id::CommandFailed, "no"));
    let came = run_asking(fails(), &Stop::default(), &|_, _, _| Some(cause()));
    assert_eq!(came.result.unwrap_err().cause.as_deref(), Some(&cause()));
    let stop = Stop::default();
    stop.request();
    let came = run_asking(fails(), &stop, &|_, _, _| panic!("nothing new is begun"));
    assert_eq!(came.result.unwrap_err().id, Id::Interrupted);
}
