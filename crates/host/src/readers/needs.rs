//! Which sources the properties asked for are told from, as a set of bits.
//!
//! A class names its costly sources (a file to read for each instance, say) by [`Needs::bit`];
//! each property says which of them it needs. The union over the properties that a query wants
//! tells what must be read at all.

use std::ops::BitOr;

/// A set of sources. What a bit stands for is its class's affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs(u32);

impl Needs {
    /// No source.
    pub(crate) const NONE: Needs = Needs(0);

    /// The source of this number, below 32.
    pub(crate) const fn bit(number: u32) -> Self {
        Needs(1 << number)
    }

    /// Both sets.
    pub(crate) const fn with(self, other: Self) -> Self {
        Needs(self.0 | other.0)
    }

    /// Whether one of `sources` is in the set.
    pub(crate) const fn has(self, sources: Self) -> bool {
        self.0 & sources.0 != 0
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}
