//! `tests/data/split/*.mof` split in two: the neutral part is the `.neutral` beside it, the
//! localized one the `.mfl` (behaviour.md G.8, G.9; check G25). `UPDATE=1 cargo test` rewrites
//! these: read the difference before it is committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::amendment;
use cim::status::*;
use cim::{ClassDeclaration, Locale, Namespace};
use mof::{ActionKind, Disk, Memory, Options, Split, SplitFiles};

fn options() -> Options {
    Options::new(Namespace::cimv2())
}

/// The locale of the files here that name none.
fn locale(path: &Path) -> Option<Locale> {
    let names_one = std::fs::read_to_string(path).unwrap().contains("#pragma amendment");
    (!names_one).then_some(Locale::DEFAULT)
}

fn masters() -> Vec<PathBuf> {
    let files = std::fs::read_dir("tests/data/split").unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "mof")).collect()
}

fn split(path: &Path) -> Split {
    mof::split(&mut Disk, path, locale(path), &options()).unwrap_or_else(|e| panic!("{e:?}"))
}

/// The classes of a text, each with its namespace.
fn classes(text: &str) -> Vec<(Namespace, Arc<ClassDeclaration>)> {
    let path = Path::new("part.mof");
    let compilation = mof::parse(&mut Memory::file(path, text), path, &options());
    assert!(compilation.diagnostics.is_empty(), "{text}\n{:?}", compilation.diagnostics);
    let class = |action: mof::Action| match action.kind {
        ActionKind::PutClass { declaration, .. } => Some((action.namespace, declaration)),
        _ => None,
    };
    compilation.actions.into_iter().filter_map(class).collect()
}

#[test]
fn g25_a_master_becomes_the_two_files_beside_it() {
    let mut wrong = Vec::new();
    for path in masters() {
        let Split { mof, mfl, .. } = split(&path);
        for (extension, text) in [("neutral", mof), ("mfl", mfl)] {
            let golden = path.with_extension(extension);
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&golden, text).unwrap();
            } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(&*text) {
                wrong.push(format!("== {} ==\n{text}", golden.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn g25_each_part_has_of_every_class_what_belongs_to_it() {
    for path in masters() {
        let Split { locale, mof, mfl } = split(&path);
        let neutral = classes(&mof);
        let localized = classes(&mfl);
        assert!(!localized.is_empty());
        let master = std::fs::read_to_string(&path).unwrap();
        assert!(master.contains("Amended") || master.contains("Translatable"));
        for (_, class) in &neutral {
            assert_eq!(amendment::split(class, locale).localized, None, "{}", class.name);
        }
        for (namespace, class) in &localized {
            assert_eq!(namespace.leaf(), locale.namespace_name());
            let above = namespace.parent().unwrap();
            let (_, part) =
                neutral.iter().find(|(n, c)| *n == above && c.name == class.name).unwrap();
            let merged = amendment::merge(part, Some(&**class), None);
            let again = amendment::split(&merged, locale);
            assert_eq!(again.neutral, **part);
            // The superclass of a part that is written is one that is written.
            let whole = ClassDeclaration {
                superclass: part.superclass.clone(),
                ..ClassDeclaration::clone(class)
            };
            assert_eq!(again.localized.map(sorted), Some(sorted(whole)));
        }
    }
}

/// The class with every element's qualifiers in the order of their names.
fn sorted(mut class: ClassDeclaration) -> ClassDeclaration {
    let sort = |set: &mut cim::Qualifiers| {
        let mut list: Vec<_> = set.iter().cloned().collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        *set = list.into_iter().collect();
    };
    sort(&mut class.qualifiers);
    class.properties.iter_mut().for_each(|p| sort(&mut p.qualifiers));
    for method in &mut class.methods {
        sort(&mut method.qualifiers);
        method.parameters.iter_mut().for_each(|p| sort(&mut p.qualifiers));
    }
    class
}

fn refused(text: &str, locale: Option<&str>) -> cim::WbemStatus {
    let locale = locale.map(|l| l.parse().unwrap());
    let path = Path::new("a.mof");
    let split = mof::split(&mut Memory::file(path, text), path, locale, &options());
    split.expect_err("it should be refused")[0].status
}

#[test]
fn g9_a_split_needs_one_locale() {
    assert_eq!(refused("class A {};", None), WBEMMOF_E_INVALID_AMENDMENT_SYNTAX);
    let named = "#pragma amendment(\"MS_409\")\nclass A {};";
    assert_eq!(refused(named, Some("MS_407")), WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT);
    assert_eq!(refused("class A { x };", Some("MS_407")), WBEMMOF_E_EXPECTED_PROPERTY_NAME);
    let path = Path::new("a.mof");
    let same = mof::split(&mut Memory::file(path, named), path, "MS_409".parse().ok(), &options());
    assert_eq!(same.unwrap().mof.trim(), "class A {};");
}

#[test]
fn g9_a_file_that_is_to_be_split_stores_nothing_itself() {
    let path = Path::new("a.mof");
    let mut file = Memory::file(path, "#pragma amendment(\"MS_409\")\nclass A {};");
    let compilation = mof::parse(&mut file, path, &options());
    assert_eq!(compilation.diagnostics[0].status, WBEM_E_INVALID_OPERATION);
}

#[test]
fn g25_files_are_written_both_or_neither() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let (master, mof, mfl) = (at("m.mof"), at("a.mof"), at("b.mfl"));
    let english = Some(Locale::DEFAULT);
    std::fs::write(&master, "[Description(\"d\") : Amended] class A { [key] string K }").unwrap();
    let into = SplitFiles { mof: &mof, mfl: &mfl };
    mof::split_file(&master, into, english, &options()).unwrap_err();
    assert!(!mof.exists() && !mfl.exists());

    std::fs::write(&master, "[Description(\"d\") : Amended] class A { [key] string K; };").unwrap();
    for into in [
        SplitFiles { mof: &master, mfl: &mfl },
        SplitFiles { mof: &mof, mfl: &directory.path().join("./m.mof") },
        SplitFiles { mof: &mof, mfl: &mof },
    ] {
        let error = mof::split_file(&master, into, english, &options()).unwrap_err();
        assert_eq!(error[0].status, WBEM_E_INVALID_PARAMETER);
    }
    assert!(!mof.exists() && !mfl.exists());

    assert_eq!(mof::split_file(&master, into, english, &options()).unwrap(), Locale::DEFAULT);
    assert_eq!(std::fs::read_to_string(&mof).unwrap(), "class A { [key] string K; };");
    assert!(std::fs::read_to_string(&mfl).unwrap().contains("LOCALE(0x409), Description(\"d\")"));
}
