//! Class declarations and qualifiers as bytes (FORMAT.md, "Declarations").
//!
//! Only what a class declares itself is stored; the caller computes what it inherits.

use cim::{
    ClassDeclaration, Flavor, MethodDeclaration, Name, Parameter, PropertyDeclaration,
    PropertyType, Qualifier, Qualifiers,
};

use crate::encoding::bytes::{Input, put_length, put_optional_text, put_text};
use crate::encoding::object::ClassLookup;
use crate::encoding::value::{Kind, marked, put_marked};
use crate::error::Fault;

pub(crate) fn put_declaration(
    out: &mut Vec<u8>,
    class: &ClassDeclaration,
    depth: u8,
) -> Result<(), Fault> {
    put_text(out, class.name.as_str())?;
    put_optional_text(out, class.superclass.as_ref().map(Name::as_str))?;
    put_qualifiers(out, &class.qualifiers, depth)?;
    put_length(out, class.properties.len())?;
    for property in &class.properties {
        put_text(out, property.name.as_str())?;
        put_type(out, &property.ty)?;
        out.push(property.default.is_some().into());
        if let Some(default) = &property.default {
            put_marked(out, default, depth)?;
        }
        put_qualifiers(out, &property.qualifiers, depth)?;
    }
    put_length(out, class.methods.len())?;
    class.methods.iter().try_for_each(|method| put_method(out, method, depth))
}

pub(crate) fn declaration(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<ClassDeclaration, Fault> {
    Ok(ClassDeclaration {
        name: input.text()?.into(),
        superclass: input.optional_text()?.map(Name::from),
        qualifiers: qualifiers(input, classes, depth)?,
        properties: list(input, |input| {
            Ok(PropertyDeclaration {
                name: input.text()?.into(),
                ty: property_type(input)?,
                default: match input.u8()? {
                    0 => None,
                    _ => Some(marked(input, classes, depth)?),
                },
                qualifiers: qualifiers(input, classes, depth)?,
            })
        })?,
        methods: list(input, |input| method(input, classes, depth))?,
        is_amended: false,
    })
}

fn put_method(out: &mut Vec<u8>, method: &MethodDeclaration, depth: u8) -> Result<(), Fault> {
    put_text(out, method.name.as_str())?;
    out.push(method.return_type.is_some().into());
    if let Some(ty) = &method.return_type {
        put_type(out, ty)?;
    }
    put_length(out, method.parameters.len())?;
    for parameter in &method.parameters {
        put_text(out, parameter.name.as_str())?;
        put_type(out, &parameter.ty)?;
        put_marked(out, &parameter.default, depth)?;
        put_qualifiers(out, &parameter.qualifiers, depth)?;
    }
    put_qualifiers(out, &method.qualifiers, depth)
}

fn method(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<MethodDeclaration, Fault> {
    Ok(MethodDeclaration {
        name: input.text()?.into(),
        return_type: match input.u8()? {
            0 => None,
            _ => Some(property_type(input)?),
        },
        parameters: list(input, |input| {
            Ok(Parameter {
                name: input.text()?.into(),
                ty: property_type(input)?,
                default: marked(input, classes, depth)?,
                qualifiers: qualifiers(input, classes, depth)?,
            })
        })?,
        qualifiers: qualifiers(input, classes, depth)?,
    })
}

pub(super) fn put_qualifiers(
    out: &mut Vec<u8>,
    qualifiers: &Qualifiers,
    depth: u8,
) -> Result<(), Fault> {
    put_length(out, qualifiers.len())?;
    for qualifier in qualifiers {
        put_text(out, qualifier.name.as_str())?;
        out.push(qualifier.flavor.0);
        put_marked(out, &qualifier.value, depth)?;
    }
    Ok(())
}

pub(super) fn qualifiers(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Qualifiers, Fault> {
    let read = list(input, |input| {
        Ok(Qualifier {
            name: input.text()?.into(),
            flavor: Flavor(input.u8()?),
            value: marked(input, classes, depth)?,
        })
    })?;
    Ok(read.into_iter().collect())
}

fn put_type(out: &mut Vec<u8>, ty: &PropertyType) -> Result<(), Fault> {
    out.push(Kind::of(ty).mark());
    put_optional_text(out, ty.class.as_ref().map(Name::as_str))
}

fn property_type(input: &mut Input<'_>) -> Result<PropertyType, Fault> {
    let kind = Kind::from_mark(input.u8()?)?;
    let class = input.optional_text()?.map(Name::from);
    Ok(PropertyType { cim: kind.cim, is_array: kind.is_array, class })
}

fn list<T>(
    input: &mut Input<'_>,
    mut element: impl FnMut(&mut Input<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let count = input.count()?;
    (0..count).map(|_| element(input)).collect()
}
