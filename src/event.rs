//! Facts about a run, in the past tense. Reporters draw them, the run's folder keeps them, `--events` hands them
//! on; nothing here decides anything. The JSON form is part of kafstack's interface: fields may be added only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::host::{Clock, Effect, Place, Stream};

/// One fact, with when it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of this format.
    pub v: u8,
    /// When, RFC 3339 with milliseconds.
    #[serde(serialize_with = "rfc3339", deserialize_with = "instant")]
    pub at: Timestamp,
    /// Milliseconds since the run began.
    pub elapsed_ms: u64,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
    /// Whether the world this is about is simulated.
    pub rehearsal: bool,
}

impl Event {
    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms)
    }
}

/// RFC 3339 with milliseconds and a `Z`.
pub fn format_time(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_time(*at))
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// The name of a step, an id and the like: a few words that stand in kafstack itself. Under a name of its own because
/// serde would borrow a `&'static str` from what it reads.
pub type Name = &'static str;

/// The longest name that is read, in bytes.
const LONGEST: usize = 120;

/// The names that were read so far. They are few, and each of them stays for the rest of the process, so that a fact
/// that was read is like one that was told.
static NAMES: Mutex<BTreeSet<Name>> = Mutex::new(BTreeSet::new());

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(text.as_str()) {
        return Ok(known);
    }
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(D::Error::custom("that is no name"));
    }
    let new = Box::leak(text.into_boxed_str());
    names.insert(new);
    Ok(new)
}

/// A name as it stands in a list, or where it may be missing.
#[derive(Deserialize)]
struct Listed(#[serde(deserialize_with = "name")] Name);

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Name>, D::Error> {
    Ok(Vec::<Listed>::deserialize(deserializer)?.into_iter().map(|name| name.0).collect())
}

fn perhaps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Name>, D::Error> {
    Ok(Option::<Listed>::deserialize(deserializer)?.map(|name| name.0))
}

/// What can happen in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Fact {
    /// The run began.
    PlanStarted {
        /// `up`, `down`, …
        #[serde(deserialize_with = "name")]
        plan: Name,
        /// The VM it is about.
        vm: String,
        /// The steps' names in order.
        #[serde(deserialize_with = "names")]
        steps: Vec<Name>,
    },
    /// A step's checkpoint did not hold, so the step began to act.
    StepStarted {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// In plain words.
        #[serde(deserialize_with = "name")]
        title: Name,
        /// The step's own limit in seconds.
        limit_s: u64,
    },
    /// A step's checkpoint held already.
    StepSkipped {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// What the checkpoint saw.
        seen: String,
    },
    /// A tool was started.
    CommandStarted {
        /// The step on whose behalf; null before the first, and for questions that look into a standstill.
        #[serde(default, deserialize_with = "perhaps")]
        step: Option<Name>,
        /// Where.
        on: Place,
        /// Program and arguments.
        argv: Vec<String>,
        /// Whether it may change something.
        effect: Effect,
        /// The file in the run's folder with what it said; of a question with its number after a colon. None of what
        /// is secret as a whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// A tool said a line.
    Output {
        /// The step on whose behalf.
        #[serde(default, deserialize_with = "perhaps")]
        step: Option<Name>,
        /// On which stream.
        stream: Stream,
        /// The line, without its end and without control sequences.
        line: String,
    },
    /// A tool ended, or did not.
    CommandFinished {
        /// The step on whose behalf.
        #[serde(default, deserialize_with = "perhaps")]
        step: Option<Name>,
        /// Its exit code; null when it has none (not started, left, connection lost, still running).
        exit_code: Option<i32>,
        /// How long it ran.
        took_ms: u64,
        /// Why there is no exit code.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// The same in one word.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "perhaps")]
        cause: Option<Name>,
    },
    /// What a step waits for changed.
    Waiting {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// What was last seen.
        seen: String,
    },
    /// A step stands still, and this is why.
    Diagnosed {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// The known issue's id.
        #[serde(deserialize_with = "name")]
        id: Name,
        /// What it is.
        cause: String,
        /// What shows it.
        evidence: String,
        /// What to do about it.
        cure: String,
    },
    /// Something failed that may heal; it is tried again after a pause.
    Retrying {
        /// The step.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// What failed.
        why: String,
        /// The number of the try to come.
        attempt: u32,
        /// Of at most so many.
        of: u32,
        /// After this pause.
        pause_s: u64,
    },
    /// Something the user should know, though the run goes on.
    Warning {
        /// The step, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "perhaps")]
        step: Option<Name>,
        /// In plain words.
        message: String,
    },
    /// A step's checkpoint held after its act.
    StepFinished {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// What the checkpoint saw.
        seen: String,
        /// From its start.
        took_ms: u64,
    },
    /// A step ended the run.
    StepFailed {
        /// Its name.
        #[serde(deserialize_with = "name")]
        step: Name,
        /// The failure's stable id.
        #[serde(deserialize_with = "name")]
        id: Name,
        /// What did not happen.
        message: String,
        /// The id of the known issue that is its cause, if one was found.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "perhaps")]
        cause: Option<Name>,
    },
    /// The run ended.
    PlanFinished {
        /// `ready`, `stopped`, `failed`, `interrupted`, …
        #[serde(deserialize_with = "name")]
        outcome: Name,
        /// kafstack's own exit code.
        exit_code: u8,
    },
}

/// Stamps facts and hands them on. Cheap to clone; shared by the runner and the hosts it uses.
#[derive(Clone)]
pub struct Teller {
    /// Whose time.
    clock: Arc<dyn Clock>,
    /// When the run began.
    began: Timestamp,
    /// Stamped on every event.
    rehearsal: bool,
    /// Where they go.
    sink: Arc<dyn Fn(Event) + Send + Sync>,
    /// The step at work.
    step: Arc<Mutex<Option<&'static str>>>,
}

impl Teller {
    /// A teller for a run that begins now.
    pub fn new(clock: Arc<dyn Clock>, rehearsal: bool, sink: Arc<dyn Fn(Event) + Send + Sync>) -> Self {
        let began = clock.now();
        Teller { clock, began, rehearsal, sink, step: Arc::default() }
    }

    /// A teller nobody listens to.
    pub fn silent(clock: Arc<dyn Clock>, rehearsal: bool) -> Self {
        Teller::new(clock, rehearsal, Arc::new(|_| ()))
    }

    /// The time by the run's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says that something happened now.
    pub fn tell(&self, fact: Fact) {
        (self.sink)(self.event(fact));
    }

    /// A fact of now as an event, for somebody who hands it on himself.
    pub fn event(&self, fact: Fact) -> Event {
        let at = self.clock.now();
        let elapsed = at.duration_since(self.began);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(0);
        Event { v: 1, at, elapsed_ms, fact, rehearsal: self.rehearsal }
    }

    /// From now on commands are run on behalf of this step.
    pub fn step_is(&self, step: Option<&'static str>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// Runs commands on behalf of no step: they look into a standstill, and are none of its own.
    pub fn aside<T>(&self, look: impl FnOnce() -> T) -> T {
        let step = self.step();
        self.step_is(None);
        let found = look();
        self.step_is(step);
        found
    }

    /// The step at work.
    pub fn step(&self) -> Option<&'static str> {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let event = Event {
            v: 1,
            at: "2026-03-14T09:24:10.5Z".parse().unwrap(),
            elapsed_ms: 1500,
            fact: Fact::StepSkipped { step: "add-model", seen: "model demo is there".into() },
            rehearsal: true,
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"v":1,"at":"2026-03-14T09:24:10.500Z","elapsed_ms":1500,"event":"step-skipped","step":"add-model","seen":"model demo is there","rehearsal":true}"#
        );
    }
    #[test]
    fn an_event_that_was_written_can_be_read() {
        let at = "2026-03-14T09:24:10.500Z".parse().unwrap();
        let step = "add-model";
        for fact in [
            Fact::PlanStarted { plan: "up", vm: "lab".into(), steps: vec![step, "deploy-kafka"] },
            Fact::StepStarted { step, title: "Add the model", limit_s: 60 },
            Fact::CommandStarted {
                step: None,
                on: Place::Vm,
                argv: vec!["juju".into(), "a \"b\"".into()],
                effect: Effect::Changes,
                kept: Some("0001-juju.log".into()),
            },
            Fact::Output { step: Some(step), stream: Stream::Stderr, line: "a\tb".into() },
            Fact::CommandFinished {
                step: Some(step),
                exit_code: None,
                took_ms: 1,
                error: Some("gone".into()),
                cause: Some("unreachable"),
            },
            Fact::Warning { step: None, message: "the disk is slow".into() },
            Fact::Diagnosed {
                step,
                id: "vm-disk-full",
                cause: "The disk is full".into(),
                evidence: "no byte is free".into(),
                cure: "make room".into(),
            },
            Fact::StepFailed {
                step,
                id: "model-not-ready",
                message: "no".into(),
                cause: Some("vm-disk-full"),
            },
            Fact::PlanFinished { outcome: "failed", exit_code: 5 },
        ] {
            let event = Event { v: 1, at, elapsed_ms: 7, fact, rehearsal: false };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        for step in [long.as_str(), r"\u001b[2J", r"a\nb"] {
            let text = format!(
                r#"{{"v":1,"at":"2026-03-14T09:24:10Z","elapsed_ms":1,"event":"waiting","step":"{step}","seen":"","rehearsal":true}}"#
            );
            assert!(serde_json::from_str::<Event>(&text).is_err(), "{text}");
        }
    }
}
