//! What is taken out of a bundle. Every text in it goes through [`Redaction::text`], and through nothing else.

use std::collections::BTreeMap;

use regex::bytes::Regex;

use crate::cli::Environment;
use crate::failure::{Failure, Id};
use crate::host::scrub;

/// Names that say nothing about a person or a laptop, and mean something to the stack: as words they stay.
const PLAIN: [&str; 12] = [
    "admin",
    "demo",
    "juju",
    "kafka",
    "kafstack",
    "laptop",
    "localhost",
    "multipass",
    "root",
    "ubuntu",
    "user",
    "vm",
];
/// What is to be taken out, and how often it was.
pub struct Redaction {
    /// What each is called, its pattern, what stands in its place.
    rules: Vec<(&'static str, Regex, String)>,
    /// How often each was found.
    found: BTreeMap<&'static str, usize>,
}

impl Redaction {
    /// For the user of this environment, on a laptop of that name.
    ///
    /// # Errors
    /// [`Id::Unexpected`]: a pattern is none.
    pub fn new(environment: &Environment, host: &str) -> Result<Self, Failure> {
        let mut rules: Vec<(&'static str, String, String)> = Vec::new();
        if let Some(home) = environment.home.as_deref().filter(|home| home.components().count() > 1) {
            let home = regex::escape(&home.display().to_string());
            rules.push(("your home folder", format!(r"(?-u){home}\b"), "~".to_owned()));
        }
        let user = environment.user.as_deref().unwrap_or_default();
        // A fully qualified name stands for its first part as well.
        let short = host.split('.').next().unwrap_or_default();
        for (what, name, place) in [
            ("your host's name", host, "HOST"),
            ("your host's name", short, "HOST"),
            ("your user name", user, "USER"),
        ] {
            if !name.is_empty() && !PLAIN.contains(&name) {
                // In the texts within JSON a word may follow an escaped line end.
                let name = regex::escape(name);
                let pattern = format!(r"(?-u)(^|\\[nrt]|[^A-Za-z0-9_])(?:{name})\b");
                rules.push((what, pattern, format!("${{1}}{place}")));
            }
        }
        let compiled = rules.into_iter().map(|(what, pattern, place)| {
            let regex = Regex::new(&pattern)
                .map_err(|error| Failure::new(Id::Unexpected, format!("the pattern of {what}: {error}")))?;
            Ok((what, regex, place))
        });
        Ok(Redaction { rules: compiled.collect::<Result<_, Failure>>()?, found: BTreeMap::new() })
    }

    /// The text as it may leave the laptop.
    pub fn text(&mut self, text: &str) -> String {
        let scrubbed = scrub::text(text);
        let secrets = |text: &str| text.matches(scrub::REPLACEMENT).count();
        // What was scrubbed when it was kept counts as well.
        self.count("secrets", secrets(&scrubbed));
        let mut bytes = scrubbed.into_owned().into_bytes();
        for (what, regex, place) in &self.rules {
            let count = regex.find_iter(&bytes).count();
            if count > 0 {
                bytes = regex.replace_all(&bytes, place.as_bytes()).into_owned();
                *self.found.entry(what).or_default() += count;
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Something was taken out so often.
    fn count(&mut self, what: &'static str, times: usize) {
        if times > 0 {
            *self.found.entry(what).or_default() += times;
        }
    }

    /// What was taken out, and how often.
    pub fn found(&self) -> &BTreeMap<&'static str, usize> {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(user: &str, host: &str) -> Redaction {
        let home = Some(format!("/home/{user}").into());
        Redaction::new(&Environment { home, user: Some(user.into()), ..Environment::default() }, host)
            .unwrap()
    }

    #[test]
    fn secrets_are_taken_out_in_whatever_they_are_wrapped() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nc4nary\n-----END RSA PRIVATE KEY-----";
        let escaped = serde_json::to_string(&serde_json::json!({ "password": "c4nary" })).unwrap();
        for text in [
            "export OS_PASSWORD=c4nary\n",
            "export OS_PASSWORD='c4nary'\n",
            "sasl.jaas.config=… username=\"ada\" password=\"c4nary\";",
            "password: c4nary",
            "client_secret = c4nary",
            "https_proxy=http://ada:c4nary@proxy:3128/",
            "Authorization: Bearer c4nary.c4nary",
            "X-Auth-Token: gAAAAABc4narygAAAAABc4nary1234567890c4naryc4nary",
            "gAAAAABc4narygAAAAABc4nary1234567890c4naryc4nary",
            &escaped,
            &serde_json::to_string(&escaped).unwrap(),
            &serde_json::to_string(&serde_json::to_string(&escaped).unwrap()).unwrap(),
            key,
            &serde_json::to_string(key).unwrap(),
        ] {
            let mut redaction = redaction("ada", "desk");
            let left = redaction.text(text);
            assert!(!left.contains("c4nary") && left.contains(scrub::REPLACEMENT), "{text}\n{left}");
            assert!(!redaction.found().is_empty());
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        for text in [
            r#"{"token":null,"secrets":{},"password":"","secret-count":5,"token-valid":true}"#,
            "sudo: a password is required",
            "permission denied (publickey,password).",
            "https://api.charmhub.io/v2",
            "ubuntu@10.0.0.5",
        ] {
            assert_eq!(redaction("ubuntu", "localhost").text(text), text);
        }
    }

    #[test]
    fn the_user_and_his_laptop_are_not_named() {
        let mut redaction = redaction("ada", "desk.example.org");
        let text = r#"/home/ada/x ada@desk desk.example.org:"a\nada" adam desktop "\tdesk""#;
        assert_eq!(redaction.text(text), r#"~/x USER@HOST HOST:"a\nUSER" adam desktop "\tHOST""#);
        assert_eq!(redaction.found()["your user name"], 2);
    }

    #[test]
    fn json_stays_json() {
        let document = serde_json::json!({
            "password": "c4nary, \"or\" so", "token": 7, "secrets": ["a"], "proxy": "http://a:b@c", "home": "/home/ada",
        });
        let left = redaction("ada", "desk").text(&document.to_string());
        assert!(serde_json::from_str::<serde_json::Value>(&left).is_ok(), "{left}");
    }
}
