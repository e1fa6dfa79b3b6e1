//! The `openstack` client in the VM. It needs the demo user's openrc, which the wrapper reads.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::json;
use crate::host::secret::Secret;
use crate::host::{CommandError, CommandLine, Output};

/// The client with these arguments as the demo user. It takes seconds to start.
fn client<'a>(openrc: &str, args: impl IntoIterator<Item = &'a str>) -> CommandLine {
    CommandLine::reads("openstack", args).with_openrc(openrc).within(Duration::from_secs(90))
}

/// The same, changing something.
fn changing<'a>(openrc: &str, args: impl IntoIterator<Item = &'a str>) -> CommandLine {
    CommandLine::changes("openstack", args).with_openrc(openrc).within(Duration::from_secs(300))
}

/// Asks for a token, as proof that the identity service knows the demo user. The answer is a secret.
pub fn token(openrc: &str) -> CommandLine {
    client(openrc, ["token", "issue", "-f", "json"]).confidential()
}

/// The token in the answer.
///
/// # Errors
/// There is none.
pub fn parse_token(line: &CommandLine, output: Output) -> Result<Secret, CommandError> {
    #[derive(Deserialize)]
    struct Token {
        id: String,
    }
    let token = Secret::new(json::<Token>(line, output)?.id);
    if token.reveal().is_empty() {
        return Err(CommandError::garbled(line, "the token is empty"));
    }
    Ok(token)
}

/// One network, image or flavor.
pub fn show(openrc: &str, kind: &str, name: &str) -> CommandLine {
    client(openrc, [kind, "show", name, "-f", "json"])
}

/// The `status` in the answer to [`show`]; empty for things without one.
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_status(line: &CommandLine, output: Output) -> Result<String, CommandError> {
    let document: Value = json(line, output)?;
    Ok(document.get("status").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// A server of the demo project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// OpenStack's id.
    pub id: String,
    /// `ACTIVE`, `BUILD`, `ERROR`, `SHUTOFF`, …
    pub status: String,
    /// Its addresses: the project's own first, a floating one after it.
    pub addresses: Vec<String>,
}

impl Server {
    /// The floating address: the second one, as the first is the project network's.
    pub fn floating(&self) -> Option<&str> {
        self.addresses.get(1).map(String::as_str)
    }
}

/// The servers of exactly this name: `--name` is a regular expression matched anywhere, hence the anchors.
pub fn servers(openrc: &str, name: &str) -> CommandLine {
    client(openrc, ["server", "list", "--name", &format!("^{name}$"), "-f", "json"])
}

/// The answer to [`servers`]. Newer clients print networks as an object, older ones perhaps as
/// `network=address, address`.
///
/// # Errors
/// The command failed or printed no such list.
pub fn parse_servers(line: &CommandLine, output: Output) -> Result<Vec<Server>, CommandError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "ID")]
        id: String,
        #[serde(rename = "Status")]
        status: String,
        #[serde(rename = "Networks", default)]
        networks: Value,
    }
    let rows: Vec<Row> = json(line, output)?;
    let addresses = |networks: &Value| match networks {
        Value::Object(networks) => networks
            .values()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::String(text) => text
            .split(';')
            .filter_map(|network| network.split_once('='))
            .flat_map(|(_, list)| list.split(','))
            .map(|address| address.trim().to_owned())
            .collect(),
        _ => Vec::new(),
    };
    let server = |row: Row| Server { addresses: addresses(&row.networks), id: row.id, status: row.status };
    Ok(rows.into_iter().map(server).collect())
}

/// Why a server is in error.
pub fn fault(openrc: &str, id: &str) -> CommandLine {
    client(openrc, ["server", "show", id, "-f", "json"])
}

/// Nova's own words in the answer to [`fault`]; empty when it has none.
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_fault(line: &CommandLine, output: Output) -> Result<String, CommandError> {
    let document: Value = json(line, output)?;
    Ok(match document.get("fault") {
        Some(Value::Object(fields)) => {
            fields.get("message").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    })
}

/// Removes a server and waits until it is gone.
pub fn delete_server(openrc: &str, id: &str) -> CommandLine {
    changing(openrc, ["server", "delete", "--wait", id])
}

/// Starts a server that a restart of the VM left shut off.
pub fn start_server(openrc: &str, id: &str) -> CommandLine {
    changing(openrc, ["server", "start", id])
}

/// Makes a floating address.
pub fn create_address(openrc: &str) -> CommandLine {
    CommandLine {
        io: client(openrc, []).io,
        ..changing(openrc, ["floating", "ip", "create", "external-network", "-f", "json"])
    }
}

/// The address in the answer to [`create_address`].
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_address(line: &CommandLine, output: Output) -> Result<String, CommandError> {
    #[derive(Deserialize)]
    struct Address {
        floating_ip_address: String,
    }
    json::<Address>(line, output).map(|a| a.floating_ip_address)
}

/// Gives a server a floating address.
pub fn add_address(openrc: &str, id: &str, address: &str) -> CommandLine {
    changing(openrc, ["server", "add", "floating", "ip", id, address])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Output {
        Output { stdout: text.into(), ..Output::default() }
    }

    #[test]
    fn networks_are_read_in_both_shapes() {
        let line = servers("rc", "demo_instance");
        let new = r#"[{"ID":"5f","Name":"demo_instance","Status":"ACTIVE","Networks":{"demo-network":["192.168.0.42","172.16.2.203"]}}]"#;
        let old = r#"[{"ID":"5f","Name":"demo_instance","Status":"ACTIVE","Networks":"demo-network=192.168.0.42, 172.16.2.203"}]"#;
        for text in [new, old] {
            let servers = parse_servers(&line, answer(text)).unwrap();
            assert_eq!(servers[0].floating(), Some("172.16.2.203"), "{text}");
        }
        assert_eq!(parse_servers(&line, answer("[]")).unwrap(), []);
    }

    #[test]
    fn a_token_is_never_printed() {
        let line = token("rc");
        let secret = parse_token(&line, answer(r#"{"id":"gAAA-canary"}"#)).unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
        let error =
            parse_token(&line, Output { code: 1, stderr: "canary".into(), ..Output::default() }).unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }
}
