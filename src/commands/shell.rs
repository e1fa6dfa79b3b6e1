//! `kafstack shell`: an interactive terminal in the VM or in a unit, or one command there. What it ends with is what
//! the shell ended with.

use super::conduct::{Conduct, Manner};
use super::session::Session;
use super::stack::Stack;
use crate::cli::Shell;
use crate::failure::{Failure, Id};
use crate::host::{CommandError, CommandLine, Io, Output, Stdin, Unwatched, paste};

/// A day: nobody waits for a shell to end.
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// `kafstack shell`. Returns the shell's own exit code. Multipass 1.16 opens a shell that ends with 4 again and again
/// (canonical/multipass#3771), so a 4 arrives as a 1.
///
/// # Errors
/// The VM does not run, or the name is no unit's; or it is a rehearsal, and the command is none that is simulated.
pub fn shell(session: &Session, args: &Shell) -> Result<u8, Failure> {
    if session.global.rehearse {
        return simulated(session, args);
    }
    let stack = Stack::open(session)?;
    let line = match &args.unit {
        None if args.command.is_empty() => terminal("bash", &["-l".to_owned()]),
        None => terminal(&args.command[0], &args.command[1..]),
        Some(unit) => {
            let target = stack.config.juju.target();
            let mut words = vec!["ssh".to_owned(), "-m".into(), target, check_unit(unit)?];
            // juju hands its words to a shell on the unit as they are, so they go as one quoted line.
            words.extend((!args.command.is_empty()).then(|| paste(&args.command)));
            terminal("juju", &words)
        }
    };
    let stage = stack.stage.clone();
    let conduct = Conduct {
        stop: session.stop.clone(),
        manner: Manner::NotOurs,
        clock: stage.clock.clone(),
        rehearsal: false,
        ticks: false,
        reporters: Vec::new(),
    };
    let (result, _) = conduct.run(move |_| stage.ask(|hosts| hosts.vm.run(&line, &mut Unwatched)))?;
    ended(&stack, result).map(|(code, _)| code)
}

/// The exit code of what was run in the VM, and what it said as far as that was captured.
///
/// # Errors
/// It was not run.
fn ended(stack: &Stack, result: Result<Output, CommandError>) -> Result<(u8, Output), Failure> {
    match result {
        Ok(output) => Ok((u8::try_from(output.code).unwrap_or(1), output)),
        Err(error @ CommandError::NotInstalled { .. }) => {
            Err(Failure::new(Id::NotReady, format!("there is no VM `{}`", stack.config.vm.name))
                .seen(error.to_string())
                .hint("`kafstack up` makes it"))
        }
        Err(CommandError::VmNotRunning { state }) if state == "absent" => {
            Err(Failure::new(Id::NotReady, format!("there is no VM `{}`", stack.config.vm.name))
                .hint("`kafstack up` makes it"))
        }
        Err(CommandError::VmNotRunning { state }) => {
            Err(Failure::new(Id::VmStopped, format!("the VM `{}` is not running", stack.config.vm.name))
                .seen(state.to_lowercase())
                .hint("`kafstack up` starts it"))
        }
        Err(error) => Err(Failure::of_command("Open the shell", &error)),
    }
}

/// The simulated VM has no programs, but it answers to what kafstack itself asks and advises.
///
/// # Errors
/// It is not one such command, or there is no VM.
fn simulated(session: &Session, args: &Shell) -> Result<u8, Failure> {
    let no_shell = "there is no shell in a rehearsal: the VM is simulated, and has no programs to run";
    let [program, words @ ..] = args.command.as_slice() else {
        return Err(Failure::new(Id::Usage, no_shell)
            .expected("a command after `--` that kafstack uses or advises")
            .hint("`kafstack status` shows what is simulated"));
    };
    if args.unit.is_some() {
        return Err(Failure::new(
            Id::Usage,
            "there are no units to enter in a rehearsal: they are simulated",
        )
        .hint("`kafstack status` shows them"));
    }
    let stack = Stack::open(session)?;
    let line = CommandLine::changes(program, words.to_vec());
    let (code, output) = ended(&stack, stack.stage.ask(|hosts| hosts.vm.ask(&line)))?;
    session.terminal.data(&output.out());
    if !output.stderr.is_empty() {
        session.terminal.note(&output.err());
    }
    Ok(code)
}

/// A command that has the terminal to itself.
fn terminal(program: &str, args: &[String]) -> CommandLine {
    CommandLine { io: Io::Terminal, stdin: Stdin::Inherited, ..CommandLine::changes(program, args.to_vec()) }
        .within(DAY)
}

/// A unit's name, which no tool can take for an option.
fn check_unit(unit: &str) -> Result<String, Failure> {
    let good = unit.split_once('/').is_some_and(|(application, number)| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        application.starts_with(|c: char| c.is_ascii_lowercase())
            && application.chars().all(plain)
            && (number == "leader" || (!number.is_empty() && number.chars().all(|c| c.is_ascii_digit())))
    });
    if good {
        return Ok(unit.to_owned());
    }
    Err(Failure::new(Id::Usage, format!("`{}` is no unit", unit.escape_debug()))
        .expected("APPLICATION/NUMBER such as `kafka/0`, or `kafka/leader`; a command comes after `--`")
        .hint("`kafstack status` shows the units"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_units_are_taken_for_units() {
        for good in ["kafka/0", "user-ada/12", "zookeeper/leader"] {
            assert_eq!(check_unit(good).unwrap(), good);
        }
        for bad in ["kafka", "-x/0", "kafka/", "kafka/x", "kafka/0;reboot", "/0"] {
            assert_eq!(check_unit(bad).unwrap_err().id, Id::Usage, "{bad}");
        }
    }
}
