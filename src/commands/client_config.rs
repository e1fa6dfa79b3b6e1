//! `kafstack client-config`: a user's settings, for the client of its choice.

use super::session::Session;
use super::stack::Stack;
use super::tls;
use super::user::{checked_name, must_have_credentials, unknown};
use crate::cli;
use crate::client_settings::{self, Authority, MARK, SCHEMA, Settings};
use crate::failure::{Failure, Id};
use crate::output_file::OutputFile;
use crate::tools::data_integrator;
use crate::tools::juju_status::Status;

/// `kafstack client-config`.
///
/// # Errors
/// There is no such user, it has no credentials, or the file may not be written.
pub fn client_config(session: &Session, args: &cli::ClientConfig) -> Result<u8, Failure> {
    let named = args.user.as_deref().map(checked_name).transpose()?;
    let output = args.output.as_deref().map(|path| OutputFile::at(path, &[MARK, SCHEMA])).transpose()?;
    let ca_path = match (&args.ca_file, &args.output) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(output)) if client_settings::needs_authority_file(args.format) => {
            let mut name = output.as_os_str().to_owned();
            name.push(".ca.pem");
            Some(name.into())
        }
        (None, _) => None,
    };
    if ca_path.is_some() && ca_path == args.output {
        return Err(Failure::new(Id::Usage, "--output and --ca-file name the same file"));
    }
    let stack = Stack::open(session)?;
    let config = stack.config.clone();
    let (user, credentials, pem) = stack.look(session, move |hosts, ready| {
        let user = named.map_or_else(|| only(&ready.status), Ok)?;
        let application = data_integrator::application(&user);
        if !data_integrator::users(&ready.status).iter().any(|(name, _)| *name == user) {
            return Err(unknown(&user).seen(format!("no application `{application}` in the model")));
        }
        let credentials = must_have_credentials(hosts, &config, &user)?;
        // The charm hands brokers and protocol out anew some time after encryption was switched.
        if credentials.tls != ready.cluster.tls {
            let word = |tls| if tls { "on" } else { "off" };
            return Err(Failure::new(
                Id::NotReady,
                format!("the settings of `{user}` are not up to date yet"),
            )
            .expected(format!("TLS {}, as Kafka has it", word(ready.cluster.tls)))
            .seen(format!("TLS {}", word(credentials.tls)))
            .hint("the same command again in a few minutes: the charm hands out the new ones by then"));
        }
        let pem = match (credentials.tls, &credentials.ca) {
            (false, _) => None,
            (true, Some(pem)) => Some(pem.clone()),
            (true, None) => {
                Some(tls::authority_certificate(hosts, &config, &ready.status)?.trim().to_owned())
            }
        };
        Ok((user, credentials, pem))
    })?;
    let authority = match (pem, ca_path) {
        (None, _) => None,
        (Some(pem), Some(path)) => Some(write_authority(&path, &pem)?),
        (Some(_), None) if client_settings::needs_authority_file(args.format) => {
            return Err(Failure::new(
                Id::Usage,
                "the certificate of the authority cannot stand within settings of this format",
            )
            .expected("--ca-file FILE, or --output FILE, beside which it is then put"));
        }
        (Some(pem), None) => Some(Authority::Inline(pem)),
    };
    let settings = Settings {
        rehearsal: session.global.rehearse,
        user,
        endpoints: credentials.endpoints,
        username: credentials.username,
        password: credentials.password,
        topic: credentials.topic,
        group_prefix: credentials.group_prefix,
        authority,
    };
    let text = settings.render(args.format).map_err(|key| {
        Failure::new(Id::Usage, format!("the value of {key} cannot stand in settings of this format"))
            .hint("`kafstack client-config --format json` can hold it")
    })?;
    match output {
        None => session.terminal.bytes(text.as_bytes()),
        Some(file) => {
            file.write(&text)?;
            session.terminal.note(&format!("written: {}", file.path().display()));
        }
    }
    if let Some(Authority::File(path)) = &settings.authority {
        session.terminal.note(&format!("written: {}", path.display()));
    }
    Ok(0)
}

/// Writes the certificate to a file of its own.
fn write_authority(path: &std::path::Path, pem: &str) -> Result<Authority, Failure> {
    let file = OutputFile::at(path, &[MARK])?;
    file.write(&client_settings::authority_file(pem))?;
    let absolute = std::path::absolute(path).map_err(|error| {
        Failure::new(Id::FileNotWritten, format!("{}: where is that?", path.display()))
            .seen(error.to_string())
    })?;
    Ok(Authority::File(absolute))
}

/// The only user there is.
///
/// # Errors
/// There is none, or more than one.
fn only(status: &Status) -> Result<String, Failure> {
    let users: Vec<&str> = data_integrator::users(status).into_iter().map(|(name, _)| name).collect();
    match users[..] {
        [one] => Ok(one.to_owned()),
        [] => Err(Failure::new(Id::UserAmbiguous, "there is no user whose settings these could be")
            .hint("`kafstack user create NAME --topic TOPIC` makes one")),
        _ => Err(Failure::new(Id::UserAmbiguous, "there is more than one user")
            .expected("--user NAME")
            .seen(users.join(", "))
            .hint(format!("`kafstack client-config --user {}`", users[0]))),
    }
}
