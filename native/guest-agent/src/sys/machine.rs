//! What belongs to the whole machine: host name, mounts, the loopback interface.

use super::{abi, check};
use std::ffi::CString;
use std::io;
use std::os::raw::{c_char, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};

pub fn set_host_name(name: &[u8]) -> io::Result<()> {
    // SAFETY: the kernel reads `name.len()` bytes.
    check(unsafe { abi::sethostname(name.as_ptr() as *const c_char, name.len()) }).map(drop)
}

pub struct Mount {
    pub kind: &'static str,
    pub target: &'static str,
    pub flags: u64,
    pub options: &'static str,
}

pub const MOUNT_NOSUID: u64 = 2;
pub const MOUNT_NODEV: u64 = 4;
pub const MOUNT_NOEXEC: u64 = 8;

pub fn mount(request: &Mount) -> io::Result<()> {
    let kind = CString::new(request.kind)?;
    let target = CString::new(request.target)?;
    let options = CString::new(request.options)?;
    // SAFETY: all strings are NUL-terminated and live until the call returns.
    check(unsafe {
        abi::mount(kind.as_ptr(), target.as_ptr(), kind.as_ptr(), request.flags, options.as_ptr() as *const c_void)
    })
    .map(drop)
}

/// Brings up `lo`; the kernel then gives it 127.0.0.1 and ::1 by itself.
pub fn bring_up_loopback() -> io::Result<()> {
    // SAFETY: no pointers; on success the descriptor is new and ours.
    let socket = unsafe { OwnedFd::from_raw_fd(check(abi::socket(abi::AF_INET, abi::SOCK_DGRAM_CLOEXEC, 0))?) };
    let mut request = abi::InterfaceRequest { name: *b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", flags: 0, rest: [0; 22] };
    // SAFETY: both calls take a whole `struct ifreq`.
    unsafe {
        check(abi::ioctl(socket.as_raw_fd(), abi::SIOCGIFFLAGS, &mut request as *mut abi::InterfaceRequest))?;
        request.flags |= abi::IFF_UP;
        check(abi::ioctl(socket.as_raw_fd(), abi::SIOCSIFFLAGS, &request as *const abi::InterfaceRequest))?;
    }
    Ok(())
}
