//! The values that a property or parameter may have, where its qualifiers list them: by number or
//! text (ValueMap) and by name (Values).

use cim::{CimType, PropertyType, Qualifiers, Value};

use super::{Candidate, begins};

/// The values of something of type `ty` whose number, text or name begins with `prefix`. Texts
/// are quoted by `quote`.
pub(super) fn candidates(
    ty: &PropertyType,
    qualifiers: &Qualifiers,
    prefix: &str,
    quote: impl Fn(&str) -> String,
) -> Vec<Candidate> {
    if ty.cim == CimType::Boolean {
        let both = ["TRUE", "FALSE"].into_iter().filter(|value| begins(value, prefix));
        return both.map(Candidate::plain).collect();
    }
    let is_text = ty.cim == CimType::String;
    let listed = listed(qualifiers, is_text).into_iter();
    // A range of numbers is listed too, and is no value.
    let fitting = listed.filter(|(value, name)| {
        (is_text || value.parse::<i128>().is_ok())
            && (begins(value, prefix) || name.as_ref().is_some_and(|name| begins(name, prefix)))
    });
    let candidate = |(value, name): (String, Option<String>)| {
        let text = if is_text { quote(&value) } else { value };
        let shown = name.map_or_else(|| text.clone(), |name| format!("{text} ({name})"));
        Candidate { shown, text }
    };
    fitting.map(candidate).collect()
}

/// Each value with its name. Without a ValueMap, numbers are counted from 0 and texts are what
/// they are called.
fn listed(qualifiers: &Qualifiers, is_text: bool) -> Vec<(String, Option<String>)> {
    let map = texts(qualifiers, "ValueMap");
    let names = texts(qualifiers, "Values");
    match (map.is_empty(), is_text) {
        (false, _) => {
            let names = names.into_iter().map(Some).chain(std::iter::repeat(None));
            map.into_iter().zip(names).collect()
        }
        (true, true) => names.into_iter().map(|name| (name, None)).collect(),
        (true, false) => {
            names.into_iter().enumerate().map(|(i, name)| (i.to_string(), Some(name))).collect()
        }
    }
}

fn texts(qualifiers: &Qualifiers, name: &str) -> Vec<String> {
    let list = qualifiers.value(name).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
