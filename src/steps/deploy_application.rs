//! An application with the units that were asked for: zookeeper and kafka are the same step with other values.

use std::time::Duration;

use super::{in_vm, minutes};
use crate::config::{Channel, Config};
use crate::failure::{Failure, Id};
use crate::host::{CommandError, Hosts, Place};
use crate::step::{Checkpoint, Planned, Step, Verdict, Work};
use crate::text::count;
use crate::tools::juju;
use crate::tools::juju_status::{self, Application};

/// The step's name for zookeeper.
pub const ZOOKEEPER: &str = "deploy-zookeeper";
/// The step's name for kafka.
pub const KAFKA: &str = "deploy-kafka";

/// Deploys an application, or adds the units it lacks. It never removes any.
pub struct DeployApplication {
    /// The step's name.
    name: &'static str,
    /// In plain words.
    title: &'static str,
    /// The charm, and the application's name.
    charm: &'static str,
    /// The failure when it is not there in time.
    not_met: Id,
    /// The VM's name, for what a person would type.
    vm: String,
    /// Controller and model, as `-m` takes them.
    target: String,
    /// The charm's channel.
    channel: Channel,
    /// How many units.
    units: u32,
    /// The charm's options.
    options: Vec<(String, String)>,
    /// The step's limit.
    timeout: Duration,
}

impl DeployApplication {
    /// The usual limit: only the request is waited for, not the units.
    pub const TIMEOUT: Duration = minutes(10);

    /// The zookeeper step.
    pub fn zookeeper(config: &Config, timeout: Duration) -> Self {
        DeployApplication {
            name: ZOOKEEPER,
            title: "Deploy ZooKeeper",
            charm: "zookeeper",
            not_met: Id::ZookeeperNotDeployed,
            vm: config.vm.name.clone(),
            target: config.juju.target(),
            channel: config.zookeeper.channel.clone(),
            units: config.zookeeper.units,
            options: Vec::new(),
            timeout,
        }
    }

    /// The kafka step, in the shape of its track.
    pub fn kafka(config: &Config, timeout: Duration) -> Self {
        let mut options = vec![("profile".to_owned(), config.kafka.profile.clone())];
        if config.kafka.kraft() {
            options.insert(0, ("roles".to_owned(), "broker,controller".to_owned()));
        }
        options.extend(config.kafka.options.clone());
        DeployApplication {
            name: KAFKA,
            title: "Deploy Kafka",
            charm: "kafka",
            not_met: Id::KafkaNotDeployed,
            vm: config.vm.name.clone(),
            target: config.juju.target(),
            channel: config.kafka.channel.clone(),
            units: config.kafka.units,
            options,
            timeout,
        }
    }

    /// The application in the model, if it is there.
    fn look(&self, hosts: &Hosts<'_>) -> Result<Option<Application>, CommandError> {
        let line = juju::status(&self.target);
        let status = juju_status::parse(&line, &hosts.vm.ask(&line)?)?;
        Ok(status.application(self.charm).cloned())
    }

    /// An application of that name that is not the one meant.
    fn differs(&self, application: &Application) -> Option<Failure> {
        let wanted = format!("charm {} from {}", self.charm, self.channel);
        let seen = format!("charm {} from {}", application.charm_name, application.charm_channel);
        // The store may answer with the risk alone for a track that is the default one.
        let channel = [self.channel.to_string(), self.channel.risk.clone(), String::new()];
        let same = application.charm_name == self.charm && channel.contains(&application.charm_channel);
        (!same).then(|| {
            Failure::new(
                Id::ApplicationDiffers,
                format!("the application `{}` is not the one meant", self.charm),
            )
            .expected(wanted)
            .seen(seen)
            .hint(format!("look yourself: `{}`", in_vm(&self.vm, &format!("juju status -m {}", self.target))))
            .hint("`kafstack down`, then `kafstack up`, builds it anew")
        })
    }
}

impl Step for DeployApplication {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn commands(&self) -> Vec<Planned> {
        vec![
            Planned::vm(juju::deploy(&self.target, self.charm, &self.channel, self.units, &self.options)),
            Planned::vm(juju::add_unit(&self.target, self.charm, 1))
                .when("units are missing; as many as are missing"),
        ]
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            expect: format!(
                "the application `{}` from {} with {}",
                self.charm,
                self.channel,
                count(self.units as usize, "unit")
            ),
            probes: vec![(Place::Vm, juju::status(&self.target))],
            timeout: self.timeout,
            interval: Duration::from_secs(5),
            successes: 1,
            look_here: in_vm(&self.vm, &format!("juju status -m {} {}", self.target, self.charm)),
            not_met: self.not_met,
        }
    }

    fn probe(&self, hosts: &Hosts<'_>) -> Result<Verdict, CommandError> {
        let Some(application) = self.look(hosts)? else {
            return Ok(Verdict::not_yet(format!("there is no application `{}`", self.charm)));
        };
        if !application.life.is_empty() {
            return Ok(Verdict::not_yet(format!("the application `{}` is {}", self.charm, application.life)));
        }
        if let Some(failure) = self.differs(&application) {
            return Ok(Verdict::broken(failure));
        }
        let (there, wanted) = (application.living_units().len(), self.units as usize);
        Ok(if there < wanted {
            Verdict::not_yet(format!("`{}` has {there} of {}", self.charm, count(wanted, "unit")))
        } else if there > wanted {
            Verdict::met(format!("`{}` has {there} units, more than the {wanted} asked for", self.charm))
        } else {
            Verdict::met(format!("`{}` from {} with {}", self.charm, self.channel, count(wanted, "unit")))
        })
    }

    fn act(&self, work: &Work<'_>) -> Result<(), Failure> {
        let doing = self.title;
        let there = self.look(&work.hosts).map_err(|error| Failure::of_command(doing, &error))?;
        let Some(application) = there.filter(|application| application.life.is_empty()) else {
            let line = juju::deploy(&self.target, self.charm, &self.channel, self.units, &self.options);
            work.run(Place::Vm, &line, doing)?;
            return Ok(());
        };
        let there = u32::try_from(application.living_units().len()).unwrap_or(u32::MAX);
        if there < self.units {
            work.run(Place::Vm, &juju::add_unit(&self.target, self.charm, self.units - there), doing)?;
        }
        Ok(())
    }
}
