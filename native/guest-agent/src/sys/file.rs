//! Files: renaming with and without replacement, and attributes of open files.

use super::{abi, check, path_string};
use std::fs::File;
use std::io;
use std::os::raw::{c_int, c_uint};
use std::os::unix::io::AsRawFd;
use std::path::Path;

const RENAME_NOREPLACE: c_uint = 1;

/// Renames; with `overwrite` false an existing target is EEXIST.
pub fn rename(from: &Path, to: &Path, overwrite: bool) -> io::Result<()> {
    let from = path_string(from)?;
    let to = path_string(to)?;
    let flags = if overwrite { 0 } else { RENAME_NOREPLACE };
    let at = abi::AT_FDCWD;
    // SAFETY: both paths are NUL-terminated.
    let result = unsafe { abi::syscall(abi::number::RENAMEAT2, at, from.as_ptr(), at, to.as_ptr(), flags) };
    check(result as c_int).map(drop)
}

/// Sets owner and group of an open file.
pub fn change_owner(file: &impl AsRawFd, uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { abi::fchown(file.as_raw_fd(), uid, gid) }).map(drop)
}

/// Sets the permission bits of an open file, whatever the mode mask.
pub fn change_mode(file: &File, mode: u32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { abi::fchmod(file.as_raw_fd(), mode) }).map(drop)
}

/// Sets access and modification time of an open file to the same moment.
pub fn set_file_time(file: &File, seconds: i64, nanoseconds: i64) -> io::Result<()> {
    let times = [abi::Timespec { seconds, nanoseconds }, abi::Timespec { seconds, nanoseconds }];
    // SAFETY: `times` holds the two timespecs that futimens reads.
    check(unsafe { abi::futimens(file.as_raw_fd(), times.as_ptr()) }).map(drop)
}
