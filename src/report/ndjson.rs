//! Events as JSON, one object a line, for `--events` and for the run's folder. No secret passes, and nothing that would
//! rewrite a terminal.

use std::io::{self, Write};

use super::Reporter;
use super::terminal::Terminal;
use crate::event::Event;
use crate::host::scrub;
use crate::text;

/// Writes every event as it comes.
pub struct Ndjson {
    /// What it is called in a warning.
    name: String,
    /// Where they go; `None` once that failed.
    to: Option<Box<dyn Write + Send>>,
    /// To say that it failed.
    terminal: Terminal,
}

impl Ndjson {
    /// Into this file.
    pub fn new(name: &str, to: Box<dyn Write + Send>, terminal: Terminal) -> Self {
        Ndjson { name: name.to_owned(), to: Some(to), terminal }
    }

    /// To standard output, for `--events -`.
    pub fn to_output(terminal: &Terminal) -> Self {
        Ndjson::new("standard output", Box::new(terminal.output()), terminal.clone())
    }
}

impl Reporter for Ndjson {
    /// A reader that went away ends the events but not the run; a file that takes no more is told once.
    fn on(&mut self, event: &Event) {
        let Some(to) = &mut self.to else { return };
        let written = serde_json::to_string(event).map_err(io::Error::from).and_then(|line| {
            to.write_all(format!("{}\n", text::harmless(&scrub::text(&line))).as_bytes())?;
            to.flush()
        });
        if let Err(error) = written {
            self.to = None;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.terminal.warning(&format!("no more events in {}: {error}", self.name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::fake;
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_event_is_one_line() {
        let (terminal, screen) = fake::terminal(|_| ());
        let mut events = Ndjson::to_output(&terminal);
        events.on(&sample::begun());
        events.on(&sample::said(3, "launch-vm", "a\nb"));
        assert_eq!(
            screen.out(),
            concat!(
                r#"{"v":1,"at":"1970-01-01T00:00:00.000Z","elapsed_ms":0,"event":"plan-started","plan":"up","#,
                r#""vm":"microstack","steps":["check-laptop","launch-vm","integrate-kafka"],"rehearsal":false}"#,
                "\n",
                r#"{"v":1,"at":"1970-01-01T00:00:03.000Z","elapsed_ms":3000,"event":"output","#,
                r#""step":"launch-vm","stream":"stderr","line":"a\nb","rehearsal":false}"#,
                "\n",
            )
        );
    }

    #[test]
    fn a_full_disk_is_told_once_and_a_reader_that_left_is_not() {
        struct Refuses(io::ErrorKind);
        impl Write for Refuses {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, "warning: no more events in FILE: no storage space\n"),
            (io::ErrorKind::BrokenPipe, ""),
        ] {
            let (terminal, screen) = fake::terminal(|_| ());
            let mut events = Ndjson::new("FILE", Box::new(Refuses(kind)), terminal);
            sample::run().iter().for_each(|e| events.on(e));
            assert_eq!(screen.err(), expected);
        }
    }
}
