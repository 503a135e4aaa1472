//! The view provider: classes made of the instances of other classes, by the qualifiers that
//! declare them (behaviour.md B.8, E.5; `docs/views.md` for authors of views).
//!
//! It holds no instances and no state. For each call it reads the definition of the view from the
//! qualifiers of its class, queries the source classes in their namespaces through the services of
//! the call's context, with the identity of the client, and converts the results to instances of the
//! view.
//!
//! | module | what |
//! |---|---|
//! | `definition`, `join_on` | a view as its qualifiers declare it, and errors in them |
//! | `view`, `place` | a view with its source classes, resolved in their namespaces |
//! | `question` | the WQL queries for the sources |
//! | `read`, `join`, `association` | the instances of a view: all kinds, joins, references to other views |
//! | `update` | writes to a union view, and its methods |
//! | `provider` | the provider itself |

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod association;
mod definition;
mod join;
mod join_on;
mod place;
mod provider;
mod question;
mod read;
mod update;
mod view;

use std::sync::Arc;

use wbem::{NativeProviders, ProviderInterfaces};

use crate::provider::ViewProvider;

/// The CLSID under which MOF registers the provider.
pub const CLSID: &str = "{AA70DDF4-E11C-11D1-ABB0-00C04FD9159E}";

/// The MOF that registers the provider in a namespace, under the name that views use:
/// `MS_VIEW_INSTANCE_PROVIDER`.
pub const REGISTRATION: &str = include_str!("registration.mof");

/// Adds the provider to `providers`.
pub fn register(providers: &mut NativeProviders) {
    providers.register(CLSID, |_| {
        let provider = Arc::new(ViewProvider);
        Ok(ProviderInterfaces {
            instances: Some(provider.clone()),
            methods: Some(provider),
            ..ProviderInterfaces::default()
        })
    });
}
