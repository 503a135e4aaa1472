//! Control-C in the shell: it ends what is waited for, and not the shell.
//!
//! [`Interrupt::over`] is a door before the operations of a namespace: each runs on a thread of its
//! own, while this one waits and looks whether SIGINT has come. It is then cancelled as any client
//! cancels a call: who enumerates ends when it next has something, and a method or a change that has
//! begun may still be done, but nobody hears of it any more.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::status::WBEM_E_CALL_CANCELLED;
use cim::{Object, ObjectPath, Result};
use signal_hook::consts::SIGINT;
use wbem::{CallContext, Client, Completion, Reply, Request, ResponseSink, Services, Sink};

/// How long Control-C may go unnoticed: less than people notice.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whether Control-C has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Notes SIGINT from now on; it ends the process no more.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = Interrupt::default();
        signal_hook::flag::register(SIGINT, interrupt.0.clone())?;
        Ok(interrupt)
    }

    /// Forgets what came before.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The operations of `services`, which end with `WBEM_E_CALL_CANCELLED` when Control-C comes, and
    /// do not begin where it has come.
    pub(crate) fn over(&self, services: Arc<dyn Services>) -> Arc<dyn Services> {
        let interrupt = self.clone();
        wbem::layer(services, move |services, request, context, sink| match sink {
            Some(sink) => interrupt.enumerate(services, request, context, sink),
            None => interrupt.result(services, request, context),
        })
    }

    /// Errors: `WBEM_E_CALL_CANCELLED` where it has come.
    pub(crate) fn check(&self, told: &'static str) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(WBEM_E_CALL_CANCELLED.with(told)),
            false => Ok(()),
        }
    }

    /// The client of a call, which must not begin where Control-C has come.
    fn client(&self, services: &Arc<dyn Services>, context: &CallContext) -> Result<Client> {
        self.check("interrupted")?;
        Ok(Client::new(services.clone(), context.clone()))
    }

    /// Waits for the one result of `request`.
    fn result(
        &self,
        services: &Arc<dyn Services>,
        request: &Request<'_>,
        context: &CallContext,
    ) -> Result<Reply> {
        let call = self.client(services, context)?.start(request.clone())?;
        loop {
            if let Some(reply) = call.reply(Some(PATIENCE))? {
                return Ok(reply);
            }
            self.check("interrupted; what had begun may still be done")?;
        }
    }

    /// Hands on what `request` delivers.
    fn enumerate(
        &self,
        services: &Arc<dyn Services>,
        request: &Request<'_>,
        context: &CallContext,
        sink: Sink,
    ) -> Result<Reply> {
        let (ended, end) = mpsc::channel();
        let handing_on = Arc::new(HandingOn { sink: Mutex::new(Some(sink)), ended });
        let response: Arc<dyn ResponseSink> = handing_on.clone();
        let begin = |client: Client| {
            client.start_async(request.clone(), &response)?;
            Ok(client)
        };
        let client = match self.client(services, context).and_then(begin) {
            Ok(client) => client,
            Err(error) => {
                if let Some(sink) = handing_on.sink().take() {
                    sink.release();
                }
                return Err(error);
            }
        };
        let completion = loop {
            if let Ok(completion) = end.recv_timeout(PATIENCE) {
                break completion;
            }
            if let Err(interrupted) = self.check("interrupted") {
                client.cancel_async_call(&response);
                // What is being handed on at this moment is still taken.
                let _ = end.recv();
                break Err(interrupted);
            }
        };
        if let Some(sink) = handing_on.sink().take() {
            sink.complete(completion);
        }
        Ok(Reply::Nothing)
    }
}

/// Hands objects on, and the end to who waits.
struct HandingOn {
    /// `None` when the call is over.
    sink: Mutex<Option<Sink>>,
    ended: Sender<Completion>,
}

impl HandingOn {
    /// A panic of another holder leaves it whole: who panics is the receiver.
    fn sink(&self) -> MutexGuard<'_, Option<Sink>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResponseSink for HandingOn {
    fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        self.sink().as_mut().map_or(ControlFlow::Break(()), |sink| sink.indicate(batch))
    }

    fn set_status(&self, completion: Completion, _: Option<ObjectPath>) {
        let _ = self.ended.send(completion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::*;
    use cim::{Class, Instance, Value};
    use openwmi::Wmi;
    use std::sync::mpsc::Receiver;
    use wbem::{EnumerationRequest, Flags, Wanted};
    use wbem::{InstanceProvider, MethodCall, MethodProvider, Native, NativeProviders};

    const CLSID: &str = "{5d0c3c0a-94c5-4b7e-8f6b-3a1d5c1f7e20}";

    const MOF: &str = r#"
instance of __Win32Provider as $P
{
    Name = "Endless";
    CLSID = "{5d0c3c0a-94c5-4b7e-8f6b-3a1d5c1f7e20}";
};
instance of __InstanceProviderRegistration
{
    Provider = $P;
    SupportsGet = TRUE;
    SupportsEnumeration = TRUE;
};
instance of __MethodProviderRegistration
{
    Provider = $P;
};
[dynamic, provider("Endless")]
class Endless
{
    [key] uint64 Id;
    [implemented, static] uint32 Wait();
    [implemented, static] void Nothing();
    [implemented, static] uint32 Answer();
};
class Stored
{
    [key] string Id;
};
instance of Stored
{
    Id = "a";
};
"#;

    /// Has instances as long as they are taken, and presses Control-C at the second; its method `Wait` begins, which presses
    /// Control-C, and does not end as long as the test runs.
    struct Endless {
        interrupt: Interrupt,
        stopped: Sender<()>,
        gate: Mutex<Receiver<()>>,
    }

    impl InstanceProvider for Endless {
        fn get(
            &self,
            _: &Arc<Class>,
            _: &[Value],
            _: &Wanted,
            _: &CallContext,
        ) -> Result<Instance> {
            Err(WBEM_E_NOT_FOUND.into())
        }

        fn enumerate(&self, request: &EnumerationRequest<'_>, _: &CallContext, mut sink: Sink) {
            let more = |id: u64| {
                let mut instance = Instance::new(request.class.clone());
                instance.put("Id", &Value::UInt64(id)).unwrap();
                if id == 1 {
                    self.interrupt.0.store(true, Ordering::Relaxed);
                }
                sink.indicate(vec![instance.into()]).is_continue()
            };
            assert!(!(0..).all(more));
            sink.complete(wbem::COMPLETE);
            self.stopped.send(()).unwrap();
        }
    }

    impl MethodProvider for Endless {
        fn exec_method(&self, call: &MethodCall<'_>, _: &CallContext) -> Result<Option<Instance>> {
            match call.method.name.as_str() {
                "Wait" => {
                    self.interrupt.0.store(true, Ordering::Relaxed);
                    let _ = self.gate.lock().unwrap().recv();
                    call.outcome(0u32, &[])
                }
                "Answer" => call.outcome(7u32, &[]),
                _ => Ok(None),
            }
        }
    }

    /// The operations with an interrupt of their own, what hears that the enumeration has stopped,
    /// and what holds the method up.
    fn endless() -> (Arc<dyn Services>, CallContext, Interrupt, Receiver<()>, Sender<()>) {
        let ((stopped, stops), (held, gate)) = (mpsc::channel(), mpsc::channel());
        let interrupt = Interrupt::default();
        let provider = Endless { interrupt: interrupt.clone(), stopped, gate: Mutex::new(gate) };
        let provider = Arc::new(provider);
        let (instances, methods) = (Some(provider.clone() as _), Some(provider as _));
        let native = Native { instances, methods, ..Native::default() };
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |_| Ok(native.clone()));
        let wmi = Wmi::in_memory(providers).unwrap();
        wmi.compile(r"root\cimv2", MOF).unwrap();
        let services = interrupt.over(wmi.connect(r"root\cimv2").unwrap());
        (services, wmi.context(), interrupt, stops, held)
    }

    #[test]
    fn an_enumeration_ends_and_its_provider_hears_of_it() {
        let (services, context, interrupt, stops, _held) = endless();
        let query = |text: &'static str| {
            let (services, context) = (&services, &context);
            move |sink| services.exec_query("WQL", text, Flags::default(), context, sink)
        };
        let instances =
            |sink: Sink| services.create_instance_enum("Endless", Flags::default(), &context, sink);
        // Of the last one nothing is ever delivered.
        let (all, none) =
            (query("SELECT * FROM Endless"), query("SELECT * FROM Endless WHERE Id < 0"));
        let operations: [&dyn Fn(Sink) -> Result<()>; 3] = [&instances, &all, &none];
        for operation in operations {
            interrupt.clear();
            let ended = wbem::for_each(operation, |_| ControlFlow::Continue(()));
            assert_eq!(ended.unwrap_err().status(), WBEM_E_CALL_CANCELLED);
            stops.recv_timeout(Duration::from_secs(60)).unwrap();
            // A command of many operations begins no other.
            let next = wbem::collect(operation);
            assert_eq!(next.unwrap_err().status(), WBEM_E_CALL_CANCELLED);
        }
    }

    #[test]
    fn a_method_that_hangs_is_not_waited_for() {
        let (services, context, interrupt, _stops, _held) = endless();
        let call =
            |method| services.exec_method("Endless", method, Flags::default(), &context, None);
        assert_eq!(call("Wait").unwrap_err().status(), WBEM_E_CALL_CANCELLED);
        interrupt.clear();
        let answer = call("Answer").unwrap().unwrap();
        assert_eq!(answer.get("ReturnValue"), Some(&Value::UInt32(7)));
        assert!(call("Nothing").unwrap().is_none());
        assert_eq!(call("None").unwrap_err().status(), WBEM_E_INVALID_METHOD);
    }

    #[test]
    fn without_it_operations_answer_as_ever() {
        let (services, context, _interrupt, _stops, _held) = endless();
        let flags = Flags::default();
        let object = services.get_object("Stored.Id='a'", flags, &context).unwrap();
        let Object::Instance(mut instance) = object else { panic!("a class") };
        instance.put("Id", &"b".into()).unwrap();
        let path = services.put_instance(&instance, flags, &context).unwrap();
        assert_eq!(path.relative().to_string(), "Stored.Id=\"b\"");
        services.delete_instance("Stored.Id='a'", flags, &context).unwrap();
        let query = |text: &'static str| {
            wbem::collect(|sink| services.exec_query("WQL", text, flags, &context, sink))
        };
        assert_eq!(query("SELECT * FROM Stored").unwrap().len(), 1);
        assert_eq!(query("SELECT * FROM Non").unwrap_err().status(), WBEM_E_INVALID_CLASS);
        services.delete_class("Stored", flags, &context).unwrap();
        let missing = services.open_namespace("none", &context);
        assert_eq!(missing.err().unwrap().status(), WBEM_E_INVALID_NAMESPACE);
    }
}
