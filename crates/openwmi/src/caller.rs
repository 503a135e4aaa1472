//! What the object manager needs from its environment: the user's identity, random bytes, the local
//! offset from UTC.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cim::Result;
use cim::security::Identity;
use cim::status::WBEM_E_ACCESS_DENIED;
use rustix::process::{getegid, geteuid, getgroups};

/// The identity of the user who runs the program: the SID of the uid, and Administrator if the user
/// is root or owns the repository's directory (architecture, decision 7).
pub(crate) fn identity(repository: &Path) -> Result<Identity> {
    let uid = geteuid();
    let owner = std::fs::metadata(repository).map(|m| m.uid()).map_err(|e| {
        WBEM_E_ACCESS_DENIED.with(format!("repository {}: {e}", repository.display()))
    })?;
    let mut gids = vec![getegid().as_raw()];
    // A process that may not list its groups is identified by its own group only.
    gids.extend(getgroups().unwrap_or_default().into_iter().map(|gid| gid.as_raw()));
    Ok(Identity::unix(uid.as_raw(), &gids, uid.is_root() || owner == uid.as_raw()))
}

/// Random bytes from the kernel.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            // Interrupted before the kernel had anything: the call is to be made again.
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => panic!("the kernel has no random numbers: {e}"),
        }
    }
    bytes
}

/// Minutes east of UTC of the user's time zone now.
pub(crate) fn local_offset() -> i16 {
    let seconds = jiff::Zoned::now().offset().seconds();
    // An offset is less than a day and some hours.
    (seconds / 60) as i16
}
