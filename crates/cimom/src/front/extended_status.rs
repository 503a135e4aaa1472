//! What every failure of an operation says beside its status: which operation, and what it was
//! given, as the client gave it (`__ExtendedStatus`; windows-in-practice.md, "Errors").
//!
//! Around a [`Session`], whose errors and whose sinks' errors pass through; nothing else is
//! changed.

use std::sync::Arc;

use cim::{ClassDeclaration, Instance, Namespace, Object, ObjectPath, Result, WbemStatus};
use wbem::{CallContext, Flags, Services, Sink};

use super::session::Session;

/// A session whose errors say of which operation they are.
pub struct Told(pub(crate) Session);

impl Services for Told {
    fn namespace(&self) -> &Namespace {
        self.0.namespace()
    }

    fn open_namespace(&self, relative: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        let opened = self.0.open_namespace(relative, context);
        opened.map_err(|e| e.during("OpenNamespace", relative))
    }

    fn connect(&self, path: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.0.connect(path, context)
    }

    fn get(&self, path: &str, flags: Flags, context: &CallContext) -> Result<(Object, WbemStatus)> {
        self.0.get(path, flags, context).map_err(|e| e.during("GetObject", path))
    }

    fn put_class(
        &self,
        class: &ClassDeclaration,
        flags: Flags,
        context: &CallContext,
    ) -> Result<()> {
        let put = self.0.put_class(class, flags, context);
        put.map_err(|e| e.during("PutClass", class.name.as_str()))
    }

    fn delete_class(&self, class: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.0.delete_class(class, flags, context).map_err(|e| e.during("DeleteClass", class))
    }

    fn create_class_enum(
        &self,
        superclass: Option<&str>,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let told = ("CreateClassEnum", superclass.unwrap_or_default());
        let sink = sink.during(told.0, told.1);
        let started = self.0.create_class_enum(superclass, flags, context, sink);
        started.map_err(|e| e.during(told.0, told.1))
    }

    fn put_instance(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        self.0.put_instance(instance, flags, context).map_err(|e| {
            let path = instance.relative_path().map(|path| path.to_string());
            e.during("PutInstance", path.as_deref().unwrap_or(instance.class().name().as_str()))
        })
    }

    fn delete_instance(&self, path: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.0.delete_instance(path, flags, context).map_err(|e| e.during("DeleteInstance", path))
    }

    fn create_instance_enum(
        &self,
        class: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let sink = sink.during("CreateInstanceEnum", class);
        let started = self.0.create_instance_enum(class, flags, context, sink);
        started.map_err(|e| e.during("CreateInstanceEnum", class))
    }

    fn exec_query(
        &self,
        language: &str,
        query: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let sink = sink.during("ExecQuery", query);
        let started = self.0.exec_query(language, query, flags, context, sink);
        started.map_err(|e| e.during("ExecQuery", query))
    }

    fn exec_method(
        &self,
        path: &str,
        method: &str,
        flags: Flags,
        context: &CallContext,
        in_parameters: Option<&Instance>,
    ) -> Result<Option<Instance>> {
        let out = self.0.exec_method(path, method, flags, context, in_parameters);
        out.map_err(|e| e.during("ExecMethod", &format!("{path}::{method}")))
    }
}
