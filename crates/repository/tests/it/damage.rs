//! Files that are no repository, or no longer: an error that says so, never a crash.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cim::status::*;
use repository::{PutMode, Repository};

use crate::support::*;

/// The bytes of a repository with something in it.
fn content() -> Vec<u8> {
    let (dir, repository) = repository();
    let thing = thing();
    let left = class("Test_Left", Some(&thing), vec![]);
    let root = fill(&repository, &[&thing, &left]);
    repository
        .write(|w| {
            for n in 0..300 {
                let class = if n % 3 == 0 { &left } else { &thing };
                w.put_instance(root, &named(class, &n.to_string()), PutMode::Create)?;
            }
            w.put_instance(root, &named(&thing, &"long".repeat(2000)), PutMode::Create)
        })
        .unwrap();
    let copy = dir.path().join("copy");
    repository.backup(&copy).unwrap();
    fs::read(copy).unwrap()
}

#[test]
fn files_that_are_no_repository_are_refused() {
    let content = content();
    let other_page_size = {
        let mut bytes = content.clone();
        bytes[16 + 24..16 + 28].copy_from_slice(&3u32.to_ne_bytes());
        bytes
    };
    let other_lmdb = {
        let mut bytes = content.clone();
        bytes[16 + 4..16 + 8].copy_from_slice(&2u32.to_ne_bytes());
        bytes
    };
    for (what, bytes, status) in [
        ("nothing", vec![], WBEM_E_CRITICAL_ERROR),
        ("a text", b"instance of X {};\n".repeat(2000), WBEM_E_CRITICAL_ERROR),
        ("zeros", vec![0; 100_000], WBEM_E_CRITICAL_ERROR),
        ("other pages", other_page_size, WBEM_E_CRITICAL_ERROR),
        ("another LMDB", other_lmdb, WBEM_E_DATABASE_VER_MISMATCH),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data.mdb"), bytes).unwrap();
        let error = Repository::create_or_open(dir.path()).err().unwrap();
        assert_eq!(error.status(), status, "{what}: {error}");
        assert!(error.message().contains(dir.path().to_str().unwrap()), "{error}");
    }
}

#[test]
fn g13_a_file_cut_off_anywhere_is_refused() {
    let content = content();
    let lengths = (0..content.len()).step_by(1500).chain([1, 4095, 4096, 8192, content.len() - 1]);
    for length in lengths {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data.mdb"), &content[..length]).unwrap();
        let error = Repository::create_or_open(dir.path()).err().unwrap();
        assert_eq!(error.status(), WBEM_E_CRITICAL_ERROR, "{length}: {error}");
    }
}

#[test]
fn g13_a_backup_with_bytes_changed_is_refused_or_readable() {
    let content = content();
    let dir = tempfile::tempdir().unwrap();
    let (copy, target) = (dir.path().join("copy"), dir.path().join("r"));
    let (mut state, mut refused) = (1u64, 0);
    for _ in 0..250 {
        let mut bytes = content.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 20) as usize % bytes.len();
            bytes[at] ^= (state >> 12) as u8 | 1;
        }
        fs::write(&copy, &bytes).unwrap();
        match Repository::restore(&copy, &target) {
            Ok(found) => assert!(found.is_clean()),
            Err(error) => {
                let expected = [WBEM_E_INVALID_OBJECT, WBEM_E_DATABASE_VER_MISMATCH];
                assert!(expected.contains(&error.status()), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn only_the_owner_may_read_it() {
    let (dir, repository) = repository();
    let copy = dir.path().join("copy");
    repository.backup(&copy).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(repository.directory()), 0o700);
    assert_eq!(mode(&copy), 0o600);
    for entry in fs::read_dir(repository.directory()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
