//! The initial contents of a repository: the standard namespaces, the classes of this machine and
//! the profiles to which it conforms.
//!
//! All MOF of the machine is compiled in one call, so that a first start is one transaction for all
//! classes. It is compiled again when it differs from what was compiled last; objects that users
//! created are kept. Profiles are never installed in a repository that had classes of profiles
//! before: those belong to another product (behaviour.md E.4). MOF comes from `host`, and goes to
//! the object manager.

use std::sync::Arc;

use cim::path::Namespace;
use cim::status::{WBEM_E_FAILED, WBEM_E_NOT_FOUND};
use cim::{Error, Result};
use cimom::Cimom;
use wbem::{CallContext, CompileOptions, CompileReport, Flags};

/// The namespaces that every repository has in addition to root.
const NAMESPACES: [&str; 5] =
    [r"root\cimv2", r"root\default", r"root\subscription", r"root\interop", r"root\security"];

/// The note in the repository with the version of the MOF that was compiled.
pub(crate) const INSTALLED: &str = "host classes";

/// The note in the repository that says whether the classes of profiles are ours.
const PROFILES: &str = "profiles";
const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// The classes by which profiles of another product are recognized.
const THEIRS_BY: [(&str, &str); 3] = [
    (r"root\interop", "CIM_RegisteredProfile"),
    (r"root\interop", "CIM_ElementConformsToProfile"),
    (r"root\cimv2", "CIM_ElementConformsToProfile"),
];

/// Installs the namespaces and the classes that the repository lacks.
/// Errors: `WBEM_E_FAILED` with text, line and column where MOF cannot be compiled.
pub(crate) fn install(cimom: &Arc<Cimom>, context: &CallContext) -> Result<()> {
    let version = version();
    if cimom.note(INSTALLED)?.as_deref() == Some(&version) {
        return Ok(());
    }
    namespaces(cimom, context)?;
    let profiles = are_profiles_ours(cimom, context)?.then(host::profile_mof);
    let texts = host::in_order(host::machine_mof().chain(profiles.into_iter().flatten()));
    let texts: Vec<(&str, &[u8])> =
        texts.iter().map(|text| (text.name, text.mof.as_bytes())).collect();
    let options = CompileOptions {
        namespace: Namespace::root(),
        create_namespace: false,
        class_flags: Flags::UPDATE_FORCE_MODE,
        instance_flags: Flags::default(),
        check_only: false,
        autorecover: false,
    };
    let report = cimom.compile_texts(&texts, &options, context)?;
    if let Some(error) = first_error(&report) {
        return Err(error);
    }
    cimom.set_note(INSTALLED, &version, context)
}

/// Creates the namespaces that the repository lacks.
pub(crate) fn namespaces(cimom: &Cimom, context: &CallContext) -> Result<()> {
    for namespace in NAMESPACES {
        cimom.ensure_namespace(&Namespace::new(namespace)?, context)?;
    }
    Ok(())
}

/// Whether to install the classes of profiles: the repository had none at the first start. The
/// answer is stored before the first class is, so that an interrupted first start continues.
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

/// A number that differs where the MOF does: FNV-1a over words of eight bytes, because it is
/// computed at every start.
fn version() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for text in host::machine_mof().chain(host::profile_mof()) {
        let (words, rest) = text.mof.as_bytes().as_chunks();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last]) {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

fn first_error(report: &CompileReport) -> Option<Error> {
    let found = report.first_error()?;
    Some(WBEM_E_FAILED.with(format!(
        "the classes of this machine cannot be installed: {}:{}:{}: {} {}",
        found.file, found.line, found.column, found.status, found.message
    )))
}
