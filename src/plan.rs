//! The mission: the steps in order.

/// The names of all steps that a plan can have, in order.
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
