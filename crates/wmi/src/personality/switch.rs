//! Switches in the syntax of the programs of Windows: `-name:value` or `/name:value`, in any case.

/// A switch.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Switch<'a> {
    /// Its name in lower case.
    pub(super) name: String,
    /// The text after the colon, without surrounding quotes.
    pub(super) value: Option<&'a str>,
}

impl<'a> Switch<'a> {
    /// The switch in `word`. An absolute path in the file system is not a switch: it has a second
    /// slash before any colon.
    pub(super) fn of(word: &'a str) -> Option<Self> {
        let body = word.strip_prefix(['-', '/'])?;
        let (name, value) = match body.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (body, None),
        };
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let value = value.map(|value| {
            value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value)
        });
        Some(Switch { name: name.to_ascii_lowercase(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_and_files() {
        for (word, expected) in [
            ("-N:root/shop", Some(("n", Some("root/shop")))),
            (r"/NAMESPACE:\\root\cimv2", Some(("namespace", Some(r"\\root\cimv2")))),
            ("-check", Some(("check", None))),
            ("/value", Some(("value", None))),
            ("-ER:\"a b\"", Some(("er", Some("a b")))),
            ("/tmp/a.mof", None),
            ("a.mof", None),
            ("-", None),
        ] {
            let found = Switch::of(word);
            let found = found.as_ref().map(|switch| (switch.name.as_str(), switch.value));
            assert_eq!(found, expected, "{word}");
        }
    }
}
