//! The last steps of a new process: its descriptors, directory and program. All async-signal-safe.

use super::{abi, check};
use std::ffi::{CStr, CString};
use std::io;
use std::os::raw::{c_char, c_void};

/// A NULL-terminated list of strings, as execve wants it, made before the fork because it allocates.
pub struct StringList {
    pointers: Vec<*const c_char>,
    _strings: Vec<CString>,
}

impl StringList {
    pub fn new(strings: Vec<CString>) -> Self {
        let mut pointers: Vec<*const c_char> = strings.iter().map(|string| string.as_ptr()).collect();
        pointers.push(std::ptr::null());
        StringList { pointers, _strings: strings }
    }
}

/// Replaces the program of the process; returns only with an error.
pub fn execute(path: &CStr, argv: &StringList, environment: &StringList) -> io::Error {
    // SAFETY: both lists end with NULL and own the strings they point to.
    unsafe { abi::execve(path.as_ptr(), argv.pointers.as_ptr(), environment.pointers.as_ptr()) };
    io::Error::last_os_error()
}

/// Makes `from` the descriptor `to` (0, 1 or 2) as well, open in the new program.
pub fn install_descriptor(from: i32, to: i32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { abi::dup2(from, to) }).map(drop)
}

pub fn change_directory(path: &CStr) -> io::Result<()> {
    // SAFETY: `path` is NUL-terminated.
    check(unsafe { abi::chdir(path.as_ptr()) }).map(drop)
}

/// Writes to an existing file, such as one of /proc, without allocating.
pub fn write_file(path: &CStr, bytes: &[u8]) -> io::Result<()> {
    // SAFETY: `path` is NUL-terminated and the kernel reads `bytes.len()` bytes; a descriptor left open is close-on-exec.
    unsafe {
        let fd = check(abi::open(path.as_ptr(), abi::O_RDWR | abi::O_CLOEXEC))?;
        write_descriptor(fd, bytes);
    }
    Ok(())
}

/// Writes what fits; errors are of no use to a process about to end.
pub fn write_descriptor(fd: i32, bytes: &[u8]) {
    // SAFETY: the kernel reads `bytes.len()` bytes.
    unsafe { abi::write(fd, bytes.as_ptr() as *const c_void, bytes.len()) };
}
