//! GetObject: one class or instance by its path.
//!
//! A stored instance is found by its key, wherever below the path's class it is. A dynamic
//! one is asked of the provider of the path's class, then of those of the classes below it.

use std::sync::Arc;

use cim::key::path_values;
use cim::path::PathKeys;
use cim::status::*;
use cim::{
    Class, ClassDeclaration, Instance, InstanceKey, Namespace, Object, ObjectPath, Result,
    WbemStatus,
};
use wbem::Wanted;

use crate::call::partial::{self, PartialRead};
use crate::call::{AuthorizedCall, Call, access};
use crate::source::layered;
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
    let Get { path, direct, partial } = call.operation();
    let class = view.class(&path.class, WBEM_E_NOT_FOUND)?;
    if path.keys == PathKeys::Class {
        return Ok(Object::Class(class));
    }
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
            Some(only(properties::complete(view, instance, &wanted)?, partial)?)
        }
        None if system::is_always_there(&class) => {
            let told = computed::instance(view, &class)?;
            told.map(|instance| only(instance, partial)).transpose()?
        }
        None => provided(view, &class, call.operation())?,
    };
    found.map(Object::Instance).ok_or_else(|| WBEM_E_NOT_FOUND.with(format!("{path} not found")))
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
fn provided(view: &View<'_>, class: &Arc<Class>, get: &Get) -> Result<Option<Instance>> {
    let below = if get.direct { Vec::new() } else { view.descendants(class.name())? };
    let below = below.iter().rev().map(|name| view.class(name, WBEM_E_NOT_FOUND));
    let mut failure = None;
    for class in below.chain([Ok(class.clone())]) {
        let class = class?;
        if !layered::is_provided(&class) {
            continue;
        }
        let keys = path_values(&class, &get.path.keys)?;
        let asked = get.partial.wanted(&class);
        match asked.and_then(|wanted| layered::get(view, &class, &keys, &wanted, get.direct)) {
            Ok(found) => return Ok(Some(found)),
            Err(e) if e.status() == WBEM_E_NOT_FOUND => {}
            // Another class may have it; that one cannot say counts where none has.
            Err(e) => failure = failure.or(Some(e)),
        }
    }
    failure.map_or(Ok(None), Err)
}
