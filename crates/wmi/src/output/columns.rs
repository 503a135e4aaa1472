//! The columns of `table` and `csv`: one header over objects that may be of several classes.
//!
//! Both look at the first objects before they print a header, so that it names every property
//! among them, and the class where classes mix. An object that comes later with a property
//! that the header lacks gets a new header: nothing is left out.

use std::sync::Arc;

use cim::{Name, Object, Value};

use super::fields::{Field, Fields, Selection, put_class_first};

/// A header, and how objects fill the fields below it.
pub(super) struct Columns {
    selection: Selection,
    with_class: bool,
    names: Vec<(Name, bool)>,
    fields: Fields,
}

impl Columns {
    /// The columns that the first `objects` need.
    pub(super) fn over(objects: &[Object], selection: &Selection) -> Self {
        let class = |o: &Object| o.as_instance().map(|i| i.class().name().clone());
        let mixed = objects.windows(2).any(|pair| class(&pair[0]) != class(&pair[1]));
        Columns::of(objects, selection, mixed)
    }

    /// The columns from `object` on, which did not fit the ones before.
    pub(super) fn new(object: &Object, selection: &Selection) -> Self {
        Columns::of(std::slice::from_ref(object), selection, true)
    }

    fn of(objects: &[Object], selection: &Selection, with_class: bool) -> Self {
        let mut columns = Columns {
            selection: selection.clone(),
            with_class,
            names: Vec::new(),
            fields: Fields::default(),
        };
        for object in objects {
            for field in columns.fields_of(object).iter() {
                if !columns.names.iter().any(|(name, _)| *name == field.name) {
                    columns.names.push((field.name.clone(), field.is_number));
                }
            }
        }
        columns
    }

    /// The names, each with whether its values are numbers.
    pub(super) fn names(&self) -> &[(Name, bool)] {
        &self.names
    }

    /// Whether every field of `object` has its column.
    pub(super) fn fit(&mut self, object: &Object) -> bool {
        let fields = self.fields_of(object);
        fields.iter().all(|f| self.names.iter().any(|(name, _)| *name == f.name))
    }

    /// The values of `object` under the names, by `spell`; `None` where it has no such field.
    pub(super) fn values<T>(
        &mut self,
        object: &Object,
        spell: impl Fn(&Value) -> T,
    ) -> Vec<Option<T>> {
        let fields = self.fields_of(object);
        let of = |name: &Name| fields.iter().find(|f| f.name == *name);
        self.names.iter().map(|(name, _)| of(name).map(|f| spell(&f.value(object)))).collect()
    }

    fn fields_of(&mut self, object: &Object) -> Arc<[Field]> {
        let with_class = self.with_class && object.as_instance().is_some();
        self.fields.of(object, |o| {
            let mut fields = self.selection.fields(o);
            if with_class {
                put_class_first(&mut fields);
            }
            fields
        })
    }
}
