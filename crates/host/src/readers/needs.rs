//! The sources that the wanted properties are read from, as a set.
//!
//! A reader or class names its costly sources (a file for each instance, say) as single bits; each
//! property lists those it needs. The union over the properties of a query is what has to be read.

bitflags::bitflags! {
    /// A set of sources. Each class gives its own bits a meaning.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Needs: u32 {
        const _ = !0;
    }
}

impl Needs {
    /// The source with this number, below 32.
    pub(crate) const fn bit(number: u32) -> Self {
        Needs::from_bits_retain(1 << number)
    }
}
