//! `juju run`: the actions of charms, and what their answers look like.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::json;
use crate::host::{CommandError, CommandLine, Output};

/// How an action ended.
#[derive(Clone, PartialEq)]
pub enum Answer {
    /// It succeeded, with these results.
    Completed(Map<String, Value>),
    /// The charm said no, in these words.
    Refused(String),
}

/// Runs an action that only reads, on a unit such as `kafka/leader`; it queues behind running hooks, at most two
/// minutes.
pub fn read(target: &str, unit: &str, action: &str) -> CommandLine {
    let args = ["run", unit, action, "--format", "json", "--wait", "2m", "-m", target];
    CommandLine::reads("juju", args).within(Duration::from_secs(150))
}

/// The answer to an action. The status in the JSON decides: a charm's "no" is exit code 0 like its "yes", and a hook
/// that crashes is exit code 1 with JSON all the same (juju/juju:cmd/juju/action/common.go).
///
/// # Errors
/// Nothing ran (no leader, no such action or unit: exit code 0 and nothing on stdout), or the answer is no such
/// document.
pub fn parse(line: &CommandLine, output: Output) -> Result<Answer, CommandError> {
    #[derive(Deserialize)]
    struct Task {
        #[serde(default)]
        status: String,
        #[serde(default)]
        message: String,
        #[serde(default)]
        results: Map<String, Value>,
    }
    if !output.out().contains('{') {
        let words = output.last_words(line);
        output.success(line)?;
        return Err(CommandError::garbled(line, format!("no unit ran the action: {words}")));
    }
    let tasks: BTreeMap<String, Task> = json(line, Output { code: 0, ..output })?;
    let task =
        tasks.into_values().next().ok_or_else(|| CommandError::garbled(line, "no unit in its answer"))?;
    let crashed = task.results.get("return-code").and_then(Value::as_i64).is_some_and(|code| code != 0);
    Ok(match task.status.as_str() {
        "completed" if !crashed => Answer::Completed(task.results),
        status if task.message.is_empty() => Answer::Refused(format!("the action is {status}")),
        _ => Answer::Refused(task.message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: i32, stdout: &str) -> Result<Answer, CommandError> {
        let line = read("overlord:demo", "kafka/leader", "get-listeners").confidential();
        parse(&line, Output { code, stdout: stdout.into(), stderr: b"canary".to_vec(), ..Output::default() })
    }

    #[test]
    fn the_status_decides_and_not_the_exit_code() {
        let done = r#"{"kafka/1":{"id":"8","status":"completed","results":{"return-code":0,"a":"b"}}}"#;
        assert!(matches!(answer(0, done), Ok(Answer::Completed(results)) if results["a"] == "b"));
        let no = r#"{"kafka/1":{"status":"failed","message":"not now","results":{"return-code":0}}}"#;
        assert!(matches!(answer(0, no), Ok(Answer::Refused(why)) if why == "not now"));
        let crashed = r#"{"kafka/1":{"status":"completed","results":{"return-code":1}}}"#;
        assert!(matches!(answer(1, crashed), Ok(Answer::Refused(_))));
    }

    #[test]
    fn an_empty_answer_is_no_answer_and_a_secret_stays_one() {
        for (code, out) in [(0, ""), (1, ""), (0, "{"), (0, r#"{"canary":7}"#)] {
            let Err(error) = answer(code, out) else { panic!("{out}") };
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
