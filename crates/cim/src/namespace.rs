//! Namespaces, where a class lives, and what a client names when it connects.
//!
//! Text in, parts out; whether the namespace exists is not asked here. Spelling: behaviour.md G.1
//! and F.1, `windows-in-practice.md`, "Paths and namespaces".

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::name::Name;
use crate::path::MAX_PATH;
use crate::status::*;

/// The longest namespace path, in characters.
pub const MAX_NAMESPACE: usize = 8173;

/// Where a class lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The server's name, as `__SERVER` gives it.
    pub server: SmolStr,
    /// The namespace.
    pub namespace: Namespace,
}

/// The path of a namespace from the root on, as `root\cimv2`, without server.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace(Name);

impl Namespace {
    /// The namespace of this path, in which slashes and backslashes are the same.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_NAMESPACE` if a part is missing or misspelled, `WBEM_E_QUOTA_VIOLATION` if
    /// it is too long.
    pub fn new(path: &str) -> Result<Self> {
        if path.chars().count() > MAX_NAMESPACE {
            return Err(WBEM_E_QUOTA_VIOLATION
                .with(format!("a namespace path has at most {MAX_NAMESPACE} characters")));
        }
        let path = path.replace('/', "\\");
        if !path.split('\\').all(is_namespace_name) {
            return Err(WBEM_E_INVALID_NAMESPACE.with(format!(
                "\"{path}\" is no namespace; write its parts with backslashes between, as root\\cimv2"
            )));
        }
        Ok(Namespace(path.into()))
    }

    /// The topmost namespace.
    pub fn root() -> Self {
        Namespace(Name::from_static("root"))
    }

    /// The namespace of a client that names none: `root\cimv2`.
    pub fn cimv2() -> Self {
        Namespace(Name::from_static(r"root\cimv2"))
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The path as a name, equal for all its spellings.
    pub fn as_name(&self) -> &Name {
        &self.0
    }

    /// The last part.
    pub fn leaf(&self) -> &str {
        self.as_str().rsplit('\\').next().unwrap_or_default()
    }

    /// The namespace it lies in; `None` for the root.
    pub fn parent(&self) -> Option<Namespace> {
        self.as_str().rsplit_once('\\').map(|(parent, _)| Namespace(parent.into()))
    }

    /// The namespace at `relative` below it.
    ///
    /// # Errors
    ///
    /// As for [`Namespace::new`].
    pub fn child(&self, relative: &str) -> Result<Namespace> {
        Namespace::new(&format!("{}\\{relative}", self.0))
    }

    /// Whether it is `ancestor` or lies in it at any depth.
    pub fn is_within(&self, ancestor: &Namespace) -> bool {
        let parts = |n| Namespace::as_str(n).split('\\').map(crate::name::fold);
        let own: Vec<_> = parts(self).collect();
        let above: Vec<_> = parts(ancestor).collect();
        own.starts_with(&above)
    }
}

/// Whether `text` may be one part of a namespace path: a letter, then letters, digits and
/// underscores (G.1).
pub fn is_namespace_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A server and a namespace, as a client names them when it connects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The server, or none: this one.
    pub server: Option<SmolStr>,
    /// The namespace.
    pub namespace: Namespace,
}

impl FromStr for Connection {
    type Err = Error;

    /// Parses `\\server\root\x`, `\\.\root\x` or `root\x`, slashes as backslashes. A server
    /// alone, as `\\server`, stands for its [`Namespace::cimv2`]; `\\.` does not.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_NAMESPACE`; `WBEM_E_INVALID_PARAMETER` for three leading backslashes, as
    /// Windows has it; `WBEM_E_QUOTA_VIOLATION` if it is too long.
    fn from_str(text: &str) -> Result<Self> {
        let (server, namespace) = split_server(text)?;
        let namespace = match (&server, namespace) {
            (_, Some(namespace)) => namespace,
            (Some(server), None) if server != "." => Namespace::cimv2(),
            _ => return Err(no_namespace(text)),
        };
        Ok(Connection { server, namespace })
    }
}

fn no_namespace(text: &str) -> Error {
    WBEM_E_INVALID_NAMESPACE.with(format!("\"{text}\" names no namespace; add one, as root\\cimv2"))
}

/// The server and the namespace of a text that has one of them at least.
pub(crate) fn split_server(text: &str) -> Result<(Option<SmolStr>, Option<Namespace>)> {
    if text.chars().count() > MAX_PATH {
        return Err(WBEM_E_QUOTA_VIOLATION
            .with(format!("a namespace path with its server has at most {MAX_PATH} characters")));
    }
    let path = text.replace('/', "\\");
    let Some(rest) = path.strip_prefix(r"\\") else {
        return Ok((None, Some(Namespace::new(&path)?)));
    };
    if rest.starts_with('\\') {
        return Err(
            WBEM_E_INVALID_PARAMETER.with(format!("\"{text}\": no server between backslashes"))
        );
    }
    let (server, namespace) = match rest.split_once('\\') {
        Some((server, namespace)) => (server, Some(Namespace::new(namespace)?)),
        None => (rest, None),
    };
    if server.is_empty() || server.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(WBEM_E_INVALID_NAMESPACE.with(format!("\"{text}\" names no server")));
    }
    Ok((Some(server.into()), namespace))
}

/// Whether `server` is a way to write this machine, whose name is `own`.
pub fn is_local_server(server: &str, own: &str) -> bool {
    server == "." || ["localhost", "127.0.0.1", own].iter().any(|s| crate::name::eq(s, server))
}
