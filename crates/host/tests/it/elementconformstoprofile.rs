//! The classes that say what conforms to a profile, on captured machines and with a mock of systemd.

use std::sync::Arc;

use cim::status::WBEM_E_NOT_FOUND;
use cim::{Class, Instance, Namespace, Origin, Value};
use host::Root;
use wbem::{Pushdown, Wanted};
use wql::{Comparison, Predicate};

use crate::captured::{class_from, context, enumerate, host_class, machine};
use crate::mock_systemd::{MockSystemd, MockUnit};

const PROCESS: &str = "OpenWMI_Process_ElementConformsToProfile_v1";
const SERVICE: &str = "OpenWMI_Service_ElementConformsToProfile_v1";
const DISK_DRIVE: &str = "OpenWMI_DiskDrive_ElementConformsToProfile_v1";

/// The class in a namespace.
fn class_in(namespace: &str, name: &str) -> Arc<Class> {
    let namespace = Namespace::new(namespace).unwrap();
    class_from(name, Some(&Arc::new(Origin { server: "kestrel".into(), namespace })))
}

/// The instances that have these values, as `profile element`.
fn told(machine: &Arc<Root>, class: &Arc<Class>, wanted: &[(&str, &str)]) -> Vec<String> {
    let provider = host_class(class.name().as_str()).provider(machine.clone());
    let predicate = |&(property, text): &(&str, &str)| {
        let slot = class.slot(property).unwrap();
        let value = Value::Reference(text.into());
        let predicate = Predicate { slot, comparison: Comparison::Equal, value };
        assert_eq!(provider.pushdown(class, &predicate), Pushdown::Exact);
        predicate
    };
    let predicates: Vec<Predicate> = wanted.iter().map(predicate).collect();
    let found = enumerate(machine.clone(), class, &Wanted::All, &predicates).unwrap();
    found.iter().map(line).collect()
}

fn line(one: &Instance) -> String {
    let text = |property| one.get(property).unwrap().as_str().unwrap();
    format!("{} {}", text("ConformantStandard"), text("ManagedElement"))
}

fn conforms(profile: &str, element: &str) -> String {
    format!(
        "\\\\kestrel\\root\\interop:OpenWMI_RegisteredProfile.InstanceID=\"{profile}\" \
         \\\\kestrel\\root\\cimv2:{element}"
    )
}

/// The same in both namespaces: which one a reference leads to is said by the class.
#[test]
fn e4_elements_and_their_profile_in_both_namespaces() {
    let processes: Vec<String> = ["1", "2", "18", "431", "977", "1204", "1300"]
        .map(|handle| conforms("OpenWMI:Process", &format!("Win32_Process.Handle=\"{handle}\"")))
        .into();
    let disks: Vec<String> = ["/dev/sda", "/dev/sdb", "/dev/sdc"]
        .map(|id| conforms("OpenWMI:Disk Drive", &format!("Win32_DiskDrive.DeviceID=\"{id}\"")))
        .into();
    for namespace in [r"root\interop", r"root\cimv2"] {
        let all = |class| told(&machine("server"), &class_in(namespace, class), &[]);
        assert_eq!(all(PROCESS), processes, "{namespace}");
        assert_eq!(all(DISK_DRIVE), disks, "{namespace}");
        assert_eq!(all(SERVICE), [""; 0], "a machine without systemd has no services");
    }
}

#[test]
fn e4_services_and_their_profile() {
    let units = vec![
        ("cron", MockUnit::new("Cron", "active")),
        ("sshd", MockUnit::new("Sshd", "inactive")),
    ];
    let Some(systemd) = MockSystemd::start(units) else { return };
    let machine = systemd.machine();
    let service = |name| conforms("OpenWMI:Service", &format!("Win32_Service.Name=\"{name}\""));
    for namespace in [r"root\interop", r"root\cimv2"] {
        let class = class_in(namespace, SERVICE);
        assert_eq!(told(&machine, &class, &[]), [service("cron"), service("sshd")]);
        let element = r#"\\.\root\cimv2:Win32_Service='SSHD'"#;
        assert_eq!(told(&machine, &class, &[("ManagedElement", element)]), [service("sshd")]);
    }
}

#[test]
fn e4_a_reference_that_is_said_to_be_exact_is() {
    let interop = class_in(r"root\interop", PROCESS);
    let cimv2 = class_in(r"root\cimv2", PROCESS);
    let server = machine("server");
    let one = conforms("OpenWMI:Process", "Win32_Process.Handle=\"977\"");
    let full = r#"\\kestrel\root\cimv2:Win32_Process.Handle="977""#;
    let local = r"\\.\ROOT/CIMV2:win32_process='977'";
    for (class, element) in [
        (&interop, full),
        (&interop, local),
        (&cimv2, full),
        (&cimv2, local),
        (&cimv2, "Win32_Process='977'"),
    ] {
        assert_eq!(
            told(&server, class, &[("ManagedElement", element)]),
            [one.as_str()],
            "{element}"
        );
    }
    let own = r"OpenWMI_RegisteredProfile='openwmi:process'";
    assert_eq!(told(&server, &interop, &[("ConformantStandard", own)]).len(), 7);
    let both = [("ConformantStandard", own), ("ManagedElement", full)];
    assert_eq!(told(&server, &interop, &both), [one.as_str()]);
    for (property, reference) in [
        // Seen from root\interop it is there.
        ("ManagedElement", "Win32_Process='977'"),
        ("ManagedElement", r"root\cimv2:Win32_Process='0977'"),
        ("ManagedElement", r"root\cimv2:Win32_Process='5555'"),
        ("ManagedElement", r"root\cimv2:Win32_Service='977'"),
        ("ConformantStandard", "OpenWMI_RegisteredProfile='OpenWMI:Service'"),
        ("ConformantStandard", "OpenWMI_RegisteredProfile"),
        ("ConformantStandard", r"root\cimv2:OpenWMI_RegisteredProfile='OpenWMI:Process'"),
        ("ConformantStandard", "no path"),
    ] {
        let found = told(&server, &interop, &[(property, reference)]);
        assert_eq!(found, [""; 0], "{property} = {reference}");
    }
}

#[test]
fn e4_associations_are_found_by_their_keys() {
    let profile = r#"\\.\root\interop:OpenWMI_RegisteredProfile="OpenWMI:Disk Drive""#;
    let provider = host_class(DISK_DRIVE).provider(machine("server"));
    for namespace in [r"root\interop", r"root\cimv2"] {
        let class = class_in(namespace, DISK_DRIVE);
        let get = |disk: &str| {
            let keys = [profile, disk].map(|text| Value::Reference(text.into()));
            provider.get(&class, &keys, &Wanted::All, &context())
        };
        let found = get(r#"\\.\root\cimv2:Win32_DiskDrive.DeviceID="/dev/sdb""#).unwrap();
        let expected = conforms("OpenWMI:Disk Drive", "Win32_DiskDrive.DeviceID=\"/dev/sdb\"");
        assert_eq!(line(&found), expected, "{namespace}");
        let missing = get(r#"\\.\root\cimv2:Win32_DiskDrive.DeviceID="/dev/sdz""#);
        assert_eq!(missing.unwrap_err().status(), WBEM_E_NOT_FOUND);
    }
}

/// Keys, and the qualifier on the reference that leads out of the namespace, and on no other.
#[test]
fn e4_classes_of_the_same_name_in_both_namespaces() {
    for class in host::PROFILES {
        for (namespace, leads_out, target) in [
            (r"root\interop", "ManagedElement", r"root\cimv2"),
            (r"root\cimv2", "ConformantStandard", r"root\interop"),
        ] {
            let class = class_in(namespace, class.name);
            assert!(class.is_a("CIM_ElementConformsToProfile") && class.is_association());
            assert!(class.is_dynamic() && !class.is_abstract());
            assert_eq!(class.keys().len(), 2);
            for property in class.properties() {
                let said = property.qualifiers.text("MSFT_TargetNamespace");
                let expected = property.name.is(leads_out).then_some(target);
                assert_eq!(said, expected, "{namespace} {}.{}", class.name(), property.name);
            }
        }
    }
}
