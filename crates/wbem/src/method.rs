//! The contract of native method providers.
//!
//! The object manager has found the object, the class whose code is to run, and the parameters; the
//! provider runs the method and returns the out parameters. Its `Result` reports whether the call
//! succeeded; the method's own result is `ReturnValue` among the out parameters, and the two are
//! independent (behaviour.md C.2, G.15).

use std::sync::Arc;

use cim::signature::RETURN_VALUE;
use cim::{Class, Instance, Method, Result, Value};

use crate::context::ProviderContext;

/// A method call.
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
    /// The in parameters, with the defaults of the method; `None` if the method has none.
    pub in_parameters: Option<&'a Instance>,
    /// The class of the out parameters; `None` if the method has none.
    pub out_signature: Option<&'a Arc<Class>>,
}

impl MethodCall<'_> {
    /// The value of the in parameter `name`; NULL also if it does not exist.
    pub fn argument(&self, name: &str) -> &Value {
        self.in_parameters.and_then(|given| given.get(name)).unwrap_or(&Value::Null)
    }

    /// Makes the out parameters: `ReturnValue`, and the others by name. Those that are not named
    /// are NULL; for a void method, `returned` is ignored.
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
    /// Runs the method and returns its out parameters, as [`MethodCall::outcome`] makes them; none
    /// for a method without out parameters.
    /// Errors: if the method could not be run as it was called. A failure of the method itself is
    /// reported by `ReturnValue`.
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>>;
}
