//! The cluster's own admin account: on track 3 through the charm's actions, on track 4 through Juju's secrets.
//!
//! Every line here that says or takes a password is confidential.

use std::time::Duration;

use super::actions::{self, Answer};
use super::juju_secrets as secrets;
use super::kafka::Cluster;
use crate::host::secret::Secret;
use crate::host::{CommandError, CommandLine, Effect, Output};

/// The user secret that carries a new password to the charm on track 4.
pub const SECRET: &str = "kafstack-admin";

/// The account's name (canonical/kafka-operator:common/single_kernel_kafka/core/literals.py, and src/literals.py of
/// track 3). The documentation of track 4 says `admin` here and there; its code knows `operator` only.
pub fn username(cluster: &Cluster) -> &'static str {
    if cluster.kraft { "operator" } else { "admin" }
}

/// Asks for the password.
pub fn ask(cluster: &Cluster) -> CommandLine {
    match cluster.kraft {
        true => secrets::show(&cluster.target, "cluster.kafka.app"),
        false => actions::read(&cluster.target, "kafka/leader", "get-admin-credentials").confidential(),
    }
}

/// The password in the answer to [`ask`].
///
/// # Errors
/// The charm said no, or there is no such answer.
pub fn parse(cluster: &Cluster, line: &CommandLine, output: Output) -> Result<Secret, CommandError> {
    let password = match cluster.kraft {
        true => secrets::parse_show(line, output, "operator-password")?,
        false => result(line, actions::parse(line, output)?, "password")?,
    };
    password.ok_or_else(|| CommandError::garbled(line, "there is no password in it"))
}

/// Lets the charm make a new password (track 3).
pub fn renew(cluster: &Cluster) -> CommandLine {
    let args = ["run", "kafka/leader", "set-password", "--string-args", "username=admin"];
    let ends = ["--format", "json", "--wait", "5m", "-m", &cluster.target];
    let line = CommandLine::reads("juju", args.into_iter().chain(ends)).within(Duration::from_secs(330));
    CommandLine { effect: Effect::Changes, ..line }.confidential()
}

/// The new password in the answer to [`renew`].
///
/// # Errors
/// The charm said no, or there is no such answer.
pub fn parse_renew(line: &CommandLine, output: Output) -> Result<Secret, CommandError> {
    let password = result(line, actions::parse(line, output)?, "admin-password")?;
    password.ok_or_else(|| CommandError::garbled(line, "there is no password in it"))
}

/// Points the charm at the secret with the new password (track 4). Setting the same again does nothing.
pub fn point_at_secret(cluster: &Cluster, id: &str) -> CommandLine {
    let value = format!("system-users=secret:{id}");
    CommandLine::changes("juju", ["config", "kafka", &value, "-m", &cluster.target])
}

/// One result of an action. The charm's own "no" is told in its words, which are no secret.
fn result(line: &CommandLine, answer: Answer, key: &str) -> Result<Option<Secret>, CommandError> {
    match answer {
        Answer::Completed(results) => Ok(results
            .get(key)
            .and_then(|value| value.as_str())
            .filter(|text| !text.is_empty())
            .map(Secret::new)),
        Answer::Refused(said) => Err(CommandError::Failed { line: line.to_string(), code: 0, said }),
    }
}
