//! What classes declare to read, compared with what they read of captured machines.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use cim::{CimType, Instance, Value};
use glob::{MatchOptions, Pattern};
use host::{Access, Class, Recorder, Root, Source};
use wbem::{EnumerationRequest, Pushdown, Wanted, collect};
use wql::{Comparison, Predicate};

use crate::captured::{class, context, exec_method, instance, root};
use crate::mock_systemd::{MockSystemd, MockUnit};

/// The machines below `tests/fixtures`.
fn machines() -> Vec<Root> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = std::fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| root(entry.file_name().to_str().unwrap())).collect()
}

/// Reads all that a class provides on a machine: every instance, each by its keys and by every
/// property that it finds instances by, and the methods that read.
fn read_all(host_class: &Class, machine: &Arc<Root>) {
    let class = class(host_class.name);
    let provider = host_class.provider(machine.clone());
    let enumerate = |predicates: &[Predicate]| {
        let request = EnumerationRequest { class: &class, wanted: &Wanted::All, predicates };
        let objects = collect(|sink| {
            provider.enumerate(&request, &context(), sink);
            Ok(())
        });
        // A machine that lacks a source fails, after the source was asked for.
        objects.unwrap_or_default().into_iter().map(instance).collect::<Vec<Instance>>()
    };
    for found in enumerate(&[]) {
        let keys: Vec<Value> =
            class.keys().iter().map(|&key| found.value(usize::from(key)).clone()).collect();
        // A machine may lack the file by which an instance is found again.
        let _ = provider.get(&class, &keys, &Wanted::All, &context());
        for (slot, value) in found.values().iter().enumerate().filter(|(_, v)| !v.is_null()) {
            let predicate = Predicate { slot, comparison: Comparison::Equal, value: value.clone() };
            if provider.pushdown(&class, &predicate) == Pushdown::Exact {
                enumerate(&[predicate]);
            }
        }
        let Some(methods) = host_class.methods(machine.clone()) else { continue };
        let reading = class.methods().iter().filter(|method| {
            method.qualifiers.is_true("implemented") && !method.parameters.iter().any(|p| p.is_in())
        });
        for method in reading {
            let key = keys[0].convert(&CimType::String.into()).unwrap();
            // On a captured machine a method that changes something fails.
            let _ =
                exec_method(&*methods, &class, key.as_str().unwrap(), method.name.as_str(), &[]);
        }
    }
}

/// What a class reads of all machines.
fn accesses(host_class: &Class) -> BTreeSet<Access> {
    let recorder = Recorder::default();
    for machine in machines() {
        read_all(host_class, &Arc::new(machine.recorded(recorder.clone())));
    }
    if host_class.reads.iter().any(|source| matches!(source, Source::Bus(_)))
        && let Some(systemd) =
            MockSystemd::start(vec![("cron", MockUnit::new("Runs jobs", "active"))])
    {
        let machine = root("server").with_bus(systemd.bus()).recorded(recorder.clone());
        read_all(host_class, &Arc::new(machine));
    }
    recorder.accesses()
}

fn covers(source: &Source, access: &Access) -> bool {
    const COMPONENTS: MatchOptions = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };
    match (source, access) {
        (Source::File(pattern), Access::File(path))
        | (Source::Directory(pattern), Access::Directory(path)) => {
            Pattern::new(pattern).unwrap().matches_with(path, COMPONENTS)
        }
        (Source::Bus(name), Access::Bus(called)) => name == called,
        _ => false,
    }
}

#[test]
fn classes_read_what_they_declare_and_nothing_else() {
    let mut wrong = Vec::new();
    for class in host::classes() {
        let accesses = accesses(class);
        for access in &accesses {
            if !class.reads.iter().any(|source| covers(source, access)) {
                wrong.push(format!("{} reads {access:?}, which READS lacks", class.name));
            }
        }
        for source in class.reads {
            if !accesses.iter().any(|access| covers(source, access)) {
                wrong.push(format!("{} does not read {source:?} on any machine", class.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The record itself: listings, files, links and directories that are counted.
#[test]
fn every_kind_of_access_is_recorded() {
    let recorder = Recorder::default();
    let machine = Arc::new(root("server").recorded(recorder.clone()));
    read_all(host::classes().find(|class| class.name == "Win32_Process").unwrap(), &machine);
    let accesses = recorder.accesses();
    for path in ["/proc/1/stat", "/proc/1/exe", "/etc/os-release"] {
        assert!(accesses.contains(&Access::File(path.to_owned())), "{path}: {accesses:?}");
    }
    for path in ["/proc", "/proc/1/fd"] {
        assert!(accesses.contains(&Access::Directory(path.to_owned())), "{path}: {accesses:?}");
    }
}
