//! The user of a process: the `Uid` line of `/proc/<pid>/status`, and names in `/etc/passwd`.

use crate::facts::scan::{Fields, decimal, lines};

/// The user whose rights the process has: the second number of the line, the effective one.
pub fn effective_user(status: &[u8]) -> Option<u32> {
    let ids = lines(status).find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut ids = Fields::new(ids);
    ids.skip(1)?;
    ids.unsigned()?.try_into().ok()
}

/// The name of the user `uid`: that of the first line with this number. Users that other sources
/// than the file know are not found.
pub fn user_name(passwd: &[u8], uid: u32) -> Option<&[u8]> {
    lines(passwd).find_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (decimal(fields.nth(1)?) == Some(uid.into())).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_is_the_second() {
        assert_eq!(effective_user(b"Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n"), Some(0));
        for none in [&b""[..], b"Uid:\t1000\n", b"Uid:\tx\ty\n", b"Uid:\t1\t99999999999\n"] {
            assert_eq!(effective_user(none), None, "{none:?}");
        }
    }

    #[test]
    fn names_by_number() {
        let passwd =
            b"root:x:0:0:root:/root:/bin/sh\n\n# x\n:x:5:5::/:\nann:x:1000\ntwin:x:1000:1::/:\n";
        assert_eq!(user_name(passwd, 0), Some(&b"root"[..]));
        assert_eq!(user_name(passwd, 1000), Some(&b"ann"[..]));
        assert_eq!(user_name(passwd, 5), None);
        assert_eq!(user_name(passwd, 7), None);
    }
}
