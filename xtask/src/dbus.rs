//! A dbus-daemon for the tests that talk to systemd or to its mock.
//!
//! Where it is missing and this is Debian, root installs its package. If it cannot be
//! installed, the tests that need it report that they were skipped; under `CI=true` that is an error,
//! because nothing may be skipped there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::cargo;

const DAEMON: &str = "dbus-daemon";
const PACKAGE: &str = "dbus";

/// Ensures that the tests find a dbus-daemon.
pub(crate) fn prepare() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let installed = if can_install() { install() } else { Ok(()) };
    if is_there() {
        return Ok(());
    }
    let must_be_there = std::env::var("CI").as_deref() == Ok("true");
    without(installed.err(), must_be_there)
}

/// What is said, or failed with, where there is none.
fn without(why: Option<anyhow::Error>, must_be_there: bool) -> Result<()> {
    let why = why.map(|why| format!(" ({why:#})")).unwrap_or_default();
    if must_be_there {
        bail!("no {DAEMON}{why}; install it, on Debian with the package {PACKAGE}");
    }
    println!("skipped: no {DAEMON}{why}; tests of services do not run");
    Ok(())
}

fn is_there() -> bool {
    let mut command = Command::new(DAEMON);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|it| it.success())
}

/// Only root may, and only on Debian and what is made from it is the package known.
fn can_install() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    is_root && Path::new("/usr/bin/apt-get").exists()
}

fn install() -> Result<()> {
    cargo::run(apt().args(["update", "--quiet"]))?;
    cargo::run(apt().args(["install", "--yes", "--quiet", "--no-install-recommends", PACKAGE]))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_it_nothing_passes_in_silence() {
        assert!(without(None, false).is_ok());
        let error = without(Some(anyhow::anyhow!("no network")), true).unwrap_err().to_string();
        assert!(error.contains("dbus-daemon (no network)"), "{error}");
    }
}
