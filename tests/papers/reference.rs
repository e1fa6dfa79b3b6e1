//! What the papers list (commands, keys, presets, steps, events, fields, exit codes, known issues) is compared with what the
//! binary knows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::console::{fed_by, hold, hold_to};
use crate::stage::{Kafstack, listed, path_of, read, row, rows, section};

#[test]
fn the_readme_names_every_command() {
    let readme = read("README.md");
    let table = section(&readme, "## Commands");
    let cells: Vec<&str> = rows(table).iter().map(|row| row[0]).collect();
    let named = |name: &str| {
        let mut words = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
        words.any(|word| {
            word.strip_prefix("kafstack ").is_some_and(|rest| rest.split(' ').next() == Some(name))
        })
    };
    let kafstack = Kafstack::new();
    let commands = commands_in(&kafstack.screen(&["--help"]).text);
    assert!(commands.len() > 15, "{commands:?}");
    for name in commands {
        assert!(named(&name), "README.md lacks `kafstack {name}`");
    }
}

/// The commands that a help screen lists.
fn commands_in(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = below.take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = names.map(|line| line.split(' ').next().unwrap_or_default());
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

#[test]
fn the_keys_of_scenarios_are_those_of_the_source() {
    let (page, source) = (read("documentation/rehearsal.md"), read("src/rehearsal/scenario.rs"));
    let example = source.split("//! ```").nth(1).expect("the format in the comment of the file");
    let words =
        example.lines().filter_map(|line| line.split(" # ").next()).flat_map(|line| line.split([' ', ',']));
    let keys = words.filter_map(|word| word.strip_suffix(':'));
    let keys: BTreeSet<&str> =
        keys.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).collect();
    assert!(keys.len() > 25, "{keys:?}");
    for key in keys {
        assert!(
            page.contains(&format!("{key}:")) || page.contains(&format!("`{key}`")),
            "rehearsal.md lacks `{key}`"
        );
    }
}

#[test]
fn the_reference_shows_what_every_command_takes() {
    hold("documentation/reference.md");
    let reference = read("documentation/reference.md");
    let kafstack = Kafstack::new();
    let mut paths = vec![Vec::<String>::new()];
    while let Some(path) = paths.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let line = format!("kafstack {}", words.join(" "));
        assert!(reference.contains(&format!("\n$ {line}\n")), "the reference lacks `{line}`");
        let help = kafstack.screen(&words).text;
        for name in commands_in(&help) {
            paths.push([path.as_slice(), &[name]].concat());
        }
        for twin in
            help.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|w| w.starts_with("KAFSTACK_"))
        {
            row(section(&reference, "## Environment"), twin);
        }
    }
}

#[test]
fn the_reference_knows_every_key_of_the_configuration() {
    let reference = read("documentation/reference.md");
    let kafstack = Kafstack::new();
    let shown = kafstack.json(&["config", "show", "--format", "json"]);
    let keys: BTreeSet<String> = shown["values"].as_object().unwrap().keys().cloned().collect();
    let mut documented = listed(section(&reference, "### Keys"));
    for more in ["kafka.options.NAME", "timeouts.STEP"] {
        assert!(documented.remove(more), "the reference lacks `{more}`");
    }
    assert_eq!(documented, keys);
    let mut yaml = reference.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let example = kafstack.file("kafstack.yaml", yaml.next().expect("an example"));
    assert_eq!(kafstack.screen(&["config", "check"]).code, 0, "{}", example.display());
}

#[test]
fn the_presets_have_the_sizes_that_the_papers_say() {
    let kafstack = Kafstack::new();
    for (paper, heading) in [("README.md", "## Presets"), ("documentation/reference.md", "### Presets")] {
        let text = read(paper);
        let table = section(&text, heading);
        for preset in listed(table) {
            let values =
                kafstack.json(&["config", "show", "--format", "json", "--preset", &preset])["values"].clone();
            let value = |key: &str| values[key]["value"].as_str().unwrap().to_owned();
            let row = row(table, &preset);
            let vm = format!("{} / {} / {}", value("vm.cpus"), value("vm.memory"), value("vm.disk"));
            let zookeeper =
                if value("zookeeper.enabled") == "true" { value("zookeeper.units") } else { "–".into() };
            let openstack =
                if value("openstack.enabled") == "true" { value("openstack.channel") } else { "–".into() };
            let kafka = format!("{} from {}", value("kafka.units"), value("kafka.channel"));
            assert_eq!(row[1..5], [vm, openstack, zookeeper, kafka], "{paper}, preset `{preset}`");
        }
        let refusal = kafstack.screen(&["config", "check", "--preset", "none-such"]).text;
        let (_, names) = refusal.split_once("right would be one of ").unwrap();
        let known = names.lines().next().unwrap().split('`').skip(1).step_by(2).map(str::to_owned);
        assert_eq!(listed(table), known.collect(), "{paper}");
    }
}

#[test]
fn the_reference_knows_every_step_and_its_limit() {
    let reference = read("documentation/reference.md");
    let table = section(&reference, "## Steps");
    let plan = Kafstack::new().json(&["plan", "--format", "json"]);
    let steps = plan["steps"].as_array().unwrap();
    let documented: Vec<&str> = rows(table).iter().skip(1).map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(documented, steps.iter().map(|step| step["name"].as_str().unwrap()).collect::<Vec<_>>());
    for step in steps {
        let minutes = step["checkpoint"]["timeout_s"].as_u64().unwrap() / 60;
        assert_eq!(row(table, step["name"].as_str().unwrap())[2], format!("{minutes}m"), "{}", step["name"]);
    }
}

#[test]
fn the_reference_knows_every_event_and_its_fields() {
    let reference = read("documentation/reference.md");
    let table = section(&reference, "### Events");
    let mut seen = BTreeSet::new();
    let unlucky = Kafstack::new();
    // A warning, a try that is repeated, and a step that fails: nothing of that happens on a good day.
    let scenario = unlucky.file(
        "unlucky.yaml",
        "faults:\n\
         - { command: snap refresh, on: laptop, fails: { code: 1, stderr: 'error: cannot hold' } }\n\
         - { command: sunbeam cluster bootstrap, times: 1, fails: { code: 1, stderr: 'Error: terraform command failed' } }\n\
         - { command: sunbeam configure, fails: { code: 1, stderr: 'Error: no such flavor' } }\n",
    );
    let bad = unlucky.events(&["--scenario", scenario.to_str().unwrap()]);
    // A standstill.
    let stuck = Kafstack::new();
    let scenario = stuck.file("stuck.yaml", "events: [ { machine: 0, is: pending } ]\n");
    let stuck = stuck.events(&["--preset", "kraft", "--scenario", scenario.to_str().unwrap()]);
    for event in Kafstack::new().events(&[]).into_iter().chain(bad).chain(stuck) {
        let name = event["event"].as_str().unwrap();
        let row = row(table, name);
        for field in event.as_object().unwrap().keys() {
            let common = ["v", "at", "elapsed_ms", "event", "rehearsal"].contains(&field.as_str());
            let place = if common { table } else { row[1] };
            assert!(place.contains(&format!("`{field}`")), "`{name}` has a field `{field}`");
        }
        seen.insert(name.to_owned());
    }
    assert_eq!(listed(table), seen, "documented, and seen");
}

#[test]
fn the_reference_knows_every_field_of_every_document() {
    let reference = read("documentation/reference.md");
    let kafstack = Kafstack::new();
    let done = |line: &str| {
        let (input, line) = fed_by(line);
        let words: Vec<&str> = line.split(' ').chain(["--rehearse", "--quiet"]).collect();
        assert_eq!(kafstack.fed(&words, &input).code, 0, "{line}");
    };
    done("up");
    done("user create orders --topic orders --create-topic");
    // Beside an encrypted Kafka nothing is added.
    let mut documents = vec![kafstack.json(&["add", "karapace", "--rehearse", "--format", "json"])];
    done("tls enable");
    done("echo hello | produce orders");
    done("consume orders --group billing --from-beginning --max 1");
    let mut seen = BTreeSet::new();
    for words in [
        &["plan"][..],
        &["status", "--rehearse"],
        &["status", "--rehearse", "--set", "vm.name=another"],
        &["doctor", "--rehearse"],
        &["config", "show"],
        &["explain"],
        &["explain", "kafka-not-ready"],
        &["topic", "list", "--rehearse"],
        &["topic", "describe", "orders", "--rehearse"],
        &["group", "list", "--rehearse"],
        &["group", "describe", "billing", "--rehearse"],
        &["admin", "show", "--rehearse"],
        &["user", "list", "--rehearse"],
        &["user", "show", "orders", "--rehearse"],
        &["client-config", "--rehearse"],
        &["tls", "ca", "--rehearse"],
        &["bundle", "--rehearse"],
    ] {
        documents.push(kafstack.json(&[words, &["--format", "json"]].concat()));
    }
    for document in documents {
        let heading = format!("### `{}`", document["schema"].as_str().unwrap());
        let text = section(&reference, &heading);
        for field in fields(&document) {
            assert!(text.contains(&format!("`{field}`")), "{heading} lacks `{field}`");
        }
        seen.insert(heading);
    }
    let part = section(&reference, "## Machine-readable output");
    let documented = part.lines().filter(|line| line.starts_with("### `kafstack/")).map(str::to_owned);
    assert_eq!(documented.collect::<BTreeSet<_>>(), seen, "documented, and seen");
}

#[test]
fn every_document_of_the_source_has_a_place_in_the_reference() {
    let reference = read("documentation/reference.md");
    let mut folders = vec![path_of("src")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            for rest in code.split("\"kafstack/").skip(1) {
                let schema = rest.split('"').next().unwrap();
                let heading = format!("\n### `kafstack/{schema}`\n");
                let known = !schema.ends_with("/v1") || reference.contains(&heading);
                assert!(known, "the reference lacks `kafstack/{schema}`, of {}", path.display());
            }
        }
    }
}

/// The names of the fields of a document, in every depth. The keys of the configuration and the placeholders are
/// contents, not names.
fn fields(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let names = map.keys().filter(|name| !name.contains(['.', '{']) && *name != "preset");
            names.cloned().chain(map.values().flat_map(fields)).collect()
        }
        Value::Array(items) => items.iter().flat_map(fields).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn the_exit_codes_in_the_papers_are_those_of_the_failures() {
    let (reference, manual) = (read("documentation/reference.md"), read("documentation/troubleshooting.md"));
    let table = section(&reference, "## Exit codes");
    let kafstack = Kafstack::new();
    let headings: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(headings.len() > 40);
    for heading in headings {
        let id = heading.split(' ').next().unwrap();
        let about = kafstack.json(&["explain", id, "--format", "json"]);
        let code = about["exit_code"].as_u64().unwrap();
        assert_eq!(heading, format!("{id} (exit code {code})"));
        row(table, &code.to_string());
        let text = section(&manual, &format!("### {heading}"));
        for part in ["meaning", "cure"] {
            let sentence = about[part].as_str().unwrap();
            assert!(
                text.contains(sentence),
                "troubleshooting.md says otherwise of {id} than `kafstack explain`: {sentence}"
            );
        }
    }
}

/// The page of known issues as the table has it, below its own first words.
fn known_issues(head: &str) -> String {
    let everything = Kafstack::new().json(&["explain", "--format", "json"]);
    let (mut page, mut part) = (format!("{head}\n"), "");
    for issue in everything["known_issues"].as_array().unwrap() {
        let text = |field: &str| issue[field].as_str().unwrap();
        if part != text("who") {
            part = text("who");
            let _ = write!(page, "\n## {part}\n");
        }
        let says = issue["says"].as_array().unwrap().iter();
        let says: Vec<String> = says.map(|says| format!("`{}`", says.as_str().unwrap().trim())).collect();
        let (id, class, meaning) = (text("id"), text("class"), text("meaning"));
        let (cure, source, says) = (text("cure"), text("source"), says.join(" … "));
        let _ = write!(page, "\n### {id}\n\n{says} ({class})\n\n{meaning}.\n\n{cure}\n\nSource: {source}\n");
    }
    page
}

#[test]
fn the_page_of_known_issues_is_the_table() {
    let paper = "documentation/known-issues.md";
    let page = read(paper);
    hold_to(paper, &known_issues(page.split("\n\n## ").next().unwrap().trim_end()));
}
