//! Every form read back by a reader of its own rules, with passwords that break careless writers.

use proptest::prelude::*;

use super::*;
use crate::host::scrub::unlearnt;

const NASTY: &[&str] = &[
    "plain",
    r#"quote"and'apostrophe"#,
    r"back\slash\\n",
    "${HOME} $(reboot) `x` #{1+1} %d",
    "#start =:! end;",
    "ünï\u{2028}cödé 🦀",
    "a,b{c}[d]&*?|>-",
    " spaces around ",
    "two\nlines\r\n\ttab",
];

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----";

fn settings(password: &str, authority: Option<Authority>) -> Settings {
    Settings {
        rehearsal: false,
        user: "orders".into(),
        endpoints: "10.0.0.9:9092,10.0.0.10:9092".into(),
        username: "relation-9".into(),
        password: Secret::new(password),
        topic: "orders".into(),
        group_prefix: "relation-9-".into(),
        authority,
    }
}

fn rendered(format: ClientFormat, password: &str) -> String {
    settings(password, Some(Authority::Inline(PEM.into()))).render(format).unwrap()
}

/// The escapes of C, as far as `StreamTokenizer`, Java's properties, YAML and Python share them.
fn unescaped(text: &str) -> String {
    let mut out: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    let mut put = |c: char| out.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    let mut units = Vec::new();
    while let Some(c) = chars.next() {
        if c != '\\' {
            put(c);
            continue;
        }
        let digits = |chars: &mut std::str::Chars<'_>, n| {
            u32::from_str_radix(&chars.take(n).collect::<String>(), 16).unwrap()
        };
        match chars.next().unwrap() {
            'n' => put('\n'),
            'r' => put('\r'),
            't' => put('\t'),
            // Halves of pairs are joined below.
            'u' => units.push(u16::try_from(digits(&mut chars, 4)).unwrap()),
            'U' => put(char::from_u32(digits(&mut chars, 8)).unwrap()),
            other => put(other),
        }
        for unit in units.drain(..) {
            // `put` takes characters; a surrogate is none, so it goes in as it is.
            match char::from_u32(u32::from(unit)) {
                Some(c) => put(c),
                None => return unescaped_pairs(text),
            }
        }
    }
    String::from_utf16(&out).unwrap()
}

/// The same for texts with surrogate pairs, `\ud83e\udd80`.
fn unescaped_pairs(text: &str) -> String {
    let at = text.find("\\ud8").unwrap_or_else(|| panic!("{text}"));
    let unit = |i: usize| u16::from_str_radix(&text[i + 2..i + 6], 16).unwrap();
    let pair = String::from_utf16(&[unit(at), unit(at + 6)]).unwrap();
    format!("{}{pair}{}", unescaped(&text[..at]), unescaped(&text[at + 12..]))
}

/// The password in a login line.
fn password_in_login(login: &str) -> String {
    let quoted = login.split_once("password=\"").unwrap().1.strip_suffix("\";").unwrap();
    unescaped(quoted)
}

/// The value of a key in lines.
fn value<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("no {start} in\n{text}"))
}

fn holds_in_properties(password: &str) {
    let text = rendered(ClientFormat::Properties, password);
    assert!(text.is_ascii());
    let login = unescaped(value(&text, "sasl.jaas.config="));
    assert_eq!(password_in_login(&login), password, "{text}");
    assert_eq!(unescaped(value(&text, "ssl.truststore.certificates=")), PEM);
}

#[test]
fn a_java_property_gives_the_password_back() {
    NASTY.iter().for_each(|password| holds_in_properties(password));
}

#[test]
fn a_shell_gives_the_password_back() {
    for password in NASTY {
        let text = rendered(ClientFormat::Env, password);
        let after = text.split_once("export KAFKA_SASL_PASSWORD=").unwrap().1;
        let word = after.split_once("\nexport KAFKA_TOPIC=").unwrap().0;
        // Within single quotes nothing means anything; `'\''` is one of them.
        let inner = word.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
        assert!(!inner.replace(r"'\''", "").contains('\''));
        assert_eq!(inner.replace(r"'\''", "'"), *password);
    }
}

#[test]
fn json_gives_everything_back() {
    for password in NASTY {
        let text = rendered(ClientFormat::Json, password);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["password"], *password);
        assert_eq!(document["ca"], PEM);
        assert_eq!(document["bootstrap_servers"][1], "10.0.0.10:9092");
        assert_eq!(document["group_id"], "relation-9-orders");
    }
}

#[test]
fn spring_gives_the_password_back_and_replaces_nothing_in_it() {
    for password in NASTY {
        let text = rendered(ClientFormat::Spring, password);
        let document: serde_json::Value = crate::yaml::read(&text).unwrap();
        let kafka = &document["spring"]["kafka"];
        let login = kafka["properties"]["sasl.jaas.config"].as_str().unwrap();
        let resolved = login.replace("${kafstack:$}", "$");
        assert_eq!(password_in_login(&resolved), *password, "{text}");
        assert!(!login.replace("${kafstack:$}", "").contains("${"));
        assert_eq!(kafka["properties"]["ssl.truststore.certificates"], PEM);
        assert_eq!(kafka["consumer"]["group-id"], "relation-9-orders");
    }
}

#[test]
fn python_and_rust_give_the_password_back() {
    for password in NASTY {
        let text = rendered(ClientFormat::Python, password);
        assert!(text.is_ascii());
        let literal = value(&text, "    \"sasl.password\": \"").strip_suffix("\",").unwrap();
        assert_eq!(unescaped(literal), *password, "{text}");
        let text = rendered(ClientFormat::Rust, password);
        let literal = value(&text, "    config.set(\"sasl.password\", ").strip_suffix(");").unwrap();
        assert_eq!(literal, format!("{password:?}"));
        assert_eq!(text.matches("config.set(").count(), 6);
    }
}

#[test]
fn lines_hold_what_they_can_and_refuse_the_rest() {
    let file = || Some(Authority::File("/home/me/ca.pem".into()));
    for format in [ClientFormat::Librdkafka, ClientFormat::Kcat] {
        for password in &NASTY[..7] {
            let text = settings(password, file()).render(format).unwrap();
            assert_eq!(value(&text, "sasl.password="), *password);
            assert_eq!(value(&text, "ssl.ca.location="), "/home/me/ca.pem");
        }
        for password in &NASTY[7..] {
            assert_eq!(settings(password, None).render(format), Err("sasl.password"));
        }
    }
}

#[test]
fn without_encryption_no_form_speaks_of_certificates() {
    use ClientFormat::*;
    for format in [Properties, Env, Librdkafka, Kcat, Spring, Python] {
        let text = settings("pw", None).render(format).unwrap();
        assert!(text.contains("SASL_PLAINTEXT") && !text.to_lowercase().contains("ssl"), "{text}");
        assert!(text.starts_with("# made by kafstack client-config: user orders, topic orders\n"), "{text}");
    }
    let document = settings("pw", None).render(Json).unwrap();
    assert!(document.contains("\"ca\": null") && document.contains(SCHEMA));
}

#[test]
fn a_user_without_a_prefix_gets_no_group() {
    let mut settings = settings("pw", None);
    settings.group_prefix = String::new();
    assert!(!settings.render(ClientFormat::Properties).unwrap().contains("group"));
    assert!(settings.render(ClientFormat::Python).unwrap().contains("consumer_config = dict(config)"));
    assert!(!settings.render(ClientFormat::Rust).unwrap().contains("GROUP_ID"));
}

#[test]
fn debug_output_does_not_show_the_password() {
    assert!(!format!("{:?}", settings("canary", None)).contains("canary"));
}

proptest! {
    #[test]
    fn no_password_breaks_the_line_of_a_property(password in "[ -~\\n\\r\\t]{0,40}") {
        unlearnt(|| holds_in_properties(&password));
    }
}
