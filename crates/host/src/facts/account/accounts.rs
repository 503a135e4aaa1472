//! `/etc/passwd` and `/etc/group`: the local users and groups, in the form
//! of passwd(5) and group(5), a line each, with colons between the fields.
//!
//! Lines in another form are passed over, comments and references to NIS (`+`, `-`) among them. Of
//! several lines with one name the first counts, as it does for the C library.

use std::collections::HashSet;

use crate::facts::scan::{decimal, lines};

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// The name to log in with.
    pub name: &'a [u8],
    /// Whether the field of the password is empty, so that none is needed.
    pub needs_no_password: bool,
    /// The number.
    pub id: u32,
    /// The number of the primary group.
    pub group: u32,
    /// The whole name: the part before the first comma of the comment. Empty where there is none.
    pub full_name: &'a [u8],
}

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The number.
    pub id: u32,
    members: &'a [u8],
}

impl<'a> User<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.split(|&b| b == b':');
        let name = name(fields.next()?)?;
        let password = fields.next()?;
        let (id, group) = (number(fields.next()?)?, number(fields.next()?)?);
        let comment = fields.next().unwrap_or_default();
        let full_name = comment.split(|&b| b == b',').next().unwrap_or_default().trim_ascii();
        Some(User { name, needs_no_password: password.is_empty(), id, group, full_name })
    }
}

impl<'a> Group<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.split(|&b| b == b':');
        let name = name(fields.next()?)?;
        let id = number(fields.nth(1)?)?;
        Some(Group { name, id, members: fields.next().unwrap_or_default() })
    }

    /// The names of the users that are listed as its members.
    pub fn members(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.members.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
    }
}

/// The users of `/etc/passwd`.
pub fn users(bytes: &[u8]) -> Vec<User<'_>> {
    let mut names = HashSet::new();
    lines(bytes).filter_map(User::parse).filter(|user| names.insert(user.name)).collect()
}

/// The groups of `/etc/group`.
pub fn groups(bytes: &[u8]) -> Vec<Group<'_>> {
    let mut names = HashSet::new();
    lines(bytes).filter_map(Group::parse).filter(|group| names.insert(group.name)).collect()
}

fn name(field: &[u8]) -> Option<&[u8]> {
    (!matches!(field, [] | [b'#' | b'+' | b'-', ..])).then_some(field)
}

fn number(field: &[u8]) -> Option<u32> {
    decimal(field)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_by_line() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n# sync:x:4:65534::/:\n+nis::::::\n\n\
            ann::1000:100: Ann Example ,Room 5,,:/home/ann:/bin/sh\nann:x:7:7::/:\n\
            bob:x:4294967296:0::/:\ncut:x:5\nx:*:4294967294:4294967294\n";
        let user = |name, needs_no_password, id, group, full_name| User {
            name,
            needs_no_password,
            id,
            group,
            full_name,
        };
        let expected = [
            user(b"root", false, 0, 0, &b"root"[..]),
            user(b"ann", true, 1000, 100, b"Ann Example"),
            user(b"x", false, 4_294_967_294, 4_294_967_294, b""),
        ];
        assert_eq!(users(text), expected);
    }

    #[test]
    fn groups_and_their_members() {
        let text = b"root:x:0:\nusers:x:100:ann, bob,,\n-nis:::\nusers:x:5:x\nbad:x:-1:\nold:x:9\n";
        let line = |group: &Group<'_>| {
            let members: Vec<_> = group.members().map(String::from_utf8_lossy).collect();
            format!("{} {} {}", String::from_utf8_lossy(group.name), group.id, members.join("+"))
        };
        let found: Vec<String> = groups(text).iter().map(line).collect();
        assert_eq!(found, ["root 0 ", "users 100 ann+bob", "old 9 "]);
    }
}
