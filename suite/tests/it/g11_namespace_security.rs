//! Who may be in a namespace: its descriptor, kept, inherited, read and changed (behaviour.md
//! G.1, G.2, G.11, rulings I-27, I-28, I-29; acceptance G30, G31, G33).

use std::sync::Arc;

use cim::security::{Control, Descriptor, Identity, Rights, Sid};
use cim::status::*;
use cim::{Instance, Name, Object, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::world::{NAMESPACE, user};
use wbem::{CallContext, Flags, MofCompiler, NativeProviders, Services};

/// What an operation came to.
type Outcome<T = ()> = Result<T, WbemStatus>;

fn status<T>(result: cim::Result<T>) -> Outcome<T> {
    result.map_err(|e| e.status())
}

/// Administrators of this machine do all; users what `rights` says.
fn sddl(rights: Rights) -> String {
    format!("O:BAG:BAD:(A;CI;0x600ff;;;BA)(A;CI;{:#x};;;AU)", rights.0)
}

fn bytes(sddl: &str) -> Value {
    let descriptor: Descriptor = sddl.parse().unwrap();
    Value::array(descriptor.to_bytes().unwrap().into_iter().map(Value::UInt8))
}

/// Calls a method of `__SystemSecurity` in `services`' namespace.
fn call(
    services: &dyn Services,
    method: &str,
    arguments: &[(&str, Value)],
    context: &CallContext,
) -> Outcome<Option<Instance>> {
    let class = services.get_object("__SystemSecurity", Flags::default(), context);
    let signature = class.ok().and_then(|c| c.class().method(method)?.in_signature());
    let given = signature.map(|signature| {
        let mut given = Instance::new(signature);
        arguments.iter().for_each(|(name, value)| given.put(name, value).unwrap());
        given
    });
    let path = "__SystemSecurity=@";
    status(services.exec_method(path, method, Flags::default(), context, given.as_ref()))
}

fn set_sd(world: &World, sd: &str) -> Outcome {
    set_sd_as(world, sd, world.administrator())
}

fn set_sd_as(world: &World, sd: &str, context: &CallContext) -> Outcome {
    let out = call(&*world.services(), "SetSD", &[("SD", bytes(sd))], context)?.unwrap();
    assert_eq!(out.get("ReturnValue"), Some(&Value::UInt32(0)));
    Ok(())
}

fn descriptor_of(services: &dyn Services, context: &CallContext) -> Outcome<Descriptor> {
    let out = call(services, "GetSD", &[], context)?.unwrap();
    let byte = |v: &Value| u8::try_from(v.as_integer().unwrap()).unwrap();
    let bytes: Vec<u8> = out.get("SD").unwrap().as_array().unwrap().iter().map(byte).collect();
    Ok(Descriptor::from_bytes(&bytes).unwrap())
}

/// The descriptor of a namespace as an administrator reads it, in SDDL.
fn sd(world: &World, namespace: &str) -> String {
    let services = world.connect(namespace).unwrap();
    descriptor_of(&*services, world.administrator()).unwrap().to_string()
}

fn rights(services: &dyn Services, context: &CallContext) -> Outcome<Value> {
    let out = call(services, "GetCallerAccessRights", &[], context)?.unwrap();
    assert_eq!(out.get("ReturnValue"), Some(&Value::UInt32(0)));
    Ok(out.get("rights").unwrap().clone())
}

/// A world whose namespace gets the rights that a test sets and no others.
fn world() -> World {
    let world = world_that_inherits();
    protect(&world, "root");
    world
}

/// Keeps the namespaces below `namespace` from inheriting its rights when a descriptor is set.
fn protect(world: &World, namespace: &str) {
    let protected = sd(world, namespace).replace("D:", "D:P").parse::<Descriptor>().unwrap();
    let bytes = protected.to_bytes().unwrap();
    world.behind_the_back(|writer| {
        let descriptor = Some(bytes.as_slice());
        let security = repository::NamespaceSecurity { descriptor, requires_encryption: false };
        writer.set_security(&cim::Namespace::new(namespace)?, security)
    });
}

fn world_that_inherits() -> World {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; uint32 V; };\ninstance of Test_A { K = 1; };");
    world
}

const DEFAULT: &str = "(A;CIID;0x600ff;;;BA)(A;CIID;0x1f;;;LS)(A;CIID;0x1f;;;NS)(A;CIID;0x1f;;;AU)";

#[test]
fn g11_defaults_hold_where_none_was_given() {
    let world = world_that_inherits();
    assert_eq!(sd(&world, "root"), format!("O:BAG:BAD:{}", DEFAULT.replace("ID;", ";")));
    assert_eq!(sd(&world, NAMESPACE), format!("O:BAG:BAD:{DEFAULT}"));
}

#[test]
fn g30_the_qualifier_sets_the_descriptor_and_children_inherit() {
    let world = World::new();
    let mof = |sddl: &str| {
        format!(
            r#"[NamespaceSecuritySDDL("{sddl}")]
               instance of __Namespace {{ Name = "Secured"; }};"#
        )
    };
    let given = "O:BAG:BAD:(A;CI;0x60003;;;WD)";
    protect(&world, NAMESPACE);
    world.compile(&mof(given));
    let secured = format!(r"{NAMESPACE}\Secured");
    // Ruling I-27: the mask is obeyed as it is.
    assert_eq!(sd(&world, &secured), given);
    world.connect_as(&secured, &user()).unwrap();

    // On a namespace that is there it changes the descriptor, from the next call on.
    let services = world.connect_as(&secured, &user()).unwrap();
    world.compile(&mof(&sddl(Rights::FULL_WRITE_REP.union(Rights::WRITE_PROVIDER))));
    let refused = status(services.get_object("", Flags::default(), &user()).map(drop));
    assert_eq!(refused, Err(WBEM_E_ACCESS_DENIED));
    world.compile(&mof("O:BAG:BAD:(A;CI;0x6000f;;;BA)(A;CI;0x60003;;;WD)"));
    let class = world.object("__Namespace").unwrap();
    let mut child = Instance::new(class.class().clone());
    child.put("Name", &"Child".into()).unwrap();
    let services = world.connect(&secured).unwrap();
    services.put_instance(&child, Flags::default(), world.administrator()).unwrap();
    let inherited = sd(&world, &format!(r"{secured}\Child"));
    assert_eq!(inherited, "O:BAG:BAD:(A;CIID;0x6000f;;;BA)(A;CIID;0x60003;;;WD)");
}

#[test]
fn g30_lower_case_letters_are_refused() {
    let world = World::new();
    for (text, place) in [
        ("o:BAg:BAD:(A;CI;0x60003;;;WD)", "o:"),
        ("O:BAG:baD:(A;CI;0x60003;;;WD)", "ba"),
        ("O:BAG:BAD:(a;CI;0x60003;;;WD)", "(a"),
    ] {
        let qualifier = format!(r#"[NamespaceSecuritySDDL("{text}")]"#);
        let mof = format!(r#"{qualifier} instance of __Namespace {{ Name = "Lower"; }};"#);
        let report = world.try_compile(&mof, Flags::default());
        let error = report.storage.into_iter().next().unwrap();
        assert_eq!(error.status, WBEM_E_INVALID_PARAMETER, "{place}");
        let lower = format!(r"{NAMESPACE}\Lower");
        assert!(world.connect(&lower).is_err(), "nothing is left of it");
    }
    let report = world.try_compile(
        r#"[NamespaceSecuritySDDL(TRUE)] instance of __Namespace { Name = "Lower"; };"#,
        Flags::default(),
    );
    assert_eq!(report.storage.into_iter().next().unwrap().status, WBEM_E_INVALID_PARAMETER);
}

#[test]
fn g11_the_qualifier_on_a_namespace_that_is_there_takes_write_dac() {
    let world = World::new();
    world.create_namespace(&format!(r"{NAMESPACE}\There"));
    let services = world.services();
    let mut instance = world.instance("__Namespace", &[("Name", "There".into())]);
    let flags = Flags::default();
    assert!(services.put_instance(&instance, flags, &user()).is_ok(), "a put again is nothing");
    let qualify = |name: &str, value: Value, instance: &mut Instance| {
        let mut qualifiers = instance.qualifiers().cloned().unwrap_or_default();
        qualifiers.instance.set(cim::Qualifier::new(name, value, cim::Flavor::default()));
        instance.set_qualifiers(qualifiers);
    };
    qualify("NamespaceSecuritySDDL", sddl(Rights(1)).into(), &mut instance);
    let put = |context: &CallContext| status(services.put_instance(&instance, flags, context));
    assert_eq!(put(&user()).map(drop), Err(WBEM_E_ACCESS_DENIED));
    assert!(put(world.administrator()).is_ok());
    let mut instance = world.instance("__Namespace", &[("Name", "There".into())]);
    qualify("RequiresEncryption", true.into(), &mut instance);
    let put = |context: &CallContext| status(services.put_instance(&instance, flags, context));
    assert_eq!(put(&user()).map(drop), Err(WBEM_E_ACCESS_DENIED));
    assert!(put(world.administrator()).is_ok());
}

/// Establishing inheritance: for the child, for the child alone, for children and not here.
#[test]
fn g11_what_a_new_namespace_takes_over() {
    let world = world();
    let all = "(A;CI;0x600ff;;;BA)";
    set_sd(
        &world,
        &format!("O:BAG:BAD:{all}(A;CINP;0x1;;;S-1-5-21-1)(A;CIIO;0x1;;;S-1-5-21-2)(A;;0x1;;;AU)"),
    )
    .unwrap();
    let child = format!(r"{NAMESPACE}\Child");
    let grandchild = format!(r"{child}\Grandchild");
    world.create_namespace(&child);
    world.create_namespace(&grandchild);
    let all = "(A;CIID;0x600ff;;;BA)";
    assert_eq!(
        sd(&world, &child),
        format!("O:BAG:BAD:{all}(A;ID;0x1;;;S-1-5-21-1)(A;CIID;0x1;;;S-1-5-21-2)")
    );
    assert_eq!(sd(&world, &grandchild), format!("O:BAG:BAD:{all}(A;CIID;0x1;;;S-1-5-21-2)"));
    // What the parent gets later is not taken over.
    set_sd(&world, "O:BAG:BAD:(A;CI;0x600ff;;;BA)").unwrap();
    assert!(sd(&world, &child).contains("S-1-5-21-1"));
}

#[test]
fn g31_what_set_sd_refuses() {
    let world = world();
    let before = sd(&world, NAMESPACE);
    for (why, text) in [
        ("no list of rights", "O:BAG:BA"),
        ("neither owner nor group", "D:(A;;0x1;;;BA)"),
        ("FULL_WRITE_REP alone", "O:BAG:BAD:(A;;0x4;;;BA)"),
        ("FULL_WRITE_REP with others", "O:BAG:BAD:(A;;0x7;;;BA)"),
        ("FULL_WRITE_REP denied alone", "O:BAG:BAD:(D;;0x4;;;BA)"),
        ("INHERIT_ONLY and not CONTAINER_INHERIT", "O:BAG:BAD:(A;IO;0x1;;;BA)"),
        ("the same with OBJECT_INHERIT", "O:BAG:BAD:(A;OIIO;0x1;;;BA)"),
        ("a right that is none", "O:BAG:BAD:(A;;0x101;;;BA)"),
        ("a generic right", "O:BAG:BAD:(A;;GA;;;BA)"),
        ("a flag of audits", "O:BAG:BAD:(A;SA;0x1;;;BA)"),
        ("an audit among the rights", "O:BAG:BAD:(AU;;0x1;;;BA)"),
        ("one wrong among right ones", "O:BAG:BAD:(A;;0x1;;;BA)(A;;0x4;;;AU)"),
    ] {
        assert_eq!(set_sd(&world, text), Err(WBEM_E_INVALID_PARAMETER), "{why}");
        // By the qualifier neither.
        let mof = format!(
            r#"#pragma namespace("\\\\.\\root")
               [NamespaceSecuritySDDL("{text}")] instance of __Namespace {{ Name = "test"; }};"#
        );
        let report = world.try_compile(&mof, Flags::default());
        assert_eq!(
            report.storage.into_iter().next().unwrap().status,
            WBEM_E_INVALID_PARAMETER,
            "{why}"
        );
    }
    let services = world.services();
    let set = |sd: Value| call(&*services, "SetSD", &[("SD", sd)], world.administrator()).map(drop);
    let mut strange: Vec<Value> = bytes("O:BAG:BAD:(A;;0x1;;;AU)").as_array().unwrap().to_vec();
    assert_eq!(set(Value::array(strange[1..].to_vec())), Err(WBEM_E_INVALID_OBJECT));
    assert_eq!(set(Value::array([])), Err(WBEM_E_INVALID_OBJECT));
    assert_eq!(set(Value::Null), Err(WBEM_E_INVALID_OBJECT));
    let entry = strange.len() - 20;
    strange[entry] = Value::UInt8(9);
    assert_eq!(set(Value::array(strange)), Err(WBEM_E_INVALID_PARAMETER), "an unknown type");
    assert_eq!(sd(&world, NAMESPACE), before);
    for right in ["O:BAG:BAD:(A;;0xc;;;BA)", "O:BAG:BAD:(A;CIIO;0x14;;;BA)", "O:BAD:(A;;0x1;;;BA)"]
    {
        let world = World::new();
        assert_eq!(set_sd(&world, right), Ok(()), "{right}");
    }
}

#[test]
fn g11_set_sd_uses_the_rights_alone() {
    let world = world();
    set_sd(&world, "O:SYG:SYD:P(A;;0x600ff;;;BA)S:(AU;SA;0x1;;;WD)").unwrap();
    assert_eq!(sd(&world, NAMESPACE), "O:BAG:BAD:(A;;0x600ff;;;BA)");
}

/// Only the system says what is inherited: what is read and set again stays, what is made up goes.
#[test]
fn g11_inherited_entries_stay_and_are_not_made_up() {
    let world = world_that_inherits();
    let before = sd(&world, NAMESPACE);
    let own = "(A;;0x21;;;S-1-5-21-9)";
    set_sd(&world, &format!("{before}{own}(A;ID;0x1;;;S-1-5-21-8)")).unwrap();
    assert_eq!(sd(&world, NAMESPACE), format!("O:BAG:BAD:{own}{DEFAULT}"));
}

#[test]
fn g11_a_change_holds_from_the_next_call_on() {
    let world = world();
    let open = world.connect_as(NAMESPACE, &user()).unwrap();
    let get = || status(open.get_object("Test_A.K=1", Flags::default(), &user()).map(drop));
    assert_eq!(get(), Ok(()));
    set_sd(&world, "O:BAG:BAD:(A;;0x600ff;;;BA)(D;;0x1;;;AU)").unwrap();
    assert_eq!(get(), Err(WBEM_E_ACCESS_DENIED));
    assert!(world.connect_as(NAMESPACE, &user()).is_err());
    set_sd(&world, &sddl(Rights::ENABLE)).unwrap();
    assert_eq!(get(), Ok(()));
    // It is kept with the repository, and classes that change do not change it.
    world.compile("class Test_B { [key] uint32 K; };");
    let before = sd(&world, NAMESPACE);
    drop(open);
    let world = world.reopen(NativeProviders::default());
    assert_eq!(sd(&world, NAMESPACE), before);
}

/// A compilation is held to the descriptor that it sets itself.
#[test]
fn g11_a_compilation_goes_by_what_it_changes() {
    let world = World::new();
    protect(&world, NAMESPACE);
    let mof = format!(
        r#"[NamespaceSecuritySDDL("O:{0}G:BAD:(A;;0x1;;;AU)")]
           instance of __Namespace {{ Name = "Mine"; }};
           #pragma namespace("\\\\.\\root\\test\\Mine")
           class Test_A {{ [key] string K; }};"#,
        Sid::unix_user(0)
    );
    let report = world.try_compile(&mof, Flags::default());
    let error = report.storage.into_iter().next().unwrap();
    assert_eq!((error.status, error.line), (WBEM_E_ACCESS_DENIED, 4));
    assert_eq!(report.instances, 1);
}

/// What each operation takes, one right after the other (rulings I-28, I-29).
#[test]
fn g11_each_operation_takes_its_right() {
    const FULL: Rights = Rights::FULL_WRITE_REP.union(Rights::WRITE_PROVIDER);
    type Operation = fn(&dyn Services, &World, &CallContext) -> Outcome;
    let flags = Flags::default();
    let operations: [(&str, Rights, Operation); 9] = [
        ("GetObject", Rights(0), |s, _, c| {
            status(s.get_object("Test_A.K=1", Flags::default(), c).map(drop))
        }),
        ("PutInstance", Rights::PARTIAL_WRITE_REP, |s, w, c| {
            let instance = w.instance("Test_A", &[("K", Value::UInt32(2))]);
            status(s.put_instance(&instance, Flags::default(), c).map(drop))
        }),
        ("DeleteInstance", Rights::PARTIAL_WRITE_REP, |s, _, c| {
            status(s.delete_instance("Test_A.K=1", Flags::default(), c))
        }),
        ("PutClass", FULL, |s, w, c| {
            let class = w.object("Test_A").unwrap();
            let mut class = cim::ClassDeclaration::clone(class.class().declaration());
            class.name = "Test_New".into();
            status(s.put_class(&class, Flags::default(), c))
        }),
        ("DeleteClass", FULL, |s, _, c| status(s.delete_class("Test_A", Flags::default(), c))),
        ("a namespace", FULL, |s, w, c| {
            let instance = w.instance("__Namespace", &[("Name", "New".into())]);
            status(s.put_instance(&instance, Flags::default(), c).map(drop))
        }),
        ("ExecMethod", Rights::METHOD_EXECUTE, |s, _, c| match call(s, "Get9XUserList", &[], c) {
            Err(WBEM_E_METHOD_DISABLED) => Ok(()),
            other => other.map(drop),
        }),
        ("GetSD", Rights::METHOD_EXECUTE.union(Rights::READ_CONTROL), |s, _, c| {
            descriptor_of(s, c).map(drop)
        }),
        ("SetSD", Rights::METHOD_EXECUTE.union(Rights::WRITE_DAC), |s, _, c| {
            call(s, "SetSD", &[("SD", bytes(&sddl(Rights(1))))], c).map(drop)
        }),
    ];
    for (name, needed, operation) in operations {
        let needed = needed.union(Rights::ENABLE);
        let bits = (0..19).map(|bit| Rights(1 << bit)).filter(|bit| needed.contains(*bit));
        for missing in bits.map(Some).chain([None]) {
            let world = world();
            // A descriptor cannot grant FULL_WRITE_REP alone, so that is not asked here.
            let granted = Rights(needed.0 & !missing.unwrap_or_default().0);
            if missing == Some(Rights::WRITE_PROVIDER) {
                continue;
            }
            set_sd(&world, &sddl(granted)).unwrap();
            let expected = missing.map_or(Ok(()), |_| Err(WBEM_E_ACCESS_DENIED));
            let done = operation(&*world.services(), &world, &user());
            assert_eq!(done, expected, "{name} with {granted:?}");
        }
    }
    // A dynamic class is written by WRITE_PROVIDER.
    let world = world();
    world.compile("[dynamic, provider(\"P\")] class Test_D { [key] uint32 K; };");
    let instance = world.instance("Test_D", &[("K", Value::UInt32(1))]);
    let put = || status(world.services().put_instance(&instance, flags, &user()).map(drop));
    set_sd(&world, &sddl(Rights(0xf))).unwrap();
    assert_eq!(put(), Err(WBEM_E_ACCESS_DENIED));
    set_sd(&world, &sddl(Rights(0x11))).unwrap();
    assert_eq!(put(), Err(WBEM_E_PROVIDER_NOT_FOUND), "it gets as far as the provider");
}

#[test]
fn g33_whoever_may_be_here_asks_what_they_may() {
    let world = world();
    set_sd(&world, &sddl(Rights::ENABLE)).unwrap();
    let services = world.services();
    assert_eq!(rights(&*services, &user()), Ok(Value::SInt32(1)));
    assert_eq!(rights(&*services, world.administrator()), Ok(Value::SInt32(0x600ff)));
    for path in ["__SystemSecurity", "__systemsecurity=@"] {
        let out =
            services.exec_method(path, "getcalleraccessrights", Flags::default(), &user(), None);
        assert_eq!(out.unwrap().unwrap().get("rights"), Some(&Value::SInt32(1)), "{path}");
    }
    set_sd(&world, &sddl(Rights::METHOD_EXECUTE)).unwrap();
    assert_eq!(rights(&*services, &user()), Err(WBEM_E_ACCESS_DENIED));
}

#[test]
fn g11_from_afar_it_takes_remote_access_and_encryption_where_that_is_required() {
    let world = world();
    let identity = Arc::new(Identity::unix(1000, &[], false));
    let clear = openwmi_suite::world::remote(identity.clone(), false);
    let encrypted = openwmi_suite::world::remote(identity, true);
    let services = world.services();
    let get = |context: &CallContext| {
        status(services.get_object("Test_A.K=1", Flags::default(), context).map(drop))
    };
    assert_eq!(get(&encrypted), Err(WBEM_E_ACCESS_DENIED));
    set_sd(&world, &sddl(Rights::ENABLE.union(Rights::REMOTE_ACCESS))).unwrap();
    assert_eq!((get(&clear), get(&encrypted)), (Ok(()), Ok(())));
    let mof = |qualifier: &str| {
        let pragma = r#"#pragma namespace("\\\\.\\root")"#;
        format!("{pragma}\n{qualifier} instance of __Namespace {{ Name = \"test\"; }};")
    };
    world.compile(&mof("[RequiresEncryption]"));
    assert_eq!((get(&clear), get(&encrypted)), (Err(WBEM_E_ACCESS_DENIED), Ok(())));
    assert_eq!(get(&user()), Ok(()), "calls of this machine go over no wire");
    // The descriptor changes, and it stays.
    set_sd(&world, &sddl(Rights(0x21))).unwrap();
    assert_eq!(get(&clear), Err(WBEM_E_ACCESS_DENIED));
    let stored = world.connect("root").unwrap();
    let stored = stored.get_object("__Namespace='test'", Flags::default(), world.administrator());
    let Ok(Object::Instance(stored)) = stored else { panic!("the namespace") };
    assert!(stored.qualifiers().unwrap().instance.is_true("RequiresEncryption"));
    world.compile(&mof("[RequiresEncryption(FALSE)]"));
    assert_eq!(get(&clear), Ok(()));
}

#[test]
fn g2_this_namespace_is_there_and_read_only() {
    let world = world();
    let expected = bytes(&sd(&world, NAMESPACE));
    let shown = world.object("__thisNAMESPACE=@").unwrap();
    assert_eq!(shown.get("SECURITY_DESCRIPTOR").unwrap(), expected);
    let found = world.objects("SELECT * FROM __thisNAMESPACE", Flags::default()).unwrap();
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!(found.get("SECURITY_DESCRIPTOR").unwrap(), expected);
    let instance = world.instance("__thisNAMESPACE", &[]);
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let put = status(services.put_instance(&instance, flags, context).map(drop));
    assert_eq!(put, Err(WBEM_E_READ_ONLY));
    let deleted = status(services.delete_instance("__thisNAMESPACE=@", flags, context));
    assert_eq!(deleted, Err(WBEM_E_INVALID_OPERATION));
    // It takes READ_CONTROL, which users have not.
    let get = status(services.get_object("__thisNAMESPACE=@", flags, &user()).map(drop));
    assert_eq!(get, Err(WBEM_E_ACCESS_DENIED));
    let ask = |query: &str| {
        let run = |sink| services.exec_query("WQL", query, flags, &user(), sink);
        status(wbem::collect(run)).map(|objects| {
            objects.iter().filter(|o| o.class().name().is("__thisNAMESPACE")).count()
        })
    };
    assert_eq!(ask("SELECT * FROM __thisNAMESPACE"), Err(WBEM_E_ACCESS_DENIED));
    assert_eq!(ask("SELECT * FROM __SystemClass"), Ok(0), "left out among others");
}

/// The object form.
fn security_object(world: &World, text: &str, change: impl FnOnce(&mut Instance)) -> Value {
    let descriptor: Descriptor = text.parse().unwrap();
    let embedded = |instance: Instance| Value::Object(Arc::new(Object::Instance(instance)));
    let trustee = |sid: &Sid| {
        let text = Value::string(sid.to_string());
        embedded(world.instance("__Trustee", &[("SIDString", text)]))
    };
    let control = descriptor.control().difference(Control::SELF_RELATIVE).0;
    let mut object =
        world.instance("__SecurityDescriptor", &[("ControlFlags", Value::UInt32(control.into()))]);
    for (name, sid) in [("Owner", &descriptor.owner), ("Group", &descriptor.group)] {
        if let Some(sid) = sid {
            object.put(name, &trustee(sid)).unwrap();
        }
    }
    for (name, list) in [("DACL", &descriptor.dacl), ("SACL", &descriptor.sacl)] {
        let Some(list) = list else { continue };
        let entries = list.iter().map(|entry| {
            embedded(world.instance(
                "__ACE",
                &[
                    ("AccessMask", Value::UInt32(entry.rights.0)),
                    ("AceFlags", Value::UInt32(entry.flags.0.into())),
                    ("AceType", Value::UInt32(entry.kind as u32)),
                    ("Trustee", trustee(&entry.sid)),
                ],
            ))
        });
        object.put(name, &Value::array(entries)).unwrap();
    }
    change(&mut object);
    embedded(object)
}

/// What SetSecurityDescriptor returns.
fn set_object(world: &World, descriptor: Value, context: &CallContext) -> u32 {
    let given = [("Descriptor", descriptor)];
    let out = call(&*world.services(), "SetSecurityDescriptor", &given, context).unwrap();
    let returned = out.unwrap().get("ReturnValue").and_then(Value::as_integer);
    u32::try_from(returned.unwrap()).unwrap()
}

#[test]
fn g11_set_security_descriptor_changes_what_it_is_given() {
    let world = world();
    let admin = world.administrator();
    let set = |text: &str| set_object(&world, security_object(&world, text, |_| {}), admin);
    let all = "(A;CI;0x600ff;;;BA)";
    assert_eq!(set(&format!("D:{all}")), 0);
    assert_eq!(sd(&world, NAMESPACE), format!("O:BAG:BAD:{all}"));
    assert_eq!(set("O:SY"), 0);
    assert_eq!(sd(&world, NAMESPACE), format!("O:SYG:BAD:{all}"));
    assert_eq!(set("G:LSS:(AU;SAFA;0x1;;;WD)"), 0);
    let audited = format!("O:SYG:LSD:{all}S:(AU;SAFA;0x1;;;WD)");
    assert_eq!(sd(&world, NAMESPACE), audited);
    // Lists that ControlFlags does not speak of are left alone, and so is a SACL that is NULL.
    let unsaid = security_object(&world, "D:(A;;0x1;;;AU)", |object| {
        object.put("ControlFlags", &Value::UInt32(0)).unwrap();
    });
    assert_eq!(set_object(&world, unsaid, admin), 0);
    let no_sacl = security_object(&world, "O:SY", |object| {
        object.put("ControlFlags", &Value::UInt32(0x10)).unwrap();
    });
    assert_eq!(set_object(&world, no_sacl, admin), 0);
    assert_eq!(sd(&world, NAMESPACE), audited);
    let read = call(&*world.services(), "GetSecurityDescriptor", &[], admin).unwrap().unwrap();
    assert_eq!(read.get("ReturnValue"), Some(&Value::UInt32(0)));
    let Some(given @ Value::Object(object)) = read.get("Descriptor") else { panic!("{read:?}") };
    assert_eq!(object.class().name(), &Name::from("__SecurityDescriptor"));
    let object = object.as_instance().unwrap();
    assert_eq!(object.get("ControlFlags"), Some(&Value::UInt32(0x14)));
    // What is read can be set again.
    assert_eq!(set_object(&world, given.clone(), admin), 0);
    assert_eq!(sd(&world, NAMESPACE), audited);
}

#[test]
fn g11_what_set_security_descriptor_returns() {
    let world = world();
    let admin = world.administrator();
    let before = sd(&world, NAMESPACE);
    let set = |text: &str, change: fn(&mut Instance)| {
        set_object(&world, security_object(&world, text, change), admin)
    };
    assert_eq!(set("D:(A;;0x4;;;BA)", |_| {}), 21);
    assert_eq!(set("D:(A;IO;0x1;;;BA)", |_| {}), 21);
    assert_eq!(set("S:(A;;0x1;;;BA)", |_| {}), 21, "an entry of SACL that audits nothing");
    assert_eq!(set("O:BA", |o| o.put("ControlFlags", &Value::UInt32(0x10004)).unwrap()), 21);
    assert_eq!(set("O:BA", |o| o.put("ControlFlags", &Value::UInt32(4)).unwrap()), 21);
    assert_eq!(set_object(&world, Value::Null, admin), 21);
    let unknown_trustee = |instance: &mut Instance| {
        let trustee = instance.get("Owner").cloned().unwrap();
        let Value::Object(trustee) = trustee else { panic!("a trustee") };
        let mut trustee = trustee.as_instance().unwrap().clone();
        trustee.put("SIDString", &"absent".into()).unwrap();
        let trustee = Value::Object(Arc::new(Object::Instance(trustee)));
        instance.put("Owner", &trustee).unwrap();
    };
    assert_eq!(set("O:BA", unknown_trustee), 21);
    assert_eq!(sd(&world, NAMESPACE), before);
    // The methods return a failure for a caller without the right.
    let all = security_object(&world, "D:(A;;0x600ff;;;BA)", |_| {});
    assert_eq!(set_object(&world, all, &user()), 2);
    let read = call(&*world.services(), "GetSecurityDescriptor", &[], &user()).unwrap().unwrap();
    assert_eq!(read.get("ReturnValue"), Some(&Value::UInt32(2)));
    assert_eq!(read.get("Descriptor"), Some(&Value::Null));
    set_sd(&world, &sddl(Rights(0x60003))).unwrap();
    let audit = security_object(&world, "S:(AU;SA;0x1;;;WD)", |_| {});
    assert_eq!(set_object(&world, audit.clone(), &user()), 9, "audits take a privilege");
    assert_eq!(set_object(&world, audit, admin), 0);
    let seen = descriptor_of(&*world.services(), &user()).unwrap();
    assert_eq!(seen.sacl, None, "and so does seeing them");
    assert!(sd(&world, NAMESPACE).ends_with("S:(AU;SA;0x1;;;WD)"));
}

#[test]
fn g2_the_lists_of_windows_9x_are_disabled() {
    let world = world();
    let services = world.services();
    for method in ["Get9XUserList", "Set9XUserList"] {
        let outcome = call(&*services, method, &[], world.administrator());
        assert_eq!(outcome, Err(WBEM_E_METHOD_DISABLED), "{method}");
    }
    assert!(services.get_object("__SystemSecurity=@", Flags::default(), &user()).is_ok());
}

/// An owner who is locked out of a namespace can change its descriptor from the parent.
#[test]
fn g11_owners_are_not_locked_out() {
    let world = world();
    set_sd(&world, "O:BAG:BAD:(A;;0x1;;;AU)").unwrap();
    let granted = rights(&*world.services(), world.administrator());
    assert_eq!(
        granted,
        Ok(Value::SInt32(0x60001)),
        "reads and changes the descriptor, and is here"
    );
    // Without METHOD_EXECUTE there is no way from within.
    assert_eq!(set_sd(&world, &sddl(Rights(1))), Err(WBEM_E_ACCESS_DENIED));
    world.compile(&format!(
        r#"#pragma namespace("\\\\.\\root")
           [NamespaceSecuritySDDL("{}")] instance of __Namespace {{ Name = "test"; }};"#,
        sddl(Rights(1))
    ));
    assert!(world.connect(NAMESPACE).is_ok());
}

/// Another process that changes the descriptor is heeded as well: what is cached goes by the
/// repository, not by who wrote.
#[test]
fn g11_what_another_process_changes_holds_here() {
    let world = world();
    let get = || status(world.services().get_object("Test_A.K=1", Flags::default(), &user()));
    assert!(get().is_ok());
    let denied: Descriptor = "O:BAG:BAD:(A;;0x600ff;;;BA)".parse().unwrap();
    let bytes = denied.to_bytes().unwrap();
    world.behind_the_back(|writer| {
        let namespace = cim::Namespace::new(NAMESPACE)?;
        let descriptor = Some(bytes.as_slice());
        let security = repository::NamespaceSecurity { descriptor, requires_encryption: false };
        writer.set_security(&namespace, security)
    });
    assert_eq!(get().map(drop), Err(WBEM_E_ACCESS_DENIED));
}

/// A.2: a class goes with its instances, and where these register providers only administrators
/// may delete them.
#[test]
fn a_2_only_administrators_delete_classes_of_registrations() {
    let world = world();
    set_sd(&world, &sddl(Rights(0xff))).unwrap();
    world.compile(
        "class Test_Provider : __Win32Provider { }; class Test_Lower : Test_Provider { };
         instance of Test_Lower { Name = \"P\"; CLSID = \"{1}\"; };
         class Test_Registration : __InstanceProviderRegistration { };",
    );
    let services = world.services();
    let compile = |name: &str, context: &CallContext| {
        let text = format!("#pragma deleteclass(\"{name}\", fail)\n");
        let options = openwmi_suite::world::compile_options(Flags::default());
        let report =
            world.manager().compile_text("test.mof", text.as_bytes(), &options, context).unwrap();
        report.storage.first().map_or(Ok(()), |d| Err(d.status))
    };
    let call = |name: &str, context: &CallContext| {
        status(services.delete_class(name, Flags::default(), context))
    };
    for name in ["Test_Lower", "Test_Provider", "Test_Registration"] {
        assert_eq!(call(name, &user()), Err(WBEM_E_ACCESS_DENIED), "{name}");
        assert_eq!(compile(name, &user()), Err(WBEM_E_ACCESS_DENIED), "{name}");
    }
    assert_eq!(world.query("SELECT Name FROM __Provider").unwrap(), [r#"Test_Lower{Name="P"}"#]);
    assert_eq!(call("Test_A", &user()), Ok(()));
    assert_eq!(call("Test_Provider", world.administrator()), Ok(()));
    assert_eq!(compile("Test_Registration", world.administrator()), Ok(()));
}

/// Sets the descriptor of the namespace `name` in [`NAMESPACE`] by the qualifier.
fn put_sddl(world: &World, name: &str, qualifiers: &str) {
    world.compile(&format!("[{qualifiers}] instance of __Namespace {{ Name = \"{name}\"; }};"));
}

/// Rule: G.11, behaviour; MS-WMI 2.2.30.2, 3.1.4.18.1: the inheritable entries of the parent are
/// added to every descriptor that is given.
#[test]
fn g11_the_entries_of_the_parent_are_added_to_what_is_given() {
    openwmi_suite::gaps::check("g11_the_entries_of_the_parent_are_added_to_what_is_given", || {
        let world = World::new();
        let child = format!(r"{NAMESPACE}\Child");
        put_sddl(&world, "Child", r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;CI;0x1;;;BA)")"#);
        assert_eq!(sd(&world, &child), format!("O:SYG:SYD:(A;CI;0x1;;;BA){DEFAULT}"));
        // Entries that say that they are inherited are the parent's or none.
        let made_up = r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;;0x2;;;BA)(A;ID;0x1;;;S-1-5-21-8)")"#;
        put_sddl(&world, "Child", made_up);
        assert_eq!(sd(&world, &child), format!("O:SYG:SYD:(A;;0x2;;;BA){DEFAULT}"));
        // So it is with the methods, and again when what was read is set.
        set_sd(&world, "O:BAG:BAD:(A;;0x600ff;;;BA)").unwrap();
        let set = format!("O:BAG:BAD:(A;;0x600ff;;;BA){DEFAULT}");
        assert_eq!(sd(&world, NAMESPACE), set);
        set_sd(&world, &set).unwrap();
        assert_eq!(sd(&world, NAMESPACE), set);
        let admin = world.administrator();
        let own = security_object(&world, "D:(A;CI;0x600ff;;;BA)S:(AU;CISA;0x1;;;WD)", |_| {});
        assert_eq!(set_object(&world, own, admin), 0);
        let audits = "S:(AU;CISA;0x1;;;WD)";
        assert_eq!(
            sd(&world, NAMESPACE),
            format!("O:BAG:BAD:(A;CI;0x600ff;;;BA){DEFAULT}{audits}")
        );
        // What is stored stays until a descriptor is set.
        assert_eq!(sd(&world, &child), format!("O:SYG:SYD:(A;;0x2;;;BA){DEFAULT}"));
        put_sddl(&world, "Child", r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;;0x2;;;BA)")"#);
        let handed_down = format!("(A;CIID;0x600ff;;;BA){DEFAULT}");
        assert_eq!(sd(&world, &child), format!("O:SYG:SYD:(A;;0x2;;;BA){handed_down}"));
        let both = r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;;0x2;;;BA)S:(AU;SA;0x2;;;WD)")"#;
        put_sddl(&world, "Child", both);
        let audits = "S:(AU;SA;0x2;;;WD)(AU;CIIDSA;0x1;;;WD)";
        assert_eq!(sd(&world, &child), format!("O:SYG:SYD:(A;;0x2;;;BA){handed_down}{audits}"));
        // Another requirement of encryption is no descriptor that is given.
        let before = sd(&world, &child);
        set_sd(&world, "O:BAG:BAD:(A;CI;0x6000f;;;BA)").unwrap();
        put_sddl(&world, "Child", "RequiresEncryption");
        assert_eq!(sd(&world, &child), before);
    });
}

/// Rule: G.11, behaviour; MS-WMI 2.2.30.2 (supplement 20): a parent with SE_DACL_PROTECTED hands
/// nothing down, and the flag in the child's own descriptor does nothing.
#[test]
fn g11_a_protected_namespace_hands_nothing_down() {
    openwmi_suite::gaps::check("g11_a_protected_namespace_hands_nothing_down", || {
        let world = World::new();
        let given = "O:SYG:SYD:P(A;CI;0x6001f;;;BA)S:(AU;CISA;0x1;;;WD)";
        put_sddl(&world, "Top", &format!("NamespaceSecuritySDDL(\"{given}\")"));
        let top = format!(r"{NAMESPACE}\Top");
        let own = format!("O:SYG:SYD:P(A;CI;0x6001f;;;BA){DEFAULT}S:(AU;CISA;0x1;;;WD)");
        assert_eq!(sd(&world, &top), own, "its own flag does nothing");
        world.create_namespace(&format!(r"{top}\Default"));
        let default = format!("O:SYG:SYD:{}", DEFAULT.replace("ID;", ";"));
        let audits = "S:(AU;CIIDSA;0x1;;;WD)";
        assert_eq!(sd(&world, &format!(r"{top}\Default")), format!("{default}{audits}"));
        let mof = |sddl: &str| {
            format!(
                "#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\\\\Top\")
                 [NamespaceSecuritySDDL(\"{sddl}\")] instance of __Namespace {{ Name = \"Own\"; }};"
            )
        };
        world.compile(&mof("O:BAG:BAD:(A;;0x6001f;;;BA)"));
        let below = format!(r"{top}\Own");
        assert_eq!(sd(&world, &below), format!("O:BAG:BAD:(A;;0x6001f;;;BA){audits}"));
        let services = world.connect(&below).unwrap();
        let set = [("SD", bytes("O:BAG:BAD:(A;;0x3;;;BA)"))];
        call(&*services, "SetSD", &set, world.administrator()).unwrap();
        assert_eq!(sd(&world, &below), format!("O:BAG:BAD:(A;;0x3;;;BA){audits}"));
    });
}

/// Rule: G.11, behaviour; MS-WMI 2.2.32 (NamespaceSecuritySDDL): a text, or an array of texts.
#[test]
fn g11_the_sddl_is_a_text_or_an_array_of_texts() {
    openwmi_suite::gaps::check("g11_the_sddl_is_a_text_or_an_array_of_texts", || {
        let world = World::new();
        let namespace = |name: &str| format!(r"{NAMESPACE}\{name}");
        put_sddl(&world, "One", r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;CI;0x1;;;BA)")"#);
        let given = r#"NamespaceSecuritySDDL{"O:SYG:SY", "D:(A;CI;0x1;;;BA)"}"#;
        put_sddl(&world, "Array", given);
        assert_eq!(sd(&world, &namespace("Array")), sd(&world, &namespace("One")));
        put_sddl(&world, "Single", r#"NamespaceSecuritySDDL{"O:SYG:SYD:(A;CI;0x1;;;BA)"}"#);
        assert_eq!(sd(&world, &namespace("Single")), sd(&world, &namespace("One")));
        for wrong in
            ["NamespaceSecuritySDDL{}", "NamespaceSecuritySDDL{1}", "NamespaceSecuritySDDL(1)"]
        {
            let mof = format!("[{wrong}] instance of __Namespace {{ Name = \"Wrong\"; }};");
            let report = world.try_compile(&mof, Flags::default());
            assert_eq!(report.storage[0].status, WBEM_E_INVALID_PARAMETER, "{wrong}");
        }
    });
}

/// Rule: G.11, behaviour; MS-WMI 3.1.4.18.2: a get and an enumeration of `__Namespace` say what
/// protects each namespace.
#[test]
fn g11_namespaces_are_read_with_their_security() {
    openwmi_suite::gaps::check("g11_namespaces_are_read_with_their_security", || {
        let world = World::new();
        world.create_namespace(&format!(r"{NAMESPACE}\Plain"));
        let given = r#"NamespaceSecuritySDDL("O:SYG:SYD:(A;;0x20000;;;BA)"), RequiresEncryption"#;
        put_sddl(&world, "Given", given);
        let services = world.services();
        let qualifiers = |object: &Object| {
            let own = &object.as_instance().unwrap().qualifiers().unwrap().instance;
            let sddl = own.text("NamespaceSecuritySDDL").map(str::to_owned);
            let encryption = own.value("RequiresEncryption").and_then(Value::as_bool);
            (sddl, encryption)
        };
        let get = |name: &str, context: &CallContext| {
            let path = format!("__Namespace.Name='{name}'");
            qualifiers(&services.get_object(&path, Flags::default(), context).unwrap())
        };
        let admin = world.administrator();
        for (name, encryption) in [("Plain", false), ("Given", true)] {
            let expected = (Some(sd(&world, &format!(r"{NAMESPACE}\{name}"))), Some(encryption));
            assert_eq!(get(name, admin), expected);
            let query = format!("SELECT * FROM __Namespace WHERE Name = '{name}'");
            let found = world.objects(&query, Flags::default()).unwrap();
            assert_eq!(qualifiers(&found[0]), expected);
            // The descriptor is for those who may read it there.
            assert_eq!(get(name, &user()), (None, Some(encryption)));
        }
        let found = world.objects("SELECT * FROM __Namespace", Flags::default()).unwrap();
        assert!(found.iter().all(|found| qualifiers(found).0.is_some()), "{found:?}");
        // What was read can be put again; it changes nothing, and takes no right to change it.
        let read =
            services.get_object("__Namespace.Name='Given'", Flags::default(), admin).unwrap();
        let read = read.as_instance().unwrap();
        let put = |context: &CallContext| {
            status(services.put_instance(read, Flags::default(), context).map(drop))
        };
        let before = sd(&world, &format!(r"{NAMESPACE}\Given"));
        assert_eq!((put(admin), put(&user())), (Ok(()), Ok(())));
        assert_eq!(sd(&world, &format!(r"{NAMESPACE}\Given")), before);
    });
}
