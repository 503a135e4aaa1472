//! What a repository holds before anybody has put something into it: the standard namespaces
//! and the classes of this machine.
//!
//! The machine's classes are compiled again when their MOF differs from what was compiled last;
//! what users have put there stays.

use cim::path::Namespace;
use cim::status::WBEM_E_FAILED;
use cim::{Error, Result};
use cimom::Cimom;
use wbem::{CallContext, CompileOptions, CompileReport, Flags, MofCompiler};

/// The namespaces that every repository has beside root.
const NAMESPACES: [&str; 5] =
    [r"root\cimv2", r"root\default", r"root\subscription", r"root\interop", r"root\security"];

/// The note in the repository that says which classes were compiled.
pub(crate) const INSTALLED: &str = "host classes";

/// Sees to it that the repository has the namespaces and the classes.
pub(crate) fn install(cimom: &Cimom, context: &CallContext) -> Result<()> {
    let version = version();
    if cimom.note(INSTALLED)?.as_deref() == Some(&version) {
        return Ok(());
    }
    namespaces(cimom, context)?;
    let options = CompileOptions {
        namespace: Namespace::new(NAMESPACES[0])?,
        create_namespace: false,
        class_flags: Flags::UPDATE_FORCE_MODE,
        instance_flags: Flags::default(),
        check_only: false,
        autorecover: false,
    };
    for (name, text) in texts() {
        let report = cimom.compile_text(name, text.as_bytes(), &options, context)?;
        if let Some(error) = first_error(&report) {
            return Err(error);
        }
    }
    cimom.set_note(INSTALLED, &version, context)
}

/// Sees to it that the repository has the namespaces.
pub(crate) fn namespaces(cimom: &Cimom, context: &CallContext) -> Result<()> {
    for namespace in NAMESPACES {
        cimom.ensure_namespace(&Namespace::new(namespace)?, context)?;
    }
    Ok(())
}

fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    let classes = host::CLASSES.iter().map(|class| (class.name, class.mof));
    host::SUPERCLASSES.iter().copied().chain(classes)
}

/// A number that differs where the classes' MOF does (FNV-1a).
fn version() -> String {
    let bytes = texts().flat_map(|(_, text)| text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn first_error(report: &CompileReport) -> Option<Error> {
    let found = report.syntax.first().or(report.storage.as_ref())?;
    Some(WBEM_E_FAILED.with(format!(
        "the classes of this machine cannot be installed: {}:{}:{}: {} {}",
        found.file, found.line, found.column, found.status, found.message
    )))
}
