//! The system classes: their declarations, which are built in, and what is special about their
//! instances.
//!
//! The declarations are MOF beside this file. The rules of their instances, where a write means
//! something to the object manager, are in [`crate::rules`].

use std::sync::{Arc, LazyLock};

use cim::{Class, ClassDeclaration, Name, Namespace};

static EVERY: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("every.mof")));
static ROOT: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("root.mof")));
static IDENTIFICATION: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("identification.mof")));

/// The class whose singleton describes the namespace itself.
pub const THIS_NAMESPACE: &str = "__thisNAMESPACE";
/// The class whose singleton describes the object manager.
pub const IDENTIFICATION_CLASS: &str = "__CIMOMIdentification";
/// The class whose methods read and change the namespace's descriptor.
pub const SYSTEM_SECURITY: &str = "__SystemSecurity";
/// The method of it that every caller who may open the namespace may run.
pub const CALLER_RIGHTS: &str = "GetCallerAccessRights";

/// The qualifier of an instance that names a namespace: its descriptor in SDDL. Not kept as text.
pub const SDDL: &str = "NamespaceSecuritySDDL";
/// The other one: whether remote calls must be encrypted.
pub const ENCRYPTION: &str = "RequiresEncryption";

/// Whether a method may be run without the right to run methods.
pub fn is_open_to_all(class: &Name, method: &str) -> bool {
    class.is(SYSTEM_SECURITY) && cim::name::eq(method, CALLER_RIGHTS)
}

/// Whether the instance of the class is computed by the object manager, and cannot be put.
pub fn is_computed(class: &Class) -> bool {
    const COMPUTED: [&str; 3] = [THIS_NAMESPACE, IDENTIFICATION_CLASS, SYSTEM_SECURITY];
    class.is_singleton() && COMPUTED.iter().any(|computed| class.is_a(computed))
}

/// The declarations of the system classes that `namespace` has, superclasses first.
pub fn declarations(namespace: &Namespace) -> impl Iterator<Item = Arc<ClassDeclaration>> {
    let is_root = *namespace == Namespace::root();
    let is_default =
        namespace.parent() == Some(Namespace::root()) && cim::name::eq(namespace.leaf(), "default");
    let root = is_root.then_some(&*ROOT).into_iter().flatten();
    let identification = (is_root || is_default).then_some(&*IDENTIFICATION).into_iter().flatten();
    EVERY.iter().chain(root).chain(identification).cloned()
}

/// The name of the class of namespaces.
pub fn namespace_class() -> Name {
    Name::from_static("__NAMESPACE")
}

/// Whether instances of the class name namespaces.
pub fn is_namespace(class: &Class) -> bool {
    class.is_a(namespace_class().as_str())
}

/// The classes of a text that is built in, so that a mistake in it is one of this program.
pub fn parse(text: &str) -> Vec<Arc<ClassDeclaration>> {
    let options = mof::Options { system_classes: true, ..mof::Options::new(Namespace::root()) };
    let name = std::path::Path::new("system classes");
    let compiled = mof::parse(&mut mof::Memory::file(name, text), name, &options);
    if let Some(wrong) = compiled.diagnostics.first() {
        panic!("{wrong}");
    }
    let declaration = |action: mof::Action| match action.kind {
        mof::ActionKind::PutClass { declaration, .. } => Some(declaration),
        _ => None,
    };
    compiled.actions.into_iter().filter_map(declaration).collect()
}

/// Whether the class has an instance without one being stored.
pub fn is_always_there(class: &Class) -> bool {
    class.is_singleton() && class.name().is_system()
}
