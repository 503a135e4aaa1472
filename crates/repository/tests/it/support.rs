//! What the tests share: a repository in a directory of its own, and classes to fill it with.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, InstanceKey, Name, Namespace,
    PropertyDeclaration, PropertyType, Qualifier, Qualifiers, Value,
};
use repository::{NamespaceId, Repository};
use tempfile::TempDir;

pub(crate) fn repository() -> (TempDir, Repository) {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open(dir.path().join("repository")).unwrap();
    (dir, repository)
}

/// The namespace root, with the declarations of these classes in it.
pub(crate) fn fill(repository: &Repository, classes: &[&Arc<Class>]) -> NamespaceId {
    repository
        .write(|w| {
            let root = w.view().namespace(&Namespace::root())?.unwrap();
            for class in classes {
                w.put_class(root, class.declaration())?;
            }
            Ok(root)
        })
        .unwrap()
}

pub(crate) fn qualifiers(names: &[&str]) -> Qualifiers {
    names.iter().map(|n| Qualifier::new(*n, true, Flavor::TO_DERIVED)).collect()
}

pub(crate) fn property(name: &str, ty: impl Into<PropertyType>) -> PropertyDeclaration {
    PropertyDeclaration {
        name: name.into(),
        ty: ty.into(),
        default: None,
        qualifiers: Qualifiers::default(),
    }
}

pub(crate) fn key_property(name: &str, ty: CimType) -> PropertyDeclaration {
    PropertyDeclaration { qualifiers: qualifiers(&["key"]), ..property(name, ty) }
}

pub(crate) fn class(
    name: &str,
    superclass: Option<&Arc<Class>>,
    properties: Vec<PropertyDeclaration>,
) -> Arc<Class> {
    let declaration = ClassDeclaration {
        name: name.into(),
        superclass: superclass.map(|s| s.name().clone()),
        properties,
        ..Default::default()
    };
    Class::derive(declaration.into(), superclass.cloned(), None).unwrap()
}

/// A class with a string key `Id` and a few other properties.
pub(crate) fn thing() -> Arc<Class> {
    class(
        "Test_Thing",
        None,
        vec![
            key_property("Id", CimType::String),
            property("Count", CimType::UInt32),
            PropertyDeclaration {
                default: Some(Value::string("none")),
                ..property("Note", CimType::String)
            },
        ],
    )
}

pub(crate) fn named(class: &Arc<Class>, id: &str) -> Instance {
    let mut instance = Instance::new(class.clone());
    instance.put("Id", &Value::string(id)).unwrap();
    instance
}

pub(crate) fn key(class: &Arc<Class>, id: &str) -> InstanceKey {
    named(class, id).key().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.into()
}

const CHILD: &str = "OPENWMI_REPOSITORY_TEST_CHILD";

/// A process that runs one test of this binary, in which [`as_child`] gives `dir`.
pub(crate) fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, dir);
    command
}

/// The directory, in a process that [`child`] started; such tests do nothing otherwise.
pub(crate) fn as_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Tells the parent something, in a line of its own.
pub(crate) fn tell(what: impl Display) {
    println!("\n> {what}");
}

/// A process that runs, and the lines it tells. It is killed when this is dropped.
pub(crate) struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(test: &str, dir: &Path) -> Self {
        let mut command = child(test, dir);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Running { process, lines }
    }

    /// The next thing it tells; `None` when it has ended.
    pub(crate) fn told(&mut self) -> Option<String> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| Some(line.strip_prefix("> ")?.to_owned()))
    }

    /// Kills it and returns the last line that it printed since the last read.
    pub(crate) fn kill(mut self) -> Option<String> {
        self.process.kill().unwrap();
        let last = std::iter::from_fn(|| self.told()).last();
        self.process.wait().unwrap();
        last
    }

    /// Closes its input and waits for it to end well.
    pub(crate) fn finish(mut self) {
        drop(self.process.stdin.take());
        while self.told().is_some() {}
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
