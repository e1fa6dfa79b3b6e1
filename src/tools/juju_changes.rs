//! What later commands change in a model that stands: applications under names of their own, relations and units
//! that go away, and the options of an application. Building the model is in `juju`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json;
use crate::host::{CommandError, CommandLine, Output};

/// Deploys one unit of a charm under a name. An option is `key=value`; a value that begins with `@` would be read
/// as the name of a file (juju/juju:cmd/juju/application/deploy.go), so no caller may pass one.
pub fn deploy_as(
    target: &str,
    charm: &str,
    name: &str,
    channel: &str,
    options: &[(&str, &str)],
) -> CommandLine {
    let mut args = vec!["deploy".to_owned(), charm.to_owned()];
    if name != charm {
        args.push(name.to_owned());
    }
    args.extend(["--channel".to_owned(), channel.to_owned()]);
    for (key, value) in options {
        args.extend(["--config".to_owned(), format!("{key}={value}")]);
    }
    args.extend(["-m".to_owned(), target.to_owned()]);
    CommandLine::changes("juju", args)
}

/// Removes a relation. Its hooks run for a while after this ended.
pub fn remove_relation(target: &str, one: &str, other: &str) -> CommandLine {
    CommandLine::changes("juju", ["remove-relation", one, other, "-m", target])
}

/// Removes an application with its units and machines.
pub fn remove_application(target: &str, name: &str) -> CommandLine {
    CommandLine::changes("juju", ["remove-application", name, "--no-prompt", "-m", target])
}

/// Removes a unit with its machine and its storage.
pub fn remove_unit(target: &str, unit: &str) -> CommandLine {
    let args = ["remove-unit", unit, "--no-prompt", "--destroy-storage", "-m", target];
    CommandLine::changes("juju", args)
}

/// Asks for the options of an application.
pub fn config(target: &str, application: &str) -> CommandLine {
    CommandLine::reads("juju", ["config", application, "--format", "json", "-m", target])
}

/// Sets options of an application; as in [`deploy_as`], no value may begin with `@`.
pub fn set_config(target: &str, application: &str, options: &[(&str, &str)]) -> CommandLine {
    let mut args = vec!["config".to_owned(), application.to_owned()];
    args.extend(options.iter().map(|(key, value)| format!("{key}={value}")));
    args.extend(["-m".to_owned(), target.to_owned()]);
    CommandLine::changes("juju", args)
}

/// The options in the answer to [`config`] that have a value, as text
/// (juju/juju:cmd/juju/application/config.go).
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_config(line: &CommandLine, output: Output) -> Result<BTreeMap<String, String>, CommandError> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        settings: BTreeMap<String, Setting>,
    }
    #[derive(Deserialize)]
    struct Setting {
        #[serde(default)]
        value: Option<serde_json::Value>,
    }
    let document: Document = json(line, output)?;
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(document.settings.into_iter().filter_map(|(key, s)| Some((key, text(s.value?)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_without_a_value_are_left_out() {
        let line = config("overlord:demo", "user-orders");
        let answer = r#"{"application":"user-orders","charm":"data-integrator","settings":{
            "topic-name":{"type":"string","source":"user","value":"orders"},
            "mtls-cert":{"type":"string","source":"unset"},"n":{"value":3}}}"#;
        let output = Output { stdout: answer.into(), ..Output::default() };
        let options = parse_config(&line, output).unwrap();
        assert_eq!(
            options.into_iter().collect::<Vec<_>>(),
            [("n".to_owned(), "3".to_owned()), ("topic-name".to_owned(), "orders".to_owned())]
        );
    }

    #[test]
    fn an_application_named_like_its_charm_is_not_named_twice() {
        let line = |name| deploy_as("overlord:demo", "data-integrator", name, "latest/stable", &[("a", "b")]);
        assert_eq!(
            line("user-x").to_string(),
            "juju deploy data-integrator user-x --channel latest/stable --config a=b -m overlord:demo"
        );
        assert_eq!(
            line("data-integrator").to_string(),
            "juju deploy data-integrator --channel latest/stable --config a=b -m overlord:demo"
        );
    }
}
