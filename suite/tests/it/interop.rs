//! Profiles and what conforms to them, across namespaces (behaviour.md E.4, K seed 4; mistake J16).
//!
//! The same questions are asked of two texts of MOF with a provider of each: ours, always, and the
//! one that is printed in `$OPENWMI_SHARED/seeds/004*.txt`, unchanged, where that folder is there.
//! The machine is a captured one.

use std::path::{Path, PathBuf};

use cim::status::*;
use cim::{Namespace, Object, Value};
use cimom::Cimom;
use openwmi::{OpenOptions, Wmi};
use openwmi_suite::provider::{Conduct, Log, TestProvider, Values};
use openwmi_suite::world::fixed_environment;
use repository::Repository;
use tempfile::TempDir;
use wbem::{CompileOptions, CompileReport, Flags, MofCompiler, NativeProviders};

/// The processes of the captured machine.
const HANDLES: [&str; 7] = ["1", "1204", "1300", "18", "2", "431", "977"];

/// MOF of a profile and of the association of processes with it.
#[derive(Clone)]
struct Text {
    mof: String,
    /// The class of the profile, and its key.
    profile: &'static str,
    id: &'static str,
    association: &'static str,
    clsid: &'static str,
}

fn ours() -> Text {
    Text {
        mof: include_str!("../data/interop.mof").to_owned(),
        profile: "Acme_TaskProfile",
        id: "Acme:Tasks",
        association: "Acme_Tasks_ElementConformsToProfile_v2",
        clsid: "{5F3A7B10-0000-4000-8000-000000000004}",
    }
}

/// The seed's blocks in order, as they are printed.
fn seed() -> Option<Text> {
    let Some(shared) = std::env::var_os("OPENWMI_SHARED") else {
        println!("skipped for the seed's own text: OPENWMI_SHARED is not set");
        return None;
    };
    let files = std::fs::read_dir(PathBuf::from(shared).join("seeds")).expect("the seeds");
    let mut paths = files.map(|file| file.expect("an entry").path());
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("004"))
    };
    let page = std::fs::read_to_string(paths.find(is_it).expect("seed 004")).expect("text");
    let blocks = page.split("```").skip(1).step_by(2);
    let mof: String = blocks.map(|block| block.strip_prefix("syntax").expect("MOF")).collect();
    Some(Text {
        mof,
        profile: "ProcessProfile",
        id: "Process",
        association: "Microsoft_Process_ElementConformsToProfile_v1",
        clsid: "{DA13393B-A2D5-4BAC-9BD2-30B092E9EBB8}",
    })
}

fn texts() -> impl Iterator<Item = Text> {
    std::iter::once(ours()).chain(seed())
}

impl Text {
    /// The same with `from`, which must be there, in another form.
    fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.mof.contains(from), "{from}");
        self.mof = self.mof.replacen(from, to, 1);
        self
    }

    /// The same without its last block, which registers the provider in root\cimv2.
    fn without_registration_in_cimv2(mut self) -> Self {
        self.mof.truncate(self.mof.rfind("#pragma namespace").expect("the last block"));
        self
    }

    fn path(&self) -> String {
        format!("{}.InstanceID=\"{}\"", self.profile, self.id)
    }

    /// The associations of the machine's processes with the profile.
    fn associations(&self) -> Vec<Values> {
        let profile = format!(r"\\.\root\interop:{}", self.path());
        let one = |handle: &str| {
            let process = format!("\\\\.\\root\\cimv2:Win32_Process.Handle=\"{handle}\"");
            vec![
                ("ConformantStandard", Value::Reference(profile.as_str().into())),
                ("ManagedElement", Value::Reference(process.as_str().into())),
            ]
        };
        HANDLES.map(one).into()
    }
}

/// An open WMI of the captured machine with a text compiled into it.
struct Setup {
    wmi: Wmi,
    log: Log,
    text: Text,
    report: CompileReport,
    /// Last, so that the repository is closed before its directory goes.
    _directory: TempDir,
}

fn open(directory: &TempDir, providers: NativeProviders) -> Wmi {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/host/tests/fixtures/server");
    let repository = Some(directory.path().join("repository"));
    Wmi::open_with(
        OpenOptions { repository, captured_machine: Some(tree), ..OpenOptions::default() },
        providers,
    )
    .unwrap()
}

fn machine() -> (Wmi, TempDir) {
    let directory = TempDir::new().unwrap();
    (open(&directory, NativeProviders::default()), directory)
}

impl Setup {
    fn try_new(text: Text, conduct: Conduct) -> Self {
        let provider = TestProvider::new(text.associations()).conduct(conduct);
        let log = provider.log();
        let mut providers = NativeProviders::default();
        providers.register(text.clsid, provider.factory());
        let directory = TempDir::new().unwrap();
        let wmi = open(&directory, providers);
        let options = CompileOptions::new(Namespace::new(r"root\interop").unwrap());
        let (name, context) = ("interop.mof", wmi.context());
        let report =
            wmi.compiler().compile_text(name, text.mof.as_bytes(), &options, &context).unwrap();
        Setup { wmi, log, text, report, _directory: directory }
    }

    fn new(text: Text) -> Self {
        let setup = Setup::try_new(text, Conduct::Serve);
        let wrong = setup.report.syntax.iter().chain(&setup.report.storage);
        let wrong: Vec<&str> = wrong.map(|d| d.picture.as_str()).collect();
        assert!(wrong.is_empty(), "{}", wrong.concat());
        setup
    }

    fn ask(&self, namespace: &str, query: &str) -> cim::Result<Vec<String>> {
        ask(&self.wmi, namespace, query)
    }

    /// The query that is printed in the seed.
    fn processes(&self) -> cim::Result<Vec<String>> {
        let Text { profile, id, .. } = self.text;
        let query = format!(
            "associators of {{{profile}.InstanceID='{id}'}} where resultclass='Win32_Process'"
        );
        self.ask(r"root\interop", &query)
    }

    /// The profiles of a process, found from root\cimv2 by the text's association.
    fn profiles(&self) -> cim::Result<Vec<String>> {
        let association = self.text.association;
        let query = format!(
            "ASSOCIATORS OF {{Win32_Process.Handle=\"977\"}} WHERE AssocClass = {association}"
        );
        self.ask(r"root\cimv2", &query)
    }
}

/// The objects of a query by their relative paths, in order.
fn ask(wmi: &Wmi, namespace: &str, query: &str) -> cim::Result<Vec<String>> {
    let services = wmi.connect(namespace)?;
    let run = |sink| services.exec_query("WQL", query, Flags::default(), &wmi.context(), sink);
    let path = |object: &Object| match object {
        Object::Instance(instance) => instance.relative_path().expect("keys").to_string(),
        Object::Class(class) => class.name().to_string(),
    };
    let mut paths: Vec<String> = wbem::collect(run)?.iter().map(path).collect();
    paths.sort();
    Ok(paths)
}

fn processes() -> Vec<String> {
    HANDLES.map(|handle| format!("Win32_Process.Handle=\"{handle}\"")).into()
}

fn lines(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

const NOTHING: [&str; 0] = [];

/// A quoted number for a numeric property, and the profile's full path in the other namespace.
#[test]
fn e12_the_text_compiles_as_printed() {
    for text in texts() {
        let setup = Setup::new(text);
        let get = |namespace: &str, path: &str| {
            let services = setup.wmi.connect(namespace).unwrap();
            services.get_object(path, Flags::default(), &setup.wmi.context()).unwrap()
        };
        let Object::Instance(profile) = get(r"root\interop", &setup.text.path()) else { panic!() };
        assert_eq!(profile.get("RegisteredOrganization"), Some(&Value::UInt16(1)));
        for property in ["RegisteredName", "OtherRegisteredOrganization", "RegisteredVersion"] {
            assert!(profile.get(property).unwrap().as_str().is_some(), "{property}");
        }
        let default = |namespace, property| {
            let class = get(namespace, setup.text.association).class().clone();
            class.defaults()[class.slot(property).unwrap()].clone()
        };
        let path = setup.text.path();
        let full = Value::Reference(format!(r"\\.\root\interop:{path}").as_str().into());
        assert_eq!(default(r"root\cimv2", "ConformantStandard"), full);
        assert_eq!(
            default(r"root\interop", "ConformantStandard"),
            Value::Reference(path.as_str().into())
        );
        for namespace in [r"root\interop", r"root\cimv2"] {
            assert_eq!(default(namespace, "ManagedElement"), Value::Null);
        }
    }
}

#[test]
fn e13_a_reference_to_a_class_that_is_not_there() {
    for text in texts() {
        let setup = Setup::new(text);
        let services = setup.wmi.connect(r"root\interop").unwrap();
        let get = |path| services.get_object(path, Flags::default(), &setup.wmi.context());
        assert_eq!(get("Win32_Process").unwrap_err().status(), WBEM_E_NOT_FOUND);
        let class = get(setup.text.association).unwrap().class().clone();
        let class = class.property("ManagedElement").unwrap().ty.class.clone();
        assert!(class.is_some_and(|class| class.is("Win32_Process")));
    }
}

/// The query as it is printed gives the processes of root\cimv2, and costs one enumeration.
#[test]
fn e4_the_query_as_printed() {
    for text in texts() {
        let setup = Setup::new(text);
        assert_eq!(
            ask(&setup.wmi, r"root\cimv2", "SELECT Handle FROM Win32_Process").unwrap(),
            processes()
        );
        assert_eq!(setup.processes().unwrap(), processes());
        let asked = format!("enumerate {} wanted all", setup.text.association);
        assert_eq!(lines(&setup.log.take()), [r"initialize root\interop", &asked]);
    }
}

#[test]
fn e15_without_the_qualifier_result_class_finds_nothing_and_no_error() {
    for text in texts() {
        let setup = Setup::new(text.with(r#"[MSFT_TargetNamespace("root\\cimv2")]"#, ""));
        assert_eq!(setup.processes().unwrap(), NOTHING);
        let association = setup.text.association;
        let query =
            format!("ASSOCIATORS OF {{{}}} WHERE AssocClass = {association}", setup.text.path());
        assert_eq!(setup.ask(r"root\interop", &query).unwrap(), processes(), "no filter, no rule");
    }
}

/// The same from the other side: in root\cimv2 the class of the profile is not known.
#[test]
fn e15_without_the_qualifier_in_the_implemented_namespace() {
    for text in texts() {
        let setup = Setup::new(text.with(r#"[MSFT_TargetNamespace("root\\interop")]"#, ""));
        assert_eq!(setup.profiles().unwrap(), [setup.text.path()]);
        let query = "ASSOCIATORS OF {Win32_Process.Handle='977'} \
                     WHERE ResultClass = CIM_RegisteredProfile";
        let ours = r#"OpenWMI_RegisteredProfile.InstanceID="OpenWMI:Process""#;
        assert_eq!(setup.ask(r"root\cimv2", query).unwrap(), [ours], "and no error");
    }
}

#[test]
fn e16_from_the_implemented_namespace_to_the_profile() {
    for text in texts() {
        let setup = Setup::new(text);
        assert_eq!(setup.profiles().unwrap(), [setup.text.path()]);
        let asked = format!("enumerate {} wanted all", setup.text.association);
        assert_eq!(lines(&setup.log.take()), [r"initialize root\cimv2", &asked]);
        let query = format!(
            "ASSOCIATORS OF {{Win32_Process.Handle='977'}} WHERE ResultClass = {}",
            setup.text.profile
        );
        assert_eq!(setup.ask(r"root\cimv2", &query).unwrap(), [setup.text.path()]);
        let missing = "ASSOCIATORS OF {Win32_Process.Handle='5555'}";
        assert_eq!(setup.ask(r"root\cimv2", missing).unwrap_err().status(), WBEM_E_NOT_FOUND);
    }
}

#[test]
fn e17_a_provider_that_is_registered_in_interop_only() {
    for text in texts() {
        let setup = Setup::new(text.without_registration_in_cimv2());
        assert_eq!(setup.profiles().unwrap_err().status(), WBEM_E_PROVIDER_NOT_FOUND);
        assert_eq!(lines(&setup.log.take()), NOTHING);
        assert_eq!(setup.processes().unwrap(), processes());
    }
}

#[test]
fn e19_the_source_by_a_path_of_its_superclass() {
    for text in texts() {
        let setup = Setup::new(text);
        let query =
            format!("ASSOCIATORS OF {{CIM_RegisteredProfile.InstanceID='{}'}}", setup.text.id);
        assert_eq!(setup.ask(r"root\interop", &query).unwrap(), processes());
    }
}

#[test]
fn e20_a_namespace_of_another_computer() {
    for text in texts() {
        let text = text.with(r#"("root\\cimv2")"#, r#"("\\\\server2\\root\\cimv2")"#);
        let setup = Setup::try_new(text, Conduct::Serve);
        assert_eq!(setup.report.storage[0].status, WBEM_E_NOT_SUPPORTED);
        assert!(setup.processes().unwrap().is_empty(), "the class is not there");
    }
}

/// A provider without queries is enumerated, whether its registration says so or it does itself.
#[test]
fn e21_without_queries() {
    for text in texts() {
        let asked = format!("enumerate {} wanted all", text.association);
        let setup = Setup::new(text.clone());
        assert_eq!(setup.processes().unwrap(), processes());
        assert_eq!(lines(&setup.log.take()), [r"initialize root\interop", &asked]);
        let registers = text.with(
            "SupportsEnumeration = TRUE;",
            "SupportsEnumeration = TRUE; QuerySupportLevels = { \"WQL:UnarySelect\" };",
        );
        let refuses = Conduct::AnswerQuery(Err(WBEM_E_PROVIDER_NOT_CAPABLE.into()));
        let setup = Setup::try_new(registers, refuses);
        assert_eq!(setup.processes().unwrap(), processes());
        let log = setup.log.take();
        assert!(log[1].starts_with(&format!("query {} ", setup.text.association)), "{log:?}");
        assert_eq!(lines(&log[2..]), [&asked]);
    }
}

#[test]
fn e4_initialized_once_for_each_namespace() {
    for text in texts() {
        let setup = Setup::new(text);
        for _ in 0..2 {
            assert_eq!(setup.processes().unwrap(), processes());
            assert_eq!(setup.profiles().unwrap(), [setup.text.path()]);
        }
        let mut log = setup.log.take();
        log.retain(|line| line.starts_with("initialize"));
        assert_eq!(lines(&log), [r"initialize root\interop", r"initialize root\cimv2"]);
    }
}

/// Any association query in root\interop loads the provider; a query for data does not.
#[test]
fn e4_loaded_by_an_association_query_that_has_nothing_to_do_with_it() {
    let of_instances = "ASSOCIATORS OF {OpenWMI_RegisteredProfile='OpenWMI:Process'} \
                        WHERE AssocClass = CIM_ReferencedProfile";
    let of_classes = "ASSOCIATORS OF {CIM_RegisteredProfile} WHERE SchemaOnly AssocClass = CIM_Dependency \
         RequiredAssocQualifier = Nobodys";
    for query in [of_instances, of_classes] {
        for text in texts() {
            let setup = Setup::new(text);
            setup.ask(r"root\interop", "SELECT * FROM CIM_RegisteredProfile").unwrap();
            assert_eq!(lines(&setup.log.take()), NOTHING);
            assert_eq!(setup.ask(r"root\interop", query).unwrap(), NOTHING);
            assert_eq!(lines(&setup.log.take()), [r"initialize root\interop"], "{query}");
        }
    }
}

/// What is shipped: processes and disks of the captured machine. Its services need a systemd
/// (`e4_services_and_their_profile` of the crate host).
#[test]
fn e4_this_machine_conforms_to_profiles() {
    let (wmi, _directory) = machine();
    let interop = |query: &str| ask(&wmi, r"root\interop", query).unwrap();
    let profile = |name: &str| format!("OpenWMI_RegisteredProfile.InstanceID=\"OpenWMI:{name}\"");
    let all = ["Disk Drive", "Process", "Service"].map(profile);
    assert_eq!(interop("SELECT * FROM CIM_RegisteredProfile"), all);
    let of = |name: &str| interop(&format!("ASSOCIATORS OF {{{}}}", profile(name)));
    assert_eq!(of("Process"), processes());
    let disks =
        ["a", "b", "c"].map(|letter| format!("Win32_DiskDrive.DeviceID=\"/dev/sd{letter}\""));
    assert_eq!(of("Disk Drive"), disks);
    assert_eq!(of("Service"), NOTHING);
    let classes =
        interop(&format!("ASSOCIATORS OF {{{}}} WHERE ClassDefsOnly", profile("Process")));
    assert_eq!(classes, ["Win32_Process"]);
    let wrong =
        format!("ASSOCIATORS OF {{{}}} WHERE ResultClass = Win32_Service", profile("Process"));
    assert_eq!(interop(&wrong), NOTHING);
    let back = |path: &str| {
        let query = format!("ASSOCIATORS OF {{{path}}} WHERE ResultClass = CIM_RegisteredProfile");
        ask(&wmi, r"root\cimv2", &query).unwrap()
    };
    assert_eq!(back("Win32_Process.Handle='977'"), [profile("Process")]);
    assert_eq!(back("CIM_Process.Handle='977'"), [profile("Process")]);
    assert_eq!(back("Win32_DiskDrive.DeviceID='/dev/sda'"), [profile("Disk Drive")]);
    assert_eq!(back("Win32_LogicalDisk.DeviceID='/home'"), NOTHING);
    // The source may be in another namespace than the one that is asked.
    let there = r"ASSOCIATORS OF {\\.\root\cimv2:Win32_Process.Handle='977'}";
    assert_eq!(interop(there), [profile("Process")]);
}

/// An association that a query gave is found again by its path.
#[test]
fn e4_associations_of_this_machine_by_path() {
    let (wmi, _directory) = machine();
    for namespace in [r"root\interop", r"root\cimv2"] {
        let query = "SELECT * FROM OpenWMI_Process_ElementConformsToProfile_v1";
        let paths = ask(&wmi, namespace, query).unwrap();
        assert_eq!(paths.len(), HANDLES.len());
        let services = wmi.connect(namespace).unwrap();
        for path in paths {
            let found = services.get_object(&path, Flags::default(), &wmi.context()).unwrap();
            let Object::Instance(found) = found else { panic!("{path}") };
            assert_eq!(found.relative_path().unwrap().to_string(), path);
        }
    }
}

/// A repository with profiles of another source keeps them, and gets none of ours, now and later.
#[test]
fn e4_profiles_of_others_are_kept() {
    let directory = TempDir::new().unwrap();
    {
        let repository = Repository::create_or_open(directory.path().join("repository")).unwrap();
        let environment = fixed_environment();
        let context = wbem::CallContext::local(environment.identity.clone());
        let manager = Cimom::new(repository, environment);
        let mof = r#"
            class CIM_RegisteredProfile { [key] string InstanceID; uint8 Theirs; };
            instance of CIM_RegisteredProfile { InstanceID = "theirs"; Theirs = 7; };"#;
        let options = CompileOptions {
            create_namespace: true,
            ..CompileOptions::new(Namespace::new(r"root\interop").unwrap())
        };
        let report = manager.compile_text("theirs.mof", mof.as_bytes(), &options, &context);
        assert!(report.unwrap().storage.is_empty());
    }
    for _ in 0..2 {
        let wmi = open(&directory, NativeProviders::default());
        let query = "SELECT * FROM CIM_RegisteredProfile WHERE Theirs = 7";
        let found = ask(&wmi, r"root\interop", query).unwrap();
        assert_eq!(found, [r#"CIM_RegisteredProfile.InstanceID="theirs""#]);
        let query = "SELECT * FROM meta_class WHERE __CLASS LIKE 'OpenWMI%' OR __CLASS LIKE 'CIM%'";
        assert_eq!(ask(&wmi, r"root\interop", query).unwrap(), ["CIM_RegisteredProfile"]);
        assert_eq!(
            ask(&wmi, r"root\cimv2", "SELECT Handle FROM Win32_Process").unwrap(),
            processes()
        );
    }
}

/// What a user adds to our classes later is there after the next open, and ours too.
#[test]
fn e4_profiles_that_users_add_are_kept() {
    let directory = TempDir::new().unwrap();
    let wmi = open(&directory, NativeProviders::default());
    let mof = r#"class Acme_Profile : CIM_RegisteredProfile { };
        instance of Acme_Profile { InstanceID = "Acme:x"; RegisteredName = "x"; };"#;
    wmi.compile(r"root\interop", mof).unwrap();
    drop(wmi);
    let wmi = open(&directory, NativeProviders::default());
    let found = ask(&wmi, r"root\interop", "SELECT * FROM CIM_RegisteredProfile").unwrap();
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], r#"Acme_Profile.InstanceID="Acme:x""#);
}

/// A salvaged repository may have lost its notes: what is ours is known all the same, and made whole.
#[test]
fn e4_our_profiles_are_ours_without_the_note() {
    let directory = TempDir::new().unwrap();
    let profiles = |wmi: &Wmi| {
        ask(wmi, r"root\interop", "SELECT * FROM OpenWMI_RegisteredProfile").unwrap().len()
    };
    let wmi = open(&directory, NativeProviders::default());
    let services = wmi.connect(r"root\interop").unwrap();
    let path = "OpenWMI_RegisteredProfile='OpenWMI:Process'";
    services.delete_instance(path, Flags::default(), &wmi.context()).unwrap();
    assert_eq!(profiles(&wmi), 2);
    drop((services, wmi));
    let repository = Repository::create_or_open(directory.path().join("repository")).unwrap();
    for note in ["profiles", "host classes"] {
        repository.write(|writer| writer.put_meta(note, None)).unwrap();
    }
    drop(repository);
    assert_eq!(profiles(&open(&directory, NativeProviders::default())), 3);
}
