//! The demo's topics go.

use std::time::Duration;

use super::{asked, in_vm, minutes, model, topic};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::kafka::Cluster;
use crate::tools::kafka_topics;

/// Deletes topics with all their messages, those of them that there are.
pub struct DeleteTopics {
    /// The configuration in force.
    pub config: Config,
    /// Their names.
    pub names: Vec<String>,
}

impl DeleteTopics {
    /// The first of the topics that is still there.
    fn left(&self, hosts: &Hosts<'_>) -> Result<Option<(Cluster, &str)>, CommandError> {
        // Which port the brokers' tools take changes with encryption, so the cluster is looked at each time.
        let Some(cluster) = Cluster::of(&model(hosts, &self.config)?, &self.config) else {
            return Err(CommandError::Garbled {
                line: "juju status".to_owned(),
                why: "no broker has an address".to_owned(),
            });
        };
        for name in &self.names {
            if topic::look(hosts, &cluster, name)?.is_some() {
                return Ok(Some((cluster, name)));
            }
        }
        Ok(None)
    }
}

impl Step for DeleteTopics {
    fn name(&self) -> &'static str {
        "delete-topics"
    }

    fn title(&self) -> &'static str {
        "Delete the topics"
    }

    fn commands(&self) -> Vec<Planned> {
        let cluster = Cluster::planned(&self.config);
        self.names.iter().map(|name| Planned::vm(kafka_topics::delete(&cluster, name))).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        let cluster = Cluster::planned(&self.config);
        let describe = |name: &String| (Place::Vm, kafka_topics::describe(&cluster, Some(name)));
        Checkpoint {
            expect: format!("there is no topic {}", self.names.join(", ")),
            probes: self.names.iter().map(describe).collect(),
            timeout: minutes(10),
            interval: Duration::from_secs(3),
            successes: 1,
            look_here: in_vm(&self.config.vm.name, &cluster.list_topics().to_string()),
            not_met: Id::TopicNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        Ok(match self.left(hosts)? {
            None => Verdict::met("the topics are gone"),
            Some((_, name)) => Verdict::not_yet(format!("the topic `{name}` is still there")),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let doing = "Delete a topic";
        let status = asked(work, &self.config, doing)?;
        let Some(cluster) = Cluster::of(&status, &self.config) else { return Ok(()) };
        for name in &self.names {
            let there = topic::look(&work.hosts, &cluster, name);
            if there.map_err(|error| Failure::of_command(doing, &error))?.is_some() {
                topic::run_tool(work, &kafka_topics::delete(&cluster, name), doing)?;
            }
        }
        Ok(())
    }
}
