//! Two tellings of a class field by field, each difference with the rule that explains it.

use std::collections::BTreeMap;
use std::fmt;

use cim::name::eq;
use serde::Serialize;
use serde_json::Value as Json;

use super::collect::{CollectedClass, CollectedElement, CollectedQualifier};
use super::rules::RULES;

/// What kind of element a difference is on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum On {
    Class,
    Property,
    Method,
    Parameter,
}

/// A difference in one field of an element or of one of its qualifiers.
pub(super) struct Difference<'a> {
    pub on: On,
    pub field: &'static str,
    pub ours: Json,
    pub theirs: Json,
    /// Whether the class inherits the element as it is.
    pub is_inherited: bool,
    /// The qualifier, where the field is one of a qualifier.
    pub our_qualifier: Option<&'a CollectedQualifier>,
    pub their_qualifier: Option<&'a CollectedQualifier>,
}

/// How many things were compared and how many differences each rule explained.
#[derive(Default)]
pub(super) struct Comparison {
    compared: BTreeMap<&'static str, usize>,
    explained: [usize; RULES.len()],
    unexplained: Vec<String>,
}

/// Where the comparison is.
#[derive(Clone)]
struct Place<'a> {
    on: On,
    name: String,
    is_inherited: bool,
    ours: Option<&'a CollectedQualifier>,
    theirs: Option<&'a CollectedQualifier>,
}

impl Comparison {
    pub(super) fn class(&mut self, ours: &CollectedClass, theirs: &CollectedClass) {
        self.count("classes");
        let name = ours.name.clone();
        let at = Place { on: On::Class, name, is_inherited: false, ours: None, theirs: None };
        self.field(&at, "name", &ours.name, &theirs.name);
        self.field(&at, "superclass", &ours.superclass, &theirs.superclass);
        self.qualifiers(&at, &ours.qualifiers, &theirs.qualifiers);
        self.own(&at, "own qualifiers", &ours.own.qualifiers, &theirs.qualifiers, |q| &q.name);
        self.elements(&at, On::Property, &ours.properties, &theirs.properties);
        self.own(&at, "own properties", &ours.own.properties, &theirs.properties, |p| &p.name);
        self.elements(&at, On::Method, &ours.methods, &theirs.methods);
        self.own(&at, "own methods", &ours.own.methods, &theirs.methods, |m| &m.name);
    }

    /// Own declarations of an element are in the same order; inherited ones may be elsewhere.
    fn own<'t, T>(
        &mut self,
        at: &Place<'_>,
        field: &'static str,
        ours: &[String],
        theirs: &'t [T],
        name: impl Fn(&'t T) -> &'t String,
    ) {
        let theirs: Vec<&String> = theirs.iter().map(name).collect();
        // Missing names are reported by another check.
        let ours: Vec<&String> = ours.iter().filter(|o| theirs.iter().any(|t| eq(t, o))).collect();
        let theirs = theirs.into_iter().filter(|t| ours.iter().any(|o| eq(t, o))).collect();
        self.field(at, field, &ours, &theirs);
    }

    fn elements(
        &mut self,
        above: &Place<'_>,
        on: On,
        ours: &[CollectedElement],
        theirs: &[CollectedElement],
    ) {
        let field = match on {
            On::Class | On::Property => "properties",
            On::Method => "methods",
            On::Parameter => "parameters",
        };
        self.field(above, field, &names(ours), &names(theirs));
        for our in ours {
            let Some(their) = theirs.iter().find(|t| t.name == our.name) else { continue };
            self.count(field);
            let at = Place {
                on,
                name: format!("{}.{}", above.name, our.name),
                is_inherited: our.propagated || above.is_inherited,
                ..above.clone()
            };
            self.element(&at, our, their);
        }
    }

    fn element(&mut self, at: &Place<'_>, ours: &CollectedElement, theirs: &CollectedElement) {
        self.field(at, "type", &ours.r#type, &theirs.r#type);
        self.field(at, "is_array", &ours.is_array, &theirs.is_array);
        self.field(at, "array_size", &ours.array_size, &theirs.array_size);
        self.field(at, "class", &ours.class, &theirs.class);
        self.field(at, "value", &ours.value, &theirs.value);
        self.field(at, "origin", &ours.origin, &theirs.origin);
        self.field(at, "propagated", &ours.propagated, &theirs.propagated);
        self.qualifiers(at, &ours.qualifiers, &theirs.qualifiers);
        self.own(at, "own qualifiers", &ours.own_qualifiers, &theirs.qualifiers, |q| &q.name);
        self.elements(at, On::Parameter, &ours.parameters, &theirs.parameters);
    }

    fn qualifiers(
        &mut self,
        at: &Place<'_>,
        ours: &[CollectedQualifier],
        theirs: &[CollectedQualifier],
    ) {
        for our in ours {
            self.count("qualifiers");
            self.qualifier(at, Some(our), find(theirs, &our.name));
        }
        for their in theirs.iter().filter(|t| find(ours, &t.name).is_none()) {
            self.qualifier(at, None, Some(their));
        }
        let order = |these: &[CollectedQualifier], others: &[CollectedQualifier]| -> Vec<String> {
            let both = these.iter().filter(|q| find(others, &q.name).is_some());
            both.map(|q| q.name.clone()).collect()
        };
        self.field(at, "order", &order(ours, theirs), &order(theirs, ours));
    }

    fn qualifier(
        &mut self,
        at: &Place<'_>,
        ours: Option<&CollectedQualifier>,
        theirs: Option<&CollectedQualifier>,
    ) {
        let name = ours.or(theirs).map_or("", |q| q.name.as_str());
        let at = &Place { name: format!("{} [{name}]", at.name), ours, theirs, ..at.clone() };
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return self.field(at, "presence", &ours.is_some(), &theirs.is_some());
        };
        self.field(at, "name", &ours.name, &theirs.name);
        // A NULL shows no type.
        if ours.r#type.is_some() {
            self.field(at, "type", &ours.r#type, &theirs.r#type);
        }
        self.field(at, "value", &ours.value, &theirs.value);
        self.field(at, "to_subclass", &ours.to_subclass, &theirs.to_subclass);
        self.field(at, "overridable", &ours.overridable, &theirs.overridable);
        self.field(at, "translatable", &ours.translatable, &theirs.translatable);
        self.field(at, "to_instance", &ours.to_instance, &theirs.to_instance);
        self.field(at, "propagated", &ours.propagated, &theirs.propagated);
    }

    fn field<T: Serialize + PartialEq>(
        &mut self,
        at: &Place<'_>,
        field: &'static str,
        ours: &T,
        theirs: &T,
    ) {
        self.count("fields");
        if ours == theirs {
            return;
        }
        let json = |value: &T| serde_json::to_value(value).expect("JSON");
        let difference = Difference {
            on: at.on,
            field,
            ours: json(ours),
            theirs: json(theirs),
            is_inherited: at.is_inherited,
            our_qualifier: at.ours,
            their_qualifier: at.theirs,
        };
        match RULES.iter().position(|rule| (rule.explains)(&difference)) {
            Some(rule) => self.explained[rule] += 1,
            None => self.unexplained.push(format!(
                "{} {field}: ours {}, pywbem's {}",
                at.name, difference.ours, difference.theirs
            )),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.compared.entry(what).or_default() += 1;
    }

    /// How many classes were compared.
    pub(super) fn classes(&self) -> usize {
        self.compared["classes"]
    }

    /// Panics where a difference has no rule or a rule no difference.
    pub(super) fn assert_explained(&self) {
        let shown: Vec<_> = self.unexplained.iter().take(50).map(String::as_str).collect();
        let count = self.unexplained.len();
        assert!(shown.is_empty(), "{count} differences have no rule:\n{}", shown.join("\n"));
        for (rule, count) in RULES.iter().zip(self.explained) {
            assert!(count > 0, "rule \"{}\" explains nothing any more", rule.name);
        }
    }
}

fn names(all: &[CollectedElement]) -> Vec<&String> {
    all.iter().map(|e| &e.name).collect()
}

fn find<'q>(all: &'q [CollectedQualifier], name: &str) -> Option<&'q CollectedQualifier> {
    all.iter().find(|q| eq(&q.name, name))
}

/// The report that the test prints.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.compared {
            writeln!(f, "{count:8} {what}")?;
        }
        for (rule, count) in RULES.iter().zip(self.explained) {
            writeln!(f, "{count:8} differences: {} ({})", rule.name, rule.why)?;
        }
        write!(f, "{:8} differences without a rule", self.unexplained.len())
    }
}
