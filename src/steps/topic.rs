//! Steps that make, change and remove a topic.

use std::time::Duration;

use super::{in_vm, minutes};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::text::count;
use crate::tools::juju;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_topics::{self as topics, Topic};

/// How a topic is to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// How many partitions; `None`: as it is.
    pub partitions: Option<u32>,
    /// How many replicas of each, when it is made.
    pub replication: u32,
    /// Options that it must have.
    pub configs: Vec<(String, String)>,
}

/// Makes a topic, or changes the one there is, until it is as wished.
pub struct ShapeTopic {
    /// Where.
    pub cluster: Cluster,
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// How it is to be.
    pub wish: Wish,
    /// It may be made.
    pub create: bool,
}

/// Removes a topic.
pub struct DeleteTopic {
    /// Where.
    pub cluster: Cluster,
    /// The VM's name, for what a person would type.
    pub vm: String,
    /// The topic.
    pub name: String,
}

/// A topic as the brokers describe it; `None` if there is none of that name.
///
/// # Errors
/// The brokers could not be asked.
pub fn look(hosts: &Hosts<'_>, cluster: &Cluster, name: &str) -> Result<Option<Topic>, CommandError> {
    let line = topics::describe(cluster, Some(name));
    let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
    if ran.code != 0 {
        let said = if ran.stderr.trim().is_empty() { ran.stdout } else { ran.stderr };
        if topics::is_unknown(&said) {
            return Ok(None);
        }
        return Err(CommandError::Failed {
            line: line.to_string(),
            code: i32::try_from(ran.code).unwrap_or(1),
            said,
        });
    }
    Ok(topics::parse_describe(&ran.stdout).into_iter().find(|topic| topic.name == name))
}

/// Runs one of Kafka's tools on a broker and expects success.
///
/// # Errors
/// The tool said no.
pub fn run_tool(work: &Work<'_>, line: &CommandLine, doing: &str) -> Result<String, Failure> {
    let answer = work.hosts.vm.ask(line).and_then(|output| juju::parse_exec(line, output));
    let ran = answer.map_err(|error| Failure::of_command(doing, &error))?;
    if ran.code == 0 {
        return Ok(ran.stdout);
    }
    let said = if ran.stderr.trim().is_empty() { &ran.stdout } else { &ran.stderr };
    Err(Failure::new(Id::ActionFailed, format!("{doing}: Kafka's tool said no")).seen(essence(said)))
}

/// What matters in the words of one of Kafka's tools: the sentence, not the Java trace below it.
pub fn essence(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut telling = lines.filter(|line| !line.starts_with("at ") && !line.starts_with("... "));
    telling.next().unwrap_or("no word").to_owned()
}

impl ShapeTopic {
    /// In what the topic there is differs from the wish.
    fn lacks(&self, topic: &Topic) -> Vec<String> {
        let there = topic.partitions.len();
        let partitions = self.wish.partitions.filter(|wanted| there != *wanted as usize);
        let partitions =
            partitions.map(|wanted| format!("{} instead of {wanted}", count(there, "partition")));
        let configs = self.wish.configs.iter().filter(|(key, value)| topic.configs.get(key) != Some(value));
        let configs = configs.map(|(key, value)| {
            format!(
                "{key} is {} instead of {value}",
                topic.configs.get(key).map_or("the default", String::as_str)
            )
        });
        partitions.into_iter().chain(configs).collect()
    }

    /// The command that makes it.
    fn create_line(&self) -> CommandLine {
        let wish = &self.wish;
        topics::create(
            &self.cluster,
            &wish.name,
            wish.partitions.unwrap_or(1),
            wish.replication,
            &wish.configs,
        )
    }
}

impl Step for ShapeTopic {
    fn name(&self) -> &'static str {
        if self.create { "create-topic" } else { "alter-topic" }
    }

    fn title(&self) -> &'static str {
        if self.create { "Create the topic" } else { "Alter the topic" }
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(self.create_line())]
    }

    fn checkpoint(&self) -> Checkpoint {
        let name = &self.wish.name;
        Checkpoint {
            expect: format!("the brokers describe the topic `{name}` as asked for"),
            probes: vec![(Place::Vm, topics::describe(&self.cluster, Some(name)))],
            timeout: minutes(5),
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: in_vm(&self.vm, &topics::describe(&self.cluster, Some(name)).to_string()),
            not_met: Id::TopicNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let name = &self.wish.name;
        let Some(topic) = look(hosts, &self.cluster, name)? else {
            return Ok(Verdict::not_yet(format!("there is no topic `{name}`")));
        };
        let lacks = self.lacks(&topic);
        Ok(if lacks.is_empty() {
            let partitions = count(topic.partitions.len(), "partition");
            Verdict::met(format!(
                "`{name}` has {partitions} with {} each",
                count(topic.replication as usize, "replica")
            ))
        } else {
            Verdict::not_yet(format!("`{name}`: {}", lacks.join(", ")))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (cluster, wish) = (&self.cluster, &self.wish);
        let there = look(&work.hosts, cluster, &wish.name);
        let Some(topic) = there.map_err(|error| Failure::of_command("Look for the topic", &error))? else {
            run_tool(work, &self.create_line(), "Create the topic")?;
            return Ok(());
        };
        if let Some(partitions) = wish.partitions.filter(|wanted| *wanted as usize > topic.partitions.len()) {
            run_tool(work, &topics::grow(cluster, &wish.name, partitions), "Give the topic more partitions")?;
        }
        let differs = |(key, value): &&(String, String)| topic.configs.get(key) != Some(value);
        let configs: Vec<_> = wish.configs.iter().filter(differs).cloned().collect();
        if !configs.is_empty() {
            run_tool(work, &topics::configure(cluster, &wish.name, &configs), "Set the topic's options")?;
        }
        Ok(())
    }
}

impl Step for DeleteTopic {
    fn name(&self) -> &'static str {
        "delete-topic"
    }

    fn title(&self) -> &'static str {
        "Delete the topic"
    }

    fn commands(&self) -> Vec<Planned> {
        vec![Planned::vm(topics::delete(&self.cluster, &self.name))]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!("there is no topic `{}`", self.name),
            probes: vec![(Place::Vm, topics::describe(&self.cluster, Some(&self.name)))],
            timeout: minutes(5),
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: in_vm(&self.vm, &self.cluster.list_topics().to_string()),
            not_met: Id::TopicNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(match look(hosts, &self.cluster, &self.name)? {
            None => Verdict::met(format!("there is no topic `{}`", self.name)),
            Some(_) => Verdict::not_yet(format!("the topic `{}` is still there", self.name)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        run_tool(work, &topics::delete(&self.cluster, &self.name), "Delete the topic")?;
        Ok(())
    }
}
