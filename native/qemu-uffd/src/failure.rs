//! The end of the process: there is no guest without its memory.

use super::abi;
use std::fmt::Display;
use std::os::raw::c_void;

/// EX_SOFTWARE of sysexits(3): no exit code of QEMU itself.
pub const EXIT_CODE: i32 = 70;

#[derive(Debug)]
pub struct Failure {
    line: String,
}

impl Failure {
    /// `qemu-uffd: <what> failed: <why>`.
    pub fn new(what: impl Display, why: impl Display) -> Self {
        Failure { line: format!("qemu-uffd: {what} failed: {why}\n") }
    }

    /// Prints the line and ends the process at once, without QEMU's exit handlers.
    pub fn exit(&self) -> ! {
        // SAFETY: the kernel reads the bytes of the line; nobody is left to tell when that fails.
        unsafe {
            abi::write(2, self.line.as_ptr() as *const c_void, self.line.len());
            abi::_exit(EXIT_CODE)
        }
    }
}
