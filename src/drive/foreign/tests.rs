//! Arbitrary bytes, and what tools really say with something wrong about it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::host::scrub::unlearnt;

/// What is in these folders of seeds.
fn seeds_of(kinds: &[&str]) -> Vec<Vec<u8>> {
    let juju = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/juju");
    let folders = kinds.iter().map(|kind| if *kind == "juju" { juju.clone() } else { seeds().join(kind) });
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

/// What can be wrong about a text.
#[derive(Clone, Debug)]
enum Wrong {
    /// It ends here (in thousandths of its length, as all places).
    Cut(usize),
    /// Another byte is here.
    Flip(usize, u8),
    /// This part of it comes twice.
    Twice(usize, usize),
    /// This stands here.
    Put(usize, Vec<u8>),
}

impl Wrong {
    fn with(&self, mut text: Vec<u8>) -> Vec<u8> {
        let at = |place: usize| place * text.len() / 1000;
        match self {
            Wrong::Cut(end) => text.truncate(at(*end)),
            Wrong::Flip(place, byte) => {
                let place = at(*place);
                if let Some(there) = text.get_mut(place) {
                    *there = *byte;
                }
            }
            Wrong::Twice(from, to) => {
                let (from, to) = (at(*from.min(to)), at(*from.max(to)));
                let part = text[from..to].to_vec();
                text.splice(to..to, part);
            }
            Wrong::Put(place, what) => {
                let place = at(*place);
                text.splice(place..place, what.iter().copied());
            }
        }
        text
    }
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let place = 0..1000_usize;
    let put = prop_oneof![
        Just(b"99999999999999999999999999".to_vec()),
        Just(b"-1".to_vec()),
        Just(b"18446744073709551615".to_vec()),
        Just(b"4294967295".to_vec()),
        Just(b"null".to_vec()),
        Just(b"[]".to_vec()),
        Just("\u{1b}[2J\u{202e}é".as_bytes().to_vec()),
        Just(vec![b'['; 5_000]),
        Just(b"{\"a\":".repeat(5_000)),
        Just(vec![b'x'; 70_000]),
        Just(b"\nkafstack-exit 0\n".to_vec()),
        Just(b"\nkafstack-long ended 1 0\n".to_vec()),
        Just(b"\r\n\r\x08".to_vec()),
        Just(b"- &a [*a, *a]".to_vec()),
    ];
    prop_oneof![
        place.clone().prop_map(Wrong::Cut),
        (place.clone(), any::<u8>()).prop_map(|(place, byte)| Wrong::Flip(place, byte)),
        (place.clone(), place.clone()).prop_map(|(from, to)| Wrong::Twice(from, to)),
        (place, put).prop_map(|(place, what)| Wrong::Put(place, what)),
    ]
}

/// One of these with up to four things wrong about it, or anything at all.
fn hostile(kinds: &[&str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let wronged = (proptest::sample::select(seeds_of(kinds)), proptest::collection::vec(wrong(), 0..4))
        .prop_map(|(seed, wrongs)| wrongs.iter().fold(seed, |text, wrong| wrong.with(text)));
    prop_oneof![4 => wronged, 1 => proptest::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn answers_are_survived(bytes in hostile(&["answers", "juju"])) {
        unlearnt(|| answers(&bytes));
    }

    #[test]
    fn configurations_are_survived(bytes in hostile(&["configuration"])) {
        configuration(&bytes);
    }

    #[test]
    fn scenarios_are_survived(bytes in hostile(&["scenario"])) {
        scenario(&bytes);
    }

    #[test]
    fn journals_are_survived(bytes in hostile(&["journal"])) {
        journal(&bytes);
    }

    #[test]
    fn output_is_survived(bytes in hostile(&["output", "answers"]), chunk in 1..20_000_usize) {
        unlearnt(|| output(&bytes, chunk));
    }

    #[test]
    fn the_way_into_the_vm_is_survived(bytes in hostile(&["wrapper", "answers"])) {
        unlearnt(|| wrapper(&bytes));
    }
}

/// A reader.
type Reader = fn(&[u8]);

#[test]
fn every_seed_is_read_as_it_is() {
    let read: [(&str, Reader); 6] = [
        ("answers", answers),
        ("configuration", configuration),
        ("scenario", scenario),
        ("journal", journal),
        ("output", |bytes| output(bytes, 7)),
        ("wrapper", wrapper),
    ];
    for (kind, read) in read {
        seeds_of(&[kind]).iter().for_each(|seed| read(seed));
    }
}

#[test]
fn who_runs_and_has_ended_at_once_is_not_asked_for_ever() {
    let seed = std::fs::read(seeds().join("wrapper/ended-and-running")).unwrap();
    let vm = Vm::new(Arc::new(Says(seed)), Arc::new(Ticking(AtomicI64::new(0))), "microstack");
    let line = CommandLine::changes("sunbeam", ["configure"]).long("configure-cloud", "1");
    assert!(matches!(vm.ask(&line), Err(CommandError::StillRunning { .. })));
}

#[test]
fn numbers_that_do_not_fit_are_no_numbers() {
    answers(format!("MemTotal: {} kB\n", u64::MAX).as_bytes());
    answers(format!("orders:0:{0}\norders:1:{0}\n", u64::MAX).as_bytes());
    let statuses = seeds_of(&["juju"]).into_iter().map(|seed| String::from_utf8(seed).unwrap());
    statuses.for_each(|status| answers(status.replace("kafka/0", "kafka/4294967295").as_bytes()));
}

#[test]
fn depth_and_aliases_are_refused_and_do_not_grow() {
    let deep = [b"[".repeat(200_000), b"{\"a\":".repeat(200_000), b"- ".repeat(100_000)];
    // Each level holds ten of the one before: 10^9 in the end.
    let level = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(","));
    let bomb = format!("a0: &a0 [x,x]\n{}", (1..10).map(level).collect::<String>()).into_bytes();
    for document in deep.iter().chain([&bomb]) {
        answers(document);
        configuration(document);
        scenario(document);
    }
    let text = String::from_utf8(bomb).unwrap();
    assert!(rehearsal::Scenario::parse(&text).is_err());
    assert!(crate::yaml::read::<BTreeMap<String, serde_json::Value>>(&text).is_err());
}
