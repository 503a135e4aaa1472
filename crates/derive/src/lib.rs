//! `#[derive(CimClass)]`: a struct as a CIM class.
//!
//! Reads a struct and its `#[cim(...)]` attributes and writes an implementation of
//! `openwmi::provider::CimClass`, where everything that is not particular to the struct stands. Knows
//! no rule of WMI but those by which a mistake can be shown at its place: names, keys, words that do
//! not exist.
//!
//! | module | what |
//! |---|---|
//! | `attributes` | `#[cim(...)]`, read |
//! | `input` | the struct and its fields, checked |
//! | `expand` | the implementation |

#![forbid(unsafe_code)]

mod attributes;
mod expand;
mod input;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields a CIM class; see `openwmi::provider`.
///
/// On the struct:
///
/// | word | meaning |
/// |---|---|
/// | `name = "Demo_File"` | the class; the struct's own name where it is left out |
/// | `namespace = r"root\demo"` | where it lives; `root\cimv2` where it is left out |
/// | `provider = "Demo"` | its instances are dynamic and come from the provider of this name |
/// | `superclass = "CIM_DataFile"` | its superclass |
/// | `description = "..."` | the qualifier Description, which subclasses inherit |
/// | `association`, `singleton` | the qualifiers of these names |
/// | `qualifiers(Locale = 1033, Values = ["a", "b"])` | any others |
///
/// On a field:
///
/// | word | meaning |
/// |---|---|
/// | `key` | it is a key, or a part of one |
/// | `rename = "Size"` | the property; the field's own name where it is left out |
/// | `description = "..."`, `qualifiers(...)` | as above |
/// | `inherited` | the superclass declares it; this class does not declare it again |
///
/// A word that does not exist, a name that cannot be one, a second property of the same name and a
/// key that might be NULL are errors at their place.
#[proc_macro_derive(CimClass, attributes(cim))]
pub fn cim_class(tokens: TokenStream) -> TokenStream {
    let input = parse_macro_input!(tokens as DeriveInput);
    input::Class::read(&input)
        .map_or_else(|error| error.to_compile_error(), |class| expand::class(&class))
        .into()
}
