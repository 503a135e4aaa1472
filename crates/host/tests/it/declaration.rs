//! The classes as their MOF declares them: keys, qualifiers, methods.

use cim::{Class, Value};

use crate::captured::{class, key_names};

/// Classes, and the keys that the documentation gives them. A newer class has this check in its own
/// test.
const KEYS: [(&str, &[&str]); 13] = [
    ("Win32_Process", &["Handle"]),
    ("Win32_LogicalDisk", &["DeviceID"]),
    ("Win32_OperatingSystem", &[]),
    ("Win32_ComputerSystem", &["Name"]),
    ("Win32_Processor", &["DeviceID"]),
    ("Win32_DiskDrive", &["DeviceID"]),
    ("Win32_DiskPartition", &["DeviceID"]),
    ("Win32_DiskDriveToDiskPartition", &["Antecedent", "Dependent"]),
    ("Win32_LogicalDiskToPartition", &["Antecedent", "Dependent"]),
    ("Win32_UserAccount", &["Domain", "Name"]),
    ("Win32_Group", &["Domain", "Name"]),
    ("Win32_GroupUser", &["GroupComponent", "PartComponent"]),
    ("Win32_Service", &["Name"]),
];

#[test]
fn keys_are_the_documented_ones() {
    for (name, keys) in KEYS {
        let class = class(name);
        assert_eq!(key_names(&class), keys, "{name}");
        assert_eq!(class.is_singleton(), keys.is_empty(), "{name}");
    }
}

#[test]
fn classes_with_a_provider_are_dynamic_and_those_above_are_abstract() {
    for host::Class { name, .. } in host::CLASSES {
        let class = class(name);
        assert!(class.is_dynamic() && !class.is_abstract(), "{name}");
        assert!(class.ancestors().all(|above| above.is_abstract()), "{name}");
    }
}

#[test]
fn every_property_can_be_read_and_is_described() {
    for host::Class { name, .. } in host::CLASSES {
        for property in class(name).properties() {
            let qualifiers = &property.qualifiers;
            assert!(qualifiers.is_true("read"), "{name}.{}", property.name);
            assert!(qualifiers.text("description").is_some(), "{name}.{}", property.name);
            same_length(&format!("{name}.{}", property.name), qualifiers);
        }
    }
}

/// Values gives a name to each of ValueMap.
fn same_length(what: &str, qualifiers: &cim::Qualifiers) {
    let len = |name| qualifiers.value(name).and_then(Value::as_array).map(<[Value]>::len);
    if let (Some(values), Some(map)) = (len("values"), len("valuemap")) {
        assert_eq!(values, map, "{what}");
    }
    if let (Some(values), Some(map)) = (len("bitvalues"), len("bitmap")) {
        assert_eq!(values, map, "{what}");
    }
}

#[test]
fn what_a_subclass_overrides_holds_there() {
    let of = |class: &Class, property: &str, qualifier: &str| {
        class.property(property).unwrap().qualifiers.text(qualifier).map(str::to_owned)
    };
    let process = class("Win32_Process");
    assert_eq!(of(&process, "KernelModeTime", "units").as_deref(), Some("100 nanoseconds"));
    assert_eq!(of(&process, "WorkingSetSize", "units").as_deref(), Some("bytes"));
    let generic = class("CIM_Process");
    assert_eq!(of(&generic, "KernelModeTime", "units").as_deref(), Some("milliseconds"));
    for host::Class { name, .. } in host::CLASSES {
        let class = class(name);
        for property in class.properties() {
            if let Some(overridden) = property.qualifiers.text("override") {
                assert!(property.name.is(overridden), "{name}.{}", property.name);
            }
        }
    }
}

/// A method that has no code must not say that it has.
#[test]
fn methods_are_declared_and_implemented_where_they_have_code() {
    const IMPLEMENTED: [&str; 11] = [
        "Win32_Process.Create",
        "Win32_Process.GetOwner",
        "Win32_Process.GetOwnerSid",
        "Win32_Process.SetPriority",
        "Win32_Process.Terminate",
        "Win32_Service.ChangeStartMode",
        "Win32_Service.InterrogateService",
        "Win32_Service.PauseService",
        "Win32_Service.ResumeService",
        "Win32_Service.StartService",
        "Win32_Service.StopService",
    ];
    for (name, methods) in [
        (
            "Win32_Process",
            "AttachDebugger Create GetAvailableVirtualSize GetOwner GetOwnerSid SetPriority Terminate",
        ),
        ("Win32_LogicalDisk", "Chkdsk ExcludeFromAutochk Reset ScheduleAutoChk SetPowerState"),
        (
            "Win32_ComputerSystem",
            "JoinDomainOrWorkgroup Rename SetPowerState UnjoinDomainOrWorkgroup",
        ),
        ("Win32_Processor", "Reset SetPowerState"),
        ("Win32_DiskDrive", "Reset SetPowerState"),
        ("Win32_DiskPartition", "Reset SetPowerState"),
        (
            "Win32_Service",
            "Change ChangeStartMode Create Delete GetSecurityDescriptor InterrogateService PauseService ResumeService SetSecurityDescriptor StartService StopService UserControlService",
        ),
        ("Win32_UserAccount", "Rename"),
        ("Win32_Group", "Rename"),
        ("Win32_OperatingSystem", "Reboot SetDateTime Shutdown Win32Shutdown Win32ShutdownTracker"),
    ] {
        let class = class(name);
        let mut names: Vec<&str> = class.methods().iter().map(|m| m.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), methods);
        for method in class.methods() {
            let full = format!("{name}.{}", method.name);
            let implemented = IMPLEMENTED.contains(&full.as_str());
            assert_eq!(method.qualifiers.is_true("implemented"), implemented, "{full}");
            assert!(method.qualifiers.text("description").is_some(), "{name}.{}", method.name);
            for parameter in &method.parameters {
                assert!(
                    parameter.is_in() != parameter.is_out(),
                    "{}.{}",
                    method.name,
                    parameter.name
                );
                same_length(parameter.name.as_str(), &parameter.qualifiers);
            }
        }
    }
    let process = class("Win32_Process");
    let create = process.method("Create").unwrap();
    assert!(create.qualifiers.is_true("static") && create.qualifiers.is_true("constructor"));
    assert!(process.method("Terminate").unwrap().qualifiers.is_true("destructor"));
    let startup = class("Win32_ProcessStartup");
    assert_eq!(create.parameters[2].ty.class.as_ref(), Some(startup.name()));
}
