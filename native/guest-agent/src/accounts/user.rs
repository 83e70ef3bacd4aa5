//! A user as operations need it.

use super::group::Group;
use super::passwd::Account;
use crate::sys::identity::Identity;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: Vec<u8>,
    pub identity: Identity,
    /// Absolute.
    pub home: Vec<u8>,
    pub shell: Vec<u8>,
}

impl User {
    /// With its initial groups: the primary one and all that list it as a member.
    pub fn new(account: &Account, all_groups: &[Group]) -> Self {
        let mut groups = vec![account.gid];
        for group in all_groups {
            if group.members.contains(&account.name) && !groups.contains(&group.gid) {
                groups.push(group.gid);
            }
        }
        User {
            name: account.name.clone(),
            identity: Identity { uid: account.uid, gid: account.gid, groups },
            home: if account.home.starts_with(b"/") { account.home.clone() } else { b"/".to_vec() },
            shell: if account.shell.is_empty() { b"/bin/sh".to_vec() } else { account.shell.clone() },
        }
    }

    pub fn root() -> Self {
        User {
            name: b"root".to_vec(),
            identity: Identity { uid: 0, gid: 0, groups: vec![0] },
            home: b"/root".to_vec(),
            shell: b"/bin/sh".to_vec(),
        }
    }
}
