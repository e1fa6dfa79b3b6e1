//! Every line `$ kafstack …` of a ```` ```console ```` block in README.md and `documentation/` is run, in order, with a
//! home folder of its own for each paper. Lines below a command are what it must print; one line `…` stands for any
//! number of lines. A command must succeed unless the next line of its block is `$ echo $?`. The one thing of a shell
//! that is understood is `echo WORDS | ` before a command.
//!
//! trycmd does the same, but neither keeps one home for a whole paper, nor leaves out the options that all commands
//! share, nor runs README's `cargo run` lines with the binary that is there.

use std::fmt::Write as _;

use crate::stage::{Kafstack, path_of, read};

/// The line that stands for any number of lines.
const ANYTHING: &str = "…";

/// The sections of `--help` that every command has. They are shown once, for `kafstack` itself.
const SHARED: [&str; 3] = ["Configuration:", "Output:", "Rehearsal:"];

/// What stands before the pipe of a line, as the command after it reads it; and that command.
pub fn fed_by(line: &str) -> (String, &str) {
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
pub fn hold(paper: &str) {
    hold_to(paper, &replayed(paper));
}

/// Fails with the lines in which a paper differs from what it should be, or writes them.
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
pub fn hold_to(paper: &str, new: &str) {
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
