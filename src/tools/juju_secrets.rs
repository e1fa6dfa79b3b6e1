//! Juju's secrets: kept by the controller, handed to the applications that were granted them. A value given as an
//! argument could be seen by anybody on the machine, so it travels as the input of a command that writes a file, and
//! Juju reads that. Juju's snap sees no hidden folder of the home folder and not `/tmp`, hence the place.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::json;
use crate::host::secret::Secret;
use crate::host::{CommandError, CommandLine, Output};

/// The folder of the file that carries values to Juju; relative to the home folder in the VM.
const FOLDER: &str = "snap/juju/common";
/// The file; it is there for moments only.
const FILE: &str = "snap/juju/common/kafstack-secret.yaml";
/// The same for Juju, which does not run in the home folder.
const PATH: &str = "/home/ubuntu/snap/juju/common/kafstack-secret.yaml";

/// Makes the file's folder.
pub fn make_folder() -> CommandLine {
    CommandLine::changes("mkdir", ["-p", FOLDER])
}

/// Makes the file, empty and for its owner alone, before anything is written into it.
pub fn make_file() -> CommandLine {
    CommandLine::changes("install", ["-m", "600", "/dev/null", FILE])
}

/// Writes values into the file, as YAML. What writes it says it on its own output as well.
pub fn write_file(values: &[(&str, &Secret)]) -> CommandLine {
    let lines = values.iter().map(|(key, value)| format!("{key}: {}\n", quoted(value.reveal())));
    CommandLine::changes("tee", [FILE]).fed(lines.collect::<String>()).confidential()
}

/// A text as YAML reads it back, whatever it looks like: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Removes the file, whatever happened.
pub fn remove_file() -> CommandLine {
    CommandLine::changes("rm", ["-f", FILE]).tidying()
}

/// Adds a secret with the file's values; it prints its URI.
pub fn add(target: &str, name: &str) -> CommandLine {
    CommandLine::changes("juju", ["add-secret", name, "--file", PATH, "-m", target]).confidential()
}

/// Gives a secret the file's values instead of those it has.
pub fn update(target: &str, name: &str) -> CommandLine {
    CommandLine::changes("juju", ["update-secret", name, "--file", PATH, "-m", target]).confidential()
}

/// Lets an application read a secret.
pub fn grant(target: &str, name: &str, application: &str) -> CommandLine {
    CommandLine::changes("juju", ["grant-secret", name, application, "-m", target])
}

/// Removes a secret with all its revisions.
pub fn remove(target: &str, name: &str) -> CommandLine {
    CommandLine::changes("juju", ["remove-secret", name, "-m", target])
}

/// The secrets of a model, without their values.
pub fn list(target: &str) -> CommandLine {
    CommandLine::reads("juju", ["secrets", "--format", "json", "-m", target])
}

/// A secret with its values, by its name or label.
pub fn show(target: &str, name: &str) -> CommandLine {
    CommandLine::reads("juju", ["show-secret", "--reveal", name, "--format", "json", "-m", target])
        .confidential()
}

/// A secret as Juju shows it.
#[derive(Deserialize)]
struct Shown {
    /// Its name, if it is a user's.
    #[serde(default)]
    name: String,
    /// Its values, if they were asked for.
    #[serde(default)]
    content: Content,
}

/// The values of a secret.
#[derive(Deserialize, Default)]
struct Content {
    /// By key.
    #[serde(rename = "Data", default)]
    data: BTreeMap<String, String>,
}

/// The id of the secret of that name in the answer to [`list`], if there is one. With none at all the document is
/// empty, or there is no document.
///
/// # Errors
/// The command failed or printed no such document.
pub fn parse_list(line: &CommandLine, output: Output, name: &str) -> Result<Option<String>, CommandError> {
    if output.code == 0 && !output.out().contains('{') {
        return Ok(None);
    }
    let secrets: BTreeMap<String, Shown> = json(line, output)?;
    Ok(secrets.into_iter().find(|(_, shown)| shown.name == name).map(|(id, _)| id))
}

/// One value of a secret in the answer to [`show`], if it has that key.
///
/// # Errors
/// The command failed (there is no such secret, or it may not be read) or printed no such document.
pub fn parse_show(line: &CommandLine, output: Output, key: &str) -> Result<Option<Secret>, CommandError> {
    let secrets: BTreeMap<String, Shown> = json(line, output)?;
    Ok(secrets.into_values().find_map(|mut shown| shown.content.data.remove(key)).map(Secret::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stdout: &str) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }

    #[test]
    fn a_value_travels_as_input_and_never_as_an_argument() {
        let line = write_file(&[("operator", &Secret::new("yes \"canary\""))]);
        assert_eq!(line.to_string(), "tee snap/juju/common/kafstack-secret.yaml");
        assert!(line.confidential);
        let crate::host::Stdin::Bytes(bytes) = &line.stdin else { panic!("no input") };
        assert_eq!(bytes, b"operator: \"yes \\\"canary\\\"\"\n");
    }

    #[test]
    fn a_secret_is_found_by_its_name_and_none_is_an_answer() {
        let line = list("overlord:demo");
        let some = r#"{"d0abc":{"revision":1,"owner":"kafka","label":"cluster.kafka.app"},"d0xyz":{"revision":2,"owner":"<model>","name":"kafstack-admin"}}"#;
        assert_eq!(parse_list(&line, said(some), "kafstack-admin").unwrap().as_deref(), Some("d0xyz"));
        for none in ["{}", "", r#"{"d0abc":{"revision":1,"name":"other"}}"#] {
            assert_eq!(parse_list(&line, said(none), "kafstack-admin").unwrap(), None, "{none}");
        }
    }

    #[test]
    fn a_value_is_found_by_its_key_and_no_error_quotes_one() {
        let line = show("overlord:demo", "cluster.kafka.app");
        let some = r#"{"d0abc":{"revision":3,"content":{"Data":{"operator-password":"canary"}}}}"#;
        assert_eq!(parse_show(&line, said(some), "operator-password").unwrap(), Some(Secret::new("canary")));
        assert_eq!(parse_show(&line, said(some), "other").unwrap(), None);
        for bad in [r#"{"d0abc":"canary"}"#, r#"{"d0abc":{"content":{"Data":["canary"]}}}"#, "canary"] {
            let error = parse_show(&line, said(bad), "x").unwrap_err();
            assert!(!error.to_string().contains("canary"), "{error}");
        }
        let refused = Output { code: 1, stderr: b"canary".to_vec(), ..Output::default() };
        assert!(!parse_show(&line, refused, "x").unwrap_err().to_string().contains("canary"));
    }
}
