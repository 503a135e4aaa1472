//! Salvage and reset, and the autorecover list that both compile again.

use std::fs;
use std::path::{Path, PathBuf};

use cim::status::*;
use cim::{Namespace, Object};
use openwmi::{OpenOptions, Wmi};
use tempfile::TempDir;
use wbem::{CompileOptions, CompileReport, Flags};

/// A repository in a directory with MOF files beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn repository(&self) -> PathBuf {
        self.0.path().join("repository")
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.path().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    fn open(&self) -> Wmi {
        Wmi::open(OpenOptions { repository: Some(self.repository()), ..Default::default() })
            .unwrap()
    }

    /// Changes a byte of the file wherever `text` is.
    fn damage(&self, text: &str) {
        let data = self.repository().join("data.mdb");
        let mut bytes = fs::read(&data).unwrap();
        let found = |bytes: &[u8]| bytes.windows(text.len()).position(|at| at == text.as_bytes());
        assert!(found(&bytes).is_some(), "{text}");
        while let Some(at) = found(&bytes) {
            bytes[at] ^= 1;
        }
        fs::write(data, bytes).unwrap();
    }
}

fn compile(wmi: &Wmi, file: &Path) -> CompileReport {
    let options = CompileOptions::new(Namespace::cimv2());
    let files = [file.to_owned()];
    let report = wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {});
    let report = report.unwrap();
    assert!(report.is_complete(), "{report:?}");
    report
}

fn get(wmi: &Wmi, path: &str) -> cim::Result<Object> {
    wmi.connect(r"root\cimv2")?.get_object(path, Flags::default(), &wmi.context())
}

fn note(wmi: &Wmi, id: &str) -> Option<String> {
    let object = get(wmi, &format!("Rec_Item.Id=\"{id}\"")).ok()?;
    Some(object.as_instance()?.get("Note")?.as_str()?.to_owned())
}

const ITEMS: &str = r#"class Rec_Item { [key] string Id; string Note; };
#pragma autorecover
instance of Rec_Item { Id = "a"; Note = "first of a"; };
instance of Rec_Item { Id = "b"; Note = "needle of b"; };
"#;

#[test]
fn g9_autorecover_lists_a_file_once_and_reset_compiles_it_again() {
    let place = Place::new();
    let listed = place.file("listed.mof", ITEMS);
    let other = place.file("other.mof", "class Rec_Other { [key] string Id; };");
    let wmi = place.open();
    for _ in 0..2 {
        assert!(compile(&wmi, &listed).warnings.is_empty());
    }
    assert_eq!(compile(&wmi, &other).warnings.len(), 1);
    // What is compiled from memory is no file.
    wmi.compile(r"root\cimv2", "#pragma autorecover\nclass Rec_Text { [key] string Id; };")
        .unwrap();
    drop(wmi);
    let reset = Wmi::reset(Some(&place.repository())).unwrap();
    let files: Vec<_> = reset.files.iter().map(|file| (&file.file, file.is_done())).collect();
    assert_eq!(files, [(&listed, true)]);
    assert!(reset.replaced.unwrap().exists());
    let wmi = place.open();
    assert_eq!(note(&wmi, "a").as_deref(), Some("first of a"));
    for gone in ["Rec_Other", "Rec_Text"] {
        assert_eq!(get(&wmi, gone).unwrap_err().status(), WBEM_E_NOT_FOUND, "{gone}");
    }
    drop(wmi);
    // The list is still there.
    assert_eq!(Wmi::reset(Some(&place.repository())).unwrap().files.len(), 1);
}

#[test]
fn g13_a_listed_file_that_is_gone_is_named_and_stops_no_other() {
    let place = Place::new();
    let gone = place.file("gone.mof", "#pragma autorecover\nclass Rec_Gone { [key] string Id; };");
    let wrong = place.file("wrong.mof", "#pragma autorecover\nclass Rec_New { [key] string Id; };");
    let listed = place.file("listed.mof", ITEMS);
    let wmi = place.open();
    for file in [&gone, &wrong, &listed] {
        compile(&wmi, file);
    }
    drop(wmi);
    fs::remove_file(&gone).unwrap();
    fs::write(&wrong, "class").unwrap();
    let reset = Wmi::reset(Some(&place.repository())).unwrap();
    let files: Vec<_> = reset.files.iter().map(|file| (&file.file, file.is_done())).collect();
    assert_eq!(files, [(&gone, false), (&wrong, false), (&listed, true)]);
    assert_eq!(note(&place.open(), "b").as_deref(), Some("needle of b"));
}

#[test]
fn g13_salvage_keeps_what_can_be_read_and_compiles_what_is_missing() {
    let place = Place::new();
    let listed = place.file("listed.mof", ITEMS);
    let wmi = place.open();
    compile(&wmi, &listed);
    let more = r#"
        instance of Rec_Item { Id = "a"; Note = "changed since"; };
        instance of Rec_Item { Id = "c"; Note = "needle of c"; };
        instance of Rec_Item { Id = "d"; Note = "stays"; };"#;
    wmi.compile(r"root\cimv2", more).unwrap();
    drop(wmi);
    let sound = Wmi::salvage(Some(&place.repository())).unwrap();
    assert!(sound.repository.was_sound() && sound.repository.replaced.is_none(), "{sound:?}");
    place.damage("needle of ");
    let options = OpenOptions { repository: Some(place.repository()), ..Default::default() };
    let refused = Wmi::open(options).unwrap_err();
    assert_eq!(refused.status(), WBEM_E_CRITICAL_ERROR, "{refused}");
    assert!(refused.message().contains("wmi repo salvage"), "{refused}");

    let salvaged = Wmi::salvage(Some(&place.repository())).unwrap();
    let lost = [r"instance root\cimv2:Rec_Item b", r"instance root\cimv2:Rec_Item c"];
    assert_eq!(salvaged.repository.lost, lost);
    assert_eq!(salvaged.repository.lost_count, 2);
    assert_eq!(salvaged.files.len(), 1);
    assert!(salvaged.files[0].is_done(), "{salvaged:?}");
    let wmi = place.open();
    assert_eq!(note(&wmi, "a").as_deref(), Some("changed since"));
    assert_eq!(note(&wmi, "b").as_deref(), Some("needle of b"));
    assert_eq!(note(&wmi, "c"), None);
    assert_eq!(note(&wmi, "d").as_deref(), Some("stays"));
    assert!(wmi.verify().unwrap().is_clean());
}

#[test]
fn g13_classes_of_this_machine_that_are_lost_are_installed_again() {
    let place = Place::new();
    drop(place.open());
    place.damage("Win32_OperatingSystem");
    let salvaged = Wmi::salvage(Some(&place.repository())).unwrap();
    assert!(salvaged.repository.lost_count > 0, "{salvaged:?}");
    let wmi = place.open();
    get(&wmi, "Win32_OperatingSystem").unwrap();
    let services = wmi.connect(r"root\cimv2").unwrap();
    let (flags, context) = (Flags::default(), wmi.context());
    let query = "SELECT Caption FROM Win32_OperatingSystem";
    let found = wbem::collect(|sink| services.exec_query("WQL", query, flags, &context, sink));
    assert_eq!(found.unwrap().len(), 1);
}

#[test]
fn g13_salvage_and_reset_need_the_repository_alone() {
    let place = Place::new();
    let wmi = place.open();
    let path = place.repository();
    for refused in [Wmi::salvage(Some(&path)).unwrap_err(), Wmi::reset(Some(&path)).unwrap_err()] {
        assert_eq!(refused.status(), WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING, "{refused}");
    }
    get(&wmi, "Win32_Process").unwrap();
    drop(wmi);
    let nowhere = Wmi::salvage(Some(&place.0.path().join("none"))).unwrap_err();
    assert_eq!(nowhere.status(), WBEM_E_NOT_FOUND, "{nowhere}");
}
