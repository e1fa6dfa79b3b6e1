//! Text as the readers of other languages read it back.

use std::fmt::Write as _;

/// Inside double quotes for Java's `StreamTokenizer`, which knows C's escapes and ends a text at a line break.
pub fn jaas(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            _ => out.push(c),
        }
    }
    out
}

/// The value of a Java property (`java.util.Properties`). Files are read as ISO 8859-1, so everything beyond ASCII
/// stands as UTF-16 escapes.
pub fn java_property(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            ' ' if i == 0 => out.push_str(r"\ "),
            ' '..='~' => out.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    out
}

/// A word of a POSIX shell, always in single quotes.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text in double quotes for YAML, whose escapes hold JSON's. Spring would replace `${…}`: a placeholder that
/// stands for nothing but a dollar keeps it from that.
pub fn spring(text: &str) -> String {
    ascii_json(&text.replace("${", "${kafstack:$}{"))
}

/// A text in double quotes as JSON has it, in ASCII.
fn ascii_json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            ' '..='~' => out.push(c),
            // YAML joins no halves of a pair, but has eight digits for one.
            _ if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// A text in double quotes for Python, in ASCII. Its escapes are those of YAML as far as they are used here.
pub fn python(text: &str) -> String {
    ascii_json(text)
}
