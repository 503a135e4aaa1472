//! Replaces a damaged repository by a new one with everything that can be read of it; or any
//! repository by an empty one.
//!
//! The damaged file is read without LMDB ([`source`]). Its entries are
//! copied, and those that are inconsistent without lost ones are removed ([`rebuild`]). The old file
//! is kept next to the new one.

mod lost;
mod rebuild;
mod source;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::backup::put_in_place;
use crate::create::{make, new_directory};
use crate::data_file::check::{Entry, validate};
use crate::encoding::ids::user_key;
use crate::environment::lock::{DirectoryLock, sync_directory};
use crate::environment::open;
use crate::error::Fault;
use crate::format::{DATA_FILE, META, META_USER};
use crate::repository::Repository;
use crate::verify::{self, Verification};
use source::Source;

/// The result of [`Repository::salvage`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Salvage {
    /// What the repository contains now.
    pub kept: Verification,
    /// What is lost, each with what is known of it: namespace, class, key, or number; at most ten
    /// thousand. What was on a page that cannot be read is named only where something else leads to
    /// it.
    pub lost: Vec<String>,
    /// The number of lost objects that are known.
    pub lost_count: u64,
    /// The problems of the file; at most a hundred. Empty where it had none, and nothing was
    /// done.
    pub damage: Vec<String>,
    /// The path of the damaged file.
    pub replaced: Option<PathBuf>,
}

impl Salvage {
    /// Whether the repository was undamaged, so that nothing was done.
    pub fn was_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

impl Repository {
    /// Replaces the repository in `dir` by a new one with everything that can be read of it. No
    /// process may have it open. What is kept is unchanged; what is lost is reported. The damaged
    /// file is kept as `replaced.mdb`, or with a number where that exists. An undamaged repository
    /// is not changed.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where a process has the repository open;
    /// `WBEM_E_NOT_FOUND` where there is none; `WBEM_E_DATABASE_VER_MISMATCH` where it has another
    /// format version; `WBEM_E_OUT_OF_DISK_SPACE`. Where this fails, nothing has changed.
    pub fn salvage(dir: impl AsRef<Path>) -> cim::Result<Salvage> {
        let dir = dir.as_ref();
        let data = existing(dir).map_err(|fault| fault.at(dir))?;
        let _lock = DirectoryLock::alone(dir)?;
        salvage(dir, &data).map_err(|fault| fault.at(dir))
    }

    /// Replaces the repository in `dir`, if there is one, by an empty one. No process may have it
    /// open. The user entries with the keys `keep` ([`crate::Writer::put_meta`]) are kept if they
    /// can be read. Returns the path of the old file, which is kept as in [`Repository::salvage`].
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING`, `WBEM_E_OUT_OF_DISK_SPACE`. Where this
    /// fails, nothing has changed.
    pub fn reset(dir: impl AsRef<Path>, keep: &[&str]) -> cim::Result<Option<PathBuf>> {
        let dir = dir.as_ref();
        let _lock = DirectoryLock::alone(dir)?;
        reset(dir, keep).map_err(|fault| fault.at(dir))
    }
}

fn existing(dir: &Path) -> Result<PathBuf, Fault> {
    let data = dir.join(DATA_FILE);
    data.metadata()?;
    Ok(data)
}

fn salvage(dir: &Path, data: &Path) -> Result<Salvage, Fault> {
    let file = File::open(data)?;
    if let Some(kept) = sound(&file, dir)? {
        return Ok(Salvage { kept, ..Salvage::default() });
    }
    let new = new_directory(dir)?;
    let salvaged = rebuild::rebuild(&file, &new).and_then(|rebuilt| {
        let replaced = replace(&new, dir)?;
        let (lost, lost_count) = rebuilt.lost.into_names();
        let mut damage = rebuilt.damage;
        if damage.is_empty() {
            damage.push("entries are inconsistent".to_owned());
        }
        Ok(Salvage { kept: rebuilt.kept, lost, lost_count, damage, replaced: Some(replaced) })
    });
    // The caller gets the error of the salvage, not one of the cleanup.
    let _ = fs::remove_dir_all(&new);
    salvaged
}

/// What the repository contains, if it is undamaged.
fn sound(file: &File, dir: &Path) -> Result<Option<Verification>, Fault> {
    let found = validate(file).and_then(|()| {
        let opened = open::open(dir, open::map_for(file.metadata()?.len()))?;
        verify::entries(&opened, dir)
    });
    match found {
        Ok(found) => Ok(found.is_clean().then_some(found)),
        Err(fault) if fault.damage().is_some() => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn reset(dir: &Path, keep: &[&str]) -> Result<Option<PathBuf>, Fault> {
    let data = dir.join(DATA_FILE);
    let kept = match data.try_exists()? {
        true => notes(&File::open(&data)?, keep)?,
        false => Vec::new(),
    };
    let new = new_directory(dir)?;
    let done = make(&new, |writer| {
        kept.iter().try_for_each(|(key, value)| writer.dbs.meta.put(&mut writer.txn, key, value))
    })
    .and_then(|()| match data.try_exists()? {
        true => replace(&new, dir).map(Some),
        false => put_in_place(&new, dir).map(|()| None),
    });
    let _ = fs::remove_dir_all(&new);
    done
}

/// A user entry: its key in the file, and its value.
type Note = (Vec<u8>, Vec<u8>);

/// The user entries with these keys.
fn notes(file: &File, keys: &[&str]) -> Result<Vec<Note>, Fault> {
    let wanted: Vec<Vec<u8>> = keys.iter().map(|key| user_key(key)).collect();
    let mut found = Vec::new();
    Source::new(file)?.read(&mut |entry| {
        if let Entry::Valid(META, key, value) = entry
            && key.starts_with(META_USER)
            && wanted.iter().any(|wanted| wanted == key)
        {
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Replaces the data file in `dir` by the one in `new`. Returns the path under which the old one is
/// kept.
fn replace(new: &Path, dir: &Path) -> Result<PathBuf, Fault> {
    let data = dir.join(DATA_FILE);
    for number in 1.. {
        let name = match number {
            1 => "replaced.mdb".to_owned(),
            _ => format!("replaced-{number}.mdb"),
        };
        let kept = dir.join(name);
        match fs::hard_link(&data, &kept) {
            Ok(()) => {
                sync_directory(dir)?;
                put_in_place(new, dir)?;
                return Ok(kept);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    unreachable!("the range has no end")
}
