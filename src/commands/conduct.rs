//! The one loop over events, ticks and signals, while a plan runs on a thread of its own. Async lives here only.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::event::{Event, Fact, Teller};
use crate::failure::{Failure, Id};
use crate::host::Clock;
use crate::host::clock::Stop;
use crate::report::Reporter;

/// How many events may wait to be drawn before the run waits for the terminal.
const WAITING_EVENTS: usize = 1024;
/// How often reporters are told that time passes.
const TICK: Duration = Duration::from_millis(100);

/// What an interruption means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// First finish the running command; a second Ctrl-C leaves (everything that changes something, and clients).
    FinishFirst,
    /// Leave at once (everything that only looks).
    LeaveAtOnce,
    /// Ctrl-C is for the command that has the terminal.
    NotOurs,
}

/// Which signal ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The terminal went away.
    HungUp,
}

impl Ended {
    /// The failure's id.
    pub fn id(self) -> Id {
        match self {
            Ended::Interrupted => Id::Interrupted,
            Ended::Terminated => Id::Terminated,
            Ended::HungUp => Id::HungUp,
        }
    }
}

/// What a run is conducted with.
pub struct Conduct {
    /// Set by signals.
    pub stop: Stop,
    /// What an interruption means.
    pub manner: Manner,
    /// Whose time it is.
    pub clock: Arc<dyn Clock>,
    /// It is a rehearsal.
    pub rehearsal: bool,
    /// Time passes between events: not in a rehearsal, unless it is played for people.
    pub ticks: bool,
    /// Who is told.
    pub reporters: Vec<Box<dyn Reporter>>,
}

impl Conduct {
    /// Runs `work` on a thread of its own, and meanwhile hands its events to the reporters and listens to signals.
    /// Returns what it returned, and the signal that came, if one did.
    ///
    /// # Errors
    /// The system gives us no signals or no thread, or `work` panicked.
    pub fn run<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&Teller) -> T + Send + 'static,
    ) -> Result<(T, Option<Ended>), Failure> {
        let unexpected = |error: &dyn std::fmt::Display| {
            Failure::new(Id::Unexpected, format!("the run could not be conducted: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unexpected(&error))?;
        let stop = self.stop.clone();
        stop.conduct(true);
        let end = runtime.block_on(async move {
            let (sender, mut events) = mpsc::channel(WAITING_EVENTS);
            let sink = move |event| {
                // Nobody listens any more only when the loop below has ended.
                let _ = sender.blocking_send(event);
            };
            let teller = Teller::new(self.clock.clone(), self.rehearsal, Arc::new(sink));
            let inner = teller.clone();
            let mut signals = Signals::listen().map_err(|error| unexpected(&error))?;
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            let began = self.clock.now();
            let mut work = tokio::task::spawn_blocking(move || work(&inner));
            let mut ended = None;
            let mut doing = String::new();
            loop {
                tokio::select! {
                    biased;
                    signal = signals.next() => {
                        ended = Some(signal);
                        self.heed(signal, &doing, &teller);
                    }
                    Some(event) = events.recv() => {
                        if let Fact::CommandStarted { argv, .. } = &event.fact {
                            doing = crate::host::paste(argv);
                        }
                        self.reporters.on(&by_this_signal(event, ended));
                    }
                    result = &mut work => {
                        while let Ok(event) = events.try_recv() {
                            self.reporters.on(&by_this_signal(event, ended));
                        }
                        return result.map(|value| (value, ended)).map_err(|error| unexpected(&error));
                    }
                    _ = ticks.tick(), if self.ticks => {
                        let elapsed = self.clock.now().duration_since(began);
                        self.reporters.tick(Duration::try_from(elapsed).unwrap_or_default());
                    }
                }
            }
        });
        stop.conduct(false);
        end
    }

    /// A signal came.
    fn heed(&mut self, signal: Ended, doing: &str, teller: &Teller) {
        if signal == Ended::Interrupted && self.manner == Manner::NotOurs {
            return;
        }
        let first = !self.stop.requested();
        self.stop.request();
        let finish = signal == Ended::Interrupted && self.manner == Manner::FinishFirst;
        if !finish {
            self.stop.request();
            return;
        }
        let message = match (first, doing) {
            (true, "") => "stopping; Ctrl-C again leaves at once".to_owned(),
            (true, doing) => format!("stopping as soon as `{doing}` has ended; Ctrl-C again leaves at once"),
            (false, _) => {
                "leaving; what runs in the VM goes on there, and the same command picks it up".to_owned()
            }
        };
        self.reporters.on(&teller.event(Fact::Warning { step: None, message }));
    }
}

/// The signals that a run listens to.
struct Signals {
    /// Ctrl-C.
    interrupt: Signal,
    /// A polite request to end.
    terminate: Signal,
    /// The terminal went away.
    hang_up: Signal,
}

impl Signals {
    /// Takes them over.
    fn listen() -> std::io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    async fn next(&mut self) -> Ended {
        tokio::select! {
            _ = self.interrupt.recv() => Ended::Interrupted,
            _ = self.terminate.recv() => Ended::Terminated,
            _ = self.hang_up.recv() => Ended::HungUp,
        }
    }
}

/// The signal that came while no run was conducted, if one did.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Option<Ended>>>);

impl Heard {
    /// Listens from now on, for everything that no [`Conduct`] conducts, such as the questions before a run. There any
    /// signal means to leave at once; without a listener it would end kafstack alone, and leave a tool behind.
    ///
    /// # Errors
    /// The system gives us no signals.
    pub fn listen(stop: &Stop) -> Result<Heard, Failure> {
        let unexpected = |error| Failure::new(Id::Unexpected, format!("signals cannot be received: {error}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unexpected)?;
        let mut signals = runtime.block_on(async { Signals::listen() }).map_err(unexpected)?;
        let (heard, stop) = (Heard::default(), stop.clone());
        let last = heard.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    let signal = signals.next().await;
                    if !stop.conducted() {
                        *last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(signal);
                        stop.request();
                        stop.request();
                    }
                }
            });
        });
        Ok(heard)
    }

    /// A failure in terms of the signal that came: whoever leaves a question does not answer it.
    pub fn explain(&self, failure: Failure) -> Failure {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(signal) if matches!(failure.id, Id::Interrupted | Id::NotConfirmed) => {
                Failure { id: signal.id(), ..failure }
            }
            _ => failure,
        }
    }
}

/// An event about an interruption, in terms of the signal that came: the run itself knows only that one did.
fn by_this_signal(mut event: Event, ended: Option<Ended>) -> Event {
    let Some(signal) = ended.map(Ended::id) else { return event };
    match &mut event.fact {
        Fact::StepFailed { id, .. } if *id == Id::Interrupted.as_str() => *id = signal.as_str(),
        Fact::PlanFinished { exit_code, .. } if *exit_code == Id::Interrupted.exit_code() => {
            *exit_code = signal.exit_code();
        }
        _ => {}
    }
    event
}

/// A failure by interruption, in terms of the signal that came.
pub fn by_signal(failure: Failure, ended: Option<Ended>) -> Failure {
    match ended {
        Some(signal) if failure.id == Id::Interrupted => Failure { id: signal.id(), ..failure },
        _ => failure,
    }
}

/// Runs something that only looks, so that Ctrl-C leaves no child behind. `None`: the user left.
///
/// # Errors
/// As [`Conduct::run`].
pub fn look<T: Send + 'static>(
    stop: &Stop,
    clock: Arc<dyn Clock>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Option<Ended>), Failure> {
    let conduct = Conduct {
        stop: stop.clone(),
        manner: Manner::LeaveAtOnce,
        clock,
        rehearsal: true,
        ticks: false,
        reporters: Vec::new(),
    };
    conduct.run(move |_| work())
}
