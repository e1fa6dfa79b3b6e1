//! `kafstack explain`: the id of a failure or of a known issue, or words that a tool said, in full; without any of
//! them, the list.

use std::cmp::Reverse;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{self, TextFormat};
use crate::config::nearest;
use crate::failure::{Failure, Id};
use crate::known::{self, Issue, Names, Scope};
use crate::text;

/// How many ids are named that may have been meant.
const NEAR: usize = 5;

/// What can be explained.
#[derive(Debug)]
enum Subject {
    /// A failure of kafstack's own.
    Failure(Id),
    /// What a tool is known to say.
    Known(&'static Issue),
}

/// `kafstack explain`.
///
/// # Errors
/// There is no such id, and no known issue in these words.
pub fn explain(session: &Session, args: &cli::Explain) -> Result<u8, Failure> {
    let subject = match &args.what[..] {
        [] => None,
        words => Some(find(&words.join(" "))?),
    };
    match args.format {
        TextFormat::Text => {
            session.terminal.data(&subject.map_or_else(list_as_text, |subject| subject.as_text()));
        }
        TextFormat::Json => {
            let mut document =
                json!({ "schema": "kafstack/explain/v1", "rehearsal": session.global.rehearse });
            let about = subject.map_or_else(list_as_json, |subject| subject.as_json());
            if let (Some(document), Value::Object(about)) = (document.as_object_mut(), about) {
                document.extend(about);
            }
            super::print_json(session, &document);
        }
    }
    Ok(0)
}

/// What was asked for: an id; else the issue that these words are known for; else the id in brackets among them, as
/// kafstack prints it behind a failure.
///
/// # Errors
/// It is neither; the nearest ids are named.
fn find(asked: &str) -> Result<Subject, Failure> {
    let id = asked.trim().trim_matches(['[', ']']);
    let in_brackets = || asked.split('[').skip(1).filter_map(|rest| rest.split(']').next()).find_map(named);
    named(id)
        .or_else(|| known::recognise(asked).map(Subject::Known))
        .or_else(in_brackets)
        .ok_or_else(|| unknown(id))
}

/// What has this id.
fn named(id: &str) -> Option<Subject> {
    Id::named(id).map(Subject::Failure).or_else(|| known::by_id(id).map(Subject::Known))
}

/// There is nothing to explain.
fn unknown(asked: &str) -> Failure {
    let shown = text::cut(&text::one_line(asked), 120);
    if asked.contains(char::is_whitespace) {
        return Failure::new(Id::Usage, format!("no known issue speaks in these words: {shown}"))
            .expected("an id, or words as the tool printed them, such as `no space left on device`")
            .hint("`kafstack explain` lists what is known");
    }
    let failure =
        Failure::new(Id::Usage, format!("there is neither a failure nor a known issue of the id `{shown}`"))
            .expected("an id as printed in brackets, such as `kafka-not-ready`, or words that a tool said");
    let near = near(asked);
    let failure =
        if near.is_empty() { failure } else { failure.hint(format!("near it: {}", near.join(", "))) };
    failure.hint("`kafstack explain` lists what is known")
}

/// The ids that may have been meant: the one that looks most like it, then those with the same words.
fn near(asked: &str) -> Vec<&'static str> {
    let ids = || Id::ALL.iter().map(|id| id.as_str()).chain(known::all().map(|issue| issue.id));
    let like = nearest(asked, ids());
    let shared = |id: &str| id.split('-').filter(|word| asked.split('-').any(|other| other == *word)).count();
    let mut akin: Vec<&str> = ids().filter(|id| shared(id) > 0 && Some(*id) != like).collect();
    akin.sort_by_key(|id| Reverse(shared(id)));
    like.into_iter().chain(akin).take(NEAR).collect()
}

impl Subject {
    /// For people.
    fn as_text(&self) -> String {
        match self {
            Subject::Failure(id) => {
                let about = id.about();
                format!(
                    "{} (exit code {})\n\n{}.\n\n{}\n",
                    about.id, about.exit_code, about.meaning, about.cure
                )
            }
            Subject::Known(issue) => format!(
                "{} (known issue: {})\n\n{}: {}.\n\n{}.\n\n{}\n\nFor example:\n{}\nNot to be confused with:\n{}\nSource: {}\n",
                issue.id,
                issue.class.in_words(),
                issue.scope.who(),
                said(issue),
                issue.cause,
                issue.cure(&Names::SPOKEN),
                indented(issue.example),
                indented(issue.near_miss),
                issue.source,
            ),
        }
    }

    /// For programs.
    fn as_json(&self) -> Value {
        match self {
            Subject::Failure(id) => {
                let about = id.about();
                json!({
                    "id": about.id,
                    "kind": "failure",
                    "exit_code": about.exit_code,
                    "meaning": about.meaning,
                    "cure": about.cure,
                })
            }
            Subject::Known(issue) => json!({
                "id": issue.id,
                "kind": "known-issue",
                "scope": issue.scope.as_str(),
                "who": issue.scope.who(),
                "says": issue.says,
                "class": issue.class.as_str(),
                "meaning": issue.cause,
                "cure": issue.cure(&Names::SPOKEN),
                "example": issue.example,
                "near_miss": issue.near_miss,
                "source": issue.source,
            }),
        }
    }
}

/// The words of an issue, with dots for what stands between them.
fn said(issue: &Issue) -> String {
    issue.says.iter().map(|fragment| format!("`{}`", fragment.trim())).collect::<Vec<_>>().join(" … ")
}

/// Lines set off from the text around them.
fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Everything, for people.
fn list_as_text() -> String {
    let mut out = "Failures of kafstack, which it prints in brackets:\n\n".to_owned();
    let row = |out: &mut String, id: &str, about: &str| {
        let _ = writeln!(out, "  {id:<34} {about}");
    };
    for id in Id::ALL {
        row(&mut out, id.as_str(), id.about().meaning);
    }
    for scope in Scope::ALL {
        let _ = write!(out, "\nKnown issues: {}\n\n", scope.who());
        for issue in known::all_in(*scope) {
            row(&mut out, issue.id, issue.cause);
        }
    }
    out.push_str(
        "\n`kafstack explain ID` says what to do; so does `kafstack explain WORDS`, with what a tool said.\n",
    );
    out
}

/// Everything, for programs.
fn list_as_json() -> Value {
    let failures: Vec<Value> = Id::ALL.iter().map(|id| Subject::Failure(*id).as_json()).collect();
    let issues = Scope::ALL.iter().flat_map(|scope| known::all_in(*scope));
    let issues: Vec<Value> = issues.map(|issue| Subject::Known(issue).as_json()).collect();
    json!({ "failures": failures, "known_issues": issues })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id of what is found for these words, or the hints of the refusal.
    fn found(asked: &str) -> Result<&'static str, Vec<String>> {
        match find(asked) {
            Ok(Subject::Failure(id)) => Ok(id.as_str()),
            Ok(Subject::Known(issue)) => Ok(issue.id),
            Err(failure) => Err(failure.hints),
        }
    }

    #[test]
    fn ids_of_both_kinds_are_found_with_and_without_brackets() {
        assert_eq!(found("kafka-not-ready"), Ok("kafka-not-ready"));
        assert_eq!(found("[kafka-not-ready]"), Ok("kafka-not-ready"));
        assert_eq!(found("disk-full"), Ok("disk-full"));
    }

    #[test]
    fn what_a_tool_said_is_found_and_counts_before_the_id_that_kafstack_put_behind_it() {
        assert_eq!(found("write /x: No space left on device"), Ok("disk-full"));
        assert_eq!(
            found("launch failed: KVM support is not enabled on this machine. [launch-failed]"),
            Ok("kvm-disabled")
        );
        assert_eq!(found("error: something new [launch-failed]"), Ok("launch-failed"));
    }

    #[test]
    fn a_mistyped_id_is_answered_with_those_near_it_of_both_kinds() {
        for (typed, meant) in [("kafka-not-redy", "kafka-not-ready"), ("disk-ful", "disk-full")] {
            let hints = found(typed).unwrap_err();
            assert!(hints[0].starts_with(&format!("near it: {meant}, ")), "{hints:?}");
        }
        assert_eq!(
            found("words nobody says"),
            Err(vec!["`kafstack explain` lists what is known".to_owned()])
        );
    }

    #[test]
    fn a_known_issue_is_told_whole() {
        let told = find("terraform-state-locked").unwrap().as_text();
        assert_eq!(
            told,
            "terraform-state-locked (known issue: waiting or trying again may heal it)

Sunbeam: `Terraform state is locked`.

An earlier `sunbeam` was killed and left its lock behind.

`kafstack shell -- sunbeam plans list` shows which plan is locked. Wait five minutes; when it stays and no sunbeam \
             runs, `sunbeam plans unlock PLAN --force` in the VM, then `kafstack up`.

For example:
  Error: Terraform state is locked (ID: 1c9f2d3e-0000-4a4a-9b9b-2f4f6f8f0a0b)

Not to be confused with:
  openstack-plan: unlocked

Source: canonical/snap-openstack:sunbeam-python/sunbeam/core/common.py
"
        );
    }
}
