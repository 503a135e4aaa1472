//! The system classes and the classes of registrations, as they are documented (behaviour.md A.2,
//! D.1, D.9, D.10, G.2; ruling I-3).

use cim::Object;
use openwmi_suite::{World, text};
use wbem::Flags;

/// The documented names, each with the class above it.
const SYSTEM_CLASSES: &[(&str, &str)] = &[
    ("__AbsoluteTimerInstruction", "__TimerInstruction"),
    ("__ACE", "__SecurityRelatedClass"),
    ("__AggregateEvent", "__IndicationRelated"),
    ("__ArbitratorConfiguration", "__SystemClass"),
    ("__CacheControl", "__SystemClass"),
    ("__CIMOMIdentification", "__SystemClass"),
    ("__ClassCreationEvent", "__ClassOperationEvent"),
    ("__ClassDeletionEvent", "__ClassOperationEvent"),
    ("__ClassModificationEvent", "__ClassOperationEvent"),
    ("__ClassOperationEvent", "__Event"),
    ("__ClassProviderRegistration", "__ObjectProviderRegistration"),
    ("__ConsumerFailureEvent", "__EventDroppedEvent"),
    ("__Event", "__IndicationRelated"),
    ("__EventConsumer", "__IndicationRelated"),
    ("__EventConsumerProviderCacheControl", "__CacheControl"),
    ("__EventConsumerProviderRegistration", "__ProviderRegistration"),
    ("__EventDroppedEvent", "__SystemEvent"),
    ("__EventFilter", "__IndicationRelated"),
    ("__EventGenerator", "__IndicationRelated"),
    ("__EventProviderCacheControl", "__CacheControl"),
    ("__EventProviderRegistration", "__ProviderRegistration"),
    ("__EventQueueOverflowEvent", "__EventDroppedEvent"),
    ("__EventSinkCacheControl", "__CacheControl"),
    ("__ExtendedStatus", "__NotifyStatus"),
    ("__ExtrinsicEvent", "__Event"),
    ("__FilterToConsumerBinding", "__IndicationRelated"),
    ("__IndicationRelated", "__SystemClass"),
    ("__InstanceCreationEvent", "__InstanceOperationEvent"),
    ("__InstanceDeletionEvent", "__InstanceOperationEvent"),
    ("__InstanceModificationEvent", "__InstanceOperationEvent"),
    ("__InstanceOperationEvent", "__Event"),
    ("__InstanceProviderRegistration", "__ObjectProviderRegistration"),
    ("__IntervalTimerInstruction", "__TimerInstruction"),
    ("__MethodInvocationEvent", "__InstanceOperationEvent"),
    ("__MethodProviderRegistration", "__ProviderRegistration"),
    ("__Namespace", "__SystemClass"),
    ("__NamespaceCreationEvent", "__NamespaceOperationEvent"),
    ("__NamespaceDeletionEvent", "__NamespaceOperationEvent"),
    ("__NamespaceModificationEvent", "__NamespaceOperationEvent"),
    ("__NamespaceOperationEvent", "__Event"),
    ("__NotifyStatus", ""),
    ("__NTLMUser9X", "__SecurityRelatedClass"),
    ("__ObjectProviderCacheControl", "__CacheControl"),
    ("__ObjectProviderRegistration", "__ProviderRegistration"),
    ("__PARAMETERS", ""),
    ("__PropertyProviderCacheControl", "__CacheControl"),
    ("__PropertyProviderRegistration", "__ProviderRegistration"),
    ("__Provider", "__SystemClass"),
    ("__ProviderHostQuotaConfiguration", "__SystemClass"),
    ("__ProviderRegistration", "__SystemClass"),
    ("__QOSFailureEvent", "__EventDroppedEvent"),
    ("__SecurityDescriptor", "__SecurityRelatedClass"),
    ("__SecurityRelatedClass", ""),
    ("__SystemClass", ""),
    ("__SystemEvent", "__ExtrinsicEvent"),
    ("__SystemSecurity", "__SystemClass"),
    ("__thisNAMESPACE", "__SystemClass"),
    ("__TimerEvent", "__Event"),
    ("__TimerInstruction", "__EventGenerator"),
    ("__TimerNextFiring", "__EventGenerator"),
    ("__Trustee", "__SecurityRelatedClass"),
    ("__Win32Provider", "__Provider"),
];

/// Class, property, type, default. Every property of these classes that is documented.
const PROPERTIES: &[(&str, &str, &str, &str)] = &[
    ("__Provider", "Name", "string", "NULL"),
    ("__Win32Provider", "Name", "string", "NULL"),
    ("__Win32Provider", "CLSID", "string", "NULL"),
    ("__Win32Provider", "ClientLoadableCLSID", "string", "NULL"),
    ("__Win32Provider", "HostingModel", "string", "NULL"),
    ("__Win32Provider", "DefaultMachineName", "string", "NULL"),
    ("__Win32Provider", "Enabled", "boolean", "NULL"),
    ("__Win32Provider", "ImpersonationLevel", "sint32", "0"),
    ("__Win32Provider", "InitializationReentrancy", "sint32", "0"),
    ("__Win32Provider", "InitializeAsAdminFirst", "boolean", "NULL"),
    ("__Win32Provider", "PerUserInitialization", "boolean", "FALSE"),
    ("__Win32Provider", "PerLocaleInitialization", "boolean", "FALSE"),
    ("__Win32Provider", "Pure", "boolean", "TRUE"),
    ("__Win32Provider", "UnloadTimeout", "datetime", "NULL"),
    ("__Win32Provider", "SecurityDescriptor", "string", "NULL"),
    ("__Win32Provider", "Version", "uint32", "NULL"),
    ("__Win32Provider", "Concurrency", "sint32", "NULL"),
    ("__Win32Provider", "InitializationTimeoutInterval", "datetime", "NULL"),
    ("__Win32Provider", "OperationTimeoutInterval", "datetime", "NULL"),
    ("__Win32Provider", "SupportsExplicitShutdown", "boolean", "NULL"),
    ("__Win32Provider", "SupportsExtendedStatus", "boolean", "NULL"),
    ("__Win32Provider", "SupportsQuotas", "boolean", "NULL"),
    ("__Win32Provider", "SupportsSendStatus", "boolean", "NULL"),
    ("__Win32Provider", "SupportsShutdown", "boolean", "NULL"),
    ("__Win32Provider", "SupportsThrottling", "boolean", "NULL"),
    ("__ProviderRegistration", "provider", "ref:__Provider", "NULL"),
    ("__ObjectProviderRegistration", "InteractionType", "sint32", "0"),
    ("__ObjectProviderRegistration", "QuerySupportLevels", "string[]", "NULL"),
    ("__ObjectProviderRegistration", "SupportsBatching", "boolean", "NULL"),
    ("__ObjectProviderRegistration", "SupportsDelete", "boolean", "FALSE"),
    ("__ObjectProviderRegistration", "SupportsEnumeration", "boolean", "FALSE"),
    ("__ObjectProviderRegistration", "SupportsGet", "boolean", "FALSE"),
    ("__ObjectProviderRegistration", "SupportsPut", "boolean", "FALSE"),
    ("__ObjectProviderRegistration", "SupportsTransactions", "boolean", "NULL"),
    ("__ClassProviderRegistration", "InteractionType", "sint32", "0"),
    ("__ClassProviderRegistration", "ResultSetQueries", "string[]", "NULL"),
    ("__ClassProviderRegistration", "ReferencedSetQueries", "string[]", "NULL"),
    ("__ClassProviderRegistration", "UnsupportedQueries", "string[]", "NULL"),
    ("__ClassProviderRegistration", "QuerySupportLevels", "string[]", "NULL"),
    ("__ClassProviderRegistration", "SupportsEnumeration", "boolean", "FALSE"),
    ("__ClassProviderRegistration", "SupportsGet", "boolean", "FALSE"),
    ("__ClassProviderRegistration", "SupportsPut", "boolean", "FALSE"),
    ("__ClassProviderRegistration", "SupportsDelete", "boolean", "FALSE"),
    ("__ClassProviderRegistration", "Version", "uint32", "NULL"),
    ("__ClassProviderRegistration", "CacheRefreshInterval", "datetime", "NULL"),
    ("__ClassProviderRegistration", "PerUserSchema", "boolean", "NULL"),
    ("__ClassProviderRegistration", "ReSynchroniseOnNamespaceOpen", "boolean", "NULL"),
    ("__ClassProviderRegistration", "SupportsBatching", "boolean", "NULL"),
    ("__ClassProviderRegistration", "SuppportsBatching", "boolean", "NULL"),
    ("__ClassProviderRegistration", "SupportsTransactions", "boolean", "NULL"),
    ("__InstanceProviderRegistration", "SupportsEnumeration", "boolean", "TRUE"),
    ("__InstanceProviderRegistration", "SupportsGet", "boolean", "FALSE"),
    ("__InstanceProviderRegistration", "SupportsPut", "boolean", "FALSE"),
    ("__InstanceProviderRegistration", "SupportsDelete", "boolean", "FALSE"),
    ("__PropertyProviderRegistration", "SupportsGet", "boolean", "FALSE"),
    ("__PropertyProviderRegistration", "SupportsPut", "boolean", "FALSE"),
    ("__MethodProviderRegistration", "provider", "ref:__Provider", "NULL"),
    ("__EventProviderRegistration", "EventQueryList", "string[]", "NULL"),
    ("__EventConsumerProviderRegistration", "ConsumerClassNames", "string[]", "NULL"),
    ("__Event", "SECURITY_DESCRIPTOR", "uint8[]", "NULL"),
    ("__Event", "TIME_CREATED", "uint64", "NULL"),
    ("__NamespaceOperationEvent", "TargetNamespace", "object:__NAMESPACE", "NULL"),
    ("__NamespaceModificationEvent", "PreviousNamespace", "object:__NAMESPACE", "NULL"),
    ("__ClassOperationEvent", "TargetClass", "object", "NULL"),
    ("__ClassModificationEvent", "PreviousClass", "object", "NULL"),
    ("__InstanceOperationEvent", "TargetInstance", "object", "NULL"),
    ("__InstanceModificationEvent", "PreviousInstance", "object", "NULL"),
    ("__MethodInvocationEvent", "Method", "string", "NULL"),
    ("__MethodInvocationEvent", "Parameters", "object", "NULL"),
    ("__MethodInvocationEvent", "PreCall", "boolean", "NULL"),
    ("__TimerEvent", "TimerId", "string", "NULL"),
    ("__TimerEvent", "NumFirings", "uint32", "NULL"),
    ("__EventDroppedEvent", "Event", "object:__Event", "NULL"),
    ("__EventDroppedEvent", "IntendedConsumer", "ref:__EventConsumer", "NULL"),
    ("__EventQueueOverflowEvent", "CurrentQueueSize", "uint32", "NULL"),
    ("__ConsumerFailureEvent", "ErrorCode", "uint32", "NULL"),
    ("__ConsumerFailureEvent", "ErrorDescription", "string", "NULL"),
    ("__ConsumerFailureEvent", "ErrorObject", "object", "NULL"),
    ("__QOSFailureEvent", "ErrorCode", "uint32", "NULL"),
    ("__QOSFailureEvent", "ErrorDescription", "string", "NULL"),
    ("__AggregateEvent", "NumberOfEvents", "uint32", "NULL"),
    ("__AggregateEvent", "Representative", "object", "NULL"),
    ("__EventFilter", "Name", "string", "NULL"),
    ("__EventFilter", "Query", "string", "NULL"),
    ("__EventFilter", "QueryLanguage", "string", "NULL"),
    ("__EventFilter", "EventNamespace", "string", "NULL"),
    ("__EventFilter", "EventAccess", "string", "NULL"),
    ("__EventFilter", "CreatorSID", "uint8[]", "{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}"),
    ("__EventConsumer", "MachineName", "string", "NULL"),
    ("__EventConsumer", "MaximumQueueSize", "uint32", "NULL"),
    ("__EventConsumer", "CreatorSID", "uint8[]", "{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}"),
    ("__FilterToConsumerBinding", "Filter", "ref:__EventFilter", "NULL"),
    ("__FilterToConsumerBinding", "Consumer", "ref:__EventConsumer", "NULL"),
    ("__FilterToConsumerBinding", "DeliverSynchronously", "boolean", "FALSE"),
    ("__FilterToConsumerBinding", "DeliveryQoS", "uint32", "NULL"),
    ("__FilterToConsumerBinding", "MaintainSecurityContext", "boolean", "FALSE"),
    ("__FilterToConsumerBinding", "SlowDownProviders", "boolean", "FALSE"),
    ("__ExtendedStatus", "Operation", "string", "NULL"),
    ("__ExtendedStatus", "ParameterInfo", "string", "NULL"),
    ("__ExtendedStatus", "ProviderName", "string", "NULL"),
    ("__ExtendedStatus", "StatusCode", "uint32", "NULL"),
    ("__ExtendedStatus", "Description", "string", "NULL"),
    ("__thisNAMESPACE", "SECURITY_DESCRIPTOR", "uint8[]", "NULL"),
];

const ABSTRACT: &[&str] = &[
    "__Provider",
    "__ProviderRegistration",
    "__ObjectProviderRegistration",
    "__IndicationRelated",
    "__Event",
    "__ExtrinsicEvent",
    "__EventConsumer",
];

const KEYS: &[(&str, &[&str])] = &[
    ("__NAMESPACE", &["Name"]),
    ("__Win32Provider", &["Name"]),
    ("__InstanceProviderRegistration", &["provider"]),
    ("__EventFilter", &["Name"]),
    ("__FilterToConsumerBinding", &["Consumer", "Filter"]),
    ("__IntervalTimerInstruction", &["TimerId"]),
];

fn class(world: &World, name: &str) -> Object {
    let root = world.connect("root").unwrap();
    let found = root.get_object(name, Flags::default(), world.administrator());
    found.unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn g2_every_documented_system_class_in_its_place() {
    let world = World::new();
    for &(name, above) in SYSTEM_CLASSES {
        let found = class(&world, name);
        let superclass = found.class().superclass().map_or("", |s| s.name().as_str());
        assert_eq!(superclass, above, "above {name}");
    }
}

#[test]
fn g2_no_other_system_class() {
    let world = World::new();
    let root = world.connect("root").unwrap();
    let all = |sink| root.create_class_enum(None, Flags::default(), world.administrator(), sink);
    for found in wbem::collect(all).unwrap() {
        let name = found.class().name();
        let known = SYSTEM_CLASSES.iter().any(|(n, _)| name.is(n));
        assert!(known, "{name} is documented nowhere");
    }
}

#[test]
fn a2_every_documented_property_with_its_type_and_default() {
    let world = World::new();
    for &(name, property, ty, default) in PROPERTIES {
        let found = class(&world, name);
        let found = found.class().property(property);
        let found = found.unwrap_or_else(|| panic!("{name} has no property {property}"));
        let array = if found.ty.is_array { "[]" } else { "" };
        assert_eq!(format!("{}{array}", found.ty.cimtype()), ty, "{name}.{property}");
        assert_eq!(text::value(&found.default), default, "{name}.{property}");
    }
}

#[test]
fn a2_abstract_classes_and_keys() {
    let world = World::new();
    for name in ABSTRACT {
        assert!(class(&world, name).class().is_abstract(), "{name}");
    }
    for (name, keys) in KEYS {
        let found = class(&world, name);
        let class = found.class();
        let found: Vec<&str> = class
            .keys()
            .iter()
            .map(|&slot| class.properties()[usize::from(slot)].name.as_str())
            .collect();
        assert_eq!(found, *keys, "{name}");
        assert!(!class.is_abstract(), "{name}");
    }
    for name in ["__thisNAMESPACE", "__SystemSecurity", "__ArbitratorConfiguration"] {
        assert!(class(&world, name).class().is_singleton(), "{name}");
    }
}

#[test]
fn g2_methods_of_the_security_class() {
    let world = World::new();
    let found = class(&world, "__SystemSecurity");
    let methods: Vec<&str> = found.class().methods().iter().map(|m| m.name.as_str()).collect();
    let expected = [
        "GetSD",
        "SetSD",
        "GetSecurityDescriptor",
        "SetSecurityDescriptor",
        "GetCallerAccessRights",
        "Get9XUserList",
        "Set9XUserList",
    ];
    assert_eq!(methods, expected);
}

#[test]
fn g12_documented_quotas() {
    let world = World::new();
    let found = class(&world, "__ArbitratorConfiguration");
    for (property, default) in [
        ("TemporarySubscriptionsTotal", "10000"),
        ("TemporarySubscriptionsPerUser", "1000"),
        ("PermanentSubscriptionsTotal", "10000"),
        ("PermanentSubscriptionsPerUser", "1000"),
        ("PollingInstructionsTotal", "10000"),
        ("PollingInstructionsPerUser", "1000"),
        ("PollingMemoryTotal", "10000000"),
        // Ruling I-7.
        ("PollingMemoryPerUser", "5000000"),
    ] {
        let value = found.get(property).unwrap_or_else(|e| panic!("{property}: {e}"));
        assert_eq!(text::value(&value), default, "{property}");
    }
}

/// Every property that is documented as not used must still take a value and give it back.
#[test]
fn a2_registrations_keep_what_they_are_given() {
    let world = World::new();
    world.compile(
        r#"
        instance of __Win32Provider as $P
        {
          Name = "P"; CLSID = "{00000000-0000-0000-0000-000000000001}";
          HostingModel = "NetworkServiceHost:Group"; Concurrency = 3; Version = 2; Pure = FALSE;
          UnloadTimeout = "00000000000500.000000:000"; SupportsThrottling = TRUE;
        };
        instance of __ClassProviderRegistration
        {
          provider = $P; InteractionType = 2; ResultSetQueries = {"SELECT * FROM meta_class"};
          SuppportsBatching = TRUE; SupportsBatching = FALSE; PerUserSchema = TRUE;
          CacheRefreshInterval = "00000000000001.000000:000"; QuerySupportLevels = {"WQL:UnarySelect"};
        };"#,
    );
    let registered = world.query("SELECT * FROM __ClassProviderRegistration").unwrap();
    let expected = "__ClassProviderRegistration{CacheRefreshInterval=00000000000001.000000:000, \
         InteractionType=2, PerUserSchema=TRUE, provider=ref \"__Win32Provider.Name=\\\"P\\\"\", \
         QuerySupportLevels={\"WQL:UnarySelect\"}, ReferencedSetQueries=NULL, \
         ResultSetQueries={\"SELECT * FROM meta_class\"}, ReSynchroniseOnNamespaceOpen=NULL, \
         SupportsBatching=FALSE, SupportsDelete=FALSE, SupportsEnumeration=FALSE, \
         SupportsGet=FALSE, SupportsPut=FALSE, SupportsTransactions=NULL, SuppportsBatching=TRUE, \
         UnsupportedQueries=NULL, Version=NULL}";
    assert_eq!(registered, [expected]);
    let query = "SELECT Concurrency, Pure, UnloadTimeout FROM __Win32Provider WHERE Version = 2";
    let expected =
        "__Win32Provider{Concurrency=3, Pure=FALSE, UnloadTimeout=00000000000500.000000:000}";
    assert_eq!(world.query(query).unwrap(), [expected]);
}

/// Behaviour.md A.6: the key is the name, so a registration under it replaces the one before.
#[test]
fn a13_one_registration_a_name() {
    let world = World::new();
    for clsid in ["{1}", "{2}"] {
        world.compile(&format!(
            "instance of __Win32Provider {{ Name = \"P\"; CLSID = \"{clsid}\"; }};"
        ));
    }
    let found = world.query("SELECT Name, CLSID FROM __Win32Provider").unwrap();
    assert_eq!(found, [r#"__Win32Provider{CLSID="{2}", Name="P"}"#]);
}
