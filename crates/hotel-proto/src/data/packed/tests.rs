use std::{fs, path::Path};

use malform::{Fuzz, Verdict};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};

use super::*;
use crate::data::DataError;

const NAME: &str = "test.bin";

type Pairs = Vec<(String, Vec<u8>)>;

fn pairs(count: usize) -> Pairs {
    let pair = |n: usize| (n.to_string(), format!("record {n}").into());
    (0..count).map(pair).collect()
}

fn write(dir: &Path, pairs: &Pairs) {
    Table::write(dir, NAME, Kind::Rate, pairs, |_| {}).unwrap();
}

fn find<'b>(
    table: &Table,
    id: &str,
    buffer: &'b mut Vec<u8>,
) -> Result<Option<&'b [u8]>, DataError> {
    Ok(table.records(&[id], buffer)?.next().unwrap())
}

fn open(dir: &Path) -> Result<Table, DataError> {
    Table::open(dir, NAME, Kind::Rate).map(|table| table.expect("there is a file"))
}

fn told(dir: &Path, bytes: &[u8]) -> String {
    fs::write(dir.join(NAME), bytes).unwrap();
    let error = open(dir).unwrap_err().to_string();
    let named = format!("{}: ", dir.join(NAME).display());
    error
        .strip_prefix(&named)
        .expect("the file is named")
        .to_owned()
}

proptest! {
    #[test]
    fn every_record_is_found_and_no_other(pairs in btree_map(".{0,9}", any::<Vec<u8>>(), 0..60), other in ".{0,9}") {
        let dir = tempfile::tempdir().unwrap();
        let all: Pairs = pairs.clone().into_iter().collect();
        write(dir.path(), &all);
        let table = open(dir.path()).unwrap();
        prop_assert_eq!(table.len(), pairs.len());
        let mut buffer = Vec::new();
        for (id, record) in &pairs {
            prop_assert_eq!(find(&table, id, &mut buffer).unwrap(), Some(&record[..]));
        }
        prop_assert_eq!(find(&table, &other, &mut buffer).unwrap().is_some(), pairs.contains_key(&other));
    }

    /// In any order, some of them twice, and some that are not there.
    #[test]
    fn records_are_found_together(rows in 0..300_usize, asked in vec(0..400_usize, 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        // Some blocks are as far apart as is passed over, and some are not.
        let record = |row: usize| vec![row as u8; row * 37 % 2_000];
        let all: Pairs = (0..rows).map(|row| (row.to_string(), record(row))).collect();
        write(dir.path(), &all);
        let table = open(dir.path()).unwrap();
        let ids: Vec<String> = asked.iter().map(usize::to_string).collect();
        let mut buffer = b"of another call".to_vec();
        let found: Vec<_> = table.records(&ids, &mut buffer).unwrap().collect();
        let expected = asked.iter().map(|row| all.get(*row).map(|(_, record)| &record[..]));
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

/// Two dozen of so many ids are looked for in the block of another first: twice in 2¹⁵.
#[test]
fn an_id_that_is_taken_for_another_is_found_all_the_same() {
    const ROWS: usize = 400_000;
    let dir = tempfile::tempdir().unwrap();
    let all: Pairs = (0..ROWS).map(|n| (n.to_string(), vec![n as u8])).collect();
    write(dir.path(), &all);
    let table = open(dir.path()).unwrap();
    let mut buffer = Vec::new();
    for some in all.chunks(1000) {
        let ids: Vec<&str> = some.iter().map(|(id, _)| id.as_str()).collect();
        let found = table.records(&ids, &mut buffer).unwrap();
        assert!(found.eq(some.iter().map(|(_, record)| Some(&record[..]))));
    }
    let none = |n: usize| (ROWS + n).to_string();
    let ids: Vec<String> = (0..10_000).map(none).collect();
    let mut found = table.records(&ids, &mut buffer).unwrap();
    assert!(found.all(|found| found.is_none()));
}

#[test]
#[should_panic = "four records are at most 1 MiB long"]
fn what_is_too_long_to_be_read_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let record = |n: usize| (n.to_string(), vec![0; 300 << 10]);
    write(dir.path(), &(0..4).map(record).collect());
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Table::open(dir.path(), NAME, Kind::Rate).unwrap().is_none());
    write(dir.path(), &pairs(100));
    let good = fs::read(dir.path().join(NAME)).unwrap();
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let length = good.len();
    let cut = format!(
        "is {} bytes long, expected {length}: it was cut short, or something was added",
        length - 1
    );
    assert_eq!(told(dir.path(), &good[..length - 1]), cut);
    assert!(told(dir.path(), b"").starts_with("is 0 bytes long, expected 96"));
    assert_eq!(told(dir.path(), &changed(0)), "is no data file of Hotels");
    assert_eq!(
        told(dir.path(), &changed(8)),
        "has version 2 of the layout, expected 3: `hotels generate` makes it anew"
    );
    assert_eq!(
        told(dir.path(), &changed(17)),
        "is damaged: the checksum of the header differs"
    );
    assert_eq!(
        told(dir.path(), &changed(length - 1)),
        "is damaged: the checksum of the list of ids differs"
    );
    fs::write(dir.path().join(NAME), &good).unwrap();
    let error = Table::open(dir.path(), NAME, Kind::Profile).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("holds the records of rate, expected those of profile"),
        "{error}"
    );
}

#[test]
fn a_damaged_record_is_an_error_when_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &pairs(1));
    let path = dir.path().join(NAME);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|part| part == b"record").unwrap();
    bytes[at] = b'R';
    fs::write(&path, bytes).unwrap();
    let table = open(dir.path()).unwrap();
    let error = find(&table, "0", &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[test]
fn whatever_byte_is_damaged_nobody_is_lost_without_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let all = pairs(12);
    write(dir.path(), &all);
    let path = dir.path().join(NAME);
    let bytes = fs::read(&path).unwrap();
    let file = Packed::open(dir.path(), NAME, Kind::Rate).unwrap().unwrap();
    let records = file.length(0) as usize;
    let mut damaged = 0;
    for at in header::LENGTH..header::LENGTH + records {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let table = open(dir.path()).unwrap();
        for (id, record) in &all {
            match find(&table, id, &mut Vec::new()) {
                Ok(found) => assert_eq!(found, Some(&record[..]), "{id} with byte {at} damaged"),
                Err(_) => damaged += 1,
            }
        }
    }
    assert!(damaged >= records);
}

#[test]
fn a_file_that_shrinks_while_it_is_open_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &pairs(10));
    let table = open(dir.path()).unwrap();
    fs::write(dir.path().join(NAME), b"").unwrap();
    let error = find(&table, "0", &mut Vec::new()).unwrap_err();
    assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(PackedWriter::create(dir.path(), NAME, Kind::Geo, 1).unwrap());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let nowhere = PackedWriter::create(&dir.path().join("no"), NAME, Kind::Geo, 1);
    let error = nowhere.unwrap_err().to_string();
    assert!(
        error.contains("test.bin.part: cannot be written: "),
        "{error}"
    );
}

/// Bad input behind good checksums, too: the sums are made right again for every other input.
#[test]
fn no_bytes_upset_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &pairs(40));
    let sample = fs::read(dir.path().join(NAME)).unwrap();
    let mut odd = false;
    let tally = Fuzz::of_text("packed", [sample]).inputs(1000).run(|input| {
        let mut bytes = input.to_vec();
        odd = !odd;
        if odd && bytes.len() >= header::LENGTH {
            mend(&mut bytes);
        }
        fs::write(dir.path().join(NAME), &bytes).unwrap();
        let Ok(table) = open(dir.path()) else {
            return Verdict::Refused;
        };
        let mut buffer = Vec::new();
        let ids: Vec<String> = (0..40).map(|n| n.to_string()).collect();
        let found = ids.iter().all(|id| find(&table, id, &mut buffer).is_ok());
        let together = table.records(&ids, &mut buffer).is_ok();
        assert_eq!(together, found, "what one call finds, many do");
        Verdict::accepted_if(found)
    });
    assert!(tally.refused > 0);
}

fn mend(bytes: &mut [u8]) {
    let (head, body) = bytes.split_at_mut(header::LENGTH);
    let mut rest = &body[..];
    for section in 0..header::SECTIONS {
        let at = 24 + section * 16;
        let length = u64::from_le_bytes(std::array::from_fn(|n| head[at + n]));
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(rest.len());
        let (this, after) = rest.split_at(length);
        head[at + 8..at + 16].copy_from_slice(&sum::Sum::of(this).to_le_bytes());
        rest = after;
    }
    let sum = sum::Sum::of(&head[..header::LENGTH - 8]);
    head[header::LENGTH - 8..].copy_from_slice(&sum.to_le_bytes());
}
