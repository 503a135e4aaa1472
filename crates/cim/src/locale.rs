//! Locales, as WMI names them: `MS_` and the number of a language in hexadecimal.
//!
//! A locale is a preference of a caller and the name of the namespace that holds the localized
//! copies of classes (behaviour.md G.8). What the numbers mean is listed in MS-LCID and of no
//! concern here; names like `en-US`, which later versions of the protocol know, are not read.

use std::fmt;
use std::str::FromStr;

use crate::status::{Error, WBEM_E_INVALID_PARAMETER};

/// The most locales that a caller prefers; what more are named are not looked for.
pub const MAX_LOCALES: usize = 16;

/// A language, by its Windows locale identifier (LCID).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Locale(u32);

impl Locale {
    /// American English: what is read where the preferred locales have nothing.
    pub const DEFAULT: Locale = Locale(0x409);

    /// The locale's number.
    pub fn lcid(self) -> u32 {
        self.0
    }

    /// The name of the namespace with the localized classes of this locale, `ms_409`. The locale
    /// that such a namespace is for is what parses from its name.
    pub fn namespace_name(self) -> String {
        format!("ms_{:x}", self.0)
    }

    /// The locales that a client names, commas between them, the preferred one first. One that is
    /// no locale is left out, as Windows 7 and later do.
    pub fn list(text: &str) -> Vec<Locale> {
        let mut list = Vec::new();
        for locale in text.split(',').filter_map(|name| name.trim().parse().ok()) {
            if !list.contains(&locale) && list.len() < MAX_LOCALES {
                list.push(locale);
            }
        }
        list
    }
}

impl FromStr for Locale {
    type Err = Error;

    /// # Errors
    ///
    /// `WBEM_E_INVALID_PARAMETER`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let prefix = text.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("ms_"));
        let digits = prefix.map_or("", |_| &text[3..]);
        // `from_str_radix` would take a sign too.
        let is_number = digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(lcid) if is_number && lcid != 0 => Ok(Locale(lcid)),
            _ => Err(WBEM_E_INVALID_PARAMETER.with(format!(
                "\"{text}\" is no locale; write MS_ and its number in hexadecimal, as MS_409"
            ))),
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MS_{:X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g8_a_locale_is_ms_and_a_number() {
        for (text, lcid) in [("MS_409", 0x409), ("ms_40c", 0x40c), ("Ms_0C0A", 0xc0a)] {
            let locale: Locale = text.parse().unwrap();
            assert_eq!(locale.lcid(), lcid);
            assert_eq!(locale.namespace_name().parse::<Locale>().unwrap(), locale);
        }
        for text in ["", "MS_", "409", "MS_0", "MS_+409", "MS_xyz", "MS_123456789", "en-US", "é_1"]
        {
            assert!(text.parse::<Locale>().is_err(), "{text}");
        }
        assert_eq!(Locale(0x40c).to_string(), "MS_40C");
        assert_eq!(Locale(0x40c).namespace_name(), "ms_40c");
    }

    #[test]
    fn g8_what_is_no_locale_is_left_out_of_a_list() {
        let list = Locale::list("MS_407, en-US,ms_409,,MS_407");
        assert_eq!(list, [Locale(0x407), Locale::DEFAULT]);
        let many: Vec<String> = (1..100).map(|n| format!("MS_{n}")).collect();
        assert_eq!(Locale::list(&many.join(",")).len(), MAX_LOCALES);
    }
}
