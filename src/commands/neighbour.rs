//! `kafstack add` and `kafstack remove`: the applications beside Kafka. Their passwords go to standard output when the
//! user asks for it, and nowhere else.

use serde_json::json;

use super::session::Session;
use super::stack::{self, Stack};
use crate::cli::{Add, NeighbourName, Remove, TableFormat};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::host::secret::Secret;
use crate::plan::Plan;
use crate::report::table::Table;
use crate::step::Step;
use crate::steps::move_record::MoveRecord;
use crate::steps::neighbour::{
    DeployNeighbour, DetachNeighbour, ForgetPassword, HandPassword, IntegrateNeighbour, RemoveNeighbour,
    secret_id,
};
use crate::steps::rotate_admin::of_charm;
use crate::tools::actions::{self, Answer};
use crate::tools::juju_secrets as secrets;
use crate::tools::juju_status::Status;
use crate::tools::neighbours::Neighbour;

/// How long a password is that kafstack makes.
const LENGTH: usize = 32;

/// The one of that name.
fn named(name: NeighbourName) -> Neighbour {
    match name {
        NeighbourName::KafkaConnect => Neighbour::KafkaConnect,
        NeighbourName::KafkaUi => Neighbour::KafkaUi,
        NeighbourName::Karapace => Neighbour::Karapace,
    }
}

/// The application of that name must be the one meant.
fn not_foreign(status: &Status, neighbour: Neighbour) -> Result<(), Failure> {
    let name = neighbour.name();
    match status.application(name) {
        Some(application) if application.charm_name != name => Err(Failure::new(
            Id::ApplicationDiffers,
            format!("the application `{name}` is not the one meant"),
        )
        .expected(format!("the charm {name}"))
        .seen(format!("the charm {}", application.charm_name))),
        _ => Ok(()),
    }
}

/// `kafstack add`.
///
/// # Errors
/// The stack is not ready or encrypted, or the application did not come up.
pub fn add(session: &Session, args: &Add) -> Result<u8, Failure> {
    let neighbour = named(args.name);
    let name = neighbour.name();
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let there = stack.look_at_model(session, move |_, status| {
        not_foreign(&status, neighbour)?;
        Ok(status.application(name).is_some_and(|application| application.life.is_empty()))
    })?;
    if !there {
        session.terminal.note(&format!(
            "`{name}` needs about {} of the VM's memory (an estimate, not measured)",
            neighbour.memory()
        ));
    }
    if neighbour == Neighbour::KafkaConnect {
        session.terminal.note(
            "not verified on a real stack: Kafka Connect's channel 4/edge, and the connector that writes a record",
        );
    }
    let acted = stack.change_model(session, "add", move |hosts, status| {
        not_foreign(&status, neighbour)?;
        if let Some(authority) = crate::tools::certificates::authority_of(&status, "kafka") {
            return Err(Failure::new(Id::Usage, format!("`{name}` cannot be added to an encrypted Kafka"))
                .expected("connections without encryption: kafstack gives neighbours no certificates")
                .seen(format!("the certificates of kafka come from `{authority}`")));
        }
        // Half of it added may be why Kafka is not ready, and going on is the cure.
        if status.application(name).is_none() {
            stack::ready(hosts, &config)?;
        }
        let mut steps: Vec<Box<dyn Step>> = vec![
            Box::new(DeployNeighbour { config: config.clone(), neighbour }),
            Box::new(IntegrateNeighbour { config: config.clone(), neighbour }),
        ];
        if let Some(secret) = neighbour.secret() {
            let password = Secret::random(LENGTH).map_err(|error| {
                Failure::new(Id::Unexpected, "the system gives no random numbers").seen(error.to_string())
            })?;
            steps.push(Box::new(HandPassword { config: config.clone(), neighbour, secret, password }));
            if neighbour == Neighbour::KafkaConnect {
                steps.push(Box::new(MoveRecord::new(config, secret)));
            }
        }
        Ok(Plan::of(steps))
    })?;
    if !acted {
        session.terminal.note(&format!("`{name}` is there already: nothing to do"));
    }
    show(session, &stack, neighbour, args)
}

/// Asks for its password.
fn password(hosts: &Hosts<'_>, config: &Config, neighbour: Neighbour) -> Result<Secret, Failure> {
    let doing = "Ask for the password";
    let target = config.juju.target();
    let answer = match neighbour.secret() {
        Some(secret) => {
            let line = secrets::show(&target, secret);
            hosts.vm.ask(&line).and_then(|output| secrets::parse_show(&line, output, neighbour.username()))
        }
        None => {
            let line = actions::read(&target, &format!("{}/leader", neighbour.name()), "get-password")
                .confidential();
            let answer = hosts.vm.ask(&line).and_then(|output| actions::parse(&line, output));
            match answer {
                Ok(Answer::Completed(results)) => {
                    Ok(results.get("password").and_then(|value| value.as_str()).map(Secret::new))
                }
                Ok(Answer::Refused(why)) => return Err(Failure::new(Id::ActionFailed, doing).seen(why)),
                Err(error) => Err(error),
            }
        }
    };
    answer
        .map_err(|error| of_charm(doing, &error))?
        .ok_or_else(|| Failure::new(Id::ActionFailed, doing).seen("there is no password in the answer"))
}

/// Says where it answers and who may ask. A password that was not asked for is not even fetched.
fn show(session: &Session, stack: &Stack, neighbour: Neighbour, args: &Add) -> Result<u8, Failure> {
    let config = stack.config.clone();
    let reveal = args.reveal;
    let (url, password) = stack.look_at_model(session, move |hosts, status| {
        let (_, address) = neighbour
            .unit(&status)
            .ok_or_else(|| Failure::new(Id::NotReady, format!("`{}` has no address", neighbour.name())))?;
        let password = reveal.then(|| password(hosts, &config, neighbour)).transpose()?;
        Ok((neighbour.url(&address), password))
    })?;
    let kept = match neighbour.secret() {
        Some(secret) => format!("in the Juju secret `{secret}`"),
        None => format!("with the charm, action `get-password` of {}/leader", neighbour.name()),
    };
    match args.shown.format {
        TableFormat::Json => {
            let document = json!({ "schema": "kafstack/add/v1", "rehearsal": session.global.rehearse,
                "name": neighbour.name(), "url": url, "username": neighbour.username(),
                "password": password.as_ref().map(Secret::reveal), "password_kept": kept });
            super::disclose_json(session, &document);
        }
        TableFormat::Table => {
            let password = password.as_ref().map_or("(hidden; --reveal shows it)", Secret::reveal);
            let mut table = Table::bare();
            table.row(["URL".into(), url.as_str().into()]);
            table.row(["Username".into(), neighbour.username().into()]);
            table.row(["Password".into(), password.into()]);
            table.row(["Kept".into(), kept.as_str().into()]);
            session.terminal.disclose(&table.to_string());
        }
    }
    session.advise("that address is inside the VM; `kafstack connect` makes a way to it from this laptop");
    if neighbour == Neighbour::KafkaUi {
        session.terminal.note("its certificate is self-signed: a browser asks before it shows the page");
    }
    Ok(0)
}

/// `kafstack remove`, after asking.
///
/// # Errors
/// It is not there, the answer was no, or it did not go away.
pub fn remove(session: &Session, args: &Remove) -> Result<u8, Failure> {
    let neighbour = named(args.name);
    let name = neighbour.name();
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let anything = stack.look_at_model(session, move |hosts, status| {
        not_foreign(&status, neighbour)?;
        // Of a removal that was interrupted the password may be left.
        let kept = match neighbour.secret() {
            Some(secret) => secret_id(hosts, &config, secret)
                .map_err(|error| Failure::of_command("Juju could not be asked for its secrets", &error))?
                .is_some(),
            None => false,
        };
        Ok(kept || status.application(name).is_some())
    })?;
    if !anything {
        if args.if_exists {
            session.terminal.note(&format!("there is no `{name}`: nothing to remove"));
            return Ok(0);
        }
        return Err(Failure::new(Id::Usage, format!("there is no `{name}`"))
            .hint(format!("`kafstack add {name}` adds it"))
            .hint("with `--if-exists` that is no failure"));
    }
    let what = match neighbour {
        Neighbour::KafkaConnect => "its connectors stop, its password is forgotten",
        Neighbour::KafkaUi => "its password is forgotten",
        Neighbour::Karapace => "nobody serves the schemas that it kept",
    };
    session.terminal.note(&format!(
        "this removes the application `{name}` with its container: {what}; the topics that it wrote stay"
    ));
    super::confirm(
        session,
        args.consent.yes,
        &format!("Remove `{name}`?"),
        &format!("`{name}` was not removed"),
    )?;
    let config = stack.config.clone();
    stack.change_model(session, "remove", move |_, status| {
        not_foreign(&status, neighbour)?;
        let mut steps: Vec<Box<dyn Step>> = vec![
            Box::new(DetachNeighbour { config: config.clone(), neighbour }),
            Box::new(RemoveNeighbour { config: config.clone(), neighbour }),
        ];
        if let Some(secret) = neighbour.secret() {
            steps.push(Box::new(ForgetPassword { config, secret }));
        }
        Ok(Plan::of(steps))
    })?;
    Ok(0)
}
