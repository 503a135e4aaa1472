//! The operations of WMI on one namespace: the trait that every client and every door calls.
//!
//! Implemented by the object manager and, as functions around it, by [`crate::layer()`]; called by
//! the command line, the library, the remote protocols, COM, and providers that call back. There is
//! one operation, which takes a [`Request`]; the methods of WMI's names (IWbemServices in
//! snake_case) make the requests, and no implementor overrides them. Rules and errors: behaviour.md
//! F.2. Enumerating operations deliver to a [`Sink`]: if the call itself returns an error, the sink
//! has not been used.

use std::borrow::Cow;
use std::sync::Arc;

use cim::{ClassDeclaration, Instance, Namespace, Object, ObjectPath, Result, WbemStatus};

use crate::context::CallContext;
use crate::flags::Flags;
use crate::request::{Reply, Request};
use crate::sink::Sink;

/// A connection to a namespace.
pub trait Services: Send + Sync {
    /// The namespace.
    fn namespace(&self) -> &Namespace;

    /// Executes `request`. An enumerating one ([`Request::is_enumerating`]) takes the sink
    /// ([`Request::sink`]) and replies with nothing; if it returns an error it has released the
    /// sink ([`Sink::release`]). Other requests have none.
    /// Errors: those of the method that has the request's name.
    fn call(
        &self,
        request: &Request<'_>,
        context: &CallContext,
        sink: Option<Sink>,
    ) -> Result<Reply>;

    /// Connects to the namespace at `relative` below this one.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    fn open_namespace(&self, relative: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.call(&Request::OpenNamespace { relative: relative.into() }, context, None)?.services()
    }

    /// Connects to any namespace, as `\\server\root\x` or `root\x` (IWbemLocator::ConnectServer): a
    /// provider's way to classes in other namespaces.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`, `WBEM_E_TRANSPORT_FAILURE` for a
    /// server that cannot be reached.
    fn connect(&self, path: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.call(&Request::Connect { path: path.into() }, context, None)?.services()
    }

    /// GetObject: the class or instance at `path`, for the empty path an empty class; and the
    /// success of the call, which is `WBEM_S_DUPLICATE_OBJECTS` for a class that several providers
    /// define.
    /// Flags: `USE_AMENDED_QUALIFIERS`, `DIRECT_READ`. Errors: `WBEM_E_NOT_FOUND`,
    /// `WBEM_E_INVALID_OBJECT_PATH`, the provider's.
    fn get(&self, path: &str, flags: Flags, context: &CallContext) -> Result<(Object, WbemStatus)> {
        self.call(&Request::GetObject { path: path.into(), flags }, context, None)?.object()
    }

    /// The object of [`Services::get`], for callers that do not need the success code.
    fn get_object(&self, path: &str, flags: Flags, context: &CallContext) -> Result<Object> {
        Ok(self.get(path, flags, context)?.0)
    }

    /// Creates or changes a class. Flags: `CREATE_ONLY`, `UPDATE_ONLY`, `UPDATE_SAFE_MODE`,
    /// `UPDATE_FORCE_MODE`, `OWNER_UPDATE`, `USE_AMENDED_QUALIFIERS`. Errors:
    /// `WBEM_E_AMENDED_OBJECT` where it was read with the last of these and is put without.
    fn put_class(
        &self,
        class: &ClassDeclaration,
        flags: Flags,
        context: &CallContext,
    ) -> Result<()> {
        self.call(&Request::put_class(Cow::Borrowed(class), flags), context, None)?.nothing()
    }

    /// Deletes a class, its subclasses and all their stored instances.
    fn delete_class(&self, class: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.call(&Request::DeleteClass { class: class.into(), flags }, context, None)?.nothing()
    }

    /// The subclasses of `superclass` (not itself): all, or with `SHALLOW` the direct ones. With
    /// no superclass, all classes or the top-level ones.
    fn create_class_enum(
        &self,
        superclass: Option<&str>,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let superclass = superclass.map(Cow::Borrowed);
        self.call(&Request::CreateClassEnum { superclass, flags }, context, Some(sink))?.nothing()
    }

    /// Creates or changes an instance, and gives its path. Flags: `CREATE_ONLY`,
    /// `UPDATE_ONLY`, `OWNER_UPDATE`.
    fn put_instance(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &CallContext,
    ) -> Result<ObjectPath> {
        self.call(&Request::put_instance(Cow::Borrowed(instance), flags), context, None)?.path()
    }

    /// Deletes an instance. Errors: `WBEM_E_NOT_FOUND`, the provider's.
    fn delete_instance(&self, path: &str, flags: Flags, context: &CallContext) -> Result<()> {
        self.call(&Request::DeleteInstance { path: path.into(), flags }, context, None)?.nothing()
    }

    /// The instances of `class` and its subclasses, or with `SHALLOW` of it alone.
    fn create_instance_enum(
        &self,
        class: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let request = Request::CreateInstanceEnum { class: class.into(), flags };
        self.call(&request, context, Some(sink))?.nothing()
    }

    /// The result of a query. `language` must be `WQL`. Flags: `ENSURE_LOCATABLE`,
    /// `PROTOTYPE`, `DIRECT_READ`, `FORWARD_ONLY`, `USE_AMENDED_QUALIFIERS`. With the context
    /// value [`EXPLAIN`] the plan is given instead, as instances of `OpenWMI_PlanStep`.
    fn exec_query(
        &self,
        language: &str,
        query: &str,
        flags: Flags,
        context: &CallContext,
        sink: Sink,
    ) -> Result<()> {
        let request = Request::ExecQuery { language: language.into(), query: query.into(), flags };
        self.call(&request, context, Some(sink))?.nothing()
    }

    /// Runs a method of the class or instance at `path`; gives the out parameters, ReturnValue
    /// among them, or nothing where the method hands nothing out. `in_parameters` is an instance of
    /// the method's in signature ([`cim::Method::in_signature`]); what it leaves out has the
    /// method's defaults. ReturnValue alone says that the method itself failed.
    /// Flags: `RETURN_IMMEDIATELY`. Errors: `WBEM_E_NOT_FOUND`, `WBEM_E_INVALID_METHOD`,
    /// `WBEM_E_INVALID_METHOD_PARAMETERS` (also where an instance is missing from the path),
    /// `WBEM_E_METHOD_DISABLED`, `WBEM_E_METHOD_NOT_IMPLEMENTED`, the provider's.
    fn exec_method(
        &self,
        path: &str,
        method: &str,
        flags: Flags,
        context: &CallContext,
        in_parameters: Option<&Instance>,
    ) -> Result<Option<Instance>> {
        let request = Request::ExecMethod {
            path: path.into(),
            method: method.into(),
            flags,
            in_parameters: in_parameters.map(Cow::Borrowed),
        };
        self.call(&request, context, None)?.out_parameters()
    }
}

/// The context value (boolean) that asks a query for its plan instead of its result.
pub const EXPLAIN: &str = "__OPENWMI_EXPLAIN";
