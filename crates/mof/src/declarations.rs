//! The qualifiers that files declare in DMTF's form.
//!
//! Lowering makes them; the options of later compilations carry them on, so that they hold there too.

use std::collections::HashMap;
use std::sync::Arc;

use cim::{Flavor, Name, PropertyType, Value};

use crate::ast::Scope;
use crate::source::Place;

/// The qualifiers that files declare in DMTF's form.
#[derive(Clone, Debug, Default)]
pub struct Declarations(pub(crate) HashMap<Name, Arc<Declared>>);

/// A qualifier that a file declares in DMTF's form.
#[derive(Debug)]
pub(crate) struct Declared {
    pub ty: PropertyType,
    pub default: Value,
    pub scope: Scope,
    pub flavor: Flavor,
    pub place: Place,
}

impl Declared {
    pub(crate) fn says_the_same(&self, other: &Declared) -> bool {
        (&self.ty, &self.default, self.scope, self.flavor)
            == (&other.ty, &other.default, other.scope, other.flavor)
    }
}
