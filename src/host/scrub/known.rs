//! The secrets that this process has learnt, in the forms in which tools say them.
//!
//! There is one list for the process, and [`super::super::secret::Secret`] adds to it whatever it takes in. A list handed
//! along would have to reach every parser that makes a secret and every writer that must not show it, and the first place
//! that forgot it would be a leak; what is secret for one part of kafstack is secret for all.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::{Found, shapes};

/// Nothing shorter is looked for: it would take ordinary words out of every text. No tool that kafstack drives makes a
/// password of fewer than 12 characters.
pub const LEAST: usize = 6;
/// A longer text is looked for in parts of this size, in bytes.
const PART: usize = 4096;
/// So many first bytes of a secret, at the very end of a text, are one that was cut off there.
const BEGINNING: usize = 8;

/// What is known.
#[derive(Default)]
struct Known {
    /// The texts, to learn none twice.
    texts: HashSet<String>,
    /// Every form of each.
    forms: Vec<Vec<u8>>,
    /// Finds a form, or the beginning of one.
    finder: Option<AhoCorasick>,
    /// The longest form, in bytes.
    longest: usize,
}

/// What this process knows.
static KNOWN: RwLock<Option<Known>> = RwLock::new(None);

#[cfg(test)]
thread_local! {
    /// Nothing is learnt on this thread.
    static DEAF: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Does something without learning from it, also if it panics: what a test makes by chance would be taken out of what others
/// say.
#[cfg(test)]
pub fn unlearnt<T>(work: impl FnOnce() -> T) -> T {
    struct Deaf;
    impl Drop for Deaf {
        fn drop(&mut self) {
            DEAF.set(false);
        }
    }
    DEAF.set(true);
    let _deaf = Deaf;
    work()
}

/// From now on this text is not shown any more. Of several lines, such as a file, the values that are secret by their shape
/// count, or all lines if there is none such.
pub fn learn(text: &str) {
    #[cfg(test)]
    if DEAF.get() {
        return;
    }
    let mut parts = Vec::new();
    if text.trim_end().contains('\n') {
        let mut found = Vec::new();
        shapes::find(text.as_bytes(), &mut found);
        let values: Vec<&str> = found.iter().filter_map(|found| text.get(found.value.clone())).collect();
        let all = if values.is_empty() { vec![text] } else { values };
        parts.extend(all.into_iter().flat_map(str::lines).map(str::trim));
    } else {
        parts.push(text.trim_end_matches('\n'));
    }
    let parts = parts.into_iter().flat_map(in_parts).filter(|part| part.len() >= LEAST);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let before = known.forms.len();
    for part in parts {
        if known.texts.insert(part.to_owned()) {
            known.forms.extend(forms(part));
        }
    }
    if known.forms.len() > before {
        known.longest = known.forms.iter().map(Vec::len).max().unwrap_or(0);
        let beginnings = known.forms.iter().map(|form| &form[..BEGINNING.min(form.len())]);
        let patterns = known.forms.iter().map(Vec::as_slice).chain(beginnings);
        // It fails for more patterns than memory could hold.
        known.finder = AhoCorasick::new(patterns).ok();
    }
}

/// How long the longest form is, in bytes.
pub fn longest() -> usize {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |known| known.longest)
}

/// Adds every known secret in a text, and at its end the beginning of one.
pub fn find(raw: &[u8], found: &mut Vec<Found>) {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let Some(known) = &*known else { return };
    let Some(finder) = &known.finder else { return };
    for hit in finder.find_overlapping_iter(raw) {
        let rest = &raw[hit.start()..];
        let whole = hit.pattern().as_usize() < known.forms.len();
        let value = if whole { hit.range() } else { hit.start()..raw.len() };
        if whole || (rest.len() < known.longest && known.forms.iter().any(|form| form.starts_with(rest))) {
            found.push(Found { value: value.clone(), whole: value });
        }
    }
}

/// A text in parts of at most [`PART`] bytes.
fn in_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > PART {
        let end = (0..=PART).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// The forms in which a text may stand in what a tool says: as it is, within JSON, a URL, shell or YAML quotes, and within
/// something that was encoded in base64.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let json = in_json(text);
    let quotes = |quoted: &str| text.replace('\'', quoted);
    let mut forms = vec![
        text.to_owned(),
        // JSON within JSON.
        in_json(&json),
        // Go's encoding/json, which Juju uses, escapes what means something in HTML; Python's json all but ASCII.
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        in_ascii(&json),
        in_url(text, "%20", |byte| format!("%{byte:02X}")),
        in_url(text, "+", |byte| format!("%{byte:02X}")),
        in_url(text, "%20", |byte| format!("%{byte:02x}")),
        quotes(r"'\''"),
        quotes(r#"'"'"'"#),
        quotes("''"),
        // As `printf %q` of bash writes it.
        text.chars()
            .flat_map(
                |c| if c.is_alphanumeric() || "_@%+=:,./-".contains(c) { vec![c] } else { vec!['\\', c] },
            )
            .collect(),
    ];
    forms.push(json);
    for before in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode([&vec![0; before], text.as_bytes()].concat());
            // Only the characters that neither neighbour has a part in.
            let begins = (before * 8).div_ceil(6);
            let ends = (before + text.len()) * 8 / 6;
            forms.push(encoded[begins..ends].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms.retain(|form| form.len() >= LEAST);
    forms.into_iter().map(String::into_bytes).collect()
}

/// A text between the quotes of JSON.
fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// JSON's escapes for all but ASCII.
fn in_ascii(json: &str) -> String {
    let escaped = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    json.chars().map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) }).collect()
}

/// A text within a URL (RFC 3986), or a form in one, with this for a blank.
fn in_url(text: &str, blank: &str, escaped: impl Fn(u8) -> String) -> String {
    let one = |byte: u8| match byte {
        b' ' => blank.to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
        byte => escaped(byte),
    };
    text.bytes().map(one).collect()
}
