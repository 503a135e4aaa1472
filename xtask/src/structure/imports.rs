//! Which file of a crate imports which: the paths of [`syntax`], resolved.
//!
//! Input is the sources under one crate's `src`; output is a [`Crate`]. A name is followed through
//! `use` and `pub use` to the file that defines it; if it cannot be found, the import counts as
//! one of the last module on the way. Paths into other crates are left out, and so is what
//! needs no path: a method of a type that a third file imported.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{self, Import, ImportKind, Module, Path};
use crate::checkout::Source;

/// The name of what is in no folder: `lib.rs`, `main.rs`.
pub(super) const ROOT: &str = "lib";

/// A crate as files that import each other.
pub(super) struct Crate {
    pub(super) files: Vec<CrateFile>,
    pub(super) links: Vec<Link>,
    pub(super) pub_crate_items: usize,
}

pub(super) struct CrateFile {
    pub(super) path: String,
    /// The folder or top-level file that it belongs to.
    pub(super) folder: String,
    pub(super) lines: usize,
}

/// One import of one file by another.
pub(super) struct Link {
    /// Indexes of [`Crate::files`]; never the same.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) line: usize,
    /// As written.
    pub(super) path: String,
    /// The folder that the path names, where it names one itself and not through another import.
    pub(super) folder: Option<String>,
}

impl Crate {
    /// The top-level modules that have a folder.
    pub(super) fn folders(&self) -> BTreeSet<&str> {
        let inside = |it: &&CrateFile| it.path.contains(&format!("{}/", it.folder));
        self.files.iter().filter(inside).map(|it| it.folder.as_str()).collect()
    }
}

/// Reads the crate whose sources are below `src` (with a slash at its end).
pub(super) fn read(sources: &[Source], src: &str) -> Crate {
    let mut names = Names { modules: BTreeMap::new() };
    let mut files = Vec::new();
    let mut pub_crate_items = 0;
    for source in sources {
        let Some(inside) = source.path.strip_prefix(src).and_then(|it| it.strip_suffix(".rs"))
        else {
            continue;
        };
        let path = module_path(inside);
        let folder = path.first().map_or(ROOT, String::as_str).to_owned();
        let file = syntax::parse(path, &source.text);
        pub_crate_items += file.pub_crate_items;
        for module in file.modules {
            names.modules.insert(module.path.clone(), (module, files.len()));
        }
        files.push(CrateFile { path: source.path.clone(), folder, lines: file.lines });
    }
    let links = names.links(&files);
    Crate { files, links, pub_crate_items }
}

/// The path of the module that a file below `src`, given without `.rs`, has.
fn module_path(inside: &str) -> Path {
    let mut path: Path = inside.split('/').map(str::to_owned).collect();
    let is_root = path.len() == 1 && matches!(&*path[0], "lib" | "main");
    if is_root || path.last().is_some_and(|it| it == "mod") {
        path.pop();
    }
    path
}

/// The modules of a crate by their paths, each with the index of its file.
struct Names {
    modules: BTreeMap<Path, (Module, usize)>,
}

/// What a path leads to.
#[derive(Debug, PartialEq)]
enum Place {
    Module(Path),
    /// An item of this module.
    Item(Path),
}

/// The lookups under way, so that `use` in a circle ends.
type Pending = BTreeSet<(Path, String)>;

impl Names {
    fn links(&self, files: &[CrateFile]) -> Vec<Link> {
        let mut links = Vec::new();
        for (module, file) in self.modules.values() {
            for import in &module.imports {
                let Some(place) = self.resolve(&module.path, &import.path, &mut Pending::new())
                else {
                    continue;
                };
                let to = self.file(&place);
                if to == *file {
                    continue;
                }
                let exempt = import.is_public && files[*file].folder == ROOT;
                links.push(Link {
                    from: *file,
                    to,
                    line: import.line,
                    path: import.path.join("::"),
                    folder: (!exempt).then(|| self.folder(module, import, &place, files)).flatten(),
                });
            }
        }
        links
    }

    fn file(&self, place: &Place) -> usize {
        let (Place::Module(path) | Place::Item(path)) = place;
        self.modules[path].1
    }

    /// The folder that `import` names itself; `place` is what it leads to.
    fn folder(
        &self,
        module: &Module,
        import: &Import,
        place: &Place,
        files: &[CrateFile],
    ) -> Option<String> {
        let first = import.path.first()?;
        let is_relative = !matches!(first.as_str(), "crate" | "self" | "super");
        // A name in scope was imported by a `use` or declared here, and is judged there.
        if is_relative && (import.kind == ImportKind::Inline || !module.children.contains(first)) {
            return None;
        }
        let mut at = module.path.clone();
        let mut rest = import.path.as_slice();
        while let Some((segment, after)) = rest.split_first() {
            match segment.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => break,
            }
            rest = after;
        }
        at.extend(rest.first().filter(|_| at.is_empty()).cloned());
        let named = self.modules.get(&at).map_or_else(|| self.file(place), |it| it.1);
        // A name that the root re-exports belongs to the folder that defines it.
        let file = if files[named].folder == ROOT { self.file(place) } else { named };
        Some(files[file].folder.clone())
    }

    /// What `path`, written in the module `from`, leads to; `None` for another crate's.
    fn resolve(&self, from: &Path, path: &[String], pending: &mut Pending) -> Option<Place> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Path::new(),
            "self" => from.clone(),
            "super" => parent(from)?,
            name => match self.look_up(from, name, pending)? {
                Place::Module(path) => path,
                item => return Some(item),
            },
        };
        while let Some((segment, after)) = rest.split_first() {
            rest = after;
            if segment == "super" {
                at = parent(&at)?;
                continue;
            }
            match self.look_up(&at, segment, pending) {
                Some(Place::Module(path)) => at = path,
                Some(item) => return Some(item),
                None => return Some(Place::Item(at)),
            }
        }
        Some(Place::Module(at))
    }

    /// What `name` means in the module `at`.
    fn look_up(&self, at: &Path, name: &str, pending: &mut Pending) -> Option<Place> {
        if !pending.insert((at.clone(), name.to_owned())) {
            return None;
        }
        let found = self.look_up_once(at, name, pending);
        pending.remove(&(at.clone(), name.to_owned()));
        found
    }

    fn look_up_once(&self, at: &Path, name: &str, pending: &mut Pending) -> Option<Place> {
        let module = &self.modules.get(at)?.0;
        let child = [at.as_slice(), &[name.to_owned()]].concat();
        if module.children.contains(name) && self.modules.contains_key(&child) {
            return Some(Place::Module(child));
        }
        if module.items.contains(name) {
            return Some(Place::Item(at.clone()));
        }
        let bindings =
            module.imports.iter().filter(|it| it.kind == ImportKind::Name(name.to_owned()));
        let named = bindings.map(|it| &it.path).find_map(|it| self.resolve(at, it, pending));
        named.or_else(|| {
            let globs = module.imports.iter().filter(|it| it.kind == ImportKind::Glob);
            globs.map(|it| &it.path).find_map(|it| match self.resolve(at, it, pending)? {
                Place::Module(path) => self.look_up(&path, name, pending),
                Place::Item(_) => None,
            })
        })
    }
}

fn parent(path: &Path) -> Option<Path> {
    path.split_last().map(|(_, above)| above.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;

    /// The imports of a crate as `from -> to (folder)`.
    fn links(files: &[(&str, &str)]) -> Vec<String> {
        let krate = read(&sources(files), "");
        let show = |it: &Link| {
            let (from, to) = (&krate.files[it.from].path, &krate.files[it.to].path);
            format!("{from} -> {to} ({})", it.folder.as_deref().unwrap_or("-"))
        };
        krate.links.iter().map(show).collect()
    }

    #[test]
    fn a_re_exported_name_leads_to_the_file_that_defines_it() {
        let found = links(&[
            ("lib.rs", "mod a; mod b; pub use b::B;"),
            ("a.rs", "use crate::B; use crate::b::{B as C, D};"),
            ("b/mod.rs", "mod inner; pub use inner::B; pub struct D;"),
            ("b/inner.rs", "pub struct B;"),
        ]);
        assert_eq!(
            found,
            [
                "lib.rs -> b/inner.rs (-)",
                "a.rs -> b/inner.rs (b)",
                "a.rs -> b/inner.rs (b)",
                "a.rs -> b/mod.rs (b)",
                "b/mod.rs -> b/inner.rs (b)",
            ]
        );
    }

    #[test]
    fn globs_and_names_in_scope_are_followed() {
        let found = links(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b; fn f() { b::inner::g() } mod t { use super::*; fn h() { b::k() } }",
            ),
            ("b.rs", "pub mod inner; pub fn k() {}"),
            ("b/inner.rs", "use super::*; fn g() { k() }"),
        ]);
        assert_eq!(
            found,
            [
                "a.rs -> b.rs (b)",
                "a.rs -> b/inner.rs (-)",
                "a.rs -> b.rs (-)",
                "b/inner.rs -> b.rs (b)",
            ]
        );
    }

    #[test]
    fn super_leaves_the_folder_and_other_crates_do_not_count() {
        let found = links(&[
            ("main.rs", "mod a; mod b; fn f() { a::x::g(); }"),
            ("a/mod.rs", "mod x;"),
            ("a/x.rs", "use super::super::b::B; use cim::b; use b::C; use std::fmt; pub fn g() {}"),
            ("b.rs", "pub struct B;"),
        ]);
        assert_eq!(found, ["main.rs -> a/x.rs (-)", "a/x.rs -> b.rs (b)"]);
    }

    #[test]
    fn a_circle_of_re_exports_ends() {
        let found = links(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub use crate::b::X;"),
            ("b.rs", "pub use crate::a::X;"),
        ]);
        assert_eq!(found, ["a.rs -> b.rs (b)", "b.rs -> a.rs (a)"]);
    }
}
