//! `snap`, on the laptop and in the VM.

use std::time::Duration;

use crate::config::Channel;
use crate::host::{CommandError, CommandLine, Output};

/// What `snap list` says of one snap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its version.
    pub version: String,
    /// The channel it follows; `-` when it was not installed from the store.
    pub tracking: String,
}

impl Installed {
    /// Whether it follows this channel. `snap list` shortens nothing but the `latest` track.
    pub fn follows(&self, channel: &Channel) -> bool {
        self.tracking == channel.to_string()
    }

    /// Major and minor version number.
    pub fn major_minor(&self) -> Option<(u32, u32)> {
        let mut numbers = self.version.split(['.', '-', '+']);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

/// Asks about one snap, without symbols or colours.
pub fn list(name: &str) -> CommandLine {
    CommandLine::reads("snap", ["list", name, "--unicode=never", "--color=never"])
}

/// The answer to [`list`]; `None` when it is not installed, which snap says with exit code 1 and `no matching
/// snaps installed`.
///
/// # Errors
/// snap failed for another reason, or printed no such row.
pub fn parse_list(line: &CommandLine, output: Output) -> Result<Option<Installed>, CommandError> {
    // The line names one snap: what else is said on stdout is not about it.
    let name = line.args.get(1).map_or("", String::as_str);
    if output.code == 1 && output.err().contains("no matching snaps") {
        return Ok(None);
    }
    let text = output.success(line)?.out();
    let rows = text.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let row = rows.into_iter().find(|row| row.first() == Some(&name));
    match row.as_deref() {
        Some([_, version, _, tracking, ..]) => {
            Ok(Some(Installed { version: (*version).to_owned(), tracking: (*tracking).to_owned() }))
        }
        _ => Err(CommandError::garbled(line, "no row with a version and a channel")),
    }
}

/// Installs a snap from a channel. Installing again exits 0 and does not change the channel, so the channel is
/// checked afterwards.
pub fn install(name: &str, channel: &Channel) -> CommandLine {
    CommandLine::changes("sudo", ["snap", "install", name, "--channel", &channel.to_string()])
        .within(Duration::from_secs(1200))
}

/// Whether snapd said that it is at work on that snap already: an installation goes on when its client is gone, as after
/// a killed kafstack (canonical/snapd:overlord/snapstate/conflict.go).
pub fn is_busy(said: &str) -> bool {
    said.contains("change in progress") || said.contains("changes in progress")
}

/// Waits until a fresh VM's snapd has set itself up; before that it refuses with "too early for operation".
pub fn wait_until_seeded() -> CommandLine {
    CommandLine::reads("sudo", ["snap", "wait", "system", "seed.loaded"]).within(Duration::from_secs(600))
}

/// Keeps snaps from refreshing for a day: a refresh restarts LXD, Juju and Sunbeam in the middle of the work.
pub fn hold<'a>(names: impl IntoIterator<Item = &'a str>) -> CommandLine {
    CommandLine::changes("sudo", ["snap", "refresh", "--hold=24h"].into_iter().chain(names))
}

/// What snapd did lately and does now.
pub fn changes() -> CommandLine {
    CommandLine::reads("snap", ["changes"])
}

/// The refresh that snapd is at in the answer to [`changes`]: its status is `Doing` then (snapcore/snapd:cmd/snap/
/// cmd_changes.go).
pub fn running_refresh(output: &Output) -> Option<String> {
    let text = output.out();
    let row = text.lines().find(|row| row.contains(" Doing ") && row.to_lowercase().contains("refresh"))?;
    Some(row.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The state of a snap's service.
pub fn service(name: &str) -> CommandLine {
    CommandLine::reads("snap", ["services", name])
}

/// The `Current` column in the answer to [`service`].
pub fn parse_service(text: &str) -> Option<String> {
    text.lines().nth(1)?.split_whitespace().nth(2).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_snap_has_a_version_and_a_channel() {
        let line = list("openstack");
        let text = "Name       Version         Rev   Tracking       Publisher    Notes\n\
                    openstack  2024.1-0a1b2c3  1091  2024.1/stable  canonical**  held\n";
        let output = Output { stdout: text.into(), ..Output::default() };
        let snap = parse_list(&line, output).unwrap().unwrap();
        assert_eq!(snap.tracking, "2024.1/stable");
        assert_eq!(snap.major_minor(), Some((2024, 1)));
    }

    #[test]
    fn a_missing_snap_is_an_answer_and_a_failing_snap_is_not() {
        let line = list("lxd");
        let refusal = |text: &str| Output { code: 1, stderr: text.into(), ..Output::default() };
        assert_eq!(parse_list(&line, refusal("error: no matching snaps installed\n")).unwrap(), None);
        assert!(parse_list(&line, refusal("error: cannot communicate with server\n")).is_err());
    }
}
