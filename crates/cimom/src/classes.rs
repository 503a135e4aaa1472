//! Enumeration of classes, and schema queries.

use cim::status::WBEM_E_INVALID_CLASS;
use cim::{Name, Object, Result};
use wbem::{Completion, Sink};
use wql::BoundSchema;

use crate::access::AuthorizedCall;
use crate::cimom::View;
use crate::execute::BATCH;
use crate::query::Run;

/// The subclasses of `superclass`, or with none all classes; `shallow` for the first
/// generation alone.
pub(crate) fn enumerate(
    view: &View<'_>,
    _call: &AuthorizedCall<'_, ()>,
    superclass: Option<&Name>,
    shallow: bool,
) -> Result<Run> {
    let mut names: Vec<Name> = match (superclass, shallow) {
        (Some(above), _) if !view.schema.contains(above) => {
            view.class(above, WBEM_E_INVALID_CLASS)?;
            Vec::new()
        }
        (Some(above), true) => view.schema.subclasses(above).to_vec(),
        (Some(above), false) => view.schema.descendants(above),
        (None, true) => view.schema.top_level().cloned().collect(),
        (None, false) => view.schema.names().cloned().collect(),
    };
    names.sort();
    Ok(Run::Classes { names, filter: None })
}

/// Delivers the classes of these names that match; stops where nobody wants more.
pub(crate) fn deliver(
    view: &View<'_>,
    names: &[Name],
    filter: Option<&BoundSchema>,
    sink: &mut Sink,
) -> Completion {
    let mut batch = Vec::new();
    for name in names {
        let class = view.class(name, WBEM_E_INVALID_CLASS)?;
        if filter.is_none_or(|f| f.matches(&class)) {
            batch.push(Object::Class(class));
        }
        if batch.len() == BATCH && sink.indicate(std::mem::take(&mut batch)).is_break() {
            return wbem::COMPLETE;
        }
    }
    let _ = sink.indicate(batch);
    wbem::COMPLETE
}
