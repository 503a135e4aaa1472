//! What every failure of an operation says besides its status: which operation, and what it was
//! given, as the client gave it (`__ExtendedStatus`; windows-in-practice.md, "Errors").
//!
//! A layer around a session, whose errors and whose sinks' errors pass through; nothing else is
//! changed.

use std::sync::Arc;

use wbem::Services;

/// `services` whose errors say of which operation they are.
pub(super) fn layer(services: Arc<dyn Services>) -> Arc<dyn Services> {
    wbem::layer(services, |services, request, context, sink| {
        let sink = sink.map(|sink| sink.during(request.name(), &request.parameter()));
        let outcome = services.call(request, context, sink);
        outcome.map_err(|e| e.during(request.name(), &request.parameter()))
    })
}
