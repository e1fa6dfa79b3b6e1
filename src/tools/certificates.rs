//! The self-signed-certificates charm: the authority that signs the brokers' certificates.

use serde_json::Value;

use super::actions::{self, Answer};
use super::juju_changes;
use super::juju_relations::others;
use super::juju_status::Status;
use crate::host::{CommandError, CommandLine, Output};

/// The charm, and the application's name.
pub const CHARM: &str = "self-signed-certificates";
/// Its track.
pub const TRACK: &str = "1";
/// Its channel.
const CHANNEL: &str = "1/stable";
/// The option with the authority's name.
pub const NAME_OPTION: &str = "ca-common-name";

/// Deploys it, with the authority's name.
pub fn deploy(target: &str, ca_name: &str) -> CommandLine {
    juju_changes::deploy_as(target, CHARM, CHARM, CHANNEL, &[(NAME_OPTION, ca_name)])
}

/// The endpoints of an application's side and of the authority's. Kafka has three endpoints of that interface, so
/// they are named in full (canonical/kafka-operator:metadata.yaml).
pub fn endpoints(application: &str, authority: &str) -> (String, String) {
    (format!("{application}:certificates"), format!("{authority}:certificates"))
}

/// The application that signs for that one, if any does.
pub fn authority_of<'a>(status: &'a Status, application: &str) -> Option<&'a str> {
    others(status, application, "certificates").first().copied()
}

/// Asks for the authority's certificate. It is no secret.
pub fn ca(target: &str, authority: &str) -> CommandLine {
    actions::read(target, &format!("{authority}/leader"), "get-ca-certificate")
}

/// The certificate in the answer to [`ca`], as PEM text; the charm's words if it has none yet.
///
/// # Errors
/// Nothing ran, or the answer is none that the charm gives.
pub fn parse_ca(line: &CommandLine, output: Output) -> Result<Result<String, String>, CommandError> {
    let results = match actions::parse(line, output)? {
        Answer::Completed(results) => results,
        Answer::Refused(why) => return Ok(Err(why)),
    };
    let pem = results.get("ca-certificate").and_then(Value::as_str).unwrap_or_default().trim();
    if !pem.starts_with("-----BEGIN CERTIFICATE-----") {
        return Err(CommandError::garbled(line, "no certificate in its answer"));
    }
    Ok(Ok(format!("{pem}\n")))
}

/// Whether an authority can be called so: one line that neither Juju nor a certificate takes for something else
/// (a common name has at most 64 characters: RFC 5280, ub-common-name).
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count())
        && !name.starts_with('@')
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(stdout: &str) -> Result<Result<String, String>, CommandError> {
        let line = ca("overlord:demo", CHARM);
        parse_ca(&line, Output { stdout: stdout.into(), ..Output::default() })
    }

    #[test]
    fn only_a_certificate_is_a_certificate() {
        let with =
            |ca: &str| format!(r#"{{"s/0":{{"status":"completed","results":{{"ca-certificate":"{ca}"}}}}}}"#);
        let pem =
            parsed(&with(r"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----")).unwrap().unwrap();
        assert!(pem.ends_with("-----END CERTIFICATE-----\n"));
        assert!(parsed(&with("enabled")).is_err());
        let early = r#"{"s/0":{"status":"failed","message":"Root Certificate is not yet generated","results":{"return-code":0}}}"#;
        assert_eq!(parsed(early).unwrap().unwrap_err(), "Root Certificate is not yet generated");
    }

    #[test]
    fn the_name_of_an_authority_is_one_plain_line() {
        for good in ["Demo CA", "kafstack", "Ünïcode", "a=b"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "@file", " a", "a ", "a\nb", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert_eq!(
            deploy("overlord:demo", "Demo CA").to_string(),
            "juju deploy self-signed-certificates --channel 1/stable --config 'ca-common-name=Demo CA' -m overlord:demo"
        );
    }
}
