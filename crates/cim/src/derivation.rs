//! How a class is made from its declaration and its superclass, and what may not be.
//!
//! The rules of behaviour.md G.6 and G.7 that concern a class and its ancestors alone: key
//! rules, overriding, singletons, abstract and terminal classes, dynamic classes. What a change of
//! a stored class means for its subclasses and instances is in [`crate::update`], which names are
//! legal in [`crate::naming`].

use std::collections::HashSet;
use std::sync::Arc;

use crate::class::{
    Class, ClassDeclaration, Method, MethodDeclaration, Property, PropertyDeclaration,
};
use crate::name::Name;
use crate::path::Origin;
use crate::qualifier::{Flavor, Qualifiers};
use crate::signature::{self, Signatures};
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
    /// it names).
    ///
    /// # Errors
    ///
    /// The documented status of the rule that it breaks, with the names of the class and the
    /// element.
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
        let by_name = slots_by_name(parent, &properties);
        let marks: Vec<Marks> = properties.iter().map(|p| Marks::of(&p.qualifiers)).collect();
        let is_key = |&slot: &u16| marks[usize::from(slot)].is_key;
        let is_singleton =
            qualifiers.is_true("singleton") || parent.is_some_and(Class::is_singleton);
        let class = Class {
            keys: by_name.iter().copied().filter(is_key).collect(),
            required: required_slots(&marks, parent),
            dynamic: dynamic_slots(&marks, &qualifiers),
            defaults: properties.iter().map(|p| p.default.clone()).collect(),
            by_name,
            declaration,
            superclass,
            qualifiers,
            properties,
            methods,
            origin,
            is_singleton,
            is_projection: false,
        };
        class.check()?;
        Ok(Arc::new(class))
    }

    /// Whether an abstract class stands below an abstract one, as WMI's own rules demand (G.7).
    /// [`Class::derive`] does not ask: DMTF's schema has abstract classes below concrete ones.
    ///
    /// # Errors
    ///
    /// `WBEM_E_CANNOT_BE_ABSTRACT`.
    pub fn check_abstract(&self) -> Result<()> {
        match &self.superclass {
            Some(parent) if self.declares_abstract() && !parent.is_abstract() => {
                Err(WBEM_E_CANNOT_BE_ABSTRACT.with(format!(
                    "class {} is abstract but its superclass {} is not",
                    self.name(),
                    parent.name()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether an association that can have instances has two references, as WMI's own rules demand
    /// (E.1); one that has more by its superclass is no news. [`Class::derive`] does not ask: DMTF's
    /// dialect has associations of several.
    ///
    /// # Errors
    ///
    /// `WBEM_E_NOT_SUPPORTED`.
    pub fn check_references(&self) -> Result<()> {
        let count = self.count_references();
        let is_news = self.superclass.as_ref().is_none_or(|s| s.count_references() != count);
        if !self.is_association() || count == 2 || (count > 2 && !is_news) {
            return Ok(());
        }
        if count < 2 && self.is_abstract() {
            return Ok(());
        }
        Err(WBEM_E_NOT_SUPPORTED.with(format!(
            "association {} has {count} references; an association has two",
            self.name()
        )))
    }

    /// How many objects it links; an array of references holds no end of an association.
    fn count_references(&self) -> usize {
        let is_end = |p: &&Arc<Property>| p.ty.cim == CimType::Reference && !p.ty.is_array;
        self.properties.iter().filter(is_end).count()
    }

    fn check(&self) -> Result<()> {
        let name = self.name();
        if self.is_terminal() && self.declares_abstract() {
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
        if let Some(p) = self.properties.iter().find(|p| p.refuses_point(&p.default)) {
            return Err(WBEM_E_TYPE_MISMATCH
                .with(format!("property {name}.{}: the default is no interval", p.name)));
        }
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
        if parent.is_a(name.as_str()) {
            return Err(WBEM_E_CIRCULAR_REFERENCE
                .with(format!("class {name} cannot derive from {above}, which derives from it")));
        }
        if parent.is_terminal() {
            return Err(WBEM_E_INVALID_SUPERCLASS
                .with(format!("class {name} cannot derive from {above}, which is Terminal")));
        }
        if self.ancestors().count() > MAX_DERIVATION {
            return Err(WBEM_E_INVALID_SUPERCLASS
                .with(format!("class {name} has more than {MAX_DERIVATION} superclasses")));
        }
        if let Some(key) = self.added_key(parent)
            && !parent.allows_keys_below()
        {
            return Err(WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE.with(format!(
                "class {name} makes {} a key; only below a class without keys that is no \
                 singleton may it, which {above} is not",
                key.name
            )));
        }
        if self.is_singleton() && !parent.is_singleton() && !parent.allows_singletons_below() {
            return Err(WBEM_E_CANNOT_BE_SINGLETON
                .with(format!("class {name} is a singleton but its superclass {above} is not")));
        }
        if parent.is_dynamic() && !self.is_dynamic() {
            return Err(WBEM_E_INVALID_QUALIFIER.with(format!(
                "class {name} derives from the dynamic class {above} and must be dynamic too"
            )));
        }
        Ok(())
    }

    /// Whether its subclasses may introduce keys.
    pub(crate) fn allows_keys_below(&self) -> bool {
        self.keys.is_empty() && !self.is_singleton
    }

    /// Whether a subclass may become a singleton.
    pub(crate) fn allows_singletons_below(&self) -> bool {
        self.allows_keys_below() && self.is_abstract()
    }

    /// A key that `parent` does not have as a key, be the property new or inherited.
    fn added_key(&self, parent: &Class) -> Option<&Property> {
        let is_key_above = |p: &Property| {
            parent.property(p.name.as_str()).is_some_and(|p| p.qualifiers.is_true("key"))
        };
        let keys = self.keys.iter().map(|&slot| &*self.properties[usize::from(slot)]);
        keys.into_iter().find(|p| !is_key_above(p))
    }
}

fn class_qualifiers(declaration: &ClassDeclaration, parent: Option<&Class>) -> Result<Qualifiers> {
    for only_true in ["Dynamic", "DynProps", "Singleton"] {
        if let Some(Value::Boolean(false)) = declaration.qualifiers.value(only_true) {
            return Err(WBEM_E_INVALID_QUALIFIER
                .with(format!("class {}: {only_true} can only be TRUE", declaration.name)));
        }
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
    let mut seen = HashSet::with_capacity(declaration.properties.len());
    for own in &declaration.properties {
        if !seen.insert(&own.name) {
            return Err(WBEM_E_INVALID_PROPERTY
                .with(format!("class {} declares property {} twice", declaration.name, own.name)));
        }
        check_default(&declaration.name, own)?;
        let overridden = parent.and_then(|p| Some((p, p.slot(own.name.as_str())?)));
        match overridden {
            Some((parent, slot)) => {
                check_index(declaration, own, parent)?;
                merged[slot] = Arc::new(override_property(declaration, own, &merged[slot])?);
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

impl ClassDeclaration {
    /// Whether the objects that are defaults of its properties and parameters are of the declared
    /// classes. It is asked of what is put; a class that is stored is read as it is.
    ///
    /// # Errors
    ///
    /// `WBEM_E_TYPE_MISMATCH`.
    pub fn check_default_objects(&self) -> Result<()> {
        let wrong = |place: String, e: Error| {
            WBEM_E_TYPE_MISMATCH.with(format!(
                "{place} of class {}: the default: {}",
                self.name,
                e.message()
            ))
        };
        for PropertyDeclaration { name, ty, default, .. } in &self.properties {
            let suits = default.as_ref().map_or(Ok(()), |default| default.check_objects(ty));
            suits.map_err(|e| wrong(format!("property {name}"), e))?;
        }
        for method in &self.methods {
            for parameter in &method.parameters {
                let suits = parameter.default.check_objects(&parameter.ty);
                let place = || format!("parameter {} of method {}", parameter.name, method.name);
                suits.map_err(|e| wrong(place(), e))?;
            }
        }
        Ok(())
    }
}

fn check_default(class: &Name, own: &PropertyDeclaration) -> Result<()> {
    if own.default.as_ref().is_none_or(|value| value.has_type(&own.ty)) {
        return Ok(());
    }
    Err(WBEM_E_TYPE_MISMATCH
        .with(format!("property {class}.{}: the default is no {}", own.name, own.ty)))
}

/// An inherited index stays as it is. Indexed need not propagate, so all classes above are asked.
fn check_index(
    declaration: &ClassDeclaration,
    own: &PropertyDeclaration,
    parent: &Class,
) -> Result<()> {
    let Some(written) = own.qualifiers.value("indexed") else { return Ok(()) };
    if *written == Value::Boolean(is_indexed(parent, own.name.as_str())) {
        return Ok(());
    }
    Err(WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE.with(format!(
        "property {}.{}: Indexed is fixed by the superclass {}",
        declaration.name,
        own.name,
        parent.name()
    )))
}

/// Whether `class` or a class above it has an index over `property`.
pub(crate) fn is_indexed(class: &Class, property: &str) -> bool {
    std::iter::once(class)
        .chain(class.ancestors().map(|c| &**c))
        .map_while(|c| c.property(property))
        .any(|p| p.qualifiers.is_true("indexed"))
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
    // Whether a class is narrower than another one is for who knows both; any class is narrower
    // than none.
    let is_wider = own.ty.class.is_none() && inherited.ty.class.is_some();
    if !own.ty.same_kind(&inherited.ty) || is_wider {
        return Err(WBEM_E_UPDATE_TYPE_MISMATCH.with(format!(
            "property {class}.{} is {}, but {} declares it as {}",
            own.name, own.ty, inherited.declared_in, inherited.ty
        )));
    }
    // Whether it may become a key is a question to the whole class: `check_under`.
    let stops_being_key = |v: &Value| inherited.qualifiers.is_true("key") && !is_true(v);
    if own.qualifiers.value("key").is_some_and(stops_being_key) {
        return Err(WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE.with(format!(
            "property {class}.{} is a key in {} and stays one",
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
    let mut seen = HashSet::with_capacity(declaration.methods.len());
    for own in &declaration.methods {
        if !seen.insert(&own.name) {
            return Err(WBEM_E_INVALID_METHOD
                .with(format!("class {} declares method {} twice", declaration.name, own.name)));
        }
        check_parameters(&declaration.name, own)?;
        signature::check(&declaration.name, own)?;
        match merged.iter().position(|m| m.name == own.name) {
            Some(slot) => {
                merged[slot] = Arc::new(override_method(declaration, own, &merged[slot])?);
            }
            None => merged.push(Arc::new(Method {
                name: own.name.clone(),
                return_type: own.return_type.clone(),
                parameters: own.parameters.clone(),
                qualifiers: own.qualifiers.clone(),
                declared_in: declaration.name.clone(),
                signatures: Signatures::default(),
            })),
        }
    }
    Ok(merged.into())
}

fn check_parameters(class: &Name, own: &MethodDeclaration) -> Result<()> {
    let mut seen = HashSet::with_capacity(own.parameters.len());
    for parameter in &own.parameters {
        let place = || format!("method {class}.{}: parameter {}", own.name, parameter.name);
        if !seen.insert(&parameter.name) {
            return Err(
                WBEM_E_INVALID_DUPLICATE_PARAMETER.with(format!("{} is declared twice", place()))
            );
        }
        if !parameter.default.has_type(&parameter.ty) {
            return Err(WBEM_E_TYPE_MISMATCH.with(format!(
                "{}: the default is no {}",
                place(),
                parameter.ty
            )));
        }
    }
    Ok(())
}

fn is_true(value: &Value) -> bool {
    *value == Value::Boolean(true)
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
        signatures: Signatures::default(),
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

/// What the qualifiers of a property say of its slot.
#[derive(Default)]
struct Marks {
    is_key: bool,
    is_required: bool,
    is_dynamic: bool,
}

impl Marks {
    fn of(qualifiers: &Qualifiers) -> Self {
        let mut marks = Marks::default();
        for qualifier in qualifiers.iter().filter(|q| q.value == Value::Boolean(true)) {
            let is = |name| qualifier.name.is(name);
            marks.is_key |= is("key");
            marks.is_required |= is("key") || is("not_null") || is("indexed");
            marks.is_dynamic |= is("dynamic");
        }
        marks
    }
}

/// A class's slots begin with its superclass's, so what is required there is required here.
fn required_slots(marks: &[Marks], parent: Option<&Class>) -> Box<[u16]> {
    let is_required = |&slot: &u16| {
        marks[usize::from(slot)].is_required || parent.is_some_and(|p| p.required.contains(&slot))
    };
    slots(marks.len()).filter(is_required).collect()
}

/// The number of every slot. More than a u16 holds are refused by the limit before anything
/// looks them up.
fn slots(count: usize) -> std::ops::Range<u16> {
    0..count.min(usize::from(u16::MAX)) as u16
}

/// The slots in the order of their names, where `parent` has the first of them.
pub(crate) fn slots_by_name(parent: Option<&Class>, properties: &[Arc<Property>]) -> Box<[u16]> {
    // The order of the parent's, which the sort finds, saves most comparisons.
    let mut ordered = parent.map_or(Vec::new(), |parent| parent.by_name.to_vec());
    ordered.extend(slots(properties.len()).skip(ordered.len()));
    ordered.sort_by(|&a, &b| properties[usize::from(a)].name.cmp(&properties[usize::from(b)].name));
    ordered.into()
}

/// The slots whose values come from property providers (behaviour.md C.1).
fn dynamic_slots(marks: &[Marks], class: &Qualifiers) -> Box<[u16]> {
    let all = class.is_true("dynprops");
    let is_dynamic = |&slot: &u16| {
        let marks = &marks[usize::from(slot)];
        !marks.is_key && (all || marks.is_dynamic)
    };
    slots(marks.len()).filter(is_dynamic).collect()
}
