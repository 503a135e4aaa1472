//! Names that compare without case and keep the case they were written in.
//!
//! Every name of WMI (namespace, class, property, method, qualifier, parameter) is a [`Name`];
//! every comparison of names anywhere goes through the functions here. What it does not:
//! say which names are legal for what; [`Name::is_identifier`] and
//! [`ClassDeclaration::check_names`](crate::ClassDeclaration::check_names) do.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use smol_str::SmolStr;

/// A name: equality, order and hash disregard case, `Display` gives it as written.
#[derive(Clone, Default)]
pub struct Name(SmolStr);

impl Name {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the same name as `other`.
    #[inline]
    pub fn is(&self, other: &str) -> bool {
        eq(&self.0, other)
    }

    /// The form under which equal names are equal bytes: lower case.
    pub fn folded(&self) -> Cow<'_, str> {
        fold(&self.0)
    }

    /// Whether it begins as the names reserved for the system do.
    pub fn is_system(&self) -> bool {
        self.0.starts_with("__")
    }

    /// Whether `text` is spelled as MOF and WQL allow: a letter, underscore or a character
    /// from U+0080 on, then also digits.
    pub fn is_identifier(text: &str) -> bool {
        // No byte of a character beyond ASCII is an ASCII one.
        text.bytes().all(|b| IN_IDENTIFIER[usize::from(b)])
            && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
    }

    /// A name with no allocation, for names known at build time.
    pub const fn from_static(text: &'static str) -> Self {
        Name(SmolStr::new_static(text))
    }
}

/// Which bytes an identifier has: the characters of every declaration are looked up here.
const IN_IDENTIFIER: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte == b'_' as usize;
        byte += 1;
    }
    table
};

/// Whether two texts are equal without case.
#[inline]
pub fn eq(a: &str, b: &str) -> bool {
    !begin_differently(a, b) && eq_from_start(a, b)
}

/// Whether the first characters are ASCII and differ, which decides most comparisons.
#[inline]
fn begin_differently(a: &str, b: &str) -> bool {
    match (a.as_bytes(), b.as_bytes()) {
        ([x, ..], [y, ..]) => x.is_ascii() && y.is_ascii() && !x.eq_ignore_ascii_case(y),
        _ => false,
    }
}

fn eq_from_start(a: &str, b: &str) -> bool {
    // Most equal names are spelled alike.
    a == b
        || a.eq_ignore_ascii_case(b)
        || (!differ_in_ascii(a, b) && folded_chars(a).eq(folded_chars(b)))
}

/// Whether two texts that are not equal as ASCII differ first in ASCII characters or in length,
/// so that they are not equal otherwise.
fn differ_in_ascii(a: &str, b: &str) -> bool {
    let mut pairs = a.bytes().zip(b.bytes());
    let differing = pairs.find(|(x, y)| !x.is_ascii() || !x.eq_ignore_ascii_case(y));
    differing.is_none_or(|(x, y)| x.is_ascii() && y.is_ascii())
}

/// The order of two texts without case.
pub fn cmp(a: &str, b: &str) -> Ordering {
    // Byte order and character order agree in UTF-8, and ASCII bytes that differ begin characters.
    let (x, y) = (a.as_bytes(), b.as_bytes());
    for (x, y) in x.iter().zip(y) {
        if x == y {
            continue;
        }
        if !(x.is_ascii() && y.is_ascii()) {
            return folded_chars(a).cmp(folded_chars(b));
        }
        let order = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
        if order.is_ne() {
            return order;
        }
    }
    x.len().cmp(&y.len())
}

/// Lower case, the form that stands for all spellings.
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(folded_chars(text).collect());
    }
    match text.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

fn folded_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        eq(&self.0, &other.0)
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        eq(&self.0, other)
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        eq(&self.0, other)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp(&self.0, &other.0)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Look-ups by name are on every path of a call: no allocation for most, and one piece. The
        // folded bytes go together, because a few characters beyond ASCII fold to an ASCII letter.
        const END: u8 = 0xff;
        let mut folded = [END; 64];
        let length = self.0.len();
        if length < folded.len() && self.0.is_ascii() {
            folded[..length].copy_from_slice(self.0.as_bytes());
            // The whole array, because its size is known; the end stays as it is.
            folded.make_ascii_lowercase();
            state.write(&folded[..=length]);
        } else {
            let mut folded = self.folded().into_owned().into_bytes();
            folded.push(END);
            state.write(&folded);
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name(SmolStr::new(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Name(SmolStr::from(text))
    }
}

impl From<SmolStr> for Name {
    fn from(text: SmolStr) -> Self {
        Name(text)
    }
}

impl From<Name> for SmolStr {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const LONG: &str =
        "a_name_of_more_than_sixty_four_characters_which_no_buffer_on_the_stack_holds";

    #[test]
    fn names_differ_by_letters_not_by_case() {
        for (a, b, same) in [
            ("Win32_Process", "WIN32_process", true),
            ("Größe", "GRÖSSE", false),
            ("Größe", "GRÖßE", true),
            ("a", "ab", false),
            ("É", "é", true),
            // The sign for kelvin folds to the ASCII letter.
            ("\u{212A}", "k", true),
            ("a\u{212A}b", "AKB", true),
            ("a\u{212A}b", "AKC", false),
            ("Größe1", "größe2", false),
            ("Größe", "größer", false),
            (LONG, &LONG.to_uppercase(), true),
        ] {
            let (x, y) = (Name::from(a), Name::from(b));
            assert_eq!(x == y, same, "{a} {b}");
            assert_eq!(x.cmp(&y).is_eq(), same, "{a} {b}");
            assert_eq!(HashSet::from([x]).contains(&y), same, "{a} {b}");
        }
    }

    #[test]
    fn order_is_alphabetical_without_case() {
        let mut names = ["b", "A", "éB", "é", "C", "Éa", "aB"].map(Name::from);
        names.sort();
        assert_eq!(names.each_ref().map(Name::as_str), ["A", "aB", "b", "C", "é", "Éa", "éB"]);
    }

    #[test]
    fn identifiers() {
        for good in ["A", "__Event", "a1", "über", "_x"] {
            assert!(Name::is_identifier(good), "{good}");
        }
        for bad in ["", "1a", "a-b", "a.b", "a b"] {
            assert!(!Name::is_identifier(bad), "{bad}");
        }
    }
}
