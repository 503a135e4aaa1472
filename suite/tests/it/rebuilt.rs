//! A door that rebuilds each put object, as a door with a remote client does: from the values and a
//! class that has the same properties and nothing else. What the object was
//! beside its values goes on as the attributes of the request.
//!
//! The scripts run through it, so that a put has the same outcome wherever its object was made.

use std::borrow::Cow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, Object, PropertyDeclaration, Value};
use openwmi_suite::World;
use wbem::{Flags, Request, Services};

/// The door.
pub(crate) fn through(services: Arc<dyn Services>) -> Arc<dyn Services> {
    wbem::layer(services, |services, request, context, sink| {
        let mut request = request.clone();
        match &mut request {
            Request::PutInstance { instance, .. } => *instance = Cow::Owned(rebuilt(instance)),
            Request::PutClass { class, .. } => class.to_mut().is_amended = false,
            _ => {}
        }
        services.call(&request, context, sink)
    })
}

/// The values and the qualifiers of `instance`, every value supplied, in a class of its own.
fn rebuilt(instance: &Instance) -> Instance {
    let properties = instance.class().properties().iter().map(|property| PropertyDeclaration {
        name: property.name.clone(),
        ty: property.ty.clone(),
        default: None,
        qualifiers: property.qualifiers.clone(),
    });
    let plain = ClassDeclaration {
        name: instance.class().name().clone(),
        properties: properties.collect(),
        ..ClassDeclaration::default()
    };
    let plain = Class::derive(Arc::new(plain), None, None).expect("a class like the one it was");
    let mut rebuilt = Instance::from_values(plain, instance.values().into());
    if let Some(qualifiers) = instance.qualifiers() {
        rebuilt.set_qualifiers(qualifiers.clone());
    }
    rebuilt
}

const MOF: &str = r#"
class Test_A { [key] string K; string S = "default"; uint32 V; };
instance of Test_A { K = "a"; S = "set"; V = 1; };
instance of __Namespace { Name = "ms_409"; };
instance of __Namespace { Name = "other"; };
#pragma namespace("\\\\.\\root\\test\\ms_409")
[AMENDMENT, LOCALE(0x409), Description("all of A") : Amended ToSubclass] class Test_A
{
    [key] string K;
};
#pragma namespace("\\\\.\\root\\test\\other")
class Test_A { [key] string K; string S = "elsewhere"; uint32 V; };
"#;

fn instance(found: Object) -> Instance {
    match found {
        Object::Instance(instance) => instance,
        Object::Class(_) => panic!("a class"),
    }
}

/// What comes of `put` directly, and through the door: the status, and what is stored then in
/// root\test and root\test\other.
fn outcomes(put: impl Fn(&World, &dyn Services) -> cim::Result<()>) -> [Vec<String>; 2] {
    [|services| services, through as fn(Arc<dyn Services>) -> Arc<dyn Services>].map(|door| {
        let world = World::new();
        world.compile(MOF);
        let outcome = put(&world, &*door(world.services()));
        let outcome = outcome.map_or_else(|e| e.to_string(), |()| "put".to_owned());
        let other = world.connect(r"root\test\other").unwrap();
        let all = |services: &dyn Services| {
            let context = world.administrator();
            let all = |sink| {
                services.exec_query("WQL", "SELECT * FROM Test_A", Flags::default(), context, sink)
            };
            openwmi_suite::world::sorted(&wbem::collect(all).unwrap())
        };
        [vec![outcome], all(&*world.services()), all(&*other)].concat()
    })
}

#[test]
fn an_instance_of_a_class_with_localized_qualifiers_is_refused_without_the_flag() {
    for (flags, expected) in [
        (Flags::default(), WBEM_E_AMENDED_OBJECT),
        (Flags::USE_AMENDED_QUALIFIERS, WBEM_S_NO_ERROR),
    ] {
        let [direct, rebuilt] = outcomes(|world, services| {
            let (path, context) = ("Test_A.K='a'", world.administrator());
            let read = services.get_object(path, Flags::USE_AMENDED_QUALIFIERS, context)?;
            let put = services.put_instance(&instance(read), flags, context);
            assert_eq!(put.as_ref().map_or_else(|e| e.status(), |_| WBEM_S_NO_ERROR), expected);
            put.map(drop)
        });
        assert_eq!(direct, rebuilt);
    }
}

#[test]
fn a_class_with_localized_qualifiers_is_refused_without_the_flag() {
    let [direct, rebuilt] = outcomes(|world, services| {
        let context = world.administrator();
        let read = services.get_object("Test_A", Flags::USE_AMENDED_QUALIFIERS, context)?;
        services.put_class(read.class().declaration(), Flags::default(), context)
    });
    assert_eq!(direct, rebuilt);
    assert!(direct[0].contains("localized qualifiers"), "{direct:?}");
}

#[test]
fn an_instance_of_which_a_query_selected_a_part_is_refused() {
    let [direct, rebuilt] = outcomes(|world, services| {
        let (query, context) = ("SELECT K, V FROM Test_A", world.administrator());
        let found = wbem::collect(|sink| {
            services.exec_query("WQL", query, Flags::default(), context, sink)
        });
        let found = instance(found?.remove(0));
        services.put_instance(&found, Flags::default(), context).map(drop)
    });
    assert_eq!(direct, rebuilt);
    assert!(direct[0].contains("did not select S"), "{direct:?}");
}

/// A value that the client did not supply is the default of the class as it is now.
#[test]
fn a_value_that_was_not_supplied_is_the_default() {
    let [direct, rebuilt] = outcomes(|world, services| {
        let new = world.instance("Test_A", &[("K", "b".into()), ("V", Value::UInt32(2))]);
        services.delete_instance("Test_A.K='a'", Flags::default(), world.administrator())?;
        world.compile("class Test_A { [key] string K; string S = \"new\"; uint32 V = 7; };");
        services.put_instance(&new, Flags::default(), world.administrator()).map(drop)
    });
    assert_eq!(direct, rebuilt);
    assert!(direct.contains(&r#"Test_A{K="b", S="new", V=2}"#.to_owned()), "{direct:?}");
}

/// Where it was read says nothing of where it is put.
#[test]
fn an_instance_of_another_namespace_is_put_into_this_one() {
    let [direct, rebuilt] = outcomes(|world, services| {
        let context = world.administrator();
        let read = instance(services.get_object("Test_A.K='a'", Flags::default(), context)?);
        let origin = wbem::PutAttributes::of(&read).origin.expect("a stored instance");
        assert_eq!(origin.namespace.as_str().to_lowercase(), r"root\test");
        services.open_namespace("other", context)?.put_instance(
            &read,
            Flags::default(),
            context,
        )?;
        Ok(())
    });
    assert_eq!(direct, rebuilt);
    let stored = r#"Test_A{K="a", S="set", V=1}"#;
    assert_eq!(direct.iter().filter(|line| *line == stored).count(), 2, "{direct:?}");
}
