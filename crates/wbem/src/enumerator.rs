//! The objects of an operation as a client fetches them (IEnumWbemClassObject), while the
//! operation still runs.
//!
//! The operation is blocked while too many delivered objects are not fetched yet: a client that
//! stops early costs two batches of work, and a client that continues finds more objects ready. If
//! the client may reset the enumerator (no `FORWARD_ONLY`), delivered objects are kept as long as
//! the enumerator exists. Semantics: behaviour.md F.3, windows-in-practice.md "Queries".

mod requests;

use std::sync::Arc;
use std::time::Duration;

use cim::status::*;
use cim::{Error, Result, WbemStatus};
use parking_lot::MutexGuard;

use self::requests::{Request, Requests};
use crate::asynchronous::ResponseSink;
use crate::channel::{Fetched, Interest};
use crate::client::Client;
use crate::deadline::{after, earlier, is_past};
use crate::flags::Flags;

/// A position among the objects of an operation. Dropping the last one ends the operation, when
/// nothing is left that was requested by [`crate::Client::next_async`].
#[derive(Debug)]
pub struct Enumerator {
    position: usize,
    /// Whether this enumerator has reported the final status that it reports once: a success other
    /// than `WBEM_S_NO_ERROR`, or that the deadline of the call is past.
    has_reported_status: bool,
    /// Requests whose objects precede the next fetch of this enumerator.
    requests: Arc<Requests>,
    interest: Arc<Interest>,
}

impl Enumerator {
    /// Starts `request` as an operation of `client`. With `RETURN_IMMEDIATELY` among its flags its
    /// errors come with the first fetch; else this waits for the first objects, and an error before
    /// them is this call's.
    /// Errors: the operation's; those of [`Client::start`].
    pub(crate) fn start(client: &Client, request: crate::Request<'static>) -> Result<Enumerator> {
        let flags = request.flags();
        let objects = client.deliver(request, !flags.has(Flags::FORWARD_ONLY))?;
        let interest = objects.into_interest();
        if !flags.has(Flags::RETURN_IMMEDIATELY) {
            interest.channel.wait_for_begin(interest.deadline())?;
        }
        Ok(Enumerator {
            position: 0,
            has_reported_status: false,
            requests: Arc::default(),
            interest,
        })
    }

    /// Fetches `count` objects, and waits for them at most `wait` (`None`: without limit), and no
    /// longer than until the deadline of the client's context. Fewer come, with `WBEM_S_NO_ERROR`,
    /// if an error follows them, which the next fetch returns. The deadline ends the operation: one
    /// fetch reports it with `WBEM_S_TIMEDOUT`, later ones return the error `WBEM_E_TIMED_OUT` when
    /// the objects that arrived in time are fetched.
    /// Errors: the operation's, with no object, and again on each further call.
    pub fn next(&mut self, wait: Option<Duration>, count: usize) -> Result<Fetched> {
        self.advance(wait, count, true)
    }

    /// Skips `count` objects; the status is that of a fetch of as many.
    /// Errors: as [`Enumerator::next`].
    pub fn skip(&mut self, wait: Option<Duration>, count: usize) -> Result<WbemStatus> {
        Ok(self.advance(wait, count, false)?.status)
    }

    /// [`crate::Client::next_async`] of `client`.
    pub(crate) fn next_async(
        &mut self,
        count: usize,
        client: &Client,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<WbemStatus> {
        if count == 0 || self.is_at_end() {
            return Ok(WBEM_S_FALSE);
        }
        let end = self.position.saturating_add(count);
        let cancel = client.context().cancel();
        let call = client.outstanding().call(cancel, Flags::default(), sink);
        let request = Request { positions: self.position..end, call };
        self.requests.take(request, client.operations(), &self.interest)?;
        self.position = end;
        Ok(WBEM_S_NO_ERROR)
    }

    /// Whether nothing more can come, not even an error.
    fn is_at_end(&self) -> bool {
        let state = self.interest.channel.state();
        state.delivered() <= self.position && matches!(state.completion, Some(Ok(_)))
    }

    /// Goes back to the first object. Errors: `WBEM_E_INVALID_OPERATION` of one that only goes
    /// forward.
    pub fn reset(&mut self) -> Result<()> {
        self.check_kept("be reset")?;
        (self.position, self.has_reported_status) = (0, false);
        Ok(())
    }

    /// Another enumerator at the same position. Errors: `WBEM_E_INVALID_OPERATION` of one that
    /// only goes forward.
    pub fn try_clone(&self) -> Result<Enumerator> {
        self.check_kept("be cloned")?;
        Ok(Enumerator {
            position: self.position,
            has_reported_status: self.has_reported_status,
            requests: Arc::default(),
            interest: self.interest.clone(),
        })
    }

    /// Ends the operation, unless others enumerate it too, and waits until it has released the
    /// repository and everything else; no longer than `limit`, as a provider may be at work that
    /// does not answer.
    pub fn close(self, limit: Duration) {
        let objects = self.interest.channel.clone();
        drop(self);
        objects.wait_until_over(limit);
    }

    fn check_kept(&self, purpose: &str) -> Result<()> {
        if self.interest.channel.keeps {
            return Ok(());
        }
        Err(WBEM_E_INVALID_OPERATION
            .with(format!("an enumerator that was made FORWARD_ONLY cannot {purpose}")))
    }

    /// Whether the operation has ended with `error` because its deadline is past.
    fn is_timed_out(&self, error: &Error) -> bool {
        error.status() == WBEM_E_TIMED_OUT && is_past(self.interest.deadline())
    }

    fn advance(&mut self, wait: Option<Duration>, count: usize, wants: bool) -> Result<Fetched> {
        let deadline = earlier(after(wait), self.interest.deadline());
        let all = &self.interest.channel;
        let mut state = all.state();
        let wanted = self.position.saturating_add(count);
        let status = loop {
            let delivered = state.delivered();
            if delivered >= wanted {
                break WBEM_S_NO_ERROR;
            }
            match &state.completion {
                Some(Err(error)) if !self.has_reported_status && self.is_timed_out(error) => {
                    self.has_reported_status = true;
                    break WBEM_S_TIMEDOUT;
                }
                Some(Err(error)) if delivered <= self.position => return Err(error.clone()),
                Some(Err(_)) => break WBEM_S_NO_ERROR,
                Some(Ok(status)) if *status != WBEM_S_NO_ERROR && !self.has_reported_status => {
                    self.has_reported_status = true;
                    break *status;
                }
                Some(Ok(_)) => break WBEM_S_FALSE,
                None => {}
            }
            if !all.wait(&mut state, wanted, deadline) {
                if !is_past(self.interest.deadline()) {
                    break WBEM_S_TIMEDOUT;
                }
                MutexGuard::unlocked(&mut state, || self.interest.end_at_deadline());
            }
        };
        let end = wanted.min(state.delivered());
        let mut objects = Vec::new();
        // What was requested by NextAsync may not have been delivered yet.
        if end > self.position {
            objects = all.pass(&mut state, self.position..end, wants);
            self.position = end;
        }
        Ok(Fetched { objects, status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::layer::services_from;
    use crate::operations::Operations;
    use crate::promise::Promise;
    use crate::request::Reply;
    use crate::services::Services;
    use cim::Namespace;
    use cim::security::Identity;
    use std::time::Instant;

    /// Operations that wait for the promise.
    fn waiting() -> (Arc<dyn Services>, Promise<()>) {
        let gate = Promise::default();
        let opened = gate.clone();
        let services = services_from(Namespace::root(), move |request, _, sink| {
            gate.wait();
            request.sink(sink)?.complete(crate::COMPLETE);
            Ok(Reply::Nothing)
        });
        (services, opened)
    }

    /// The first objects are waited for until the deadline, whatever a provider is doing.
    #[test]
    fn an_enumeration_that_does_not_begin_returns_at_its_deadline() {
        let (services, gate) = waiting();
        let mut context = CallContext::local(Arc::new(Identity::unix(0, &[0], true)));
        context.set_deadline(Instant::now());
        let client = Client::new(&Operations::default(), services, context);
        let outcome = client.create_instance_enum("X", Flags::default());
        assert_eq!(outcome.unwrap_err().status(), WBEM_E_TIMED_OUT);
        gate.set(());
    }

    /// Also before the timer has ended the operation, which many deadlines at once may delay.
    #[test]
    fn one_fetch_reports_the_deadline_and_the_next_one_the_error() {
        let (services, gate) = waiting();
        for _ in 0..50 {
            let mut context = CallContext::local(Arc::new(Identity::unix(0, &[0], true)));
            context.set_deadline(Instant::now() + Duration::from_millis(5));
            let client = Client::new(&Operations::default(), services.clone(), context);
            let mut objects = client.create_instance_enum("X", Flags::RETURN_IMMEDIATELY).unwrap();
            assert_eq!(objects.next(None, 1).unwrap().status, WBEM_S_TIMEDOUT);
            assert_eq!(objects.next(None, 1).unwrap_err().status(), WBEM_E_TIMED_OUT);
        }
        gate.set(());
    }
}
