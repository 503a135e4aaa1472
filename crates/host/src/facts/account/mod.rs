//! Users and groups: the parser of `/etc/passwd` and `/etc/group`.

pub mod accounts;
