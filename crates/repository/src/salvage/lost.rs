//! What a salvage could not keep, by name: as many names as a person may read, and their number.

use std::collections::BTreeSet;

/// Beyond so many, names are only counted.
const MOST_NAMES: usize = 10_000;

/// What is lost.
#[derive(Default)]
pub(super) struct Lost {
    names: BTreeSet<String>,
    uncounted: u64,
}

impl Lost {
    /// Each name counts once, as long as it is kept.
    pub(super) fn add(&mut self, name: String) {
        if self.names.len() < MOST_NAMES {
            self.names.insert(name);
        } else if !self.names.contains(&name) {
            self.uncounted += 1;
        }
    }

    /// The names, and how many there are with those that were not kept.
    pub(super) fn into_names(self) -> (Vec<String>, u64) {
        let count = self.names.len() as u64 + self.uncounted;
        (self.names.into_iter().collect(), count)
    }
}
