//! Who may do what under the default descriptor (behaviour.md G.11, F.1, A.2).
//!
//! That each right is asked for by itself is shown beside `cimom::access`; here, that every
//! operation asks.

use std::sync::Arc;

use cim::security::{Identity, Sid};
use cim::status::*;
use cim::{Result, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::world::{NAMESPACE, user};
use wbem::{CallContext, Flags, Services};

/// A caller without any applicable entry in the descriptor.
fn stranger() -> CallContext {
    let user = Sid::unix_user(4711);
    CallContext::local(Arc::new(Identity { user, groups: Vec::new() }))
}

fn from_afar(uid: u32, administrator: bool) -> CallContext {
    openwmi_suite::world::remote(Arc::new(Identity::unix(uid, &[], administrator)), false)
}

fn world() -> World {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; uint32 V; };\ninstance of Test_A { K = 1; };");
    world
}

/// Does each operation once; gives its name and outcome.
fn operations(world: &World, context: &CallContext) -> Vec<(&'static str, Result<(), WbemStatus>)> {
    let services: &dyn Services = &*world.services();
    let flags = Flags::default();
    let class = world.object("Test_A").unwrap();
    let mut declaration = cim::ClassDeclaration::clone(class.class().declaration());
    declaration.name = "Test_New".into();
    let instance = world.instance("Test_A", &[("K", Value::UInt32(2))]);
    let done = |result: Result<()>| result.map_err(|e| e.status());
    vec![
        ("GetObject", done(services.get_object("Test_A.K=1", flags, context).map(drop))),
        ("GetObject of a class", done(services.get_object("Test_A", flags, context).map(drop))),
        ("GetObject of nothing", done(services.get_object("", flags, context).map(drop))),
        (
            "ExecQuery",
            done(
                wbem::collect(|s| {
                    services.exec_query("WQL", "SELECT * FROM Test_A", flags, context, s)
                })
                .map(drop),
            ),
        ),
        (
            "ExecQuery of the schema",
            done(
                wbem::collect(|s| {
                    services.exec_query("WQL", "SELECT * FROM meta_class", flags, context, s)
                })
                .map(drop),
            ),
        ),
        (
            "CreateInstanceEnum",
            done(
                wbem::collect(|s| services.create_instance_enum("Test_A", flags, context, s))
                    .map(drop),
            ),
        ),
        (
            "CreateClassEnum",
            done(wbem::collect(|s| services.create_class_enum(None, flags, context, s)).map(drop)),
        ),
        ("PutClass", done(services.put_class(&declaration, flags, context))),
        ("PutInstance", done(services.put_instance(&instance, flags, context).map(drop))),
        ("DeleteInstance", done(services.delete_instance("Test_A.K=2", flags, context))),
        ("DeleteClass", done(services.delete_class("Test_New", flags, context))),
        ("OpenNamespace", {
            let root = world.connect("root").unwrap();
            done(root.open_namespace("test", context).map(drop))
        }),
    ]
}

#[test]
fn g11_every_operation_refuses_a_caller_without_enable() {
    let world = world();
    let refused = world.connect_as(NAMESPACE, &stranger()).map(drop).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED);
    // Nor is a connection that another one has opened a way in.
    for (operation, outcome) in operations(&world, &stranger()) {
        assert_eq!(outcome, Err(WBEM_E_ACCESS_DENIED), "{operation}");
    }
    assert_eq!(world.query("SELECT * FROM Test_A").unwrap(), ["Test_A{K=1, V=NULL}"]);
    assert!(world.get("Test_New").is_err());
}

#[test]
fn g11_nor_does_an_unknown_class_or_a_wrong_query_tell_him_anything() {
    let world = world();
    let services = world.services();
    let (flags, context) = (Flags::default(), stranger());
    let get = services.get_object("Test_Absent", flags, &context).map(drop);
    assert_eq!(get.unwrap_err().status(), WBEM_E_ACCESS_DENIED);
    let query = |text: &str| {
        let run = |s| services.exec_query("WQL", text, flags, &context, s);
        wbem::collect(run).map(drop).unwrap_err().status()
    };
    assert_eq!(query("SELECT * FROM Test_Absent"), WBEM_E_ACCESS_DENIED);
    assert_eq!(query("SELECT Nope FROM Test_A"), WBEM_E_ACCESS_DENIED);
    let of = |class: &str| {
        let run = |s| services.create_instance_enum(class, flags, &context, s);
        wbem::collect(run).map(drop).unwrap_err().status()
    };
    assert_eq!(of("Test_Absent"), WBEM_E_ACCESS_DENIED);
    let below = |class: &str| {
        let run = |s| services.create_class_enum(Some(class), flags, &context, s);
        wbem::collect(run).map(drop).unwrap_err().status()
    };
    assert_eq!(below("Test_Absent"), WBEM_E_ACCESS_DENIED);
}

#[test]
fn g11_users_of_this_machine_may_read_and_write() {
    let world = world();
    assert!(world.connect_as(NAMESPACE, &user()).is_ok());
    for (operation, outcome) in operations(&world, &user()) {
        assert_eq!(outcome, Ok(()), "{operation}");
    }
}

#[test]
fn g11_from_afar_only_who_has_remote_access() {
    let world = world();
    let refused = world.connect_as(NAMESPACE, &from_afar(1000, false)).map(drop).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED);
    for (operation, outcome) in operations(&world, &from_afar(1000, false)) {
        assert_eq!(outcome, Err(WBEM_E_ACCESS_DENIED), "{operation}");
    }
    assert!(world.connect_as(NAMESPACE, &from_afar(0, true)).is_ok());
    for (operation, outcome) in operations(&world, &from_afar(0, true)) {
        assert_eq!(outcome, Ok(()), "{operation}");
    }
}

#[test]
fn g11_paths_into_other_namespaces_are_asked_for_there() {
    let world = world();
    let root = world.connect("root").unwrap();
    let path = r"\\.\root\test:Test_A.K=1";
    let flags = Flags::default();
    assert!(root.get_object(path, flags, &user()).is_ok());
    let refused = root.get_object(path, flags, &stranger()).map(drop).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED);
    let refused = root.delete_instance(path, flags, &from_afar(1000, false)).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED);
}

/// A.2: registrations run code for all users, so only administrators can write them.
#[test]
fn a2_only_administrators_register_providers() {
    let world = world();
    let services = world.services();
    let flags = Flags::default();
    let name = ("Name", Value::string("P"));
    let provider = world.instance("__Win32Provider", &[name]);
    let reference = Value::Reference("__Win32Provider.Name=\"P\"".into());
    let registration = world.instance("__InstanceProviderRegistration", &[("provider", reference)]);
    for instance in [&provider, &registration] {
        let refused = services.put_instance(instance, flags, &user()).map(drop).unwrap_err();
        assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED, "{}", instance.class().name());
        services.put_instance(instance, flags, world.administrator()).unwrap();
        let path = instance.relative_path().unwrap().to_string();
        let refused = services.delete_instance(&path, flags, &user()).unwrap_err();
        assert_eq!(refused.status(), WBEM_E_ACCESS_DENIED, "{path}");
    }
    assert_eq!(world.query("SELECT * FROM __ProviderRegistration").unwrap().len(), 1);
}
