//! `/etc/os-release`: which distribution this is, in the form of os-release(5).
//!
//! Lines are `NAME=value` as a shell would read them, without expansion. The last assignment
//! of a name counts.

use crate::facts::scan::{lines, text};

/// The distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `PRETTY_NAME`: name and version, to be shown.
    pub pretty_name: Option<String>,
    /// `NAME`: the name alone.
    pub name: Option<String>,
    /// `VENDOR_NAME`: who makes it.
    pub vendor_name: Option<String>,
    /// `VARIANT_ID`: the edition, as `server` or `workstation`.
    pub variant_id: Option<String>,
    /// `SUPPORT_URL`: where users get support.
    pub support_url: Option<String>,
}

impl OsRelease {
    /// Parses the file. Names that it does not know and lines in another form are passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut release = OsRelease::default();
        for line in lines(bytes) {
            let Some(equals) = line.iter().position(|&b| b == b'=') else { continue };
            let field = match line[..equals].trim_ascii() {
                b"PRETTY_NAME" => &mut release.pretty_name,
                b"NAME" => &mut release.name,
                b"VENDOR_NAME" => &mut release.vendor_name,
                b"VARIANT_ID" => &mut release.variant_id,
                b"SUPPORT_URL" => &mut release.support_url,
                _ => continue,
            };
            *field = Some(unquote(&line[equals + 1..])).filter(|value| !value.is_empty());
        }
        release
    }
}

/// The value that a shell would read: quotes are taken off, and a backslash before a character
/// that double quotes would let through means that character.
fn unquote(value: &[u8]) -> String {
    let value = value.trim_ascii();
    if let [b'\'', inner @ .., b'\''] = value {
        return text(inner).into_owned();
    }
    let inner = match value {
        [b'"', inner @ .., b'"'] => inner,
        bare => bare,
    };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = bytes.next_if(|next| byte == b'\\' && b"\"\\$`'".contains(next));
        plain.push(escaped.unwrap_or(byte));
    }
    text(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_repeated_names() {
        let text = b"# NAME=no\nNAME=Fedora\nNAME=\"Fedora Linux\"\nPRETTY_NAME='It\\s \"40\"'\n\
            VENDOR_NAME=\"A \\\"B\\\" \\$C \\n\"\nVARIANT_ID=\nVERSION_ID=12\n\
            SUPPORT_URL=https://example.org/a?b=c\nnonsense\n";
        let expected = OsRelease {
            name: Some("Fedora Linux".into()),
            pretty_name: Some("It\\s \"40\"".into()),
            vendor_name: Some("A \"B\" $C \\n".into()),
            variant_id: None,
            support_url: Some("https://example.org/a?b=c".into()),
        };
        assert_eq!(OsRelease::parse(text), expected);
        assert_eq!(
            OsRelease::parse(b"NAME=\""),
            OsRelease { name: Some("\"".into()), ..Default::default() }
        );
    }
}
