//! Things by name, in the order in which people count.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Things by name, in the order in which people count: `kafka/9` before `kafka/10`. Juju's own JSON orders them as
/// texts.
#[derive(Clone, Debug, PartialEq)]
pub struct ByName<T>(Vec<(String, T)>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        ByName(Vec::new())
    }
}

impl<T> ByName<T> {
    /// Each with its name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, thing)| (name.as_str(), thing))
    }

    /// The one of that name.
    pub fn named(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, thing)| thing)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Option::<BTreeMap<String, T>>::deserialize(deserializer)?.unwrap_or_default();
        let mut things: Vec<_> = map.into_iter().collect();
        things.sort_by(|(a, _), (b, _)| natural(a, b));
        Ok(ByName(things))
    }
}

/// The order in which people count.
pub fn natural(a: &str, b: &str) -> Ordering {
    pieces(a).cmp(&pieces(b)).then_with(|| a.cmp(b))
}

/// A name as texts (length 0) and numbers without leading zeros (length of the digits, which orders them by size
/// whatever their size is).
fn pieces(name: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let number = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != number).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        let digits = piece.trim_start_matches('0');
        pieces.push(if number { (digits.len() + 1, digits) } else { (0, piece) });
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_counted_as_people_count() {
        let mut names = vec!["kafka/10", "kafka/9", "kafka/09", "a", "0/lxd/10", "0/lxd/2", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "kafka/09", "kafka/9", "kafka/10", "0/lxd/2", "0/lxd/10", "9", "10"]);
    }

    proptest! {
        #[test]
        fn natural_order_is_an_order(mut names in proptest::collection::vec("[a-c0-2/]{0,6}", 0..20)) {
            names.sort_by(|a, b| natural(a, b));
            prop_assert!(names.windows(2).all(|w| natural(&w[0], &w[1]) != Ordering::Greater));
        }
    }
}
