//! Why a value does not fit its field, and which it is.

use std::fmt;

use serde::de;

/// A value that does not fit.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The properties that lead to it, as `Owner.Names[2]`; empty for the object itself.
    place: String,
    message: String,
}

impl Fault {
    /// The same, found in the property `name`.
    pub(super) fn within(mut self, name: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{name}{dot}{}", self.place);
        self
    }

    /// The same, found in the element `index`.
    pub(super) fn at(mut self, index: usize) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("[{index}]{dot}{}", self.place);
        self
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault { place: String::new(), message: message.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "property {}: {}", self.place, self.message),
        }
    }
}

impl std::error::Error for Fault {}
