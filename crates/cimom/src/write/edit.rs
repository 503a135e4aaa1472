//! A write: one transaction of the repository and the schemas as they will be after it.
//!
//! The session makes one for each put or delete; the compiler puts many objects into one.
//! Where the work fails, everything is as it was. What it takes is asked before, of the state that
//! this write leaves ([`Edit::authorize`]), or of the one the session saw.

use std::collections::HashMap;
use std::sync::Arc;

use cim::security::Descriptor;
use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, InstanceKey, Name, Namespace, ObjectPath, Result};
use repository::{NamespaceId, NamespaceSecurity, PutMode, Writer};
use wbem::{CallContext, Flags, PartialPut};

use crate::call::access::{self, AuthorizedCall, Call, Policy};
use crate::call::partial;
use crate::schema::class_rules::{self, Rules, SchemaContext};
use crate::schema::classes::{Declarations, Schema};
use crate::store::core::{Cimom, unknown};
use crate::system;
use crate::write::instance_rules;
use crate::write::localized;

/// A write in progress.
pub struct Edit<'e, 'w> {
    pub cimom: &'e Cimom,
    writer: &'e mut Writer<'w>,
    schemas: &'e mut HashMap<NamespaceId, Edited>,
    /// Classes that are not stored and that providers have told: in a write no provider is asked.
    lent: HashMap<(NamespaceId, Name), Arc<Class>>,
    /// The namespaces that it deleted.
    gone: &'e mut Vec<NamespaceId>,
}

/// A schema that a write has to do with.
struct Edited {
    /// Shared with the readers until it is changed: most writes change no class.
    schema: Arc<Schema>,
    is_changed: bool,
}

/// A namespace of an edit.
#[derive(Clone)]
pub struct NamespaceRef {
    pub namespace: Namespace,
    pub id: NamespaceId,
}

impl Cimom {
    /// Runs `work` in a write that is durable, and seen by every later call, when this returns;
    /// or, where `work` fails, was never there.
    pub fn edit<T>(&self, work: impl FnOnce(&mut Edit<'_, '_>) -> Result<T>) -> Result<T> {
        let (mut schemas, mut gone) = (HashMap::new(), Vec::new());
        let done = self.repository.write(|writer| {
            let (schemas, gone) = (&mut schemas, &mut gone);
            work(&mut Edit { cimom: self, writer, schemas, lent: HashMap::new(), gone })
        })?;
        self.forget(&gone);
        let changed = schemas.into_iter().filter(|(_, edited)| edited.is_changed);
        self.publish(changed.map(|(id, Edited { mut schema, .. })| {
            // A transaction that changes classes is one step further, whatever it changes.
            let generation = schema.generation() + 1;
            Arc::make_mut(&mut schema).set_generation(generation);
            (id, schema)
        }));
        Ok(done)
    }
}

impl Edit<'_, '_> {
    /// The namespace, as this write sees it. Errors: `WBEM_E_INVALID_NAMESPACE`.
    pub fn place(&self, namespace: &Namespace) -> Result<NamespaceRef> {
        let id = self.writer.view().namespace(namespace)?.ok_or_else(|| unknown(namespace))?;
        Ok(NamespaceRef { namespace: namespace.clone(), id })
    }

    /// Makes known classes of `place` that are not stored and that stored ones may derive from.
    pub fn lend(&mut self, place: &NamespaceRef, classes: &[Arc<Class>]) {
        let named = classes.iter().map(|class| ((place.id, class.name().clone()), class.clone()));
        self.lent.extend(named);
    }

    /// Asks whether the caller may be in `place` as this write leaves it.
    /// Errors: those of [`Call::authorize`].
    pub fn authorize<'a>(
        &mut self,
        place: &'a NamespaceRef,
        context: &'a CallContext,
    ) -> Result<AuthorizedCall<'a, ()>> {
        self.load(place)?;
        let call = Call { operation: (), namespace: &place.namespace, context };
        call.authorize(self.schemas[&place.id].schema.policy())
    }

    /// Makes a namespace in one that is there. Errors: `WBEM_E_ALREADY_EXISTS`.
    pub fn create_namespace(&mut self, namespace: &Namespace) -> Result<NamespaceRef> {
        let id = self.writer.create_namespace(namespace)?;
        Ok(NamespaceRef { namespace: namespace.clone(), id })
    }

    /// Deletes a namespace with all it holds.
    pub fn delete_namespace(&mut self, namespace: &Namespace) -> Result<()> {
        let gone = self.writer.delete_namespace(namespace)?;
        self.schemas.retain(|id, _| !gone.contains(id));
        self.gone.extend(gone);
        Ok(())
    }

    /// The descriptor of `place`, and whether remote calls must be encrypted there.
    pub fn security(&self, place: &NamespaceRef) -> Result<(Descriptor, bool)> {
        let state = self.writer.view().state(&place.namespace)?;
        let security = state.ok_or_else(|| unknown(&place.namespace))?.security;
        Ok((access::descriptor(security)?, security.requires_encryption))
    }

    /// Says who may be in `place` from now on. Whether that may be said is asked before.
    pub fn set_security(
        &mut self,
        place: &NamespaceRef,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()> {
        self.load(place)?;
        let bytes = descriptor.to_bytes()?;
        let security = NamespaceSecurity { descriptor: Some(&bytes), requires_encryption };
        self.writer.set_security(&place.namespace, security)?;
        self.schema_mut(place).set_policy(Policy::new(security)?);
        Ok(())
    }

    /// The class `name`, if there is one.
    pub fn find_class(&mut self, place: &NamespaceRef, name: &Name) -> Result<Option<Arc<Class>>> {
        self.load(place)?;
        let store = self.store(place);
        match self.schemas[&place.id].schema.class(name, &store)? {
            Some(class) => Ok(Some(class)),
            None => store.external_class(name),
        }
    }

    fn store<'s>(&'s self, place: &NamespaceRef) -> Stored<'s> {
        Stored { view: self.writer.view(), id: place.id, lent: &self.lent }
    }

    /// Puts a class. Errors: those of [`class_rules::put`].
    pub fn put_class(
        &mut self,
        place: &NamespaceRef,
        declaration: &ClassDeclaration,
        flags: Flags,
        rules: Rules,
    ) -> Result<()> {
        self.load(place)?;
        let writer = &*self.writer;
        let schema = &self.schemas[&place.id].schema;
        let ground = SchemaContext {
            schema,
            store: &self.store(place),
            has_instances: &|class| writer.view().has_instances(place.id, class),
        };
        let written = class_rules::put(declaration, flags, rules, &ground)?;
        let ancestors = written.iter().flat_map(|class| class.ancestors());
        let elsewhere: Vec<Name> = ancestors
            .map(|above| above.name())
            .filter(|above| !schema.contains(above))
            .cloned()
            .collect();
        for above in &elsewhere {
            self.writer.know_class(place.id, above)?;
        }
        for class in written {
            self.writer.put_class(place.id, class.declaration())?;
            self.schema_mut(place).put(class);
        }
        Ok(())
    }

    /// Whether the class is stored, or built in.
    pub fn is_stored(&mut self, place: &NamespaceRef, name: &Name) -> Result<bool> {
        self.load(place)?;
        Ok(self.schemas[&place.id].schema.contains(name))
    }

    /// The stored class `name` and all that derive from it by stored ones, each after its
    /// superclass; nothing where it is not stored.
    pub fn family(&mut self, place: &NamespaceRef, name: &Name) -> Result<Vec<Name>> {
        if !self.is_stored(place, name)? {
            return Ok(Vec::new());
        }
        let below = self.schemas[&place.id].schema.descendants(name);
        Ok(std::iter::once(name.clone()).chain(below).collect())
    }

    /// Deletes a class, all below it and their instances, with what is deleted with those: a
    /// namespace goes with the instance that names it. Whether the caller may is asked before.
    pub fn delete_class(&mut self, place: &NamespaceRef, name: &Name) -> Result<()> {
        let doomed = self.family(place, name)?;
        if doomed.is_empty() {
            return Err(
                WBEM_E_NOT_FOUND.with(format!("class {name} not found in {}", place.namespace))
            );
        }
        if self.schemas[&place.id].schema.is_builtin(name) {
            return Err(WBEM_E_INVALID_OPERATION
                .with(format!("class {name} belongs to the system and cannot be deleted")));
        }
        // Subclasses first, so that no class is ever stored without its superclass.
        for name in doomed.iter().rev() {
            if let Some(class) =
                class_rules::ok_if_superclass_missing(self.find_class(place, name))?
            {
                crate::rules::before_delete_all(self, place, &class)?;
            }
            self.writer.delete_class(place.id, name)?;
            self.schema_mut(place).remove(name);
        }
        Ok(())
    }

    /// Puts an instance of a class that is not dynamic; gives its path.
    pub fn put_instance(
        &mut self,
        place: &NamespaceRef,
        given: &Instance,
        flags: Flags,
        partial: Option<&PartialPut>,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        instance_rules::check_flags(given, flags)?;
        let class = self.instance_class(place, given.class().name())?;
        localized::check_instances_of(&class, &place.namespace)?;
        if !self.schemas[&place.id].schema.contains(class.name()) {
            return Err(WBEM_E_PROVIDER_NOT_CAPABLE.with(format!(
                "class {} is a provider's and not dynamic: nobody keeps instances of it",
                class.name()
            )));
        }
        let mut instance = match partial {
            Some(partial) => {
                self.merge(place, &instance_rules::of_class(given, &class, flags)?, partial)?
            }
            None => {
                let random = &self.cimom.environment.random;
                instance_rules::prepare(given, &class, flags, random)?
            }
        };
        let mode = match () {
            () if flags.has(Flags::CREATE_ONLY) => PutMode::Create,
            () if flags.has(Flags::UPDATE_ONLY) => PutMode::Update,
            () => PutMode::CreateOrUpdate,
        };
        let mode = crate::rules::before_put(self, place, &mut instance, mode, context)?;
        self.writer.put_instance(place.id, &instance, mode)?;
        instance.relative_path().ok_or_else(|| WBEM_E_NO_KEY.into())
    }

    /// What is stored, with those values of `given` that the put is about.
    fn merge(
        &self,
        place: &NamespaceRef,
        given: &Instance,
        partial: &PartialPut,
    ) -> Result<Instance> {
        let stored = self.writer.view().instance(place.id, given.class(), &given.key()?)?;
        let told =
            || system::is_always_there(given.class()).then(|| Instance::new(given.class().clone()));
        let stored = stored.or_else(told).ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", given.class().name()))
        })?;
        let merged = partial::merge(&stored, given, partial);
        merged.check()?;
        Ok(merged)
    }

    /// The stored instances of exactly `class`.
    pub fn instances(&self, place: &NamespaceRef, class: &Arc<Class>) -> Result<Vec<Instance>> {
        self.writer.view().instances(place.id, class)?.collect()
    }

    /// Deletes the stored instance with this key of `class` or below it.
    pub fn delete_instance(
        &mut self,
        place: &NamespaceRef,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> Result<()> {
        let missing =
            || WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", class.name()));
        let Some(actual) = self.writer.view().locate(place.id, class, key)? else {
            // What is always there has its defaults already.
            return match system::is_always_there(class) {
                true => crate::rules::before_delete(self, place, &Instance::new(class.clone())),
                false => Err(missing()),
            };
        };
        let actual = self.find_class(place, &actual)?.ok_or_else(missing)?;
        if !actual.is_a(class.name().as_str()) {
            return Err(missing());
        }
        if let Some(instance) = self.writer.view().instance(place.id, &actual, key)? {
            crate::rules::before_delete(self, place, &instance)?;
        }
        self.writer.delete_instance(place.id, &actual, key)?;
        Ok(())
    }

    /// Makes `namespace`, and those it lies in, if they are missing.
    /// Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn ensure_namespace(&mut self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        let mut missing = Vec::new();
        let mut next = Some(namespace.clone());
        while let Some(namespace) = next {
            if self.writer.view().namespace(&namespace)?.is_some() {
                break;
            }
            next = namespace.parent();
            missing.push(namespace);
        }
        missing.iter().rev().try_for_each(|namespace| self.make_namespace(namespace, context))
    }

    /// Makes `namespace`, which is missing, in one that is there.
    fn make_namespace(&mut self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        let Some(parent) = namespace.parent() else {
            self.writer.create_namespace(namespace)?;
            return Ok(());
        };
        let place = self.place(&parent)?;
        let call = self.authorize(&place, context)?;
        let class = self.instance_class(&place, &system::namespace_class())?;
        call.require_to_write(&class, "make a namespace")?;
        let mut instance = Instance::new(class);
        instance.put("Name", &namespace.leaf().into())?;
        self.put_instance(&place, &instance, Flags::CREATE_ONLY, None, context)?;
        Ok(())
    }

    /// The small text that is kept beside the objects under `key`.
    pub fn meta(&self, key: &str) -> Result<Option<String>> {
        self.writer.view().meta(key)
    }

    /// Whether there is an instance with the identity of this one.
    pub fn has_instance(&self, place: &NamespaceRef, instance: &Instance) -> Result<bool> {
        let located = self.writer.view().locate(place.id, instance.class(), &instance.key()?)?;
        Ok(located.is_some())
    }

    /// Keeps a small text beside the objects.
    pub fn put_meta(&mut self, key: &str, value: &str) -> Result<()> {
        self.writer.put_meta(key, Some(value))
    }

    fn instance_class(&mut self, place: &NamespaceRef, name: &Name) -> Result<Arc<Class>> {
        self.find_class(place, name)?.ok_or_else(|| {
            WBEM_E_INVALID_CLASS.with(format!("class {name} not found in {}", place.namespace))
        })
    }

    /// Sees to it that the schema of `place` is there as this write sees it.
    fn load(&mut self, place: &NamespaceRef) -> Result<()> {
        if self.schemas.contains_key(&place.id) {
            return Ok(());
        }
        let view = self.writer.view();
        let state = view.state(&place.namespace)?.filter(|state| state.id == place.id);
        let state = state.ok_or_else(|| unknown(&place.namespace))?;
        let schema = match self.cimom.known(place.id, state.generation) {
            Some(known) => known,
            None => {
                let stored = view.classes(place.id)?.into_iter().map(|c| (c.name, c.superclass));
                Arc::new(Schema::new(self.cimom.origin(&place.namespace), &state, stored)?)
            }
        };
        self.schemas.insert(place.id, Edited { schema, is_changed: false });
        Ok(())
    }

    fn schema_mut(&mut self, place: &NamespaceRef) -> &mut Schema {
        let edited = self.schemas.get_mut(&place.id).expect("loaded before it is changed");
        edited.is_changed = true;
        Arc::make_mut(&mut edited.schema)
    }
}

struct Stored<'s> {
    view: repository::View<'s>,
    id: NamespaceId,
    lent: &'s HashMap<(NamespaceId, Name), Arc<Class>>,
}

impl Declarations for Stored<'_> {
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>> {
        self.view.class(self.id, class)
    }

    fn external_class(&self, class: &Name) -> Result<Option<Arc<Class>>> {
        Ok(self.lent.get(&(self.id, class.clone())).cloned())
    }
}
