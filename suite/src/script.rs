//! Files of questions to WMI, with the answers that the documentation gives.
//!
//! A file (`suite/tests/data/*.test`) is run from top to bottom in a world of its own, which has the
//! view provider and no other. All differences are reported together. Expectations are never
//! generated: they come from the specification, and a changed answer is a bug or a mistake in the
//! file.
//!
//! ```text
//! # a comment
//! == mof G.7 the classes of this file
//! class A { [key] uint32 K; };
//!
//! == query [ENSURE_LOCATABLE] G.10 a property that the class lacks
//! SELECT Nope FROM A
//! --
//! WBEM_E_INVALID_QUERY
//! ```
//!
//! A block begins with `==`, its kind, in brackets flags and perhaps `in NAMESPACE` and `locale
//! MS_407 MS_409`, and the section it is about; then come what is asked and, after `--`, what must come back: objects in
//! any order, `(nothing)`, or the symbol of a status.
//!
//! | kind | asks | answers |
//! |---|---|---|
//! | `mof` | the compiler, with MOF | each error's status and line; without `--`, none |
//! | `put` | PutClass and PutInstance, object by object | names and paths; without `--`, no error |
//! | `query`, `system` | ExecQuery | the objects; their system properties |
//! | `get`, `class`, `path` | GetObject | the object; a class in full; its system properties |
//! | `instances`, `subclasses` | CreateInstanceEnum, CreateClassEnum | the objects |
//! | `delete`, `deleteclass` | DeleteInstance, DeleteClass | without `--`, no error |

use std::path::Path;
use std::sync::Arc;

use cim::status::WBEM_S_NO_ERROR;
use cim::{Locale, Object, Result};
use tempfile::TempDir;
use wbem::{CallContext, Flags, Services, Sink};

use crate::put;
use crate::text;
use crate::world::{NAMESPACE, World, compile_options, symbol};

/// The way from a script to WMI: made of a connection, what the script asks.
pub type Door = dyn Fn(Arc<dyn Services>) -> Arc<dyn Services>;

/// No door: the operations as the object manager has them.
pub fn directly(services: Arc<dyn Services>) -> Arc<dyn Services> {
    services
}

/// Where the repository of a script is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In memory, open from the first block to the last.
    Memory,
    /// On a disk, closed and opened again before each block.
    Disk,
}

/// Runs the script `text`, called `name` in messages, in a world at `place`, through `door`.
///
/// # Panics
///
/// Where an answer is not the expected one, with all such answers; where the script is
/// misspelled.
pub fn run(name: &str, text: &str, place: Place, door: &Door) {
    let providers = || {
        let mut providers = wbem::NativeProviders::default();
        views::register(&mut providers);
        providers
    };
    let mut world = World::in_directory(place.directory(), providers());
    let blocks = parse(name, text);
    assert!(!blocks.is_empty(), "{name} asks nothing");
    let mut wrong = Vec::new();
    for block in &blocks {
        if place == Place::Disk {
            world = world.reopen(providers());
        }
        wrong.extend(block.check(&world, door, name).err());
    }
    let (wrong_count, count) = (wrong.len(), blocks.len());
    assert!(wrong.is_empty(), "{wrong_count} of {count} answers differ:\n\n{}", wrong.join("\n"));
}

impl Place {
    fn directory(self) -> TempDir {
        // The folder in which the tests were built is on a disk; this one is memory where it is
        // there.
        let built = std::env::current_exe().expect("the program has a file");
        let place = match self {
            Place::Memory => Path::new("/dev/shm"),
            Place::Disk => built.parent().expect("in a folder"),
        };
        tempfile::tempdir_in(place).or_else(|_| TempDir::new()).expect("a temporary directory")
    }
}

/// A question and its answer.
struct Block<'a> {
    line: usize,
    kind: &'a str,
    flags: Flags,
    namespace: &'a str,
    locales: Vec<Locale>,
    label: &'a str,
    input: String,
    expected: Option<Vec<&'a str>>,
}

fn parse<'a>(name: &str, text: &'a str) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block<'a>> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", i + 1);
        match (line.strip_prefix("== "), blocks.last_mut()) {
            (Some(header), _) => blocks.push(parse_header(header, i + 1, &place)),
            (None, Some(block)) => block.take(line, &place),
            (None, None) => {
                let is_comment = line.is_empty() || line.starts_with('#');
                assert!(is_comment, "{place}: before the first block stand comments only");
            }
        }
    }
    blocks.iter_mut().for_each(Block::trim);
    blocks
}

fn parse_header<'a>(header: &'a str, line: usize, place: &str) -> Block<'a> {
    let (kind, rest) = header.split_once(' ').unwrap_or((header, ""));
    let (options, label) = match rest.strip_prefix('[').and_then(|r| r.split_once("] ")) {
        Some((options, label)) => (options, label),
        None => ("", rest),
    };
    assert!(is_cited(label), "{place}: \"{label}\" begins with no section of the specification");
    let (mut flags, mut namespace, mut locales) = (Flags::default(), NAMESPACE, Vec::new());
    for option in options.split(',').map(str::trim).filter(|o| !o.is_empty()) {
        match option.split_once(' ') {
            Some(("in", other)) => namespace = other,
            Some(("locale", named)) => locales = Locale::list(&named.replace(' ', ",")),
            _ => flags |= flag(option, place),
        }
    }
    Block { line, kind, flags, namespace, locales, label, input: String::new(), expected: None }
}

/// Whether a label begins with a section (`G.10`, `I-5`, `J19`), a check (`G07`) or the name of
/// the page of what Windows does.
fn is_cited(label: &str) -> bool {
    let word = label.split_whitespace().next().unwrap_or_default();
    let rest = word.strip_prefix(|c: char| ('A'..='K').contains(&c));
    let is_section = rest.is_some_and(|r| r.contains(|c: char| c.is_ascii_digit()));
    is_section || ["wins", "architecture", "decisions"].contains(&word)
}

fn flag(name: &str, place: &str) -> Flags {
    match name {
        "NO_ERROR_OBJECT" => Flags::NO_ERROR_OBJECT,
        "SEND_STATUS" => Flags::SEND_STATUS,
        "SHALLOW" => Flags::SHALLOW,
        "CREATE_ONLY" => Flags::CREATE_ONLY,
        "UPDATE_ONLY" => Flags::UPDATE_ONLY,
        "SAFE" => Flags::UPDATE_SAFE_MODE,
        "FORCE" => Flags::UPDATE_FORCE_MODE,
        "PROTOTYPE" => Flags::PROTOTYPE,
        "RETURN_IMMEDIATELY" => Flags::RETURN_IMMEDIATELY,
        "FORWARD_ONLY" => Flags::FORWARD_ONLY,
        "ENSURE_LOCATABLE" => Flags::ENSURE_LOCATABLE,
        "DIRECT_READ" => Flags::DIRECT_READ,
        "OWNER_UPDATE" => Flags::OWNER_UPDATE,
        "USE_AMENDED" => Flags::USE_AMENDED_QUALIFIERS,
        "UNKNOWN" => Flags::from_bits_retain(0x0800_0000),
        other => panic!("{place}: there is no flag {other}"),
    }
}

impl<'a> Block<'a> {
    fn take(&mut self, line: &'a str, place: &str) {
        match &mut self.expected {
            None if line == "--" => self.expected = Some(Vec::new()),
            Some(_) if line == "--" => panic!("{place}: a block has one --"),
            Some(expected) => expected.push(line.trim_end()),
            None => {
                self.input.push_str(line);
                self.input.push('\n');
            }
        }
    }

    /// Takes off the empty lines and comments with which a block ends.
    fn trim(&mut self) {
        let is_idle = |line: &&str| line.is_empty() || line.starts_with('#');
        if let Some(expected) = &mut self.expected {
            while expected.last().is_some_and(is_idle) {
                expected.pop();
            }
        }
    }

    /// Errors: the differences, as text.
    fn check(&self, world: &World, door: &Door, name: &str) -> std::result::Result<(), String> {
        let place = format!("{name}:{}", self.line);
        let mut expected: Vec<String> = match &self.expected {
            Some(lines) if lines == &["(nothing)"] => Vec::new(),
            Some(lines) if lines.is_empty() => panic!("{place}: write (nothing)"),
            Some(lines) => lines.iter().map(|line| (*line).to_owned()).collect(),
            None => Vec::new(),
        };
        let mut found = self.answer(world, door, &place);
        if self.expected.is_none() {
            assert!(self.is_write(), "{place}: {} needs an expected answer", self.kind);
            // What was written is of no interest then, only that it was.
            found.retain(|line| line.starts_with("WBEM"));
        }
        expected.sort();
        found.sort();
        if expected == found {
            return Ok(());
        }
        let text = |lines: &[String]| match lines {
            [] => "    (nothing)\n".to_owned(),
            lines => lines.iter().map(|line| format!("    {line}\n")).collect(),
        };
        let (kind, label, input) = (self.kind, self.label, self.input.trim_end());
        let (expected, found) = (text(&expected), text(&found));
        Err(format!("{place}: {kind} {label}\n{input}\n  expected\n{expected}  found\n{found}"))
    }

    fn is_write(&self) -> bool {
        ["mof", "put", "delete", "deleteclass"].contains(&self.kind)
    }

    /// What WMI answers, in lines.
    fn answer(&self, world: &World, door: &Door, place: &str) -> Vec<String> {
        let services = match world.connect(self.namespace) {
            Ok(services) => door(services),
            Err(e) => return vec![symbol(&e).to_owned()],
        };
        let mut context = world.administrator().clone();
        context.set_locales(&self.locales);
        let (input, flags, context) = (self.input.trim(), self.flags, &context);
        let lines = match self.kind {
            "mof" => return self.compile(world),
            "put" => {
                let (mut lines, result) = put::put(&*services, input, flags, context);
                lines.extend(result.err().map(|e| symbol(&e).to_owned()));
                return lines;
            }
            "query" => {
                objects(text::object, |s| services.exec_query("WQL", input, flags, context, s))
            }
            "system" => {
                objects(text::system, |s| services.exec_query("WQL", input, flags, context, s))
            }
            "instances" => {
                objects(text::object, |s| services.create_instance_enum(input, flags, context, s))
            }
            "subclasses" => {
                let superclass = Some(input).filter(|input| !input.is_empty());
                objects(text::object, |s| services.create_class_enum(superclass, flags, context, s))
            }
            "get" => self.get(&*services, context, text::object),
            "path" => self.get(&*services, context, text::system),
            "class" => self.get(&*services, context, |object| text::class(object.class())),
            "delete" => services.delete_instance(input, flags, context).map(|()| Vec::new()),
            "deleteclass" => services.delete_class(input, flags, context).map(|()| Vec::new()),
            other => panic!("{place}: there is no block of kind {other}"),
        };
        lines.unwrap_or_else(|e| vec![symbol(&e).to_owned()])
    }

    fn get(
        &self,
        services: &dyn Services,
        context: &CallContext,
        text: impl Fn(&Object) -> String,
    ) -> Result<Vec<String>> {
        let object = services.get_object(self.input.trim(), self.flags, context)?;
        Ok(text(&object).lines().map(str::to_owned).collect())
    }

    fn compile(&self, world: &World) -> Vec<String> {
        let mut options = compile_options(self.flags);
        options.namespace = cim::Namespace::new(self.namespace).expect("a namespace's name");
        let report = world.compile_text(&self.input, &options);
        let errors = report.syntax.iter().chain(&report.storage);
        let symbol =
            |status: cim::WbemStatus| status.symbol().unwrap_or("a status without a symbol");
        errors.map(|d| format!("{} line {}", symbol(d.status), d.line)).collect()
    }
}

/// The objects of an operation, each as `text` has it, and its status where that tells more than
/// success.
fn objects(
    text: impl Fn(&Object) -> String,
    operation: impl FnOnce(Sink) -> Result<()>,
) -> Result<Vec<String>> {
    let (objects, completion) = wbem::gather(operation);
    let status = completion?;
    let mut lines: Vec<String> = objects.iter().map(text).collect();
    if status != WBEM_S_NO_ERROR {
        lines.push(status.to_string());
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: &str = "== mof G.7 x\nclass A { [key] uint32 K; };\ninstance of A { K = 1; };\n";

    fn outcome(blocks: &str) -> Option<String> {
        let script = format!("# a comment\n{SETUP}{blocks}");
        let panic =
            std::panic::catch_unwind(|| run("s.test", &script, Place::Memory, &directly)).err()?;
        let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
    }

    #[test]
    fn right_answers_pass() {
        let blocks = "== query G.10 all\nSELECT * FROM A\n--\nA{K=1}\n\n# so\n== get F.2 none\nB\n--\nWBEM_E_NOT_FOUND\n";
        assert_eq!(outcome(blocks), None);
    }

    #[test]
    fn all_wrong_answers_are_reported() {
        let blocks = "== query G.10 one\nSELECT * FROM A\n--\nA{K=2}\n== query G.10 two\nSELECT * FROM A\n--\n(nothing)\n";
        let report = outcome(blocks).unwrap();
        assert!(report.starts_with("2 of 3 answers differ"), "{report}");
        assert!(report.contains("s.test:5: query G.10 one"), "{report}");
        assert!(report.contains("  expected\n    (nothing)\n  found\n    A{K=1}\n"), "{report}");
    }

    #[test]
    fn a_script_cannot_expect_nothing_by_mistake() {
        for (blocks, message) in [
            ("== query G.10 x\nSELECT * FROM A\n", "query needs an expected answer"),
            ("== query G.10 x\nSELECT * FROM A\n--\n", "write (nothing)"),
            ("== query all\nSELECT * FROM A\n--\n(nothing)\n", "no section"),
            ("== query [NONE] G.10 x\nSELECT * FROM A\n--\n(nothing)\n", "no flag NONE"),
            ("== ask G.10 x\nSELECT * FROM A\n--\n(nothing)\n", "no block of kind ask"),
        ] {
            let report = outcome(blocks).unwrap_or_default();
            assert!(report.contains(message), "{blocks}: {report}");
        }
    }
}
