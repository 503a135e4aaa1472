//! Failures of commands and their form on standard error.
//!
//! Input is an error of WMI, of the arguments or of the output; printed is
//! `error: WBEM_E_INVALID_CLASS (0x80041010): class X not found in root\cimv2; did you mean Y?`,
//! with the marked source below it if there is one, or the same as one line of JSON if the output
//! is JSON. The exit code is determined by `crate::exit`.

use std::io;

use cim::WbemStatus;
use serde::Serialize;
use wbem::MofDiagnostic;

use crate::exit;
use crate::screen;
use crate::screen::note;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Invalid arguments.
    Usage(String),
    /// An operation of WMI failed.
    Operation(Operation),
    /// Standard output cannot be written.
    Output(io::Error),
    /// Already reported; the exit code remains.
    Reported(u8),
}

/// A failed operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// Its status.
    pub(crate) status: WbemStatus,
    message: String,
    suggestion: Option<String>,
    picture: Option<String>,
    /// The place in a MOF file.
    place: Option<Box<MofDiagnostic>>,
}

impl Failure {
    /// A syntax error in a query.
    pub(crate) fn query(error: &wql::ParseError) -> Self {
        let rendered = error.render();
        let picture = rendered.split_once('\n').map(|(_, picture)| picture.trim_end().to_owned());
        Failure::Operation(Operation {
            status: error.status(),
            message: error.message().to_owned(),
            suggestion: None,
            picture,
            place: None,
        })
    }

    /// An error in a MOF file.
    pub(crate) fn mof(error: MofDiagnostic) -> Self {
        Failure::Operation(Operation {
            status: error.status,
            message: error.message.clone(),
            suggestion: None,
            picture: None,
            place: Some(Box::new(error)),
        })
    }

    /// The same with a suggested name, if `suggest` finds one.
    pub(crate) fn suggesting(self, suggest: impl FnOnce(WbemStatus) -> Option<String>) -> Self {
        match self {
            Failure::Operation(operation) if operation.suggestion.is_none() => {
                let suggestion = suggest(operation.status);
                Failure::Operation(Operation { suggestion, ..operation })
            }
            other => other,
        }
    }

    /// The same with the marked source `picture`, unless it has one.
    pub(crate) fn drawing(self, picture: String) -> Self {
        match self {
            Failure::Operation(operation) if operation.picture.is_none() => {
                Failure::Operation(Operation { picture: Some(picture), ..operation })
            }
            other => other,
        }
    }

    /// Whether the reader of the output closed it, which is not a failure.
    pub(crate) fn is_reader_gone(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => exit::USAGE,
            Failure::Operation(operation) => exit::of_failure(operation.status),
            Failure::Output(_) => exit::OTHER,
            Failure::Reported(code) => *code,
        }
    }

    /// Prints it to standard error.
    pub(crate) fn print(&self, as_json: bool) {
        match self {
            Failure::Reported(_) => {}
            _ if as_json => {
                note(&serde_json::to_string(&FailureJson::new(self)).unwrap_or_default());
            }
            _ => note(&format!("{}{}", label("error", Colour::Red), self.text())),
        }
    }

    fn text(&self) -> String {
        match self {
            Failure::Usage(message) => message.clone(),
            Failure::Output(error) => format!("cannot write the output: {error}"),
            Failure::Operation(operation) => operation.text(),
            Failure::Reported(_) => String::new(),
        }
    }
}

impl Operation {
    fn message(&self) -> &str {
        if self.message.is_empty() { self.status.text() } else { &self.message }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: ", self.status);
        if let Some(MofDiagnostic { file, line, column, .. }) = self.place.as_deref() {
            text.push_str(&format!("{file}:{line}:{column}: "));
        }
        text.push_str(self.message());
        if let Some(suggestion) = &self.suggestion {
            text.push_str(&format!("; did you mean {suggestion}?"));
        }
        if let Some(picture) = &self.picture {
            text.push_str(&format!("\n{picture}"));
        }
        text
    }
}

impl From<cim::Error> for Failure {
    fn from(error: cim::Error) -> Self {
        Failure::Operation(Operation {
            status: error.status(),
            message: error.message().to_owned(),
            suggestion: None,
            picture: None,
            place: None,
        })
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// A failure as JSON; symbol and number are null if it is not an error of WMI.
#[derive(Serialize)]
struct FailureJson<'a> {
    error: Option<&'static str>,
    number: Option<String>,
    message: String,
    suggestion: Option<&'a str>,
    #[serde(flatten)]
    place: Option<PlaceJson<'a>>,
    exit_code: u8,
}

/// A place in a MOF file, as JSON.
#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

impl<'a> FailureJson<'a> {
    fn new(failure: &'a Failure) -> Self {
        let operation = match failure {
            Failure::Operation(operation) => Some(operation),
            _ => None,
        };
        FailureJson {
            error: operation.and_then(|o| o.status.symbol()),
            number: operation.map(|o| format!("0x{:08X}", o.status.0)),
            message: operation.map_or_else(|| failure.text(), |o| o.message().to_owned()),
            suggestion: operation.and_then(|o| o.suggestion.as_deref()),
            place: operation.and_then(|o| o.place.as_deref()).map(|place| PlaceJson {
                file: &place.file,
                line: place.line,
                column: place.column,
            }),
            exit_code: failure.exit_code(),
        }
    }
}

/// Prints a warning to standard error.
pub(crate) fn warn(message: &str) {
    note(&format!("{}{message}", label("warning", Colour::Yellow)));
}

enum Colour {
    Red,
    Yellow,
}

fn label(word: &str, colour: Colour) -> String {
    let number = match colour {
        Colour::Red => 31,
        Colour::Yellow => 33,
    };
    match screen::stderr_colours() {
        true => format!("\x1b[1;{number}m{word}:\x1b[0m "),
        false => format!("{word}: "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_NOT_FOUND};

    #[test]
    fn an_error_says_symbol_number_thing_place_and_remedy() {
        let error = WBEM_E_INVALID_CLASS.with(r"class Win32_Foo not found in root\cimv2");
        let failure = Failure::from(error).suggesting(|_| Some("Win32_Fan".to_owned()));
        assert_eq!(
            failure.text(),
            r"WBEM_E_INVALID_CLASS (0x80041010): class Win32_Foo not found in root\cimv2; did you mean Win32_Fan?"
        );
        let json: serde_json::Value =
            serde_json::from_str(&serde_json::to_string(&FailureJson::new(&failure)).unwrap())
                .unwrap();
        assert_eq!(json["number"], "0x80041010");
        assert_eq!(json["suggestion"], "Win32_Fan");
        assert_eq!(json["exit_code"], 3);
    }

    #[test]
    fn a_status_alone_has_its_text() {
        let text = Failure::from(cim::Error::from(WBEM_E_NOT_FOUND)).text();
        assert!(text.starts_with("WBEM_E_NOT_FOUND (0x80041002): "), "{text}");
        assert!(text.len() > "WBEM_E_NOT_FOUND (0x80041002): ".len(), "{text}");
    }

    #[test]
    fn a_query_that_is_none_is_drawn() {
        let error = wql::parse("SELECT * FORM X").unwrap_err();
        let text = Failure::query(&error).text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1..], ["  SELECT * FORM X", "           ^^^^"], "{text}");
    }
}
