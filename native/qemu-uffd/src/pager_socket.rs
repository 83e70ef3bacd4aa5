//! The connection to the pager, for one message.

use super::abi;
use super::failure::Failure;
use std::io;
use std::mem::size_of;
use std::os::raw::{c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// How long connecting and sending may take each; a pager that is alive accepts at once.
const TIMEOUT_SECONDS: i64 = 10;

pub struct PagerSocket {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl PagerSocket {
    pub fn connect(path: &Path) -> Result<Self, Failure> {
        let fail = |error| Failure::new(format!("connecting to the pager at {path:?}"), error);
        let socket = PagerSocket { descriptor: open().map_err(fail)?, path: path.to_path_buf() };
        let mut address = abi::SocketAddress { family: abi::AF_UNIX as u16, path: [0; 108] };
        let bytes = path.as_os_str().as_bytes();
        // The length has been checked; the last byte stays NUL.
        address.path[..bytes.len()].copy_from_slice(bytes);
        // SAFETY: the kernel reads one `struct sockaddr_un`.
        retry(|| unsafe {
            abi::connect(socket.descriptor.as_raw_fd(), &address, size_of::<abi::SocketAddress>() as u32) as isize
        })
        .map_err(fail)?;
        Ok(socket)
    }

    /// Sends message and descriptor, and closes the connection.
    pub fn send(self, message: &[u8], descriptor: c_int) -> Result<(), Failure> {
        let fail = |why: &dyn std::fmt::Display| Failure::new(format!("sending to the pager at {:?}", self.path), why);
        let mut control = abi::DescriptorMessage {
            length: abi::DESCRIPTOR_MESSAGE_BYTES,
            level: abi::SOL_SOCKET,
            kind: abi::SCM_RIGHTS,
            descriptor,
            padding: 0,
        };
        let mut part = abi::IoVector { base: message.as_ptr() as *mut c_void, length: message.len() };
        let header = abi::MessageHeader {
            name: std::ptr::null_mut(),
            name_length: 0,
            parts: &mut part,
            part_count: 1,
            control: &mut control,
            control_length: size_of::<abi::DescriptorMessage>(),
            flags: 0,
        };
        // SAFETY: the kernel reads the header and what it points to, all of which outlives the call.
        let sent = retry(|| unsafe { abi::sendmsg(self.descriptor.as_raw_fd(), &header, abi::MSG_NOSIGNAL) })
            .map_err(|error| fail(&error))?;
        if sent != message.len() {
            return Err(fail(&format!("{sent} of {} bytes were taken", message.len())));
        }
        Ok(())
    }
}

fn open() -> io::Result<OwnedFd> {
    // SAFETY: no pointers; on success the descriptor is new and ours.
    let descriptor = unsafe {
        let descriptor = abi::socket(abi::AF_UNIX, abi::SOCK_STREAM | abi::O_CLOEXEC, 0);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(descriptor)
    };
    let timeout = abi::TimeValue { seconds: TIMEOUT_SECONDS, microseconds: 0 };
    // SAFETY: the kernel reads one `struct timeval`. The timeout goes for connect(2) of a unix socket too.
    retry(|| unsafe {
        let size = size_of::<abi::TimeValue>() as u32;
        let value = &timeout as *const abi::TimeValue as *const c_void;
        abi::setsockopt(descriptor.as_raw_fd(), abi::SOL_SOCKET, abi::SO_SNDTIMEO, value, size) as isize
    })?;
    Ok(descriptor)
}

/// Repeats a call that a signal interrupts.
fn retry(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
