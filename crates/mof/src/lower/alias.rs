//! Aliases: declared once, used in any order, never in a circle (behaviour.md G.9).

use std::collections::{HashMap, HashSet};

use cim::Name;
use cim::status::*;

use super::Lowering;
use crate::ast::Ident;
use crate::diagnostic::Diagnostic;
use crate::source::Place;

/// The longest chain of aliases, each used by the object of the one before it: a path is made by
/// following it.
const MAX_CHAIN: usize = 256;

/// An object that has an alias.
pub(super) struct Alias {
    /// Its action.
    pub action: usize,
    place: Place,
}

/// An alias in a value.
pub(super) struct Use {
    alias: Name,
    place: Place,
    /// The alias of the object whose value it is.
    owner: Option<Name>,
}

impl Lowering<'_> {
    /// Takes up the alias of the action that comes next.
    pub(super) fn declare_alias(&mut self, alias: &Ident) {
        if let Some(first) = self.aliases.get(&alias.name) {
            let related = (first.place.clone(), "first declared here");
            let message = format!("alias ${} is declared twice", alias.name);
            self.report_with(WBEMMOF_E_MULTIPLE_ALIASES, message, alias.span, related);
            return;
        }
        let place = self.place(alias.span);
        self.aliases.insert(alias.name.clone(), Alias { action: self.actions.len(), place });
    }

    pub(super) fn use_alias(&mut self, alias: &Ident) {
        let place = self.place(alias.span);
        self.alias_uses.push(Use { alias: alias.name.clone(), place, owner: self.owner.clone() });
    }

    /// Reports aliases that are declared nowhere, and circles.
    pub(super) fn check_aliases(&mut self) {
        let mut edges: HashMap<&Name, Vec<&Use>> = HashMap::new();
        for used in &self.alias_uses {
            if !self.aliases.contains_key(&used.alias) {
                // The declaration may be in what could not be read.
                if !self.is_broken {
                    let message = format!("alias ${} is declared nowhere", used.alias);
                    let place = used.place.clone();
                    self.diagnostics.push(Diagnostic::new(WBEM_E_NOT_FOUND, message, place));
                }
            } else if let Some(owner) = &used.owner {
                edges.entry(owner).or_default().push(used);
            }
        }
        for (used, problem) in walk(&edges) {
            let (status, message) = match problem {
                Problem::Circle => (
                    WBEM_E_CIRCULAR_REFERENCE,
                    format!("alias ${} leads back to itself", used.alias),
                ),
                Problem::TooLong => (
                    WBEM_E_QUOTA_VIOLATION,
                    format!(
                        "alias ${} begins a chain of more than {MAX_CHAIN} aliases",
                        used.alias
                    ),
                ),
            };
            self.diagnostics.push(Diagnostic::new(status, message, used.place.clone()));
        }
    }
}

enum Problem {
    Circle,
    TooLong,
}

/// The uses that close a circle or begin too long a chain: a walk in depth that needs no stack
/// of calls.
fn walk<'a>(edges: &HashMap<&'a Name, Vec<&'a Use>>) -> Vec<(&'a Use, Problem)> {
    let mut found = Vec::new();
    // How long the longest chain is that begins at an alias.
    let mut lengths: HashMap<&Name, usize> = HashMap::new();
    let mut open: HashSet<&Name> = HashSet::new();
    let mut starts: Vec<&Name> = edges.keys().copied().collect();
    starts.sort();
    for start in starts {
        if lengths.contains_key(start) {
            continue;
        }
        open.insert(start);
        let mut path: Vec<Step<'_>> = vec![Step { node: start, next: 0, length: 1 }];
        while let Some(step) = path.last_mut() {
            let used = edges.get(step.node).and_then(|uses| uses.get(step.next)).copied();
            step.next += 1;
            let Some(used) = used else {
                let Step { node, length, .. } = *step;
                open.remove(node);
                lengths.insert(node, length);
                path.pop();
                if let Some(above) = path.last_mut() {
                    above.length = above.length.max(length + 1);
                }
                continue;
            };
            if open.contains(&used.alias) {
                found.push((used, Problem::Circle));
            } else if let Some(length) = lengths.get(&used.alias) {
                step.length = step.length.max(length + 1);
            } else {
                open.insert(&used.alias);
                path.push(Step { node: &used.alias, next: 0, length: 1 });
            }
        }
    }
    let too_long = edges.iter().filter(|(node, _)| lengths.get(*node) == Some(&(MAX_CHAIN + 1)));
    found.extend(too_long.filter_map(|(_, uses)| Some((*uses.first()?, Problem::TooLong))));
    found
}

/// A place in the walk: an alias, its next use to look at, and the longest chain seen from it.
struct Step<'a> {
    node: &'a Name,
    next: usize,
    length: usize,
}
