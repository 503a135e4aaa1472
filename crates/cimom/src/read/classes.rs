//! Enumeration of classes, and schema queries.

use cim::status::*;
use cim::{Error, Name, Object, Result, WbemStatus};
use wbem::Sink;
use wql::{BoundSchema, Comparison, Constant, Expr, PropertyPath, Select};

use crate::call::AuthorizedCall;
use crate::providers::shutting_down;
use crate::read::stored::BATCH;
use crate::view::View;
use crate::view::{Listing, Scope};

/// The subclasses of `superclass`, or with none all classes; `shallow` for the first generation
/// only.
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

/// Delivers the classes that match, and completes `sink`. A stored class that has lost the provided
/// class from which it derives is left out, and the result called partial.
pub fn deliver(view: View<'_>, listing: Listing, filter: Option<BoundSchema>, sink: Sink) {
    let Listing { names, failure } = listing;
    let outcome = WBEM_S_NO_ERROR;
    Delivery { names, next: 0, filter, outcome, failure }.go_on(view, sink);
}

/// The state of a delivery of classes, from which it can be continued.
struct Delivery {
    names: Vec<Name>,
    next: usize,
    filter: Option<BoundSchema>,
    outcome: WbemStatus,
    /// Why there may be more classes.
    failure: Option<Error>,
}

impl Delivery {
    fn go_on(mut self, view: View<'_>, mut sink: Sink) {
        while self.next < self.names.len() && sink.is_wanted() {
            if sink.is_full() {
                let runtime = view.runtime().downgrade();
                let (context, suspended) = (view.context().clone(), view.suspend());
                return sink.suspend(suspended.on_fetch(), move |sink| match runtime.upgrade() {
                    Some(runtime) => {
                        self.go_on(View::resume(suspended, &runtime, &context), sink);
                    }
                    None => sink.complete(Err(shutting_down())),
                });
            }
            let batch = view.context().cancel().check().and_then(|()| self.batch(&view));
            match batch {
                Ok(batch) => {
                    let _ = view.while_client_takes(|| sink.offer(batch));
                }
                Err(e) => {
                    drop(view);
                    return sink.complete(Err(e));
                }
            }
        }
        drop(view);
        sink.complete(self.failure.map_or(Ok(self.outcome), Err));
    }

    /// The next classes.
    fn batch(&mut self, view: &View<'_>) -> Result<Vec<Object>> {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Some(name) = self.names.get(self.next)
        {
            self.next += 1;
            let class = match view.find_class(name) {
                Ok(Some(class)) => class,
                Ok(None) => continue,
                Err(e) if !view.schema().has_external_superclass(name) => return Err(e),
                Err(e) if e.status() == WBEM_E_INVALID_SUPERCLASS => {
                    self.outcome = WBEM_S_PARTIAL_RESULTS;
                    continue;
                }
                Err(e) => {
                    self.failure.get_or_insert(e);
                    continue;
                }
            };
            if self.filter.as_ref().is_none_or(|filter| filter.matches(&class)) {
                if self.outcome == WBEM_S_NO_ERROR && view.has_several_definitions(name) {
                    self.outcome = WBEM_S_DUPLICATE_OBJECTS;
                }
                batch.push(Object::Class(class));
            }
        }
        Ok(batch)
    }
}
