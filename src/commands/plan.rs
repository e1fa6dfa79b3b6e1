//! `kafstack plan`: the steps with their exact commands and checkpoints, for people, programs and shells. It starts
//! nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{self, PlanFormat};
use crate::config::{Config, Purpose};
use crate::failure::Failure;
use crate::host::vm::{EXIT_MARK, LONG_MARK, Vm, WRAPPER};
use crate::host::{CommandLine, Place, Stdin, paste};
use crate::plan::{Circumstances, Plan};
use crate::step::{Planned, Step};
use crate::text::duration;

/// `kafstack plan`.
///
/// # Errors
/// The configuration is invalid.
pub fn plan(session: &Session, args: &cli::Plan) -> Result<u8, Failure> {
    let config = session.resolve(Purpose::Fresh)?.config;
    let plan = crate::plan::up(&config, Circumstances { sudo_may_ask: true, ..Circumstances::default() });
    match args.format {
        PlanFormat::Text => session.terminal.data(&as_text(&plan, &config)),
        PlanFormat::Json => super::print_json(session, &as_json(&plan, &config, session.global.rehearse)),
        PlanFormat::Shell => session.terminal.data(&as_shell(&plan, &config)),
    }
    Ok(0)
}

/// What a planned command gets on its stdin, if that is a text.
fn text(line: &CommandLine) -> Option<String> {
    match &line.stdin {
        Stdin::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Stdin::Null | Stdin::Inherited | Stdin::Stream(_) => None,
    }
}

/// For programs (contract: `kafstack/plan/v1`).
fn as_json(plan: &Plan, config: &Config, rehearsal: bool) -> Value {
    let command = |planned: &Planned| {
        let mut object = json!({
            "on": planned.on,
            "argv": planned.line.argv(),
            "stdin": text(&planned.line),
            "effect": planned.line.effect,
            "when": planned.when,
        });
        if let Some(openrc) = &planned.line.openrc {
            object["openrc"] = json!(openrc);
        }
        if planned.line.long.is_some() {
            object["long"] = json!(true);
        }
        if let Some(placeholder) = planned.yields {
            object["yields"] = json!(placeholder.name);
        }
        object
    };
    let step = |step: &dyn Step| {
        let point = step.checkpoint();
        let probe = |(on, line): &(Place, CommandLine)| json!({ "on": on, "argv": line.argv(), "openrc": line.openrc });
        json!({
            "name": step.name(),
            "title": step.title(),
            "commands": step.commands().iter().map(command).collect::<Vec<_>>(),
            "checkpoint": {
                "expect": point.expect,
                "probes": point.probes.iter().map(probe).collect::<Vec<_>>(),
                "timeout_s": point.timeout.as_secs(),
            },
        })
    };
    json!({
        "schema": "kafstack/plan/v1",
        "rehearsal": rehearsal,
        "vm": config.vm.name,
        "vm_exec": Vm::prefix(&config.vm.name),
        "placeholders": placeholders(plan),
        "steps": plan.steps().map(step).collect::<Vec<_>>(),
    })
}

/// The placeholders that commands and probes may contain, with their meanings.
fn placeholders(plan: &Plan) -> Value {
    let mut all = serde_json::Map::new();
    for planned in plan.steps().flat_map(Step::commands) {
        if let Some(placeholder) = planned.yields {
            all.insert(format!("{{{}}}", placeholder.name), json!(placeholder.meaning));
        }
    }
    for (name, meaning) in [
        ("{server}", "the id of the demo instance"),
        ("{address}", "the floating IP just made, or the address of the broker that is asked"),
        ("{broker}", "the leading kafka unit"),
    ] {
        all.insert(name.to_owned(), json!(meaning));
    }
    Value::Object(all)
}

/// For people.
fn as_text(plan: &Plan, config: &Config) -> String {
    let mut out = String::new();
    let prefix = ["multipass", "exec", "-n", &config.vm.name, "--", "…"].join(" ");
    let _ = writeln!(
        out,
        "What `kafstack up` does for the VM `{}`. Lines marked `vm` run inside it,",
        config.vm.name
    );
    let _ = writeln!(out, "each as `{prefix}`; `?` marks commands that run only under a condition.");
    let count = plan.steps().len();
    for (number, step) in plan.steps().enumerate() {
        let point = step.checkpoint();
        let _ = writeln!(out, "\n[{:>2}/{count}] {} ({})", number + 1, step.title(), step.name());
        let commands = step.commands();
        if commands.is_empty() {
            let _ = writeln!(out, "        (nothing to run)");
        }
        for planned in &commands {
            let mark = if planned.when.is_some() { '?' } else { ' ' };
            let _ = writeln!(out, "   {mark} {:<6}  {}", planned.on, shown(&planned.line));
            if let Some(when) = &planned.when {
                let _ = writeln!(out, "             when {when}");
            }
        }
        let _ = writeln!(out, "      until   {}", point.expect);
        let _ = writeln!(
            out,
            "              at most {}; look yourself: {}",
            duration::words(point.timeout),
            point.look_here
        );
    }
    out
}

/// A command with what is not in its arguments.
fn shown(line: &CommandLine) -> String {
    let mut text = line.to_string();
    if let Some(openrc) = &line.openrc {
        text = format!("(with {openrc}) {text}");
    }
    if matches!(line.stdin, Stdin::Bytes(_)) {
        text.push_str("   < text on stdin");
    }
    text
}

/// As a script that a person can run. What a checkpoint demands beyond an exit code stands as a comment: the script
/// waits for what its probes say by exit code, kafstack for what they say in words.
fn as_shell(plan: &Plan, config: &Config) -> String {
    let mut out = String::new();
    let name = &config.vm.name;
    let _ = write!(
        out,
        "#!/bin/sh
# What `kafstack up` would run on a fresh laptop for the VM `{name}`, as a script.
# It checks less than kafstack does, and it does not resume.
set -eu
said=$(mktemp)
trap 'rm -f \"$said\"' EXIT
wrapper={wrapper}
# Runs a command in the VM and gives back its exit status, which the wrapper reports on stderr.
vm() {{
  multipass exec -n {name} -- sh -c \"$wrapper\" kafstack \"$@\" 2>\"$said\" || {{ cat \"$said\" >&2; return 255; }}
  sed '/^{EXIT_MARK}/d; /^{LONG_MARK}/d' \"$said\" >&2
  return \"$(sed -n 's/^{EXIT_MARK}//p' \"$said\" | tail -n 1)\"
}}
# Starts a long command in the VM, where it outlives a lost connection, and follows it to its end.
long() {{
  name=$1; shift
  if [ \"$(vm --start \"$name\" \"$(date +%s)\" \"$@\")\" != started ]; then
    echo \"something else is at work in the VM\" >&2; exit 5
  fi
  vm --follow \"$name\" 1 86400
  return \"$(vm cat \"kafstack/$name.end\" | cut -d ' ' -f 2)\"
}}
# Waits until a command says yes, at most so many seconds.
await() {{
  end=$(($(date +%s) + $1)); shift
  until \"$@\" </dev/null >/dev/null; do
    if [ \"$(date +%s)\" -ge \"$end\" ]; then echo \"gave up waiting for: $*\" >&2; exit 5; fi
    sleep \"${{KAFSTACK_PLAN_PAUSE:-10}}\"
  done
}}
",
        wrapper = paste(&[WRAPPER.to_owned()]),
    );
    let count = plan.steps().len();
    for (number, step) in plan.steps().enumerate() {
        let point = step.checkpoint();
        let _ = writeln!(out, "\n# [{}/{count}] {}", number + 1, step.title());
        for planned in step.commands() {
            match &planned.when {
                Some(when) => {
                    let _ = writeln!(out, "# when {when}: {}", call(planned.on, &planned.line));
                }
                None => shell_command(&mut out, &planned),
            }
        }
        let _ = writeln!(out, "# until {}", point.expect);
        for (on, line) in point.probes.iter().filter(|(on, _)| *on == Place::Vm || number > 0) {
            // The broker's own address is known on the broker, where this text is read by a shell.
            let mut line = line.clone();
            for word in &mut line.args {
                *word =
                    word.replace("{broker}", "kafka/0").replace("{address}", "$(unit-get private-address)");
            }
            if !line.args.iter().any(|word| word.contains("{server}")) {
                let _ = writeln!(out, "await {} {}", point.timeout.as_secs(), call(*on, &line));
            }
        }
    }
    out
}

/// One unconditional command of the script.
fn shell_command(out: &mut String, planned: &Planned) {
    let line = call(planned.on, &planned.line);
    let _ = match (planned.yields, text(&planned.line)) {
        (Some(placeholder), _) => writeln!(out, "{}=$({line} </dev/null)", placeholder.name),
        (None, Some(text)) if text == "{script}" => writeln!(out, "printf '%s\\n' \"$script\" | {line}"),
        (None, Some(text)) => writeln!(out, "printf '%s' {} | {line}", paste(&[text])),
        (None, None) => writeln!(out, "{line} </dev/null"),
    };
}

/// A command as the script calls it. A placeholder whose value the script learns is a word of its own; the same text
/// within a word is somebody's value.
fn call(on: Place, line: &CommandLine) -> String {
    let openrc = line.openrc.iter().flat_map(|file| ["--openrc".to_owned(), file.clone()]);
    let way: Vec<String> = match (on, &line.long) {
        (Place::Laptop, _) => Vec::new(),
        (Place::Vm, Some(long)) => vec!["long".to_owned(), long.name.to_owned()],
        (Place::Vm, None) => std::iter::once("vm".to_owned()).chain(openrc).collect(),
    };
    let word = |word: String| if word == "{bridge}" { "\"$bridge\"".to_owned() } else { paste(&[word]) };
    way.into_iter().chain(line.argv()).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
