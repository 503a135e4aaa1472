//! What the association classes owe those who follow them: references that lead to objects, and
//! exact answers to a predicate on one of them.

use std::sync::Arc;

use cim::path::Namespace;
use cim::{Class, Instance, InstanceKey, ObjectPath, Origin, Value};
use wbem::{EnumerationRequest, InstanceProvider, Pushdown, Wanted, collect};
use wql::{Comparison, Predicate};

use crate::captured::{class, class_from, context, host_class, instance, machine};

/// The association classes, with their references.
const ASSOCIATIONS: [(&str, [&str; 2]); 3] = [
    ("Win32_DiskDriveToDiskPartition", ["Antecedent", "Dependent"]),
    ("Win32_LogicalDiskToPartition", ["Antecedent", "Dependent"]),
    ("Win32_GroupUser", ["GroupComponent", "PartComponent"]),
];

/// Machines of which enough is known.
const MACHINES: [&str; 7] = ["server", "gpt", "lvm", "btrfs", "overlay", "bind", "whole"];

/// A machine's provider of an association class, in a namespace.
struct Association {
    class: Arc<Class>,
    provider: Arc<dyn InstanceProvider>,
}

impl Association {
    fn new(name: &str, machine_name: &str) -> Self {
        let namespace = Namespace::new(r"root\cimv2").unwrap();
        let origin = Arc::new(Origin { server: "kestrel".into(), namespace });
        let provider = host_class(name).provider(machine(machine_name));
        Association { class: class_from(name, Some(&origin)), provider }
    }

    /// The instances that have these values in these properties.
    fn with(&self, wanted: &[(&str, &str)]) -> Vec<Instance> {
        let predicate = |&(property, text): &(&str, &str)| {
            let slot = self.class.slot(property).unwrap();
            let value = Value::Reference(text.into());
            let predicate = Predicate { slot, comparison: Comparison::Equal, value };
            assert_eq!(self.provider.pushdown(&self.class, &predicate), Pushdown::Exact);
            predicate
        };
        let predicates: Vec<Predicate> = wanted.iter().map(predicate).collect();
        let request = EnumerationRequest {
            class: &self.class,
            wanted: &Wanted::All,
            predicates: &predicates,
        };
        let objects = collect(|sink| {
            self.provider.enumerate(&request, &context(), sink);
            Ok(())
        });
        objects.unwrap().into_iter().map(instance).collect()
    }
}

fn text<'a>(instance: &'a Instance, property: &str) -> &'a str {
    instance.get(property).unwrap().as_str().unwrap()
}

/// Other spellings of a reference to the same object.
fn spellings(reference: &str) -> [String; 4] {
    let path: ObjectPath = reference.parse().unwrap();
    let relative = path.relative().to_string();
    let small = relative.to_lowercase();
    let local = format!(r"\\.\ROOT/CIMV2:{relative}");
    [reference.to_owned(), relative, small, local]
}

#[test]
fn a_reference_that_is_said_to_be_exact_is() {
    for (name, references) in ASSOCIATIONS {
        for machine in MACHINES {
            let association = Association::new(name, machine);
            let all = association.with(&[]);
            for (one, property) in all.iter().flat_map(|one| references.map(|r| (one, r))) {
                let reference = text(one, property);
                let expected: Vec<&Instance> =
                    all.iter().filter(|other| text(other, property) == reference).collect();
                for spelling in spellings(reference) {
                    let found = association.with(&[(property, &spelling)]);
                    let found: Vec<&Instance> = found.iter().collect();
                    assert_eq!(found, expected, "{name} {machine} {property} = {spelling}");
                }
            }
        }
    }
}

#[test]
fn both_references_are_one_object() {
    for (name, [a, b]) in ASSOCIATIONS {
        for machine in MACHINES {
            let association = Association::new(name, machine);
            let all = association.with(&[]);
            for (first, second) in all.iter().flat_map(|one| all.iter().map(move |two| (one, two)))
            {
                let found = association.with(&[(a, text(first, a)), (b, text(second, b))]);
                let is_there = |one: &&Instance| {
                    text(one, a) == text(first, a) && text(one, b) == text(second, b)
                };
                let expected: Vec<&Instance> = all.iter().filter(is_there).collect();
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{name} {machine}");
            }
        }
    }
}

#[test]
fn what_is_not_there_has_no_associations() {
    for (name, property, reference) in [
        ("Win32_DiskDriveToDiskPartition", "Antecedent", r#"Win32_DiskDrive.DeviceID="/dev/sdb""#),
        ("Win32_DiskDriveToDiskPartition", "Antecedent", r#"Win32_DiskDrive.DeviceID="/dev/sd""#),
        ("Win32_DiskDriveToDiskPartition", "Antecedent", r#"CIM_DiskDrive.DeviceID="/dev/sda""#),
        ("Win32_DiskDriveToDiskPartition", "Antecedent", "no path"),
        (
            "Win32_DiskDriveToDiskPartition",
            "Antecedent",
            r#"\\falcon\root\cimv2:Win32_DiskDrive.DeviceID="/dev/sda""#,
        ),
        (
            "Win32_DiskDriveToDiskPartition",
            "Dependent",
            r#"root\default:Win32_DiskPartition.DeviceID="/dev/sda1""#,
        ),
        ("Win32_DiskDriveToDiskPartition", "Dependent", r#"Win32_DiskDrive.DeviceID="/dev/sda""#),
        ("Win32_LogicalDiskToPartition", "Dependent", r#"Win32_LogicalDisk.DeviceID="/home""#),
        ("Win32_LogicalDiskToPartition", "Dependent", "Win32_LogicalDisk"),
        (
            "Win32_LogicalDiskToPartition",
            "Antecedent",
            r#"Win32_DiskPartition.DeviceID="/dev/sda""#,
        ),
    ] {
        let found = Association::new(name, "server").with(&[(property, reference)]);
        assert_eq!(found, [], "{name} {property} = {reference}");
    }
}

#[test]
fn every_reference_leads_to_an_object() {
    for (name, references) in ASSOCIATIONS {
        for machine_name in MACHINES {
            for association in Association::new(name, machine_name).with(&[]) {
                for reference in references.map(|property| text(&association, property)) {
                    let path: ObjectPath = reference.parse().unwrap();
                    assert_eq!(path.server.as_deref(), Some("kestrel"), "{reference}");
                    let class = class(path.class.as_str());
                    let provider = host_class(path.class.as_str()).provider(machine(machine_name));
                    let keys = key_values(&class, &path);
                    let found = provider.get(&class, &keys, &Wanted::All, &context());
                    let found = found.unwrap_or_else(|error| panic!("{reference}: {error}"));
                    let same = InstanceKey::from_path(&class, &path.keys).unwrap();
                    assert_eq!(found.key().unwrap(), same, "{reference}");
                }
            }
        }
    }
}

/// The keys that a path names, in the order of the class.
fn key_values(class: &Class, path: &ObjectPath) -> Vec<Value> {
    let cim::path::PathKeys::Named(named) = &path.keys else { panic!("{path}") };
    let value = |&slot: &u16| {
        let property = &class.properties()[usize::from(slot)];
        let (_, value) = named.iter().find(|(name, _)| *name == property.name).unwrap();
        Value::String(value.text())
    };
    class.keys().iter().map(value).collect()
}

#[test]
fn instances_are_found_by_their_keys() {
    for (name, _) in ASSOCIATIONS {
        for machine in MACHINES {
            let association = Association::new(name, machine);
            let Association { class, provider } = &association;
            for one in association.with(&[]) {
                let keys: Vec<Value> =
                    class.keys().iter().map(|&slot| one.value(slot.into()).clone()).collect();
                let found = provider.get(class, &keys, &Wanted::All, &context());
                assert_eq!(found.unwrap(), one, "{name} {machine}");
            }
        }
    }
}
