//! Takes secrets out of what is shown or kept: those that this process has learnt ([`known`]), and values that are secret
//! whoever made them ([`shapes`]).
//!
//! What tools say passes a [`Scrubber`] in `host::recorded`, before it is told or kept; that one alone sees whole lines.
//! Everything that writes for people or for later (terminal, events, journal, log) passes its text through [`text`] once
//! more, since errors and messages are composed elsewhere.

mod known;
mod shapes;

use std::borrow::Cow;
use std::ops::Range;

use super::lines::{self, Lines, PIECE};

pub use known::learn;
#[cfg(test)]
pub use known::unlearnt;

/// What stands in a secret's place.
pub const REPLACEMENT: &str = "(secret)";

/// How many bytes at the end of an unfinished line wait for what comes next, if no known secret is longer.
const HELD: usize = 1024;
/// How much of a line is held while one secret in it does not end. Of anything longer the rest is left out.
const LONGEST: usize = 64 * 1024;
/// The longest private key, in lines: one of 16384 bits has 200. What goes on is taken for something else.
const KEY_LINES: usize = 256;

/// The text without its secrets.
pub fn text(text: &str) -> Cow<'_, str> {
    match bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // A secret in UTF-8 begins and ends between characters, and so do shapes; whatever else came out is replaced.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The bytes without their secrets.
fn bytes(raw: &[u8]) -> Cow<'_, [u8]> {
    let found = find(raw);
    if found.is_empty() { Cow::Borrowed(raw) } else { Cow::Owned(replaced(raw, &found)) }
}

/// A secret in a text.
struct Found {
    /// The secret itself.
    value: Range<usize>,
    /// With what tells that it is one.
    whole: Range<usize>,
}

/// All secrets, by where they begin. They may overlap.
fn find(raw: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    known::find(raw, &mut found);
    shapes::find(raw, &mut found);
    found.sort_by_key(|found| found.value.start);
    found
}

/// The bytes with each of these secrets replaced.
fn replaced(raw: &[u8], found: &[Found]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut done = 0;
    for Found { value, .. } in found {
        // One that begins within another, or right after it, goes with that one.
        if done == 0 || value.start > done {
            out.extend_from_slice(&raw[done..value.start]);
            out.extend_from_slice(REPLACEMENT.as_bytes());
        }
        done = done.max(value.end);
    }
    out.extend_from_slice(&raw[done..]);
    out
}

/// One stream of a command, without its secrets. It takes what [`super::Watch::line`] is told, and hands on lines and
/// pieces of lines as [`Lines`] makes them. Of a long line it keeps back what a secret may have begun in: never more than
/// [`LONGEST`] and one piece.
#[derive(Default)]
pub struct Scrubber {
    /// The end of a long line so far.
    held: Vec<u8>,
    /// Cuts a long line into pieces again.
    lines: Lines,
    /// The rest of a long line is left out: a secret in it does not end.
    endless: bool,
    /// How many lines of a private key were seen.
    key: Option<usize>,
}

impl Scrubber {
    /// Takes in a line or a piece of one.
    pub fn line(&mut self, raw: &[u8], hand_on: &mut dyn FnMut(&[u8])) {
        let goes_on = raw.len() == PIECE;
        if !goes_on && self.held.is_empty() && !self.endless {
            return if self.in_key(raw) { hand_on(REPLACEMENT.as_bytes()) } else { hand_on(&bytes(raw)) };
        }
        if !self.endless {
            self.held.extend_from_slice(raw);
        }
        if goes_on {
            self.settle(hand_on);
            return;
        }
        self.end(hand_on);
        if !lines::continues(raw) {
            self.lines.push(b"\n", &mut *hand_on);
        }
        self.lines.finish(hand_on);
    }

    /// Hands on what the stream's end left behind.
    pub fn finish(&mut self, hand_on: &mut dyn FnMut(&[u8])) {
        self.end(hand_on);
        self.lines.finish(hand_on);
    }

    /// Hands on what no later byte can change.
    fn settle(&mut self, hand_on: &mut dyn FnMut(&[u8])) {
        let mut found = find(&self.held);
        let mut sure = self.held.len().saturating_sub(HELD.max(known::longest()));
        while let Some(over) = found.iter().find(|found| found.whole.start < sure && found.whole.end > sure) {
            sure = over.whole.start;
        }
        found.retain(|found| found.whole.end <= sure);
        let mut out = replaced(&self.held[..sure], &found);
        if self.held.len() - sure > LONGEST {
            out.extend_from_slice(REPLACEMENT.as_bytes());
            self.held.clear();
            self.endless = true;
        } else {
            self.held.drain(..sure);
        }
        self.lines.push(&out, hand_on);
    }

    /// Hands on the end of a long line.
    fn end(&mut self, hand_on: &mut dyn FnMut(&[u8])) {
        self.lines.push(&bytes(&self.held), hand_on);
        self.held.clear();
        self.endless = false;
    }

    /// Whether the line lies within a private key. The lines around it do not.
    fn in_key(&mut self, raw: &[u8]) -> bool {
        match shapes::key_mark(raw) {
            Some(begins) => {
                self.key = begins.then_some(0);
                false
            }
            None => {
                self.key =
                    self.key.map(|seen| seen + 1).filter(|seen| *seen < KEY_LINES && shapes::of_key(raw));
                self.key.is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests;
