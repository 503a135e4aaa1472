//! A DATETIME as a field of a struct.

use std::fmt;

use cim::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time or an interval, for fields of your structs. A `String` does as well, and
/// gets the 25 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WMIDateTime(pub DateTime);

impl fmt::Display for WMIDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for WMIDateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

impl Serialize for WMIDateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = WMIDateTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a DATETIME")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<WMIDateTime, E> {
        text.parse().map(WMIDateTime).map_err(|e: cim::Error| E::custom(e.message()))
    }
}
