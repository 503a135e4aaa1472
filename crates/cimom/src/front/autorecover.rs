//! The autorecover list: the MOF files that are compiled again when the repository is rebuilt
//! (behaviour.md G.9, G.13).
//!
//! Kept in the repository, as absolute paths of this machine's files, in the order in which they
//! were first compiled. Compiling them again is the compiler's ([`crate::front::compile`]).

use std::path::{Path, PathBuf};

use cim::status::WBEM_E_INVALID_PARAMETER;
use cim::{Namespace, Result};
use wbem::{CallContext, CompileOptions, CompileReport};

use super::cimom::Cimom;
use super::compile::ExistingObjects;
use crate::write;

/// The note that holds the list.
pub const AUTORECOVER: &str = "autorecover";
/// No path has it, so it stands between two.
const SEPARATOR: char = '\0';

/// A file of the list that was to be compiled again.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The file.
    pub file: PathBuf,
    /// What the compiler said: also that the file is gone.
    pub report: CompileReport,
}

impl Recovered {
    /// Whether it was compiled to its end.
    pub fn is_done(&self) -> bool {
        self.report.is_complete()
    }
}

impl Cimom {
    /// The files of the list.
    pub fn autorecover(&self) -> Result<Vec<PathBuf>> {
        let list = self.note(AUTORECOVER)?.unwrap_or_default();
        Ok(list.split(SEPARATOR).filter(|path| !path.is_empty()).map(PathBuf::from).collect())
    }

    /// Compiles the files of the list in their order, as if each were named to the compiler alone:
    /// what its options were at first is not remembered. What exists already stays as it is, if
    /// `existing` says so. A file that fails stops no other.
    pub fn recover(
        &self,
        existing: ExistingObjects,
        context: &CallContext,
    ) -> Result<Vec<Recovered>> {
        let options =
            CompileOptions { create_namespace: true, ..CompileOptions::new(Namespace::cimv2()) };
        let compile = |file: PathBuf| {
            let report = self.compile_again(&file, existing, &options, context)?;
            Ok(Recovered { file, report })
        };
        self.autorecover()?.into_iter().map(compile).collect()
    }

    /// Puts a file into the list, once.
    /// Errors: `WBEM_E_ACCESS_DENIED`; `WBEM_E_INVALID_PARAMETER` where its path is no text.
    pub fn list(&self, file: &Path, context: &CallContext) -> Result<()> {
        let absolute = std::path::absolute(file).ok();
        let path = absolute.as_deref().and_then(Path::to_str).ok_or_else(|| {
            WBEM_E_INVALID_PARAMETER.with(format!("the path {} is not UTF-8", file.display()))
        })?;
        let is_listed = |list: &str| list.split(SEPARATOR).any(|listed| listed == path);
        if self.note(AUTORECOVER)?.is_some_and(|list| is_listed(&list)) {
            return Ok(());
        }
        write::edit(&self.runtime, context, |edit| {
            let list = match edit.note(AUTORECOVER)? {
                Some(list) if is_listed(&list) => return Ok(()),
                Some(list) => format!("{list}{SEPARATOR}{path}"),
                None => path.to_owned(),
            };
            // What a listed file says later on is compiled as the repository's owner.
            edit.put_note(AUTORECOVER, &list, context)
        })
    }
}
