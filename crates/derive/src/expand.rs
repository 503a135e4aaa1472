//! The implementation of `openwmi::provider::CimClass` for a struct that was read.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::attributes::Qualifier;
use crate::input::{Class, Field};

pub(crate) fn class(class: &Class) -> TokenStream {
    let Class { ident, name, namespace, fields, .. } = class;
    let provider = option(&class.provider);
    let superclass = option(&class.superclass);
    let class_qualifiers = qualifiers(&class.qualifiers);
    let keys: Vec<(usize, &Field)> = fields.iter().enumerate().filter(|(_, f)| f.is_key).collect();
    let key_types = keys.iter().map(|(_, field)| &field.ty);
    let key_places = keys.iter().map(|(at, _)| at);
    let (key_type, key) = match keys.len() {
        1 => (quote!(#(#key_types)*), quote!(#(values.get(#key_places))*)),
        _ => (
            quote!((#(#key_types),*)),
            quote!(::core::result::Result::Ok((#(values.get(#key_places)?),*))),
        ),
    };
    let properties = fields.iter().map(property);
    let read = fields.iter().enumerate().map(|(at, field)| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote_spanned!(ty.span()=> #ident: values.get(#at)?)
    });
    let values = fields.iter().enumerate().map(|(at, field)| {
        let (ident, ty) = (&field.ident, &field.ty);
        quote_spanned!(ty.span()=> #at => ::openwmi::provider::CimProperty::to_value(&self.#ident))
    });
    quote! {
        impl ::openwmi::provider::CimClass for #ident {
            const NAME: &'static str = #name;
            const NAMESPACE: &'static str = #namespace;
            const SUPERCLASS: ::core::option::Option<&'static str> = #superclass;
            const PROVIDER: ::core::option::Option<&'static str> = #provider;

            type Key = #key_type;

            fn qualifiers() -> ::openwmi::cim::Qualifiers {
                #class_qualifiers
            }

            fn properties() -> ::std::vec::Vec<::openwmi::provider::Declared> {
                ::std::vec![#(#properties),*]
            }

            fn value(&self, at: usize) -> ::openwmi::cim::Result<::openwmi::cim::Value> {
                match at {
                    #(#values,)*
                    _ => ::core::result::Result::Ok(::openwmi::cim::Value::Null),
                }
            }

            fn read(
                values: &::openwmi::provider::Values<'_>,
            ) -> ::openwmi::cim::Result<Self> {
                let _ = values;
                ::core::result::Result::Ok(Self { #(#read),* })
            }

            fn read_key(
                values: &::openwmi::provider::Values<'_>,
            ) -> ::openwmi::cim::Result<Self::Key> {
                let _ = values;
                #key
            }

            fn detached() -> ::openwmi::cim::Result<::std::sync::Arc<::openwmi::cim::Class>> {
                static CLASS: ::openwmi::provider::Detached = ::openwmi::provider::Detached::new();
                CLASS.of::<Self>()
            }
        }
    }
}

fn property(field: &Field) -> TokenStream {
    let Field { ty, name, is_key, is_inherited, .. } = field;
    let qualifiers = qualifiers(&field.qualifiers);
    // The place at which it is said that a type cannot be a property's.
    let declared = quote_spanned!(ty.span()=> ::openwmi::provider::Declared::new::<#ty>);
    quote!(#declared(#name, #is_key, #is_inherited, #qualifiers))
}

fn qualifiers(qualifiers: &[Qualifier]) -> TokenStream {
    let each = qualifiers.iter().map(|qualifier| {
        let Qualifier { name, value, to_subclass, .. } = qualifier;
        let flavor = match to_subclass {
            true => quote!(::openwmi::cim::Flavor::TO_DERIVED),
            false => quote!(::openwmi::cim::Flavor(0)),
        };
        quote!(::openwmi::cim::Qualifier::new(#name, #value, #flavor))
    });
    quote! {
        <::openwmi::cim::Qualifiers as ::core::iter::FromIterator<_>>::from_iter([#(#each),*])
    }
}

fn option(text: &Option<String>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}
