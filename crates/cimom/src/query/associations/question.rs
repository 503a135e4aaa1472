//! What `ASSOCIATORS OF` and `REFERENCES OF` ask, as one value: which associations, which endpoints.

use cim::{CimType, Class, Instance, Name, ObjectPath, Qualifiers, Value};
use wql::{Associators, References};

/// What is asked, of either statement.
#[derive(Default)]
pub(in crate::query) struct AssociationQuery {
    pub(super) source: Option<ObjectPath>,
    /// Whether the endpoints are wanted; else the associations themselves.
    pub(super) wants_endpoints: bool,
    pub(super) assoc_class: Option<Name>,
    pub(super) role: Option<Name>,
    pub(super) result_role: Option<Name>,
    pub(super) result_class: Option<Name>,
    pub(super) required_qualifier: Option<Name>,
    pub(super) required_assoc_qualifier: Option<Name>,
    pub(super) class_defs_only: bool,
    pub(super) schema_only: bool,
    pub(super) keys_only: bool,
}

impl From<Associators> for AssociationQuery {
    fn from(q: Associators) -> Self {
        AssociationQuery {
            source: Some(q.source),
            wants_endpoints: true,
            assoc_class: q.assoc_class,
            role: q.role,
            result_role: q.result_role,
            result_class: q.result_class,
            required_qualifier: q.required_qualifier,
            required_assoc_qualifier: q.required_assoc_qualifier,
            class_defs_only: q.class_defs_only,
            schema_only: q.schema_only,
            keys_only: q.keys_only,
        }
    }
}

impl From<References> for AssociationQuery {
    fn from(q: References) -> Self {
        AssociationQuery {
            source: Some(q.source),
            // What a REFERENCES OF asks of its result it asks of the association.
            assoc_class: q.result_class,
            required_assoc_qualifier: q.required_qualifier,
            role: q.role,
            class_defs_only: q.class_defs_only,
            schema_only: q.schema_only,
            keys_only: q.keys_only,
            ..AssociationQuery::default()
        }
    }
}

impl AssociationQuery {
    /// Whether associations of `class` may be asked for: a qualifier that is required may be an
    /// instance's own.
    pub(super) fn accepts_association_class(&self, class: &Class) -> bool {
        self.assoc_class.as_ref().is_none_or(|a| class.is_a(a.as_str()))
    }

    /// Whether an association of `class` is asked for, with these qualifiers of its own.
    pub(super) fn accepts_association(&self, class: &Class, own: Option<&Qualifiers>) -> bool {
        self.accepts_association_class(class)
            && self.required_assoc_qualifier.as_ref().is_none_or(|q| carries(class, own, q))
    }

    /// Whether an endpoint of `class` is asked for, with these qualifiers of its own.
    pub(super) fn accepts_endpoint(&self, class: &Class, own: Option<&Qualifiers>) -> bool {
        self.result_class.as_ref().is_none_or(|r| class.is_a(r.as_str()))
            && self.required_qualifier.as_ref().is_none_or(|q| carries(class, own, q))
    }

    /// The slots of the properties of `association` that may hold a reference to an object of
    /// `source`.
    pub(super) fn source_roles(&self, association: &Class, source: &Class) -> Vec<usize> {
        let holds = |of: Option<&Name>| match of {
            Some(class) => source.is_a(class.as_str()) && !cim::name::eq(class.as_str(), "object"),
            None => true,
        };
        let references = association.properties().iter().enumerate();
        references
            .filter(|(_, p)| is_reference(&p.ty) && holds(p.ty.class.as_ref()))
            .filter(|(_, p)| self.accepts_role(&p.name))
            .map(|(slot, _)| slot)
            .collect()
    }

    /// Whether the source may be held in the property `name`: where the endpoint is asked for in
    /// one, the source is in another.
    pub(super) fn accepts_role(&self, name: &Name) -> bool {
        self.role.as_ref().is_none_or(|role| role == name)
            && self.result_role.as_ref() != Some(name)
    }

    pub(super) fn accepts_result_role(&self, name: &Name) -> bool {
        self.result_role.as_ref().is_none_or(|role| role == name)
    }
}

pub(super) fn is_reference(ty: &cim::PropertyType) -> bool {
    ty.cim == CimType::Reference && !ty.is_array
}

/// The qualifiers that an instance has beside those of its class.
pub(super) fn own_qualifiers(instance: &Instance) -> Option<&Qualifiers> {
    instance.qualifiers().map(|own| &own.instance)
}

/// Whether an object of `class` with the qualifiers `own` has one that is not FALSE. Its own has
/// priority.
fn carries(class: &Class, own: Option<&Qualifiers>, qualifier: &Name) -> bool {
    let own = own.and_then(|own| own.value(qualifier.as_str()));
    match own.or_else(|| class.qualifiers().value(qualifier.as_str())) {
        None | Some(Value::Boolean(false)) => false,
        Some(_) => true,
    }
}
