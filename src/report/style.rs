//! The few colours kafstack uses. Text is always composed with them; the terminal drops them where they are not
//! wanted, so nothing else asks about colour and nothing may depend on it.

use anstyle::{AnsiColor, Style};

/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Not yet, or to be noticed.
pub const FAIR: Style = AnsiColor::Yellow.on_default();
/// Wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// `error:`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// `warning:`.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// `hint:`.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();
/// Less important than the rest.
pub const DIM: Style = Style::new().dimmed();
/// A heading.
pub const HEADING: Style = Style::new().bold();
/// As it is.
pub const NONE: Style = Style::new();

/// The text in that style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour in which Juju itself shows a state (juju/juju:core/output, the sets of good, warning and error
/// states).
pub fn of_state(state: &str) -> Style {
    match state {
        "active" | "running" | "idle" | "started" | "executing" | "attaching" | "attached" => GOOD,
        "allocating" | "lost" | "maintenance" | "pending" | "rebooting" | "stopped" | "unknown"
        | "detaching" | "detached" => FAIR,
        "blocked" | "down" | "error" | "failed" | "terminated" => BAD,
        _ => NONE,
    }
}
