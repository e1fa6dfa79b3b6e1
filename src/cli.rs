//! The command line: types only. Their doc comments are the help text. `environment` is what there is beside it.
//!
//! What the options mean is decided in `commands` and `config`; here they are only told apart.
//!
//! Every start builds this, a start that only learns that another is at work as well. So a command's own options are
//! built only when it is the one that was typed (`defer`).

#![allow(
    clippy::missing_docs_in_private_items,
    reason = "what a command does is said once, at its variant: a doc comment of the type behind it would replace that in its help"
)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::failure::{Failure, Id};

mod demo;
mod environment;
mod foresight;
mod kafka;
mod messages;
mod neighbours;
mod record;
mod shared;
mod stack;
mod users;

pub use demo::Demo;
pub use environment::{Environment, color_choice, environment};
pub use foresight::{Config, ConfigFormat, Doctor, Explain, Plan, PlanFormat};
pub use kafka::{
    Connect, Disconnect, Shell, Topic, TopicAlter, TopicCreate, TopicDelete, TopicDescribe, TopicList,
};
pub use messages::{Admin, AdminShow, Consume, Group, GroupDescribe, GroupList, Produce};
pub use neighbours::{Add, NeighbourName, Remove};
pub use record::{Bundle, Logs};
pub use shared::{Consent, Shown, TableFormat};
pub use stack::{Down, Status, Up};
pub use users::{
    ClientConfig, ClientFormat, Role, Scale, Tls, TlsCa, TlsDisable, TlsEnable, User, UserCreate, UserDelete,
    UserList, UserRotate, UserShow,
};

/// Kafka on MicroStack on your laptop, brought up step by step, each step checked.
///
/// kafstack makes one Multipass VM and builds in it: OpenStack (by Sunbeam), a Juju controller on LXD, ZooKeeper and
/// Kafka. Every command can be stopped and repeated; `up` always goes on where the stack really is.
#[derive(Debug, Parser)]
#[command(name = "kafstack", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  kafstack up --rehearse              watch the whole journey on a simulated laptop first
  kafstack doctor                     can this laptop do it?
  kafstack up --preset kraft          the smallest stack: Kafka 4, no OpenStack
  kafstack status --watch             what is there, what is missing
  kafstack down                       destroy the VM, and nothing else

An option beats its environment twin, which is shown beside it. Exit codes: 0 done, 1 a bug, 2 usage
or configuration, 3 the laptop, 4 a command failed, 5 not in time, 6 broken, 7 not ready, 8 locked.")]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// clap's own: wrong usage (exit code 2), or the text that `--help` and `--version` ask for.
    pub fn read(line: Vec<OsString>) -> Result<Cli, clap::Error> {
        let line = topic_options(line);
        let mut command = Cli::command();
        let matches = command.try_get_matches_from_mut(&line)?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        if cli.global.quiet && cli.global.verbose > 0 {
            match (typed("quiet"), typed("verbose")) {
                (true, true) => {
                    let message = "--quiet and --verbose do not go together";
                    return Err(command.error(ErrorKind::ArgumentConflict, message));
                }
                (false, true) => cli.global.quiet = false,
                _ => cli.global.verbose = 0,
            }
        }
        // Of a global option given both before and after the command, clap keeps one place only. Values beginning
        // with a hyphen are refused by clap, so a word `--set` that it let pass is this option.
        let words = line.iter().map(|word| word.to_string_lossy());
        let mut words = words.take_while(|word| word != "--");
        cli.global.set.clear();
        while let Some(word) = words.next() {
            let value = match word.strip_prefix("--set") {
                Some("") => words.next().map(|value| value.into_owned()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            cli.global.set.extend(value.and_then(|value| setting(&value).ok()));
        }
        Ok(cli)
    }

    /// The whole definition, for whoever reads it.
    #[cfg(test)]
    pub fn definition() -> clap::Command {
        let mut command = Cli::command();
        command.build();
        command
    }
}

/// `--config` is a file for every command, and an option of the topic for whoever knows Kafka's own tools: after
/// `topic create` and `topic alter`, a `KEY=VALUE` is the latter.
fn topic_options(mut line: Vec<OsString>) -> Vec<OsString> {
    let is = |word: &OsString, wanted: &[&str]| wanted.iter().any(|w| word.to_str() == Some(w));
    let shapes = |pair: &[OsString]| is(&pair[0], &["topic"]) && is(&pair[1], &["create", "alter"]);
    let Some(at) = line.windows(2).position(shapes) else { return line };
    for index in at + 2..line.len() {
        let following = line.get(index + 1).is_some_and(|value| value.to_string_lossy().contains('='));
        let word = line[index].to_string_lossy().into_owned();
        match word.strip_prefix("--config") {
            Some("") if following => line[index] = "--option".into(),
            Some(value) if value.starts_with('=') && value[1..].contains('=') => {
                line[index] = format!("--option{value}").into()
            }
            _ => {}
        }
    }
    line
}

/// The options that every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// The configuration file [default: ./kafstack.yaml, else kafstack/config.yaml in the XDG configuration folder]
    #[arg(long, global = true, value_name = "FILE", env = "KAFSTACK_CONFIG", hide_env_values = true)]
    #[arg(help_heading = "Configuration")]
    pub config: Option<PathBuf>,

    /// The starting point: microstack, single, kafka, kraft or jammy [env: KAFSTACK_PRESET]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Configuration")]
    pub preset: Option<String>,

    /// One value, such as `kafka.units=3`; may be given several times [env: KAFSTACK_SET, separated by `;`]
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = setting, help_heading = "Configuration")]
    pub set: Vec<Setting>,

    /// Say more on stderr; twice: still more
    #[arg(short, long, global = true, action = ArgAction::Count, env = "KAFSTACK_VERBOSE", hide_env_values = true)]
    #[arg(help_heading = "Output")]
    pub verbose: u8,

    /// Say only what was asked for, warnings and errors
    #[arg(
        short,
        long,
        global = true,
        env = "KAFSTACK_QUIET",
        hide_env_values = true,
        help_heading = "Output"
    )]
    #[arg(value_parser = FalseyValueParser::new())]
    pub quiet: bool,

    /// Colours; `auto` also listens to NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_name = "WHEN", env = "KAFSTACK_COLOR", hide_env_values = true)]
    #[arg(default_value = "auto", help_heading = "Output")]
    pub color: ColorChoice,

    /// Work on a simulated laptop: nothing is installed, started or deleted
    #[arg(
        long,
        global = true,
        env = "KAFSTACK_REHEARSE",
        hide_env_values = true,
        help_heading = "Rehearsal"
    )]
    #[arg(value_parser = FalseyValueParser::new())]
    pub rehearse: bool,

    /// The same seed gives the same events
    #[arg(long, global = true, value_name = "N", env = "KAFSTACK_SEED", hide_env_values = true)]
    #[arg(help_heading = "Rehearsal")]
    pub seed: Option<u64>,

    /// Play at so many times real time instead of at once
    #[arg(long, global = true, value_name = "N", env = "KAFSTACK_SPEED", hide_env_values = true)]
    #[arg(help_heading = "Rehearsal", value_parser = speed)]
    pub speed: Option<f64>,

    /// A file with faults to plant
    #[arg(long, global = true, value_name = "FILE", env = "KAFSTACK_SCENARIO", hide_env_values = true)]
    #[arg(help_heading = "Rehearsal")]
    pub scenario: Option<PathBuf>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Bring the stack to ready, step by step; resumes and repairs
    Up(Up),
    /// Destroy the VM that `up` made, and nothing else
    Down(Down),
    /// Show the checkpoints, then the Juju model
    Status(Status),
    /// Tell the whole story on a ready stack: a user, a topic, messages sent and read, then again over TLS
    Demo(Demo),
    /// Topics
    #[command(subcommand)]
    Topic(Topic),
    /// Consumer groups and how far they have read
    #[command(subcommand)]
    Group(Group),
    /// Send the lines of standard input to a topic, each as a message
    Produce(Produce),
    /// Print the messages of a topic as they come
    Consume(Consume),
    /// The cluster's own admin account
    #[command(subcommand)]
    Admin(Admin),
    /// Users of Kafka
    #[command(subcommand)]
    User(User),
    /// Print ready-made client settings for a user
    ClientConfig(ClientConfig),
    /// Encryption
    #[command(subcommand)]
    Tls(Tls),
    /// Add or remove units of Kafka and ZooKeeper
    Scale(Scale),
    /// Add an application beside Kafka: Kafka Connect, Kafka UI or Karapace
    Add(Add),
    /// Remove an application that `add` put beside Kafka; asks first
    Remove(Remove),
    /// Reach the brokers from this laptop
    Connect(Connect),
    /// Take back what `connect` did
    Disconnect(Disconnect),
    /// Open a shell in the VM, or in a unit
    Shell(Shell),
    /// Show what happened in a run, and all that the tools said
    Logs(Logs),
    /// Pack what a bug report needs into one file, without secrets; sends nothing
    Bundle(Bundle),
    /// Show the steps with their exact commands and checkpoints; changes nothing
    Plan(Plan),
    /// Ask whether this laptop can carry the stack
    Doctor(Doctor),
    /// Show, write or check the configuration
    #[command(subcommand)]
    Config(Config),
    /// Explain a failure by its id, or what a tool said
    Explain(Explain),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  kafstack completions bash > ~/.local/share/bash-completion/completions/kafstack"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  kafstack man | man -l -")]
    Man,
}

/// Formats of prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// One `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Reads a `KEY=VALUE`.
fn setting(text: &str) -> Result<Setting, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok(Setting { key: key.trim().to_owned(), value: value.trim().to_owned() })
        }
        _ => Err("expected KEY=VALUE, such as `kafka.units=3`".to_owned()),
    }
}

/// Reads a duration such as `90s`, `10m`, `1h30m`.
///
/// # Errors
/// What would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.trim()
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|d| Duration::try_from(d).ok())
        .filter(|d| d.as_secs() > 0 && d.subsec_nanos() == 0)
        .ok_or_else(|| {
            "a duration in whole seconds, minutes or hours such as `90s`, `10m` or `1h30m`".to_owned()
        })
}

/// Reads the rehearsal's speed.
fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 1e6 => Ok(speed),
        _ => Err("expected a number above 0, such as 60".to_owned()),
    }
}

impl Global {
    /// Checks what clap cannot say: the rehearsal's options need the rehearsal, wherever each was given.
    ///
    /// # Errors
    /// [`Id::Usage`], naming the option.
    pub fn check(&self) -> Result<(), Failure> {
        let given = [
            ("--seed", self.seed.is_some()),
            ("--speed", self.speed.is_some()),
            ("--scenario", self.scenario.is_some()),
        ];
        match given.iter().find(|(_, given)| *given && !self.rehearse) {
            Some((option, _)) => {
                let variable = format!("KAFSTACK_{}", option.trim_start_matches('-').to_uppercase());
                Err(Failure::new(
                    Id::Usage,
                    format!("{option} ({variable}) means nothing without --rehearse"),
                )
                .hint("add `--rehearse`, or set KAFSTACK_REHEARSE=1"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<Cli, clap::Error> {
        Cli::read(std::iter::once("kafstack").chain(args.split_whitespace()).map(OsString::from).collect())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_the_commands_of_this_release_are_there() {
        let command = Cli::definition();
        let names: Vec<_> =
            command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
        assert_eq!(
            names,
            [
                "up",
                "down",
                "status",
                "demo",
                "topic",
                "group",
                "produce",
                "consume",
                "admin",
                "user",
                "client-config",
                "tls",
                "scale",
                "add",
                "remove",
                "connect",
                "disconnect",
                "shell",
                "logs",
                "bundle",
                "plan",
                "doctor",
                "config",
                "explain",
                "completions",
                "man"
            ]
        );
        assert!(command.get_subcommands().all(|c| !c.is_hide_set()));
        assert!(
            command.get_subcommands().chain([&command]).all(|c| c.get_arguments().all(|a| !a.is_hide_set()))
        );
    }

    #[test]
    fn a_doc_comment_of_the_type_behind_a_command_does_not_replace_its_help() {
        fn same(said: &clap::Command, built: &clap::Command) {
            for command in said.get_subcommands() {
                let built = built.find_subcommand(command.get_name()).unwrap();
                let about = |c: &clap::Command| c.get_about().map(ToString::to_string);
                assert!(command.get_about().is_some(), "{}", built.get_display_name().unwrap_or_default());
                assert_eq!(about(command), about(built));
                same(command, built);
            }
        }
        same(&Cli::command(), &Cli::definition());
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        let cli = parse("--set kafka.units=1 --preset=single up --set=a=b=c --preset kraft -vv").unwrap();
        assert_eq!(cli.global.preset.as_deref(), Some("kraft"));
        assert_eq!(cli.global.verbose, 2);
        let set: Vec<_> = cli.global.set.iter().map(|s| (s.key.as_str(), s.value.as_str())).collect();
        assert_eq!(set, [("kafka.units", "1"), ("a", "b=c")]);
    }

    #[test]
    fn kafkas_own_word_for_an_option_is_understood_after_topic() {
        let cli = parse("--config a.yaml topic create orders --config retention.ms=1 --config=segment.ms=2")
            .unwrap();
        assert_eq!(cli.global.config.as_deref(), Some(std::path::Path::new("a.yaml")));
        let Command::Topic(Topic::Create(create)) = cli.command else { panic!() };
        assert_eq!(create.options, ["retention.ms=1", "segment.ms=2"]);
    }

    #[test]
    fn what_does_not_fit_is_a_usage_error() {
        for args in [
            "up --until make-coffee",
            "up --set units",
            "up --set =3",
            "demo --messages 0",
            "demo --clean --messages 3",
            "status --format yaml",
            "status --interval 0",
            "status --timeout 10m",
            "status --until-ready --timeout soon",
            "up -q -v",
            "explain --format yaml",
            "up --speed 0",
        ] {
            assert_eq!(parse(args).unwrap_err().exit_code(), 2, "{args}");
        }
    }

    #[test]
    fn options_of_the_rehearsal_need_the_rehearsal() {
        for args in ["up --seed 1", "up --speed 60", "status --scenario faults.yaml"] {
            let failure = parse(args).unwrap().global.check().unwrap_err();
            assert_eq!(failure.id, Id::Usage, "{args}");
            assert!(failure.message.contains("--rehearse"), "{failure}");
        }
        assert!(parse("up --rehearse --seed 1 --speed 60").unwrap().global.check().is_ok());
        assert!(parse("up").unwrap().global.check().is_ok());
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("150m"), Ok(9000));
        for wrong in ["", "10", "soon", "-5m", "0s", "1.5s", "1mo"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
