//! The contract of the MOF compiler (IMofCompiler): input is files, output is stored classes and
//! instances and a report.
//!
//! Implemented by the object manager; called by the command line, the first start and, later, by
//! COM. `mof` parses; this contract defines where the objects are stored and how the outcome is
//! reported.

use std::path::PathBuf;

use cim::{Namespace, Result, WbemStatus};

use crate::context::CallContext;
use crate::flags::Flags;

/// The options of a compilation.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    /// The namespace of objects before the first `#pragma namespace`.
    pub namespace: Namespace,
    /// Whether that namespace is created if it is missing.
    pub create_namespace: bool,
    /// Flags for every class: `CREATE_ONLY`, `UPDATE_ONLY`, `UPDATE_SAFE_MODE`,
    /// `UPDATE_FORCE_MODE`; the file's own pragmas are added.
    pub class_flags: Flags,
    /// Flags for every instance: `CREATE_ONLY`, `UPDATE_ONLY`.
    pub instance_flags: Flags,
    /// Whether nothing is stored: only the syntax is checked.
    pub check_only: bool,
    /// Whether the files are put into the autorecover list without `#pragma autorecover` too.
    pub autorecover: bool,
}

impl CompileOptions {
    /// Into `namespace`, which must exist, with no flags: objects are stored as written.
    pub fn new(namespace: Namespace) -> Self {
        CompileOptions {
            namespace,
            create_namespace: false,
            class_flags: Flags::default(),
            instance_flags: Flags::default(),
            check_only: false,
            autorecover: false,
        }
    }
}

/// An error or warning with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct MofDiagnostic {
    /// Its documented number.
    pub status: WbemStatus,
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
    /// The place, drawn: source line and mark, without colours.
    pub picture: String,
}

/// How a compilation ended.
#[derive(Clone, Debug, Default)]
pub struct CompileReport {
    /// Errors of syntax. Where there is one, nothing was stored.
    pub syntax: Vec<MofDiagnostic>,
    /// The error at which storing stopped. What came before it stays stored.
    pub storage: Option<MofDiagnostic>,
    /// Things to know that stopped nothing.
    pub warnings: Vec<MofDiagnostic>,
    /// Classes stored.
    pub classes: u64,
    /// Instances stored.
    pub instances: u64,
}

/// Compiles MOF into namespaces.
pub trait MofCompiler {
    /// Compiles `files` in order. `progress` receives how many of how many objects are stored,
    /// after each durable commit.
    /// Errors: what kept the compilation from running at all (a file that cannot be read, a
    /// namespace that cannot be opened); everything else is in the report.
    fn compile_files(
        &self,
        files: &[PathBuf],
        options: &CompileOptions,
        context: &CallContext,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CompileReport>;

    /// Compiles `text`, called `name` in messages. Includes are read beside the current
    /// directory's files.
    fn compile_text(
        &self,
        name: &str,
        text: &[u8],
        options: &CompileOptions,
        context: &CallContext,
    ) -> Result<CompileReport>;
}
