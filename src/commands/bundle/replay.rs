//! The scenario that makes a rehearsal fail as the run did: up to the failing step the simulated laptop is a healthy
//! one, and from there its questions and commands get the answers that they got.
//!
//! The step's time is cut at each of its commands that change something. In each part a question gets the last answer
//! that it got there; the first part begins when the last certain command of the steps before has ended.

use super::tape::{End, Failed, Said, Taped};
use crate::config::Config;
use crate::failure::Id;
use crate::host::{Effect, Place, paste};
use crate::plan::{self, Circumstances};
use crate::tools::multipass;

/// The longest answer that is planted, in bytes of each stream. Longer ones are parsed by nobody as they are.
const LONGEST: usize = 1024 * 1024;

/// A scenario, and what of the run it cannot bring back.
pub struct Replay {
    /// The scenario as YAML.
    pub scenario: String,
    /// In plain words.
    pub gaps: Vec<String>,
    /// `up` must be told to take over the VM: in the run it was kafstack's own from before.
    pub adopt: bool,
}

/// A part of the step's time.
struct Part<'a> {
    /// It begins when this command has ended.
    once: Option<String>,
    /// The questions with their last answers.
    asked: Vec<&'a Taped>,
}

/// A tape, cut into parts.
struct Cut<'a> {
    /// The parts in order.
    parts: Vec<Part<'a>>,
    /// The commands that change something, each with its last end.
    done: Vec<&'a Taped>,
    /// The first time that the VM was found not to run: after which command, and its state.
    halted: Option<(Option<String>, String)>,
    /// A program was missing after a command, so installing it had no effect that kafstack could see.
    effectless: bool,
}

/// The scenario of a run that failed so. The step's tape is this, and what last changed something before it that.
pub fn replay(
    config: &Config,
    plan: &str,
    failed: &Failed,
    tape: &[Taped],
    change: Option<&[String]>,
) -> Replay {
    let there = plan == "up" && was_there_before(config, tape);
    // An `up` may have found the steps before done; the rehearsal's does them all.
    let before = match plan {
        "up" if there => None,
        "up" => command_before(config, &failed.step),
        _ => change.map(bare),
    };
    let Cut { parts, done, halted, effectless } = cut(tape, before);
    let mut gaps = Vec::new();
    let mut faults = String::new();
    if let Some((once, state)) = halted {
        // What needs the VM was not asked at all: kafstack asks Multipass first, without telling.
        let command = bare(&multipass::list().argv());
        let list = answer(0, &fleet(config, &state), false);
        write_fault(&mut faults, &command, Place::Laptop, once.as_deref(), &list);
    }
    // The first fault that fits strikes, so what begins last comes first.
    for part in parts.iter().rev() {
        for taped in &part.asked {
            fault(&mut faults, &mut gaps, taped, part.once.as_deref(), false);
        }
    }
    for taped in done {
        fault(&mut faults, &mut gaps, taped, None, !effectless);
    }
    let mut scenario = format!(
        "# Made by `kafstack bundle`: `kafstack {plan}` failed at the step {} with [{}].\n",
        failed.step, failed.id
    );
    scenario += &laptop(config, there);
    if there {
        let name = quoted(&config.vm.name);
        scenario += &format!("vms:\n  - {{ name: {name}, state: Running, ours: true }}\n");
    }
    if !faults.is_empty() {
        scenario += &format!("faults:\n{faults}");
    }
    Replay { scenario, gaps, adopt: there && failed.id != Id::VmNotOurs.as_str() }
}

/// Cuts a tape; its first part begins after that command.
fn cut(tape: &[Taped], before: Option<String>) -> Cut<'_> {
    let mut cut = Cut { parts: Vec::new(), done: Vec::new(), halted: None, effectless: false };
    let mut reached = before.clone();
    let mut part = Part { once: before, asked: Vec::new() };
    for taped in tape {
        match &taped.end {
            End::None { cause, error } if cause == "vm-not-running" => {
                // As in `the VM is not running (Stopped)`.
                let state = error.rsplit_once('(').map_or("Stopped", |(_, rest)| rest.trim_end_matches(')'));
                cut.halted.get_or_insert((reached.clone(), state.to_owned()));
                continue;
            }
            // A laptop without the program says so by itself.
            End::None { cause, .. } if cause == "not-installed" => {
                cut.effectless |= !cut.done.is_empty();
                continue;
            }
            _ => {}
        }
        reached = Some(bare(&taped.argv));
        let changes = taped.effect == Effect::Changes;
        let known = if changes { &mut cut.done } else { &mut part.asked };
        let again = known.iter().position(|other| (other.on, &other.argv) == (taped.on, &taped.argv));
        if let Some(at) = again {
            known.remove(at);
        }
        known.push(taped);
        if changes && again.is_none() {
            let next = Part { once: Some(bare(&taped.argv)), asked: Vec::new() };
            cut.parts.push(std::mem::replace(&mut part, next));
        }
    }
    cut.parts.push(part);
    cut
}

/// A laptop that carries the configuration, whatever the real one was like.
fn laptop(config: &Config, multipass: bool) -> String {
    let (cpus, memory, disk) =
        (config.vm.cpus.max(16), config.vm.memory.0.max(32 << 30), config.vm.disk.0.max(200 << 30));
    let multipass = if multipass { ", multipass: 1.16.3" } else { "" };
    format!(
        "laptop: {{ cpus: {cpus}, memory: {}G, disk: {}G{multipass} }}\n",
        (memory * 2) >> 30,
        (disk * 2) >> 30
    )
}

/// Whether the step found a VM of that name that it had not launched.
fn was_there_before(config: &Config, tape: &[Taped]) -> bool {
    let line = multipass::list();
    let launches =
        |taped: &&Taped| taped.effect == Effect::Changes && taped.argv.get(1).is_some_and(|w| w == "launch");
    let until = tape.iter().position(|taped| launches(&taped)).unwrap_or(tape.len());
    tape[..until].iter().any(|taped| {
        let said = matches!(&taped.end, End::Code { code: 0, said: Some(said) }
            if said.stdout.contains(&format!("\"{}\"", config.vm.name)));
        taped.on == Place::Laptop && taped.argv == line.argv() && said
    })
}

/// The last command that `up` certainly runs before that step.
fn command_before(config: &Config, step: &str) -> Option<String> {
    let plan = plan::up(config, Circumstances::default());
    let before = plan.steps().take_while(|earlier| earlier.name() != step);
    let commands = before.flat_map(|earlier| earlier.commands());
    let certain = commands.filter(|c| c.when.is_none() && c.line.effect == Effect::Changes).last()?;
    // A placeholder stands for what only the running stack knows.
    let words = certain.line.argv().into_iter().take_while(|word| !word.contains('{'));
    Some(bare(&words.collect::<Vec<_>>()))
}

/// A command as a fault names it: without `sudo`, with which options it asks depends on the terminal.
fn bare(argv: &[String]) -> String {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["sudo", "-n", ..] => paste(&argv[2..]),
        ["sudo", ..] => paste(&argv[1..]),
        _ => paste(argv),
    }
}

/// Adds the fault that answers a command as it was answered; `works`: a good answer comes with its effect.
fn fault(faults: &mut String, gaps: &mut Vec<String>, taped: &Taped, once: Option<&str>, works: bool) {
    let line = bare(&taped.argv);
    let what = match &taped.end {
        End::Code { said: Some(said), .. } if said.stdout.len().max(said.stderr.len()) > LONGEST => {
            gaps.push(format!("`{line}` said more than {LONGEST} bytes"));
            format!("floods: {}", said.stdout.len().max(LONGEST))
        }
        End::Code { code, said: Some(said) } => answer(*code, said, works),
        End::Code { code, said: None } => {
            gaps.push(format!("what `{line}` said is confidential, or was not kept"));
            if *code == 0 {
                return;
            }
            answer(*code, &Said::default(), works)
        }
        End::None { cause, error } => match cause.as_str() {
            "timed-out" | "still-running" => "hangs: true".to_owned(),
            "unreachable" if taped.on == Place::Vm => "lost: true".to_owned(),
            "too-much" => "floods: 17M".to_owned(),
            _ => return gaps.push(format!("`{line}` has no end that can be brought back: {error}")),
        },
    };
    write_fault(faults, &line, taped.on, once, &what);
}

/// Adds a fault.
fn write_fault(faults: &mut String, command: &str, on: Place, once: Option<&str>, what: &str) {
    *faults += &format!("  - command: {}\n    on: {on}\n", quoted(command));
    if let Some(once) = once {
        *faults += &format!("    once: {}\n", quoted(once));
    }
    *faults += &format!("    {what}\n");
}

/// An answer, with its effect if it was a good one.
fn answer(code: i32, said: &Said, works: bool) -> String {
    let kind = if works && code == 0 { "fails_but_works" } else { "fails" };
    let mut text = format!("{kind}: {{ code: {code}");
    for (name, said) in [("stdout", &said.stdout), ("stderr", &said.stderr)] {
        if !said.is_empty() {
            // A planted answer ends its last line itself.
            text += &format!(", {name}: {}", quoted(said.strip_suffix('\n').unwrap_or(said)));
        }
    }
    text + " }"
}

/// What Multipass says of the VM in that state.
fn fleet(config: &Config, state: &str) -> Said {
    let vm = serde_json::json!({ "name": config.vm.name, "state": state, "ipv4": [], "release": "" });
    let list = if state == "absent" { Vec::new() } else { vec![vm] };
    Said { stdout: serde_json::json!({ "list": list }).to_string(), stderr: String::new() }
}

/// Text in the quotes of JSON, which YAML reads as well; control characters are escaped.
fn quoted(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    text.chars()
        .map(|c| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Preset;
    use crate::rehearsal::Scenario;

    fn taped(line: &str, effect: Effect, end: End) -> Taped {
        let argv = line.split_whitespace().map(str::to_owned).collect();
        Taped { on: Place::Vm, argv, effect, end }
    }

    fn said(code: i32, stdout: &str) -> End {
        End::Code { code, said: Some(Said { stdout: stdout.into(), stderr: String::new() }) }
    }

    fn failed() -> Failed {
        Failed { step: "deploy-kafka".into(), id: "kafka-not-deployed".into(), message: "no".into() }
    }

    #[test]
    fn a_question_gets_its_last_answer_in_each_part_of_the_step() {
        use Effect::{Changes, Reads};
        let lost = End::None { cause: "unreachable".into(), error: "gone".into() };
        let tape = [
            taped("juju status", Reads, said(0, "nothing\n")),
            taped("sudo juju deploy kafka", Changes, said(0, "")),
            taped("juju status", Reads, said(0, "one\n")),
            taped("juju status", Reads, said(0, "two\n")),
            taped("juju models", Reads, lost),
        ];
        let replay = replay(&Preset::Kafka.config(), "up", &failed(), &tape, None);
        assert_eq!(
            replay.scenario,
            r#"# Made by `kafstack bundle`: `kafstack up` failed at the step deploy-kafka with [kafka-not-deployed].
laptop: { cpus: 16, memory: 64G, disk: 400G }
faults:
  - command: "juju status"
    on: vm
    once: "juju deploy kafka"
    fails: { code: 0, stdout: "two" }
  - command: "juju models"
    on: vm
    once: "juju deploy kafka"
    lost: true
  - command: "juju status"
    on: vm
    once: "juju deploy zookeeper --channel 3/stable -n 1 -m overlord:demo"
    fails: { code: 0, stdout: "nothing" }
  - command: "juju deploy kafka"
    on: vm
    fails_but_works: { code: 0 }
"#
        );
        assert_eq!(replay.gaps, [""; 0]);
        assert!(Scenario::parse(&replay.scenario).is_ok());
    }

    #[test]
    fn what_cannot_be_brought_back_is_said() {
        let tape = [
            taped("openstack token issue", Effect::Reads, End::Code { code: 0, said: None }),
            taped("juju models", Effect::Reads, End::None { cause: "left".into(), error: "was left".into() }),
        ];
        let replay = replay(&Preset::Kraft.config(), "up", &failed(), &tape, None);
        assert!(!replay.scenario.contains("faults"));
        assert_eq!(replay.gaps.len(), 2);
    }

    proptest! {
        #[test]
        fn whatever_was_said_makes_a_scenario(stdout in any::<String>(), word in any::<String>()) {
            let tape = [Taped {
                on: Place::Laptop,
                argv: vec!["echo".into(), word],
                effect: Effect::Reads,
                end: said(1, &stdout),
            }];
            let replay = replay(&Preset::Kraft.config(), "up", &failed(), &tape, None);
            let parsed = Scenario::parse(&replay.scenario);
            prop_assert!(parsed.is_ok(), "{:?}\n{}", parsed, replay.scenario);
        }
    }
}
