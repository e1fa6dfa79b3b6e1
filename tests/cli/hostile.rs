//! What tools say cannot rewrite the terminal of the user.

use crate::fake_laptop::FakeLaptop;

/// Each of these does something else than stand there: a title, the clipboard, a reset, a question that the terminal
/// answers as if somebody had typed, graphics, a link, the alternate screen, one-byte forms of the same, text that runs
/// backwards or is not seen.
const HOSTILE: &[&str] = &[
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;ZXZpbA==\u{1b}\\",
    "\u{1b}c",
    "\u{1b}[6n",
    "\u{1b}[3J",
    "\u{1b}Pq#0\u{1b}\\",
    "\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}[?1049h",
    "\u{9b}6n",
    "\u{9d}0;title\u{9c}",
    "\u{90}q\u{9c}",
    "\u{7}",
    "\u{7f}",
    "\u{e}",
    "\u{202e}sdrawkcab",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{e0041}",
];

/// All of it, on lines of its own and on one.
fn all() -> String {
    format!("{}\n{}\n", HOSTILE.join("\n"), HOSTILE.join(" x "))
}

/// What of it came through; on a terminal kafstack moves the cursor and colours text itself.
fn through(shown: &str) -> Vec<char> {
    let bare = |c: &char| {
        c.is_control() && !"\r\n\t\u{1b}".contains(*c)
            || HOSTILE.iter().any(|h| h.contains(*c) && !c.is_ascii())
    };
    // Colours, cursor up, columns, erasing to the end and of lines; the cursor and line wrapping off and on.
    let ours = |rest: &str| {
        let rest = rest.strip_prefix('[').unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit() && !";?".contains(c)).unwrap_or(0);
        let (parameters, last) = rest.split_at(end);
        let draws = last.starts_with(['m', 'A', 'B', 'G', 'K', 'J', 'H']) && parameters != "3";
        draws || (last.starts_with(['l', 'h']) && ["?25", "?7"].contains(&parameters))
    };
    let introduced = shown.split('\u{1b}').skip(1).filter(|rest| !ours(rest));
    shown.chars().filter(bare).chain(introduced.map(|_| '\u{1b}')).collect()
}

#[test]
fn nothing_that_tools_say_rewrites_the_terminal() {
    let laptop = FakeLaptop::new();
    let mut seen = Vec::new();
    laptop.say("multipass launch", &all());
    laptop.say("sunbeam cluster bootstrap", &all());
    laptop.complain("juju deploy", &all());
    laptop.fail("juju integrate", &all());
    let up = laptop.kafstack("up --yes --progress plain -vv --events -").exits_with(4);
    seen.push(up.stdout + &up.stderr);
    let (bar, _keys) = laptop.start_on_terminal("up --yes -v");
    let bar = bar.ends().exits_with(4);
    assert!(bar.stderr.contains('\u{1b}'), "there must be a terminal for this to mean anything");
    seen.push(bar.stdout + &bar.stderr);

    laptop.heal();
    let message = serde_json::to_string(&all()).unwrap();
    std::fs::write(laptop.in_vm("message"), message.trim_matches('"')).unwrap();
    for command in ["status", "status --color always", "status --format json"] {
        let ran = laptop.kafstack(command).exits_with(7);
        seen.push(ran.stdout + &ran.stderr);
    }
    let state = serde_json::to_string(&format!("Running{}", all())).unwrap();
    std::fs::write(laptop.in_vm("state"), state.trim_matches('"')).unwrap();
    for command in ["status", "topic list", "down --yes"] {
        let ran = laptop.kafstack(command);
        assert!(ran.code != Some(1), "{}", ran.account());
        seen.push(ran.stdout + &ran.stderr);
    }
    for text in &seen {
        assert_eq!(through(text), [], "{text:?}");
    }
    assert!(!through(&all()).is_empty());
}
