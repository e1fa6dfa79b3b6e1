//! `kafstack demo`: the whole story on a stack that is ready, and its removal.
//!
//! What the demo is about to add is written into the journal before the first act; what was there before is never in
//! it. Cleaning removes what the journal names and the world still has.

use super::errand::{Errand, Held, carry_out};
use super::session::Session;
use super::stack::{self, Stack};
use super::{tls, user};
use crate::cli::Demo;
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::journal::{Addition, Record};
use crate::plan::Plan;
use crate::plan::demo::{self, ENCRYPTED_TOPIC, PLAIN_TOPIC, Scene, TOPICS, USER};
use crate::report::status_table;
use crate::steps::certificates::encrypted;
use crate::text::count;
use crate::tools::certificates::{self, authority_of};
use crate::tools::juju_status::Status;
use crate::tools::kafka::Cluster;
use crate::tools::{data_integrator, juju, juju_changes, kafka_topics, test_app};

/// How many messages unless told.
const MESSAGES: u32 = 50;

/// `kafstack demo`.
///
/// # Errors
/// The stack is not ready, something of the demo's names is there already, a step failed, or nobody confirmed.
pub fn demo(session: &Session, args: &Demo) -> Result<u8, Failure> {
    if args.clean { clean(session, args.consent.yes) } else { play(session, args.messages) }
}

/// What is to be done, and what of it is new.
struct Script {
    /// The steps.
    plan: Plan,
    /// What is not there yet and was not written down.
    additions: Vec<Addition>,
    /// How many messages.
    messages: u32,
}

/// Tells the story.
fn play(session: &Session, messages: Option<u32>) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let held = Held::take(session, &config.vm.name, "demo")?;
    let made = held.journal.history().demo_additions();
    let script = stack
        .look_at_model(session, move |hosts, status| script(hosts, &config, &status, &made, messages))?;
    let additions = script.additions;
    let errand = Errand {
        beforehand: Box::new(move |run| {
            additions.into_iter().try_for_each(|what| run.write(Record::DemoAdds { what }))
        }),
        ..Errand::new("demo", script.plan, stack.config.clone())
    };
    let acted = carry_out(session, &stack.stage, held, errand).map_err(|failure| match failure.id {
        Id::DemoNotReady => failure.hint("`kafstack demo --clean` takes it back, so that it can begin anew"),
        _ => failure,
    })?;
    if !acted {
        session.terminal.note("the demo has run to its end already, and all is still so: nothing to do");
    }
    let status = stack.look_at_model(session, |_, status| Ok(status))?;
    let rehearsal =
        if session.global.rehearse { "Rehearsal: everything below is simulated.\n\n" } else { "" };
    session.terminal.data(&format!("{rehearsal}{}", status_table::model(&status)));
    let line = format!(
        "{} sent and read, and as many over TLS; none lost, none doubled\nnext: `kafstack demo --clean` takes all of it back",
        count(script.messages as usize, "message")
    );
    session.advise(&line);
    Ok(0)
}

/// Makes the plan from what there is.
///
/// # Errors
/// The stack is not ready, or what is there is not the demo's.
fn script(
    hosts: &Hosts<'_>,
    config: &Config,
    status: &Status,
    made: &[Addition],
    messages: Option<u32>,
) -> Result<Script, Failure> {
    // A demo that was stopped half-way may be why Kafka is not at rest, and going on is the cure.
    let mut cluster = match Cluster::of(status, config) {
        Some(cluster) if !made.is_empty() => cluster,
        _ => stack::ready(hosts, config)?.cluster,
    };
    let is_made = |addition: &Addition| made.contains(addition);
    let has = |name: &str| status.application(name).is_some();
    let application = |name: &str| Addition::Application(name.to_owned());
    let topic = |name: &str| Addition::Topic(name.to_owned());

    let ours = is_made(&application(test_app::CHARM));
    if has(test_app::CHARM) && !ours {
        return Err(Failure::new(
            Id::ApplicationDiffers,
            format!("there is an application `{}` that `demo` did not deploy", test_app::CHARM),
        )
        .hint(format!(
            "`demo` leaves it alone; in the VM: `juju remove-application {} -m {}` removes it",
            test_app::CHARM,
            config.juju.target()
        )));
    }
    let messages = messages_of(hosts, config, has(test_app::CHARM), messages)?;
    if has(&data_integrator::application(USER)) && !is_made(&application(&data_integrator::application(USER)))
    {
        let (there, wanted) = (user::described(hosts, config, USER)?, demo::user());
        if there != wanted {
            return Err(Failure::new(
                Id::UserExists,
                format!("there is a user `{USER}` with other settings"),
            )
            .expected(wanted.to_string())
            .seen(there.to_string())
            .hint(format!("`kafstack user delete {USER}`, then `kafstack demo`")));
        }
    }
    let topics = topics(hosts, &cluster);
    for name in [PLAIN_TOPIC, ENCRYPTED_TOPIC] {
        let there = topics.as_ref().is_some_and(|topics| topics.iter().any(|topic| topic == name));
        if there && !is_made(&topic(name)) {
            return Err(Failure::new(
                Id::TopicExists,
                format!("there is a topic `{name}` that `demo` did not make"),
            )
            .expected("an empty topic of its own, since messages are counted in it")
            .hint(format!("`kafstack topic delete {name}`, then `kafstack demo`")));
        }
    }

    let authority = encrypted(config).iter().rev().find_map(|name| authority_of(status, name));
    let begun = authority.is_some();
    let authority = authority.unwrap_or(certificates::CHARM).to_owned();
    if authority == certificates::CHARM {
        tls::foreign(status, config)?;
    }
    cluster.tls |= begun;

    let mut additions: Vec<Addition> = Vec::new();
    let names = [data_integrator::application(USER), test_app::CHARM.to_owned(), authority.clone()];
    additions.extend(names.iter().filter(|name| !has(name)).map(|name| application(name)));
    if let Some(topics) = &topics {
        let missing = TOPICS.into_iter().filter(|name| !topics.iter().any(|topic| topic == name));
        additions.extend(missing.map(topic));
    }
    if !begun {
        additions.push(Addition::Encryption);
    }
    additions.retain(|addition| !is_made(addition));
    let ca_name = tls::CA_NAME.to_owned();
    let scene = Scene { cluster, messages, encrypted: begun, authority, ca_name };
    Ok(Script { plan: demo::story(config, &scene), additions, messages })
}

/// How many messages the demo is about: what the test application that is there was deployed for.
///
/// # Errors
/// Another number is asked for now.
fn messages_of(hosts: &Hosts<'_>, config: &Config, there: bool, wish: Option<u32>) -> Result<u32, Failure> {
    if !there {
        return Ok(wish.unwrap_or(MESSAGES));
    }
    let line = juju_changes::config(&config.juju.target(), test_app::CHARM);
    let options = hosts.vm.ask(&line).and_then(|output| juju_changes::parse_config(&line, output));
    let options = options.map_err(|error| {
        Failure::of_command("The test application's settings could not be asked for", &error)
    })?;
    let set = options.get(test_app::MESSAGES_OPTION).and_then(|n| n.parse().ok()).unwrap_or(MESSAGES);
    match wish.filter(|wish| *wish != set) {
        None => Ok(set),
        Some(wish) => Err(Failure::new(Id::Usage, "the demo has begun with another number of messages")
            .expected(format!("--messages {set}, or none named"))
            .seen(format!("--messages {wish}"))
            .hint("`kafstack demo --clean` removes it; then it can begin anew")),
    }
}

/// The names of the topics; `None` if the brokers do not answer.
fn topics(hosts: &Hosts<'_>, cluster: &Cluster) -> Option<Vec<String>> {
    let line = cluster.list_topics();
    let ran = hosts.vm.ask(&line).and_then(|output| juju::parse_exec(&line, output)).ok()?;
    (ran.code == 0).then(|| kafka_topics::parse_list(&ran.stdout))
}

/// Removes what the story added.
fn clean(session: &Session, yes: bool) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let mut held = Held::take(session, &config.vm.name, "demo --clean")?;
    let made = held.journal.history().demo_additions();
    let looked = made.clone();
    let (there, keep_authority, foreign) = stack.look_at_model(session, move |hosts, status| {
        let topics = Cluster::of(&status, &config).and_then(|cluster| topics(hosts, &cluster));
        let there: Vec<Addition> = looked
            .into_iter()
            .filter(|addition| match addition {
                Addition::Application(name) => status.application(name).is_some(),
                // Brokers that do not answer may well have it.
                Addition::Topic(name) => topics.as_ref().is_none_or(|topics| topics.contains(name)),
                Addition::Encryption => {
                    encrypted(&config).iter().any(|name| authority_of(&status, name).is_some())
                }
            })
            .collect();
        let mut clients = tls::other_clients(&status, &config);
        clients.retain(|name| *name != test_app::CHARM);
        let app = Addition::Application(test_app::CHARM.to_owned());
        let foreign = status.application(test_app::CHARM).is_some() && !there.contains(&app);
        Ok((there, !clients.is_empty(), foreign))
    })?;
    if there.is_empty() {
        if !made.is_empty() {
            held.journal.append(stack.stage.clock.now(), Record::DemoCleaned)?;
        }
        session.terminal.note("nothing of the demo is there: nothing to do");
        if foreign {
            session.terminal.note(&format!(
                "the application `{}` is left alone: nothing says that `demo` deployed it",
                test_app::CHARM
            ));
        }
        return Ok(0);
    }
    session.terminal.note(&format!("this removes what `demo` added: {}", in_words(&there, keep_authority)));
    super::confirm(session, yes, "Remove it?", "nothing was removed")?;
    let errand = Errand {
        outcome: "cleaned",
        afterwards: Box::new(|run| run.write(Record::DemoCleaned)),
        ..Errand::new("demo --clean", demo::clean(&stack.config, &made, keep_authority), stack.config.clone())
    };
    carry_out(session, &stack.stage, held, errand)?;
    Ok(0)
}

/// What is removed.
fn in_words(there: &[Addition], keep_authority: bool) -> String {
    let user = data_integrator::application(USER);
    let words = there.iter().filter_map(|addition| match addition {
        Addition::Application(name) if *name == user => Some(format!("the user `{USER}`")),
        Addition::Application(name) if name == certificates::CHARM && keep_authority => None,
        Addition::Application(name) if name == certificates::CHARM => {
            Some(format!("the authority `{name}` with its key"))
        }
        Addition::Application(name) => Some(format!("the application `{name}`")),
        Addition::Topic(name) => Some(format!("the topic `{name}` with all its messages")),
        Addition::Encryption => Some("the encryption of connections".to_owned()),
    });
    words.collect::<Vec<_>>().join(", ")
}
