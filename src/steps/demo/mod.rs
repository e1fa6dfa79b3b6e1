//! Steps of `kafstack demo`: the test application as producer and as consumer, and what came of it, counted at both
//! ends. What several of them ask is here.

mod application;
mod count;
mod run;
mod topics;

use std::time::Duration;

pub use application::{CertifyTestApp, DeployTestApp, RemoveTestApp};
pub use count::{CountConsumed, CountProduced};
pub use run::{RunTestApp, StopTestApp};
pub use topics::DeleteTopics;

use super::{asked, beside, in_vm, integrate, minutes, model, topic};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Step, Verdict, Work};
use crate::text::count;
use crate::tools::juju_status::Status;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_readiness::{self, Judgement, Trouble, Wanted};
use crate::tools::test_app::{self, Role};
use crate::tools::{juju, juju_changes, kafka_groups, kafka_offsets};

/// Messages that are sent to a topic of their own and read from it again.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The configuration in force.
    pub config: Config,
    /// The topic.
    pub topic: String,
    /// How many messages.
    pub messages: u32,
    /// On how many brokers each partition lies.
    pub replication: u32,
    /// It is the one over encrypted connections.
    pub encrypted: bool,
}

/// How far one side of an exchange is.
enum Progress {
    /// All messages have passed.
    Done(String),
    /// Not all yet.
    Underway(String),
    /// What passed is not what was sent, and more time will not mend it.
    Spoilt(String),
}

impl Progress {
    /// As a checkpoint says it.
    fn verdict(self, expected: &str) -> Verdict {
        match self {
            Progress::Done(seen) => Verdict::met(seen),
            Progress::Underway(seen) => Verdict::not_yet(seen),
            Progress::Spoilt(seen) => Verdict::broken(
                Failure::new(Id::DemoNotReady, "the messages of the demo are not those that were sent")
                    .expected(expected)
                    .seen(seen),
            ),
        }
    }
}

impl Exchange {
    /// What the test application is to do as this.
    fn work(&self, role: Role) -> test_app::Work {
        test_app::Work {
            topic: self.topic.clone(),
            role,
            messages: self.messages,
            replication: self.replication,
        }
    }

    /// Where the model is.
    fn target(&self) -> String {
        self.config.juju.target()
    }

    /// How many messages the topic has ever got; `None` if there is none of that name.
    fn grown(&self, hosts: &Hosts<'_>, cluster: &Cluster) -> Result<Option<u64>, CommandError> {
        let line = kafka_offsets::ends(cluster, &self.topic);
        let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
        match ran.code {
            0 => Ok(Some(kafka_offsets::parse_ends(&ran.stdout, &self.topic))),
            _ if kafka_offsets::is_unknown(&ran.stderr) || kafka_offsets::is_unknown(&ran.stdout) => Ok(None),
            code => Err(CommandError::Failed {
                line: line.to_string(),
                code: i32::try_from(code).unwrap_or(1),
                said: ran.stderr,
            }),
        }
    }

    /// How far the producer is, by the growth of its topic, which began with nothing.
    fn produced(&self, hosts: &Hosts<'_>, status: &Status) -> Result<Progress, CommandError> {
        let Some(cluster) = Cluster::of(status, &self.config) else {
            return Ok(Progress::Underway("no broker has an address".to_owned()));
        };
        let (topic, wanted) = (&self.topic, u64::from(self.messages));
        Ok(match self.grown(hosts, &cluster)? {
            None => Progress::Underway(format!("there is no topic `{topic}`")),
            Some(n) if n < wanted => Progress::Underway(format!("`{topic}` holds {n} of {wanted} messages")),
            Some(n) if n > wanted => Progress::Spoilt(format!("`{topic}` holds {n} messages, not {wanted}")),
            Some(_) => {
                Progress::Done(format!("`{topic}` holds {}", count(self.messages as usize, "message")))
            }
        })
    }

    /// How far the consumer is: what its group has committed, and the numbers of the messages in its log. The log is
    /// in a folder that a restart of the unit's machine empties; then the group speaks alone.
    fn consumed(&self, hosts: &Hosts<'_>, status: &Status) -> Result<Progress, CommandError> {
        let Some(cluster) = Cluster::of(status, &self.config) else {
            return Ok(Progress::Underway("no broker has an address".to_owned()));
        };
        let standing = test_app::standing(status);
        let running = standing.as_ref().is_some_and(|standing| standing.related);
        let group = self.group(hosts, &cluster)?;
        if let Some(group) = group.as_ref().filter(|group| !group.done(self.messages)) {
            return Ok(Progress::Underway(format!(
                "the group `{}` has read {} of {}",
                group.name,
                group.read,
                count(self.messages as usize, "message")
            )));
        }
        let received = match &standing {
            Some(standing) => self.received(hosts, &standing.unit)?,
            None => Vec::new(),
        };
        let tally = test_app::tally(&received, self.messages);
        if !tally.doubled.is_empty() {
            return Ok(Progress::Spoilt(format!("read more than once: {}", numbers(&tally.doubled))));
        }
        let all = count(self.messages as usize, "message");
        Ok(match group {
            Some(group) if tally.missing.is_empty() => Progress::Done(format!(
                "the group `{}` has read {all} and lags by 0; none is lost, none doubled",
                group.name
            )),
            Some(group) if received.is_empty() && !running => {
                Progress::Done(format!("the group `{}` has read {all} and lags by 0", group.name))
            }
            // A group without members is forgotten after a week.
            None if tally.missing.is_empty() && !running => {
                Progress::Done(format!("{all} were read; none is lost, none doubled"))
            }
            Some(group) => Progress::Underway(format!(
                "the group `{}` lags by 0; not in its consumer's log: {}",
                group.name,
                numbers(&tally.missing)
            )),
            None => Progress::Underway(format!("no group has read from `{}`", self.topic)),
        })
    }

    /// The group that reads the topic, as the brokers know it: the prefix of its name is Kafka's to give.
    fn group(&self, hosts: &Hosts<'_>, cluster: &Cluster) -> Result<Option<Reading>, CommandError> {
        let line = kafka_groups::describe(cluster, None);
        let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
        if ran.code != 0 {
            return Err(CommandError::Failed {
                line: line.to_string(),
                code: i32::try_from(ran.code).unwrap_or(1),
                said: ran.stderr,
            });
        }
        let groups = kafka_groups::parse_describe(&ran.stdout, &ran.stderr);
        let reading = |group: &kafka_groups::Group| {
            let shares = || group.partitions.iter().filter(|share| share.topic == self.topic);
            shares().next()?;
            Some(Reading {
                name: group.name.clone(),
                read: shares().filter_map(|share| share.offset).sum(),
                lag: shares()
                    .map(|share| share.end.unwrap_or(0).saturating_sub(share.offset.unwrap_or(0)))
                    .sum(),
            })
        };
        let mut all: Vec<Reading> = groups.iter().filter_map(reading).collect();
        all.sort_by_key(|group| !group.name.starts_with(test_app::GROUP_PREFIX));
        Ok(all.into_iter().next())
    }

    /// What the unit's consumers say that they have read from the topic.
    fn received(&self, hosts: &Hosts<'_>, unit: &str) -> Result<Vec<test_app::Received>, CommandError> {
        let line = test_app::received(&self.target(), unit, &self.topic);
        let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
        Ok(test_app::parse_received(&ran.stdout))
    }

    /// The process of this role has done all that it is there for.
    fn is_over(&self, hosts: &Hosts<'_>, status: &Status, role: Role) -> Result<Progress, CommandError> {
        match role {
            Role::Producer => self.produced(hosts, status),
            Role::Consumer => self.consumed(hosts, status),
        }
    }
}

/// What a group has read of a topic.
struct Reading {
    /// The group.
    name: String,
    /// How many messages.
    read: u64,
    /// How many are left.
    lag: u64,
}

impl Reading {
    /// It has read all.
    fn done(&self, messages: u32) -> bool {
        self.lag == 0 && self.read >= u64::from(messages)
    }
}

/// Numbers of messages, not too many of them.
fn numbers(all: &[u32]) -> String {
    let shown: Vec<String> = all.iter().take(10).map(|number| format!("#{number}")).collect();
    let more = all.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// The command that shows the test application.
fn look_here(config: &Config) -> String {
    let command = format!("juju status -m {} --relations {}", config.juju.target(), test_app::CHARM);
    in_vm(&config.vm.name, &command)
}

/// What does not heal about the test application.
fn trouble(status: &Status, config: &Config) -> Option<Trouble> {
    let wanted =
        Wanted { model: config.juju.target(), applications: vec![test_app::wanted()], related: Vec::new() };
    match kafka_readiness::judge(status, &wanted) {
        Judgement::Broken(trouble) => Some(trouble),
        Judgement::Ready { .. } | Judgement::Waiting { .. } => None,
    }
}

/// Whether the process on the unit lives.
fn lives(hosts: &Hosts<'_>, config: &Config, unit: &str) -> Result<bool, CommandError> {
    let line = test_app::process(&config.juju.target(), unit);
    Ok(juju::parse_exec(&line, hosts.vm.ask(&line)?)?.code == 0)
}

/// Waits inside an act until the model is as it must be before the next command; `ready` gives `Err` with what it
/// sees otherwise.
///
/// # Errors
/// The application is in trouble, it took too long, or the user interrupted.
fn until<T>(
    step: &dyn Step,
    work: &Work<'_>,
    config: &Config,
    ready: impl Fn(&Hosts<'_>, &Status) -> Result<Result<T, String>, CommandError>,
) -> Result<T, Failure> {
    let mut told = String::new();
    loop {
        let asked = model(&work.hosts, config).and_then(|status| {
            let answer = ready(&work.hosts, &status)?;
            Ok((answer, trouble(&status, config)))
        });
        let seen = match asked {
            Ok((Ok(value), _)) => return Ok(value),
            Ok((_, Some(trouble))) => {
                return Err(trouble.failure(&step.checkpoint().expect));
            }
            Ok((Err(seen), None)) => seen,
            Err(error @ CommandError::Left { .. }) => {
                return Err(Failure::of_command(step.title(), &error).hint(work.again.hint()));
            }
            Err(error) => format!("could not ask: {error}"),
        };
        if seen != told {
            work.waiting(seen.clone());
            told = seen;
        }
        if work.stop.requested() {
            return Err(Failure::new(Id::Interrupted, format!("{}: interrupted", step.title()))
                .hint(work.again.hint()));
        }
        if !work.may_go_on() {
            return Err(Failure::new(Id::DemoNotReady, format!("{}: not done in time", step.title()))
                .expected(step.checkpoint().expect)
                .seen(told)
                .hint(format!("look yourself: `{}`", look_here(config)))
                .hint(work.again.hint()));
        }
        work.look_into_standstill(&told);
        work.hosts.clock.pause(Duration::from_secs(5));
    }
}

/// Takes the test application's relation with Kafka away and waits until it is gone. Its charm crashes if it is
/// unrelated before it has started a process, so that is waited for first (canonical/kafka-test-app:src/charm.py).
fn detach(step: &dyn Step, work: &Work<'_>, config: &Config, doing: &str) -> Result<(), Failure> {
    let there = until(step, work, config, |_, status| {
        Ok(match test_app::standing(status) {
            Some(standing) if standing.related && !standing.started() => {
                Err(format!("{}: {}; it has not started its process yet", standing.unit, standing.message))
            }
            _ => Ok(test_app::is_related(status)),
        })
    })?;
    if there {
        let (one, other) = test_app::ENDPOINTS;
        work.run(Place::Vm, &juju_changes::remove_relation(&config.juju.target(), one, other), doing)?;
    }
    until(step, work, config, |_, status| {
        let standing = test_app::standing(status);
        Ok(match standing {
            _ if test_app::is_related(status) => Err(format!("`{}` still has its relation", test_app::CHARM)),
            Some(standing) if standing.started() => Err(format!("{}: {}", standing.unit, standing.message)),
            _ => Ok(()),
        })
    })
}

#[cfg(test)]
mod tests;
