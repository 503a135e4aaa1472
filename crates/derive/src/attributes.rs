//! `#[cim(...)]` as it is written: the words, their values, and what is wrong with them.
//!
//! Whether the attributes are consistent is checked in [`crate::input`].

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Ident, Lit, LitStr, Result, Token, bracketed, parenthesized};

/// What stands on the struct.
#[derive(Default)]
pub(crate) struct OnClass {
    pub(crate) name: Option<LitStr>,
    pub(crate) namespace: Option<LitStr>,
    pub(crate) provider: Option<LitStr>,
    pub(crate) superclass: Option<LitStr>,
    /// Where the word stands.
    pub(crate) singleton: Option<Span>,
    pub(crate) qualifiers: Vec<Qualifier>,
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct OnField {
    /// Where the word stands.
    pub(crate) key: Option<Span>,
    pub(crate) inherited: Option<Span>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) qualifiers: Vec<Qualifier>,
}

/// A qualifier to set.
pub(crate) struct Qualifier {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The expression of its value.
    pub(crate) value: TokenStream,
    /// Whether subclasses inherit it.
    pub(crate) to_subclass: bool,
}

impl OnClass {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut on = OnClass::default();
        each_word(attributes, |word, meta| {
            match word {
                "name" => text(&mut on.name, meta)?,
                "namespace" => text(&mut on.namespace, meta)?,
                "provider" => text(&mut on.provider, meta)?,
                "superclass" => text(&mut on.superclass, meta)?,
                "singleton" => {
                    flag(&mut on.singleton, meta)?;
                    on.qualifiers.push(Qualifier::flag("Singleton", meta.path.span()));
                }
                "association" => {
                    on.qualifiers.push(Qualifier::flag("Association", meta.path.span()));
                }
                "description" => on.qualifiers.push(description(meta)?),
                "qualifiers" => qualifiers(&mut on.qualifiers, meta)?,
                _ => {
                    return Err(meta.error(
                        "a class has name, namespace, provider, superclass, description, \
                         association, singleton and qualifiers(...)",
                    ));
                }
            }
            Ok(())
        })?;
        unique(&on.qualifiers)?;
        Ok(on)
    }
}

impl OnField {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut on = OnField::default();
        each_word(attributes, |word, meta| {
            match word {
                "key" => {
                    flag(&mut on.key, meta)?;
                    on.qualifiers.push(Qualifier::flag("Key", meta.path.span()));
                }
                "inherited" => flag(&mut on.inherited, meta)?,
                "rename" => text(&mut on.rename, meta)?,
                "description" => on.qualifiers.push(description(meta)?),
                "qualifiers" => qualifiers(&mut on.qualifiers, meta)?,
                _ => {
                    return Err(meta.error(
                        "a property has key, rename, description, inherited and qualifiers(...)",
                    ));
                }
            }
            Ok(())
        })?;
        unique(&on.qualifiers)?;
        Ok(on)
    }
}

impl Qualifier {
    fn flag(name: &str, span: Span) -> Self {
        Qualifier { name: name.to_owned(), span, value: quote!(true), to_subclass: false }
    }
}

/// Calls `take` with each word of all `#[cim(...)]`.
fn each_word(
    attributes: &[Attribute],
    mut take: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cim")) {
        attribute.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            take(&word, &meta)
        })?;
    }
    Ok(())
}

fn text(into: &mut Option<LitStr>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    let text: LitStr = meta.value()?.parse()?;
    match into.replace(text) {
        Some(_) => Err(meta.error("this is said twice")),
        None => Ok(()),
    }
}

fn flag(into: &mut Option<Span>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    match into.replace(meta.path.span()) {
        Some(_) => Err(meta.error("this is said twice")),
        None => Ok(()),
    }
}

fn description(meta: &ParseNestedMeta<'_>) -> Result<Qualifier> {
    let text: LitStr = meta.value()?.parse()?;
    Ok(Qualifier {
        name: "Description".to_owned(),
        span: meta.path.span(),
        value: quote!(#text),
        to_subclass: true,
    })
}

/// `qualifiers(Name = value, ...)`.
fn qualifiers(into: &mut Vec<Qualifier>, meta: &ParseNestedMeta<'_>) -> Result<()> {
    let inner;
    parenthesized!(inner in meta.input);
    while !inner.is_empty() {
        let name: Ident = inner.parse()?;
        inner.parse::<Token![=]>()?;
        let value = value(&inner)?;
        if !inner.is_empty() {
            inner.parse::<Token![,]>()?;
        }
        into.push(Qualifier {
            name: name.to_string(),
            span: name.span(),
            value,
            to_subclass: false,
        });
    }
    Ok(())
}

/// The value of a qualifier: of the types that WMI's MOF gives qualifiers.
fn value(input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(syn::token::Bracket) {
        return scalar(input);
    }
    let inner;
    bracketed!(inner in input);
    let mut elements = Vec::new();
    while !inner.is_empty() {
        let element = scalar(&inner)?;
        elements.push(quote!(::openwmi::cim::Value::from(#element)));
        if !inner.is_empty() {
            inner.parse::<Token![,]>()?;
        }
    }
    Ok(quote!(::openwmi::cim::Value::array([#(#elements),*])))
}

fn scalar(input: ParseStream<'_>) -> Result<TokenStream> {
    let sign: Option<Token![-]> = input.parse()?;
    let literal: Lit = input.parse()?;
    match (&literal, sign) {
        (Lit::Int(number), _) => {
            // What the number is, and not whether its sign leaves room for it, is said here.
            number.base10_parse::<i32>().map_err(|_| {
                Error::new(number.span(), "a number in a qualifier is an sint32 in WMI's MOF")
            })?;
            Ok(quote!(#sign #number as i32))
        }
        (Lit::Float(number), _) => Ok(quote!(#sign #number as f64)),
        (Lit::Str(_) | Lit::Bool(_), None) => Ok(quote!(#literal)),
        _ => Err(Error::new(
            literal.span(),
            "a qualifier is a string, an sint32, a real64 or a boolean, or [...] of one of these",
        )),
    }
}

/// # Errors
///
/// The first qualifier that stands there twice, without regard to case.
fn unique(qualifiers: &[Qualifier]) -> Result<()> {
    for (at, qualifier) in qualifiers.iter().enumerate() {
        let same = |other: &Qualifier| other.name.eq_ignore_ascii_case(&qualifier.name);
        if qualifiers[..at].iter().any(same) {
            let why = format!("the qualifier {} is set twice", qualifier.name);
            return Err(Error::new(qualifier.span, why));
        }
    }
    Ok(())
}
