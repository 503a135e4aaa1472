//! Enumeration of classes, and schema queries.

use cim::status::*;
use cim::{Name, Object, Result};
use wbem::{Completion, Sink};
use wql::{BoundSchema, Comparison, Constant, Expr, PropertyPath, Select};

use crate::call::AuthorizedCall;
use crate::read::stored::BATCH;
use crate::view::View;
use crate::view::{Listing, Scope};

/// The subclasses of `superclass`, or with none all classes; `shallow` for the first
/// generation alone.
pub fn enumerate(
    view: &View<'_>,
    _call: &AuthorizedCall<'_, ()>,
    superclass: Option<Name>,
    shallow: bool,
) -> Result<Listing> {
    let scope = match (superclass, shallow) {
        (Some(above), shallow) => {
            view.class(&above, WBEM_E_INVALID_CLASS)?;
            if shallow { Scope::DirectlyBelow(above) } else { Scope::Below(above) }
        }
        (None, true) => Scope::TopLevel,
        (None, false) => Scope::All,
    };
    list(view, &scope)
}

/// The classes that a schema query asks for.
pub fn query(view: &View<'_>, select: &Select) -> Result<(Listing, BoundSchema)> {
    let filter = BoundSchema::bind(select)?;
    let scope = select.condition.as_ref().map_or(Scope::All, scope);
    Ok((list(view, &scope)?, filter))
}

fn list(view: &View<'_>, scope: &Scope) -> Result<Listing> {
    let mut listing = view.list(scope)?;
    listing.names.sort();
    Ok(listing)
}

/// The classes among which are all that satisfy `condition`.
fn scope(condition: &Expr) -> Scope {
    match condition {
        Expr::Isa { class, .. } => Scope::Family(class.clone()),
        Expr::Compare { property, operator: Comparison::Equal, constant: Constant::Text(text) } => {
            match () {
                () if is(property, "__Class") => Scope::One(text.as_str().into()),
                () if is(property, "__Superclass") => Scope::DirectlyBelow(text.as_str().into()),
                () if is(property, "__Dynasty") => Scope::Family(text.as_str().into()),
                () => Scope::All,
            }
        }
        Expr::And(terms) => {
            let scopes = terms.iter().map(scope);
            scopes.reduce(narrower).unwrap_or(Scope::All)
        }
        _ => Scope::All,
    }
}

fn is(property: &PropertyPath, name: &str) -> bool {
    property.head().is(name) && property.rest().is_empty()
}

fn narrower(a: Scope, b: Scope) -> Scope {
    match (&a, &b) {
        (Scope::One(_), _) | (_, Scope::All) => a,
        _ => b,
    }
}

/// Delivers the classes that match; stops where nobody wants more. A stored class that has lost the
/// provided class from which it derives is left out, and the result called partial.
pub fn deliver(
    view: &View<'_>,
    listing: Listing,
    filter: Option<&BoundSchema>,
    sink: &mut Sink,
) -> Completion {
    let Listing { names, mut failure } = listing;
    let mut outcome = WBEM_S_NO_ERROR;
    let mut batch = Vec::new();
    for name in &names {
        let class = match view.find_class(name) {
            Ok(Some(class)) => class,
            Ok(None) => continue,
            Err(e)
                if view
                    .schema()
                    .classes_with_external_superclass()
                    .binary_search(name)
                    .is_err() =>
            {
                return Err(e);
            }
            Err(e) if e.status() == WBEM_E_INVALID_SUPERCLASS => {
                outcome = WBEM_S_PARTIAL_RESULTS;
                continue;
            }
            Err(e) => {
                failure.get_or_insert(e);
                continue;
            }
        };
        if filter.is_none_or(|f| f.matches(&class)) {
            if outcome == WBEM_S_NO_ERROR && view.has_several_definitions(name) {
                outcome = WBEM_S_DUPLICATE_OBJECTS;
            }
            batch.push(Object::Class(class));
        }
        if batch.len() == BATCH {
            view.context().cancel().check()?;
            let batch = std::mem::take(&mut batch);
            if view.while_client_takes(|| sink.indicate(batch)).is_break() {
                return wbem::COMPLETE;
            }
        }
    }
    let _ = view.while_client_takes(|| sink.indicate(batch));
    failure.map_or(Ok(outcome), Err)
}
