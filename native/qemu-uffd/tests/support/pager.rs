//! A pager of one VM: takes the handshake and serves every page with its number in the memory file.

#![allow(dead_code)]

use super::PAGE_BYTES;
use std::io::{self, Read};
use std::os::raw::{c_int, c_ulong, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(30);
const UFFDIO_COPY: c_ulong = 0xc028_aa03;
const EVENT_PAGEFAULT: u8 = 0x12;
const MSG_CMSG_CLOEXEC: c_int = 0x4000_0000;
const POLLIN: i16 = 1;

/// What the library has handed over.
pub struct Handshake {
    pub message: String,
    pub userfaultfd: OwnedFd,
    pub address: usize,
    pub size: usize,
    pub offset: usize,
}

pub fn listen(path: &Path) -> UnixListener {
    let listener = UnixListener::bind(path).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

pub fn has_caller(listener: &UnixListener) -> bool {
    match listener.accept() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            false
        }
    }
}

impl Handshake {
    /// Takes one connection with one message, after which the library closes it.
    pub fn accept(listener: &UnixListener) -> Self {
        let mut socket = accept(listener);
        let (message, userfaultfd) = receive(&socket);
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
        let number = |name: &str| number_after(&message, name);
        let (address, size, offset) = (number("base_host_virt_addr"), number("size"), number("offset"));
        Handshake { message, userfaultfd, address, size, offset }
    }

    /// Serves this many faults; returns the pages of the memory file in the order they were asked for.
    pub fn serve(&self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.serve_next()).collect()
    }

    fn serve_next(&self) -> usize {
        let fault = self.next_fault();
        let page_address = fault / PAGE_BYTES * PAGE_BYTES;
        assert!((self.address..self.address + self.size).contains(&page_address), "{fault:#x} {}", self.message);
        let page = (page_address - self.address + self.offset) / PAGE_BYTES;
        let content = [page as u8; PAGE_BYTES];
        let mut copy = [page_address as u64, content.as_ptr() as u64, PAGE_BYTES as u64, 0, 0];
        // SAFETY: `struct uffdio_copy` is five 64-bit numbers; the source outlives the call.
        assert_eq!(unsafe { ioctl(self.userfaultfd.as_raw_fd(), UFFDIO_COPY, copy.as_mut_ptr()) }, 0);
        page
    }

    fn next_fault(&self) -> usize {
        let mut slot = PollFd { fd: self.userfaultfd.as_raw_fd(), events: POLLIN, revents: 0 };
        let mut event = [0u8; 32];
        // SAFETY: one slot; the kernel writes at most the 32 bytes of a `struct uffd_msg`.
        unsafe {
            assert_eq!(poll(&mut slot, 1, PATIENCE.as_millis() as c_int), 1, "a fault");
            assert_eq!(read(slot.fd, event.as_mut_ptr() as *mut c_void, event.len()), 32);
        }
        assert_eq!(event[0], EVENT_PAGEFAULT);
        u64::from_ne_bytes(event[16..24].try_into().unwrap()) as usize
    }
}

fn accept(listener: &UnixListener) -> UnixStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false).unwrap();
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                return socket;
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        assert!(Instant::now() < deadline, "a connection");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn receive(socket: &UnixStream) -> (String, OwnedFd) {
    let mut bytes = [0u8; 4096];
    // `struct cmsghdr` of 16 bytes, then the descriptor; room for one more, which must not come.
    let mut control = [0u64; 4];
    let mut part = IoVector { base: bytes.as_mut_ptr() as *mut c_void, length: bytes.len() };
    let mut header = MessageHeader {
        name: std::ptr::null_mut(),
        name_length: 0,
        parts: &mut part,
        part_count: 1,
        control: control.as_mut_ptr(),
        control_length: std::mem::size_of_val(&control),
        flags: 0,
    };
    // SAFETY: the kernel writes no more than the header says there is room for.
    let count = unsafe { recvmsg(socket.as_raw_fd(), &mut header, MSG_CMSG_CLOEXEC) };
    assert!(count > 0, "{}", io::Error::last_os_error());
    assert_eq!(control[0], 20, "one descriptor");
    // SAFETY: the kernel has just made it for this process.
    let userfaultfd = unsafe { OwnedFd::from_raw_fd(control[2] as c_int) };
    (String::from_utf8(bytes[..count as usize].to_vec()).unwrap(), userfaultfd)
}

fn number_after(message: &str, name: &str) -> usize {
    let (_, rest) = message.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {message}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[repr(C)]
struct PollFd {
    fd: c_int,
    events: i16,
    revents: i16,
}

#[repr(C)]
struct IoVector {
    base: *mut c_void,
    length: usize,
}

#[repr(C)]
struct MessageHeader {
    name: *mut c_void,
    name_length: u32,
    parts: *mut IoVector,
    part_count: usize,
    control: *mut u64,
    control_length: usize,
    flags: c_int,
}

extern "C" {
    fn poll(slots: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
    fn read(fd: c_int, buffer: *mut c_void, size: usize) -> isize;
    fn recvmsg(fd: c_int, message: *mut MessageHeader, flags: c_int) -> isize;
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
}
