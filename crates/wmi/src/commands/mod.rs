//! One file a command. Each takes what the arguments say, asks WMI through
//! `crate::target::Target`, and gives how it ended; what went wrong is a `crate::failure`.

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

/// Prints one line that says `text`, or `json` where the output is JSON.
fn say(form: Form, text: &str, json: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout();
    match form.is_json() {
        true => writeln!(out, "{}", serde_json::to_string(json)?)?,
        false => writeln!(out, "{text}")?,
    }
    out.flush()
}
