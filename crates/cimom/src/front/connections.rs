//! Counts the open connections to each namespace.
//!
//! A session holds a [`Connected`] as long as it lives; at the documented limit (behaviour.md F.2a,
//! MS-WMI <23>) new ones are refused.

use std::collections::HashMap;
use std::sync::Arc;

use cim::Result;
use cim::status::WBEM_E_QUOTA_VIOLATION;
use parking_lot::Mutex;
use repository::NamespaceId;

/// The most connections to one namespace at once.
const MAX_CONNECTIONS: usize = 4096;

/// The numbers of connections, by namespace; of none where there is no entry.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<NamespaceId, usize>>);

/// A connection, until it is dropped.
pub(super) struct Connected {
    connections: Arc<Connections>,
    to: NamespaceId,
}

impl Connections {
    /// Counts one more. Errors: `WBEM_E_QUOTA_VIOLATION` where there are too many.
    pub(super) fn connect(self: &Arc<Self>, to: NamespaceId) -> Result<Connected> {
        let mut counts = self.0.lock();
        let count = counts.entry(to).or_default();
        if *count == MAX_CONNECTIONS {
            return Err(WBEM_E_QUOTA_VIOLATION.with(format!(
                "a namespace takes at most {MAX_CONNECTIONS} connections at once; close some"
            )));
        }
        *count += 1;
        Ok(Connected { connections: self.clone(), to })
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut counts = self.connections.0.lock();
        if let Some(count) = counts.get_mut(&self.to) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.to);
            }
        }
    }
}
