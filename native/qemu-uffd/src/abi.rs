//! What this library uses of libc: functions, structures and constants of Linux on 64-bit machines.

use std::os::raw::{c_char, c_int, c_long, c_ulong, c_void};

pub const EBADF: i32 = 9;

pub const MAP_SHARED: c_int = 1;
pub const MAP_SHARED_VALIDATE: c_int = 3;
pub const MAP_TYPE: c_int = 0x0f;
pub const MAP_ANONYMOUS: c_int = 0x20;
pub const MAP_LOCKED: c_int = 0x2000;
pub const MAP_POPULATE: c_int = 0x8000;
pub const MAP_FAILED: *mut c_void = usize::MAX as *mut c_void;

/// `((void *) -1l)`: the symbol that comes after this library's own.
pub const RTLD_NEXT: *mut c_void = usize::MAX as *mut c_void;

pub const F_GETFD: c_int = 1;
pub const O_NONBLOCK: c_int = 0o4000;
pub const O_CLOEXEC: c_int = 0o2000000;

pub const AF_UNIX: c_int = 1;
pub const SOCK_STREAM: c_int = 1;
pub const SOL_SOCKET: c_int = 1;
pub const SO_SNDTIMEO: c_int = 21;
pub const SCM_RIGHTS: c_int = 1;
pub const MSG_NOSIGNAL: c_int = 0x4000;

#[cfg(target_arch = "x86_64")]
pub const SYS_USERFAULTFD: c_long = 323;
#[cfg(target_arch = "aarch64")]
pub const SYS_USERFAULTFD: c_long = 282;

// `linux/userfaultfd.h` of Linux 6.1.
/// `_IO(0xAA, 0x00)` on `/dev/userfaultfd`.
pub const USERFAULTFD_IOC_NEW: c_ulong = 0xaa00;
/// `_IOWR(0xAA, 0x3F, struct uffdio_api)`.
pub const UFFDIO_API: c_ulong = 0xc018_aa3f;
/// `_IOWR(0xAA, 0x00, struct uffdio_register)`.
pub const UFFDIO_REGISTER: c_ulong = 0xc020_aa00;
pub const UFFD_API: u64 = 0xaa;
pub const UFFD_FEATURE_EVENT_REMOVE: u64 = 1 << 3;
pub const UFFD_FEATURE_MISSING_SHMEM: u64 = 1 << 5;
pub const UFFD_FEATURE_EVENT_UNMAP: u64 = 1 << 6;
pub const UFFDIO_REGISTER_MODE_MISSING: u64 = 1;
/// Wake, copy and zero page: what the pager does to a range.
pub const UFFD_RANGE_IOCTLS: u64 = 1 << 2 | 1 << 3 | 1 << 4;

#[repr(C)]
pub struct UffdApi {
    pub api: u64,
    pub features: u64,
    pub ioctls: u64,
}

#[repr(C)]
pub struct UffdRegister {
    pub start: u64,
    pub length: u64,
    pub mode: u64,
    pub ioctls: u64,
}

/// `struct sockaddr_un`.
#[repr(C)]
pub struct SocketAddress {
    pub family: u16,
    pub path: [u8; 108],
}

/// `struct timeval`.
#[repr(C)]
pub struct TimeValue {
    pub seconds: i64,
    pub microseconds: i64,
}

/// `struct iovec`.
#[repr(C)]
pub struct IoVector {
    pub base: *mut c_void,
    pub length: usize,
}

/// `struct cmsghdr` with one descriptor, padded to `CMSG_SPACE(4)`.
#[repr(C)]
pub struct DescriptorMessage {
    pub length: usize,
    pub level: c_int,
    pub kind: c_int,
    pub descriptor: c_int,
    pub padding: c_int,
}

/// `CMSG_LEN(4)`: without the padding.
pub const DESCRIPTOR_MESSAGE_BYTES: usize = 20;

/// `struct msghdr`.
#[repr(C)]
pub struct MessageHeader {
    pub name: *mut c_void,
    pub name_length: u32,
    pub parts: *mut IoVector,
    pub part_count: usize,
    pub control: *mut DescriptorMessage,
    pub control_length: usize,
    pub flags: c_int,
}

extern "C" {
    pub fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
    pub fn syscall(number: c_long, ...) -> c_long;
    pub fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    pub fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, size: u32) -> c_int;
    pub fn connect(fd: c_int, address: *const SocketAddress, size: u32) -> c_int;
    pub fn sendmsg(fd: c_int, message: *const MessageHeader, flags: c_int) -> isize;
    pub fn write(fd: c_int, buffer: *const c_void, size: usize) -> isize;
    pub fn _exit(code: c_int) -> !;
}
