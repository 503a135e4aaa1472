//! A provider of instances: each JSON file of a directory is an instance, its name the key.
//! `cargo run -p openwmi --example json_files` makes a directory and works on it through WMI.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use openwmi::cim::status::*;
use openwmi::cim::{Instance, Result};
use openwmi::provider::{self, CimClass, Instances, Wants};
use openwmi::wbem::{Flags, NativeProviders, ProviderContext};
use openwmi::{WMIResult, Wmi};
use serde::{Deserialize, Serialize};

/// A note. The file has everything but the key, which is its name.
#[derive(CimClass, Serialize, Deserialize, PartialEq, Debug)]
#[cim(name = "Demo_Note", namespace = r"root\demo", provider = "Demo|Notes|1")]
struct Note {
    #[cim(key, description = "The name of the file, without .json.")]
    #[serde(skip)]
    name: String,
    text: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    priority: Option<u64>,
}

struct Notes(PathBuf);

impl Notes {
    /// The file of the note `name`: keys compare without case, names of files do not.
    fn find(&self, name: &str) -> Result<Option<PathBuf>> {
        Ok(self.files()?.find(|file| openwmi::cim::name::eq(&name_of(file), name)))
    }

    fn files(&self) -> Result<impl Iterator<Item = PathBuf>> {
        let files = fs::read_dir(&self.0).map_err(|e| failed(&self.0, e))?;
        let files = files.filter_map(|entry| Some(entry.ok()?.path()));
        Ok(files.filter(|file| file.extension().is_some_and(|e| e == "json")))
    }
}

fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(file: PathBuf) -> Result<Note> {
    let text = fs::read(&file).map_err(|e| failed(&file, e))?;
    let note: Note = serde_json::from_slice(&text).map_err(|e| failed(&file, e.into()))?;
    Ok(Note { name: name_of(&file), ..note })
}

fn failed(file: &Path, error: io::Error) -> openwmi::cim::Error {
    let status = match error.kind() {
        ErrorKind::AlreadyExists => WBEM_E_ALREADY_EXISTS,
        ErrorKind::PermissionDenied => WBEM_E_ACCESS_DENIED,
        _ => WBEM_E_FAILED,
    };
    status.with(format!("{}: {error}", file.display()))
}

impl Instances for Notes {
    type Class = Note;
    const CLSID: &'static str = "{6B0F4D6E-6B27-4E52-9B5E-6D1C5C1A0A01}";
    const SUPPORTS_PUT: bool = true;
    const SUPPORTS_DELETE: bool = true;

    fn all(
        &self,
        _: &Wants<'_>,
        _: &ProviderContext,
    ) -> Result<impl Iterator<Item = Result<Note>>> {
        Ok(self.files()?.map(read))
    }

    fn get(&self, name: &String, _: &Wants<'_>, _: &ProviderContext) -> Result<Option<Note>> {
        self.find(name)?.map(read).transpose()
    }

    fn put(&self, note: Note, flags: Flags, _: &ProviderContext) -> Result<()> {
        if note.name.contains(['/', '\0']) || note.name.starts_with('.') {
            return Err(WBEM_E_INVALID_PARAMETER.with("a note is called as a file can be"));
        }
        let file = self.0.join(format!("{}.json", note.name));
        let file = self.find(&note.name)?.unwrap_or(file);
        let json = serde_json::to_vec_pretty(&note).map_err(|e| failed(&file, e.into()))?;
        // Written to a temporary file first, so that no reader gets half a note.
        let mut aside = tempfile::NamedTempFile::new_in(&self.0).map_err(|e| failed(&file, e))?;
        aside.write_all(&json).map_err(|e| failed(&file, e))?;
        let is_new = flags.has(Flags::CREATE_ONLY);
        let kept = if is_new { aside.persist_noclobber(&file) } else { aside.persist(&file) };
        kept.map(drop).map_err(|e| failed(&file, e.error))
    }

    fn delete(&self, name: &String, _: &ProviderContext) -> Result<()> {
        let file = self.find(name)?.ok_or(WBEM_E_NOT_FOUND)?;
        fs::remove_file(&file).map_err(|e| failed(&file, e))
    }
}

pub(crate) fn main() -> WMIResult<()> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("Milk.json"), r#"{ "text": "buy", "priority": 2 }"#).unwrap();

    let mut providers = NativeProviders::default();
    let path = directory.path().to_owned();
    provider::register(&mut providers, move |_| Ok(Notes(path.clone())));
    let wmi = Wmi::in_memory(providers)?;
    provider::install::<Notes>(&wmi)?;
    let demo = wmi.connection(r"root\demo")?;

    assert_eq!(demo.get_object(r#"Demo_Note="MILK""#)?.get("Priority")?, 2u64.into());
    let mut tea: Instance = demo.new_instance("Demo_Note")?;
    tea.put("Name", &"tea".into())?;
    tea.put("Tags", &openwmi::cim::Value::array(["hot".into()]))?;
    demo.put_instance(&tea)?;
    for note in demo.exec_query("SELECT Name, Tags FROM Demo_Note WHERE Priority IS NULL")? {
        println!("{}", note?.get("Name")?.as_str().unwrap_or_default());
    }
    demo.delete_instance(r#"Demo_Note.Name="Tea""#)?;
    assert!(demo.get_object(r#"Demo_Note.Name="tea""#).is_err());
    Ok(())
}
