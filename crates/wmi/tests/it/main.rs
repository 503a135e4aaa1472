//! The program as its users have it: the built binary, each test on a repository of its own.
//!
//! What is printed of this machine is tested for its shape and for what the test itself knows
//! (its own process), never for what this machine happens to be.

mod assoc;
mod call;
mod classes;
mod compile;
mod doctor;
mod errors;
mod localized;
mod machine;
mod mock;
mod objects;
mod personality;
mod program;
mod provider;
mod query;
mod repository;
mod shell;
