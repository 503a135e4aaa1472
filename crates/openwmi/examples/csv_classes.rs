//! A pull provider of classes: each CSV file of a directory is a class below Csv_Row, its columns are
//! the properties, the first one the key; its rows are the instances.
//! `cargo run -p openwmi --example csv_classes` makes a directory and asks for classes and rows.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use openwmi::cim::status::{WBEM_E_FAILED, WBEM_E_NOT_FOUND, WBEM_S_NO_ERROR};
use openwmi::{WMIResult, Wmi, cim::*, wbem::*};

/// What is stored: the superclass, and who knows the classes below it.
pub(crate) const MOF: &str = r#"
[abstract] class Csv_Row {};
instance of __Win32Provider as $P
{ Name = "Demo|Csv|1"; CLSID = "{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A03}"; };
instance of __ClassProviderRegistration
{ Provider = $P; SupportsGet = TRUE; SupportsEnumeration = TRUE;
  ResultSetQueries = {"SELECT * FROM meta_class WHERE __Superclass = \"Csv_Row\""}; };
instance of __InstanceProviderRegistration
{ Provider = $P; SupportsGet = TRUE; SupportsEnumeration = TRUE; };
"#;

pub(crate) struct Csv(pub(crate) PathBuf);

impl Csv {
    /// The classes and their files: `disks.csv` is Csv_disks.
    fn files(&self) -> Result<BTreeMap<Name, PathBuf>> {
        let files = fs::read_dir(&self.0).map_err(|e| WBEM_E_FAILED.with(e.to_string()))?;
        let files = files.filter_map(|entry| Some(entry.ok()?.path()));
        let files = files.filter(|file| file.extension().is_some_and(|e| e == "csv"));
        let class = |file: &PathBuf| Some(format!("Csv_{}", file.file_stem()?.to_str()?).into());
        Ok(files.filter_map(|file| Some((class(&file)?, file))).collect())
    }

    /// The lines of the file of a class, the header first. Fields have no quotes here.
    fn rows(&self, class: &Name) -> Result<Vec<Vec<String>>> {
        let file = self.files()?.remove(class).ok_or(WBEM_E_NOT_FOUND)?;
        let text = fs::read_to_string(&file).map_err(|e| WBEM_E_FAILED.with(e.to_string()))?;
        let fields = |line: &str| line.split(',').map(|field| field.trim().to_owned()).collect();
        Ok(if text.is_empty() { vec![vec![]] } else { text.lines().map(fields).collect() })
    }

    /// The rows as instances of `class`, which the core made of the declaration.
    fn instances(&self, class: &Arc<Class>) -> Result<Vec<Instance>> {
        let rows = self.rows(class.name())?;
        let instance = |row: &Vec<String>| {
            let mut instance = Instance::new(class.clone());
            let mut fields = rows[0].iter().zip(row).filter(|(_, text)| !text.is_empty());
            fields.try_for_each(|(name, text)| instance.put(name, &Value::string(text)))?;
            Ok(instance)
        };
        rows[1..].iter().map(instance).collect()
    }
}

impl ClassProvider for Csv {
    fn get(&self, name: &Name, _: &ProviderContext) -> Result<ClassDeclaration> {
        let qualifier = |name, value: Value| Qualifier::new(name, value, Flavor::default());
        let mut class = ClassDeclaration { name: name.clone(), ..Default::default() };
        class.superclass = Some("Csv_Row".into());
        class.qualifiers.set(qualifier("Dynamic", true.into()));
        class.qualifiers.set(qualifier("Provider", "Demo|Csv|1".into()));
        for (at, column) in self.rows(name)?[0].iter().enumerate() {
            let (name, ty) = (column.as_str().into(), CimType::String.into());
            let qualifiers = (at == 0).then(|| qualifier("Key", true.into())).into_iter().collect();
            class.properties.push(PropertyDeclaration { name, ty, default: None, qualifiers });
        }
        Ok(class)
    }

    fn enumerate(
        &self,
        superclass: Option<&Name>,
        shallow: bool,
        context: &ProviderContext,
    ) -> Result<Vec<ClassDeclaration>> {
        // They have no subclasses, and all derive from Csv_Row, so none is a top-level class.
        let is_asked = superclass.map_or(!shallow, |name| *name == "Csv_Row");
        let files = if is_asked { self.files()? } else { BTreeMap::new() };
        files.keys().map(|name| ClassProvider::get(self, name, context)).collect()
    }
}

impl InstanceProvider for Csv {
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        _: &Wanted,
        _: &ProviderContext,
    ) -> Result<Instance> {
        let asked = Instance::with_keys(class, keys).key()?;
        let is_it = |row: &Instance| row.key().is_ok_and(|key| key == asked);
        self.instances(class)?.into_iter().find(is_it).ok_or_else(|| WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(&self, request: &EnumerationRequest<'_>, _: &ProviderContext, mut sink: Sink) {
        let objects = |rows: Vec<Instance>| rows.into_iter().map(Object::Instance).collect();
        let indicated = self.instances(request.class).map(|rows| sink.indicate(objects(rows)));
        sink.complete(indicated.map(|_| WBEM_S_NO_ERROR));
    }
}

pub(crate) fn main() -> WMIResult<()> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("planets.csv"), "Name,Moons\nVenus,\nMars,2\n").unwrap();
    let csv = Arc::new(Csv(directory.path().to_owned()));
    let native = ProviderInterfaces {
        classes: Some(csv.clone()),
        instances: Some(csv),
        ..ProviderInterfaces::default()
    };
    let mut providers = NativeProviders::default();
    providers.register("{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A03}", move |_| Ok(native.clone()));
    let wmi = Wmi::in_memory(providers)?;
    wmi.compile(r"root\demo", MOF)?;
    let demo = wmi.connection(r"root\demo")?;
    println!("{} columns", demo.get_object("Csv_planets")?.class().properties().len());
    for row in demo.exec_query("SELECT * FROM Csv_Row")? {
        println!("{}", row?.system(SystemProperty::Relpath).as_str().unwrap_or_default());
    }
    Ok(())
}
