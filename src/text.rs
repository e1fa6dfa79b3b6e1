//! Text from tools, made harmless for a terminal and for one-line summaries: no control sequence and no control
//! character passes, and nothing that is not seen.

pub mod duration;

use std::borrow::Cow;

/// Whether a character does something else than stand there: a control character (to some terminals those from U+0080 to
/// U+009F are control sequences), one that changes the direction of what stands around it, or one that is not seen.
/// With the last two, one name could be shown as another (Unicode Technical Report 36). The joiners U+200C and U+200D are
/// let through, since some languages need them.
pub fn rewrites(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}')
}

/// Text as one line: every run of white space and control characters is one space.
pub fn one_line(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| c.is_whitespace() || !rewrites(*c))
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Composed text as it may reach a terminal or a file: line ends, tabs and colours pass, and whatever else
/// [`rewrites`] is written as JSON escapes it, so that a JSON document says the same as before.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| rewrites(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = colour(rest).unwrap_or(c.len_utf8());
        let (piece, after) = rest.split_at(length);
        if rewrites(c) && length == c.len_utf8() && !matches!(c, '\n' | '\t') {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push_str(piece);
        }
        rest = after;
    }
    Cow::Owned(out)
}

/// How long the colour is with which a text begins (ECMA-48 SGR), if it begins with one.
fn colour(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    rest[end..].starts_with('m').then_some(end + 3)
}

/// Text whose lines remain lines and whose indentation remains.
pub fn lines(text: &str) -> Vec<String> {
    let text = anstream::adapter::strip_str(text).to_string();
    let clean = |line: &str| {
        let line = line.replace('\t', "    ");
        line.chars().filter(|c| !rewrites(*c)).collect::<String>().trim_end().to_owned()
    };
    text.lines().map(clean).collect()
}

/// Cut to so many characters, the last three then being dots, as Juju cuts its messages
/// (juju/juju:cmd/juju/status/output_tabular.go).
pub fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        text.to_owned()
    } else {
        format!("{}...", text.chars().take(length.saturating_sub(3)).collect::<String>())
    }
}

/// `1 unit`, `3 units`.
pub fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// A hint as it holds in a rehearsal: kafstack's own commands, which stand in backquotes, get `--rehearse`.
pub fn for_rehearsal(hint: &str) -> String {
    let mut pieces: Vec<String> = hint.split('`').map(str::to_owned).collect();
    for piece in pieces.iter_mut().skip(1).step_by(2) {
        if piece.starts_with("kafstack ")
            && !piece.contains("--rehearse")
            && !piece.starts_with("kafstack explain")
        {
            // What follows `--` is for somebody else.
            let at = piece.find(" -- ").unwrap_or(piece.len());
            piece.insert_str(at, " --rehearse");
        }
    }
    pieces.join("`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_bells_are_gone() {
        assert_eq!(
            one_line("\u{1b}[31mred\u{1b}[0m\r\n\t\u{7}two \u{1b}]0;title\u{7}three"),
            "red two three"
        );
        assert_eq!(lines("  a\tb\u{8}\r\n\u{1b}[2Jc  \n"), ["  a    b", "c"]);
    }

    #[test]
    fn long_text_ends_in_dots() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abc...");
    }

    #[test]
    fn what_is_not_seen_or_turns_the_direction_is_gone() {
        assert_eq!(one_line("or\u{200b}ders\u{202e}gpj\u{2066}\u{e0041}\u{feff}\u{2028}x"), "ordersgpj x");
        assert_eq!(lines("a\u{202e}b\u{9b}2Jc"), ["ab2Jc"]);
        assert_eq!(one_line("\u{645}\u{6cc}\u{200c}\u{62e}"), "\u{645}\u{6cc}\u{200c}\u{62e}");
    }

    #[test]
    fn a_document_says_the_same_without_what_rewrites_a_terminal() {
        let said = serde_json::json!({ "m": "a\u{1b}[2J\u{9b}2J\u{7f}\u{202e}\u{e0041}\n" });
        let text = format!("{said:#}\n");
        let shown = harmless(&text);
        assert!(shown.contains(r"\u009b2J\u007f\u202e\udb40\udc41"), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), said);
        assert_eq!(
            harmless("\u{1b}[1;31mred\u{1b}[0m\t\n\u{1b}[2J\u{1b}"),
            "\u{1b}[1;31mred\u{1b}[0m\t\n\\u001b[2J\\u001b"
        );
    }

    proptest! {
        #[test]
        fn no_control_character_passes(text in any::<String>()) {
            prop_assert!(!one_line(&text).chars().any(rewrites));
            prop_assert!(!lines(&text).concat().chars().any(rewrites));
            let shown = anstream::adapter::strip_str(&harmless(&text)).to_string();
            prop_assert!(!shown.chars().any(|c| rewrites(c) && !"\n\t".contains(c)));
        }
    }

    #[test]
    fn commands_in_hints_stay_in_the_rehearsal() {
        assert_eq!(
            for_rehearsal("`kafstack up` resumes; see `juju status`"),
            "`kafstack up --rehearse` resumes; see `juju status`"
        );
        assert_eq!(for_rehearsal("no command"), "no command");
        assert_eq!(for_rehearsal("`kafstack shell -- df`"), "`kafstack shell --rehearse -- df`");
    }
}
