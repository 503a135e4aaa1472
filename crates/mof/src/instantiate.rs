//! Declared instances, pending defaults and aliases, once their classes are known.
//!
//! The executor of a compilation calls these: it knows the namespaces and answers questions
//! through [`Context`]. Whether the instance may be stored is not asked here.

use std::sync::Arc;

use cim::status::*;
use cim::{
    CimType, Class, ClassDeclaration, Instance, InstanceQualifiers, Name, Namespace, Object,
    ObjectPath, PathKeys, PropertyType, SystemProperty, Value,
};

use crate::action::PropertyValue;
use crate::action::{Action, ActionKind, InitialValue, InstanceDeclaration, PendingDefault};
use crate::convert::{convert, unexpected_array};
use crate::diagnostic::Diagnostic;
use crate::source::Place;

/// What making an object asks of the namespaces.
pub trait Context {
    /// The class of this name in the namespace of the object that is being made.
    fn class(&mut self, name: &Name) -> Result<Arc<Class>>;

    /// What a reference to the object with this alias holds: see [`alias_path`].
    fn alias(&mut self, alias: &Name) -> Result<ObjectPath>;

    /// Gives `instance`, which is declared with an alias at `place`, the key that it gets when it is
    /// put, where that is generated. Nothing is, unless an implementation does it.
    fn generate_key(&mut self, _place: &Place, _instance: &mut Instance) {}
}

/// The instance that is declared, of the class it names. Values are converted to the types of
/// the properties.
///
/// # Errors
///
/// `WBEM_E_NOT_FOUND` for a property that the class lacks, `WBEM_E_READ_ONLY` for a system
/// property, `WBEMMOF_E_TYPE_MISMATCH` and its like, and what `context` answers.
pub fn instantiate(
    declaration: &InstanceDeclaration,
    class: Arc<Class>,
    context: &mut dyn Context,
) -> Result<Instance, Diagnostic> {
    let mut instance = Instance::new(class);
    let mut qualifiers =
        InstanceQualifiers { instance: declaration.qualifiers.clone(), properties: Vec::new() };
    for property in &declaration.properties {
        let slot = slot_of(declaration, property, instance.class())?;
        if let Some(value) = &property.value {
            let ty = instance.class().properties()[slot].ty.clone();
            let place = declaration.place.at(property.span);
            instance.set(slot, resolve(value, &ty, &place, context)?);
        }
        if !property.qualifiers.is_empty() {
            // A class has at most 1024 properties.
            qualifiers.properties.push((slot as u16, property.qualifiers.clone()));
        }
    }
    instance.set_qualifiers(qualifiers);
    Ok(instance)
}

/// Gives `class` the defaults that waited for other objects. `place` is the class's.
///
/// # Errors
///
/// As for [`instantiate`].
pub fn complete_class(
    class: &mut ClassDeclaration,
    pending: &[PendingDefault],
    place: &Place,
    context: &mut dyn Context,
) -> Result<(), Diagnostic> {
    for PendingDefault { property, value, span } in pending {
        let Some(property) = class.properties.get_mut(*property) else { continue };
        property.default = Some(resolve(value, &property.ty, &place.at(*span), context)?);
    }
    Ok(())
}

/// What a reference from an object in the namespace `from` to the object that `target` puts
/// holds: a relative path within one namespace, else a full one (behaviour.md E.4, K).
/// `context` answers for the target's namespace.
///
/// # Errors
///
/// As for [`instantiate`], and `WBEM_E_ILLEGAL_NULL` if a key has no value.
pub fn alias_path(
    target: &Action,
    from: &Namespace,
    context: &mut dyn Context,
) -> Result<ObjectPath, Diagnostic> {
    let relative = match &target.kind {
        ActionKind::PutClass { declaration, .. } => ObjectPath {
            server: None,
            namespace: None,
            class: declaration.name.clone(),
            keys: PathKeys::Class,
        },
        ActionKind::PutInstance { declaration, .. } => relative_path(declaration, context)?,
        ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => {
            let message = "what is deleted has no path to refer to";
            return Err(Diagnostic::new(WBEM_E_NOT_FOUND, message, target.place.clone()));
        }
    };
    if target.namespace == *from {
        return Ok(relative);
    }
    let namespace = Some(target.namespace.clone());
    Ok(ObjectPath { server: Some(".".into()), namespace, ..relative })
}

/// The path of an instance that may not be stored yet: from its keys alone.
fn relative_path(
    declaration: &InstanceDeclaration,
    context: &mut dyn Context,
) -> Result<ObjectPath, Diagnostic> {
    let at = |error: cim::Error| Diagnostic::from_error(&error, declaration.place.clone());
    let mut instance = Instance::new(context.class(&declaration.class).map_err(at)?);
    for property in &declaration.properties {
        let slot = slot_of(declaration, property, instance.class())?;
        if let (true, Some(value)) = (instance.class().is_key(slot), &property.value) {
            let ty = instance.class().properties()[slot].ty.clone();
            let place = declaration.place.at(property.span);
            instance.set(slot, resolve(value, &ty, &place, context)?);
        }
    }
    context.generate_key(&declaration.place, &mut instance);
    instance.relative_path().ok_or_else(|| {
        at(WBEM_E_ILLEGAL_NULL.with(format!(
            "the instance of {} is referred to by its alias and needs a value for each key",
            declaration.class
        )))
    })
}

fn slot_of(
    declaration: &InstanceDeclaration,
    property: &PropertyValue,
    class: &Class,
) -> Result<usize, Diagnostic> {
    let name = property.name.as_str();
    class.slot(name).ok_or_else(|| {
        let error = match SystemProperty::from_name(name) {
            Some(_) => WBEM_E_READ_ONLY.with(format!("system property {name} cannot be written")),
            None => WBEM_E_NOT_FOUND.with(format!("class {} has no property {name}", class.name())),
        };
        Diagnostic::from_error(&error, declaration.place.at(property.span))
    })
}

/// Checks a value against a type as far as possible before other objects are known.
pub(crate) fn check_kind(value: &InitialValue, ty: &PropertyType) -> Result<()> {
    match value {
        InitialValue::Value(value) => convert(value, ty).map(drop),
        InitialValue::Array(_) if !ty.is_array => Err(unexpected_array()),
        InitialValue::Array(elements) => {
            let element = PropertyType { is_array: false, ..ty.clone() };
            elements.iter().try_for_each(|e| check_kind(e, &element))
        }
        InitialValue::Alias(alias) if ty.cim != CimType::Reference || ty.is_array => {
            Err(WBEMMOF_E_UNEXPECTED_ALIAS.with(format!(
                "${alias} cannot be a value of type {ty}; only a reference can be an alias"
            )))
        }
        InitialValue::Instance(instance) if ty.cim != CimType::Object || ty.is_array => {
            Err(WBEMMOF_E_TYPE_MISMATCH
                .with(format!("an instance of {} cannot be a value of type {ty}", instance.class)))
        }
        InitialValue::Alias(_) | InitialValue::Instance(_) => Ok(()),
    }
}

fn resolve(
    value: &InitialValue,
    ty: &PropertyType,
    place: &Place,
    context: &mut dyn Context,
) -> Result<Value, Diagnostic> {
    let at = |error: cim::Error| Diagnostic::from_error(&error, place.clone());
    check_kind(value, ty).map_err(at)?;
    match value {
        InitialValue::Value(value) => convert(value, ty).map_err(at),
        InitialValue::Array(elements) => {
            let element = PropertyType { is_array: false, ..ty.clone() };
            elements
                .iter()
                .map(|e| resolve(e, &element, place, context))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        InitialValue::Alias(alias) => {
            let path = context.alias(alias).map_err(at)?;
            Ok(Value::Reference(path.to_string().into()))
        }
        InitialValue::Instance(declaration) => {
            let class = context
                .class(&declaration.class)
                .map_err(|error| Diagnostic::from_error(&error, declaration.place.clone()))?;
            let instance = instantiate(declaration, class, context)?;
            let value = Value::Object(Arc::new(Object::Instance(instance)));
            let suits = value.check_objects(ty);
            suits.map_err(|e| at(WBEMMOF_E_TYPE_MISMATCH.with(e.message().to_owned())))?;
            Ok(value)
        }
    }
}
