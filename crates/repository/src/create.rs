//! Creates a repository: its data file is written in a temporary directory and renamed into place, so
//! it exists completely or not at all, also when several processes start at the same time.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use cim::Namespace;
use cim::status::WBEM_E_RETRY_LATER;

use crate::data_file::check::validate_unless_marked;
use crate::encoding::bytes::Input;
use crate::environment::lock::{DirectoryLock, sync_directory};
use crate::environment::open::{self, Opened};
use crate::environment::resize::open_with_largest_map;
use crate::error::Fault;
use crate::format::{DATA_FILE, FORMAT_VERSION, META_FORMAT, NEW_DIRECTORY};
use crate::transaction::writer::Writer;

/// The map size while a repository is created; it is opened with another one afterwards.
const SMALL_MAP: usize = 1 << 20;

/// Opens the repository in `dir`, and creates it first where there is none. The lock is held shared.
pub(crate) fn create_or_open(
    dir: &Path,
    map_size: usize,
) -> Result<(DirectoryLock, Opened), Fault> {
    let data = dir.join(DATA_FILE);
    let lock = DirectoryLock::open(dir, |marked| match data.try_exists()? {
        true => {
            remove_leftovers(dir)?;
            validate_unless_marked(&data, marked)
        }
        false => create(dir),
    })?;
    if !data.try_exists()? {
        return Err(Fault::refused(WBEM_E_RETRY_LATER.with(format!(
            "{DATA_FILE} is missing while other programs have the repository open; stop them, then \
             restore it or let it be created again"
        ))));
    }
    let opened = open_with_largest_map(dir, map_size)?;
    check_version(&opened)?;
    opened.env.clear_stale_readers()?;
    Ok((lock, opened))
}

/// Creates the data file of a repository in the directory `new`, which is empty. `fill` writes its
/// first content.
pub(crate) fn make(
    new: &Path,
    fill: impl FnOnce(&mut Writer<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let opened = open::create(new, SMALL_MAP)?;
    let mut writer = Writer::new(opened.env.write_txn()?, &opened.dbs, new);
    let version = FORMAT_VERSION.to_le_bytes();
    opened.dbs.meta.put(&mut writer.txn, META_FORMAT, &version)?;
    writer.create_namespace(&Namespace::root())?;
    fill(&mut writer)?;
    writer.commit()
}

/// Creates the data file of a new repository. The lock is held exclusively.
fn create(dir: &Path) -> Result<(), Fault> {
    let new = new_directory(dir)?;
    make(&new, |_| Ok(()))?;
    fs::rename(new.join(DATA_FILE), dir.join(DATA_FILE))?;
    sync_directory(dir)?;
    Ok(fs::remove_dir_all(&new)?)
}

/// Removes what a creation, a restore or a salvage that was killed has left: as much as a whole
/// repository. The lock is held exclusively.
fn remove_leftovers(dir: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(dir.join(NEW_DIRECTORY)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// An empty directory in which a data file is written before it is renamed into `dir`. The lock is
/// held exclusively.
pub(crate) fn new_directory(dir: &Path) -> Result<PathBuf, Fault> {
    remove_leftovers(dir)?;
    let new = dir.join(NEW_DIRECTORY);
    DirBuilder::new().mode(0o700).create(&new)?;
    Ok(new)
}

fn check_version(opened: &Opened) -> Result<(), Fault> {
    let txn = opened.env.read_txn()?;
    let version = match opened.dbs.meta.get(&txn, META_FORMAT)? {
        Some(bytes) => Input::new(bytes).u32()?,
        None => return Err(Fault::damaged("the format version is missing")),
    };
    if version == FORMAT_VERSION {
        return Ok(());
    }
    Err(Fault::other_version(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_CRITICAL_ERROR, WBEM_E_DATABASE_VER_MISMATCH};

    #[test]
    fn another_format_is_refused() {
        for (version, status) in [
            (Some(FORMAT_VERSION + 1), WBEM_E_DATABASE_VER_MISMATCH),
            (Some(0), WBEM_E_DATABASE_VER_MISMATCH),
            (None, WBEM_E_CRITICAL_ERROR),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (_, opened) = create_or_open(dir.path(), SMALL_MAP).unwrap();
            let mut txn = opened.env.write_txn().unwrap();
            match version {
                Some(version) => {
                    let version = version.to_le_bytes();
                    opened.dbs.meta.put(&mut txn, META_FORMAT, &version).unwrap();
                }
                None => assert!(opened.dbs.meta.delete(&mut txn, META_FORMAT).unwrap()),
            }
            txn.commit().unwrap();
            drop(opened);
            let error = create_or_open(dir.path(), SMALL_MAP).err().unwrap().at(dir.path());
            assert_eq!(error.status(), status, "{error}");
        }
    }

    #[test]
    fn leftovers_of_a_killed_restore_are_removed_at_the_next_open() {
        let dir = tempfile::tempdir().unwrap();
        drop(create_or_open(dir.path(), SMALL_MAP).unwrap());
        let new = new_directory(dir.path()).unwrap();
        fs::write(new.join(DATA_FILE), "half").unwrap();
        drop(create_or_open(dir.path(), SMALL_MAP).unwrap());
        assert!(!new.exists());
    }

    #[test]
    fn leftovers_of_an_interrupted_creation_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let new = new_directory(dir.path()).unwrap();
        fs::write(new.join(DATA_FILE), "half").unwrap();
        drop(create_or_open(dir.path(), SMALL_MAP).unwrap());
        assert!(!new.exists());
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
}
