//! The last step: Kafka and ZooKeeper related, and Kafka ready. On track 4 there is nothing to relate and the step
//! only waits.

use std::time::Duration;

use super::{in_vm, lists_topics, minutes, model, unless_done};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::juju;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_readiness::{self, Judgement, Wanted};

/// Its name.
pub const NAME: &str = "integrate-kafka";

/// Relates the two and waits until a broker answers.
pub struct IntegrateKafka {
    /// What is to be ready.
    config: Config,
    /// What must be there.
    wanted: Wanted,
    /// The step's limit.
    timeout: Duration,
}

impl IntegrateKafka {
    /// The usual limit. Eight units on one laptop were never measured; half an hour to an hour is expected
    /// (canonical/kafka-operator's own tests allow half an hour for fewer).
    pub const TIMEOUT: Duration = minutes(90);

    /// The endpoints, in full.
    const ENDPOINTS: (&str, &str) = ("kafka:zookeeper", "zookeeper:zookeeper");

    /// The step for this configuration.
    pub fn new(config: &Config, timeout: Duration) -> Self {
        let wanted = Wanted::kafka(config);
        IntegrateKafka { wanted, config: config.clone(), timeout }
    }
}

impl Step for IntegrateKafka {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        if self.config.kafka.kraft() { "Wait for Kafka" } else { "Integrate Kafka" }
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = Self::ENDPOINTS;
        if self.config.kafka.kraft() {
            Vec::new()
        } else {
            vec![Planned::vm(juju::integrate(&self.config.juju.target(), one, other))]
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let listing = Cluster::planned(&self.config).list_topics();
        let units: usize = self.wanted.applications.iter().map(|a| a.units).sum();
        let all = if units == 1 { "the unit is".to_owned() } else { format!("all {units} units are") };
        Checkpoint {
            expect: format!("{all} active and idle, every machine started, and a broker lists its topics"),
            probes: vec![(Place::Vm, juju::status(&self.config.juju.target())), (Place::Vm, listing)],
            timeout: self.timeout,
            interval: Duration::from_secs(10),
            successes: 3,
            look_here: in_vm(
                &self.config.vm.name,
                &format!("juju status -m {} --relations", self.config.juju.target()),
            ),
            not_met: Id::KafkaNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.config)?;
        match kafka_readiness::judge(&status, &self.wanted) {
            Judgement::Ready { seen } => lists_topics(hosts, &self.config, &status, seen),
            Judgement::Waiting { why } => Ok(Verdict::not_yet(why)),
            Judgement::Broken(trouble) => Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect))),
        }
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        if self.config.kafka.kraft() {
            return Ok(());
        }
        let doing = "Integrate Kafka with ZooKeeper";
        let related = || Ok(model(&work.hosts, &self.config)?.related("kafka", "zookeeper"));
        if related().map_err(|error| Failure::of_command(doing, &error))? {
            return Ok(());
        }
        let (one, other) = Self::ENDPOINTS;
        let integrate = juju::integrate(&self.config.juju.target(), one, other);
        unless_done(work, work.run(Place::Vm, &integrate, doing).map(drop), related)
    }
}
