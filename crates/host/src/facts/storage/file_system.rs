//! The properties of a kind of file system by definition, whatever is on the disk. A kind that is
//! not listed is unknown.

/// Where the files of a file system are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On block devices of this machine.
    Local,
    /// On another machine: a server, or the host of a virtual machine.
    Network,
}

/// A kind of file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Its name in the list of mounts.
    name: &'static str,
    /// Where its files are stored.
    pub place: Place,
    /// Whether files can be compressed one by one; `None` where a server decides.
    pub compresses_files: Option<bool>,
    /// Whether all of it is one compressed whole.
    pub is_compressed: Option<bool>,
    /// Whether the space of users or groups can be limited.
    pub has_quotas: Option<bool>,
}

const fn local(name: &'static str, compresses_files: bool, has_quotas: bool) -> FileSystem {
    FileSystem {
        name,
        place: Place::Local,
        compresses_files: Some(compresses_files),
        is_compressed: Some(false),
        has_quotas: Some(has_quotas),
    }
}

const fn image(name: &'static str) -> FileSystem {
    FileSystem { is_compressed: Some(true), ..local(name, false, false) }
}

const fn network(name: &'static str) -> FileSystem {
    FileSystem {
        name,
        place: Place::Network,
        compresses_files: None,
        is_compressed: None,
        has_quotas: None,
    }
}

/// All that are known, by the names of Linux.
const KNOWN: [FileSystem; 46] = [
    local("ext2", false, true),
    local("ext3", false, true),
    local("ext4", false, true),
    local("xfs", false, true),
    local("btrfs", true, true),
    local("bcachefs", true, true),
    local("zfs", true, true),
    local("f2fs", true, true),
    local("jfs", false, true),
    local("reiserfs", false, true),
    local("nilfs2", false, false),
    local("gfs2", false, true),
    local("ocfs2", false, true),
    local("vfat", false, false),
    local("msdos", false, false),
    local("exfat", false, false),
    local("ntfs", true, false),
    local("ntfs3", true, false),
    local("hfs", false, false),
    local("hfsplus", true, false),
    local("minix", false, false),
    local("iso9660", false, false),
    local("udf", false, false),
    image("squashfs"),
    image("cramfs"),
    network("nfs"),
    network("nfs4"),
    network("cifs"),
    network("smb3"),
    network("smbfs"),
    network("afs"),
    network("ceph"),
    network("coda"),
    network("lustre"),
    network("orangefs"),
    network("9p"),
    network("virtiofs"),
    network("vboxsf"),
    network("glusterfs"),
    network("fuse.glusterfs"),
    network("fuse.sshfs"),
    network("fuse.s3fs"),
    network("fuse.rclone"),
    network("fuse.ceph-fuse"),
    network("fuse.davfs"),
    network("fuse.vmhgfs-fuse"),
];

/// What is known of the kind that the list of mounts calls `fs_type`.
pub fn known(fs_type: &[u8]) -> Option<&'static FileSystem> {
    KNOWN.iter().find(|kind| kind.name.as_bytes() == fs_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_once() {
        for (at, kind) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..at].iter().all(|other| other.name != kind.name), "{}", kind.name);
        }
    }

    #[test]
    fn what_is_not_listed_is_not_known() {
        assert_eq!(known(b"nfs4").unwrap().place, Place::Network);
        assert_eq!(known(b"ext4").unwrap().has_quotas, Some(true));
        assert_eq!(known(b"tmpfs"), None);
        assert_eq!(known(b"EXT4"), None);
    }
}
