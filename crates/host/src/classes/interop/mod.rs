//! Profiles, and the associations that say which instances conform to one.

pub mod elementconformstoprofile;
