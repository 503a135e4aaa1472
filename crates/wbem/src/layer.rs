//! [`Services`] made of one function: what is to happen to every operation is written once.
//!
//! Extended status, interruption, tracing and limits are such functions around the object
//! manager's session. What a function does not know of a request it passes on as it is, so that
//! another operation concerns only the functions that look at it.

use std::sync::Arc;

use cim::{Namespace, Result};

use crate::context::CallContext;
use crate::request::{Reply, Request};
use crate::services::Services;
use crate::sink::Sink;

/// `services` as they are seen through `function`, which gets them with each call and decides what
/// becomes of it. A connection that a call gives (OpenNamespace, Connect) is seen through the same
/// function.
pub fn layer<F>(services: Arc<dyn Services>, function: F) -> Arc<dyn Services>
where
    F: Fn(&Arc<dyn Services>, &Request<'_>, &CallContext, Option<Sink>) -> Result<Reply>
        + Send
        + Sync
        + 'static,
{
    layered(services, Arc::new(function))
}

fn layered<F>(services: Arc<dyn Services>, function: Arc<F>) -> Arc<dyn Services>
where
    F: Fn(&Arc<dyn Services>, &Request<'_>, &CallContext, Option<Sink>) -> Result<Reply>
        + Send
        + Sync
        + 'static,
{
    services_from(services.namespace().clone(), move |request, context, sink| {
        let mut reply = function(&services, request, context, sink);
        if let Ok(Reply::Services(opened)) = &mut reply {
            *opened = layered(opened.clone(), function.clone());
        }
        reply
    })
}

/// The services of `namespace` whose every operation is `function`.
pub fn services_from<F>(namespace: Namespace, function: F) -> Arc<dyn Services>
where
    F: Fn(&Request<'_>, &CallContext, Option<Sink>) -> Result<Reply> + Send + Sync + 'static,
{
    Arc::new(FromFunction { namespace, function })
}

struct FromFunction<F> {
    namespace: Namespace,
    function: F,
}

impl<F> Services for FromFunction<F>
where
    F: Fn(&Request<'_>, &CallContext, Option<Sink>) -> Result<Reply> + Send + Sync,
{
    fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    fn call(
        &self,
        request: &Request<'_>,
        context: &CallContext,
        sink: Option<Sink>,
    ) -> Result<Reply> {
        (self.function)(request, context, sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Flags;
    use cim::security::Identity;
    use cim::status::{WBEM_E_CRITICAL_ERROR, WBEM_E_INVALID_PARAMETER};
    use std::sync::Mutex;

    fn context() -> CallContext {
        CallContext::local(Arc::new(Identity::unix(0, &[0], true)))
    }

    fn namespace(path: &str) -> Namespace {
        Namespace::new(path).unwrap()
    }

    /// Opens namespaces, and replies with nothing to everything else.
    fn bare() -> Arc<dyn Services> {
        services_from(Namespace::root(), |request, _, sink| match request {
            Request::OpenNamespace { relative } => Ok(Reply::Services(services_from(
                namespace(&format!(r"root\{relative}")),
                |_, _, _| Ok(Reply::Nothing),
            ))),
            request if request.is_enumerating() => {
                request.sink(sink)?.complete(crate::COMPLETE);
                Ok(Reply::Nothing)
            }
            _ => Ok(Reply::Nothing),
        })
    }

    #[test]
    fn what_a_layer_opens_is_seen_through_it_too() {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let noted = calls.clone();
        let services = layer(bare(), move |services, request, context, sink| {
            noted.lock().unwrap().push(format!("{} {}", services.namespace(), request.name()));
            services.call(request, context, sink)
        });
        let context = context();
        let opened = services.open_namespace("a", &context).unwrap();
        assert_eq!(opened.namespace(), &namespace(r"root\a"));
        opened.delete_class("X", Flags::default(), &context).unwrap();
        assert_eq!(*calls.lock().unwrap(), ["root OpenNamespace", r"root\a DeleteClass"]);
    }

    #[test]
    fn a_reply_of_another_kind_is_a_fault_of_who_gave_it() {
        let outcome = bare().get("X", Flags::default(), &context());
        assert_eq!(outcome.unwrap_err().status(), WBEM_E_CRITICAL_ERROR);
        let outcome = bare().connect("root", &context());
        assert_eq!(outcome.err().unwrap().status(), WBEM_E_CRITICAL_ERROR);
    }

    #[test]
    fn an_enumerating_request_needs_a_sink() {
        let request = Request::CreateInstanceEnum { class: "X".into(), flags: Flags::default() };
        let outcome = bare().call(&request, &context(), None);
        assert_eq!(outcome.unwrap_err().status(), WBEM_E_INVALID_PARAMETER);
    }
}
