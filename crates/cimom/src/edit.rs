//! A write: one transaction of the repository and the schemas as they will be after it.
//!
//! The session makes one for each put or delete; the compiler puts many objects into one.
//! Where the work fails, everything is as it was. Access has been asked before.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, InstanceKey, Name, Namespace, ObjectPath, Result};
use repository::{NamespaceId, PutMode, Writer};
use wbem::{Flags, PartialPut};

use crate::amended;
use crate::cimom::{Cimom, unknown};
use crate::class_rules::{self, Ground, Rules};
use crate::instance_rules;
use crate::partial;
use crate::schema::{Declarations, Schema};
use crate::system;

/// A write in progress.
pub(crate) struct Edit<'e, 'w> {
    pub(crate) cimom: &'e Cimom,
    writer: &'e mut Writer<'w>,
    schemas: &'e mut HashMap<NamespaceId, Edited>,
    /// Classes that are not stored and that providers have told: in a write no provider is asked.
    lent: HashMap<(NamespaceId, Name), Arc<Class>>,
}

/// A schema that a write has to do with.
struct Edited {
    /// Shared with the readers until it is changed: most writes change no class.
    schema: Arc<Schema>,
    is_changed: bool,
}

/// A namespace of an edit.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) id: NamespaceId,
}

impl Cimom {
    /// Runs `work` in a write that is durable, and seen by every later call, when this returns;
    /// or, where `work` fails, was never there.
    pub(crate) fn edit<T>(&self, work: impl FnOnce(&mut Edit<'_, '_>) -> Result<T>) -> Result<T> {
        let mut schemas = HashMap::new();
        let done = self.repository.write(|writer| {
            let schemas = &mut schemas;
            work(&mut Edit { cimom: self, writer, schemas, lent: HashMap::new() })
        })?;
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
    pub(crate) fn place(&self, namespace: &Namespace) -> Result<Place> {
        let id = self.writer.view().namespace(namespace)?.ok_or_else(|| unknown(namespace))?;
        Ok(Place { namespace: namespace.clone(), id })
    }

    /// Makes known classes of `place` that are not stored and that stored ones may derive from.
    pub(crate) fn lend(&mut self, place: &Place, classes: &[Arc<Class>]) {
        let named = classes.iter().map(|class| ((place.id, class.name().clone()), class.clone()));
        self.lent.extend(named);
    }

    /// The class `name`, if there is one.
    pub(crate) fn find_class(&mut self, place: &Place, name: &Name) -> Result<Option<Arc<Class>>> {
        self.load(place)?;
        let store = self.store(place);
        match self.schemas[&place.id].schema.class(name, &store)? {
            Some(class) => Ok(Some(class)),
            None => store.elsewhere(name),
        }
    }

    fn store<'s>(&'s self, place: &Place) -> Stored<'s> {
        Stored { view: self.writer.view(), id: place.id, lent: &self.lent }
    }

    /// Puts a class. Errors: those of [`class_rules::put`].
    pub(crate) fn put_class(
        &mut self,
        place: &Place,
        declaration: &ClassDeclaration,
        flags: Flags,
        rules: Rules,
    ) -> Result<()> {
        self.load(place)?;
        let writer = &*self.writer;
        let schema = &self.schemas[&place.id].schema;
        let ground = Ground {
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

    /// Deletes a class, all below it and their instances.
    pub(crate) fn delete_class(&mut self, place: &Place, name: &Name) -> Result<()> {
        self.load(place)?;
        let schema = &self.schemas[&place.id].schema;
        if !schema.contains(name) {
            return Err(
                WBEM_E_NOT_FOUND.with(format!("class {name} not found in {}", place.namespace))
            );
        }
        if schema.is_builtin(name) {
            return Err(WBEM_E_INVALID_OPERATION
                .with(format!("class {name} belongs to the system and cannot be deleted")));
        }
        let mut doomed = schema.descendants(name);
        doomed.insert(0, name.clone());
        // Subclasses first, so that no class is ever stored without its superclass.
        for name in doomed.iter().rev() {
            self.writer.delete_class(place.id, name)?;
            self.schema_mut(place).remove(name);
        }
        Ok(())
    }

    /// Puts an instance of a class that is not dynamic; gives its path.
    pub(crate) fn put_instance(
        &mut self,
        place: &Place,
        given: &Instance,
        flags: Flags,
        partial: Option<&PartialPut>,
    ) -> Result<ObjectPath> {
        instance_rules::check_flags(given, flags)?;
        let class = self.instance_class(place, given.class().name())?;
        amended::check_instances_of(&class, &place.namespace)?;
        if !self.schemas[&place.id].schema.contains(class.name()) {
            return Err(WBEM_E_PROVIDER_NOT_CAPABLE.with(format!(
                "class {} is a provider's and not dynamic: nobody keeps instances of it",
                class.name()
            )));
        }
        let instance = match partial {
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
        system::before_put(self.writer, place, &instance)?;
        self.writer.put_instance(place.id, &instance, mode)?;
        instance.relative_path().ok_or_else(|| WBEM_E_NO_KEY.into())
    }

    /// What is stored, with those values of `given` that the put is about.
    fn merge(&self, place: &Place, given: &Instance, partial: &PartialPut) -> Result<Instance> {
        let stored = self.writer.view().instance(place.id, given.class(), &given.key()?)?;
        let stored = stored.ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", given.class().name()))
        })?;
        let merged = partial::merge(&stored, given, partial);
        merged.check()?;
        Ok(merged)
    }

    /// Deletes the stored instance with this key of `class` or below it.
    pub(crate) fn delete_instance(
        &mut self,
        place: &Place,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> Result<()> {
        let missing =
            || WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", class.name()));
        let actual = self.writer.view().locate(place.id, class, key)?.ok_or_else(missing)?;
        let actual = self.find_class(place, &actual)?.ok_or_else(missing)?;
        if !actual.is_a(class.name().as_str()) {
            return Err(missing());
        }
        if let Some(instance) = self.writer.view().instance(place.id, &actual, key)? {
            system::before_delete(self.writer, place, &instance)?;
        }
        self.writer.delete_instance(place.id, &actual, key)?;
        Ok(())
    }

    /// Makes `namespace`, and those it lies in, if they are missing.
    pub(crate) fn ensure_namespace(&mut self, namespace: &Namespace) -> Result<()> {
        if self.writer.view().namespace(namespace)?.is_some() {
            return Ok(());
        }
        let Some(parent) = namespace.parent() else {
            self.writer.create_namespace(namespace)?;
            return Ok(());
        };
        self.ensure_namespace(&parent)?;
        let place = self.place(&parent)?;
        let class = self.instance_class(&place, &system::namespace_class())?;
        let mut instance = Instance::new(class);
        instance.put("Name", &namespace.leaf().into())?;
        self.put_instance(&place, &instance, Flags::CREATE_ONLY, None)?;
        Ok(())
    }

    /// Keeps a small text beside the objects.
    pub(crate) fn put_meta(&mut self, key: &str, value: &str) -> Result<()> {
        self.writer.put_meta(key, Some(value))
    }

    fn instance_class(&mut self, place: &Place, name: &Name) -> Result<Arc<Class>> {
        self.find_class(place, name)?.ok_or_else(|| {
            WBEM_E_INVALID_CLASS.with(format!("class {name} not found in {}", place.namespace))
        })
    }

    /// Sees to it that the schema of `place` is there as this write sees it.
    fn load(&mut self, place: &Place) -> Result<()> {
        if self.schemas.contains_key(&place.id) {
            return Ok(());
        }
        let view = self.writer.view();
        let generation =
            view.generation(&place.namespace)?.ok_or_else(|| unknown(&place.namespace))?;
        let schema = match self.cimom.known(place.id, generation) {
            Some(known) => known,
            None => {
                let stored = view.classes(place.id)?.into_iter().map(|c| (c.name, c.superclass));
                Arc::new(Schema::new(self.cimom.origin(&place.namespace), generation, stored))
            }
        };
        self.schemas.insert(place.id, Edited { schema, is_changed: false });
        Ok(())
    }

    fn schema_mut(&mut self, place: &Place) -> &mut Schema {
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

    fn elsewhere(&self, class: &Name) -> Result<Option<Arc<Class>>> {
        Ok(self.lent.get(&(self.id, class.clone())).cloned())
    }
}
