//! Every command of a stack's life, and none of its secrets anywhere but where they were asked for.

use serde_json::Value;

use crate::stage::{Stage, files};

/// What does not ask for a secret.
const LIFE: &[&str] = &[
    "up",
    "plan",
    "plan --format json",
    "plan --format shell",
    "doctor",
    "config show",
    "topic create orders --partitions 3",
    "topic list --format json",
    "topic describe orders",
    "topic alter orders --partitions 4",
    "user create ada --topic orders",
    "user list",
    "user show ada",
    "user show ada --format json",
    "client-config --user ada --output first.properties",
    "user rotate ada",
    "client-config --user ada --format kcat --output second.conf",
    "consume orders --timeout 5s",
    "produce orders",
    "group list",
    "admin show",
    "admin rotate",
    "admin rotate",
    "tls enable",
    "tls ca",
    "client-config --user ada --format python --output third.py --ca-file ca.pem",
    "tls disable --yes",
    "add kafka-connect",
    "add karapace",
    "add kafka-ui",
    "scale --kafka 2 --yes",
    "demo",
    "demo --clean --yes",
    "connect --yes",
    "disconnect --yes",
    "status -vv",
    "status --format json",
];

/// What comes after.
const END: &[&str] = &["remove karapace --yes", "user delete ada --yes", "down --yes"];

/// Every text of a document that stands under a key with `password` in it, or below such a key.
fn passwords(document: &Value, within: bool, found: &mut Vec<String>) {
    let is = |key: &str| key.contains("password") && !key.contains("kept") || key == "content";
    match document {
        Value::String(text) if within && text.len() >= 8 => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| passwords(one, within, found)),
        Value::Object(all) => all.iter().for_each(|(key, one)| passwords(one, within || is(key), found)),
        _ => {}
    }
}

#[test]
fn a_whole_life_leaves_no_secret_in_arguments_events_journal_or_output() {
    for preset in ["single", "kraft"] {
        let stage = Stage::empty();
        let mut secrets = Vec::new();
        let mut said = Vec::new();
        let gather = |secrets: &mut Vec<String>| {
            let world: Value = serde_json::from_str(&stage.world()).unwrap();
            passwords(&world, false, secrets);
        };
        for words in LIFE {
            if preset == "kraft" && words.starts_with("scale") {
                continue; // It is refused there.
            }
            let out = stage.exits(&format!("{words} --preset {preset}"), 0);
            said.push((format!("{words}: stdout"), out.out));
            said.push((format!("{words}: stderr"), out.err));
            gather(&mut secrets);
            // A new one for a moment, which the next of these may replace.
            let asks = match *words {
                "user create ada --topic orders" | "user rotate ada" => {
                    "user show ada --reveal --format json"
                }
                "admin show" | "admin rotate" => "admin show --reveal --format json",
                "add karapace" => "add karapace --reveal --format json",
                _ => continue,
            };
            let out = stage.exits(asks, 0);
            passwords(&out.json(), false, &mut secrets);
            said.push((format!("{asks}: stderr"), out.err));
        }
        for words in END {
            let out = stage.exits(words, 0);
            said.push((words.to_string(), out.out + &out.err));
        }
        // The files that were asked for hold one each; the simulated laptop holds all of them, being the laptop.
        let asked = ["first.properties", "second.conf", "third.py"]
            .map(|name| std::fs::read_to_string(stage.path(name)).unwrap());
        let mut left: Vec<_> = files(&stage.path("state"));
        left.retain(|file| file.file_name().unwrap() != "world.json");
        for file in left {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            said.push((file.display().to_string(), text));
        }
        secrets.sort();
        secrets.dedup();
        assert!(secrets.len() >= 7, "{preset}: {}", secrets.len());
        assert!(asked.iter().all(|text| secrets.iter().any(|secret| text.contains(secret))), "{preset}");
        for (place, text) in &said {
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{preset}: {place}");
        }
    }
}
