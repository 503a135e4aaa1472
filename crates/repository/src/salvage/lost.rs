//! The names of what a salvage could not keep: as many as a person may read, and their number.

use std::collections::BTreeSet;

/// The number of names beyond which further ones are only counted.
const MOST_NAMES: usize = 10_000;

/// What is lost.
#[derive(Default)]
pub(super) struct Lost {
    names: BTreeSet<String>,
    uncounted: u64,
}

impl Lost {
    /// Adds a name. Equal names count once as long as names are kept.
    pub(super) fn add(&mut self, name: String) {
        if self.names.len() < MOST_NAMES {
            self.names.insert(name);
        } else if !self.names.contains(&name) {
            self.uncounted += 1;
        }
    }

    /// The names, and their number including those that were not kept.
    pub(super) fn into_names(self) -> (Vec<String>, u64) {
        let count = self.names.len() as u64 + self.uncounted;
        (self.names.into_iter().collect(), count)
    }
}
