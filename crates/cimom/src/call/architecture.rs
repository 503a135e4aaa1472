//! The architecture of providers that a client asks for by named values of the context (behaviour.md
//! B.7, MS-WMI 2.2.13): `__ProviderArchitecture`, 32 or 64, and `__RequiredArchitecture`, whether
//! another one will not do.
//!
//! The providers of this program have 64 bits. Whether a provider is needed at all is not known here:
//! [`check_available`] is asked when one is loaded or used.

use std::borrow::Cow;

use cim::status::{WBEM_E_INVALID_PARAMETER, WBEM_E_PROVIDER_LOAD_FAILURE};
use cim::{Name, Result, Value};
use wbem::CallContext;

use super::partial::without;

const ARCHITECTURE: &str = "__ProviderArchitecture";
const REQUIRED: &str = "__RequiredArchitecture";

/// The architectures that there are, in bits.
const KNOWN: [i128; 2] = [32, 64];
/// That of the providers of this program.
const AVAILABLE: i128 = 64;

/// Errors: `WBEM_E_INVALID_PARAMETER` where one of the values is none.
pub fn check(context: &CallContext) -> Result<()> {
    let is_known = |value: &Value| value.as_integer().is_some_and(|n| KNOWN.contains(&n));
    if context.value(ARCHITECTURE).is_some_and(|value| !is_known(value)) {
        return Err(WBEM_E_INVALID_PARAMETER
            .with(format!("{ARCHITECTURE} in the context is the number 32 or 64")));
    }
    if context.value(REQUIRED).is_some_and(|value| value.as_bool().is_none()) {
        return Err(
            WBEM_E_INVALID_PARAMETER.with(format!("{REQUIRED} in the context is TRUE or FALSE"))
        );
    }
    Ok(())
}

/// Errors: `WBEM_E_PROVIDER_LOAD_FAILURE` where the client takes only a provider of an architecture
/// that `provider` does not have.
pub fn check_available(context: &CallContext, provider: &Name) -> Result<()> {
    let wanted = context.value(ARCHITECTURE).and_then(Value::as_integer);
    let is_required = context.value(REQUIRED).and_then(Value::as_bool) == Some(true);
    match wanted {
        Some(bits) if is_required && bits != AVAILABLE => Err(WBEM_E_PROVIDER_LOAD_FAILURE
            .with(format!("provider {provider} has {AVAILABLE} bits, and {bits} are required"))),
        _ => Ok(()),
    }
}

/// The context for work that is not the client's alone.
pub fn any(context: &CallContext) -> Cow<'_, CallContext> {
    without(context, &[ARCHITECTURE, REQUIRED])
}
