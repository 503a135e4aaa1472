//! What a repository holds before anybody has put something into it: the standard namespaces,
//! the classes of this machine and the profiles to which it conforms.
//!
//! The machine's classes are compiled again when their MOF differs from what was compiled last;
//! what users have put there stays. Profiles are left out for good where a repository had classes of
//! profiles before we came: those, and what uses them, are not ours to change (behaviour.md E.4).

use std::sync::Arc;

use cim::path::Namespace;
use cim::status::{WBEM_E_FAILED, WBEM_E_NOT_FOUND};
use cim::{Error, Result};
use cimom::Cimom;
use host::Text;
use wbem::{CallContext, CompileOptions, CompileReport, Flags, MofCompiler};

/// The namespaces that every repository has beside root.
const NAMESPACES: [&str; 5] =
    [r"root\cimv2", r"root\default", r"root\subscription", r"root\interop", r"root\security"];

/// The note in the repository that says which classes were compiled.
pub(crate) const INSTALLED: &str = "host classes";

/// The note in the repository that says whose the classes of profiles are.
const PROFILES: &str = "profiles";
const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// The classes of profiles, any of which was there before ours if it was there before us.
const THEIRS_BY: [(&str, &str); 3] = [
    (r"root\interop", "CIM_RegisteredProfile"),
    (r"root\interop", "CIM_ElementConformsToProfile"),
    (r"root\cimv2", "CIM_ElementConformsToProfile"),
];

/// Sees to it that the repository has the namespaces and the classes.
pub(crate) fn install(cimom: &Arc<Cimom>, context: &CallContext) -> Result<()> {
    let version = version();
    if cimom.note(INSTALLED)?.as_deref() == Some(&version) {
        return Ok(());
    }
    namespaces(cimom, context)?;
    let profiles = are_profiles_ours(cimom, context)?.then(host::profile_mof);
    for Text { name, mof } in
        host::in_order(host::machine_mof().chain(profiles.into_iter().flatten()))
    {
        let options = CompileOptions {
            namespace: Namespace::root(),
            create_namespace: false,
            class_flags: Flags::UPDATE_FORCE_MODE,
            instance_flags: Flags::default(),
            check_only: false,
            autorecover: false,
        };
        let report = cimom.compile_text(name, mof.as_bytes(), &options, context)?;
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

/// Whether the classes of profiles are ours to write: nobody had any when we first came. That is
/// written down before the first of ours is, so that a first start which was killed goes on.
fn are_profiles_ours(cimom: &Arc<Cimom>, context: &CallContext) -> Result<bool> {
    if let Some(whose) = cimom.note(PROFILES)? {
        return Ok(whose == OURS);
    }
    let has = |&(namespace, class): &(&str, &str)| {
        let services = cimom.connect(namespace, context)?;
        match services.get_object(class, Flags::default(), context) {
            Ok(_) => Ok(true),
            Err(e) if e.status() == WBEM_E_NOT_FOUND => Ok(false),
            Err(e) => Err(e),
        }
    };
    // A salvaged repository may have lost the note.
    let mut ours = has(&(r"root\interop", "OpenWMI_RegisteredProfile"))?;
    if !ours {
        let found: Vec<bool> = THEIRS_BY.iter().map(has).collect::<Result<_>>()?;
        ours = !found.contains(&true);
    }
    cimom.set_note(PROFILES, if ours { OURS } else { THEIRS }, context)?;
    Ok(ours)
}

/// A number that differs where the classes' MOF does (FNV-1a).
fn version() -> String {
    let bytes = host::machine_mof().chain(host::profile_mof()).flat_map(|text| text.mof.bytes());
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
