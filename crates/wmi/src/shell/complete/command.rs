//! The candidates at the end of an incomplete command.

use super::super::OWN_COMMANDS;
use super::super::schema::Schema;
use super::super::statement::QUERIES;
use super::super::words::{Word, split};
use super::{Completion, names, query, values};

/// The candidates at the end of `before`.
pub(super) fn complete(before: &str, schema: &Schema) -> Completion {
    let words = split(before);
    // The word that is being typed: the last one, or an empty one after a blank.
    let (typed, earlier) = match words.split_last() {
        Some((last, earlier)) if last.place.end == before.len() => (last.clone(), earlier),
        _ => (Word { raw: "", place: before.len()..before.len(), open: None }, &words[..]),
    };
    let grammar = &schema.grammar;
    let start = typed.place.start;
    let Some(first) = earlier.first() else {
        let commands = grammar.commands(&[]).into_iter().filter(|command| *command != "shell");
        let all = commands.chain(OWN_COMMANDS).chain(QUERIES);
        return Completion::of(start, typed.raw, all);
    };
    let mut line = Line { path: vec![first.raw], operands: Vec::new(), option: None };
    let below = grammar.commands(&[first.raw]);
    let mut rest = &earlier[1..];
    if !below.is_empty() {
        let Some(second) = rest.first() else { return Completion::of(start, typed.raw, below) };
        line.path.push(second.raw);
        rest = &rest[1..];
    }
    for word in rest {
        match (line.option.take(), word.raw.starts_with('-')) {
            (Some(_), _) => {}
            (None, true) => line.option = grammar.takes_value(&line.path, word.raw),
            (None, false) => line.operands.push(word.raw),
        }
    }
    line.complete(&typed, schema)
}

/// The part before the word that is being typed.
struct Line<'a> {
    /// The command.
    path: Vec<&'a str>,
    operands: Vec<&'a str>,
    /// The long name of the option whose value is being typed.
    option: Option<&'a str>,
}

impl Line<'_> {
    fn complete(&self, typed: &Word<'_>, schema: &Schema) -> Completion {
        if let Some(option) = self.option {
            return self.value_of(option, typed, schema);
        }
        let start = typed.place.start;
        if typed.raw.starts_with('-') {
            return Completion::of(start, typed.raw, schema.grammar.options(&self.path));
        }
        let (offset, inner) = inside(typed);
        let operand = self.operands.len();
        match (&self.path[..], operand) {
            (["use" | "cd"], 0) => namespaces(schema, start, typed.raw),
            (["query"], 0) => {
                let quote = if typed.quote() == Some('"') { '\'' } else { '"' };
                query::complete(inner, inner, quote, schema).moved(offset)
            }
            (["get" | "set" | "rm" | "assoc" | "ref" | "call"], 0) => {
                names::path(schema, inner).moved(offset)
            }
            (["new"] | ["class", "show" | "tree"], 0) => names::classes(schema, start, typed.raw),
            (["call"], 1) => self.methods(typed, schema),
            (["call"], _) => self.parameters(typed, schema),
            (["new" | "set"], _) => self.assignments(typed, schema),
            _ => Completion::default(),
        }
    }

    /// The class of the object that the command is about.
    fn class(&self, schema: &Schema) -> Option<std::sync::Arc<cim::Class>> {
        let path = self.operands.first()?.trim_start_matches(['"', '\'']);
        schema.class(path.split(['.', '=']).next()?)
    }

    fn value_of(&self, option: &str, typed: &Word<'_>, schema: &Schema) -> Completion {
        let (start, raw) = (typed.place.start, typed.raw);
        let class = || self.class(schema);
        match option {
            "namespace" => namespaces(schema, start, raw),
            "assoc-class" => names::associations(schema, start, raw),
            "result-class" if self.path == ["ref"] => names::associations(schema, start, raw),
            "result-class" => names::classes(schema, start, raw),
            "role" | "result-role" => names::roles(schema, None, start, raw),
            "properties" => {
                let at = raw.rfind(',').map_or(0, |comma| comma + 1);
                class().map_or_else(Completion::default, |class| {
                    names::properties(&class, start + at, &raw[at..], "")
                })
            }
            "filter" => {
                let (offset, inner) = inside(typed);
                let quote = if typed.quote() == Some('"') { '\'' } else { '"' };
                class().map_or_else(Completion::default, |class| {
                    query::complete_condition(inner, quote, &class, schema).moved(offset)
                })
            }
            option => {
                let values = schema.grammar.values(&self.path, &format!("--{option}"));
                Completion::of(start, raw, values)
            }
        }
    }

    fn methods(&self, typed: &Word<'_>, schema: &Schema) -> Completion {
        let Some(class) = self.class(schema) else { return Completion::default() };
        let mut names: Vec<&cim::Name> =
            class.methods().iter().map(|method| &method.name).collect();
        names.sort();
        Completion::of(typed.place.start, typed.raw, names.iter().map(|name| name.as_str()))
    }

    /// `P=V` of a method.
    fn parameters(&self, typed: &Word<'_>, schema: &Schema) -> Completion {
        let method = || self.class(schema)?.method(self.operands.get(1)?).cloned();
        let Some(method) = method() else { return Completion::default() };
        let mut parameters = method.parameters.iter().filter(|parameter| parameter.is_in());
        match typed.raw.split_once('=') {
            Some((name, value)) => match parameters.find(|parameter| parameter.name.is(name)) {
                Some(found) => assigned(typed, value, &found.ty, &found.qualifiers),
                None => Completion::default(),
            },
            None => {
                let names = parameters.map(|parameter| format!("{}=", parameter.name));
                Completion::of(typed.place.start, typed.raw, names)
            }
        }
    }

    /// `P=V` of a class.
    fn assignments(&self, typed: &Word<'_>, schema: &Schema) -> Completion {
        let Some(class) = self.class(schema) else { return Completion::default() };
        match typed.raw.split_once('=') {
            Some((name, value)) => match class.property(name) {
                Some(found) => assigned(typed, value, &found.ty, &found.qualifiers),
                None => Completion::default(),
            },
            None => names::properties(&class, typed.place.start, typed.raw, "="),
        }
    }
}

/// The candidates for the value after the `=` of `typed`, which begins with `value`.
fn assigned(
    typed: &Word<'_>,
    value: &str,
    ty: &cim::PropertyType,
    qualifiers: &cim::Qualifiers,
) -> Completion {
    let prefix = value.trim_start_matches(['"', '\'']);
    let quote = |text: &str| match text.contains([' ', '"', '\'']) {
        true => cim::path::Quoted(text).to_string(),
        false => text.to_owned(),
    };
    let start = typed.place.end - value.len();
    Completion::at(start, values::candidates(ty, qualifiers, prefix, quote))
}

fn namespaces(schema: &Schema, start: usize, raw: &str) -> Completion {
    // Both kinds of slash are accepted.
    Completion::of(start, &raw.replace('/', "\\"), schema.namespaces())
}

/// The text after the opening quote of `typed`, and its start.
fn inside<'a>(typed: &Word<'a>) -> (usize, &'a str) {
    let skipped = usize::from(typed.quote().is_some());
    (typed.place.start + skipped, &typed.raw[skipped..])
}
