//! The differences between pywbem and us, each with its reason.

use cim::name::eq;
use serde_json::Value as Json;

use super::compare::{Difference, On};

/// One way in which the two differ.
pub(super) struct Rule {
    pub name: &'static str,
    /// Why, and who is right.
    pub why: &'static str,
    pub explains: fn(&Difference<'_>) -> bool,
}

pub(super) const RULES: [Rule; 11] = [
    Rule {
        name: "an unmarked parameter is in",
        why: "DMTF's In is TRUE by default; pywbem leaves that to its users, WMI requires it in the text",
        explains: |d| {
            d.on == On::Parameter
                && d.field == "presence"
                && d.our_qualifier.is_some_and(|q| eq(&q.name, "in") && q.value == true)
        },
    },
    Rule {
        name: "Key and Association reach instances",
        why: "in WMI they always propagate, both to subclasses and to instances",
        explains: |d| {
            let always = |name: &str| eq(name, "key") || eq(name, "association");
            d.field == "to_instance" && d.ours == true && qualifier_is(d, always)
        },
    },
    Rule {
        name: "inherited elements come first",
        why: "pywbem puts a class's own properties and methods before those it inherits",
        explains: |d| {
            d.on == On::Class
                && matches!(d.field, "properties" | "methods")
                && same_set(&d.ours, &d.theirs)
        },
    },
    Rule {
        name: "inherited qualifiers come first",
        why: "pywbem puts an element's own qualifiers before those it inherits",
        explains: |d| d.field == "order" && same_set(&d.ours, &d.theirs),
    },
    Rule {
        name: "the nearest class that declares an element is its origin",
        why: "as WMI's GetPropertyOrigin says; pywbem keeps the class that declared it first",
        explains: |d| {
            let overrides = d.field == "propagated" && d.ours == false && d.our_qualifier.is_none();
            d.on != On::Parameter && (d.field == "origin" || overrides)
        },
    },
    Rule {
        name: "a qualifier given again is the class's own",
        why: "pywbem takes a fixed or restricted one for inherited though the class gives it",
        explains: |d| {
            let fixed_or_restricted =
                d.their_qualifier.is_some_and(|q| !q.overridable || !q.to_subclass);
            d.field == "propagated" && d.ours == false && fixed_or_restricted
        },
    },
    Rule {
        name: "restricted qualifiers stay where they are",
        why: "DSP0004: Restricted does not pass to subclasses; pywbem passes it",
        explains: |d| {
            let restricted = d.their_qualifier.is_some_and(|q| !q.to_subclass && q.propagated);
            d.field == "presence" && d.ours == false && d.is_inherited && restricted
        },
    },
    Rule {
        name: "class qualifiers pass to subclasses",
        why: "DSP0004: ToSubclass holds for those of classes too; pywbem passes none",
        explains: |d| {
            let passed = d.our_qualifier.is_some_and(|q| q.to_subclass && q.propagated);
            d.on == On::Class && d.field == "presence" && d.theirs == false && passed
        },
    },
    Rule {
        name: "default flavors hold on parameters",
        why: "DSP0004: EnableOverride and ToSubclass by default; pywbem sets neither there",
        explains: |d| {
            let is_flavor = matches!(d.field, "to_subclass" | "overridable");
            d.on == On::Parameter && is_flavor && d.ours == true
        },
    },
    Rule {
        name: "an escaped apostrophe is an apostrophe",
        why: "pywbem reads \\' as nothing",
        explains: |d| {
            let without = |v: &Json| v.to_string().replace('\'', "");
            d.field == "value" && without(&d.ours) == without(&d.theirs)
        },
    },
    Rule {
        name: "a property declared again keeps the inherited default",
        why: "behaviour.md G.7: nothing changes but what is written; pywbem forgets it",
        explains: |d| {
            let has_default = !d.ours.is_null() && d.theirs.is_null();
            d.on == On::Property && d.field == "value" && d.our_qualifier.is_none() && has_default
        },
    },
];

fn qualifier_is(d: &Difference<'_>, test: impl Fn(&str) -> bool) -> bool {
    d.our_qualifier.is_some_and(|q| test(&q.name))
}

fn same_set(ours: &Json, theirs: &Json) -> bool {
    let sorted = |list: &Json| {
        let mut names: Vec<_> = list.as_array()?.iter().map(|n| n.as_str()).collect();
        names.sort();
        Some(names.into_iter().map(|n| n.map(str::to_owned)).collect::<Vec<_>>())
    };
    sorted(ours) == sorted(theirs)
}
