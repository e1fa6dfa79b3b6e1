//! The papers, held to the real binary. Nothing here needs a network: whatever is run is a rehearsal or only prints.
//!
//! - Every line `$ kafstack …` of a ```` ```console ```` block in README.md and `documentation/` is run, in order,
//!   with a home folder of its own for each paper. Lines below a command are what it must print; one line `…` stands
//!   for any number of lines. A command must succeed unless the next line of its block is `$ echo $?`. The one thing
//!   of a shell that is understood is `echo WORDS | ` before a command.
//! - What the reference lists (commands, keys, presets, steps, events, fields, exit codes) is compared with what the
//!   binary knows.
//!
//! `UPDATE_PAPERS=1 cargo test --test papers` writes what is really printed into the papers; read the difference
//! before you commit it. trycmd does the first half as well, but neither keeps one home for a whole paper, nor leaves
//! out the options that all commands share, nor runs README's `cargo run` lines with the binary that is there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

/// The line that stands for any number of lines.
const ANYTHING: &str = "…";

/// The sections of `--help` that every command has. They are shown once, for `kafstack` itself.
const SHARED: [&str; 3] = ["Configuration:", "Output:", "Rehearsal:"];

/// kafstack on a laptop that has nothing: an empty home, no tools, no variables.
struct Kafstack {
    home: TempDir,
}

/// What a command printed, both streams as a terminal shows them, and how it ended.
struct Screen {
    text: String,
    code: i32,
}

impl Kafstack {
    fn new() -> Self {
        Kafstack { home: tempfile::tempdir().unwrap() }
    }

    /// A command that starts the binary under test, and nothing else.
    #[expect(clippy::disallowed_methods, reason = "the program under test is a process")]
    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kafstack"));
        command.args(words).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home.path()).env("PATH", self.home.path().join("no-tools"));
        command
    }

    /// Runs it as on a terminal that mixes both streams.
    fn screen(&self, words: &[&str]) -> Screen {
        self.fed(words, "")
    }

    /// The same with this text on standard input.
    fn fed(&self, words: &[&str], input: &str) -> Screen {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().expect("kafstack starts");
        drop(command);
        // It may have ended before it read anything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        let code = child.wait().unwrap().code().unwrap_or(-1);
        let home = self.home.path().to_str().unwrap();
        Screen { text: String::from_utf8(bytes).unwrap().replace(home, "~"), code }
    }

    /// The JSON document that it prints, whatever its exit code.
    fn json(&self, words: &[&str]) -> Value {
        let output = self.command(words).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}\n{output:?}"))
    }

    /// The events of an `up --rehearse`, whatever its exit code.
    fn events(&self, words: &[&str]) -> Vec<Value> {
        let all = [&["up", "--rehearse", "--events", "-"], words].concat();
        let output = self.command(&all).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn path_of(paper: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(paper)
}

fn read(paper: &str) -> String {
    std::fs::read_to_string(path_of(paper)).unwrap_or_else(|error| panic!("{paper}: {error}"))
}

/// The text below a heading, up to the next one of the same depth or above.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let at =
        text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no heading {heading:?}"));
    let depth = heading.chars().take_while(|c| *c == '#').count();
    let body = &text[at + heading.len() + 2..];
    let ends = (1..=depth).filter_map(|depth| body.find(&format!("\n{} ", "#".repeat(depth))));
    &body[..ends.min().unwrap_or(body.len())]
}

/// The rows of the tables in a text, each as its cells.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The row whose first cell is this word in backquotes.
fn row<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let cell = format!("`{word}`");
    rows(text).into_iter().find(|row| row[0] == cell).unwrap_or_else(|| panic!("there is no row for {cell}"))
}

/// The first cells in backquotes of the tables in a text.
fn listed(text: &str) -> BTreeSet<String> {
    rows(text)
        .iter()
        .filter_map(|row| Some(row[0].strip_prefix('`')?.strip_suffix('`')?.to_owned()))
        .collect()
}

/// What stands before the pipe of a line, as the command after it reads it; and that command.
fn fed_by(line: &str) -> (String, &str) {
    match line.strip_prefix("echo ").and_then(|rest| rest.split_once(" | ")) {
        Some((words, command)) => (format!("{words}\n"), command),
        None => (String::new(), line),
    }
}

/// What to run for a line of a paper, and whether the options that all commands share are left out of its output.
fn words_of<'a>(paper: &str, line: &'a str) -> (Vec<&'a str>, bool) {
    let rest = line.strip_prefix("kafstack").or_else(|| line.strip_prefix("cargo run --release --"));
    let words: Vec<&str> =
        rest.unwrap_or_else(|| panic!("{paper}: not kafstack: {line}")).split_whitespace().collect();
    let prints = ["plan", "explain", "config", "completions", "man", "help", "--help", "--version"];
    let harmless = prints.contains(&words[0]) || words.contains(&"--rehearse") || words.contains(&"--help");
    assert!(harmless, "{paper}: `{line}` would touch the laptop: use a `sh` block");
    assert!(!line.contains(['|', '>', '\'', '"', ';']), "{paper}: `{line}` needs a shell: use a `sh` block");
    (words.clone(), words.len() > 1 && words.contains(&"--help"))
}

/// A screen's lines as papers show them.
fn shown(text: &str, without_shared: bool) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    if without_shared {
        for heading in SHARED {
            let at =
                lines.iter().position(|line| line == heading).expect("every command has the shared options");
            // Some options have blank lines in their midst; the next part begins at the margin.
            let margin = |line: &String| !line.is_empty() && !line.starts_with(' ');
            let end = lines[at + 1..].iter().position(margin).map_or(lines.len(), |n| at + 1 + n);
            lines.drain(at..end);
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    lines
}

/// What a paper should show for these lines, given what it shows now: nothing stays nothing, and the lines around an
/// ellipsis keep their number.
fn adapted(now: &[&str], actual: &[String]) -> Vec<String> {
    if now.is_empty() {
        return Vec::new();
    }
    match now.iter().position(|line| *line == ANYTHING) {
        Some(head) if head + (now.len() - head - 1) < actual.len() => {
            let tail = actual.len() - (now.len() - head - 1);
            [&actual[..head], &[ANYTHING.to_owned()], &actual[tail..]].concat()
        }
        _ => actual.to_vec(),
    }
}

/// Runs the console blocks of a paper and returns it as it should be.
fn replayed(paper: &str) -> String {
    let text = read(paper);
    let kafstack = Kafstack::new();
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    let (mut fence, mut named) = ("", None::<(String, String)>);
    let mut last_code = None::<i32>;
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        if let Some(info) = line.strip_prefix("```") {
            if let Some((name, body)) = named.take() {
                kafstack.file(&name, &body);
            }
            assert!(last_code.is_none_or(|code| code == 0), "{paper}: exit code {last_code:?} is not shown");
            fence = if fence.is_empty() { info } else { "" };
            continue;
        }
        // A YAML block that begins with its name is a file for the commands after it.
        if fence == "yaml" {
            if let Some(name) =
                line.strip_prefix("# ").filter(|name| name.ends_with(".yaml") && named.is_none())
            {
                named = Some((name.to_owned(), String::new()));
            }
            if let Some((_, body)) = &mut named {
                let _ = writeln!(body, "{line}");
            }
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| fence == "console") else { continue };
        let mut now = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("```")) {
            now.push(line);
        }
        let actual = if command == "echo $?" {
            vec![last_code.take().expect("a command before `echo $?`").to_string()]
        } else {
            assert!(
                last_code.is_none_or(|code| code == 0),
                "{paper}: exit code {last_code:?} before `{command}`"
            );
            let (input, command) = fed_by(command);
            let (words, without_shared) = words_of(paper, command);
            let screen = kafstack.fed(&words, &input);
            last_code = Some(screen.code);
            shown(&screen.text, without_shared)
        };
        for line in adapted(&now, &actual) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// Holds the console blocks of a paper to what the binary prints.
fn hold(paper: &str) {
    hold_to(paper, &replayed(paper));
}

/// Fails with the lines in which a paper differs from what it should be, or writes them.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn hold_to(paper: &str, new: &str) {
    let old = read(paper);
    if old == new {
        return;
    }
    if std::env::var_os("UPDATE_PAPERS").is_some() {
        std::fs::write(path_of(paper), new).unwrap();
        return;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let at = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let some = |lines: &[&str]| lines[at..lines.len().min(at + 8)].join("\n");
    panic!(
        "{paper} line {}: the paper says\n{}\n\nbut kafstack prints\n{}\n\n(UPDATE_PAPERS=1 writes it)",
        at + 1,
        some(&old),
        some(&new)
    );
}

#[test]
fn the_commands_of_the_readme_do_what_it_shows() {
    hold("README.md");
}

#[test]
fn the_tutorial_can_be_followed() {
    hold("documentation/tutorial.md");
}

#[test]
fn the_pages_about_the_rehearsal_can_be_followed() {
    hold("documentation/rehearsal.md");
}

#[test]
fn the_guide_to_the_laptop_can_be_followed() {
    hold("documentation/laptop.md");
}

#[test]
fn the_guide_to_users_and_topics_can_be_followed() {
    hold("documentation/users-and-topics.md");
}

#[test]
fn the_guide_to_tls_can_be_followed() {
    hold("documentation/tls.md");
}

#[test]
fn the_guide_to_kafka_4_can_be_followed() {
    hold("documentation/kraft.md");
}

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

#[test]
fn links_to_known_issues_lead_to_their_headings() {
    let (page, manual) = (read("documentation/known-issues.md"), read("documentation/troubleshooting.md"));
    let headings = page.lines().filter_map(|line| line.strip_prefix("##"));
    let anchors: BTreeSet<String> =
        headings.map(|text| text.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-")).collect();
    let links = manual.split("(known-issues.md#").skip(1).filter_map(|rest| rest.split(')').next());
    let links: Vec<&str> = links.collect();
    assert!(links.len() > 10, "{links:?}");
    for link in links {
        assert!(anchors.contains(link), "known-issues.md has no heading for {link}");
    }
}

#[test]
fn the_rooms_import_each_other_as_the_architecture_draws() {
    let page = read("documentation/architecture.md");
    let text = section(&page, "## Who may import whom");
    let picture = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // From room to room; what is left over at the end is an exception that nobody needs.
    let mut drawn = BTreeSet::new();
    for pair in text.lines().filter(|line| line.starts_with("- ")).flat_map(|line| line.split(", ")) {
        if let [_, one, " → ", other, ..] = pair.split('`').collect::<Vec<_>>()[..] {
            drawn.insert((one.to_owned(), other.to_owned()));
        }
    }
    let mut found = BTreeSet::new();
    let line_of = |room: &str| {
        let lines = picture.lines().position(|line| line.split(' ').any(|word| word == room));
        lines.unwrap_or_else(|| panic!("the picture lacks the room `{room}`"))
    };
    let mut folders = vec![path_of("src")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(path_of("src")).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            }
            // Tests may know everything.
            if !name.ends_with(".rs") || name.contains("tests") || name.contains("fake") {
                continue;
            }
            let room = name.split(['/', '.']).next().unwrap();
            let code = std::fs::read_to_string(path_of("src").join(&name)).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
            for rest in code.split("crate::").skip(1) {
                let other = rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap();
                if !other.is_empty() && other != room && line_of(other) <= line_of(room) {
                    found.insert((room.to_owned(), other.to_owned()));
                }
            }
        }
    }
    assert_eq!(found, drawn, "imports from above: found, and drawn as exceptions");
}

#[test]
fn no_link_between_the_papers_leads_nowhere() {
    for folder in ["", "documentation"] {
        for file in std::fs::read_dir(path_of(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = link.split('#').next().unwrap();
                let outside = link.starts_with("https://") || target.is_empty();
                assert!(outside || path.with_file_name(target).exists(), "{}: {link}", path.display());
            }
        }
    }
}

/// Every text in a file or in the files of a folder, with their paths.
fn sources(path: &Path) -> String {
    if !path.is_dir() {
        return format!("{}\n{}\n", path.display(), std::fs::read_to_string(path).unwrap_or_default());
    }
    std::fs::read_dir(path).unwrap().map(|entry| sources(&entry.unwrap().path())).collect()
}

#[test]
fn the_tests_that_the_papers_name_are_there() {
    let mut found = 0;
    for paper in std::fs::read_dir(path_of("documentation")).unwrap() {
        let text = std::fs::read_to_string(paper.unwrap().path()).unwrap();
        for command in text.split('`').skip(1).step_by(2).filter(|code| code.contains("cargo test ")) {
            let words: Vec<&str> = command.split("cargo test ").nth(1).unwrap().split_whitespace().collect();
            let (room, filters) = match words[..] {
                ["--lib", ref filters @ ..] => ("src".to_owned(), filters),
                ["--test", target, ref filters @ ..] if path_of("tests").join(target).is_dir() => {
                    (format!("tests/{target}"), filters)
                }
                ["--test", target, ref filters @ ..] => (format!("tests/{target}.rs"), filters),
                _ => panic!("`{command}` names no part of the tests"),
            };
            // cargo itself takes one filter, the tests take any number.
            let own = filters.iter().position(|word| *word == "--").unwrap_or(filters.len());
            assert!(own <= 1, "cargo does not understand `{command}`");
            let sources = sources(&path_of(&room));
            for filter in filters.iter().filter(|word| !word.starts_with("--")) {
                assert!(sources.contains(filter), "`{command}`: there is nothing of that name in {room}");
                found += 1;
            }
        }
    }
    assert!(found > 10, "{found}");
}
