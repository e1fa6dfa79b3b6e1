use std::collections::BTreeSet;

use super::*;
use crate::failure::Id;

#[test]
fn every_row_recognises_its_example_and_not_its_near_miss() {
    for issue in all() {
        let found = recognise(issue.example).map(|found| found.id);
        assert_eq!(found, Some(issue.id), "{}", issue.example);
        let missed = recognise(issue.near_miss).map(|found| found.id);
        assert_ne!(missed, Some(issue.id), "{}", issue.near_miss);
    }
}

#[test]
fn ids_are_kebab_case_and_nobody_elses() {
    let mut seen = BTreeSet::new();
    for issue in all() {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(issue.id.split('-').all(word), "{}", issue.id);
        assert!(seen.insert(issue.id), "{} twice", issue.id);
        assert!(Id::named(issue.id).is_none(), "{} is a failure", issue.id);
    }
}
