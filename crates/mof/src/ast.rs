//! What the parser makes of a file: its items in order, with names and literals decoded and
//! nothing yet decided that depends on the dialect, on other files or on classes.

use std::sync::Arc;

use bitflags::bitflags;
use cim::{CimType, Name, PropertyType, Value};

use crate::source::{Source, Span};

/// A file and what it includes.
pub(crate) struct Unit {
    pub source: Arc<Source>,
    pub items: Vec<Item>,
}

pub(crate) enum Item {
    Class(Class),
    Instance(Instance),
    /// `Qualifier Name : Flavor ...;`
    DefaultFlavors(Ident, Flavors),
    /// `Qualifier Name : type = default, Scope(...), Flavor(...);`
    Declaration(Declaration),
    Pragma(Pragma, Span),
    Include(Include),
}

#[derive(Clone)]
pub(crate) struct Ident {
    pub name: Name,
    pub span: Span,
}

pub(crate) struct Class {
    pub qualifiers: Vec<Qualifier>,
    pub name: Ident,
    pub alias: Option<Ident>,
    pub superclass: Option<Ident>,
    pub members: Vec<Member>,
    pub span: Span,
}

pub(crate) enum Member {
    Property(Variable),
    Method(Method),
}

/// A property or a parameter.
pub(crate) struct Variable {
    pub qualifiers: Vec<Qualifier>,
    pub ty: Type,
    pub name: Ident,
    pub array: Option<ArraySuffix>,
    pub init: Option<Init>,
}

pub(crate) struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

pub(crate) enum TypeKind {
    Void,
    Scalar(PropertyType),
}

/// `[]` or `[10]` after a name.
pub(crate) struct ArraySuffix {
    pub size: Option<i32>,
    pub span: Span,
}

pub(crate) struct Method {
    pub qualifiers: Vec<Qualifier>,
    pub returns: Type,
    pub name: Ident,
    pub parameters: Vec<Variable>,
}

pub(crate) struct Instance {
    pub qualifiers: Vec<Qualifier>,
    pub class: Ident,
    pub alias: Option<Ident>,
    pub properties: Vec<Assignment>,
    pub span: Span,
}

pub(crate) struct Assignment {
    pub qualifiers: Vec<Qualifier>,
    pub name: Ident,
    /// Absent in `Name;`, where only the qualifiers say something.
    pub init: Option<Init>,
}

pub(crate) enum Init {
    Literal(Literal),
    Array(Vec<Init>, Span),
    Alias(Ident),
    Instance(Box<Instance>),
}

impl Init {
    pub(crate) fn span(&self) -> Span {
        match self {
            Init::Literal(literal) => literal.span,
            Init::Array(_, span) => *span,
            Init::Alias(alias) => alias.span,
            Init::Instance(instance) => instance.span,
        }
    }
}

/// A literal in its natural type: whole numbers are the first of sint32, sint64 and uint64 that
/// holds them.
pub(crate) struct Literal {
    pub value: Value,
    pub span: Span,
}

pub(crate) struct Qualifier {
    pub name: Ident,
    pub arguments: Arguments,
    pub flavors: Option<Flavors>,
    pub span: Span,
    /// The brackets around it.
    pub list: Span,
}

pub(crate) enum Arguments {
    None,
    /// In parentheses, alone.
    One(Literal),
    /// In braces, or several in parentheses.
    Many(Vec<Literal>, Span),
}

/// Flavor keywords as written.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flavors {
    pub set: FlavorKeywords,
    pub span: Span,
}

bitflags! {
    /// The keywords of flavors, with separate bits for positive and negative ones.
    #[derive(Clone, Copy, Default)]
    pub(crate) struct FlavorKeywords: u8 {
        const ENABLE_OVERRIDE = 1;
        const DISABLE_OVERRIDE = 2;
        const RESTRICTED = 4;
        const TO_SUBCLASS = 8;
        const NOT_TO_SUBCLASS = 16;
        const TO_INSTANCE = 32;
        const NOT_TO_INSTANCE = 64;
        const AMENDED = 128;
    }
}

impl FlavorKeywords {
    const KEYWORDS: [(&'static str, Self); 9] = [
        ("EnableOverride", Self::ENABLE_OVERRIDE),
        ("DisableOverride", Self::DISABLE_OVERRIDE),
        ("Restricted", Self::RESTRICTED),
        ("ToSubclass", Self::TO_SUBCLASS),
        ("NotToSubclass", Self::NOT_TO_SUBCLASS),
        ("ToInstance", Self::TO_INSTANCE),
        ("NotToInstance", Self::NOT_TO_INSTANCE),
        ("Amended", Self::AMENDED),
        // DMTF's word for the same.
        ("Translatable", Self::AMENDED),
    ];

    /// The flavor that a keyword names.
    pub(crate) fn from_keyword(keyword: &str) -> Option<Self> {
        Self::KEYWORDS.iter().find(|k| k.0.eq_ignore_ascii_case(keyword)).map(|k| k.1)
    }
}

/// DMTF's declaration of a qualifier.
pub(crate) struct Declaration {
    pub name: Ident,
    pub ty: PropertyType,
    pub default: Option<Init>,
    pub scope: Scope,
    pub flavors: Flavors,
}

bitflags! {
    /// The kinds of elements that a qualifier applies to.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub(crate) struct Scope: u16 {
        const CLASS = 1;
        const ASSOCIATION = 2;
        const INDICATION = 4;
        const PROPERTY = 8;
        const REFERENCE = 16;
        const METHOD = 32;
        const PARAMETER = 64;
        const INSTANCE = 128;
        const ANY = u16::MAX;
    }
}

impl Scope {
    const KEYWORDS: [(&'static str, Self); 11] = [
        ("class", Self::CLASS),
        ("association", Self::ASSOCIATION),
        ("indication", Self::INDICATION),
        ("property", Self::PROPERTY),
        ("reference", Self::REFERENCE),
        ("method", Self::METHOD),
        ("parameter", Self::PARAMETER),
        ("instance", Self::INSTANCE),
        // Elements on which MOF has no place for a qualifier.
        ("schema", Self::empty()),
        ("qualifier", Self::empty()),
        ("any", Self::ANY),
    ];

    /// The elements that a keyword names.
    pub(crate) fn from_keyword(keyword: &str) -> Option<Self> {
        Self::KEYWORDS.iter().find(|k| k.0.eq_ignore_ascii_case(keyword)).map(|k| k.1)
    }

    /// The keyword of a single element.
    pub(crate) fn keyword(self) -> &'static str {
        Self::KEYWORDS.iter().find(|k| k.1 == self).map_or("any", |k| k.0)
    }
}

pub(crate) enum Pragma {
    Namespace(Text),
    Autorecover,
    ClassFlags(Vec<Text>, Span),
    InstanceFlags(Vec<Text>, Span),
    DeleteClass(Text, bool),
    DeleteInstance(Text, bool),
    Amendment(Text),
    /// Any other, with its name.
    Other(Ident),
}

pub(crate) struct Include {
    pub file: Text,
    /// The file, once it is loaded.
    pub unit: Option<Unit>,
    /// The whole command.
    pub span: Span,
}

/// A decoded text and its place.
pub(crate) struct Text {
    pub text: String,
    pub span: Span,
}

/// The type that a keyword names.
pub(crate) fn intrinsic(keyword: &str) -> Option<CimType> {
    CimType::from_keyword(keyword).filter(|t| *t != CimType::Reference)
}
