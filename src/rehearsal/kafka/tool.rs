//! Kafka's command-line tools on a unit: which there are, what they need, and how they say that nobody answers.

use super::super::charms::clients::{self, User};
use super::super::grammar::{Misfit, Words};
use super::super::juju::status::clock_time;
use super::super::juju::store::Model;
use super::super::timeline::{Draw, Millis, SECOND};
use super::brokers::Brokers;
use super::{Cluster, configs_tool, groups_tool, offsets_tool, topics_tool};

/// The settings with which the tools on a unit speak to the brokers as the cluster's own administrator.
pub const ADMIN_FILE: &str = "/var/snap/charmed-kafka/current/etc/kafka/client.properties";

/// What a command on a unit said.
#[derive(Debug, Default)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How long it ran.
    pub took: Millis,
}

/// A tool at work.
pub struct Bench<'a> {
    /// What the cluster holds.
    pub cluster: &'a mut Cluster,
    /// Its brokers.
    pub brokers: Brokers,
    /// Users that exist because of relations.
    pub users: Vec<User>,
    /// The options that the broker's own file sets for topics.
    pub defaults: Vec<(&'static str, String)>,
    /// Chance.
    pub draw: Draw,
    /// Now.
    pub now: Millis,
}

impl Said {
    /// Ends well, after the time that a Java program needs.
    pub fn good(stdout: impl Into<String>) -> Self {
        Said { code: 0, stdout: stdout.into(), stderr: String::new(), took: 4 * SECOND }
    }

    /// Ends with that code.
    pub fn bad(code: i32, stdout: impl Into<String>, stderr: impl Into<String>) -> Self {
        Said { code, stdout: stdout.into(), stderr: stderr.into(), took: 4 * SECOND }
    }
}

/// The beginning of a line of Kafka's log.
pub fn log_time(now: Millis) -> String {
    format!("[{},{:03}]", clock_time(now), now.rem_euclid(SECOND))
}

/// What the tools say of options that they do not have.
pub fn misfit(tool: &str, why: &Misfit<'_>) -> Said {
    let text = match why {
        Misfit::Unknown(option) => format!("{} is not a recognized option", option.trim_start_matches('-')),
        Misfit::NoValue(option) => format!("Option {} requires an argument", option.trim_start_matches('-')),
    };
    Said::bad(
        1,
        "",
        format!("Exception in thread \"main\" joptsimple.OptionException: {text}\n\tat {tool}\n"),
    )
}

/// Runs a line on a unit of a kafka application; `None`: the simulation does not know it.
pub fn run(
    model: &mut Model,
    application: &str,
    words: &[&str],
    draw: Draw,
    now: Millis,
    booted: Millis,
) -> Option<Said> {
    let (flags, valued): (&[&str], &[&str]) = match *words.first()? {
        "charmed-kafka.topics" => topics_tool::GRAMMAR,
        "charmed-kafka.configs" => configs_tool::GRAMMAR,
        "charmed-kafka.consumer-groups" => groups_tool::GRAMMAR,
        "charmed-kafka.get-offsets" => offsets_tool::GRAMMAR,
        "charmed-kafka.acls" => (&["--list"], &["--bootstrap-server", "--command-config", "--topic"]),
        _ => return None,
    };
    let tool = words[0];
    let words = match Words::read(&words[1..], flags, valued) {
        Ok(words) => words,
        Err(misplaced) => return Some(misfit(tool, &misplaced)),
    };
    let Some(server) = words.value("--bootstrap-server") else {
        return Some(Said::bad(1, "", "Missing required argument \"[bootstrap-server]\"\n"));
    };
    let brokers = Brokers::of(model, application, draw, now, booted);
    match words.value("--command-config") {
        Some(ADMIN_FILE) => {}
        Some(file) => {
            let text = format!("Exception in thread \"main\" java.nio.file.NoSuchFileException: {file}\n");
            return Some(Said::bad(1, "", text));
        }
        // Without credentials the brokers hang up again and again.
        None => return Some(no_node(tool, &words, now)),
    }
    if !brokers.reached(server) {
        return Some(no_node(tool, &words, now));
    }
    let defaults = configs_tool::defaults(&model.applications[application]);
    let users = clients::users(model, application, draw, now);
    let cluster = model.clusters.entry(application.to_owned()).or_default();
    let mut bench = Bench { cluster, brokers, users, defaults, draw, now };
    match tool {
        "charmed-kafka.topics" => topics_tool::run(&mut bench, &words),
        "charmed-kafka.configs" => configs_tool::run(&mut bench, &words),
        "charmed-kafka.consumer-groups" => groups_tool::run(&mut bench, &words),
        "charmed-kafka.get-offsets" => offsets_tool::run(&bench, &words),
        _ => Some(acls(&bench)),
    }
}

/// What the tools say when no broker answers, after a minute of trying.
fn no_node(tool: &str, words: &Words<'_>, now: Millis) -> Said {
    let took = 62 * SECOND;
    let call = |call: &str| format!("Timed out waiting for a node assignment. Call: {call}");
    let said = match tool {
        "charmed-kafka.topics" => {
            let doing = if words.has("--create") {
                "createTopics"
            } else if words.has("--describe") && words.has("--topic") {
                "describeTopics"
            } else {
                "listTopics"
            };
            let text = call(doing);
            let trace = format!(
                "{} ERROR org.apache.kafka.common.errors.TimeoutException: {text}\n (org.apache.kafka.tools.TopicCommand)\n",
                log_time(now + took)
            );
            Said::bad(1, format!("Error while executing topic command : {text}\n"), trace)
        }
        "charmed-kafka.consumer-groups" => {
            let text =
                call(if words.has("--list") { "listNodes" } else { "describeGroups(api=FIND_COORDINATOR)" });
            let why = format!(
                "java.util.concurrent.ExecutionException: org.apache.kafka.common.errors.TimeoutException: {text}"
            );
            let stdout = format!("\nError: Executing consumer group command failed due to {why}\n");
            Said::bad(0, stdout, format!("java.lang.RuntimeException: {why}\n"))
        }
        "charmed-kafka.get-offsets" => Said::bad(
            1,
            "",
            format!(
                "Error occurred: org.apache.kafka.common.errors.TimeoutException: {}\n",
                call("listTopics")
            ),
        ),
        _ => {
            let text = call("listTopics");
            Said::bad(
                1,
                "",
                format!(
                    "Error while executing command\njava.util.concurrent.ExecutionException: org.apache.kafka.common.errors.TimeoutException: {text}\n"
                ),
            )
        }
    };
    Said { took, ..said }
}

/// `acls --list`: what relations brought (canonical/kafka-operator:src/managers/auth.py).
fn acls(bench: &Bench<'_>) -> Said {
    let mut text = String::new();
    let mut list = |resource: &str, name: &str, pattern: &str, user: &str, operations: &[&str]| {
        text += &format!(
            "Current ACLs for resource `ResourcePattern(resourceType={resource}, name={name}, patternType={pattern})`: \n"
        );
        for operation in operations {
            text +=
                &format!(" \t(principal=User:{user}, host=*, operation={operation}, permissionType=ALLOW)\n");
        }
        text += " \n";
    };
    for user in &bench.users {
        let (topic, pattern) = match user.topic.strip_suffix('*') {
            Some(prefix) if user.topic.len() > 3 => (prefix, "PREFIXED"),
            _ => (user.topic.as_str(), "LITERAL"),
        };
        let mut operations = Vec::new();
        for role in user.roles.split(',').map(str::trim) {
            match role {
                "producer" => operations.extend(["CREATE", "WRITE", "DESCRIBE"]),
                "consumer" => operations.extend(["READ", "DESCRIBE"]),
                _ => {}
            }
        }
        operations.sort_unstable();
        operations.dedup();
        if !operations.is_empty() {
            list("TOPIC", topic, pattern, &user.name, &operations);
        }
        if !user.prefix.is_empty() {
            list("GROUP", &user.prefix, "PREFIXED", &user.name, &["READ"]);
        }
    }
    Said::good(text)
}
