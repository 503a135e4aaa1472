//! Which properties of an object are shown, in which order, and their values.
//!
//! Of an instance its properties: those a query selects in the order selected, else all in the
//! alphabetical order in which WMI enumerates them (those of a plan as declared, in which they
//! read as a sentence); system properties before them, where asked for. Of a class, where it is
//! one line or block among others, its name, superclass and kind.

use std::borrow::Cow;
use std::sync::Arc;

use cim::{Class, Name, Object, SystemProperty, Value};

/// What the request says about what is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Whether system properties are shown.
    pub(crate) system: bool,
    /// The properties that the request names, system properties among them; `None` for all.
    pub(crate) named: Option<Vec<Name>>,
    /// Whether properties are in the order of their declaration instead of alphabetical order.
    pub(crate) as_declared: bool,
    /// The class that the request names. An object of another class says so.
    pub(crate) class: Option<Name>,
    /// Whether the request names one object by its path.
    pub(crate) single: bool,
}

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Slot(usize),
    System(SystemProperty),
    OfClass(fn(&Class) -> Value),
}

/// A named value that is shown of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name, as it is printed.
    pub(crate) name: Name,
    /// Whether its values are numbers.
    pub(crate) is_number: bool,
    source: Source,
}

impl Field {
    /// The field that names an object's class.
    pub(crate) fn class() -> Self {
        Field::system(SystemProperty::Class)
    }

    /// The value in `object`, which must be of the class the field was made for.
    pub(crate) fn value<'a>(&self, object: &'a Object) -> Cow<'a, Value> {
        match (self.source, object) {
            (Source::Slot(slot), Object::Instance(instance)) => Cow::Borrowed(instance.value(slot)),
            (Source::Slot(slot), Object::Class(class)) => Cow::Borrowed(&class.defaults()[slot]),
            (Source::System(property), _) => Cow::Owned(object.system(property)),
            (Source::OfClass(value), _) => Cow::Owned(value(object.class())),
        }
    }

    fn system(property: SystemProperty) -> Self {
        let ty = property.ty();
        Field {
            name: Name::from_static(property.name()),
            is_number: ty.cim.is_integer(),
            source: Source::System(property),
        }
    }

    fn slot(class: &Class, slot: usize) -> Self {
        let property = &class.properties()[slot];
        let is_number =
            !property.ty.is_array && (property.ty.cim.is_integer() || property.ty.cim.is_real());
        Field { name: property.name.clone(), is_number, source: Source::Slot(slot) }
    }

    fn of_class(name: &'static str, value: fn(&Class) -> Value) -> Self {
        Field { name: Name::from_static(name), is_number: false, source: Source::OfClass(value) }
    }
}

impl Selection {
    /// The fields of `object`.
    pub(crate) fn fields(&self, object: &Object) -> Vec<Field> {
        let system = SystemProperty::ALL.into_iter().filter(|_| self.system).map(Field::system);
        let own = match object {
            Object::Class(_) => class_fields(),
            Object::Instance(instance) => self.properties(instance.class()),
        };
        let mut fields: Vec<Field> = system.collect();
        for field in own {
            if !fields.iter().any(|f| f.name == field.name) {
                fields.push(field);
            }
        }
        fields
    }

    /// The fields of `object`, preceded by its class if the request does not determine it.
    pub(crate) fn fields_with_class(&self, object: &Object) -> Vec<Field> {
        let mut fields = self.fields(object);
        let is_known = matches!(object, Object::Class(_))
            || self.class.as_ref() == Some(object.class().name());
        if !is_known {
            put_class_first(&mut fields);
        }
        fields
    }

    fn properties(&self, class: &Class) -> Vec<Field> {
        let Some(named) = &self.named else {
            let by_name = class.slots_by_name().iter().map(|&s| usize::from(s));
            let field = |slot| Field::slot(class, slot);
            return match self.as_declared {
                true => (0..class.properties().len()).map(field).collect(),
                false => by_name.map(field).collect(),
            };
        };
        let find = |name: &Name| match SystemProperty::from_name(name.as_str()) {
            Some(property) => Some(Field::system(property)),
            None => class.slot(name.as_str()).map(|slot| Field::slot(class, slot)),
        };
        named.iter().filter_map(find).collect()
    }
}

/// Puts the class's name before `fields`, unless it is among them.
pub(crate) fn put_class_first(fields: &mut Vec<Field>) {
    let class = Field::class();
    if !fields.iter().any(|f| f.name == class.name) {
        fields.insert(0, class);
    }
}

/// The fields of the objects of a result, made once for the objects of one class that follow
/// each other.
#[derive(Default)]
pub(crate) struct Fields {
    last: Option<(Arc<Class>, bool, Arc<[Field]>)>,
}

impl Fields {
    /// The fields of `object`, by `make` where it is not of the class of the last.
    pub(crate) fn of(
        &mut self,
        object: &Object,
        make: impl FnOnce(&Object) -> Vec<Field>,
    ) -> Arc<[Field]> {
        let is_class = matches!(object, Object::Class(_));
        match &self.last {
            Some((class, was_class, fields))
                if Arc::ptr_eq(class, object.class()) && *was_class == is_class =>
            {
                fields.clone()
            }
            _ => {
                let fields: Arc<[Field]> = make(object).into();
                self.last = Some((object.class().clone(), is_class, fields.clone()));
                fields
            }
        }
    }
}

fn class_fields() -> Vec<Field> {
    vec![
        Field::of_class("Class", |class| Value::string(class.name().as_str())),
        Field::of_class("Superclass", |class| {
            Value::string(class.superclass().map_or("", |s| s.name().as_str()))
        }),
        Field::of_class("Kind", |class| Value::string(kind(class))),
    ]
}

/// What kind of class it is, in the words of its qualifiers.
fn kind(class: &Class) -> String {
    let words = [
        ("abstract", class.is_abstract()),
        ("association", class.is_association()),
        ("singleton", class.is_singleton()),
        ("dynamic", class.is_dynamic()),
        ("terminal", class.is_terminal()),
    ];
    let said: Vec<_> = words.into_iter().filter(|w| w.1).map(|w| w.0).collect();
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    fn names(selection: &Selection, object: &Object) -> Vec<String> {
        selection.fields_with_class(object).iter().map(|f| f.name.to_string()).collect()
    }

    #[test]
    fn all_properties_stand_in_alphabetical_order_and_the_class_where_it_is_another() {
        let object = fixture::disk();
        let asked = |class: &str| Selection { class: Some(class.into()), ..Selection::default() };
        assert_eq!(names(&asked("test_DISK"), &object), ["Id", "Label", "Size", "Used"]);
        assert_eq!(names(&asked("Test_Any"), &object), ["__CLASS", "Id", "Label", "Size", "Used"]);
    }

    #[test]
    fn named_properties_stand_in_the_order_named() {
        let selection = Selection {
            named: Some(["size", "__relpath", "ID", "Size"].map(Name::from).to_vec()),
            class: Some("Test_Disk".into()),
            ..Selection::default()
        };
        assert_eq!(names(&selection, &fixture::disk()), ["Size", "__RELPATH", "Id"]);
    }

    #[test]
    fn system_properties_come_first_and_once() {
        let selection = Selection { system: true, ..Selection::default() };
        let names = names(&selection, &fixture::disk());
        assert_eq!(names[..2], ["__GENUS", "__CLASS"]);
        assert_eq!(names.len(), 14);
    }

    #[test]
    fn a_class_is_described() {
        let class = Object::Class(fixture::disk().class().clone());
        let fields: Vec<_> = Selection::default()
            .fields(&class)
            .iter()
            .map(|f| (f.name.to_string(), f.value(&class).into_owned()))
            .collect();
        assert_eq!(fields[0], ("Class".to_owned(), Value::string("Test_Disk")));
        assert_eq!(fields[1], ("Superclass".to_owned(), Value::string("Test_Any")));
    }
}
