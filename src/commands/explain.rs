//! `kafstack explain`: a failure id in full.

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{self, TextFormat};
use crate::failure::{Failure, Id};

/// `kafstack explain`.
///
/// # Errors
/// There is no such id.
pub fn explain(session: &Session, args: &cli::Explain) -> Result<u8, Failure> {
    let id = find(&args.id)?;
    match args.format {
        TextFormat::Text => session.terminal.data(&as_text(id)),
        TextFormat::Json => super::print_json(session, &as_json(id, session.global.rehearse)),
    }
    Ok(0)
}

/// The id that was asked for.
///
/// # Errors
/// There is no such id; the nearest are named.
fn find(name: &str) -> Result<Id, Failure> {
    let name = name.trim_matches(['[', ']']);
    Id::named(name).ok_or_else(|| {
        let near: Vec<&str> = Id::ALL
            .iter()
            .map(|id| id.as_str())
            .filter(|id| id.split('-').any(|word| word.len() > 2 && name.contains(word)))
            .collect();
        let failure = Failure::new(Id::Usage, format!("there is no failure id `{}`", name.escape_debug()))
            .expected("an id as printed in brackets, such as `kafka-not-ready`");
        if near.is_empty() {
            failure.hint("the whole list: documentation/troubleshooting.md")
        } else {
            failure.hint(format!("near it: {}", near.join(", ")))
        }
    })
}

/// For people.
fn as_text(id: Id) -> String {
    let about = id.about();
    format!("{} (exit code {})\n\n{}.\n\n{}\n", about.id, about.exit_code, about.meaning, about.cure)
}

/// For programs.
fn as_json(id: Id, rehearsal: bool) -> Value {
    let about = id.about();
    json!({
        "schema": "kafstack/explain/v1",
        "rehearsal": rehearsal,
        "id": about.id,
        "exit_code": about.exit_code,
        "meaning": about.meaning,
        "cure": about.cure,
    })
}
