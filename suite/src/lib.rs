//! Tests and benchmarks across the crates.
//!
//! | module | what |
//! |---|---|
//! | [`world`] | a temporary WMI to ask |
//! | [`text`] | objects as lines of text |
//! | [`put`] | MOF objects put one by one through `wbem::Services` |
//! | [`script`] | files of questions with the answers that the documentation gives |
//! | [`provider`], [`class_provider`] | providers that keep a log: of instances, of classes |
//! | [`gaps`] | the ledger of what is known to fail |
//! | [`oracles`] | promises that hold for any input |

#![deny(unsafe_code)]

pub mod class_provider;
pub mod gaps;
pub mod oracles;
pub mod provider;
pub mod put;
pub mod script;
pub mod text;
pub mod world;

pub use world::World;
