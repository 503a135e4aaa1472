//! The struct that is to be a class: its fields as properties, and what forbids it.
//!
//! Checks everything that the text of the struct alone determines, so that the error has its
//! location; everything else is checked when the class is compiled.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Type};

use crate::attributes::{OnClass, OnField, Qualifier};

/// Where a class lives that does not say it.
const NAMESPACE: &str = r"root\cimv2";

/// The struct.
pub(crate) struct Class {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) provider: Option<String>,
    pub(crate) superclass: Option<String>,
    pub(crate) qualifiers: Vec<Qualifier>,
    pub(crate) fields: Vec<Field>,
}

/// A field.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) name: String,
    pub(crate) is_key: bool,
    pub(crate) is_inherited: bool,
    pub(crate) qualifiers: Vec<Qualifier>,
}

impl Class {
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        let on = OnClass::read(&input.attrs)?;
        if !input.generics.params.is_empty() {
            return Err(Error::new(input.generics.span(), "a class has no generic parameters"));
        }
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.ident.span(), "a class is a struct"));
        };
        let Fields::Named(named) = &data.fields else {
            let why = "the properties of a class have names; write the fields as { name: Type }";
            return Err(Error::new(input.ident.span(), why));
        };
        let name = class_name(&on.name, &input.ident)?;
        if let Some(superclass) = &on.superclass {
            check(&superclass.value(), superclass.span())?;
        }
        let fields: Vec<Field> = named.named.iter().map(Field::read).collect::<Result<_>>()?;
        unique(&fields)?;
        check_keys(&on, &fields, &input.ident)?;
        let text = |given: &Option<LitStr>| given.as_ref().map(LitStr::value);
        Ok(Class {
            ident: input.ident.clone(),
            name,
            namespace: text(&on.namespace).unwrap_or_else(|| NAMESPACE.to_owned()),
            provider: text(&on.provider),
            superclass: text(&on.superclass),
            qualifiers: on.qualifiers,
            fields,
        })
    }
}

impl Field {
    fn read(field: &syn::Field) -> Result<Self> {
        let on = OnField::read(&field.attrs)?;
        let ident = field.ident.clone().expect("the fields are named ones");
        let name = match &on.rename {
            Some(name) => name.value(),
            None => ident.unraw().to_string(),
        };
        let span = on.rename.as_ref().map_or(ident.span(), LitStr::span);
        check(&name, span)?;
        if on.key.is_some() {
            check_key(&field.ty)?;
        }
        if let (Some(span), Some(other)) = (on.inherited, plain_qualifier(&on.qualifiers)) {
            let why = format!(
                "an inherited property is declared by the superclass; {} has no place here",
                other.name
            );
            return Err(Error::new(span, why));
        }
        Ok(Field {
            ident,
            ty: field.ty.clone(),
            name,
            is_key: on.key.is_some(),
            is_inherited: on.inherited.is_some(),
            qualifiers: on.qualifiers,
        })
    }
}

/// A qualifier other than Key, which also says what the field is for.
fn plain_qualifier(qualifiers: &[Qualifier]) -> Option<&Qualifier> {
    qualifiers.iter().find(|qualifier| qualifier.name != "Key")
}

fn class_name(given: &Option<LitStr>, ident: &Ident) -> Result<String> {
    let (name, span) = match given {
        Some(name) => (name.value(), name.span()),
        None => (ident.unraw().to_string(), ident.span()),
    };
    check(&name, span)?;
    Ok(name)
}

/// # Errors
///
/// What WMI does not take as the name of a class or a property that is not its own.
fn check(name: &str, span: Span) -> Result<()> {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let is_identifier =
        name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    if !is_identifier {
        let why = format!("\"{name}\" is no name: letters, digits and underscores, no digit first");
        return Err(Error::new(span, why));
    }
    if name.starts_with('_') || name.ends_with('_') {
        let why = format!(
            "\"{name}\" begins or ends with an underscore, which WMI keeps for itself; \
             give it another name"
        );
        return Err(Error::new(span, why));
    }
    Ok(())
}

/// # Errors
///
/// The second property of a name, without regard to case.
fn unique(fields: &[Field]) -> Result<()> {
    for (at, field) in fields.iter().enumerate() {
        let same = |other: &&Field| other.name.to_lowercase() == field.name.to_lowercase();
        if let Some(other) = fields[..at].iter().find(same) {
            let why = format!(
                "the property is called as that of the field {}: names compare without case",
                other.ident
            );
            return Err(Error::new(field.ident.span(), why));
        }
    }
    Ok(())
}

fn check_keys(on: &OnClass, fields: &[Field], ident: &Ident) -> Result<()> {
    let key = fields.iter().find(|field| field.is_key);
    if let (Some(_), Some(key)) = (on.singleton, key) {
        let why = "a singleton has no key: there is one instance";
        return Err(Error::new(key.ident.span(), why));
    }
    let needs_one = on.provider.is_some() && on.singleton.is_none();
    if needs_one && key.is_none() {
        let why = "a provided class needs a key: mark a field with #[cim(key)] (also one that is \
                   inherited), or the class as a singleton";
        return Err(Error::new(ident.span(), why));
    }
    Ok(())
}

/// # Errors
///
/// A type that no key has.
fn check_key(ty: &Type) -> Result<()> {
    let why = match head(ty).as_deref() {
        Some("Option") => "a key is never NULL, so it is no Option",
        Some("Vec") => "an array is no key",
        Some("f32" | "f64") => "a real is no key",
        _ => return Ok(()),
    };
    Err(Error::new(ty.span(), why))
}

/// The last name of a type's path, as `Option` of `std::option::Option<u8>`.
fn head(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a struct, and the text at which it is said.
    fn wrong(text: &str) -> (String, String) {
        let input: DeriveInput = syn::parse_str(text).unwrap();
        let error = Class::read(&input).err().expect("it is wrong");
        (error.span().source_text().unwrap(), error.to_string())
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        for (text, place, says) in [
            ("enum E { A }", "E", "a class is a struct"),
            ("struct S(u8);", "S", "{ name: Type }"),
            ("struct S<T> { #[cim(key)] a: T }", "<T>", "no generic parameters"),
            ("#[cim(colour = 1)] struct S { a: u8 }", "colour", "a class has name, namespace"),
            ("struct S { #[cim(index)] a: u8 }", "index", "a property has key, rename"),
            ("#[cim(name = 5)] struct S { a: u8 }", "5", "expected string literal"),
            ("#[cim(name = \"a b\")] struct S { a: u8 }", "\"a b\"", "is no name"),
            ("#[cim(name = \"__S\")] struct S { a: u8 }", "\"__S\"", "underscore"),
            ("#[cim(superclass = \"\")] struct S { a: u8 }", "\"\"", "is no name"),
            ("#[cim(name = \"A\", name = \"B\")] struct S { a: u8 }", "name = \"B\"", "twice"),
            ("struct S { a_: u8 }", "a_", "underscore"),
            ("struct S { #[cim(rename = \"1st\")] a: u8 }", "\"1st\"", "no digit first"),
            ("struct S { a: u8, #[cim(rename = \"A\")] b: u8 }", "b", "names compare without case"),
            ("struct S { #[cim(key)] a: Option<u8> }", "Option<u8>", "a key is never NULL"),
            ("struct S { #[cim(key)] a: Vec<u8> }", "Vec<u8>", "an array is no key"),
            ("struct S { #[cim(key)] a: f64 }", "f64", "a real is no key"),
            ("#[cim(provider = \"P\")] struct S { a: u8 }", "S", "needs a key"),
            ("#[cim(singleton)] struct S { #[cim(key)] a: u8 }", "a", "a singleton has no key"),
            ("struct S { #[cim(qualifiers(A = 1, a = 2))] b: u8 }", "a", "set twice"),
            ("struct S { #[cim(qualifiers(A = 'x'))] b: u8 }", "'x'", "a qualifier is a string"),
            ("struct S { #[cim(qualifiers(A = 4294967296))] b: u8 }", "4294967296", "sint32"),
            (
                "struct S { #[cim(inherited, description = \"x\")] a: u8 }",
                "inherited",
                "declared by the superclass",
            ),
        ] {
            let (at, message) = wrong(text);
            assert_eq!(at, place, "{text}: {message}");
            assert!(message.contains(says), "{text}: {message}");
        }
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let text = "struct Demo { #[cim(key)] r#type: u8, Size: Option<u64> }";
        let class = Class::read(&syn::parse_str(text).unwrap()).unwrap();
        assert_eq!((class.name.as_str(), class.namespace.as_str()), ("Demo", NAMESPACE));
        let names: Vec<&str> = class.fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["type", "Size"]);
        assert!(class.fields[0].is_key && !class.fields[1].is_key);
    }
}
