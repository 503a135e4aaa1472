//! Captured machines, the classes as their MOF declares them, and the check of rules.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use cim::security::Identity;
use cim::{
    CimType, Class, ClassDeclaration, Instance, Name, Namespace, Object, Origin, Result, Value,
};
use host::{Root, Text};
use wbem::{
    CallContext, EnumerationRequest, InstanceProvider, MethodCall, MethodProvider, ProviderContext,
    Wanted, collect,
};
use wql::Predicate;

/// The machine captured below `tests/fixtures/<name>`.
pub(crate) fn machine(name: &str) -> Arc<Root> {
    Arc::new(root(name))
}

/// The same, not shared yet.
pub(crate) fn root(name: &str) -> Root {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Root::captured(&dir).unwrap()
}

/// A caller with all rights.
pub(crate) fn context() -> ProviderContext {
    ProviderContext::without_wmi(&CallContext::local(Arc::new(Identity::unix(0, &[0], true))))
}

/// The class `name`, as the MOF of this crate declares it and all it inherits from.
pub(crate) fn class(name: &str) -> Arc<Class> {
    class_from(name, None)
}

/// The same, from a namespace; without, as it is in root\\cimv2.
pub(crate) fn class_from(name: &str, origin: Option<&Arc<Origin>>) -> Arc<Class> {
    let namespace = origin.map_or_else(Namespace::cimv2, |origin| origin.namespace.clone());
    let mut classes: HashMap<Name, Arc<Class>> = HashMap::new();
    for (_, declaration) in DECLARATIONS.iter().filter(|(place, _)| *place == namespace) {
        let above = declaration.superclass.as_ref().map(|name| classes[name].clone());
        let class = Class::derive(declaration.clone(), above, origin.cloned()).unwrap();
        classes.insert(class.name().clone(), class);
    }
    classes[&Name::from(name)].clone()
}

/// All classes of this crate, each after its superclass, with their namespaces.
static DECLARATIONS: LazyLock<Vec<(Namespace, Arc<ClassDeclaration>)>> = LazyLock::new(|| {
    let texts = host::machine_mof().chain(host::profile_mof());
    host::in_order(texts).into_iter().flat_map(declarations).collect()
});

fn declarations(text: Text) -> Vec<(Namespace, Arc<ClassDeclaration>)> {
    let file = text.name;
    let options = mof::Options::new(Namespace::root());
    let mut sources = mof::Memory::file(file, text.mof);
    let compiled = mof::parse(&mut sources, Path::new(file), &options);
    assert!(compiled.diagnostics.is_empty(), "{file}: {:?}", compiled.diagnostics);
    let declaration = |action: mof::Action| match action.kind {
        mof::ActionKind::PutClass { declaration, pending, .. } => {
            assert!(pending.is_empty(), "{file}");
            assert_ne!(action.namespace, Namespace::root(), "{file}");
            Some((action.namespace, declaration))
        }
        _ => None,
    };
    compiled.actions.into_iter().filter_map(declaration).collect()
}

/// The names of the keys of a class, in the order of their declaration.
pub(crate) fn key_names(class: &Class) -> Vec<&str> {
    let names = class.keys().iter().map(|&key| &class.properties()[usize::from(key)].name);
    names.map(|name| name.as_str()).collect()
}

/// The provider of `class` for the machine `name`.
pub(crate) fn provider(class: &str, machine_name: &str) -> Arc<dyn InstanceProvider> {
    host_class(class).provider(machine(machine_name))
}

/// The class `name` as this crate provides it.
pub(crate) fn host_class(name: &str) -> &'static host::Class {
    host::classes().find(|class| class.name == name).unwrap()
}

/// The instances of `class` on the machine `name`, with what is wanted.
pub(crate) fn instances(class: &Arc<Class>, machine: &str, wanted: &Wanted) -> Vec<Instance> {
    enumerate(self::machine(machine), class, wanted, &[]).unwrap()
}

/// What an enumeration on a machine gives under predicates.
pub(crate) fn enumerate(
    machine: Arc<Root>,
    class: &Arc<Class>,
    wanted: &Wanted,
    predicates: &[Predicate],
) -> Result<Vec<Instance>> {
    let provider = host_class(class.name().as_str()).provider(machine);
    let objects = collect(|sink| {
        provider.enumerate(&EnumerationRequest { class, wanted, predicates }, &context(), sink);
        Ok(())
    });
    Ok(objects?.into_iter().map(instance).collect())
}

/// Calls a method of the object with this key, or of the class where it is empty.
pub(crate) fn exec_method(
    provider: &dyn MethodProvider,
    class: &Arc<Class>,
    key: &str,
    method: &str,
    given: &[(&str, Value)],
) -> Result<Instance> {
    let method = class.method(method).unwrap();
    let (keys, out) = ([Value::string(key)], method.out_signature());
    let mut arguments = method.in_signature().map(Instance::new);
    for (name, value) in given {
        arguments.as_mut().unwrap().put(name, value).unwrap();
    }
    let call = MethodCall {
        class,
        keys: (!key.is_empty()).then_some(&keys),
        implemented_in: class,
        method,
        in_parameters: arguments.as_ref(),
        out_signature: out.as_ref(),
    };
    provider.exec_method(&call, &context()).map(|out| out.expect("out parameters"))
}

/// What a method returned.
pub(crate) fn returned(out: &Instance) -> u32 {
    match out.get("ReturnValue") {
        Some(Value::UInt32(code)) => *code,
        other => panic!("ReturnValue is {other:?}"),
    }
}

pub(crate) fn instance(object: Object) -> Instance {
    match object {
        Object::Instance(instance) => instance,
        Object::Class(class) => panic!("class {} among instances", class.name()),
    }
}

/// A value as the rules spell it: `-` for NULL, an array in braces, else as text.
pub(crate) fn spelled(value: &Value) -> String {
    if value.is_null() {
        return "-".to_owned();
    }
    if let Some(elements) = value.as_array() {
        let elements: Vec<String> = elements.iter().map(spelled).collect();
        return format!("{{{}}}", elements.join(", "));
    }
    value.convert(&CimType::String.into()).unwrap().as_str().unwrap().to_owned()
}

/// Checks the instances of a class on the machine `server` by `rules`, as [`check_instances`] does.
pub(crate) fn check(class_name: &str, sources: &str, rules: &str) {
    let class = class(class_name);
    check_instances(&class, &instances(&class, "server", &Wanted::All), sources, rules);
}

/// Checks instances of a class by `rules`: a line for each property
/// of the class, `Name | value | value ...`, with a value for each instance or one for all.
/// `sources` is the class's documentation: a property whose source it names must have a value
/// in some instance, one that it calls NULL in none.
pub(crate) fn check_instances(class: &Class, instances: &[Instance], sources: &str, rules: &str) {
    let mut ruled = BTreeSet::new();
    for rule in rules.lines().filter(|line| !line.trim().is_empty()) {
        let (name, values) = rule.split_once('|').unwrap();
        let name = name.trim();
        let expected: Vec<&str> = values.split('|').map(str::trim).collect();
        let found: Vec<String> = instances
            .iter()
            .map(|i| spelled(i.get(name).unwrap_or_else(|| panic!("{name}"))))
            .collect();
        match expected[..] {
            [all] => assert!(found.iter().all(|one| one == all), "{name}: {found:?}, not {all}"),
            _ => assert_eq!(found, expected, "{name}"),
        }
        let is_null = found.iter().all(|value| value == "-");
        assert_eq!(is_null, source(sources, name).starts_with("NULL: "), "{name}: its source");
        assert!(ruled.insert(name.to_owned()), "{name} is ruled twice");
    }
    let declared: BTreeSet<String> =
        class.properties().iter().map(|p| p.name.as_str().to_owned()).collect();
    assert_eq!(ruled, declared, "every property has its rule");
}

/// What the documentation says of a property.
fn source<'a>(sources: &'a str, property: &str) -> &'a str {
    let start = format!("| {property} | ");
    let line = sources.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix(" |"));
    line.unwrap_or_else(|| panic!("{property} has no line in the documentation"))
}
