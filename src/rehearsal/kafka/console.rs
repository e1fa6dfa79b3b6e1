//! The console tools while they run: a step each simulated second, which reads or changes the world.

use super::super::juju::{settle, store::Model};
use super::super::timeline::{Draw, Millis, SECOND};
use super::super::world::World;
use super::brokers::Brokers;
use super::consumer::Consumer;
use super::producer::Producer;
use super::{Client, Cluster};
use crate::host::Stream;

/// Where a console tool runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The VM.
    pub vm: String,
    /// The controller and the model.
    pub at: (String, String),
    /// The application.
    pub application: String,
    /// The unit's number.
    pub unit: u32,
    /// The process there.
    pub pid: u64,
}

/// A console tool that runs.
#[derive(Clone, Debug)]
pub enum Live {
    /// It writes.
    Producer(Producer),
    /// It reads.
    Consumer(Consumer),
}

/// What came of a step.
#[derive(Debug, Default)]
pub struct Step {
    /// What was said.
    pub said: Vec<(Stream, Vec<u8>)>,
    /// The exit code, if that was the end.
    pub ends: Option<i32>,
}

impl Step {
    /// Says a line on stderr.
    pub fn err(&mut self, line: impl AsRef<str>) {
        self.said.push((Stream::Stderr, format!("{}\n", line.as_ref()).into_bytes()));
    }
}

/// The world as a console tool sees it in one step.
pub struct Scene<'a> {
    /// What the cluster holds.
    pub cluster: &'a mut Cluster,
    /// Its brokers.
    pub brokers: Brokers,
    /// Now.
    pub now: Millis,
    /// Chance.
    pub draw: Draw,
    /// The least number of replicas in sync without which nothing is written, where a topic says nothing else.
    pub least: usize,
    /// Whether something was changed.
    pub touched: bool,
}

impl Live {
    /// Where it runs.
    fn place(&self) -> &Place {
        match self {
            Live::Producer(producer) => &producer.place,
            Live::Consumer(consumer) => &consumer.place,
        }
    }

    /// Takes in what has come on its standard input, before the world is asked for a turn.
    pub fn hear(&mut self) {
        if let Live::Producer(producer) = self {
            producer.hear();
        }
    }

    /// Whether it may wait for ever without anything to do.
    pub fn is_endless(&self) -> bool {
        matches!(self, Live::Consumer(consumer) if consumer.is_endless())
    }

    /// Goes on until now.
    pub fn step(&mut self, world: &mut World) -> Step {
        let place = self.place().clone();
        let (now, draw) = (world.now, world.draw());
        let Some(vm) = world.vms.get_mut(&place.vm) else {
            return Step { ends: Some(255), ..Step::default() };
        };
        let booted = vm.guest.booted;
        let Some(model) = vm.guest.juju.model(&place.at) else {
            return Step { ends: Some(255), ..Step::default() };
        };
        let mut touched = settle::settle(model, draw, now, booted);
        let step = if alive(model, &place) {
            let brokers = Brokers::of(model, &place.application, draw, now, booted);
            let defaults = super::configs_tool::defaults(&model.applications[&place.application]);
            let least = defaults.iter().find(|(key, _)| *key == "min.insync.replicas");
            let least = least.and_then(|(_, value)| value.parse().ok()).unwrap_or(1);
            let cluster = model.clusters.entry(place.application.clone()).or_default();
            let mut scene = Scene { cluster, brokers, now, draw, least, touched: false };
            let step = match self {
                Live::Producer(producer) => producer.step(&mut scene),
                Live::Consumer(consumer) => consumer.step(&mut scene),
            };
            touched |= scene.touched;
            step
        } else {
            // Its container is gone, and the ssh connection with it.
            Step { ends: Some(255), ..Step::default() }
        };
        if step.ends.is_some()
            && let Some(cluster) = model.clusters.get_mut(&place.application)
        {
            cluster.clients.retain(|client| client.pid != place.pid);
            touched = true;
        }
        world.touched |= touched;
        step
    }

    /// Nobody listens any more: the process stays on its unit until it has something to print, or is ended.
    pub fn orphaned(&self, world: &mut World) {
        let place = self.place();
        let Some(model) = world.vms.get_mut(&place.vm).and_then(|vm| vm.guest.juju.model(&place.at)) else {
            return;
        };
        let Some(cluster) = model.clusters.get_mut(&place.application) else { return };
        if let Live::Producer(_) = self {
            // Its standard input has come to its end.
            cluster.clients.retain(|client| client.pid != place.pid);
        } else if let Some(client) = cluster.clients.iter_mut().find(|client| client.pid == place.pid) {
            let topic = client.reads.as_ref().and_then(|(_, topic)| cluster.topics.get(topic));
            client.orphan = Some(topic.map_or(0, super::Topic::records));
        }
        world.touched = true;
    }
}

/// Whether the unit is still there.
fn alive(model: &Model, place: &Place) -> bool {
    model.applications.get(&place.application).is_some_and(|of| of.units.contains_key(&place.unit))
}

/// Begins a client on a unit.
pub fn begin(cluster: &mut Cluster, id: &str, unit: &str, pid: u64, reads: Option<(String, String)>) {
    cluster.clients.push(Client { id: id.to_owned(), unit: unit.to_owned(), pid, reads, orphan: None });
}

/// Ends every client on that unit whose command line holds this text; how many there were.
pub fn kill(cluster: &mut Cluster, unit: &str, pattern: &str) -> usize {
    let before = cluster.clients.len();
    cluster
        .clients
        .retain(|client| client.unit != unit || !format!("client.id={}", client.id).contains(pattern));
    before - cluster.clients.len()
}

/// How long a Java program needs before it does anything.
pub const JVM: Millis = 2 * SECOND;
