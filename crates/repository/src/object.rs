//! Objects embedded in values, as bytes (FORMAT.md, "Embedded objects").
//!
//! An embedded instance is stored with the name of its class and its own list of properties;
//! the class itself is found again by a [`ClassLookup`], or made from that list where it
//! is no longer known. An embedded class is stored with all its superclasses.

use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, Name, Object, PropertyDeclaration, PropertyType};

use crate::bytes::{Input, put_length, put_text};
use crate::declaration::{declaration, put_declaration};
use crate::fault::Fault;
use crate::layout::{Field, Layout, Mapping};
use crate::record;
use crate::value::{Kind, MAX_DEPTH, deeper};

/// How the classes of embedded instances are found again, by name in the namespace of the
/// instance that holds them.
pub type ClassLookup<'a> = dyn Fn(&Name) -> Option<Arc<Class>> + 'a;

const INSTANCE: u8 = 1;
const CLASS: u8 = 2;

/// Writes an object that is embedded in one at `depth`.
pub(crate) fn put(out: &mut Vec<u8>, object: &Object, depth: u8) -> Result<(), Fault> {
    let depth = deeper(depth, || {
        let message = format!("objects are embedded in each other more than {MAX_DEPTH} deep");
        Fault::Refused(WBEM_E_TOO_MUCH_DATA.with(message))
    })?;
    match object {
        Object::Instance(instance) => {
            out.push(INSTANCE);
            put_text(out, instance.class().name().as_str())?;
            Layout::of(instance.class()).put(out)?;
            record::put_values(out, instance, depth)
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
pub(crate) fn read(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Object, Fault> {
    let depth = deeper(depth, || Fault::damaged("objects are embedded too deep"))?;
    match input.u8()? {
        INSTANCE => instance(input, classes, depth).map(Object::Instance),
        CLASS => class(input, classes, depth).map(Object::Class),
        _ => Err(Fault::damaged("an embedded object is neither an instance nor a class")),
    }
}

fn instance(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Instance, Fault> {
    let name = Name::from(input.text()?);
    let layout = Layout::read(input)?;
    let class = match classes(&name) {
        Some(class) => class,
        None => class_of_layout(name, &layout)?,
    };
    let mapping = Mapping::new(&layout, &class);
    record::values(input, &class, &mapping, classes, depth)
}

/// The class that a layout tells of: names and types, and nothing else.
fn class_of_layout(name: Name, layout: &Layout) -> Result<Arc<Class>, Fault> {
    let property = |Field { name, kind }: &Field| PropertyDeclaration {
        name: name.clone(),
        ty: PropertyType { cim: kind.cim, is_array: kind.is_array, class: None },
        default: None,
        qualifiers: Default::default(),
    };
    let properties = layout.fields().iter().map(property).collect();
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
        .map_err(|error| Fault::damaged(format!("an embedded class is none: {error}")))
}

/// The kind of each property, for the layout of a class.
pub(crate) fn field(property: &cim::Property) -> Field {
    Field { name: property.name.clone(), kind: Kind::of(&property.ty) }
}
