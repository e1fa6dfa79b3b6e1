//! What the papers lead to is there: other papers, headings, rooms of the source, tests.

use std::collections::BTreeSet;
use std::path::Path;

use crate::stage::{path_of, read, section};

#[test]
fn links_to_known_issues_lead_to_their_headings() {
    let (page, manual) = (read("documentation/known-issues.md"), read("documentation/troubleshooting.md"));
    let headings = page.lines().filter_map(|line| line.strip_prefix("##"));
    let anchors: BTreeSet<String> =
        headings.map(|text| text.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-")).collect();
    let links = manual.split("(known-issues.md#").skip(1).filter_map(|rest| rest.split(')').next());
    let links: Vec<&str> = links.collect();
    assert!(links.len() > 10, "{links:?}");
    for link in links {
        assert!(anchors.contains(link), "known-issues.md has no heading for {link}");
    }
}

#[test]
fn the_rooms_import_each_other_as_the_architecture_draws() {
    let page = read("documentation/architecture.md");
    let text = section(&page, "## Who may import whom");
    let picture = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // From room to room; what is left over at the end is an exception that nobody needs.
    let mut drawn = BTreeSet::new();
    for pair in text.lines().filter(|line| line.starts_with("- ")).flat_map(|line| line.split(", ")) {
        if let [_, one, " → ", other, ..] = pair.split('`').collect::<Vec<_>>()[..] {
            drawn.insert((one.to_owned(), other.to_owned()));
        }
    }
    let mut found = BTreeSet::new();
    let line_of = |room: &str| {
        let lines = picture.lines().position(|line| line.split(' ').any(|word| word == room));
        lines.unwrap_or_else(|| panic!("the picture lacks the room `{room}`"))
    };
    let mut folders = vec![path_of("src")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(path_of("src")).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            }
            // Tests may know everything.
            if !name.ends_with(".rs") || name.contains("tests") || name.contains("fake") {
                continue;
            }
            let room = name.split(['/', '.']).next().unwrap();
            let code = std::fs::read_to_string(path_of("src").join(&name)).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
            for rest in code.split("crate::").skip(1) {
                let other = rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap();
                if !other.is_empty() && other != room && line_of(other) <= line_of(room) {
                    found.insert((room.to_owned(), other.to_owned()));
                }
            }
        }
    }
    assert_eq!(found, drawn, "imports from above: found, and drawn as exceptions");
}

#[test]
fn no_link_between_the_papers_leads_nowhere() {
    for folder in ["", "documentation"] {
        for file in std::fs::read_dir(path_of(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = link.split('#').next().unwrap();
                let outside = link.starts_with("https://") || target.is_empty();
                assert!(outside || path.with_file_name(target).exists(), "{}: {link}", path.display());
            }
        }
    }
}

/// Every text in a file or in the files of a folder, with their paths.
fn sources(path: &Path) -> String {
    if !path.is_dir() {
        return format!("{}\n{}\n", path.display(), std::fs::read_to_string(path).unwrap_or_default());
    }
    std::fs::read_dir(path).unwrap().map(|entry| sources(&entry.unwrap().path())).collect()
}

#[test]
fn the_tests_that_the_papers_name_are_there() {
    let mut found = 0;
    for paper in std::fs::read_dir(path_of("documentation")).unwrap() {
        let text = std::fs::read_to_string(paper.unwrap().path()).unwrap();
        for command in text.split('`').skip(1).step_by(2).filter(|code| code.contains("cargo test ")) {
            let words: Vec<&str> = command.split("cargo test ").nth(1).unwrap().split_whitespace().collect();
            let (room, filters) = match words[..] {
                ["--lib", ref filters @ ..] => ("src".to_owned(), filters),
                ["--test", target, ref filters @ ..] if path_of("tests").join(target).is_dir() => {
                    (format!("tests/{target}"), filters)
                }
                ["--test", target, ref filters @ ..] => (format!("tests/{target}.rs"), filters),
                _ => panic!("`{command}` names no part of the tests"),
            };
            // cargo itself takes one filter, the tests take any number.
            let own = filters.iter().position(|word| *word == "--").unwrap_or(filters.len());
            assert!(own <= 1, "cargo does not understand `{command}`");
            let sources = sources(&path_of(&room));
            for filter in filters.iter().filter(|word| !word.starts_with("--")) {
                assert!(sources.contains(filter), "`{command}`: there is nothing of that name in {room}");
                found += 1;
            }
        }
    }
    assert!(found > 10, "{found}");
}
