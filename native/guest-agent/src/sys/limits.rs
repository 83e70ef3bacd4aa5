//! The limit of open files, and the file mode mask.

use super::{abi, check};
use std::io;

/// A limit of open files.
#[derive(Clone, Copy)]
pub struct FileLimit(abi::ResourceLimit);

impl FileLimit {
    pub fn new(soft: u64, hard: u64) -> Self {
        FileLimit(abi::ResourceLimit { soft, hard })
    }

    pub fn current() -> io::Result<Self> {
        let mut limit = abi::ResourceLimit { soft: 0, hard: 0 };
        // SAFETY: the kernel fills the structure.
        check(unsafe { abi::getrlimit(abi::RLIMIT_NOFILE, &mut limit) })?;
        Ok(FileLimit(limit))
    }

    /// The same with the soft limit at the hard one.
    pub fn raised(self) -> Self {
        FileLimit::new(self.0.hard, self.0.hard)
    }

    /// Async-signal-safe.
    pub fn apply(&self) -> io::Result<()> {
        // SAFETY: the kernel reads the structure.
        check(unsafe { abi::setrlimit(abi::RLIMIT_NOFILE, &self.0) }).map(drop)
    }
}

/// Sets the mode mask of the process and all it starts.
pub fn set_mode_mask(mask: u32) {
    // SAFETY: cannot fail.
    unsafe { abi::umask(mask) };
}
