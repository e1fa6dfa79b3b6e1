//! Values that are secret whoever made them: what stands around them, or how they look, says so.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use regex::bytes::Regex;

use super::Found;

/// Each part finds one shape; the value is what its group takes in. The parts that begin with a word look for it anywhere
/// in a name, as in `OS_PASSWORD` (openrc, canonical/snap-openstack:sunbeam-python/sunbeam/commands/configure.py),
/// `operator-password` (canonical/kafka-operator:src/literals.py) or `ssl.truststore.password`.
const SHAPES: &[&str] = &[
    // "password": "…", with quotes that may be escaped themselves; 'password': '…'.
    r#"NAME\\*["'][ \t]*[:=][ \t]*(?:QUOTED|(\d{4,}))"#,
    // password=…, password: …, and the same quoted (sasl.jaas.config).
    r#"NAME[ \t]*[:=][ \t]*(?:QUOTED|((?:[^\s"'\\]|\\[^nrt"])(?:[^\s"\\]|\\[^nrt"])*))"#,
    // --password …
    r#"--[a-z-]*(?:password|secret|token)[ =]"?'?([^\s"']+)"#,
    // HTTP.
    r#"authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?(?:basic |bearer |digest |negotiate )?([^\s"'\\]+)"#,
    r"bearer ([A-Za-z0-9._~+/=-]{16,})",
    r#"cookie\\*["']?: ?([^\r\n"\\]+)"#,
    // User and password before a host; a long user alone is a token.
    r#"://([^\s/@:"'<>]*:[^\s/@"'<>]+|[^\s/@:"'<>]{20,})@"#,
    // Keystone's Fernet tokens; JSON in base64, as JWT and the join tokens of sunbeam and microcluster are.
    r"(?-i:\b(gAAAA[A-Za-z0-9_-]{40,}={0,2}))",
    r"(?-i:\b(eyJ[A-Za-z0-9_-]{20,}[A-Za-z0-9_.=+/-]*))",
    // `juju add-user` says `juju register …`.
    r"juju register ([A-Za-z0-9+/=_-]{20,})",
    // Private keys, also in base64.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.+?)(?:-----END|$)",
    r"(?-i:(LS0tLS1CRUdJTi(?:BQUklW|BSU0Eg|BFQyBQ|BFTkNS|BPUEVO)[A-Za-z0-9+/_-]*=*))",
];

/// The names of values that are secret.
const NAMES: &str = "(?:pass(?:word|wd|phrase)|[_-]pass|adminpass|token|[_-]secret|\
    (?:secret|private|ca|access|api|stored|server|signing|encryption)[_.-]?key)";

/// A value in quotes: of JSON within JSON within JSON, of JSON within JSON, of JSON, of a shell or YAML. One that was cut off
/// goes to the end.
const QUOTED: &str = r#"\\\\\\"(?:\\\\\\"|(.*?[^\\])\\\\\\"|(.+))|\\"(?:\\"|(.*?[^\\])\\"|(.+))|"((?:[^"\\]|\\.)+)|'((?:[^']|'\\'')+)"#;

/// Words without one of which no shape fits. They are found in much less time than it takes to make the patterns, which
/// most commands never need.
const HINTS: &[&str] = &[
    "pass",
    "token",
    "secret",
    "key",
    "authorization",
    "bearer",
    "cookie",
    "://",
    "gaaaa",
    "eyj",
    "juju register",
    "ls0tls1crudj",
];

/// [`HINTS`], found by the processor's wide instructions, which takes hardly any preparation. `None` where it has none.
static HINT: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(HINTS));

/// Whether a shape may fit: one of [`HINTS`] is there, whatever its case. Where they cannot be searched for, any text may.
fn may_fit(raw: &[u8]) -> bool {
    HINT.as_ref().is_none_or(|hint| hint.find(raw.to_ascii_lowercase()).is_some())
}

/// All shapes in one, so that a text is read once.
static ALL: LazyLock<Regex> = LazyLock::new(|| {
    let all: Vec<String> = SHAPES
        .iter()
        .map(|shape| format!("(?:{})", shape.replace("NAME", NAMES).replace("QUOTED", QUOTED)))
        .collect();
    regex(&all.join("|"))
});

/// Where a private key begins or ends.
static MARK: LazyLock<Regex> =
    LazyLock::new(|| regex("-----(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"));

/// A constant as a pattern for bytes; upper and lower case are the same, a dot is any byte.
#[expect(clippy::expect_used, reason = "constants, which the first test compiles")]
fn regex(text: &str) -> Regex {
    let built = regex::bytes::RegexBuilder::new(text)
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build();
    built.expect("a pattern that compiles")
}

/// Adds every value that is secret by its shape.
pub fn find(raw: &[u8], found: &mut Vec<Found>) {
    if may_fit(raw) {
        find_all(raw, found);
    }
}

/// The same without a look at the hints first.
fn find_all(raw: &[u8], found: &mut Vec<Found>) {
    for groups in ALL.captures_iter(raw) {
        let whole: Range<usize> = groups.get(0).map(|all| all.range()).unwrap_or_default();
        if let Some(value) = groups.iter().skip(1).flatten().next() {
            found.push(Found { value: value.range(), whole });
        }
    }
}

/// Whether a private key begins after this line (true) or has ended with it; `None` where neither is said.
pub fn key_mark(raw: &[u8]) -> Option<bool> {
    if !may_fit(raw) {
        return None;
    }
    let last = MARK.captures_iter(raw).last()?;
    Some(last.get(1).is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(b"BEGIN")))
}

/// Whether a line can lie within a private key: base64 (RFC 7468), alone or after what a log puts before it; a header of
/// an encrypted key (RFC 1421); or nothing.
pub fn of_key(raw: &[u8]) -> bool {
    let mut words = raw.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let Some(last) = words.next_back() else { return true };
    let base64 = last.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    let alone = words.next().is_none();
    (base64 && (alone || last.len() >= 48)) || raw.starts_with(b"Proc-Type:") || raw.starts_with(b"DEK-Info:")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text in which shapes are likely: pieces of them, and anything.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "OS_PASSWORD",
                "passphrase",
                "_pass",
                "token",
                "client-secret",
                "server_key",
                "private.key",
                "--password",
                "authorization",
                "Bearer ",
                "Set-Cookie: ",
                "http://",
                "@",
                ":",
                "=",
                ": ",
                "\"",
                "'",
                "\\\"",
                " ",
                "\n",
                "gAAAAABm",
                "eyJhbGciOi",
                "juju register ",
                "-----BEGIN RSA PRIVATE KEY",
                "-----",
                "LS0tLS1CRUdJTiBSU0Eg",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "1234567",
            ])
            .prop_map(str::to_owned),
            "[ -~]{0,12}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_shape_fits_where_no_hint_is(text in text()) {
            let mut found = Vec::new();
            find_all(text.as_bytes(), &mut found);
            prop_assert!(found.is_empty() || may_fit(text.as_bytes()), "{text}");
            prop_assert!(!MARK.is_match(text.as_bytes()) || may_fit(text.as_bytes()));
        }
    }
}
