//! What was given, where, before anybody knows what it is worth: flags, environment, file.

use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{Shape, Slot, is_section};
use crate::failure::{Failure, Id};
use crate::yaml::{self, Entry, Kind, Node, Value};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An option of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A line of the configuration file.
    File(PathBuf, u64),
    /// The configuration with which the VM was built.
    InForce,
    /// The preset of that name.
    Preset(&'static str),
    /// Nobody said otherwise.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag(name) => write!(f, "flag {name}"),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::File(path, 0) => write!(f, "{}", path.display()),
            Source::File(path, line) => write!(f, "{} line {line}", path.display()),
            Source::InForce => f.write_str("in force"),
            Source::Preset(name) => write!(f, "preset {name}"),
            Source::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub source: Source,
}

/// One key that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its name, with dots.
    pub key: String,
    /// Its value as text, and where it was given.
    pub text: Sourced<String>,
}

impl Given {
    /// One key that was given.
    pub fn new(key: impl Into<String>, value: impl Into<String>, source: Source) -> Self {
        Given { key: key.into(), text: Sourced { value: value.into(), source } }
    }
}

/// Something that cannot be, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

impl Problem {
    /// A key that nobody knows.
    pub fn unknown(source: &Source, key: &str, why: &str) -> Self {
        Problem(format!("{source}: `{}`: {why}", shown(key)))
    }

    /// A value that cannot be.
    pub fn value(source: &Source, key: &str, given: &str, right: &str) -> Self {
        Problem(format!(
            "{source}: `{}` cannot be `{}`; right would be {right}",
            shown(key),
            without_secrets(key, given)
        ))
    }
}

/// All problems as one failure.
pub fn refusal(problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {}", problem.0)).collect();
    Failure::new(Id::ConfigurationInvalid, format!("the configuration cannot be used:{}", lines.concat()))
        .hint("`kafstack config check` asks again; `kafstack config init` writes a file with every key")
}

/// Text that can be printed: short, and without control characters.
fn shown(text: &str) -> String {
    let plain: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().count() > 80 { format!("{plain}…") } else { plain }
}

/// A value as it may be repeated in a message.
fn without_secrets(key: &str, given: &str) -> String {
    match given.rsplit_once('@') {
        Some((_, host)) if key.starts_with("proxy.") => format!("…@{}", shown(host)),
        _ => shown(given),
    }
}

/// Reads the file that is named, or else the first of the usual places that has one.
///
/// # Errors
/// The file that is named is not there, or one cannot be read.
pub fn find_file(named: Option<&Path>, places: &[PathBuf]) -> Result<Option<(PathBuf, String)>, Failure> {
    /// More than any configuration needs, and less than `/dev/zero`.
    const LIMIT: u64 = 1 << 20;
    let read = |path: &Path| -> std::io::Result<String> {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        let read = std::io::Read::read_to_string(&mut std::io::Read::take(file, LIMIT), &mut text)?;
        if read as u64 == LIMIT { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
    };
    let candidates: Vec<&Path> = match named {
        Some(path) => vec![path],
        None => places.iter().map(PathBuf::as_path).collect(),
    };
    for path in candidates {
        match read(path) {
            Ok(text) => return Ok(Some((path.to_owned(), text))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => {}
            Err(e) => {
                return Err(Failure::new(
                    Id::ConfigurationInvalid,
                    format!("the configuration file {} cannot be read: {e}", path.display()),
                )
                .hint("name another one with `--config FILE`; `kafstack config init` writes one"));
            }
        }
    }
    Ok(None)
}

/// Takes a file apart into keys.
pub fn parse_file(path: &Path, text: &str) -> (Vec<Given>, Vec<Problem>) {
    let mut found = Found { path, given: Vec::new(), problems: Vec::new() };
    match yaml::parse_tree(text) {
        Err(e) => found.problems.push(Problem(format!("{} {e}", path.display()))),
        Ok(Node { value: Value::Map(entries), .. }) => found.section("", &entries),
        Ok(Node { line, .. }) => {
            let source = Source::File(path.to_owned(), line);
            found
                .problems
                .push(Problem(format!("{source}: right would be keys with values, such as `preset: kraft`")));
        }
    }
    (found.given, found.problems)
}

/// What was found in a file so far.
struct Found<'a> {
    /// The file.
    path: &'a Path,
    /// The keys.
    given: Vec<Given>,
    /// What is wrong.
    problems: Vec<Problem>,
}

impl Found<'_> {
    /// Takes one section.
    fn section(&mut self, prefix: &str, entries: &[Entry]) {
        for entry in entries {
            let source = Source::File(self.path.to_owned(), entry.line);
            let dotted = entry.key.contains('.');
            let name = if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
            let empty = matches!(entry.node.value, Value::Scalar { kind: Kind::Null, .. });
            if dotted {
                let why = "in a file, what stands after the dot is a key of its own, one level deeper";
                self.problems.push(Problem::unknown(&source, &name, why));
            } else if is_section(&name) {
                match &entry.node.value {
                    Value::Map(inner) => self.section(&name, inner),
                    _ if empty => {}
                    other => {
                        self.problems.push(Problem::value(
                            &source,
                            &name,
                            &brief(other),
                            "keys with values, one level deeper",
                        ));
                    }
                }
            } else {
                self.leaf(&name, &entry.node, source);
            }
        }
    }

    /// Takes one key.
    fn leaf(&mut self, name: &str, node: &Node, source: Source) {
        let slot = match Slot::named(name) {
            Ok(slot) => slot,
            Err(why) => return self.problems.push(Problem::unknown(&source, name, &why)),
        };
        let right = match slot.shape() {
            Some(Shape::Whole) => "a whole number, not in quotes",
            Some(Shape::Truth) => "`true` or `false`, not in quotes",
            Some(Shape::Word) | None => "a single value, which may be `\"\"`",
        };
        match &node.value {
            Value::Scalar { text, kind } => {
                let fits = match slot.shape() {
                    Some(Shape::Whole) => *kind == Kind::Number,
                    Some(Shape::Truth) => *kind == Kind::Truth,
                    Some(Shape::Word) | None => *kind != Kind::Null,
                };
                if fits {
                    self.given.push(Given::new(name, text.trim(), source));
                } else {
                    let given = if *kind == Kind::Null { "(nothing)" } else { text };
                    // A number that cannot be is better answered with the key's own rule.
                    let mut draft = super::Preset::Microstack.config();
                    let own = if *kind == Kind::Null { None } else { slot.set(&mut draft, text).err() };
                    let right = own.unwrap_or_else(|| right.to_owned());
                    self.problems.push(Problem::value(&source, name, given, &right));
                }
            }
            other => self.problems.push(Problem::value(&source, name, &brief(other), right)),
        }
    }
}

/// A value of the wrong kind, in a word.
fn brief(value: &Value) -> String {
    match value {
        Value::Map(_) => "(keys with values)".to_owned(),
        Value::Sequence(_) => "(a list)".to_owned(),
        Value::Scalar { text, .. } => text.clone(),
    }
}
