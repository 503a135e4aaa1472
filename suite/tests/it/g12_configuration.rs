//! The singletons of the system: there in every repository, with defaults, changed and reset
//! (behaviour.md G.1, G.2, G.12, rulings I-7 and I-29).

use cim::status::*;
use cim::{Instance, Object, Result, Value, WbemStatus};
use openwmi_suite::world::user;
use openwmi_suite::{World, text};
use wbem::{CallContext, Flags, NativeProviders};

/// Singletons of root, with a value that each has by default.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("__ArbitratorConfiguration", "TemporarySubscriptionsTotal", "10000"),
    ("__ArbitratorConfiguration", "PollingMemoryPerUser", "5000000"),
    ("__ArbitratorConfiguration", "TotalUsers", "NULL"),
    ("__ProviderHostQuotaConfiguration", "HandlesPerHost", "4096"),
    ("__ProviderHostQuotaConfiguration", "ThreadsPerHost", "256"),
    ("__ProviderHostQuotaConfiguration", "ProcessLimitAllHosts", "32"),
    ("__ProviderHostQuotaConfiguration", "MemoryPerHost", "536870912"),
    ("__ProviderHostQuotaConfiguration", "MemoryAllHosts", "1073741824"),
    ("__ObjectProviderCacheControl", "ClearAfter", "00000000000030.000000:000"),
    ("__PropertyProviderCacheControl", "ClearAfter", "00000000000030.000000:000"),
    ("__EventProviderCacheControl", "ClearAfter", "00000000000030.000000:000"),
    ("__EventConsumerProviderCacheControl", "ClearAfter", "00000000000030.000000:000"),
    ("__EventSinkCacheControl", "ClearAfter", "00000000000015.000000:000"),
    ("__CIMOMIdentification", "SetupDateTime", "NULL"),
];

fn get(world: &World, class: &str) -> Instance {
    let root = world.connect("root").unwrap();
    let path = format!("{class}=@");
    let found = root.get_object(&path, Flags::default(), world.administrator());
    match found.unwrap_or_else(|e| panic!("{path}: {e}")) {
        Object::Instance(instance) => instance,
        Object::Class(_) => panic!("{path} is a class"),
    }
}

fn value(instance: &Instance, property: &str) -> String {
    text::value(instance.get(property).unwrap_or_else(|| panic!("no {property}")))
}

fn put(
    world: &World,
    instance: &Instance,
    flags: Flags,
    context: &CallContext,
) -> Option<WbemStatus> {
    let root = world.connect("root").unwrap();
    root.put_instance(instance, flags, context).err().map(|e| e.status())
}

fn query(world: &World, text: &str) -> Result<Vec<Object>> {
    let root = world.connect("root").unwrap();
    wbem::collect(|s| root.exec_query("WQL", text, Flags::default(), world.administrator(), s))
}

#[test]
fn g12_the_singletons_are_there_with_their_defaults() {
    let world = World::new();
    for &(class, property, default) in DEFAULTS {
        assert_eq!(value(&get(&world, class), property), default, "{class}.{property}");
        assert_eq!(value(&world.configuration(class).unwrap(), property), default, "{class}");
        let found = query(&world, &format!("SELECT * FROM {class}")).unwrap();
        assert_eq!(found.len(), 1, "{class}");
        let root = world.connect("root").unwrap();
        let (flags, context) = (Flags::default(), world.administrator());
        let listed = wbem::collect(|s| root.create_instance_enum(class, flags, context, s));
        assert_eq!(listed.unwrap().len(), 1, "{class}");
    }
    assert_eq!(query(&world, "SELECT * FROM __CacheControl").unwrap().len(), 5);
    for (seconds, count) in [("14", 0), ("16", 1)] {
        let quick = format!(
            "SELECT * FROM __EventSinkCacheControl WHERE ClearAfter < '000000000000{seconds}.000000:000'"
        );
        assert_eq!(query(&world, &quick).unwrap().len(), count);
    }
    let error = world.configuration("__Namespace").unwrap_err();
    assert_eq!(error.status(), WBEM_E_NOT_FOUND);
}

#[test]
fn i29_they_can_be_changed_and_are_reset_when_they_are_deleted() {
    let world = World::new();
    let (class, property) = ("__ArbitratorConfiguration", "TemporarySubscriptionsTotal");
    let mut instance = get(&world, class);
    instance.put(property, &Value::UInt32(7)).unwrap();
    let admin = world.administrator();
    assert_eq!(put(&world, &instance, Flags::CREATE_ONLY, admin), Some(WBEM_E_ALREADY_EXISTS));
    assert_eq!(put(&world, &instance, Flags::UPDATE_ONLY, admin), None);
    let world = world.reopen(NativeProviders::default());
    assert_eq!(value(&get(&world, class), property), "7");
    assert_eq!(value(&world.configuration(class).unwrap(), property), "7");
    assert_eq!(value(&get(&world, class), "PollingMemoryTotal"), "10000000");
    assert_eq!(query(&world, &format!("SELECT * FROM {class}")).unwrap().len(), 1);
    let root = world.connect("root").unwrap();
    for _ in 0..2 {
        let path = format!("{class}=@");
        root.delete_instance(&path, Flags::default(), world.administrator()).unwrap();
        assert_eq!(value(&get(&world, class), property), "10000");
        assert_eq!(value(&world.configuration(class).unwrap(), property), "10000");
    }
    // It takes FULL_WRITE_REP, which a descriptor can keep from users.
    let mof = r#"#pragma namespace("\\\\.\\root")
        instance of __EventSinkCacheControl { ClearAfter = "00000000000001.000000:000"; };"#;
    world.compile(mof);
    let changed = get(&world, "__EventSinkCacheControl");
    assert_eq!(value(&changed, "ClearAfter"), "00000000000001.000000:000");
    assert_eq!(put(&world, &changed, Flags::default(), &user()), None);
    let signature = root.get_object("__SystemSecurity", Flags::default(), world.administrator());
    let mut given =
        Instance::new(signature.unwrap().class().method("SetSD").unwrap().in_signature().unwrap());
    let sd: cim::security::Descriptor =
        "O:BAG:BAD:(A;;0x600ff;;;BA)(A;;0x1b;;;AU)".parse().unwrap();
    let sd = sd.to_bytes().unwrap().into_iter().map(Value::UInt8);
    given.put("SD", &Value::array(sd)).unwrap();
    let (flags, admin) = (Flags::default(), world.administrator());
    root.exec_method("__SystemSecurity", "SetSD", flags, admin, Some(&given)).unwrap();
    let denied = put(&world, &changed, Flags::default(), &user());
    assert_eq!(denied, Some(WBEM_E_ACCESS_DENIED));
    assert_eq!(put(&world, &changed, Flags::default(), admin), None);
}

#[test]
fn g1_the_identification_exists_in_two_namespaces() {
    let world = World::new();
    for namespace in ["root", r"root\default"] {
        let services = world.connect(namespace).unwrap();
        let (flags, context) = (Flags::default(), world.administrator());
        let found = services.get_object("__CIMOMIdentification=@", flags, context).unwrap();
        let directory = found.get("WorkingDirectory").unwrap();
        assert!(directory.as_str().unwrap().ends_with("repository"), "{directory:?}");
        let version = found.get("VersionCurrentlyRunning").unwrap();
        assert_eq!(version.as_str(), Some(env!("CARGO_PKG_VERSION")));
        let Object::Instance(instance) = found else { panic!("an instance") };
        let put = services.put_instance(&instance, flags, context).map(drop);
        assert_eq!(put.unwrap_err().status(), WBEM_E_READ_ONLY);
        let deleted = services.delete_instance("__CIMOMIdentification=@", flags, context);
        assert_eq!(deleted.unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    }
    assert!(world.object("__CIMOMIdentification").is_err());
}
