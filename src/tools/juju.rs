//! `juju` in the VM. Every line names its controller or model: several controllers share the VM user's client
//! store, and "the current one" may be switched by anybody.
//!
//! Data comes on stdout, everything said to people on stderr (juju/cmd:cmd.go).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::json;
use crate::config::{Channel, ProxyConfig};
use crate::host::{CommandError, CommandLine, Effect, Output};

/// What the local client store knows. It proves nothing about a controller's health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controllers {
    /// The names.
    pub names: Vec<String>,
    /// The current one, if any.
    pub current: Option<String>,
}

impl Controllers {
    /// Whether the store knows it.
    pub fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }
}

/// Asks the client store.
pub fn controllers() -> CommandLine {
    CommandLine::reads("juju", ["controllers", "--format", "json"])
}

/// The answer to [`controllers`]: with none it is exit code 0 and `"controllers": null`
/// (juju/juju:cmd/juju/controller/listcontrollers.go).
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_controllers(line: &CommandLine, output: Output) -> Result<Controllers, CommandError> {
    #[derive(Deserialize)]
    struct Document {
        controllers: Option<BTreeMap<String, Value>>,
        #[serde(rename = "current-controller", default)]
        current: String,
    }
    let document: Document = json(line, output)?;
    Ok(Controllers {
        names: document.controllers.unwrap_or_default().into_keys().collect(),
        current: Some(document.current).filter(|name| !name.is_empty()),
    })
}

/// Asks a controller itself: it opens its API.
pub fn show_controller(name: &str) -> CommandLine {
    CommandLine::reads("juju", ["show-controller", name, "--format", "json"]).within(Duration::from_secs(60))
}

/// Whether the controller answered [`show_controller`] without errors. It exits 0 even when calls after the login
/// failed, and lists those under `errors` (juju/juju:cmd/juju/controller/showcontroller.go).
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_show_controller(line: &CommandLine, output: Output) -> Result<Result<(), String>, CommandError> {
    let document: BTreeMap<String, Value> = json(line, output)?;
    let errors = document.values().filter_map(|c| c.get("errors")?.as_array()).flatten();
    let errors: Vec<String> =
        errors.map(|e| e.as_str().map_or_else(|| e.to_string(), str::to_owned)).collect();
    Ok(if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) })
}

/// Makes a controller the current one.
pub fn switch(name: &str) -> CommandLine {
    CommandLine::changes("juju", ["switch", name])
}

/// The client's version.
pub fn version() -> CommandLine {
    CommandLine::reads("juju", ["version"])
}

/// Major and minor number in the answer to [`version`], such as `3.6.11-genericlinux-amd64` or `4.1-beta1.2`.
pub fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Creates a controller on the VM's own LXD, as a long act of this id. `--no-switch` keeps Sunbeam's controller the
/// current one: Sunbeam's login asks about the current one
/// (canonical/snap-openstack:sunbeam-python/sunbeam/steps/juju.py).
pub fn bootstrap(controller: &str, proxy: &ProxyConfig, id: &str) -> CommandLine {
    let mut args = vec!["bootstrap".to_owned(), "localhost".into(), controller.into(), "--no-switch".into()];
    let settings = [("http", &proxy.http), ("https", &proxy.https), ("no", &proxy.no_proxy)];
    for (kind, value) in settings.into_iter().filter(|(_, value)| !value.is_empty()) {
        let keys: &[&str] = match kind {
            "http" => &["http-proxy", "apt-http-proxy", "snap-http-proxy"],
            "https" => &["https-proxy", "apt-https-proxy", "snap-https-proxy"],
            _ => &["no-proxy", "apt-no-proxy"],
        };
        for key in keys {
            args.extend(["--model-default".into(), format!("{key}={value}")]);
        }
    }
    CommandLine::changes("juju", args).long("bootstrap-controller", id)
}

/// What a bootstrap says when it begins to make a controller (juju/juju:cmd/juju/commands/bootstrap.go).
pub fn creating(controller: &str) -> String {
    format!("Creating Juju controller \"{controller}\"")
}

/// Removes a controller, and its machines through LXD when its API does not answer: Juju waits five minutes for that
/// first (juju/juju:cmd/juju/controller/kill.go). The client forgets it.
pub fn kill_controller(name: &str) -> CommandLine {
    CommandLine::changes("juju", ["kill-controller", "--no-prompt", name]).within(Duration::from_secs(1200))
}

/// The models of a controller; opens its API.
pub fn models(controller: &str) -> CommandLine {
    CommandLine::reads("juju", ["models", "-c", controller, "--format", "json"])
        .within(Duration::from_secs(60))
}

/// The life (`alive`, `dying`, `dead`) of the model of that short name, if it is there.
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_models(line: &CommandLine, output: Output, name: &str) -> Result<Option<String>, CommandError> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        models: Option<Vec<Model>>,
    }
    #[derive(Deserialize)]
    struct Model {
        #[serde(rename = "short-name", default)]
        short_name: String,
        #[serde(default)]
        life: String,
    }
    let models = json::<Document>(line, output)?.models.unwrap_or_default();
    Ok(models.into_iter().find(|m| m.short_name == name).map(|m| m.life))
}

/// The last errors in a unit's log. Without `--no-tail` it would go on for ever (juju/juju:cmd/juju/commands/
/// debuglog.go); only errors, as charms may log their own passwords at lower levels.
pub fn errors_of(model: &str, unit: &str) -> CommandLine {
    let unit = format!("unit-{}", unit.replace('/', "-"));
    let words = ["debug-log", "-m", model, "--replay", "--no-tail", "--limit", "40", "--level", "ERROR"];
    CommandLine::reads("juju", words.into_iter().chain(["--include", &unit]))
}

/// Creates a model.
pub fn add_model(controller: &str, model: &str) -> CommandLine {
    CommandLine::changes("juju", ["add-model", model, "-c", controller, "--no-switch"])
}

/// The whole status of a model, with times in UTC: the VM has the laptop's time zone.
pub fn status(target: &str) -> CommandLine {
    CommandLine::reads("juju", ["status", "-m", target, "--format", "json", "--utc"])
}

/// Deploys an application. The channel is always given: without one the store's default track decides, and for kafka
/// that may be either (canonical/kafka-operator:README.md).
pub fn deploy(
    target: &str,
    application: &str,
    channel: &Channel,
    units: u32,
    options: &[(String, String)],
) -> CommandLine {
    let mut args: Vec<String> =
        ["deploy", application, "--channel", &channel.to_string(), "-n", &units.to_string()]
            .map(str::to_owned)
            .to_vec();
    for (key, value) in options {
        args.extend(["--config".to_owned(), format!("{key}={value}")]);
    }
    args.extend(["-m".to_owned(), target.to_owned()]);
    CommandLine::changes("juju", args)
}

/// Adds so many units to the ones there are.
pub fn add_unit(target: &str, application: &str, more: u32) -> CommandLine {
    CommandLine::changes("juju", ["add-unit", application, "-n", &more.to_string(), "-m", target])
}

/// Relates two endpoints. Both are named in full, so that nothing is ambiguous.
pub fn integrate(target: &str, one: &str, other: &str) -> CommandLine {
    CommandLine::changes("juju", ["integrate", one, other, "-m", target])
}

/// Runs a shell line on a unit as root; waits behind running hooks, at most a minute. It must be one argument:
/// several would each be quoted (juju/juju:cmd/juju/action/exec.go).
pub fn exec(target: &str, unit: &str, command: &str, effect: Effect) -> CommandLine {
    let args = ["exec", "-m", target, "--unit", unit, "--format", "json", "--wait", "1m", "--", command];
    CommandLine { effect, ..CommandLine::reads("juju", args).within(Duration::from_secs(90)) }
}

/// The end of a command that ran on a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub code: i64,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The answer to [`exec`]. A failed command is exit code 1 with JSON on stdout, an unknown unit exit code 0 with
/// none (juju/juju:cmd/juju/action/common.go): so the JSON decides, and the exit code only when there is none.
///
/// # Errors
/// Nothing ran, or the answer is no such document.
pub fn parse_exec(line: &CommandLine, output: Output) -> Result<Ran, CommandError> {
    #[derive(Deserialize)]
    struct Task {
        #[serde(default)]
        status: String,
        #[serde(default)]
        message: String,
        #[serde(default)]
        results: Results,
    }
    #[derive(Deserialize, Default)]
    struct Results {
        #[serde(rename = "return-code")]
        code: Option<i64>,
        #[serde(default)]
        stdout: String,
        #[serde(default)]
        stderr: String,
    }
    if !output.out().contains('{') {
        let words = output.last_words(line);
        output.success(line)?;
        return Err(CommandError::garbled(line, format!("nothing ran on the unit: {words}")));
    }
    let tasks: BTreeMap<String, Task> = json(line, Output { code: 0, ..output })?;
    let task =
        tasks.into_values().next().ok_or_else(|| CommandError::garbled(line, "no unit in its answer"))?;
    let code = task.results.code.ok_or_else(|| {
        CommandError::garbled(line, format!("the task is {}: {}", task.status, task.message))
    })?;
    Ok(Ran { code, stdout: task.results.stdout, stderr: task.results.stderr })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: i32, stdout: &str, stderr: &str) -> Output {
        Output { code, stdout: stdout.into(), stderr: stderr.into(), ..Output::default() }
    }

    #[test]
    fn no_controller_is_an_answer() {
        let line = controllers();
        let none = parse_controllers(&line, answer(0, r#"{"controllers":null,"current-controller":""}"#, ""))
            .unwrap();
        assert_eq!(none, Controllers::default());
        let one = r#"{"controllers":{"overlord":{"cloud":"localhost"}},"current-controller":"overlord"}"#;
        assert!(parse_controllers(&line, answer(0, one, "")).unwrap().knows("overlord"));
    }

    #[test]
    fn a_controller_that_answers_with_errors_is_not_well() {
        let line = show_controller("overlord");
        let ill = r#"{"overlord":{"errors":["connection is shut down"]}}"#;
        assert!(parse_show_controller(&line, answer(0, ill, "")).unwrap().is_err());
        assert!(
            parse_show_controller(&line, answer(0, r#"{"overlord":{"details":{}}}"#, "")).unwrap().is_ok()
        );
    }

    #[test]
    fn the_json_of_a_task_decides_and_not_the_exit_code() {
        let line = exec("overlord:demo", "kafka/0", "false", Effect::Reads);
        let failed =
            r#"{"kafka/0":{"id":"8","status":"completed","results":{"return-code":1,"stderr":"no"}}}"#;
        assert_eq!(parse_exec(&line, answer(1, failed, "task failed")).unwrap().code, 1);
        assert!(parse_exec(&line, answer(0, "", "Operation 7 failed to schedule any tasks")).is_err());
        let aborted = r#"{"kafka/0":{"id":"8","status":"aborted","message":"gone"}}"#;
        assert!(parse_exec(&line, answer(0, aborted, "")).is_err());
    }

    #[test]
    fn versions_are_read_from_releases_and_betas() {
        assert_eq!(parse_version("3.6.11-genericlinux-amd64\n"), Some((3, 6)));
        assert_eq!(parse_version("4.1-beta1.2-ubuntu-amd64"), Some((4, 1)));
    }
}
