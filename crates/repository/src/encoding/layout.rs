//! Layouts: which properties a record holds, by name and kind, in order.
//!
//! A record refers to its layout, not to its class's properties, so it stays readable when the
//! class changes. A [`Mapping`] maps a layout to the slots of the current class; if the class has
//! not changed since, it is the identity.

use cim::{Class, Name};

use crate::encoding::bytes::{Input, put_length, put_text};
use crate::encoding::object;
use crate::encoding::value::Kind;
use crate::error::Fault;

/// One value of a record.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Field {
    pub(super) name: Name,
    pub(crate) kind: Kind,
}

/// The fields of a record in order.
#[derive(PartialEq, Debug)]
pub(crate) struct Layout(Vec<Field>);

impl Layout {
    /// The layout without fields.
    pub(crate) const EMPTY: Layout = Layout(Vec::new());

    /// The layout in which instances of `class` are stored: its properties by slot.
    pub(crate) fn of(class: &Class) -> Self {
        Layout(class.properties().iter().map(|p| object::field(p)).collect())
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.0
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        put_length(out, self.0.len())?;
        for field in &self.0 {
            out.push(field.kind.mark());
            put_text(out, field.name.as_str())?;
        }
        Ok(())
    }

    pub(crate) fn read(input: &mut Input<'_>) -> Result<Self, Fault> {
        let count = input.count()?;
        let field = |input: &mut Input<'_>| {
            let kind = Kind::from_mark(input.u8()?)?;
            Ok(Field { kind, name: input.text()?.into() })
        };
        (0..count).map(|_| field(input)).collect::<Result<_, Fault>>().map(Layout)
    }
}

/// The slot of a class for each field of a layout.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) kinds: Box<[Kind]>,
    /// The slot of each field; `None` where the class no longer has the property.
    /// Not consulted where `is_identity`.
    pub(super) slots: Box<[Option<u16>]>,
    /// Field and slot agree in number, and the kinds are the same.
    pub(crate) is_identity: bool,
}

impl Mapping {
    pub(crate) fn new(layout: &Layout, class: &Class) -> Self {
        let slot = |f: &Field| class.slot(f.name.as_str()).map(|slot| slot as u16);
        let slots: Box<[Option<u16>]> = layout.0.iter().map(slot).collect();
        let agrees = |(at, field): (usize, &Field)| {
            slots[at] == Some(at as u16) && Kind::of(&class.properties()[at].ty) == field.kind
        };
        Mapping {
            kinds: layout.0.iter().map(|f| f.kind).collect(),
            is_identity: layout.0.len() == class.properties().len()
                && layout.0.iter().enumerate().all(agrees),
            slots,
        }
    }
}
