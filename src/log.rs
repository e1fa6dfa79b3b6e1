//! The developers' log: what users are told goes through events, what developers want to know through `tracing`. It
//! goes to a file in the run's folder, and with `-vv` to stderr.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::host::scrub;
use crate::report::terminal::Terminal;

/// The name of the log in a run's folder.
const NAME: &str = "kafstack.log";

/// Where the log goes once a run has a folder.
static FILE: OnceLock<Mutex<File>> = OnceLock::new();

/// Begins to log; `verbose` is how often `-v` was given.
pub fn begin(verbose: u8, terminal: &Terminal) {
    let level = if verbose >= 3 { LevelFilter::TRACE } else { LevelFilter::DEBUG };
    let to = Both { terminal: (verbose >= 2).then(|| terminal.clone()) };
    let log =
        tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(to).with_target(false);
    // Only a second call in one process fails, and there is none.
    let _ = log.try_init();
}

/// From now on the log is kept in this run's folder as well.
///
/// # Errors
/// The file cannot be made.
pub fn keep_in(folder: &Path) -> io::Result<()> {
    let file = crate::state::create_private(&folder.join(NAME))?;
    let _ = FILE.set(Mutex::new(file));
    Ok(())
}

/// The run's file, and the terminal if it was asked for.
struct Both {
    /// With `-vv`.
    terminal: Option<Terminal>,
}

impl<'a> MakeWriter<'a> for Both {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { terminal: self.terminal.clone() }
    }
}

/// One line of the log on its way.
struct Line {
    /// With `-vv`.
    terminal: Option<Terminal>,
}

impl Write for Line {
    /// Takes a whole line (tracing-subscriber writes no other), and passes it on without secrets.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = scrub::text(&text);
        if let Some(file) = FILE.get() {
            // A log that cannot be written is no reason to stop.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
        }
        if let Some(terminal) = &self.terminal {
            let _ = terminal.errors().write_all(text.as_bytes());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
