//! The errands of a kafstack, with the plans that their commands make.

use crate::commands::stack;
use crate::config::Config;
use crate::failure::Failure;
use crate::host::Hosts;
use crate::plan::{self, Circumstances, Plan};
use crate::step::Step;
use crate::steps::certificates::{DeployAuthority, SwitchTls};
use crate::steps::scale::ScaleApplication;
use crate::steps::topic::{ShapeTopic, Wish};
use crate::steps::user::{DeployUser, IntegrateUser};
use crate::tools::data_integrator::User;

/// What a kafstack is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Up,
    Down,
    TopicCreate,
    UserCreate,
    TlsEnable,
    /// Two units more of Kafka and of ZooKeeper.
    Scale,
}

impl Errand {
    /// Its plan, made from what is seen, as the command makes it.
    pub fn plan(self, hosts: &Hosts<'_>, config: &Config, launched: bool) -> Result<Plan, Failure> {
        let with = Circumstances { launched, ..Circumstances::default() };
        let config = config.clone();
        let steps: Vec<Box<dyn Step>> = match self {
            Errand::Up => return Ok(plan::up(&config, with)),
            Errand::Down => vec![Box::new(plan::destroy_vm(&config, with))],
            Errand::TopicCreate => {
                let cluster = stack::ready(hosts, &config)?.cluster;
                let wish = Wish {
                    name: "orders".to_owned(),
                    partitions: Some(3),
                    replication: 1,
                    configs: vec![("retention.ms".to_owned(), "60000".to_owned())],
                };
                vec![Box::new(ShapeTopic { cluster, vm: config.vm.name, wish, create: true })]
            }
            Errand::UserCreate => {
                let user = User {
                    name: "shop".to_owned(),
                    topic: "orders".to_owned(),
                    roles: ["producer".to_owned()].into_iter().collect(),
                    group_prefix: None,
                };
                let integrate =
                    IntegrateUser { config: config.clone(), user: user.name.clone(), other_than: None };
                vec![Box::new(DeployUser { config, user }), Box::new(integrate)]
            }
            Errand::TlsEnable => vec![
                Box::new(DeployAuthority { config: config.clone(), ca_name: "kafstack".to_owned() }),
                Box::new(SwitchTls { config, authority: "self-signed-certificates".to_owned(), on: true }),
            ],
            Errand::Scale => {
                let mut first = config.clone();
                first.kafka.units -= 2;
                let step = |config: &Config, application, units| {
                    let config = config.clone();
                    Box::new(ScaleApplication { config, application, units, victims: Vec::new() })
                        as Box<dyn Step>
                };
                vec![
                    step(&first, "zookeeper", config.zookeeper.units),
                    step(&config, "kafka", config.kafka.units),
                ]
            }
        };
        Ok(Plan::of(steps))
    }
}
