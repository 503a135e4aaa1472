//! What one Rust file says about modules: which it declares, what it defines, what it imports.
//!
//! Input is the text of a file and the path of its module; output is one [`Module`] for the file and
//! one for each inline module in it. Names are not resolved here. The file is read as tokens, so a
//! path in the body of a macro counts as well, and one in a comment or string does not.

use std::collections::BTreeSet;

use crate::tokens::{Kind, Token, tokens};

/// The keywords that introduce a named item.
const ITEMS: [&str; 8] = ["struct", "enum", "union", "trait", "type", "fn", "const", "static"];

/// The path of a module or item inside its crate, without `crate`; the root's is empty.
pub(super) type Path = Vec<String>;

/// A file, as far as modules are concerned.
pub(super) struct File {
    /// The module of the file, then those inline in it.
    pub(super) modules: Vec<Module>,
    pub(super) pub_crate_items: usize,
    pub(super) lines: usize,
}

/// A module that is a file or is inline in one.
#[derive(Default)]
pub(super) struct Module {
    pub(super) path: Path,
    /// Modules declared in it, with or without a body.
    pub(super) children: BTreeSet<String>,
    /// Items defined in it.
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
}

/// A path to something outside of the expression that mentions it.
pub(super) struct Import {
    /// As written, from `crate`, `self`, `super` or a name in scope on.
    pub(super) path: Path,
    pub(super) line: usize,
    pub(super) kind: ImportKind,
    /// Written with `pub use`.
    pub(super) is_public: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ImportKind {
    /// A `use` that binds this name.
    Name(String),
    /// A `use` with `*`.
    Glob,
    /// A path in code.
    Inline,
}

/// Reads the file of the module at `path`.
pub(super) fn parse(path: Path, text: &str) -> File {
    let code = tokens(text).into_iter().filter(|it| it.kind != Kind::Comment).collect();
    let root = Module { path, ..Module::default() };
    let mut parser =
        Parser { tokens: code, at: 0, modules: vec![root], scopes: Vec::new(), pub_crate_items: 0 };
    while parser.at < parser.tokens.len() {
        parser.step();
    }
    let lines = text.lines().count();
    File { modules: parser.modules, pub_crate_items: parser.pub_crate_items, lines }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    modules: Vec<Module>,
    /// The open braces: the index of the module that one opens, `None` for any other block.
    scopes: Vec<Option<usize>>,
    pub_crate_items: usize,
}

impl Parser<'_> {
    /// The text of the token `ahead` of the current one; empty past the end.
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |it| it.text)
    }

    fn is_word(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|it| it.kind == Kind::Word)
    }

    fn is_path_separator(&self, ahead: usize) -> bool {
        self.text(ahead) == ":" && self.text(ahead + 1) == ":"
    }

    fn module(&mut self) -> &mut Module {
        let open = self.scopes.iter().rev().find_map(|it| *it).unwrap_or(0);
        &mut self.modules[open]
    }

    fn step(&mut self) {
        let second = self.text(1).to_owned();
        match self.text(0) {
            "{" => self.open(None),
            "}" => {
                self.scopes.pop();
                self.at += 1;
            }
            "pub" => self.visibility(),
            "mod" if self.is_word(1) => self.declare(second),
            "use" if self.is_word(1) || second == "{" => self.import(false),
            // `use ::other_crate::x`, and `use<'a>` in a type.
            "use" => self.at += 1,
            "macro_rules" if second == "!" && self.is_word(2) => {
                let name = self.text(2).to_owned();
                self.module().items.insert(name);
                self.at += 3;
            }
            word if ITEMS.contains(&word) && self.is_word(1) => {
                // An item in a block (a method, a local item) cannot be imported.
                let is_item = self.scopes.last().is_none_or(Option::is_some);
                if is_item && second != "fn" {
                    self.module().items.insert(second);
                }
                self.at += 1;
            }
            _ if self.is_word(0) => self.inline_path(),
            _ => self.at += 1,
        }
    }

    fn open(&mut self, module: Option<usize>) {
        self.scopes.push(module);
        self.at += 1;
    }

    /// `pub`, `pub(crate)`, `pub(in crate::x)`; the path in it is no import.
    fn visibility(&mut self) {
        self.at += 1;
        let restricted =
            self.text(0) == "(" && matches!(self.text(1), "crate" | "super" | "self" | "in");
        if restricted {
            self.pub_crate_items += usize::from(self.text(1) == "crate");
            while !matches!(self.text(0), ")" | "") {
                self.at += 1;
            }
            self.at += 1;
        }
        if self.text(0) == "use" {
            self.import(!restricted);
        }
    }

    fn declare(&mut self, name: String) {
        self.module().children.insert(name.clone());
        self.at += 2;
        if self.text(0) == "{" {
            let mut path = self.module().path.clone();
            path.push(name);
            self.modules.push(Module { path, ..Module::default() });
            self.open(Some(self.modules.len() - 1));
        }
    }

    fn import(&mut self, is_public: bool) {
        self.at += 1;
        self.use_tree(&[], is_public);
    }

    /// One branch of a `use`; `prefix` is the path before it.
    fn use_tree(&mut self, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |it| it.line);
        while self.is_word(0) {
            path.push(self.text(0).to_owned());
            self.at += 1;
            if !self.is_path_separator(0) {
                break;
            }
            self.at += 2;
        }
        if self.text(0) == "*" {
            self.at += 1;
            let kind = ImportKind::Glob;
            self.module().imports.push(Import { path, line, kind, is_public });
            return;
        }
        if self.text(0) == "{" {
            return self.use_group(&path, is_public);
        }
        if path.len() > 1 && path.last().is_some_and(|it| it == "self") {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.text(0) == "as" {
            name = self.text(1).to_owned();
            self.at += 2;
        }
        let kind = ImportKind::Name(name);
        self.module().imports.push(Import { path, line, kind, is_public });
    }

    fn use_group(&mut self, prefix: &[String], is_public: bool) {
        self.at += 1;
        while !matches!(self.text(0), "}" | "") {
            let before = self.at;
            self.use_tree(prefix, is_public);
            // Past the comma; and past anything that is no branch, so that this ends.
            if self.text(0) == "," || self.at == before {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn inline_path(&mut self) {
        let continues = self.at >= 2
            && self.tokens[self.at - 1].text == ":"
            && self.tokens[self.at - 2].text == ":";
        let line = self.tokens[self.at].line;
        let mut path = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.is_path_separator(0) && self.is_word(2) {
            path.push(self.text(2).to_owned());
            self.at += 3;
        }
        if path.len() > 1 && !continues {
            let kind = ImportKind::Inline;
            self.module().imports.push(Import { path, line, kind, is_public: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let file = parse(vec!["a".into()], text);
        let show = |module: &Module| {
            let at = module.path.join("::");
            let import = |it: &Import| {
                let path = it.path.join("::");
                match &it.kind {
                    ImportKind::Name(name) => format!("{at}: {path} as {name}"),
                    ImportKind::Glob => format!("{at}: {path}::*"),
                    ImportKind::Inline => format!("{at}: {path}"),
                }
            };
            module.imports.iter().map(import).collect::<Vec<_>>()
        };
        file.modules.iter().flat_map(show).collect()
    }

    #[test]
    fn a_use_is_taken_apart() {
        assert_eq!(
            imports("use crate::b::{self, C, d::{E as F, *}};"),
            [
                "a: crate::b as b",
                "a: crate::b::C as C",
                "a: crate::b::d::E as F",
                "a: crate::b::d::*"
            ]
        );
        assert_eq!(imports("use {crate::b, super::c};"), ["a: crate::b as b", "a: super::c as c"]);
        assert_eq!(imports("use ::cim::Name;"), [""; 0]);
    }

    #[test]
    fn paths_in_code_are_imports_and_those_in_comments_and_strings_are_not() {
        assert_eq!(
            imports("fn f() { crate::b::g(\"crate::c\"); } // crate::d"),
            ["a: crate::b::g"]
        );
        assert_eq!(imports("fn f() -> impl T + use<'_> { <A as b::B>::c::d() }"), ["a: b::B"]);
        assert_eq!(imports("pub(in crate::b) fn f(x: Y) { z.collect::<V>() }"), [""; 0]);
    }

    #[test]
    fn inline_modules_have_their_own_imports() {
        assert_eq!(
            imports("mod t { use super::*; fn f() {} } use crate::b;"),
            ["a: crate::b as b", "a::t: super::*"]
        );
    }

    #[test]
    fn items_are_those_that_can_be_imported() {
        let file = parse(
            Path::new(),
            "pub struct A { b: C } impl A { fn m() {} } const fn f() { struct L; }\n\
             pub(crate) const X: u8 = 1; macro_rules! mac { () => {} } mod child;",
        );
        let names: Vec<&str> = file.modules[0].items.iter().map(String::as_str).collect();
        assert_eq!(names, ["A", "X", "f", "mac"]);
        assert!(file.modules[0].children.contains("child"));
        assert_eq!(file.pub_crate_items, 1);
    }
}
