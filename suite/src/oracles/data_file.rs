//! The rules for the data file of a repository, whatever bytes of it were changed.
//!
//! A file without problems opens and verifies; any other is refused. What is salvaged verifies.
//! Nothing ends the process.
//!
//! The input is a list of changes to the file of a small repository, four bytes each: the page, the
//! offset in it, and the bits that are flipped there.

use std::fs;
use std::sync::LazyLock;

use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, Namespace, PropertyDeclaration, Qualifier,
    Value,
};
use repository::{PutMode, Repository};
use tempfile::TempDir;

const PAGE: usize = 4096;
/// The number of changes after which further ones are ignored.
const MAX_CHANGES: usize = 64;

/// The file of a repository with a class and a few instances, one of them on overflow pages.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = directory();
    let repository = Repository::create_or_open(dir.path()).expect("a new repository");
    let property = |name: &str, key: bool| PropertyDeclaration {
        name: name.into(),
        ty: CimType::String.into(),
        default: None,
        qualifiers: key
            .then(|| Qualifier::new("key", true, Flavor::TO_DERIVED))
            .into_iter()
            .collect(),
    };
    let declaration = ClassDeclaration {
        name: "Fuzz_Thing".into(),
        properties: vec![property("Id", true), property("Note", false)],
        ..Default::default()
    };
    let class = Class::derive(declaration.into(), None, None).expect("a class");
    let put = |ids: std::ops::Range<usize>| {
        repository.write(|writer| {
            let root = writer.view().namespace(&Namespace::root())?.expect("it always exists");
            writer.put_class(root, class.declaration())?;
            for n in ids {
                let mut instance = Instance::new(class.clone());
                instance.put("Id", &Value::string(n.to_string()))?;
                instance.put("Note", &Value::string("note ".repeat(n * n)))?;
                writer.put_instance(root, &instance, PutMode::CreateOrUpdate)?;
            }
            Ok(())
        })
    };
    put(0..40).and_then(|()| put(10..20)).expect("room for a few instances");
    drop(repository);
    fs::read(dir.path().join("data.mdb")).expect("the file that was just written")
});

/// Checks the file of a small repository with the changes in `data`.
///
/// # Panics
///
/// Where the reader does, or a rule above does not hold.
pub fn data_file(data: &[u8]) {
    let mut bytes = WHOLE.clone();
    for change in data.chunks_exact(4).take(MAX_CHANGES) {
        let within = usize::from(u16::from_le_bytes([change[1], change[2]])) % PAGE;
        let at = usize::from(change[0]) % (bytes.len() / PAGE) * PAGE + within;
        bytes[at] ^= change[3];
    }
    let dir = directory();
    fs::write(dir.path().join("data.mdb"), bytes).expect("room for a small file");
    let problems = Repository::examine(dir.path()).expect("a file that can be read");
    match Repository::create_or_open(dir.path()) {
        Ok(repository) => {
            assert!(problems.is_empty(), "{problems:?}");
            let found = repository.verify().expect("a repository that is open");
            assert!(found.is_clean(), "{found:?}");
        }
        Err(error) => assert!(!problems.is_empty(), "{error}"),
    }
    // A salvage takes longer than everything else.
    if data.len().is_multiple_of(8) {
        let salvage = Repository::salvage(dir.path()).expect("what can be read can be kept");
        assert!(salvage.kept.is_clean(), "{salvage:?}");
        assert!(salvage.was_sound() == problems.is_empty(), "{salvage:?} {problems:?}");
    }
}

/// In memory where the machine has such a directory.
fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}
