//! A bounded queue of objects between the thread of an operation and its client.
//!
//! [`channel`] has two ends: a [`Sink`] for the operation and [`Objects`] for the client. The queue
//! between them is bounded, in objects and in bytes. An operation that delivers more is blocked,
//! unless the client waits for more; or it returns its thread ([`Sink::suspend`]) and continues on
//! another one when the client needs more. The client waits with a deadline, or is a task that is
//! woken ([`Objects::poll_recv`]). [`crate::Enumerator`] is a client's end that can be reset.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Object, Result, WbemStatus};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::cancel::{CancelToken, OnCancel, cancelled};
use crate::context::SessionId;
use crate::deadline::{after, is_past, wait_until};
use crate::operations::{Admission, Operations};
use crate::sink::{Completion, ObjectSink, Sink, SuspendedSource};

/// The number of objects that may wait before the operation is blocked. It grows to the number that
/// the client has fetched, up to a limit: a client that continues finds more objects ready, and a
/// client that stops has cost at most twice what it used. The operation continues when half are
/// left, so that the two threads do not wake each other for every batch.
const WAITING: usize = 128;
const MOST_WAITING: usize = 1 << 14;

/// The bytes that may wait, by [`Object::memory`] and the place in the queue, whatever the number
/// of objects: 64 KiB, less the memory of a suspended operation.
pub const WAITING_BYTES: usize = 56 << 10;

/// The result of a fetch.
#[derive(Debug, PartialEq)]
pub struct Fetched {
    /// The objects, at most as many as requested.
    pub objects: Vec<Object>,
    /// `WBEM_S_NO_ERROR` where there may be more; `WBEM_S_FALSE` at the end, of an
    /// [`crate::Enumerator`] also together with the last objects; `WBEM_S_TIMEDOUT` with the
    /// objects that arrived in time; at the end, once, the operation's own status if that is not
    /// plain success.
    pub status: WbemStatus,
}

/// Returns both ends of a bounded queue from an operation to a client. An operation that returns
/// its thread continues as one of `operations`, on behalf of the client `session`.
pub fn channel(operations: &Operations, session: SessionId) -> (Sink, Objects) {
    let channel = Arc::new(Channel::new(false, operations, session));
    let sink = Sink::new(Delivery(channel.clone()));
    (sink, Objects::of(channel, CancelToken::default()))
}

/// The client's end of a [`channel`]. Dropping it ends the operation: its sink returns `Break`.
#[derive(Debug)]
pub struct Objects {
    position: usize,
    interest: Arc<Interest>,
}

impl Objects {
    pub(crate) fn of(channel: Arc<Channel>, call: CancelToken) -> Self {
        Objects { position: 0, interest: Interest::new(channel, call) }
    }

    /// Takes what there is as soon as there is something, no more than `most` objects; none at the
    /// end, or with `WBEM_S_TIMEDOUT` at the deadline of `token`.
    /// Errors: the operation's, again whenever it is asked; `WBEM_E_CALL_CANCELLED` where `token` is
    /// cancelled.
    pub fn recv(&mut self, most: usize, token: &CancelToken) -> Result<Fetched> {
        let channel = self.interest.channel.clone();
        let _listening = token.on_cancel(move |_| channel.wake());
        let channel = &self.interest.channel;
        let mut state = channel.state();
        loop {
            if let Some(fetched) = channel.fetch(&mut state, self.next(most)) {
                drop(state);
                return self.taken(fetched);
            }
            match token.check() {
                Err(e) if e.status() == WBEM_E_TIMED_OUT => {
                    return Ok(Fetched { objects: Vec::new(), status: WBEM_S_TIMEDOUT });
                }
                checked => checked?,
            }
            channel.wait(&mut state, self.position.saturating_add(1), token.deadline());
        }
    }

    /// The same for a task, which is woken when there is something.
    pub fn poll_recv(&mut self, most: usize, task: &mut Context<'_>) -> Poll<Result<Fetched>> {
        match self.interest.channel.poll_fetch(self.next(most), task) {
            Poll::Ready(fetched) => Poll::Ready(self.taken(fetched)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Ends the operation, and waits until it has released everything; no longer than `limit`, as a
    /// provider may be at work that does not answer.
    pub fn close(self, limit: Duration) {
        let channel = self.interest.channel.clone();
        drop(self);
        channel.wait_until_over(limit);
    }

    pub(crate) fn into_interest(self) -> Arc<Interest> {
        self.interest
    }

    fn next(&self, most: usize) -> Range<usize> {
        self.position..self.position.saturating_add(most)
    }

    fn taken(&mut self, fetched: Result<Fetched>) -> Result<Fetched> {
        let fetched = fetched?;
        self.position += fetched.objects.len();
        Ok(fetched)
    }
}

#[derive(Debug)]
pub(crate) struct Channel {
    state: Mutex<State>,
    /// What a client waits for was delivered, or the operation has come to its end.
    is_delivered: Condvar,
    /// More may be delivered, or no client wants more.
    is_wanted: Condvar,
    /// Whether objects stay when they were fetched.
    pub(crate) keeps: bool,
    operations: Operations,
    session: SessionId,
}

#[derive(Default)]
pub(crate) struct State {
    /// Those that were delivered and may still be fetched; `None` where one was fetched before
    /// those in front of it.
    objects: VecDeque<Option<Object>>,
    /// The position of the first of them.
    first: usize,
    /// The furthest position of any client.
    furthest: usize,
    /// The size of the objects from there on.
    waiting_bytes: usize,
    /// The position from which a NextAsync is still to be served: what comes before it can no longer be
    /// fetched, where objects do not stay.
    reserved: Option<usize>,
    /// For each thread that waits, how many objects have to be delivered.
    awaited: Vec<usize>,
    /// The tasks that wait for the next object.
    polls: Vec<Waker>,
    pub(crate) completion: Option<Completion>,
    is_abandoned: bool,
    /// The operation that has returned its thread.
    suspended: Option<SuspendedSource>,
    /// On how many threads the operation is at work.
    at_work: usize,
    /// By what the operation counts while it is at work.
    admission: Option<Admission>,
}

impl Channel {
    pub(crate) fn new(keeps: bool, operations: &Operations, session: SessionId) -> Self {
        Channel {
            state: Mutex::default(),
            is_delivered: Condvar::new(),
            is_wanted: Condvar::new(),
            keeps,
            operations: operations.clone(),
            session,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Says that an operation will deliver: before the thread of it begins, so that closing the
    /// other end waits for it.
    pub(crate) fn begin(&self) {
        self.state().at_work += 1;
    }

    /// Runs `operation`, which has been begun and counts by `admission`, on this thread.
    pub(crate) fn run(
        self: &Arc<Self>,
        admission: Admission,
        operation: impl FnOnce(Sink) -> Result<()>,
    ) {
        let _at_work = AtWork(self);
        self.state().admission = Some(admission);
        if let Err(error) = operation(Sink::new(Delivery(self.clone()))) {
            self.end(Err(error));
        }
    }

    /// Waits until the operation has delivered something or has ended.
    /// Errors: its own, where nothing came before; `WBEM_E_TIMED_OUT` past `deadline`.
    pub(crate) fn wait_for_begin(self: &Arc<Self>, deadline: Option<Instant>) -> Result<()> {
        let mut state = self.state();
        loop {
            match &state.completion {
                _ if state.delivered() > 0 => return Ok(()),
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(_)) => return Ok(()),
                None => {
                    if !self.wait(&mut state, 1, deadline) {
                        return Err(cancelled(WBEM_E_TIMED_OUT));
                    }
                }
            }
        }
    }

    /// Waits until `wanted` objects were delivered, the operation has ended, or something else
    /// has happened. With `false` at once where the deadline is past.
    pub(crate) fn wait(
        self: &Arc<Self>,
        state: &mut MutexGuard<'_, State>,
        wanted: usize,
        deadline: Option<Instant>,
    ) -> bool {
        if is_past(deadline) {
            return false;
        }
        // The operation continues for a client that wants more than is waiting.
        let delivered = state.delivered();
        state.advance(delivered);
        state.awaited.push(wanted);
        self.resume(state);
        // An operation that could not be resumed has ended, and wakes no thread that waits from now on.
        if state.completion.is_none() {
            wait_until(&self.is_delivered, state, deadline);
        }
        if let Some(own) = state.awaited.iter().position(|it| *it == wanted) {
            state.awaited.swap_remove(own);
        }
        true
    }

    /// Continues the operation.
    fn resume(self: &Arc<Self>, state: &mut State) {
        self.is_wanted.notify_all();
        let Some(source) = state.suspended.take() else { return };
        state.at_work += 1;
        let channel = self.clone();
        let run = move |admission| {
            let _at_work = AtWork(&channel);
            channel.state().admission = Some(admission);
            (source.resume)(Sink::new(Delivery(channel.clone())));
        };
        if let Err(error) = self.operations.resume(self.session, run) {
            state.at_work -= 1;
            state.completion.get_or_insert(Err(error));
            self.is_delivered.notify_all();
        }
    }

    /// Wakes every thread that waits for objects, to look again.
    pub(crate) fn wake(&self) {
        drop(self.state());
        self.is_delivered.notify_all();
    }

    /// Passes over the objects at these positions, which were delivered; returns them if `wants`.
    pub(crate) fn pass(
        self: &Arc<Self>,
        state: &mut State,
        range: Range<usize>,
        wants: bool,
    ) -> Vec<Object> {
        state.advance(range.end);
        if let Some(source) = &state.suspended {
            (source.on_fetch)();
        }
        let here = range.start - state.first..range.end - state.first;
        let mut objects = Vec::new();
        match (self.keeps, state.reserved) {
            (true, _) if wants => objects.extend(state.objects.range(here).flatten().cloned()),
            (true, _) => {}
            (false, None) => {
                state.first = range.end;
                objects.extend(state.objects.drain(..here.end).skip(here.start).flatten());
            }
            (false, Some(_)) => {
                objects.extend(state.objects.range_mut(here).filter_map(Option::take));
            }
        }
        if !wants {
            objects.clear();
        }
        if state.may_resume() {
            self.resume(state);
        }
        objects
    }

    /// Fetches what there is from `range.start` on, no further than `range.end`; nothing at the end of the
    /// operation, with its status. `None` where there is nothing yet.
    /// Errors: the operation's.
    pub(crate) fn fetch(
        self: &Arc<Self>,
        state: &mut State,
        range: Range<usize>,
    ) -> Option<Result<Fetched>> {
        let delivered = state.delivered();
        if delivered > range.start {
            let end = range.end.min(delivered).min(range.start.saturating_add(WAITING));
            let objects = self.pass(state, range.start..end, true);
            return Some(Ok(Fetched { objects, status: WBEM_S_NO_ERROR }));
        }
        let ended = match state.completion.as_ref()? {
            Err(error) => Err(error.clone()),
            Ok(WBEM_S_NO_ERROR) => Ok(WBEM_S_FALSE),
            Ok(status) => Ok(*status),
        };
        Some(ended.map(|status| Fetched { objects: Vec::new(), status }))
    }

    /// As [`Channel::fetch`], for a task.
    pub(crate) fn poll_fetch(
        self: &Arc<Self>,
        range: Range<usize>,
        task: &mut Context<'_>,
    ) -> Poll<Result<Fetched>> {
        let mut state = self.state();
        if let Some(fetched) = self.fetch(&mut state, range.clone()) {
            return Poll::Ready(fetched);
        }
        if !state.polls.iter().any(|waker| waker.will_wake(task.waker())) {
            state.polls.push(task.waker().clone());
        }
        let delivered = state.delivered();
        state.advance(delivered);
        self.resume(&mut state);
        // An operation that could not be resumed has ended, and wakes no task.
        match state.completion {
            None => Poll::Pending,
            Some(_) => self.fetch(&mut state, range).map_or(Poll::Pending, Poll::Ready),
        }
    }

    /// Waits until the abandoned operation has released everything; no longer
    /// than `limit`. Returns at once where a client wants it.
    pub(crate) fn wait_until_over(&self, limit: Duration) {
        let deadline = after(Some(limit));
        let mut state = self.state();
        while state.is_abandoned && state.at_work > 0 {
            if !wait_until(&self.is_delivered, &mut state, deadline) {
                break;
            }
        }
    }

    /// Says from which position on a NextAsync is still to be served.
    pub(crate) fn reserve(&self, from: Option<usize>) {
        let mut state = self.state();
        state.reserved = from;
        let gone = from.unwrap_or(0).min(state.delivered()).saturating_sub(state.first);
        if !self.keeps {
            state.objects.drain(..gone);
            state.first += gone;
        }
    }

    /// Takes the end that the operation itself has come to.
    fn end(&self, completion: Completion) {
        // Its client may begin another one as soon as this ends.
        self.state().admission = None;
        self.complete(completion);
    }

    fn complete(&self, completion: Completion) {
        let polls = self.state().complete(completion);
        self.is_delivered.notify_all();
        polls.into_iter().for_each(Waker::wake);
    }

    /// Ends it: no client wants more, and a waiting one gets `completion` where there was no end.
    fn abandon(&self, completion: Option<Completion>) {
        let mut state = self.state();
        state.is_abandoned = true;
        // In the same step: an operation that finds itself abandoned ends as if it were complete.
        let polls = completion.map(|completion| state.complete(completion)).unwrap_or_default();
        let suspended = state.suspended.take();
        drop(state);
        self.is_wanted.notify_all();
        self.is_delivered.notify_all();
        polls.into_iter().for_each(Waker::wake);
        // What it holds is dropped without the lock.
        drop(suspended);
    }
}

impl State {
    /// Ends the result with `completion` unless it has ended; returns the tasks to wake.
    fn complete(&mut self, completion: Completion) -> Vec<Waker> {
        self.completion.get_or_insert(completion);
        std::mem::take(&mut self.polls)
    }

    /// The position after the last object that was delivered.
    pub(crate) fn delivered(&self) -> usize {
        self.first + self.objects.len()
    }

    /// How many objects may wait.
    fn waiting_limit(&self) -> usize {
        self.furthest.clamp(WAITING, MOST_WAITING)
    }

    /// How many objects are not fetched yet.
    fn waiting(&self) -> usize {
        self.delivered().saturating_sub(self.furthest)
    }

    /// Notes that a client has come to `position`.
    fn advance(&mut self, position: usize) {
        let passed = self.furthest.saturating_sub(self.first)..position.saturating_sub(self.first);
        match passed.end < self.objects.len() {
            true if passed.start < passed.end => {
                let bytes: usize = self.objects.range(passed).flatten().map(bytes).sum();
                self.waiting_bytes -= bytes;
            }
            true => {}
            false => self.waiting_bytes = 0,
        }
        self.furthest = self.furthest.max(position);
    }

    /// Whether a client waits for what is not delivered yet.
    fn is_awaited(&self) -> bool {
        !self.awaited.is_empty() || !self.polls.is_empty()
    }

    /// Whether as much is waiting as may.
    fn is_enough(&self) -> bool {
        let is_enough =
            self.waiting() >= self.waiting_limit() || self.waiting_bytes >= WAITING_BYTES;
        is_enough && !self.is_awaited()
    }

    /// Whether the queue has no room for another batch.
    fn is_full(&self) -> bool {
        !self.may_resume() && !self.is_awaited()
    }

    /// Whether a blocked operation may continue.
    fn may_resume(&self) -> bool {
        self.waiting() <= self.waiting_limit() / 2 && self.waiting_bytes <= WAITING_BYTES / 2
    }
}

/// The memory of a waiting object and of its place in the queue, whose unused capacity may be as
/// large again.
fn bytes(object: &Object) -> usize {
    object.memory() + size_of::<Object>()
}

/// Held by every reader that may still fetch objects of an operation.
pub(crate) struct Interest {
    pub(crate) channel: Arc<Channel>,
    /// The operation's, which ends with the interest in it.
    call: CancelToken,
    _on_cancel: OnCancel,
}

impl Interest {
    pub(crate) fn new(channel: Arc<Channel>, call: CancelToken) -> Arc<Self> {
        let cancelling = Arc::downgrade(&channel);
        let _on_cancel = call.on_cancel(move |why| {
            if let Some(channel) = cancelling.upgrade() {
                channel.abandon(Some(Err(cancelled(why))));
            }
        });
        Arc::new(Interest { channel, call, _on_cancel })
    }
}

impl Interest {
    /// The deadline of the operation.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.call.deadline()
    }

    /// Ends the operation, whose deadline is past, before the timer does.
    pub(crate) fn end_at_deadline(&self) {
        self.channel.abandon(Some(Err(cancelled(WBEM_E_TIMED_OUT))));
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.channel.abandon(None);
        self.channel.state().objects.clear();
        self.call.cancel();
    }
}

/// Dropped when a thread of the operation has nothing more to do.
struct AtWork<'a>(&'a Channel);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.at_work -= 1;
        if state.at_work == 0 {
            state.admission = None;
        }
        drop(state);
        self.0.is_delivered.notify_all();
    }
}

/// The operation's side.
struct Delivery(Arc<Channel>);

impl Delivery {
    fn deliver(&self, batch: Vec<Object>, waits: bool) -> ControlFlow<()> {
        let mut state = self.0.state();
        if state.is_abandoned {
            return ControlFlow::Break(());
        }
        state.waiting_bytes += batch.iter().map(bytes).sum::<usize>();
        state.objects.extend(batch.into_iter().map(Some));
        let delivered = state.delivered();
        let waiting = state.awaited.len();
        state.awaited.retain(|awaited| delivered < *awaited);
        if state.awaited.len() < waiting {
            self.0.is_delivered.notify_all();
        }
        let polls = std::mem::take(&mut state.polls);
        if !polls.is_empty() {
            MutexGuard::unlocked(&mut state, || polls.into_iter().for_each(Waker::wake));
        }
        if waits && state.is_enough() {
            while !state.may_resume() && !state.is_abandoned {
                self.0.is_wanted.wait(&mut state);
            }
        }
        match state.is_abandoned {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl ObjectSink for Delivery {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        self.deliver(batch, true)
    }

    fn offer(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        self.deliver(batch, false)
    }

    fn is_wanted(&self) -> bool {
        !self.0.state().is_abandoned
    }

    fn takes_at_once(&self) -> bool {
        true
    }

    fn is_full(&self) -> bool {
        self.0.state().is_full()
    }

    fn suspend(self: Box<Self>, source: SuspendedSource) {
        let mut state = self.0.state();
        if state.is_abandoned {
            drop(state);
            return;
        }
        state.suspended = Some(source);
        state.admission = None;
        // Meanwhile the client may have asked for more.
        if !state.is_full() {
            self.0.resume(&mut state);
        }
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.0.end(completion);
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("waiting", &self.waiting())
            .field("completion", &self.completion)
            .field("is_abandoned", &self.is_abandoned)
            .field("is_suspended", &self.suspended.is_some())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Interest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interest").field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::OperationLimits;
    use crate::sink::COMPLETE;
    use cim::{Class, ClassDeclaration, Instance};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Wake;

    fn object() -> Object {
        let declaration = ClassDeclaration { name: "X".into(), ..ClassDeclaration::default() };
        Instance::new(Class::derive(Arc::new(declaration), None, None).unwrap()).into()
    }

    fn batch() -> Vec<Object> {
        vec![object(); 64]
    }

    /// A source of `batches` that returns its thread where as much is waiting as may; `_held` is
    /// disconnected when nothing of it is left.
    fn source(mut batches: usize, _held: mpsc::Sender<()>, mut sink: Sink) {
        while batches > 0 {
            if sink.is_full() {
                return sink.suspend(|| (), move |sink| source(batches, _held, sink));
            }
            batches -= 1;
            if sink.offer(batch()).is_break() {
                break;
            }
        }
        sink.complete(COMPLETE);
    }

    /// Starts such a source.
    fn start(operations: &Operations, batches: usize) -> (Objects, mpsc::Receiver<()>) {
        let session = SessionId::new();
        let channel = Arc::new(Channel::new(false, operations, session));
        channel.begin();
        let (delivering, (dropped, is_dropped)) = (channel.clone(), mpsc::channel());
        let run = move |admission| {
            delivering.run(admission, |sink| {
                source(batches, dropped, sink);
                Ok(())
            });
        };
        operations.run(session, run).unwrap();
        (Objects::of(channel, CancelToken::new()), is_dropped)
    }

    fn rest(objects: &mut Objects) -> usize {
        let mut count = 0;
        loop {
            let fetched = objects.recv(1000, &CancelToken::default()).unwrap();
            if fetched.status == WBEM_S_FALSE {
                return count;
            }
            count += fetched.objects.len();
        }
    }

    fn settle(operations: &Operations) {
        while operations.admitted() > 0 || operations.idle() < operations.threads() {
            std::thread::yield_now();
        }
    }

    /// Half-read results hold no threads and do not count; each continues when its client does.
    #[test]
    fn two_thousand_half_read_results_hold_no_threads() {
        let limits = OperationLimits { operations: 4, operations_per_client: 1 };
        let operations = Operations::new(limits);
        let mut all = Vec::new();
        for _ in 0..2000 {
            let (mut objects, _) = start(&operations, 8);
            let fetched = objects.recv(1, &CancelToken::default()).unwrap();
            assert_eq!((fetched.objects.len(), fetched.status), (1, WBEM_S_NO_ERROR));
            settle(&operations);
            all.push(objects);
        }
        assert!(operations.threads() <= 4, "{operations:?}");
        for mut objects in all {
            assert_eq!(rest(&mut objects), 8 * 64 - 1);
            settle(&operations);
        }
        // One that returns its thread may be resumed before that thread is kept.
        assert!(operations.threads() <= 10, "{operations:?}");
    }

    #[test]
    fn a_source_that_returned_its_thread_ends_with_its_client() {
        let operations = Operations::default();
        let (mut objects, is_dropped) = start(&operations, 1000);
        objects.recv(1, &CancelToken::default()).unwrap();
        settle(&operations);
        assert_eq!(is_dropped.try_recv(), Err(mpsc::TryRecvError::Empty));
        objects.close(Duration::from_secs(60));
        assert_eq!(is_dropped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    /// Where no thread can be had for it, an operation that returned its thread ends with an error.
    #[test]
    fn a_source_that_cannot_go_on_ends() {
        for is_task in [false, true] {
            let operations = Operations::default();
            let (mut objects, is_dropped) = start(&operations, 1000);
            settle(&operations);
            operations.refuse_threads();
            let mut task = Context::from_waker(Waker::noop());
            let error = loop {
                let fetched = match is_task {
                    false => objects.recv(WAITING, &CancelToken::default()),
                    true => match objects.poll_recv(WAITING, &mut task) {
                        Poll::Ready(fetched) => fetched,
                        Poll::Pending => panic!("nothing will wake the task"),
                    },
                };
                match fetched {
                    Ok(fetched) => assert_eq!(fetched.status, WBEM_S_NO_ERROR),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.status(), WBEM_E_OUT_OF_MEMORY);
            assert_eq!(is_dropped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        }
    }

    /// No more than what may wait is delivered for a client that takes nothing.
    #[test]
    fn what_waits_is_bounded() {
        let operations = Operations::default();
        let (objects, _) = start(&operations, 1000);
        settle(&operations);
        assert_eq!(objects.interest.channel.state().delivered(), WAITING);
    }

    /// The same of objects that are large.
    #[test]
    fn what_waits_is_bounded_in_bytes() {
        let property = cim::PropertyDeclaration {
            name: "P".into(),
            ty: cim::CimType::String.into(),
            default: None,
            qualifiers: cim::Qualifiers::default(),
        };
        let declaration = ClassDeclaration {
            name: "X".into(),
            properties: vec![property],
            ..ClassDeclaration::default()
        };
        let mut instance = Instance::new(Class::derive(Arc::new(declaration), None, None).unwrap());
        instance.put("P", &cim::Value::string("x".repeat(WAITING_BYTES / 8))).unwrap();
        let large = || vec![Object::from(instance.clone())];
        let (mut sink, mut objects) = channel(&Operations::default(), SessionId::new());
        for _ in 0..4 {
            assert!(!sink.is_full());
            assert!(sink.offer(large()).is_continue());
        }
        assert!(sink.is_full(), "there is no place for another half");
        for _ in 0..2 {
            let fetched = objects.recv(1, &CancelToken::default()).unwrap();
            assert_eq!(fetched.objects.len(), 1);
        }
        assert!(!sink.is_full());
        assert_eq!(objects.interest.channel.state().waiting_bytes, 2 * bytes(&large()[0]));
        assert_eq!(objects.recv(10, &CancelToken::default()).unwrap().objects.len(), 2);
        assert_eq!(objects.interest.channel.state().waiting_bytes, 0);
    }

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_is_woken_by_objects_and_by_the_end() {
        let (mut sink, mut objects) = channel(&Operations::default(), SessionId::new());
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(woken.clone());
        let mut task = Context::from_waker(&waker);
        assert!(objects.poll_recv(10, &mut task).is_pending());
        assert!(objects.poll_recv(10, &mut task).is_pending());
        assert!(sink.indicate(batch()).is_continue());
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        let mut count = 0;
        while let Poll::Ready(fetched) = objects.poll_recv(10, &mut task) {
            count += fetched.unwrap().objects.len();
        }
        assert_eq!(count, 64);
        sink.complete(Err(WBEM_E_FAILED.into()));
        assert_eq!(woken.0.load(Ordering::SeqCst), 2);
        for _ in 0..2 {
            let Poll::Ready(Err(error)) = objects.poll_recv(10, &mut task) else {
                panic!("no end")
            };
            assert_eq!(error.status(), WBEM_E_FAILED);
        }
    }

    #[test]
    fn a_wait_for_objects_ends_with_its_token() {
        let (sink, mut objects) = channel(&Operations::default(), SessionId::new());
        let past = CancelToken::default().until(Instant::now());
        assert_eq!(objects.recv(1, &past).unwrap().status, WBEM_S_TIMEDOUT);
        let token = CancelToken::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| objects.recv(1, &token));
            token.cancel();
            assert_eq!(waiting.join().unwrap().unwrap_err().status(), WBEM_E_CALL_CANCELLED);
        });
        assert!(sink.is_wanted(), "another call may take them");
        drop(objects);
        assert!(!sink.is_wanted());
    }
}
