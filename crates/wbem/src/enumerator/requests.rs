//! The pending NextAsync requests of a client, in their order. A thread serves them while there are
//! objects to deliver; no thread waits for objects.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use cim::Result;
use parking_lot::Mutex;

use crate::asynchronous::{Call, Ending};
use crate::channel::Interest;
use crate::operations::Operations;
use crate::sink::COMPLETE;

/// The objects at these positions, for the sink of this call.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) positions: Range<usize>,
    pub(super) call: Arc<Call>,
}

/// The requests of one enumerator.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Request>,
    /// Whether a thread serves them, or is going to when there are objects to deliver.
    is_served: bool,
}

impl Requests {
    /// Adds a request, which is served after those before it.
    /// Errors: `WBEM_E_OUT_OF_MEMORY` if no thread can be started; then the request is dropped.
    pub(super) fn take(
        self: &Arc<Self>,
        request: Request,
        operations: &Operations,
        interest: &Arc<Interest>,
    ) -> Result<()> {
        let mut queue = self.0.lock();
        if !queue.is_served {
            let server = Arc::new(Server {
                requests: self.clone(),
                operations: operations.clone(),
                interest: interest.clone(),
            });
            let serving = server.clone();
            operations.run_beside(move || serving.serve())?;
            queue.is_served = true;
            interest.channel.reserve(Some(request.positions.start));
        }
        queue.waiting.push_back(request);
        Ok(())
    }
}

/// Serves the requests of an enumerator: a task that is woken when there are objects to deliver.
struct Server {
    requests: Arc<Requests>,
    operations: Operations,
    interest: Arc<Interest>,
}

impl Wake for Server {
    fn wake(self: Arc<Self>) {
        let serving = self.clone();
        if self.operations.run_beside(move || serving.serve()).is_err() {
            // There is no other thread.
            self.serve();
        }
    }
}

impl Server {
    /// Serves one request after the other until there is none, or nothing to deliver.
    fn serve(self: &Arc<Self>) {
        while let Some(mut request) = self.next() {
            // A sink that panics costs its own call; `Ending` reports it.
            let call = request.call.clone();
            let served = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let _ending = Ending(call);
                self.deliver(&mut request)
            }));
            if matches!(served, Ok(Poll::Pending)) {
                return;
            }
        }
    }

    /// Takes the next request out.
    fn next(&self) -> Option<Request> {
        let mut queue = self.requests.0.lock();
        let next = queue.waiting.pop_front();
        let from = next.as_ref().map(|request| request.positions.start);
        queue.is_served = from.is_some();
        self.interest.channel.reserve(from);
        next
    }

    /// Delivers the objects to the call's sink as they come, and then one status. If there is nothing
    /// to deliver, the request is put back, and this is woken when there is.
    fn deliver(self: &Arc<Self>, request: &mut Request) -> Poll<()> {
        let (channel, waker) = (&self.interest.channel, Waker::from(self.clone()));
        while !request.positions.is_empty() && !request.call.has_ended() {
            // The request is back before this is woken.
            let mut queue = self.requests.0.lock();
            let polled =
                channel.poll_fetch(request.positions.clone(), &mut Context::from_waker(&waker));
            let Poll::Ready(fetched) = polled else {
                let (positions, call) = (request.positions.clone(), request.call.clone());
                queue.waiting.push_front(Request { positions, call });
                return Poll::Pending;
            };
            drop(queue);
            let fetched = match fetched {
                Ok(fetched) => fetched,
                Err(error) => {
                    request.call.end(Err(error), None);
                    return Poll::Ready(());
                }
            };
            if fetched.objects.is_empty() {
                request.call.end(Ok(fetched.status), None);
                return Poll::Ready(());
            }
            request.positions.start += fetched.objects.len();
            channel.reserve(Some(request.positions.start));
            if request.call.indicate(fetched.objects) == ControlFlow::Break(()) {
                break;
            }
        }
        request.call.end(COMPLETE, None);
        Poll::Ready(())
    }
}
