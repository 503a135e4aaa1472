//! Where a user's repository lies.

use std::env;
use std::path::PathBuf;

use cim::Result;

use crate::no_place;

/// `named`, or the user's own: `$XDG_DATA_HOME/openwmi`; where that is not set, root's
/// `/var/lib/openwmi` and anybody else's `~/.local/share/openwmi`.
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
