//! The actions that a MOF file requests, in order, which the object manager executes.
//!
//! Lowering makes them, without access to a repository. Values of instances and aliases are
//! converted later by [`crate::instantiate`], because they need their classes.

use std::collections::BTreeMap;
use std::sync::Arc;

use cim::{ClassDeclaration, Name, Namespace, ObjectPath, Qualifiers, Value};

use crate::declarations::Declarations;
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Span};

/// How to compile.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace up to the first `#pragma namespace`.
    pub namespace: Namespace,
    /// The name of this server, which a pragma can use as well as `.` and `localhost`.
    pub server: String,
    /// What may happen to classes until `#pragma classflags` says otherwise.
    pub class_flags: PutFlags,
    /// What may happen to instances until `#pragma instanceflags` says otherwise.
    pub instance_flags: PutFlags,
    /// Whether classes may have the names reserved for the system (`__X`): the object manager's
    /// own MOF declares them.
    pub system_classes: bool,
    /// DMTF's declarations of files compiled before, which hold in this one too and put it into DMTF's
    /// dialect.
    pub declarations: Declarations,
}

impl Options {
    /// Compilation into `namespace`, everything else as is usual.
    pub fn new(namespace: Namespace) -> Self {
        Options {
            namespace,
            server: ".".to_owned(),
            class_flags: PutFlags::default(),
            instance_flags: PutFlags::default(),
            system_classes: false,
            declarations: Declarations::default(),
        }
    }
}

/// What a put may do (`#pragma classflags`, `#pragma instanceflags`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PutFlags {
    /// `createonly`: refuse what exists.
    pub create_only: bool,
    /// `updateonly`: refuse what does not exist.
    pub update_only: bool,
    /// `safeupdate`, of classes only.
    pub safe: bool,
    /// `forceupdate`, of classes only.
    pub force: bool,
}

/// Which rules a set of files follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dialect {
    /// WMI's own.
    #[default]
    Wmi,
    /// DMTF's: some file declares a qualifier with a type and a scope.
    Dmtf,
}

/// What compiling a file and all it includes gives.
#[derive(Debug)]
pub struct Compilation {
    /// What is to be done, in the order of the text. To be executed only if there is no
    /// diagnostic.
    pub actions: Vec<Action>,
    /// Everything that is wrong, at most [`crate::MAX_DIAGNOSTICS`].
    pub diagnostics: Vec<Diagnostic>,
    /// What is unusual and was read nevertheless, at most [`crate::MAX_DIAGNOSTICS`].
    pub warnings: Vec<Diagnostic>,
    /// Whether the text has `#pragma autorecover`.
    pub autorecover: bool,
    /// Which rules were followed.
    pub dialect: Dialect,
    /// DMTF's declarations that hold in it, for files compiled after it.
    pub declarations: Declarations,
    /// For each alias the action that declares it.
    pub aliases: BTreeMap<Name, usize>,
}

/// One step, in its namespace.
#[derive(Clone, Debug)]
pub struct Action {
    /// The namespace, on this server.
    pub namespace: Namespace,
    /// The text that asks for it.
    pub place: Place,
    /// What to do.
    pub kind: ActionKind,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Put a class.
    PutClass {
        /// The class. A default that is listed in `pending` is absent.
        declaration: Arc<ClassDeclaration>,
        /// Its alias, without the `$`.
        alias: Option<Name>,
        /// Defaults that need other objects, by index of the property: see
        /// [`crate::complete_class`].
        pending: Vec<PendingDefault>,
        /// What the put may do.
        flags: PutFlags,
    },
    /// Put an instance: see [`crate::instantiate`].
    PutInstance {
        /// The instance.
        declaration: InstanceDeclaration,
        /// What the put may do.
        flags: PutFlags,
    },
    /// Delete a class.
    DeleteClass {
        /// Its name.
        class: Name,
        /// Whether it is an error that it does not exist.
        fail: bool,
    },
    /// Delete an instance.
    DeleteInstance {
        /// Its path.
        path: ObjectPath,
        /// Whether it is an error that it does not exist.
        fail: bool,
    },
}

/// A default of a property that holds an alias or an embedded instance.
#[derive(Clone, Debug)]
pub struct PendingDefault {
    /// The index among the declaration's properties.
    pub property: usize,
    /// The value.
    pub value: InitialValue,
    /// Its location in the action's file.
    pub span: Span,
}

/// An instance as it is declared, before its class is known.
#[derive(Clone, Debug)]
pub struct InstanceDeclaration {
    /// Its class.
    pub class: Name,
    /// Its alias, without the `$`.
    pub alias: Option<Name>,
    /// Its own qualifiers.
    pub qualifiers: Qualifiers,
    /// Its values, in order, without duplicate names.
    pub properties: Vec<PropertyValue>,
    /// Its place in the text.
    pub place: Place,
}

/// A property's value in an instance.
#[derive(Clone, Debug)]
pub struct PropertyValue {
    /// The property.
    pub name: Name,
    /// Its value; `None` where none is given and only the qualifiers say something.
    pub value: Option<InitialValue>,
    /// The property's own qualifiers in this instance.
    pub qualifiers: Qualifiers,
    /// Its location in the instance's file.
    pub span: Span,
}

/// A value as written.
#[derive(Clone, Debug)]
pub enum InitialValue {
    /// A literal or an array of literals, each in its natural type: a whole number in the first
    /// of sint32, sint64 and uint64 that holds it.
    Value(Value),
    /// The path of the object with this alias (without the `$`).
    Alias(Name),
    /// An embedded instance.
    Instance(Box<InstanceDeclaration>),
    /// An array in which not all elements are literals.
    Array(Vec<InitialValue>),
}
