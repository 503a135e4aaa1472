//! What a provider gets of WMI: the operations on its namespace, as long as the object manager is
//! open.
//!
//! A provider may keep it as long as it likes, and is kept by the object manager itself: held
//! strongly, neither would ever be dropped.

use std::sync::{Arc, Weak};

use wbem::{Reply, Services};

use super::cimom::Cimom;
use super::extended_status;
use super::session::Session;
use crate::call::NamespaceRef;
use crate::providers::shutting_down;

/// The services of a provider in `namespace`.
pub(super) fn services(cimom: Weak<Cimom>, namespace: NamespaceRef) -> Arc<dyn Services> {
    wbem::services_from(namespace.namespace.clone(), move |request, context, sink| {
        let Some(cimom) = cimom.upgrade() else {
            if let Some(sink) = sink {
                sink.release();
            }
            return Err(shutting_down());
        };
        let session = Session::new(cimom, namespace.clone(), None);
        let mut reply = session.call(request, context, sink);
        if let Ok(Reply::Services(opened)) = &mut reply {
            *opened = extended_status::layer(opened.clone());
        }
        reply
    })
}
