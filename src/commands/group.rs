//! `kafstack group`: groups of consumers and what they have still to read. Only looks.

use serde_json::json;

use super::session::Session;
use super::stack::Stack;
use crate::cli::{Group, GroupDescribe, GroupList, TableFormat};
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::message_rules;
use crate::report::group_table;
use crate::tools::juju;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_groups::{self as groups, Group as Described};

/// `kafstack group`.
///
/// # Errors
/// The stack is not ready, or there is no such group.
pub fn group(session: &Session, args: &Group) -> Result<u8, Failure> {
    match args {
        Group::List(args) => list(session, args),
        Group::Describe(args) => describe(session, args),
    }
}

/// Asks for one group, or for all. `None`: there is none of that name.
fn ask(hosts: &Hosts<'_>, cluster: &Cluster, name: Option<&str>) -> Result<Option<Vec<Described>>, Failure> {
    let line = groups::describe(cluster, name);
    let ran = hosts.vm.ask(&line).and_then(|output| juju::parse_exec(&line, output));
    let ran =
        ran.map_err(|error| Failure::of_command("The brokers could not be asked for groups", &error))?;
    let found = groups::parse_describe(&ran.stdout, &ran.stderr);
    let said = format!("{}\n{}", ran.stderr, ran.stdout);
    if name.is_some() && found.is_empty() && groups::is_unknown(&said) {
        return Ok(None);
    }
    if ran.code != 0 {
        let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no word").to_owned();
        return Err(Failure::new(Id::ActionFailed, "The brokers could not be asked for groups").seen(said));
    }
    Ok(Some(found))
}

/// Lists them.
fn list(session: &Session, args: &GroupList) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let all = stack.look(session, |hosts, ready| {
        let mut all = ask(hosts, &ready.cluster, None)?.unwrap_or_default();
        all.retain(|group| !groups::is_internal(&group.name));
        Ok(all)
    })?;
    match args.shown.format {
        TableFormat::Json => {
            let rows: Vec<_> = all
                .iter()
                .map(|group| {
                    json!({ "name": group.name, "state": group.state, "consumers": group.consumers(),
                        "lag": group.lag(), "topics": group.topics() })
                })
                .collect();
            let document = json!({ "schema": "kafstack/group-list/v1", "rehearsal": session.global.rehearse, "groups": rows });
            super::print_json(session, &document);
        }
        TableFormat::Table if all.is_empty() => session.terminal.note("there are no groups yet"),
        TableFormat::Table => session.terminal.data(&group_table::list(&all)),
    }
    Ok(0)
}

/// Shows one.
fn describe(session: &Session, args: &GroupDescribe) -> Result<u8, Failure> {
    let name = message_rules::group(&args.name)?;
    let stack = Stack::open(session)?;
    let group = stack.look(session, move |hosts, ready| {
        let unknown = || {
            Failure::new(Id::GroupUnknown, format!("there is no group `{name}`"))
                .hint("`kafstack group list` shows those there are")
        };
        let found = ask(hosts, &ready.cluster, Some(&name))?.ok_or_else(unknown)?;
        // A group that has consumers but has read nothing yet has no row.
        let nothing = Described { name: name.clone(), state: groups::State::Active, partitions: Vec::new() };
        Ok(found.into_iter().find(|group| group.name == name).unwrap_or(nothing))
    })?;
    match args.shown.format {
        TableFormat::Json => {
            let mut shown = json!(group);
            shown["consumers"] = json!(group.consumers());
            shown["lag"] = json!(group.lag());
            let document = json!({ "schema": "kafstack/group-describe/v1", "rehearsal": session.global.rehearse, "group": shown });
            super::print_json(session, &document);
        }
        TableFormat::Table => session.terminal.data(&group_table::describe(&group)),
    }
    Ok(0)
}
