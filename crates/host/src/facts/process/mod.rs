//! The files of one process, below `/proc/<pid>`: one parser each. Each parses in one pass over its
//! buffer and borrows text from it, because it runs once for each process of a query.

pub mod cmdline;
pub mod exe;
pub mod io;
pub mod owner;
pub mod stat;
pub mod status;
