//! Schemas with localized qualifiers (behaviour.md G.8): each class is the neutral one merged with
//! the first localized one that the caller's locales have.
//!
//! Made when first asked for and kept as long as neither part changes. Which namespaces a caller's
//! locales stand for is the view's; how the parts of a class become one is `cim::amendment`'s.

use std::collections::HashMap;
use std::sync::Arc;

use cim::amendment;
use cim::{Class, ClassDeclaration, Locale, Namespace, Result};
use parking_lot::Mutex;
use repository::NamespaceId;

use super::classes::Schema;

/// Past this number of schemas in memory all are dropped, and made again as they are needed.
const MOST_SCHEMAS: usize = 64;

/// The states of the namespaces that a merged schema is made from: the neutral one, and the
/// localized ones in the order of preference.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub neutral: (NamespaceId, u64),
    pub localized: Vec<(NamespaceId, u64)>,
}

/// Merged schemas by what they were made from.
#[derive(Default)]
pub struct Schemas(Mutex<HashMap<State, Arc<Schema>>>);

impl Schemas {
    /// The schema for `state`, whose neutral part is `neutral`.
    pub fn get(&self, state: State, neutral: &Schema) -> Arc<Schema> {
        let mut schemas = self.0.lock();
        if let Some(known) = schemas.get(&state) {
            return known.clone();
        }
        // A schema of an older state of the namespace is hardly asked for again.
        schemas.retain(|s, _| s.neutral.0 != state.neutral.0 || s.neutral.1 == state.neutral.1);
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.entry(state).or_insert_with(|| Arc::new(neutral.clone_unresolved())).clone()
    }
}

/// The declaration of a class of the merged schema: with the localized one in the first of
/// `localized` that has one.
pub fn declaration(
    stored: repository::View<'_>,
    localized: &[NamespaceId],
    neutral: &ClassDeclaration,
    superclass: Option<&Class>,
) -> Result<Arc<ClassDeclaration>> {
    let mut part = None;
    for namespace in localized {
        part = stored.class(*namespace, &neutral.name)?;
        if part.is_some() {
            break;
        }
    }
    Ok(Arc::new(amendment::merge(neutral, part.as_ref(), superclass)))
}

/// Whether a namespace holds the localized parts of the classes of its parent.
pub fn is_localized(namespace: &Namespace) -> bool {
    namespace.leaf().parse::<Locale>().is_ok()
}
