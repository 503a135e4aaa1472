//! ExecMethod: from a path and a name to the code that runs.

mod exec_method;

pub use exec_method::{Invocation, prepare};
