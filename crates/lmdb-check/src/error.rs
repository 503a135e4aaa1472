//! Why a data file cannot be read at all. Damage that leaves something to read is reported as
//! text instead, by [`crate::Check`] and [`crate::Recovery::read`].

use std::borrow::Cow;
use std::io;

/// Why a data file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused to read the file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Both meta pages have an LMDB data version other than 1.
    #[error("the data file has an unsupported LMDB data version")]
    UnsupportedVersion,
    /// The file is not an LMDB data file, or its meta pages are damaged.
    #[error("{0}")]
    Damaged(Cow<'static, str>),
}

impl Error {
    pub(crate) fn damaged(what: impl Into<Cow<'static, str>>) -> Self {
        Error::Damaged(what.into())
    }
}
