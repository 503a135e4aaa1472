//! The MOF of this crate: what is read from it without the compiler is what the compiler reads, and
//! texts are compiled in an order in which they can be.

use std::collections::HashSet;
use std::path::Path;

use cim::{Name, Namespace};
use host::Text;
use mof::{ActionKind, InitialValue, PropertyValue};

fn all() -> Vec<Text> {
    host::machine_mof().chain(host::profile_mof()).collect()
}

fn actions(text: Text) -> Vec<mof::Action> {
    let mut sources = mof::Memory::file(text.name, text.mof);
    let options = mof::Options::new(Namespace::root());
    let compiled = mof::parse(&mut sources, Path::new(text.name), &options);
    assert!(compiled.diagnostics.is_empty(), "{}: {:?}", text.name, compiled.diagnostics);
    compiled.actions
}

#[test]
fn texts_in_order_need_only_what_came_before() {
    let reversed: Vec<Text> = all().into_iter().rev().collect();
    for texts in [all(), reversed] {
        let ordered = host::in_order(texts.clone());
        assert_eq!(ordered.len(), texts.len());
        let mut declared: HashSet<(Namespace, Name)> = HashSet::new();
        for text in ordered {
            for action in actions(text) {
                assert_ne!(action.namespace, Namespace::root(), "{}: no namespace", text.name);
                let needed = match action.kind {
                    ActionKind::PutClass { declaration, .. } => {
                        declared.insert((action.namespace.clone(), declaration.name.clone()));
                        declaration.superclass.clone()
                    }
                    ActionKind::PutInstance { declaration, .. } => Some(declaration.class),
                    kind => panic!("{}: {kind:?}", text.name),
                };
                if let Some(class) = needed.filter(|class| !class.is_system()) {
                    let is_declared = declared.contains(&(action.namespace, class.clone()));
                    assert!(is_declared, "{}: {class} is not declared before", text.name);
                }
            }
        }
    }
}

#[test]
fn names_and_clsids_are_those_that_the_compiler_reads() {
    let literal = |value: &PropertyValue| match &value.value {
        Some(InitialValue::Value(value)) => value.as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    for class in host::classes() {
        let registered = format!("OpenWMI|{}|1", class.name);
        let (mut declarations, mut providers) = (0, 0);
        for action in actions(Text { name: class.name, mof: class.mof }) {
            match action.kind {
                ActionKind::PutClass { declaration, .. } => {
                    let provider = declaration.qualifiers.text("Provider");
                    assert_eq!(provider.is_some(), declaration.name.is(class.name), "{registered}");
                    if let Some(provider) = provider {
                        assert_eq!(provider, registered);
                        declarations += 1;
                    }
                }
                ActionKind::PutInstance { declaration, .. }
                    if declaration.class.is("__Win32Provider") =>
                {
                    let value = |name: &str| {
                        literal(declaration.properties.iter().find(|p| p.name.is(name)).unwrap())
                    };
                    assert_eq!(value("Name"), registered);
                    assert_eq!(value("CLSID"), class.clsid, "{registered}");
                    providers += 1;
                }
                _ => {}
            }
        }
        assert!(declarations > 0 && declarations == providers, "{registered}: {declarations}");
    }
}

#[test]
fn clsids_are_unique() {
    let clsids: HashSet<&str> = host::classes().map(|class| class.clsid).collect();
    assert_eq!(clsids.len(), host::classes().count());
}
