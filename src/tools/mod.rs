//! One file for each command-line tool: the lines it is given and what its answers mean. Nothing here waits,
//! decides or remembers.

pub mod actions;
pub mod by_name;
pub mod certificates;
pub mod charms;
pub mod connect_rest;
pub mod data_integrator;
pub mod juju;
pub mod juju_changes;
pub mod juju_relations;
pub mod juju_secrets;
pub mod juju_status;
pub mod kafka;
pub mod kafka_admin;
pub mod kafka_groups;
pub mod kafka_messages;
pub mod kafka_offsets;
pub mod kafka_readiness;
pub mod kafka_topics;
pub mod linux;
pub mod lxd;
pub mod multipass;
pub mod neighbours;
pub mod openstack;
pub mod route;
pub mod snap;
pub mod sunbeam;
pub mod test_app;

use serde::de::DeserializeOwned;

use crate::host::{CommandError, CommandLine, Output};

/// The JSON document that a successful command printed. Noise before the first bracket is passed over: wrappers
/// of ssh and snapd put warnings there now and then.
///
/// # Errors
/// The command failed, or printed no such document.
fn json<T: DeserializeOwned>(line: &CommandLine, output: Output) -> Result<T, CommandError> {
    let output = output.success(line)?;
    let text = output.out();
    let start = text.find(['{', '[']).ok_or_else(|| CommandError::garbled(line, "no JSON in its answer"))?;
    let mut documents = serde_json::Deserializer::from_str(&text[start..]).into_iter::<T>();
    match documents.next() {
        Some(Ok(document)) => Ok(document),
        // serde's words may quote the document.
        Some(Err(_)) if line.confidential => {
            Err(CommandError::garbled(line, "another document than expected"))
        }
        Some(Err(error)) => Err(CommandError::garbled(line, error)),
        None => Err(CommandError::garbled(line, "no JSON in its answer")),
    }
}
