//! An entry: what the protocol says about one file, directory or other thing.

use super::decoder::{Decoded, Decoder};
use super::encoder::Encoder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File = 1,
    Directory = 2,
    Symlink = 3,
    Other = 4,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute.
    pub path: Vec<u8>,
    pub kind: EntryKind,
    /// Permission bits, 07777.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Empty when the guest has no name for it; so too the group's.
    pub owner_name: Vec<u8>,
    pub group_name: Vec<u8>,
    pub size_bytes: u64,
    /// Unix time.
    pub mtime_ns: i64,
    pub symlink_target: Option<Vec<u8>>,
}

impl Entry {
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new()
            .bytes(&self.path)
            .u8(self.kind as u8)
            .u32(self.mode)
            .u32(self.uid)
            .u32(self.gid)
            .bytes(&self.owner_name)
            .bytes(&self.group_name)
            .u64(self.size_bytes)
            .i64(self.mtime_ns)
            .option(&self.symlink_target, |encoder, target| encoder.bytes(target))
            .finish()
    }

    pub fn decode(payload: &[u8]) -> Decoded<Self> {
        let mut decoder = Decoder::new(payload);
        let entry = Entry {
            path: decoder.bytes()?,
            kind: match decoder.u8()? {
                1 => EntryKind::File,
                2 => EntryKind::Directory,
                3 => EntryKind::Symlink,
                4 => EntryKind::Other,
                _ => return Err("an entry has an unknown type"),
            },
            mode: decoder.u32()?,
            uid: decoder.u32()?,
            gid: decoder.u32()?,
            owner_name: decoder.bytes()?,
            group_name: decoder.bytes()?,
            size_bytes: decoder.u64()?,
            mtime_ns: decoder.i64()?,
            symlink_target: decoder.option(Decoder::bytes)?,
        };
        decoder.finish()?;
        Ok(entry)
    }
}
