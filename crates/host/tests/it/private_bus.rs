//! A D-Bus for one test: a dbus-daemon of its own, on a socket in a directory of its own.
//!
//! Without dbus-daemon (Debian's package dbus) the tests that need it say that they were skipped;
//! with `CI=true` they fail, because no test may be skipped there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use parking_lot::Mutex;
use tempfile::TempDir;

/// A dbus-daemon, ended with this value.
pub(crate) struct PrivateBus {
    /// Where it listens.
    pub(crate) address: String,
    daemon: Mutex<Child>,
    _directory: TempDir,
}

impl PrivateBus {
    /// Starts one; `None` where there is no dbus-daemon on this machine and that may be.
    pub(crate) fn start() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("bus");
        let config = directory.path().join("bus.conf");
        std::fs::write(&config, configuration(socket.to_str().unwrap())).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--print-address"]);
        // As root it complains that it may not open as many files as it would like.
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut daemon = match command.spawn() {
            Ok(daemon) => daemon,
            Err(error) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "dbus-daemon: {error}");
                println!("skipped: dbus-daemon cannot be started ({error}); install dbus");
                return None;
            }
        };
        let mut address = String::new();
        let output = daemon.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "dbus-daemon does not start with {}", config.display());
        let (address, daemon) = (address.trim().to_owned(), Mutex::new(daemon));
        Some(PrivateBus { address, daemon, _directory: directory })
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        let mut daemon = self.daemon.lock();
        // It may have ended already.
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.kill();
    }
}

fn configuration(socket: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"#
    )
}
