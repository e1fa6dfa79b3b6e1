//! The data-integrator charm: one application for each client user, and the credentials it hands out.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::actions::{self, Answer};
use super::juju_changes;
use super::juju_status::{Application, Status};
use crate::host::secret::Secret;
use crate::host::{CommandError, CommandLine, Output};

/// The charm.
pub const CHARM: &str = "data-integrator";
/// Its channel; upstream's edge broke running users now and then.
pub const CHANNEL: &str = "latest/stable";
/// What the application of a user is called, before the user's name.
const PREFIX: &str = "user-";
/// What the charm answers before there is a relation, and as long as no credentials have come
/// (canonical/data-integrator:src/charm.py).
const TOO_EARLY: &str = "The action can be run only after relation is created";

/// How a user is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name, without the application's prefix.
    pub name: String,
    /// The topic that it may use.
    pub topic: String,
    /// What it may do there: `producer`, `consumer`, or `admin`.
    pub roles: Vec<String>,
    /// What its consumer groups begin with; `None`: what the charm chooses.
    pub group_prefix: Option<String>,
}

/// What a client needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The brokers with the clients' port, comma-separated.
    pub endpoints: String,
    /// The user's name in Kafka.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The topic.
    pub topic: String,
    /// What the consumer groups begin with; empty: the user consumes nothing.
    pub group_prefix: String,
    /// Connections are encrypted.
    pub tls: bool,
    /// The authority's certificate, where the charm hands it on.
    pub ca: Option<String>,
}

/// The application of that user.
pub fn application(user: &str) -> String {
    format!("{PREFIX}{user}")
}

/// The user of that application, if it is one.
pub fn user_of<'a>(name: &'a str, application: &Application) -> Option<&'a str> {
    name.strip_prefix(PREFIX).filter(|_| application.charm_name == CHARM)
}

/// The users of a model, in natural order.
pub fn users(status: &Status) -> Vec<(&str, &Application)> {
    status.applications.iter().filter_map(|(name, a)| Some((user_of(name, a)?, a))).collect()
}

/// Whether Juju takes `user-NAME` for an application: each word between hyphens holds a letter
/// (juju/names:application.go).
pub fn is_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let word =
        |w: &str| w.chars().all(legal) && w.contains(|c: char| c.is_ascii_lowercase()) && !w.is_empty();
    name.len() <= 40 && name.split('-').all(word)
}

impl User {
    /// The charm's options for this user.
    fn options(&self) -> Vec<(&'static str, String)> {
        let mut options =
            vec![("topic-name", self.topic.clone()), ("extra-user-roles", self.roles.join(","))];
        options.extend(self.group_prefix.clone().map(|prefix| ("consumer-group-prefix", prefix)));
        options
    }

    /// The user that these options of an application describe.
    pub fn of(name: &str, options: &BTreeMap<String, String>) -> Self {
        let option = |key: &str| options.get(key).filter(|value| !value.is_empty()).cloned();
        let roles = option("extra-user-roles").unwrap_or_default();
        let mut roles: Vec<String> =
            roles.split(',').map(|role| role.trim().to_owned()).filter(|role| !role.is_empty()).collect();
        // Producer before consumer, as kafstack writes it.
        roles.sort_by(|a, b| b.cmp(a));
        User {
            name: name.to_owned(),
            topic: option("topic-name").unwrap_or_default(),
            roles,
            group_prefix: option("consumer-group-prefix"),
        }
    }

    /// Deploys it.
    pub fn deploy(&self, target: &str) -> CommandLine {
        let options = self.options();
        let options: Vec<(&str, &str)> = options.iter().map(|(key, value)| (*key, value.as_str())).collect();
        juju_changes::deploy_as(target, CHARM, &application(&self.name), CHANNEL, &options)
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {}, roles {}", self.topic, self.roles.join(","))?;
        match &self.group_prefix {
            Some(prefix) => write!(f, ", group prefix {prefix}"),
            None => Ok(()),
        }
    }
}

/// Its end of the relation with Kafka, and Kafka's.
pub fn endpoints(user: &str) -> (String, &'static str) {
    (format!("{}:kafka", application(user)), "kafka:kafka-client")
}

/// Asks for a user's credentials.
pub fn credentials(target: &str, user: &str) -> CommandLine {
    actions::read(target, &format!("{}/leader", application(user)), "get-credentials").confidential()
}

/// The credentials in the answer to [`credentials`]; the reason if they have not come yet. Their parts come one by
/// one for some seconds, so brokers, name and password must all be there.
///
/// # Errors
/// Nothing ran, or the answer is none that the charm gives.
pub fn parse_credentials(
    line: &CommandLine,
    output: Output,
) -> Result<Result<Credentials, String>, CommandError> {
    let results = match actions::parse(line, output)? {
        Answer::Completed(results) => results,
        Answer::Refused(why) if why.starts_with(TOO_EARLY) => {
            return Ok(Err("no credentials have come yet".to_owned()));
        }
        Answer::Refused(why) => return Ok(Err(why)),
    };
    let Some(kafka) = results.get("kafka").and_then(Value::as_object) else {
        return Ok(Err("no credentials for Kafka have come yet".to_owned()));
    };
    let text = |key: &str| text_in(kafka, key);
    let (endpoints, username, password) = (text("endpoints"), text("username"), text("password"));
    if endpoints.is_empty() || username.is_empty() || password.is_empty() {
        return Ok(Err("the credentials are not complete yet".to_owned()));
    }
    // On track 3 `tls-ca` holds the word `enabled` or `disabled` (canonical/kafka-operator:src/events/broker.py).
    let ca = Some(text("tls-ca")).filter(|ca| ca.trim_start().starts_with("-----BEGIN"));
    Ok(Ok(Credentials {
        endpoints: sorted(&endpoints),
        username,
        password: Secret::new(password),
        topic: text("topic"),
        group_prefix: text("consumer-group-prefix"),
        tls: text("tls") == "enabled",
        ca: ca.map(|ca| ca.trim().to_owned()),
    }))
}

/// A text among results; empty if it is not there.
fn text_in(results: &Map<String, Value>, key: &str) -> String {
    results.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The charm gives the brokers in any order; the same ones are the same text for us.
fn sorted(endpoints: &str) -> String {
    let mut all: Vec<&str> = endpoints.split(',').map(str::trim).filter(|e| !e.is_empty()).collect();
    all.sort_by(|a, b| super::by_name::natural(a, b));
    all.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(stdout: &str) -> Result<Credentials, String> {
        let line = credentials("overlord:demo", "orders");
        parse_credentials(&line, Output { stdout: stdout.into(), ..Output::default() }).unwrap()
    }

    fn answer(kafka: &str) -> String {
        format!(
            r#"{{"user-orders/0":{{"id":"8","status":"completed","results":{{"ok":"True","return-code":0,"kafka":{{{kafka}}}}}}}}}"#
        )
    }

    const WHOLE: &str = r#""endpoints":"10.0.0.10:9092,10.0.0.9:9092","username":"relation-9","password":"canary","topic":"orders","consumer-group-prefix":"relation-9-""#;

    #[test]
    fn a_word_in_place_of_a_certificate_is_no_certificate() {
        let three = parsed(&answer(&format!(r#"{WHOLE},"tls":"enabled","tls-ca":"enabled""#))).unwrap();
        assert_eq!((three.tls, &three.ca), (true, &None));
        assert_eq!(three.endpoints, "10.0.0.9:9092,10.0.0.10:9092");
        let four = format!(r#"{WHOLE},"tls":"enabled","tls-ca":"-----BEGIN CERTIFICATE-----\nx\n""#);
        assert_eq!(parsed(&answer(&four)).unwrap().ca.unwrap(), "-----BEGIN CERTIFICATE-----\nx");
    }

    #[test]
    fn half_of_the_credentials_are_none() {
        assert!(parsed(&answer(r#""endpoints":"10.0.0.9:9092","username":"relation-9""#)).is_err());
        assert!(parsed(&answer(r#""topic":"orders""#)).is_err());
        let early = r#"{"user-orders/0":{"status":"failed","message":"The action can be run only after relation is created.","results":{"ok":"False","return-code":0}}}"#;
        assert_eq!(parsed(early).unwrap_err(), "no credentials have come yet");
    }

    #[test]
    fn credentials_do_not_show_the_password() {
        let credentials = parsed(&answer(WHOLE)).unwrap();
        assert_eq!(credentials.password.reveal(), "canary");
        assert!(!format!("{credentials:?}").contains("canary"));
        assert!(super::credentials("overlord:demo", "orders").confidential);
    }

    #[test]
    fn names_are_those_that_juju_takes_behind_the_prefix() {
        for good in ["orders", "a", "x1", "2x", "eu-west1", "a-b2c"] {
            assert!(is_name(good), "{good}");
        }
        for bad in
            ["", "orders-2", "2", "Orders", "a--b", "-a", "a-", "a_b", "a b", "é", "a-1-b", &"x".repeat(41)]
        {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_user_is_read_back_from_its_options_as_it_was_deployed() {
        let user = User {
            name: "orders".into(),
            topic: "orders".into(),
            roles: vec!["producer".into(), "consumer".into()],
            group_prefix: Some("team-".into()),
        };
        assert_eq!(
            user.deploy("overlord:demo").to_string(),
            "juju deploy data-integrator user-orders --channel latest/stable --config topic-name=orders --config extra-user-roles=producer,consumer --config consumer-group-prefix=team- -m overlord:demo"
        );
        let options = user.options().into_iter().map(|(key, value)| (key.to_owned(), value));
        assert_eq!(User::of("orders", &options.collect()), user);
    }
}
