//! What failed, at what: the error of a connection.
//!
//! Adds to a status and its message the operation and the object that the caller named.

use std::fmt;

use cim::WbemStatus;

/// A failed operation of a connection.
#[derive(Clone, PartialEq, Eq)]
pub struct WMIError {
    operation: &'static str,
    object: String,
    cause: cim::Error,
}

/// The result of an operation of a connection.
pub type WMIResult<T> = Result<T, WMIError>;

impl WMIError {
    /// The status, for comparison with the constants of [`cim::status`].
    pub fn status(&self) -> WbemStatus {
        self.cause.status()
    }

    /// The documented symbol, as `WBEM_E_NOT_FOUND`; `None` for a number that has none.
    pub fn symbol(&self) -> Option<&'static str> {
        self.status().symbol()
    }

    /// The number, as 0x80041002.
    pub fn number(&self) -> u32 {
        self.status().0
    }

    /// What was done, as `query`; empty where that is not known.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What it was done to, as the caller named it: a query, a path, a namespace.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// What is wrong and what to do; empty where the status says it all.
    pub fn message(&self) -> &str {
        self.cause.message()
    }
}

/// Makes errors of an operation on an object.
pub(crate) fn at(operation: &'static str, object: &str) -> impl FnOnce(cim::Error) -> WMIError {
    move |cause| WMIError { operation, object: object.to_owned(), cause }
}

/// An error that comes without an operation, so that `?` takes those of the other crates too.
impl From<cim::Error> for WMIError {
    fn from(cause: cim::Error) -> Self {
        WMIError { operation: "", object: String::new(), cause }
    }
}

impl From<WMIError> for cim::Error {
    fn from(error: WMIError) -> Self {
        error.cause
    }
}

impl fmt::Display for WMIError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.operation.is_empty() {
            write!(f, "{} {}: ", self.operation, self.object)?;
        }
        self.cause.fmt(f)
    }
}

impl fmt::Debug for WMIError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WMIError {}
