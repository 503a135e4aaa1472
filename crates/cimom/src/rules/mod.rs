//! The rules of system classes: what puts and deletions of their instances mean, as hooks of the
//! writes, and the methods that the object manager runs itself.

mod namespace;
mod security;
mod singletons;

use std::sync::Arc;

use cim::status::WBEM_E_METHOD_NOT_IMPLEMENTED;
use cim::{Instance, Result};
use wbem::{CallContext, MethodCall, WriteHook};

use crate::call::NamespaceRef;
use crate::providers::Runtime;
use crate::system::SYSTEM_SECURITY;

/// The hooks of all system classes.
pub fn hooks() -> Vec<Arc<dyn WriteHook>> {
    vec![Arc::new(namespace::NamespaceRules), Arc::new(singletons::SingletonRules)]
}

/// Runs a method that a built-in class implements.
pub fn exec_method(
    runtime: &Runtime,
    namespace: &NamespaceRef,
    call: &MethodCall<'_>,
    context: &CallContext,
) -> Result<Option<Instance>> {
    if call.implemented_in.name().is(SYSTEM_SECURITY) {
        let target = security::Target { runtime, namespace, context };
        return security::exec_method(&target, call);
    }
    Err(WBEM_E_METHOD_NOT_IMPLEMENTED.into())
}
