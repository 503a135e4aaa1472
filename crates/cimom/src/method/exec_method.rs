//! ExecMethod: finds the object, the class whose code runs and the provider, and calls the
//! provider.
//!
//! The path names a class or an instance. The actual class of the instance decides which code runs:
//! the nearest class, from it upwards, that marks the method as `Implemented` names the provider
//! (behaviour.md C.3, C.4, F.2, ruling I-9). No repository transaction is open while the method
//! runs: it may take long, and may call back.

use std::sync::Arc;

use cim::key::path_values;
use cim::path::PathKeys;
use cim::security::Rights;
use cim::status::*;
use cim::{Class, Instance, Method, Name, ObjectPath, Result, Value};
use wbem::{CallContext, MethodCall, MethodProvider};

use crate::call::AuthorizedCall;
use crate::providers::Provider;
use crate::read::get::{self, Get};
use crate::system;
use crate::view::View;

/// The arguments of ExecMethod.
pub struct Invocation<'a> {
    pub path: ObjectPath,
    pub method: &'a str,
    pub in_parameters: Option<&'a Instance>,
}

/// A method that is ready to be run.
pub struct Prepared {
    class: Arc<Class>,
    keys: Option<Vec<Value>>,
    implemented_in: Arc<Class>,
    method: Arc<Method>,
    in_parameters: Option<Instance>,
    code: Code,
}

/// What runs the method.
enum Code {
    Provider(Provider, Arc<dyn MethodProvider>),
    /// The object manager, for the classes that are built in.
    System,
}

/// Resolves the method, its object and its provider.
pub fn prepare(view: &View<'_>, call: AuthorizedCall<'_, Invocation<'_>>) -> Result<Prepared> {
    let invocation = call.operation();
    if !system::is_open_to_all(&invocation.path.class, invocation.method) {
        call.require(Rights::METHOD_EXECUTE, "run a method")?;
    }
    let (Invocation { path, method, in_parameters }, call) = call.split();
    let named = view.class(&path.class, WBEM_E_NOT_FOUND)?;
    let keys = match path.keys {
        PathKeys::Class => None,
        _ => Some(path_values(&named, &path.keys)?),
    };
    let class = match &keys {
        Some(_) if !decides_itself(&named, method) => {
            let keys = path.keys.clone();
            let get = Get::whole(path);
            let class = get::true_class(view, &call.with(get))?;
            // A class below the one named may have further keys, or others in their place.
            return found(view, &class, Some(path_values(&class, &keys)?), method, in_parameters);
        }
        _ => named,
    };
    found(view, &class, keys, method, in_parameters)
}

/// Whether the class named in the path decides which code runs, and the instance is not read: true
/// for a method marked so, and for one that needs no instance.
fn decides_itself(class: &Class, method: &str) -> bool {
    class.method(method).is_some_and(|method| {
        is_marked(class, method, "bypass_getobject") || is_marked(class, method, "static")
    })
}

fn found(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: Option<Vec<Value>>,
    method: &str,
    in_parameters: Option<&Instance>,
) -> Result<Prepared> {
    let name = class.name();
    let method = class.method(method).ok_or_else(|| {
        WBEM_E_INVALID_METHOD.with(format!("class {name} has no method {method}"))
    })?;
    let place = format!("{name}.{}", method.name);
    if keys.is_none() && !is_marked(class, method, "static") {
        return Err(WBEM_E_INVALID_METHOD_PARAMETERS.with(format!(
            "method {place} is not static; call it on an instance, not on the class"
        )));
    }
    if is_marked(class, method, "disabled") {
        return Err(WBEM_E_METHOD_DISABLED.with(format!("method {place} is disabled")));
    }
    let implemented_in = implementation(class, &method.name).ok_or_else(|| {
        WBEM_E_METHOD_NOT_IMPLEMENTED.with(format!(
            "method {place} is marked as Implemented neither in {name} nor in a class above it"
        ))
    })?;
    let in_parameters = arguments(&place, method, in_parameters)?;
    let code = if view.schema().is_builtin(implemented_in.name()) {
        Code::System
    } else {
        let (provider, methods) = bind(view, &implemented_in)?;
        Code::Provider(provider, methods)
    };
    let (class, method) = (class.clone(), method.clone());
    Ok(Prepared { class, keys, implemented_in, method, in_parameters, code })
}

/// The provider of the methods that `class` implements. Errors: those of binding and loading it;
/// `WBEM_E_PROVIDER_NOT_CAPABLE` if its code implements no methods.
fn bind(view: &View<'_>, class: &Class) -> Result<(Provider, Arc<dyn MethodProvider>)> {
    let registration = view.runtime().registration_of(view.stored_view(), class)?;
    if !registration.methods {
        return Err(registration.lacks("__MethodProviderRegistration"));
    }
    let provider = view.runtime().load(view.stored_view(), view.context(), &registration)?;
    let methods =
        provider.native().methods.clone().ok_or_else(|| provider.provides_no("methods"))?;
    Ok((provider, methods))
}

/// Whether `method` of `class` has the qualifier `name`. It may not propagate, so it is also read
/// from the class above in which the method was declared last.
fn is_marked(class: &Class, method: &Method, name: &str) -> bool {
    method.qualifiers.is_true(name)
        || class.ancestors().find(|c| *c.name() == method.declared_in).is_some_and(|above| {
            above.method(method.name.as_str()).is_some_and(|m| m.qualifiers.is_true(name))
        })
}

/// The nearest class from `class` upwards whose own declaration of the method says that it is
/// implemented there: the qualifier never speaks for a class below.
fn implementation(class: &Arc<Class>, method: &Name) -> Option<Arc<Class>> {
    let implements = |class: &&Arc<Class>| {
        let own = class.declaration().methods.iter().find(|m| m.name == *method);
        own.is_some_and(|m| m.qualifiers.is_true("implemented"))
    };
    std::iter::once(class).chain(class.ancestors()).find(implements).cloned()
}

/// What is passed to the method: the values of `given` by name, defaults where it has none.
/// Errors: `WBEM_E_INVALID_METHOD_PARAMETERS` where the method takes no parameter of a name, or
/// takes it in another type or of another class.
fn arguments(place: &str, method: &Method, given: Option<&Instance>) -> Result<Option<Instance>> {
    let mut arguments = method.in_signature().map(Instance::new);
    let Some(given) = given else { return Ok(arguments) };
    for (slot, property) in given.class().properties().iter().enumerate() {
        let name = &property.name;
        let target = arguments.as_mut().and_then(|a| Some((a.class().slot(name.as_str())?, a)));
        let Some((target, arguments)) = target else {
            return Err(WBEM_E_INVALID_METHOD_PARAMETERS
                .with(format!("method {place} takes no parameter {name}")));
        };
        let ty = &arguments.class().properties()[target].ty;
        if !property.ty.same_kind(ty) {
            return Err(WBEM_E_INVALID_METHOD_PARAMETERS
                .with(format!("parameter {name} of method {place} is {ty}, not {}", property.ty)));
        }
        given.value(slot).check_objects(ty).map_err(|e| {
            WBEM_E_INVALID_METHOD_PARAMETERS
                .with(format!("parameter {name} of method {place}: {}", e.message()))
        })?;
        if given.is_supplied(slot) || !given.value(slot).is_null() {
            arguments.set(target, given.value(slot).clone());
        }
    }
    Ok(arguments)
}

impl Prepared {
    /// Runs the method; one of a built-in class by `run_system`.
    /// Errors: the provider's; `WBEM_E_PROVIDER_FAILURE` where it panics or hands out what the
    /// method does not.
    pub fn run(
        self,
        context: &CallContext,
        run_system: impl FnOnce(&MethodCall<'_>) -> Result<Option<Instance>>,
    ) -> Result<Option<Instance>> {
        let out_signature = self.method.out_signature();
        let call = MethodCall {
            class: &self.class,
            keys: self.keys.as_deref(),
            implemented_in: &self.implemented_in,
            method: &self.method,
            in_parameters: self.in_parameters.as_ref(),
            out_signature: out_signature.as_ref(),
        };
        let Code::Provider(provider, methods) = &self.code else {
            return run_system(&call);
        };
        let out = provider.call(context, |context| methods.exec_method(&call, context))?;
        let fits = match (&out, &out_signature) {
            (Some(out), Some(signature)) => {
                Arc::ptr_eq(out.class(), signature) && out.check_values(|_| true).is_ok()
            }
            (out, signature) => out.is_none() && signature.is_none(),
        };
        if fits {
            return Ok(out);
        }
        Err(WBEM_E_PROVIDER_FAILURE.with(format!(
            "provider {} handed out something else than method {}.{} does",
            provider.name(),
            self.class.name(),
            self.method.name
        )))
    }
}
