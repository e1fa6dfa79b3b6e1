//! One file for each command-line tool: the lines it is given and what its answers mean. Nothing here waits,
//! decides or remembers.

pub mod by_name;
pub mod charms;
pub mod juju_relations;
pub mod juju_status;
pub mod kafka_readiness;
pub mod multipass;
