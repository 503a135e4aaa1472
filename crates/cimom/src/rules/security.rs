//! `__SystemSecurity`: the access rights of the namespace, read and written by its methods, which
//! the object manager runs itself (behaviour.md G.11).
//!
//! The methods on bytes fail with a status of the call; those on objects report failure in
//! `ReturnValue`. [`object`] converts descriptors to objects and back.

mod object;

use cim::security::{AceFlags, AceKind, Descriptor, DescriptorAce, Rights};
use cim::status::*;
use cim::{Error, Instance, Result, Value};
use wbem::{CallContext, MethodCall};

use crate::call::{AuthorizedCall, Call, NamespaceRef};
use crate::providers::Runtime;
use crate::system::CALLER_RIGHTS;
use crate::view::{View, computed};
use crate::write;

/// What the methods on objects return on failure.
const ACCESS_DENIED: u32 = 2;
const UNKNOWN_FAILURE: u32 = 8;
const PRIVILEGE_NOT_HELD: u32 = 9;
const INVALID_PARAMETER: u32 = 21;

/// Runs a method of the class.
pub(super) fn exec_method(target: &Target<'_>, call: &MethodCall<'_>) -> Result<Option<Instance>> {
    let name = call.method.name.as_str();
    if cim::name::eq(name, CALLER_RIGHTS) {
        let rights = target.authorize(&target.view()?)?.granted().0;
        return call.outcome(0u32, &[("rights", Value::SInt32(rights as i32))]);
    }
    match name.to_ascii_lowercase().as_str() {
        "getsd" => {
            let sd = computed::bytes(&target.descriptor(&target.view()?)?)?;
            call.outcome(0u32, &[("SD", sd)])
        }
        "setsd" => {
            let sd = Descriptor::from_bytes(&byte_array(call.argument("SD"))?)?;
            // Of the descriptor the list of rights is taken, nothing else.
            check_principals(&sd)?;
            target.change(|now, parent| with_rights(now, sd.dacl.as_deref(), parent))?;
            call.outcome(0u32, &[])
        }
        "getsecuritydescriptor" => {
            let view = target.view()?;
            let read = target.descriptor(&view);
            match read.and_then(|sd| object::from_descriptor(&sd, &view)) {
                Ok(sd) => call.outcome(0u32, &[("Descriptor", sd)]),
                Err(e) => call.outcome(returned(e)?, &[]),
            }
        }
        "setsecuritydescriptor" => {
            let given = object::to_parts(call.argument("Descriptor"));
            let written = given.and_then(|given| {
                check_privilege(&given, target.context)?;
                target.change(|now, parent| given.apply(now, parent))
            });
            match written {
                Ok(()) => call.outcome(0u32, &[]),
                Err(e) => call.outcome(returned(e)?, &[]),
            }
        }
        _ => Err(WBEM_E_METHOD_NOT_IMPLEMENTED.into()),
    }
}

/// What a method on objects returns where it failed so.
/// Errors: the same, where the namespace is gone.
fn returned(error: Error) -> Result<u32> {
    match error.status() {
        WBEM_E_INVALID_NAMESPACE => Err(error),
        WBEM_E_ACCESS_DENIED => Ok(ACCESS_DENIED),
        WBEM_E_PRIVILEGE_NOT_HELD => Ok(PRIVILEGE_NOT_HELD),
        WBEM_E_INVALID_PARAMETER | WBEM_E_INVALID_OBJECT | WBEM_E_QUOTA_VIOLATION => {
            Ok(INVALID_PARAMETER)
        }
        _ => Ok(UNKNOWN_FAILURE),
    }
}

/// The namespace whose descriptor a call is about, and the call.
pub(super) struct Target<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) namespace: &'a NamespaceRef,
    pub(super) context: &'a CallContext,
}

impl<'a> Target<'a> {
    fn view(&self) -> Result<View<'a>> {
        let NamespaceRef { namespace, id } = self.namespace;
        View::open(self.runtime, namespace, *id, self.context)
    }

    fn authorize(&self, view: &View<'_>) -> Result<AuthorizedCall<'a, ()>> {
        let namespace = &self.namespace.namespace;
        Call { operation: (), namespace, context: self.context }.authorize(view.schema().policy())
    }

    fn descriptor(&self, view: &View<'_>) -> Result<Descriptor> {
        self.authorize(view)?.require(Rights::READ_CONTROL, "read its descriptor")?;
        computed::readable_descriptor(view)
    }

    fn change(
        &self,
        change: impl FnOnce(&Descriptor, Option<&Descriptor>) -> Result<Descriptor>,
    ) -> Result<()> {
        let NamespaceRef { namespace, id } = self.namespace;
        write::edit(self.runtime, self.context, |edit| {
            let namespace = NamespaceRef { namespace: namespace.clone(), id: *id };
            edit.change_security(&namespace, self.context, change)
        })
    }
}

/// Errors: `WBEM_E_PRIVILEGE_NOT_HELD` where the caller says what is audited and may not.
fn check_privilege(given: &object::Parts, context: &CallContext) -> Result<()> {
    if given.sacl.is_none() || computed::may_audit(context) {
        return Ok(());
    }
    Err(WBEM_E_PRIVILEGE_NOT_HELD.with("only administrators say what is audited"))
}

/// The descriptor of a namespace below one with `parent` that has `now` and is given another, if it
/// is, by a qualifier: owner, group and audits of it where it has them, and its list of rights.
pub(super) fn changed(
    now: &Descriptor,
    given: Option<Descriptor>,
    parent: &Descriptor,
) -> Result<Descriptor> {
    let Some(given) = given else { return Ok(now.clone()) };
    check_principals(&given)?;
    if given.dacl.is_none() {
        return Err(no_rights());
    }
    let parts = object::Parts {
        control: given.control,
        owner: given.owner,
        group: given.group,
        dacl: given.dacl,
        sacl: given.sacl,
    };
    parts.apply(now, Some(parent))
}

/// Errors: `WBEM_E_INVALID_PARAMETER` where the descriptor has neither owner nor group.
fn check_principals(given: &Descriptor) -> Result<()> {
    match given.owner.is_some() || given.group.is_some() {
        true => Ok(()),
        false => Err(invalid("it has neither an owner nor a group")),
    }
}

/// `now` with this list of rights.
fn with_rights(
    now: &Descriptor,
    dacl: Option<&[DescriptorAce]>,
    parent: Option<&Descriptor>,
) -> Result<Descriptor> {
    let dacl = checked_rights(dacl.ok_or_else(no_rights)?, parent)?;
    Ok(Descriptor { dacl: Some(dacl), ..now.clone() })
}

/// The list of rights that a namespace below one with the descriptor `parent` gets when a caller
/// sets `dacl`.
/// Errors: `WBEM_E_INVALID_PARAMETER` for each documented reason.
fn checked_rights(
    dacl: &[DescriptorAce],
    parent: Option<&Descriptor>,
) -> Result<Vec<DescriptorAce>> {
    let inherited = parent.map(Descriptor::inherited_rights).unwrap_or_default();
    let list = with_inherited(dacl, inherited);
    list.iter().filter(|e| !e.flags.contains(AceFlags::INHERITED)).try_for_each(check_entry)?;
    Ok(list)
}

/// The list that a caller sets, with the entries that the parent has for namespaces below. Only
/// these are inherited: what the caller's list marks so is dropped (MS-WMI 2.2.30.2).
fn with_inherited(given: &[DescriptorAce], inherited: Vec<DescriptorAce>) -> Vec<DescriptorAce> {
    let own = given.iter().filter(|e| !e.flags.contains(AceFlags::INHERITED)).cloned();
    own.chain(inherited).collect()
}

fn no_rights() -> Error {
    invalid("it has no list of rights")
}

fn check_entry(entry: &DescriptorAce) -> Result<()> {
    /// The flags that an entry for rights may have.
    const FLAGS: AceFlags = AceFlags::OBJECT_INHERIT
        .union(AceFlags::CONTAINER_INHERIT)
        .union(AceFlags::NO_PROPAGATE)
        .union(AceFlags::INHERIT_ONLY)
        .union(AceFlags::INHERITED);
    let partial = Rights::PARTIAL_WRITE_REP.union(Rights::WRITE_PROVIDER);
    let AceFlags(flags) = entry.flags;
    let why = match entry {
        _ if entry.kind == AceKind::Audit => "neither allows nor denies",
        _ if !Rights::ALL.contains(entry.rights) => "is about a right that does not exist",
        _ if !FLAGS.contains(entry.flags) => "has a flag that does not exist",
        _ if entry.rights.contains(Rights::FULL_WRITE_REP) && entry.rights.0 & partial.0 == 0 => {
            "is about FULL_WRITE_REP without PARTIAL_WRITE_REP or WRITE_PROVIDER"
        }
        _ if entry.flags.contains(AceFlags::INHERIT_ONLY)
            && !entry.flags.contains(AceFlags::CONTAINER_INHERIT) =>
        {
            "is for namespaces below alone (INHERIT_ONLY) and does not pass on (CONTAINER_INHERIT)"
        }
        _ => return Ok(()),
    };
    let sid = &entry.sid;
    let rights = entry.rights.0;
    Err(invalid(&format!("its entry for {sid}, rights {rights:#x}, flags {flags:#x}, {why}")))
}

fn invalid(why: &str) -> Error {
    WBEM_E_INVALID_PARAMETER.with(format!("the security descriptor cannot be a namespace's: {why}"))
}

/// Errors: `WBEM_E_INVALID_OBJECT` where there are none.
fn byte_array(value: &Value) -> Result<Vec<u8>> {
    let byte = |value: &Value| match value {
        Value::UInt8(byte) => Some(*byte),
        _ => None,
    };
    let bytes = value.as_array().and_then(|elements| elements.iter().map(byte).collect());
    bytes.ok_or_else(|| WBEM_E_INVALID_OBJECT.with("no security descriptor is given"))
}
