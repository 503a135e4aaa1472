//! How a class is made from its declaration and its superclass, and what may not be.
//!
//! The rules of behaviour.md G.6 and G.7 that concern a class and its ancestors alone: key
//! rules, overriding, singletons, abstract and terminal classes, dynamic classes. What a change of
//! a stored class means for its subclasses and instances is in [`crate::update`].

use std::collections::HashMap;
use std::sync::Arc;

use crate::class::{
    Class, ClassDeclaration, Method, MethodDeclaration, Property, PropertyDeclaration,
};
use crate::name::Name;
use crate::path::Origin;
use crate::qualifier::{Flavor, Qualifiers};
use crate::status::*;
use crate::types::CimType;
use crate::value::Value;

/// The most properties a class may have, inherited ones counted.
pub const MAX_PROPERTIES: usize = 1024;
/// The most keys a class may have.
pub const MAX_KEYS: usize = 256;
/// The longest chain of superclasses, so that nothing that follows one grows without bound.
pub const MAX_DERIVATION: usize = 256;

impl Class {
    /// Makes the class that `declaration` declares under `superclass` (which must be the one
    /// it names). Errors: the documented status of the rule that it breaks, with the names
    /// of the class and the element.
    pub fn derive(
        declaration: Arc<ClassDeclaration>,
        superclass: Option<Arc<Class>>,
        origin: Option<Arc<Origin>>,
    ) -> Result<Arc<Class>> {
        let named = declaration.superclass.as_ref();
        if named != superclass.as_ref().map(|s| s.name()) {
            return Err(WBEM_E_INVALID_SUPERCLASS.with(format!(
                "class {}: superclass {} is not the one given",
                declaration.name,
                named.map_or("(none)", Name::as_str),
            )));
        }
        let parent = superclass.as_deref();
        let qualifiers = class_qualifiers(&declaration, parent)?;
        let properties = merge_properties(&declaration, parent)?;
        let methods = merge_methods(&declaration, parent)?;
        let by_name = slots_by_name(&properties);
        let is_key = |&slot: &u16| properties[usize::from(slot)].qualifiers.is_true("key");
        let class = Class {
            keys: by_name.iter().copied().filter(is_key).collect(),
            defaults: properties.iter().map(|p| p.default.clone()).collect(),
            by_name,
            declaration,
            superclass,
            qualifiers,
            properties,
            methods,
            origin,
            is_projection: false,
        };
        class.check()?;
        Ok(Arc::new(class))
    }

    fn check(&self) -> Result<()> {
        let name = self.name();
        if self.is_terminal() && self.is_abstract() {
            return Err(WBEM_E_INVALID_QUALIFIER
                .with(format!("class {name} cannot be both Terminal and Abstract")));
        }
        if self.properties.len() > MAX_PROPERTIES {
            return Err(WBEM_E_TOO_MANY_PROPERTIES.with(format!(
                "class {name} has {} properties; the limit is {MAX_PROPERTIES}",
                self.properties.len()
            )));
        }
        if self.keys.len() > MAX_KEYS {
            return Err(WBEM_E_CANNOT_BE_KEY.with(format!(
                "class {name} has {} keys; the limit is {MAX_KEYS}",
                self.keys.len()
            )));
        }
        self.check_key_types()?;
        if self.is_singleton() && !self.keys.is_empty() {
            return Err(WBEM_E_CANNOT_BE_SINGLETON
                .with(format!("class {name} is a singleton and must not have keys")));
        }
        self.superclass.as_ref().map_or(Ok(()), |parent| self.check_under(parent))
    }

    fn check_key_types(&self) -> Result<()> {
        for p in self.keys.iter().map(|&slot| &self.properties[usize::from(slot)]) {
            let bad = p.ty.is_array
                || p.ty.cim.is_real()
                || matches!(p.ty.cim, CimType::Object | CimType::Char16);
            if bad {
                return Err(WBEM_E_CANNOT_BE_KEY.with(format!(
                    "property {}.{} of type {} cannot be a key",
                    self.name(),
                    p.name,
                    p.ty
                )));
            }
        }
        Ok(())
    }

    fn check_under(&self, parent: &Class) -> Result<()> {
        let (name, above) = (self.name(), parent.name());
        if parent.is_terminal() {
            return Err(WBEM_E_INVALID_SUPERCLASS
                .with(format!("class {name} cannot derive from {above}, which is Terminal")));
        }
        if self.ancestors().count() > MAX_DERIVATION {
            return Err(WBEM_E_INVALID_SUPERCLASS
                .with(format!("class {name} has more than {MAX_DERIVATION} superclasses")));
        }
        // A keyless abstract class leaves the identity of its instances to its subclasses.
        let open = parent.keys.is_empty() && parent.is_abstract() && !parent.is_singleton();
        if self.keys.len() > parent.keys.len() && !open {
            return Err(WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE.with(format!(
                "class {name} declares a key of its own; only below a keyless abstract class may it, \
                 which {above} is not"
            )));
        }
        if self.is_singleton() && !parent.is_singleton() && !open {
            return Err(WBEM_E_CANNOT_BE_SINGLETON
                .with(format!("class {name} is a singleton but its superclass {above} is not")));
        }
        if self.is_abstract() && !parent.is_abstract() {
            return Err(WBEM_E_CANNOT_BE_ABSTRACT
                .with(format!("class {name} is abstract but its superclass {above} is not")));
        }
        if parent.is_dynamic() && !self.is_dynamic() {
            return Err(WBEM_E_INVALID_QUALIFIER.with(format!(
                "class {name} derives from the dynamic class {above} and must be dynamic too"
            )));
        }
        Ok(())
    }
}

fn class_qualifiers(declaration: &ClassDeclaration, parent: Option<&Class>) -> Result<Qualifiers> {
    if let Some(Value::Boolean(false)) = declaration.qualifiers.value("dynamic") {
        return Err(WBEM_E_INVALID_QUALIFIER
            .with(format!("class {}: Dynamic can only be TRUE", declaration.name)));
    }
    let inherited = parent.map(|p| p.qualifiers.propagated(Flavor::TO_DERIVED)).unwrap_or_default();
    overlay(&declaration.qualifiers, &inherited, &declaration.name, "")
}

/// `own` over `inherited`, for the class or an element of it.
fn overlay(
    own: &Qualifiers,
    inherited: &Qualifiers,
    class: &Name,
    element: &str,
) -> Result<Qualifiers> {
    own.over(inherited).map_err(|q| {
        let dot = if element.is_empty() { "" } else { "." };
        WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED.with(format!(
            "{class}{dot}{element}: qualifier {} may not have another value than the superclass gives",
            q.name
        ))
    })
}

fn merge_properties(
    declaration: &ClassDeclaration,
    parent: Option<&Class>,
) -> Result<Box<[Arc<Property>]>> {
    let mut merged: Vec<Arc<Property>> = match parent {
        Some(parent) => parent.properties.iter().map(|p| inherit_property(parent, p)).collect(),
        None => Vec::new(),
    };
    let inherited = merged.len();
    let mut seen = HashMap::with_capacity(declaration.properties.len());
    for own in &declaration.properties {
        if seen.insert(&own.name, ()).is_some() {
            return Err(WBEM_E_INVALID_PROPERTY
                .with(format!("class {} declares property {} twice", declaration.name, own.name)));
        }
        match parent.and_then(|p| p.slot(own.name.as_str())).filter(|&slot| slot < inherited) {
            Some(slot) => {
                merged[slot] = Arc::new(override_property(declaration, own, &merged[slot])?)
            }
            None => merged.push(Arc::new(Property {
                name: own.name.clone(),
                ty: own.ty.clone(),
                default: own.default.clone().unwrap_or_default(),
                qualifiers: own.qualifiers.clone(),
                declared_in: declaration.name.clone(),
            })),
        }
    }
    Ok(merged.into())
}

/// A property as a subclass of `parent` has it. One that `parent` itself inherited has passed
/// this way already and is shared.
fn inherit_property(parent: &Class, property: &Arc<Property>) -> Arc<Property> {
    if !parent.declares(property) {
        return property.clone();
    }
    Arc::new(Property {
        qualifiers: property.qualifiers.propagated(Flavor::TO_DERIVED),
        ..(**property).clone()
    })
}

fn override_property(
    declaration: &ClassDeclaration,
    own: &PropertyDeclaration,
    inherited: &Property,
) -> Result<Property> {
    let class = &declaration.name;
    if !own.ty.same_kind(&inherited.ty) {
        return Err(WBEM_E_UPDATE_TYPE_MISMATCH.with(format!(
            "property {class}.{} is {}, but {} declares it as {}",
            own.name, own.ty, inherited.declared_in, inherited.ty
        )));
    }
    let key = inherited.qualifiers.is_true("key");
    let own_key = own.qualifiers.value("key");
    if own_key.is_some_and(|v| *v != Value::Boolean(key)) {
        return Err(WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE.with(format!(
            "property {class}.{}: Key is fixed by {}",
            own.name, inherited.declared_in
        )));
    }
    let indexed = inherited.qualifiers.is_true("indexed");
    if own.qualifiers.value("indexed").is_some_and(|v| *v != Value::Boolean(indexed)) {
        return Err(WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE.with(format!(
            "property {class}.{}: Indexed is fixed by {}",
            own.name, inherited.declared_in
        )));
    }
    Ok(Property {
        name: own.name.clone(),
        ty: own.ty.clone(),
        default: own.default.clone().unwrap_or_else(|| inherited.default.clone()),
        qualifiers: overlay(&own.qualifiers, &inherited.qualifiers, class, own.name.as_str())?,
        declared_in: class.clone(),
    })
}

fn merge_methods(
    declaration: &ClassDeclaration,
    parent: Option<&Class>,
) -> Result<Box<[Arc<Method>]>> {
    let mut merged: Vec<Arc<Method>> = match parent {
        Some(parent) => parent.methods.iter().map(|m| inherit_method(parent, m)).collect(),
        None => Vec::new(),
    };
    let inherited = merged.len();
    for own in &declaration.methods {
        match merged.iter().position(|m| m.name == own.name) {
            Some(slot) if slot < inherited => {
                merged[slot] = Arc::new(override_method(declaration, own, &merged[slot])?);
            }
            Some(_) => {
                return Err(WBEM_E_INVALID_METHOD.with(format!(
                    "class {} declares method {} twice",
                    declaration.name, own.name
                )));
            }
            None => merged.push(Arc::new(Method {
                name: own.name.clone(),
                return_type: own.return_type.clone(),
                parameters: own.parameters.clone(),
                qualifiers: own.qualifiers.clone(),
                declared_in: declaration.name.clone(),
            })),
        }
    }
    Ok(merged.into())
}

fn inherit_method(parent: &Class, method: &Arc<Method>) -> Arc<Method> {
    if method.declared_in != *parent.name() {
        return method.clone();
    }
    Arc::new(Method {
        qualifiers: method.qualifiers.propagated(Flavor::TO_DERIVED),
        ..(**method).clone()
    })
}

fn override_method(
    declaration: &ClassDeclaration,
    own: &MethodDeclaration,
    inherited: &Method,
) -> Result<Method> {
    let class = &declaration.name;
    if !same_signature(own, inherited) {
        return Err(WBEM_E_UPDATE_PROPAGATED_METHOD.with(format!(
            "method {class}.{} has another signature than in {}",
            own.name, inherited.declared_in
        )));
    }
    Ok(Method {
        name: own.name.clone(),
        return_type: own.return_type.clone(),
        parameters: own.parameters.clone(),
        qualifiers: overlay(&own.qualifiers, &inherited.qualifiers, class, own.name.as_str())?,
        declared_in: class.clone(),
    })
}

/// Whether the parameters agree in name, kind and direction, and the return type in kind.
/// Classes of references and embedded objects may be narrowed.
fn same_signature(own: &MethodDeclaration, inherited: &Method) -> bool {
    let same_return = match (&own.return_type, &inherited.return_type) {
        (Some(a), Some(b)) => a.same_kind(b),
        (None, None) => true,
        _ => false,
    };
    same_return
        && own.parameters.len() == inherited.parameters.len()
        && own.parameters.iter().zip(&inherited.parameters).all(|(a, b)| {
            a.name == b.name
                && a.ty.same_kind(&b.ty)
                && (a.is_in(), a.is_out()) == (b.is_in(), b.is_out())
        })
}

pub(crate) fn slots_by_name(properties: &[Arc<Property>]) -> Box<[u16]> {
    // More slots than a u16 holds are refused by the limit before anything looks them up.
    let mut slots: Vec<u16> = (0..properties.len().min(usize::from(u16::MAX)) as u16).collect();
    slots.sort_by(|&a, &b| properties[usize::from(a)].name.cmp(&properties[usize::from(b)].name));
    slots.into()
}
