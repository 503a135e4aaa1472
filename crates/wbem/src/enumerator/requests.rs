//! What a client has asked for by NextAsync and not been given yet: in the order of the requests,
//! on one thread for each enumerator that has any.

use std::collections::VecDeque;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cim::Result;

use super::objects::Interest;
use crate::asynchronous::{Call, Ending};
use crate::client::spawn;
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
    is_served: bool,
}

impl Requests {
    /// Takes a request, which is served when those before it are.
    /// Errors: `WBEM_E_OUT_OF_MEMORY` where there can be no thread; then the request is forgotten.
    pub(super) fn take(self: &Arc<Self>, request: Request, interest: &Arc<Interest>) -> Result<()> {
        let mut queue = self.queue();
        if !queue.is_served {
            let (requests, held) = (self.clone(), interest.clone());
            spawn(move || requests.serve(&held))?;
            queue.is_served = true;
            interest.0.reserve(Some(request.positions.start));
        }
        queue.waiting.push_back(request);
        Ok(())
    }

    /// Serves one after the other until there is none.
    fn serve(&self, interest: &Interest) {
        while let Some(Request { positions, call }) = self.next(interest) {
            // A sink that panics costs its own call; `Ending` tells it.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let ending = Ending(call);
                deliver(interest, positions, &ending.0);
            }));
        }
    }

    fn next(&self, interest: &Interest) -> Option<Request> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front();
        let from = next.as_ref().map(|request| request.positions.start);
        queue.is_served = from.is_some();
        interest.0.reserve(from);
        next
    }

    /// A panic of another holder leaves the queue whole: values are only moved in and out.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the call's sink the objects as they come, and then one status.
fn deliver(interest: &Interest, mut positions: Range<usize>, call: &Call) {
    while !positions.is_empty() && !call.has_ended() {
        let fetched = match interest.0.some(positions.clone()) {
            Ok(fetched) => fetched,
            Err(error) => return call.end(Err(error), None),
        };
        if fetched.objects.is_empty() {
            return call.end(Ok(fetched.status), None);
        }
        positions.start += fetched.objects.len();
        interest.0.reserve(Some(positions.start));
        if call.indicate(fetched.objects).is_break() {
            break;
        }
    }
    call.end(COMPLETE, None);
}
