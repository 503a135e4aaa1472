//! The exit codes of the program.
//!
//! Scripts rely on them; `docs/command-line.md` lists them.

use cim::WbemStatus;
use cim::status::*;

use crate::failure::Failure;
use crate::output::Settings;
use crate::screen::note;
use crate::target::Outcome;

/// Success, even if nothing was found.
pub(crate) const DONE: u8 = 0;
/// Failure without a more specific code.
pub(crate) const OTHER: u8 = 1;
/// Invalid arguments.
pub(crate) const USAGE: u8 = 2;
/// The named object does not exist; with `--fail-empty` also: nothing was found.
pub(crate) const NOT_FOUND: u8 = 3;
/// Access denied.
pub(crate) const DENIED: u8 = 4;
/// No connection, or no answer in time.
pub(crate) const NO_ANSWER: u8 = 5;
/// A part of the result is missing.
pub(crate) const PARTIAL: u8 = 6;
/// Invalid syntax of WQL or MOF, or a query that does not fit its class.
pub(crate) const SYNTAX: u8 = 7;
/// With `--check-return`: the method ran and returned a failure.
pub(crate) const RETURNED: u8 = 8;

/// The range of MOF's syntax errors.
const MOF_ERRORS: std::ops::RangeInclusive<u32> = 0x8004_4001..=0x8004_4FFF;
/// Windows' general code for access denied.
const E_ACCESSDENIED: WbemStatus = WbemStatus(0x8007_0005);

/// The exit code for an operation that failed with `status`.
pub(crate) fn of_failure(status: WbemStatus) -> u8 {
    match status {
        WBEM_E_NOT_FOUND
        | WBEM_E_INVALID_CLASS
        | WBEM_E_INVALID_NAMESPACE
        | WBEM_E_INVALID_METHOD => NOT_FOUND,
        WBEM_E_ACCESS_DENIED | WBEM_E_PRIVILEGE_NOT_HELD | E_ACCESSDENIED => DENIED,
        WBEM_E_TRANSPORT_FAILURE
        | WBEM_E_CONNECTION_FAILED
        | WBEM_E_FATAL_TRANSPORT_ERROR
        | WBEM_E_TIMED_OUT
        | WBEM_E_PROVIDER_TIMED_OUT => NO_ANSWER,
        WBEM_E_INVALID_OBJECT_PATH | WBEM_E_INVALID_METHOD_PARAMETERS => USAGE,
        WBEM_E_INVALID_QUERY
        | WBEM_E_UNPARSABLE_QUERY
        | WBEM_E_INVALID_SYNTAX
        | WBEM_E_INVALID_OPERATOR
        | WBEM_E_MISSING_GROUP_WITHIN
        | WBEM_E_MISSING_AGGREGATION_LIST => SYNTAX,
        other if MOF_ERRORS.contains(&other.0) => SYNTAX,
        _ => OTHER,
    }
}

/// Reports a failure on standard error and returns the exit code.
pub(crate) fn report(ended: Result<Outcome, Failure>, settings: &Settings, fail_empty: bool) -> u8 {
    match ended {
        Ok(Outcome::Done) => DONE,
        Ok(Outcome::Empty) => {
            // On a terminal, no output at all would look like a hang.
            if settings.screen.width.is_some() && settings.form.is_text() {
                note("nothing found");
            }
            if fail_empty { NOT_FOUND } else { DONE }
        }
        Ok(Outcome::Partial) => PARTIAL,
        Err(failure) if failure.is_reader_gone() => DONE,
        Err(failure) => {
            failure.print(settings.form.is_json());
            failure.exit_code()
        }
    }
}

/// Whether a success status means that part of the result is missing.
pub(crate) fn is_partial(status: WbemStatus) -> bool {
    matches!(status, WBEM_S_PARTIAL_RESULTS | WBEM_S_ACCESS_DENIED | WBEM_S_TIMEDOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_number() {
        for (status, number) in [
            (WBEM_E_FAILED, 1),
            (WBEM_E_INVALID_OBJECT_PATH, 2),
            (WBEM_E_NOT_FOUND, 3),
            (WBEM_E_INVALID_CLASS, 3),
            (WBEM_E_INVALID_METHOD, 3),
            (WBEM_E_INVALID_METHOD_PARAMETERS, 2),
            (WBEM_E_ACCESS_DENIED, 4),
            (WBEM_E_TIMED_OUT, 5),
            (WBEM_E_INVALID_QUERY, 7),
            (WBEMMOF_E_EXPECTED_SEMI, 7),
        ] {
            assert_eq!(of_failure(status), number, "{status}");
        }
        assert!(is_partial(WBEM_S_PARTIAL_RESULTS) && !is_partial(WBEM_S_FALSE));
    }
}
