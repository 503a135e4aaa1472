//! What every provider owes the core: projection, keys, predicates, sinks, registration.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::{WBEM_E_FAILED, WBEM_E_NOT_FOUND};
use cim::{Object, Value};
use host::Root;
use parking_lot::Mutex;
use wbem::{COMPLETE, EnumerationRequest, NativeProviders, Pushdown, Wanted, collect, for_each};
use wql::{Comparison, Predicate};

use crate::captured::{
    class, context, host_class, instance, instances, machine, provider, spelled,
};

#[test]
fn every_class_is_registered_under_its_clsid() {
    let mut providers = NativeProviders::default();
    host::register(&mut providers, &machine("server"));
    for class in host::classes() {
        assert!(providers.get(class.clsid).is_some(), "{}", class.name);
    }
}

#[test]
fn an_instance_has_the_wanted_properties_and_the_keys() {
    let class = class("Win32_Process");
    let name = class.slot("Name").unwrap();
    let handle = class.slot("Handle").unwrap();
    for process in instances(&class, "server", &Wanted::Slots(Arc::new([name]))) {
        for (slot, value) in process.values().iter().enumerate() {
            assert_eq!(value.is_null(), slot != name && slot != handle, "{slot}: {value:?}");
        }
    }
}

#[test]
fn instances_are_found_by_their_keys() {
    for (class_name, key, property, value) in [
        ("Win32_Process", "977", "Name", "nginx"),
        ("Win32_LogicalDisk", "/mnt/My Disk", "FileSystem", "vfat"),
        ("Win32_LogicalDisk", "/HOME", "FileSystem", "btrfs"),
        ("Win32_ComputerSystem", "KESTREL", "Status", "OK"),
        ("Win32_Processor", "cpu1", "NumberOfCores", "1"),
        ("Win32_DiskDrive", "/dev/SDC", "Index", "2"),
        ("Win32_DiskPartition", "/dev/SDC1", "DiskIndex", "2"),
    ] {
        let class = class(class_name);
        let keys = [Value::string(key)];
        let found = provider(class_name, "server").get(&class, &keys, &Wanted::All, &context());
        assert_eq!(spelled(found.unwrap().get(property).unwrap()), value, "{class_name} {key}");
    }
    let system = class("Win32_OperatingSystem");
    let only =
        provider("Win32_OperatingSystem", "server").get(&system, &[], &Wanted::All, &context());
    assert_eq!(spelled(only.unwrap().get("CSName").unwrap()), "kestrel");
}

#[test]
fn both_keys_of_an_account_count() {
    for (class_name, domain, name, sid) in [
        ("Win32_UserAccount", "KESTREL", "Ann", Some("S-1-22-1-1000")),
        ("Win32_Group", "kestrel", "ann-TOO", Some("S-1-22-2-1000")),
        ("Win32_UserAccount", "falcon", "ann", None),
        ("Win32_UserAccount", "kestrel", "sudo", None),
        ("Win32_Group", "", "ann", None),
    ] {
        let class = class(class_name);
        let keys = [Value::string(domain), Value::string(name)];
        let found = provider(class_name, "server").get(&class, &keys, &Wanted::All, &context());
        let found = found.map(|account| spelled(account.get("SID").unwrap()));
        match sid {
            Some(sid) => assert_eq!(found.unwrap(), sid, "{domain} {name}"),
            None => assert_eq!(found.unwrap_err().status(), WBEM_E_NOT_FOUND, "{domain} {name}"),
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    for (class_name, key) in [
        ("Win32_Process", "0977"),
        ("Win32_Process", "+977"),
        ("Win32_Process", "999999"),
        // Its directory vanishes.
        ("Win32_Process", "5555"),
        ("Win32_Process", "self"),
        ("Win32_Process", "../proc/1"),
        ("Win32_Process", ""),
        ("Win32_LogicalDisk", "/mnt/hidden"),
        ("Win32_LogicalDisk", "/proc"),
        ("Win32_ComputerSystem", "falcon"),
        ("Win32_Processor", "CPU2"),
        ("Win32_DiskDrive", "/dev/sda1"),
        ("Win32_DiskDrive", "/dev/zram0"),
        ("Win32_DiskDrive", "sda"),
        ("Win32_DiskPartition", "/dev/sda"),
        ("Win32_DiskPartition", "/dev/sda3"),
    ] {
        let keys = [Value::string(key)];
        let found =
            provider(class_name, "server").get(&class(class_name), &keys, &Wanted::All, &context());
        assert_eq!(found.unwrap_err().status(), WBEM_E_NOT_FOUND, "{class_name} {key}");
    }
}

/// A machine of `count` processes of which nothing is known but that they are.
fn crowd(count: u32) -> (tempfile::TempDir, Arc<Root>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("answers"), "page_size 4096\nticks_per_second 100\n").unwrap();
    for id in 1..=count {
        std::fs::create_dir_all(dir.path().join("proc").join(id.to_string())).unwrap();
    }
    let root = Root::captured(dir.path()).unwrap();
    (dir, Arc::new(root))
}

/// The sizes of the batches that arrive, where the sink breaks off after `batches`.
fn batches(batches: usize) -> Vec<usize> {
    let (_dir, root) = crowd(200);
    let provider = host_class("Win32_Process").provider(root);
    let class = class("Win32_Process");
    let wanted = Wanted::Slots(Arc::new([]));
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let arrived = sizes.clone();
    let run = |sink| {
        let request = EnumerationRequest { class: &class, wanted: &wanted, predicates: &[] };
        provider.enumerate(&request, &context(), sink);
        Ok(())
    };
    let take = move |batch: Vec<Object>| {
        let mut arrived = arrived.lock();
        arrived.push(batch.len());
        if arrived.len() < batches { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    assert_eq!(for_each(run, take), COMPLETE);
    sizes.lock().clone()
}

#[test]
fn instances_come_in_batches_until_nobody_wants_more() {
    assert_eq!(batches(usize::MAX), [64, 64, 64, 8]);
    assert_eq!(batches(2), [64, 64]);
}

#[test]
fn the_live_machine_has_this_process_and_its_threads_are_none() {
    let provider = host_class("Win32_Process").provider(Arc::new(Root::live().unwrap()));
    let class = class("Win32_Process");
    let get =
        |handle: String| provider.get(&class, &[Value::string(handle)], &Wanted::All, &context());
    let own = get(std::process::id().to_string()).unwrap();
    let text = |name| spelled(own.get(name).unwrap());
    assert_eq!(text("ParentProcessId"), std::os::unix::process::parent_id().to_string());
    assert_eq!(text("ExecutablePath"), std::env::current_exe().unwrap().to_str().unwrap());
    for counted in ["HandleCount", "ThreadCount", "WorkingSetSize", "ReadOperationCount"] {
        assert!(text(counted).parse::<u64>().unwrap() > 0, "{counted}");
    }
    let thread = std::thread::scope(|scope| {
        let look = || {
            // Leads to `<pid>/task/<id>`.
            let link = std::fs::read_link("/proc/thread-self").unwrap();
            let id = link.file_name().unwrap().to_str().unwrap();
            assert_ne!(id, std::process::id().to_string());
            get(id.to_owned())
        };
        scope.spawn(look).join().unwrap()
    });
    assert_eq!(thread.unwrap_err().status(), WBEM_E_NOT_FOUND);
}

/// The values of `property` in the instances that an enumeration with predicates delivers.
fn chosen(class_name: &str, property: &str, wanted: &[(&str, &str)]) -> Vec<String> {
    let class = class(class_name);
    let provider = provider(class_name, "server");
    let predicate = |&(property, value): &(&str, &str)| Predicate {
        slot: class.slot(property).unwrap(),
        comparison: Comparison::Equal,
        value: value.into(),
    };
    let predicates: Vec<Predicate> = wanted.iter().map(predicate).collect();
    assert!(predicates.iter().all(|p| provider.pushdown(&class, p) == Pushdown::Exact));
    let request =
        EnumerationRequest { class: &class, wanted: &Wanted::All, predicates: &predicates };
    let objects = collect(|sink| {
        provider.enumerate(&request, &context(), sink);
        Ok(())
    });
    objects.unwrap().into_iter().map(|one| spelled(instance(one).get(property).unwrap())).collect()
}

#[test]
fn a_key_that_is_said_to_be_exact_is() {
    let handles = |values: &[&str]| {
        let wanted: Vec<(&str, &str)> = values.iter().map(|&value| ("Handle", value)).collect();
        chosen("Win32_Process", "Handle", &wanted)
    };
    assert_eq!(handles(&["977"]), ["977"]);
    assert_eq!(handles(&["977", "977"]), ["977"]);
    assert_eq!(handles(&["977", "1"]), [""; 0]);
    assert_eq!(handles(&["0977"]), [""; 0]);
    assert_eq!(chosen("Win32_DiskDrive", "Index", &[("DeviceID", "/DEV/SDB")]), ["1"]);
    assert_eq!(chosen("Win32_DiskDrive", "Index", &[("DeviceID", "/dev/sdb1")]), [""; 0]);
    assert_eq!(chosen("Win32_DiskPartition", "Index", &[("DeviceID", "/dev/sda2")]), ["2"]);
    assert_eq!(chosen("Win32_DiskPartition", "Index", &[("DeviceID", "/dev/sd")]), [""; 0]);
    assert_eq!(chosen("Win32_Processor", "ThreadCount", &[("DeviceID", "cpu0")]), ["4"]);
}

#[test]
fn a_part_of_a_key_that_is_said_to_be_exact_is() {
    let groups = |wanted: &[(&str, &str)]| chosen("Win32_Group", "SID", wanted);
    assert_eq!(groups(&[("Name", "USERS")]), ["S-1-22-2-100"]);
    assert_eq!(groups(&[("Name", "users"), ("Domain", "Kestrel")]), ["S-1-22-2-100"]);
    assert_eq!(groups(&[("Domain", "kestrel")]).len(), 7);
    assert_eq!(groups(&[("Domain", "falcon")]), [""; 0]);
    assert_eq!(groups(&[("Domain", "falcon"), ("Name", "users")]), [""; 0]);
    let users = |wanted: &[(&str, &str)]| chosen("Win32_UserAccount", "Name", wanted);
    assert_eq!(users(&[("Name", "guest")]), ["guest"]);
    assert_eq!(users(&[("Name", "guest"), ("Name", "ann")]), [""; 0]);
    assert_eq!(users(&[("Domain", "kestrel")]).len(), 5);
}

#[test]
fn what_cannot_be_listed_is_an_error() {
    let (_dir, root) = crowd(0);
    for name in [
        "Win32_Process",
        "Win32_LogicalDisk",
        "Win32_Processor",
        "Win32_DiskDrive",
        "Win32_DiskPartition",
        "Win32_UserAccount",
        "Win32_Group",
        "Win32_GroupUser",
        "Win32_DiskDriveToDiskPartition",
        "Win32_LogicalDiskToPartition",
    ] {
        let class = class(name);
        let provider = host_class(name).provider(root.clone());
        let request = EnumerationRequest { class: &class, wanted: &Wanted::All, predicates: &[] };
        let run = |sink| {
            provider.enumerate(&request, &context(), sink);
            Ok(())
        };
        assert_eq!(collect(run).unwrap_err().status(), WBEM_E_FAILED, "{name}");
    }
}

#[test]
fn other_predicates_are_left_to_the_core() {
    for (class_name, property, comparison) in [
        ("Win32_Process", "Handle", Comparison::NotEqual),
        ("Win32_Process", "Handle", Comparison::Like),
        ("Win32_Process", "ProcessId", Comparison::Equal),
        ("Win32_LogicalDisk", "DeviceID", Comparison::Equal),
        ("Win32_UserAccount", "SID", Comparison::Equal),
        ("Win32_GroupUser", "GroupComponent", Comparison::NotEqual),
    ] {
        let class = class(class_name);
        let slot = class.slot(property).unwrap();
        let predicate = Predicate { slot, comparison, value: Value::string("1") };
        let said = provider(class_name, "server").pushdown(&class, &predicate);
        assert_eq!(said, Pushdown::Unsupported, "{class_name}.{property} {comparison:?}");
    }
}
