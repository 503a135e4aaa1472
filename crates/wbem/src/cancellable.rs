//! Synchronous calls whose caller stops waiting when it wants to.

use std::sync::Arc;

use cim::status::{WBEM_E_TIMED_OUT, WBEM_S_FALSE, WBEM_S_NO_ERROR, WBEM_S_TIMEDOUT};

use crate::cancel::{CancelToken, cancelled};
use crate::channel::Objects;
use crate::client::Client;
use crate::layer::layer;
use crate::operations::Operations;
use crate::request::Reply;
use crate::services::Services;
use crate::sink::{COMPLETE, Sink};

/// How many objects are handed on at a time.
const BATCH: usize = 128;

/// `services` whose calls return when their context is cancelled or its deadline is past, whatever a
/// provider is doing: that goes on, as one of `operations`, until it asks whether the call is wanted.
/// A call that has begun to commit returns with its outcome. A call that cannot be cancelled runs
/// on its caller's thread.
pub fn cancellable(services: Arc<dyn Services>, operations: &Operations) -> Arc<dyn Services> {
    let operations = operations.clone();
    layer(services, move |services, request, context, sink| {
        let token = context.cancel();
        if token.is_endless() {
            return services.call(request, context, sink);
        }
        let client = Client::new(&operations, services.clone(), context.clone());
        let Some(sink) = sink else {
            token.check()?;
            let reply = client.start(request.clone())?.reply(None)?;
            return Ok(reply.expect("without a time to wait there is no end but the outcome"));
        };
        match token.check().and_then(|()| client.receive(request.clone())) {
            Ok(objects) => {
                hand_on(objects, token, sink);
                Ok(Reply::Nothing)
            }
            Err(e) => {
                sink.release();
                Err(e)
            }
        }
    })
}

fn hand_on(mut objects: Objects, token: &CancelToken, mut sink: Sink) {
    let completion = loop {
        // Objects that wait are not handed on to a caller whose call has ended.
        match token.check().and_then(|()| objects.recv(BATCH, token)) {
            Ok(fetched) if fetched.status == WBEM_S_NO_ERROR => {
                if sink.indicate(fetched.objects).is_break() {
                    break COMPLETE;
                }
            }
            Ok(fetched) => {
                break match fetched.status {
                    WBEM_S_FALSE => COMPLETE,
                    WBEM_S_TIMEDOUT => Err(cancelled(WBEM_E_TIMED_OUT)),
                    status => Ok(status),
                };
            }
            Err(e) => break Err(e),
        }
    };
    // The operation ends, whatever the sink does when it is complete.
    drop(objects);
    sink.complete(completion);
}
