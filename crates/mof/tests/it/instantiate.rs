//! Instances, defaults and aliases once the classes are known.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, Name, Namespace, ObjectPath, Value, WbemStatus};
use mof::{Action, ActionKind, Compilation, Context, Diagnostic, Memory, Options};

/// Namespaces in memory: what an executor of actions does, without flags and rules.
#[derive(Default)]
struct World {
    classes: HashMap<(Namespace, Name), Arc<Class>>,
    instances: Vec<Instance>,
}

/// The world as one action sees it.
struct View<'a> {
    world: &'a World,
    compilation: &'a Compilation,
    /// Where the object that is being made will live.
    namespace: Namespace,
}

impl Context for View<'_> {
    fn class(&mut self, name: &Name) -> cim::Result<Arc<Class>> {
        let found = self.world.classes.get(&(self.namespace.clone(), name.clone()));
        found.cloned().ok_or_else(|| WBEM_E_INVALID_CLASS.with(format!("no class {name}")))
    }

    fn alias(&mut self, alias: &Name) -> cim::Result<ObjectPath> {
        let target = &self.compilation.actions[self.compilation.aliases[alias]];
        let mut there = View { namespace: target.namespace.clone(), ..*self };
        mof::alias_path(target, &self.namespace, &mut there).map_err(|d| d.status.with(d.message))
    }
}

impl World {
    fn execute(&mut self, compilation: &Compilation) -> Result<(), Diagnostic> {
        for Action { namespace, kind, place } in &compilation.actions {
            let here = || namespace.clone();
            let mut view = View { world: self, compilation, namespace: here() };
            match kind {
                ActionKind::PutClass { declaration, pending, .. } => {
                    let mut class = ClassDeclaration::clone(declaration);
                    mof::complete_class(&mut class, pending, place, &mut view)?;
                    let superclass = class.superclass.as_ref().map(|s| view.class(s).unwrap());
                    let class = Class::derive(Arc::new(class), superclass, None)
                        .map_err(|e| Diagnostic::from_error(&e, place.clone()))?;
                    self.classes.insert((here(), class.name().clone()), class);
                }
                ActionKind::PutInstance { declaration, .. } => {
                    let class = view
                        .class(&declaration.class)
                        .map_err(|e| Diagnostic::from_error(&e, place.clone()))?;
                    let instance = mof::instantiate(declaration, class, &mut view)?;
                    self.instances.push(instance);
                }
                ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => {}
            }
        }
        Ok(())
    }

    fn class(&self, namespace: &str, name: &str) -> &Class {
        &self.classes[&(Namespace::new(namespace).unwrap(), name.into())]
    }
}

fn run(text: &str) -> Result<World, Diagnostic> {
    let options = Options::new(Namespace::new(r"root\cimv2").unwrap());
    let compilation = mof::parse(&mut Memory::file("x.mof", text), Path::new("x.mof"), &options);
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    let mut world = World::default();
    world.execute(&compilation).map(|()| world)
}

/// The error of a text, and the text that it points at.
fn error(text: &str) -> (WbemStatus, String) {
    let Err(diagnostic) = run(text) else { panic!("no error: {text}") };
    let span = diagnostic.place.span;
    (diagnostic.status, text[span.start as usize..span.end as usize].to_owned())
}

#[test]
fn e12_an_alias_across_namespaces_is_a_full_path() {
    let world = run(r#"
        #pragma namespace("\\\\.\\root\\interop")
        class CIM_Profile { [key] string InstanceID; uint16 RegisteredOrganization; };
        instance of CIM_Profile as $PP { InstanceID = "Process"; RegisteredOrganization = "1"; };
        class Conforms { CIM_Profile ref Standard = $PP; Win32_Process ref Element = null; };
        #pragma namespace("\\\\.\\root\\cimv2")
        class Conforms { CIM_Profile ref Standard = $pp; };
        class HasClass { object ref Class = $Late; };
        #pragma namespace("\\\\.\\ROOT\\cimv2")
        class HasClassToo as $Late { object ref Class = $PP; };
    "#)
    .unwrap();
    let default = |ns, class, property| {
        let class: &Class = world.class(ns, class);
        class.defaults()[class.slot(property).unwrap()].clone()
    };
    let path = |text: &str| Value::Reference(text.into());
    let near = path(r#"CIM_Profile.InstanceID="Process""#);
    let far = path(r#"\\.\root\interop:CIM_Profile.InstanceID="Process""#);
    assert_eq!(default(r"root\interop", "Conforms", "Standard"), near);
    assert_eq!(default(r"root\interop", "Conforms", "Element"), Value::Null);
    assert_eq!(default(r"root\cimv2", "Conforms", "Standard"), far);
    // One namespace in two spellings is one namespace.
    assert_eq!(default(r"root\cimv2", "HasClass", "Class"), path("HasClassToo"));
    assert_eq!(world.instances[0].get("RegisteredOrganization"), Some(&Value::UInt16(1)));
}

#[test]
fn g9_aliases_may_stand_before_their_objects_and_in_arrays() {
    let world = run(r#"
        class A { [key] uint32 N; [key] string S = "d"; A ref Next; object ref All[]; };
        class Only { [key] A ref Of; };
        instance of A { N = 1; Next = $Two; All = {$Two, "A.N=9", $Class, $Single}; };
        instance of A as $Two { N = 0x2; S = "q\"uote"; };
        class B as $Class {};
        instance of Only as $Single { Of = $Two; };
    "#)
    .unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    assert_eq!(text(world.instances[0].get("Next").unwrap()), r#"A.N=2,S="q\"uote""#);
    let all = world.instances[0].get("All").unwrap().as_array().unwrap();
    assert_eq!(
        all.iter().map(text).collect::<Vec<_>>(),
        [r#"A.N=2,S="q\"uote""#, "A.N=9", "B", r#"Only.Of="A.N=2,S=\"q\\\"uote\"""#,]
    );
}

#[test]
fn g9_embedded_instances_are_values() {
    let world = run("
        class Inner { sint32 N = 7; string S; };
        class Below : Inner {};
        class Outer { Inner One = instance of Below { S = \"x\"; }; object Many[]; };
        instance of Outer { Many = {instance of Inner {}, instance of Outer { One = NULL; }}; };
    ")
    .unwrap();
    let outer = &world.instances[0];
    let object = |v: &Value| match v {
        Value::Object(object) => object.as_instance().unwrap().clone(),
        other => panic!("{other:?}"),
    };
    let one = object(outer.get("One").unwrap());
    assert_eq!((one.class().name().as_str(), one.get("N")), ("Below", Some(&Value::SInt32(7))));
    assert!(!outer.is_supplied(outer.class().slot("One").unwrap()));
    let many = outer.get("Many").unwrap().as_array().unwrap();
    assert_eq!(object(&many[1]).get("One"), Some(&Value::Null));
}

#[test]
fn g5_values_take_the_types_of_the_class() {
    let class = "class A { [key] string K; uint8 N; uint8 L[]; A ref R; A O; datetime D; };";
    let world = run(&format!(
        "{class} instance of A {{ K = 23; n = 1000.4E-1; L = {{1, \"2\", 3.2}}; R = \"A.K=1\"; \
         D = \"19980401135809.000000+000\"; }};"
    ))
    .unwrap();
    let get = |name: &str| world.instances[0].get(name).unwrap().clone();
    assert_eq!(get("K"), Value::string("23"));
    assert_eq!(get("N"), Value::UInt8(100));
    assert_eq!(get("L"), Value::array([1, 2, 3].map(Value::UInt8)));
    assert_eq!(get("R"), Value::Reference("A.K=1".into()));
    for (assignment, status) in [
        ("N = 256", WBEMMOF_E_OUT_OF_RANGE),
        ("N = \"x\"", WBEMMOF_E_TYPE_MISMATCH),
        ("N = {1}", WBEMMOF_E_UNEXPECTED_ARRAY_INIT),
        ("L = 1", WBEMMOF_E_TYPE_MISMATCH),
        ("L = {1, 300}", WBEMMOF_E_OUT_OF_RANGE),
        ("K = $Alias", WBEMMOF_E_UNEXPECTED_ALIAS),
        ("L = {$Alias}", WBEMMOF_E_UNEXPECTED_ALIAS),
        ("R = instance of A {}", WBEMMOF_E_TYPE_MISMATCH),
        ("O = instance of B {}", WBEMMOF_E_TYPE_MISMATCH),
        ("O = instance of C {}", WBEM_E_INVALID_CLASS),
        ("D = \"soon\"", WBEMMOF_E_TYPE_MISMATCH),
        ("Missing = 1", WBEM_E_NOT_FOUND),
        ("__CLASS = \"B\"", WBEM_E_READ_ONLY),
        ("R = $NoKey", WBEM_E_ILLEGAL_NULL),
    ] {
        let text = format!(
            "{class} class B {{}}; instance of A as $Alias {{ K = 1; }};\n\
             instance of A {{ {assignment}; }}; instance of A as $NoKey {{}};"
        );
        let (actual, place) = error(&text);
        assert_eq!(actual, status, "{assignment}");
        assert!(assignment.ends_with(&place), "{assignment}: {place}");
    }
}

#[test]
fn qualifiers_of_an_instance_are_its_own() {
    let world = run("
        class A { [key] string K; [read] string S; };
        [Note(5)] instance of A { K = \"k\"; [Hidden : ToInstance] S = NULL; };
    ")
    .unwrap();
    let qualifiers = world.instances[0].qualifiers().unwrap();
    assert_eq!(qualifiers.instance.value("note"), Some(&Value::SInt32(5)));
    let slot = world.instances[0].class().slot("S").unwrap();
    assert_eq!(qualifiers.properties.len(), 1);
    assert_eq!(usize::from(qualifiers.properties[0].0), slot);
    assert!(qualifiers.properties[0].1.is_true("hidden"));
}
