//! `kafstack user`: who may use Kafka. Each user is an application of the data-integrator charm.

use serde_json::{Value, json};

use super::session::Session;
use super::stack::{self, Stack};
use super::topic;
use crate::cli::{Role, TableFormat, User as Args, UserCreate, UserDelete, UserList, UserRotate, UserShow};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::plan::Plan;
use crate::report::table::{Cell, Table};
use crate::step::Step;
use crate::steps::topic::{ShapeTopic, Wish};
use crate::steps::user::{DeleteUser, DeployUser, DetachUser, IntegrateUser, credentials, is_related};
use crate::tools::data_integrator::{self, Credentials, User};
use crate::tools::juju_changes;
use crate::tools::juju_status::{Application, Status};
use crate::topic_rules;

/// `kafstack user`.
///
/// # Errors
/// The stack is not ready, there is no such user or another one, or what was asked for did not happen.
pub fn user(session: &Session, args: &Args) -> Result<u8, Failure> {
    match args {
        Args::Create(args) => create(session, args),
        Args::List(args) => list(session, args),
        Args::Show(args) => show(session, args),
        Args::Rotate(args) => rotate(session, args),
        Args::Delete(args) => delete(session, args),
    }
}

/// There is none.
pub fn unknown(name: &str) -> Failure {
    Failure::new(Id::UserUnknown, format!("there is no user `{name}`"))
        .hint("`kafstack user list` shows those there are")
        .hint(format!("`kafstack user create {name} --topic TOPIC` makes it"))
}

/// A name that can be a user's.
///
/// # Errors
/// It cannot.
pub fn checked_name(name: &str) -> Result<String, Failure> {
    if data_integrator::is_name(name) {
        return Ok(name.to_owned());
    }
    Err(Failure::new(Id::Usage, format!("a user cannot be called `{}`", name.escape_debug())).expected(
        "lower-case letters, digits and hyphens, at most 40; each word between hyphens holds a letter, since Juju names applications so",
    ))
}

/// The settings of the application of that user, as they are.
///
/// # Errors
/// Juju could not be asked.
pub fn described(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<User, Failure> {
    let line = juju_changes::config(&config.juju.target(), &data_integrator::application(name));
    let options = hosts.vm.ask(&line).and_then(|output| juju_changes::parse_config(&line, output));
    let options =
        options.map_err(|error| Failure::of_command("The user's settings could not be asked for", &error))?;
    Ok(User::of(name, &options))
}

/// The application of that user in the model, alive or on its way out.
///
/// # Errors
/// There is one of that name that is no user.
fn find<'a>(status: &'a Status, name: &str) -> Result<Option<&'a Application>, Failure> {
    let application = data_integrator::application(name);
    match status.application(&application) {
        Some(found) if data_integrator::user_of(&application, found).is_none() => {
            Err(Failure::new(Id::ApplicationDiffers, format!("the application `{application}` is no user"))
                .expected(format!("the charm {}", data_integrator::CHARM))
                .seen(format!("the charm {}", found.charm_name)))
        }
        found => Ok(found),
    }
}

/// A user's credentials, which must be there.
///
/// # Errors
/// They are not, or could not be asked for.
pub fn must_have_credentials(hosts: &Hosts<'_>, config: &Config, name: &str) -> Result<Credentials, Failure> {
    credentials(hosts, &config.juju.target(), name)
        .map_err(|error| Failure::of_command("The user's credentials could not be asked for", &error))?
        .map_err(|why| {
            Failure::new(Id::NotReady, format!("the user `{name}` has no credentials"))
                .seen(why)
                .hint(format!("`kafstack user create {name}` with the same settings finishes it"))
                .hint("`kafstack user list` shows its state")
        })
}

/// How the user is to be.
fn wanted(args: &UserCreate) -> Result<User, Failure> {
    let name = checked_name(&args.name)?;
    let topic = topic_rules::name(&args.topic)?;
    let mut roles = args.role.clone();
    roles.sort();
    roles.dedup();
    if roles.contains(&Role::Admin) && roles.len() > 1 {
        return Err(Failure::new(Id::Usage, "the role `admin` stands alone: it may everything already"));
    }
    if let Some(prefix) = &args.group_prefix {
        if !roles.contains(&Role::Consumer) {
            return Err(Failure::new(Id::Usage, "--group-prefix means nothing without the role `consumer`"));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !(1..=100).contains(&prefix.len()) || !prefix.chars().all(legal) {
            let message = format!("a group prefix cannot be `{}`", prefix.escape_debug());
            return Err(Failure::new(Id::Usage, message).expected("letters, digits, `.`, `_` and `-`"));
        }
    }
    let role = |role: &Role| match role {
        Role::Producer => "producer".to_owned(),
        Role::Consumer => "consumer".to_owned(),
        Role::Admin => "admin".to_owned(),
    };
    let roles = roles.iter().map(role).collect();
    Ok(User { name, topic, roles, group_prefix: args.group_prefix.clone() })
}

/// Makes one.
fn create(session: &Session, args: &UserCreate) -> Result<u8, Failure> {
    let user = wanted(args)?;
    let name = user.name.clone();
    let create_topic = args.create_topic;
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let acted = stack.change_model(session, "user create", move |hosts, status| {
        let mut steps: Vec<Box<dyn Step>> = Vec::new();
        if find(&status, &user.name)?.is_some_and(|application| application.life.is_empty()) {
            let there = described(hosts, &config, &user.name)?;
            if there != user {
                return Err(Failure::new(
                    Id::UserExists,
                    format!("there is a user `{}` with other settings", user.name),
                )
                .expected(user.to_string())
                .seen(there.to_string())
                .hint(format!("`kafstack user delete {}`, then create it anew", user.name))
                .hint("or choose another name"));
            }
        } else {
            steps.extend(topic_for(hosts, &config, &user.topic, create_topic)?);
        }
        let integrate = IntegrateUser { config: config.clone(), user: user.name.clone(), other_than: None };
        steps.push(Box::new(DeployUser { config, user }));
        steps.push(Box::new(integrate));
        Ok(Plan::of(steps))
    })?;
    if !acted {
        session.terminal.note(&format!("there is a user `{name}` with these settings: nothing to do"));
    }
    next(session, &name);
    Ok(0)
}

/// The step that makes the topic, if it is missing and may be made.
///
/// # Errors
/// It is missing and may not; or Kafka is not ready.
fn topic_for(
    hosts: &Hosts<'_>,
    config: &Config,
    name: &str,
    create: bool,
) -> Result<Option<Box<dyn Step>>, Failure> {
    let ready = stack::ready(hosts, config)?;
    let there = crate::steps::topic::look(hosts, &ready.cluster, name)
        .map_err(|error| Failure::of_command("The brokers could not be asked about the topic", &error))?;
    match there {
        Some(_) => Ok(None),
        None if !create => Err(topic::unknown(name).hint("`--create-topic` makes it along with the user")),
        None => {
            let replication = u32::try_from(ready.cluster.brokers.len()).unwrap_or(u32::MAX).min(3);
            let wish = Wish { name: name.to_owned(), partitions: Some(1), replication, configs: Vec::new() };
            let vm = config.vm.name.clone();
            Ok(Some(Box::new(ShapeTopic { cluster: ready.cluster, vm, wish, create: true })))
        }
    }
}

/// Says what to type next.
fn next(session: &Session, name: &str) {
    session.advise(&format!("next: `kafstack client-config --user {name}` prints a client's settings"));
}

/// A user's state in a word or a few.
fn state(status: &Status, name: &str, application: &Application) -> String {
    if !application.life.is_empty() {
        return "being removed".to_owned();
    }
    if !is_related(status, name) {
        return "not integrated".to_owned();
    }
    match application.living_units().first() {
        None => "no unit".to_owned(),
        Some((_, unit)) if unit.workload_status.current == "active" => "ready".to_owned(),
        Some((_, unit)) => {
            let workload = &unit.workload_status;
            let words = format!("{}: {}", workload.current, workload.message);
            crate::text::one_line(words.trim_end_matches(": "))
        }
    }
}

/// Lists them.
fn list(session: &Session, args: &UserList) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let all = stack.look_at_model(session, move |hosts, status| {
        let users = data_integrator::users(&status).into_iter();
        users
            .map(|(name, application)| {
                Ok((described(hosts, &config, name)?, state(&status, name, application)))
            })
            .collect::<Result<Vec<(User, String)>, Failure>>()
    })?;
    match args.shown.format {
        TableFormat::Json => {
            let users: Vec<Value> = all.iter().map(|(user, state)| settings_json(user, state)).collect();
            let document = json!({ "schema": "kafstack/user-list/v1", "rehearsal": session.global.rehearse, "users": users });
            super::print_json(session, &document);
        }
        TableFormat::Table if all.is_empty() => session.terminal.note("there are no users yet"),
        TableFormat::Table => {
            let mut table = Table::new(["User", "Topic", "Roles", "Group prefix", "State"]);
            for (user, state) in &all {
                let prefix = user.group_prefix.as_deref().unwrap_or_default();
                table.row([
                    user.name.as_str().into(),
                    user.topic.as_str().into(),
                    user.roles.join(",").into(),
                    prefix.into(),
                    state.as_str().into(),
                ]);
            }
            session.terminal.data(&table.to_string());
        }
    }
    Ok(0)
}

/// A user's settings for programs.
fn settings_json(user: &User, state: &str) -> Value {
    json!({
        "name": user.name,
        "application": data_integrator::application(&user.name),
        "topic": user.topic,
        "roles": user.roles,
        "group_prefix": user.group_prefix,
        "state": state,
    })
}

/// Shows one.
fn show(session: &Session, args: &UserShow) -> Result<u8, Failure> {
    let name = checked_name(&args.name)?;
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let (user, state, credentials) = stack.look_at_model(session, move |hosts, status| {
        let application = find(&status, &name)?.ok_or_else(|| unknown(&name))?;
        let user = described(hosts, &config, &name)?;
        let state = state(&status, &name, application);
        let credentials = if is_related(&status, &name) {
            credentials(hosts, &config.juju.target(), &name)
                .map_err(|error| {
                    Failure::of_command("The user's credentials could not be asked for", &error)
                })?
                .ok()
        } else {
            None
        };
        Ok((user, state, credentials))
    })?;
    let password = credentials.as_ref().filter(|_| args.reveal).map(|c| c.password.reveal());
    match args.shown.format {
        TableFormat::Json => {
            let mut shown = settings_json(&user, &state);
            shown["credentials"] = credentials.as_ref().map_or(Value::Null, |c| {
                json!({
                    "endpoints": c.endpoints.split(',').collect::<Vec<_>>(),
                    "username": c.username,
                    "password": password,
                    "group_prefix": c.group_prefix,
                    "tls": c.tls,
                })
            });
            let document = json!({ "schema": "kafstack/user-show/v1", "rehearsal": session.global.rehearse, "user": shown });
            super::disclose_json(session, &document);
        }
        TableFormat::Table => {
            let mut table = Table::bare();
            let mut row = |key: &str, value: &str| table.row([Cell::from(key), Cell::from(value)]);
            row("user", &user.name);
            row("topic", &user.topic);
            row("roles", &user.roles.join(","));
            row("state", &state);
            if let Some(c) = &credentials {
                row("brokers", &c.endpoints.replace(',', ", "));
                row("name in Kafka", &c.username);
                row("password", password.unwrap_or("(hidden; `--reveal` shows it)"));
                if !c.group_prefix.is_empty() {
                    row("groups begin with", &c.group_prefix);
                }
                row("encrypted", if c.tls { "yes" } else { "no" });
            }
            session.terminal.disclose(&table.to_string());
        }
    }
    Ok(0)
}

/// Gives one other credentials.
fn rotate(session: &Session, args: &UserRotate) -> Result<u8, Failure> {
    let name = checked_name(&args.name)?;
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let looked = name.clone();
    let user = {
        let config = config.clone();
        stack.look_at_model(session, move |hosts, status| {
            find(&status, &looked)?
                .filter(|application| application.life.is_empty())
                .ok_or_else(|| unknown(&looked))?;
            described(hosts, &config, &looked)
        })?
    };
    let groups = match &user.group_prefix {
        Some(prefix) => format!("its consumer groups still begin with `{prefix}`"),
        None if user.roles.iter().any(|role| role == "consumer") => {
            "the prefix of its consumer groups changes too, so what they have read so far is out of reach"
                .to_owned()
        }
        None => "it has no consumer groups".to_owned(),
    };
    session.terminal.note(&format!(
        "this gives `{name}` another name in Kafka and another password; the old ones stop working at once; {groups}"
    ));
    let rotated = name.clone();
    stack.change_model(session, "user rotate", move |hosts, status| {
        find(&status, &rotated)?.ok_or_else(|| unknown(&rotated))?;
        // Without the relation an earlier rotation was interrupted: there is nothing old left.
        let other_than = if is_related(&status, &rotated) {
            stack::ready(hosts, &config)?;
            let old = credentials(hosts, &config.juju.target(), &rotated);
            let old = old.map_err(|error| {
                Failure::of_command("The user's credentials could not be asked for", &error)
            })?;
            old.ok().map(|credentials| credentials.username)
        } else {
            None
        };
        Ok(Plan::of([
            Box::new(DetachUser { config: config.clone(), user: rotated.clone() }) as Box<dyn Step>,
            Box::new(IntegrateUser { config, user: rotated, other_than }),
        ]))
    })?;
    next(session, &name);
    Ok(0)
}

/// Deletes one, after asking.
fn delete(session: &Session, args: &UserDelete) -> Result<u8, Failure> {
    let name = checked_name(&args.name)?;
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let looked = name.clone();
    let there = stack.look_at_model(session, move |hosts, status| {
        Ok(match find(&status, &looked)? {
            Some(_) => Some(described(hosts, &config, &looked)?),
            None => None,
        })
    })?;
    let Some(user) = there else {
        if args.if_exists {
            session.terminal.note(&format!("there is no user `{name}`: nothing to delete"));
            return Ok(0);
        }
        return Err(unknown(&name));
    };
    session.terminal.note(&format!(
        "this deletes the user `{name}` with its password and its rights; the topic `{}` and its messages stay",
        user.topic
    ));
    super::confirm(
        session,
        args.consent.yes,
        &format!("Delete `{name}`?"),
        &format!("the user `{name}` was not deleted"),
    )?;
    let config = stack.config.clone();
    stack.change_model(session, "user delete", move |_, _| {
        Ok(Plan::of([
            Box::new(DetachUser { config: config.clone(), user: name.clone() }) as Box<dyn Step>,
            Box::new(DeleteUser { config, user: name }),
        ]))
    })?;
    Ok(0)
}
