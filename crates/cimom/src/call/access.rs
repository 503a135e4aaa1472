//! Access checks, made on every call.
//!
//! A [`Call`] comes from the session; only [`Call::authorize`] makes an [`AuthorizedCall`] of it,
//! and no later stage accepts anything else. What an operation needs depends on the class (static
//! or dynamic, system or not), which is known only after resolution; the stages call
//! [`AuthorizedCall::require`] with the rights from the functions here, or
//! [`AuthorizedCall::require_to_write`]. Rights: behaviour.md G.11.

use std::sync::Arc;

use cim::security::{Descriptor, Rights, SecurityDescriptor, Sid};
use cim::status::WBEM_E_ACCESS_DENIED;
use cim::{Class, Namespace, Result};
use repository::NamespaceSecurity;
use wbem::CallContext;

/// The access policy of a namespace, checked on every call: made once for each state of the
/// namespace and kept with its schema.
#[derive(Debug)]
pub struct Policy {
    descriptor: SecurityDescriptor,
    requires_encryption: bool,
}

impl Policy {
    /// The policy of a namespace of which this is kept.
    /// Errors: those of [`descriptor`].
    pub fn new(security: NamespaceSecurity<'_>) -> Result<Self> {
        Ok(Policy {
            descriptor: SecurityDescriptor::from(&descriptor(security)?),
            requires_encryption: security.requires_encryption,
        })
    }
}

/// The whole descriptor of a namespace of which this is kept: where none was ever given, the
/// default. Errors: `WBEM_E_INVALID_OBJECT` where the repository is damaged.
pub fn descriptor(security: NamespaceSecurity<'_>) -> Result<Descriptor> {
    match security.descriptor {
        Some(bytes) => Descriptor::from_bytes(bytes),
        None => Ok(Descriptor::default_namespace()),
    }
}

/// An operation on a namespace, as a client asked for it.
pub struct Call<'a, O> {
    /// The operation.
    pub operation: O,
    /// Where.
    pub namespace: &'a Namespace,
    /// The caller, and the rest of the context.
    pub context: &'a CallContext,
}

/// A call whose caller may open the namespace and read in it.
#[derive(Clone)]
pub struct AuthorizedCall<'a, O> {
    operation: O,
    namespace: &'a Namespace,
    context: &'a CallContext,
    granted: Rights,
    /// By which that was decided.
    policy: Arc<Policy>,
}

impl<'a, O> Call<'a, O> {
    /// Checks whether the caller may open the namespace.
    /// Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn authorize(self, policy: &Arc<Policy>) -> Result<AuthorizedCall<'a, O>> {
        let granted = policy.descriptor.granted(self.context.caller());
        let call = AuthorizedCall {
            operation: self.operation,
            namespace: self.namespace,
            context: self.context,
            granted,
            policy: policy.clone(),
        };
        call.require(Rights::ENABLE, "open it")?;
        if call.context.is_remote() {
            call.require(Rights::REMOTE_ACCESS, "reach it from another machine")?;
            if policy.requires_encryption && !call.context.is_encrypted() {
                return Err(WBEM_E_ACCESS_DENIED.with(format!(
                    "namespace {} takes encrypted calls only from other machines; connect with \
                     packet privacy or TLS",
                    call.namespace
                )));
            }
        }
        Ok(call)
    }
}

impl<'a, O> AuthorizedCall<'a, O> {
    /// The operation.
    pub fn operation(&self) -> &O {
        &self.operation
    }

    /// The caller, and the rest of the context.
    pub fn context(&self) -> &'a CallContext {
        self.context
    }

    /// What the caller may do in the namespace.
    pub fn granted(&self) -> Rights {
        self.granted
    }

    /// The same call, authorized by another state of the namespace.
    /// Errors: those of [`Call::authorize`].
    pub fn again(&self, policy: &Arc<Policy>) -> Result<AuthorizedCall<'a, ()>> {
        let AuthorizedCall { namespace, context, granted, .. } = *self;
        match Arc::ptr_eq(&self.policy, policy) {
            // The same question has the same answer.
            true => Ok(AuthorizedCall {
                operation: (),
                namespace,
                context,
                granted,
                policy: policy.clone(),
            }),
            false => Call { operation: (), namespace, context }.authorize(policy),
        }
    }

    /// The operation, and the call without it.
    pub fn split(self) -> (O, AuthorizedCall<'a, ()>) {
        let AuthorizedCall { operation, namespace, context, granted, policy } = self;
        (operation, AuthorizedCall { operation: (), namespace, context, granted, policy })
    }

    /// The same call, seen as what its operation has turned out to be.
    pub fn with<P>(self, operation: P) -> AuthorizedCall<'a, P> {
        let AuthorizedCall { namespace, context, granted, policy, .. } = self;
        AuthorizedCall { operation, namespace, context, granted, policy }
    }

    /// Errors: `WBEM_E_ACCESS_DENIED` where the caller lacks one of the `needed` rights.
    pub fn require(&self, needed: Rights, purpose: &str) -> Result<()> {
        if self.granted.contains(needed) {
            return Ok(());
        }
        Err(WBEM_E_ACCESS_DENIED.with(format!(
            "access denied: {} lacks the rights {:#x} in namespace {}, required to {purpose}",
            self.context.caller().user,
            needed.0 & !self.granted.0,
            self.namespace
        )))
    }
}

impl<O> AuthorizedCall<'_, O> {
    /// Errors: `WBEM_E_ACCESS_DENIED` where the caller may not write or delete instances of
    /// `class`. Registered providers run code in calls of all users, so only administrators write
    /// registrations (behaviour.md A.2).
    pub fn require_to_write(&self, class: &Class, purpose: &str) -> Result<()> {
        self.require(to_write_instance(class), purpose)?;
        self.require_to_register(class, purpose)
    }

    /// Errors: `WBEM_E_ACCESS_DENIED` if only administrators may write instances of `class` and the
    /// caller is none.
    pub fn require_to_register(&self, class: &Class, purpose: &str) -> Result<()> {
        if !is_registration(class) || self.context.caller().is(&Sid::administrators()) {
            return Ok(());
        }
        Err(WBEM_E_ACCESS_DENIED.with(format!(
            "{} is no administrator and cannot {purpose}, which registers a provider",
            self.context.caller().user
        )))
    }
}

/// Whether instances of `class` say which providers there are and what they do.
pub fn is_registration(class: &Class) -> bool {
    class.is_a("__Provider") || class.is_a("__ProviderRegistration")
}

/// The rights required to read instances of `class`, in addition to those for the namespace.
pub fn to_read_instance(class: &Class) -> Rights {
    // Evaluated on every get: most classes are not singletons.
    match class.is_singleton() && class.is_a("__thisNAMESPACE") {
        true => Rights::READ_CONTROL,
        false => Rights::default(),
    }
}

/// The rights required to write a class.
pub fn to_write_class() -> Rights {
    Rights::FULL_WRITE_REP
}

/// The rights required to write or delete an instance of `class`.
fn to_write_instance(class: &Class) -> Rights {
    if class.is_dynamic() {
        Rights::WRITE_PROVIDER
    } else if class.name().is_system() || class.ancestors().any(|c| c.name().is_system()) {
        Rights::FULL_WRITE_REP
    } else {
        Rights::PARTIAL_WRITE_REP
    }
}

#[cfg(test)]
impl Policy {
    /// One that grants authenticated users these rights.
    pub fn granting(rights: Rights) -> Arc<Self> {
        let ace = cim::security::Ace { allow: true, sid: Sid::authenticated_users(), rights };
        let descriptor = SecurityDescriptor { owner: None, dacl: vec![ace] };
        Arc::new(Policy { descriptor, requires_encryption: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::security::Identity;
    use wbem::{Protocol, Transport};

    const REMOTE: Transport = Transport::Remote { protocol: Protocol::Dcom, encrypted: false };

    fn authorize(rights: Rights, context: &CallContext) -> Result<()> {
        let namespace = Namespace::root();
        let call = Call { operation: (), namespace: &namespace, context };
        call.authorize(&Policy::granting(rights))?.require(to_write_class(), "write a class")
    }

    #[test]
    fn g11_each_right_is_refused_where_it_is_missing() {
        let user = Arc::new(Identity::unix(1000, &[], false));
        let (local, remote) = (CallContext::local(user.clone()), CallContext::new(user, REMOTE));
        let both = Rights::ENABLE.union(Rights::FULL_WRITE_REP);
        let denied = |r: Result<()>| r.unwrap_err().status() == WBEM_E_ACCESS_DENIED;
        assert!(denied(authorize(Rights::FULL_WRITE_REP, &local)));
        assert!(denied(authorize(Rights::ENABLE, &local)));
        assert!(authorize(both, &local).is_ok());
        assert!(denied(authorize(both, &remote)));
        assert!(authorize(both.union(Rights::REMOTE_ACCESS), &remote).is_ok());
    }
}
