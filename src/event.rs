//! Facts about a run, in the past tense. Reporters draw them, the run's folder keeps them, `--events` hands them
//! on; nothing here decides anything. The JSON form is part of kafstack's interface: fields may be added only.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::host::{Clock, Effect, Place, Stream};

/// One fact, with when it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Version of this format.
    pub v: u8,
    /// When, RFC 3339 with milliseconds.
    #[serde(serialize_with = "rfc3339")]
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

/// What can happen in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Fact {
    /// The run began.
    PlanStarted {
        /// `up`, `down`, …
        plan: &'static str,
        /// The VM it is about.
        vm: String,
        /// The steps' names in order.
        steps: Vec<&'static str>,
    },
    /// A step's checkpoint did not hold, so the step began to act.
    StepStarted {
        /// Its name.
        step: &'static str,
        /// In plain words.
        title: &'static str,
        /// The step's own limit in seconds.
        limit_s: u64,
    },
    /// A step's checkpoint held already.
    StepSkipped {
        /// Its name.
        step: &'static str,
        /// What the checkpoint saw.
        seen: String,
    },
    /// A tool was started.
    CommandStarted {
        /// The step on whose behalf; null before the first.
        step: Option<&'static str>,
        /// Where.
        on: Place,
        /// Program and arguments.
        argv: Vec<String>,
        /// Whether it may change something.
        effect: Effect,
    },
    /// A tool said a line.
    Output {
        /// The step on whose behalf.
        step: Option<&'static str>,
        /// On which stream.
        stream: Stream,
        /// The line, without its end and without control sequences.
        line: String,
    },
    /// A tool ended, or did not.
    CommandFinished {
        /// The step on whose behalf.
        step: Option<&'static str>,
        /// Its exit code; null when it has none (not started, left, connection lost, still running).
        exit_code: Option<i32>,
        /// How long it ran.
        took_ms: u64,
        /// Why there is no exit code.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// What a step waits for changed.
    Waiting {
        /// Its name.
        step: &'static str,
        /// What was last seen.
        seen: String,
    },
    /// A step stands still, and this is why.
    Diagnosed {
        /// Its name.
        step: &'static str,
        /// The known issue's id.
        id: &'static str,
        /// What it is.
        cause: &'static str,
        /// What shows it.
        evidence: String,
        /// What to do about it.
        cure: String,
    },
    /// Something failed that may heal; it is tried again after a pause.
    Retrying {
        /// The step.
        step: &'static str,
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
        #[serde(skip_serializing_if = "Option::is_none")]
        step: Option<&'static str>,
        /// In plain words.
        message: String,
    },
    /// A step's checkpoint held after its act.
    StepFinished {
        /// Its name.
        step: &'static str,
        /// What the checkpoint saw.
        seen: String,
        /// From its start.
        took_ms: u64,
    },
    /// A step ended the run.
    StepFailed {
        /// Its name.
        step: &'static str,
        /// The failure's stable id.
        id: &'static str,
        /// What did not happen.
        message: String,
        /// The id of the known issue that is its cause, if one was found.
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<&'static str>,
    },
    /// The run ended.
    PlanFinished {
        /// `ready`, `stopped`, `failed`, `interrupted`, …
        outcome: &'static str,
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
    step: Arc<std::sync::Mutex<Option<&'static str>>>,
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
        *self.step.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = step;
    }

    /// The step at work.
    pub fn step(&self) -> Option<&'static str> {
        *self.step.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
}
