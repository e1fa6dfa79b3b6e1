//! Readers of single values. Each error is the end of the sentence "right would be …".
//!
//! Whatever passes here may become an argument of a tool or a line of cloud-init: nothing that passes begins with a
//! hyphen or means anything to a shell or to YAML.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Channel, Image, Preset, Size};

/// The risks of the snap and charm stores.
const RISKS: [&str; 4] = ["stable", "candidate", "beta", "edge"];

/// The nearest of some words, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Words as a list for people.
pub fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A whole number.
pub fn whole(text: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits && range.contains(&number) => Ok(number),
        _ => Err(format!("a whole number from {} to {}", range.start(), range.end())),
    }
}

/// `true` or `false`.
pub fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("`true` or `false`".to_owned()),
    }
}

/// The name of a preset.
pub fn preset(text: &str) -> Result<Preset, String> {
    Preset::named(text).ok_or_else(|| format!("one of {}", listed(&Preset::ALL.map(Preset::name))))
}

/// A size as Multipass takes it: a number with K, M or G, which may be followed by B or iB; powers of 1024; no `T`
/// (canonical/multipass:src/utils/memory_size.cpp).
pub fn size(text: &str, least: Size) -> Result<Size, String> {
    let right = || format!("a size of at least {least} with K, M or G, such as `32G` (Multipass knows no T)");
    let upper = text.trim().to_ascii_uppercase();
    let end = upper.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(upper.len());
    let (number, unit) = upper.split_at(end);
    let shift = match unit {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err(right()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let decimal = number.contains('.');
    if whole.is_empty() || (decimal && (fraction.is_empty() || fraction.len() > 9 || shift == 0)) {
        return Err(right());
    }
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    let scale = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let bytes = || {
        let units = digits(whole)?.checked_mul(scale)?.checked_add(digits(fraction)?)?;
        u64::try_from(units.checked_mul(1 << shift)? / scale).ok()
    };
    bytes().map(Size).filter(|size| *size >= least).ok_or_else(right)
}

/// The name of a VM (canonical/multipass:src/utils/utils.cpp). `primary` is left alone, since Multipass treats it
/// differently; and 63 characters are what a host name can have.
pub fn vm_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let right = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(plain)
        && text.len() <= 63
        && text != "primary";
    right.then(|| text.to_owned()).ok_or_else(|| {
        "letters, digits and hyphens, beginning with a letter and ending with a letter or digit, at most 63, and not \
         `primary`"
            .to_owned()
    })
}

/// The name of a controller or model in the form that Juju always takes.
pub fn juju_name(text: &str, taken: &[&str]) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let right = text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(plain)
        && text.len() <= 63
        && !taken.contains(&text);
    right.then(|| text.to_owned()).ok_or_else(|| {
        format!(
            "lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen, and not \
             one that is taken: {}",
            listed(taken)
        )
    })
}

/// The name of an OpenStack server; it is also looked for as a pattern, so it holds no character that means more there.
pub fn instance(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let right =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && text.len() <= 63;
    right.then(|| text.to_owned()).ok_or_else(|| {
        "letters, digits, hyphens and underscores, beginning with a letter, at most 63".to_owned()
    })
}

/// The name of a file in the home folder of the VM's user. The `openstack` snap cannot see hidden ones
/// (canonical/snap-openstack:snap/snapcraft.yaml, plug `home`).
pub fn file_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let right = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(plain)
        && text.len() <= 100
        && !["kafstack", "snap"].contains(&text);
    right.then(|| text.to_owned()).ok_or_else(|| {
        "a file name without a folder, of letters, digits, `-`, `_` and `.`, beginning with a letter or digit, such as \
         `demo-openrc`"
            .to_owned()
    })
}

/// An Ubuntu release that kafstack knows.
pub fn image(text: &str) -> Result<Image, String> {
    [Image::Noble, Image::Jammy]
        .into_iter()
        .find(|image| text == image.number() || text == image.codename())
        .ok_or_else(|| "`24.04` (`noble`) or `22.04` (`jammy`)".to_owned())
}

/// A channel, written in full: a bare risk may mean another track than the store's default one.
pub fn channel(text: &str, tracks: &[&str]) -> Result<Channel, String> {
    let (track, risk) = text.split_once('/').unwrap_or((text, ""));
    if tracks.contains(&track) && RISKS.contains(&risk) {
        return Ok(Channel { track: track.to_owned(), risk: risk.to_owned() });
    }
    let track = if tracks.contains(&track) { Some(track) } else { nearest(track, tracks.iter().copied()) };
    let risk = if risk.is_empty() { Some(RISKS[0]) } else { nearest(risk, RISKS) };
    let example = format!("{}/{}", track.unwrap_or(tracks[tracks.len() - 1]), risk.unwrap_or(RISKS[0]));
    Err(format!(
        "TRACK/RISK with the track {} and the risk {}, such as `{example}`",
        either(tracks),
        either(&RISKS)
    ))
}

/// Words as a choice.
fn either(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        other => other.concat(),
    }
}

/// A step's limit: at most a week.
pub fn limit(text: &str) -> Result<Duration, String> {
    match crate::cli::duration(text) {
        Ok(limit) if limit <= Duration::from_secs(7 * 24 * 3600) => Ok(limit),
        Ok(_) => Err("at most 168h".to_owned()),
        Err(right) => Err(right),
    }
}

/// A limit as [`limit`] reads it.
pub fn limit_text(limit: Duration) -> String {
    let seconds = limit.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect()
}

/// The address of a proxy, or nothing. A password in it would be seen in the VM's process list and in cloud-init's files.
pub fn proxy(text: &str) -> Result<String, String> {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    if trimmed.is_empty() && text.is_empty() {
        return Ok(String::new());
    }
    if text.contains('@') {
        return Err(
            "an address without user and password, since arguments and files in the VM would show them to everybody there"
                .to_owned(),
        );
    }
    let rest =
        trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://")).unwrap_or_default();
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().is_ok_and(|port| port > 0)),
        None => (rest, true),
    };
    let right = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        && port;
    right.then(|| trimmed.to_owned()).ok_or_else(|| {
        "empty, or `http://HOST:PORT` or `https://HOST:PORT` with a name or an IPv4 address".to_owned()
    })
}

/// Hosts that are reached without a proxy, or nothing.
pub fn no_proxy(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let entry =
        |e: &str| e.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.') && e.chars().all(plain);
    let right = text.is_empty() || text.split(',').all(entry);
    right.then(|| text.to_owned()).ok_or_else(|| {
        "empty, or names, IPv4 addresses and networks with commas between them and no blanks, such as \
         `localhost,10.0.0.0/8,.lan`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_those_of_multipass() {
        let least = Size::gib(1);
        let bytes = |text| size(text, least).map(|s| s.0);
        for text in ["16G", "16g", "16GB", "16GiB", " 16G ", "17179869184", "17179869184B", "16384M"] {
            assert_eq!(bytes(text), Ok(16 << 30), "{text}");
        }
        assert_eq!(bytes("1.5G"), Ok(3 << 29));
        for text in [
            "12T",
            "G",
            "",
            "1.5",
            "-4G",
            "4 G",
            "1.G",
            ".5G",
            "1..5G",
            "0G",
            "12",
            "99999999999999999999G",
            "8X",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert!(size("12T", least).unwrap_err().contains("no T"));
    }

    #[test]
    fn names_that_multipass_would_refuse_are_refused() {
        for text in ["microstack", "a", "a-1", "Kafka2"] {
            assert!(vm_name(text).is_ok(), "{text}");
        }
        for text in ["", "micro_stack", "-micro", "micro-", "1micro", "micro.stack", "primary", "mi cro", "ä"]
        {
            assert!(vm_name(text).is_err(), "{text}");
        }
        assert!(vm_name(&"a".repeat(64)).is_err());
    }

    #[test]
    fn names_for_juju_cannot_be_options_or_paths() {
        assert!(juju_name("overlord", &["controller"]).is_ok());
        for text in ["", "-x", "a/b", "Overlord", "controller", "a:b", "1a", "a-"] {
            assert!(juju_name(text, &["controller"]).is_err(), "{text}");
        }
        for text in ["-x", "a/b", "../x", ".hidden", "", "a b", "kafstack"] {
            assert!(file_name(text).is_err(), "{text}");
        }
        for text in ["-x", "a.b", "", "a b", "a*"] {
            assert!(instance(text).is_err(), "{text}");
        }
    }

    #[test]
    fn channels_are_written_in_full() {
        assert_eq!(channel("3/stable", &["3", "4"]).unwrap().to_string(), "3/stable");
        assert!(channel("3/stabel", &["3", "4"]).unwrap_err().contains("`3/stable`"));
        assert!(channel("4/egde", &["3", "4"]).unwrap_err().contains("`4/edge`"));
        for text in ["stable", "3", "latest/stable", "3/stable/fix", "3/", "/stable", "5/stable", ""] {
            assert!(channel(text, &["3", "4"]).is_err(), "{text}");
        }
    }

    #[test]
    fn proxies_carry_no_password_and_no_syntax() {
        for text in ["", "http://proxy.lan:3128", "https://10.0.0.1", "http://proxy.lan:3128/"] {
            assert!(proxy(text).is_ok(), "{text}");
        }
        assert!(proxy("http://ada:secret@proxy").unwrap_err().contains("password"));
        for text in [
            "proxy.lan:3128",
            "ftp://proxy",
            "http://",
            "http://a b",
            "http://a:0",
            "http://a:99999",
            "http://a\"\nruncmd: x",
            "http://a$(id)",
            "http://-x",
            "/",
        ] {
            assert!(proxy(text).is_err(), "{text:?}");
        }
        assert!(no_proxy("localhost,10.0.0.0/8,.lan").is_ok());
        for text in ["a, b", "*", "a;b", "-x", "a,,b", "a: b"] {
            assert!(no_proxy(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_neither_an_option_nor_syntax(text in "[-a-zA-Z0-9_./:@$`\"'{}\\[\\]*&#|;,=\n ]{0,20}") {
            let harmless = |value: &str| !value.starts_with('-')
                && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:,".contains(c));
            for passed in [vm_name(&text), juju_name(&text, &[]), instance(&text), file_name(&text), proxy(&text), no_proxy(&text)]
                .into_iter()
                .flatten()
            {
                prop_assert!(harmless(&passed), "{passed:?}");
            }
        }

        #[test]
        fn sizes_are_read_as_they_are_shown(bytes in 1u64..1 << 50) {
            prop_assert_eq!(size(&Size(bytes).to_string(), Size(1)), Ok(Size(bytes)));
        }

        #[test]
        fn limits_are_read_as_they_are_shown(seconds in 1u64..=7 * 24 * 3600) {
            let limit_ = Duration::from_secs(seconds);
            prop_assert_eq!(limit(&limit_text(limit_)), Ok(limit_));
        }
    }
}
