//! Hooks in the writes: what they hear of changes, what they refuse, what they do in the transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_FAILED, WBEM_E_NOT_FOUND};
use cim::{Class, Instance, Namespace, Object, Result};
use cimom::WriteHooks;
use openwmi_suite::World;
use openwmi_suite::world::{NAMESPACE, symbol};
use parking_lot::Mutex;
use wbem::{
    Change, ChangeLog, Flags, LogRecord, MemoryLog, PendingPut, WriteHook, WriteTransaction,
};

/// Notes what it hears. Collects changes of classes whose name begins with `Test`, of `Name` with a
/// record in the log, and refuses instances whose key is 99.
#[derive(Default)]
struct Noting {
    lines: Mutex<Vec<String>>,
}

impl Noting {
    fn note(&self, line: String) {
        self.lines.lock().push(line);
    }

    /// What it has noted since it was asked last.
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock())
    }
}

fn is_of_test(class: &Class) -> bool {
    class.name().as_str().starts_with("Test") || class.name().is("__NAMESPACE")
}

fn key(object: &Option<Object>) -> String {
    match object {
        None => "-".to_owned(),
        Some(Object::Class(class)) => format!("{} properties", class.properties().len()),
        Some(Object::Instance(instance)) => {
            let path = instance.relative_path().expect("it has a key");
            let text = instance.get("Text").and_then(|text| text.as_str());
            format!("{path} {}", text.unwrap_or_default())
        }
    }
}

impl WriteHook for Noting {
    fn guards(&self, class: &Class) -> bool {
        class.name().is("Test_Kept")
    }

    fn collects(&self, _: &Namespace, class: &Class) -> bool {
        is_of_test(class)
    }

    fn before_put(&self, _: &mut dyn WriteTransaction, put: PendingPut<'_>) -> Result<()> {
        let id = put.instance.get("Id").and_then(|id| id.as_integer());
        self.note(format!("before put {}", id.expect("its key")));
        match id {
            Some(99) => Err(WBEM_E_FAILED.with("the hook refuses it")),
            _ => Ok(()),
        }
    }

    fn before_delete(
        &self,
        transaction: &mut dyn WriteTransaction,
        namespace: &Namespace,
        instance: &Instance,
    ) -> Result<()> {
        // It sees the classes as the transaction leaves them.
        let class = transaction.class(namespace, instance.class().name())?;
        assert!(class.is_some());
        self.note(format!("before delete {}", instance.relative_path().expect("its key")));
        Ok(())
    }

    fn before_commit(&self, changes: &[Change], log: &mut Vec<LogRecord>) -> Result<()> {
        for change in changes {
            self.note(format!(
                "{:?} {} {}: {} -> {}",
                change.kind,
                change.namespace,
                change.class,
                key(&change.previous),
                key(&change.current)
            ));
            log.push(LogRecord { kind: 1, bytes: change.class.as_str().as_bytes().into() });
        }
        let is_refused = |change: &Change| {
            let current = change.current.as_ref().and_then(Object::as_instance);
            current.and_then(|it| it.get("Text")).and_then(|text| text.as_str()) == Some("refused")
        };
        match changes.iter().any(is_refused) {
            true => Err(WBEM_E_ACCESS_DENIED.with("the hook refuses the transaction")),
            false => Ok(()),
        }
    }

    fn after_commit(&self, changes: &[Change]) {
        self.note(format!("after commit of {}", changes.len()));
    }
}

fn world() -> (World, Arc<Noting>, Arc<MemoryLog>) {
    let (noting, log) = (Arc::new(Noting::default()), Arc::new(MemoryLog::new(100)));
    let world = World::with_hooks(WriteHooks { hooks: vec![noting.clone()], log: log.clone() });
    noting.taken();
    (world, noting, log)
}

const CLASSES: &str = r#"
    class Test_Kept { [key] uint32 Id; string Text; };
    class Other { [key] uint32 Id; string Text; };"#;

#[test]
fn each_kind_of_change_is_collected_with_what_was_and_what_is() {
    let (world, noting, _) = world();
    world.compile(CLASSES);
    assert_eq!(
        noting.taken(),
        [r"ClassCreated root\test Test_Kept: - -> 2 properties", "after commit of 1"]
    );
    world.compile("class Test_Kept { [key] uint32 Id; string Text; uint32 More; };");
    assert_eq!(
        noting.taken(),
        [r"ClassModified root\test Test_Kept: 2 properties -> 3 properties", "after commit of 1"]
    );
    // What no hook collects is no change, and its commit is not announced.
    world.compile("instance of Other { Id = 1; };");
    assert_eq!(noting.taken(), [""; 0]);
    world.compile("instance of Test_Kept { Id = 1; Text = \"a\"; };");
    assert_eq!(
        noting.taken(),
        [
            "before put 1",
            r"InstanceCreated root\test Test_Kept: - -> Test_Kept.Id=1 a",
            "after commit of 1"
        ]
    );
    world.compile("instance of Test_Kept { Id = 1; Text = \"b\"; };");
    assert_eq!(
        noting.taken(),
        [
            "before put 1",
            r"InstanceModified root\test Test_Kept: Test_Kept.Id=1 a -> Test_Kept.Id=1 b",
            "after commit of 1"
        ]
    );
    let (services, context) = (world.services(), world.administrator());
    services.delete_instance("Test_Kept.Id=1", Flags::default(), context).unwrap();
    assert_eq!(
        noting.taken(),
        [
            "before delete Test_Kept.Id=1",
            r"InstanceDeleted root\test Test_Kept: Test_Kept.Id=1 b -> -",
            "after commit of 1"
        ]
    );
    // Instances that go with their class are announced, and no changes of their own.
    world.compile("instance of Test_Kept { Id = 2; };");
    noting.taken();
    services.delete_class("Test_Kept", Flags::default(), context).unwrap();
    assert_eq!(
        noting.taken(),
        [
            "before delete Test_Kept.Id=2",
            r"ClassDeleted root\test Test_Kept: 3 properties -> -",
            "after commit of 1"
        ]
    );
}

#[test]
fn namespaces_are_changes_of_their_own_kinds() {
    let (world, noting, _) = world();
    world.create_namespace(&format!(r"{NAMESPACE}\below"));
    let path = r#"__NAMESPACE.Name="below""#;
    assert_eq!(
        noting.taken(),
        [
            format!(r"NamespaceCreated root\test __NAMESPACE: - -> {path} "),
            "after commit of 1".to_owned()
        ]
    );
    let (services, context) = (world.services(), world.administrator());
    services.delete_instance(path, Flags::default(), context).unwrap();
    assert_eq!(
        noting.taken(),
        [
            format!(r"NamespaceDeleted root\test __NAMESPACE: {path}  -> -"),
            "after commit of 1".to_owned()
        ]
    );
}

#[test]
fn a_transaction_has_all_its_changes_in_their_order_and_a_record_of_each() {
    let (world, noting, log) = world();
    world.compile(&format!(
        "{CLASSES} instance of Test_Kept {{ Id = 1; }}; instance of Test_Kept {{ Id = 2; }};"
    ));
    let noted = noting.taken();
    assert_eq!(noted.last().map(String::as_str), Some("after commit of 3"));
    let records = log.read_after(0, 10).unwrap();
    let numbered: Vec<(u64, &str)> = records
        .iter()
        .map(|(number, record)| (*number, std::str::from_utf8(&record.bytes).unwrap()))
        .collect();
    // The namespaces that the world is made of come first.
    let (names, first) = (["Test_Kept"; 3], numbered.len() - 3);
    assert_eq!(numbered[first..].iter().map(|(_, name)| *name).collect::<Vec<_>>(), names);
    assert!(numbered.iter().map(|(number, _)| *number).eq(1..=numbered.len() as u64));
}

#[test]
fn what_a_hook_refuses_is_not_stored_and_not_logged() {
    let (world, noting, log) = world();
    world.compile(CLASSES);
    let (services, context) = (world.services(), world.administrator());
    let records = || log.read_after(0, 100).unwrap().len();
    let (before, class) = (records(), services.get_object("Test_Kept", Flags::default(), context));
    let class = class.unwrap().class().clone();
    noting.taken();
    for (id, text, refusal) in [(99, "a", "WBEM_E_FAILED"), (1, "refused", "WBEM_E_ACCESS_DENIED")]
    {
        let mut instance = Instance::with_keys(&class, &[cim::Value::UInt32(id)]);
        instance.put("Text", &text.into()).unwrap();
        let put = services.put_instance(&instance, Flags::default(), context);
        assert_eq!(symbol(&put.unwrap_err()), refusal);
        let path = format!("Test_Kept.Id={id}");
        let found = services.get_object(&path, Flags::default(), context);
        assert_eq!(found.unwrap_err().status(), WBEM_E_NOT_FOUND);
    }
    assert!(noting.taken().iter().all(|line| !line.starts_with("after")));
    assert_eq!(records(), before);
}

/// Numbers the transactions of `Test_Kept` in the order of their commits.
#[derive(Default)]
struct Numbering {
    transactions: AtomicU64,
    committed: AtomicU64,
}

impl WriteHook for Numbering {
    fn collects(&self, _: &Namespace, class: &Class) -> bool {
        is_of_test(class)
    }

    fn before_commit(&self, _: &[Change], log: &mut Vec<LogRecord>) -> Result<()> {
        let number = self.transactions.fetch_add(1, Ordering::SeqCst);
        log.push(LogRecord { kind: 1, bytes: number.to_le_bytes().as_slice().into() });
        Ok(())
    }

    fn after_commit(&self, _: &[Change]) {
        self.committed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_log_has_the_order_of_the_commits() {
    let log = Arc::new(MemoryLog::new(1000));
    let hooks = vec![Arc::new(Numbering::default()) as Arc<dyn WriteHook>];
    let world = World::with_hooks(WriteHooks { hooks, log: log.clone() });
    world.compile(CLASSES);
    std::thread::scope(|scope| {
        for writer in 0..4_u32 {
            let world = &world;
            scope.spawn(move || {
                for id in 0..50 {
                    let id = (writer * 50 + id).into();
                    let instance = world.instance("Test_Kept", &[("Id", id)]);
                    let services = world.services();
                    services
                        .put_instance(&instance, Flags::default(), world.administrator())
                        .expect("it puts");
                }
            });
        }
    });
    let numbers: Vec<u64> = log
        .read_after(0, 1000)
        .unwrap()
        .iter()
        .map(|(_, record)| u64::from_le_bytes(record.bytes[..].try_into().unwrap()))
        .collect();
    assert!(numbers.len() > 200, "{} records", numbers.len());
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// A log that takes nothing.
struct FullLog;

impl ChangeLog for FullLog {
    fn append(&self, _: &[LogRecord]) -> Result<u64> {
        Err(WBEM_E_FAILED.with("the log is full"))
    }

    fn read_after(&self, _: u64, _: usize) -> Result<Vec<(u64, LogRecord)>> {
        Ok(Vec::new())
    }

    fn wait_after(&self, _: u64, _: Option<Instant>) -> Result<bool> {
        Ok(false)
    }
}

/// What is committed is not reported as failed, and the hooks are notified.
#[test]
fn a_log_that_takes_nothing_fails_no_write() {
    let hook = Arc::new(Numbering::default());
    let hooks = vec![hook.clone() as Arc<dyn WriteHook>];
    let world = World::with_hooks(WriteHooks { hooks, log: Arc::new(FullLog) });
    world.compile(CLASSES);
    let before = hook.committed.load(Ordering::SeqCst);
    world.compile("instance of Test_Kept { Id = 1; };");
    world.object("Test_Kept.Id=1").unwrap();
    assert_eq!(hook.committed.load(Ordering::SeqCst), before + 1);
}
