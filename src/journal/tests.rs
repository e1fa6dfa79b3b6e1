//! What a journal survives.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_773_480_000 + second).unwrap()
}

fn begun(step: &str, act_id: u64) -> Record {
    Record::StepBegun { step: step.into(), act_id }
}

fn story() -> Vec<Record> {
    vec![
        Record::RunBegan { command: "up".into() },
        begun("launch-vm", 1),
        Record::StepDone { step: "launch-vm".into() },
        begun("prepare-node", 2),
        Record::StepFailed { step: "prepare-node".into(), id: "node-not-prepared".into() },
        Record::RunEnded { outcome: "failed".into() },
    ]
}

fn written(folder: &Path, records: &[Record]) -> Journal {
    let mut journal = Journal::open(folder).unwrap();
    for (second, record) in (0..).zip(records) {
        journal.append(at(second), record.clone()).unwrap();
    }
    journal
}

fn records(history: &History) -> Vec<Record> {
    history.entries.iter().map(|entry| entry.record.clone()).collect()
}

#[test]
fn what_was_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(History::read(folder.path()).unwrap(), History::default());
    let journal = written(folder.path(), &story());
    assert_eq!(records(journal.history()), story());
    assert_eq!(&History::read(folder.path()).unwrap(), journal.history());
    assert_eq!(Journal::open(folder.path()).unwrap().history(), journal.history());
    let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((first["n"].as_u64(), first["record"].as_str()), (Some(1), Some("run-began")));
}

#[test]
fn it_answers_what_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.history().next_act_id(), 1);
    assert!(!journal.history().launched_since_last_down());

    for record in story() {
        journal.append(at(5), record).unwrap();
    }
    assert_eq!(journal.history().next_act_id(), 3);
    assert!(journal.history().launched_since_last_down());

    journal.append(at(9), Record::RunBegan { command: "down".into() }).unwrap();
    assert!(journal.history().launched_since_last_down(), "a down that only began destroyed nothing");
    journal.append(at(10), Record::DownFinished).unwrap();
    assert!(!journal.history().launched_since_last_down());
    assert_eq!(journal.history().next_act_id(), 3, "numbers of acts outlive the VM");
}

#[test]
fn what_the_demo_added_is_known_until_it_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let topic = Addition::Topic("test-topic".into());
    let adds = |what: &Addition| Record::DemoAdds { what: what.clone() };
    let mut journal = written(folder.path(), &[adds(&topic), adds(&Addition::Encryption), adds(&topic)]);
    let there = [topic.clone(), Addition::Encryption];
    assert_eq!(journal.history().demo_additions(), there);
    assert_eq!(History::read(folder.path()).unwrap().demo_additions(), there);
    journal.append(at(9), Record::DemoCleaned).unwrap();
    assert_eq!(journal.history().demo_additions(), []);
    journal.append(at(10), adds(&topic)).unwrap();
    journal.append(at(11), Record::DownFinished).unwrap();
    assert_eq!(journal.history().demo_additions(), []);
}

#[test]
fn a_line_that_stands_there_twice_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    written(folder.path(), &story());
    let text = std::fs::read_to_string(&path).unwrap();
    let doubled = format!("{text}{}\n", text.lines().last().unwrap());
    std::fs::write(&path, &doubled).unwrap();
    assert_eq!(records(&History::read(folder.path()).unwrap()), story());
    Journal::open(folder.path()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn records_of_another_kafstack_are_kept_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let line = sealed(r#"{"n":7,"at":"2026-03-14T09:24:10.000Z","record":"tea-made","cups":2}"#);
    std::fs::write(folder.path().join(NAME), line).unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(records(journal.history()), [Record::Unknown]);
    journal.append(at(1), Record::DownFinished).unwrap();
    assert_eq!(journal.history().entries[1].number, 8);
}

#[test]
fn looking_repairs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), "half a li").unwrap();
    assert_eq!(History::read(folder.path()).unwrap(), History::default());
    assert_eq!(std::fs::read(folder.path().join(NAME)).unwrap(), b"half a li");
}

/// Reads damaged bytes, then goes on writing to them.
fn after(bytes: &[u8]) -> (Vec<Record>, Vec<Record>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(NAME), bytes).unwrap();
    let read = records(&History::read(folder.path()).unwrap());
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.append(at(99), Record::DownFinished).unwrap();
    (read, records(&History::read(folder.path()).unwrap()))
}

fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), &story());
    std::fs::read(folder.path().join(NAME)).unwrap()
}

#[test]
fn a_journal_cut_at_any_byte_loses_the_record_it_was_cut_in_and_no_other() {
    let bytes = sound();
    for length in 0..bytes.len() {
        let whole = bytes[..length].iter().filter(|byte| **byte == b'\n').count();
        let mut left = story()[..whole].to_vec();
        let (read, then) = after(&bytes[..length]);
        assert_eq!(read, left, "cut to {length} bytes");
        left.push(Record::DownFinished);
        assert_eq!(then, left, "cut to {length} bytes");
    }
}

#[test]
fn any_bit_flipped_in_the_last_record_costs_that_record_and_no_other() {
    let bytes = sound();
    let begin = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for (place, bit) in (begin..bytes.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << bit;
        let mut left = story();
        left.pop();
        let (read, then) = after(&flipped);
        assert_eq!(read, left, "bit {bit} of byte {place}");
        left.push(Record::DownFinished);
        assert_eq!(then, left, "bit {bit} of byte {place}");
    }
}

#[test]
fn records_that_stand_there_twice_count_once_wherever_they_are() {
    let bytes = sound();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for doubled in 0..lines.len() {
        let mut text = lines.clone();
        text.insert(doubled, lines[doubled]);
        assert_eq!(after(&text.concat()).0, story());
        // A block that an interrupted copy wrote twice.
        let text = [&lines[..=doubled], &lines[..]].concat();
        assert_eq!(after(&text.concat()).0, story());
    }
}

#[test]
fn the_user_is_told_of_damage_at_the_end_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    assert!(written(folder.path(), &story()).damage().is_empty());
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let told = Journal::open(folder.path()).unwrap().damage();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("bytes of") && told[0].contains("journal.ndjson were damaged"), "{told:?}");
    let mut journal = Journal::open(folder.path()).unwrap();
    assert!(journal.damage().is_empty());
    // What was cut off leaves no gap behind.
    journal.append(at(9), Record::DownFinished).unwrap();
    assert!(Journal::open(folder.path()).unwrap().damage().is_empty());
}

#[test]
fn the_user_is_told_of_damage_in_the_middle_and_the_file_is_left_as_it_is() {
    let lines: Vec<Vec<u8>> = sound().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    assert!(lines.len() > 5);
    let told = |damaged: &[usize]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut text = lines.clone();
        damaged.iter().for_each(|line| text[*line][9] ^= 1);
        std::fs::write(&path, text.concat()).unwrap();
        let told = Journal::open(folder.path()).unwrap().damage();
        assert_eq!(std::fs::read(&path).unwrap(), text.concat());
        assert_eq!(Journal::open(folder.path()).unwrap().damage(), told);
        let [told] = told.try_into().unwrap();
        told
    };
    let one = told(&[0]);
    assert!(one.starts_with("1 record of") && one.contains("(number 1)"), "{one}");
    let three = told(&[1, 2, 4]);
    assert!(three.starts_with("3 records of") && three.contains("(numbers 2 to 3, number 5)"), "{three}");
}

#[test]
fn a_full_disk_is_a_failure_and_what_was_written_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut journal = written(folder.path(), &story());
    // The same file system says that it is full, as that of `/dev/full` always does.
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    journal.file = OpenOptions::new().append(true).open(&path).unwrap();
    let failure = journal.append(at(9), Record::DownFinished).unwrap_err();
    assert_eq!(failure.id, Id::StateUnusable);
    assert!(failure.message.ends_with("journal.ndjson could not be written"), "{failure}");
    assert!(failure.seen.unwrap().contains("full"));
    assert!(failure.hints[0].contains("df -h"));
    assert_eq!(records(journal.history()), story());
}

#[test]
fn a_journal_that_was_removed_or_replaced_meanwhile_is_not_written_into_the_void() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut journal = written(folder.path(), &story());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(journal.append(at(9), Record::DownFinished).unwrap_err().id, Id::StateUnusable);
    std::fs::write(&path, "").unwrap();
    let failure = journal.append(at(9), Record::DownFinished).unwrap_err();
    assert_eq!(failure.seen.as_deref(), Some("another file stands in its place"));
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_costs_only_the_record_it_went_through(at_ in 0.0f64..1.0) {
        let bytes = sound();
        let length = (bytes.len() as f64 * at_) as usize;
        let whole = bytes[..length].iter().filter(|b| **b == b'\n').count();
        let (read, then) = after(&bytes[..length]);
        prop_assert_eq!(&read[..], &story()[..whole]);
        prop_assert_eq!(then.len(), whole + 1);
    }

    #[test]
    fn a_flipped_byte_costs_only_the_records_it_touched(at_ in 0.0f64..1.0, flip in 1u8..=255) {
        let mut bytes = sound();
        let place = (bytes.len() as f64 * at_) as usize;
        let line = bytes[..place].iter().filter(|b| **b == b'\n').count();
        // Without the end of its line, a record hangs together with the next one.
        let touched = if bytes[place] == b'\n' { line..(line + 2).min(story().len()) } else { line..line + 1 };
        bytes[place] ^= flip;
        let mut left = story();
        left.drain(touched);
        let (read, then) = after(&bytes);
        prop_assert_eq!(&read, &left);
        left.push(Record::DownFinished);
        prop_assert_eq!(then, left);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, then) = after(&bytes);
        prop_assert_eq!(then.last(), Some(&Record::DownFinished));
    }
}
