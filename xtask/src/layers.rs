//! The layers of the workspace: `layers.toml` against what the manifests really ask for.
//!
//! Input is the text of `layers.toml` and the members that `cargo metadata` names; output is one
//! finding for every difference. What a crate does with its dependencies is not looked at here.

mod members;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Spanned;

use crate::finding::{Finding, line_at};

pub(crate) use self::members::{Edge, Member, members};

/// Where the layers stand, relative to the root.
pub(crate) const PATH: &str = "layers.toml";

/// `layers.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layers {
    #[serde(rename = "crate")]
    crates: Vec<Crate>,
    internal: Vec<Internal>,
    #[serde(rename = "unsafe")]
    pub(crate) unsafe_files: Vec<UnsafeFile>,
    #[serde(default)]
    pub(crate) modules: Vec<ModuleOrder>,
    #[serde(skip)]
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Crate {
    name: Spanned<String>,
    layer: u32,
    job: String,
    uses: Vec<Spanned<String>>,
    #[serde(default)]
    dev_uses: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Internal {
    name: Spanned<String>,
    job: String,
    uses: Reach,
}

/// What an internal crate may use.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Reach {
    Nothing,
    Anything,
}

/// A file in which `unsafe` may stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnsafeFile {
    pub(crate) file: Spanned<String>,
    why: String,
    /// How many unsafe blocks it has; any number where absent.
    pub(crate) blocks: Option<usize>,
}

/// The order of the folders inside a crate, and the measures it must keep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModuleOrder {
    #[serde(rename = "crate")]
    pub(crate) krate: Spanned<String>,
    /// The lowest first. Names joined with `+` are siblings, which may not import each other.
    pub(crate) order: Vec<Spanned<String>>,
    /// The share of files that may import each other in a circle.
    pub(crate) max_file_cycle_percent: Option<usize>,
    /// The share of the crate's lines that one folder may have.
    pub(crate) max_folder_percent: Option<usize>,
    /// How many items may be `pub(crate)`.
    pub(crate) max_pub_crate: Option<usize>,
}

impl Layers {
    /// Reads the text of `layers.toml`.
    pub(crate) fn parse(text: &str) -> Result<Layers> {
        let layers: Layers =
            toml::from_str(text).with_context(|| format!("{PATH} is not valid"))?;
        Ok(Layers { text: text.to_owned(), ..layers })
    }

    /// Everything in which the layers and the members differ.
    pub(crate) fn check(&self, members: &[Member]) -> Vec<Finding> {
        let mut found = Vec::new();
        self.check_form(&mut found);
        self.check_order(&mut found);
        self.check_stale(members, &mut found);
        for member in members {
            self.check_member(member, &mut found);
        }
        found
    }

    /// The line of a value in `layers.toml`.
    pub(crate) fn line(&self, value: &Spanned<String>) -> usize {
        line_at(&self.text, value.span().start)
    }

    fn find(&self, name: &str) -> Option<&Crate> {
        self.crates.iter().find(|it| it.name.as_ref() == name)
    }

    fn finding(&self, at: &Spanned<String>, message: String, remedy: &str) -> Finding {
        Finding::new(PATH, self.line(at), message, remedy)
    }

    /// Each crate once, and a sentence for everything that wants one.
    fn check_form(&self, found: &mut Vec<Finding>) {
        let crates = self.crates.iter().map(|it| (&it.name, &it.job));
        let internal = self.internal.iter().map(|it| (&it.name, &it.job));
        let files = self.unsafe_files.iter().map(|it| (&it.file, &it.why));
        let mut seen = BTreeSet::new();
        for (name, sentence) in crates.chain(internal).chain(files) {
            let shown = name.as_ref();
            if !seen.insert(shown) {
                found.push(self.finding(name, format!("{shown} is listed twice"), "keep one"));
            }
            if sentence.trim().is_empty() {
                found.push(self.finding(
                    name,
                    format!("{shown} has no reason to be"),
                    "say it in one line",
                ));
            }
        }
    }

    /// Layers ascend through the file, and every use goes to a lower one.
    fn check_order(&self, found: &mut Vec<Finding>) {
        for pair in self.crates.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if after.layer < before.layer {
                let message = format!(
                    "{} (layer {}) is listed after {} (layer {})",
                    after.name.as_ref(),
                    after.layer,
                    before.name.as_ref(),
                    before.layer
                );
                found.push(self.finding(&after.name, message, "order the crates by layer"));
            }
        }
        for user in &self.crates {
            for used in user.uses.iter().chain(&user.dev_uses) {
                self.check_use(user, used, found);
            }
        }
    }

    fn check_use(&self, user: &Crate, used: &Spanned<String>, found: &mut Vec<Finding>) {
        let (from, to) = (user.name.as_ref(), used.as_ref());
        let Some(target) = self.find(to) else {
            let remedy = "name a [[crate]] of this file, or remove the entry";
            found.push(self.finding(
                used,
                format!("{from} lists {to}, which is no crate of a layer"),
                remedy,
            ));
            return;
        };
        if target.layer >= user.layer {
            let message = format!(
                "{from} (layer {}) lists {to} (layer {}), which is not of a lower layer",
                user.layer, target.layer
            );
            found.push(self.finding(
                used,
                message,
                "turn the dependency round, or move what both need lower",
            ));
        }
    }

    /// What the file lists and the workspace does not have.
    fn check_stale(&self, members: &[Member], found: &mut Vec<Finding>) {
        let member = |name: &str| members.iter().find(|it| it.name == name);
        let names =
            self.crates.iter().map(|it| &it.name).chain(self.internal.iter().map(|it| &it.name));
        for name in names.filter(|it| member(it.as_ref()).is_none()) {
            let message = format!("{} is not in the workspace", name.as_ref());
            found.push(self.finding(name, message, "remove it from the file"));
        }
        for user in &self.crates {
            let Some(edges) = member(user.name.as_ref()).map(|it| &it.edges) else { continue };
            for (field, listed, dev) in
                [("uses", &user.uses, false), ("dev_uses", &user.dev_uses, true)]
            {
                for used in listed {
                    if !edges.iter().any(|edge| edge.to == *used.as_ref() && edge.dev == dev) {
                        let (from, to) = (user.name.as_ref(), used.as_ref());
                        let message =
                            format!("{from} lists {to} in {field}, but does not use it so");
                        found.push(self.finding(used, message, "remove the stale entry"));
                    }
                }
            }
        }
    }

    fn check_member(&self, member: &Member, found: &mut Vec<Finding>) {
        let from = &member.name;
        let listed = self.find(from);
        let reach = self.internal.iter().find(|it| it.name.as_ref() == from).map(|it| it.uses);
        if listed.is_none() && reach.is_none() {
            let remedy = format!("add it to {PATH} with its layer, its job and what it uses");
            found.push(Finding::new(
                &member.manifest,
                1,
                format!("{from} is not in {PATH}"),
                remedy,
            ));
            return;
        }
        for edge in &member.edges {
            let to = &edge.to;
            let at = |message, remedy| Finding::new(&member.manifest, edge.line, message, remedy);
            if self.internal.iter().any(|it| it.name.as_ref() == to) {
                let message = format!("{from} uses {to}, which is internal to the project");
                found.push(at(message, "remove the dependency".to_owned()));
            } else if !listed.is_some_and(|it| it.allows(edge)) && reach != Some(Reach::Anything) {
                let field = if edge.dev { "dev_uses" } else { "uses" };
                let message = format!("{from} uses {to}, which {PATH} does not list");
                let remedy = format!(
                    "remove the dependency, or add \"{to}\" to the {field} of {from} and say why"
                );
                found.push(at(message, remedy));
            }
        }
    }
}

impl Crate {
    fn allows(&self, edge: &Edge) -> bool {
        let lists = |names: &[Spanned<String>]| names.iter().any(|it| *it.as_ref() == edge.to);
        lists(&self.uses) || (edge.dev && lists(&self.dev_uses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::assert_one;

    const GOOD: &str = r#"
        [[crate]]
        name = "cim"
        layer = 0
        job = "the model"
        uses = []

        [[crate]]
        name = "wql"
        layer = 1
        job = "queries"
        uses = ["cim"]

        [[crate]]
        name = "host"
        layer = 3
        job = "this machine"
        uses = ["cim"]
        dev_uses = ["wql"]

        [[internal]]
        name = "xtask"
        job = "tasks"
        uses = "nothing"

        [[internal]]
        name = "suite"
        job = "tests"
        uses = "anything"

        [[unsafe]]
        file = "crates/host/src/sys.rs"
        why = "system calls"
    "#;

    fn member(name: &str, uses: &[&str], dev_uses: &[&str]) -> Member {
        let edge = |dev| move |to: &&str| Edge { to: (*to).to_owned(), dev, line: 9 };
        Member {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            edges: uses.iter().map(edge(false)).chain(dev_uses.iter().map(edge(true))).collect(),
        }
    }

    fn good_members() -> Vec<Member> {
        vec![
            member("cim", &[], &[]),
            member("wql", &["cim"], &["cim"]),
            member("host", &["cim"], &["wql"]),
            member("xtask", &[], &[]),
            member("suite", &["cim", "host"], &["wql"]),
        ]
    }

    /// The findings for a changed file, a changed member, or both.
    fn check(from: &str, to: &str, changed: Option<Member>) -> Vec<String> {
        assert!(GOOD.contains(from));
        let mut members = good_members();
        if let Some(changed) = changed {
            members.retain(|it| it.name != changed.name);
            members.push(changed);
        }
        let layers = Layers::parse(&GOOD.replacen(from, to, 1)).unwrap();
        layers.check(&members).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn agreeing_layers_pass() {
        assert_eq!(check("", "", None), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_is_not_listed_fails() {
        let found = check("", "", Some(member("cim", &["wql"], &[])));
        assert_one(
            found,
            "crates/cim/Cargo.toml:9: cim uses wql, which layers.toml does not list; remove",
        );
    }

    #[test]
    fn a_dev_edge_that_is_not_listed_fails() {
        let found = check("", "", Some(member("wql", &["cim"], &["host"])));
        assert_one(found, "add \"host\" to the dev_uses of wql");
    }

    #[test]
    fn dev_uses_do_not_allow_a_normal_edge() {
        let found = check("", "", Some(member("host", &["cim", "wql"], &["wql"])));
        assert_one(found, "host uses wql, which layers.toml does not list");
    }

    #[test]
    fn a_stale_edge_fails_with_its_line() {
        let found = check("", "", Some(member("wql", &[], &[])));
        assert_one(found, "layers.toml:12: wql lists cim in uses, but does not use it so");
    }

    #[test]
    fn a_stale_dev_edge_fails() {
        let found = check("", "", Some(member("host", &["cim"], &[])));
        assert_one(found, "host lists wql in dev_uses");
    }

    #[test]
    fn a_crate_that_is_not_listed_fails() {
        let found = check("", "", Some(member("mof", &["cim"], &[])));
        assert_one(found, "crates/mof/Cargo.toml:1: mof is not in layers.toml");
    }

    #[test]
    fn a_listed_crate_that_does_not_exist_fails() {
        assert_one(
            check("name = \"xtask\"", "name = \"ytask\"", Some(member("ytask", &[], &[]))),
            "xtask is not in layers.toml",
        );
        let layers = Layers::parse(GOOD).unwrap();
        let found = layers.check(&good_members()[..4]);
        assert_one(found.iter().map(Finding::to_string).collect(), "suite is not in the workspace");
    }

    #[test]
    fn a_use_of_the_same_or_a_higher_layer_fails() {
        assert_one(
            check("layer = 1", "layer = 0", None),
            "wql (layer 0) lists cim (layer 0), which is not of a lower",
        );
        assert_one(check("layer = 1", "layer = 3", None), "host (layer 3) lists wql (layer 3)");
    }

    #[test]
    fn layers_out_of_order_fail() {
        let found = check("layer = 1", "layer = 4", None);
        assert!(found[0].contains("host (layer 3) is listed after wql (layer 4)"), "{found:#?}");
    }

    #[test]
    fn a_use_of_an_unknown_or_internal_crate_fails() {
        let found = check(
            "uses = [\"cim\"]",
            "uses = [\"cim\", \"suite\"]",
            Some(member("wql", &["cim", "suite"], &[])),
        );
        assert!(found[0].contains("wql lists suite, which is no crate of a layer"), "{found:#?}");
        assert!(found[1].contains("wql uses suite, which is internal"), "{found:#?}");
    }

    #[test]
    fn an_internal_crate_that_uses_nothing_has_no_edges() {
        assert_one(check("", "", Some(member("xtask", &["cim"], &[]))), "xtask uses cim");
    }

    #[test]
    fn an_entry_without_a_reason_and_a_second_entry_fail() {
        assert_one(check("why = \"system calls\"", "why = \" \"", None), "has no reason to be");
        let found = check("name = \"suite\"", "name = \"xtask\"", None);
        assert!(found[0].contains("xtask is listed twice"), "{found:#?}");
    }

    #[test]
    fn unknown_fields_are_errors() {
        assert!(Layers::parse(&GOOD.replace("layer = 0", "layer = 0\nrow = 1")).is_err());
    }
}
