//! Live lines: on the screen for now, below the lines that stay. Each is cut to the width the terminal has when it is drawn.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::terminal::Terminal;

/// Live lines on a terminal, gone when dropped.
pub struct Live {
    /// Where they are; what else is written there has them step aside.
    terminal: Terminal,
    /// What draws them together.
    lines: MultiProgress,
    /// One for each line.
    bars: Vec<ProgressBar>,
}

impl Live {
    /// None yet.
    pub fn new(terminal: Terminal) -> Self {
        Live { lines: terminal.begin_live_lines(), terminal, bars: Vec::new() }
    }

    /// Shows these lines and no others, below an empty one: the `^C` that a terminal echoes (termios(3), ECHOCTL) moves
    /// the cursor down by one, unknown to who draws them, so that the first is left behind. (It is a space, as no line
    /// is drawn of nothing.)
    pub fn show(&mut self, lines: &[String]) {
        let lines: Vec<&str> = match lines {
            [] => Vec::new(),
            lines => std::iter::once(" ").chain(lines.iter().map(String::as_str)).collect(),
        };
        while self.bars.len() > lines.len() {
            if let Some(bar) = self.bars.pop() {
                bar.finish_and_clear();
                self.lines.remove(&bar);
            }
        }
        while self.bars.len() < lines.len() {
            let bar = self.lines.add(ProgressBar::no_length());
            // The template is a constant, so it is never refused.
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            self.bars.push(bar);
        }
        for (bar, line) in self.bars.iter().zip(lines) {
            let line = self.terminal.dressed(line);
            if bar.message() != line {
                bar.set_message(line);
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.show(&[]);
        self.terminal.end_live_lines();
    }
}
