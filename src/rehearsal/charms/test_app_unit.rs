//! The shell of a unit of kafka-test-app: its logs, its process, its certificates.

use super::super::juju::store::Model;
use super::super::kafka::Said;
use super::super::timeline::{Draw, Millis, SECOND};
use super::test_app::Session;

/// How long the charm needs from the relation to its certificates in files.
const CERTIFIED: Millis = 12 * SECOND;

/// Runs a line there; `None`: the simulation does not know it.
pub fn run(model: &Model, name: &str, number: u32, line: &str, draw: Draw, now: Millis) -> Option<Said> {
    let quick = |code, stdout: String, stderr: String| Some(Said { code, stdout, stderr, took: SECOND });
    let sessions = &model.applications.get(name)?.units.get(&number)?.sessions;
    let silent = |yes: bool| quick(i32::from(!yes), String::new(), String::new());
    match line {
        "test -s /tmp/ca.pem" => {
            let certified = model.ever_related(name, "certificates").any(|relation| {
                let at = relation.created + CERTIFIED;
                at <= now && relation.broken.is_none_or(|broken| at < broken)
            });
            return silent(certified);
        }
        "pgrep -f 'charms[.]kafka[.]v0[.]client'" => {
            return match sessions.iter().rev().find(|session| session.lives()) {
                Some(session) => quick(0, format!("{}\n", 2000 + session.relation * 7), String::new()),
                None => silent(false),
            };
        }
        _ => {}
    }
    if let Some(rest) = line.strip_prefix("grep -h '") {
        let (pattern, file) = rest.split_once("' ")?;
        let Ok(text) = logs(model, name, number, sessions, file, draw)? else {
            return quick(2, String::new(), format!("grep: {file}: No such file or directory\n"));
        };
        let found: String =
            text.lines().filter(|line| matches(line, pattern)).map(|line| format!("{line}\n")).collect();
        return quick(i32::from(found.is_empty()), found, String::new());
    }
    let file = line.strip_prefix("cat ")?;
    match logs(model, name, number, sessions, file, draw)? {
        Ok(text) => quick(0, text, String::new()),
        Err(()) => quick(1, String::new(), format!("cat: '{file}': No such file or directory\n")),
    }
}

/// The logs that this glob names, one after the other; `Err`: there are none. `None`: another glob.
fn logs(
    model: &Model,
    name: &str,
    number: u32,
    sessions: &[Session],
    glob: &str,
    draw: Draw,
) -> Option<Result<String, ()>> {
    let (role, ending) = glob.strip_prefix("/tmp/*_")?.split_once('.')?;
    let unit = format!("{name}/{number}");
    let mut text = None;
    for session in sessions.iter().filter(|session| session.role == role) {
        let provider = model.relations.iter().find(|relation| relation.id == session.relation)?;
        let text = text.get_or_insert_with(String::new);
        match (ending, &session.trouble) {
            ("log", _) => *text += &session.log(&unit, model, &provider.provider.0, draw),
            ("err", Some(trouble)) => {
                *text += &format!("Traceback (most recent call last):\n{trouble}\n");
            }
            ("err", None) => {}
            _ => return None,
        }
    }
    Some(text.ok_or(()))
}

/// Whether a pattern of plain characters, in which a full stop stands for any, is somewhere in the line.
fn matches(line: &str, pattern: &str) -> bool {
    let fits = |rest: &str| {
        let mut characters = rest.chars();
        pattern.chars().all(|wanted| characters.next().is_some_and(|c| wanted == '.' || wanted == c))
    };
    line.char_indices().any(|(at, _)| fits(&line[at..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_full_stop_stands_for_any_character() {
        assert!(matches("x ConsumerRecord(topic='orders', partition=1", "ConsumerRecord(topic=.orders.,"));
        assert!(!matches("x ConsumerRecord(topic='orders_x', partition=1", "ConsumerRecord(topic=.orders.,"));
        assert!(!matches("short", "shorter"));
    }
}
