//! The messages of an exchange are counted, at the end where they come in and at the end where they go out.

use std::time::Duration;

use super::{Exchange, look_here, minutes, model};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::text::count;
use crate::tools::kafka::Cluster;
use crate::tools::test_app::{self, CHARM};
use crate::tools::{juju, kafka_groups, kafka_offsets};

/// Waits until the topic has grown by all messages.
pub struct CountProduced {
    /// The exchange.
    pub exchange: Exchange,
}

/// Waits until the consumer's group has read them all, each once.
pub struct CountConsumed {
    /// The exchange.
    pub exchange: Exchange,
}

/// How long so many messages may take: the producer sends two a second.
fn patience(exchange: &Exchange) -> Duration {
    minutes(10) + Duration::from_secs(u64::from(exchange.messages))
}

impl Step for CountProduced {
    fn name(&self) -> &'static str {
        if self.exchange.encrypted { "count-encrypted-produced" } else { "count-produced" }
    }

    fn title(&self) -> &'static str {
        if self.exchange.encrypted {
            "Count the messages produced over TLS"
        } else {
            "Count the messages produced"
        }
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        let exchange = &self.exchange;
        let cluster = Cluster::planned(&exchange.config);
        Checkpoint {
            expect: format!(
                "`{}` has grown by {}",
                exchange.topic,
                count(exchange.messages as usize, "message")
            ),
            probes: vec![
                (Place::Vm, juju::status(&exchange.target())),
                (Place::Vm, kafka_offsets::ends(&cluster, &exchange.topic)),
            ],
            timeout: patience(exchange),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&exchange.config),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        Ok(self.exchange.produced(hosts, &status)?.verdict(&self.checkpoint().expect))
    }

    fn act(&self, _: &Work<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

impl Step for CountConsumed {
    fn name(&self) -> &'static str {
        if self.exchange.encrypted { "count-encrypted-consumed" } else { "count-consumed" }
    }

    fn title(&self) -> &'static str {
        if self.exchange.encrypted {
            "Count the messages consumed over TLS"
        } else {
            "Count the messages consumed"
        }
    }

    fn commands(&self) -> Vec<Planned> {
        Vec::new()
    }

    fn checkpoint(&self) -> Checkpoint {
        let exchange = &self.exchange;
        let cluster = Cluster::planned(&exchange.config);
        let target = exchange.target();
        Checkpoint {
            expect: format!(
                "a group has read {} of `{}`, lags by 0, and its consumer's log has each of them once",
                count(exchange.messages as usize, "message"),
                exchange.topic
            ),
            probes: vec![
                (Place::Vm, juju::status(&target)),
                (Place::Vm, kafka_groups::describe(&cluster, None)),
                (Place::Vm, test_app::received(&target, &format!("{CHARM}/0"), &exchange.topic)),
            ],
            timeout: patience(exchange),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: format!("kafstack group describe {}1", test_app::GROUP_PREFIX),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        Ok(self.exchange.consumed(hosts, &status)?.verdict(&self.checkpoint().expect))
    }

    fn act(&self, _: &Work<'_>) -> Result<(), Failure> {
        Ok(())
    }
}
