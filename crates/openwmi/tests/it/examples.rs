//! The examples of providers: each runs here as `cargo run --example` runs it, and what it does not
//! show is asked of its code.

#[path = "../../examples/account_methods.rs"]
mod account_methods;
#[path = "../../examples/csv_classes.rs"]
mod csv_classes;
#[path = "../../examples/json_files.rs"]
mod json_files;

use std::fs;
use std::sync::Arc;

use openwmi::Wmi;
use openwmi::cim::status::{WBEM_E_NOT_FOUND, WBEM_E_PROVIDER_NOT_CAPABLE};
use openwmi::cim::{Class, Name, Value};
use openwmi::wbem::{
    self, ClassProvider, EnumerationRequest, Flags, InstanceProvider, ProviderContext, Wanted,
};

use self::csv_classes::Csv;

#[test]
fn json_files_runs() {
    json_files::main().unwrap();
}

#[test]
fn account_methods_runs() {
    account_methods::main().unwrap();
}

#[test]
fn csv_classes_runs() {
    csv_classes::main().unwrap();
}

/// The files of the tests, and a class provider over them.
fn csv() -> (tempfile::TempDir, Csv) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("planets.csv", "Name,Moons\nVenus,\nMars,2\n"),
        ("Ships.csv", "Id\n7\n"),
        ("notes.txt", "Name\nno class\n"),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let csv = Csv(directory.path().to_owned());
    (directory, csv)
}

#[test]
fn each_csv_file_is_a_class_with_a_property_for_each_column() {
    let (directory, csv) = csv();
    let context =
        ProviderContext::without_wmi(&Wmi::in_memory(Default::default()).unwrap().context());
    let names = |superclass: Option<&str>, shallow| {
        let superclass = superclass.map(Name::from);
        let found = ClassProvider::enumerate(&csv, superclass.as_ref(), shallow, &context);
        found.unwrap().iter().map(|class| class.name.to_string()).collect::<Vec<_>>()
    };
    let all = ["Csv_planets", "Csv_Ships"];
    assert_eq!(names(None, false), all);
    assert_eq!(names(Some("CSV_row"), true), all);
    assert!(names(None, true).is_empty());
    assert!(names(Some("Csv_planets"), false).is_empty());

    let get = |name: &str| ClassProvider::get(&csv, &name.into(), &context);
    let planets = get("CSV_PLANETS").unwrap();
    let columns: Vec<&str> = planets.properties.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(columns, ["Name", "Moons"]);
    assert!(planets.properties[0].qualifiers.is_true("key"));
    assert_eq!(planets.superclass, Some("Csv_Row".into()));
    assert_eq!(get("Csv_notes").unwrap_err().status(), WBEM_E_NOT_FOUND);

    // Asked again, it knows what has changed since.
    fs::remove_file(directory.path().join("planets.csv")).unwrap();
    assert_eq!(get("Csv_planets").unwrap_err().status(), WBEM_E_NOT_FOUND);
    assert_eq!(
        ClassProvider::put(&csv, &planets, Flags::default(), &context).unwrap_err().status(),
        WBEM_E_PROVIDER_NOT_CAPABLE
    );
}

#[test]
fn the_rows_of_a_csv_file_are_its_instances() {
    let (_directory, csv) = csv();
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    wmi.compile(r"root\demo", csv_classes::MOF).unwrap();
    let above = wmi.connection(r"root\demo").unwrap().get_object("Csv_Row").unwrap();
    let (above, context) = (above.class().clone(), ProviderContext::without_wmi(&wmi.context()));
    let planets = ClassProvider::get(&csv, &"Csv_planets".into(), &context).unwrap();
    let planets = Class::derive(Arc::new(planets), Some(above), None).unwrap();

    let rows = wbem::collect(|sink| {
        let request = EnumerationRequest { class: &planets, wanted: &Wanted::All, predicates: &[] };
        InstanceProvider::enumerate(&csv, &request, &context, sink);
        Ok(())
    });
    let rows = rows.unwrap();
    let moons: Vec<Value> = rows.iter().map(|row| row.get("Moons").unwrap()).collect();
    assert_eq!(moons, [Value::Null, Value::string("2")]);

    let get = |name| {
        InstanceProvider::get(&csv, &planets, &[Value::string(name)], &Wanted::All, &context)
    };
    assert_eq!(get("mars").unwrap().get("Moons"), Some(&Value::string("2")));
    assert_eq!(get("Pluto").unwrap_err().status(), WBEM_E_NOT_FOUND);
}

#[test]
fn csv_through_wmi() {
    let (_directory, csv) = csv();
    let csv = Arc::new(csv);
    let mut providers = wbem::NativeProviders::default();
    providers.register("{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A03}", move |_| {
        Ok(wbem::ProviderInterfaces {
            classes: Some(csv.clone()),
            instances: Some(csv.clone()),
            ..Default::default()
        })
    });
    let wmi = Wmi::in_memory(providers).unwrap();
    wmi.compile(r"root\demo", csv_classes::MOF).unwrap();
    let demo = wmi.connection(r"root\demo").unwrap();
    let moons = |path: &str| demo.get_object(path).unwrap().get("Moons").unwrap();
    assert_eq!(moons("Csv_planets.Name=\"mars\""), Value::string("2"));
    assert_eq!(demo.exec_query("SELECT * FROM Csv_Row").unwrap().count(), 3);
    let classes = "SELECT * FROM meta_class WHERE __this ISA \"Csv_Row\"";
    assert_eq!(demo.exec_query(classes).unwrap().count(), 3);
}
