//! The test application's process is started, and ended.

use std::time::Duration;

use super::{Exchange, Progress, detach, integrate, lives, look_here, minutes, model, topic, trouble, until};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::juju_status::Status;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_readiness::{self, Judgement, Wanted};
use crate::tools::test_app::{self, CHARM, ENDPOINTS, Role};
use crate::tools::{juju, juju_changes, kafka_topics};

/// Runs the test application as producer or consumer of an exchange.
pub struct RunTestApp {
    /// The exchange.
    pub exchange: Exchange,
    /// As what.
    pub role: Role,
}

/// Ends the test application's part in an exchange: a consumer reads for ever.
pub struct StopTestApp {
    /// The exchange.
    pub exchange: Exchange,
}

/// What the application is set to do, for comparing.
fn options(
    hosts: &Hosts<'_>,
    target: &str,
) -> Result<std::collections::BTreeMap<String, String>, CommandError> {
    let line = juju_changes::config(target, CHARM);
    juju_changes::parse_config(&line, hosts.vm.ask(&line)?)
}

impl RunTestApp {
    /// The unit if it says that this very process was started.
    fn enabled(&self, status: &Status) -> Option<String> {
        let standing = test_app::standing(status)?;
        let enabled = self.exchange.work(self.role).enabled();
        (standing.related && standing.message == enabled).then_some(standing.unit)
    }

    /// Makes sure that no other process is in the way: one of another role or topic, or one that has ended before
    /// its time.
    fn clear(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (config, doing) = (&self.exchange.config, self.title());
        let keep = until(self, work, config, |hosts, status| {
            let set = || Ok(self.exchange.work(self.role).is_set(&options(hosts, &self.exchange.target())?));
            Ok(Ok(match (test_app::standing(status), self.enabled(status)) {
                (_, Some(unit)) => lives(hosts, config, &unit)?,
                (Some(standing), None) => standing.related && !standing.started() && set()?,
                (None, None) => false,
            }))
        })?;
        if keep { Ok(()) } else { detach(self, work, config, doing) }
    }

    /// A producer begins with an empty topic: what an earlier one left unfinished would be counted as well.
    fn empty_topic(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (exchange, doing) = (&self.exchange, "Delete a topic that an earlier producer left unfinished");
        let could_not_ask = |error: CommandError| Failure::of_command(doing, &error);
        let status = model(&work.hosts, &exchange.config).map_err(could_not_ask)?;
        let Some(cluster) = Cluster::of(&status, &exchange.config) else { return Ok(()) };
        if exchange.grown(&work.hosts, &cluster).map_err(could_not_ask)?.unwrap_or(0) == 0 {
            return Ok(());
        }
        topic::run_tool(work, &kafka_topics::delete(&cluster, &exchange.topic), doing)?;
        until(self, work, &exchange.config, |hosts, _| {
            Ok(match exchange.grown(hosts, &cluster)? {
                None => Ok(()),
                Some(_) => Err(format!("the topic `{}` is still there", exchange.topic)),
            })
        })
    }

    /// Starts the process. It is not said to be well: a process that cannot reach the brokers ends within moments.
    fn start(&self, work: &Work<'_>) -> Result<(), Failure> {
        let (exchange, doing) = (&self.exchange, self.title());
        self.clear(work)?;
        let related = until(self, work, &exchange.config, |_, status| Ok(Ok(test_app::is_related(status))))?;
        if !related {
            if self.role == Role::Producer {
                self.empty_topic(work)?;
            }
            let target = exchange.target();
            work.run(Place::Vm, &exchange.work(self.role).configure(&target), doing)?;
            integrate(work, &target, ENDPOINTS.0, ENDPOINTS.1, doing)?;
        }
        let dead = until(self, work, &exchange.config, |hosts, status| {
            let Some(unit) = self.enabled(status) else { return Ok(Err(self.seen(status))) };
            let unfinished = !lives(hosts, &exchange.config, &unit)?
                && matches!(exchange.is_over(hosts, status, self.role)?, Progress::Underway(_));
            Ok(Ok(unfinished.then_some(unit)))
        })?;
        let Some(unit) = dead else { return Ok(()) };
        let message = format!("{doing}: the process ended before its work was done");
        Err(Failure::new(Id::DemoNotReady, message).transient().hint(format!(
            "in the VM: `juju ssh -m {} {unit} 'tail /tmp/*_{}.err'` shows its last words",
            exchange.target(),
            self.role.as_str()
        )))
    }

    /// What is seen of a process that was not started yet.
    fn seen(&self, status: &Status) -> String {
        match test_app::standing(status) {
            None => format!("there is no `{CHARM}`"),
            Some(standing) => format!("{}: {}", standing.unit, standing.message),
        }
    }
}

impl Step for RunTestApp {
    fn name(&self) -> &'static str {
        match (self.role, self.exchange.encrypted) {
            (Role::Producer, false) => "run-producer",
            (Role::Consumer, false) => "run-consumer",
            (Role::Producer, true) => "run-encrypted-producer",
            (Role::Consumer, true) => "run-encrypted-consumer",
        }
    }

    fn title(&self) -> &'static str {
        match (self.role, self.exchange.encrypted) {
            (Role::Producer, false) => "Run the producer",
            (Role::Consumer, false) => "Run the consumer",
            (Role::Producer, true) => "Run the producer over TLS",
            (Role::Consumer, true) => "Run the consumer over TLS",
        }
    }

    fn commands(&self) -> Vec<Planned> {
        let target = self.exchange.target();
        let (one, other) = ENDPOINTS;
        let detach = Planned::vm(juju_changes::remove_relation(&target, one, other));
        vec![
            detach.when("it is related with Kafka"),
            Planned::vm(self.exchange.work(self.role).configure(&target)),
            Planned::vm(juju::integrate(&target, one, other)),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        let target = self.exchange.target();
        Checkpoint {
            expect: format!("`{CHARM}` says: {}", self.exchange.work(self.role).enabled()),
            probes: vec![
                (Place::Vm, juju::status(&target)),
                (Place::Vm, test_app::process(&target, &format!("{CHARM}/0"))),
            ],
            timeout: minutes(30),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.exchange.config),
            not_met: Id::DemoNotReady,
        }
    }

    /// What the unit says is true of a process that lives. Once its work is done it is no longer asked for.
    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        if let Some(unit) = self.enabled(&status)
            && lives(hosts, &self.exchange.config, &unit)?
        {
            return Ok(Verdict::met(format!("{unit}: {}", self.exchange.work(self.role).enabled())));
        }
        if let Some(trouble) = trouble(&status, &self.exchange.config) {
            return Ok(Verdict::broken(trouble.failure(&self.checkpoint().expect)));
        }
        Ok(match self.exchange.is_over(hosts, &status, self.role)? {
            // What is spoilt is told where it is counted.
            Progress::Done(seen) | Progress::Spoilt(seen) => Verdict::met(seen),
            Progress::Underway(_) => Verdict::not_yet(self.seen(&status)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        self.start(work)
    }
}

impl Step for StopTestApp {
    fn name(&self) -> &'static str {
        if self.exchange.encrypted { "stop-encrypted-consumer" } else { "stop-consumer" }
    }

    fn title(&self) -> &'static str {
        if self.exchange.encrypted { "Stop the consumer over TLS" } else { "Stop the consumer" }
    }

    fn commands(&self) -> Vec<Planned> {
        let (one, other) = ENDPOINTS;
        vec![Planned::vm(juju_changes::remove_relation(&self.exchange.target(), one, other))]
    }

    fn checkpoint(&self) -> Checkpoint {
        let target = self.exchange.target();
        Checkpoint {
            expect: format!("`{CHARM}` is not related with Kafka, and Kafka is at rest"),
            probes: vec![(Place::Vm, juju::status(&target))],
            timeout: minutes(30),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: look_here(&self.exchange.config),
            not_met: Id::DemoNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let status = model(hosts, &self.exchange.config)?;
        let standing = test_app::standing(&status);
        if let Some(standing) = standing.filter(|standing| standing.related || standing.started()) {
            let set = options(hosts, &self.exchange.target())?;
            let at = set.get("topic_name").map_or("", String::as_str);
            return Ok(if at == self.exchange.topic {
                Verdict::not_yet(format!("{}: {}", standing.unit, standing.message))
            } else {
                Verdict::met(format!("{} is at work with `{at}`", standing.unit))
            });
        }
        Ok(match kafka_readiness::judge(&status, &Wanted::kafka(&self.exchange.config)) {
            Judgement::Ready { seen } => Verdict::met(format!("`{CHARM}` is not related with Kafka; {seen}")),
            Judgement::Waiting { why } => Verdict::not_yet(why),
            Judgement::Broken(trouble) => Verdict::broken(trouble.failure(&self.checkpoint().expect)),
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        detach(self, work, &self.exchange.config, self.title())
    }
}
