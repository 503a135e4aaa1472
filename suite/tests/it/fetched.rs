//! A door over enumerators: what an operation gives is fetched object by object, as clients of
//! IEnumWbemClassObject do, and handed on.
//!
//! The scripts run through it, so that both calling modes answer alike.

use std::sync::Arc;

use cim::status::WBEM_S_NO_ERROR;
use cim::{ClassDeclaration, Instance, Namespace, Object, ObjectPath, Result, WbemStatus};
use wbem::{CallContext, Client, Enumerator, Fetched, Flags, Operation, Services, Sink};

struct Fetching(Arc<dyn Services>);

/// The door.
pub(crate) fn through(services: Arc<dyn Services>) -> Arc<dyn Services> {
    Arc::new(Fetching(services))
}

impl Fetching {
    fn client(&self, context: &CallContext) -> Client {
        Client::new(self.0.clone(), context.clone())
    }
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
                    let told = if status.0 == 1 { WBEM_S_NO_ERROR } else { status };
                    sink.complete(Ok(told));
                    return Ok(());
                }
            }
        }
    }
    unreachable!("the cycle has no end")
}

/// Errors come from the first fetch, as they do where a client does not wait.
const SEMISYNCHRONOUS: Flags = Flags(Flags::RETURN_IMMEDIATELY.0 | Flags::FORWARD_ONLY.0);

impl Services for Fetching {
    fn namespace(&self) -> &Namespace {
        self.0.namespace()
    }

    fn open_namespace(&self, relative: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        let operation = Operation::OpenNamespace { relative: relative.into() };
        let opened = self.client(context).start(operation)?.result_services(None)?;
        Ok(opened.expect("it was waited for"))
    }

    fn get(&self, path: &str, flags: Flags, context: &CallContext) -> Result<(Object, WbemStatus)> {
        let operation = Operation::GetObject { path: path.into(), flags };
        let call = self.client(context).start(operation)?;
        let got = call.result_object(None)?.expect("it was waited for");
        Ok((got, call.call_status(None).expect("it was waited for")?))
    }

    fn put_class(
        &self,
        class: &ClassDeclaration,
        flags: Flags,
        context: &CallContext,
    ) -> Result<()> {
        let operation = Operation::PutClass { class: class.clone(), flags };
        let call = self.client(context).start(operation)?;
        call.call_status(None).expect("it was waited for").map(drop)
    }

    fn delete_class(&self, class: &str, flags: Flags, context: &CallContext) -> Result<()> {
        let operation = Operation::DeleteClass { class: class.into(), flags };
        let call = self.client(context).start(operation)?;
        call.call_status(None).expect("it was waited for").map(drop)
    }

    fn create_class_enum(
        &self,
        superclass: Option<&str>,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let started = self.client(context).create_class_enum(superclass, flags | SEMISYNCHRONOUS);
        hand_on(started, sink)
    }

    fn put_instance(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        // On this thread, on which the world counts its GUIDs.
        self.0.put_instance(instance, flags, context)
    }

    fn delete_instance(&self, path: &str, flags: Flags, context: &CallContext) -> Result<()> {
        let operation = Operation::DeleteInstance { path: path.into(), flags };
        let call = self.client(context).start(operation)?;
        call.call_status(None).expect("it was waited for").map(drop)
    }

    fn create_instance_enum(
        &self,
        class: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        hand_on(self.client(context).create_instance_enum(class, flags | SEMISYNCHRONOUS), sink)
    }

    fn exec_query(
        &self,
        language: &str,
        query: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let started = self.client(context).exec_query(language, query, flags | SEMISYNCHRONOUS);
        hand_on(started, sink)
    }

    fn exec_method(
        &self,
        path: &str,
        method: &str,
        flags: Flags,
        context: &CallContext,
        in_parameters: Option<&Instance>,
    ) -> Result<Option<Instance>> {
        self.0.exec_method(path, method, flags, context, in_parameters)
    }
}
