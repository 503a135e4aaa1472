//! The calling modes of WMI over [`Services`]: each operation synchronous, semisynchronous or
//! asynchronous.
//!
//! The operations themselves run on the thread that calls them. A [`Client`], whose calls are some of
//! the [`Operations`] of a process, gives a door what
//! IWbemServices has beyond that: enumerators, call results, sinks that receive the outcome later,
//! and the end of a call before its end (behaviour.md part F, "Calling modes").

use std::sync::Arc;

use cim::status::*;
use cim::{Error, Instance, Result, Value, WbemStatus};

use crate::asynchronous::{Outstanding, ResponseSink};
use crate::call_result::CallResult;
use crate::channel::{Channel, Objects};
use crate::context::CallContext;
use crate::enumerator::Enumerator;
use crate::flags::Flags;
use crate::operations::Operations;
use crate::request::Request;
use crate::services::Services;

/// A client's connection to a namespace.
#[derive(Clone)]
pub struct Client {
    operations: Operations,
    services: Arc<dyn Services>,
    context: CallContext,
    outstanding: Arc<Outstanding>,
}

impl Client {
    /// The client of `services` whose calls have contexts made of this one, and run as some of
    /// `operations`.
    pub fn new(operations: &Operations, services: Arc<dyn Services>, context: CallContext) -> Self {
        let (operations, outstanding) = (operations.clone(), Arc::default());
        Client { operations, services, context, outstanding }
    }

    pub(crate) fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The operations themselves, which are the synchronous form.
    pub fn services(&self) -> &Arc<dyn Services> {
        &self.services
    }

    /// The context of its calls.
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// ExecQuery, with the result in an enumerator.
    /// Errors: `WBEM_E_INVALID_PARAMETER` for an empty query and `WBEM_E_INVALID_QUERY_TYPE` for
    /// another language than WQL at once; the query's own as those of [`Client::enumerate`].
    pub fn exec_query(&self, language: &str, query: &str, flags: Flags) -> Result<Enumerator> {
        check_query(language, query).map_err(|e| e.during("ExecQuery", query))?;
        self.enumerate(Request::ExecQuery { language: language.into(), query: query.into(), flags })
    }

    /// CreateInstanceEnum, with the result in an enumerator.
    pub fn create_instance_enum(&self, class: &str, flags: Flags) -> Result<Enumerator> {
        self.enumerate(Request::CreateInstanceEnum { class: class.into(), flags })
    }

    /// CreateClassEnum, with the result in an enumerator.
    pub fn create_class_enum(&self, superclass: Option<&str>, flags: Flags) -> Result<Enumerator> {
        self.enumerate(Request::CreateClassEnum { superclass: superclass.map(Into::into), flags })
    }

    /// Starts an enumerating operation, with the result in an enumerator. With `RETURN_IMMEDIATELY`
    /// among its flags, its errors come with the first fetch; without, this waits for the first
    /// objects, and an error before them is this call's.
    /// Errors: the operation's; those of [`Client::start`].
    pub fn enumerate(&self, request: Request<'_>) -> Result<Enumerator> {
        Enumerator::start(self, request.into_owned())
    }

    /// Starts an enumerating operation, whose objects are taken as they come. Its errors come with
    /// them. Errors: as [`Client::start`].
    pub fn receive(&self, request: Request<'_>) -> Result<Objects> {
        self.deliver(request.into_owned(), false)
    }

    pub(crate) fn deliver(&self, request: Request<'static>, keeps: bool) -> Result<Objects> {
        let call = self.context.cancel().of_one_call();
        let (services, context) = (self.services.clone(), self.context.child(call.clone()));
        let channel = Arc::new(Channel::new(keeps, &self.operations, context.session()));
        channel.begin();
        let delivering = channel.clone();
        self.operations.run(context.session(), move |admission| {
            delivering
                .run(admission, |sink| services.call(&request, &context, Some(sink))?.nothing());
        })?;
        Ok(Objects::of(channel, call))
    }

    /// Starts an operation whose result is fetched later.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY` where there are too many, `WBEM_E_OUT_OF_MEMORY` where there
    /// can be no thread.
    pub fn start(&self, request: Request<'_>) -> Result<CallResult> {
        CallResult::start(self, request.into_owned())
    }

    /// Starts an operation whose outcome `sink` receives: the objects of an enumerating one, else its
    /// one result. Errors: as [`Client::start`]; then the sink is not used.
    pub fn start_async(&self, request: Request<'_>, sink: &Arc<dyn ResponseSink>) -> Result<()> {
        self.outstanding.start(self, request.into_owned(), sink)
    }

    /// Starts a query whose objects `sink` receives. Errors: as [`Client::exec_query`] at once; then
    /// the sink is not used.
    pub fn exec_query_async(
        &self,
        language: &str,
        query: &str,
        flags: Flags,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<()> {
        check_query(language, query).map_err(|e| e.during("ExecQuery", query))?;
        let (language, query) = (language.into(), query.into());
        self.start_async(Request::ExecQuery { language, query, flags }, sink)
    }

    /// NextAsync: `sink` receives the next `count` objects, as they come and after all that was
    /// asked for before, and then one status: `WBEM_S_NO_ERROR` after `count` of them,
    /// `WBEM_S_FALSE` (or the operation's own success) where it ended earlier, or its error.
    /// What `objects` fetches next is what comes behind them. Returns `WBEM_S_FALSE` if nothing
    /// is left or asked for; then the sink is not used.
    /// Errors: as [`Client::start`]; then the sink is not used either.
    pub fn next_async(
        &self,
        objects: &mut Enumerator,
        count: usize,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<WbemStatus> {
        objects.next_async(count, self, sink)
    }

    /// What `__ExtendedStatus` says of an error: what failed, at what, by whose fault.
    /// Errors: those of asking for its class.
    pub fn extended_status(&self, error: &Error) -> Result<Instance> {
        let class_of = |services: &dyn Services| {
            services.get_object("__ExtendedStatus", Flags::default(), &self.context)
        };
        // A connection whose namespace is gone has no classes, but its failures are described too; root
        // stays.
        let class = class_of(&*self.services)
            .or_else(|_| class_of(&*self.services.connect("root", &self.context)?))?;
        let mut status = Instance::new(class.class().clone());
        let provider = error.provider().map_or("WinMgmt", |name| name.as_str());
        let message = match error.message() {
            "" => error.status().text(),
            message => message,
        };
        status.put("StatusCode", &Value::UInt32(error.status().0))?;
        status.put("Description", &message.into())?;
        status.put("Operation", &Value::from(error.operation().map(str::to_owned)))?;
        status.put("ParameterInfo", &error.parameter().into())?;
        status.put("ProviderName", &provider.into())?;
        Ok(status)
    }

    pub(crate) fn outstanding(&self) -> &Arc<Outstanding> {
        &self.outstanding
    }

    /// Ends every call that uses `sink`: it receives `WBEM_E_CALL_CANCELLED` of each, and nothing
    /// after it. What a provider or a method is doing meanwhile goes on until it asks whether the call is
    /// wanted; a call that has begun to commit ends as it would.
    pub fn cancel_async_call(&self, sink: &Arc<dyn ResponseSink>) {
        self.outstanding.cancel(sink);
    }
}

/// What is refused of a query at once, whatever the calling mode (windows-in-practice.md,
/// "Queries").
/// Errors: `WBEM_E_INVALID_PARAMETER` for an empty text, `WBEM_E_INVALID_QUERY_TYPE` for another
/// language than WQL, in any letter case.
pub fn check_query(language: &str, query: &str) -> Result<()> {
    if query.trim().is_empty() || language.is_empty() {
        return Err(WBEM_E_INVALID_PARAMETER.with("the query or its language is empty"));
    }
    if !language.eq_ignore_ascii_case("WQL") {
        return Err(WBEM_E_INVALID_QUERY_TYPE
            .with(format!("query language {language} is not known; the language is WQL")));
    }
    Ok(())
}

/// The error of an operation that panicked.
pub(crate) fn panicked() -> cim::Error {
    WBEM_E_CRITICAL_ERROR.with("the operation ended in a panic")
}
