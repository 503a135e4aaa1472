//! The commands, one file each.
//!
//! Input is the request that the arguments form. A command calls WMI through `crate::target::Target`,
//! prints the result and returns its outcome or a `crate::failure`.

pub(crate) mod assoc;
pub(crate) mod call;
pub(crate) mod class;
pub(crate) mod class_search;
pub(crate) mod class_tree;
pub(crate) mod compile;
pub(crate) mod doctor;
pub(crate) mod get;
pub(crate) mod new;
pub(crate) mod ns;
pub(crate) mod provider;
pub(crate) mod query;
pub(crate) mod repo;
pub(crate) mod rm;
pub(crate) mod set;
pub(crate) mod split;

use std::io::{self, Write};

use serde::Serialize;

use crate::output::Form;

/// Prints one line: `text`, or `json` if the output is JSON.
fn say(form: Form, text: &str, json: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout();
    match form.is_json() {
        true => writeln!(out, "{}", serde_json::to_string(json)?)?,
        false => writeln!(out, "{text}")?,
    }
    out.flush()
}
