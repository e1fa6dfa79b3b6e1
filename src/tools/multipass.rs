//! `multipass`: the VM tool on the laptop, in its two dialects 1.16 and 1.17.

use serde::Deserialize;

use crate::host::{CommandError, CommandLine, Output};

/// A VM of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// `Running`, `Stopped`, `Deleted`, … (canonical/multipass:src/client/cli/formatter/format_utils.cpp).
    #[serde(default)]
    pub state: String,
    /// Its addresses, management address first; empty unless asked with addresses.
    #[serde(default)]
    pub ipv4: Vec<String>,
}

/// All VMs and their states, without entering any: `--no-ipv4` is hidden but there since 1.7
/// (canonical/multipass:src/client/cli/cmd/list.cpp).
pub fn list() -> CommandLine {
    CommandLine::reads("multipass", ["list", "--format", "json", "--no-ipv4"])
}

/// The fleet, from the answer to `list` with or without addresses.
///
/// # Errors
/// The command failed or its answer is not the documented JSON.
pub fn parse_list(line: &CommandLine, output: &Output) -> Result<Vec<Instance>, CommandError> {
    #[derive(Deserialize)]
    struct List {
        list: Vec<Instance>,
    }
    let output = output.clone().success(line)?;
    let list: List = serde_json::from_slice(&output.stdout).map_err(|e| CommandError::garbled(line, e))?;
    Ok(list.list)
}
