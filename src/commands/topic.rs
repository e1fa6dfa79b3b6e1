//! `kafstack topic`: topics, made and changed on a broker by Kafka's own tools, each change with its checkpoint.

use serde_json::json;

use super::session::Session;
use super::stack::Stack;
use crate::cli::{TableFormat, Topic, TopicAlter, TopicCreate, TopicDelete, TopicDescribe, TopicList};
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::plan::Plan;
use crate::report::table::Table;
use crate::report::topic_table;
use crate::step::Step;
use crate::steps::topic::{DeleteTopic, ShapeTopic, Wish, look};
use crate::tools::juju;
use crate::tools::kafka::Cluster;
use crate::tools::kafka_topics::{self as topics, Topic as Described};
use crate::topic_rules;

/// `kafstack topic`.
///
/// # Errors
/// The stack is not ready, the topic cannot be like that, or what was asked for did not happen.
pub fn topic(session: &Session, args: &Topic) -> Result<u8, Failure> {
    match args {
        Topic::Create(args) => create(session, args),
        Topic::List(args) => list(session, args),
        Topic::Describe(args) => describe(session, args),
        Topic::Alter(args) => alter(session, args),
        Topic::Delete(args) => delete(session, args),
    }
}

/// The topic of that name, which may be missing.
fn find(hosts: &Hosts<'_>, cluster: &Cluster, name: &str) -> Result<Option<Described>, Failure> {
    look(hosts, cluster, name).map_err(|error| Failure::of_command("Ask the brokers about the topic", &error))
}

/// There is none.
pub fn unknown(name: &str) -> Failure {
    Failure::new(Id::TopicUnknown, format!("there is no topic `{name}`"))
        .hint("`kafstack topic list` shows those there are")
        .hint(format!("`kafstack topic create {name}` makes it"))
}

/// Makes one.
fn create(session: &Session, args: &TopicCreate) -> Result<u8, Failure> {
    let name = topic_rules::name(&args.name)?;
    let configs = topic_rules::options(&args.options)?;
    let (partitions, replication, if_not_exists) = (args.partitions, args.replication, args.if_not_exists);
    let stack = Stack::open(session)?;
    let vm = stack.config.vm.name.clone();
    stack.change(session, "topic create", move |hosts, ready| {
        let brokers = u32::try_from(ready.cluster.brokers.len()).unwrap_or(u32::MAX);
        let replication = replication.unwrap_or(brokers.min(3));
        if replication > brokers {
            return Err(Failure::new(
                Id::TopicInvalid,
                format!("`{name}` cannot have {replication} replicas"),
            )
            .expected(format!("at most {brokers}, as many as there are brokers"))
            .seen(format!("--replication {replication}")));
        }
        let there = find(hosts, &ready.cluster, &name)?;
        let wish = match there {
            None => Wish { name, partitions: Some(partitions), replication, configs },
            Some(_) if !if_not_exists => {
                return Err(Failure::new(Id::TopicExists, format!("there is a topic `{name}` already"))
                    .hint(format!("`kafstack topic describe {name}` shows it"))
                    .hint("`--if-not-exists` accepts it as it is"));
            }
            Some(_) => Wish { name, partitions: None, replication, configs: Vec::new() },
        };
        Ok(Plan::of([
            Box::new(ShapeTopic { cluster: ready.cluster, vm, wish, create: true }) as Box<dyn Step>
        ]))
    })?;
    Ok(0)
}

/// Lists them.
fn list(session: &Session, args: &TopicList) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let all = stack.look(session, |hosts, ready| {
        let line = topics::describe(&ready.cluster, None);
        let ran = hosts.vm.ask(&line).and_then(|output| juju::parse_exec(&line, output));
        let ran = ran.map_err(|error| Failure::of_command("Ask the brokers for their topics", &error))?;
        let mut all = topics::parse_describe(&ran.stdout);
        all.retain(|topic| !topics::is_internal(&topic.name));
        Ok(all)
    })?;
    match args.shown.format {
        TableFormat::Json => {
            let document = json!({ "schema": "kafstack/topic-list/v1", "rehearsal": session.global.rehearse, "topics": all });
            super::print_json(session, &document);
        }
        TableFormat::Table if all.is_empty() => session.terminal.note("there are no topics yet"),
        TableFormat::Table => {
            let mut table = Table::new(["Topic", "Partitions", "Replicas"]);
            for topic in &all {
                table.row([
                    topic.name.as_str().into(),
                    topic.partitions.len().to_string().as_str().into(),
                    topic.replication.to_string().as_str().into(),
                ]);
            }
            session.terminal.data(&table.to_string());
        }
    }
    Ok(0)
}

/// Shows one.
fn describe(session: &Session, args: &TopicDescribe) -> Result<u8, Failure> {
    let name = topic_rules::existing_name(&args.name)?;
    let stack = Stack::open(session)?;
    let kraft = stack.config.kafka.kraft();
    let (topic, brokers) = stack.look(session, move |hosts, ready| {
        let topic = find(hosts, &ready.cluster, &name)?.ok_or_else(|| unknown(&name))?;
        Ok((topic, ready.cluster.brokers))
    })?;
    match args.shown.format {
        TableFormat::Json => {
            let document = json!({ "schema": "kafstack/topic-describe/v1", "rehearsal": session.global.rehearse, "topic": topic });
            super::print_json(session, &document);
        }
        TableFormat::Table => session.terminal.data(&topic_table::describe(&topic, &brokers, kraft)),
    }
    Ok(0)
}

/// Changes one.
fn alter(session: &Session, args: &TopicAlter) -> Result<u8, Failure> {
    let name = topic_rules::name(&args.name)?;
    let configs = topic_rules::options(&args.options)?;
    let partitions = args.partitions;
    if partitions.is_none() && configs.is_empty() {
        return Err(Failure::new(Id::Usage, "nothing to alter was named")
            .hint(format!("`kafstack topic alter {name} --partitions N`, or `--option KEY=VALUE`")));
    }
    let stack = Stack::open(session)?;
    let vm = stack.config.vm.name.clone();
    stack.change(session, "topic alter", move |hosts, ready| {
        let topic = find(hosts, &ready.cluster, &name)?.ok_or_else(|| unknown(&name))?;
        let there = topic.partitions.len();
        if let Some(fewer) = partitions.filter(|wanted| (*wanted as usize) < there) {
            return Err(Failure::new(Id::TopicInvalid, format!("`{name}` cannot have {fewer} partitions"))
                .expected(format!("{there} or more: Kafka never takes partitions away"))
                .seen(format!("--partitions {fewer}")));
        }
        let wish = Wish { name, partitions, replication: topic.replication, configs };
        Ok(Plan::of([
            Box::new(ShapeTopic { cluster: ready.cluster, vm, wish, create: false }) as Box<dyn Step>
        ]))
    })?;
    Ok(0)
}

/// Deletes one, after asking.
fn delete(session: &Session, args: &TopicDelete) -> Result<u8, Failure> {
    let name = topic_rules::name(&args.name)?;
    let stack = Stack::open(session)?;
    let looked = name.clone();
    let topic = stack.look(session, move |hosts, ready| find(hosts, &ready.cluster, &looked))?;
    let Some(topic) = topic else {
        if args.if_exists {
            session.terminal.note(&format!("there is no topic `{name}`: nothing to delete"));
            return Ok(0);
        }
        return Err(unknown(&name));
    };
    let partitions = crate::text::count(topic.partitions.len(), "partition");
    session
        .terminal
        .note(&format!("this deletes the topic `{name}` ({partitions}) with all its messages, for good"));
    super::confirm(
        session,
        args.consent.yes,
        &format!("Delete `{name}`?"),
        &format!("the topic `{name}` was not deleted"),
    )?;
    let vm = stack.config.vm.name.clone();
    stack.change(session, "topic delete", move |_, ready| {
        Ok(Plan::of([Box::new(DeleteTopic { cluster: ready.cluster, vm, name }) as Box<dyn Step>]))
    })?;
    Ok(0)
}
