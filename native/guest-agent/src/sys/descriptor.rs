//! Descriptors: pipes, event counters, non-blocking reads and writes. All are close-on-exec.

use super::{abi, check, check_size};
use std::io;
use std::net::TcpStream;
use std::os::raw::{c_int, c_uint, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};

/// Flags for `OpenOptions::custom_flags`.
pub const OPEN_NONBLOCK: i32 = abi::O_NONBLOCK;
pub const OPEN_NOCTTY: i32 = abi::O_NOCTTY;
pub const OPEN_NOFOLLOW: i32 = abi::O_NOFOLLOW;

pub struct Pipe {
    pub reader: OwnedFd,
    pub writer: OwnedFd,
}

pub fn open_pipe() -> io::Result<Pipe> {
    let mut fds: [c_int; 2] = [-1; 2];
    // SAFETY: `fds` has room for the two descriptors.
    check(unsafe { abi::pipe2(fds.as_mut_ptr(), abi::O_CLOEXEC) })?;
    // SAFETY: both were just opened and nobody else owns them.
    unsafe { Ok(Pipe { reader: OwnedFd::from_raw_fd(fds[0]), writer: OwnedFd::from_raw_fd(fds[1]) }) }
}

/// A counter that becomes readable when `raise_event` is called.
pub fn open_event() -> io::Result<OwnedFd> {
    // SAFETY: no pointers; on success the descriptor is new and ours.
    unsafe {
        let fd = check(abi::eventfd(0, abi::O_CLOEXEC | abi::O_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

pub fn raise_event(event: &OwnedFd) {
    // The counter cannot overflow with the one write it gets, so there is no error to handle.
    let _ = write_some(event, &1u64.to_ne_bytes());
}

pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: F_GETFL and F_SETFL take integers.
    unsafe {
        let flags = check(abi::fcntl(fd.as_raw_fd(), abi::F_GETFL))?;
        check(abi::fcntl(fd.as_raw_fd(), abi::F_SETFL, flags | abi::O_NONBLOCK)).map(drop)
    }
}

pub fn read_some(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes at most `buffer.len()` bytes into the buffer.
    check_size(unsafe { abi::read(fd.as_raw_fd(), buffer.as_mut_ptr() as *mut c_void, buffer.len()) })
}

pub fn write_some(fd: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the kernel reads at most `bytes.len()` bytes of the slice.
    check_size(unsafe { abi::write(fd.as_raw_fd(), bytes.as_ptr() as *const c_void, bytes.len()) })
}

/// How many bytes a read would yield now.
pub fn readable_bytes(fd: &OwnedFd) -> io::Result<usize> {
    let mut count: c_int = 0;
    // SAFETY: FIONREAD writes one int.
    check(unsafe { abi::ioctl(fd.as_raw_fd(), abi::FIONREAD, &mut count as *mut c_int) })?;
    Ok(count.max(0) as usize)
}

/// Makes every descriptor from 3 up close-on-exec, also those the agent inherited. Async-signal-safe.
pub fn seal_inherited() {
    // SAFETY: integers only. Kernels before 5.11 refuse it; the agent's own descriptors are sealed anyway.
    unsafe { abi::syscall(abi::number::CLOSE_RANGE, 3 as c_uint, c_uint::MAX, abi::CLOSE_RANGE_CLOEXEC) };
}

/// Finds out within about half a minute that an idle peer is gone.
pub fn keep_alive(socket: &TcpStream) -> io::Result<()> {
    let options = [
        (abi::SOL_SOCKET, abi::SO_KEEPALIVE, 1),
        (abi::IPPROTO_TCP, abi::TCP_KEEPIDLE, 15),
        (abi::IPPROTO_TCP, abi::TCP_KEEPINTVL, 5),
        (abi::IPPROTO_TCP, abi::TCP_KEEPCNT, 3),
    ];
    for (level, name, value) in options {
        let value: c_int = value;
        // SAFETY: `value` is an int and the size says so.
        check(unsafe { abi::setsockopt(socket.as_raw_fd(), level, name, &value as *const c_int as *const c_void, 4) })?;
    }
    Ok(())
}
