//! `/proc/self/mountinfo`: what is mounted where, as proc_pid_mountinfo(5) lists it.
//!
//! A line is `id parent major:minor root mount-point options [tags...] - type source
//! super-options`. Spaces, tabs, line ends and backslashes in names are written as a backslash
//! and three octal digits.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::facts::scan::{Fields, device_number, lines};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// Major and minor number of the file system's device. Major 0 is a device without a disk.
    pub device: (u32, u32),
    /// Where it is mounted, as a path from the root directory of the process that read the file.
    pub mount_point: Cow<'a, [u8]>,
    /// The type of the file system, with its subtype behind a dot: `ext4`, `fuse.sshfs`.
    pub fs_type: &'a [u8],
    /// What is mounted: a device, a server's export, or a word without meaning.
    pub source: Cow<'a, [u8]>,
    /// Options of this mount, separated by commas.
    options: &'a [u8],
    /// Options of the file system, shared by all its mounts.
    super_options: &'a [u8],
}

impl<'a> Mount<'a> {
    /// Parses a line; `None` where it is not in the documented form.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(line);
        fields.skip(2)?;
        let device = device_number(fields.word()?)?;
        fields.skip(1)?;
        let mount_point = unescape(fields.word()?);
        let options = fields.word()?;
        while fields.word()? != b"-" {}
        Some(Mount {
            device,
            mount_point,
            options,
            fs_type: fields.word()?,
            source: unescape(fields.word()?),
            super_options: fields.word().unwrap_or_default(),
        })
    }

    /// Whether nothing can be written through it.
    pub fn is_read_only(&self) -> bool {
        self.has_option(b"ro")
    }

    /// Whether `option` is among the options of the mount or of the file system.
    pub fn has_option(&self, option: &[u8]) -> bool {
        let mut given =
            self.options.split(|&b| b == b',').chain(self.super_options.split(|&b| b == b','));
        given.any(|one| one == option)
    }
}

/// The mounts that can be seen, in the file's order: of several on one mount point the last,
/// which hides the others. Lines in another form are passed over.
pub fn visible(bytes: &[u8]) -> Vec<Mount<'_>> {
    let all: Vec<Mount<'_>> = lines(bytes).filter_map(Mount::parse).collect();
    let last: HashMap<&[u8], usize> =
        all.iter().enumerate().map(|(at, mount)| (&*mount.mount_point, at)).collect();
    let mut keep = vec![false; all.len()];
    last.into_values().for_each(|at| keep[at] = true);
    all.into_iter().zip(keep).filter_map(|(mount, keep)| keep.then_some(mount)).collect()
}

fn unescape(word: &[u8]) -> Cow<'_, [u8]> {
    if !word.contains(&b'\\') {
        return Cow::Borrowed(word);
    }
    let mut plain = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, behind)) = rest.split_first() {
        match behind {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..] if byte == b'\\' => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = behind;
            }
            _ => {
                plain.push(byte);
                rest = behind;
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_escapes_and_options() {
        let line = b"36 35 98:7 /mnt1 /mnt/a\\040b\\134 ro,noatime master:1 shared:2 - ext3 /dev/my\\011root rw,errors=continue";
        let mount = Mount::parse(line).unwrap();
        assert_eq!(mount.device, (98, 7));
        assert_eq!(&*mount.mount_point, b"/mnt/a b\\");
        assert_eq!(mount.fs_type, b"ext3");
        assert_eq!(&*mount.source, b"/dev/my\troot");
        assert!(mount.is_read_only());
        assert!(mount.has_option(b"errors=continue"));
        assert!(!mount.has_option(b"errors"));
    }

    #[test]
    fn what_is_mounted_over_is_hidden() {
        let text = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
            2 1 8:2 / /data rw - xfs /dev/sdb1 rw\nbroken\n\
            3 2 0:30 / /data rw - tmpfs none rw\n\
            4 1 8:3 / /srv rw - ext4 /dev/sdc1 rw\n";
        let seen = visible(text);
        let points: Vec<&[u8]> = seen.iter().map(|m| &*m.mount_point).collect();
        assert_eq!(points, [&b"/"[..], b"/data", b"/srv"]);
        assert_eq!(seen[1].fs_type, b"tmpfs");
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["", "1 2 8:1 / /x rw", "1 2 8 / /x rw - ext4 a rw", "1 2 8:x / /x rw - ext4 a"]
        {
            assert_eq!(Mount::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(&*unescape(b"a\\4\\777\\"), b"a\\4\\777\\");
    }
}
