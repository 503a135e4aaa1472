//! Files that are no repository, or no longer: an error that says so, never a crash; and what is
//! salvaged of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cim::status::*;
use repository::{PutMode, Repository};

use crate::damaged_world::World;
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
        for page in [0, 4096] {
            bytes[page + 20..page + 24].copy_from_slice(&2u32.to_ne_bytes());
        }
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

#[test]
fn g13_the_start_of_the_file_can_be_lost() {
    let dir = place();
    let world = World::new();
    world.make(dir.path());
    let data = dir.path().join("data.mdb");
    let whole = fs::read(&data).unwrap();
    for pages in [0..1, 1..2, 0..2] {
        let mut bytes = whole.clone();
        bytes[pages.start * PAGE..pages.end * PAGE].fill(0);
        fs::write(&data, bytes).unwrap();
        assert!(!Repository::examine(dir.path()).unwrap().is_empty());
        let salvage = Repository::salvage(dir.path()).unwrap();
        assert_eq!((salvage.lost_count, salvage.lost.len()), (0, 0), "{pages:?}: {salvage:?}");
        let repository = Repository::create_or_open(dir.path()).unwrap();
        let seen = world.compare(&repository);
        let all = (world.namespaces.len(), world.classes.len(), world.instances.len());
        assert_eq!((seen.namespaces, seen.classes, seen.instances), all, "{pages:?}");
        let note = repository.read().unwrap().view().meta("files").unwrap();
        assert_eq!(note.as_deref(), Some("/a.mof\n/b.mof"));
    }
    let kept = ["replaced.mdb", "replaced-2.mdb", "replaced-3.mdb"];
    assert!(kept.iter().all(|name| dir.path().join(name).exists()));
}

#[test]
fn g13_a_large_file_is_looked_at_where_others_wrote_to_it() {
    let dir = place();
    let repository = Repository::create_or_open(dir.path()).unwrap();
    let large = "needle ".repeat(2 << 20);
    repository.write(|w| w.put_meta("large", Some(&large))).unwrap();
    drop(repository);
    let data = dir.path().join("data.mdb");
    let marked = fs::metadata(&data).unwrap().modified().unwrap();
    let mut bytes = fs::read(&data).unwrap();
    let at = bytes.windows(6).rposition(|bytes| bytes == b"needle").unwrap();
    bytes[at] ^= 1;
    fs::write(&data, bytes).unwrap();
    // As if the disk had changed it: it is opened, and what is read is still not taken for right.
    fs::File::options().write(true).open(&data).unwrap().set_modified(marked).unwrap();
    let repository = Repository::create_or_open(dir.path()).unwrap();
    let read = repository.read().unwrap().view().meta("large").unwrap_err();
    assert_eq!(read.status(), WBEM_E_CRITICAL_ERROR, "{read}");
    assert!(!repository.verify().unwrap().is_clean());
    drop(repository);
    let later = marked + std::time::Duration::from_secs(1);
    fs::File::options().write(true).open(&data).unwrap().set_modified(later).unwrap();
    let refused = Repository::create_or_open(dir.path()).err().unwrap();
    assert_eq!(refused.status(), WBEM_E_CRITICAL_ERROR, "{refused}");
}

#[test]
fn g13_an_older_format_is_no_damage() {
    let (dir, repository) = repository();
    let copy = dir.path().join("copy");
    repository.backup(&copy).unwrap();
    // Format 2 had this entry without a checksum: four bytes less.
    let mut bytes = fs::read(&copy).unwrap();
    let at = bytes.windows(6).position(|bytes| bytes == b"format").unwrap();
    bytes[at - 8] = 4;
    bytes[at + 6] = 2;
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("data.mdb"), bytes).unwrap();
    for error in [
        Repository::create_or_open(other.path()).err().unwrap(),
        Repository::salvage(other.path()).unwrap_err(),
    ] {
        assert_eq!(error.status(), WBEM_E_DATABASE_VER_MISMATCH, "{error}");
    }
}

/// How many cases each child runs, and how many children there are.
const CASES: u64 = 50;
const CHILDREN: u64 = 10;
/// The child's first case.
const FIRST: &str = "OPENWMI_DAMAGE_FIRST";
/// The size of a page of the file.
const PAGE: usize = 4096;

/// Numbers without a pattern, the same for the same beginning (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Damages a file as the case says; gives what was done.
fn damage(bytes: &mut Vec<u8>, case: u64) -> String {
    let mut random = Random(case);
    let pages = bytes.len() / PAGE;
    let zero = |bytes: &mut Vec<u8>, page: usize| {
        bytes[page * PAGE..(page + 1) * PAGE].fill(0);
        page
    };
    let flip = |bytes: &mut Vec<u8>, at: usize, bit: usize| {
        bytes[at] ^= 1 << bit;
        at
    };
    match case % 10 {
        0 => {
            bytes.truncate(random.below(bytes.len()));
            format!("cut to {} bytes", bytes.len())
        }
        1 => {
            bytes.truncate(random.below(pages) * PAGE);
            format!("cut to {} pages", bytes.len() / PAGE)
        }
        2 => {
            let (at, bit) = (random.below(bytes.len()), random.below(8));
            format!("flipped a bit at {}", flip(bytes, at, bit))
        }
        3 => {
            let count = 2 + random.below(30);
            let at: Vec<usize> = (0..count)
                .map(|_| {
                    let (at, bit) = (random.below(bytes.len()), random.below(8));
                    flip(bytes, at, bit)
                })
                .collect();
            format!("flipped bits at {at:?}")
        }
        4 => format!("zeroed page {}", zero(bytes, random.below(pages))),
        5 => {
            let count = 2 + random.below(12);
            let zeroed: Vec<usize> = (0..count).map(|_| zero(bytes, random.below(pages))).collect();
            format!("zeroed pages {zeroed:?}")
        }
        6 => {
            // The first two pages, one of which begins the last state.
            let at = random.below(2) * PAGE + random.below(160);
            match case % 20 {
                6 => format!("zeroed page {}", zero(bytes, at / PAGE)),
                _ => format!("flipped a bit at {}", flip(bytes, at, random.below(8))),
            }
        }
        7 => {
            let page = random.below(pages);
            for at in 0..PAGE {
                bytes[page * PAGE + at] = random.next() as u8;
            }
            format!("garbled page {page}")
        }
        8 => {
            // What a page says of itself, and where its first nodes are.
            let count = 1 + random.below(3);
            let at: Vec<usize> = (0..count)
                .map(|_| {
                    let at = random.below(pages) * PAGE + random.below(32);
                    flip(bytes, at, random.below(8))
                })
                .collect();
            format!("flipped bits in heads at {at:?}")
        }
        _ => {
            // One page stands where another should.
            let (from, to) = (random.below(pages), random.below(pages));
            let page = bytes[from * PAGE..(from + 1) * PAGE].to_vec();
            bytes[to * PAGE..(to + 1) * PAGE].copy_from_slice(&page);
            format!("page {from} written over {to}")
        }
    }
}

/// What came of one case.
fn one_case(world: &World, whole: &[u8], case: u64) -> String {
    let dir = place();
    let mut bytes = whole.to_vec();
    let done = damage(&mut bytes, case);
    tell(format!("case {case}: {done}"));
    fs::write(dir.path().join("data.mdb"), bytes).unwrap();
    match Repository::create_or_open(dir.path()) {
        Ok(repository) => {
            let seen = world.compare(&repository);
            let all = (world.namespaces.len(), world.classes.len(), world.instances.len());
            assert_eq!((seen.namespaces, seen.classes, seen.instances), all, "{done}");
            return format!("opened {} {}", all.2, 0);
        }
        Err(error) => {
            assert_eq!(error.status(), WBEM_E_CRITICAL_ERROR, "{done}: {error}");
            assert!(error.message().contains("wmi repo salvage"), "{done}: {error}");
        }
    }
    let salvage = Repository::salvage(dir.path()).unwrap_or_else(|e| panic!("{done}: {e}"));
    assert!(!salvage.was_sound() && salvage.replaced.unwrap().exists(), "{done}");
    let repository = Repository::create_or_open(dir.path()).unwrap();
    let verified = repository.verify().unwrap();
    assert!(verified.is_clean(), "{done}: {:?}", verified.problems);
    let seen = world.compare(&repository);
    assert_eq!(verified.instances, seen.instances as u64, "{done}");
    let missing = world.instances.len() - seen.instances;
    assert!(missing == 0 || !salvage.lost.is_empty() || !salvage.damage.is_empty(), "{done}");
    // It is a repository like any other.
    repository.write(|w| w.put_meta("written", Some("after"))).unwrap();
    format!("salvaged {} {}", seen.instances, salvage.lost_count)
}

/// A directory in memory, where there is such a place: no case waits for a disk.
fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

#[test]
fn g13_500_damaged_files_child() {
    let Some(dir) = as_child() else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let whole = fs::read(dir.join("data.mdb")).unwrap();
    let world = World::new();
    for case in first..first + CASES {
        tell(one_case(&world, &whole, case));
    }
    tell("end");
}

/// A page that LMDB follows astray can end a process: so each case runs in one of its own, and
/// one that is ended is a failure.
#[test]
fn g13_500_damaged_files_open_right_or_are_salvaged() {
    let dir = place();
    let world = World::new();
    world.make(dir.path());
    let next = AtomicU64::new(0);
    let (results, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= CHILDREN {
                break;
            }
            let mut command = child("damage::g13_500_damaged_files_child", dir.path());
            let output = command.env(FIRST, (at * CASES).to_string()).output().unwrap();
            let out = String::from_utf8_lossy(&output.stdout).into_owned();
            let err = String::from_utf8_lossy(&output.stderr);
            let told: Vec<String> =
                out.lines().filter_map(|l| Some(l.strip_prefix("> ")?.to_owned())).collect();
            if told.last().map(String::as_str) != Some("end") {
                failed.lock().unwrap().push(format!("{:?}\n{err}", told.last()));
            }
            results.lock().unwrap().extend(told);
        }
    };
    thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(run))));
    let (results, failed) = (results.into_inner().unwrap(), failed.into_inner().unwrap());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let counted = |what: &str| -> Vec<usize> {
        let lines = results.iter().filter_map(|line| line.strip_prefix(what));
        lines.map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect()
    };
    let (opened, salvaged) = (counted("opened"), counted("salvaged"));
    assert_eq!(opened.len() + salvaged.len(), (CASES * CHILDREN) as usize);
    let kept: usize = salvaged.iter().sum();
    let of = salvaged.len() * world.instances.len();
    println!("{} opened, {} salvaged, {kept} of {of} instances", opened.len(), salvaged.len());
    assert!(opened.len() > 20 && salvaged.len() > 300, "{} {}", opened.len(), salvaged.len());
    // Half of what is cut off is lost in the mean, and a fifth of the cases is cut.
    assert!(kept * 100 > of * 80, "{kept} of {of}");
}
