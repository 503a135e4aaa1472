//! The location of a user's repository.

use std::env;
use std::path::PathBuf;

use cim::Result;
use cim::status::WBEM_E_INVALID_PARAMETER;

/// `named`, or the user's own: `$XDG_DATA_HOME/openwmi`; if that is not set, `/var/lib/openwmi` for
/// root and `~/.local/share/openwmi` for other users.
pub(crate) fn repository(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named);
    }
    // The base directory specification: a relative path in the variable is to be ignored.
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    if let Some(data) = data {
        return Ok(data.join("openwmi"));
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/openwmi"));
    }
    let home = env::var_os("HOME").filter(|h| !h.is_empty());
    let home = home.ok_or_else(|| no_place("neither XDG_DATA_HOME nor HOME is set"))?;
    Ok(PathBuf::from(home).join(".local/share/openwmi"))
}

/// The error for a user's directory that cannot be determined.
fn no_place(why: &str) -> cim::Error {
    WBEM_E_INVALID_PARAMETER
        .with(format!("no directory for the repository: {why}; name one with --repository DIR"))
}
