//! The rules of the object model, as behaviour.md G and acceptance.md H.G state them.
//!
//! Each file takes one subject and sees the crate from outside; what a single function does is
//! tested beside it. [`build`] makes classes in few words.

mod amendment;
mod build;
mod derivation;
mod keys;
mod objects;
mod paths;
mod qualifiers;
mod security;
mod updates;
mod values;
