//! One file for each thing a user asks for. Each gets a [`Session`] and its own options, and returns an exit code.

mod admin;
mod bundle;
mod client_config;
mod conduct;
mod config;
mod connect;
mod consume;
#[cfg(test)]
mod crash_tests;
mod demo;
mod doctor;
mod down;
mod elevation;
mod errand;
mod explain;
mod group;
mod logs;
mod neighbour;
mod past_runs;
mod plan;
mod preflight;
mod produce;
mod run_record;
mod scale;
pub mod session;
mod shell;
mod stack;
mod status;
mod stream;
mod tls;
mod topic;
mod up;
mod user;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::failure::{Failure, Id};
use session::Session;

/// Does what the command line asks for. Returns the exit code.
///
/// # Errors
/// What did not happen; `main` prints it.
pub fn run(cli: &Cli, session: &Session) -> Result<u8, Failure> {
    match &cli.command {
        Command::Up(args) => up::up(session, args),
        Command::Down(args) => down::down(session, args),
        Command::Status(args) => status::status(session, args),
        Command::Demo(args) => demo::demo(session, args),
        Command::Topic(args) => topic::topic(session, args),
        Command::Group(args) => group::group(session, args),
        Command::Produce(args) => produce::produce(session, args),
        Command::Consume(args) => consume::consume(session, args),
        Command::Admin(args) => admin::admin(session, args),
        Command::User(args) => user::user(session, args),
        Command::ClientConfig(args) => client_config::client_config(session, args),
        Command::Tls(args) => tls::tls(session, args),
        Command::Scale(args) => scale::scale(session, args),
        Command::Add(args) => neighbour::add(session, args),
        Command::Remove(args) => neighbour::remove(session, args),
        Command::Connect(args) => connect::connect(session, args),
        Command::Disconnect(args) => connect::disconnect(session, args),
        Command::Shell(args) => shell::shell(session, args),
        Command::Logs(args) => logs::logs(session, args),
        Command::Bundle(args) => bundle::bundle(session, args),
        Command::Plan(args) => plan::plan(session, args),
        Command::Doctor(args) => doctor::doctor(session, args),
        Command::Config(args) => config::config(session, args),
        Command::Explain(args) => explain::explain(session, args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "kafstack", &mut script);
            session.terminal.bytes(&script);
            Ok(0)
        }
        Command::Man => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
            rendered.map_err(|error| Failure::new(Id::Unexpected, format!("the manual page: {error}")))?;
            session.terminal.bytes(&page);
            Ok(0)
        }
    }
}

/// For Multipass root is another user with other VMs (canonical/multipass#2549), so whatever is built through sudo
/// would be out of the user's reach.
///
/// # Errors
/// kafstack was started through sudo.
fn refuse_sudo(session: &Session) -> Result<(), Failure> {
    match &session.environment.sudo_user {
        Some(user) if !session.global.rehearse => {
            let message = format!(
                "kafstack must not run through sudo (it was `{}` who called it)",
                user.escape_debug()
            );
            Err(Failure::new(Id::RunThroughSudo, message)
                .hint("run it as yourself; it asks before it runs anything with sudo"))
        }
        _ => Ok(()),
    }
}

/// Asks before something is destroyed; `--yes` answers.
///
/// # Errors
/// The answer was no, or there is nobody to ask.
fn confirm(session: &Session, yes: bool, question: &str, otherwise: &str) -> Result<(), Failure> {
    if yes || session.terminal.ask(question) {
        return Ok(());
    }
    let failure = Failure::new(Id::NotConfirmed, otherwise);
    Err(match session.terminal.can_ask() {
        true => failure,
        false => {
            failure.expected("an answer on a terminal, or `--yes`").hint("the same with `--yes` asks nothing")
        }
    })
}

/// Prints a JSON document, two spaces an indent.
fn print_json(session: &Session, document: &serde_json::Value) {
    session.terminal.data(&format!("{document:#}\n"));
}

/// Prints a JSON document with the secrets in it: the user asked for them.
fn disclose_json(session: &Session, document: &serde_json::Value) {
    session.terminal.disclose(&format!("{document:#}\n"));
}
