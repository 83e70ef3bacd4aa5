//! Directories by descriptor: reading names, opening a child, removing an entry. Nothing here follows a symlink below
//! the directory that was opened first.

use super::{abi, check, check_size, path_string};
use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

const FLAGS: i32 = abi::O_RDONLY | abi::O_DIRECTORY | abi::O_CLOEXEC;
/// Offset of the name in `struct linux_dirent64`: inode 8, offset 8, record length 2, type 1.
const NAME_OFFSET: usize = 19;
const RECORD_LENGTH_OFFSET: usize = 16;

pub fn open_directory(path: &Path, follow_symlink: bool) -> io::Result<OwnedFd> {
    let path = path_string(path)?;
    let flags = FLAGS | if follow_symlink { 0 } else { abi::O_NOFOLLOW };
    // SAFETY: `path` is NUL-terminated; on success the descriptor is new and ours.
    unsafe { Ok(OwnedFd::from_raw_fd(check(abi::open(path.as_ptr(), flags))?)) }
}

/// Opens a directory inside `parent` (or `..`), never through a symlink.
pub fn open_child(parent: &OwnedFd, name: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: `name` is NUL-terminated; on success the descriptor is new and ours.
    unsafe {
        let fd = check(abi::openat(parent.as_raw_fd(), name.as_ptr(), FLAGS | abi::O_NOFOLLOW))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Removes the entry `name`: an empty directory when `is_directory`, else anything but a directory.
pub fn remove_child(parent: &OwnedFd, name: &CStr, is_directory: bool) -> io::Result<()> {
    let flags = if is_directory { abi::AT_REMOVEDIR } else { 0 };
    // SAFETY: `name` is NUL-terminated.
    check(unsafe { abi::unlinkat(parent.as_raw_fd(), name.as_ptr(), flags) }).map(drop)
}

/// As `remove_child`, by path.
pub fn remove_path(path: &Path, is_directory: bool) -> io::Result<()> {
    let path = path_string(path)?;
    let flags = if is_directory { abi::AT_REMOVEDIR } else { 0 };
    // SAFETY: `path` is NUL-terminated.
    check(unsafe { abi::unlinkat(abi::AT_FDCWD, path.as_ptr(), flags) }).map(drop)
}

/// The next names of an open directory, without `.` and `..`; none when it has been read to its end.
pub fn read_names(directory: &OwnedFd) -> io::Result<Option<Vec<CString>>> {
    let mut buffer = vec![0u8; 32 * 1024];
    // SAFETY: the kernel writes at most `buffer.len()` bytes into the buffer.
    let result =
        unsafe { abi::syscall(abi::number::GETDENTS64, directory.as_raw_fd(), buffer.as_mut_ptr(), buffer.len()) };
    let size = check_size(result as isize)?;
    if size == 0 {
        return Ok(None);
    }
    Ok(Some(parse_names(&buffer[..size])))
}

fn parse_names(mut records: &[u8]) -> Vec<CString> {
    let mut names = Vec::new();
    while records.len() > NAME_OFFSET {
        let length = u16::from_ne_bytes([records[RECORD_LENGTH_OFFSET], records[RECORD_LENGTH_OFFSET + 1]]) as usize;
        let name = records[NAME_OFFSET..length].split(|byte| *byte == 0).next().unwrap_or(&[]);
        if name != b"." && name != b".." {
            // Cannot fail: the slice ends before the first NUL.
            names.extend(CString::new(name));
        }
        records = &records[length..];
    }
    names
}
