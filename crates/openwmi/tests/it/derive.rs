//! A struct as a class: every type, the MOF and what it compiles to, instances to structs and back.

use std::sync::Arc;

use openwmi::Wmi;
use openwmi::cim::status::{
    WBEM_E_ILLEGAL_NULL, WBEM_E_INVALID_CLASS, WBEM_E_INVALID_OBJECT_PATH, WBEM_E_NO_KEY,
    WBEM_E_TYPE_MISMATCH,
};
use openwmi::cim::{
    Class, ClassDeclaration, DateTime, Flavor, Instance, Name, ObjectPath, Qualifier, Value,
};
use openwmi::provider::{Char16, CimClass, Ref};
use openwmi::wbem::Flags;

#[derive(CimClass, Clone, PartialEq, Debug)]
#[cim(name = "Demo_Part", namespace = r"root\demo")]
struct Part {
    label: Option<String>,
    parts: Vec<Part>,
}

#[derive(CimClass, Clone, PartialEq, Debug)]
#[cim(
    name = "Demo_Everything",
    namespace = r"root\demo",
    description = "One of \"each\" type.\nOn two lines.",
    qualifiers(Locale = 1033, Ratio = -1.5, Exported = true, Values = ["a", "b"], Odd = [1, -3])
)]
struct Everything {
    #[cim(key, rename = "Id", description = "What it is called.")]
    id: String,
    #[cim(key)]
    number: u64,
    boolean: bool,
    sint8: i8,
    sint16: i16,
    sint32: i32,
    #[cim(qualifiers(Units = "bytes"))]
    sint64: i64,
    uint8: u8,
    uint16: u16,
    uint32: u32,
    real32: f32,
    real64: f64,
    char16: Char16,
    datetime: DateTime,
    strong: Ref<Everything>,
    weak: Option<ObjectPath>,
    part: Part,
    anything: Option<Instance>,
    texts: Vec<String>,
    numbers: Option<Vec<u64>>,
    parts: Vec<Part>,
    r#type: Option<u8>,
}

fn everything() -> Everything {
    let part = |label: &str, parts| Part { label: Some(label.into()), parts };
    Everything {
        id: "a".into(),
        number: u64::MAX,
        boolean: true,
        sint8: i8::MIN,
        sint16: i16::MIN,
        sint32: i32::MIN,
        sint64: i64::MIN,
        uint8: u8::MAX,
        uint16: u16::MAX,
        uint32: u32::MAX,
        real32: 1.5,
        real64: -0.1,
        char16: Char16(0xd800),
        datetime: "20261120093000.000000+060".parse().unwrap(),
        strong: Ref::new("Demo_Everything.Id=\"b\",number=1"),
        weak: Some("Demo_Other.Id=1".parse().unwrap()),
        part: part("outer", vec![part("inner", Vec::new())]),
        anything: None,
        texts: vec!["x".into(), String::new()],
        numbers: None,
        parts: Vec::new(),
        r#type: None,
    }
}

/// The class `name` after the MOF of `T` was compiled, as the namespace has it.
fn compiled<T: CimClass>(wmi: &Wmi, name: &str) -> Arc<Class> {
    wmi.compile(T::NAMESPACE, &T::mof()).unwrap();
    let services = wmi.connect(T::NAMESPACE).unwrap();
    let found = services.get_object(name, Flags::default(), &wmi.context()).unwrap();
    found.as_class().unwrap().clone()
}

fn in_memory() -> Wmi {
    Wmi::in_memory(Default::default()).unwrap()
}

#[test]
fn the_mof_compiles_to_the_declaration() {
    let wmi = in_memory();
    for (name, expected) in
        [("Demo_Everything", Everything::declaration()), ("Demo_Part", Part::declaration())]
    {
        let class = compiled::<Everything>(&wmi, name);
        assert_eq!(class.declaration().name.as_str(), expected.name.as_str());
        assert_eq!(**class.declaration(), expected);
    }
}

#[test]
fn the_mof_is_what_one_would_write() {
    #[derive(CimClass)]
    #[cim(name = "Demo_File", provider = "Demo|Files|1", description = "A file.")]
    struct File {
        #[cim(key, rename = "Path")]
        path: String,
        #[cim(rename = "Sizes")]
        sizes: Vec<u64>,
    }
    assert_eq!((File::NAMESPACE, File::PROVIDER), (r"root\cimv2", Some("Demo|Files|1")));
    assert_eq!(
        File::mof(),
        "\n[Description(\"A file.\"): ToSubClass, Dynamic, Provider(\"Demo|Files|1\")]\n\
         class Demo_File\n{\n\t[Key] string Path;\n\tuint64 Sizes[];\n};\n"
    );
    let file = File { path: String::new(), sizes: Vec::new() };
    assert!(file.path.is_empty() && file.sizes.is_empty());
}

#[test]
fn structs_and_instances_lead_to_each_other() {
    let wmi = in_memory();
    let class = compiled::<Everything>(&wmi, "Demo_Everything");
    let mut object = everything();
    let any = Instance::new(Part::detached().unwrap());
    object.anything = Some(any);
    let instance = object.to_instance(&class).unwrap();
    assert_eq!(instance.get("NUMBER"), Some(&Value::UInt64(u64::MAX)));
    assert_eq!(instance.get("numbers"), Some(&Value::Null));
    assert_eq!(instance.get("parts"), Some(&Value::array([])));
    assert_eq!(Everything::from_instance(&instance).unwrap(), object);

    // What was put comes back, also what is embedded.
    let demo = wmi.connection(r"root\demo").unwrap();
    object.anything = None;
    let path = demo.put_instance(&object.to_instance(&class).unwrap()).unwrap();
    let stored = demo.get_object(path.to_string()).unwrap();
    assert_eq!(Everything::from_instance(stored.as_instance().unwrap()).unwrap(), object);
    assert_eq!(path.to_string(), object.path().unwrap().to_string());
    assert_eq!(Ref::to(&object).unwrap().path(), path.to_string());
}

#[test]
fn what_does_not_fit_says_which_property() {
    let class = Class::derive(Arc::new(Everything::declaration()), None, None).unwrap();
    let instance = everything().to_instance(&class).unwrap();
    for (property, value, status) in [
        ("sint8", Value::Null, WBEM_E_ILLEGAL_NULL),
        ("texts", Value::Null, WBEM_E_ILLEGAL_NULL),
        ("weak", Value::Reference("C.=".into()), WBEM_E_INVALID_OBJECT_PATH),
    ] {
        let mut instance = instance.clone();
        instance.set(class.slot(property).unwrap(), value);
        let error = Everything::from_instance(&instance).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert!(error.message().contains(&format!("Demo_Everything.{property}")), "{error}");
    }

    #[derive(CimClass, Debug)]
    #[cim(name = "Demo_Other")]
    struct Other {
        label: String,
    }
    #[derive(CimClass, Debug)]
    struct Holder {
        part: Option<Other>,
    }
    // Declared by another author, and holding an object of another class.
    let weak = ClassDeclaration { name: "Holder".into(), ..Holder::declaration() };
    let weak = Class::derive(Arc::new(weak), None, None).unwrap();
    let mut holder = Instance::new(weak.clone());
    assert!(Holder::from_instance(&holder).unwrap().part.is_none());
    let part = Part { label: None, parts: Vec::new() };
    let part = part.to_instance(&Part::detached().unwrap()).unwrap();
    holder.set(0, Value::Object(Arc::new(part.into())));
    let error = Holder::from_instance(&holder).unwrap_err();
    assert_eq!(error.status(), WBEM_E_TYPE_MISMATCH, "{error}");
    let other = Other { label: "x".into() };
    assert_eq!(other.to_instance(&weak).unwrap_err().status(), WBEM_E_INVALID_CLASS);
    assert_eq!(Holder { part: Some(other) }.path().unwrap_err().status(), WBEM_E_NO_KEY);
}

#[test]
fn an_inherited_property_is_not_declared_again() {
    #[derive(CimClass, PartialEq, Debug)]
    #[cim(name = "Demo_Below", superclass = "Demo_Above", namespace = r"root\demo")]
    struct Below {
        #[cim(inherited, key)]
        id: u32,
        size: u64,
    }
    let declaration = Below::declaration();
    assert_eq!(declaration.superclass, Some(Name::from("Demo_Above")));
    assert_eq!(declaration.properties.len(), 1);

    let wmi = in_memory();
    let above = "class Demo_Above { [key] uint32 Id; string Caption = \"none\"; };";
    wmi.compile(r"root\demo", above).unwrap();
    let class = compiled::<Below>(&wmi, "Demo_Below");
    let object = Below { id: 7, size: 1 };
    let instance = object.to_instance(&class).unwrap();
    assert_eq!(instance.get("Caption"), Some(&Value::Null));
    assert_eq!(Below::from_instance(&instance).unwrap(), object);
    assert_eq!(object.path().unwrap().to_string(), "Demo_Below.id=7");
}

#[test]
fn a_key_that_is_no_field_is_refused() {
    #[derive(CimClass)]
    #[cim(name = "Demo_Below", superclass = "Demo_Above", namespace = r"root\demo")]
    struct Below {
        size: u64,
    }
    let wmi = in_memory();
    wmi.compile(r"root\demo", "class Demo_Above { [key] uint32 Id; };").unwrap();
    let class = compiled::<Below>(&wmi, "Demo_Below");
    let error = Below { size: 1 }.to_instance(&class).unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_CLASS);
    assert!(error.message().contains("no key Id"), "{error}");
}

#[test]
fn a_singleton_has_its_path() {
    #[derive(CimClass)]
    #[cim(name = "Demo_Settings", singleton)]
    struct Settings {
        verbose: bool,
    }
    assert_eq!(Settings { verbose: true }.path().unwrap().to_string(), "Demo_Settings=@");
    let singleton = Qualifier::new("Singleton", true, Flavor::default());
    assert_eq!(Settings::declaration().qualifiers.get("singleton"), Some(&singleton));
}
