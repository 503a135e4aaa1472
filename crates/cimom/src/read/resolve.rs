//! From an authorized call to the classes whose instances answer it, and where those are.
//!
//! The class named and all below it, each with its source: the repository, the provider it is bound
//! to, or the object manager itself. [`crate::read::plan`] decides the request to each source.

use std::sync::Arc;

use cim::status::WBEM_E_INVALID_CLASS;
use cim::{Class, Instance, Name, Result};
use wbem::CallContext;

use crate::call::{AuthorizedCall, access};
use crate::read::request::{InstanceQuery, QueryScope};
use crate::source::binding::{self, Binding};
use crate::source::layered;
use crate::view::{View, computed};

/// Where the instances of a class are.
pub enum Source {
    Repository,
    Provider(Binding),
    /// The object manager, which has this one.
    System(Box<Instance>),
}

/// A call with the classes it concerns.
pub struct ResolvedCall<'a> {
    pub(super) query: InstanceQuery,
    /// Each class with instances of its own, the class named first.
    pub(super) sources: Vec<(Arc<Class>, Source)>,
    pub(super) context: &'a CallContext,
}

/// Finds the classes and their sources.
/// Errors: those of binding the class named to its provider, or a class below it.
pub fn resolve<'a>(
    view: &View<'_>,
    call: AuthorizedCall<'a, InstanceQuery>,
) -> Result<ResolvedCall<'a>> {
    let context = call.context();
    let (query, call) = call.split();
    call.require(access::to_read_instance(&query.class), "read these instances")?;
    let below = match query.reach {
        QueryScope::Deep => view.descendants(query.class.name())?,
        // Stored instances are no parts of others.
        QueryScope::Shallow if layered::is_provided(&query.class) => {
            view.descendants(query.class.name())?
        }
        QueryScope::Shallow | QueryScope::One | QueryScope::Direct => Vec::new(),
    };
    let mut sources = Vec::new();
    for name in std::iter::once(query.class.name()).chain(&below) {
        sources.extend(source(view, name, &call)?);
    }
    Ok(ResolvedCall { query, sources, context })
}

fn source(
    view: &View<'_>,
    name: &Name,
    call: &AuthorizedCall<'_, ()>,
) -> Result<Option<(Arc<Class>, Source)>> {
    let class = view.class(name, WBEM_E_INVALID_CLASS)?;
    if class.is_abstract() {
        return Ok(None);
    }
    if class.is_dynamic() {
        let binding = binding::bind(view, &class)?;
        return Ok(Some((class, Source::Provider(binding))));
    }
    let stored = view.stored(|v| v.has_instances(view.id(), name))?;
    if stored {
        return Ok(Some((class, Source::Repository)));
    }
    // Among the instances of a class above, what the caller may not read is left out.
    if !call.granted().contains(access::to_read_instance(&class)) {
        return Ok(None);
    }
    let there = computed::instance(view, &class)?;
    Ok(there.map(|instance| (class, Source::System(Box::new(instance)))))
}
