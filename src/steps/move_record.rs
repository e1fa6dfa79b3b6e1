//! Proves Kafka Connect: a connector writes a record that arrives in Kafka.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{in_vm, minutes, model};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::secret::Secret;
use crate::host::{CommandError, CommandLine, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::tools::connect_rest::{self as rest, LOGIN, REQUEST, Worker};
use crate::tools::juju;
use crate::tools::juju_secrets as secrets;
use crate::tools::juju_status::Status;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_offsets;
use crate::tools::neighbours::Neighbour;

/// Makes the connector and waits for a record of its own.
pub struct MoveRecord {
    /// The configuration in force.
    config: Config,
    /// The secret with the admin's password of Kafka Connect.
    secret: &'static str,
    /// How many records there were before the connector was made; `None`: it was there already.
    before: Mutex<Option<u64>>,
}

impl MoveRecord {
    /// With the password of this secret.
    pub fn new(config: Config, secret: &'static str) -> Self {
        MoveRecord { config, secret, before: Mutex::new(None) }
    }

    /// The worker and the cluster, as far as they have addresses.
    fn both(&self, status: &Status) -> Option<(Worker, Cluster)> {
        let (unit, address) = Neighbour::KafkaConnect.unit(status)?;
        let worker =
            Worker { target: self.config.juju.target(), unit, url: Neighbour::KafkaConnect.url(&address) };
        Some((worker, Cluster::of(status, &self.config)?))
    }

    /// The commands for this worker and cluster, but for what they are fed.
    fn lines(worker: &Worker) -> Vec<CommandLine> {
        vec![
            worker.make_file(LOGIN),
            worker.write_file(LOGIN, String::new()),
            worker.settings(),
            worker.make_file(REQUEST),
            worker.write_file(REQUEST, String::new()),
            worker.send(),
            worker.remove_file(REQUEST),
        ]
    }

    /// The worker that `plan` knows.
    fn planned(&self) -> Worker {
        Worker {
            target: self.config.juju.target(),
            unit: "kafka-connect/0".to_owned(),
            url: Neighbour::KafkaConnect.url("{address}"),
        }
    }
}

/// How many records the connector's topic has had.
fn count(hosts: &Hosts<'_>, cluster: &Cluster) -> Result<u64, CommandError> {
    let line = kafka_offsets::ends(cluster, rest::TOPIC);
    Ok(kafka_offsets::parse_ends(&juju::parse_exec(&line, hosts.vm.ask(&line)?)?.stdout, rest::TOPIC))
}

impl Step for MoveRecord {
    fn name(&self) -> &'static str {
        "move-record"
    }

    fn title(&self) -> &'static str {
        "Let a connector write a record"
    }

    fn commands(&self) -> Vec<Planned> {
        Self::lines(&self.planned()).into_iter().map(Planned::vm).collect()
    }

    fn checkpoint(&self) -> Checkpoint {
        let cluster = Cluster::planned(&self.config);
        Checkpoint {
            expect: format!(
                "the connector `{}` runs, and a record of it is in the topic `{}`",
                rest::CONNECTOR,
                rest::TOPIC
            ),
            probes: vec![
                (Place::Vm, self.planned().state()),
                (Place::Vm, kafka_offsets::ends(&cluster, rest::TOPIC)),
            ],
            timeout: minutes(10),
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(
                &self.config.vm.name,
                &format!(
                    "juju exec -m {} --unit kafka-connect/0 -- snap logs charmed-kafka",
                    self.config.juju.target()
                ),
            ),
            not_met: Id::NeighbourNotReady,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let Some((worker, cluster)) = self.both(&model(hosts, &self.config)?) else {
            return Ok(Verdict::not_yet("kafka-connect has no address yet"));
        };
        let line = worker.state();
        let ran = juju::parse_exec(&line, hosts.vm.ask(&line)?)?;
        if ran.code != 0 {
            return Ok(Verdict::not_yet("kafka-connect does not answer kafstack yet"));
        }
        if let Err(why) = rest::parse_state(&ran.stdout) {
            return Ok(Verdict::not_yet(why));
        }
        let now = count(hosts, &cluster)?;
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(0);
        Ok(if now > before {
            Verdict::met(format!("`{}` runs; {now} records in `{}`", rest::CONNECTOR, rest::TOPIC))
        } else {
            Verdict::not_yet(format!("`{}` runs; no record of it has come yet", rest::CONNECTOR))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let doing = self.title();
        let failed = |error: CommandError| Failure::of_command(doing, &error);
        let not_yet = |seen: &str| Failure::new(Id::NeighbourNotReady, doing).seen(seen);
        let hosts = &work.hosts;
        let status = model(hosts, &self.config).map_err(failed)?;
        let (worker, cluster) =
            self.both(&status).ok_or_else(|| not_yet("kafka-connect has no address yet"))?;
        let show = secrets::show(&worker.target, self.secret);
        let password = hosts.vm.ask(&show).and_then(|output| secrets::parse_show(&show, output, "admin"));
        let password =
            password.map_err(failed)?.ok_or_else(|| not_yet("the secret holds no password for `admin`"))?;
        let ask = worker.settings();
        let settings = hosts.vm.ask(&ask).and_then(|output| juju::parse_exec(&ask, output));
        let settings = Secret::new(settings.map_err(failed)?.stdout);
        let connector = rest::heartbeat(settings.reveal(), cluster.brokers.len())
            .ok_or_else(|| not_yet("the worker's settings hold no way into Kafka"))?;
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(count(hosts, &cluster).map_err(failed)?);
        on_unit(work, &worker.make_file(LOGIN), doing)?;
        work.run(Place::Vm, &worker.write_file(LOGIN, rest::login(&password)), doing)?;
        let put = || -> Result<(), Failure> {
            on_unit(work, &worker.make_file(REQUEST), doing)?;
            let request = worker.request(&password, &connector);
            work.run(Place::Vm, &worker.write_file(REQUEST, request), doing)?;
            let status = on_unit(work, &worker.send(), doing)?;
            let code: String = status.chars().filter(char::is_ascii_digit).take(3).collect();
            let refused = not_yet(&format!("Kafka Connect answered HTTP {code}"));
            match code.as_str() {
                "200" | "201" => Ok(()),
                "400" => Err(refused),
                // While Connect's workers agree on who does what they answer 409.
                _ => Err(refused.transient()),
            }
        };
        let put = put();
        let removed = on_unit(work, &worker.remove_file(REQUEST), "Remove the file with the request");
        put?;
        removed?;
        Ok(())
    }
}

/// Runs something on a unit that must succeed there. Returns what it printed.
fn on_unit(work: &Work<'_>, line: &CommandLine, doing: &str) -> Result<String, Failure> {
    let output = work.run(Place::Vm, line, doing)?;
    let ran = juju::parse_exec(line, output).map_err(|error| Failure::of_command(doing, &error))?;
    match ran.code {
        0 => Ok(ran.stdout),
        code => Err(Failure::new(Id::CommandFailed, doing).seen(format!("exit code {code} on the unit"))),
    }
}
