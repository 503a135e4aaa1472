//! What every failure of an operation says besides its status: which operation, and what it was
//! given, as the client gave it (`__ExtendedStatus`; windows-in-practice.md, "Errors").
//!
//! A layer around a session, whose errors and whose sinks' errors pass through; nothing else is
//! changed. Each operation is a span of `tracing`.

use std::sync::Arc;

use wbem::Services;

/// `services` whose errors say of which operation they are.
pub(super) fn layer(services: Arc<dyn Services>) -> Arc<dyn Services> {
    wbem::layer(services, |services, request, context, sink| {
        // No argument: a path, a query and a parameter may hold a secret.
        let _span = tracing::debug_span!(
            "call",
            operation = request.name(),
            namespace = services.namespace().as_str(),
            id = context.operation().number(),
            parent = context.operation().parent(),
        )
        .entered();
        let sink = sink.map(|sink| sink.during(request.name(), &request.parameter()));
        let mut outcome = services.call(request, context, sink);
        if let Err(error) = &mut outcome {
            tracing::debug!(status = error.status().symbol(), "failed");
            *error = error.clone().during(request.name(), &request.parameter());
        }
        outcome
    })
}
