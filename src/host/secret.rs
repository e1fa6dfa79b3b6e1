//! A value that cannot be printed by accident.

use std::fmt;

use super::scrub;

/// Text that stays out of logs, events, argument lists and debug output. Only [`Secret::reveal`] gives it away,
/// and only code that writes to a place the user named may call that. Whatever becomes a secret is learnt by [`scrub`] as
/// well, which takes it out of everything that tools say from then on.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        scrub::learn(&text);
        Secret(text)
    }

    /// So many letters and digits from the system's random source.
    ///
    /// # Errors
    /// The system gives none.
    pub fn random(length: usize) -> Result<Self, getrandom::Error> {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let mut bytes = [0_u8; 64];
            getrandom::fill(&mut bytes)?;
            // What does not divide evenly would make some letters likelier than others.
            let even =
                bytes.iter().filter(|byte| usize::from(**byte) < 256 / ALPHABET.len() * ALPHABET.len());
            let left = length - text.len();
            text.extend(
                even.take(left).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])),
            );
        }
        Ok(Secret::new(text))
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ones_are_letters_and_digits_and_differ() {
        let secrets: Vec<Secret> = (0..20).map(|_| Secret::random(32).unwrap()).collect();
        for secret in &secrets {
            assert_eq!(secret.reveal().len(), 32);
            assert!(secret.reveal().chars().all(|c| c.is_ascii_alphanumeric()));
            assert_eq!(secrets.iter().filter(|other| *other == secret).count(), 1);
        }
        assert_eq!(Secret::random(100).unwrap().reveal().len(), 100);
    }

    #[test]
    fn debug_output_does_not_show_it() {
        let secret = Secret::new("canary");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(…) Some(Secret(…))");
        assert_eq!(secret.reveal(), "canary");
    }
}
