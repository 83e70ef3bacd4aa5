//! One call of `mmap`, and what it maps.

use super::abi;
use super::failure::Failure;
use std::io;
use std::os::raw::{c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's word behind the path of a file without a name.
const DELETED: &[u8] = b" (deleted)";

pub struct Mapping {
    pub address: *mut c_void,
    pub length: usize,
    pub protection: c_int,
    pub flags: c_int,
    pub fd: c_int,
    pub offset: i64,
}

impl Mapping {
    pub fn has_file(&self) -> bool {
        self.fd >= 0 && self.flags & abi::MAP_ANONYMOUS == 0
    }

    pub fn is_shared(&self) -> bool {
        matches!(self.flags & abi::MAP_TYPE, abi::MAP_SHARED | abi::MAP_SHARED_VALIDATE)
    }

    /// Whether the kernel fills the pages before anybody can register the mapping.
    pub fn is_filled_at_once(&self) -> bool {
        self.flags & (abi::MAP_POPULATE | abi::MAP_LOCKED) != 0
    }

    /// Whether it maps the file of this path, or one that had it.
    pub fn is_of(&self, path: &Path) -> Result<bool, Failure> {
        match std::fs::read_link(format!("/proc/self/fd/{}", self.fd)) {
            Ok(link) => Ok(is_link_to(link.as_os_str().as_bytes(), path.as_os_str().as_bytes())),
            // The kernel is to say what is wrong with it.
            Err(_) if !is_open(self.fd) => Ok(false),
            Err(error) => Err(Failure::new(format!("reading the link of descriptor {}", self.fd), error)),
        }
    }
}

fn is_open(fd: c_int) -> bool {
    // SAFETY: F_GETFD takes no argument.
    unsafe { abi::fcntl(fd, abi::F_GETFD) >= 0 || io::Error::last_os_error().raw_os_error() != Some(abi::EBADF) }
}

fn is_link_to(link: &[u8], path: &[u8]) -> bool {
    link == path || link.strip_suffix(DELETED) == Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_file_and_nothing_else() {
        assert!(is_link_to(b"/run/m", b"/run/m"));
        assert!(is_link_to(b"/run/m (deleted)", b"/run/m"));
        for link in [&b"/run/m2"[..], b"/run", b"/run/m (deleted) (deleted)", b"m", b"/memfd:m (deleted)"] {
            assert!(!is_link_to(link, b"/run/m"), "{link:?}");
        }
    }
}
