//! The laptop's routes: `ip` on Linux, `netstat` and `route` on macOS.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::json;
use crate::host::{CommandError, CommandLine, Output};

/// Whose commands the laptop has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `ip`.
    Linux,
    /// `netstat` and `route`.
    MacOs,
}

impl System {
    /// From the answer to `uname -sm`.
    pub fn of(uname: &str) -> Self {
        if uname.starts_with("Darwin") { System::MacOs } else { System::Linux }
    }
}

/// A network that the laptop knows a way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The network.
    pub network: Ipv4Net,
    /// Through whom; `None` for a network that the laptop is part of.
    pub via: Option<Ipv4Addr>,
}

/// Lists the routes.
pub fn list(system: System) -> CommandLine {
    match system {
        System::Linux => CommandLine::reads("ip", ["-j", "-4", "route", "show"]),
        System::MacOs => CommandLine::reads("netstat", ["-rn", "-f", "inet"]),
    }
}

/// The routes in the answer to [`list`], without the default one.
///
/// # Errors
/// The command failed or printed something else.
pub fn parse(system: System, line: &CommandLine, output: Output) -> Result<Vec<Route>, CommandError> {
    match system {
        System::Linux => {
            #[derive(Deserialize)]
            struct Row {
                dst: String,
                gateway: Option<Ipv4Addr>,
            }
            let rows: Vec<Row> = json(line, output)?;
            Ok(rows
                .into_iter()
                .filter_map(|row| Some(Route { network: network(&row.dst)?, via: row.gateway }))
                .collect())
        }
        System::MacOs => {
            let text = output.success(line)?.out();
            let row = |line: &str| {
                let mut words = line.split_whitespace();
                let network = network(words.next()?)?;
                Some(Route { network, via: words.next()?.parse().ok() })
            };
            Ok(text.lines().filter_map(row).collect())
        }
    }
}

/// A network as the tools write it; macOS leaves trailing zeros out (`10.1.2/24`). A bare address is a network of
/// one; `default` is none.
fn network(text: &str) -> Option<Ipv4Net> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()?),
        None => (text, 32),
    };
    let mut octets: Vec<u8> = address.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    if octets.is_empty() || octets.len() > 4 {
        return None;
    }
    octets.resize(4, 0);
    let address = Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]);
    Some(Ipv4Net::new(address, length).ok()?.trunc())
}

/// Adds a route; needs administrator rights.
pub fn add(system: System, network: Ipv4Net, via: Ipv4Addr) -> CommandLine {
    change(system, "add", network, via)
}

/// Removes exactly that route; needs administrator rights.
pub fn remove(system: System, network: Ipv4Net, via: Ipv4Addr) -> CommandLine {
    let word = if system == System::Linux { "del" } else { "delete" };
    change(system, word, network, via)
}

/// Adds or removes.
fn change(system: System, word: &str, network: Ipv4Net, via: Ipv4Addr) -> CommandLine {
    let (network, via) = (network.to_string(), via.to_string());
    let words: Vec<&str> = match system {
        System::Linux => vec!["ip", "route", word, &network, "via", &via],
        System::MacOs => vec!["route", "-n", word, &network, &via],
    };
    CommandLine::changes("sudo", words)
}

/// A TCP handshake with a port: bash opens it and closes it again. Address and port reach it as arguments only.
pub fn handshake(address: &str, port: u16) -> CommandLine {
    let script = r#"exec 3<>"/dev/tcp/$1/$2""#;
    CommandLine::reads("bash", ["-c", script, "kafstack", address, &port.to_string()])
        .within(Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(system: System, text: &str) -> Vec<String> {
        let output = Output { stdout: text.into(), ..Output::default() };
        let routes = parse(system, &list(system), output).unwrap();
        routes.iter().map(|route| format!("{} {:?}", route.network, route.via)).collect()
    }

    #[test]
    fn routes_are_read_on_both_systems() {
        let linux = r#"[{"dst":"default","gateway":"192.168.1.1"},{"dst":"10.1.2.0/24","gateway":"10.9.9.9"},{"dst":"192.168.1.0/24","dev":"eth0"}]"#;
        assert_eq!(parsed(System::Linux, linux), ["10.1.2.0/24 Some(10.9.9.9)", "192.168.1.0/24 None"]);
        let mac = "Routing tables\n\nInternet:\nDestination Gateway Flags\ndefault 192.168.1.1 UGSc\n10.1.2/24 10.9.9.9 UGSc\n127 127.0.0.1 UCS\n192.168.64.3 link#5 UHS\n";
        assert_eq!(
            parsed(System::MacOs, mac),
            ["10.1.2.0/24 Some(10.9.9.9)", "127.0.0.0/32 Some(127.0.0.1)", "192.168.64.3/32 None"]
        );
    }

    #[test]
    fn the_lines_name_network_and_way() {
        let (network, via) = ("10.1.2.0/24".parse().unwrap(), "10.9.9.9".parse().unwrap());
        assert_eq!(
            add(System::Linux, network, via).to_string(),
            "sudo ip route add 10.1.2.0/24 via 10.9.9.9"
        );
        assert_eq!(
            remove(System::MacOs, network, via).to_string(),
            "sudo route -n delete 10.1.2.0/24 10.9.9.9"
        );
    }
}
