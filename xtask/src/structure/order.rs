//! The order of a crate's folders: which imports run against it, and which measures are exceeded.
//!
//! Input is a crate's imports and its table in `layers.toml`; output is findings. A top-level file
//! that the table does not list belongs to `lib`, and `lib`, where it is not listed, is above all.

use std::collections::BTreeMap;

use super::figures::Figures;
use super::imports::{Crate, Link, ROOT};
use crate::finding::Finding;
use crate::layers::{self, Layers, ModuleOrder};

/// The rank of each listed folder, the lowest first; siblings share a rank.
pub(super) struct Order<'a> {
    ranks: BTreeMap<&'a str, usize>,
}

/// How an import runs against the order.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Upward,
    Sideways,
}

impl<'a> Order<'a> {
    pub(super) fn new(table: &'a ModuleOrder) -> Order<'a> {
        let groups = table.order.iter().map(|it| it.as_ref()).enumerate();
        let names = groups.flat_map(|(rank, group)| group.split('+').map(move |it| (it, rank)));
        Order { ranks: names.collect() }
    }

    /// The listed name that a folder or top-level file goes by.
    pub(super) fn place<'b>(&self, folder: &'b str) -> &'b str {
        if self.ranks.contains_key(folder) { folder } else { ROOT }
    }

    /// The imports against the order, each with both places.
    pub(super) fn upward<'b>(&self, krate: &'b Crate) -> Vec<(&'b Link, &'b str, &'b str)> {
        let places = |link: &'b Link| {
            let from = self.place(&krate.files[link.from].folder);
            Some((link, from, self.place(link.folder.as_deref()?)))
        };
        let links = krate.links.iter().filter_map(places);
        links.filter(|(_, from, to)| self.judge(from, to).is_some()).collect()
    }

    fn judge(&self, from: &str, to: &str) -> Option<Wrong> {
        let rank = |name| self.ranks.get(name).copied().unwrap_or(usize::MAX);
        match rank(to).cmp(&rank(from)) {
            _ if from == to => None,
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(Wrong::Sideways),
            std::cmp::Ordering::Greater => Some(Wrong::Upward),
        }
    }
}

/// Everything in which a crate differs from its table.
pub(super) fn check(krate: &Crate, layers: &Layers, table: &ModuleOrder, found: &mut Vec<Finding>) {
    check_names(krate, layers, table, found);
    let order = Order::new(table);
    for (link, from, to) in order.upward(krate) {
        let (relation, remedy) = match order.judge(from, to) {
            Some(Wrong::Sideways) => ("its sibling", "move what both need into a lower folder"),
            _ => ("the higher", "move what it needs lower, or let the higher folder pass it in"),
        };
        let message = format!("`{from}` imports `{}` of {relation} `{to}`", link.path);
        found.push(Finding::new(&krate.files[link.from].path, link.line, message, remedy));
    }
    check_measures(krate, layers, table, found);
}

/// Each listed name exists and is listed once, and each folder is listed.
fn check_names(krate: &Crate, layers: &Layers, table: &ModuleOrder, found: &mut Vec<Finding>) {
    let name = table.krate.as_ref();
    let mut listed = vec![ROOT];
    for group in &table.order {
        let mut finding = |message, remedy| {
            found.push(Finding::new(layers::PATH, layers.line(group), message, remedy));
        };
        for folder in group.as_ref().split('+') {
            if folder != ROOT && !krate.files.iter().any(|it| it.folder == folder) {
                finding(format!("{name} has no folder `{folder}`"), "remove it from the order");
            } else if folder != ROOT && listed.contains(&folder) {
                finding(format!("{name} lists `{folder}` twice"), "keep one");
            }
            listed.push(folder);
        }
    }
    for folder in krate.folders().into_iter().filter(|it| !listed.contains(it)) {
        let message = format!("the folder `{folder}` of {name} has no place in its order");
        let line = layers.line(&table.krate);
        found.push(Finding::new(layers::PATH, line, message, "list it, above what it imports"));
    }
}

fn check_measures(krate: &Crate, layers: &Layers, table: &ModuleOrder, found: &mut Vec<Finding>) {
    let figures = Figures::of(krate, Some(&Order::new(table)));
    let name = table.krate.as_ref();
    let mut finding = |message, remedy| {
        found.push(Finding::new(layers::PATH, layers.line(&table.krate), message, remedy));
    };
    let files = krate.files.len();
    if let Some(max) = table.max_file_cycle_percent
        && figures.file_cycle.len() * 100 > max * files
    {
        let message = format!(
            "{} of the {files} files of {name} import each other in a circle, more than {max} percent: {}",
            figures.file_cycle.len(),
            figures.file_cycle.join(", "),
        );
        finding(message, "turn an import of the circle round");
    }
    if let Some(max) = table.max_folder_percent
        && figures.largest_folder.1 * 100 > max * figures.lines
    {
        let (folder, lines) = &figures.largest_folder;
        let message = format!(
            "`{folder}` has {lines} of the {} lines of {name}, more than {max} percent",
            figures.lines
        );
        finding(message, "divide it by what its files do");
    }
    if let Some(max) = table.max_pub_crate
        && krate.pub_crate_items > max
    {
        let message = format!("{name} has {} times `pub(crate)`, not {max}", krate.pub_crate_items);
        finding(message, "narrow some to `pub(super)` or `pub(in crate::folder)`");
    }
}

#[cfg(test)]
mod tests {
    use crate::checkout::sources;
    use crate::finding::Finding;
    use crate::finding::assert_one;
    use crate::layers::Layers;

    const LIB: (&str, &str) = ("crates/cimom/src/lib.rs", "mod store; mod read; pub use read::R;");
    const STORE: (&str, &str) = ("crates/cimom/src/store/mod.rs", "pub struct S;");
    const READ: (&str, &str) =
        ("crates/cimom/src/read/mod.rs", "use crate::store::S; pub struct R;");
    const WRITE: (&str, &str) = ("crates/cimom/src/write/mod.rs", "pub struct W;");

    /// The findings for files with this order and further keys of the table.
    fn found(order: &str, files: &[(&str, &str)]) -> Vec<String> {
        let text = format!(
            "crate = []\ninternal = []\nunsafe = []\n[[modules]]\ncrate = \"cimom\"\norder = {order}\n"
        );
        let mut found = Vec::new();
        super::super::check(&sources(files), &Layers::parse(&text).unwrap(), &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn imports_that_follow_the_order_pass() {
        assert_eq!(found("[\"store\", \"read\"]", &[LIB, STORE, READ]), [""; 0]);
        let lib = (LIB.0, "mod store; use store::S; use crate::store;");
        assert_eq!(found("[\"store\"]", &[lib, STORE]), [""; 0]);
    }

    #[test]
    fn an_upward_import_is_refused_with_file_line_and_both_folders() {
        assert_one(
            found("[\"read\", \"store\"]", &[LIB, STORE, READ]),
            "crates/cimom/src/read/mod.rs:1: `read` imports `crate::store::S` of the higher `store`; move",
        );
    }

    #[test]
    fn every_form_of_an_upward_import_is_refused() {
        for text in [
            "fn f() {\n crate::read::g() }",
            "\nuse super::read::R;",
            "\nuse crate::R;",
            "\npub use crate::read;",
            "mod tests {\n use super::super::read::*; }",
        ] {
            assert_one(
                found("[\"store\", \"read\"]", &[LIB, (STORE.0, text), READ]),
                "mod.rs:2: `store` imports",
            );
        }
    }

    #[test]
    fn siblings_do_not_import_each_other() {
        let write = (WRITE.0, "use crate::read::R;");
        let order = "[\"store\", \"read+write\"]";
        assert_eq!(found(order, &[LIB, STORE, READ, WRITE]), [""; 0]);
        assert_one(
            found(order, &[LIB, STORE, READ, write]),
            "`write` imports `crate::read::R` of its sibling `read`",
        );
    }

    #[test]
    fn a_top_level_file_is_listed_or_belongs_to_lib() {
        let file = ("crates/cimom/src/top.rs", "use crate::read::R; pub struct T;");
        let read = (READ.0, "pub struct R; fn f() { crate::top::T; }");
        let (order, listed) = ("[\"store\", \"read\"]", "[\"store\", \"top\", \"read\"]");
        assert_eq!(found(order, &[LIB, STORE, READ, file]), [""; 0]);
        assert_one(
            found(order, &[LIB, STORE, read, file]),
            "`read` imports `crate::top::T` of the higher `lib`",
        );
        assert_one(
            found(listed, &[LIB, STORE, read, file]),
            "`top` imports `crate::read::R` of the higher `read`",
        );
    }

    #[test]
    fn what_is_listed_exists_once_and_what_exists_is_listed() {
        let files = &[LIB, STORE, READ];
        assert_one(
            found("[\"store\", \"read\", \"front\"]", files),
            "layers.toml:6: cimom has no folder `front`",
        );
        assert_one(
            found("[\"store\"]", files),
            "layers.toml:5: the folder `read` of cimom has no place",
        );
        assert_one(found("[\"store\", \"store\", \"read\"]", files), "cimom lists `store` twice");
        assert_one(found("[]", &[]), "layers.toml:5: cimom has an order of folders and no sources");
    }

    #[test]
    fn measures_that_are_exceeded_are_findings() {
        let store = (STORE.0, "mod a;\nmod b;\npub(crate) struct S;\n");
        let a = ("crates/cimom/src/store/a.rs", "use super::b::B;\npub(crate) struct A;\n");
        let b = ("crates/cimom/src/store/b.rs", "use super::a::A;\npub struct B;\n");
        let files = &[LIB, store, a, b];
        let with = |measure: &str| found(&format!("[\"store\"]\n{measure}"), files);
        assert_eq!(with("max_file_cycle_percent = 50"), [""; 0]);
        assert_one(
            with("max_file_cycle_percent = 49"),
            "2 of the 4 files of cimom import each other",
        );
        assert_eq!(with("max_folder_percent = 88"), [""; 0]);
        assert_one(with("max_folder_percent = 87"), "`store` has 7 of the 8 lines of cimom");
        assert_eq!(with("max_pub_crate = 2"), [""; 0]);
        assert_one(with("max_pub_crate = 1"), "cimom has 2 times `pub(crate)`, not 1");
    }
}
