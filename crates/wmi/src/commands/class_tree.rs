//! `wmi class tree`: the classes of a namespace as a tree of derivation.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use cim::{Class, Name};
use serde_json::{Value, json};

use super::class::{named, visible};
use crate::failure::Failure;
use crate::output::Form;
use crate::session::Options;
use crate::target::Outcome;

/// Draws the tree of the class `root` and its subclasses; without a root, of all classes.
pub(crate) fn run(options: &Options, root: Option<&str>) -> Result<Outcome, Failure> {
    let target = options.target()?;
    let root = root.map(|name| named(&target, name)).transpose()?;
    let with_system =
        options.settings.system || root.as_ref().is_some_and(|r| r.name().is_system());
    let tree = Tree::of(visible(&target, with_system)?);
    let tops: Vec<Name> = match &root {
        Some(class) => vec![class.name().clone()],
        None => tree.below(None).to_vec(),
    };
    let mut out = BufWriter::new(io::stdout());
    match options.settings.form {
        Form::Auto | Form::Table | Form::List | Form::Pairs => {
            tops.iter().try_for_each(|top| tree.draw(top, "", "", &mut out))?;
        }
        Form::Json => {
            let trees: Vec<Value> = tops.iter().map(|top| tree.as_json(top)).collect();
            match (root, &trees[..]) {
                (Some(_), [tree]) => writeln!(out, "{tree}")?,
                _ => writeln!(out, "{}", Value::from(trees))?,
            }
        }
        Form::JsonLines => {
            tops.iter().try_for_each(|top| writeln!(out, "{}", tree.as_json(top)))?;
        }
        Form::Csv | Form::Xml | Form::Mof => {
            let why = "a tree is printed as text or JSON only; use -o json or -o jsonl";
            return Err(Failure::Usage(why.to_owned()));
        }
    }
    out.flush()?;
    Ok(if tops.is_empty() { Outcome::Empty } else { Outcome::Done })
}

/// The subclasses of each class, in alphabetical order. The depth is bounded by the limit on
/// derivation.
struct Tree {
    subclasses: BTreeMap<Option<Name>, Vec<Name>>,
}

impl Tree {
    fn of(classes: impl Iterator<Item = Arc<Class>>) -> Self {
        let mut subclasses: BTreeMap<Option<Name>, Vec<Name>> = BTreeMap::new();
        for class in classes {
            let superclass = class.superclass().map(|superclass| superclass.name().clone());
            subclasses.entry(superclass).or_default().push(class.name().clone());
        }
        subclasses.values_mut().for_each(|names| names.sort());
        Tree { subclasses }
    }

    fn below(&self, class: Option<&Name>) -> &[Name] {
        self.subclasses.get(&class.cloned()).map_or(&[], Vec::as_slice)
    }

    /// Draws `class` after `lead`, and its subclasses after `indent`.
    fn draw(&self, class: &Name, lead: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{lead}{class}")?;
        let below = self.below(Some(class));
        for (i, subclass) in below.iter().enumerate() {
            let (branch, line) =
                if i + 1 < below.len() { ("├─ ", "│  ") } else { ("└─ ", "   ") };
            self.draw(subclass, &format!("{indent}{branch}"), &format!("{indent}{line}"), out)?;
        }
        Ok(())
    }

    fn as_json(&self, class: &Name) -> Value {
        let below: Vec<Value> = self.below(Some(class)).iter().map(|c| self.as_json(c)).collect();
        json!({ "name": class.as_str(), "subclasses": below })
    }
}
