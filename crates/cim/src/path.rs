//! Object paths: parse, print, compare.
//!
//! Text in, parts out. Whether the class or the instance exists is not asked here; how a path's
//! keys become the identity of an instance is in [`crate::key`]. Grammar: behaviour.md G.4,
//! spelling: `windows-in-practice.md`, "Objects" and "Paths and namespaces".
//!
//! A percent sign is itself and begins no URL escape: paths are given out with it unescaped, and
//! names of files hold it often.

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::derivation::MAX_KEYS;
use crate::name::Name;
use crate::namespace::split_server;
pub use crate::namespace::{
    Connection, MAX_NAMESPACE, Namespace, Origin, is_local_server, is_namespace_name,
};
use crate::status::*;

/// The longest object path, in characters.
pub const MAX_PATH: usize = 8192;

/// The value of a key as a path spells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyValue {
    /// In quotes: a string, datetime, 64-bit number or path.
    Text(SmolStr),
    /// A whole number, decimal or hexadecimal.
    Integer(i128),
    /// TRUE or FALSE.
    Boolean(bool),
}

/// Which object of a class a path names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PathKeys {
    /// The class itself.
    Class,
    /// The instance of a singleton: `=@`.
    Singleton,
    /// The instance with this one key, its name left out.
    Unnamed(KeyValue),
    /// The instance with these keys, in the order written.
    Named(Vec<(Name, KeyValue)>),
}

/// The path of a class or an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectPath {
    /// The server, where written.
    pub server: Option<SmolStr>,
    /// The namespace, where written.
    pub namespace: Option<Namespace>,
    /// The class.
    pub class: Name,
    /// Which object of the class.
    pub keys: PathKeys,
}

impl ObjectPath {
    /// Whether it names a class, not an instance.
    pub fn is_class(&self) -> bool {
        self.keys == PathKeys::Class
    }

    /// The path without server and namespace.
    pub fn relative(&self) -> ObjectPath {
        ObjectPath { server: None, namespace: None, ..self.clone() }
    }

    /// The form that is equal for all spellings of one path, seen from `origin`: the
    /// namespace only where it is another one, keys in order, no case, no quotes. It is an
    /// identity, not a path.
    pub fn identity(&self, origin: Option<&Origin>) -> String {
        let mut text = String::new();
        let own = origin.map_or("", |o| o.server.as_str());
        if let Some(server) = self.server.as_ref().filter(|s| !is_local_server(s, own)) {
            text.push_str(&format!("\\\\{server}"));
        }
        if let Some(ns) = self.namespace.as_ref()
            && (!text.is_empty() || origin.is_none_or(|o| o.namespace != *ns))
        {
            text.push_str(&format!("\\{ns}:"));
        }
        text.push_str(self.class.as_str());
        match &self.keys {
            PathKeys::Class => {}
            PathKeys::Singleton => text.push_str("=@"),
            PathKeys::Unnamed(value) => text.push_str(&format!("={}", value.text())),
            PathKeys::Named(keys) if keys.len() == 1 => {
                text.push_str(&format!("={}", keys[0].1.text()));
            }
            PathKeys::Named(keys) => {
                let mut sorted: Vec<_> = keys.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                for (name, value) in sorted {
                    text.push_str(&format!("\u{1}{name}={}", value.text()));
                }
            }
        }
        crate::name::fold(&text).into_owned()
    }
}

impl KeyValue {
    /// The value without quotes.
    pub fn text(&self) -> SmolStr {
        match self {
            KeyValue::Text(text) => text.clone(),
            KeyValue::Integer(n) => smol_str::format_smolstr!("{n}"),
            KeyValue::Boolean(true) => SmolStr::new_static("TRUE"),
            KeyValue::Boolean(false) => SmolStr::new_static("FALSE"),
        }
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValue::Text(text) => Quoted(text).fmt(f),
            other => f.write_str(&other.text()),
        }
    }
}

/// A text in double quotes, quotes and backslashes in it escaped: as object paths and WQL write
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(|b| matches!(b, b'"' | b'\\')) {
            f.write_str(&rest[..at])?;
            f.write_char('\\')?;
            f.write_str(&rest[at..=at])?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)?;
        f.write_char('"')
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.server, &self.namespace) {
            (Some(server), Some(ns)) => write!(f, "\\\\{server}\\{ns}:")?,
            (None, Some(ns)) => write!(f, "{ns}:")?,
            _ => {}
        }
        self.class.fmt(f)?;
        match &self.keys {
            PathKeys::Class => Ok(()),
            PathKeys::Singleton => f.write_str("=@"),
            PathKeys::Unnamed(value) => write!(f, "={value}"),
            PathKeys::Named(keys) => {
                for (i, (name, value)) in keys.iter().enumerate() {
                    write!(f, "{}{name}={value}", if i == 0 { '.' } else { ',' })?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for ObjectPath {
    type Err = Error;

    /// # Errors
    ///
    /// `WBEM_E_INVALID_OBJECT_PATH` with the place; `WBEM_E_QUOTA_VIOLATION` if it is longer than
    /// [`MAX_PATH`].
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > MAX_PATH && text.chars().count() > MAX_PATH {
            return Err(WBEM_E_QUOTA_VIOLATION
                .with(format!("an object path has at most {MAX_PATH} characters")));
        }
        Parser { text, at: 0 }.path()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn path(mut self) -> Result<ObjectPath> {
        let (server, namespace) = self.prefix()?;
        let class = self.name("a class name")?;
        let keys = self.keys()?;
        if self.at < self.text.len() {
            return Err(self.error("nothing more"));
        }
        Ok(ObjectPath { server, namespace, class, keys })
    }

    /// What stands before the first colon, if that comes before any key.
    fn prefix(&mut self) -> Result<(Option<SmolStr>, Option<Namespace>)> {
        let bytes = self.text.as_bytes();
        let end = bytes.iter().position(|b| matches!(b, b':' | b'"' | b'\'' | b'='));
        let Some(end) = end.filter(|&end| bytes[end] == b':') else { return Ok((None, None)) };
        let prefix = &self.text[..end];
        // A single leading backslash is how some write "from the root on, here".
        let from_root = prefix.strip_prefix(['\\', '/']).filter(|r| !r.starts_with(['\\', '/']));
        match split_server(from_root.unwrap_or(prefix)) {
            Ok((server, Some(namespace))) => {
                self.at = end + 1;
                Ok((server, Some(namespace)))
            }
            _ => Err(self.error("a namespace before the colon")),
        }
    }

    fn keys(&mut self) -> Result<PathKeys> {
        if self.eat(b'=') {
            return Ok(match self.eat(b'@') {
                true => PathKeys::Singleton,
                false => PathKeys::Unnamed(self.value()?),
            });
        }
        if !self.eat(b'.') {
            return Ok(PathKeys::Class);
        }
        let mut keys: Vec<(Name, KeyValue)> = Vec::new();
        loop {
            let name = self.name("a key's name")?;
            if keys.iter().any(|(n, _)| *n == name) {
                return Err(self.error("each key once"));
            }
            if keys.len() >= MAX_KEYS {
                return Err(self.error(&format!("at most {MAX_KEYS} keys")));
            }
            if !self.eat(b'=') {
                return Err(self.error("'='"));
            }
            keys.push((name, self.value()?));
            if !self.eat(b',') {
                return Ok(PathKeys::Named(keys));
            }
        }
    }

    fn value(&mut self) -> Result<KeyValue> {
        match self.rest().as_bytes().first() {
            Some(&quote @ (b'"' | b'\'')) => self.quoted(quote).map(KeyValue::Text),
            Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+') => self.bare(),
            _ => Err(self.error("a value")),
        }
    }

    /// A text in quotes. Where one of its backslashes precedes neither a backslash nor a quote, it was
    /// written without escapes and is taken as it is; else it is unescaped.
    fn quoted(&mut self, quote: u8) -> Result<SmolStr> {
        let quoted = &self.rest()[1..];
        let end = quoted.bytes().position(|b| b == quote || b == b'\\');
        // Most have no backslash in them, which takes the slow way.
        if let Some(end) = end.filter(|&end| quoted.as_bytes()[end] == quote) {
            self.at += end + 2;
            return Ok(quoted[..end].into());
        }
        let (mut text, mut is_raw) = (String::with_capacity(quoted.len()), false);
        let mut chars = quoted.char_indices();
        while let Some((i, c)) = chars.next() {
            if c == char::from(quote) {
                self.at += i + 2;
                return Ok(if is_raw { quoted[..i].into() } else { text.into() });
            }
            match c {
                '\\' => match chars.next() {
                    Some((_, c)) => {
                        is_raw |= !matches!(c, '\\' | '"' | '\'');
                        text.push(c);
                    }
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(self.error("a closing quote"))
    }

    fn bare(&mut self) -> Result<KeyValue> {
        let rest = self.rest();
        let end = rest.find(',').unwrap_or(rest.len());
        let word = &rest[..end];
        let value = match word {
            _ if word.eq_ignore_ascii_case("true") => KeyValue::Boolean(true),
            _ if word.eq_ignore_ascii_case("false") => KeyValue::Boolean(false),
            _ => KeyValue::Integer(
                integer(word)
                    .ok_or_else(|| self.error("a number, TRUE, FALSE or a quoted text"))?,
            ),
        };
        self.at += end;
        Ok(value)
    }

    fn name(&mut self, what: &str) -> Result<Name> {
        let rest = self.rest();
        let ends = |b: u8| matches!(b, b'.' | b'=' | b',' | b' ' | b':' | b'"' | b'\'');
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        if !Name::is_identifier(&rest[..end]) {
            return Err(self.error(what));
        }
        self.at += end;
        Ok(rest[..end].into())
    }

    fn eat(&mut self, sign: u8) -> bool {
        let found = self.rest().as_bytes().first() == Some(&sign);
        self.at += usize::from(found);
        found
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, expected: &str) -> Error {
        let shown: String = self.text.chars().take(120).collect();
        let place = self.text[..self.at].chars().count() + 1;
        WBEM_E_INVALID_OBJECT_PATH
            .with(format!("object path {shown}: expected {expected} at character {place}"))
    }
}

/// A whole number as a path writes it, decimal or hexadecimal, within 64 bits.
fn integer(word: &str) -> Option<i128> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let n = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u64::from_str_radix(hex, 16),
        Some(_) => return None,
        None if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse::<u64>(),
        None => return None,
    };
    let n = i128::from(n.ok()?);
    Some(if negative { -n } else { n })
}
