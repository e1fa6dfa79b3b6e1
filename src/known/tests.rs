//! The table, held to its own examples and to what healthy tools say.

mod healthy;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::cli::Cli;
use crate::failure::Id;

/// What a text is recognised as.
fn id_of(text: &str) -> Option<&'static str> {
    recognise(text).map(|issue| issue.id)
}

#[test]
#[expect(clippy::print_stdout, reason = "a figure of the test's own")]
fn every_row_recognises_its_example_and_not_its_near_miss() {
    let wrong: Vec<String> = all()
        .flat_map(|issue| {
            let found = id_of(issue.example);
            let missed = id_of(issue.near_miss);
            [
                (found != Some(issue.id)).then(|| format!("{}: its example is {found:?}", issue.id)),
                (missed == Some(issue.id)).then(|| format!("{}: recognises its near miss", issue.id)),
            ]
        })
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} known issues, each with a text that it recognises and one that it does not", all().count());
    assert!(all().count() >= 80);
}

#[test]
fn every_row_says_what_it_must() {
    let mut seen = BTreeSet::new();
    for issue in all() {
        let id = issue.id;
        let plain = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(id.split('-').all(plain), "{id} is not in kebab-case");
        assert!(seen.insert(id), "{id} is there twice");
        assert!(Id::named(id).is_none(), "{id} is a failure's");
        assert!(issue.says.iter().all(|fragment| !fragment.trim().is_empty()), "{id} says nothing");
        assert!(!issue.cause.ends_with('.') && !issue.cause.is_empty(), "{id}: {}", issue.cause);
        assert!(issue.cure.ends_with('.') && issue.cure.contains('`'), "{id}: {}", issue.cure);
        assert!(issue.source.contains(['/', ',']), "{id}: {}", issue.source);
        let cure = issue.cure(&Names::SPOKEN);
        assert!(!cure.contains(['{', '}']), "{id}: {cure}");
        assert_eq!(cure.matches('`').count() % 2, 0, "{id}: {cure}");
    }
}

#[test]
fn every_cure_begins_with_a_command_to_type_on_the_laptop_and_kafstacks_own_exist() {
    let programs =
        ["kafstack", "multipass", "sudo", "curl", "df", "free", "id", "ip", "journalctl", "systemctl"];
    let commands = Cli::definition();
    for issue in all() {
        let typed = || issue.cure.split('`').skip(1).step_by(2);
        let first = typed().next().and_then(|command| command.split(' ').next()).unwrap_or_default();
        assert!(programs.contains(&first), "{}: {first}", issue.id);
        for words in typed().filter_map(|command| command.strip_prefix("kafstack ")) {
            let mut command = &commands;
            for word in words.split(' ') {
                if !command.has_subcommands() {
                    break;
                }
                command = command
                    .find_subcommand(word)
                    .unwrap_or_else(|| panic!("{}: there is no `kafstack {words}`", issue.id));
            }
        }
    }
}

#[test]
fn no_scope_is_empty() {
    for scope in Scope::ALL {
        assert!(all().any(|issue| issue.scope == *scope), "{}", scope.as_str());
    }
}

#[test]
fn a_scope_hides_what_others_say() {
    assert!(recognise_in(&[Scope::Charm], "no space left on device").is_none());
    assert_eq!(
        recognise_in(&[Scope::System], "no space left on device").map(|issue| issue.id),
        Some("disk-full")
    );
}

#[test]
fn a_cause_counts_before_the_words_that_only_say_that_something_failed() {
    let said = "terraform command failed: terraform apply\nstderr: write /x: No space left on device";
    assert_eq!(id_of(said), Some("disk-full"));
    let said = "terraform command failed: terraform apply\nstderr: dial tcp: lookup registry.terraform.io: no such host";
    assert_eq!(id_of(said), Some("name-not-resolved"));
}

#[test]
fn words_survive_narrow_terminals_and_colours() {
    assert_eq!(id_of("Error: wait timed\n  out after 1800s"), Some("sunbeam-wait-too-long"));
    assert_eq!(id_of("\u{1b}[31mERROR\u{1b}[0m controller overlord not found"), Some("controller-unknown"));
}

#[test]
fn fragments_that_are_far_apart_are_two_messages() {
    let far = "x".repeat(REACH + 1);
    assert_eq!(id_of(&format!("lookup one: {far} two: no such host")), None);
}

proptest! {
    #[test]
    fn any_text_may_be_asked_about(text in any::<String>(), place in any::<prop::sample::Index>()) {
        let rows: Vec<&Issue> = all().collect();
        let issue = place.get(&rows);
        // A row's words are found before foreign text; what comes of that text alone does not matter.
        let both = format!("{} {text}", issue.example);
        prop_assert!(recognise(&both).is_some());
        let _ = recognise(&text);
    }
}
