//! From a stream of bytes to lines, and from raw lines to text that may be shown. Nothing here reads or writes.

use super::Stream;
use crate::text;

/// The longest piece of a line that is handed on at once.
pub const PIECE: usize = 8 * 1024;

/// The longest text that is shown as one line.
pub const SHOWN: usize = 1024;

/// Cuts a stream into lines without losing or changing a byte of them but their ends.
///
/// A line ends with `\n` or `\r\n`. A carriage return or a backspace in the middle ends a piece and stays at its
/// end, because Multipass' progress never ends a line (canonical/multipass:src/client/cli/cmd/animated_spinner.cpp)
/// and yet is to be seen as it happens. Anything longer than [`PIECE`] comes in pieces of exactly that size, the
/// last one shorter, so that [`continues`] can tell a piece from a line.
#[derive(Default)]
pub struct Lines {
    /// The line that has not ended yet.
    open: Vec<u8>,
    /// Only `\n` ends a line.
    verbatim: bool,
}

impl Lines {
    /// Cuts at `\n` alone, and takes what never ended for no line.
    pub fn verbatim() -> Self {
        Lines { open: Vec::new(), verbatim: true }
    }

    /// Takes the next bytes in and hands on every line that they end.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            // What a carriage return means only shows in the byte after it.
            if !self.verbatim && self.open.last() == Some(&b'\r') {
                if bytes[0] == b'\n' {
                    self.open.pop();
                } else {
                    self.hand_on(&mut line);
                }
            }
            let room = bytes.len().min(PIECE - self.open.len());
            let ends = |b: &u8| *b == b'\n' || (!self.verbatim && matches!(b, b'\r' | 0x08));
            let end = bytes[..room].iter().position(ends);
            let (taken, used) = match end {
                Some(at) if bytes[at] == b'\n' => (at, at + 1),
                Some(at) => (at + 1, at + 1),
                None => (room, room),
            };
            self.open.extend_from_slice(&bytes[..taken]);
            match end.map(|at| bytes[at]) {
                Some(b'\n' | 0x08) => self.hand_on(&mut line),
                None if self.open.len() == PIECE => self.hand_on(&mut line),
                _ => {}
            }
            bytes = &bytes[used..];
        }
    }

    /// Hands on what the stream's end left unfinished.
    pub fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.open.is_empty() && !self.verbatim {
            self.hand_on(&mut line);
        }
    }

    fn hand_on(&mut self, line: &mut impl FnMut(&[u8])) {
        line(&self.open);
        self.open.clear();
    }
}

/// Whether what [`Lines`] handed on is a piece of a line that goes on.
pub fn continues(text: &[u8]) -> bool {
    text.len() == PIECE || matches!(text.last(), Some(b'\r' | 0x08))
}

/// Turns raw lines into what a person would have read, for one command.
#[derive(Default)]
pub struct Shown {
    /// One for each stream.
    streams: [Overwritten; 2],
}

/// What is known of one stream's progress display.
#[derive(Default)]
struct Overwritten {
    /// The text shown last.
    last: String,
    /// The next character stands where another one stood: a backspace came before.
    back: bool,
}

impl Shown {
    /// The texts in a raw line that are worth showing: without control sequences, at most [`SHOWN`] bytes each.
    /// Text that overwrites is shown when it differs from what stood there; a spinner's single characters, and
    /// empty lines, never are.
    pub fn texts(&mut self, stream: Stream, raw: &[u8]) -> Vec<String> {
        let known = &mut self.streams[usize::from(stream == Stream::Stderr)];
        let fragments = fragments(&String::from_utf8_lossy(raw));
        let overwrites = known.back || fragments.len() > 1 || continues(raw);
        let mut shown = Vec::new();
        for (text, end) in fragments {
            let spins = known.back && text.chars().count() <= 1;
            known.back = match end {
                End::Back => true,
                End::Move => false,
                End::Line => known.back && continues(raw),
            };
            let text = cut(text.trim_end());
            if text.trim_start().is_empty() || spins || (overwrites && text == known.last) {
                continue;
            }
            known.last = text.to_owned();
            shown.push(text.to_owned());
        }
        shown
    }
}

/// Text of several lines as a terminal would show it in the end, without control sequences.
pub fn clean(text: &str) -> String {
    let shown = |raw: &str| Shown::default().texts(Stream::Stdout, raw.as_bytes()).pop().unwrap_or_default();
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}

/// At most [`SHOWN`] bytes of it, whole characters.
fn cut(text: &str) -> &str {
    let end = (0..=SHOWN.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// What ended a fragment of a line.
#[derive(Clone, Copy)]
enum End {
    /// A backspace.
    Back,
    /// A carriage return, or a sequence that moves the cursor or erases.
    Move,
    /// The line's own end.
    Line,
}

/// The parts of a line between cursor movements, without control characters and sequences (ECMA-48).
fn fragments(raw: &str) -> Vec<(String, End)> {
    let mut found = Vec::new();
    let mut fragment = String::new();
    let mut chars = raw.chars().peekable();
    let mut end = |text: &mut String, end: End| found.push((std::mem::take(text), end));
    while let Some(c) = chars.next() {
        let introduced = match c {
            '\u{1b}' => chars.next(),
            '\u{9b}' => Some('['),
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => Some(']'),
            '\r' => {
                end(&mut fragment, End::Move);
                continue;
            }
            '\u{8}' => {
                end(&mut fragment, End::Back);
                continue;
            }
            '\t' => {
                fragment.push(' ');
                continue;
            }
            c if text::rewrites(c) => continue,
            c => {
                fragment.push(c);
                continue;
            }
        };
        match introduced {
            Some('[') => {
                let last = chars.by_ref().find(|c| ('@'..='~').contains(c));
                if last.is_some_and(|last| "ABEFGHJK".contains(last)) {
                    end(&mut fragment, End::Move);
                }
            }
            // A string up to BEL or ST.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while let Some(c) = chars.next() {
                    if c == '\u{1b}' {
                        chars.next_if_eq(&'\\');
                    }
                    if matches!(c, '\u{7}' | '\u{9c}' | '\u{1b}') {
                        break;
                    }
                }
            }
            Some(mut c) => {
                while (' '..='/').contains(&c) {
                    let Some(next) = chars.next() else { break };
                    c = next;
                }
            }
            None => {}
        }
    }
    end(&mut fragment, End::Line);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        let mut see = |line: &[u8]| seen.push(String::from_utf8_lossy(line).into_owned());
        for chunk in chunks {
            lines.push(chunk, &mut see);
        }
        lines.finish(&mut see);
        seen
    }

    #[test]
    fn lines_end_with_either_kind_of_end_wherever_the_chunks_were_cut() {
        assert_eq!(lines(&[b"a\nb\r", b"\nc", b"d\n\nlast"]), ["a", "b", "cd", "", "last"]);
    }

    #[test]
    fn progress_comes_in_pieces_with_the_byte_that_goes_back() {
        assert_eq!(
            lines(&[b"10%\r20", b"%\r", b"30%\n", b"x\x08|\x08"]),
            ["10%\r", "20%\r", "30%", "x\x08", "|\x08"]
        );
    }

    #[test]
    fn verbatim_only_a_newline_ends_a_line_and_what_never_ended_is_none() {
        let (mut lines, mut seen) = (Lines::verbatim(), Vec::new());
        let long = vec![b'x'; PIECE + 3];
        for chunk in [b"a\r".as_slice(), b"\n\x08b\rc\xff\n\n", &long, b"\n", b"torn"] {
            lines.push(chunk, |line| seen.push(line.to_vec()));
        }
        lines.finish(|line| seen.push(line.to_vec()));
        let expected: [&[u8]; 5] = [b"a\r", b"\x08b\rc\xff", b"", &long[..PIECE], b"xxx"];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_can_be_told_from_lines() {
        let long = vec![b'x'; PIECE + 3];
        let got = lines(&[&long, b"\n", &long[..PIECE], b"\n"]);
        let sizes: Vec<usize> = got.iter().map(String::len).collect();
        assert_eq!(sizes, [PIECE, 3, PIECE, 0]);
        assert!(continues(got[0].as_bytes()) && !continues(got[1].as_bytes()));
    }

    #[test]
    fn the_spinner_of_multipass_is_shown_once_for_each_message() {
        let erase = "\x1b[2K\x1b[0A\x1b[0E";
        let raw = format!(
            "{erase}Creating vm  \x08|\x08/\x08-{erase}Creating vm  \x08\\{erase}Retrieving image: 1%  \x08|\rRetrieving image: 2%\n"
        );
        let mut shown = Shown::default();
        let mut texts = Vec::new();
        Lines::default().push(raw.as_bytes(), |piece| texts.extend(shown.texts(Stream::Stdout, piece)));
        assert_eq!(texts, ["Creating vm", "Retrieving image: 1%", "Retrieving image: 2%"]);
    }

    #[test]
    fn control_sequences_never_reach_the_text() {
        let mut shown = Shown::default();
        let raw = b"\x1b[1;31mred\x1b[0m\x1b]8;;http://x\x1b\\link\x1b]0;title\x07\x1b(B \x07\xff\tend\x7f";
        assert_eq!(shown.texts(Stream::Stderr, raw), ["redlink \u{fffd} end"]);
        assert_eq!(shown.texts(Stream::Stderr, b"same"), ["same"]);
        assert_eq!(shown.texts(Stream::Stderr, b"same"), ["same"]);
        assert_eq!(clean("a\x1b[1mb\x1b[0m\r\nc\rd"), "ab\nd");
        assert_eq!(shown.texts(Stream::Stdout, "é".repeat(1000).as_bytes())[0].len(), SHOWN);
    }
}
