//! "Acknowledged" means that the sync has returned: counted by a library that is loaded before
//! the C library.

use std::path::Path;
use std::process::Command;

use cim::Namespace;
use cim::status::WBEM_E_CRITICAL_ERROR;
use repository::{PutMode, Repository};

use crate::support::*;

/// Notes every sync in the file that SYNC_LOG names, after it has returned.
const COUNTER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int noted(int result) {
    const char *path = getenv("SYNC_LOG");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (fd < 0 || result != 0 || write(fd, "s", 1) != 1) abort();
    close(fd);
    return result;
}

int fsync(int fd) {
    return noted(((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd));
}

int fdatasync(int fd) {
    return noted(((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd));
}

int msync(void *at, size_t len, int flags) {
    return noted(((int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync"))(at, len, flags));
}
"#;

fn build_counter(dir: &Path) {
    std::fs::write(dir.join("counter.c"), COUNTER).unwrap();
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
    cc.args(["-shared", "-fPIC", "-o", "counter.so", "counter.c", "-ldl"]).current_dir(dir);
    assert!(cc.status().unwrap().success());
}

#[test]
fn every_acknowledgement_follows_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    build_counter(dir.path());
    let mut writer = child("durability::child_counts_syncs", dir.path());
    writer.env("LD_PRELOAD", dir.path().join("counter.so"));
    let output = writer.env("SYNC_LOG", dir.path().join("log")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("> counted"), "{output}");
}

#[test]
fn child_counts_syncs() {
    let Some(dir) = as_child() else { return };
    let synced = || dir.join("log").metadata().map_or(0, |log| log.len());
    let repository = Repository::create_or_open(dir.join("r")).unwrap();
    let made = synced();
    assert!(made >= 2, "a first start syncs the file and the directory: {made}");
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    for n in 0..20 {
        let before = synced();
        let instance = named(&thing, &n.to_string());
        repository.write(|w| w.put_instance(root, &instance, PutMode::Create)).unwrap();
        assert!(synced() > before, "instance {n}");
    }
    let before = synced();
    repository.write(|w| w.delete_class(root, thing.name())).unwrap();
    assert!(synced() > before);
    let before = synced();
    repository.read().unwrap().view().classes(root).unwrap();
    assert_eq!(synced(), before, "a read syncs nothing");
    repository.backup(dir.join("copy")).unwrap();
    assert!(synced() >= before + 2, "a backup syncs the file and the directory");
    drop(repository);
    let before = synced();
    Repository::restore(dir.join("copy"), dir.join("r")).unwrap();
    assert!(synced() >= before + 2, "a restore syncs the file and the directory");
    tell("counted");
}

/// A write into a file that has no name any more would be acknowledged and lost.
#[test]
fn writes_fail_where_the_data_file_was_removed_or_replaced() {
    let thing = thing();
    let changes: [fn(&Path); 3] = [
        |directory| std::fs::remove_dir_all(directory).unwrap(),
        |directory| std::fs::remove_file(directory.join("data.mdb")).unwrap(),
        |directory| {
            let (data, copy) = (directory.join("data.mdb"), directory.join("copy"));
            std::fs::copy(&data, &copy).unwrap();
            std::fs::rename(copy, data).unwrap();
        },
    ];
    for change in changes {
        let (_dir, repository) = repository();
        let root = fill(&repository, &[&thing]);
        let put = |id| {
            repository
                .write(|w| w.put_instance(root, &named(&thing, id), PutMode::Create).map(drop))
        };
        put("before").unwrap();
        change(repository.directory());
        let error = put("after").unwrap_err();
        assert_eq!(error.status(), WBEM_E_CRITICAL_ERROR);
        assert!(error.message().contains("was removed or replaced"), "{error}");
        assert!(repository.read().unwrap().view().namespace(&Namespace::root()).unwrap().is_some());
    }
}
