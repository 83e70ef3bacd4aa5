//! The kernel interface: libc declarations in `abi`, and one file of safe wrappers for each concern. No policy here.

mod abi;
pub mod clock;
pub mod descriptor;
pub mod directory;
pub mod entropy;
pub mod file;
pub mod identity;
pub mod limits;
pub mod machine;
pub mod poll;
pub mod process;
pub mod program;
pub mod signals;
pub mod terminal;

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Turns the kernel's −1 into the error that errno names.
fn check(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// As `check`, for calls that return a size.
fn check_size(result: isize) -> io::Result<usize> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result as usize)
    }
}

/// A path for the kernel. A path with a NUL byte is EINVAL.
fn path_string(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(abi::EINVAL))
}
