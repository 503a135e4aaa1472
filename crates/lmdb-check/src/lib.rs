//! Reads LMDB data files without LMDB: validates every page, walks the trees, and recovers the
//! records of a damaged file.
//!
//! LMDB maps its data file and trusts it: a damaged page number or offset makes it read outside
//! the map, which ends the process. A program that must survive a damaged file validates it with
//! [`check_newest`] before it lets LMDB open it. A file that fails the check can still be read
//! with [`Recovery`], which returns every record that can be shown to be of the last state.
//!
//! This crate reads with `pread`, contains no `unsafe` code and does not link LMDB. Whatever the
//! bytes of the file are, it does not panic and does not recurse. It needs memory for a few bits for
//! each page of the file, for the nodes of one page on each of at most 32 levels, for the largest
//! value, and for the names of the databases.
//!
//! # Example
//!
//! ```
//! use std::fs::File;
//! use std::os::unix::fs::FileExt;
//!
//! use lmdb_check::{Database, Error, Recovery, check_newest};
//! # use heed::EnvOpenOptions;
//! # use heed::types::Bytes;
//! # let dir = tempfile::tempdir()?;
//! # let env = unsafe { EnvOpenOptions::new().max_dbs(1).open(dir.path())? };
//! # env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
//! #     let fruit = opener.create_database::<Bytes, Bytes>(txn, Some("fruit"))?;
//! #     for n in 0..500_u32 {
//! #         fruit.put(txn, &n.to_be_bytes(), b"apple")?;
//! #     }
//! #     Ok::<_, heed::Error>(heed::CommitOrAbort::<_, ()>::Commit(()))
//! # })?;
//! # drop(env);
//!
//! // A sound file: LMDB may open it.
//! let file = File::options().read(true).write(true).open(dir.path().join("data.mdb"))?;
//! let mut count = 0;
//! let check = check_newest(&file, &mut |record| {
//!     count += usize::from(record.database == Database::Named(b"fruit"));
//!     Ok::<(), Error>(())
//! })?;
//! assert!(check.problems.is_empty(), "{:?}", check.problems);
//! assert_eq!(count, 500);
//! assert_eq!(check.databases, [b"fruit"]);
//!
//! // The list of databases is destroyed, and with it the way to the records: they are recovered
//! // from the leaf pages that are not free.
//! # let list = {
//! #     let mut page = [0; 4096];
//! #     (2..).find(|n| {
//! #         file.read_exact_at(&mut page, n * 4096).unwrap();
//! #         page.windows(5).any(|bytes| bytes == b"fruit")
//! #     })
//! # }.unwrap();
//! file.write_all_at(&[0; 4096], list * 4096)?;
//! let check = check_newest(&file, &mut |_| Ok::<(), Error>(()))?;
//! assert!(!check.problems.is_empty());
//! let mut recovered = 0;
//! let problems = Recovery::new(&file, &|_, _| None)?.read(&mut |record| {
//!     recovered += usize::from(record.value == Some(b"apple"));
//!     Ok::<(), Error>(())
//! })?;
//! assert!(!problems.is_empty());
//! assert_eq!(recovered, 500);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! - Data version 1 (LMDB 0.9), written by a 64-bit machine of the same byte order.
//! - Databases without flags: reversed or integer keys and duplicate values are reported as
//!   problems. The free list, whose keys are integers, is read.
//! - LMDB has no checksums. What no structure contradicts is not noticed: a changed byte in a
//!   value can only be found by the caller, which receives every record.
//!
//! # Modules
//!
//! | module | purpose |
//! |---|---|
//! | `check` | [`check_newest`], [`check_version`]: validate one version of the file |
//! | `recovery` | [`Recovery`]: the records of a damaged file |
//! | `record` | [`Record`], [`Database`], [`Visit`]: what a reader receives |
//! | `walk` | follows the trees from page to page and checks each against the others |
//! | `file` | the file as pages |
//! | `page` | one page as nodes, with every bound checked |
//! | `page_set` | a bit for each page |
//! | `error` | [`Error`] |

#![forbid(unsafe_code)]

mod check;
mod error;
mod file;
mod page;
mod page_set;
mod record;
mod recovery;
mod walk;

pub use check::{Check, check_newest, check_version};
pub use error::Error;
pub use record::{Database, Record, Visit};
pub use recovery::{CommitCount, Recovery};
pub use walk::MAX_PROBLEMS;
