//! `console-producer` (apache/kafka:tools/src/main/java/org/apache/kafka/tools/ConsoleProducer.java and
//! LineMessageReader.java).

use super::super::timeline::{Millis, SECOND};
use super::console::{Place, Scene, Step};
use super::console_options::Options;
use super::tool::log_time;
use super::{Record, partitioner};

/// How long a record waits for its topic to be known.
const BLOCKS: Millis = 60 * SECOND;
/// How many bytes a batch takes before the next partition's turn.
const BATCH: usize = 16 * 1024;

/// A producer that runs.
#[derive(Clone, Debug)]
pub struct Producer {
    /// Where it runs.
    pub place: Place,
    /// What it was asked to do.
    options: Options,
    /// Lines that have come in and were not sent yet, the next one last.
    waiting: Vec<String>,
    /// Whether no more will come.
    closed: bool,
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
        let mut waiting: Vec<String> = text.lines().map(str::to_owned).collect();
        waiting.reverse();
        Producer { place, options, waiting, closed: true, read: 0, blocked: None, batch: (0, 0) }
    }

    /// Goes on until now.
    pub fn step(&mut self, scene: &mut Scene<'_>) -> Step {
        let mut step = Step::default();
        if !scene.cluster.clients.iter().any(|client| client.pid == self.place.pid) {
            step.ends = Some(128 + 15);
            return step;
        }
        while let Some(line) = self.waiting.last().cloned() {
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
                    self.waiting.pop();
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
                    self.waiting.pop();
                    self.read += 1;
                    self.blocked = Some(scene.now);
                }
            }
        }
        if self.closed {
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
        if in_sync < least {
            let why = "Messages are rejected since there are fewer in-sync replicas than required.";
            return Err(format!("org.apache.kafka.common.errors.NotEnoughReplicasException: {why}"));
        }
        of.records.push(Record { key, value, at: scene.now });
        scene.touched = true;
        Ok(true)
    }
}
