//! What is taken out of a bundle. Every text in it goes through [`Redaction::text`], and through nothing else.

use std::collections::BTreeMap;

use regex::bytes::{Captures, Regex};

use crate::cli::Environment;
use crate::failure::{Failure, Id};

/// What stands in the place of a secret.
const GONE: &str = "redacted";
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
/// The shapes of secrets: what they are called, and the pattern. What group 1 holds stays.
const SHAPES: [(&str, &str); 5] = [
    ("private keys", r"(?s-u)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?-----END [A-Z ]*PRIVATE KEY-----"),
    ("passwords in addresses", r#"(?i-u)([a-z][a-z0-9+.-]*://)[^/@ \t\r\n"'\\]+@"#),
    ("bearer tokens", r"(?i-u)(bearer[ \t]+)[a-z0-9._~+/=-]{8,}"),
    // OpenStack's tokens (openstack/keystone:doc/source/admin/tokens-overview.rst).
    ("OpenStack tokens", r"(?-u)(gAAAAA)[A-Za-z0-9_=-]{20,}"),
    (
        "values named like secrets",
        r#"(?i-u)((?:password|passwd|passphrase|secret|token|api[-_]?key|private[-_]?key)[a-z0-9_.-]*\\*["']?[ \t]*[:=][ \t]*\\*["']?)([^ \t\r\n"'\\,;}\])]+)"#,
    ),
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
        let mut rules: Vec<(&'static str, String, String)> = SHAPES
            .iter()
            .map(|(name, shape)| (*name, (*shape).to_owned(), format!("${{1}}{GONE}")))
            .collect();
        if let Some((_, _, place)) = rules.iter_mut().find(|rule| rule.0 == "passwords in addresses") {
            place.push('@');
        }
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
        let mut bytes = text.as_bytes().to_vec();
        for (what, regex, place) in &self.rules {
            let mut count = 0;
            let replaced = regex.replace_all(&bytes, |found: &Captures<'_>| {
                let whole = found[0].to_vec();
                if found.get(2).is_some_and(|value| is_no_secret(value.as_bytes()))
                    || whole.ends_with(GONE.as_bytes())
                {
                    return whole;
                }
                count += 1;
                let mut new = Vec::new();
                found.expand(place.as_bytes(), &mut new);
                new
            });
            let replaced = replaced.into_owned();
            if count > 0 {
                *self.found.entry(what).or_default() += count;
            }
            bytes = replaced;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What was taken out, and how often.
    pub fn found(&self) -> &BTreeMap<&'static str, usize> {
        &self.found
    }
}

/// A value that is none, or the beginning of a list: it stays, so that JSON stays JSON.
fn is_no_secret(value: &[u8]) -> bool {
    matches!(value, b"null" | b"true" | b"false" | b"none" | b"None")
        || value.iter().all(u8::is_ascii_digit)
        || matches!(value.first(), Some(b'{' | b'['))
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
            "X-Auth-Token: gAAAAABc4narygAAAAABc4nary1234567890",
            "gAAAAABc4narygAAAAABc4nary1234567890",
            &escaped,
            &serde_json::to_string(&escaped).unwrap(),
            &serde_json::to_string(&serde_json::to_string(&escaped).unwrap()).unwrap(),
            key,
            &serde_json::to_string(key).unwrap(),
        ] {
            let mut redaction = redaction("ada", "desk");
            let left = redaction.text(text);
            assert!(!left.contains("c4nary") && left.contains(GONE), "{text}\n{left}");
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
