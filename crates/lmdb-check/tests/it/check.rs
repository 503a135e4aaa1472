//! Sound files are accepted, and every kind of damage is reported.

use lmdb_check::{Error, check_version};

use crate::file::*;

#[test]
fn a_sound_file_has_no_problems_and_all_its_records() {
    let (check, records) = check(&small_file()).unwrap();
    assert_eq!(check.problems, Vec::<String>::new());
    assert_eq!(check.databases, [b"fruit", b"tools"]);
    assert_eq!(check.pages, 8);
    let expected = [
        ("(main)", "commits", 2_u64.to_le_bytes().to_vec()),
        ("fruit", "mango", value("mango")),
        ("fruit", "pear", value("pear")),
        ("fruit", "apple", value("apple")),
        ("fruit", "fig", large_value()),
        ("tools", "saw", b"sharp".to_vec()),
    ];
    let expected =
        expected.map(|(database, key, value)| (database.into(), key.into(), Some(value)));
    assert_eq!(records, expected);
}

/// The offset of the first `needle` on a page.
fn find(bytes: &[u8], page: usize, needle: &[u8]) -> usize {
    let page = page * PAGE;
    page + bytes[page..page + PAGE].windows(needle.len()).position(|at| at == needle).unwrap()
}

type Damage = fn(&mut Vec<u8>);

/// Changes of the sound file, and what is reported of each.
const DAMAGES: &[(Damage, &str)] = &[
    (|file| file[FRUIT_HIGH * PAGE] = 99, r#"database "fruit": page 6 has another page's number"#),
    (
        |file| file[FRUIT_HIGH * PAGE + 10] = 1,
        r#"database "fruit": page 6 at level 2 of 2 has the kind 0x0001"#,
    ),
    (
        |file| file[FRUIT_HIGH * PAGE + 14] -= 2,
        r#"database "fruit": page 6 has misplaced or unordered entries"#,
    ),
    (
        |file| {
            let at = find(file, FRUIT_HIGH, b"mango");
            file[at] = b'z';
        },
        r#"database "fruit": page 6 has misplaced or unordered entries"#,
    ),
    (
        |file| {
            let at = find(file, FRUIT_HIGH, b"mango");
            file[at] = b'a'; // Below the key of its branch.
        },
        r#"database "fruit": page 6 has misplaced or unordered entries"#,
    ),
    (
        |file| file[LARGE * PAGE + 12] = 3,
        r#"database "fruit": page 7 does not hold the value that it should"#,
    ),
    (
        |file| {
            let at = find(file, FRUIT_LOW, b"fig") + 3;
            file[at] = FRUIT_HIGH as u8;
        },
        r#"database "fruit": page 6 does not hold the value that it should"#,
    ),
    (
        |file| {
            // The child of the branch's first node, whose key is empty.
            let at = find(file, FRUIT_ROOT, &[FRUIT_LOW as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at] = TOOLS as u8;
        },
        r#"database "tools": page 10 is in use twice"#,
    ),
    (
        |file| {
            let at = find(file, FRUIT_ROOT, &[FRUIT_LOW as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at + 4] = 1; // The high half of the page number.
        },
        r#"database "fruit": page 4294967301 does not exist"#,
    ),
    (
        |file| {
            let at = find(file, FREE_LIST, &[FREE as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at] = TOOLS as u8;
        },
        "page 10 is free and in use",
    ),
    (
        |file| {
            let at = find(file, FREE_LIST, &[FREE as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at] = 1;
        },
        "free list: page 1 is a meta page",
    ),
    (
        |file| {
            let at = find(file, FREE_LIST, &[FREE as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at] = 11;
        },
        "free list: page 11 does not exist",
    ),
    (
        |file| {
            let at = find(file, FREE_LIST, &[FREE as u8, 0, 0, 0, 0, 0, 0, 0]);
            file[at - 8] = 3; // The number of pages.
        },
        "free list: page 2 has an invalid entry",
    ),
    (
        |file| {
            let at = find(file, MAIN, b"tools") + 5;
            file[at + 4] = 4; // Duplicate values.
        },
        r#"database "tools": flags 0x0004 are not supported"#,
    ),
    (
        |file| {
            let at = find(file, MAIN, b"tools") + 5;
            file[at + 32] = 7;
        },
        r#"database "tools": 1 entries instead of 7"#,
    ),
    (
        |file| {
            let at = find(file, MAIN, b"tools") + 5;
            file[at + 8] = 7;
        },
        r#"database "tools": page counts [0, 1, 0] instead of [7, 1, 0]"#,
    ),
    (|file| file.truncate(TOOLS * PAGE), "page 10 is the last one and is past the end of the file"),
    (
        |file| {
            let at = find(file, TOOLS, b"saw");
            file[at - 4] = SUB as u8;
        },
        r#"database "tools": page 10 has an invalid subtree"#,
    ),
];

#[test]
fn every_kind_of_damage_is_reported() {
    for (damage, expected) in DAMAGES {
        let mut file = small_file();
        damage(&mut file);
        let (check, _) = check(&file).unwrap();
        let reported = check.problems.iter().any(|problem| problem == expected);
        assert!(reported, "{expected}: {:?}", check.problems);
    }
}

#[test]
fn files_without_sound_meta_pages_are_refused() {
    let sound = small_file();
    let changed = |changes: &[(usize, u8)]| {
        let mut file = sound.clone();
        changes.iter().for_each(|&(at, byte)| file[at] = byte);
        file
    };
    for (file, expected) in [
        (vec![], "the data file is truncated"),
        (sound[..PAGE + 100].to_vec(), "the data file is truncated"),
        (b"a text file. ".repeat(1000), "the file is not an LMDB data file"),
        (changed(&[(PAGE + 16, 0)]), "the file is not an LMDB data file"),
        (changed(&[(PAGE, 2)]), "the file is not an LMDB data file"),
        (changed(&[(41, 3)]), "the data file has an invalid page size"),
        (changed(&[(20, 2)]), "the meta pages of the data file have different LMDB data versions"),
        (changed(&[(144, 4)]), "the meta pages of the data file do not match"),
    ] {
        let error = check(&file).unwrap_err();
        assert!(matches!(error, Error::Damaged(_)), "{error}");
        assert_eq!(error.to_string(), expected);
    }
    let other_version = changed(&[(20, 2), (PAGE + 20, 2)]);
    assert!(matches!(check(&other_version), Err(Error::UnsupportedVersion)));
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_has_problems() {
    let file = small_file();
    for length in 0..file.len() {
        if let Ok((check, _)) = check(&file[..length]) {
            assert!(!check.problems.is_empty(), "{length}");
        }
    }
}

#[test]
fn a_version_is_found_by_its_transaction_id() {
    let file = write(&small_file());
    let pages = |transaction| {
        let check = check_version(&file, transaction, &mut |_| Ok::<(), Error>(())).unwrap();
        check.map(|check| (check.pages, check.problems))
    };
    assert_eq!(pages(2), Some((8, vec![])));
    assert_eq!(pages(1), Some((0, vec![])));
    assert_eq!((pages(0), pages(3)), (None, None));
}

#[test]
fn an_error_of_the_caller_ends_the_walk() {
    struct Stop(Option<Error>);
    impl From<Error> for Stop {
        fn from(error: Error) -> Self {
            Stop(Some(error))
        }
    }
    let mut count = 0;
    let stopped = lmdb_check::check_newest(&write(&small_file()), &mut |_| {
        count += 1;
        Err(Stop(None))
    });
    assert!(matches!(stopped, Err(Stop(None))));
    assert_eq!(count, 1);
}

#[test]
fn offsets_that_repeat_a_node_do_not_multiply_it() {
    let mut file = small_file();
    // A leaf with a node that fills half the page, and as many offsets to it as fit beside.
    let node = record("saw", vec![0; 240]);
    let mut tools = leaf(TOOLS, &[node]);
    let upper = u16::from_ne_bytes([tools[14], tools[15]]);
    let count = (usize::from(upper) - 16) / 2;
    for at in 0..count {
        tools[16 + 2 * at..][..2].copy_from_slice(&upper.to_ne_bytes());
    }
    tools[12..14].copy_from_slice(&upper.to_ne_bytes());
    file[TOOLS * PAGE..].copy_from_slice(&tools);
    let (check, records) = check(&file).unwrap();
    assert!(!check.problems.is_empty());
    let repeated = records.iter().filter(|(_, key, _)| key == "saw").count();
    assert!(count > 100 && (1..=4).contains(&repeated), "{count} {repeated}");
}
