//! What changes on brokers that ran already: listeners that open and close, TLS, other settings. Each of these makes
//! the units restart one after the other (canonical/kafka-operator:src/events/broker.py, lib rolling_ops).

use super::super::juju::store::Model;
use super::super::timeline::{Draw, Millis, SECOND};
use super::{Phase, Way, phase};

/// What a broker listens on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Listening {
    /// Whether for clients as well.
    pub client: bool,
    /// Whether it was told to encrypt: everything on kafka 3, what clients say on kafka 4.
    pub tls: bool,
}

/// A restart of one broker.
struct Turn {
    unit: u32,
    /// When the reason for it came up.
    asked: Millis,
    begins: Millis,
    ends: Millis,
    after: Listening,
}

/// A broker now.
pub struct State {
    /// Whether it answers.
    pub up: bool,
    /// On what.
    pub listens: Listening,
}

/// The broker on that unit; `None` before it was ready for the first time.
pub fn broker(model: &Model, name: &str, number: u32, draw: Draw, now: Millis) -> Option<State> {
    let application = &model.applications[name];
    let way = Way { model, name, application, draw };
    let ready = way.first_ready(number).filter(|ready| *ready <= now)?;
    let stopping = application.units[&number].dying.is_some_and(|dying| dying + 8 * SECOND <= now);
    let alone = way.abandoned().is_some_and(|at| at <= now);
    let mut state = State { up: !stopping && !alone, listens: way.wanted(ready) };
    for turn in way.turns().iter().filter(|turn| turn.unit == number) {
        if turn.ends <= now {
            state.listens = turn.after;
        } else if turn.begins <= now {
            state.up = false;
        }
    }
    Some(state)
}

/// What the first broker that is ready listens on.
pub fn listens(model: &Model, name: &str, draw: Draw, now: Millis) -> Option<Listening> {
    let units = &model.applications.get(name)?.units;
    units.keys().find_map(|number| broker(model, name, *number, draw, now)).map(|state| state.listens)
}

/// Since when every broker of the application has been ready and has done what was asked of it at that time.
pub fn settled(model: &Model, name: &str, asked: Millis, draw: Draw) -> Option<Millis> {
    let application = model.applications.get(name)?;
    let way = Way { model, name, application, draw };
    let living = application.units.iter().filter(|(_, unit)| unit.dying.is_none() && unit.created <= asked);
    let mut readies = Vec::new();
    for (number, _) in living {
        readies.push(way.first_ready(*number)?);
    }
    let ready = readies.into_iter().max()?.max(asked);
    let done = way.turns().iter().filter(|turn| turn.asked <= ready).map(|turn| turn.ends).max();
    Some(done.unwrap_or(ready).max(ready))
}

/// Whether kafka is of the track with ZooKeeper.
fn has_zookeeper(way: &Way<'_>) -> bool {
    !way.application.channel.starts_with('4')
}

impl Way<'_> {
    /// When the relation to ZooKeeper was taken away, if it was the last one.
    pub(super) fn abandoned(&self) -> Option<Millis> {
        let last = self.model.ever_related(self.name, "zookeeper").last().filter(|_| has_zookeeper(self));
        last.and_then(|relation| relation.broken).map(|broken| broken + 4 * SECOND)
    }

    /// When the broker was ready for the first time, if that is known.
    pub(super) fn first_ready(&self, number: u32) -> Option<Millis> {
        let phases = self.beginnings(number);
        phases.last().filter(|phase| phase.workload == "active").map(|phase| phase.at)
    }

    /// How long zookeeper needs to change over to encryption, or back.
    fn zookeeper_turns(&self) -> Millis {
        self.draw.about("zookeeper changes its encryption", 50 * SECOND)
    }

    /// When the encryption of each side comes or goes: when, whether zookeeper's, whether it comes.
    fn certificates(&self) -> Vec<(Millis, bool, bool)> {
        let mut flips = Vec::new();
        for relation in self.model.ever_related(self.name, "certificates") {
            flips.push((relation.created + 4 * SECOND, false, true));
            flips.extend(relation.broken.map(|broken| (broken + 3 * SECOND, false, false)));
        }
        if has_zookeeper(self)
            && let Some(related) = self.model.related(self.name, "zookeeper")
        {
            let turns = self.zookeeper_turns();
            for relation in self.model.ever_related(&related.provider.0, "certificates") {
                flips.push((relation.created + turns, true, true));
                flips.extend(relation.broken.map(|broken| (broken + turns, true, false)));
            }
        }
        flips.sort_unstable();
        flips
    }

    /// What a broker is meant to listen on at that time. While only one side of kafka 3 has certificates, nothing
    /// changes.
    pub(super) fn wanted(&self, at: Millis) -> Listening {
        let client = self.model.ever_related(self.name, "kafka-client").any(|relation| {
            relation.created <= at && relation.broken.is_none_or(|broken| broken + 3 * SECOND > at)
        });
        let (mut own, mut zookeeper, mut tls) = (false, false, false);
        for (when, theirs, comes) in self.certificates() {
            if when > at {
                break;
            }
            *(if theirs { &mut zookeeper } else { &mut own }) = comes;
            if !has_zookeeper(self) || own == zookeeper {
                tls = own;
            }
        }
        Listening { client, tls }
    }

    /// When something may have changed; and whether it did for certain.
    fn changes(&self) -> Vec<(Millis, bool)> {
        let mut changes: Vec<(Millis, bool)> =
            self.certificates().iter().map(|flip| (flip.0, false)).collect();
        for relation in self.model.ever_related(self.name, "kafka-client") {
            changes.push((relation.created, false));
            changes.extend(relation.broken.map(|broken| (broken + 3 * SECOND, false)));
        }
        changes.extend(self.application.restarts.iter().map(|at| (*at, true)));
        changes.sort_unstable();
        changes
    }

    /// Every restart, in the order of time.
    fn turns(&self) -> Vec<Turn> {
        let changes = self.changes();
        if changes.is_empty() {
            return Vec::new();
        }
        let readies: Vec<(u32, Millis)> =
            self.application.units.keys().filter_map(|n| Some((*n, self.first_ready(*n)?))).collect();
        let Some(first) = readies.iter().map(|(_, ready)| *ready).min() else { return Vec::new() };
        let (mut was, mut free, mut turns) = (self.wanted(first), 0, Vec::new());
        for (asked, certain) in changes.into_iter().filter(|(at, _)| *at > first) {
            let after = self.wanted(asked);
            if after == was && !certain {
                continue;
            }
            let signed = if after.tls && !was.tls { 14 * SECOND } else { 0 };
            was = after;
            let mut begins = free.max(asked + signed + self.draw.about("a restart round", 6 * SECOND));
            for (unit, _) in readies.iter().filter(|(_, ready)| *ready <= asked) {
                // The callback of kafka 3 sleeps 10 s on top of the broker's own start.
                let length = if has_zookeeper(self) { 24 } else { 14 };
                let ends = begins + self.about(&format!("restart at {asked}"), *unit, length * SECOND);
                turns.push(Turn { unit: *unit, asked, begins, ends, after });
                begins = ends + 2 * SECOND;
            }
            free = begins;
        }
        turns
    }

    /// Adds what a broker says while it changes.
    pub(super) fn restarts(&self, number: u32, phases: &mut Vec<Phase>) {
        if self.changes().is_empty() {
            return;
        }
        let Some(ready) = self.first_ready(number) else { return };
        if has_zookeeper(self) {
            self.half_encrypted(ready, phases);
        }
        let mut tls = self.wanted(ready).tls;
        for turn in self.turns().iter().filter(|turn| turn.unit == number) {
            let asked = turn.asked.max(ready);
            if turn.after.tls && !tls {
                let hook = "running certificates-relation-changed hook";
                phases.push(phase(
                    asked,
                    "waiting",
                    "unit waiting for signed certificates",
                    "executing",
                    hook,
                ));
            }
            tls = turn.after.tls;
            let awaits = turn.begins - 3 * SECOND;
            phases.push(phase(awaits.max(asked), "waiting", "Awaiting restart operation", "idle", ""));
            let hook = "running restart-relation-changed hook";
            phases.push(phase(turn.begins, "maintenance", "Executing restart operation", "executing", hook));
            phases.push(phase(turn.ends, "active", "", "executing", hook));
            phases.push(phase(turn.ends + 3 * SECOND, "active", "", "idle", ""));
        }
    }

    /// kafka 3 while only one of it and zookeeper has certificates.
    fn half_encrypted(&self, ready: Millis, phases: &mut Vec<Phase>) {
        let (mut own, mut zookeeper, mut tls) = (false, false, false);
        let flips = self.certificates();
        for (number, (at, theirs, comes)) in flips.iter().copied().enumerate() {
            let was_half = own != zookeeper;
            *(if theirs { &mut zookeeper } else { &mut own }) = comes;
            // What was over before the unit was ready, it never sees.
            let seen = flips.get(number + 1).is_none_or(|next| next.0 > ready);
            if seen && own != zookeeper {
                let text = "tls must be enabled on both kafka and zookeeper";
                phases.push(phase(at.max(ready), "blocked", text, "idle", ""));
            } else if seen && was_half && own == tls {
                phases.push(phase(at.max(ready), "active", "", "idle", ""));
            }
            if own == zookeeper {
                tls = own;
            }
        }
    }
}
