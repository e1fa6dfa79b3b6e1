//! `console-consumer` (apache/kafka:tools/src/main/java/org/apache/kafka/tools/consumer/ConsoleConsumer.java).

use std::collections::BTreeMap;

use super::super::timeline::{Millis, SECOND};
use super::Record;
use super::console::{Place, Scene, Step};
use super::console_options::Options;
use super::tool::log_time;
use crate::host::Stream;

/// How often it commits.
const COMMITS: Millis = 5 * SECOND;
/// How long a group waits for members before it deals out partitions.
const JOINS: Millis = 3 * SECOND;

/// A consumer that runs.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Where it runs.
    pub place: Place,
    /// What it was asked to do.
    options: Options,
    /// Its group: the one it was given, or one of its own that commits nothing.
    group: String,
    /// When it began to ask; `None` before its first step.
    began: Option<Millis>,
    /// When it last had a record, or began.
    last: Millis,
    /// When it committed.
    committed: Millis,
    /// The next offset of each partition that it reads.
    positions: BTreeMap<usize, usize>,
    /// How many records it has printed.
    count: usize,
    /// Warnings that it has given.
    warned: bool,
}

impl Consumer {
    /// One that has not begun yet.
    pub fn new(place: Place, options: Options, group: String) -> Self {
        Consumer {
            place,
            options,
            group,
            began: None,
            last: 0,
            committed: 0,
            positions: BTreeMap::new(),
            count: 0,
            warned: false,
        }
    }

    /// Whether only somebody else can end it.
    pub fn is_endless(&self) -> bool {
        self.options.timeout.is_none()
    }

    /// Goes on until now.
    pub fn step(&mut self, scene: &mut Scene<'_>) -> Step {
        let now = scene.now;
        let mut step = Step::default();
        if self.began.is_none() {
            (self.began, self.last, self.committed) = (Some(now), now, now);
        }
        if !scene.cluster.clients.iter().any(|client| client.pid == self.place.pid) {
            return self.end(scene, step, 128 + 15);
        }
        if self.options.most == Some(0) {
            return self.end(scene, step, 0);
        }
        let joined = self.began.is_some_and(|began| now >= began + JOINS);
        if !scene.brokers.reached(&self.options.server) {
            if !self.warned {
                let server = self.options.server.split(',').next().unwrap_or_default();
                step.err(format!(
                    "{} WARN [Consumer clientId={}, groupId={}] Connection to node -1 (/{server}) could not be established. Node may not be available. (org.apache.kafka.clients.NetworkClient)",
                    log_time(now),
                    self.options.client,
                    self.group
                ));
                self.warned = true;
            }
        } else if !scene.cluster.topics.contains_key(&self.options.topic) {
            if !self.warned {
                step.err(format!(
                    "{} WARN [Consumer clientId={}, groupId={}] The metadata response from the cluster reported a recoverable issue with correlation id 2 : {{{}=UNKNOWN_TOPIC_OR_PARTITION}} (org.apache.kafka.clients.NetworkClient)",
                    log_time(now),
                    self.options.client,
                    self.group,
                    self.options.topic
                ));
                self.warned = true;
            }
        } else if joined {
            self.warned = false;
            self.read(scene, &mut step);
            if self.options.most.is_some_and(|most| self.count >= most) {
                return self.end(scene, step, 0);
            }
            if now - self.committed >= COMMITS {
                self.commit(scene);
            }
        }
        if self.options.timeout.is_some_and(|timeout| now - self.last >= timeout) {
            step.err(format!(
                "{} ERROR Error processing message, terminating consumer process:  (org.apache.kafka.tools.consumer.ConsoleConsumer)",
                log_time(now)
            ));
            step.err("org.apache.kafka.common.errors.TimeoutException");
            return self.end(scene, step, 0);
        }
        step
    }

    /// Prints what is new on the partitions that are this member's.
    fn read(&mut self, scene: &mut Scene<'_>, step: &mut Step) {
        let assigned = scene.cluster.assigned(&self.group, self.place.pid);
        if self.positions.keys().any(|partition| !assigned.contains(partition)) {
            self.commit(scene);
            self.positions.retain(|partition, _| assigned.contains(partition));
        }
        let up = scene.brokers.up();
        let Some(topic) = scene.cluster.topics.get(&self.options.topic) else { return };
        let mut text = Vec::new();
        for partition in assigned {
            let of = &topic.partitions[partition];
            if of.in_sync(&up).is_empty() {
                continue;
            }
            // An offset that was committed counts for more than where to begin.
            let stands = scene.cluster.committed(&self.group, &self.options.topic, partition);
            let begin = if self.options.from_beginning { 0 } else { of.records.len() };
            let position = self.positions.entry(partition).or_insert_with(|| stands.unwrap_or(begin));
            for record in of.records.iter().skip(*position) {
                if self.options.most.is_some_and(|most| self.count >= most) {
                    break;
                }
                print(&self.options, partition, *position, record, &mut text);
                *position += 1;
                self.count += 1;
                self.last = scene.now;
            }
        }
        if !text.is_empty() {
            step.said.push((Stream::Stdout, text));
        }
    }

    /// Commits where it stands, if its group was given to it.
    fn commit(&mut self, scene: &mut Scene<'_>) {
        self.committed = scene.now;
        if self.options.group.is_none() {
            return;
        }
        for (partition, position) in &self.positions {
            if scene.cluster.committed(&self.group, &self.options.topic, *partition) != Some(*position) {
                scene.cluster.commit(&self.group, &self.options.topic, *partition, *position);
                scene.touched = true;
            }
        }
    }

    /// Its last words.
    fn end(&mut self, scene: &mut Scene<'_>, mut step: Step, code: i32) -> Step {
        self.commit(scene);
        step.err(format!("Processed a total of {} messages", self.count));
        step.ends = Some(code);
        step
    }
}

/// A record as it is printed.
fn print(options: &Options, partition: usize, offset: usize, record: &Record, text: &mut Vec<u8>) {
    let mut parts = Vec::new();
    for what in ["timestamp", "partition", "offset"] {
        if options.prints.iter().any(|asked| asked == what) {
            parts.push(match what {
                "timestamp" => format!("CreateTime:{}", record.at),
                "partition" => format!("Partition:{partition}"),
                _ => format!("Offset:{offset}"),
            });
        }
    }
    if options.keys {
        parts.push(record.key.clone().unwrap_or_else(|| "null".to_owned()));
    }
    parts.push(record.value.clone());
    text.extend_from_slice(parts.join(&options.separator).as_bytes());
    text.push(b'\n');
}
