//! References to the instances of this crate's classes: written into associations, and read where
//! a query asks for those of an object.
//!
//! They are written in full, with server and namespace, as Windows providers write them; without
//! both where the class is in no namespace. Whether two lead to the same object is not decided
//! here (`cim::key::reference_identity`).

use cim::path::{KeyValue, PathKeys};
use cim::{Name, Namespace, ObjectPath, Value};

use crate::readers::machine::Machine;

/// The reference to the instance of `class` with these keys, in the order of their
/// names.
pub(super) fn to(
    machine: &Machine<'_>,
    class: &'static str,
    keys: &[(&'static str, &str)],
) -> Value {
    let here = machine.origin().map(|origin| origin.namespace.clone());
    path(machine, here, class, keys)
}

/// The same in the target namespace of the reference `property` of the class being populated.
pub(super) fn to_target(
    machine: &Machine<'_>,
    property: &str,
    class: &'static str,
    keys: &[(&'static str, &str)],
) -> Value {
    let target = |class: &cim::Class| class.target_namespace(class.slot(property)?);
    path(machine, machine.class().and_then(target), class, keys)
}

fn path(
    machine: &Machine<'_>,
    namespace: Option<Namespace>,
    class: &'static str,
    keys: &[(&'static str, &str)],
) -> Value {
    let key = |&(name, value): &(&'static str, &str)| {
        (Name::from_static(name), KeyValue::Text(value.into()))
    };
    let path = ObjectPath {
        server: machine.origin().map(|origin| origin.server.clone()),
        namespace,
        class: Name::from_static(class),
        keys: PathKeys::Named(keys.iter().map(key).collect()),
    };
    Value::Reference(path.to_string().into())
}

/// The key `name` of the object of `class` that a reference leads to; `None` where it leads to
/// anything else. The rest of the reference is ignored.
pub(super) fn key(reference: &Value, class: &str, name: &str) -> Option<String> {
    let path: ObjectPath = reference.as_str()?.parse().ok()?;
    if !path.class.is(class) {
        return None;
    }
    let value = match &path.keys {
        PathKeys::Unnamed(value) => value,
        PathKeys::Named(keys) => keys.iter().find(|(key, _)| key.is(name)).map(|(_, v)| v)?,
        PathKeys::Class | PathKeys::Singleton => return None,
    };
    Some(value.text().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_every_spelling() {
        let key = |text: &str| key(&Value::Reference(text.into()), "Win32_DiskDrive", "DeviceID");
        for path in [
            r#"Win32_DiskDrive.DeviceID="/dev/sda""#,
            r#"win32_diskdrive.deviceid='/dev/sda'"#,
            r#"\\host\root\cimv2:Win32_DiskDrive="/dev/sda""#,
        ] {
            assert_eq!(key(path).as_deref(), Some("/dev/sda"), "{path}");
        }
        for path in [
            "Win32_DiskDrive",
            "Win32_DiskDrive=@",
            r#"Win32_DiskDrive.Name="/dev/sda""#,
            r#"Win32_DiskPartition.DeviceID="/dev/sda""#,
            "no path",
        ] {
            assert_eq!(key(path), None, "{path}");
        }
    }
}
