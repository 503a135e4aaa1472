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
    /// Whether an object was refused because the flags of the compilation forbid to create, or to
    /// change, what it is.
    pub is_forbidden: bool,
}

/// How many objects were stored in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The namespace.
    pub namespace: Namespace,
    /// Classes stored in it.
    pub classes: u64,
    /// Instances stored in it.
    pub instances: u64,
}

/// How a compilation ended.
#[derive(Clone, Debug, Default)]
pub struct CompileReport {
    /// Errors of syntax. Where there is one, nothing was stored.
    pub syntax: Vec<MofDiagnostic>,
    /// Errors of storing: of each object that could not be stored, at most 1000. All others are
    /// stored, unless the error is one of the repository or a deletion that had to succeed, after
    /// which nothing more is.
    pub storage: Vec<MofDiagnostic>,
    /// How many objects could not be stored.
    pub failed: u64,
    /// Things to know that stopped nothing.
    pub warnings: Vec<MofDiagnostic>,
    /// Classes stored.
    pub classes: u64,
    /// Instances stored.
    pub instances: u64,
    /// Where they were stored, in the order of the first object of each namespace.
    pub stored: Vec<Stored>,
}

impl CompileReport {
    /// The first error.
    pub fn first_error(&self) -> Option<&MofDiagnostic> {
        self.syntax.first().or(self.storage.first())
    }

    /// Whether there is no error.
    pub fn is_complete(&self) -> bool {
        self.first_error().is_none()
    }

    /// Counts objects that were stored in `namespace`.
    pub fn add_stored(&mut self, namespace: &Namespace, classes: u64, instances: u64) {
        self.classes += classes;
        self.instances += instances;
        match self.stored.iter_mut().find(|stored| stored.namespace == *namespace) {
            Some(stored) => {
                stored.classes += classes;
                stored.instances += instances;
            }
            None => {
                let namespace = namespace.clone();
                self.stored.push(Stored { namespace, classes, instances });
            }
        }
    }
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
