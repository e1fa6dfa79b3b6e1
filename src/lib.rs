//! kafstack, as a library only so that benchmarks and fuzzing can drive parts of it: nothing but [`main`] and
//! [`drive`] is public, so the compiler still names every dead item.

mod checkpoint;
mod cli;
mod client_settings;
mod cloud_init;
mod commands;
mod config;
mod diagnosis;
pub mod drive;
mod event;
mod failure;
mod host;
mod journal;
mod known;
mod log;
mod message_rules;
mod output_file;
mod plan;
mod rehearsal;
mod report;
mod runner;
mod state;
mod step;
mod steps;
mod text;
mod tools;
mod topic_rules;
mod yaml;

use std::io::IsTerminal;
use std::process::ExitCode;

use cli::{Cli, Environment};
use commands::session::Session;
use failure::Failure;
use host::clock::Stop;
use report::terminal::{Settings, Terminal};

/// The door: parse, run the command, print a failure once, leave with its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(wrong) => {
            // `--help` and `--version` come this way as well; a reader that went away is no failure.
            let _ = wrong.print();
            return ExitCode::from(u8::try_from(wrong.exit_code()).unwrap_or(1));
        }
    };
    let environment = cli::environment();
    let stop = Stop::default();
    let terminal = terminal(&cli, environment.as_ref().ok(), &stop);
    match environment.and_then(|environment| run(&cli, environment, &terminal, stop)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let failure = if cli.global.rehearse { failure.for_rehearsal() } else { failure };
            terminal.failure(&failure);
            ExitCode::from(failure.id.exit_code())
        }
    }
}

/// Runs the command.
fn run(cli: &Cli, environment: Environment, terminal: &Terminal, stop: Stop) -> Result<u8, Failure> {
    cli.global.check()?;
    log::begin(cli.global.verbose, terminal);
    let session = Session::new(cli.global.clone(), environment, terminal.clone(), stop);
    commands::run(cli, &session).map_err(|failure| session.explain(failure))
}

/// The terminal as the options, the environment and the streams have it.
fn terminal(cli: &Cli, environment: Option<&Environment>, stop: &Stop) -> Terminal {
    let stderr_is_terminal = std::io::stderr().is_terminal();
    let usual = Environment::default();
    let environment = environment.unwrap_or(&usual);
    let settings = Settings {
        color: cli::color_choice(cli.global.color, environment),
        quiet: cli.global.quiet,
        stdin_is_terminal: std::io::stdin().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        stderr_is_terminal: stderr_is_terminal && !environment.dumb_terminal,
    };
    Terminal::new(settings, stop.clone())
}
