//! What holds of every text taken for a MOF file.
//!
//! Every error has a documented code, a place and a picture. Where there is none, each class that
//! the text declares, written as MOF, parses to an equal one, and so does each instance whose
//! classes are in the text. Split in two, each class has in the two parts what belongs there.

use std::path::Path;
use std::sync::Arc;

use cim::amendment::{self, Parts};
use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_NOT_FOUND};
use cim::{Class, ClassDeclaration, Instance, Locale, Name, Namespace, ObjectPath};
use mof::{Action, ActionKind, Compilation, Context, Diagnostic, Memory, Options, Split};

/// Checks `data` as a file that can include itself and nothing else.
///
/// # Panics
///
/// Where the parser or the writer does, or a rule above does not hold.
pub fn mof(data: &[u8]) {
    let compilation = parse(data);
    compilation.diagnostics.iter().for_each(is_reported);
    if !compilation.diagnostics.is_empty() {
        return;
    }
    parts_are_the_whole(data, &compilation);
    let mut classes = Classes(Vec::new());
    for Action { kind, .. } in &compilation.actions {
        match kind {
            ActionKind::PutClass { declaration, .. } => {
                class_comes_back(declaration);
                classes.add(declaration);
            }
            ActionKind::PutInstance { declaration, .. } => {
                let Ok(class) = classes.class(&declaration.class) else { continue };
                if let Ok(instance) = mof::instantiate(declaration, class, &mut classes) {
                    instance_comes_back(&instance, &mut classes);
                }
            }
            ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => {}
        }
    }
}

const FILE: &str = "fuzz.mof";

fn options() -> Options {
    let mut options = Options::new(Namespace::root());
    options.system_classes = true;
    options
}

fn parse(data: &[u8]) -> Compilation {
    let path = Path::new(FILE);
    mof::parse(&mut Memory::file(path, data), path, &options())
}

/// The classes of a text without errors.
fn declarations(compilation: &Compilation) -> impl Iterator<Item = &ClassDeclaration> {
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    compilation.actions.iter().filter_map(|action| match &action.kind {
        ActionKind::PutClass { declaration, .. } => Some(&**declaration),
        _ => None,
    })
}

/// Splits the text. `master` is what it says as a whole.
fn parts_are_the_whole(data: &[u8], master: &Compilation) {
    let (path, locale) = (Path::new(FILE), Locale::DEFAULT);
    let split = mof::split(&mut Memory::file(path, data), path, Some(locale), &options());
    let Split { mof, mfl, .. } = split.unwrap_or_else(|e| panic!("{e:?}"));
    let parts: Vec<Parts> =
        declarations(master).map(|class| amendment::split(class, locale)).collect();
    let neutral = parse(mof.as_bytes());
    assert_eq!(neutral.actions.len(), master.actions.len(), "{mof}");
    assert!(declarations(&neutral).eq(parts.iter().map(|p| &p.neutral)), "{mof}");
    let localized = parse(mfl.as_bytes());
    let expected = parts.into_iter().filter_map(|part| part.localized);
    let found = declarations(&localized).cloned();
    // A superclass that says nothing is not there to derive from.
    let rootless = |class| ClassDeclaration { superclass: None, ..class };
    assert!(found.map(rootless).eq(expected.map(rootless)), "{mfl}");
}

fn is_reported(diagnostic: &Diagnostic) {
    assert!(diagnostic.status.symbol().is_some(), "{diagnostic}");
    assert!(!diagnostic.status.is_success(), "{diagnostic}");
    assert!(diagnostic.line() >= 1 && diagnostic.column() >= 1, "{diagnostic}");
    assert!(diagnostic.render(true).contains(FILE), "{diagnostic}");
}

/// The one action of a text that was written.
fn again(text: &str) -> ActionKind {
    let compilation = parse(text.as_bytes());
    assert!(compilation.diagnostics.is_empty(), "{text}\n{:?}", compilation.diagnostics);
    let [action] = <[Action; 1]>::try_from(compilation.actions).expect("one object");
    action.kind
}

fn class_comes_back(class: &ClassDeclaration) {
    let text = mof::write_class(class);
    match again(&text) {
        ActionKind::PutClass { declaration, .. } => assert_eq!(*declaration, *class, "{text}"),
        other => panic!("{text}\n{other:?}"),
    }
}

fn instance_comes_back(instance: &Instance, classes: &mut Classes) {
    let text = mof::write_instance(instance);
    let ActionKind::PutInstance { declaration, .. } = again(&text) else { panic!("{text}") };
    let same = mof::instantiate(&declaration, instance.class().clone(), classes);
    assert_eq!(same.expect("what was made before"), *instance, "{text}");
}

/// The classes of the text so far.
struct Classes(Vec<Arc<Class>>);

impl Classes {
    /// Adds a class, or leaves out one that breaks a rule of the object model.
    fn add(&mut self, declaration: &ClassDeclaration) {
        let superclass = match &declaration.superclass {
            Some(name) => match self.class(name) {
                Ok(class) => Some(class),
                Err(_) => return,
            },
            None => None,
        };
        self.0.extend(Class::derive(Arc::new(declaration.clone()), superclass, None));
    }
}

impl Context for Classes {
    fn class(&mut self, name: &Name) -> cim::Result<Arc<Class>> {
        let found = self.0.iter().rfind(|c| c.name() == name).cloned();
        found.ok_or_else(|| WBEM_E_INVALID_CLASS.into())
    }

    fn alias(&mut self, _: &Name) -> cim::Result<ObjectPath> {
        Err(WBEM_E_NOT_FOUND.into())
    }
}
