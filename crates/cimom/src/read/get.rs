//! GetObject: one class or instance by its path.
//!
//! A stored instance is found by its key, wherever below the path's class it is. A dynamic
//! one is asked of the providers of the classes below the path's class, then of that class's own. What
//! a class has does not answer for a class below it that failed: it may be a part only.

use std::sync::Arc;

use cim::key::path_values;
use cim::path::PathKeys;
use cim::status::*;
use cim::{
    Class, ClassDeclaration, Error, Instance, InstanceKey, Namespace, Object, ObjectPath, Result,
    WbemStatus,
};
use wbem::Wanted;

use crate::call::partial::{self, PartialRead};
use crate::call::{AuthorizedCall, Call, access};
use crate::source::layered::{self, Found};
use crate::source::properties;
use crate::system;
use crate::view::{View, computed};

/// What GetObject is asked.
pub struct Get {
    pub path: ObjectPath,
    /// Whether only the class of the path is asked.
    pub direct: bool,
    pub partial: PartialRead,
}

impl Get {
    /// The whole object at `path`, wherever below its class it is.
    pub fn whole(path: ObjectPath) -> Self {
        Get { path, direct: false, partial: PartialRead::Whole }
    }
}

/// The class of no name, on which a client builds a new one.
pub fn empty_class() -> Result<Object> {
    Ok(Object::Class(Class::derive(Arc::new(ClassDeclaration::default()), None, None)?))
}

/// The object at the path.
pub fn object(view: &View<'_>, call: &AuthorizedCall<'_, Get>) -> Result<Object> {
    let path = &call.operation().path;
    if path.keys == PathKeys::Class {
        return Ok(Object::Class(view.class(&path.class, WBEM_E_NOT_FOUND)?));
    }
    match instance(view, call)? {
        Found::Instance(instance) => Ok(Object::Instance(instance)),
        Found::WithoutGet(_, error) => Err(error),
    }
}

/// The class of the instance at the path, which may be below the one that the path names.
pub fn true_class(view: &View<'_>, call: &AuthorizedCall<'_, Get>) -> Result<Arc<Class>> {
    Ok(match instance(view, call)? {
        Found::Instance(instance) => instance.class().clone(),
        Found::WithoutGet(class, _) => class,
    })
}

/// The instance at the path. Errors: `WBEM_E_NOT_FOUND`, those of the providers.
fn instance(view: &View<'_>, call: &AuthorizedCall<'_, Get>) -> Result<Found> {
    let Get { path, direct, partial } = call.operation();
    let class = view.class(&path.class, WBEM_E_NOT_FOUND)?;
    call.require(access::to_read_instance(&class), "read this instance")?;
    let stored = match class.is_dynamic() {
        // Below a dynamic class all are dynamic: there is nothing stored. Which keys a path may
        // have is asked there, but of a class without any no path has the right ones.
        true if !class.keys().is_empty() => None,
        _ => {
            let key = InstanceKey::from_path(&class, &path.keys)?;
            view.stored_instance(&class, &key, *direct)?
        }
    };
    let found = match stored {
        Some(instance) => {
            let wanted = partial.wanted(instance.class())?;
            let instance = properties::complete(view, instance, &wanted)?;
            Some(Found::Instance(only(instance, partial)?))
        }
        None if system::is_always_there(&class) => {
            let told = computed::instance(view, &class)?;
            told.map(|told| only(told, partial).map(Found::Instance)).transpose()?
        }
        None => provided(view, &class, call.operation())?,
    };
    found.ok_or_else(|| WBEM_E_NOT_FOUND.with(format!("{path} not found")))
}

/// The object at `path`, in whichever namespace: the one it names, else `namespace`, else that of
/// `view`.
pub fn follow(view: &View<'_>, path: ObjectPath, namespace: Option<&Namespace>) -> Result<Object> {
    view.core().check_server(path.server.as_deref())?;
    let here = view.namespace();
    let namespace = path.namespace.as_ref().or(namespace).unwrap_or(here).clone();
    let other = match namespace == *here {
        true => None,
        false => Some(view.of_other_namespace(&namespace)?),
    };
    let view = other.as_ref().unwrap_or(view);
    let call = Call { operation: Get::whole(path), namespace: &namespace, context: view.context() };
    object(view, &call.authorize(view.schema().policy())?)
}

/// The success of a call that has an object: whether it is one of several of its name.
pub fn success(view: &View<'_>, get: &Get) -> Result<WbemStatus> {
    Ok(match get.path.keys {
        PathKeys::Class if view.is_duplicate(&get.path.class)? => WBEM_S_DUPLICATE_OBJECTS,
        _ => WBEM_S_NO_ERROR,
    })
}

/// What of `instance` is to be read.
fn only(instance: Instance, partial: &PartialRead) -> Result<Instance> {
    Ok(match partial.wanted(instance.class())? {
        Wanted::All => instance,
        wanted => partial::only(instance, &wanted),
    })
}

/// The instance that a provider of `class` or of a class below it has. Those furthest below are
/// asked first, as what a class above has of it is not the whole.
fn provided(view: &View<'_>, class: &Arc<Class>, get: &Get) -> Result<Option<Found>> {
    // A class below a singleton has an instance of its own.
    let is_own = get.direct || class.is_singleton();
    let below = if is_own { Vec::new() } else { view.descendants(class.name())? };
    let below = below.iter().rev().map(|name| view.class(name, WBEM_E_NOT_FOUND));
    let mut failures: Vec<(Arc<Class>, Error)> = Vec::new();
    for class in below.chain([Ok(class.clone())]) {
        let class = class?;
        if !layered::is_provided(&class) {
            continue;
        }
        let keys = path_values(&class, &get.path.keys)?;
        let asked = get.partial.wanted(&class);
        match asked.and_then(|wanted| layered::get(view, &class, &keys, &wanted, get.direct)) {
            Ok(found) => {
                // The instance may be one of a class below that cannot say so.
                let below =
                    failures.into_iter().find(|(below, _)| below.is_a(class.name().as_str()));
                return below.map_or(Ok(Some(found)), |(_, failure)| Err(failure));
            }
            Err(e) if e.status() == WBEM_E_NOT_FOUND => {}
            // A class on another branch may have it; that this one cannot say counts where none has.
            Err(e) => failures.push((class, e)),
        }
    }
    failures.into_iter().next().map_or(Ok(None), |(_, failure)| Err(failure))
}
