//! A view as the qualifiers of its class declare it: its kind, its queries, and the source of each
//! property.
//!
//! This file reads the class only; [`crate::view`] checks the source classes. Rules: behaviour.md
//! B.8, and where documents are silent `docs/decisions.md`.

use std::sync::Arc;

use cim::status::{WBEM_E_INVALID_QUALIFIER, WBEM_E_INVALID_QUERY, WBEM_E_QUOTA_VIOLATION};
use cim::{CimType, Class, Error, Method, Name, Property, Qualifiers, Result, Value};
use wql::{BoundSelect, Query, Select, SelectList};

use crate::join_on::{self, Condition};

/// A view.
pub(crate) struct Definition {
    pub(crate) class: Arc<Class>,
    pub(crate) kind: Kind,
    pub(crate) sources: Vec<Source>,
    /// By slot of the class.
    pub(crate) properties: Vec<Mapping>,
}

/// How a view combines its sources.
pub(crate) enum Kind {
    /// Every instance of a source is one of the view.
    Union,
    /// Instances that belong together are one of the view.
    Join(Join),
    /// Every association of a source is one of the view, between the view's objects.
    Association,
}

/// How a join view joins.
pub(crate) struct Join {
    /// JoinOn; all must hold.
    pub(crate) conditions: Vec<Condition>,
    /// PostJoinFilter.
    pub(crate) filter: Option<BoundSelect>,
}

/// One of a view's queries.
pub(crate) struct Source {
    pub(crate) query: Select,
    /// The namespaces in which it is executed.
    pub(crate) namespaces: Vec<String>,
}

/// The source of a property of a view.
pub(crate) struct Mapping {
    /// Of each source the property, or none.
    pub(crate) names: Vec<Option<Name>>,
    /// The view's own default applies if a source has no value.
    pub(crate) hidden_default: bool,
    /// The reference stays one to the source's object.
    pub(crate) direct: bool,
}

impl Definition {
    /// The view that `class` declares.
    /// Errors: `WBEM_E_INVALID_QUALIFIER` if its qualifiers declare no valid view,
    /// `WBEM_E_INVALID_QUERY` if one of its queries cannot be used in a view,
    /// `WBEM_E_QUOTA_VIOLATION` if there are too many.
    pub(crate) fn new(class: &Arc<Class>) -> Result<Self> {
        let sources = sources(class)?;
        let properties = properties(class, sources.len())?;
        let kind = kind(class, &sources)?;
        let definition = Definition { class: class.clone(), kind, sources, properties };
        definition.check_direct()?;
        definition.check_methods()?;
        if let Kind::Join(join) = &definition.kind {
            join_on::check(&definition, &join.conditions)?;
        }
        Ok(definition)
    }

    /// Whether `class` declares a view, even an invalid one.
    pub(crate) fn is_view(class: &Class) -> bool {
        class.qualifiers().get(VIEW_SOURCES).is_some()
    }

    pub(crate) fn is_union(&self) -> bool {
        matches!(self.kind, Kind::Union)
    }

    pub(crate) fn is_join(&self) -> bool {
        matches!(self.kind, Kind::Join(_))
    }

    pub(crate) fn is_association(&self) -> bool {
        matches!(self.kind, Kind::Association)
    }

    /// Whether the property in `slot` is a reference that leads to another view.
    pub(crate) fn leads_to_view(&self, slot: usize) -> bool {
        let ty = &self.class.properties()[slot].ty;
        self.is_association()
            && ty.cim == CimType::Reference
            && !ty.is_array
            && !self.properties[slot].direct
    }

    /// The error in the view.
    pub(crate) fn wrong(&self, what: impl AsRef<str>) -> Error {
        wrong(&self.class, what)
    }

    /// The method of each source to which `method` of the view maps, or none.
    pub(crate) fn method_sources(&self, method: &Method) -> Result<Vec<Option<Name>>> {
        let place = format!("method {}", method.name);
        names(&self.class, &method.qualifiers, "MethodSource", &place, self.sources.len())
    }

    fn check_direct(&self) -> Result<()> {
        for (property, mapping) in self.class.properties().iter().zip(&self.properties) {
            if mapping.direct && !(self.is_association() && property.ty.cim == CimType::Reference) {
                return Err(self.wrong(format!(
                    "property {} is marked as Direct, which only references of association views \
                     are",
                    property.name
                )));
            }
        }
        Ok(())
    }

    fn check_methods(&self) -> Result<()> {
        for method in self.class.methods() {
            if method.qualifiers.get("MethodSource").is_none() {
                continue;
            }
            if !self.is_union() {
                return Err(self.wrong(format!(
                    "method {} has a MethodSource, which only methods of union views have",
                    method.name
                )));
            }
            self.method_sources(method)?;
        }
        Ok(())
    }
}

const VIEW_SOURCES: &str = "ViewSources";

/// The most queries that a view makes of its sources, one for each source and namespace; also the
/// greatest depth of a join.
const MOST_PLACES: usize = 256;

fn wrong(class: &Class, what: impl AsRef<str>) -> Error {
    WBEM_E_INVALID_QUALIFIER.with(format!("view {}: {}", class.name(), what.as_ref()))
}

fn kind(class: &Arc<Class>, sources: &[Source]) -> Result<Kind> {
    let qualifiers = class.qualifiers();
    let join_on = qualifiers.get("JoinOn");
    let said = [qualifiers.is_true("Union"), join_on.is_some(), class.is_association()];
    if said.iter().filter(|said| **said).count() != 1 {
        return Err(wrong(
            class,
            "it has to have exactly one of the qualifiers Union, JoinOn and Association",
        ));
    }
    let filter = qualifiers.get("PostJoinFilter");
    let Some(join_on) = join_on else {
        if filter.is_some() {
            return Err(wrong(class, "PostJoinFilter is allowed only in join views"));
        }
        return Ok(if class.is_association() { Kind::Association } else { Kind::Union });
    };
    let text = join_on.value.as_str().ok_or_else(|| wrong(class, "JoinOn is no string"))?;
    let classes: Vec<&Name> = sources.iter().map(|source| &source.query.class).collect();
    let conditions = join_on::parse(text, &classes)
        .map_err(|why| wrong(class, format!("JoinOn(\"{text}\"): {why}")))?;
    let filter = filter.map(|filter| post_join_filter(class, &filter.value)).transpose()?;
    Ok(Kind::Join(Join { conditions, filter }))
}

fn post_join_filter(class: &Arc<Class>, value: &Value) -> Result<BoundSelect> {
    let text = value.as_str().ok_or_else(|| wrong(class, "PostJoinFilter is no string"))?;
    let place = format!("view {}: PostJoinFilter", class.name());
    let select = select(text, &place)?;
    if select.class != *class.name() || select.list != SelectList::All {
        return Err(WBEM_E_INVALID_QUERY
            .with(format!("{place} has to be SELECT * FROM {} WHERE ...", class.name())));
    }
    BoundSelect::bind(&select, class, 0)
        .map_err(|e| e.status().with(format!("{place}: {}", e.message())))
}

/// The query in `text`, which is located at `place`.
fn select(text: &str, place: &str) -> Result<Select> {
    let query = wql::parse(text)
        .map_err(|e| WBEM_E_INVALID_QUERY.with(format!("{place} is no query: {e}")))?;
    match query {
        Query::Select(select) if !select.has_event_clause() && !select.is_schema() => Ok(select),
        _ => Err(WBEM_E_INVALID_QUERY
            .with(format!("{place} has to be a SELECT of instances, as SELECT * FROM Class"))),
    }
}

fn sources(class: &Class) -> Result<Vec<Source>> {
    let queries = texts(class, class.qualifiers(), VIEW_SOURCES, "it")?;
    let spaces = texts(class, class.qualifiers(), "ViewSpaces", "it")?;
    if queries.is_empty() || queries.len() != spaces.len() {
        return Err(wrong(
            class,
            format!(
                "ViewSources has {} elements and ViewSpaces {}; each query has its namespaces",
                queries.len(),
                spaces.len()
            ),
        ));
    }
    let source = |(i, (query, spaces)): (usize, (&str, &str))| {
        let place = format!("view {}: ViewSources, element {}", class.name(), i + 1);
        let query = select(query, &place)?;
        if let SelectList::Properties(list) = &query.list
            && list.iter().any(|property| !property.rest().is_empty())
        {
            return Err(WBEM_E_INVALID_QUERY
                .with(format!("{place} selects from within an embedded object, as no view can")));
        }
        let namespaces: Vec<String> =
            spaces.split("::").map(|space| space.trim().to_owned()).collect();
        if namespaces.iter().any(String::is_empty) {
            return Err(wrong(class, format!("ViewSpaces, element {}, lacks a name", i + 1)));
        }
        Ok(Source { query, namespaces })
    };
    let sources: Vec<Source> =
        queries.into_iter().zip(spaces).enumerate().map(source).collect::<Result<_>>()?;
    if sources.iter().map(|source| source.namespaces.len()).sum::<usize>() > MOST_PLACES {
        return Err(WBEM_E_QUOTA_VIOLATION.with(format!(
            "view {}: it has more than {MOST_PLACES} sources, each namespace counted; make a view \
             of views",
            class.name()
        )));
    }
    Ok(sources)
}

fn properties(class: &Class, sources: usize) -> Result<Vec<Mapping>> {
    let mapping = |property: &Arc<Property>| {
        let qualifiers = &property.qualifiers;
        let place = format!("property {}", property.name);
        Ok(Mapping {
            names: names(class, qualifiers, "PropertySources", &place, sources)?,
            hidden_default: has_hidden_default(property),
            direct: qualifiers.is_true("Direct"),
        })
    };
    class.properties().iter().map(mapping).collect()
}

/// Whether the view's own default applies if a source has no value.
pub(crate) fn has_hidden_default(property: &Property) -> bool {
    property.qualifiers.is_true("HiddenDefault")
}

/// The names in the array `qualifier`, one a source; an empty one is `None`.
fn names(
    class: &Class,
    qualifiers: &Qualifiers,
    qualifier: &str,
    place: &str,
    sources: usize,
) -> Result<Vec<Option<Name>>> {
    let texts = texts(class, qualifiers, qualifier, place)?;
    if texts.len() != sources {
        let what = format!(
            "{place}: {qualifier} has {} elements where ViewSources has {sources}; write \"\" for \
             a source that has none",
            texts.len()
        );
        return Err(wrong(class, what));
    }
    let name = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(Name::from);
    Ok(texts.into_iter().map(name).collect())
}

/// The array of strings in `qualifier`.
fn texts<'a>(
    class: &Class,
    qualifiers: &'a Qualifiers,
    qualifier: &str,
    place: &str,
) -> Result<Vec<&'a str>> {
    let elements = qualifiers.value(qualifier).and_then(Value::as_array);
    let texts = elements.and_then(|elements| elements.iter().map(Value::as_str).collect());
    texts.ok_or_else(|| {
        wrong(class, format!("{place} has to have the qualifier {qualifier}, an array of strings"))
    })
}
