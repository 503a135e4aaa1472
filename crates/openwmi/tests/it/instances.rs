//! A provider of a few functions: what the object manager asks of it, and what it promises.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use openwmi::cim::status::*;
use openwmi::cim::{Class, Instance, Result, Value, WbemStatus};
use openwmi::provider::{self, CimClass, Instances, Wants, adapt};
use openwmi::wbem::{
    self, CallContext, EnumerationRequest, Flags, NativeProviders, PartialPut, ProviderContext,
    Wanted,
};
use openwmi::{WMIConnection, Wmi};

#[derive(CimClass, Clone, PartialEq, Debug)]
#[cim(name = "Demo_Item", namespace = r"root\demo", provider = "Demo")]
struct Item {
    #[cim(key)]
    shelf: String,
    #[cim(key)]
    number: u32,
    size: Option<u64>,
    label: String,
}

/// Items in memory; keeps a log of what it is asked.
#[derive(Clone, Default)]
struct Items {
    items: Arc<Mutex<Vec<Item>>>,
    log: Arc<Mutex<Vec<String>>>,
    /// Whether it looks items up by their keys.
    finds: bool,
}

impl Items {
    fn new(finds: bool) -> Self {
        let item = |shelf: &str, number| Item {
            shelf: shelf.into(),
            number,
            size: Some(u64::MAX - u64::from(number)),
            label: "x".into(),
        };
        let items = [item("A", 1), item("A", 2), item("b", 1)].into();
        Items { items: Arc::new(Mutex::new(items)), log: Arc::default(), finds }
    }

    fn note(&self, what: String) {
        self.log.lock().unwrap().push(what);
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn asked_for(wants: &Wants<'_>) -> String {
    let names = ["Shelf", "Number", "Size", "Label"].into_iter();
    names.filter(|name| wants.contains(name)).collect::<Vec<_>>().join(",")
}

fn is(item: &Item, (shelf, number): &(String, u32)) -> bool {
    item.shelf.eq_ignore_ascii_case(shelf) && item.number == *number
}

impl Instances for Items {
    type Class = Item;
    const CLSID: &'static str = "{1D0B6A55-1B35-4A8A-8F0B-3C0D0A6B7E01}";
    const SUPPORTS_PUT: bool = true;

    fn all(
        &self,
        wants: &Wants<'_>,
        _: &ProviderContext,
    ) -> Result<impl Iterator<Item = Result<Item>>> {
        self.note(format!("all {}", asked_for(wants)));
        let items = self.items.lock().unwrap().clone();
        Ok(items.into_iter().map(|item| {
            self.note(format!("tell {} {}", item.shelf, item.number));
            Ok(item)
        }))
    }

    fn get(
        &self,
        key: &(String, u32),
        wants: &Wants<'_>,
        _: &ProviderContext,
    ) -> Result<Option<Item>> {
        if !self.finds {
            return Err(WBEM_E_PROVIDER_NOT_CAPABLE.into());
        }
        self.note(format!("get {} {}: {}", key.0, key.1, asked_for(wants)));
        Ok(self.items.lock().unwrap().iter().find(|item| is(item, key)).cloned())
    }

    fn put(&self, object: Item, _: Flags, _: &ProviderContext) -> Result<()> {
        let key = (object.shelf.clone(), object.number);
        self.note(format!("put {} {}", key.0, key.1));
        let mut items = self.items.lock().unwrap();
        items.retain(|item| !is(item, &key));
        items.push(object);
        Ok(())
    }
}

/// A WMI with `items` in `root\demo`.
fn machine(items: &Items) -> Wmi {
    let mut providers = NativeProviders::default();
    let items = items.clone();
    provider::register(&mut providers, move |_| Ok(items.clone()));
    let wmi = Wmi::in_memory(providers).unwrap();
    provider::install::<Items>(&wmi).unwrap();
    wmi
}

fn demo(items: &Items) -> WMIConnection {
    machine(items).connection(r"root\demo").unwrap()
}

/// How many objects `query` gives.
fn count(demo: &WMIConnection, query: &str) -> usize {
    demo.exec_query(query).unwrap().inspect(|object| assert!(object.is_ok())).count()
}

#[test]
fn a_key_asks_for_one_instance_and_a_part_of_a_key_for_all() {
    let items = Items::new(true);
    let demo = demo(&items);
    assert_eq!(count(&demo, "SELECT Size FROM Demo_Item WHERE Shelf = 'a' AND Number = 2"), 1);
    assert_eq!(items.log(), ["get a 2: Shelf,Number,Size"]);
    assert_eq!(count(&demo, "SELECT Size FROM Demo_Item WHERE Shelf = 'a'"), 2);
    assert_eq!(items.log(), ["all Shelf,Number,Size", "tell A 1", "tell A 2", "tell b 1"]);
    assert_eq!(count(&demo, "SELECT * FROM Demo_Item WHERE Number > 1"), 1);
    assert_eq!(items.log()[0], "all Shelf,Number,Size,Label");
}

/// Rule: G.10, behaviour: AND holds where all its terms hold.
#[test]
fn g10_no_equality_of_a_key_is_dropped() {
    let demo = demo(&Items::new(true));
    for condition in [
        "Shelf = 'a' AND Shelf = 'b'",
        "Shelf = 'b' AND Shelf = 'a'",
        "Shelf = 'a' AND Number = 2 AND Number = 1",
        "Shelf = 'a' AND Number = 2 AND Shelf = 'b'",
    ] {
        assert_eq!(count(&demo, &format!("SELECT * FROM Demo_Item WHERE {condition}")), 0);
    }
    assert_eq!(count(&demo, "SELECT * FROM Demo_Item WHERE Shelf = 'a' AND Shelf = 'A'"), 2);
}

#[test]
fn without_a_get_the_key_is_looked_for_among_all() {
    let items = Items::new(false);
    let demo = demo(&items);
    let path = "Demo_Item.Shelf=\"B\",Number=1";
    let found = demo.get_object(path).unwrap();
    assert_eq!(found.get("Size").unwrap(), Value::UInt64(u64::MAX - 1));
    assert_eq!(items.log(), ["all Shelf,Number,Size,Label", "tell A 1", "tell A 2", "tell b 1"]);
    let error = demo.get_object("Demo_Item.Shelf=\"C\",Number=1").unwrap_err();
    assert_eq!(error.status(), WBEM_E_NOT_FOUND);
}

#[test]
fn only_what_is_wanted_is_told() {
    let items = Items::new(true);
    let class = class();
    let wanted = Wanted::Slots(Arc::from([2]));
    let found = adapt(items).get(&class, &keys("A", 1), &wanted, &context()).unwrap();
    assert_eq!(found.get("Shelf"), Some(&Value::string("A")));
    assert_eq!(
        (found.get("Size").unwrap().is_null(), found.get("Label")),
        (false, Some(&Value::Null))
    );
}

/// A hundred thousand items, and a count of those that were taken.
struct Many(Arc<Mutex<u32>>);

impl Instances for Many {
    type Class = Item;
    const CLSID: &'static str = "{1D0B6A55-1B35-4A8A-8F0B-3C0D0A6B7E02}";

    fn all(
        &self,
        _: &Wants<'_>,
        _: &ProviderContext,
    ) -> Result<impl Iterator<Item = Result<Item>>> {
        Ok((0..100_000).map(|number| {
            *self.0.lock().unwrap() += 1;
            match number {
                5_000 => Err(WBEM_E_FAILED.with("the shelf broke")),
                _ => Ok(Item { shelf: "A".into(), number, size: None, label: String::new() }),
            }
        }))
    }
}

#[test]
fn a_client_that_stops_stops_the_provider() {
    let taken = Arc::new(Mutex::new(0));
    let mut batches = 0;
    let (outcome, _) = enumerate(Many(taken.clone()), move |_| {
        batches += 1;
        if batches == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((outcome, *taken.lock().unwrap()), (Ok(WBEM_S_NO_ERROR), 128));
}

#[test]
fn what_came_before_an_error_is_delivered() {
    let (outcome, delivered) = enumerate(Many(Arc::default()), |_| ControlFlow::Continue(()));
    assert_eq!((outcome, delivered), (Err(WBEM_E_FAILED), 5_000));
}

/// How an enumeration ends, and how many instances came.
fn enumerate(
    provider: impl Instances,
    mut take: impl FnMut(usize) -> ControlFlow<()> + Send + 'static,
) -> (std::result::Result<WbemStatus, WbemStatus>, usize) {
    let class = class();
    let delivered = Arc::new(Mutex::new(0));
    let counted = delivered.clone();
    let operation = |sink| {
        let request = EnumerationRequest { class: &class, wanted: &Wanted::All, predicates: &[] };
        adapt(provider).enumerate(&request, &context(), sink);
        Ok(())
    };
    let outcome = wbem::for_each(operation, move |batch| {
        *counted.lock().unwrap() += batch.len();
        take(batch.len())
    });
    let delivered = *delivered.lock().unwrap();
    (outcome.map_err(|e| e.status()), delivered)
}

#[test]
fn puts_are_held_to_their_mode() {
    let items = Items::new(true);
    let class = class();
    let provider = adapt(items.clone());
    let new = Item { shelf: "c".into(), number: 1, size: None, label: "new".into() };
    let put = |item: &Item, flags| {
        let instance = item.to_instance(&class).unwrap();
        provider
            .put(&instance, flags, &context())
            .map(|made| assert_eq!(made, None))
            .map_err(|e| e.status())
    };
    assert_eq!(put(&new, Flags::UPDATE_ONLY), Err(WBEM_E_NOT_FOUND));
    assert_eq!(put(&new, Flags::CREATE_ONLY), Ok(()));
    assert_eq!(put(&new, Flags::CREATE_ONLY), Err(WBEM_E_ALREADY_EXISTS));
    assert_eq!(put(&new, Flags::UPDATE_ONLY), Ok(()));
    assert_eq!(put(&new, Flags::default()), Ok(()));
    let puts = items.log().iter().filter(|line| line.starts_with("put")).count();
    assert_eq!(puts, 3);

    let mut instance = new.to_instance(&class).unwrap();
    instance.set(class.slot("Label").unwrap(), Value::Null);
    let error = provider.put(&instance, Flags::default(), &context()).unwrap_err();
    assert_eq!(error.status(), WBEM_E_ILLEGAL_NULL);
    assert!(error.message().contains("Demo_Item.label"), "{error}");
}

#[test]
fn b5_a_partial_put_changes_what_it_names() {
    let items = Items::new(true);
    let class = class();
    let provider = adapt(items.clone());
    let slot = |name| class.slot(name).unwrap();
    let mut change = Instance::with_keys(&class, &keys("a", 1));
    change.set(slot("Label"), Value::string("y"));
    let put = |slots: &[usize], strict_nulls| {
        let partial = PartialPut { slots: slots.into(), strict_nulls, atomic: true };
        let done = provider.put_partial(&change, &partial, Flags::UPDATE_ONLY, &context());
        let items = items.items.lock().unwrap();
        let item = items.iter().find(|item| is(item, &("A".into(), 1))).unwrap();
        (done.map(drop).map_err(|e| e.status()), item.shelf.clone(), item.size, item.label.clone())
    };
    let size = Some(u64::MAX - 1);
    // NULL says nothing, unless it is said that it does.
    let (both, a) = ([slot("Size"), slot("Label")], || "A".to_owned());
    assert_eq!(put(&[slot("Size")], false), (Ok(()), a(), size, "x".into()));
    assert_eq!(put(&both, false), (Ok(()), a(), size, "y".into()));
    assert_eq!(put(&both, true), (Ok(()), a(), None, "y".into()));

    let nobody = Instance::with_keys(&class, &keys("z", 1));
    let partial = PartialPut { slots: both.into(), strict_nulls: false, atomic: false };
    let error = provider.put_partial(&nobody, &partial, Flags::UPDATE_ONLY, &context());
    assert_eq!(error.unwrap_err().status(), WBEM_E_NOT_FOUND);
}

#[test]
fn what_is_not_written_is_not_registered() {
    let items = Items::new(true);
    let demo = demo(&items);
    let registrations = demo.exec_query("SELECT * FROM __InstanceProviderRegistration").unwrap();
    let found: Vec<_> = registrations.map(|object| object.unwrap()).collect();
    let says = |flag| found[0].get(flag).unwrap();
    for (flag, said) in [
        ("SupportsGet", true),
        ("SupportsEnumeration", true),
        ("SupportsPut", true),
        ("SupportsDelete", false),
    ] {
        assert_eq!(says(flag), Value::Boolean(said), "{flag}");
    }
    let error = demo.delete_instance("Demo_Item.Shelf=\"A\",Number=1").unwrap_err();
    assert_eq!(error.status(), WBEM_E_PROVIDER_NOT_CAPABLE);
}

#[test]
fn another_class_than_its_own_is_not_provided() {
    let items = Items::new(true);
    let wmi = machine(&items);
    let below = "[Dynamic, Provider(\"Demo\")] class Demo_Below : Demo_Item {};";
    wmi.compile(r"root\demo", below).unwrap();
    let demo = wmi.connection(r"root\demo").unwrap();
    let error = demo.get_object("Demo_Below.Shelf=\"A\",Number=1").unwrap_err();
    assert_eq!(error.status(), WBEM_E_PROVIDER_NOT_CAPABLE);
    assert!(error.message().contains("supports Demo_Item only"), "{error}");
}

#[test]
fn a_provider_is_loaded_by_its_first_call_until_it_is_unloaded() {
    let wmi = machine(&Items::new(true));
    assert!(wmi.has_provider_code(&Items::CLSID.to_lowercase()));
    assert!(!wmi.has_provider_code(Many::CLSID));
    assert_eq!(wmi.loaded_providers(), []);
    let ask = || count(&wmi.connection(r"root\demo").unwrap(), "SELECT * FROM Demo_Item");
    assert_eq!(ask(), 3);
    let loaded = wmi.loaded_providers();
    assert_eq!((loaded.len(), loaded[0].name.as_str(), loaded[0].in_flight), (1, "Demo", 0));
    assert_eq!(wmi.unload_provider(r"root\demo", "demo"), Ok(1));
    assert_eq!(wmi.unload_provider(r"root\demo", "Demo"), Ok(0));
    assert_eq!((ask(), wmi.loaded_providers().len()), (3, 1));
}

#[test]
fn whether_a_provider_can_be_used_is_told() {
    let wmi = machine(&Items::new(true));
    assert_eq!(wmi.check_provider(r"root\demo", "demo"), Ok(()));
    assert_eq!(wmi.loaded_providers().len(), 1);
    let broken = r#"
        instance of __Win32Provider { Name = "Coded"; CLSID = "{0}"; };
        instance of __Win32Provider { Name = "Hosted"; CLSID = "{0}"; HostingModel = "None"; };
        instance of __Win32Provider as $P { Name = "Classes"; CLSID = "{0}"; };
        instance of __ClassProviderRegistration { Provider = $P; SupportsEnumeration = FALSE; };
    "#;
    wmi.compile(r"root\demo", &broken.replace("{0}", Many::CLSID)).unwrap();
    for (name, status) in [
        ("Coded", WBEM_E_PROVIDER_LOAD_FAILURE),
        ("Hosted", WBEM_E_INVALID_PROVIDER_REGISTRATION),
        ("Classes", WBEM_E_INVALID_PROVIDER_REGISTRATION),
        ("Absent", WBEM_E_PROVIDER_NOT_FOUND),
    ] {
        let error = wmi.check_provider(r"root\demo", name).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
    }
    let error = wmi.check_provider(r"root\none", "Demo").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_NAMESPACE, "{error}");
}

fn class() -> Arc<Class> {
    Class::derive(Arc::new(Item::declaration()), None, None).unwrap()
}

/// Keys in the order of `Class::keys`.
fn keys(shelf: &str, number: u32) -> [Value; 2] {
    [Value::UInt32(number), Value::string(shelf)]
}

fn context() -> ProviderContext {
    let identity = Wmi::in_memory(NativeProviders::default()).unwrap().context();
    ProviderContext::without_wmi(&CallContext::local(identity.caller().clone()))
}
