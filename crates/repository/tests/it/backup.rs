//! Copies: made while others write, refused where they are damaged, brought back alone.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cim::status::*;
use repository::{PutMode, Repository};

use crate::support::*;

#[test]
fn g13_a_backup_made_while_others_write_is_whole() {
    let (dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let copy = dir.path().join("copy");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for batch in 0.. {
                let put = repository.write(|w| {
                    (0..10).try_for_each(|at| {
                        let instance = named(&thing, &format!("{batch} {at}"));
                        w.put_instance(root, &instance, PutMode::Create).map(drop)
                    })
                });
                put.unwrap();
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let mut before = 0;
        for at in 0..10 {
            assert!(repository.verify().unwrap().is_clean());
            repository.backup(&copy).unwrap();
            let target = dir.path().join(format!("restored {at}"));
            let found = Repository::restore(&copy, &target).unwrap();
            assert!(found.is_clean() && found.instances.is_multiple_of(10), "{found:?}");
            assert!(found.instances >= before);
            before = found.instances;
            let restored = Repository::create_or_open(&target).unwrap();
            let snapshot = restored.read().unwrap();
            let there = snapshot.view().instances(root, &thing).unwrap().count() as u64;
            assert_eq!(there, before);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_none()), "{left:?}");
}

#[test]
fn g13_restore_needs_the_repository_alone() {
    let (dir, repository) = repository();
    let copy = dir.path().join("copy");
    repository.write(|w| w.put_meta("state", Some("old"))).unwrap();
    repository.backup(&copy).unwrap();
    repository.write(|w| w.put_meta("state", Some("new"))).unwrap();
    let path = repository.directory().to_owned();
    let refused = Repository::restore(&copy, &path).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING);
    let own = format!("({})", std::process::id());
    assert!(refused.message().contains(&own), "{refused}");
    let snapshot = repository.read().unwrap();
    drop(repository);
    // A snapshot alone has it open too.
    let refused = Repository::restore(&copy, &path).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING);
    assert_eq!(snapshot.view().meta("state").unwrap().as_deref(), Some("new"));
    drop(snapshot);
    Repository::restore(&copy, &path).unwrap();
    let repository = Repository::create_or_open(&path).unwrap();
    assert_eq!(repository.read().unwrap().view().meta("state").unwrap().as_deref(), Some("old"));
    repository.write(|w| w.put_meta("state", Some("newer"))).unwrap();
}

#[test]
fn a_restore_that_fails_changes_nothing() {
    let (dir, repository) = repository();
    let copy = dir.path().join("copy");
    repository.write(|w| w.put_meta("state", Some("kept"))).unwrap();
    repository.backup(&copy).unwrap();
    let whole = fs::read(&copy).unwrap();
    let path = repository.directory().to_owned();
    drop(repository);
    for (bytes, status) in [
        (Some(&whole[..whole.len() - 4096]), WBEM_E_INVALID_OBJECT),
        (Some(&b"no copy"[..]), WBEM_E_INVALID_OBJECT),
        (None, WBEM_E_NOT_FOUND),
    ] {
        match bytes {
            Some(bytes) => fs::write(&copy, bytes).unwrap(),
            None => fs::remove_file(&copy).unwrap(),
        }
        let error = Repository::restore(&copy, &path).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert!(error.message().contains(copy.to_str().unwrap()), "{error}");
        let repository = Repository::create_or_open(&path).unwrap();
        let state = repository.read().unwrap().view().meta("state").unwrap();
        assert_eq!(state.as_deref(), Some("kept"));
    }
}

#[test]
fn a_backup_that_fails_leaves_the_one_before() {
    let (dir, repository) = repository();
    let copy = dir.path().join("copy");
    repository.backup(&copy).unwrap();
    let nowhere = repository.backup(dir.path().join("none/copy")).unwrap_err();
    assert_eq!(nowhere.status(), WBEM_E_NOT_FOUND, "{nowhere}");
    for no_place in ["/".into(), repository.directory().join("data.mdb")] {
        let refused = repository.backup(&no_place).unwrap_err();
        assert_eq!(refused.status(), WBEM_E_INVALID_PARAMETER, "{refused}");
    }
    // A directory of that name is not replaced.
    let directory = dir.path().join("directory");
    fs::create_dir(&directory).unwrap();
    repository.backup(&directory).unwrap_err();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    Repository::restore(&copy, dir.path().join("again")).unwrap();
}

#[test]
fn a_backup_replaces_no_device_pipe_socket_or_directory_and_follows_links() {
    let (dir, repository) = repository();
    let path = |name: &str| dir.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(path("pipe")).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    fs::create_dir(path("directory")).unwrap();
    symlink("/dev/null", path("to-device")).unwrap();
    symlink("no-such-file", path("to-nothing")).unwrap();
    symlink(path("repository").join("data.mdb"), path("to-repository")).unwrap();
    let refused = [
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("directory", "a directory"),
        ("to-device", "a device"),
        ("to-nothing", "a link to a file that does not exist"),
        ("to-repository", "in the repository's own directory"),
    ];
    for (name, what) in refused {
        let kind = fs::symlink_metadata(path(name)).unwrap().file_type();
        let error = repository.backup(path(name)).unwrap_err();
        assert_eq!(error.status(), WBEM_E_INVALID_PARAMETER, "{name}");
        assert!(error.message().ends_with(what), "{name}: {error}");
        assert_eq!(fs::symlink_metadata(path(name)).unwrap().file_type(), kind, "{name}");
    }
    fs::write(path("file"), "before").unwrap();
    symlink("file", path("link")).unwrap();
    repository.backup(path("link")).unwrap();
    assert!(path("link").is_symlink());
    assert!(Repository::restore(path("file"), path("restored")).unwrap().is_clean());
}
