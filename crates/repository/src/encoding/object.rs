//! Objects embedded in values, as bytes (FORMAT.md, "Embedded objects").
//!
//! An embedded instance is stored with the name of its class and a list of its properties and
//! defaults. A [`ClassLookup`] finds the class when the instance is read; a class that no longer
//! exists is made from that list. An embedded class is stored with all its superclasses.

use std::sync::Arc;

use cim::status::*;
use cim::{
    Class, ClassDeclaration, Flavor, Instance, Name, Object, PropertyDeclaration, PropertyType,
    Qualifier,
};

use crate::encoding::bytes::{Input, put_length, put_text};
use crate::encoding::declaration::{declaration, put_declaration};
use crate::encoding::layout::{Field, Layout, Mapping};
use crate::encoding::record::{self, Defaults, Record, bit, put_bits};
use crate::encoding::value::{Kind, MAX_DEPTH, deeper};
use crate::error::Fault;

/// Finds the classes of embedded instances, by name in the namespace of the instance that has
/// them.
pub type ClassLookup<'a> = dyn Fn(&Name) -> Option<Arc<Class>> + 'a;

/// Finds no class: embedded instances get classes made from what is stored with them.
pub(crate) const NO_CLASSES: &ClassLookup<'static> = &|_| None;

const INSTANCE: u8 = 1;
const CLASS: u8 = 2;

/// Writes an object that is embedded in one at `depth`.
pub(super) fn put(out: &mut Vec<u8>, object: &Object, depth: u8) -> Result<(), Fault> {
    let depth = deeper(depth, || {
        let message = format!("objects are nested more than {MAX_DEPTH} levels deep");
        Fault::refused(WBEM_E_TOO_MUCH_DATA.with(message))
    })?;
    match object {
        Object::Instance(instance) => {
            out.push(INSTANCE);
            put_instance(out, instance, depth)
        }
        Object::Class(class) => {
            out.push(CLASS);
            let mut chain: Vec<&Arc<Class>> = class.ancestors().collect();
            chain.reverse();
            chain.push(class);
            put_length(out, chain.len())?;
            chain.iter().try_for_each(|c| put_declaration(out, c.declaration(), depth))
        }
    }
}

/// Reads an object written by [`put`].
pub(super) fn read(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Object, Fault> {
    let depth = deeper(depth, || Fault::damaged("embedded objects are nested too deep"))?;
    match input.u8()? {
        INSTANCE => instance(input, classes, depth).map(Object::Instance),
        CLASS => class(input, classes, depth).map(Object::Class),
        _ => Err(Fault::damaged("an embedded object is neither an instance nor a class")),
    }
}

fn put_instance(out: &mut Vec<u8>, instance: &Instance, depth: u8) -> Result<(), Fault> {
    let class = instance.class();
    put_text(out, class.name().as_str())?;
    Layout::of(class).put(out)?;
    let is_key = |slot: usize| class.keys().contains(&(slot as u16));
    put_bits(out, class.properties().len(), is_key);
    record::put(out, instance, Defaults::Kept, depth)
}

fn instance(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Instance, Fault> {
    let name = Name::from(input.text()?);
    let layout = Layout::read(input)?;
    let keys = input.take(layout.fields().len().div_ceil(8))?;
    let kinds: Vec<Kind> = layout.fields().iter().map(|f| f.kind).collect();
    let record = record::read(input, &kinds, classes, depth)?;
    let class = match classes(&name) {
        Some(class) => class,
        None => lost_class(name, &layout, keys, &record)?,
    };
    let mapping = Mapping::new(&layout, &class);
    Ok(record.into_instance(&class, &mapping))
}

/// A class made from an instance of it: names, types, keys, and the defaults that the instance
/// has.
fn lost_class(
    name: Name,
    layout: &Layout,
    keys: &[u8],
    record: &Record<'_>,
) -> Result<Arc<Class>, Fault> {
    let key = || Qualifier::new("key", true, Flavor::default());
    let property = |(at, Field { name, kind }): (usize, &Field)| PropertyDeclaration {
        name: name.clone(),
        ty: PropertyType { cim: kind.cim, is_array: kind.is_array, class: None },
        default: (!record.is_supplied(at)).then(|| record.values[at].clone()),
        qualifiers: bit(keys, at).then(key).into_iter().collect(),
    };
    let properties = layout.fields().iter().enumerate().map(property).collect();
    derive(ClassDeclaration { name, properties, ..Default::default() }, None)
}

fn class(input: &mut Input<'_>, classes: &ClassLookup<'_>, depth: u8) -> Result<Arc<Class>, Fault> {
    let count = input.count()?;
    let mut derived = None;
    for _ in 0..count {
        derived = Some(derive(declaration(input, classes, depth)?, derived)?);
    }
    derived.ok_or_else(|| Fault::damaged("an embedded class is empty"))
}

fn derive(
    declaration: ClassDeclaration,
    superclass: Option<Arc<Class>>,
) -> Result<Arc<Class>, Fault> {
    Class::derive(declaration.into(), superclass, None)
        .map_err(|error| Fault::damaged(format!("an embedded class is invalid: {error}")))
}

/// The kind of each property, for the layout of a class.
pub(super) fn field(property: &cim::Property) -> Field {
    Field { name: property.name.clone(), kind: Kind::of(&property.ty) }
}
