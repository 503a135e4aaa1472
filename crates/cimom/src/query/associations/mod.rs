//! `ASSOCIATORS OF` and `REFERENCES OF`: from an object over associations to other objects.

mod output;
mod prepare;
mod question;
mod walk;

pub(super) use prepare::{Answer, prepare};
pub(super) use question::AssociationQuery;
pub use walk::Walk;
