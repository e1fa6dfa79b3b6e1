//! `kafstack tls`: encryption of connections, by an authority that lives in the model.
//!
//! Whether it is on is a fact of the model and no key of the configuration: every checkpoint reads it there.

use serde_json::json;

use super::session::Session;
use super::stack::{self, Stack};
use crate::cli::{TextFormat, Tls, TlsCa, TlsDisable, TlsEnable};
use crate::config::Config;
use crate::failure::{Failure, Id};
use crate::host::Hosts;
use crate::plan::Plan;
use crate::step::Step;
use crate::steps::certificates::{DeployAuthority, RemoveAuthority, SwitchTls, encrypted};
use crate::tools::certificates::{self, CHARM, NAME_OPTION, authority_of};
use crate::tools::juju_changes;
use crate::tools::juju_relations::others;
use crate::tools::juju_status::Status;
use crate::tools::neighbours::Neighbour;

/// What an authority is called unless told.
pub const CA_NAME: &str = "kafstack";

/// `kafstack tls`.
///
/// # Errors
/// The stack is not ready, there is another authority, or encryption did not become what was asked for.
pub fn tls(session: &Session, args: &Tls) -> Result<u8, Failure> {
    match args {
        Tls::Enable(args) => enable(session, args),
        Tls::Disable(args) => disable(session, args),
        Tls::Ca(args) => ca(session, args),
    }
}

/// The certificate of the authority that signs for the brokers, as PEM text.
///
/// # Errors
/// Connections are not encrypted, or the authority did not answer.
pub fn authority_certificate(hosts: &Hosts<'_>, config: &Config, status: &Status) -> Result<String, Failure> {
    let authority = authority_of(status, "kafka").ok_or_else(|| {
        Failure::new(Id::Usage, "connections are not encrypted, so there is no certificate")
            .hint("`kafstack tls enable` encrypts them")
    })?;
    let line = certificates::ca(&config.juju.target(), authority);
    let answer = hosts.vm.ask(&line).and_then(|output| certificates::parse_ca(&line, output));
    answer.map_err(|error| Failure::of_command("The certificate could not be asked for", &error))?.map_err(
        |why| {
            Failure::new(Id::ActionFailed, format!("`{authority}` did not hand its certificate out"))
                .seen(why)
        },
    )
}

/// The authority must be ours, or none.
///
/// # Errors
/// It is another one, or the application of its name is something else.
pub fn foreign(status: &Status, config: &Config) -> Result<(), Failure> {
    for application in encrypted(config) {
        if let Some(other) = authority_of(status, application).filter(|authority| *authority != CHARM) {
            return Err(Failure::new(
                Id::TlsDiffers,
                format!("the certificates of {application} come from another authority"),
            )
            .expected(format!("`{CHARM}`"))
            .seen(format!("`{other}`"))
            .hint(format!(
                "kafstack leaves alone what it did not integrate; in the VM: `juju remove-relation -m {} {application}:certificates {other}`",
                config.juju.target()
            )));
        }
    }
    match status.application(CHARM) {
        Some(application) if application.charm_name != CHARM => Err(Failure::new(
            Id::ApplicationDiffers,
            format!("the application `{CHARM}` is not the one meant"),
        )
        .expected(format!("the charm {CHARM}"))
        .seen(format!("the charm {}", application.charm_name))),
        _ => Ok(()),
    }
}

/// What the authority in the model is called, if there is one that stays.
fn ca_name(hosts: &Hosts<'_>, config: &Config, status: &Status) -> Result<Option<String>, Failure> {
    if status.application(CHARM).is_none_or(|application| !application.life.is_empty()) {
        return Ok(None);
    }
    let line = juju_changes::config(&config.juju.target(), CHARM);
    let options = hosts.vm.ask(&line).and_then(|output| juju_changes::parse_config(&line, output));
    let options = options
        .map_err(|error| Failure::of_command("The authority's settings could not be asked for", &error))?;
    Ok(Some(options.get(NAME_OPTION).cloned().unwrap_or_default()))
}

/// Switches it on.
fn enable(session: &Session, args: &TlsEnable) -> Result<u8, Failure> {
    let wish = args.ca_name.clone();
    if let Some(name) = wish.as_deref().filter(|name| !certificates::is_name(name)) {
        let message = format!("an authority cannot be called `{}`", name.escape_debug());
        return Err(Failure::new(Id::Usage, message)
            .expected("one line of at most 64 characters, not beginning with `@`"));
    }
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let beside = stack.look_at_model(session, |_, status| {
        Ok(Neighbour::ALL
            .map(Neighbour::name)
            .into_iter()
            .filter(|name| status.application(name).is_some())
            .collect::<Vec<_>>())
    })?;
    if !beside.is_empty() {
        session.terminal.note(&format!(
            "kafstack gives no certificates to {}: cut off from Kafka while connections are encrypted",
            beside.join(", ")
        ));
    }
    let acted = stack.change_model(session, "tls enable", move |hosts, status| {
        foreign(&status, &config)?;
        let there = ca_name(hosts, &config, &status)?;
        if let (Some(wish), Some(there)) = (&wish, &there)
            && wish != there
        {
            return Err(Failure::new(
                Id::TlsDiffers,
                "there is an authority already, and it has another name",
            )
            .expected(wish.clone())
            .seen(there.clone())
            .hint("without --ca-name that one is used")
            .hint(format!("`kafstack tls disable`, then `kafstack tls enable --ca-name '{wish}'`")));
        }
        // Half-way on is why Kafka may not be ready, and going on is the cure.
        if encrypted(&config).iter().all(|application| authority_of(&status, application).is_none()) {
            stack::ready(hosts, &config)?;
        }
        let ca_name = there.or(wish).unwrap_or_else(|| CA_NAME.to_owned());
        Ok(Plan::of([
            Box::new(DeployAuthority { config: config.clone(), ca_name }) as Box<dyn Step>,
            Box::new(SwitchTls { config, authority: CHARM.to_owned(), on: true }),
        ]))
    })?;
    if acted {
        clients_need_settings(session);
    } else {
        session.terminal.note("connections are encrypted already: nothing to do");
    }
    Ok(0)
}

/// Every client's settings have changed.
fn clients_need_settings(session: &Session) {
    session.terminal.note("brokers, port and protocol have changed for every client");
    session.advise("next: `kafstack client-config` prints the settings that hold now");
}

/// Switches it off, after asking.
fn disable(session: &Session, args: &TlsDisable) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let anything = stack.look_at_model(session, move |_, status| {
        foreign(&status, &config)?;
        let related = encrypted(&config).iter().any(|name| authority_of(&status, name).is_some());
        Ok(related || status.application(CHARM).is_some() && other_clients(&status, &config).is_empty())
    })?;
    if !anything {
        session.terminal.note("connections are not encrypted: nothing to do");
        return Ok(0);
    }
    session.terminal.note(
        "this ends the encryption: passwords stay protected by SCRAM, but messages cross the network readable; clients with the present settings lose their connection; the authority and its key are destroyed",
    );
    super::confirm(session, args.consent.yes, "Stop encrypting?", "connections are still encrypted")?;
    let config = stack.config.clone();
    stack.change_model(session, "tls disable", move |_, status| {
        foreign(&status, &config)?;
        let authority = CHARM.to_owned();
        let mut steps: Vec<Box<dyn Step>> =
            vec![Box::new(SwitchTls { config: config.clone(), authority: authority.clone(), on: false })];
        if other_clients(&status, &config).is_empty() {
            steps.push(Box::new(RemoveAuthority { config, authority }));
        }
        Ok(Plan::of(steps))
    })?;
    clients_need_settings(session);
    Ok(0)
}

/// Applications beside Kafka and ZooKeeper that have certificates from the authority, which then must stay.
pub fn other_clients<'a>(status: &'a Status, config: &Config) -> Vec<&'a str> {
    let mut all = others(status, CHARM, "certificates");
    all.extend(others(status, CHARM, "send-ca-cert"));
    all.retain(|name| !encrypted(config).contains(name));
    all
}

/// Prints the authority's certificate.
fn ca(session: &Session, args: &TlsCa) -> Result<u8, Failure> {
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let pem =
        stack.look_at_model(session, move |hosts, status| authority_certificate(hosts, &config, &status))?;
    match args.format {
        TextFormat::Text => session.terminal.data(&pem),
        TextFormat::Json => {
            let document =
                json!({ "schema": "kafstack/tls-ca/v1", "rehearsal": session.global.rehearse, "ca": pem });
            super::print_json(session, &document);
        }
    }
    Ok(0)
}
