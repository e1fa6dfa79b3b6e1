//! `kafstack admin`: the cluster's own admin account. Its password goes to standard output when the user asks for it,
//! and nowhere else.

use serde_json::json;

use super::session::Session;
use super::stack::Stack;
use crate::cli::{Admin, AdminShow, TableFormat};
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::host::secret::Secret;
use crate::plan::{self, Plan};
use crate::report::table::Table;
use crate::step::Step;
use crate::steps::IntegrateKafka;
use crate::steps::rotate_admin::{RotateAdmin, of_charm};
use crate::tools::kafka::Cluster;
use crate::tools::kafka_admin as admin;

/// How long a password is that kafstack makes: as long as the charm's own
/// (canonical/kafka-operator:src/core/cluster.py).
const LENGTH: usize = 32;

/// `kafstack admin`.
///
/// # Errors
/// The stack is not ready, or the charm said no.
pub fn admin(session: &Session, args: &Admin) -> Result<u8, Failure> {
    match args {
        Admin::Show(args) => show(session, args),
        Admin::Rotate => rotate(session),
    }
}

/// Asks for the password.
fn ask(hosts: &Hosts<'_>, cluster: &Cluster) -> Result<Secret, Failure> {
    let line = admin::ask(cluster);
    let answer = hosts.vm.ask(&line).and_then(|output| admin::parse(cluster, &line, output));
    answer.map_err(|error| of_charm("Ask for the admin's password", &error))
}

/// Shows the account. What was not asked for is not even fetched.
fn show(session: &Session, args: &AdminShow) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let reveal = args.reveal;
    let (cluster, password) = stack.look(session, move |hosts, ready| {
        let password = reveal.then(|| ask(hosts, &ready.cluster)).transpose()?;
        Ok((ready.cluster, password))
    })?;
    let (username, servers) = (admin::username(&cluster), cluster.bootstrap_servers());
    match args.shown.format {
        TableFormat::Json => {
            let servers: Vec<&str> = servers.split(',').collect();
            let document = json!({ "schema": "kafstack/admin-show/v1", "rehearsal": session.global.rehearse,
                "username": username, "password": password.as_ref().map(Secret::reveal), "bootstrap_servers": servers });
            super::disclose_json(session, &document);
        }
        TableFormat::Table => {
            let password = password.as_ref().map_or("(hidden; `--reveal` shows it)", Secret::reveal);
            let mut table = Table::bare();
            table.row(["Username".into(), username.into()]);
            table.row(["Password".into(), password.into()]);
            table.row(["Bootstrap servers".into(), servers.as_str().into()]);
            session.terminal.disclose(&table.to_string());
        }
    }
    Ok(0)
}

/// Gives it a new password, and waits until the cluster is ready with it.
fn rotate(session: &Session) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let (config, vm) = (stack.config.clone(), stack.config.vm.name.clone());
    stack.change(session, "admin rotate", move |hosts, ready| {
        let old = ask(hosts, &ready.cluster)?;
        let new = ready.cluster.kraft.then(|| Secret::random(LENGTH)).transpose().map_err(|error| {
            Failure::new(Id::Unexpected, "the system gives no random numbers").seen(error.to_string())
        })?;
        let limit = plan::limit(&config, "integrate-kafka", IntegrateKafka::TIMEOUT);
        let again = Box::new(IntegrateKafka::new(&config, limit));
        let step = RotateAdmin::new(ready.cluster, vm, old, new, again);
        Ok(Plan::of([Box::new(step) as Box<dyn Step>]))
    })?;
    session.advise("the admin has a new password; `kafstack admin show --reveal` shows it");
    session.terminal.note("for users of their own, made through data-integrator, nothing has changed");
    Ok(0)
}
