//! Control-C in the shell: it ends the running command, not the shell.
//!
//! A thread waits for SIGINT and cancels the token of the running command. The operations of the
//! command have that token ([`Interrupt::over`]), so that each returns at once. A provider continues
//! until it checks the token; a change whose commit has begun is completed and reported.

use std::io;
use std::sync::Arc;

use cim::Result;
use parking_lot::Mutex;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use wbem::{CancelToken, Operations, Services};

/// The token of the running command.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<Mutex<CancelToken>>);

impl Interrupt {
    /// For a command that is not cancelled.
    fn new() -> Self {
        Interrupt(Arc::new(Mutex::new(CancelToken::new())))
    }

    /// Cancels the running command at SIGINT from now on, which no longer ends the process.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = Interrupt::new();
        let mut signals = Signals::new([SIGINT])?;
        let interrupted = interrupt.clone();
        std::thread::Builder::new().name("openwmi-interrupt".into()).spawn(move || {
            signals.forever().for_each(|_| interrupted.token().cancel());
        })?;
        Ok(interrupt)
    }

    /// Begins a new command with a new token.
    pub(crate) fn clear(&self) {
        *self.0.lock() = CancelToken::new();
    }

    /// The token that ends the running command.
    fn token(&self) -> CancelToken {
        self.0.lock().clone()
    }

    /// The operations of `services`, which end with `WBEM_E_CALL_CANCELLED` at Control-C and do not
    /// begin after it.
    pub(crate) fn over(
        &self,
        services: Arc<dyn Services>,
        operations: &Operations,
    ) -> Arc<dyn Services> {
        let interrupt = self.clone();
        let services = wbem::cancellable(services, operations);
        wbem::layer(services, move |services, request, context, sink| {
            let mut context = context.clone();
            context.set_cancel(interrupt.token());
            services.call(request, &context, sink)
        })
    }

    /// Errors: `WBEM_E_CALL_CANCELLED` after Control-C.
    pub(crate) fn check(&self) -> Result<()> {
        self.token().check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::*;
    use cim::{Class, Instance, Object, Value};
    use openwmi::Wmi;
    use std::ops::ControlFlow;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Duration;
    use wbem::{CallContext, EnumerationRequest, Flags, ProviderContext, Sink, Wanted};
    use wbem::{InstanceProvider, MethodCall, MethodProvider, NativeProviders, ProviderInterfaces};

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

    /// Delivers instances without end and interrupts at the second. Its method `Wait` interrupts and
    /// does not return while the test runs.
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
            _: &ProviderContext,
        ) -> Result<Instance> {
            Err(WBEM_E_NOT_FOUND.into())
        }

        fn enumerate(&self, request: &EnumerationRequest<'_>, _: &ProviderContext, mut sink: Sink) {
            let more = |id: u64| {
                let mut instance = Instance::new(request.class.clone());
                instance.put("Id", &Value::UInt64(id)).unwrap();
                if id == 1 {
                    self.interrupt.token().cancel();
                }
                sink.indicate(vec![instance.into()]).is_continue()
            };
            assert!(!(0..).all(more));
            sink.complete(wbem::COMPLETE);
            self.stopped.send(()).unwrap();
        }
    }

    impl MethodProvider for Endless {
        fn exec_method(
            &self,
            call: &MethodCall<'_>,
            _: &ProviderContext,
        ) -> Result<Option<Instance>> {
            match call.method.name.as_str() {
                "Wait" => {
                    self.interrupt.token().cancel();
                    let _ = self.gate.lock().recv();
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
        let interrupt = Interrupt::new();
        let provider = Endless { interrupt: interrupt.clone(), stopped, gate: Mutex::new(gate) };
        let provider = Arc::new(provider);
        let (instances, methods) = (Some(provider.clone() as _), Some(provider as _));
        let native = ProviderInterfaces { instances, methods, ..ProviderInterfaces::default() };
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |_| Ok(native.clone()));
        let wmi = Wmi::in_memory(providers).unwrap();
        wmi.compile(r"root\cimv2", MOF).unwrap();
        let services = interrupt.over(wmi.connect(r"root\cimv2").unwrap(), wmi.operations());
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
