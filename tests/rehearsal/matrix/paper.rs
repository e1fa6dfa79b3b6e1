//! The fault matrix as a table of documentation/reliability.md. `UPDATE_PAPERS=1 cargo test --test rehearsal matrix`
//! writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::cells::{Cell, End, STEPS, cells, summary};
use crate::page;

/// The steps of some cells as words.
fn steps(cells: &[&Cell]) -> String {
    let names: Vec<String> = cells.iter().map(|cell| format!("`{}`", cell.step.name)).collect();
    match names.len() {
        0 => "–".to_owned(),
        all if all == STEPS.len() => "every step".to_owned(),
        most if most > STEPS.len() / 2 => {
            let named = |step: &str| cells.iter().any(|cell| cell.step.name == step);
            let others = STEPS.iter().filter(|step| !named(step.name));
            format!(
                "every step but {}",
                others.map(|step| format!("`{}`", step.name)).collect::<Vec<_>>().join(", ")
            )
        }
        _ => names.join(", "),
    }
}

/// The steps of some cells, each end with a word of its own first.
fn by_word(cells: &[&Cell], word: fn(&End) -> Option<String>) -> String {
    let mut words: Vec<String> = cells.iter().filter_map(|cell| word(&cell.end)).collect();
    words.sort();
    words.dedup();
    if words.is_empty() {
        return "–".to_owned();
    }
    let of = |of: &String| {
        let some: Vec<&Cell> =
            cells.iter().copied().filter(|cell| word(&cell.end).as_ref() == Some(of)).collect();
        format!("{of}: {}", steps(&some))
    };
    words.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The table.
fn table(cells: &[Cell]) -> String {
    let mut text = format!("{}.\n\n", summary(cells));
    text += "| what happens | `up` ends ready by itself | `up` stops, the next one ends ready | `up` stops until it is over | `up` stops until a person acts | cannot happen |\n|---|---|---|---|---|---|\n";
    for row in cells.chunks(STEPS.len()) {
        let all: Vec<&Cell> = row.iter().collect();
        let recovered: Vec<&Cell> = row.iter().filter(|cell| cell.end == End::Recovered).collect();
        let again = |end: &End| match end {
            End::Again(id) => Some(format!("`{id}`")),
            _ => None,
        };
        let stopped = |end: &End| match end {
            End::Stopped(id) => Some(format!("`{id}`")),
            _ => None,
        };
        let stuck = |end: &End| match end {
            End::Stuck(id) => Some(format!("`{id}`")),
            _ => None,
        };
        let cannot = |end: &End| match end {
            End::Cannot(why) => Some(why.clone()),
            _ => None,
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row[0].kind.kind,
            steps(&recovered),
            by_word(&all, again),
            by_word(&all, stopped),
            by_word(&all, stuck),
            by_word(&all, cannot)
        );
    }
    text
}

/// Writes the ends that were seen into `cells.yaml`, each with its steps in their order. What cannot happen stays.
pub fn write_cells(seen: &BTreeMap<(&str, &str), End>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal/matrix/cells.yaml");
    let old = std::fs::read_to_string(&path).unwrap();
    let mut text = old.split("\n- kind:").next().unwrap().to_owned();
    for row in cells().chunks(STEPS.len()) {
        let kind = row[0].kind;
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let _ = writeln!(text, "\n- kind: {}\n  plant: {}\n  ends:", quoted(&kind.kind), quoted(&kind.plant));
        let mut ends: Vec<(String, Vec<&str>)> = Vec::new();
        for cell in row {
            let end = seen.get(&(kind.kind.as_str(), cell.step.name)).unwrap_or(&cell.end).to_string();
            match ends.iter_mut().find(|(other, _)| *other == end) {
                Some((_, steps)) => steps.push(cell.step.name),
                None => ends.push((end, vec![cell.step.name])),
            }
        }
        for (end, steps) in ends {
            let _ = writeln!(text, "    {}: {}", quoted(&end), steps.join(" "));
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_page_about_reliability_shows_the_fault_matrix() {
    page::holds("the fault matrix", &table(&cells()));
}
