//! Virtual time and chance: milliseconds, the draws that a seed decides, and what is due later. Nothing here
//! knows what the effects are about.

use serde::{Deserialize, Serialize};

use super::change::Change;

/// Virtual time in milliseconds since the Unix epoch, or a span of it.
pub type Millis = i64;

/// One second.
pub const SECOND: Millis = 1000;
/// One minute.
pub const MINUTE: Millis = 60 * SECOND;
/// When every simulated laptop begins: 2026-01-05T09:00:00Z.
pub const BEGINNING: Millis = 1_767_603_600_000;

/// Chance. The value of a draw depends on the seed and on what is drawn, never on how often or in which order
/// anything was drawn before, so that one question more changes no other answer.
#[derive(Clone, Copy, Debug)]
pub struct Draw(pub u64);

impl Draw {
    /// 64 bits for this key: FNV-1a over the key, begun with the seed, and the finishing mix of SplitMix64.
    fn bits(self, key: &str) -> u64 {
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let hash = self.0.to_le_bytes().iter().copied().chain(key.bytes()).fold(0xcbf2_9ce4_8422_2325, fnv);
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// A whole number from `low` to `high`, both possible.
    pub fn between(self, key: &str, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).unsigned_abs() + 1;
        low + i64::try_from(self.bits(key) % span).unwrap_or(0)
    }

    /// A typical span, give or take a fifth.
    pub fn about(self, key: &str, typical: Millis) -> Millis {
        self.between(key, typical * 4 / 5, typical * 6 / 5)
    }

    /// So many hexadecimal digits, at most 64.
    pub fn hex(self, key: &str, digits: usize) -> String {
        let long: String =
            (0..4).map(|part| format!("{:016x}", self.bits(&format!("{key}/{part}")))).collect();
        long[..digits.min(64)].to_owned()
    }

    /// A UUID of version 4.
    pub fn uuid(self, key: &str) -> String {
        let hex = self.hex(key, 32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// One of these.
    pub fn one_of<'a>(self, key: &str, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.bits(key) % of.len() as u64).unwrap_or(0)]
    }
}

/// An effect to come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Millis,
    /// The act it belongs to: what has not come about when an act is broken off never does.
    pub job: u64,
    /// The VM it is about; empty for the laptop.
    pub vm: String,
    /// What.
    pub change: Change,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_and_key_alone() {
        assert_eq!(Draw(1).about("boot", 1000), Draw(1).about("boot", 1000));
        assert_ne!(Draw(1).hex("boot", 12), Draw(2).hex("boot", 12));
        assert_ne!(Draw(1).hex("boot", 12), Draw(1).hex("stop", 12));
        for key in ["a", "b", "c", "d"] {
            assert!((800..=1200).contains(&Draw(7).about(key, 1000)));
        }
    }
}
