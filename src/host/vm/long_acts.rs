//! Long acts as they are found in the VM: what they left there, which one is at work, and how to end it.

use crate::host::{CommandLine, Output};

/// What ends the long act that runs in the VM and all that it began; nothing, if none runs. It is for a person to type: a
/// tool that says nothing for long may still be at work. While the lock is held, the group is that of its holder.
pub const END: &str = r#"flock -n -s kafstack/lock true || kill -- -$(cut -d" " -f3 kafstack/running)"#;

/// What long acts have left in the VM; fails while one is at work.
pub fn at_rest() -> CommandLine {
    CommandLine::reads("flock", ["-n", "-s", "kafstack/lock", "ls", "kafstack"])
}

/// Which long act began last: its name, id and process group.
pub fn last() -> CommandLine {
    CommandLine::reads("cat", ["kafstack/running"])
}

/// Whether, by the answer to [`at_rest`], one is at work: with 1 flock(1) says that somebody has the lock.
pub fn one_is_at_work(answer: &Output) -> bool {
    answer.code == 1
}

/// Whether, by the answer to [`last`], it was the one of this name.
pub fn was_last(answer: &Output, name: &str) -> bool {
    answer.code == 0 && answer.out().split_whitespace().next() == Some(name)
}

/// Whether, by the answer to [`at_rest`], the long act of this name began and never ended: the VM went down
/// under it.
pub fn was_cut_off(answer: &Output, name: &str) -> bool {
    let names = answer.out();
    let left = |kind: &str| names.lines().any(|line| line.strip_suffix(kind) == Some(name));
    answer.code == 0 && left(".log") && !left(".end")
}

/// Whether the long act of this name said these words: 0 is yes, 1 no, 2 that it left no log (grep(1)).
pub fn said(name: &str, words: &str) -> CommandLine {
    CommandLine::reads("grep", ["-qF", words, &format!("kafstack/{name}.log")])
}
