//! What a native provider of methods is.
//!
//! The object manager has found the object, the class whose code is to run, and the parameters;
//! the provider does what the method says and hands out what comes of it. Whether the call as
//! such worked is its `Result`; what the method itself returns is `ReturnValue` among the out
//! parameters, and the two have nothing to do with each other (behaviour.md C.2, G.15).

use std::sync::Arc;

use cim::signature::RETURN_VALUE;
use cim::{Class, Instance, Method, Result, Value};

use crate::context::ProviderContext;

/// A method that is to be run.
#[derive(Debug)]
pub struct MethodCall<'a> {
    /// The class of the object on which it is called.
    pub class: &'a Arc<Class>,
    /// The keys of the object, in the order of [`Class::keys`]; `None` where the method is called
    /// on the class itself.
    pub keys: Option<&'a [Value]>,
    /// The class whose implementation is to run: `class`, or one above it.
    pub implemented_in: &'a Arc<Class>,
    /// The method, as `class` has it.
    pub method: &'a Method,
    /// What is passed in, the defaults of the method filled in; `None` where nothing is.
    pub in_parameters: Option<&'a Instance>,
    /// The class of what must be handed out; `None` where nothing is.
    pub out_signature: Option<&'a Arc<Class>>,
}

impl MethodCall<'_> {
    /// The value of the parameter `name` that is passed in; NULL also where there is none.
    pub fn argument(&self, name: &str) -> &Value {
        self.in_parameters.and_then(|given| given.get(name)).unwrap_or(&Value::Null)
    }

    /// What the call hands out: `ReturnValue`, and the out parameters by name. Those that are not
    /// named are NULL; of a void
    /// method, `returned` is not looked at.
    /// Errors: as [`Instance::put`].
    pub fn outcome(
        &self,
        returned: impl Into<Value>,
        parameters: &[(&str, Value)],
    ) -> Result<Option<Instance>> {
        let Some(signature) = self.out_signature else { return Ok(None) };
        let mut out = Instance::new(signature.clone());
        if signature.slot(RETURN_VALUE.as_str()).is_some() {
            out.put(RETURN_VALUE.as_str(), &returned.into())?;
        }
        for (name, value) in parameters {
            out.put(name, value)?;
        }
        Ok(Some(out))
    }
}

/// A provider of methods. Called from many threads at once.
pub trait MethodProvider: Send + Sync {
    /// Runs the method and gives its out parameters, as [`MethodCall::outcome`] makes them; none
    /// of a method that hands nothing out.
    /// Errors: where the method could not be run as it was called. That it ran and failed is told
    /// by `ReturnValue`.
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>>;
}
