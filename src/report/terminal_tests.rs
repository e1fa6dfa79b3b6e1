//! What reaches which stream, and how it looks.

use super::*;
use crate::failure::Id;

/// A failure with everything.
fn failure() -> Failure {
    Failure::new(Id::KafkaNotReady, "Kafka did not become ready within 60 minutes")
        .expected("all units of `kafka` active in model `demo`")
        .seen("kafka/1 blocked: \u{1b}[2Jmissing\r\nrelation")
        .hint("ask Juju yourself: `juju status`")
        .hint("`kafstack up` resumes at this step")
        .hint("ask Juju yourself: `juju status`")
}

#[test]
fn a_failure_is_told_once_with_its_hints_last() {
    let (terminal, screen) = fake::terminal(|s| s.quiet = true);
    terminal.failure(&failure());
    assert_eq!(
        screen.err(),
        "error: Kafka did not become ready within 60 minutes [kafka-not-ready]\n\
         \x20 expected:  all units of `kafka` active in model `demo`\n\
         \x20 last seen: kafka/1 blocked: missing\n\
         \x20            relation\n\
         \n\
         hint: ask Juju yourself: `juju status`\n\
         hint: `kafstack up` resumes at this step\n"
    );
}

#[test]
fn a_short_failure_is_one_line() {
    let (terminal, screen) = fake::terminal(|_| ());
    terminal.failure(&Failure::new(Id::Usage, "no such step"));
    assert_eq!(screen.err(), "error: no such step [usage]\n");
}

#[test]
fn notes_and_warnings_go_to_standard_error_unless_quiet() {
    let (terminal, screen) = fake::terminal(|_| ());
    terminal.note("hello \u{1b}[31mred\u{7}");
    terminal.warning("careful");
    terminal.data("data\n");
    assert_eq!(screen.err(), "hello red\nwarning: careful\n");
    assert_eq!(screen.out(), "data\n");

    let (terminal, screen) = fake::terminal(|s| s.quiet = true);
    terminal.note("hello");
    terminal.warning("careful");
    terminal.data("data\n");
    assert_eq!((screen.err().as_str(), screen.out().as_str()), ("", "data\n"));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let green = paint(style::GOOD, "active");
    let shown = |choice: ColorChoice, is_terminal: bool| {
        let (terminal, screen) = fake::terminal(|s| {
            s.color = choice;
            s.stdout_is_terminal = is_terminal;
        });
        terminal.data(&green);
        screen.out()
    };
    assert_eq!(shown(ColorChoice::Auto, true), "\u{1b}[32mactive\u{1b}[0m");
    assert_eq!(shown(ColorChoice::Auto, false), "active");
    assert_eq!(shown(ColorChoice::Never, true), "active");
    assert_eq!(shown(ColorChoice::Always, false), green);
}

#[test]
fn a_screen_takes_the_place_of_the_one_before() {
    let (terminal, screen) = fake::terminal(|s| s.stdout_is_terminal = true);
    terminal.screen("one\ntwo\n");
    assert_eq!(screen.out(), "\u{1b}[?7l\u{1b}[Hone\u{1b}[K\ntwo\u{1b}[K\n\u{1b}[J\u{1b}[?7h");
    let (terminal, screen) = fake::terminal(|_| ());
    terminal.screen("one\n");
    assert_eq!(screen.out(), "one\n");
}

#[test]
fn only_yes_is_yes() {
    let asked = |typed, person| {
        let (terminal, screen) = fake::typed(typed, |s| {
            s.stdin_is_terminal = person;
            s.stderr_is_terminal = person;
        });
        (terminal.ask("Destroy VM microstack?"), screen.err())
    };
    assert_eq!(asked("Yes\n", true), (true, "Destroy VM microstack? [y/N] ".into()));
    assert!(asked("y\n", true).0);
    assert!(!asked("\n", true).0);
    assert!(!asked("yesterday\n", true).0);
    assert_eq!(asked("", true), (false, "Destroy VM microstack? [y/N] \n".into()));
    assert_eq!(asked("y\n", false), (false, String::new()));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let settings = fake::terminal(|_| ()).0.settings;
    let terminal = Terminal::on(settings, Box::new(Gone), Box::new(io::sink()), Box::new(io::empty()));
    assert_eq!(terminal.closed(), None);
    terminal.data("x");
    assert_eq!(terminal.closed(), Some(io::ErrorKind::BrokenPipe));
    assert_eq!(terminal.output().write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
