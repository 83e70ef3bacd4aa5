//! A file's metadata as an entry.

use super::location::bytes_of;
use crate::accounts::Accounts;
use crate::wire::entry::{Entry, EntryKind};
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const NS_PER_SECOND: i64 = 1_000_000_000;

pub fn describe(path: &Path, follow_symlink: bool, accounts: &Accounts) -> io::Result<Entry> {
    let metadata = if follow_symlink { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    let kind = entry_kind(metadata.file_type());
    let symlink_target = match kind {
        EntryKind::Symlink => Some(fs::read_link(path)?.into_os_string().into_vec()),
        _ => None,
    };
    Ok(Entry {
        path: bytes_of(path).to_vec(),
        kind,
        mode: metadata.mode() & 0o7777,
        uid: metadata.uid(),
        gid: metadata.gid(),
        owner_name: accounts.user_name(metadata.uid()).to_vec(),
        group_name: accounts.group_name(metadata.gid()).to_vec(),
        size_bytes: metadata.size(),
        mtime_ns: metadata.mtime().saturating_mul(NS_PER_SECOND).saturating_add(metadata.mtime_nsec()),
        symlink_target,
    })
}

fn entry_kind(kind: FileType) -> EntryKind {
    if kind.is_file() {
        EntryKind::File
    } else if kind.is_dir() {
        EntryKind::Directory
    } else if kind.is_symlink() {
        EntryKind::Symlink
    } else {
        EntryKind::Other
    }
}
