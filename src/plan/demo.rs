//! The second mission: what `demo` tells on a stack that is ready, in order, and how it is taken back. It is the
//! story that began this project: a user, a topic, messages sent and read, and the same again encrypted.

use super::Plan;
use crate::config::Config;
use crate::journal::Addition;
use crate::step::Step;
use crate::steps::certificates::{DeployAuthority, RemoveAuthority, SwitchTls};
use crate::steps::demo::{
    CertifyTestApp, CountConsumed, CountProduced, DeleteTopics, DeployTestApp, Exchange, RemoveTestApp,
    RunTestApp, StopTestApp,
};
use crate::steps::topic::{ShapeTopic, Wish};
use crate::steps::user::{DeleteUser, DeployUser, DetachUser, IntegrateUser};
use crate::tools::data_integrator::User;
use crate::tools::kafka::Cluster;
use crate::tools::{certificates, test_app};

/// The demo's user.
pub const USER: &str = "demo";
/// The user's topic.
pub const TOPIC: &str = "test-topic";
/// The topic of the first exchange.
pub const PLAIN_TOPIC: &str = "test-topic_kafka-app";
/// The topic of the exchange over encrypted connections.
pub const ENCRYPTED_TOPIC: &str = "test-topic_kafka-app_encrypted";
/// The topics of both.
pub const TOPICS: [&str; 3] = [TOPIC, PLAIN_TOPIC, ENCRYPTED_TOPIC];

/// What the demo depends on beside the configuration.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The cluster as it is when the user is made.
    pub cluster: Cluster,
    /// How many messages in each exchange.
    pub messages: u32,
    /// Certificates have come to Kafka or ZooKeeper already: by an earlier run, or by the user's wish.
    pub encrypted: bool,
    /// The application of the authority that signs them.
    pub authority: String,
    /// What an authority is called that has to be deployed.
    pub ca_name: String,
}

/// The user that the demo makes.
pub fn user() -> User {
    let roles = vec!["producer".to_owned(), "consumer".to_owned()];
    User { name: USER.to_owned(), topic: TOPIC.to_owned(), roles, group_prefix: None }
}

/// The story. Where encryption has begun already it is finished first, since Kafka is not at rest half-way; the first
/// exchange then goes encrypted as well.
pub fn story(config: &Config, scene: &Scene) -> Plan {
    let plain = exchange(config, scene, PLAIN_TOPIC, false);
    let encrypted = exchange(config, scene, ENCRYPTED_TOPIC, true);
    let mut steps = Vec::new();
    if scene.encrypted {
        steps.extend(encryption(config, scene));
    }
    steps.extend([
        create_topic(config, scene),
        deploy_user(config),
        integrate_user(config),
        deploy_test_app(&plain),
    ]);
    if scene.encrypted {
        steps.push(certify_test_app(&encrypted, scene));
    }
    steps.extend(send_and_read(&plain));
    if !scene.encrypted {
        steps.extend(encryption(config, scene));
        steps.push(certify_test_app(&encrypted, scene));
    }
    steps.extend(send_and_read(&encrypted));
    Plan::of(steps)
}

/// Takes back what the story added: the test application first, which cannot do without encryption once it had it;
/// the user before the topics' brokers come to rest.
pub fn clean(config: &Config, made: &[Addition], keep_authority: bool) -> Plan {
    let application = |name: &str| made.contains(&Addition::Application(name.to_owned()));
    let mut steps: Vec<Box<dyn Step>> = Vec::new();
    if application(test_app::CHARM) {
        steps.push(Box::new(RemoveTestApp { config: config.clone() }));
    }
    let authority = || certificates::CHARM.to_owned();
    if made.contains(&Addition::Encryption) {
        steps.push(Box::new(SwitchTls { config: config.clone(), authority: authority(), on: false }));
    }
    if application(certificates::CHARM) && !keep_authority {
        steps.push(Box::new(RemoveAuthority { config: config.clone(), authority: authority() }));
    }
    let topic = |addition: &Addition| match addition {
        Addition::Topic(name) => Some(name.clone()),
        _ => None,
    };
    let names: Vec<String> = made.iter().filter_map(topic).collect();
    if !names.is_empty() {
        steps.push(Box::new(DeleteTopics { config: config.clone(), names }));
    }
    if application(&crate::tools::data_integrator::application(USER)) {
        steps.push(Box::new(DetachUser { config: config.clone(), user: USER.to_owned() }));
        steps.push(Box::new(DeleteUser { config: config.clone(), user: USER.to_owned() }));
    }
    Plan::of(steps)
}

/// Messages to a topic of their own.
fn exchange(config: &Config, scene: &Scene, topic: &str, encrypted: bool) -> Exchange {
    Exchange {
        config: config.clone(),
        topic: topic.to_owned(),
        messages: scene.messages,
        replication: replication(scene),
        encrypted,
    }
}

/// Three, or as many brokers as there are.
fn replication(scene: &Scene) -> u32 {
    u32::try_from(scene.cluster.brokers.len()).unwrap_or(u32::MAX).min(3)
}

/// The user's topic; nothing makes topics by itself.
fn create_topic(config: &Config, scene: &Scene) -> Box<dyn Step> {
    let (cluster, vm) = (scene.cluster.clone(), config.vm.name.clone());
    let wish = Wish {
        name: TOPIC.to_owned(),
        partitions: None,
        replication: replication(scene),
        configs: Vec::new(),
    };
    Box::new(ShapeTopic { cluster, vm, wish, create: true })
}

/// The user.
fn deploy_user(config: &Config) -> Box<dyn Step> {
    Box::new(DeployUser { config: config.clone(), user: user() })
}

/// The user's credentials.
fn integrate_user(config: &Config) -> Box<dyn Step> {
    Box::new(IntegrateUser { config: config.clone(), user: USER.to_owned(), other_than: None })
}

/// The application that sends and reads.
fn deploy_test_app(exchange: &Exchange) -> Box<dyn Step> {
    Box::new(DeployTestApp { exchange: exchange.clone() })
}

/// Its certificates, before its relation with an encrypted Kafka.
fn certify_test_app(exchange: &Exchange, scene: &Scene) -> Box<dyn Step> {
    Box::new(CertifyTestApp { exchange: exchange.clone(), authority: scene.authority.clone() })
}

/// Sent, counted, read, counted.
fn send_and_read(exchange: &Exchange) -> [Box<dyn Step>; 5] {
    use test_app::Role::{Consumer, Producer};
    [
        Box::new(RunTestApp { exchange: exchange.clone(), role: Producer }),
        Box::new(CountProduced { exchange: exchange.clone() }),
        Box::new(RunTestApp { exchange: exchange.clone(), role: Consumer }),
        Box::new(CountConsumed { exchange: exchange.clone() }),
        Box::new(StopTestApp { exchange: exchange.clone() }),
    ]
}

/// Certificates for ZooKeeper, where there is one, and Kafka.
fn encryption(config: &Config, scene: &Scene) -> Vec<Box<dyn Step>> {
    let switch = Box::new(SwitchTls { config: config.clone(), authority: scene.authority.clone(), on: true });
    if scene.authority != certificates::CHARM {
        return vec![switch];
    }
    vec![Box::new(DeployAuthority { config: config.clone(), ca_name: scene.ca_name.clone() }), switch]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Preset;

    fn scene(config: &Config, encrypted: bool) -> Scene {
        Scene {
            cluster: Cluster::planned(config),
            messages: 50,
            encrypted,
            authority: certificates::CHARM.to_owned(),
            ca_name: "kafstack".to_owned(),
        }
    }

    #[test]
    fn the_story_is_told_in_this_order() {
        let config = Preset::Microstack.config();
        assert_eq!(
            story(&config, &scene(&config, false)).names(),
            [
                "create-topic",
                "deploy-user",
                "integrate-user",
                "deploy-test-app",
                "run-producer",
                "count-produced",
                "run-consumer",
                "count-consumed",
                "stop-consumer",
                "deploy-certificates",
                "enable-tls",
                "certify-test-app",
                "run-encrypted-producer",
                "count-encrypted-produced",
                "run-encrypted-consumer",
                "count-encrypted-consumed",
                "stop-encrypted-consumer",
            ]
        );
    }

    #[test]
    fn where_encryption_has_begun_it_is_finished_before_the_test_application_is_related() {
        let config = Preset::Kraft.config();
        let names = story(&config, &scene(&config, true)).names();
        assert_eq!(names[..2], ["deploy-certificates", "enable-tls"]);
        let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
        assert!(at("certify-test-app") < at("run-producer"));
        assert_eq!(names.len(), story(&config, &scene(&config, false)).names().len());
    }

    #[test]
    fn only_what_was_added_is_taken_back() {
        let config = Preset::Microstack.config();
        let made = |names: &[&str]| -> Vec<Addition> {
            names.iter().map(|name| Addition::Application((*name).to_owned())).collect()
        };
        assert_eq!(clean(&config, &[], false).names(), [""; 0]);
        assert_eq!(clean(&config, &made(&["user-demo"]), false).names(), ["detach-user", "delete-user"]);
        let mut all = made(&["kafka-test-app", "user-demo", "self-signed-certificates"]);
        all.push(Addition::Topic(TOPIC.to_owned()));
        all.push(Addition::Encryption);
        assert_eq!(
            clean(&config, &all, false).names(),
            [
                "remove-test-app",
                "disable-tls",
                "remove-certificates",
                "delete-topics",
                "detach-user",
                "delete-user"
            ]
        );
        assert!(!clean(&config, &all, true).names().contains(&"remove-certificates"));
    }
}
