//! PutClass and DeleteClass: whose the class is, the repository's or a provider's, and what it takes
//! to write it there (behaviour.md A.5; ruling I-2).
//!
//! A class that is stored is the repository's, one that a provider has is that provider's. A new one
//! goes to the first provider that is registered to supply it and to take puts, else it is stored.
//! How a class is stored is [`crate::write::edit`]'s affair.

use std::sync::Arc;

use cim::security::Rights;
use cim::{Class, ClassDeclaration, Name, Result};
use wbem::Flags;

use crate::call::access::{self, AuthorizedCall};
use crate::providers::ClassSource;
use crate::schema::class_rules;
use crate::store::core::View;
use crate::write::edit::Edit;

/// Who writes a class.
pub enum WriteTarget {
    /// A provider has.
    ByProvider,
    /// The repository is to, knowing these classes that are not stored.
    InRepository(Vec<Arc<Class>>),
}

/// Puts the class, if it is a provider's. Errors: `WBEM_E_ACCESS_DENIED`, `WBEM_E_NOT_FOUND` for
/// its superclass, `WBEM_E_PROVIDER_NOT_CAPABLE` without SupportsPut, the provider's.
pub fn put(
    view: &View<'_>,
    call: &AuthorizedCall<'_, ()>,
    class: &ClassDeclaration,
    flags: Flags,
) -> Result<WriteTarget> {
    require_either(call, "write a class")?;
    if view.class_sources()?.is_empty() {
        return in_repository(call, Vec::new(), "write a class");
    }
    let superclass = match &class.superclass {
        Some(above) => view.find_class(above)?,
        None => None,
    };
    let lent = superclass.as_ref().map(|above| view.provided_among(above)).unwrap_or_default();
    if view.schema.contains(&class.name) {
        return in_repository(call, lent, "write a class");
    }
    let existing = view.provider_of(&class.name)?.cloned();
    class_rules::check_mode(&class.name, existing.is_some(), flags)?;
    let source = match existing {
        Some(source) => source,
        None => match accepting_provider(view, class, superclass)? {
            Some(source) => source,
            None => return in_repository(call, lent, "write a class"),
        },
    };
    call.require(Rights::WRITE_PROVIDER, "write a class that a provider has")?;
    class.check_names()?;
    check(&source, source.supports.put, "SupportsPut")?;
    view.ask_class_provider(&source, |classes, context| classes.put(class, flags, context))?;
    Ok(WriteTarget::ByProvider)
}

/// Deletes the class `name` and all that is stored below it. What providers have below it stays
/// theirs. Errors: as for [`put`]; `WBEM_E_NOT_FOUND`; those of a provider that may have classes
/// below it.
pub fn delete(view: &View<'_>, call: &AuthorizedCall<'_, ()>, name: &Name) -> Result<()> {
    require_either(call, "delete a class")?;
    let is_stored = view.schema.contains(name);
    let source = match is_stored {
        true => None,
        false => view.provider_of(name)?.cloned(),
    };
    match &source {
        Some(source) => {
            call.require(Rights::WRITE_PROVIDER, "delete a class that a provider has")?;
            check(source, source.supports.delete, "SupportsDelete")?;
        }
        None => call.require(access::to_write_class(), "delete a class")?,
    }
    let doomed = doomed(view, name)?;
    if !doomed.is_empty() {
        call.require(access::to_write_class(), "delete the stored classes below it")?;
    }
    let mut lent = Vec::new();
    for name in &doomed {
        if let Some(class) = may_delete(call, view.find_class(name))? {
            lent.extend(view.provided_among(&class));
        }
    }
    if let Some(source) = &source {
        view.ask_class_provider(source, |classes, context| classes.delete(name, context))?;
    }
    if source.is_some() && doomed.is_empty() {
        return Ok(());
    }
    let place = view.place();
    let delete = |edit: &mut Edit<'_, '_>| {
        edit.lend(&place, &lent);
        if source.is_none() {
            edit.delete_class(&place, name)?;
        }
        // Most have gone with one above them.
        doomed.iter().try_for_each(|name| match edit.is_stored(&place, name)? {
            true => edit.delete_class(&place, name),
            false => Ok(()),
        })
    };
    view.without_snapshot(|| view.cimom.edit(delete))
}

/// What goes with the class `name`: itself and all below it, as far as it is stored, each after
/// its superclass.
fn doomed(view: &View<'_>, name: &Name) -> Result<Vec<Name>> {
    // Providers tell what derives from what they have, if anything that is stored does.
    let is_mixed = !view.schema.classes_with_external_superclass().is_empty();
    let below =
        match is_mixed && class_rules::ok_if_superclass_missing(view.find_class(name))?.is_some() {
            true => view.descendants(name)?,
            false => view.schema.descendants(name),
        };
    let all = std::iter::once(name.clone()).chain(below);
    Ok(all.filter(|name| view.schema.contains(name)).collect())
}

/// Asks whether the caller may delete the stored class that was looked for, and gives it.
/// Errors: `WBEM_E_ACCESS_DENIED`.
pub fn may_delete(
    call: &AuthorizedCall<'_, ()>,
    found: Result<Option<Arc<Class>>>,
) -> Result<Option<Arc<Class>>> {
    let class = class_rules::ok_if_superclass_missing(found)?;
    if let Some(class) = &class {
        call.require_to_register(class, "delete a class with its instances")?;
    }
    Ok(class)
}

/// Who may write no classes at all is not told which there are.
fn require_either(call: &AuthorizedCall<'_, ()>, purpose: &str) -> Result<()> {
    match call.require(Rights::WRITE_PROVIDER, purpose) {
        Ok(()) => Ok(()),
        Err(_) => call.require(access::to_write_class(), purpose),
    }
}

fn in_repository(
    call: &AuthorizedCall<'_, ()>,
    lent: Vec<Arc<Class>>,
    purpose: &str,
) -> Result<WriteTarget> {
    call.require(access::to_write_class(), purpose)?;
    Ok(WriteTarget::InRepository(lent))
}

/// The provider that takes the new class.
fn accepting_provider(
    view: &View<'_>,
    class: &ClassDeclaration,
    superclass: Option<Arc<Class>>,
) -> Result<Option<Arc<ClassSource>>> {
    if class.superclass.is_some() != superclass.is_some() {
        return Ok(None);
    }
    let origin = view.schema.origin().clone();
    let class = Class::derive(Arc::new(class.clone()), superclass, Some(origin))?;
    let takes = |source: &&Arc<ClassSource>| {
        source.supports.put && source.usable().is_ok() && source.supplies(&class)
    };
    Ok(view.class_sources()?.iter().find(takes).cloned())
}

fn check(source: &ClassSource, supported: bool, flag: &str) -> Result<()> {
    source.usable()?.check(supported, flag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::access::{Call, Policy};
    use crate::store::core::{Cimom, Environment};
    use cim::Namespace;
    use cim::security::Identity;
    use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_NOT_FOUND};
    use repository::Repository;
    use wbem::{CallContext, ClassProvider, CompileOptions, MofCompiler, Native, NativeProviders};

    /// Takes every class and has none but Provided.
    struct Taking;

    impl ClassProvider for Taking {
        fn get(&self, name: &Name, _context: &CallContext) -> Result<ClassDeclaration> {
            let is_provided = name.is("Provided");
            is_provided.then(|| declared("Provided")).ok_or_else(|| WBEM_E_NOT_FOUND.into())
        }

        fn enumerate(
            &self,
            _superclass: Option<&Name>,
            _shallow: bool,
            _context: &CallContext,
        ) -> Result<Vec<ClassDeclaration>> {
            Ok(vec![declared("Provided")])
        }

        fn put(&self, _: &ClassDeclaration, _: Flags, _: &CallContext) -> Result<()> {
            Ok(())
        }

        fn delete(&self, _: &Name, _: &CallContext) -> Result<()> {
            Ok(())
        }
    }

    fn declared(name: &str) -> ClassDeclaration {
        ClassDeclaration { name: name.into(), ..ClassDeclaration::default() }
    }

    const REGISTRATION: &str = r#"
        instance of __Win32Provider as $P { Name = "P"; CLSID = "{1}"; };
        instance of __ClassProviderRegistration
        {
          provider = $P; SupportsEnumeration = TRUE; SupportsGet = TRUE; SupportsPut = TRUE;
          SupportsDelete = TRUE;
          ResultSetQueries = {"SELECT * FROM meta_class WHERE __Class = 'Provided'"};
        };"#;

    fn cimom(directory: &std::path::Path) -> Arc<Cimom> {
        let repository = Repository::create_or_open(directory.join("repository")).unwrap();
        let mut providers = NativeProviders::default();
        providers.register("{1}", |_| Ok(Native::classes(Arc::new(Taking))));
        let environment = Environment {
            server: "HOST".into(),
            providers,
            random: || [0; 16],
            local_offset: || 0,
            identity: Arc::new(Identity::unix(0, &[0], true)),
            clock: Arc::new(|| std::time::Duration::ZERO),
        };
        let cimom = Cimom::new(repository, environment);
        let options = CompileOptions {
            namespace: Namespace::root(),
            create_namespace: false,
            class_flags: Flags::default(),
            instance_flags: Flags::default(),
            check_only: false,
            autorecover: false,
        };
        let administrator = CallContext::local(Arc::new(Identity::unix(0, &[0], true)));
        let text = REGISTRATION.as_bytes();
        let report = cimom.compile_text("test.mof", text, &options, &administrator).unwrap();
        assert_eq!(report.storage.map(|d| d.message), None);
        cimom
    }

    /// What is stored takes the right to store, what a provider has the right to write through
    /// providers; who has neither is not told which classes there are.
    #[test]
    fn a_5_each_owner_takes_a_right_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let (cimom, root) = (cimom(directory.path()), Namespace::root());
        let context = CallContext::local(Arc::new(Identity::unix(1000, &[], false)));
        let outcomes = |name: &str, rights: Rights| {
            let rights = rights.with(Rights::ENABLE);
            let call = Call { operation: (), namespace: &root, context: &context };
            let call = call.authorize(&Policy::granting(rights)).unwrap();
            let view = || cimom.view_of(&root, &context).unwrap();
            let put = put(&view(), &call, &declared(name), Flags::default());
            let deleted = delete(&view(), &call, &name.into());
            (put.err().map(|e| e.status()), deleted.map_err(|e| e.status()))
        };
        let denied = (Some(WBEM_E_ACCESS_DENIED), Err(WBEM_E_ACCESS_DENIED));
        for name in ["New", "Provided"] {
            assert_eq!(outcomes(name, Rights::ENABLE), denied, "{name}");
        }
        assert_eq!(outcomes("New", Rights::WRITE_PROVIDER), denied);
        assert_eq!(outcomes("New", Rights::FULL_WRITE_REP), (None, Err(WBEM_E_NOT_FOUND)));
        assert_eq!(outcomes("Provided", Rights::FULL_WRITE_REP), denied);
        assert_eq!(outcomes("Provided", Rights::WRITE_PROVIDER), (None, Ok(())));
    }
}
