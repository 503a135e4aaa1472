//! The status of every operation: WMI's HRESULT values by symbol, number and text.
//!
//! What it does: names each documented code, tells success from failure, and carries a
//! failure with a message (`Error`). It does not decide which code a rule returns; that
//! is part of the rule. Source: MS-WMI 2.2.11 and the WMI error constants.

mod codes;

use std::borrow::Cow;
use std::fmt;

use smol_str::SmolStr;

use crate::name::Name;

pub use codes::*;
use codes::{Entry, STATUSES};

/// An HRESULT as WMI uses it. Zero and all values without the high bit are successes:
/// `WBEM_S_FALSE` or `WBEM_S_TIMEDOUT` tell something, they are no failures.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WbemStatus(pub u32);

impl WbemStatus {
    /// Whether the high bit is clear.
    pub const fn is_success(self) -> bool {
        self.0 < 0x8000_0000
    }

    /// The documented symbol, as `WBEM_E_NOT_FOUND`; `None` for a number that has none.
    pub fn symbol(self) -> Option<&'static str> {
        self.entry().map(|e| e.symbol)
    }

    /// What the code means, in a sentence.
    pub fn text(self) -> &'static str {
        self.entry().map_or("no documented meaning", |e| e.text)
    }

    /// The code of a symbol, without regard to case.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        STATUSES.iter().find(|e| e.symbol.eq_ignore_ascii_case(symbol)).map(|e| e.status)
    }

    /// Every documented code, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = WbemStatus> {
        STATUSES.iter().map(|e| e.status)
    }

    /// This status as an error that says what failed and where.
    pub fn with(self, message: impl Into<Cow<'static, str>>) -> Error {
        let message = match message.into() {
            Cow::Owned(text) => crate::visible(&text).into_owned().into(),
            written => written,
        };
        Error { status: self, message, circumstances: None }
    }

    fn entry(self) -> Option<&'static Entry> {
        STATUSES.iter().find(|e| e.status == self)
    }
}

impl fmt::Display for WbemStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.symbol() {
            Some(symbol) => write!(f, "{symbol} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for WbemStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A failed operation: the status, and a message that names the thing and the place.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    status: WbemStatus,
    message: Cow<'static, str>,
    circumstances: Option<Box<Circumstances>>,
}

/// What `__ExtendedStatus` says beside status and description.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Circumstances {
    operation: Option<&'static str>,
    parameter: SmolStr,
    provider: Option<Name>,
}

/// The result of an operation of the object model.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The status that an edge reports.
    pub fn status(&self) -> WbemStatus {
        self.status
    }

    /// What failed, on what, and what to do; empty where the status says it all.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The operation that failed, by its documented name, as `GetObject`.
    pub fn operation(&self) -> Option<&'static str> {
        self.circumstances.as_ref()?.operation
    }

    /// What the operation was given: the path, the query, the class.
    pub fn parameter(&self) -> &str {
        self.circumstances.as_ref().map_or("", |c| &c.parameter)
    }

    /// The provider that failed; `None` where no provider did.
    pub fn provider(&self) -> Option<&Name> {
        self.circumstances.as_ref()?.provider.as_ref()
    }

    /// The same error, of the operation that a client asked for.
    pub fn during(mut self, operation: &'static str, parameter: &str) -> Self {
        let circumstances = self.circumstances.get_or_insert_default();
        circumstances.operation = Some(operation);
        circumstances.parameter = parameter.into();
        self
    }

    /// The same error, of this provider; of another one on its behalf, it is that one's.
    pub fn by(mut self, provider: &Name) -> Self {
        let circumstances = self.circumstances.get_or_insert_default();
        circumstances.provider.get_or_insert_with(|| provider.clone());
        self
    }
}

impl From<WbemStatus> for Error {
    fn from(status: WbemStatus) -> Self {
        status.with("")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = if self.message.is_empty() { self.status.text() } else { &self.message };
        write!(f, "{}: {message}", self.status)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_a_symbol_a_number_and_a_sentence_of_its_own() {
        let unique = |texts: Vec<String>| texts.into_iter().collect::<HashSet<_>>().len();
        assert_eq!(STATUSES.len(), 194);
        assert_eq!(unique(STATUSES.iter().map(|e| e.symbol.to_owned()).collect()), 194);
        assert_eq!(unique(STATUSES.iter().map(|e| e.status.0.to_string()).collect()), 194);
        assert_eq!(unique(STATUSES.iter().map(|e| e.text.to_owned()).collect()), 194);
    }

    #[test]
    fn the_sentences_say_more_than_the_symbols() {
        for Entry { symbol, text, .. } in STATUSES {
            let (_, words) = symbol.split_once("_E_").or(symbol.split_once("_S_")).unwrap();
            assert_ne!(*text, words.replace('_', " ").to_lowercase(), "{symbol}");
            assert!(text.split(' ').count() >= 3 && text.len() < 90, "{symbol}: {text}");
            assert!(!text.ends_with('.'), "{symbol}: {text}");
        }
    }

    #[test]
    fn symbols_lead_to_numbers_and_back() {
        for status in WbemStatus::all() {
            let symbol = status.symbol().unwrap();
            assert_eq!(WbemStatus::from_symbol(&symbol.to_lowercase()), Some(status));
            assert_eq!(status.is_success(), symbol.contains("_S_"), "{symbol}");
        }
        assert_eq!(WbemStatus(0x8004_105E).symbol(), None);
        assert_eq!(WbemStatus(0x8004_105E).to_string(), "0x8004105E");
    }

    #[test]
    fn an_error_shows_its_message_or_what_the_status_means() {
        let error = WBEM_E_NOT_FOUND.with("class X has no property Y");
        assert_eq!(error.to_string(), "WBEM_E_NOT_FOUND (0x80041002): class X has no property Y");
        let bare = Error::from(WBEM_E_NOT_FOUND);
        assert_eq!(bare.to_string(), "WBEM_E_NOT_FOUND (0x80041002): the object does not exist");
    }
}
