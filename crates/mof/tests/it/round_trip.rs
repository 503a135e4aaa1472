//! What is written parses back to an equal object.

use std::path::Path;
use std::sync::Arc;

use cim::{Class, ClassDeclaration, Instance, Name, Namespace, ObjectPath};
use mof::{Action, ActionKind, Context, Memory, Options};
use proptest::prelude::*;

use crate::arbitrary;

/// The one action of a text that is right.
fn action(text: &str) -> Action {
    let options = Options::new(Namespace::root());
    let compilation = mof::parse(&mut Memory::file("x.mof", text), Path::new("x.mof"), &options);
    assert!(compilation.diagnostics.is_empty(), "{text}\n{:#?}", compilation.diagnostics);
    let [action] = <[Action; 1]>::try_from(compilation.actions).unwrap();
    action
}

fn class_again(class: &ClassDeclaration) -> ClassDeclaration {
    match action(&mof::write_class(class)).kind {
        ActionKind::PutClass { declaration, .. } => Arc::unwrap_or_clone(declaration),
        other => panic!("{other:?}"),
    }
}

struct Classes(Vec<Arc<Class>>);

impl Context for Classes {
    fn class(&mut self, name: &Name) -> cim::Result<Arc<Class>> {
        let found = self.0.iter().find(|c| c.name() == name).cloned();
        found.ok_or_else(|| cim::status::WBEM_E_NOT_FOUND.with(format!("class {name}")))
    }

    fn alias(&mut self, alias: &Name) -> cim::Result<ObjectPath> {
        panic!("no alias is written: {alias}")
    }
}

fn instance_again(instance: &Instance) -> Instance {
    let kind = action(&mof::write_instance(instance)).kind;
    let ActionKind::PutInstance { declaration, .. } = kind else { panic!("{kind:?}") };
    let mut classes = Classes(vec![arbitrary::inner()]);
    mof::instantiate(&declaration, instance.class().clone(), &mut classes).unwrap()
}

proptest! {
    #[test]
    fn classes_come_back_equal(class in arbitrary::class()) {
        prop_assert_eq!(class_again(&class), class);
    }

    #[test]
    fn instances_come_back_equal(instance in arbitrary::instance()) {
        prop_assert_eq!(instance_again(&instance), instance);
    }
}

#[test]
fn a_class_looks_as_get_object_text_gives_it() {
    let source = r#"
        [dynamic : ToInstance, Provider("P")] class Win32_Some : CIM_Other {
            [key, MaxLen(256)] string Name = "a\"b";
            [read : ToSubclass, MappingStrings{"x", "y"} : ToSubclass] uint8 Data[10] = {1, 2};
            CIM_X ref Other;
            uint32 Start([in] string What, [out] uint8 Result[]);
        };"#;
    let ActionKind::PutClass { declaration, .. } = action(source).kind else { panic!() };
    let expected = "
[dynamic: ToInstance, Provider(\"P\")]
class Win32_Some : CIM_Other
{
\t[key, MaxLen(256)] string Name = \"a\\\"b\";
\t[read: ToSubClass, MappingStrings{\"x\", \"y\"}: ToSubClass, MAX(10)] uint8 Data[] = {1, 2};
\tCIM_X ref Other;
\tuint32 Start([in] string What, [out] uint8 Result[]);
};
";
    assert_eq!(mof::write_class(&declaration), expected);
}

#[test]
fn a_class_of_dmtfs_dialect_declares_what_wmi_cannot_spell() {
    let source = "
        Qualifier MaxLen : uint32 = null, Scope(any);
        Qualifier Version : string = null, Scope(any), Flavor(EnableOverride, Restricted, Translatable);
        [Version(\"1\")] class A { [MaxLen(64)] string Name; void Do(string x); };";
    let ActionKind::PutClass { declaration, .. } = action(source).kind else { panic!() };
    let expected = "
Qualifier MaxLen : uint32 = NULL, Scope(any), Flavor(ToSubclass, EnableOverride);
[Version(\"1\"): Amended]
class A
{
\t[MaxLen(64)] string Name;
\tvoid Do([In] string x);
};
";
    assert_eq!(mof::write_class(&declaration), expected);
    assert_eq!(class_again(&declaration), *declaration);
}

#[test]
fn an_instance_shows_what_it_supplies() {
    let declaration = r#"class A { [key] string Name; uint8 Left = 5; string Nothing; A Inner; };"#;
    let ActionKind::PutClass { declaration, .. } = action(declaration).kind else { panic!() };
    let class = Class::derive(declaration, None, None).unwrap();
    let source = r#"
        [Note] instance of A {
            [Hidden : ToInstance] Name = "x"; Nothing = NULL; Inner = instance of A { Left = 6; };
        };"#;
    let ActionKind::PutInstance { declaration, .. } = action(source).kind else { panic!() };
    let mut classes = Classes(vec![class.clone()]);
    let instance = mof::instantiate(&declaration, class, &mut classes).unwrap();
    let expected = "
[Note] instance of A
{
\t[Hidden: ToInstance] Name = \"x\";
\tNothing = NULL;
\tInner = instance of A
\t{
\t\tLeft = 6;
\t};
};
";
    assert_eq!(mof::write_instance(&instance), expected);
}
