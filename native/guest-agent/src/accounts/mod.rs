//! The guest's users and groups, read from `/etc/passwd` and `/etc/group` without NSS: a static program cannot load its
//! modules, and a sandbox has no directory service.

mod group;
mod passwd;
mod user;

pub use user::User;

use crate::failure::{quote, AgentError};
use crate::system_file::read_start;
use crate::wire::error_code::ErrorCode;
use crate::wire::MIB;
use group::Group;
use passwd::Account;
use std::path::Path;

/// Whoever may write these files could otherwise make the agent swallow any amount of memory.
const FILE_BYTES_MAX: u64 = 4 * MIB as u64;

/// A reading of both files.
pub struct Accounts {
    accounts: Vec<Account>,
    groups: Vec<Group>,
}

impl Accounts {
    /// A missing file counts as empty, as does one that cannot be read or is not regular.
    pub fn load() -> Self {
        Accounts::parse(&read("/etc/passwd"), &read("/etc/group"))
    }

    fn parse(passwd: &[u8], group: &[u8]) -> Self {
        Accounts { accounts: passwd::parse_passwd(passwd), groups: group::parse_group(group) }
    }

    /// The user of a request. Empty means `user` where there is one, else `root`.
    pub fn user(&self, name: &[u8]) -> Result<User, AgentError> {
        let account = match name {
            b"" => self.account(b"user").or_else(|| self.account(b"root")),
            name => self.account(name),
        };
        match account {
            Some(account) => Ok(User::new(account, &self.groups)),
            // An image without /etc/passwd still has its root.
            None if matches!(name, b"" | b"root") => Ok(User::root()),
            None => Err(AgentError::new(ErrorCode::NotFound, format!("user {} does not exist", quote(name)))),
        }
    }

    fn account(&self, name: &[u8]) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// Empty when nobody has this uid.
    pub fn user_name(&self, uid: u32) -> &[u8] {
        let account = self.accounts.iter().find(|account| account.uid == uid);
        account.map_or(&[], |account| &account.name)
    }

    /// Empty when no group has this gid.
    pub fn group_name(&self, gid: u32) -> &[u8] {
        let group = self.groups.iter().find(|group| group.gid == gid);
        group.map_or(&[], |group| &group.name)
    }
}

fn read(path: &str) -> Vec<u8> {
    read_start(Path::new(path), FILE_BYTES_MAX).unwrap_or_default()
}

/// The fields of one line of either file; none for comments and blank lines.
fn fields(line: &[u8]) -> Option<Vec<&[u8]>> {
    match line.first() {
        None | Some(b'#') => None,
        Some(_) => Some(line.split(|byte| *byte == b':').collect()),
    }
}

fn parse_id(field: &[u8]) -> Option<u32> {
    // −1 is "no id" to the kernel, never a user's.
    std::str::from_utf8(field).ok()?.parse().ok().filter(|id| *id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/bash\n";
    const GROUP: &[u8] = b"root:x:0:\nsudo:x:27:user,other\nuser:x:1000:\n";

    #[test]
    fn prefers_user_over_root_when_none_is_named() {
        let user = Accounts::parse(PASSWD, GROUP).user(b"").unwrap();
        assert_eq!((user.name.as_slice(), user.identity.uid), (b"user".as_slice(), 1000));
        assert_eq!(user.identity.groups, [1000, 27]);
        assert_eq!(Accounts::parse(b"root:x:0:0::/root:/bin/sh\n", b"").user(b"").unwrap().name, b"root");
    }

    #[test]
    fn has_a_root_without_any_file() {
        let user = Accounts::parse(b"", b"").user(b"").unwrap();
        assert_eq!((user.identity.uid, user.home.as_slice()), (0, b"/root".as_slice()));
    }

    #[test]
    fn refuses_an_unknown_user() {
        let error = Accounts::parse(PASSWD, GROUP).user(b"nobody").unwrap_err();
        assert_eq!(error, AgentError::new(ErrorCode::NotFound, "user \"nobody\" does not exist"));
    }

    #[test]
    fn names_ids() {
        let accounts = Accounts::parse(PASSWD, GROUP);
        assert_eq!(accounts.user_name(1000), b"user");
        assert_eq!(accounts.group_name(27), b"sudo");
        assert_eq!(accounts.user_name(7), b"");
    }
}
