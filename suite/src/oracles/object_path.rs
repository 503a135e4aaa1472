//! What holds of every text taken for an object path.
//!
//! Parsed, it prints to text that means the same; what identifies it does not depend on the order
//! of its keys, on letter case or on who asks. Whether the path fits a class is not looked at.

use cim::path::{Connection, MAX_PATH};
use cim::status::{WBEM_E_INVALID_OBJECT_PATH, WBEM_E_QUOTA_VIOLATION};
use cim::{KeyValue, Name, Namespace, ObjectPath, Origin, PathKeys};

/// Checks `data` as an object path.
///
/// # Panics
///
/// Where the parser does, or a rule above does not hold.
pub fn object_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // The same text where a client names a namespace: an answer is all that is asked.
    let _ = text.parse::<Connection>();
    match text.parse::<ObjectPath>() {
        Ok(path) => {
            prints_to_its_equal(&path);
            identity_is_stable(&path);
        }
        Err(error) => {
            let status = error.status();
            assert!(
                status == WBEM_E_INVALID_OBJECT_PATH || status == WBEM_E_QUOTA_VIOLATION,
                "{text}: {error}"
            );
            assert!(!error.message().is_empty(), "{text}: {error}");
        }
    }
}

fn prints_to_its_equal(path: &ObjectPath) {
    let printed = path.to_string();
    match printed.parse::<ObjectPath>() {
        Ok(again) => {
            assert_eq!(again, *path, "{printed}");
            assert_eq!(again.to_string(), printed);
        }
        // Escapes may have made it longer than a path may be.
        Err(error) => assert!(printed.chars().count() > MAX_PATH, "{printed}: {error}"),
    }
}

fn identity_is_stable(path: &ObjectPath) {
    let respelled = respelled(path);
    let namespaces = path.namespace.iter().cloned().chain([Namespace::root()]);
    let origins = namespaces.map(|namespace| Some(Origin { server: "HOST".into(), namespace }));
    for origin in origins.chain([None]) {
        let identity = path.identity(origin.as_ref());
        assert_eq!(respelled.identity(origin.as_ref()), identity, "{path} {respelled}");
    }
    assert_eq!(path.relative().identity(None), respelled.relative().identity(None));
}

/// The same path with its keys in another order, in other letters and with all values quoted.
fn respelled(path: &ObjectPath) -> ObjectPath {
    let quoted = |value: &KeyValue| KeyValue::Text(value.text().to_ascii_uppercase().into());
    let keys = match &path.keys {
        PathKeys::Named(keys) => {
            PathKeys::Named(keys.iter().rev().map(|(k, v)| (upper(k), quoted(v))).collect())
        }
        PathKeys::Unnamed(value) => PathKeys::Unnamed(quoted(value)),
        other => other.clone(),
    };
    let namespace = path.namespace.as_ref().map(|ns| {
        Namespace::new(&ns.as_str().to_ascii_uppercase().replace('\\', "/")).expect("other letters")
    });
    let server = path.server.as_ref().map(|server| server.to_ascii_uppercase().into());
    ObjectPath { server, namespace, class: upper(&path.class), keys }
}

fn upper(name: &Name) -> Name {
    name.as_str().to_ascii_uppercase().into()
}
