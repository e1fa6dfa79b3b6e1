//! A simple table: aligned columns two spaces apart, the last one as long as it likes.

use std::fmt;

use anstyle::Style;

use super::style::{self, paint};
use crate::text;

/// The widest that a column gets, in characters: what a tool makes longer stands out of its column.
const WIDEST: usize = 200;

/// A table being filled.
pub struct Table {
    /// The headings; none: no heading line.
    heading: Vec<Cell>,
    /// The rows.
    rows: Vec<Vec<Cell>>,
}

/// Text with a colour; control characters are taken out of it.
#[derive(Clone)]
pub struct Cell {
    /// One line.
    text: String,
    /// Its colour.
    style: Style,
}

impl Cell {
    /// Text in a colour.
    pub fn styled(text: &str, style: Style) -> Self {
        Cell { text: text::one_line(text), style }
    }

    /// A state, in Juju's colour for it.
    pub fn state(state: &str) -> Self {
        Cell::styled(state, style::of_state(state))
    }

    /// Text that is indented by so many spaces.
    #[must_use]
    pub fn indented(mut self, spaces: usize) -> Self {
        self.text.insert_str(0, &" ".repeat(spaces));
        self
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::styled(text, style::NONE)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::from(text.as_str())
    }
}

impl Table {
    /// A table with these headings.
    pub fn new<const N: usize>(heading: [&str; N]) -> Self {
        let heading = heading.into_iter().map(|h| Cell::styled(h, style::HEADING)).collect();
        Table { heading, rows: Vec::new() }
    }

    /// A table without headings.
    pub fn bare() -> Self {
        Table { heading: Vec::new(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for Table {
    /// Every line with its end; no line has spaces at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = (!self.heading.is_empty()).then_some(&self.heading);
        let lines: Vec<&Vec<Cell>> = heading.into_iter().chain(&self.rows).collect();
        let columns = lines.iter().map(|l| l.len()).max().unwrap_or(0);
        let length = |cell: &Cell| cell.text.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|i| lines.iter().filter_map(|l| l.get(i)).map(length).max().unwrap_or(0).min(WIDEST))
            .collect();
        for line in lines {
            let filled = line.iter().rposition(|c| !c.text.is_empty()).map_or(0, |last| last + 1);
            for (i, cell) in line[..filled].iter().enumerate() {
                f.write_str(&paint(cell.style, &cell.text))?;
                if i + 1 < filled {
                    write!(f, "{:1$}", "", widths[i].saturating_sub(length(cell)) + 2)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_their_colours() {
        let mut table = Table::new(["Name", "State", "Message"]);
        table.row([Cell::from("kafka/10"), Cell::state("active"), Cell::from("")]);
        table.row([Cell::from("é"), Cell::state("error"), Cell::from("two\nlines")]);
        table.row([Cell::from("in").indented(2)]);
        assert_eq!(
            anstream::adapter::strip_str(&table.to_string()).to_string(),
            "Name      State   Message\n\
             kafka/10  active\n\
             é         error   two lines\n  in\n"
        );
        assert!(table.to_string().contains("\u{1b}[31merror\u{1b}[0m"));
    }

    #[test]
    fn what_is_far_too_long_does_not_widen_the_other_lines() {
        let long = "x".repeat(70_000);
        let mut table = Table::bare();
        table.row([Cell::from(long.as_str()), Cell::from("one")]);
        table.row([Cell::from("short"), Cell::from("two")]);
        assert_eq!(table.to_string(), format!("{long}  one\nshort{:1$}two\n", "", WIDEST - 5 + 2));
    }
}
