//! A connection to a namespace: each operation of `Services`, from the call to its answer.
//!
//! What happens to every call is here: the flags are checked, `access` authorizes the call, and the
//! call is passed to the module of the operation. The rules of the operations are in those modules.

use std::sync::Arc;

use cim::naming::check_class_length;
use cim::status::*;
use cim::{ClassDeclaration, Error, Instance, Name, Namespace, ObjectPath, Result};
use wbem::{CallContext, Flags, PutAttributes, Reply, Request, Services, Sink};

use super::cimom::Cimom;
use super::connections::Connected;
use crate::call::architecture;
use crate::call::partial::{self, PartialRead};
use crate::call::{AuthorizedCall, Call, NamespaceRef};
use crate::method::{self, Invocation};
use crate::providers::Runtime;
use crate::query;
use crate::read::get::{self, Get};
use crate::read::{InstanceQuery, QueryScope};
use crate::rules;
use crate::schema::class_rules::Rules;
use crate::view::View;
use crate::write;

/// A connection to a namespace.
pub(super) struct Session {
    cimom: Arc<Cimom>,
    namespace: NamespaceRef,
    /// `None` of a session that is no client's connection.
    _connected: Option<Connected>,
}

impl Session {
    /// A session of the namespace; `connected` of a client's.
    pub(super) fn new(
        cimom: Arc<Cimom>,
        namespace: NamespaceRef,
        connected: Option<Connected>,
    ) -> Self {
        Session { cimom, namespace, _connected: connected }
    }

    fn runtime(&self) -> &Runtime {
        &self.cimom.runtime
    }

    fn view<'a>(&'a self, context: &'a CallContext) -> Result<View<'a>> {
        View::open(self.runtime(), &self.namespace.namespace, self.namespace.id, context)
    }

    /// What a read with `flags` sees.
    fn read_view<'a>(&'a self, flags: Flags, context: &'a CallContext) -> Result<View<'a>> {
        match flags.has(Flags::USE_AMENDED_QUALIFIERS) {
            true => self.view(context)?.localized(),
            false => self.view(context),
        }
    }

    fn authorize<'a, O>(
        &'a self,
        view: &View<'_>,
        operation: O,
        context: &'a CallContext,
    ) -> Result<AuthorizedCall<'a, O>> {
        let call = Call { operation, namespace: &self.namespace.namespace, context };
        call.authorize(view.schema().policy())
    }

    /// The parts of `path`, which must be one of this server.
    fn own_path(&self, path: &str) -> Result<ObjectPath> {
        let path: ObjectPath = path.parse()?;
        self.runtime().core().check_server(path.server.as_deref())?;
        Ok(path)
    }

    /// The session of the namespace that `path` names, if it is another than this one.
    fn session_for(
        &self,
        path: &ObjectPath,
        context: &CallContext,
    ) -> Result<Option<Arc<dyn Services>>> {
        match &path.namespace {
            Some(other) if *other != self.namespace.namespace => {
                // A connection whose namespace is deleted leads nowhere.
                self.view(context)?;
                self.cimom.connect(other.as_str(), context).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Runs `start`, which hands the sink on, or gives it up where the call fails.
    fn deliver(
        &self,
        context: &CallContext,
        flags: Flags,
        sink: Sink,
        start: impl FnOnce(&View<'_>, PartialRead) -> Result<query::Run>,
    ) -> Result<()> {
        let read = PartialRead::of(context);
        let prepared = read.as_ref().map_err(Error::clone).and_then(|(partial, context)| {
            let view = self.read_view(flags, context)?;
            Ok((start(&view, partial.clone())?, view))
        });
        match prepared {
            Ok((run, view)) => {
                run.deliver(view, sink);
                Ok(())
            }
            Err(e) => {
                sink.release();
                Err(e)
            }
        }
    }
}

impl Services for Session {
    fn namespace(&self) -> &Namespace {
        &self.namespace.namespace
    }

    fn call(
        &self,
        request: &Request<'_>,
        context: &CallContext,
        sink: Option<Sink>,
    ) -> Result<Reply> {
        if let Err(e) = architecture::check(context) {
            if let Some(sink) = sink {
                sink.release();
            }
            return Err(e);
        }
        let nothing = |()| Reply::Nothing;
        match request {
            Request::OpenNamespace { relative } => {
                let opened = self.open_namespace(relative, context)?;
                Ok(Reply::Services(Arc::new(opened)))
            }
            Request::Connect { path } => {
                Ok(Reply::Services(Arc::new(self.cimom.session(path, context)?)))
            }
            Request::GetObject { path, flags } => self.get(path, *flags, context),
            Request::PutClass { class, is_amended, flags } => {
                self.put_class(class, *is_amended, *flags, context).map(nothing)
            }
            Request::DeleteClass { class, flags } => {
                self.delete_class(class, *flags, context).map(nothing)
            }
            Request::CreateClassEnum { superclass, flags } => {
                let sink = request.sink(sink)?;
                self.create_class_enum(superclass.as_deref(), *flags, context, sink).map(nothing)
            }
            Request::PutInstance { instance, attributes, flags } => {
                self.put_instance(instance, attributes, *flags, context).map(Reply::Path)
            }
            Request::DeleteInstance { path, flags } => {
                self.delete_instance(path, *flags, context).map(nothing)
            }
            Request::CreateInstanceEnum { class, flags } => {
                let sink = request.sink(sink)?;
                self.create_instance_enum(class, *flags, context, sink).map(nothing)
            }
            Request::ExecQuery { language, query, flags } => {
                let sink = request.sink(sink)?;
                self.exec_query(language, query, *flags, context, sink).map(nothing)
            }
            Request::ExecMethod { path, method, flags, in_parameters } => {
                let given = in_parameters.as_deref();
                let out = self.exec_method(path, method, *flags, context, given);
                out.map(Reply::OutParameters)
            }
        }
    }
}

impl Session {
    fn open_namespace(&self, relative: &str, context: &CallContext) -> Result<Session> {
        self.view(context)?;
        self.cimom.session(self.namespace.namespace.child(relative)?.as_str(), context)
    }

    fn get(&self, path: &str, flags: Flags, context: &CallContext) -> Result<Reply> {
        flags.only(
            "GetObject",
            Flags::USE_AMENDED_QUALIFIERS | Flags::DIRECT_READ | Flags::RETURN_IMMEDIATELY,
        )?;
        if path.is_empty() {
            self.authorize(&self.view(context)?, (), context)?;
            return Ok(Reply::Object(get::empty_class()?, WBEM_S_NO_ERROR));
        }
        let path = self.own_path(path)?;
        if let Some(other) = self.session_for(&path, context)? {
            let path = path.relative().to_string().into();
            return other.call(&Request::GetObject { path, flags }, context, None);
        }
        let (partial, context) = PartialRead::of(context)?;
        let view = self.read_view(flags, &context)?;
        let get = Get { path, direct: flags.has(Flags::DIRECT_READ), partial };
        let call = self.authorize(&view, get, &context)?;
        let object = get::object(&view, &call)?;
        Ok(Reply::Object(object, get::success(&view, call.operation())?))
    }

    fn put_class(
        &self,
        class: &ClassDeclaration,
        is_amended: bool,
        flags: Flags,
        context: &CallContext,
    ) -> Result<()> {
        let context = &*partial::none(context);
        let view = self.view(context)?;
        let call = self.authorize(&view, (), context)?;
        write::check_amended(is_amended, &class.name, flags)?;
        write::class::put(view, call, class, flags, Rules::Wmi)
    }

    fn delete_class(&self, class: &str, flags: Flags, context: &CallContext) -> Result<()> {
        flags.only("DeleteClass", Flags::OWNER_UPDATE | Flags::RETURN_IMMEDIATELY)?;
        let context = &*partial::none(context);
        let view = self.view(context)?;
        let call = self.authorize(&view, (), context)?;
        let class = class_name(class, "DeleteClass")?;
        write::class::delete(view, call, &class)
    }

    fn create_class_enum(
        &self,
        superclass: Option<&str>,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(context, flags, sink, |view, _| {
            flags.only("CreateClassEnum", ENUMERATION)?;
            let superclass = superclass.filter(|s| !s.is_empty());
            let superclass = superclass.map(|s| class_name(s, "CreateClassEnum")).transpose()?;
            let call = self.authorize(view, (), context)?;
            query::subclasses(view, &call, superclass, flags.has(Flags::SHALLOW))
        })
    }

    fn put_instance(
        &self,
        instance: &Instance,
        attributes: &PutAttributes,
        flags: Flags,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        // Resolving the class must not inherit the values of a partial put.
        let whole = partial::none(context);
        let view = self.view(&whole)?;
        let call = self.authorize(&view, (), &whole)?;
        write::put_instance(view, call, (instance, attributes), flags, context)
    }

    fn delete_instance(&self, path: &str, flags: Flags, context: &CallContext) -> Result<()> {
        flags.only("DeleteInstance", Flags::OWNER_UPDATE | Flags::RETURN_IMMEDIATELY)?;
        let context = &*partial::none(context);
        let path = self.own_path(path)?;
        if let Some(other) = self.session_for(&path, context)? {
            return other.delete_instance(&path.relative().to_string(), flags, context);
        }
        let view = self.view(context)?;
        let call = self.authorize(&view, (), context)?;
        write::delete_instance(view, call, &path)
    }

    fn create_instance_enum(
        &self,
        class: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(context, flags, sink, |view, partial| {
            flags.only("CreateInstanceEnum", ENUMERATION | Flags::DIRECT_READ)?;
            let class = class_name(class, "CreateInstanceEnum")?;
            // Callers without read access must not learn which classes exist.
            let call = self.authorize(view, (), view.context())?;
            let class = view.class(&class, WBEM_E_INVALID_CLASS)?;
            let query = InstanceQuery::all(class, QueryScope::new(flags), partial);
            query::instances(view, call.with(query))
        })
    }

    fn exec_query(
        &self,
        language: &str,
        text: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        self.deliver(context, flags, sink, |view, partial| {
            flags.only("ExecQuery", QUERY)?;
            let query = match query::parse(language, text) {
                Ok(query) => query,
                Err(refusal) => {
                    let call = self.authorize(view, (), view.context())?;
                    return query::beyond(view, call, text, flags, refusal);
                }
            };
            query::run(view, self.authorize(view, query, view.context())?, text, partial, flags)
        })
    }

    fn exec_method(
        &self,
        path: &str,
        method: &str,
        flags: Flags,
        context: &CallContext,
        in_parameters: Option<&Instance>,
    ) -> Result<Option<Instance>> {
        flags.only("ExecMethod", Flags::RETURN_IMMEDIATELY)?;
        let context = &*partial::none(context);
        let path = self.own_path(path)?;
        if let Some(other) = self.session_for(&path, context)? {
            let path = path.relative().to_string();
            return other.exec_method(&path, method, flags, context, in_parameters);
        }
        let view = self.view(context)?;
        let call = self.authorize(&view, Invocation { path, method, in_parameters }, context)?;
        let prepared = method::prepare(&view, call)?;
        drop(view);
        prepared
            .run(context, |call| rules::exec_method(self.runtime(), &self.namespace, call, context))
    }
}

/// The flags of enumerations.
const ENUMERATION: Flags = Flags::SHALLOW
    .union(Flags::RETURN_IMMEDIATELY)
    .union(Flags::FORWARD_ONLY)
    .union(Flags::USE_AMENDED_QUALIFIERS);

/// The flags of queries.
const QUERY: Flags = Flags::RETURN_IMMEDIATELY
    .union(Flags::FORWARD_ONLY)
    .union(Flags::ENSURE_LOCATABLE)
    .union(Flags::PROTOTYPE)
    .union(Flags::DIRECT_READ)
    .union(Flags::USE_AMENDED_QUALIFIERS);

/// The name of a class, where an operation takes no path.
fn class_name(text: &str, operation: &str) -> Result<Name> {
    check_class_length(text)?;
    if !Name::is_identifier(text) {
        return Err(WBEM_E_INVALID_PARAMETER
            .with(format!("{operation} takes the name of a class, which \"{text}\" is not")));
    }
    Ok(text.into())
}
