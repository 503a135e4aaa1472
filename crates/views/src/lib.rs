//! The view provider: classes made of the instances of other classes, by the qualifiers that
//! declare them (behaviour.md B.8, E.5; `docs/views.md` for those who write views).
//!
//! It holds no instance and keeps no state. A call comes with the view's class, from whose
//! qualifiers it reads what the view is made of; it asks the source classes through the services
//! of the call's context, in whatever namespace they are, as the client and on the client's
//! behalf; what they answer it turns into instances of the view.
//!
//! | module | what |
//! |---|---|
//! | `definition`, `join_on` | a view as its qualifiers declare it, and what is wrong with them |
//! | `view`, `place` | a view with its source classes, found in their namespaces |
//! | `question` | what a source is asked: queries, and comparisons as WQL |
//! | `read`, `join`, `association` | the instances of a view: what is common to the kinds, joins, references to other views |
//! | `update` | what becomes of writing to a union view, and its methods |
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

/// Puts the provider among `providers`.
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
