//! A host for unit tests: it knows exactly the lines it was told, in that order, and fails on any other.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::{CommandError, CommandLine, Host, Output, Watch};

/// Answers registered lines in order. An unregistered line panics and names the next expected one; so does, at
/// the end of the test, a registered line that was never asked.
#[derive(Default)]
pub struct FakeHost {
    /// What is still to come.
    expected: Mutex<VecDeque<(String, Result<Output, CommandError>)>>,
    /// The lines that came, whole.
    seen: Mutex<Vec<CommandLine>>,
}

impl FakeHost {
    /// Expects nothing yet.
    pub fn new() -> Self {
        FakeHost::default()
    }

    /// Expects this line and answers exit code 0 with this text on stdout.
    #[must_use]
    pub fn says(self, line: &str, stdout: &str) -> Self {
        self.answers(line, Ok(Output { stdout: stdout.as_bytes().to_vec(), ..Output::default() }))
    }

    /// Expects this line and answers this exit code with this text on stderr.
    #[must_use]
    pub fn refuses(self, line: &str, code: i32, stderr: &str) -> Self {
        self.answers(line, Ok(Output { code, stderr: stderr.as_bytes().to_vec(), ..Output::default() }))
    }

    /// Expects this line and answers this.
    #[must_use]
    pub fn answers(self, line: &str, answer: Result<Output, CommandError>) -> Self {
        self.expected.lock().unwrap().push_back((line.to_owned(), answer));
        self
    }

    /// The lines that came, whole.
    pub fn seen(&self) -> Vec<CommandLine> {
        self.seen.lock().unwrap().clone()
    }
}

impl Host for FakeHost {
    fn run(&self, line: &CommandLine, _: &mut dyn Watch) -> Result<Output, CommandError> {
        self.seen.lock().unwrap().push(line.clone());
        match self.expected.lock().unwrap().pop_front() {
            Some((expected, answer)) => {
                assert_eq!(line.to_string(), expected, "another command was expected");
                answer
            }
            None => panic!("nothing more was expected, but came: {line}"),
        }
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let left = self.expected.lock().unwrap();
            assert!(left.is_empty(), "never asked: {:?}", left.iter().map(|(l, _)| l).collect::<Vec<_>>());
        }
    }
}
