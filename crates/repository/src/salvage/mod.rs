//! A repository that is damaged: what can be read of it is put into a new one, which takes its
//! place.
//!
//! The damaged file is read without LMDB ([`source`]). Its entries are
//! copied and what does not hold together without those that are lost is taken out
//! ([`rebuild`]). The old file is kept beside the new one.

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

/// What [`Repository::salvage`] did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Salvage {
    /// What is in the repository now.
    pub kept: Verification,
    /// What is lost, each with what is known of it: namespace, class, key, or number; ten thousand
    /// at most. What stood on a page that cannot be read at all is named only where something else
    /// leads to it.
    pub lost: Vec<String>,
    /// How many are lost, of those that are known.
    pub lost_count: u64,
    /// What was wrong with the file; a hundred at most. Empty where it was sound, and nothing was
    /// done.
    pub damage: Vec<String>,
    /// Where the damaged file is kept.
    pub replaced: Option<PathBuf>,
}

impl Salvage {
    /// Whether nothing was wrong, so that nothing was done.
    pub fn was_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

impl Repository {
    /// Puts what can be read of the repository in `dir` into a new one, which takes its place;
    /// nobody may have it open. What is kept is as it was; what is not is named. The file that was
    /// there is kept as `replaced.mdb`, or with a number where that is taken. A repository
    /// that is sound is left alone.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where the repository is open anywhere;
    /// `WBEM_E_NOT_FOUND` where there is none; `WBEM_E_DATABASE_VER_MISMATCH` where its format
    /// is another version's; `WBEM_E_OUT_OF_DISK_SPACE`. Where this fails, nothing has changed.
    pub fn salvage(dir: impl AsRef<Path>) -> cim::Result<Salvage> {
        let dir = dir.as_ref();
        let data = existing(dir).map_err(|fault| fault.at(dir))?;
        let _lock = DirectoryLock::alone(dir)?;
        salvage(dir, &data).map_err(|fault| fault.at(dir))
    }

    /// Puts an empty repository in the place of the one in `dir`, if there is one, which nobody may
    /// have open. The notes of these keys are kept as far as they can be read. Where the old file
    /// is kept is returned, as in [`Repository::salvage`].
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
            damage.push("entries do not belong together".to_owned());
        }
        Ok(Salvage { kept: rebuilt.kept, lost, lost_count, damage, replaced: Some(replaced) })
    });
    // The failure is what the caller must hear of, not what is left of the attempt.
    let _ = fs::remove_dir_all(&new);
    salvaged
}

/// What is in the repository, if nothing is wrong with it.
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

/// A key of the file and its value.
type Note = (Vec<u8>, Vec<u8>);

/// The notes of these keys, each under the key that it has in the file.
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

/// Puts the data file in `new` in the place of the one in `dir`, which stays under another name;
/// that is given.
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
    unreachable!("the numbers do not end")
}
