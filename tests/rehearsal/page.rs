//! The tables of the page about reliability, each between two marks.

use std::path::Path;

/// Holds what stands between the marks of this name to these lines, or writes them.
#[track_caller]
pub fn holds(name: &str, lines: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("documentation/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}: written by its test -->"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect("the mark where the table begins");
    let (_, after) = rest.split_once(&end).expect("the mark where it ends");
    let now = format!("{before}{begin}\n\n{}\n\n{end}{after}", lines.trim());
    if std::env::var_os("UPDATE_PAPERS").is_some() {
        std::fs::write(&path, &now).unwrap();
    } else {
        assert!(now == page, "UPDATE_PAPERS=1 writes the table of {name} anew");
    }
}
