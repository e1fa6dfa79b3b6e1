//! Text from tools, made harmless for a terminal and for one-line summaries: no control sequence and no control
//! character passes.

/// Text as one line: every run of white space and control characters is one space.
pub fn one_line(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text whose lines remain lines and whose indentation remains.
pub fn lines(text: &str) -> Vec<String> {
    let text = anstream::adapter::strip_str(text).to_string();
    let clean = |line: &str| {
        let line = line.replace('\t', "    ");
        line.chars().filter(|c| !c.is_control()).collect::<String>().trim_end().to_owned()
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

    proptest! {
        #[test]
        fn no_control_character_passes(text in any::<String>()) {
            prop_assert!(!one_line(&text).chars().any(char::is_control));
            prop_assert!(!lines(&text).concat().chars().any(char::is_control));
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
