//! The MOF texts of this crate: the few facts that are read from them without the MOF compiler,
//! and the order in which they are compiled.
//!
//! The names of classes and providers are written once, in MOF. A text is scanned for them at
//! compile time ([`class_name`], [`clsid`]) or when a repository is set up ([`in_order`]). The
//! scan expects the layout of this crate's texts, in which a declaration begins a line; tests
//! compare it with the MOF compiler for every text. It is no parser for other MOF.

use std::collections::{HashMap, HashSet};

/// A MOF text, which names its namespaces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name of the text, for errors.
    pub name: &'static str,
    /// The text.
    pub mof: &'static str,
}

/// The class that has the text's first `Provider` qualifier.
pub(super) const fn class_name(mof: &'static str) -> &'static str {
    until(mof, after(mof, "\nclass ", after(mof, "Provider(\"", 0)), b" \n")
}

/// The CLSID of the text's first provider.
pub(super) const fn clsid(mof: &'static str) -> &'static str {
    until(mof, after(mof, "CLSID = \"", 0), b"\"")
}

/// The position after the first `mark` at or after `from`.
const fn after(text: &str, mark: &str, from: usize) -> usize {
    let (bytes, mark) = (text.as_bytes(), mark.as_bytes());
    let mut at = from;
    while at + mark.len() <= bytes.len() {
        let mut same = 0;
        while same < mark.len() && bytes[at + same] == mark[same] {
            same += 1;
        }
        if same == mark.len() {
            return at + same;
        }
        at += 1;
    }
    panic!("the MOF of a provided class has no Provider qualifier, no class or no CLSID");
}

/// The text from `start` to the first of the bytes `ends`.
const fn until(text: &'static str, start: usize, ends: &[u8]) -> &'static str {
    let bytes = text.as_bytes();
    let mut end = start;
    while end < bytes.len() {
        let mut at = 0;
        while at < ends.len() {
            if bytes[end] == ends[at] {
                return text.split_at(end).0.split_at(start).1;
            }
            at += 1;
        }
        end += 1;
    }
    panic!("the MOF of a provided class ends within a name");
}

/// A class in a namespace, as the texts spell both.
type ClassName<'a> = (&'a str, &'a str);

/// What a text declares, and what it needs for that: superclasses and the classes of instances,
/// but for system classes.
#[derive(Default)]
struct Scan<'a> {
    declared: Vec<ClassName<'a>>,
    needed: Vec<ClassName<'a>>,
}

fn scan(mof: &str) -> Scan<'_> {
    let mut found = Scan::default();
    let mut namespace = "";
    for line in mof.lines() {
        if let Some(rest) = line.strip_prefix("#pragma namespace(\"") {
            namespace = rest.split('"').next().unwrap_or_default();
        } else if let Some(rest) = line.strip_prefix("class ") {
            let mut names = rest.split(':').map(str::trim);
            found.declared.extend(names.next().map(|name| (namespace, name)));
            found.needed.extend(names.next().map(|name| (namespace, name)));
        } else if let Some(rest) = line.strip_prefix("instance of ") {
            let class = rest.split_whitespace().next().unwrap_or_default();
            if !class.starts_with("__") {
                found.needed.push((namespace, class));
            }
        }
    }
    found
}

/// The texts in an order in which they can be compiled: each after those that declare what it
/// needs, as far as any of the texts does.
pub fn in_order(texts: impl IntoIterator<Item = Text>) -> Vec<Text> {
    let texts: Vec<(Text, Scan<'_>)> =
        texts.into_iter().map(|text| (text, scan(text.mof))).collect();
    let declaring: HashMap<ClassName<'_>, usize> = texts
        .iter()
        .enumerate()
        .flat_map(|(at, (_, scan))| scan.declared.iter().map(move |&class| (class, at)))
        .collect();
    let mut ordered = Vec::with_capacity(texts.len());
    let mut visited = HashSet::new();
    for start in 0..texts.len() {
        // The texts whose needs are being placed, and how many of them have been.
        let mut open = Vec::new();
        if visited.insert(start) {
            open.push((start, 0));
        }
        while let Some((at, next)) = open.last_mut() {
            let (text, scan) = &texts[*at];
            let Some(needed) = scan.needed.get(*next) else {
                ordered.push(*text);
                open.pop();
                continue;
            };
            *next += 1;
            if let Some(&needed) = declaring.get(needed)
                && visited.insert(needed)
            {
                open.push((needed, 0));
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// class Not\n#pragma namespace(\"a\")\n\n[Abstract]\nclass Base\n{\n};\n\n\
        [Dynamic, Provider(\"P\"),\n Description(\"class X\")]\nclass Given : Base\n{\n};\n\n\
        instance of __Win32Provider as $P\n{\n    CLSID = \"{1}\";\n};\n";

    #[test]
    fn name_and_clsid_are_those_of_the_provided_class() {
        assert_eq!(class_name(TEXT), "Given");
        assert_eq!(clsid(TEXT), "{1}");
    }

    #[test]
    fn a_text_comes_after_what_it_needs() {
        let text = |name, mof| Text { name, mof };
        let instance = text("instance", "#pragma namespace(\"a\")\ninstance of Given\n{\n};\n");
        let below = text("below", "#pragma namespace(\"a\")\nclass C : Given\n{\n};\n");
        let given = text("given", TEXT);
        let apart = text("apart", "#pragma namespace(\"b\")\nclass Given : Elsewhere\n{\n};\n");
        let names = |texts: &[Text]| -> Vec<&str> {
            in_order(texts.iter().copied()).iter().map(|text| text.name).collect()
        };
        assert_eq!(
            names(&[below, apart, instance, given]),
            ["given", "below", "apart", "instance"]
        );
        assert_eq!(names(&[given, below]), ["given", "below"]);
    }

    /// Texts that need each other cannot be compiled, but are all returned.
    #[test]
    fn a_circle_ends() {
        let text = |name, mof| Text { name, mof };
        let circle = [text("x", "class A : B\n"), text("y", "class B : A\n")];
        assert_eq!(in_order(circle).len(), 2);
    }
}
