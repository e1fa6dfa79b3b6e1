//! Whatever a configuration holds, it reaches a tool as the one word that it is: no option, no shell text.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::config::{self, Request};
use crate::host::Host;
use crate::host::clock::TimeScale;
use crate::host::laptop::Laptop;

/// Every key whose value is a text of the user's own.
const KEYS: [(&str, &str); 11] = [
    ("vm", "name"),
    ("juju", "controller"),
    ("juju", "model"),
    ("openstack", "instance"),
    ("openstack", "openrc"),
    ("proxy", "http"),
    ("proxy", "https"),
    ("proxy", "no_proxy"),
    ("kafka.options", "certificate_extra_sans"),
    ("kafka.options", "ssl_principal_mapping_rules"),
    ("kafka.options", "ssl_cipher_suites"),
];

/// The configuration of the default preset with these values, if it is one.
fn configured(values: &[((&str, &str), String)]) -> Option<Config> {
    let mut document = json!({});
    for ((section, key), value) in values {
        let within = section.split('.').fold(&mut document, |at, name| &mut at[name]);
        within[*key] = json!(value);
    }
    let request = Request {
        flags: Vec::new(),
        environment: Vec::new(),
        file: None,
        places: Vec::new(),
        purpose: Purpose::Fresh,
        in_force: &|_| Ok(None),
    };
    // JSON is YAML.
    config::resolve_with(&request, Some((PathBuf::from("x"), document.to_string()))).ok().map(|r| r.config)
}

/// The words of all commands, in order.
fn commands(plan: &Plan) -> Vec<Vec<String>> {
    let planned: Vec<Planned> = plan.steps().flat_map(Step::commands).collect();
    planned
        .iter()
        .filter(|planned| planned.when.is_none())
        .map(|planned| called(planned.on, &planned.line))
        .collect()
}

/// The words with which the script calls a command.
fn called(on: Place, line: &CommandLine) -> Vec<String> {
    let way = match (on, &line.long) {
        (Place::Laptop, _) => vec![],
        (Place::Vm, Some(long)) => vec!["long".to_owned(), long.name.to_owned()],
        (Place::Vm, None) => match &line.openrc {
            Some(file) => ["vm", "--openrc", file].map(str::to_owned).to_vec(),
            None => vec!["vm".to_owned()],
        },
    };
    way.into_iter().chain(line.argv()).collect()
}

/// What a shell calls when it runs the script, with everything it calls replaced by a function that writes its words
/// down, ended by bytes that no word holds.
fn run_by_a_shell(script: &str, plan: &Plan) -> Vec<Vec<String>> {
    let steps = &script[script.find("\n# [1/").unwrap()..];
    let lines = plan.steps().flat_map(Step::commands).map(|planned| planned.line).collect::<Vec<_>>();
    let mut names: BTreeSet<&str> = lines.iter().map(|line| line.program.as_str()).collect();
    names.extend(["vm", "long"]);
    let functions: String =
        names.iter().map(|name| format!("{name}() {{ record {name} \"$@\"; }}\n")).collect();
    let record =
        "exec 3>&1\nrecord() { { printf '%s\\037' \"$@\"; printf '\\036'; } >&3; }\nawait() { :; }\n";
    let line = CommandLine::reads("sh", ["-u"]).fed(format!("{record}{functions}script=\nbridge=\n{steps}"));
    let output = Laptop::new(TimeScale(1.0)).ask(&line).unwrap();
    assert_eq!((output.code, output.err().as_str()), (0, ""), "{steps}");
    let said = output.out();
    let calls = said.split_terminator('\u{1e}');
    calls.map(|call| call.split_terminator('\u{1f}').map(str::to_owned).collect()).collect()
}

/// A text that may be meant, with something hostile in it or not.
fn text() -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        // No command of the plan has it of its own.
        Just("-Z"),
        Just("--help"),
        Just("$(id)"),
        Just("`id`"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("\n"),
        Just(";"),
        Just("|"),
        Just("&"),
        Just(">x"),
        Just("*"),
        Just("#"),
        Just("{bridge}"),
        Just("{server}"),
        Just("{script}"),
        Just("$bridge"),
        Just("\u{1b}[2J"),
        Just("\u{0}"),
        Just("é"),
        Just(" "),
        Just("@x"),
        Just("~"),
        Just("="),
        Just("!"),
    ];
    let plain = "[a-z][a-z0-9-]{0,8}[a-z0-9]";
    prop_oneof![
        2 => plain,
        1 => plain.prop_map(|host| format!("http://{host}:3128")),
        3 => (plain, hostile.clone(), plain).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
        2 => (hostile.clone(), plain).prop_map(|(a, b)| format!("{a}{b}")),
        1 => (hostile.clone(), hostile).prop_map(|(a, b)| format!("{a}{b}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn configured_values_are_words_and_nothing_else(texts in proptest::collection::vec(text(), KEYS.len())) {
        let mut values: Vec<_> = KEYS.into_iter().zip(texts).collect();
        values.retain(|value| configured(std::slice::from_ref(value)).is_some());
        let config = configured(&values);
        prop_assume!(config.is_some());
        let config = config.unwrap();
        let values = config::to_texts(&config);
        for (key, value) in &values {
            prop_assert!(!value.chars().any(char::is_control), "{key}: {value:?}");
        }
        let plan = crate::plan::up(&config, Circumstances { sudo_may_ask: true, ..Circumstances::default() });
        let expected = commands(&plan);
        for word in expected.iter().flatten() {
            prop_assert!(word.contains('\n') || !word.chars().any(char::is_control), "{word:?}");
            let value = values.values().any(|value| word == value);
            prop_assert!(!value || !word.starts_with('-'), "{word:?} could be an option");
        }
        // What the script learns by itself is empty here.
        let expected: Vec<Vec<String>> = expected
            .into_iter()
            .map(|call| call.into_iter().map(|word| if word == "{bridge}" { String::new() } else { word }).collect())
            .collect();
        prop_assert_eq!(run_by_a_shell(&as_shell(&plan, &config), &plan), expected);
    }
}
