//! Master files split in two, both parts compiled, and read with the flag for localized
//! qualifiers: each class is what the master says of it (behaviour.md G.8; checks G25, G26).
//!
//! The masters are those of `mof`'s own tests, and DMTF's schema 2.49 where `OPENWMI_SHARED`
//! names the folder that has it.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::{Class, Locale, Name, Namespace, Qualifiers};
use mof::{ActionKind, Disk, Memory, Options, Sources};
use openwmi_suite::world::{NAMESPACE, World, compile_options};
use wbem::Flags;

use crate::pywbem::{dmtf, needed};

fn options() -> Options {
    Options::new(Namespace::new(NAMESPACE).expect("a namespace"))
}

/// The classes that a master declares, by namespace and name, with all that they inherit.
fn declared(sources: &mut dyn Sources, master: &Path) -> HashMap<(Namespace, Name), Arc<Class>> {
    let compilation = mof::parse(sources, master, &options());
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    let mut classes: HashMap<(Namespace, Name), Arc<Class>> = HashMap::new();
    for action in compilation.actions {
        let ActionKind::PutClass { declaration, .. } = action.kind else { continue };
        let above = declaration.superclass.clone().map(|name| (action.namespace.clone(), name));
        let superclass = above.map(|above| classes[&above].clone());
        let class = Class::derive(declaration, superclass, None).expect("a class");
        classes.insert((action.namespace, class.name().clone()), class);
    }
    classes
}

/// All that a class says, the qualifiers of each element in the order of their names.
fn text(class: &Class) -> String {
    let mut out = format!("{} : {:?}", class.name(), class.superclass().map(|s| s.name()));
    tell(&mut out, class.qualifiers());
    for p in class.properties() {
        write!(out, "\n {} {} = {:?} {}", p.ty, p.name, p.default, p.declared_in).expect("text");
        tell(&mut out, &p.qualifiers);
    }
    for m in class.methods() {
        write!(out, "\n {:?} {} {}", m.return_type, m.name, m.declared_in).expect("text");
        tell(&mut out, &m.qualifiers);
        for p in &m.parameters {
            write!(out, "\n  {} {} = {:?}", p.ty, p.name, p.default).expect("text");
            tell(&mut out, &p.qualifiers);
        }
    }
    out
}

fn tell(out: &mut String, qualifiers: &Qualifiers) {
    let mut list: Vec<_> = qualifiers.iter().collect();
    list.sort_by(|a, b| a.name.cmp(&b.name));
    for q in list {
        write!(out, " [{} {:?} {:x}]", q.name, q.value, q.flavor.0).expect("text");
    }
}

/// Splits `master`, compiles both parts and reads them; gives how many classes were compared.
fn comes_back(sources: &mut dyn Sources, master: &Path, locale: Option<Locale>) -> usize {
    let split = mof::split(sources, master, locale, &options()).unwrap_or_else(|e| panic!("{e:?}"));
    let world = World::new();
    world.create_namespace(r"root\other");
    for text in [&split.mof, &split.mfl] {
        let report = world.compile_text(text, &compile_options(Flags::default()));
        let wrong: Vec<_> = report.syntax.iter().chain(&report.storage).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    let without = text_without_amendment(sources, master);
    let mut context = world.administrator().clone();
    context.set_locales(&[split.locale]);
    let expected = match without {
        Some(text) => declared(&mut Memory::file(master, text), master),
        None => declared(sources, master),
    };
    for ((namespace, name), class) in &expected {
        let services = world.connect(namespace.as_str()).expect("the namespace");
        let flags = Flags::USE_AMENDED_QUALIFIERS;
        let read = services.get_object(name.as_str(), flags, &context).expect("the class");
        assert_eq!(text(read.class()), text(class));
        let neutral = services.get_object(name.as_str(), Flags::default(), &context);
        let neutral = neutral.expect("the class");
        let parts = cim::amendment::split(neutral.class().declaration(), split.locale);
        assert_eq!(parts.localized, None, "{name}");
    }
    expected.len()
}

/// The text of a file that names its locale itself, without that and with what it includes.
fn text_without_amendment(sources: &mut dyn Sources, master: &Path) -> Option<String> {
    let text = String::from_utf8(sources.read(master).expect("the master")).expect("UTF-8");
    let shared = master.with_file_name("include").join("shared.mof");
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("#pragma amendment"))
        .map(|line| match line.starts_with("#include") {
            true => String::from_utf8(sources.read(&shared).expect("included")).expect("UTF-8"),
            false => line.to_owned(),
        })
        .collect();
    text.contains("#pragma amendment").then(|| lines.join("\n"))
}

fn masters() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/mof/tests/data/split")
}

#[test]
fn g25_a_master_with_everything_comes_back() {
    assert_eq!(comes_back(&mut Disk, &masters().join("everything.mof"), None), 7);
}

#[test]
fn g25_a_master_in_dmtfs_dialect_comes_back() {
    let master = masters().join("dmtf.mof");
    assert_eq!(comes_back(&mut Disk, &master, Some(Locale::DEFAULT)), 1);
}

#[test]
fn g25_the_documented_example_comes_back() {
    let text = std::fs::read_to_string(masters().join("g25_myclass.mof")).expect("the master");
    let path = Path::new("master.mof");
    let mut file = Memory::file(path, text);
    assert_eq!(comes_back(&mut file, path, Some(Locale::DEFAULT)), 1);
}

#[test]
fn g25_dmtf_2_49_comes_back() {
    let Some(shared) = needed("OPENWMI_SHARED", "g25_dmtf_2_49_comes_back") else { return };
    let python = std::env::var_os("OPENWMI_PYTHON").unwrap_or_else(|| "python3".into());
    let (_folder, main) = dmtf(&shared, Path::new(&python));
    assert_eq!(comes_back(&mut Disk, &main, Some(Locale::DEFAULT)), 1631);
}
