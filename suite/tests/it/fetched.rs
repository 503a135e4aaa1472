//! A door over enumerators: what an operation gives is fetched object by object, as clients of
//! IEnumWbemClassObject do, and handed on.
//!
//! The scripts run through it, so that both calling modes answer alike.

use std::sync::Arc;

use cim::Result;
use cim::status::WBEM_S_NO_ERROR;
use wbem::{Client, Enumerator, Fetched, Flags, Operations, Reply, Request, Services, Sink};

/// The door.
pub(crate) fn through(services: Arc<dyn Services>) -> Arc<dyn Services> {
    let operations = Operations::default();
    wbem::layer(services, move |services, request, context, sink| {
        let client = || Client::new(&operations, services.clone(), context.clone());
        match (request, sink) {
            // On this thread, on which the world counts its GUIDs.
            (Request::PutInstance { .. } | Request::ExecMethod { .. }, None) => {
                services.call(request, context, None)
            }
            (request, Some(sink)) => {
                let mut request = request.clone();
                if let Request::CreateClassEnum { flags, .. }
                | Request::CreateInstanceEnum { flags, .. }
                | Request::ExecQuery { flags, .. } = &mut request
                {
                    *flags |= SEMISYNCHRONOUS;
                }
                hand_on(client().enumerate(request), sink)?;
                Ok(Reply::Nothing)
            }
            (request, None) => {
                let reply = client().start(request.clone())?.reply(None)?;
                Ok(reply.expect("it was waited for"))
            }
        }
    })
}

/// Fetches in odd numbers, and hands the end on as the operation gave it.
fn hand_on(started: Result<Enumerator>, mut sink: Sink) -> Result<()> {
    let mut found = match started {
        Ok(found) => found,
        Err(error) => {
            sink.release();
            return Err(error);
        }
    };
    for count in [1, 3, 7].into_iter().cycle() {
        match found.next(None, count) {
            Err(error) => {
                sink.complete(Err(error));
                return Ok(());
            }
            Ok(Fetched { objects, status }) => {
                let is_over = status != WBEM_S_NO_ERROR;
                if sink.indicate(objects).is_break() || is_over {
                    // What the end says beside being one is the operation's own status.
                    let status = if status.0 == 1 { WBEM_S_NO_ERROR } else { status };
                    sink.complete(Ok(status));
                    return Ok(());
                }
            }
        }
    }
    unreachable!("the cycle has no end")
}

/// Errors come from the first fetch, as they do where a client does not wait.
const SEMISYNCHRONOUS: Flags = Flags::RETURN_IMMEDIATELY.union(Flags::FORWARD_ONLY);
