//! `/etc/group`: `name:password:gid:member,member`.

use super::{fields, parse_id};

#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    pub name: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

pub fn parse_group(content: &[u8]) -> Vec<Group> {
    content.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Group> {
    match *fields(line)? {
        [name, _, gid, members] if !name.is_empty() => Some(Group {
            name: name.to_vec(),
            gid: parse_id(gid)?,
            members: members
                .split(|byte| *byte == b',')
                .filter(|member| !member.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_members() {
        let groups = parse_group(b"adm:x:4:a,b\nempty:x:5:\nbroken:x\n");
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].members, [b"a".to_vec(), b"b".to_vec()]);
        assert_eq!((groups[1].gid, groups[1].members.len()), (5, 0));
    }
}
