//! An operation as a value: the request and the reply.
//!
//! A [`Request`] borrows its arguments where the caller waits for the answer and owns them where
//! the call runs on another thread. Made by the typed methods of [`Services`] and by
//! [`crate::Client`]; read by the object manager and by every [`crate::layer()`]. Nothing is executed
//! here.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use cim::status::{WBEM_E_CRITICAL_ERROR, WBEM_E_INVALID_PARAMETER, WBEM_S_NO_ERROR};
use cim::{ClassDeclaration, Instance, Object, ObjectPath, Origin, Result, SlotSet, WbemStatus};

use crate::flags::Flags;
use crate::services::Services;
use crate::sink::Sink;

/// An operation with its arguments, which are those of the method of that name of [`Services`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the arguments are those of the methods of Services")]
pub enum Request<'a> {
    OpenNamespace {
        relative: Cow<'a, str>,
    },
    Connect {
        path: Cow<'a, str>,
    },
    GetObject {
        path: Cow<'a, str>,
        flags: Flags,
    },
    PutClass {
        class: Cow<'a, ClassDeclaration>,
        /// Whether the class was read with localized qualifiers.
        is_amended: bool,
        flags: Flags,
    },
    DeleteClass {
        class: Cow<'a, str>,
        flags: Flags,
    },
    CreateClassEnum {
        superclass: Option<Cow<'a, str>>,
        flags: Flags,
    },
    PutInstance {
        instance: Cow<'a, Instance>,
        attributes: PutAttributes,
        flags: Flags,
    },
    DeleteInstance {
        path: Cow<'a, str>,
        flags: Flags,
    },
    CreateInstanceEnum {
        class: Cow<'a, str>,
        flags: Flags,
    },
    ExecQuery {
        language: Cow<'a, str>,
        query: Cow<'a, str>,
        flags: Flags,
    },
    ExecMethod {
        path: Cow<'a, str>,
        method: Cow<'a, str>,
        flags: Flags,
        in_parameters: Option<Cow<'a, Instance>>,
    },
}

/// Attributes of a put in addition to the instance's values. The object manager decides by these
/// only, and not by the class of the instance: a door that rebuilds the instance from a wire format
/// states here how its client obtained the instance.
///
/// Slots are those of the class of the instance in the request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutAttributes {
    /// Whether its class was read with localized qualifiers.
    pub is_amended: bool,
    /// The properties selected by the query that returned it; `None` for a whole instance.
    pub selected: Option<SlotSet>,
    /// The slots whose values the client did not supply, and which have the class's defaults.
    pub defaulted: SlotSet,
    /// The server and the namespace that it was read from.
    pub origin: Option<Arc<Origin>>,
}

impl PutAttributes {
    /// Read from `instance` and its class.
    pub fn of(instance: &Instance) -> Self {
        let class = instance.class();
        PutAttributes {
            is_amended: class.is_amended(),
            selected: class.is_projection().then(|| SlotSet::all(class.properties().len())),
            defaulted: instance.defaulted().clone(),
            origin: class.origin().cloned(),
        }
    }
}

/// The reply of an operation. An enumerating operation replies with `Nothing` and delivers its
/// objects to the sink.
#[derive(Clone)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// A connection, of OpenNamespace and Connect.
    Services(Arc<dyn Services>),
    /// An object and the success of the call, of GetObject.
    Object(Object, WbemStatus),
    /// The path of the written instance, of PutInstance.
    Path(ObjectPath),
    /// The out parameters, of ExecMethod.
    OutParameters(Option<Instance>),
}

impl<'a> Request<'a> {
    /// The put of `class` as it was read.
    pub fn put_class(class: Cow<'a, ClassDeclaration>, flags: Flags) -> Self {
        Request::PutClass { is_amended: class.is_amended, class, flags }
    }

    /// The put of `instance` with its own attributes.
    pub fn put_instance(instance: Cow<'a, Instance>, flags: Flags) -> Self {
        Request::PutInstance { attributes: PutAttributes::of(&instance), instance, flags }
    }

    /// The operation's name, as `__ExtendedStatus` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Request::OpenNamespace { .. } => "OpenNamespace",
            Request::Connect { .. } => "ConnectServer",
            Request::GetObject { .. } => "GetObject",
            Request::PutClass { .. } => "PutClass",
            Request::DeleteClass { .. } => "DeleteClass",
            Request::CreateClassEnum { .. } => "CreateClassEnum",
            Request::PutInstance { .. } => "PutInstance",
            Request::DeleteInstance { .. } => "DeleteInstance",
            Request::CreateInstanceEnum { .. } => "CreateInstanceEnum",
            Request::ExecQuery { .. } => "ExecQuery",
            Request::ExecMethod { .. } => "ExecMethod",
        }
    }

    /// What the operation was given, as `__ExtendedStatus` says it.
    pub fn parameter(&self) -> Cow<'_, str> {
        match self {
            Request::OpenNamespace { relative: text }
            | Request::Connect { path: text }
            | Request::GetObject { path: text, .. }
            | Request::DeleteClass { class: text, .. }
            | Request::DeleteInstance { path: text, .. }
            | Request::CreateInstanceEnum { class: text, .. }
            | Request::ExecQuery { query: text, .. } => Cow::Borrowed(text),
            Request::CreateClassEnum { superclass, .. } => {
                Cow::Borrowed(superclass.as_deref().unwrap_or_default())
            }
            Request::PutClass { class, .. } => Cow::Borrowed(class.name.as_str()),
            Request::PutInstance { instance, .. } => match instance.relative_path() {
                Some(path) => Cow::Owned(path.to_string()),
                None => Cow::Borrowed(instance.class().name().as_str()),
            },
            Request::ExecMethod { path, method, .. } => Cow::Owned(format!("{path}::{method}")),
        }
    }

    /// Its flags; none of an operation that takes none.
    pub fn flags(&self) -> Flags {
        match self {
            Request::OpenNamespace { .. } | Request::Connect { .. } => Flags::default(),
            Request::GetObject { flags, .. }
            | Request::PutClass { flags, .. }
            | Request::DeleteClass { flags, .. }
            | Request::CreateClassEnum { flags, .. }
            | Request::PutInstance { flags, .. }
            | Request::DeleteInstance { flags, .. }
            | Request::CreateInstanceEnum { flags, .. }
            | Request::ExecQuery { flags, .. }
            | Request::ExecMethod { flags, .. } => *flags,
        }
    }

    /// Whether its result goes to a sink.
    pub fn is_enumerating(&self) -> bool {
        matches!(
            self,
            Request::CreateClassEnum { .. }
                | Request::CreateInstanceEnum { .. }
                | Request::ExecQuery { .. }
        )
    }

    /// The sink of an enumerating operation.
    /// Errors: `WBEM_E_INVALID_PARAMETER` where none was given.
    pub fn sink(&self, sink: Option<Sink>) -> Result<Sink> {
        sink.ok_or_else(|| {
            WBEM_E_INVALID_PARAMETER.with(format!("{} needs a sink for its objects", self.name()))
        })
    }

    /// The same request with owned arguments: for a call on another thread.
    pub fn into_owned(self) -> Request<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        fn instance(instance: Cow<'_, Instance>) -> Cow<'static, Instance> {
            Cow::Owned(instance.into_owned())
        }
        match self {
            Request::OpenNamespace { relative } => {
                Request::OpenNamespace { relative: own(relative) }
            }
            Request::Connect { path } => Request::Connect { path: own(path) },
            Request::GetObject { path, flags } => Request::GetObject { path: own(path), flags },
            Request::PutClass { class, is_amended, flags } => {
                Request::PutClass { class: Cow::Owned(class.into_owned()), is_amended, flags }
            }
            Request::DeleteClass { class, flags } => {
                Request::DeleteClass { class: own(class), flags }
            }
            Request::CreateClassEnum { superclass, flags } => {
                Request::CreateClassEnum { superclass: superclass.map(own), flags }
            }
            Request::PutInstance { instance: given, attributes, flags } => {
                Request::PutInstance { instance: instance(given), attributes, flags }
            }
            Request::DeleteInstance { path, flags } => {
                Request::DeleteInstance { path: own(path), flags }
            }
            Request::CreateInstanceEnum { class, flags } => {
                Request::CreateInstanceEnum { class: own(class), flags }
            }
            Request::ExecQuery { language, query, flags } => {
                Request::ExecQuery { language: own(language), query: own(query), flags }
            }
            Request::ExecMethod { path, method, flags, in_parameters } => Request::ExecMethod {
                path: own(path),
                method: own(method),
                flags,
                in_parameters: in_parameters.map(instance),
            },
        }
    }
}

impl Reply {
    /// The success of the call.
    pub fn success(&self) -> WbemStatus {
        match self {
            Reply::Object(_, success) => *success,
            _ => WBEM_S_NO_ERROR,
        }
    }

    /// Nothing. Errors: as [`Reply::services`].
    pub fn nothing(self) -> Result<()> {
        match self {
            Reply::Nothing => Ok(()),
            other => Err(other.unexpected("nothing")),
        }
    }

    /// The connection.
    /// Errors: `WBEM_E_CRITICAL_ERROR` where the reply is of another kind, which is a fault of the
    /// implementation that executed the request.
    pub fn services(self) -> Result<Arc<dyn Services>> {
        match self {
            Reply::Services(services) => Ok(services),
            other => Err(other.unexpected("a connection")),
        }
    }

    /// The object and the success of the call. Errors: as [`Reply::services`].
    pub fn object(self) -> Result<(Object, WbemStatus)> {
        match self {
            Reply::Object(object, success) => Ok((object, success)),
            other => Err(other.unexpected("an object")),
        }
    }

    /// The path of what was put. Errors: as [`Reply::services`].
    pub fn path(self) -> Result<ObjectPath> {
        match self {
            Reply::Path(path) => Ok(path),
            other => Err(other.unexpected("a path")),
        }
    }

    /// The out parameters. Errors: as [`Reply::services`].
    pub fn out_parameters(self) -> Result<Option<Instance>> {
        match self {
            Reply::OutParameters(out) => Ok(out),
            other => Err(other.unexpected("out parameters")),
        }
    }

    fn unexpected(&self, expected: &str) -> cim::Error {
        WBEM_E_CRITICAL_ERROR.with(format!("the call gave {self:?} in place of {expected}"))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reply::Nothing => "nothing",
            Reply::Services(_) => "a connection",
            Reply::Object(..) => "an object",
            Reply::Path(_) => "a path",
            Reply::OutParameters(_) => "out parameters",
        })
    }
}
