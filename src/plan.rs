//! The mission: what `up` does, in order, and the one step of `down`; in `demo`, what `demo` does.

pub mod demo;

use std::time::Duration;

use crate::cloud_init;
use crate::config::Config;
use crate::step::Step;
use crate::steps::{
    AddModel, BootstrapCloud, BootstrapController, CheckLaptop, ConfigureCloud, DeployApplication, DestroyVm,
    InitialiseLxd, InstallMultipass, InstallOpenstack, IntegrateKafka, LaunchInstance, LaunchVm, PrepareNode,
};
use crate::tools::sunbeam::{self, Track};

/// The names of the steps of `up`, in order. Presets leave some out; none reorders them.
pub const NAMES: &[&str] = &[
    "check-laptop",
    "install-multipass",
    "launch-vm",
    "install-openstack",
    "prepare-node",
    "bootstrap-cloud",
    "configure-cloud",
    "launch-instance",
    "initialise-lxd",
    "bootstrap-controller",
    "add-model",
    "deploy-zookeeper",
    "deploy-kafka",
    "integrate-kafka",
];

/// What a plan depends on beside the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// The journal records a launch since the last `down`.
    pub launched: bool,
    /// The user hands a VM of this name over.
    pub adopt: bool,
    /// Failing verdicts on the laptop are ignored.
    pub ignore_laptop: bool,
    /// sudo may ask for a password.
    pub sudo_may_ask: bool,
}

/// Ordered steps.
pub struct Plan(Vec<Box<dyn Step>>);

impl Plan {
    /// A plan of these steps in this order.
    pub fn of(steps: impl IntoIterator<Item = Box<dyn Step>>) -> Self {
        Plan(steps.into_iter().collect())
    }

    /// The steps in order.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &dyn Step> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Their names in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.steps().map(Step::name).collect()
    }
}

/// From nothing to a Kafka that is ready.
pub fn up(config: &Config, with: Circumstances) -> Plan {
    let (openstack, zookeeper) = (config.openstack.enabled, config.zookeeper.enabled);
    let mut steps: Vec<Box<dyn Step>> =
        vec![check_laptop(config, with), install_multipass(config, with), launch_vm(config, with)];
    if openstack {
        steps.extend([
            install_openstack(config),
            prepare_node(config),
            bootstrap_cloud(config),
            configure_cloud(config),
            launch_instance(config),
        ]);
    }
    steps.extend([initialise_lxd(config), bootstrap_controller(config), add_model(config)]);
    if zookeeper {
        steps.push(deploy_zookeeper(config));
    }
    steps.extend([deploy_kafka(config), integrate_kafka(config)]);
    Plan::of(steps)
}

/// The step of `down`, back to nothing: the VM holds everything. It also answers whose the VM is.
pub fn destroy_vm(config: &Config, with: Circumstances) -> DestroyVm {
    DestroyVm { vm: config.vm.name.clone(), launched: with.launched, adopt: with.adopt }
}

/// The configured limit of a step, or its usual one.
pub fn limit(config: &Config, step: &str, usual: Duration) -> Duration {
    config.timeouts.get(step).copied().unwrap_or(usual)
}

/// Can the laptop do it?
fn check_laptop(config: &Config, with: Circumstances) -> Box<dyn Step> {
    Box::new(CheckLaptop { vm: config.vm.clone(), ignore: with.ignore_laptop })
}

/// The VM tool.
fn install_multipass(config: &Config, with: Circumstances) -> Box<dyn Step> {
    let timeout = limit(config, "install-multipass", InstallMultipass::TIMEOUT);
    Box::new(InstallMultipass { timeout, sudo_may_ask: with.sudo_may_ask })
}

/// The VM.
fn launch_vm(config: &Config, with: Circumstances) -> Box<dyn Step> {
    Box::new(LaunchVm {
        vm: config.vm.clone(),
        cloud_init: cloud_init::for_vm(&config.vm.name, &config.proxy),
        launched: with.launched.into(),
        adopt: with.adopt,
        timeout: limit(config, "launch-vm", LaunchVm::TIMEOUT),
    })
}

/// The snap with Sunbeam in it.
fn install_openstack(config: &Config) -> Box<dyn Step> {
    Box::new(InstallOpenstack {
        vm: config.vm.name.clone(),
        channel: config.openstack.channel.clone(),
        timeout: limit(config, "install-openstack", InstallOpenstack::TIMEOUT),
    })
}

/// Sunbeam's preparation of the machine.
fn prepare_node(config: &Config) -> Box<dyn Step> {
    Box::new(PrepareNode {
        vm: config.vm.name.clone(),
        track: Track::of(&config.openstack.channel),
        timeout: limit(config, "prepare-node", PrepareNode::TIMEOUT),
    })
}

/// OpenStack's services.
fn bootstrap_cloud(config: &Config) -> Box<dyn Step> {
    Box::new(BootstrapCloud {
        vm: config.vm.name.clone(),
        track: Track::of(&config.openstack.channel),
        timeout: limit(config, "bootstrap-cloud", BootstrapCloud::TIMEOUT),
    })
}

/// OpenStack's demo project.
fn configure_cloud(config: &Config) -> Box<dyn Step> {
    Box::new(ConfigureCloud {
        vm: config.vm.name.clone(),
        openrc: sunbeam::openrc_path(&config.openstack),
        timeout: limit(config, "configure-cloud", ConfigureCloud::TIMEOUT),
    })
}

/// OpenStack's demo instance.
fn launch_instance(config: &Config) -> Box<dyn Step> {
    Box::new(LaunchInstance {
        vm: config.vm.name.clone(),
        instance: config.openstack.instance.clone(),
        openrc: sunbeam::openrc_path(&config.openstack),
        timeout: limit(config, "launch-instance", LaunchInstance::TIMEOUT),
    })
}

/// LXD, and Juju where Sunbeam does not bring it.
fn initialise_lxd(config: &Config) -> Box<dyn Step> {
    let openstack = config.openstack.enabled;
    let sunbeam_brings_lxd = openstack && Track::of(&config.openstack.channel).brings_lxd;
    Box::new(InitialiseLxd {
        vm: config.vm.name.clone(),
        juju: (!openstack).then(|| config.juju.channel.clone()),
        lxd_is_there: sunbeam_brings_lxd || config.vm.image == crate::config::Image::Jammy,
        initialised: sunbeam_brings_lxd,
        proxy: config.proxy.clone(),
        timeout: limit(config, "initialise-lxd", InitialiseLxd::TIMEOUT),
    })
}

/// Our Juju controller.
fn bootstrap_controller(config: &Config) -> Box<dyn Step> {
    Box::new(BootstrapController {
        vm: config.vm.name.clone(),
        controller: config.juju.controller.clone(),
        proxy: config.proxy.clone(),
        timeout: limit(config, "bootstrap-controller", BootstrapController::TIMEOUT),
    })
}

/// The model.
fn add_model(config: &Config) -> Box<dyn Step> {
    Box::new(AddModel {
        vm: config.vm.name.clone(),
        juju: config.juju.clone(),
        timeout: limit(config, "add-model", AddModel::TIMEOUT),
    })
}

/// ZooKeeper.
fn deploy_zookeeper(config: &Config) -> Box<dyn Step> {
    let timeout = limit(config, "deploy-zookeeper", DeployApplication::TIMEOUT);
    Box::new(DeployApplication::zookeeper(config, timeout))
}

/// Kafka.
fn deploy_kafka(config: &Config) -> Box<dyn Step> {
    let timeout = limit(config, "deploy-kafka", DeployApplication::TIMEOUT);
    Box::new(DeployApplication::kafka(config, timeout))
}

/// Kafka, ready.
fn integrate_kafka(config: &Config) -> Box<dyn Step> {
    let timeout = limit(config, "integrate-kafka", IntegrateKafka::TIMEOUT);
    Box::new(IntegrateKafka::new(config, timeout))
}
