//! The types that a property, parameter or return value may have.
//!
//! Numbers and texts are WMI's (`CIMTYPE_ENUMERATION`, the CIMTYPE qualifier). Conversion of
//! values between types is in [`crate::value`].

use std::fmt;

use crate::name::Name;

/// A CIM data type, regardless of whether it is the type of an array's elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // The variants are the types' own names.
pub enum CimType {
    SInt16,
    SInt32,
    Real32,
    Real64,
    String,
    Boolean,
    Object,
    SInt8,
    UInt8,
    UInt16,
    UInt32,
    SInt64,
    UInt64,
    DateTime,
    Reference,
    Char16,
}

/// Number, MOF keyword and type.
const TYPES: [(u16, &str, CimType); 16] = [
    (2, "sint16", CimType::SInt16),
    (3, "sint32", CimType::SInt32),
    (4, "real32", CimType::Real32),
    (5, "real64", CimType::Real64),
    (8, "string", CimType::String),
    (11, "boolean", CimType::Boolean),
    (13, "object", CimType::Object),
    (16, "sint8", CimType::SInt8),
    (17, "uint8", CimType::UInt8),
    (18, "uint16", CimType::UInt16),
    (19, "uint32", CimType::UInt32),
    (20, "sint64", CimType::SInt64),
    (21, "uint64", CimType::UInt64),
    (101, "datetime", CimType::DateTime),
    (102, "ref", CimType::Reference),
    (103, "char16", CimType::Char16),
];

/// The bit that marks an array in a CIMTYPE number.
pub const CIM_FLAG_ARRAY: u16 = 0x2000;

impl CimType {
    /// WMI's number of the type (`CIMTYPE_ENUMERATION`).
    pub fn number(self) -> u16 {
        self.entry().0
    }

    /// The keyword in MOF and the text of the CIMTYPE qualifier.
    pub fn keyword(self) -> &'static str {
        self.entry().1
    }

    /// The type with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        TYPES.iter().find(|t| t.0 == number).map(|t| t.2)
    }

    /// The type with this keyword, without regard to case.
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        TYPES.iter().find(|t| t.1.eq_ignore_ascii_case(keyword)).map(|t| t.2)
    }

    /// Whether its values are whole numbers (char16 is not one).
    pub fn is_integer(self) -> bool {
        use CimType::*;
        matches!(self, SInt8 | UInt8 | SInt16 | UInt16 | SInt32 | UInt32 | SInt64 | UInt64)
    }

    /// Whether it is `real32` or `real64`.
    pub fn is_real(self) -> bool {
        matches!(self, CimType::Real32 | CimType::Real64)
    }

    fn entry(self) -> &'static (u16, &'static str, CimType) {
        TYPES.iter().find(|t| t.2 == self).expect("TYPES has every type")
    }
}

/// The whole type of a property: the data type, whether it is an array, and for references
/// and embedded objects the class it is bound to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PropertyType {
    /// The data type of the value or of each element.
    pub cim: CimType,
    /// Whether the value is an array.
    pub is_array: bool,
    /// For `X ref` and embedded `X`: X. `None` for `object ref` and `object`, and all others.
    pub class: Option<Name>,
}

impl PropertyType {
    /// A single value of a type that names no class.
    pub const fn scalar(cim: CimType) -> Self {
        PropertyType { cim, is_array: false, class: None }
    }

    /// An array of a type that names no class.
    pub const fn array(cim: CimType) -> Self {
        PropertyType { cim, is_array: true, class: None }
    }

    /// `class ref`.
    pub fn reference(class: impl Into<Name>) -> Self {
        PropertyType { cim: CimType::Reference, is_array: false, class: Some(class.into()) }
    }

    /// An embedded object of `class`.
    pub fn object(class: impl Into<Name>) -> Self {
        PropertyType { cim: CimType::Object, is_array: false, class: Some(class.into()) }
    }

    /// WMI's number, with the array bit.
    pub fn number(&self) -> u16 {
        self.cim.number() | if self.is_array { CIM_FLAG_ARRAY } else { 0 }
    }

    /// The text of the CIMTYPE qualifier: `uint32`, `ref:CIM_X`, `object:CIM_X`.
    pub fn cimtype(&self) -> String {
        match &self.class {
            Some(class) => format!("{}:{class}", self.cim.keyword()),
            None => self.cim.keyword().to_owned(),
        }
    }

    /// Whether values of `self` are stored as values of `other`: all but the class agree.
    pub fn same_kind(&self, other: &Self) -> bool {
        self.cim == other.cim && self.is_array == other.is_array
    }
}

impl From<CimType> for PropertyType {
    fn from(cim: CimType) -> Self {
        PropertyType::scalar(cim)
    }
}

/// The form in messages: `uint32`, `string[]`, `ref:CIM_X`.
impl fmt::Display for PropertyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cimtype())?;
        if self.is_array { f.write_str("[]") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keywords_lead_back_to_the_type() {
        for (number, keyword, cim) in TYPES {
            assert_eq!(CimType::from_number(number), Some(cim));
            assert_eq!(CimType::from_keyword(&keyword.to_uppercase()), Some(cim));
            assert_eq!((cim.number(), cim.keyword()), (number, keyword));
        }
        assert_eq!(PropertyType::array(CimType::UInt8).number(), 0x2011);
        assert_eq!(PropertyType::reference("CIM_X").cimtype(), "ref:CIM_X");
    }
}
