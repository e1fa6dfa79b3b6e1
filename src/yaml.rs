//! Reading and writing YAML: the only file that names `serde_yaml` (which is the crate serde-saphyr here).
//!
//! Nothing here knows what a document means. Anchors, aliases and merge keys work within the crate's own limits,
//! which is what keeps a few lines from growing into gigabytes; a key given twice is an error, and so is depth that
//! would need more of the stack than there may be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line on which it begins, counted from 1; 0 for an empty document.
    pub line: u64,
    /// The value.
    pub value: Value,
}

/// What a node can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Keys with values, in the document's order.
    Map(Vec<Entry>),
    /// A list.
    Sequence(Vec<Node>),
    /// A single value, as it is written in the document (without quotes).
    Scalar {
        /// Its text.
        text: String,
        /// What YAML takes it for.
        kind: Kind,
    },
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as it is written.
    pub key: String,
    /// The line of the key.
    pub line: u64,
    /// Its value.
    pub node: Node,
}

/// What YAML takes a single value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Quoted, or like nothing else.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Truth,
    /// Nothing.
    Null,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, counted from 1; 0 if unknown.
    pub line: u64,
    /// The column, counted from 1; 0 if unknown.
    pub column: u64,
    /// What is wrong, without a full stop.
    pub why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for Unreadable {}

impl From<serde_yaml::Error> for Unreadable {
    fn from(error: serde_yaml::Error) -> Self {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        let text = error.without_snippet().to_string();
        let first = text.lines().next().unwrap_or_default();
        // The crate ends its sentences with the position, which is told apart here.
        let why = first.split(" at line ").next().unwrap_or(first).trim_end_matches('.');
        let twice = why.strip_prefix("duplicate mapping key: ").and_then(|rest| rest.rsplit_once(", set "));
        let why = twice.map_or_else(|| why.to_owned(), |(key, _)| format!("the key `{key}` is given twice"));
        Unreadable { line, column, why }
    }
}

/// How deep maps and lists may lie within each other. What kafstack reads needs six levels; a level takes up to 40 KiB of
/// the stack, so that the crate's own limit of 2000 is more than a thread has.
const DEPTH: usize = 16;

/// How many values aliases may add to a document; the crate's own limit of a million fills hundreds of MiB.
const ALIASED: usize = 10_000;

/// The crate's own limits but for these two.
fn limits() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: DEPTH },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: ALIASED },
    }
}

/// Reads a document with the line of every value. An empty document is an empty map.
///
/// # Errors
/// It is not YAML, has a key twice, or more than one document.
pub fn parse_tree(text: &str) -> Result<Node, Unreadable> {
    let raw: Spanned<Raw> = serde_yaml::from_str_with_options(text, limits())?;
    let node = place(raw, text);
    if matches!(node.value, Value::Scalar { kind: Kind::Null, .. }) {
        return Ok(Node { line: node.line, value: Value::Map(Vec::new()) });
    }
    Ok(node)
}

/// Reads a document as typed data.
///
/// # Errors
/// As [`parse_tree`]; or it does not fit the type.
pub fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    Ok(serde_yaml::from_str_with_options(text, limits())?)
}

/// Writes a value as a document.
///
/// # Errors
/// The value cannot be said in YAML.
pub fn write(value: &impl serde::Serialize) -> Result<String, Unreadable> {
    serde_yaml::to_string(value).map_err(|e| Unreadable { line: 0, column: 0, why: e.to_string() })
}

/// A value as the crate hands it over, before its position is known.
enum Raw {
    /// A map.
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
    /// A list.
    Sequence(Vec<Spanned<Raw>>),
    /// A single value; the text is the crate's reading of it.
    Scalar(String, Kind),
}

/// Puts positions and the document's own spelling in place.
fn place(raw: Spanned<Raw>, text: &str) -> Node {
    let line = raw.referenced.line();
    let value = match raw.value {
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, node)| Entry {
                    line: key.referenced.line(),
                    key: key.value,
                    node: place(node, text),
                })
                .collect(),
        ),
        Raw::Sequence(nodes) => Value::Sequence(nodes.into_iter().map(|node| place(node, text)).collect()),
        Raw::Scalar(read, kind) => {
            // A number is wanted as it was written: `24.10` is not `24.1`.
            let span = raw.defined.span();
            let written = (kind != Kind::Text)
                .then(|| {
                    let start = usize::try_from(span.byte_offset()?).ok()?;
                    let length = usize::try_from(span.byte_len()?).ok()?;
                    text.get(start..start.checked_add(length)?)
                })
                .flatten()
                .map(|written| written.trim().to_owned());
            Value::Scalar { text: written.unwrap_or(read), kind }
        }
    };
    Node { line, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// Takes whatever comes.
struct RawVisitor;

/// A visit of one kind of scalar.
macro_rules! scalar {
    ($visit:ident, $type:ty, $kind:expr) => {
        fn $visit<E>(self, value: $type) -> Result<Raw, E> {
            Ok(Raw::Scalar(value.to_string(), $kind))
        }
    };
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, a list or a single value")
    }

    scalar!(visit_bool, bool, Kind::Truth);
    scalar!(visit_i64, i64, Kind::Number);
    scalar!(visit_u64, u64, Kind::Number);
    scalar!(visit_i128, i128, Kind::Number);
    scalar!(visit_u128, u128, Kind::Number);
    scalar!(visit_f64, f64, Kind::Number);
    scalar!(visit_str, &str, Kind::Text);

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(String::new(), Kind::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(String::new(), Kind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries: Vec<(Spanned<String>, Spanned<Raw>)> = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            if entries.iter().any(|(known, _)| known.value == key.value) {
                return Err(A::Error::custom(format!("the key `{}` is given twice", key.value)));
            }
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(Raw::Sequence(nodes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(node: &Node) -> &[Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            other => panic!("no map: {other:?}"),
        }
    }

    fn scalar(node: &Node) -> (&str, Kind) {
        match &node.value {
            Value::Scalar { text, kind } => (text, *kind),
            other => panic!("no scalar: {other:?}"),
        }
    }

    #[test]
    fn every_value_knows_its_line_and_its_spelling() {
        let tree = parse_tree(
            "# a comment\nvm:\n  image: 24.10\n  name: \"5\"\n\nkafka: { units: 3,\n  options: {} }\n",
        )
        .unwrap();
        let [vm, kafka] = map(&tree) else { panic!("{tree:?}") };
        assert_eq!((vm.key.as_str(), vm.line), ("vm", 2));
        let [image, name] = map(&vm.node) else { panic!("{vm:?}") };
        assert_eq!((image.line, image.node.line), (3, 3));
        assert_eq!(scalar(&image.node), ("24.10", Kind::Number));
        assert_eq!(scalar(&name.node), ("5", Kind::Text));
        assert_eq!(kafka.line, 6);
        let [units, options] = map(&kafka.node) else { panic!("{kafka:?}") };
        assert_eq!((units.line, scalar(&units.node)), (6, ("3", Kind::Number)));
        assert_eq!((options.line, map(&options.node).len()), (7, 0));
    }

    #[test]
    fn truth_and_nothing_are_told_apart_from_text() {
        let tree = parse_tree("a: true\nb: \"true\"\nc:\nd: ~\ne: [1, x]\n").unwrap();
        let kinds: Vec<_> = map(&tree)[..4].iter().map(|e| scalar(&e.node).1).collect();
        assert_eq!(kinds, [Kind::Truth, Kind::Text, Kind::Null, Kind::Null]);
        assert!(matches!(&map(&tree)[4].node.value, Value::Sequence(nodes) if nodes.len() == 2));
    }

    #[test]
    fn an_empty_document_is_an_empty_map() {
        for text in ["", "\n\n", "# nothing here\n", "---\n", "{}"] {
            assert!(map(&parse_tree(text).unwrap()).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_placed() {
        let twice = parse_tree("vm:\n  cpus: 4\n  cpus: 8\n").unwrap_err();
        assert_eq!((twice.line, twice.column), (3, 3), "{twice}");
        assert_eq!(twice.to_string(), "line 3, column 3: the key `cpus` is given twice");
        let broken = parse_tree("vm:\n  cpus: [4\n").unwrap_err();
        assert!(broken.line >= 2, "{broken}");
        assert!(parse_tree("a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn a_small_document_cannot_become_a_large_one() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let last = n - 1;
            let many = vec![format!("*a{last}"); 10].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{many}]\n"));
        }
        assert!(parse_tree(&bomb).is_err());
        for opening in ["[", "{a: ", "- "] {
            for depth in [DEPTH + 1, 1_900, 100_000] {
                let deep = opening.repeat(depth);
                assert!(parse_tree(&deep).is_err(), "{depth} {opening}");
                assert!(read::<serde_json::Value>(&deep).is_err(), "{depth} {opening}");
            }
        }
        // Each alias is as deep as may be, within the one before.
        let (open, close) = ("[".repeat(DEPTH - 2), "]".repeat(DEPTH - 2));
        let level = |n: usize| format!("a{n}: &a{n} {open}*a{}{close}\n", n - 1);
        let tower = format!("a0: &a0 {open}x{close}\n{}", (1..60).map(level).collect::<String>());
        assert!(parse_tree(&tower).is_err());
    }

    #[test]
    fn values_are_written_and_read_again() {
        let value = serde_json::json!({"a": {"b": "24.04", "c": [1, true, null]}, "d": "no: \"x\"\n"});
        assert_eq!(read::<serde_json::Value>(&write(&value).unwrap()).unwrap(), value);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-:#&*!|>'\"%@`{}\\[\\], \n\ta-c0-9.~]{0,60}") {
            let _ = parse_tree(&text);
        }
    }
}
