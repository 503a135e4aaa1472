//! The figures of a crate's structure, for the report and for the measures in layers.toml.
//!
//! Input is a crate's files and imports; output is numbers and the text that shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::cycles::groups;
use super::imports::{Crate, ROOT};
use super::order::Order;

pub(super) struct Figures {
    /// The top-level modules and `lib`, those that import no others first; several in a group are a circle.
    pub(super) groups: Vec<Vec<String>>,
    /// Between top-level modules.
    pub(super) module_imports: usize,
    /// Between files.
    pub(super) file_imports: usize,
    /// The files of the largest circle; none where there is no circle.
    pub(super) file_cycle: Vec<String>,
    pub(super) lines: usize,
    /// The folder with the most lines, and how many.
    pub(super) largest_folder: (String, usize),
}

impl Figures {
    pub(super) fn of(krate: &Crate, order: Option<&Order<'_>>) -> Figures {
        let modules: BTreeSet<&str> = krate.files.iter().map(|it| it.folder.as_str()).collect();
        let modules: Vec<&str> = modules.into_iter().collect();
        let module = |file: usize| modules.binary_search(&krate.files[file].folder.as_str());
        let file_edges: BTreeSet<_> = krate.links.iter().map(|it| (it.from, it.to)).collect();
        let ends = file_edges
            .iter()
            .filter_map(|&(from, to)| Some((module(from).ok()?, module(to).ok()?)));
        let module_edges: BTreeSet<_> = ends.filter(|(from, to)| from != to).collect();
        let named =
            |group: Vec<usize>| group.into_iter().map(|it| modules[it].to_owned()).collect();
        let cycle = groups(krate.files.len(), &file_edges).into_iter().max_by_key(Vec::len);
        let cycle = cycle.filter(|it| it.len() > 1).unwrap_or_default();
        Figures {
            groups: groups(modules.len(), &module_edges).into_iter().map(named).collect(),
            module_imports: module_edges.len(),
            file_imports: file_edges.len(),
            file_cycle: cycle.into_iter().map(|it| krate.files[it].path.clone()).collect(),
            lines: krate.files.iter().map(|it| it.lines).sum(),
            largest_folder: largest_folder(krate, order),
        }
    }
}

fn largest_folder(krate: &Crate, order: Option<&Order<'_>>) -> (String, usize) {
    let folders = krate.folders();
    let mut lines = BTreeMap::new();
    for file in &krate.files {
        let listed = order.is_some_and(|it| it.place(&file.folder) == file.folder);
        let folder = if listed || folders.contains(&*file.folder) { &*file.folder } else { ROOT };
        *lines.entry(folder).or_insert(0) += file.lines;
    }
    let largest = lines.into_iter().max_by_key(|it| it.1);
    largest.map(|(folder, lines)| (folder.to_owned(), lines)).unwrap_or_default()
}

/// The report on one crate.
pub(super) fn describe(name: &str, krate: &Crate, order: Option<&Order<'_>>) -> String {
    let figures = Figures::of(krate, order);
    let (files, cycle) = (krate.files.len(), figures.file_cycle.len());
    let (folder, lines) = &figures.largest_folder;
    let modules = figures.groups.iter().flatten().count();
    let circles: Vec<String> =
        figures.groups.iter().filter(|it| it.len() > 1).map(|it| it.join(", ")).collect();
    let shown = figures.groups.iter().map(|it| match it.len() {
        1 => it[0].clone(),
        _ => format!("({})", it.join(" ")),
    });
    let mut text = format!(
        "{name}\n  modules            {modules}, {} imports between them\n  files              {files}, {} imports between them\n",
        figures.module_imports, figures.file_imports
    );
    let mut line = |label: &str, value: String| {
        writeln!(text, "  {label:<18} {value}").expect("a string takes all text");
    };
    line(
        "cycles",
        match circles.len() {
            0 => "none between modules".to_owned(),
            count => format!("{count} between modules: {}", circles.join("; ")),
        },
    );
    line(
        "upward imports",
        match order.map(|it| it.upward(krate).len()) {
            None => "no order in layers.toml".to_owned(),
            Some(count) => count.to_string(),
        },
    );
    line(
        "largest file cycle",
        format!("{cycle} of {files} files, {} percent", percent(cycle, files)),
    );
    let total = figures.lines;
    line(
        "largest folder",
        format!("{folder}, {lines} of {total} lines, {} percent", percent(*lines, total)),
    );
    line("pub(crate)", krate.pub_crate_items.to_string());
    line("lowest first", shown.collect::<Vec<_>>().join(", "));
    text
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100 + whole / 2) / whole.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;

    #[test]
    fn the_report_has_every_figure() {
        let sources = sources(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\npub use d::D;\n"),
            ("a.rs", "use crate::b::B;\npub(crate) struct A;\n"),
            ("b/mod.rs", "use crate::c::C;\nfn f() { crate::a::A }\n"),
            ("b/x.rs", "use super::B;\n"),
            ("c.rs", "pub struct C;\n"),
            ("d.rs", "use crate::{a::A, b::B};\nuse crate::a;\npub struct D;\n"),
        ]);
        let expected = "\
t
  modules            5, 6 imports between them
  files              6, 7 imports between them
  cycles             1 between modules: a, b
  upward imports     no order in layers.toml
  largest file cycle 2 of 6 files, 33 percent
  largest folder     lib, 11 of 14 lines, 79 percent
  pub(crate)         1
  lowest first       c, (a b), d, lib
";
        assert_eq!(describe("t", &super::super::imports::read(&sources, ""), None), expected);
    }
}
