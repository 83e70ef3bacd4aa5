//! Pseudo-terminals, without the C library's grantpt: devpts sets the slave's owner and mode when it makes it.

use super::{abi, check};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::raw::{c_int, c_uint};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::io::{AsRawFd, OwnedFd};

pub struct Terminal {
    pub master: OwnedFd,
    pub slave: OwnedFd,
}

fn open_device(path: &str) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(abi::O_NOCTTY).open(path)
}

pub fn open_terminal() -> io::Result<Terminal> {
    let master = open_device("/dev/ptmx")?;
    let mut number: c_uint = 0;
    let unlock: c_int = 0;
    // SAFETY: TIOCGPTN writes one unsigned int, TIOCSPTLCK reads one int.
    unsafe {
        check(abi::ioctl(master.as_raw_fd(), abi::TIOCGPTN, &mut number as *mut c_uint))?;
        check(abi::ioctl(master.as_raw_fd(), abi::TIOCSPTLCK, &unlock as *const c_int))?;
    }
    let slave = open_device(&format!("/dev/pts/{number}"))?;
    Ok(Terminal { master: master.into(), slave: slave.into() })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

/// Sets the size; the kernel tells the foreground processes by SIGWINCH.
pub fn set_size(master: &OwnedFd, size: TerminalSize) -> io::Result<()> {
    let window = abi::WindowSize { rows: size.rows, columns: size.columns, width_px: 0, height_px: 0 };
    // SAFETY: TIOCSWINSZ reads one `struct winsize`.
    check(unsafe { abi::ioctl(master.as_raw_fd(), abi::TIOCSWINSZ, &window as *const abi::WindowSize) }).map(drop)
}

/// Makes the terminal behind `fd` the controlling one of a new session. Async-signal-safe.
pub fn take_control(fd: i32) -> io::Result<()> {
    // SAFETY: the argument is an integer.
    check(unsafe { abi::ioctl(fd, abi::TIOCSCTTY, 0 as c_int) }).map(drop)
}
