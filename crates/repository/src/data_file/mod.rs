//! The data file as a file, before LMDB maps it: whether it is valid, and whether it has changed
//! since it was last found valid.

pub(crate) mod check;
pub(crate) mod integrity_mark;
