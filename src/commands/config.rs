//! `kafstack config`: what is in force and why, a file to begin with, and a check.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{self, ConfigFormat};
use crate::config::{Preset, Purpose, Resolved, as_yaml, starter};
use crate::failure::{Failure, Id};
use crate::report::table::Table;

/// `kafstack config`.
///
/// # Errors
/// The configuration is invalid, or the file cannot be written.
pub fn config(session: &Session, args: &cli::Config) -> Result<u8, Failure> {
    match args {
        cli::Config::Show { format } => show(session, *format),
        cli::Config::Init => init(session),
        cli::Config::Check => check(session),
    }
}

/// What is in force, or would be.
fn show(session: &Session, format: ConfigFormat) -> Result<u8, Failure> {
    let resolved = session.resolve_for_use()?;
    match format {
        ConfigFormat::Table => {
            let mut table = Table::new(["Key", "Value", "From"]);
            for row in &resolved.rows {
                let from = row.value.source.to_string();
                table.row([row.key.as_str().into(), row.value.value.as_str().into(), from.as_str().into()]);
            }
            session.terminal.data(&table.to_string());
        }
        ConfigFormat::Json => super::print_json(session, &as_json(&resolved, session.global.rehearse)),
        ConfigFormat::Yaml => {
            let text = as_yaml(&resolved.config).map_err(|error| {
                Failure::new(Id::Unexpected, format!("the configuration as YAML: {error}"))
            })?;
            session.terminal.data(&text);
        }
    }
    Ok(0)
}

/// For programs.
fn as_json(resolved: &Resolved, rehearsal: bool) -> Value {
    let rows = resolved.rows.iter().map(|row| {
        (row.key.clone(), json!({ "value": row.value.value, "from": row.value.source.to_string() }))
    });
    json!({
        "schema": "kafstack/config/v1",
        "rehearsal": rehearsal,
        "file": resolved.file,
        "in_force": resolved.in_force.is_some(),
        "values": rows.collect::<serde_json::Map<_, _>>(),
    })
}

/// Writes a file to begin with; never over another.
fn init(session: &Session) -> Result<u8, Failure> {
    let path = session.global.config.clone().unwrap_or_else(|| PathBuf::from("kafstack.yaml"));
    let preset = match session.global.preset.as_deref().or(session.environment.preset.as_deref()) {
        None => Preset::Microstack,
        Some(name) => Preset::named(name).ok_or_else(|| {
            Failure::new(Id::ConfigurationInvalid, format!("there is no preset `{}`", name.escape_debug()))
                .expected("microstack, single, kafka, kraft or jammy")
        })?,
    };
    write_new(&path, &starter(preset)).map_err(|error| {
        let failure =
            Failure::new(Id::Usage, format!("{} was not written", path.display())).seen(error.to_string());
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("`kafstack config check` checks the file that is there")
            }
            _ => failure.hint("name another place: `kafstack --config FILE config init`"),
        }
    })?;
    session.terminal.note(&format!("wrote {}", path.display()));
    Ok(0)
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Checks without regard to any VM.
fn check(session: &Session) -> Result<u8, Failure> {
    let resolved = session.resolve(Purpose::Fresh)?;
    let file = resolved.file.map_or("no configuration file".to_owned(), |path| path.display().to_string());
    session.terminal.note(&format!("good: {file}, preset {}", resolved.config.preset.name()));
    Ok(0)
}
