//! `console-producer` (apache/kafka:tools/src/main/java/org/apache/kafka/tools/ConsoleProducer.java and
//! LineMessageReader.java).

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::timeline::{Millis, SECOND};
use super::console::{Place, Scene, Step};
use super::console_options::Options;
use super::tool::log_time;
use super::{Record, partitioner};
use crate::host::Feed;

/// How long a record waits for its topic to be known.
const BLOCKS: Millis = 60 * SECOND;
/// How many bytes a batch takes before the next partition's turn.
const BATCH: usize = 16 * 1024;

/// How long it waits, in real time, for what its input may still give before a simulated second passes.
const PATIENCE: Duration = Duration::from_millis(30);

/// Lines that a thread of its own reads from a feed, since a feed may keep silent for ever.
#[derive(Clone, Debug)]
struct Lines(Arc<Mutex<Receiver<String>>>);

impl Lines {
    /// Begins to read.
    fn of(feed: Feed) -> Self {
        let (lines, taken) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(feed);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(length) if length > 0) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches('\n').trim_end_matches('\r').to_owned();
                line.clear();
                if lines.send(text).is_err() {
                    break;
                }
            }
        });
        Lines(Arc::new(Mutex::new(taken)))
    }

    /// Takes what has come; `true` if that was all.
    fn take(&self, into: &mut VecDeque<String>) -> bool {
        let taken = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            match taken.recv_timeout(PATIENCE) {
                Ok(line) => into.push_back(line),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }
}

/// A producer that runs.
#[derive(Clone, Debug)]
pub struct Producer {
    /// Where it runs.
    pub place: Place,
    /// What it was asked to do.
    options: Options,
    /// Lines that have come in and were not sent yet.
    waiting: VecDeque<String>,
    /// Where more lines come from.
    feed: Option<Lines>,
    /// How many lines it has read.
    read: usize,
    /// Since when the next record has been waiting for its topic.
    blocked: Option<Millis>,
    /// Which batch it fills, and how many bytes are in it.
    batch: (usize, usize),
}

impl Producer {
    /// One that has all its lines.
    pub fn new(place: Place, options: Options, input: &[u8]) -> Self {
        let text = String::from_utf8_lossy(input);
        let waiting = text.lines().map(str::to_owned).collect();
        Producer { place, options, waiting, feed: None, read: 0, blocked: None, batch: (0, 0) }
    }

    /// One that gets its lines while it runs.
    pub fn fed(place: Place, options: Options, feed: Feed) -> Self {
        Producer { feed: Some(Lines::of(feed)), ..Producer::new(place, options, b"") }
    }

    /// Takes in what has come; nobody may wait for the world meanwhile.
    pub fn hear(&mut self) {
        if let Some(lines) = &self.feed
            && lines.take(&mut self.waiting)
        {
            self.feed = None;
        }
    }

    /// Goes on until now.
    pub fn step(&mut self, scene: &mut Scene<'_>) -> Step {
        let mut step = Step::default();
        if !scene.cluster.clients.iter().any(|client| client.pid == self.place.pid) {
            step.ends = Some(128 + 15);
            return step;
        }
        while let Some(line) = self.waiting.front().cloned() {
            let (key, value) = match self.take_apart(&line) {
                Ok(both) => both,
                Err(text) => {
                    step.err(format!("org.apache.kafka.common.KafkaException: {text}"));
                    step.ends = Some(1);
                    return step;
                }
            };
            match self.send(scene, key, value) {
                Ok(true) => {
                    self.waiting.pop_front();
                    self.read += 1;
                }
                Ok(false) => return step,
                Err(text) => {
                    let length = line.len();
                    step.err(format!(
                        "{} ERROR Error when sending message to topic {} with key: null, value: {length} bytes with error: (org.apache.kafka.clients.producer.internals.ErrorLoggingCallback)",
                        log_time(scene.now),
                        self.options.topic
                    ));
                    step.err(text);
                    self.waiting.pop_front();
                    self.read += 1;
                    self.blocked = Some(scene.now);
                }
            }
        }
        if self.feed.is_none() {
            // It ends well even when it could send nothing.
            step.ends = Some(0);
        }
        step
    }

    /// Key and value of a line.
    fn take_apart(&self, line: &str) -> Result<(Option<String>, String), String> {
        if !self.options.keys {
            return Ok((None, line.to_owned()));
        }
        let parts = line.split_once(self.options.separator.as_str());
        let (key, value) = parts
            .ok_or_else(|| format!("No key separator found on line number {}: '{line}'", self.read + 1))?;
        Ok((Some(key.to_owned()), value.to_owned()))
    }

    /// Sends a record; `false`: not yet.
    fn send(&mut self, scene: &mut Scene<'_>, key: Option<String>, value: String) -> Result<bool, String> {
        let name = &self.options.topic;
        let up = scene.brokers.up();
        if !scene.brokers.reached(&self.options.server) || !scene.cluster.topics.contains_key(name) {
            let since = *self.blocked.get_or_insert(scene.now);
            if scene.now - since < BLOCKS {
                return Ok(false);
            }
            return Err(format!(
                "org.apache.kafka.common.errors.TimeoutException: Topic {name} not present in metadata after 60000 ms."
            ));
        }
        self.blocked = None;
        let Some(topic) = scene.cluster.topics.get_mut(name) else { return Ok(false) };
        let count = topic.partitions.len();
        let partition = match &key {
            Some(key) => partitioner::of_key(key.as_bytes(), count),
            None => {
                if self.batch.1 > 0 && self.batch.1 + value.len() > BATCH {
                    self.batch = (self.batch.0 + 1, 0);
                }
                self.batch.1 += value.len() + 1;
                let client = format!("{} {}", self.options.client, self.place.pid);
                partitioner::of_batch(scene.draw, &client, self.batch.0, count)
            }
        };
        let least =
            topic.configs.get("min.insync.replicas").and_then(|n| n.parse().ok()).unwrap_or(scene.least);
        let of = &mut topic.partitions[partition];
        let in_sync = of.in_sync(&up).len();
        // More than there are replicas is never asked for (apache/kafka:core/src/main/scala/kafka/cluster/Partition.scala).
        if in_sync < least.min(of.replicas.len()) {
            let why = "Messages are rejected since there are fewer in-sync replicas than required.";
            return Err(format!("org.apache.kafka.common.errors.NotEnoughReplicasException: {why}"));
        }
        of.records.push(Record { key, value, at: scene.now });
        scene.touched = true;
        Ok(true)
    }
}
