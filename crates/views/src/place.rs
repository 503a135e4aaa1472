//! A source of a view in one of its namespaces: the connection, the class it selects from, and the
//! column for each property of the view.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_NOT_FOUND};
use cim::{
    Class, Instance, Name, Namespace, Object, ObjectPath, PropertyType, Result, SystemProperty,
    Value, WbemStatus,
};
use parking_lot::Mutex;
use smol_str::SmolStr;
use wbem::{Flags, ProviderContext, Services};
use wql::SelectList;

use crate::definition::Definition;

/// A source in a namespace.
pub(crate) struct Place {
    /// Which of the view's sources.
    pub(crate) source: usize,
    pub(crate) services: Arc<dyn Services>,
    /// The class in FROM.
    pub(crate) class: Arc<Class>,
    /// By slot of the view; none if the source has no such property.
    pub(crate) columns: Vec<Option<Column>>,
    /// The view's namespace.
    seen_from: Namespace,
}

/// The counterpart of a view's property in a source.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Column {
    Property(Name),
    System(SystemProperty),
}

impl Column {
    pub(crate) fn name(&self) -> &str {
        match self {
            Column::Property(name) => name.as_str(),
            Column::System(property) => property.name(),
        }
    }
}

impl Place {
    /// The source number `source` of `view` in the namespace `path`.
    /// Errors: those of the connection, `WBEM_E_INVALID_CLASS` if the class is missing there.
    pub(crate) fn open(
        view: &Definition,
        source: usize,
        path: &str,
        home: &dyn Services,
        context: &ProviderContext,
    ) -> Result<Self> {
        let at = |e: cim::Error, what: &str| {
            e.status().with(format!("view {}: {what}{}", view.class.name(), e.message()))
        };
        let services = home.connect(path, context).map_err(|e| at(e, ""))?;
        let name = &view.sources[source].query.class;
        let class = services.get_object(name.as_str(), Flags::default(), context);
        let class = class.map_err(|e| match e.status() {
            WBEM_E_NOT_FOUND => {
                let source = format!("source {}: class {name} is not in {path}", source + 1);
                at(WBEM_E_INVALID_CLASS.with(source), "")
            }
            _ => at(e, &format!("source {}: ", source + 1)),
        })?;
        let seen_from = home.namespace().clone();
        let class = class.class().clone();
        let mut place = Place { source, services, class, columns: Vec::new(), seen_from };
        let column = |mapping: &crate::definition::Mapping| {
            let name = mapping.names[source].as_ref()?;
            place.column(view, name).map(|(column, _)| column)
        };
        place.columns = view.properties.iter().map(column).collect();
        Ok(place)
    }

    /// The property `name` of the source, as its query selects it, and its type.
    pub(crate) fn column(&self, view: &Definition, name: &Name) -> Option<(Column, PropertyType)> {
        let is_selected = match &view.sources[self.source].query.list {
            SelectList::All => true,
            SelectList::Properties(list) => list.iter().any(|property| property.head() == name),
        };
        if let Some(system) = SystemProperty::from_name(name.as_str()) {
            // Every object has these, even if they were not requested.
            return Some((Column::System(system), system.ty()));
        }
        let property = self.class.property(name.as_str()).filter(|_| is_selected)?;
        Some((Column::Property(name.clone()), property.ty.clone()))
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        self.services.namespace()
    }

    /// The value of `column` in `instance`, with references relative to the view.
    pub(crate) fn value(&self, column: &Column, instance: &Instance) -> Value {
        match column {
            Column::Property(name) => {
                let value = instance.get(name.as_str()).cloned().unwrap_or_default();
                carried(value, self.namespace(), &self.seen_from)
            }
            Column::System(property) => instance.system(*property),
        }
    }

    /// Converts a value of the view to that of the source: the reverse of [`Place::value`].
    pub(crate) fn value_there(&self, value: Value) -> Value {
        carried(value, &self.seen_from, self.namespace())
    }

    /// Queries the source's instances and passes them to `take` as they arrive. Returns the status
    /// of the query, and whether more instances are needed.
    pub(crate) fn each(
        &self,
        query: &str,
        context: &ProviderContext,
        mut take: impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
    ) -> Result<(WbemStatus, ControlFlow<()>)> {
        let stopped: Arc<Mutex<Option<Result<()>>>> = Arc::default();
        let tell = stopped.clone();
        let receive = move |batch: Vec<Object>| {
            let instances = batch.into_iter().filter_map(|object| match object {
                Object::Instance(instance) => Some(instance),
                Object::Class(_) => None,
            });
            let why = match take(instances.collect()) {
                Ok(ControlFlow::Continue(())) => return ControlFlow::Continue(()),
                Ok(ControlFlow::Break(())) => Ok(()),
                Err(e) => Err(e),
            };
            *tell.lock() = Some(why);
            ControlFlow::Break(())
        };
        let ask =
            |sink| self.services.exec_query("WQL", query, Flags::ENSURE_LOCATABLE, context, sink);
        let status = wbem::for_each(ask, receive)?;
        let stopped = stopped.lock().take();
        match stopped {
            None => Ok((status, ControlFlow::Continue(()))),
            Some(why) => why.map(|()| (status, ControlFlow::Break(()))),
        }
    }
}

/// Converts a value for another namespace: references in it, which may be relative, continue to
/// name the same objects.
fn carried(value: Value, from: &Namespace, to: &Namespace) -> Value {
    match value {
        Value::Reference(text) => Value::Reference(absolute(text, from, to)),
        Value::Array(elements)
            if elements.first().is_some_and(|e| matches!(e, Value::Reference(_))) =>
        {
            Value::array(elements.iter().map(|e| carried(e.clone(), from, to)))
        }
        other => other,
    }
}

/// The path `text`, which is relative to `from`, written relative to `to`.
fn absolute(text: SmolStr, from: &Namespace, to: &Namespace) -> SmolStr {
    match text.parse::<ObjectPath>() {
        Ok(path) if path.namespace.is_none() && from != to => {
            let whole =
                ObjectPath { server: Some(".".into()), namespace: Some(from.clone()), ..path };
            whole.to_string().into()
        }
        // A text that is not a path is unchanged.
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e5_references_name_the_same_from_another_namespace() {
        let [from, to] = [r"root\a", r"root\b"].map(|n| Namespace::new(n).unwrap());
        let moved = |text: &str, to: &Namespace| absolute(text.into(), &from, to).to_string();
        assert_eq!(moved(r#"X.K="a\"b""#, &to), r#"\\.\root\a:X.K="a\"b""#);
        assert_eq!(moved(r#"X.K="a""#, &from), r#"X.K="a""#);
        assert_eq!(moved(r#"\\S\root\c:X.K="a""#, &to), r#"\\S\root\c:X.K="a""#);
        assert_eq!(moved("no path", &to), "no path");
    }
}
