//! `/etc/passwd`: `name:password:uid:gid:comment:home:shell`.

use super::{fields, parse_id};

#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    pub name: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub home: Vec<u8>,
    pub shell: Vec<u8>,
}

/// Lines that are no accounts are skipped, as the C library does.
pub fn parse_passwd(content: &[u8]) -> Vec<Account> {
    content.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Account> {
    match *fields(line)? {
        [name, _, uid, gid, _, home, shell] if !name.is_empty() => Some(Account {
            name: name.to_vec(),
            uid: parse_id(uid)?,
            gid: parse_id(gid)?,
            home: home.to_vec(),
            shell: shell.to_vec(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_accounts_and_skips_the_rest() {
        let content =
            b"# comment\n\nroot:x:0:0:root:/root:/bin/bash\n+nis\nbad:x:one:0::/:\n:x:5:5::/:/bin/sh\n\xff:x:7:8:::";
        let accounts = parse_passwd(content);
        assert_eq!(accounts.len(), 2);
        assert_eq!(
            accounts[0],
            Account { name: b"root".to_vec(), uid: 0, gid: 0, home: b"/root".to_vec(), shell: b"/bin/bash".to_vec() }
        );
        assert_eq!((accounts[1].name.as_slice(), accounts[1].uid, accounts[1].gid), (b"\xff".as_slice(), 7, 8));
    }

    #[test]
    fn refuses_ids_out_of_range() {
        assert_eq!(parse_passwd(b"a:x:4294967295:0::/:\nb:x:4294967296:0::/:\nc:x:-1:0::/:\n"), []);
    }
}
