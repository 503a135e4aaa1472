//! PutClass and DeleteClass: whether the class is the repository's or a provider's, and the write
//! (behaviour.md A.5; ruling I-2).
//!
//! A class that is stored is the repository's, one that a provider has is that provider's. A new one
//! goes to the first provider that is registered to supply it and to take puts, else it is stored.
//! [`ClassPut`] and [`ClassDelete`] are made of an authorized call and of nothing else; the write
//! asks again, of the classes and the descriptor that the transaction finds.

use std::sync::Arc;

use cim::security::Rights;
use cim::status::{WBEM_E_INVALID_OPERATION, WBEM_E_NOT_FOUND};
use cim::{Class, ClassDeclaration, Name, Object, Result};
use wbem::{ChangeKind, Flags};

use super::edit::{self, Edit};
use super::localized;
use crate::call::{AuthorizedCall, NamespaceRef, access};
use crate::providers::ClassSource;
use crate::schema::class_rules::{self, Rules, SchemaContext};
use crate::view::View;

/// A put of a stored class, of an authorized call.
pub struct ClassPut<'a> {
    pub(super) call: AuthorizedCall<'a, ()>,
    pub(super) namespace: NamespaceRef,
    pub(super) declaration: Arc<ClassDeclaration>,
    pub(super) flags: Flags,
    rules: Rules,
    /// The classes above that are not stored.
    provided: Vec<Arc<Class>>,
}

impl<'a> ClassPut<'a> {
    /// What a call puts that an edit has authorized, whose classes the edit knows.
    pub fn in_edit(
        call: AuthorizedCall<'a, ()>,
        namespace: NamespaceRef,
        declaration: Arc<ClassDeclaration>,
        flags: Flags,
        rules: Rules,
    ) -> Self {
        ClassPut { call, namespace, declaration, flags, rules, provided: Vec::new() }
    }

    /// The same put of another declaration of the class.
    pub(super) fn with_declaration(self, declaration: Arc<ClassDeclaration>) -> Self {
        ClassPut { declaration, ..self }
    }
}

/// The deletion of a stored class with all below it, of an authorized call.
pub struct ClassDelete<'a> {
    call: AuthorizedCall<'a, ()>,
    namespace: NamespaceRef,
    name: Name,
}

impl<'a> ClassDelete<'a> {
    /// The deletion of the class `name`.
    pub fn new(call: AuthorizedCall<'a, ()>, namespace: NamespaceRef, name: Name) -> Self {
        ClassDelete { call, namespace, name }
    }
}

/// Puts a class where it belongs: by its provider, or into the repository.
/// Errors: `WBEM_E_ACCESS_DENIED`, `WBEM_E_NOT_FOUND` for its superclass,
/// `WBEM_E_PROVIDER_NOT_CAPABLE` without SupportsPut, the provider's, those of
/// [`Edit::put_class`].
pub fn put(
    view: View<'_>,
    call: AuthorizedCall<'_, ()>,
    class: &ClassDeclaration,
    flags: Flags,
    rules: Rules,
) -> Result<()> {
    let Some(put) = resolve_put(&view, call, class, flags, rules)? else { return Ok(()) };
    let runtime = view.runtime();
    drop(view);
    let context = put.call.context();
    edit::edit(runtime, context, |edit| localized::put_class(edit, put))
}

/// The put of a class that is the repository's; `None` of one that a provider has taken.
fn resolve_put<'a>(
    view: &View<'_>,
    call: AuthorizedCall<'a, ()>,
    class: &ClassDeclaration,
    flags: Flags,
    rules: Rules,
) -> Result<Option<ClassPut<'a>>> {
    require_either(&call, "write a class")?;
    let in_repository = |call: AuthorizedCall<'a, ()>, provided: Vec<Arc<Class>>| {
        call.require(access::to_write_class(), "write a class")?;
        let (namespace, declaration) = (view.namespace_ref(), Arc::new(class.clone()));
        Ok(Some(ClassPut { call, namespace, declaration, flags, rules, provided }))
    };
    if view.class_sources()?.is_empty() {
        return in_repository(call, Vec::new());
    }
    let superclass = match &class.superclass {
        Some(above) => view.find_class(above)?,
        None => None,
    };
    let provided = superclass.as_ref().map(|above| view.provided_among(above)).unwrap_or_default();
    if view.schema().contains(&class.name) {
        return in_repository(call, provided);
    }
    let existing = view.provider_of(&class.name)?.cloned();
    class_rules::check_mode(&class.name, existing.is_some(), flags)?;
    let source = match existing {
        Some(source) => source,
        None => match accepting_provider(view, class, superclass)? {
            Some(source) => source,
            None => return in_repository(call, provided),
        },
    };
    call.require(Rights::WRITE_PROVIDER, "write a class that a provider has")?;
    class.check_names()?;
    class.check_default_objects()?;
    check(&source, source.supports.put, "SupportsPut")?;
    view.ask_class_provider(&source, |classes, context| classes.put(class, flags, context))?;
    Ok(None)
}

/// Deletes the class `name` and all that is stored below it. What providers have below it stays
/// theirs. Errors: as for [`put`]; `WBEM_E_NOT_FOUND`; those of a provider that may have classes
/// below it.
pub fn delete(view: View<'_>, call: AuthorizedCall<'_, ()>, name: &Name) -> Result<()> {
    require_either(&call, "delete a class")?;
    let is_stored = view.schema().contains(name);
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
    let classes_to_delete = classes_to_delete(&view, name)?;
    if !classes_to_delete.is_empty() {
        call.require(access::to_write_class(), "delete the stored classes below it")?;
    }
    let mut provided = Vec::new();
    for name in &classes_to_delete {
        if let Some(class) = class_rules::ok_if_superclass_missing(view.find_class(name))? {
            call.require_to_register(&class, DELETE_INSTANCES)?;
            provided.extend(view.provided_among(&class));
        }
    }
    if let Some(source) = &source {
        view.ask_class_provider(source, |classes, context| classes.delete(name, context))?;
    }
    if source.is_some() && classes_to_delete.is_empty() {
        return Ok(());
    }
    let (runtime, namespace) = (view.runtime(), view.namespace_ref());
    drop(view);
    let delete = |name: &Name| ClassDelete::new(call.clone(), namespace.clone(), name.clone());
    edit::edit(runtime, call.context(), |edit| {
        edit.add_provided_classes(namespace.id, &provided);
        if source.is_none() {
            edit.delete_class(&delete(name))?;
        }
        // Most are deleted with one above them.
        classes_to_delete.iter().try_for_each(|name| match edit.is_stored(&namespace, name)? {
            true => edit.delete_class(&delete(name)),
            false => Ok(()),
        })
    })
}

const DELETE_INSTANCES: &str = "delete a class with its instances";

/// What is deleted with the class `name`: itself and all below it, as far as it is stored, each
/// after its superclass.
fn classes_to_delete(view: &View<'_>, name: &Name) -> Result<Vec<Name>> {
    let schema = view.schema();
    // Where stored classes derive from provided ones, providers know what derives from theirs.
    let is_mixed = !schema.classes_with_external_superclass().is_empty();
    let is_there = || class_rules::ok_if_superclass_missing(view.find_class(name));
    let below = match is_mixed && is_there()?.is_some() {
        true => view.descendants(name)?,
        false => schema.descendants(name),
    };
    let all = std::iter::once(name.clone()).chain(below);
    Ok(all.filter(|name| schema.contains(name)).collect())
}

/// A caller who may write no classes at all does not learn which there are.
fn require_either(call: &AuthorizedCall<'_, ()>, purpose: &str) -> Result<()> {
    match call.require(Rights::WRITE_PROVIDER, purpose) {
        Ok(()) => Ok(()),
        Err(_) => call.require(access::to_write_class(), purpose),
    }
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
    let origin = view.schema().origin().clone();
    let class = Class::derive(Arc::new(class.clone()), superclass, Some(origin))?;
    let accepts = |source: &&Arc<ClassSource>| {
        source.supports.put && source.usable().is_ok() && source.supplies(&class)
    };
    Ok(view.class_sources()?.iter().find(accepts).cloned())
}

fn check(source: &ClassSource, supported: bool, flag: &str) -> Result<()> {
    source.usable()?.check(supported, flag)
}

impl Edit<'_, '_> {
    /// Puts a class. Errors: `WBEM_E_ACCESS_DENIED`; those of [`class_rules::put`].
    pub fn put_class(&mut self, put: &ClassPut<'_>) -> Result<()> {
        let namespace = &put.namespace;
        self.add_provided_classes(namespace.id, &put.provided);
        let call = self.authorize_again(namespace, &put.call)?;
        call.require(access::to_write_class(), "write a class")?;
        let writer = &*self.writer;
        let schema = self.schema(namespace);
        let store = self.store(namespace);
        let context = SchemaContext {
            schema,
            store: &store,
            has_instances: &|class| writer.view().has_instances(namespace.id, class),
        };
        let written = class_rules::put(&put.declaration, put.flags, put.rules, &context)?;
        let ancestors = written.iter().flat_map(|class| class.ancestors());
        let external: Vec<Name> = ancestors
            .map(|above| above.name())
            .filter(|above| !schema.contains(above))
            .cloned()
            .collect();
        let previous = |class: &Arc<Class>| match self.collects(namespace, class) {
            true => schema.class(class.name(), &store).map(Some),
            false => Ok(None),
        };
        // For each class, the one that it replaces, where a hook collects the change.
        let previous: Vec<Option<Option<Arc<Class>>>> =
            written.iter().map(previous).collect::<Result<_>>()?;
        for above in &external {
            self.writer.know_class(namespace.id, above)?;
        }
        for (class, previous) in written.into_iter().zip(previous) {
            self.writer.put_class(namespace.id, class.declaration())?;
            self.schema_mut(namespace).put(class.clone());
            if let Some(previous) = previous {
                let kind = match &previous {
                    None => ChangeKind::ClassCreated,
                    Some(_) => ChangeKind::ClassModified,
                };
                let (previous, name) = (previous.map(Object::Class), class.name().clone());
                self.record(kind, namespace, &name, previous, Some(Object::Class(class)));
            }
        }
        Ok(())
    }

    /// Deletes a class, all below it and their instances, with what is deleted with those: a
    /// namespace is deleted with the instance that names it.
    /// Errors: `WBEM_E_NOT_FOUND`; `WBEM_E_ACCESS_DENIED`; `WBEM_E_INVALID_OPERATION` for a system
    /// class; those of hooks.
    pub fn delete_class(&mut self, delete: &ClassDelete<'_>) -> Result<()> {
        let ClassDelete { namespace, name, .. } = delete;
        let call = self.authorize_again(namespace, &delete.call)?;
        call.require(access::to_write_class(), "delete a class")?;
        let family = self.family(namespace, name)?;
        if family.is_empty() {
            return Err(
                WBEM_E_NOT_FOUND.with(format!("class {name} not found in {}", namespace.namespace))
            );
        }
        if self.schema(namespace).is_builtin(name) {
            return Err(WBEM_E_INVALID_OPERATION
                .with(format!("class {name} belongs to the system and cannot be deleted")));
        }
        let mut found = Vec::with_capacity(family.len());
        for name in family {
            let class = class_rules::ok_if_superclass_missing(self.find_class(namespace, &name))?;
            if let Some(class) = &class {
                call.require_to_register(class, DELETE_INSTANCES)?;
            }
            found.push((name, class));
        }
        // Subclasses first, so that no class is ever stored without its superclass.
        for (name, class) in found.into_iter().rev() {
            if let Some(class) = &class {
                self.before_delete_all(namespace, call.context(), class)?;
            }
            self.writer.delete_class(namespace.id, &name)?;
            self.schema_mut(namespace).remove(&name);
            if let Some(class) = class.filter(|class| self.collects(namespace, class)) {
                let previous = Some(Object::Class(class));
                self.record(ChangeKind::ClassDeleted, namespace, &name, previous, None);
            }
        }
        Ok(())
    }

    /// The stored class `name` and all that derive from it by stored ones, each after its
    /// superclass; nothing where it is not stored.
    fn family(&mut self, namespace: &NamespaceRef, name: &Name) -> Result<Vec<Name>> {
        if !self.is_stored(namespace, name)? {
            return Ok(Vec::new());
        }
        let below = self.schema(namespace).descendants(name);
        Ok(std::iter::once(name.clone()).chain(below).collect())
    }
}
