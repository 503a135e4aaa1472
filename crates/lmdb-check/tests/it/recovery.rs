//! What is recovered of damaged files, and what is not because it may be outdated.

use crate::file::*;

fn keys(records: &[Received]) -> Vec<(&str, &str)> {
    let mut keys: Vec<_> =
        records.iter().map(|(database, key, _)| (database.as_str(), key.as_str())).collect();
    keys.sort_unstable();
    keys
}

const ALL: [(&str, &str); 6] = [
    ("(main)", "commits"),
    ("fruit", "apple"),
    ("fruit", "fig"),
    ("fruit", "mango"),
    ("fruit", "pear"),
    ("tools", "saw"),
];

#[test]
fn a_sound_file_is_read_without_problems() {
    let (problems, records) = recover(&small_file());
    assert_eq!((problems, keys(&records)), (vec![], ALL.to_vec()));
}

#[test]
fn leaves_to_which_nothing_leads_are_found_and_free_pages_are_not_read() {
    let mut file = small_file();
    file[FRUIT_ROOT * PAGE..][..PAGE].fill(0);
    let (problems, records) = recover(&file);
    assert!(!problems.is_empty());
    let mut expected = ALL;
    expected.iter_mut().filter(|(database, _)| *database == "fruit").for_each(|at| {
        at.0 = "(unknown)";
    });
    expected.sort_unstable();
    assert_eq!(keys(&records), expected);
    let fig = records.iter().find(|(_, key, _)| key == "fig").unwrap();
    assert_eq!(fig.2, Some(large_value()));
}

#[test]
fn without_a_free_list_only_trees_are_read() {
    let mut file = small_file();
    file[FREE_LIST * PAGE..][..PAGE].fill(0);
    assert_eq!(keys(&recover(&file).1), ALL);
    file[FRUIT_ROOT * PAGE..][..PAGE].fill(0);
    assert_eq!(keys(&recover(&file).1), [("(main)", "commits"), ("tools", "saw")]);
}

#[test]
fn a_meta_page_is_believed_where_its_main_database_is_the_last_one() {
    let sound = small_file();
    let mut file = sound.clone();
    file[PAGE..2 * PAGE].fill(0);
    assert_eq!(keys(&recover(&file).1), ALL);
    // The one of the last state is lost: its main database is found by its number of commits.
    let mut file = sound.clone();
    file[..PAGE].fill(0);
    let (problems, records) = recover(&file);
    assert_eq!(problems, ["the meta pages are damaged"]);
    assert_eq!(keys(&records), ALL[1..]);
    // Page 9 has an older one, whose only database is older too.
    let mut older = leaf(FREE, &[record("commits", 1_u64.to_le_bytes())]);
    older[..8].copy_from_slice(&(FREE as u64).to_ne_bytes());
    file[FREE * PAGE..][..PAGE].copy_from_slice(&older);
    assert_eq!(keys(&recover(&file).1), ALL[1..]);
}

#[test]
fn without_commits_a_file_with_a_damaged_meta_page_is_not_read() {
    let mut file = small_file();
    file[PAGE..2 * PAGE].fill(0);
    let file = write(&file);
    let recovery = lmdb_check::Recovery::new(&file, &|_, _| None).unwrap();
    let problems = recovery.read(&mut |record| panic!("{record:?}"));
    assert_eq!(problems.map_err(|error: lmdb_check::Error| error.to_string()).unwrap().len(), 1);
}

#[test]
fn a_large_value_is_read_for_one_record_only() {
    let mut file = small_file();
    file[FRUIT_ROOT * PAGE..][..PAGE].fill(0);
    let nodes: Vec<Node> =
        ["fig", "fih", "fii"].map(|key| large(key, LARGE_SIZE as u32, LARGE as u64)).into();
    file[FRUIT_LOW * PAGE..][..PAGE].copy_from_slice(&leaf(FRUIT_LOW, &nodes));
    let (_, records) = recover(&file);
    let values: Vec<bool> = records
        .iter()
        .filter(|(_, key, _)| key.starts_with("fi"))
        .map(|(_, _, value)| value.is_some())
        .collect();
    assert_eq!(values, [true, false, false]);
}

#[test]
fn any_changed_byte_leaves_most_records_readable() {
    let sound = small_file();
    for at in 0..sound.len() {
        for bits in [1, 0x80, 0xff] {
            let mut file = sound.clone();
            file[at] ^= bits;
            let (problems, records) = recover(&file);
            assert!(problems.len() <= lmdb_check::MAX_PROBLEMS, "{at} {bits}");
            assert!(records.len() >= 2, "{at} {bits}: {problems:?}");
            // Nothing contradicts a free list that does not mention a page.
            let may_be_outdated = at / PAGE == FREE_LIST;
            let is_outdated = records.iter().any(|(_, key, _)| key == "banana");
            assert!(may_be_outdated || !is_outdated, "{at} {bits}: {problems:?}");
        }
    }
}
