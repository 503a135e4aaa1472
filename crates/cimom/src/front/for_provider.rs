//! What a provider gets of WMI: the operations on its namespace, as long as the object manager is
//! there.
//!
//! A provider may keep it as long as it likes, and is kept by the object manager itself: held
//! strongly, neither would ever go.

use std::sync::{Arc, Weak};

use cim::{ClassDeclaration, Instance, Namespace, Object, ObjectPath, Result, WbemStatus};
use wbem::{CallContext, Flags, Services, Sink};

use super::cimom::Cimom;
use super::session::Session;
use crate::call::NamespaceRef;
use crate::providers::shutting_down;

pub(super) struct BackPointer {
    pub(super) cimom: Weak<Cimom>,
    pub(super) namespace: NamespaceRef,
}

impl BackPointer {
    fn session(&self) -> Result<Session> {
        let cimom = self.cimom.upgrade().ok_or_else(shutting_down)?;
        Ok(Session::new(cimom, self.namespace.clone(), None))
    }

    fn deliver(&self, sink: Sink, call: impl FnOnce(&Session, Sink) -> Result<()>) -> Result<()> {
        match self.session() {
            Ok(session) => call(&session, sink),
            Err(e) => {
                sink.release();
                Err(e)
            }
        }
    }
}

impl Services for BackPointer {
    fn namespace(&self) -> &Namespace {
        &self.namespace.namespace
    }

    fn open_namespace(&self, relative: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.session()?.open_namespace(relative, context)
    }

    fn connect(&self, path: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.session()?.connect(path, context)
    }

    fn get(&self, path: &str, flags: Flags, context: &CallContext) -> Result<(Object, WbemStatus)> {
        self.session()?.get(path, flags, context)
    }

    fn put_class(
        &self,
        class: &ClassDeclaration,
        flags: Flags,
        context: &CallContext,
    ) -> Result<()> {
        self.session()?.put_class(class, flags, context)
    }

    fn delete_class(&self, class: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.session()?.delete_class(class, flags, context)
    }

    fn create_class_enum(
        &self,
        superclass: Option<&str>,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(sink, |s, sink| s.create_class_enum(superclass, flags, context, sink))
    }

    fn put_instance(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        self.session()?.put_instance(instance, flags, context)
    }

    fn delete_instance(&self, path: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.session()?.delete_instance(path, flags, context)
    }

    fn create_instance_enum(
        &self,
        class: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(sink, |s, sink| s.create_instance_enum(class, flags, context, sink))
    }

    fn exec_query(
        &self,
        language: &str,
        query: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(sink, |s, sink| s.exec_query(language, query, flags, context, sink))
    }

    fn exec_method(
        &self,
        path: &str,
        method: &str,
        flags: Flags,
        context: &CallContext,
        in_parameters: Option<&Instance>,
    ) -> Result<Option<Instance>> {
        self.session()?.exec_method(path, method, flags, context, in_parameters)
    }
}
